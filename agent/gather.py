"""Run the inputs of one device, and turn a failure into a reading of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from agent.clock import MS, NS, Clock, Moment
from agent.log import Log
from agent.reading import Reading, encode, reading
from agent.source import Env, Input, Target
from agent.spool import State

_log = Log("gather")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def look(clock: Clock) -> Moment:
    """Return a cycle's one look at the clocks, cut to whole milliseconds."""
    now = clock.now()
    return Moment(now.wall_ns // MS * MS, now.boot_ns // MS * MS, now.boot_id)


class Gatherer:
    """Runs inputs and remembers which of them fail, so that each change is logged once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failing: dict[tuple[str, str], str] = {}

    def device(self, target: Target, anchor: Moment) -> bytes:
        """Return what the inputs of a device say now, as line protocol, with ``nadi_input`` for each of them."""
        env = Env(target.device, anchor, self._clock)
        return b"".join(self._one(env, source) for source in target.inputs)

    def _one(self, env: Env, source: Input) -> bytes:
        return self.told(
            device=env.device,
            name=source.name,
            collect=lambda: source.collect(source.config, env),
            anchor=env.anchor,
        )

    def told(
        self,
        *,
        device: str,
        name: str,
        collect: Callable[[], Iterable[Reading]],
        anchor: Moment,
        trouble: str = "",
        seconds: float | None = None,
    ) -> bytes:
        """Return an input's readings and ``nadi_input``; the readings before a failure are true, and are kept.

        ``trouble`` and ``seconds`` tell of what went before, where the input did not do all within ``collect``.
        """
        begun = self._clock.now().boot_ns
        lines: list[bytes] = []
        try:
            for item in collect():
                lines.append(encode((item,)))
        except Exception as error:  # noqa: BLE001 - the one place where an input's failure becomes a reading
            trouble = f"{trouble}; {_named(error)}" if trouble else _named(error)
        self._log_change(device, name, trouble)
        took = (self._clock.now().boot_ns - begun) / NS if seconds is None else seconds
        fields = {"up": int(not trouble), "duration_seconds": took}
        time_ns = Env(device, anchor, self._clock).time_ns()
        lines.append(encode((reading("nadi_input", fields, time_ns, device=device, input=name),)))
        return b"".join(lines)

    def _log_change(self, device: str, name: str, trouble: str) -> None:
        before = self._failing.get((device, name), "")
        if trouble and trouble != before:
            _log.error(f"{device}: input {name} fails: {trouble}")
        elif before and not trouble:
            _log.warning(f"{device}: input {name} works again")
        self._failing[(device, name)] = trouble


_A = TypeVar("_A")
_B = TypeVar("_B")


def guarded(task: Generator[_A, _B, object], tell: Callable[[str], object]) -> Generator[_A, _B, None]:
    """Run a part of an input that asks and is answered; ``tell`` is told why it ended before its end."""
    try:
        yield from task
    except Exception as error:  # noqa: BLE001 - as above: what fails for one device costs no other
        tell(_named(error))


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def itself(agent: str, state: State, env: Env) -> bytes:
    """Return the agent's readings of itself, as line protocol."""
    fields: dict[str, int | float] = {
        "cpu_seconds_total": time.process_time(),
        "memory_bytes": _resident(),
        "spool_bytes": state.waiting_bytes,
        "spool_limit_bytes": state.limit_bytes,
        "spool_dropped_total": state.dropped,
        "spool_damaged_total": state.damaged,
    }
    if state.oldest_ns is not None:
        fields["spool_oldest_timestamp_seconds"] = state.oldest_ns / NS
    return encode((reading("nadi_agent", fields, env.time_ns(), agent=agent),))


def _resident() -> int:
    """Return the octets of memory that this process holds (proc(5), statm)."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * _PAGE

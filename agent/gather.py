"""Run the inputs of one device, and turn a failure into a reading of its own."""

from __future__ import annotations

import os
import time

from agent.clock import MS, NS, Clock, Moment
from agent.log import Log
from agent.reading import encode, reading
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
        """Run one input; the readings before a failure are true, and are kept."""
        begun = self._clock.now().boot_ns
        lines: list[bytes] = []
        trouble = ""
        try:
            for item in source.collect(source.config, env):
                lines.append(encode((item,)))
        except Exception as error:  # noqa: BLE001 - the one place where an input's failure becomes a reading
            trouble = f"{type(error).__name__}: {error}"
        self._log_change(env.device, source.name, trouble)
        fields = {"up": int(not trouble), "duration_seconds": (self._clock.now().boot_ns - begun) / NS}
        lines.append(encode((reading("nadi_input", fields, env.time_ns(), device=env.device, input=source.name),)))
        return b"".join(lines)

    def _log_change(self, device: str, name: str, trouble: str) -> None:
        before = self._failing.get((device, name), "")
        if trouble and trouble != before:
            _log.error(f"{device}: input {name} fails: {trouble}")
        elif before and not trouble:
            _log.warning(f"{device}: input {name} works again")
        self._failing[(device, name)] = trouble


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

"""Services that should run, and the last results of timers, by ``systemctl show`` of systemd 252 and near it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.clock import NS
from agent.config import between
from agent.reading import Reading, reading
from agent.source import Env
from agent.tool import checked, run

_PROPERTIES = (
    *("LoadState", "ActiveState", "SubState", "Result", "ExecMainCode", "ExecMainStatus", "ExecMainExitTimestamp"),
    *("NRestarts", "Unit", "NextElapseUSecRealtime", "NextElapseUSecMonotonic"),
)
_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]{1,200}")
_KINDS = (".service", ".socket", ".mount", ".path", ".target", ".device", ".swap")
_EXITED = "1"
"""CLD_EXITED of waitid(2): the main process ended by itself, not by a signal."""
Shown = Mapping[str, str]


class UnitError(Exception):
    """A unit that systemd does not know, or words of systemctl that are not understood."""


@dataclass(frozen=True, slots=True)
class Config:
    """Units that should be active, and timers that should wait for their next turn; ``interval`` in seconds."""

    running: tuple[str, ...] = ()
    timers: tuple[str, ...] = ()
    interval: int = 60
    timeout: float = 20.0
    tool: str = "systemctl"

    def __post_init__(self) -> None:
        for name in (*self.running, *self.timers):
            if _NAME.fullmatch(name) is None or name.startswith("-"):
                raise ValueError(f"{name!r} is not a unit's name; systemctl list-units shows them")
        for name in self.running:
            if not name.endswith(_KINDS):
                raise ValueError(f"running: {name!r} needs its ending, such as {name}.service; timers go under timers")
        for name in self.timers:
            if not name.endswith(".timer"):
                raise ValueError(f"timers: {name!r} must end in .timer")
        if len({*self.running, *self.timers}) < len(self.running) + len(self.timers):
            raise ValueError("a unit is named twice")
        between("interval", self.interval, 10, 3600)
        between("timeout", self.timeout, 1, 600)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a unit, a timer's with the last result of what it starts; UnitError for unknown units."""
    units = _shown(config, (*config.running, *config.timers))
    started = _shown(config, tuple({units[name]["Unit"]: 0 for name in config.timers if units[name]["Unit"]}))
    now_s, monotonic_s = env.time_ns() / NS, time.clock_gettime(time.CLOCK_MONOTONIC)
    for name in config.running:
        yield _told(env, name, service(units[name], up=units[name]["ActiveState"] in ("active", "reloading")))
    for name in config.timers:
        due = next_turn(units[name], now_s=now_s, monotonic_s=monotonic_s)
        waits = units[name]["ActiveState"] == "active" and units[name]["SubState"] in ("waiting", "running")
        fields: dict[str, int | float] = {"up": int(waits)}
        if units[name]["Unit"] in started:
            fields = service(started[units[name]["Unit"]], up=waits)
        yield _told(env, name, fields if due is None else {**fields, "next_run_timestamp_seconds": due})
    lost = [
        name for name, one in (*units.items(), *started.items()) if one["LoadState"] in ("not-found", "bad-setting")
    ]
    if lost:
        raise UnitError(f"systemd cannot load {', '.join(lost)}; see systemctl status, or correct the name")


def _told(env: Env, name: str, fields: Mapping[str, int | float]) -> Reading:
    return reading("nadi_service", fields, env.time_ns(), device=env.device, unit=name)


def _shown(config: Config, names: Sequence[str]) -> dict[str, Shown]:
    """Return the properties of units by name. Times are asked for in UTC: systemctl prints the zone's name only."""
    if not names:
        return {}
    argv = (config.tool, "show", f"--property={','.join(_PROPERTIES)}", "--", *names)
    done = checked(run(argv, timeout_s=config.timeout, environment={"TZ": "UTC"}), argv)
    blocks = done.output.decode(errors="replace").strip("\n").split("\n\n")
    if len(blocks) != len(names):
        raise UnitError(f"systemctl show told of {len(blocks)} units, not of {len(names)}")
    return {name: _properties(block.splitlines()) for name, block in zip(names, blocks, strict=True)}


def _properties(lines: Iterable[str]) -> Shown:
    """Return the properties that stand one on a line; those that a kind of unit has not are empty."""
    given = dict(line.split("=", 1) for line in lines if "=" in line)
    return {name: given.get(name, "") for name in _PROPERTIES}


def service(shown: Shown, *, up: bool) -> dict[str, int | float]:
    """Return the fields of a unit; the result of a run is known only once one has ended since systemd loaded it."""
    fields: dict[str, int | float] = {"up": int(up)}
    if shown["LoadState"] == "not-found":
        return fields
    fields["running"] = int(shown["SubState"] in ("running", "start", "start-pre", "start-post", "reload"))
    fields["failed"] = int(shown["ActiveState"] == "failed")
    ended_s = unix(shown["ExecMainExitTimestamp"])
    if ended_s is not None:
        fields["last_run_timestamp_seconds"] = ended_s
        fields["last_run_ok"] = int(shown["Result"] == "success")
        if shown["ExecMainCode"] == _EXITED and shown["ExecMainStatus"].isdecimal():
            fields["exit_status"] = int(shown["ExecMainStatus"])
    if shown["NRestarts"].isdecimal():
        fields["restarts_total"] = int(shown["NRestarts"])
    return fields


def unix(text: str) -> float | None:
    """Return the Unix time of ``Sun 2026-11-22 03:17:03 UTC``; None where there is none."""
    if not text or text == "n/a":
        return None
    try:
        return datetime.strptime(f"{text.removesuffix('UTC')}+0000", "%a %Y-%m-%d %H:%M:%S %z").timestamp()
    except ValueError as error:
        raise UnitError(f"systemctl printed the time {text!r}, which is not in UTC and English") from error


def next_turn(shown: Shown, *, now_s: float, monotonic_s: float) -> float | None:
    """Return the Unix time of a timer's next turn, the earlier of its calendar's and its monotonic one."""
    turns = [unix(shown["NextElapseUSecRealtime"])]
    after_s = span(shown["NextElapseUSecMonotonic"])
    if after_s:
        turns.append(now_s + after_s - monotonic_s)
    return min((turn for turn in turns if turn is not None), default=None)


_UNITS = {
    **{"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0},
    **{"w": 604_800.0, "month": 2_629_800.0, "y": 31_557_600.0},
}
"""Seconds of the units of systemd.time(7)."""


def span(text: str) -> float | None:
    """Return the seconds of ``5h 28min 4.335379s``; None for none and for ``infinity``."""
    parts = [re.fullmatch(r"(\d+(?:\.\d+)?)([a-z]+)", part) for part in text.split()]
    if not parts or any(part is None or part[2] not in _UNITS for part in parts):
        return None
    return sum(float(part[1]) * _UNITS[part[2]] for part in parts if part is not None)

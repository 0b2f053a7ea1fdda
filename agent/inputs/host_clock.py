"""This machine's clock: whether the kernel holds it disciplined, and its offset as the time service tells.

Apart from ``host``, because it asks another program and a bare agent shall not pay for the means to ask the kernel.
"""

from __future__ import annotations

import ctypes
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from agent import tool
from agent.config import between
from agent.reading import Reading, reading
from agent.source import Env

_STA_UNSYNC = 0x40
_ERROR = 5
_SIZE = 512
_TIMEX = struct.Struct("@Illlli")
"""The beginning of ``struct timex`` (adjtimex(2)): modes, offset, freq, maxerror, esterror, status."""
_TIMEOUT_S = 5.0
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|min|h|d)")


@dataclass(frozen=True, slots=True)
class Config:
    """Seconds between looks."""

    interval: int = 60

    def __post_init__(self) -> None:
        between("interval", self.interval, 1, 86400)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading; the offset is absent where no time service tells one. Hung after it where one hangs."""
    fields: dict[str, int | float] = {"clock_synchronized": synchronized()}
    hung = None
    for ask in (_chrony, _timesyncd, _ntpd):
        try:
            offset = ask()
        except tool.Hung as error:
            hung = error
            break
        except tool.ToolError:
            continue  # not installed, or not running: the next may be
        if offset is not None:
            fields["clock_offset_seconds"] = offset
            break
    yield reading("nadi_host", fields, env.time_ns(), host=env.device)
    if hung is not None:
        raise hung


def synchronized() -> int:
    """Tell whether the kernel's clock is disciplined (adjtimex(2), which needs no right to read); OSError."""
    buffer = ctypes.create_string_buffer(_SIZE)
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    if state < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"adjtimex: {os.strerror(number)}")
    status = _TIMEX.unpack_from(buffer.raw)[-1]
    return int(state != _ERROR and not status & _STA_UNSYNC)


def _chrony() -> float | None:
    argv = ("chronyc", "-c", "-n", "tracking")
    return chrony_offset(_said(argv))


def _timesyncd() -> float | None:
    return timesyncd_offset(_said(("timedatectl", "timesync-status")))


def _ntpd() -> float | None:
    return ntpd_offset(_said(("ntpq", "-n", "-c", "rv 0 leap,offset")))


def _said(argv: tuple[str, ...]) -> str:
    return tool.checked(tool.run(argv, timeout_s=_TIMEOUT_S, most=1 << 16), argv).output.decode(errors="replace")


def chrony_offset(text: str) -> float | None:
    """Return the system clock less its source (s) from ``chronyc -c tracking``; None when not synchronised.

    The fifth of fourteen values is how far the clock is slow of its source: a positive number is a slow clock.
    """
    values = text.strip().split(",")
    if len(values) != 14 or values[13] == "Not synchronised":
        return None
    return -_decimal(values[4])


def timesyncd_offset(text: str) -> float | None:
    """Return the system clock less its source (s) from ``timedatectl timesync-status``, which says what it lacks."""
    match = re.search(r"^\s*Offset: ([+-])(.+)$", text, re.MULTILINE)
    if match is None:
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _SPAN.findall(match[2]))
    return seconds if match[1] == "-" else -seconds


def ntpd_offset(text: str) -> float | None:
    """Return the system clock less its source (s) from ``ntpq -c rv``, which says in ms what it lacks; None unset."""
    found = dict(re.findall(r"(\w+)=([^,\s]+)", text))
    if found.get("leap") not in {"00", "01", "10"} or "offset" not in found:
        return None
    return -_decimal(found["offset"]) / 1000


def _decimal(text: str) -> float:
    if re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", text) is None:
        raise tool.ToolError(f"the time service says {text[:40]!r} where an offset should stand")
    return float(text)

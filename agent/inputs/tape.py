"""Tape drives: their TapeAlert flags by ``sg_logs`` of sg3_utils, and whether a tape is in by ``mt``.

TapeAlert is log page 2Eh (SSC-3, annex A). Most drives clear a flag once it is read, so a flag that is told once stands
for something that happened since the turn before; the backup program that asks as well may miss what is read here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.config import between
from agent.reading import Reading, reading
from agent.source import Env
from agent.tool import Finished, ToolError, checked, run

_CLASS = Path("/sys/class/scsi_tape")
_PAGE = 0x2E
_TIMED_OUT = 33
"""Exit status of sg3_utils when the drive gives no answer (sg3_utils(8))."""
_HARD_ERROR, _MEDIA_LIFE, _NEARING_MEDIA_LIFE, _CLEAN_NOW, _CLEAN_PERIODIC = (3, 7, 19, 20, 21)
_CRITICAL = frozenset({4, 5, 6, 9, 13, 14, 16, 20, 22, 23, 30, 31, 33, 38, 52, 53, 54, 55, 56, 57})
_INFORMATION = frozenset({10, 11, 12, 19})
"""Severity of flags by SSC-3; the others are warnings."""
_STATUS = re.compile(rb"General status bits on \(([0-9a-f]+)\)")
_ONLINE, _DOOR_OPEN = (0x0100_0000, 0x0004_0000)
_BUSY = b"Device or resource busy"
_MOST = 1 << 16


class TapeError(Exception):
    """A drive of which nothing is known; the message names it and the mend."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive: its name at the collector and its node, best one of ``/dev/tape/by-id`` that ends in ``-nst``."""

    name: str
    node: Path

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > 200 or not self.name.isprintable():
            raise ValueError("name must be 1 to 200 printable characters")
        if not self.node.is_absolute():
            raise ValueError(f"node must be an absolute path such as /dev/nst0, not {str(self.node)!r}")


@dataclass(frozen=True, slots=True)
class Config:
    """The drives, none named are all that Linux has; ``interval`` and ``timeout`` (of one tool) in seconds.

    Empty ``mt`` asks for flags only: a drive in use cannot be opened by it, nor by its backup program meanwhile.
    """

    drive: tuple[Drive, ...] = ()
    interval: int = 900
    timeout: float = 60.0
    sg_logs: str = "sg_logs"
    mt: str = "mt"

    def __post_init__(self) -> None:
        names = [drive.name for drive in self.drive]
        if len(set(names)) < len(names):
            raise ValueError(f"a drive is named twice: {', '.join(sorted(names))}")
        between("interval", self.interval, 60, 86_400)
        between("timeout", self.timeout, 1, 600)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a drive; TapeError at the end names all that could not be asked."""
    wrong = []
    for drive in config.drive or _found():
        try:
            fields, trouble = _asked(config, drive)
        except (TapeError, ToolError, OSError) as error:
            wrong.append(f"{drive.name}: {error}")
            continue
        yield reading("nadi_tape", fields, env.time_ns(), device=env.device, drive=drive.name)
        wrong += [f"{drive.name}: {trouble}"] if trouble else []
    if wrong:
        raise TapeError("; ".join(wrong))


def _found() -> tuple[Drive, ...]:
    """Return the drives that Linux has, by their nodes that do not rewind."""
    names = sorted(os.listdir(_CLASS)) if _CLASS.is_dir() else []
    found = tuple(Drive(name, Path("/dev") / name) for name in names if re.fullmatch(r"nst\d+", name))
    if not found:
        raise TapeError(f"{_CLASS} has no drive; connect it, load the module st, or take [device.inputs.tape] out")
    return found


def _asked(config: Config, drive: Drive) -> tuple[dict[str, int | float], str]:
    """Return what is known of a drive, and what of it could not be asked."""
    name = drive.node.resolve().name
    if not name.startswith("nst"):
        raise TapeError(f"{drive.node} rewinds the tape when it is closed; name the node that does not: /dev/nst0")
    generic = _CLASS / name / "device" / "scsi_generic"
    if not generic.is_dir():
        return {"up": 0}, f"{drive.node} is no tape drive of this machine now; look at its cable and power"
    names = os.listdir(generic)
    if not names:
        raise TapeError(f"{drive.node} has no sg node; run: modprobe sg")
    argv = (config.sg_logs, f"--page={_PAGE:#x}", "--raw", f"/dev/{names[0]}")
    done = run(argv, timeout_s=config.timeout, most=_MOST)
    if done.status == _TIMED_OUT:
        return {"up": 0}, f"no answer: {done.said()}"
    fields: dict[str, int | float] = {"up": 1, **told(flags(checked(done, argv).output))}
    try:
        state = _loaded(config, drive)
    except ToolError as error:
        return fields, str(error)  # the flags are told all the same: the drive will not tell them again
    return {**fields, **({} if state is None else {"loaded": int(state)})}, ""


def flags(page: bytes) -> dict[int, bool]:
    """Return the TapeAlert flags by number of a log page as the drive sends it; TapeError for another page; pure."""
    if len(page) < 4 or page[0] & 0x3F != _PAGE:
        raise TapeError(
            f"not the TapeAlert page but {page[:4].hex(' ') or 'nothing'}; the drive may not have TapeAlert"
        )
    end = 4 + int.from_bytes(page[2:4])
    if len(page) < end:
        raise TapeError(f"the TapeAlert page was cut: {len(page)} of {end} octets")
    found: dict[int, bool] = {}
    at = 4
    while at + 5 <= end:
        length = page[at + 3]
        found[int.from_bytes(page[at : at + 2])] = bool(length and page[at + 4] & 1)
        at += 4 + length
    if not found:
        raise TapeError("the TapeAlert page has no flag; the drive may not have TapeAlert")
    return found


def told(found: dict[int, bool]) -> dict[str, int | float]:
    """Return the fields of TapeAlert flags; one that the drive does not have is not told; pure."""
    raised = [number for number, raised in found.items() if raised]
    fields: dict[str, int | float] = {"alerts": len(raised), "alert": min(raised, key=_gravity, default=0)}
    for name, numbers in (
        ("cleaning_required", (_CLEAN_NOW,)),
        ("cleaning_requested", (_CLEAN_PERIODIC,)),
        ("media_worn", (_MEDIA_LIFE, _NEARING_MEDIA_LIFE)),
        ("hard_error", (_HARD_ERROR,)),
    ):
        known = [found[number] for number in numbers if number in found]
        if known:
            fields[name] = int(any(known))
    return fields


def _gravity(number: int) -> tuple[int, int]:
    return (0 if number in _CRITICAL else 2 if number in _INFORMATION else 1, number)


def _loaded(config: Config, drive: Drive) -> bool | None:
    """Tell whether a tape is in the drive; None where ``mt`` does not say it, or another program has the drive."""
    if not config.mt:
        return None
    done = run((config.mt, "-f", str(drive.node), "status"), timeout_s=config.timeout, most=_MOST)
    return loaded(done)


def loaded(done: Finished) -> bool | None:
    """Read the status bits that ``mt status`` prints (mt(1), of mt-st), where there are any; pure."""
    bits = _STATUS.search(done.output)
    if _BUSY in done.errors or bits is None:
        return None
    value = int(bits[1], 16)
    return True if value & _ONLINE else False if value & _DOOR_OPEN else None

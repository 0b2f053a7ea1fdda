"""``own-backup.json`` in the data folder: when Nadi was last backed up, and when a drill last passed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from agent.disk import Disk
from agent.disk import replace as put

FILE = "own-backup.json"


@dataclass(frozen=True, slots=True)
class Note:
    """UTC ns of what the newest whole backup holds, and of the newest drill that passed; None: never."""

    made_ns: int | None = None
    tested_ns: int | None = None


def read(data: Path) -> Note:
    """Return the note of a data folder; what cannot be read is not known."""
    try:
        table = json.loads((data / FILE).read_bytes())
        return Note(_time(table["made_ns"]), _time(table["tested_ns"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Note()


def write(data: Path, *, made_ns: int | None = None, tested_ns: int | None = None) -> None:
    """Note what has happened anew; OSError."""
    note = read(data)
    note = replace(note, made_ns=made_ns or note.made_ns, tested_ns=tested_ns or note.tested_ns)
    put(Disk(), data / FILE, json.dumps(asdict(note)).encode() + b"\n")


def _time(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

"""Marker files: one line that a cron job writes after a check or a restore test that no tool records.

``OK 2026-11-20T03:00:00+07:00`` tells that it passed at that time; any other first word (``GAGAL``) that it failed.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

_MOST_OCTETS = 4096
_AHEAD_S = 300
"""What two clocks may differ; a marker from later than that would look fresh for ever."""


class MarkerError(Exception):
    """A marker file that cannot be read as one; the message names the file and the mend."""


class Marker(NamedTuple):
    """The outcome of the last check, and its time in Unix seconds."""

    passed: bool
    time_s: float


def read(path: Path, *, now_s: float) -> Marker | None:
    """Return what the marker says, None where there is none; MarkerError when it says something else."""
    try:
        with path.open("rb") as file:
            line = file.read(_MOST_OCTETS).decode("utf-8", errors="replace").partition("\n")[0]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MarkerError(f"{path}: the marker cannot be read: {error.strerror}") from error
    word, _, rest = line.strip().partition(" ")
    time_s = _time(path, rest.partition(" ")[0])
    if time_s > now_s + _AHEAD_S:
        raise MarkerError(f"{path}: the marker's time {rest!r} lies in the future; set the clock, and test again")
    return Marker(word == "OK", time_s)


def _time(path: Path, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no zone")
    except ValueError as error:
        raise MarkerError(
            f'{path}: not a marker ({error}); write it with: echo "OK $(date --iso-8601=seconds)" > {path}'
        ) from error
    return moment.timestamp()

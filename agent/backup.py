"""The one model of a backup job, whatever tool made it: what is expected of it, and what is known of it.

The fields are those of ``nadi_backup`` in the catalogue; what is not known is None and gives no field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

from agent import marker
from agent.clock import NS
from agent.config import ConfigError
from agent.marker import MarkerError
from agent.reading import Reading, reading
from agent.source import Env
from agent.tool import ToolError

MOST_COPIES = 16
"""Volume copies told of one job: the newest full ones."""
_AHEAD_S = 300


class BackupError(Exception):
    """A backup that nothing can be said of; the message names the job, the place and the mend."""


class Fault(IntEnum):
    """Why an attempt did not save what it should (``nadi_backup_fault``)."""

    TOOL_FAILED = 1
    ERRORS = 2
    NO_FILES = 3
    TOO_SMALL = 4
    SOURCE_MISSING = 5
    DAMAGED = 6
    NONE_FOUND = 7
    NOT_GROWING = 8
    COPY_GONE = 9


class Level(IntEnum):
    """How much an attempt copies (``nadi_backup_level``)."""

    FULL = 1
    DIFFERENTIAL = 2
    INCREMENTAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is asked of a job, in the configuration of every backup input.

    A good attempt has ``minimum_bytes``, ``minimum_files`` and ``shrink_ratio`` of the size of the good one before it.
    ``verified_file`` and ``restore_test_file`` are marker files (agent/marker.py).
    """

    name: str
    minimum_bytes: int = 1
    minimum_files: int = 1
    shrink_ratio: float = 0.5
    verified_file: Path | None = None
    restore_test_file: Path | None = None

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > 200 or not self.name.isprintable():
            raise ValueError("name must be 1 to 200 printable characters; it is the job's name at the collector")
        for key in ("minimum_bytes", "minimum_files"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key} must not be negative")
        if not 0 <= self.shrink_ratio <= 1:
            raise ValueError(f"shrink_ratio must be between 0 (off) and 1, not {self.shrink_ratio:g}")
        for key in ("verified_file", "restore_test_file"):
            path = getattr(self, key)
            if path is not None and not path.is_absolute():
                raise ValueError(f"{key} must be an absolute path, not {str(path)!r}")

    def fault(self, *, size_bytes: int | None, files: int | None, before_bytes: int | None = None) -> Fault | None:
        """Return what is wrong with what an attempt saved, None if nothing; sizes in octets, unknown ones not judged.

        ``before_bytes`` is the size of the good attempt before it.
        """
        if files is not None and files < self.minimum_files:
            return Fault.NO_FILES if files == 0 else Fault.TOO_SMALL
        if size_bytes is not None and size_bytes < self.minimum_bytes:
            return Fault.TOO_SMALL
        if size_bytes is not None and before_bytes is not None and size_bytes < before_bytes * self.shrink_ratio:
            return Fault.NOT_GROWING
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is known of a job: times in Unix seconds, sizes in octets; ``fault`` None with ``last_ok`` 1 is good."""

    job: str
    engine: str
    last_run_timestamp_seconds: float | None = None
    last_success_timestamp_seconds: float | None = None
    last_full_timestamp_seconds: float | None = None
    last_verified_timestamp_seconds: float | None = None
    last_restore_test_timestamp_seconds: float | None = None
    restore_test_passed: bool | None = None
    last_ok: bool | None = None
    fault: Fault | None = None
    level: Level | None = None
    running: bool | None = None
    last_duration_seconds: float | None = None
    last_size_bytes: int | None = None
    last_files: int | None = None
    last_errors: int | None = None
    copies: int | None = None
    next_due_timestamp_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A full copy of a job on a volume: its end in Unix seconds, its size in octets."""

    job: str
    engine: str
    volume: str
    pool: str = ""
    slot: str = ""
    copy_timestamp_seconds: float | None = None
    copy_size_bytes: int | None = None
    copy_on_tape: bool | None = None
    copy_offsite: bool | None = None
    copy_usable: bool | None = None


_TAGS = ("job", "engine", "volume", "pool", "slot")
_NOT_PAST = "next_due_timestamp_seconds"


def told(of: Job | Copy, env: Env) -> Reading:
    """Return the reading of a job or of a copy; a time in the future proves nothing and is left out."""
    now_s = env.time_ns() / NS
    known: dict[str, int | float] = {}
    tags: dict[str, str] = {}
    for field in fields(of):
        value = getattr(of, field.name)
        if field.name in _TAGS:
            tags |= {field.name: value} if value else {}
        elif value is not None and not (
            field.name.endswith("_timestamp_seconds") and field.name != _NOT_PAST and value > now_s + _AHEAD_S
        ):
            known[field.name] = int(value) if isinstance(value, bool | IntEnum) else value
    return reading("nadi_backup", known, env.time_ns(), device=env.device, **tags)


def completed(job: Job, expected: Expected, env: Env) -> Iterator[Reading]:
    """Yield the job with what its marker files tell; raise MarkerError after it for one that cannot be read.

    A check that failed is damage, also where the last attempt went well.
    """
    now_s = env.time_ns() / NS
    wrong: list[str] = []
    found: dict[str, marker.Marker | None] = {}
    for key in ("verified_file", "restore_test_file"):
        path = getattr(expected, key)
        try:
            found[key] = marker.read(path, now_s=now_s) if path is not None else None
        except MarkerError as error:
            wrong.append(str(error))
    yield told(_marked(job, found.get("verified_file"), found.get("restore_test_file")), env)
    if wrong:
        raise MarkerError("; ".join(wrong))


def _marked(job: Job, verified: marker.Marker | None, restored: marker.Marker | None) -> Job:
    if restored is not None and restored.time_s >= (job.last_restore_test_timestamp_seconds or 0.0):
        job = replace(job, last_restore_test_timestamp_seconds=restored.time_s, restore_test_passed=restored.passed)
    if verified is None:
        return job
    if verified.passed:
        newest = max(verified.time_s, job.last_verified_timestamp_seconds or 0.0)
        return replace(job, last_verified_timestamp_seconds=newest)
    return replace(job, last_verified_timestamp_seconds=None, last_ok=False, fault=job.fault or Fault.DAMAGED)


_Asked = TypeVar("_Asked", bound=Expected)


def each(asked: Iterable[_Asked], look: Callable[[_Asked], Iterable[Reading]]) -> Iterator[Reading]:
    """Yield what is known of every job; raise BackupError at the end that names all that failed, and why."""
    wrong: list[str] = []
    for one in asked:
        try:
            yield from look(one)
        except (BackupError, MarkerError, ToolError, ConfigError, OSError) as error:
            wrong.append(f"{one.name}: {error}")
    if wrong:
        raise BackupError("; ".join(wrong))


def distinct(asked: Iterable[Expected]) -> None:
    """Raise ValueError when two jobs of an input have one name: their readings would be one series."""
    names = [one.name for one in asked]
    if len(set(names)) < len(names):
        raise ValueError(f"a job is named twice: {', '.join(sorted(names))}")

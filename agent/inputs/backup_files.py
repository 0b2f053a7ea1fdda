"""Backups that are files in a folder: age, size, growth, and a checksum file as sha256sum writes it."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from agent import attempts, backup
from agent.attempts import Kept
from agent.backup import BackupError, Expected, Fault
from agent.clock import NS
from agent.config import between
from agent.copies import Found, check_pattern, matching
from agent.reading import Reading
from agent.source import Env

_CHUNK = 1 << 20
_MOST_SUMS = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Expected):
    """A job: the files that match the pattern ``files``, of which each is one full copy.

    ``checksums`` is what names the checksum file: ``.sha256`` is FILE.sha256, another name lies in the same folder.
    A copy that it does not list is not finished; with ``verify`` its data must have the sum as well.
    A file that was written to within ``settle`` seconds may still grow and is not judged.
    """

    files: str
    checksums: str = ""
    verify: bool = False
    settle: int = 60

    def __post_init__(self) -> None:
        Expected.__post_init__(self)
        check_pattern(self.files)
        if "/" in self.checksums:
            raise ValueError('checksums must be an ending such as ".sha256", or the name of a file in the same folder')
        if self.verify and not self.checksums:
            raise ValueError('verify needs checksums, such as checksums = ".sha256"')
        between("settle", self.settle, 0, 86_400)


@dataclass(frozen=True, slots=True)
class Config:
    """The jobs; ``interval`` in seconds, ``timeout`` of reading one copy to verify it in seconds."""

    job: tuple[Wanted, ...] = ()
    interval: int = 900
    timeout: float = 600.0

    def __post_init__(self) -> None:
        backup.distinct(self.job)
        between("interval", self.interval, 60, 86_400)
        between("timeout", self.timeout, 1, 3600)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a job; a folder that cannot be read hides no other job."""
    yield from backup.each(config.job, partial(_job, config, env))


def _job(config: Config, env: Env, job: Wanted) -> Iterator[Reading]:
    settled_ns = env.time_ns() - job.settle * NS
    found = {str(one.path): one for one in matching(job.files, settled_ns=settled_ns) if not _is_sum(job, one.path)}
    given = attempts.Evidence(
        own=[Kept((path,), frozenset(), one.written_s) for path, one in found.items()],
        measure=lambda one: _kept(config, job, found[one.ids[0]]),
        look_back=3 if job.verify else 8,
    )
    yield from attempts.look(job, "files", given, env)


def _is_sum(job: Wanted, path: Path) -> bool:
    return bool(job.checksums) and (
        path.name.endswith(job.checksums) if job.checksums.startswith(".") else path.name == job.checksums
    )


def _kept(config: Config, job: Wanted, one: Found) -> Kept:
    """Judge one copy by itself."""
    kept = Kept((str(one.path),), frozenset(), one.written_s, size=one.size)
    if not job.checksums:
        return kept
    told = listed(job, one.path)
    if told is None:
        return kept._replace(fault=Fault.TOOL_FAILED)
    if not job.verify:
        return kept
    if _sum(one, config.timeout) != told:
        return kept._replace(fault=Fault.DAMAGED)
    return kept._replace(verified_s=one.written_s)


_LINE = re.compile(r"\\?([0-9a-fA-F]{64}) [ *](.+)")


def listed(job: Wanted, path: Path) -> str | None:
    """Return the SHA-256 that the checksum file tells of a copy; None where it does not tell, or is not there."""
    ending = job.checksums.startswith(".")
    place = path.with_name(path.name + job.checksums) if ending else path.with_name(job.checksums)
    try:
        with place.open("rb") as file:
            text = file.read(_MOST_SUMS).decode("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BackupError(f"{place}: the checksum file cannot be read: {error.strerror}") from error
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match and Path(match[2]).name == path.name:
            return match[1].lower()
    return None


@lru_cache(maxsize=256)
def _sum(one: Found, timeout_s: float) -> str:
    """Return the SHA-256 of a content, read once as long as it does not change; BackupError after ``timeout_s``."""
    digest = hashlib.sha256()
    deadline = time.monotonic() + timeout_s
    try:
        with one.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                if time.monotonic() > deadline:
                    raise BackupError(
                        f"{one.path} is not read within {timeout_s:g} s; raise timeout, or verify = false"
                    )
    except OSError as error:
        raise BackupError(f"{one.path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()

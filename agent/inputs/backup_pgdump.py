"""Backups by pg_dump and pg_dumpall: archives (custom, tar, folder) and SQL text, also behind gzip.

A dump that was cut off keeps its table of contents, and ``pg_restore --list`` shows it whole: only reading it to its
end tells. Of a tar file or a folder not even that does (pg_restore 15 ends with status 0, or never), so their parts
are measured here. An archive's own "created at" is the wall clock of the machine that dumped, under the zone name of
the machine that reads it, so a copy's end is when its file was last written to.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import IO, Literal

from agent import attempts, backup
from agent.attempts import Kept
from agent.backup import BackupError, Expected, Fault
from agent.clock import NS
from agent.config import between
from agent.copies import Found, check_pattern, matching
from agent.reading import Reading
from agent.source import Env
from agent.tool import Finished, ToolError, host_time, run

_CHUNK = 1 << 20
_TAIL = 1 << 12
_DAY_S = 86_400
_TAR_END = bytes(1024)
Form = Literal["archive", "text", "gzip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Expected):
    """A job: the files that match the pattern ``files``, or the folders that pg_dump -Fd made; each is a full copy.

    ``read_all`` reads each new archive to its end. ``minimum_files`` is of an archive's tables with data. A file that
    was written to within ``settle`` seconds may still grow and is not judged.
    """

    files: str
    read_all: bool = True
    settle: int = 60

    def __post_init__(self) -> None:
        Expected.__post_init__(self)
        check_pattern(self.files)
        between("settle", self.settle, 0, 86_400)


@dataclass(frozen=True, slots=True)
class Config:
    """The jobs; ``interval`` in seconds, ``timeout`` of reading one copy in seconds."""

    job: tuple[Wanted, ...] = ()
    interval: int = 900
    timeout: float = 600.0
    tool: str = "pg_restore"

    def __post_init__(self) -> None:
        backup.distinct(self.job)
        between("interval", self.interval, 60, 86_400)
        between("timeout", self.timeout, 1, 3600)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a job; a folder or a form that cannot be read hides no other job."""
    yield from backup.each(config.job, partial(_job, config, env))


def _job(config: Config, env: Env, job: Wanted) -> Iterator[Reading]:
    found = {str(one.path): one for one in matching(job.files, settled_ns=env.time_ns() - job.settle * NS)}
    given = attempts.Evidence(
        own=[Kept((path,), frozenset(), one.written_s) for path, one in found.items()],
        measure=lambda one: _kept(config, job.read_all, found[one.ids[0]]),
        look_back=3,
    )
    yield from attempts.look(job, "pgdump", given, env)


@lru_cache(maxsize=256)
def _kept(config: Config, read_all: bool, one: Found) -> Kept:
    """Judge one content by itself, read once as long as it does not change; ToolError, BackupError."""
    kept = Kept((str(one.path),), frozenset(), one.written_s, size=one.size)
    if one.size == 0:
        return kept._replace(fault=Fault.TOO_SMALL)
    try:
        form = _form(one.path)
        if form == "archive":
            return _archive(config, read_all, one, kept)
        complete = _gzip_ends(one.path, config.timeout) if form == "gzip" else ends(_plain_tail(one.path))
    except OSError as error:
        raise BackupError(f"{one.path} cannot be read: {error.strerror}") from error
    return kept._replace(verified_s=one.written_s) if complete else kept._replace(fault=Fault.DAMAGED)


def _form(path: Path) -> Form:
    """Return how a dump is written; BackupError when it is none that is known."""
    if path.is_dir():
        return "archive"
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"PGDMP") or head[257:262] == b"ustar":
        return "archive"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if _begins(head):
        return "text"
    raise BackupError(f"{path} is neither an archive of pg_dump nor its SQL, plain or behind gzip; set another pattern")


def _begins(head: bytes) -> bool:
    return re.match(rb"(--\s*\n)*-- PostgreSQL database (cluster )?dump", head) is not None


_COMPLETE = re.compile(rb"^-- PostgreSQL database (?:cluster )?dump complete$", re.MULTILINE)


def ends(tail: bytes) -> bool:
    """Tell whether SQL ends as pg_dump ends it: nothing but comments and ``\\unrestrict`` after its last words."""
    words = list(_COMPLETE.finditer(tail))
    if not words:
        return False
    after = tail[words[-1].end() :].split(b"\n")
    return all(not line.strip() or line.startswith((b"--", b"\\unrestrict ")) for line in after)


def _plain_tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read(_TAIL)


def _gzip_ends(path: Path, timeout_s: float) -> bool:
    """Tell whether a gzip file is whole by its checksums, and holds SQL to its end; BackupError after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    tail = b""
    with path.open("rb") as file:
        try:
            for data in _unpacked(file):
                if not tail and not _begins(data[:512]):
                    raise BackupError(f"{path}: no SQL of pg_dump is behind gzip; an archive is packed by itself")
                tail = (tail + data)[-_TAIL:]
                if time.monotonic() > deadline:
                    raise BackupError(f"{path} is not read within {timeout_s:g} s; raise timeout")
        except (EOFError, zlib.error):
            return False
    return ends(tail)


def _unpacked(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of every member (RFC 1952), at most 1 MiB at a time; EOFError, zlib.error when damaged."""
    member = zlib.decompressobj(wbits=31)
    packed = file.read(_CHUNK)
    while packed:
        data = member.decompress(packed, _CHUNK)
        if data:
            yield data
        packed = member.unconsumed_tail or member.unused_data or file.read(_CHUNK)
        if member.eof:
            packed = packed.lstrip(b"\0")  # padding, as tapes have it
            if not packed:
                return
            member = zlib.decompressobj(wbits=31)
    raise EOFError


def _archive(config: Config, read_all: bool, one: Found, kept: Kept) -> Kept:
    if not _lengths_right(one.path):
        return kept._replace(fault=Fault.DAMAGED)
    listed = _pg_restore(config, "--list", str(one.path))
    if listed.status != 0:
        return kept._replace(fault=Fault.DAMAGED)
    lines = listed.output.decode(errors="replace").splitlines()
    kept = kept._replace(files=sum(" TABLE DATA " in line for line in lines), end_s=ended(one.written_s, lines))
    if not read_all:
        return kept
    if _pg_restore(config, "--file=/dev/null", str(one.path)).status != 0:
        return kept._replace(fault=Fault.DAMAGED)
    return kept._replace(verified_s=kept.end_s)


def _lengths_right(path: Path) -> bool:
    """Tell whether the parts of a tar file or of a folder have their whole length, as far as their ends tell."""
    if path.is_dir():
        return all(_part_ends(part) for part in path.iterdir() if part.name != "toc.dat")
    with path.open("rb") as file:
        if file.read(5) == b"PGDMP":
            return True
        file.seek(max(0, path.stat().st_size - len(_TAR_END)))
        if file.read() != _TAR_END:
            return False
    import tarfile  # only dumps of this form need it, and the resident agent counts its memory

    try:
        with tarfile.open(path, "r:") as archive:
            return "toc.dat" in archive.getnames()
    except tarfile.ReadError:
        return False


def _part_ends(part: Path) -> bool:
    """Tell whether a file of a folder ends as pg_dump ends it; large objects (blob_*) have no mark of their own."""
    with part.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 5))
        tail = file.read()
    if re.fullmatch(r"\d+\.dat", part.name):
        return tail == b"\n\n" or tail.endswith((b"\\.\n\n\n", b";\n\n\n"))
    return size > 0 or not part.name.endswith((".gz", ".lz4", ".zst"))


def _pg_restore(config: Config, *arguments: str) -> Finished:
    """Run pg_restore on an archive that can be read; ToolError where the failure is its own, not the archive's."""
    Path(arguments[-1]).stat()
    done = run((config.tool, *arguments), timeout_s=config.timeout)
    if done.status < 0 or b"unsupported version" in done.errors or b"Permission denied" in done.errors:
        raise ToolError(f"pg_restore: {done.said()}; it must be at least as new as the pg_dump that wrote the archive")
    return done


def ended(written_s: float, lines: Iterable[str]) -> float:
    """Return the end of a dump: when its file was written, but its start if that is more than a day before.

    Then the file was copied without its time, or touched. Zones differ by less than a day, and so tell nothing here.
    """
    for line in lines:
        if line.startswith("; Archive created at "):
            try:
                created_s = host_time(line.removeprefix("; Archive created at ")[:19])
            except ValueError:
                break
            return created_s if written_s - created_s > _DAY_S else written_s
    return written_s

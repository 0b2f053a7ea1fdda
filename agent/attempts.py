"""Judge the attempts of a backup job by the copies in its repository and by the log of its attempts.

For tools whose every copy is a full one (restic, borg, dumps, archives). A copy alone does not tell that a file could
not be read, nor that an attempt made none; the log does, so where there is one only what it proves is a success.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from agent.backup import BackupError, Expected, Fault, Job, Level, completed
from agent.clock import NS
from agent.reading import Reading
from agent.source import Env
from agent.tool import ToolError

_MOST_LOG = 16 << 20
_QUIET_S = 900
"""An attempt whose log has stood still so long is not under way any more."""


class Kept(NamedTuple):
    """A copy: its ids, the sources it holds, its end (its start where none is told), its size; unknown is None.

    ``fault`` is what is wrong with the copy itself; ``verified_s`` a time by which a check of its data has passed.
    """

    ids: tuple[str, ...]
    paths: frozenset[str] | None
    end_s: float
    duration_s: float | None = None
    size: int | None = None
    files: int | None = None
    fault: Fault | None = None
    verified_s: float | None = None


class Attempt(NamedTuple):
    """What the log tells of one attempt; ``copy`` is the beginning of an id, ``status`` None where no line tells it."""

    copy: str
    errors: int
    status: int | None
    fault: Fault | None
    duration_s: float | None = None
    size: int | None = None
    files: int | None = None


class Log(NamedTuple):
    """The attempts of a log, the newest last, and the time it was last written to.

    ``open`` tells whether one has begun and not ended; None where the tool's log does not show it.
    """

    attempts: tuple[Attempt, ...]
    written_s: float
    open: bool | None


class Verdict(NamedTuple):
    """What is judged of a copy; ``ok`` None where the evidence is missing."""

    copy: Kept
    ok: bool | None
    fault: Fault | None
    attempt: Attempt | None


Parse = Callable[[Iterable[str]], tuple[list[Attempt], bool | None]]


def plain(path: str) -> str:
    """Return a source as the tools store it, without a slash at its end."""
    return path.rstrip("/") or "/"


def read_log(path: Path, parse: Parse) -> Log:
    """Read the last 16 MiB of a log; ``parse`` parts its lines into attempts. BackupError when it cannot be read."""
    try:
        with path.open("rb") as file:
            status = path.stat()
            file.seek(max(0, status.st_size - _MOST_LOG))
            text = file.read(_MOST_LOG).decode("utf-8", errors="replace")
    except OSError as error:
        raise BackupError(f"{path}: the log cannot be read: {error.strerror}") from error
    attempts, still_open = parse(text.splitlines())
    if status.st_size > _MOST_LOG and attempts and attempts[0].status != 0:
        attempts = attempts[1:]  # what it said at its beginning was not read
    return Log(tuple(attempts), status.st_mtime, still_open)


def _no_log(lines: Iterable[str]) -> tuple[list[Attempt], bool | None]:
    return [], None


class Evidence(NamedTuple):
    """What a tool's input brings: the job's own copies, and a function that completes one whose size nothing told.

    ``look_back`` newest copies are judged. ``known`` are all ids in the repository, ``sources`` those asked for.
    ``parse`` parts the lines of the ``log`` into attempts.
    """

    own: Iterable[Kept]
    measure: Callable[[Kept], Kept]
    look_back: int = 8
    known: Iterable[str] = ()
    sources: Iterable[str] = ()
    log: Path | None = None
    parse: Parse = _no_log


def look(expected: Expected, engine: str, given: Evidence, env: Env) -> Iterator[Reading]:
    """Yield the job's reading; raise BackupError after it for what could not be read."""
    own = sorted(given.own, key=lambda one: one.end_s)
    log, wrong = None, []
    try:
        log = read_log(given.log, given.parse) if given.log is not None else None
    except BackupError as error:
        wrong.append(str(error))
    sized = []
    for one in own[-given.look_back :]:
        one = _by_log(one, attempt_of(one, log))
        try:
            one = one if one.size is not None else given.measure(one)
        except (ToolError, BackupError) as error:
            wrong.append(f"the copy {one.ids[0][:16]} cannot be measured: {error}")
        sized.append(one)
    verdicts = judged(expected, sized, log, sources=given.sources, logged=given.log is not None)
    if log is not None and verdicts and verdicts[-1].attempt is None and not log.open:
        newest = verdicts[-1].copy.ids[0][:16]
        wrong.append(f"{given.log} tells nothing of the newest copy {newest}; let every attempt write there")
    found = Job(job=expected.name, engine=engine, copies=len(own) - sum(one.fault is Fault.DAMAGED for one in sized))
    found = told(found, verdicts, log, now_s=env.time_ns() / NS, known=given.known)
    yield from completed(found, expected, env)
    if wrong:
        raise BackupError("; ".join(wrong))


def _by_log(copy: Kept, attempt: Attempt | None) -> Kept:
    if attempt is None:
        return copy
    if copy.duration_s is None and attempt.duration_s is not None:
        copy = copy._replace(duration_s=attempt.duration_s, end_s=copy.end_s + attempt.duration_s)
    return copy if attempt.size is None else copy._replace(size=attempt.size, files=attempt.files)


def attempt_of(copy: Kept, log: Log | None) -> Attempt | None:
    """Return what the log tells of the attempt that made a copy."""
    for attempt in reversed(log.attempts if log else ()):
        if attempt.copy and any(one.startswith(attempt.copy) for one in copy.ids):
            return attempt
    return None


def judged(
    expected: Expected, copies: Iterable[Kept], log: Log | None, *, sources: Iterable[str], logged: bool
) -> list[Verdict]:
    """Judge copies, the oldest first, each by the last good one before it.

    ``logged`` tells that there should be a log, so that a copy it does not tell of is neither good nor bad.
    """
    needed = {plain(source) for source in sources}
    found: list[Verdict] = []
    before: int | None = None
    for one in copies:
        attempt = attempt_of(one, log)
        fault = (attempt.fault if attempt else None) or one.fault
        if fault is not Fault.TOOL_FAILED and one.paths is not None and not needed <= one.paths:
            fault = Fault.SOURCE_MISSING
        fault = fault or expected.fault(size_bytes=one.size, files=one.files, before_bytes=before)
        proven = one.size is not None and (attempt is not None or not logged)
        found.append(Verdict(one, False if fault else True if proven else None, fault, attempt))
        before = one.size if fault is None and one.size is not None else before
    return found


def told(job: Job, verdicts: list[Verdict], log: Log | None, *, now_s: float, known: Iterable[str]) -> Job:
    """Complete ``job`` by its judged copies and the end of its log; ``known`` are all ids in the repository."""
    success = max((one.copy.end_s for one in verdicts if one.ok), default=None)
    verified = max((one.copy.verified_s for one in verdicts if one.ok and one.copy.verified_s), default=None)
    job = replace(
        job,
        last_success_timestamp_seconds=success,
        last_full_timestamp_seconds=success,
        last_verified_timestamp_seconds=verified,
    )
    if log is not None and log.open is not None:
        job = replace(job, running=log.open and log.written_s > now_s - _QUIET_S)
    lost = _lost(log, verdicts, known, now_s)
    if log is not None and lost is not None:
        return replace(job, last_run_timestamp_seconds=log.written_s, last_ok=False, fault=lost)
    if not verdicts:
        return replace(job, last_ok=False, fault=Fault.NONE_FOUND)
    last = verdicts[-1]
    attempt = last.attempt
    return replace(
        job,
        last_run_timestamp_seconds=last.copy.end_s,
        last_ok=last.ok,
        fault=last.fault,
        level=Level.FULL,
        last_duration_seconds=last.copy.duration_s,
        last_size_bytes=last.copy.size,
        last_files=last.copy.files,
        last_errors=attempt.errors if attempt and (attempt.errors or attempt.status == 0) else None,
    )


def _lost(log: Log | None, verdicts: list[Verdict], known: Iterable[str], now_s: float) -> Fault | None:
    """Return why the last attempt of the log left no copy; None where it did, or where a copy is newer."""
    if log is None or (verdicts and verdicts[-1].copy.end_s > log.written_s + 1):
        return None
    if log.open:
        return None if log.written_s > now_s - _QUIET_S else Fault.TOOL_FAILED
    if not log.attempts:
        return None
    last = log.attempts[-1]
    if last.fault is Fault.TOOL_FAILED or not last.copy:
        return last.fault or Fault.TOOL_FAILED
    return None if any(one.startswith(last.copy) for one in known) else Fault.COPY_GONE

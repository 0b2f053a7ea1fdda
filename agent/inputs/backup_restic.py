"""Backups by restic: its snapshots, and what each attempt says of itself in a log of ``restic backup --json``.

A snapshot alone does not tell that a file could not be read (exit status 3), nor that an attempt made none: that
stands in the log, so where one is configured only what it proves is a success. A source that did not exist is left
out by restic with exit status 0 (0.14) and is missing in the paths of the snapshot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from agent import backup, secret
from agent.backup import BackupError, Expected, Fault, Job, Level
from agent.clock import NS
from agent.reading import Reading
from agent.source import Env
from agent.tool import ToolError, run

_LOOK_BACK = 8
"""Newest snapshots that are judged: more would have to be measured one by one where restic is older than 0.17."""
_MOST_LOG = 16 << 20
_QUIET_S = 900
"""An attempt whose log has stood still so long is not under way any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Expected):
    """A job: the snapshots of ``host`` with all ``tags`` that hold one or more of ``sources``, in one repository.

    ``sources`` are the paths given to ``restic backup``: each must stand in a good snapshot. ``log`` holds what
    ``restic backup --json --quiet`` wrote, both its outputs, then a line ``exit STATUS``, of one or more attempts.
    """

    password_file: Path
    repository: str = ""
    repository_file: Path | None = None
    host: str = ""
    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    log: Path | None = None

    def __post_init__(self) -> None:
        Expected.__post_init__(self)
        if bool(self.repository) == (self.repository_file is not None):
            raise ValueError("needs either repository or repository_file")
        if re.search(r"://[^/@]*:[^/@]*@", self.repository):
            raise ValueError("repository holds a password; put it into a file of mode 0600 and set repository_file")
        if self.log is not None and not self.log.is_absolute():
            raise ValueError(f"log must be an absolute path, not {str(self.log)!r}")
        if any(not source.startswith("/") for source in self.sources):
            raise ValueError("sources must be absolute paths, as restic stores them")


@dataclass(frozen=True, slots=True)
class Config:
    """The jobs; ``interval`` and ``timeout`` (of one run of restic) in seconds; ``cache`` is restic's cache folder."""

    job: tuple[Wanted, ...] = ()
    interval: int = 900
    timeout: float = 120.0
    tool: str = "restic"
    cache: Path | None = None

    def __post_init__(self) -> None:
        backup.distinct(self.job)
        if not 60 <= self.interval <= 86_400:
            raise ValueError(f"interval must be between 60 and 86400 seconds, not {self.interval}")
        if not 1 <= self.timeout <= 3600:
            raise ValueError(f"timeout must be between 1 and 3600 seconds, not {self.timeout:g}")


class Snapshot(NamedTuple):
    """One snapshot: its ids, its end (its start where no end is told), what it holds; unknown sizes are None."""

    ids: tuple[str, ...]
    host: str
    tags: frozenset[str]
    paths: frozenset[str]
    end_s: float
    duration_s: float | None
    size: int | None
    files: int | None


class Attempt(NamedTuple):
    """What the log tells of one attempt; ``errors`` are those it names, ``status`` is None where no line tells it."""

    snapshot: str
    errors: int
    status: int | None
    failed: bool
    duration_s: float | None = None
    size: int | None = None
    files: int | None = None

    def fault(self) -> Fault | None:
        """Return what the attempt itself says went wrong."""
        if self.failed or self.status not in (None, 0, 3):
            return Fault.TOOL_FAILED
        return Fault.ERRORS if self.errors or self.status == 3 else None


class Log(NamedTuple):
    """The attempts of a log, the newest last, and the time it was last written to; ``open`` if one has not ended."""

    attempts: tuple[Attempt, ...]
    written_s: float
    open: bool


class Verdict(NamedTuple):
    """What is judged of a snapshot; ``ok`` None where the evidence is missing."""

    snapshot: Snapshot
    ok: bool | None
    fault: Fault | None
    attempt: Attempt | None


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a job; a repository that does not answer, or a wrong password, hides no other job."""
    yield from backup.each(config.job, partial(_job, config, env))


def _job(config: Config, env: Env, job: Wanted) -> Iterator[Reading]:
    every = _snapshots(config, job)
    own = sorted((one for one in every if belongs(job, one)), key=lambda one: one.end_s)
    log, wrong = None, []
    try:
        log = read_log(job.log) if job.log is not None else None
    except BackupError as error:
        wrong.append(str(error))
    sized = []
    for one in own[-_LOOK_BACK:]:
        try:
            sized.append(_sized(config, job, one, log))
        except (ToolError, BackupError) as error:
            wrong.append(f"snapshot {one.ids[0][:8]} cannot be measured: {error}")
            sized.append(one)
    verdicts = judged(job, sized, log)
    wrong += _unproven(job, verdicts, log)
    found = told(job, verdicts, log, now_s=env.time_ns() / NS, known=[i for one in every for i in one.ids])
    yield from backup.completed(replace(found, copies=len(own)), job, env)
    if wrong:
        raise BackupError("; ".join(wrong))


def _unproven(job: Wanted, verdicts: list[Verdict], log: Log | None) -> Iterator[str]:
    if log is not None and verdicts and verdicts[-1].attempt is None and not log.open:
        newest = verdicts[-1].snapshot.ids[0][:8]
        yield f"{job.log} tells nothing of the newest snapshot {newest}; let every restic backup write its output there"


def belongs(job: Wanted, snapshot: Snapshot) -> bool:
    """Tell whether a snapshot is one of the job's."""
    return (
        job.host in ("", snapshot.host)
        and snapshot.tags.issuperset(job.tags)
        and (not job.sources or any(source in snapshot.paths for source in map(_plain, job.sources)))
    )


def _plain(path: str) -> str:
    return path.rstrip("/") or "/"


def judged(job: Wanted, snapshots: Iterable[Snapshot], log: Log | None) -> list[Verdict]:
    """Judge snapshots, the oldest first, each by the last good one before it; pure."""
    found: list[Verdict] = []
    before: int | None = None
    for one in snapshots:
        attempt = _attempt(one, log)
        missing = any(_plain(source) not in one.paths for source in job.sources)
        fault = attempt.fault() if attempt else None
        fault = fault or (Fault.SOURCE_MISSING if missing else None)
        fault = fault or job.fault(size_bytes=one.size, files=one.files, before_bytes=before)
        proven = one.size is not None and (job.log is None or attempt is not None)
        found.append(Verdict(one, False if fault else True if proven else None, fault, attempt))
        before = one.size if fault is None and one.size is not None else before
    return found


def _attempt(snapshot: Snapshot, log: Log | None) -> Attempt | None:
    for attempt in reversed(log.attempts if log else ()):
        if attempt.snapshot and any(one.startswith(attempt.snapshot) for one in snapshot.ids):
            return attempt
    return None


def told(wanted: Wanted, verdicts: list[Verdict], log: Log | None, *, now_s: float, known: Iterable[str]) -> Job:
    """Return the job by its judged snapshots and the end of its log; ``known`` are the ids in the repository; pure."""
    success = max((v.snapshot.end_s for v in verdicts if v.ok), default=None)
    job = Job(
        job=wanted.name,
        engine="restic",
        last_success_timestamp_seconds=success,
        last_full_timestamp_seconds=success,
        level=Level.FULL,
    )
    if log is not None:
        job = replace(job, running=log.open and log.written_s > now_s - _QUIET_S)
    lost = _lost(log, verdicts, known, now_s)
    if log is not None and lost is not None:
        return replace(job, last_run_timestamp_seconds=log.written_s, last_ok=False, fault=lost)
    if not verdicts:
        return replace(job, last_ok=False, fault=Fault.NONE_FOUND, level=None)
    last = verdicts[-1]
    attempt = last.attempt
    errors = attempt.errors if attempt and (attempt.errors or attempt.status == 0) else None
    return replace(
        job,
        last_run_timestamp_seconds=last.snapshot.end_s,
        last_ok=last.ok,
        fault=last.fault,
        last_duration_seconds=last.snapshot.duration_s,
        last_size_bytes=last.snapshot.size,
        last_files=last.snapshot.files,
        last_errors=errors,
    )


def _lost(log: Log | None, verdicts: list[Verdict], known: Iterable[str], now_s: float) -> Fault | None:
    """Return why the last attempt of the log left no snapshot; None where it did, or where a snapshot is newer."""
    if log is None or (verdicts and verdicts[-1].snapshot.end_s > log.written_s + 1):
        return None
    if log.open:
        return None if log.written_s > now_s - _QUIET_S else Fault.TOOL_FAILED
    if not log.attempts:
        return None
    last = log.attempts[-1]
    if not last.snapshot:
        return last.fault() or Fault.TOOL_FAILED
    return None if any(one.startswith(last.snapshot) for one in known) else Fault.COPY_GONE


def _restic(config: Config, job: Wanted, *arguments: str) -> Any:
    """Return what restic says as JSON; ToolError, BackupError. Nothing secret stands on its command line."""
    location = secret.private(job.repository_file) if job.repository_file is not None else ""
    environment = {
        "RESTIC_REPOSITORY": job.repository,
        "RESTIC_REPOSITORY_FILE": str(location),
        "RESTIC_PASSWORD_FILE": str(secret.private(job.password_file)),
        "RESTIC_PASSWORD": "",
        "RESTIC_PASSWORD_COMMAND": "",
    }
    cache = ("--no-cache",) if config.cache is None else ("--cache-dir", str(config.cache))
    argv = (config.tool, "--json", "--no-lock", *cache, *arguments)
    done = run(argv, timeout_s=config.timeout, environment=environment)
    if done.status != 0:
        lines = done.errors.decode(errors="replace").splitlines()
        fatal = next((line for line in lines if "Fatal:" in line), done.said())
        raise ToolError(f"restic {arguments[0]}: exit status {done.status}: {fatal[:300]}")
    try:
        return json.loads(done.output)
    except ValueError as error:
        raise BackupError(f"restic {arguments[0]} wrote no JSON ({error}); restic 0.14 or newer is needed") from error


def _snapshots(config: Config, job: Wanted) -> list[Snapshot]:
    raw = _restic(config, job, "snapshots")
    try:
        return [parsed(one) for one in raw or ()]
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError(f"restic snapshots wrote another form than that of restic 0.14 to 0.18: {error!r}") from error


def parsed(raw: Mapping[str, Any]) -> Snapshot:
    """Return a snapshot of ``restic snapshots --json``; its ``summary`` is of restic 0.17 and newer."""
    summary = raw.get("summary") or {}
    start_s = datetime.fromisoformat(raw["time"]).timestamp()
    end_s = datetime.fromisoformat(summary["backup_end"]).timestamp() if "backup_end" in summary else None
    return Snapshot(
        ids=(raw["id"], *([raw["original"]] if raw.get("original") else [])),
        host=raw.get("hostname", ""),
        tags=frozenset(raw.get("tags") or ()),
        paths=frozenset(raw["paths"]),
        end_s=start_s if end_s is None else end_s,
        duration_s=None if end_s is None else end_s - start_s,
        size=summary.get("total_bytes_processed"),
        files=summary.get("total_files_processed"),
    )


def _sized(config: Config, job: Wanted, one: Snapshot, log: Log | None) -> Snapshot:
    """Complete a snapshot by its attempt in the log, or by measuring it."""
    attempt = _attempt(one, log)
    if attempt is not None and one.duration_s is None and attempt.duration_s is not None:
        one = one._replace(duration_s=attempt.duration_s, end_s=one.end_s + attempt.duration_s)
    if attempt is not None and attempt.size is not None:
        return one._replace(size=attempt.size, files=attempt.files)
    return one if one.size is not None else one._replace(size=_measured(config, job, one.ids[0]))


@lru_cache(maxsize=256)
def _measured(config: Config, job: Wanted, snapshot: str) -> int:
    """Return the octets that a restore would write; a snapshot never changes, so each is measured once.

    The count of files beside it counts folders too, and is not used.
    """
    found = _restic(config, job, "stats", "--mode", "restore-size", snapshot)
    try:
        return int(found["total_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError(f"restic stats wrote another form than that of restic 0.14 to 0.18: {error!r}") from error


def read_log(path: Path) -> Log:
    """Read the last 16 MiB of a log; BackupError when it cannot be read."""
    try:
        with path.open("rb") as file:
            status = path.stat()
            file.seek(max(0, status.st_size - _MOST_LOG))
            text = file.read(_MOST_LOG).decode("utf-8", errors="replace")
    except OSError as error:
        raise BackupError(f"{path}: the log cannot be read: {error.strerror}") from error
    attempts, still_open = attempts_of(text.splitlines())
    if status.st_size > _MOST_LOG and attempts and attempts[0].status != 0:
        attempts = attempts[1:]  # what it said at its beginning was not read
    return Log(tuple(attempts), status.st_mtime, still_open)


_FATAL = ("Fatal:", "unable to create lock")
_EXIT = re.compile(r"exit(?: status)?[ :=]+(\d{1,3})")


def attempts_of(lines: Iterable[str]) -> tuple[list[Attempt], bool]:
    """Return the attempts that the lines of a log tell, and whether one has begun after the last that ended; pure."""
    done: list[Attempt] = []
    errors, begun = 0, False
    for line in map(str.strip, lines):
        said, status = _message(line), _EXIT.fullmatch(line)
        kind = said.get("message_type")
        if kind == "summary" and not said.get("dry_run"):
            done.append(_summary(said, errors))
        elif kind == "exit_error" or line.startswith(_FATAL):
            done.append(Attempt("", errors, None, True))
        elif status and (begun or not done or done[-1].status is not None):
            # An exit 0 with nothing before it is that of another command, such as restic forget.
            done += [Attempt("", errors, int(status[1]), True)] if begun or int(status[1]) else []
        elif status:
            done[-1] = done[-1]._replace(status=int(status[1]))
        elif line.startswith("Warning: at least one source file could not be read") and done and not begun:
            done[-1] = done[-1]._replace(errors=max(1, done[-1].errors))
            continue
        else:
            errors, begun = errors + (kind == "error"), begun or kind in ("status", "verbose_status", "error")
            continue
        errors, begun = 0, False
    return done, begun


def _message(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _summary(said: Mapping[str, Any], errors: int) -> Attempt:
    size, files, duration = (
        said.get(key) for key in ("total_bytes_processed", "total_files_processed", "total_duration")
    )
    return Attempt(
        snapshot=str(said.get("snapshot_id") or ""),
        errors=errors,
        status=None,
        failed=False,
        duration_s=float(duration) if isinstance(duration, int | float) else None,
        size=size if isinstance(size, int) else None,
        files=files if isinstance(files, int) else None,
    )

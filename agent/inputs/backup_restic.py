"""Backups by restic: its snapshots, and what each attempt says of itself in a log of ``restic backup --json``.

A snapshot alone does not tell that a file could not be read (exit status 3), nor that an attempt made none: that
stands in the log, so where one is configured only what it proves is a success. A source that did not exist is left
out by restic with exit status 0 (0.14) and is missing in the paths of the snapshot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from agent import attempts, backup, secret
from agent.attempts import Attempt, Kept, plain
from agent.backup import BackupError, Expected, Fault
from agent.config import between
from agent.reading import Reading
from agent.source import Env
from agent.tool import ToolError, run


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
        between("interval", self.interval, 60, 86_400)
        between("timeout", self.timeout, 1, 3600)


class Snapshot(NamedTuple):
    """One snapshot: whose it is, and what it keeps."""

    host: str
    tags: frozenset[str]
    kept: Kept


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a job; a repository that does not answer, or a wrong password, hides no other job."""
    yield from backup.each(config.job, partial(_job, config, env))


def _job(config: Config, env: Env, job: Wanted) -> Iterator[Reading]:
    every = _snapshots(config, job)
    given = attempts.Evidence(
        own=[one.kept for one in every if belongs(job, one)],
        known=[i for one in every for i in one.kept.ids],
        sources=job.sources,
        log=job.log,
        parse=attempts_of,
        measure=lambda one: one._replace(size=_measured(config, job, one.ids[0])),
    )
    yield from attempts.look(job, "restic", given, env)


def belongs(job: Wanted, snapshot: Snapshot) -> bool:
    """Tell whether a snapshot is one of the job's."""
    return (
        job.host in ("", snapshot.host)
        and snapshot.tags.issuperset(job.tags)
        and (not job.sources or any(plain(source) in (snapshot.kept.paths or ()) for source in job.sources))
    )


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
    kept = Kept(
        ids=(raw["id"], *([raw["original"]] if raw.get("original") else [])),
        paths=frozenset(raw["paths"]),
        end_s=start_s if end_s is None else end_s,
        duration_s=None if end_s is None else end_s - start_s,
        size=summary.get("total_bytes_processed"),
        files=summary.get("total_files_processed"),
    )
    return Snapshot(host=raw.get("hostname", ""), tags=frozenset(raw.get("tags") or ()), kept=kept)


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
            done.append(Attempt("", errors, None, Fault.TOOL_FAILED))
        elif status and (begun or not done or done[-1].status is not None):
            # An exit 0 with nothing before it is that of another command, such as restic forget.
            done += [Attempt("", errors, int(status[1]), Fault.TOOL_FAILED)] if begun or int(status[1]) else []
        elif status:
            done[-1] = _ended(done[-1], int(status[1]))
        elif line.startswith("Warning: at least one source file could not be read") and done and not begun:
            done[-1] = done[-1]._replace(errors=max(1, done[-1].errors), fault=done[-1].fault or Fault.ERRORS)
            continue
        else:
            errors, begun = errors + (kind == "error"), begun or kind in ("status", "verbose_status", "error")
            continue
        errors, begun = 0, False
    return done, begun


def _ended(attempt: Attempt, status: int) -> Attempt:
    """Complete an attempt by restic's exit status: 3 is a snapshot that lacks what could not be read."""
    fault = {0: attempt.fault, 3: attempt.fault or Fault.ERRORS}.get(status, Fault.TOOL_FAILED)
    return attempt._replace(status=status, fault=fault)


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
        copy=str(said.get("snapshot_id") or ""),
        errors=errors,
        status=None,
        fault=Fault.ERRORS if errors else None,
        duration_s=float(duration) if isinstance(duration, int | float) else None,
        size=size if isinstance(size, int) else None,
        files=files if isinstance(files, int) else None,
    )

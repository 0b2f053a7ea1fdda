"""Backups by Borg 1.2 to 1.4: its archives, and the exit status of each attempt in a log of ``borg create``.

An archive alone does not tell that Borg warned (exit status 1: a file changed or could not be read, a source was
missing): that stands in the log. A missing source is seen without one, by looking for each in the archive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from agent import attempts, backup, secret
from agent.attempts import Attempt, Kept, plain
from agent.backup import BackupError, Expected, Fault
from agent.config import between
from agent.reading import Reading
from agent.source import Env
from agent.tool import Finished, ToolError, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Expected):
    """A job: the archives of a repository whose names match the shell pattern ``archives``.

    ``sources`` are the paths given to ``borg create``: each must stand in a good archive. ``log`` holds what
    ``borg create --json`` wrote, both its outputs, then a line ``exit STATUS``, of one or more attempts.
    """

    repository: str
    passphrase_file: Path | None = None
    archives: str = "*"
    sources: tuple[str, ...] = ()
    log: Path | None = None

    def __post_init__(self) -> None:
        Expected.__post_init__(self)
        if not self.repository or self.repository.startswith("-") or "::" in self.repository:
            raise ValueError(f"repository must be a path or ssh:// address without an archive, not {self.repository!r}")
        if self.log is not None and not self.log.is_absolute():
            raise ValueError(f"log must be an absolute path, not {str(self.log)!r}")
        if any(not source.strip("/") for source in self.sources):
            raise ValueError("sources must name folders or files; / itself is told by what lies in it, such as /etc")


@dataclass(frozen=True, slots=True)
class Config:
    """The jobs; ``interval`` and ``timeout`` (of one run of Borg) in seconds.

    ``base`` is a folder of the agent's own for Borg's cache and security records: the one of the backup job would
    be locked while the agent looks, and a backup that began then would fail.
    """

    job: tuple[Wanted, ...] = ()
    interval: int = 900
    timeout: float = 300.0
    tool: str = "borg"
    base: Path = Path("/var/lib/nadi-agent/borg")

    def __post_init__(self) -> None:
        backup.distinct(self.job)
        between("interval", self.interval, 60, 86_400)
        between("timeout", self.timeout, 1, 3600)
        if not self.base.is_absolute():
            raise ValueError(f"base must be an absolute path, not {str(self.base)!r}")


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a job; a repository that does not answer, or a wrong passphrase, hides no other job."""
    yield from backup.each(config.job, partial(_job, config, env))


def _job(config: Config, env: Env, job: Wanted) -> Iterator[Reading]:
    listed = _archives(config, job)
    names = {key: name for key, name, _ in listed}
    given = attempts.Evidence(
        own=[Kept((key,), None, time_s) for key, name, time_s in listed if fnmatchcase(name, job.archives)],
        known=names,
        sources=job.sources,
        log=job.log,
        parse=attempts_of,
        measure=lambda one: _measured(config, job, one.ids[0], names[one.ids[0]]),
    )
    yield from attempts.look(job, "borg", given, env)


def _borg(config: Config, job: Wanted, *arguments: str) -> Finished:
    """Run Borg so that it takes no lock, asks nothing, and tells times in UTC; ToolError."""
    environment = {
        "TZ": "UTC",  # Borg prints local times without a zone
        "BORG_BASE_DIR": str(config.base),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
    }
    if job.passphrase_file is None:
        environment["BORG_PASSPHRASE"] = ""  # else Borg would ask for one
    else:
        # Borg takes the words of this command as they stand, without a shell; a secret stands in no process's list.
        environment["BORG_PASSCOMMAND"] = f"cat {_quoted(secret.private(job.passphrase_file))}"
    done = run((config.tool, "--bypass-lock", *arguments), timeout_s=config.timeout, environment=environment)
    if done.status != 0:
        lines = [line for line in done.errors.decode(errors="replace").splitlines() if line.strip()]
        raise ToolError(f"borg {arguments[0]}: exit status {done.status}: {lines[0][:300] if lines else done.said()}")
    return done


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\"'\"'") + "'"


def _told(done: Finished) -> Any:
    try:
        return json.loads(done.output)
    except ValueError as error:
        raise BackupError(f"borg wrote no JSON ({error}); Borg 1.2 to 1.4 is needed") from error


def _archives(config: Config, job: Wanted) -> list[tuple[str, str, float]]:
    """Return id, name and start of every archive; Borg leaves out the checkpoints of attempts that did not end."""
    found = _told(_borg(config, job, "list", "--json", job.repository))
    try:
        return [(str(one["id"]), str(one["name"]), utc(one["start"])) for one in found["archives"]]
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError(f"borg list wrote another form than that of Borg 1.2 to 1.4: {error!r}") from error


def utc(text: str) -> float:
    """Return the Unix time of a time that Borg printed in the zone UTC, with or without telling it."""
    moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()


@lru_cache(maxsize=256)
def _measured(config: Config, job: Wanted, key: str, name: str) -> Kept:
    """Return what an archive holds; it never changes, and Borg reads its whole list of files for it: only once."""
    place = f"{job.repository}::{name}"
    found = _told(_borg(config, job, "info", "--json", place))
    try:
        (one,) = found["archives"]
        return Kept(
            ids=(key,),
            paths=_present(config, job, place),
            end_s=utc(one["end"]),
            duration_s=float(one["duration"]),
            size=int(one["stats"]["original_size"]),
            files=int(one["stats"]["nfiles"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError(f"borg info wrote another form than that of Borg 1.2 to 1.4: {error!r}") from error


def _present(config: Config, job: Wanted, place: str) -> frozenset[str]:
    """Return the sources that stand in an archive; Borg stores them without the first slash."""
    if not job.sources:
        return frozenset()
    stored = {_stored(source): plain(source) for source in job.sources}
    only = [f"--pattern=+pf:{path}" for path in stored]
    done = _borg(config, job, "list", "--format", "{path}{NUL}", *only, "--pattern=-re:.", place)
    listed = done.output.decode(errors="surrogateescape").split("\0")
    return frozenset(stored[path] for path in listed if path in stored)


def _stored(source: str) -> str:
    return plain(source).lstrip("/").removeprefix("./")


_EXIT = re.compile(r"exit(?: status)?[ :=]+(\d{1,3})")
_ARCHIVE = re.compile(r'"id": "([0-9a-f]{64})"|Archive fingerprint: ([0-9a-f]{64})')


def attempts_of(lines: Iterable[str]) -> tuple[list[Attempt], bool | None]:
    """Return the attempts that the lines of a log tell, each ended by its exit status; pure.

    The archive is the first id that ``--json`` prints, or the fingerprint of ``--stats``.
    """
    done: list[Attempt] = []
    archive, errors = "", 0
    for line in map(str.strip, lines):
        named, status = _ARCHIVE.search(line), _EXIT.fullmatch(line)
        if named and not archive:
            archive = named[1] or named[2]
        if not status:
            errors += "[Errno " in line
            continue
        code = int(status[1])
        # An exit 0 without an archive is that of another command, such as borg prune.
        done += [_attempt(archive, errors, code)] if archive or code else []
        archive, errors = "", 0
    return done, None


def _attempt(archive: str, errors: int, status: int) -> Attempt:
    """Return an attempt by its exit status: 1, and 100 to 127 of Borg 1.4, are warnings."""
    if status == 0:
        return Attempt(archive, 0, 0, None)
    warned = archive and (status == 1 or 100 <= status <= 127)
    return Attempt(archive, max(1, errors), status, Fault.ERRORS if warned else Fault.TOOL_FAILED)

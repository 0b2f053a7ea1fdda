"""Backups of PostgreSQL by pgBackRest: ``pgbackrest info``, and what its own logs tell of attempts and checks.

``info`` has only the backups that were completed; an attempt that failed stands in the log alone. ``verify`` ends with
status 0 and "completed successfully" whatever it found (2.45): only the result that it writes into its log with
``--output=text --verbose`` counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from agent import backup
from agent.backup import BackupError, Expected, Fault, Job, Level
from agent.config import between
from agent.reading import Reading
from agent.source import Env
from agent.tool import ToolError, host_time, run

ENGINE = "pgbackrest"
_LEVELS = {"full": Level.FULL, "diff": Level.DIFFERENTIAL, "incr": Level.INCREMENTAL}
_OK, _NO_STANZA, _NO_BACKUP = (0, 1, 2)
"""Status codes of a stanza in a repository; each of the others means that the repository could not be read well."""
_MOST_LOG = 1 << 20
_STANZA = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_STEP = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d+ P\d+ +[A-Z]+: (?:(?:backup|verify) command "
    r"(?:(?P<begin>begin).*|end: (?P<end>.*))|new backup label = (?P<label>\S+))"
)
_RESULT = re.compile(r"^ +status: (\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Expected):
    """A stanza; ``minimum_bytes`` is of the whole database, ``repository`` a repo key, 0 for all repositories.

    ``config`` is pgBackRest's own file. ``logs`` is its log-path: from there come failed attempts, and the result of
    ``pgbackrest verify --output=text --verbose``, run by cron.
    """

    stanza: str
    config: Path = Path("/etc/pgbackrest.conf")
    repository: int = 0
    logs: Path | None = None

    def __post_init__(self) -> None:
        Expected.__post_init__(self)
        if _STANZA.fullmatch(self.stanza) is None:
            raise ValueError(f"stanza {self.stanza!r} is not letters, digits, '.', '_' or '-'")
        for key in ("config", "logs"):
            path = getattr(self, key)
            if path is not None and not path.is_absolute():
                raise ValueError(f"{key} must be an absolute path, not {str(path)!r}; pgBackRest reads no other")
        if not 0 <= self.repository <= 256:
            raise ValueError(f"repository must be between 0 (all) and 256, not {self.repository}")


@dataclass(frozen=True, slots=True)
class Config:
    """The jobs; ``interval`` and ``timeout`` (of one run of pgbackrest) in seconds."""

    job: tuple[Wanted, ...] = ()
    interval: int = 900
    timeout: float = 60.0
    tool: str = "pgbackrest"

    def __post_init__(self) -> None:
        backup.distinct(self.job)
        between("interval", self.interval, 60, 86_400)
        between("timeout", self.timeout, 1, 600)


class Set(NamedTuple):
    """A backup that was completed: times in Unix seconds, ``size`` of the database and ``saved`` in octets."""

    label: str
    repository: int
    level: Level
    started_s: float
    ended_s: float
    size: int
    saved: int
    needs: frozenset[str]
    damaged: bool
    walled: bool


class Stanza(NamedTuple):
    """What ``info`` tells of a stanza; ``running`` None where this version tells it not."""

    sets: tuple[Set, ...]
    running: bool | None


class Attempt(NamedTuple):
    """A run of ``pgbackrest backup`` or ``verify`` in its log; what is not there is None or empty."""

    ended_s: float | None = None
    done: bool = False
    label: str = ""
    result: str = ""


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a job; a stanza that cannot be asked hides no other."""
    yield from backup.each(config.job, partial(_job, config, env))


def _job(config: Config, env: Env, wanted: Wanted) -> Iterator[Reading]:
    stanza = parsed(_info(config, wanted), wanted)
    wrong, logs = [], {}
    for what in ("backup", "verify"):
        try:
            logs[what] = last_attempt(_tail(wanted, what))
        except (OSError, ValueError) as error:
            wrong.append(f"{what} log of stanza {wanted.stanza}: {error}")
    job = told(wanted, stanza, logs.get("backup"), logs.get("verify"))
    yield from backup.completed(job, wanted, env)
    if wrong:
        raise BackupError("; ".join(wrong))


def _info(config: Config, wanted: Wanted) -> Any:
    quiet = ("--log-level-console=off", "--log-level-file=off", "--log-level-stderr=error")
    argv = (config.tool, f"--config={wanted.config}", f"--stanza={wanted.stanza}", "--output=json", *quiet, "info")
    done = run(argv, timeout_s=config.timeout)
    if done.status != 0:
        lines = done.errors.decode(errors="replace").splitlines()
        said = next((line for line in lines if "ERROR" in line), done.said())
        raise ToolError(f"pgbackrest info: exit status {done.status}: {said[:300]}")
    try:
        return json.loads(done.output)
    except ValueError as error:
        raise BackupError(f"pgbackrest info wrote no JSON ({error})") from error


def parsed(raw: Any, wanted: Wanted) -> Stanza:
    """Return the stanza of ``pgbackrest --output=json info``; BackupError when the repository was not readable."""
    try:
        (stanza,) = (one for one in raw if one["name"] == wanted.stanza)
        repositories = [one for one in stanza["repo"] if wanted.repository in (0, one["key"])]
        if not repositories:
            raise BackupError(f"pgbackrest knows no repo{wanted.repository}; set repository to another, or to 0")
        for one in repositories:
            if one["status"]["code"] not in (_OK, _NO_STANZA, _NO_BACKUP):
                raise BackupError(f"repo{one['key']} of stanza {wanted.stanza}: {one['status']['message']}")
        found = (_set(one, stanza["archive"]) for one in stanza["backup"])
        sets = tuple(one for one in found if wanted.repository in (0, one.repository))
        held = stanza["status"].get("lock", {}).get("backup", {}).get("held")
        return Stanza(sets, held if isinstance(held, bool) else None)
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError(f"pgbackrest info wrote another form than that of 2.45: {error!r}") from error


def _set(raw: Mapping[str, Any], archives: Sequence[Mapping[str, Any]]) -> Set:
    times = raw["timestamp"]
    return Set(
        label=raw["label"],
        repository=raw["database"]["repo-key"],
        level=_LEVELS[raw["type"]],
        started_s=float(times["start"]),
        ended_s=float(times["stop"]),
        size=int(raw["info"]["size"]),
        saved=int(raw["info"]["delta"]),
        needs=frozenset(raw.get("reference") or ()),
        damaged=bool(raw.get("error")),
        walled=_walled(raw, archives),
    )


def _walled(raw: Mapping[str, Any], archives: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the archive reaches over the WAL that a backup needs; one made offline needs none."""
    first, last = raw["archive"]["start"], raw["archive"]["stop"]
    if first is None:
        return True
    own = [one for one in archives if one["database"] == raw["database"]]
    return any(one["min"] is not None and one["min"] <= first and last <= one["max"] for one in own)


def judged(wanted: Wanted, sets: Sequence[Set]) -> list[tuple[Set, Fault | None]]:
    """Return the backups, the oldest first, with what is wrong with each; pure.

    One is not judged by the size of the one before it in another repository.
    """
    found: list[tuple[Set, Fault | None]] = []
    before: dict[int, int] = {}
    good: set[tuple[int, str]] = set()
    for one in sorted(sets, key=lambda one: one.ended_s):
        fault = Fault.DAMAGED if one.damaged else None
        whole = one.walled and all((one.repository, label) in good for label in one.needs)
        fault = fault or (None if whole else Fault.COPY_GONE)
        fault = fault or wanted.fault(size_bytes=one.size, files=None, before_bytes=before.get(one.repository))
        if fault is None:
            before[one.repository] = one.size
            good.add((one.repository, one.label))
        found.append((one, fault))
    return found


def told(wanted: Wanted, stanza: Stanza, attempt: Attempt | None, check: Attempt | None) -> Job:
    """Return the job by its backups, the newest attempt of its log and the newest check; pure."""
    sets = judged(wanted, stanza.sets)
    good = [one for one, fault in sets if fault is None]
    job = Job(
        job=wanted.name,
        engine=ENGINE,
        running=stanza.running,
        copies=len(good),
        last_success_timestamp_seconds=max((one.ended_s for one in good), default=None),
        last_full_timestamp_seconds=max((one.ended_s for one in good if one.level == Level.FULL), default=None),
    )
    job = replace(job, last_ok=False, fault=Fault.NONE_FOUND) if not sets else _newest(job, *sets[-1])
    job = _with_attempt(job, stanza, attempt)
    if check is None or not check.done or not check.result:
        return job
    if check.result == "ok":
        return replace(job, last_verified_timestamp_seconds=check.ended_s)
    return replace(job, last_ok=False, fault=job.fault or Fault.DAMAGED)


def _newest(job: Job, newest: Set, fault: Fault | None) -> Job:
    return replace(
        job,
        last_run_timestamp_seconds=newest.ended_s,
        last_ok=fault is None,
        fault=fault,
        level=newest.level,
        last_duration_seconds=newest.ended_s - newest.started_s,
        last_size_bytes=newest.saved,
    )


def _with_attempt(job: Job, stanza: Stanza, attempt: Attempt | None) -> Job:
    """Return the job with an attempt that left no backup; one that has begun and not ended may be under way."""
    if attempt is None or (attempt.ended_s is None and stanza.running is not False):
        return job
    if attempt.done and (not attempt.label or attempt.label in {one.label for one in stanza.sets}):
        return job
    if (attempt.ended_s or 0.0) < (job.last_run_timestamp_seconds or 0.0) and attempt.ended_s is not None:
        return job
    lost = Job(job=job.job, engine=job.engine, last_ok=False, last_run_timestamp_seconds=attempt.ended_s)
    return replace(
        lost,
        fault=Fault.COPY_GONE if attempt.done else Fault.TOOL_FAILED,
        running=job.running,
        copies=job.copies,
        last_success_timestamp_seconds=job.last_success_timestamp_seconds,
        last_full_timestamp_seconds=job.last_full_timestamp_seconds,
    )


def _tail(wanted: Wanted, what: str) -> str:
    """Return the end of a log of pgBackRest; empty where there is none yet, or it was just rotated."""
    if wanted.logs is None:
        return ""
    try:
        with (wanted.logs / f"{wanted.stanza}-{what}.log").open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _MOST_LOG))
            return file.read(_MOST_LOG).decode("utf-8", errors="replace")
    except FileNotFoundError:
        if not wanted.logs.is_dir():
            raise
        return ""


def last_attempt(text: str) -> Attempt | None:
    """Return the newest run that a log tells of, None where it tells of none; its times are local; pure."""
    found: Attempt | None = None
    for line in text.splitlines():
        step, result = _STEP.fullmatch(line), _RESULT.match(line)
        if step and step["begin"]:
            found = Attempt()
        elif found and step and step["label"]:
            found = found._replace(label=step["label"])
        elif found and step and step["end"]:
            done = step["end"].startswith("completed successfully")
            found = found._replace(ended_s=host_time(step["time"]), done=done)
        elif found and result and not found.result:
            found = found._replace(result=result[1])
    return found

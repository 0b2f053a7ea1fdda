"""Backups of Proxmox guests by vzdump: what its logs tell of each guest, and whether the archive is there.

Every copy is full. Forms of PVE 6 to 8 (PVE/VZDump.pm); times in the logs are local and without a zone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from agent import backup
from agent.backup import BackupError, Expected, Fault, Job, Level
from agent.config import between
from agent.reading import Reading
from agent.source import Env
from agent.tool import host_time

ENGINE = "vzdump"
_MOST_ENTRIES = 50_000
_MOST_OCTETS = 4 << 20
_UPID = re.compile(
    r"UPID:[^:]+:(?P<pid>[0-9A-F]{8}):(?P<since>[0-9A-F]{8,}):(?P<start>[0-9A-F]{8}):vzdump:(?P<guest>[^:]*):[^:]+:"
)
_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_LINE = re.compile(rf"(?:(?P<time>{_TIME}) )?(?P<word>INFO|WARN|ERROR|TASK ERROR): ?(?P<text>.*)")
_STARTING = re.compile(r"Starting Backup of VM (\d+) \(\w+\)")
_MOMENT = re.compile(rf"(Backup started|Backup finished|Failed) at ({_TIME})")
_FINISHED = re.compile(r"Finished Backup of VM (\d+) \((\d+):(\d\d):(\d\d)\)")
_FAILED = re.compile(r"Backup of VM (\d+) failed - .*")
_ARCHIVE = re.compile(r"creating (?:vzdump )?archive '(/[^']+)'|creating Proxmox Backup Server archive '[^']+'")
_SIZE = re.compile(r"archive file size: (\d+(?:\.\d\d)?)(B|KB|MB|GB|TB)")
_DISK = re.compile(r"include disk '([^']+)'.*|including mount point (\S+) \(.*\) in backup")
_JOB = re.compile(r"starting new backup job: vzdump (.*)")
_ELSEWHERE = re.compile(r"skip external VMs: ([\d, ]+)")
_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Expected):
    """A guest by its number; ``disks`` must be in a good copy (``scsi0``, or of a container ``rootfs``)."""

    guest: int
    disks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Expected.__post_init__(self)
        if not 100 <= self.guest <= 999_999_999:
            raise ValueError(f"guest must be a number of a VM or container, 100 or more, not {self.guest}")


@dataclass(frozen=True, slots=True)
class Config:
    """The guests, where the node's logs are, ``interval`` in seconds.

    The newest ``logs`` task logs are read: they must reach back to the last good copy. ``archives`` looks for the
    archive that a log names; not for those on a Proxmox Backup Server, of which no log tells a file.
    """

    job: tuple[Wanted, ...] = ()
    interval: int = 900
    tasks: Path = Path("/var/log/pve/tasks")
    guests: Path = Path("/var/log/vzdump")
    logs: int = 60
    archives: bool = True

    def __post_init__(self) -> None:
        backup.distinct(self.job)
        between("interval", self.interval, 60, 86_400)
        between("logs", self.logs, 1, 1000)
        for key in ("tasks", "guests"):
            if not getattr(self, key).is_absolute():
                raise ValueError(f"{key} must be an absolute path, not {str(getattr(self, key))!r}")


class Attempt(NamedTuple):
    """A backup of a guest: times in Unix seconds, None while not known; ``size`` as the log rounds it, in octets.

    ``step`` is what the size is rounded to. ``over`` tells that nothing more will be said of it.
    """

    guest: int
    started_s: float | None = None
    ended_s: float | None = None
    finished: bool = False
    over: bool = False
    errors: int = 0
    duration_s: float | None = None
    size: int | None = None
    step: int = 0
    archive: str = ""
    disks: frozenset[str] = frozenset()

    def fault(self, wanted: Wanted) -> Fault | None:
        """Return what the log says is wrong with it."""
        if not self.finished:
            return Fault.TOOL_FAILED
        if self.errors:
            return Fault.ERRORS
        if not self.disks.issuperset(wanted.disks):
            return Fault.SOURCE_MISSING
        if self.archive and self.size is None:
            return Fault.TOO_SMALL  # a file whose size vzdump does not tell has none
        return None


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a guest; BackupError when no log can be read."""
    if config.job:
        found = list(_logged(config))
        yield from backup.each(config.job, partial(_job, config, env, found))


def _logged(config: Config) -> Iterator[Attempt]:
    """Yield the attempts of the task logs."""
    for path, named in _task_logs(config):
        text, written_s = _text(path)
        alone = int(named["guest"]) if named["guest"].isdecimal() else None
        yield from attempts(text, ended_s=None if _alive(named) else written_s, alone=alone)


def _task_logs(config: Config) -> list[tuple[Path, re.Match[str]]]:
    """Return the newest task logs of vzdump; their names tell when they began (PVE/UPID.pm)."""
    try:
        folders = [one.path for one in os.scandir(config.tasks) if one.is_dir() and len(one.name) == 1]
    except OSError as error:
        raise BackupError(
            f"{config.tasks}: the task logs cannot be read: {error.strerror}; this is for the Proxmox node itself"
        ) from error
    entries = (entry for folder in folders for entry in os.scandir(folder))
    found = [(Path(e.path), m) for e in islice(entries, _MOST_ENTRIES) if (m := _UPID.fullmatch(e.name))]
    return sorted(found, key=lambda one: one[1]["start"])[-config.logs :]


def _alive(upid: re.Match[str]) -> bool:
    """Tell whether the process of a task still runs: its number, and its start in clock ticks (proc(5), stat)."""
    try:
        stat = Path(f"/proc/{int(upid['pid'], 16)}/stat").read_bytes()
    except OSError:
        return False
    return int(stat.rpartition(b")")[2].split()[19]) == int(upid["since"], 16)


def _text(path: Path) -> tuple[str, float]:
    """Return the end of a log, and when it was last written to."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            file.seek(max(0, status.st_size - _MOST_OCTETS))
            return file.read(_MOST_OCTETS).decode("utf-8", errors="replace"), status.st_mtime
    except OSError as error:
        raise BackupError(f"{path}: the log cannot be read: {error.strerror}") from error


def attempts(text: str, *, ended_s: float | None, alone: int | None = None) -> Iterator[Attempt]:
    """Yield the attempts of a log; ``ended_s`` is when its task ended, None while it runs; pure.

    A job that failed before it came to a guest of its list is a failed attempt of that guest, at ``ended_s``;
    ``alone`` is the guest of a task that has only one.
    """
    now: Attempt | None = None
    due = {alone} if alone else set[int]()
    lost = False
    for line in text.splitlines():
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            continue
        said, starting = match["text"], _STARTING.fullmatch(match["text"])
        lost = (
            lost or match["word"] == "TASK ERROR" or (match["word"] == "ERROR" and said.startswith("Backup job failed"))
        )
        if job := _JOB.fullmatch(said):
            due |= {int(word) for word in job[1].split(" --")[0].split() if word.isdecimal()}
        elif elsewhere := _ELSEWHERE.fullmatch(said):
            due -= {int(word) for word in elsewhere[1].replace(",", " ").split()}
        elif starting:
            if now is not None:
                yield now._replace(over=True)
            now = Attempt(int(starting[1]))
            due.discard(now.guest)
        if now is not None:
            now = _heard(now, match["word"], said, match["time"])
    if now is not None:
        yield now._replace(over=now.over or ended_s is not None)
    if lost and ended_s is not None:
        yield from (Attempt(guest, ended_s=ended_s, over=True) for guest in sorted(due))


def _heard(now: Attempt, word: str, said: str, time: str | None) -> Attempt:
    """Return the attempt with what one line of its log tells."""
    moment, finished = _MOMENT.fullmatch(said), _FINISHED.fullmatch(said)
    clock = host_time(time) if time else None
    if time and now.started_s is None:
        now = now._replace(started_s=clock)
    if moment and moment[1] == "Backup started":
        return now._replace(started_s=host_time(moment[2]))
    if moment:
        return now._replace(ended_s=host_time(moment[2]), over=True)
    if finished and int(finished[1]) == now.guest:
        hours, minutes, seconds = map(int, finished.groups()[1:])
        spent = hours * 3600 + minutes * 60 + seconds
        return now._replace(finished=True, over=True, duration_s=float(spent), ended_s=clock)
    if now.over:
        return now  # what follows is of the job, or of its notes and mails
    if word == "ERROR" and _FAILED.fullmatch(said):
        return now._replace(over=True, errors=now.errors + 1, ended_s=clock)
    return now._replace(errors=now.errors + 1) if word == "ERROR" else _saved(now, said)


def _saved(now: Attempt, said: str) -> Attempt:
    if archive := _ARCHIVE.fullmatch(said):
        return now._replace(archive=archive[1] or "")
    if size := _SIZE.fullmatch(said):
        unit = _UNITS[size[2]]
        step = unit // 100 + 1 if "." in size[1] else unit
        return now._replace(size=int(float(size[1]) * unit), step=step)
    if disk := _DISK.fullmatch(said):
        return now._replace(disks=now.disks | {disk[1] or disk[2]})
    return now


def _job(config: Config, env: Env, logged: Iterable[Attempt], wanted: Wanted) -> Iterator[Reading]:
    own = [one for one in logged if one.guest == wanted.guest]
    newest = max((one.started_s or one.ended_s or 0.0 for one in own), default=0.0)
    for kind in ("qemu", "lxc"):
        path = config.guests / f"{kind}-{wanted.guest}.log"
        if path.is_file():
            text, written_s = _text(path)
            # The guest's own log repeats its newest task, or is all there is where the task logs have been removed.
            extra = attempts(text, ended_s=written_s)
            own += [one for one in extra if one.finished and (one.started_s or 0.0) > newest + 60]
    yield from backup.completed(told(wanted, own, present=_present if config.archives else None), wanted, env)


def _present(attempt: Attempt) -> Fault | None:
    """Return what is wrong with the archive; nothing is said of one whose storage is not mounted now."""
    path = Path(attempt.archive)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return Fault.COPY_GONE if path.parent.is_dir() and any(path.parent.iterdir()) else None
    except OSError:
        return None
    return Fault.DAMAGED if attempt.size is None or abs(size - attempt.size) > attempt.step else None


def told(wanted: Wanted, own: Iterable[Attempt], *, present: Callable[[Attempt], Fault | None] | None) -> Job:
    """Return the job by the attempts of its guest; ``present`` looks for the archive of a good one."""
    job = Job(job=wanted.name, engine=ENGINE, level=Level.FULL, running=False)
    last: Attempt | None = None
    fault: Fault | None = None
    before: int | None = None
    for one in sorted(own, key=lambda one: one.started_s or one.ended_s or 0.0):
        if not one.over:
            job = replace(job, running=True)
            continue
        last, fault = one, _judged(wanted, one, before)
        job = replace(job, running=False)
        if fault is None:
            before = one.size
            fault = present(one) if present is not None and one.archive else None
        if fault is None:
            job = replace(job, last_success_timestamp_seconds=_end(one), last_full_timestamp_seconds=_end(one))
    if last is None:
        return job if job.running else replace(job, last_ok=False, fault=Fault.NONE_FOUND, level=None)
    return replace(
        job,
        last_run_timestamp_seconds=_end(last),
        last_ok=fault is None,
        fault=fault,
        last_duration_seconds=last.duration_s,
        last_size_bytes=last.size,
        last_errors=last.errors if last.finished else None,
    )


def _judged(wanted: Wanted, one: Attempt, before: int | None) -> Fault | None:
    found = one.fault(wanted)
    return found or wanted.fault(size_bytes=one.size, files=None, before_bytes=before)


def _end(one: Attempt) -> float | None:
    """Return when an attempt ended; PVE 5 tells only how long it took."""
    if one.ended_s is None and one.started_s is not None and one.duration_s is not None:
        return one.started_s + one.duration_s
    return one.ended_s

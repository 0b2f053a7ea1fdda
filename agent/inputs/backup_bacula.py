"""Backups by Bacula: what its catalogue tells of each job, and on which volumes the newest full copies lie.

Status T alone proves nothing: an attempt that saved no file, or could not read a source, ends with T as well. A job
whose volume was purged leaves the catalogue with it, so what is told here can be restored by the catalogue's word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from agent import backup
from agent.backup import BackupError, Copy, Expected, Fault, Job, Level
from agent.bacula import Catalogue, Record, Volume
from agent.config import between
from agent.reading import Reading
from agent.source import Env
from agent.tool import SaidTooMuch

ENGINE = "bacula"
_ENDED = frozenset("TWEefADI")
"""Every other status is that of a job that waits or runs (Bacula, jcr.h)."""
_LEVELS = {"F": Level.FULL, "D": Level.DIFFERENTIAL, "I": Level.INCREMENTAL}
_READABLE = frozenset({"Append", "Full", "Used", "Read-Only", "Archive", "Busy"})
_MOST_TESTS = 10
_MOST_SUCCESSES = 4
_MOST_FULLS = 64
_READS_VOLUMES = frozenset("OA")
"""Levels of verify jobs that read the copy: VolumeToCatalog and Data. The others look at the client."""
_TESTED = re.compile(r"JobId \d+: (?:Restoring files from JobId\(s\) |Verifying against JobId=)([\d,]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Expected):
    """A job by its name in the director's configuration; the minima are those of a full copy.

    An incremental needs a file, unless ``minimum_files`` is 0. ``sources`` are files of its FileSet: the log of an
    attempt with errors is searched for them. A restore or a verify job tests the job whose number stands in its log;
    each run of ``restore_jobs`` tests it also when that number has left the catalogue.
    """

    sources: tuple[str, ...] = ()
    restore_jobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The jobs, and how the director is asked; ``interval`` and ``timeout`` (of one question) in seconds.

    ``console`` configures bconsole. ``attempts`` of a job are looked at: they must reach back to its last full copy.
    A tape is a volume of a media type or a pool that is named here. What is off site is told by pools, by numbers of
    locations or, where tapes leave the changer only for the vault, ``offsite_when_out_of_changer``; else unknown.
    """

    job: tuple[Wanted, ...] = ()
    console: Path = Path("/etc/nadi/bconsole.conf")
    interval: int = 900
    timeout: float = 30.0
    tool: str = "bconsole"
    attempts: int = 500
    tape_media_types: tuple[str, ...] = field(default=("LTO*", "DLT*", "DDS*"))
    tape_pools: tuple[str, ...] = ()
    offsite_pools: tuple[str, ...] = ()
    offsite_locations: tuple[int, ...] = ()
    offsite_when_out_of_changer: bool = False

    def __post_init__(self) -> None:
        backup.distinct(self.job)
        between("interval", self.interval, 60, 86_400)
        between("timeout", self.timeout, 1, 600)
        between("attempts", self.attempts, 10, 10_000)

    def on_tape(self, volume: Volume) -> bool:
        """Tell whether a volume is a tape."""
        return volume.pool in self.tape_pools or any(fnmatchcase(volume.media_type, p) for p in self.tape_media_types)

    def offsite(self, volume: Volume) -> bool | None:
        """Tell whether a volume lies off site; None where no rule is configured."""
        if not (self.offsite_pools or self.offsite_locations or self.offsite_when_out_of_changer):
            return None
        out = self.offsite_when_out_of_changer and self.on_tape(volume) and not volume.in_changer
        return out or volume.pool in self.offsite_pools or volume.location in self.offsite_locations


class Tested(NamedTuple):
    """A restore or verify job that ended, the numbers of the jobs whose data it read, and whether that is damaged."""

    record: Record
    numbers: frozenset[int]
    damaged: bool

    def passed(self) -> bool | None:
        """Tell whether it read the data well; None where it read nothing or was ended by hand."""
        if self.record.status == "A" or (self.record.status == "T" and not self.record.files):
            return None
        return self.record.status == "T" and not self.record.errors


class Held(NamedTuple):
    """On which volumes the data of jobs lie, by job number, and these volumes by name."""

    names: Mapping[int, set[str]]
    volumes: Mapping[str, Volume]

    def of(self, record: Record) -> list[Volume]:
        """Return the volumes of a job that the catalogue has, by name."""
        return [self.volumes[name] for name in sorted(self.names.get(record.number, ())) if name in self.volumes]

    def usable(self, record: Record) -> bool:
        """Tell whether every volume of a job can be read, by the catalogue's word; a job without files needs none."""
        found = self.of(record)
        whole = len(found) == len(self.names.get(record.number, ())) > 0
        return not record.files or (whole and all(volume.status in _READABLE for volume in found))


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading a job, and one a volume of its newest full copies; what fails for a job hides no other."""
    catalogue = Catalogue(config.tool, config.console, config.timeout)
    if config.job:
        ended = (one for one in catalogue.of_kinds("RV", _MOST_TESTS) if one.status in _ENDED)
        tests = [_tested(catalogue, one) for one in ended if one.kind == "R" or one.level in _READS_VOLUMES]
        yield from backup.each(config.job, partial(_job, config, catalogue, tests, env))


@lru_cache(maxsize=4 * _MOST_TESTS)
def _tested(catalogue: Catalogue, record: Record) -> Tested:
    """Return what a job that ended tested; its log does not change any more, so each is asked for once."""
    try:
        return tested(record, catalogue.log(record.number))
    except SaidTooMuch:
        return tested(record, "")  # it names every file restored; what it tested is unknown


def tested(record: Record, log: str) -> Tested:
    """Return what a restore or verify job tested, by its log; an error that is not the data's is no damage; pure."""
    found = _TESTED.search(log)
    numbers = frozenset(map(int, filter(None, found[1].split(",")))) if found else frozenset[int]()
    damaged = record.kind == "V" and (record.status == "D" or "Volume data error" in log)
    return Tested(record, numbers, damaged)


def _job(config: Config, catalogue: Catalogue, tests: Sequence[Tested], env: Env, wanted: Wanted) -> Iterator[Reading]:
    records = catalogue.jobs(wanted.name, config.attempts)
    attempts = judged(wanted, records)
    good = [record for record, fault in attempts if fault is None]
    fulls = _fulls(records, good)
    asked = [*(record for record, _ in attempts[:1]), *good[:_MOST_SUCCESSES], *fulls[:_MOST_FULLS]]
    asked += [copy for record in good[:_MOST_SUCCESSES] for copy in _copies(records, record)]
    names = catalogue.volume_names(sorted({record.number for record in asked}))
    held = Held(names, catalogue.volumes(sorted(set().union(*names.values()))))
    job = _with_tests(_told(wanted, records, attempts, fulls, held), wanted, records, tests)
    if job.fault in (Fault.ERRORS, Fault.NO_FILES) and _source_missing(wanted, catalogue, attempts[0][0]):
        job = replace(job, fault=Fault.SOURCE_MISSING)
    yield from (backup.told(copy, env) for copy in _copies_told(config, wanted, fulls[:_MOST_FULLS], held))
    yield from backup.completed(job, wanted, env)
    if not fulls and len(records) >= config.attempts:
        raise BackupError(f"no good full copy among the newest {config.attempts} attempts; set attempts to more")


def judged(wanted: Wanted, records: Iterable[Record]) -> list[tuple[Record, Fault | None]]:
    """Return the attempts that ended, the newest first, with what is wrong with each by its own numbers; pure."""
    ended = [one for one in records if one.kind == "B" and one.status in _ENDED]
    before: int | None = None
    found: list[tuple[Record, Fault | None]] = []
    for one in sorted(ended, key=lambda one: (one.ended_s or one.started_s or 0.0, one.number)):
        fault = _fault(wanted, one, before)
        before = one.size if fault is None and one.level == "F" else before
        found.append((one, fault))
    return found[::-1]


def _fault(wanted: Wanted, one: Record, before: int | None) -> Fault | None:
    if one.status not in "TW":
        return Fault.TOOL_FAILED
    if one.errors or one.status == "W":
        return Fault.ERRORS if one.files else Fault.NO_FILES
    if one.level == "F":
        return wanted.fault(size_bytes=one.size, files=one.files, before_bytes=before)
    return Fault.NO_FILES if wanted.minimum_files and not one.files else None


def _copies(records: Iterable[Record], of: Record) -> list[Record]:
    """Return the copies that a copy job made of a job; when the job goes, Bacula makes one of them a job."""
    return [one for one in records if one.kind == "C" and one.prior == of.number and one.status == "T" and one.files]


def _fulls(records: Iterable[Record], good: Iterable[Record]) -> list[Record]:
    """Return the good full copies, the newest first: attempts, and what copy jobs made of them."""
    fulls = [one for one in good if one.level == "F"]
    return [one for full in fulls for one in (full, *_copies(records, full))]


def _told(
    wanted: Wanted,
    records: Sequence[Record],
    attempts: Sequence[tuple[Record, Fault | None]],
    fulls: Sequence[Record],
    held: Held,
) -> Job:
    """Return the job by its records and by what can still be read of them; pure."""
    job = Job(job=wanted.name, engine=ENGINE)
    kept = [one for one in fulls[:_MOST_FULLS] if held.usable(one)]
    good = [one for one, fault in attempts if fault is None][:_MOST_SUCCESSES]
    saved = [one for one in good if any(held.usable(each) for each in (one, *_copies(records, one)))]
    last, fault = attempts[0] if attempts else (None, None)
    begun = (one.started_s for one in records if one.kind == "B" and one.status not in _ENDED)
    since = (last.ended_s if last else None) or 0.0
    job = replace(
        job,
        last_success_timestamp_seconds=next((one.ended_s for one in saved), None),
        last_full_timestamp_seconds=next((one.ended_s for one in kept), None),
        running=any(start is not None and start >= since for start in begun),
        copies=len(kept) if len(fulls) <= _MOST_FULLS else None,
    )
    if last is None:
        return job if job.running else replace(job, last_ok=False, fault=Fault.NONE_FOUND)
    fault = fault or (None if last in saved else Fault.COPY_GONE)
    timed = last.started_s is not None and last.ended_s is not None and last.ended_s >= last.started_s
    return replace(
        job,
        last_run_timestamp_seconds=last.ended_s,
        last_ok=fault is None,
        fault=fault,
        level=_LEVELS.get(last.level),
        last_duration_seconds=last.ended_s - last.started_s if timed else None,  # type: ignore[operator]
        last_size_bytes=last.size,
        last_files=last.files,
        last_errors=last.errors,
    )


def _with_tests(job: Job, wanted: Wanted, records: Iterable[Record], tests: Iterable[Tested]) -> Job:
    """Return the job with its newest restore test, and its newest verification when no later one failed; pure."""
    numbers = {one.number for one in records}
    for test in sorted(tests, key=lambda test: test.record.ended_s or 0.0):
        record, passed = test.record, test.passed()
        if passed is None or not (numbers & test.numbers or record.name in wanted.restore_jobs):
            continue
        if record.kind == "R":
            job = replace(job, last_restore_test_timestamp_seconds=record.ended_s, restore_test_passed=passed)
        elif passed:
            job = replace(job, last_verified_timestamp_seconds=record.ended_s)
        elif test.damaged:
            job = replace(job, last_verified_timestamp_seconds=None, last_ok=False, fault=job.fault or Fault.DAMAGED)
    return job


def _source_missing(wanted: Wanted, catalogue: Catalogue, last: Record) -> bool:
    if not wanted.sources:
        return False
    try:
        log = catalogue.log(last.number)
    except SaidTooMuch:
        return False
    failed = [line for line in log.splitlines() if "Could not stat" in line or "Could not access" in line]
    return any(f'"{source}"' in line for source in wanted.sources for line in failed)


def _copies_told(config: Config, wanted: Wanted, fulls: Iterable[Record], held: Held) -> Iterator[Copy]:
    """Yield the newest full copy of each volume; a copy on several is a tape, off site, usable when all of them are."""
    seen: set[str] = set()
    for full in fulls:
        volumes = held.of(full)
        usable = held.usable(full)
        away = [config.offsite(volume) for volume in volumes]
        for volume in volumes:
            if volume.name in seen or len(seen) >= backup.MOST_COPIES:
                continue
            seen.add(volume.name)
            yield Copy(
                job=wanted.name,
                engine=ENGINE,
                volume=volume.name,
                pool=volume.pool,
                slot=str(volume.slot) if volume.in_changer and volume.slot else "",
                copy_timestamp_seconds=full.ended_s,
                copy_size_bytes=full.size,
                copy_on_tape=all(map(config.on_tape, volumes)),
                copy_offsite=None if None in away else all(away),
                copy_usable=usable,
            )

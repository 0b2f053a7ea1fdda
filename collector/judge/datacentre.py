"""The data centre over a month, or as it stands now (pure): every row of chapter X and what is found in it.

Times are UTC milliseconds. A month is closed at its end, or at ``end_ms`` of a month to date; what came later plays
no part, what came late does. The types of the rows stand in ``judge/rows.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from agent.clock import Month
from collector.inventory import Server
from collector.judge.allocation import Finding
from collector.judge.backups import backup_row
from collector.judge.equipment import availability_row, generator_row, sensor_row, ups_row
from collector.judge.rows import (
    AvailabilityRow,
    BackupRow,
    GeneratorRow,
    SensorRow,
    ServerRow,
    UpsRow,
)
from collector.judge.servers import Around, Since, server_row
from collector.judge.shortcomings import Found, shortcomings
from collector.judge.told import (
    BackupTold,
    DeviceTold,
    GeneratorTold,
    PowerNote,
    SensorTold,
    UpsTold,
    controller_words,
    switch_words,
)
from collector.measure.supply import LOGGED, LogLine, PowerEvent, Supply, power_events

__all__ = ["Case", "DataCentreMonth", "DataCentreNow", "PowerNote", "at_present", "failures_of", "over_month"]


@dataclass(frozen=True, slots=True)
class DataCentreMonth:
    """Chapter X of a month; rows in order of code, events and notes in order of time.

    ``lines`` are the findings of lines measured at both ends (``judge/reconcile.py``), over the whole days looked at.
    """

    month: Month
    start_ms: int
    end_ms: int
    ups: tuple[UpsRow, ...]
    events: tuple[PowerEvent, ...]
    generators: tuple[GeneratorRow, ...]
    sensors: tuple[SensorRow, ...]
    backups: tuple[BackupRow, ...]
    servers: tuple[ServerRow, ...]
    availability: tuple[AvailabilityRow, ...]
    findings: tuple[Finding, ...]
    notes: tuple[PowerNote, ...]
    lines: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ups or self.events or self.generators or self.sensors or self.backups or self.servers)


@dataclass(frozen=True, slots=True)
class DataCentreNow:
    """The data centre at ``at_ms``, by the readings since ``start_ms``; events are those of that time."""

    at_ms: int
    start_ms: int
    ups: tuple[UpsRow, ...]
    events: tuple[PowerEvent, ...]
    generators: tuple[GeneratorRow, ...]
    backups: tuple[BackupRow, ...]
    servers: tuple[ServerRow, ...]
    findings: tuple[Finding, ...]
    notes: tuple[PowerNote, ...]

    def __bool__(self) -> bool:
        return bool(self.ups or self.generators or self.backups or self.servers)


@dataclass(frozen=True, slots=True)
class Case:
    """All that the data centre is judged by, over ``[start_ms, end_ms)``; ``today`` is the local date at its end.

    servers    each with its device's name and site
    installed  when a UPS's battery was put in, by the register
    history    power failures of the year before ``start_ms``
    notes      the manual log up to the end, of the year before too
    since      since when the register says what it says of a server
    """

    start_ms: int
    end_ms: int
    today: date
    servers: Sequence[tuple[Server, str, str]] = ()
    ups: Sequence[UpsTold] = ()
    sensors: Sequence[SensorTold] = ()
    generators: Sequence[GeneratorTold] = ()
    backups: Sequence[BackupTold] = ()
    devices: Sequence[DeviceTold] = ()
    installed: Mapping[str, int] | None = None
    history: Sequence[PowerEvent] = ()
    notes: Sequence[PowerNote] = ()
    since: Since | None = None


@dataclass(frozen=True, slots=True)
class _Rows:
    ups: tuple[UpsRow, ...]
    events: tuple[PowerEvent, ...]
    generators: tuple[GeneratorRow, ...]
    backups: tuple[BackupRow, ...]
    servers: tuple[ServerRow, ...]
    findings: tuple[Finding, ...]
    notes: tuple[PowerNote, ...]


def over_month(case: Case, month: Month, lines: tuple[Finding, ...] = ()) -> DataCentreMonth:
    """Judge a month; ``lines`` are the findings of lines measured at both ends."""
    rows = _rows(case)
    when = {"start_ms": case.start_ms, "end_ms": case.end_ms}
    return DataCentreMonth(
        month=month,
        start_ms=case.start_ms,
        end_ms=case.end_ms,
        ups=rows.ups,
        events=rows.events,
        generators=rows.generators,
        sensors=tuple(sensor_row(item, **when) for item in case.sensors),
        backups=rows.backups,
        servers=rows.servers,
        availability=tuple(availability_row(item, **when) for item in case.devices),
        findings=rows.findings,
        notes=rows.notes,
        lines=lines,
    )


def at_present(case: Case) -> DataCentreNow:
    """Judge the data centre as it stands at the end of the time looked at."""
    rows = _rows(case)
    return DataCentreNow(
        at_ms=case.end_ms,
        start_ms=case.start_ms,
        ups=rows.ups,
        events=rows.events,
        generators=rows.generators,
        backups=rows.backups,
        servers=rows.servers,
        findings=rows.findings,
        notes=rows.notes,
    )


def _rows(case: Case) -> _Rows:
    when = {"start_ms": case.start_ms, "end_ms": case.end_ms}
    installed = case.installed or {}
    ups = tuple(ups_row(item, **when, installed_ms=installed.get(item.ups.code)) for item in case.ups)
    events = failures_of(case)
    generators = tuple(_generator(item, case, events) for item in case.generators)
    backups = tuple(backup_row(item, at_ms=case.end_ms) for item in case.backups)
    around = Around(
        ups={row.ups.code: row for row in ups},
        generators={row.generator.code: row for row in generators},
        backups=backups,
        since=case.since or {},
        at_ms=case.end_ms,
    )
    servers = tuple(server_row(server, name, site, around) for server, name, site in case.servers)
    found = Found(
        ups=ups,
        events=events,
        generators=generators,
        backups=backups,
        servers=servers,
        since=around.since,
        start_ms=case.start_ms,
        at_ms=case.end_ms,
        today=case.today,
    )
    notes = tuple(note for note in case.notes if case.start_ms <= note.at_ms < case.end_ms)
    return _Rows(ups, events, generators, backups, servers, shortcomings(found), notes)


def _generator(item: GeneratorTold, case: Case, events: Sequence[PowerEvent]) -> GeneratorRow:
    code = item.generator.code
    return generator_row(
        item,
        [one for one in events if one.supply == code],
        [one for one in case.history if one.supply == code],
        _notes_of(case, code),
        start_ms=case.start_ms,
        end_ms=case.end_ms,
    )


def _notes_of(case: Case, code: str) -> list[PowerNote]:
    """Return the entries of a generator: those that name it, and those that name none where it is the only one."""
    alone = len(case.generators) == 1
    return [note for note in case.notes if note.object == code or (alone and not note.object)]


def failures_of(case: Case) -> tuple[PowerEvent, ...]:
    """Return the power failures that begin in the time looked at, in order."""
    found = [
        event
        for supply in _supplies(case)
        for event in power_events(supply, start_ms=case.start_ms, end_ms=case.end_ms)
    ]
    return tuple(sorted(found, key=lambda event: (event.start.high_ms or 0, event.supply)))


def _supplies(case: Case) -> list[Supply]:
    """Return each generator with what stands before it, and each UPS that has none behind it."""
    behind = {item.generator.code for item in case.generators}
    made = []
    for item in case.generators:
        words = [switch_words(item.switch), controller_words(item.controller)]
        made.append(
            Supply(
                code=item.generator.code,
                generator=True,
                ups=tuple(one.words for one in case.ups if one.ups.generator == item.generator.code),
                switches=tuple(one for one in words if len(one.time_ms)),
                log=_log(_notes_of(case, item.generator.code)),
            )
        )
    alone = [one for one in case.ups if one.ups.generator not in behind]
    made += [Supply(code=one.ups.code, generator=False, ups=(one.words,)) for one in alone]
    if not case.generators and case.notes:
        made.append(Supply(code="", generator=False, ups=(), log=_log(case.notes)))
    return made


def _log(notes: Sequence[PowerNote]) -> tuple[LogLine, ...]:
    return tuple(LogLine(kind, note.at_ms) for note in notes for kind in LOGGED if note.kind == kind)

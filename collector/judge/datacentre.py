"""The data centre over a month, or as it stands now (pure): every row of chapter X and what is found in it.

Times are UTC milliseconds. A month is closed at its end, or at ``end_ms`` of a month to date; what came later plays
no part, what came late does. The types of the rows stand in ``judge/rows.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.clock import Month
from collector.judge.allocation import Finding
from collector.judge.rows import (
    AvailabilityRow,
    BackupRow,
    GeneratorRow,
    SensorRow,
    ServerRow,
    UpsRow,
)
from collector.measure.supply import PowerEvent


@dataclass(frozen=True, slots=True)
class PowerNote:
    """An entry of the manual log of power: what somebody wrote, never a measurement."""

    id: int
    kind: str
    at_ms: int
    value: float | None
    object: str
    note: str
    actor: str
    recorded_ms: int


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

"""Response and restore times against the level of service, in service time and without pauses (pure).

Time is counted as sets (spec/evaluation.md section 3, "Tingkat layanan"): what passes outside the hours of service
counts for neither target, and only approved pauses are taken from the time to restore. Times are UTC ns.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from agent.clock import NS, Zone
from collector.measure.intervals import NEVER, Intervals

MINUTE_NS = 60 * NS
Verdict = Literal["tercapai", "terlampaui", "berjalan"]
"""Kept; broken (also while it still goes on); still within the target, which may yet be broken."""


@dataclass(frozen=True, slots=True)
class ServiceHours:
    """When the clock runs: on ``weekdays`` (Monday is 0), minutes ``[opens, closes)`` of the local day."""

    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    opens: int = 0
    closes: int = 1440
    holidays: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """What a level promises, in minutes of service time."""

    response_minutes: int
    restore_minutes: int
    hours: ServiceHours


@dataclass(frozen=True, slots=True)
class Case:
    """The times of one incident; None has not happened yet. ``pauses`` are the approved ones."""

    started_ns: int
    acknowledged_ns: int | None = None
    ended_ns: int | None = None
    pauses: Intervals = NEVER


@dataclass(frozen=True, slots=True)
class Measured:
    """One time in service ns, so far or to its end, and what the target says of it."""

    ns: int
    verdict: Verdict

    @property
    def minutes(self) -> int:
        """Whole minutes, half a minute rounded up (spec/evaluation.md section 3, "Units and rounding")."""
        return (self.ns + MINUTE_NS // 2) // MINUTE_NS


@dataclass(frozen=True, slots=True)
class Service:
    """Response and restore of one incident."""

    response: Measured
    restore: Measured

    @property
    def kept(self) -> Verdict:
        """Both together: broken if one is, kept if both are."""
        verdicts = {self.response.verdict, self.restore.verdict}
        return next(item for item in ("terlampaui", "berjalan", "tercapai") if item in verdicts)


def service_time(
    hours: ServiceHours, *, start_ns: int, end_ns: int, zone: Zone, holidays: Collection[date]
) -> Intervals:
    """Return when service runs within ``[start_ns, end_ns)``."""
    spans: list[tuple[int, int]] = []
    day = zone.day(start_ns)
    while zone.day_start(day) < end_ns:
        if day.weekday() in hours.weekdays and (hours.holidays or day not in holidays):
            midnight = zone.day_start(day)
            spans.append((midnight + hours.opens * MINUTE_NS, midnight + hours.closes * MINUTE_NS))
        day += timedelta(days=1)
    return Intervals.of(spans) & Intervals.of([(start_ns, end_ns)])


def due(
    case: Case, minutes: int, hours: ServiceHours, *, zone: Zone, holidays: Collection[date] = (), most_days: int = 400
) -> int | None:
    """Return when ``minutes`` of service time since the start will have passed, pauses left out (UTC ns).

    None where that is more than ``most_days`` away.
    """
    left, day = minutes * MINUTE_NS, zone.day(case.started_ns)
    for _ in range(most_days):
        start_ns, end_ns = max(case.started_ns, zone.day_start(day)), zone.day_start(day + timedelta(days=1))
        running = service_time(hours, start_ns=start_ns, end_ns=end_ns, zone=zone, holidays=holidays) - case.pauses
        for low, high in running.spans:
            if high - low >= left:
                return low + left
            left -= high - low
        day += timedelta(days=1)
    return None


def service(case: Case, target: Target, *, now_ns: int, zone: Zone, holidays: Collection[date] = ()) -> Service:
    """Judge one incident as it stands at ``now_ns``; what has not ended runs until then."""
    latest = max(end for end in (case.acknowledged_ns, case.ended_ns, now_ns, case.started_ns) if end is not None)
    running = service_time(target.hours, start_ns=case.started_ns, end_ns=latest, zone=zone, holidays=holidays)

    def measured(end_ns: int | None, minutes: int, without: Intervals) -> Measured:
        until = now_ns if end_ns is None else end_ns
        spent = ((running & Intervals.of([(case.started_ns, until)])) - without).length
        if spent > minutes * MINUTE_NS:
            return Measured(spent, "terlampaui")
        return Measured(spent, "berjalan" if end_ns is None else "tercapai")

    return Service(
        response=measured(case.acknowledged_ns, target.response_minutes, NEVER),
        restore=measured(case.ended_ns, target.restore_minutes, case.pauses),
    )

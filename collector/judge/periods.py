"""The month cut into bins, hours and days, and into the times in which one allocation held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from agent.clock import DAY_S, MS
from collector.judge.case import AllocationSpan, ContractInput, MonthInput, Parameters
from collector.measure.counters import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The bins of a local month: ``count`` of them from ``start_ms``, of which ``ended`` may be expected."""

    start_ms: int
    width_ms: int
    count: int
    ended: int
    days: tuple[date, ...]
    working: Mask

    @classmethod
    def of(cls, month: MonthInput, parameters: Parameters) -> Calendar:
        """Lay the bins of the month; with ``until_ns`` only bins that end by then are expected."""
        start_ms, width = month.month.start_ns(month.zone) // MS, parameters.width_ms
        days = month.month.days
        count = len(days) * DAY_S * 1000 // width
        ended = count if month.until_ns is None else min(max((month.until_ns // MS - start_ms) // width, 0), count)
        working = [day.weekday() in parameters.weekdays and day not in parameters.holidays for day in days]
        return cls(start_ms, width, count, ended, days, np.array(working, np.bool_))

    @property
    def per_hour(self) -> int:
        """Bins of a clock hour."""
        return 3_600_000 // self.width_ms

    @property
    def per_day(self) -> int:
        """Bins of a day."""
        return 24 * self.per_hour

    def at_ns(self, place: int) -> int:
        """Return the UTC ns at which bin ``place`` starts."""
        return (self.start_ms + place * self.width_ms) * MS

    def first_from(self, time_ns: int) -> int:
        """Return the first bin that starts at or after ``time_ns``, within 0..count."""
        place = -((self.start_ms * MS - time_ns) // (self.width_ms * MS))
        return min(max(place, 0), self.count)


@dataclass(frozen=True, slots=True)
class Period:
    """Bins ``[low, high)`` under one allocation (None: none in force), ``expected`` of them of M'."""

    low: int
    high: int
    down_bps: int | None
    up_bps: int | None
    expected: int


def periods(calendar: Calendar, allocations: Sequence[AllocationSpan], expected: Mask) -> tuple[Period, ...]:
    """Cut the month where the allocation of either direction changes; times without expected bins are left out.

    ``allocations`` sorted by ``valid_from_ns``.
    """
    cuts: list[tuple[int, int | None, int | None]] = [(0, None, None)]
    for span in allocations:
        cuts.append((calendar.first_from(span.valid_from_ns), span.down_bps, span.up_bps))
        if span.valid_to_ns is not None:
            cuts.append((calendar.first_from(span.valid_to_ns), None, None))
    found: list[Period] = []
    for (low, down, up), high in zip(cuts, [*(cut[0] for cut in cuts[1:]), calendar.count], strict=True):
        bins = int(np.count_nonzero(expected[low:high]))
        if not bins:
            continue
        if found and (found[-1].down_bps, found[-1].up_bps) == (down, up):
            last = found.pop()
            low, bins = last.low, bins + last.expected
        found.append(Period(low, high, down, up, bins))
    return tuple(found)


def holds(span: AllocationSpan | ContractInput, at_ns: int) -> bool:
    """Tell whether a determination or contract is in force at an instant."""
    return span.valid_from_ns <= at_ns and (span.valid_to_ns is None or at_ns < span.valid_to_ns)


def in_order(code: str, allocations: Sequence[AllocationSpan]) -> tuple[AllocationSpan, ...]:
    """Return determinations oldest first; ValueError names two that overlap."""
    spans = tuple(sorted(allocations, key=lambda span: span.valid_from_ns))
    for before, after in pairwise(spans):
        if before.valid_to_ns is None or before.valid_to_ns > after.valid_from_ns:
            raise ValueError(
                f"OPD {code}: allocation {before.decision_number!r} still holds when {after.decision_number!r} begins; "
                "give the earlier one an end"
            )
    return spans

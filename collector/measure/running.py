"""Whether a server or a device ran: down only where something proves it, up only where it spoke (pure).

A server's own heartbeat tells later: a boot within a silence proves that it was down from its last word to that boot;
words of the same boot that come late prove that it ran. A device that is polled is down where its own uptime proves
the same, or where a neighbour saw it down while it did not answer. All else is unknown (spec/evaluation.md,
"Ketersediaan"). Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from collector.measure.intervals import Intervals
from collector.measure.states import Ints, Samples, Staleness, samples

WRAP_MS = 42_949_672_960
"""sysUpTime counts 2^32 ticks of 10 ms, 497 days; then it begins at 0 although nothing restarted."""

JITTER_MS = 60_000
"""Boot times told by two readings of one boot may differ by so much: clocks are set, uptimes are whole seconds."""

LEAST_SHARE = Fraction(75, 100)


@dataclass(frozen=True, slots=True)
class Beats:
    """Signs of life: when, the number of the boot (-1: not told), and the time of that boot (-1: not told).

    ``silent_ms`` are the times at which a poller asked and got no answer.
    """

    time_ms: Ints
    boot: Ints
    boot_ms: Ints
    silent_ms: Ints

    @property
    def first_ms(self) -> int | None:
        """The first sign of life."""
        return int(self.time_ms.min()) if len(self.time_ms) else None


@dataclass(frozen=True, slots=True)
class Ran:
    """When a device ran and when it was down; all other time is unknown. The sets have no time in common."""

    up: Intervals
    down: Intervals

    def unknown(self, period: Intervals) -> Intervals:
        """Return the part of a period in which nothing is known."""
        return period - (self.up | self.down)


def ran(beats: Beats, *, witnessed: Intervals | None = None, staleness: Staleness | None = None) -> Ran:
    """Return when a device ran; ``witnessed`` is when a neighbour saw it down."""
    staleness = staleness or Staleness()
    order = np.lexsort((beats.boot, beats.boot_ms, beats.time_ms))
    first = np.concatenate(([True], np.diff(beats.time_ms[order]) > 0)) if len(order) else order.astype(np.bool_)
    order = order[first]
    time, boot, boot_ms = (column[order] for column in (beats.time_ms, beats.boot, beats.boot_ms))
    times = np.concatenate((time, beats.silent_ms))
    alive = np.concatenate((np.ones(len(time), np.int64), np.zeros(len(beats.silent_ms), np.int64)))
    spoken = samples(times, alive, staleness)
    said = Intervals.of((run.first_ms, run.end_ms) for run in spoken.runs() if run.value)
    down = Intervals.of(_booted(time, boot, boot_ms))
    if witnessed is not None:
        asked = Intervals.of((run.first_ms, run.end_ms) for run in spoken.runs() if not run.value)
        down |= witnessed & asked
    return Ran(said - down, down)


def _booted(time: Ints, boot: Ints, boot_ms: Ints) -> Iterator[tuple[int, int]]:
    """Yield the time from the last word of one boot to the beginning of the next."""
    if len(time) < 2:
        return
    told = (boot[1:] >= 0) & (boot[:-1] >= 0)
    moved = boot_ms[1:] - boot_ms[:-1]
    both = (boot_ms[1:] >= 0) & (boot_ms[:-1] >= 0)
    later = both & (moved > JITTER_MS) & (np.abs(moved - WRAP_MS) > JITTER_MS)
    again = np.where(told, boot[1:] != boot[:-1], later)
    for i in np.flatnonzero(again & (boot_ms[1:] >= 0)).tolist():
        low, high = int(time[i]), int(time[i + 1])
        yield low, min(max(int(boot_ms[i + 1]), low), high)


def told_later(asked: Sequence[Samples], lived: Sequence[tuple[Samples, Samples]]) -> Intervals:
    """Return when the far end lived while the centre asked it in vain, if it told that later.

    ``lived`` is when it lived by its own readings, and by those that came late. A time in vain of which none came late
    is left out: then the far end could send, and the fault may be that of the one who asks.
    """
    in_vain = [(run.first_ms, run.end_ms) for one in asked for run in one.runs() if not run.value]
    always, late = (Intervals.of(span for one in lived for span in _said(one[at])) for at in (0, 1))
    found = (span for span in in_vain if (Intervals.of([span]) & late).spans)
    return Intervals.of(found) & always


def _said(found: Samples) -> Iterator[tuple[int, int]]:
    return ((run.first_ms, run.end_ms) for run in found.runs())


@dataclass(frozen=True, slots=True)
class Availability:
    """The figures of one device over ``period``; ``gross`` None: less than three quarters of it are known."""

    period_ms: int
    unknown_ms: int
    down_ms: int
    outages: int
    assessed: bool
    gross: Fraction | None


def availability(found: Ran, period: Intervals) -> Availability:
    """Return the gross availability: sets of time, never differences of totals."""
    unknown = found.unknown(period)
    judged = period - unknown
    down = found.down & judged
    assessed = bool(judged.length) and judged.length >= LEAST_SHARE * period.length
    return Availability(
        period_ms=period.length,
        unknown_ms=unknown.length,
        down_ms=down.length,
        outages=len((found.down & period).spans),
        assessed=assessed,
        gross=1 - Fraction(down.length, judged.length) if assessed else None,
    )

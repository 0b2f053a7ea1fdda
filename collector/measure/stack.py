"""Many short counter series judged at once: what ``deltas`` and ``bins`` make of each, without a call for each (pure).

Each series is laid into a slot of time of its own, whole bins away from its neighbours, and judged there; the one
delta that reaches in from the neighbour is dropped. The rules stand in ``counters.py`` and ``bins.py`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from collector.measure.bins import Bins, Counts, bins
from collector.measure.counters import CounterSeries, Deltas, Int64s, deltas

SLOT = 20
"""Bins of a slot: more than the readings of a series may span."""

_BOOTS = 1 << 20
_COLUMNS = ("octets", "bits", "speed", "uptime_ticks", "discontinuity_ticks", "index")


@dataclass(frozen=True, slots=True)
class Span:
    """The bins that are wanted: ``count`` of ``width_ms`` from ``start_ms`` (UTC ms)."""

    start_ms: int
    count: int
    width_ms: int

    @property
    def end_ms(self) -> int:
        """UTC ms at which the last bin ends."""
        return self.start_ms + self.count * self.width_ms

    @property
    def reach_ms(self) -> int:
        """UTC ms of the first reading that fits into a slot."""
        return self.end_ms - SLOT * self.width_ms


def judged(
    series: CounterSeries, sizes: Sequence[int], span: Span, *, port_bps: int = 0, cache_s: int = 0
) -> list[tuple[Deltas, Bins] | None]:
    """Return deltas and bins (without counts) of each series; ``series`` holds them one after another, of ``sizes``.

    Every reading is to lie in ``[span.reach_ms, span.end_ms)``. None stands for a series whose clock was set, so that
    a delta leaves its slot: it is to be judged by itself.
    """
    slot_ms = SLOT * span.width_ms
    which = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    found = deltas(_laid(series, which, span.reach_ms, slot_ms), port_bps=port_bps, cache_s=cache_s)
    owner = found.end_ms // slot_ms
    inside = np.concatenate((np.zeros(1, np.bool_), owner[1:] == owner[:-1]))[: len(owner)]
    owner, start, end = owner[inside], found.start_ms[inside], found.end_ms[inside]
    octets, verdict, none = found.octets[inside], found.verdict[inside], found.contradictory_ms[:0]
    gone = set(owner[start < owner * slot_ms].tolist())
    if gone:
        return [None] * len(sizes)
    made = bins(
        Deltas(start, end, octets, verdict, none), start_ms=0, count=(len(sizes) + 1) * SLOT, width_ms=span.width_ms
    )
    back = span.reach_ms - owner * slot_ms
    start, end = start + back, end + back
    edges = np.searchsorted(owner, np.arange(1, len(sizes) + 2)).tolist()
    return [
        (
            Deltas(start[low:high], end[low:high], octets[low:high], verdict[low:high], none),
            _wanted(made, slice((i + 1) * SLOT - span.count, (i + 1) * SLOT), span),
        )
        for i, (low, high) in enumerate(pairwise(edges), start=1)
    ]


def _wanted(made: Bins, part: slice, span: Span) -> Bins:
    return Bins(span.start_ms, span.width_ms, made.octets_u[part], made.covered_ms[part], made.long_u[part], Counts())


def _laid(series: CounterSeries, which: Int64s, reach_ms: int, slot_ms: int) -> CounterSeries:
    """Return the readings in their slots, behind one that stands alone in slot 0."""
    time = series.time_ms + (which * slot_ms - reach_ms)
    known = series.boot >= 0
    laid = replace(
        series,
        time_ms=time,
        boot=np.where(known, series.boot + which * _BOOTS, -1),
        boot_ms=np.where(known, series.boot_ms, time),
    )
    first = {"time_ms": 0, "boot": -1, "boot_ms": 0, "bits": 64, "octets": 0, "speed": 0}
    columns = {
        name: np.concatenate((np.full(1, first.get(name, -1), getattr(laid, name).dtype), getattr(laid, name)))
        for name in ("time_ms", "boot", "boot_ms", *_COLUMNS)
    }
    return CounterSeries(**columns)

"""Limits that a router was read to be set to, as runs of time (pure; UTC ms, bit/s, 0: no limit is known)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from collector.measure.counters import Int64s

HOLD_MS = 3_600_000
"""A reading holds until the next one, and at most an hour: agents ask at least each quarter of an hour, so after four
askings without an answer nobody knows how the router is set."""

MOST_BPS = 1 << 50
"""No line is so fast: a limit of more is never reached, and limits cut to it can be added in 64 bits."""


class Run(NamedTuple):
    """From ``start_ms`` until the next run the router was set to ``bps``; 0 where nobody read it, or it has none."""

    start_ms: int
    bps: int


Runs = tuple[Run, ...]


def runs(read: Iterable[tuple[int, int]], *, start_ms: int, end_ms: int) -> Runs:
    """Return the runs of ``[start_ms, end_ms)`` by readings (ms, bit/s, 0 is no limit) in any order.

    The first run starts at ``start_ms``. Readings of one time that contradict each other tell nothing.
    """
    told: dict[int, int] = {}
    for time_ms, bps in read:
        if start_ms - HOLD_MS < time_ms < end_ms:
            told[time_ms] = bps if told.get(time_ms, bps) == bps else 0
    points = [Run(start_ms, 0)]
    times = sorted(told)
    for time_ms, later_ms in pairwise([*times, end_ms]):
        points.append(Run(max(time_ms, start_ms), min(told[time_ms], MOST_BPS)))
        if time_ms + HOLD_MS < later_ms:
            points.append(Run(max(time_ms + HOLD_MS, start_ms), 0))
    # Of what was so before the span begins only the last counts.
    return joined([tuple(one for one, two in pairwise([*points, Run(end_ms, 0)]) if one.start_ms < two.start_ms)])


def part(held: Runs, *, start_ms: int, end_ms: int) -> Runs:
    """Return the runs of ``[start_ms, end_ms)`` out of those of a longer time."""
    first = max(bisect_right(held, start_ms, key=lambda run: run.start_ms) - 1, 0)
    last = bisect_left(held, end_ms, key=lambda run: run.start_ms)
    return tuple(Run(max(run.start_ms, start_ms), run.bps) for run in held[first:last])


def joined(parts: Iterable[Runs]) -> Runs:
    """Return the runs of successive spans of time as one."""
    found: list[Run] = []
    for part in parts:
        for run in part:
            if not found or found[-1].bps != run.bps:
                found.append(run)
    return tuple(found)


def at_starts(held: Sequence[Run], *, start_ms: int, width_ms: int, count: int) -> Int64s:
    """Return the limit in force at the start of each of ``count`` bins; 0 also before the first run."""
    if not held:
        return np.zeros(count, np.int64)
    starts = np.array([run.start_ms for run in held], np.int64)
    places = np.searchsorted(starts, start_ms + width_ms * np.arange(count, dtype=np.int64), side="right")
    return np.array([0, *(run.bps for run in held)], np.int64)[places]

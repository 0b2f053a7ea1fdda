"""Successive readings of a counter to judged deltas (spec/evaluation.md section 3, rules 1 to 5, and 3a).

A delta is what a counter grew between two readings, with a verdict. Only VALID deltas give bits to bins;
LONG ones give volume. Nothing is interpolated, filled or guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

LONG_MS = 900_000
"""A delta over more than this gives volume only (rule 5)."""


class Verdict(IntEnum):
    """What a delta is worth."""

    VALID = 0
    LONG = 1
    RESET = 2
    BACKWARD = 3
    AMBIGUOUS_WRAP = 4
    OVER_PHYSICAL = 5
    CLOCK = 6


@dataclass(frozen=True, slots=True, eq=False)
class CounterSeries:
    """One direction of one interface as one source (agent) read it.

    Arrays of equal length n, any order, repeats allowed. An array may be a stride-0 broadcast of one value
    (``np.broadcast_to``): constants are then known without looking.

    time_ms            corrected UTC ms
    boot               index of the boot id (equal = same boot), -1 = reading without one
    boot_ms            CLOCK_BOOTTIME ms where boot >= 0, else time_ms
    octets             counter as read
    bits               its width, 64 or 32 (anything but 32 counts as 64)
    speed              bit/s, 0 (or negative) unknown
    uptime_ticks, discontinuity_ticks, index   evidence as read, -1 where not given
    """

    time_ms: Int64s
    boot: Int64s
    boot_ms: Int64s
    octets: NDArray[np.uint64]
    bits: Int64s
    speed: Int64s
    uptime_ticks: Int64s
    discontinuity_ticks: Int64s
    index: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Deltas:
    """Judged deltas in order of their end: ``[start_ms, end_ms)`` UTC ms, octets (0 unless VALID or LONG).

    ``contradictory_ms`` are the times of the readings rejected because several differ at one time, one entry
    a rejected reading.
    """

    start_ms: Int64s
    end_ms: Int64s
    octets: Int64s
    verdict: NDArray[np.int8]
    contradictory_ms: Int64s

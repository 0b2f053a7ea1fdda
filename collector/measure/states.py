"""States in time: from readings to spans, with silence as unknown and short flutter left out (pure).

A reading speaks for the time until the next one, but not for longer than some of its own intervals; what nobody
spoke for is unknown (None), which is neither up nor on line. Everything follows from the set of readings: their
order, repetition and lateness play no part. Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

LATE_INTERVALS = 3
LEAST_STALE_MS = 150_000
MOST_STALE_MS = 900_000
"""Silence is unknown after three of a series' own intervals, not before the first and not after the second bound."""

_RECENT = 3
"""How many of the newest gaps between readings tell a series' interval: the smallest of them."""

Ints = NDArray[np.int64]
Fields = Mapping[str, int | float]
S = TypeVar("S", bound=int)


class UpsState(IntEnum):
    """State of a UPS; the numbers are the dashboards' (spec/dashboards.md section 1.3)."""

    MATI = 0
    PLN = 1
    BATERAI = 2
    BATERAI_LEMAH = 3
    BYPASS = 4
    TIDAK_DIKETAHUI = 5


class AtsState(IntEnum):
    """Which source carries the load; the numbers are the dashboards', where unknown is absent."""

    TIDAK_ADA = 0
    PLN = 1
    GENSET = 2
    TIDAK_DIKETAHUI = 3


class Reach(IntEnum):
    """Whether a server or device ran; unknown is None."""

    DOWN = 0
    UP = 1


@dataclass(frozen=True, slots=True)
class Span(Generic[S]):
    """A state that held in ``[start_ms, end_ms)``; ``state`` None is unknown."""

    start_ms: int
    end_ms: int
    state: S | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """An instant that lies in ``(low_ms, high_ms]``: after the last reading before it, by the first one after it.

    None is an end that no reading gives. ``manual`` says that a person told the time: then both ends are what was
    told, and nothing was measured.
    """

    low_ms: int | None
    high_ms: int | None
    manual: bool = False

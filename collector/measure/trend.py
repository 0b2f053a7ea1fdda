"""The trend of a monthly series: Theil-Sen, exact (pure).

Source: Sen, "Estimates of the regression coefficient based on Kendall's tau" (1968): the median of the slopes of all
pairs; a month that is missing plays no part and shifts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from statistics import median

LEAST_MONTHS = 6


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope a month in the unit of the values, from ``count`` months, whose pairs' slopes lie in ``low..high``."""

    slope: Fraction
    low: Fraction
    high: Fraction
    count: int


def trend(values: Sequence[Fraction | None]) -> Trend | None:
    """Return the trend of one value a month (None: unknown), oldest first; None with fewer than six known."""
    known = [(month, value) for month, value in enumerate(values) if value is not None]
    if len(known) < LEAST_MONTHS:
        return None
    slopes = [(after - before) / (late - early) for (early, before), (late, after) in combinations(known, 2)]
    return Trend(median(slopes), min(slopes), max(slopes), len(known))

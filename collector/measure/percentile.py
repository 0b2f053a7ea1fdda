"""Nearest rank percentiles of exact values (spec/evaluation.md section 3, "P95").

Values are ranked as floats and told apart as fractions wherever floats cannot: no rank is ever wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rank(count: int, percent: int = 95) -> int:
    """Return the nearest rank ceil(percent/100 x count), from 1 (0 for no values)."""
    return (percent * count + 99) // 100


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """N values to be ranked.

    approx   float64 of each value, within a relative ``error`` of it; 0.0 only for an exact zero
    exact    returns the exact values of positions of ``approx``
    """

    approx: Floats
    error: float
    exact: Callable[[NDArray[np.intp]], Sequence[Fraction]]

    @classmethod
    def of(cls, approx: Floats, error: float, exact: Callable[[NDArray[np.intp]], Sequence[Fraction]]) -> Order:
        """Make the order of ``approx``."""
        return cls(approx, error, exact)

    def __len__(self) -> int:
        return len(self.approx)

    def value(self, number: int) -> Fraction:
        """Return the ``number``-th smallest value, from 1."""
        near = float(np.partition(self.approx, number - 1)[number - 1])
        if near == 0.0:
            return Fraction(0)
        low, high = near * (1 - 2 * self.error), near * (1 + 2 * self.error)
        alike = np.flatnonzero((self.approx >= low) & (self.approx <= high))
        if len(alike) == 1:
            return self.exact(alike)[0]
        below = np.count_nonzero(self.approx < low)
        return sorted(self.exact(alike))[number - 1 - below]

    def first_largest(self) -> int:
        """Return the position of the largest value, the first on ties."""
        near = float(self.approx.max())
        alike = np.flatnonzero(self.approx >= near * (1 - 2 * self.error))
        if near == 0.0 or len(alike) == 1:
            return int(alike[0])
        values = self.exact(alike)
        return int(alike[values.index(max(values))])

    def at_least(self, threshold: Fraction) -> int:
        """Return how many values are >= ``threshold``."""
        near = float(threshold)
        low, high = near * (1 - 2 * self.error), near * (1 + 2 * self.error)
        sure = int(np.count_nonzero(self.approx > high))
        if sure == np.count_nonzero(self.approx >= low):
            return sure
        unsure = np.flatnonzero((self.approx >= low) & (self.approx <= high))
        return sure + sum(value >= threshold for value in self.exact(unsure))


def nearest_rank(order: Order, percent: int = 95) -> Fraction | None:
    """Return the percentile of the values, None if there is none."""
    return order.value(rank(len(order), percent)) if len(order) else None


def bounds(order: Order, missing: int, percent: int = 95) -> tuple[Fraction | None, Fraction | None]:
    """Return the percentile if all ``missing`` values were lowest, and highest (None: no upper bound)."""
    if not len(order):
        return None, None
    place = rank(len(order) + missing, percent)
    high = order.value(place) if place <= len(order) else None
    return order.value(max(1, place - missing)), high

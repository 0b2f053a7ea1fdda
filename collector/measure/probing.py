"""What a probe measured over a time: round trips by rank, and the part that was lost (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.measure.intervals import Intervals
from collector.measure.states import Ints

Field = tuple[Ints, NDArray[Any]]
"""Times (UTC ms) and values of one field, in no order."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Round trips in seconds, exact as they were read, and lost of sent; None where nothing was measured.

    ``bursts`` counts the probes, those that were lost whole among them.
    """

    bursts: int
    rtt_median: Fraction | None
    rtt_p95: Fraction | None
    loss: Fraction | None


def quality(rtt_seconds: Field | None, loss_ratio: Field | None, within: Intervals) -> Quality:
    """Return the nearest-rank median and P95 of the round trips, and the mean loss of the bursts, within a time."""
    ordered, losses = np.sort(_taken(rtt_seconds, within)), _taken(loss_ratio, within)
    values, counts = np.unique(losses, return_counts=True)
    pairs = zip(values.tolist(), counts.tolist(), strict=True)
    lost = sum((_exact(value) * count for value, count in pairs), Fraction(0))
    return Quality(
        bursts=len(losses),
        rtt_median=_ranked(ordered, 50),
        rtt_p95=_ranked(ordered, 95),
        loss=lost / len(losses) if len(losses) else None,
    )


def _taken(field: Field | None, within: Intervals) -> NDArray[np.float64]:
    """Return the values of a time, identical repeats once and contradictory ones of one moment not at all."""
    if field is None or not len(field[0]):
        return np.zeros(0, np.float64)
    order = np.lexsort((field[1], field[0]))
    time_ms, value = field[0][order], field[1][order]
    later = time_ms[1:] > time_ms[:-1]
    first, last = np.concatenate(([True], later)), np.concatenate((later, [True]))
    inside = np.zeros(len(time_ms), np.bool_)
    for start, end in within.spans:
        inside[np.searchsorted(time_ms, start) : np.searchsorted(time_ms, end)] = True
    agreed = value[first] == value[last]
    return np.asarray(value[first][agreed & inside[first]], np.float64)


def _ranked(ordered: NDArray[np.float64], percent: int) -> Fraction | None:
    """Return the value of nearest rank ceil(percent/100 x N)."""
    rank = (percent * len(ordered) + 99) // 100
    return _exact(ordered[rank - 1].item()) if rank else None


def _exact(value: float) -> Fraction:
    """Return the decimal number that was read."""
    return Fraction(str(value))

"""Deltas to bins of fixed width, and the rates of bins (spec/evaluation.md section 3, "Bin value")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from collector.measure.counters import Int64s

MICRO = 1_000_000
"""Bins hold micro-octets: the shares of a split delta are whole and add up to it exactly."""

WIDTH_MS = 300_000


@dataclass(frozen=True, slots=True)
class Counts:
    """Deltas by verdict and contradictory readings; each belongs to the span in which it ends: ``(start, end]``."""

    valid: int = 0
    long: int = 0
    resets: int = 0
    backward: int = 0
    ambiguous_wraps: int = 0
    over_physical: int = 0
    clock: int = 0
    contradictory: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))

    @property
    def rejected(self) -> int:
        """Deltas and readings refused for whatever reason but a restart."""
        return self.backward + self.ambiguous_wraps + self.over_physical + self.clock + self.contradictory


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Consecutive bins of ``width_ms`` from ``start_ms`` (UTC ms) of one direction of one link.

    octets_u    micro-octets of VALID deltas in each bin
    covered_ms  ms of the bin which those deltas cover (more than the width only where a clock was set back)
    long_u      micro-octets of LONG deltas, spread in proportion to time: volume, no rate
    counts      what the deltas were worth
    """

    start_ms: int
    width_ms: int
    octets_u: Int64s
    covered_ms: Int64s
    long_u: Int64s
    counts: Counts

    @property
    def end_ms(self) -> int:
        """UTC ms at which the last bin ends."""
        return self.start_ms + self.width_ms * len(self.octets_u)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Bins of which at least 240 of 300 parts are covered."""
        return self.covered_ms * 300 >= 240 * self.width_ms

    def same(self, other: Bins) -> bool:
        """Tell whether both hold the same bytes."""
        return (
            (self.start_ms, self.width_ms, self.counts) == (other.start_ms, other.width_ms, other.counts)
            and np.array_equal(self.octets_u, other.octets_u)
            and np.array_equal(self.covered_ms, other.covered_ms)
            and np.array_equal(self.long_u, other.long_u)
        )


def join(parts: Sequence[Bins]) -> Bins:
    """Put consecutive spans together (for example days); ValueError if they do not adjoin."""
    for before, after in zip(parts, parts[1:], strict=False):
        if before.end_ms != after.start_ms or before.width_ms != after.width_ms:
            raise ValueError(f"bins that end at {before.end_ms} ms do not adjoin those from {after.start_ms} ms")
    return Bins(
        start_ms=parts[0].start_ms,
        width_ms=parts[0].width_ms,
        octets_u=np.concatenate([part.octets_u for part in parts]),
        covered_ms=np.concatenate([part.covered_ms for part in parts]),
        long_u=np.concatenate([part.long_u for part in parts]),
        counts=sum((part.counts for part in parts), Counts()),
    )

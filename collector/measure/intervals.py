"""Sets of time as sorted, disjoint, non-empty half-open intervals ``[start, end)`` of integers.

Time is counted by set operations, never by subtracting totals (spec/evaluation.md section 3, "Ketersediaan").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intervals:
    """A set of instants; equal sets are equal objects. Units are the caller's (ns or ms)."""

    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> Intervals:
        """Return the union of ``spans`` in any order, overlapping or adjoining; empty ones vanish."""
        merged: list[tuple[int, int]] = []
        for start, end in sorted(span for span in spans if span[0] < span[1]):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return cls(tuple(merged))

    def __or__(self, other: Intervals) -> Intervals:
        return Intervals.of((*self.spans, *other.spans))

    def __and__(self, other: Intervals) -> Intervals:
        common, i, k = [], 0, 0
        while i < len(self.spans) and k < len(other.spans):
            (a, b), (c, d) = self.spans[i], other.spans[k]
            common.append((max(a, c), min(b, d)))
            i, k = (i + 1, k) if b < d else (i, k + 1)
        return Intervals.of(common)

    def __sub__(self, other: Intervals) -> Intervals:
        if not self.spans:
            return self
        return self & other.complement(self.spans[0][0], self.spans[-1][1])

    def complement(self, start: int, end: int) -> Intervals:
        """Return what of ``[start, end)`` is not in the set."""
        edges = [start, *(edge for span in self.spans for edge in span), end]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return Intervals.of((max(a, start), min(b, end)) for a, b in pairs)

    @property
    def length(self) -> int:
        """How much time the set holds."""
        return sum(end - start for start, end in self.spans)


NEVER = Intervals()
"""The empty set."""

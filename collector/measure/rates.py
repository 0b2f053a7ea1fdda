"""Rates of the bins of one or several links, summed bin by bin before anything is ranked; exact throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from collector.measure.bins import Bins
from collector.measure.counters import Int64s, Mask
from collector.measure.percentile import Floats, Order

_BITS = 125
"""Micro-octets per ms are 8/1000 bit/s: rate = octets_u / (125 x covered_ms)."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One link's bins and the range ``[low, high)`` of those wholly inside its active time."""

    bins: Bins
    low: int
    high: int

    @classmethod
    def active(cls, bins: Bins, *, from_ms: int, to_ms: int | None) -> Member:
        """Return the member whose bins count from ``from_ms`` until ``to_ms`` (None: to the end)."""
        count = len(bins.octets_u)
        low = -((bins.start_ms - from_ms) // bins.width_ms)
        high = count if to_ms is None else (to_ms - bins.start_ms) // bins.width_ms
        low = min(max(low, 0), count)
        return cls(bins, low, min(max(high, low), count))

    def within(self, low: int, high: int) -> Member:
        """Return the member with only its active bins in ``[low, high)``."""
        low = min(max(self.low, low), self.high)
        return Member(self.bins, low, max(min(self.high, high), low))

    @property
    def all(self) -> bool:
        """Whether every bin is active."""
        return self.low == 0 and self.high == len(self.bins.octets_u)


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Bin values of several members together.

    expected  bins in which at least one member is active (M')
    valid     of these, the bins in which every active member is valid (N)
    approx    bit/s, within a relative ``error``; meaningless where not valid
    """

    members: tuple[Member, ...]
    expected: Mask
    valid: Mask
    approx: Floats
    error: float

    @classmethod
    def of(cls, members: Sequence[Member], count: int) -> Rates:
        """Sum ``members`` of ``count`` bins each; a bin is summed over the members active in it."""
        if len(members) == 1 and members[0].all:
            only = members[0].bins
            approx = only.octets_u / np.maximum(only.covered_ms * _BITS, 1)
            return cls(tuple(members), np.ones(count, np.bool_), only.valid, approx, 2.0**-51)
        expected, valid = np.zeros(count, np.bool_), np.ones(count, np.bool_)
        approx = np.zeros(count)
        for member in members:
            part = slice(member.low, member.high)
            expected[part] = True
            valid[part] &= member.bins.valid[part]
            approx[part] += member.bins.octets_u[part] / np.maximum(member.bins.covered_ms[part] * _BITS, 1)
        return cls(tuple(members), expected, valid & expected, approx, (len(members) + 2) * 2.0**-52)

    def exact(self, places: NDArray[np.intp]) -> list[Fraction]:
        """Return the exact bit/s of the valid bins ``places``; equal bins are worked out once."""
        if len(places) < 8:
            return [self._exact(place) for place in places.tolist()]
        rows = [_inside(member, places) for member in self.members]
        terms = [np.where(rows[i], array[places], 0) for i, m in enumerate(self.members) for array in _arrays(m.bins)]
        _, first, which = np.unique(np.array(terms), axis=1, return_index=True, return_inverse=True)
        values = [self._exact(place) for place in places[first].tolist()]
        return [values[i] for i in which.reshape(-1).tolist()]

    def _exact(self, place: int) -> Fraction:
        active = [member.bins for member in self.members if member.low <= place < member.high]
        terms = (Fraction(int(bins.octets_u[place]), int(bins.covered_ms[place]) * _BITS) for bins in active)
        return sum(terms, Fraction(0))

    def mean(self) -> Fraction | None:
        """Return the exact mean of the valid bins, None without one."""
        count = int(np.count_nonzero(self.valid))
        if not count:
            return None
        if not all(member.all for member in self.members):
            return self.total(np.flatnonzero(self.valid)) / count
        which = slice(None) if count == len(self.valid) else self.valid
        parts = (_ratio_sum(*(array[which] for array in _arrays(member.bins))) for member in self.members)
        return sum(parts, Fraction(0)) / (count * _BITS)

    def total(self, places: NDArray[np.intp], shares: Int64s | None = None) -> Fraction:
        """Return the exact sum of the valid bins ``places``, each divided by its whole number in ``shares``."""
        result = Fraction(0)
        for member in self.members:
            inside = _inside(member, places)
            octets_u, parts = (array[places[inside]] for array in _arrays(member.bins))
            result += _ratio_sum(octets_u, parts if shares is None else parts * shares[inside])
        return result / _BITS

    def order(self, low: int, high: int) -> Order:
        """Rank the valid bins of ``[low, high)``; positions count among them."""
        valid = self.valid[low:high]
        if valid.all():
            return Order.of(self.approx[low:high], self.error, lambda places: self.exact(places + low))
        return self.order_of(np.flatnonzero(valid) + low)

    def order_of(self, where: NDArray[np.intp]) -> Order:
        """Rank the valid bins ``where``; positions count among them."""
        return Order.of(self.approx[where], self.error, lambda places: self.exact(where[places]))


def _inside(member: Member, places: NDArray[np.intp]) -> Mask:
    inside: Mask = (places >= member.low) & (places < member.high)
    return inside


def _arrays(bins: Bins) -> tuple[Int64s, Int64s]:
    return bins.octets_u, bins.covered_ms


def _ratio_sum(numbers: Int64s, parts: Int64s) -> Fraction:
    """Return the exact sum of ``numbers / parts``: one division for each distinct part, added pairwise."""
    if not len(parts):
        return Fraction(0)
    usual = parts == parts[len(parts) // 2]
    alike = bool(usual.all())
    terms = [Fraction(whole_sum(numbers if alike else numbers[usual]), int(parts[len(parts) // 2]))]
    if not alike:
        order = np.argsort(parts[~usual], kind="stable")
        numbers, parts = numbers[~usual][order], parts[~usual][order]
        heads = np.flatnonzero(np.concatenate(([True], parts[1:] != parts[:-1])))
        for low, high in zip(heads, [*heads[1:], len(parts)], strict=True):
            terms.append(Fraction(whole_sum(numbers[low:high]), int(parts[low])))
    while len(terms) > 1:
        terms = [sum(terms[i : i + 2], Fraction(0)) for i in range(0, len(terms), 2)]
    return terms[0]


def whole_sum(numbers: Int64s) -> int:
    """Return the exact sum of non-negative int64, which itself may need more than 64 bits."""
    if not len(numbers):
        return 0
    if int(numbers.max()) * len(numbers) < 2**63:
        return int(numbers.sum())
    return (int((numbers >> 32).sum()) << 32) + int((numbers & 0xFFFFFFFF).sum())

"""Sharing a capacity by priority: weighted max-min with floors and caps (pure; spec/evaluation.md section 4).

Sources: max-min weighted fair share; Radunovic and Le Boudec, "A unified framework for max-min and min-max fairness"
(water filling). Whole Mbps are published by unit filling, which never lowers anybody when the capacity grows.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, lcm

from collector.judge.case import Klass

MBIT = 1_000_000
RANK: dict[Klass, int] = {"tinggi": 0, "sedang": 1, "dasar": 2, "publik": 3}
WEIGHTS: dict[Klass, int] = {"tinggi": 4, "sedang": 2, "dasar": 1}
"""Default weights by class; which are in force is determined and dated (section 4)."""

HEADROOM = Fraction(5, 4)


@dataclass(frozen=True, slots=True)
class Claim:
    """One agency's part: weight by its class, floor in whole Mbps, need in Mbps (exact; at least the floor)."""

    code: str
    klass: Klass
    weight: int
    floor: int
    need: Fraction

    def __post_init__(self) -> None:
        if self.weight <= 0 or self.floor < 0 or self.need < self.floor:
            raise ValueError(
                f"{self.code}: weight {self.weight}, floor {self.floor}, need {self.need}: the weight is positive, "
                "the floor not negative, and the need not below the floor"
            )


class FloorsExceed(Exception):
    """The floors alone are more than the capacity; ``shortage`` is by how many Mbps."""

    def __init__(self, shortage: int) -> None:
        super().__init__(f"kapasitas tidak mencukupi untuk jaminan minimum: kurang {shortage} Mbps")
        self.shortage = shortage


@dataclass(frozen=True, slots=True)
class Sharing:
    """What everybody gets, in the order of the claims.

    ``shares`` whole Mbps; ``exact`` the exact answer for needs as they are; ``level`` the water level (the smallest
    of several; information only). ``shortage`` is the sum of needs, each rounded up to whole Mbps, less the capacity.
    """

    shares: tuple[int, ...]
    exact: tuple[Fraction, ...]
    level: Fraction
    shortage: int


def share(claims: Sequence[Claim], capacity: int) -> Sharing:
    """Share ``capacity`` whole Mbps; FloorsExceed where the floors alone are more."""
    floors = sum(claim.floor for claim in claims)
    if floors > capacity:
        raise FloorsExceed(floors - capacity)
    level = water_level(claims, Fraction(capacity))
    wanted = sum(ceil(claim.need) for claim in claims)
    return Sharing(
        shares=_filled(claims, capacity),
        exact=tuple(_at(claim, level) for claim in claims),
        level=level,
        shortage=max(0, wanted - capacity),
    )


def _at(claim: Claim, level: Fraction) -> Fraction:
    return min(claim.need, max(Fraction(claim.floor), claim.weight * level))


def water_level(claims: Sequence[Claim], capacity: Fraction) -> Fraction:
    """Return the smallest L at which the shares ``min(d, max(f, w L))`` add up to the smaller of capacity and needs.

    The sum is continuous, piecewise linear and never falls; its slope changes at f/w (begins to rise) and d/w.
    """
    target = min(capacity, sum((claim.need for claim in claims), Fraction(0)))
    reached = Fraction(sum(claim.floor for claim in claims))
    bends: list[tuple[Fraction, int]] = []
    for claim in claims:
        if claim.need > claim.floor:
            bends.append((Fraction(claim.floor, claim.weight), claim.weight))
            bends.append((claim.need / claim.weight, -claim.weight))
    level, slope = Fraction(0), 0
    for bend, change in sorted(bends):
        rise = (bend - level) * slope
        if reached + rise >= target:
            break
        reached, level, slope = reached + rise, bend, slope + change
    return level + (target - reached) / slope if slope and reached < target else level


def _filled(claims: Sequence[Claim], capacity: int) -> tuple[int, ...]:
    """Give 1 Mbps at a time to the unsatisfied claim of lowest share by weight, then class, then code."""
    common = lcm(*(claim.weight for claim in claims)) if claims else 1
    shares, wanted = [claim.floor for claim in claims], [ceil(claim.need) for claim in claims]
    steps = [common // claim.weight for claim in claims]
    waiting = [
        (shares[at] * steps[at], RANK[claim.klass], claim.code, at)
        for at, claim in enumerate(claims)
        if shares[at] < wanted[at]
    ]
    heapq.heapify(waiting)
    left = capacity - sum(shares)
    while left > 0 and waiting:
        height, rank, code, at = waiting[0]
        shares[at] += 1
        left -= 1
        if shares[at] < wanted[at]:
            heapq.heapreplace(waiting, (height + steps[at], rank, code, at))
        else:
            heapq.heappop(waiting)
    return tuple(shares)


def usable(contracted: Fraction | int, *, reserve: Fraction, public: int, operations: int) -> int:
    """Return C, what may be shared (Mbps): contracts less the reserve, the public hotspot and own operation.

    C = floor(contracted x (1 - reserve)) - public - operations; never below 0.
    """
    return max(0, floor(contracted * (1 - reserve)) - public - operations)


def planning_shortage(total_p95: Fraction, contracted: Fraction, *, reserve: Fraction) -> Fraction:
    """Return what measured use says is missing: max(0, h x P95 of the total / (1 - reserve) - contracted)."""
    return max(Fraction(0), HEADROOM * total_p95 / (1 - reserve) - contracted)


def diversity(members: Sequence[Fraction | None], total: Fraction | None) -> Fraction | None:
    """Return the sum of the members' P95 by the P95 of the total; None unless all are known."""
    known = [value for value in members if value is not None]
    if total is None or not total or not members or len(known) < len(members):
        return None
    return sum(known, Fraction(0)) / total

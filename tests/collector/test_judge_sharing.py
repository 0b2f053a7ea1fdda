"""Sharing by priority: the worked example, and the properties of spec/evaluation.md section 4 by random search."""

from __future__ import annotations

import time
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.judge.case import Klass
from collector.judge.sharing import (
    RANK,
    WEIGHTS,
    Claim,
    FloorsExceed,
    diversity,
    planning_shortage,
    share,
    usable,
    water_level,
)

WORKED = (
    ("DISDUKCAPIL", "tinggi", 20, 150),
    ("BPKAD", "tinggi", 20, 90),
    ("RSUD", "tinggi", 20, 200),
    ("DISDIK", "sedang", 10, 120),
    ("BAPPEDA", "sedang", 10, 40),
    ("DISPUSIP", "dasar", 10, 60),
    ("KEC-A", "dasar", 10, 15),
)


def claim(code: str, klass: Klass, floor: int, need: int | Fraction) -> Claim:
    return Claim(code, klass, WEIGHTS[klass], floor, Fraction(need))


EXAMPLE = [claim(code, klass, floor, need) for code, klass, floor, need in WORKED]  # type: ignore[arg-type]


def test_the_worked_example() -> None:
    found = share(EXAMPLE, 450)
    assert found.shares == (111, 90, 111, 55, 40, 28, 15)
    assert [float(round(value, 4)) for value in found.exact] == [110.9091, 90, 110.9091, 55.4545, 40, 27.7273, 15]
    assert (float(round(found.level, 4)), found.shortage) == (27.7273, 225)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Claim], int]:
    count = draw(st.integers(1, 12))
    claims = []
    for number in range(count):
        klass: Klass = draw(st.sampled_from(("tinggi", "sedang", "dasar")))
        floor = draw(st.integers(0, 20))
        extra = Fraction(draw(st.integers(0, 400)), draw(st.sampled_from((1, 3, 7))))
        claims.append(claim(f"O{number:02d}", klass, floor, floor + extra))
    low = sum(item.floor for item in claims)
    return claims, draw(st.integers(low, low + 1200))


def reference(claims: list[Claim], capacity: int) -> tuple[Fraction, ...]:
    """Fill by exact steps: raise all that are lowest by weight together until one meets its floor or its need."""
    shares = [Fraction(item.floor) for item in claims]
    left = Fraction(capacity) - sum(shares)
    while left > 0:
        open_ones = [i for i, item in enumerate(claims) if shares[i] < item.need]
        if not open_ones:
            break
        heights = {i: shares[i] / claims[i].weight for i in open_ones}
        low = min(heights.values())
        lowest = [i for i in open_ones if heights[i] == low]
        others = [height for height in heights.values() if height > low]
        top = min([claims[i].need / claims[i].weight for i in lowest] + others)
        weight = sum(claims[i].weight for i in lowest)
        rise = min(top - low, left / weight)
        for i in lowest:
            shares[i] += claims[i].weight * rise
        left -= weight * rise
    return tuple(shares)


@settings(max_examples=500, deadline=None)
@given(problems())
def test_the_exact_answer_is_that_of_an_independent_filling(problem: tuple[list[Claim], int]) -> None:
    claims, capacity = problem
    assert share(claims, capacity).exact == reference(claims, capacity)


@settings(max_examples=300, deadline=None)
@given(problems())
def test_everything_is_given_between_floor_and_need(problem: tuple[list[Claim], int]) -> None:
    claims, capacity = problem
    found = share(claims, capacity)
    wanted = [ceil(item.need) for item in claims]
    assert sum(found.shares) == min(capacity, sum(wanted))
    assert sum(found.exact) == min(Fraction(capacity), sum((item.need for item in claims), Fraction(0)))
    assert all(item.floor <= got <= most for item, got, most in zip(claims, found.shares, wanted, strict=True))
    assert found.shortage == max(0, sum(wanted) - capacity)


@settings(max_examples=300, deadline=None)
@given(problems())
def test_nobody_could_gain_without_one_of_lower_height_losing(problem: tuple[list[Claim], int]) -> None:
    claims, capacity = problem
    shares = share(claims, capacity).shares
    for item, got in zip(claims, shares, strict=True):
        if got < ceil(item.need):
            for other, theirs in zip(claims, shares, strict=True):
                above_floor = theirs > other.floor
                assert not above_floor or Fraction(theirs - 1, other.weight) <= Fraction(got, item.weight)


@settings(max_examples=200, deadline=None)
@given(problems(), st.integers(1, 50))
def test_more_capacity_lowers_nobody_and_order_plays_no_part(problem: tuple[list[Claim], int], more: int) -> None:
    claims, capacity = problem
    before, after = share(claims, capacity), share(claims, capacity + more)
    assert all(low <= high for low, high in zip(before.shares, after.shares, strict=True))
    turned = share(claims[::-1], capacity)
    assert turned.shares[::-1] == before.shares
    assert turned.exact[::-1] == before.exact


@settings(max_examples=200, deadline=None)
@given(problems())
def test_the_level_is_the_smallest(problem: tuple[list[Claim], int]) -> None:
    claims, capacity = problem
    level = water_level(claims, Fraction(capacity))
    target = min(Fraction(capacity), sum((item.need for item in claims), Fraction(0)))

    def given_at(height: Fraction) -> Fraction:
        return sum((min(c.need, max(Fraction(c.floor), c.weight * height)) for c in claims), Fraction(0))

    assert given_at(level) == target
    assert level == 0 or given_at(level * Fraction(999_999, 1_000_000)) < target


def test_floors_that_exceed_the_capacity_are_refused_with_the_shortage() -> None:
    with pytest.raises(FloorsExceed, match="kurang 1 Mbps") as caught:
        share(EXAMPLE, sum(item.floor for item in EXAMPLE) - 1)
    assert caught.value.shortage == 1


def test_ties_go_to_the_higher_class_and_then_the_code() -> None:
    claims = [Claim("B", "dasar", 1, 0, Fraction(9)), Claim("A", "dasar", 1, 0, Fraction(9))]
    assert share(claims, 1).shares == (0, 1)
    claims = [Claim("A", "dasar", 2, 0, Fraction(9)), Claim("B", "tinggi", 2, 0, Fraction(9))]
    assert share(claims, 1).shares == (0, 1)
    assert sorted(RANK, key=RANK.__getitem__) == ["tinggi", "sedang", "dasar", "publik"]


def test_two_thousand_agencies_are_shared_within_a_second() -> None:
    classes: tuple[Klass, ...] = ("tinggi", "sedang", "dasar")
    claims = [claim(f"O{n:04d}", classes[n % 3], n % 7, n % 7 + Fraction(n * 37 % 900, 7)) for n in range(2000)]
    begun = time.process_time()
    found = share(claims, 60_000)
    assert time.process_time() - begun < 1
    assert sum(found.shares) == 60_000


def test_capacity_planning_and_diversity() -> None:
    assert usable(555, reserve=Fraction(1, 10), public=40, operations=9) == 450
    assert usable(10, reserve=Fraction(1, 10), public=40, operations=0) == 0
    missing = planning_shortage(Fraction(400), Fraction(500), reserve=Fraction(1, 10))
    assert missing == Fraction(5, 4) * 400 * Fraction(10, 9) - 500
    assert planning_shortage(Fraction(100), Fraction(500), reserve=Fraction(1, 10)) == 0
    assert diversity([Fraction(3), Fraction(5)], Fraction(4)) == 2
    assert diversity([Fraction(3), None], Fraction(4)) is None
    assert diversity([], Fraction(4)) is diversity([Fraction(1)], None) is diversity([Fraction(1)], Fraction(0)) is None

"""Nearest rank, its bounds, and ranks that floats cannot tell apart."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from collector.measure.percentile import Order, bounds, nearest_rank, rank
from tests.collector import oracle

SIZES = [1, 2, 19, 20, 21, 39, 40, 100, *range(8063, 8929)]
CLOSE = st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(10**17), Fraction(10**17 + 1), Fraction(10**18 + 1, 10)])
VALUES = st.lists(CLOSE | st.fractions(min_value=0, max_value=10**12), max_size=60)


def order_of(values: Sequence[Fraction]) -> Order:
    def exact(places: NDArray[np.intp]) -> list[Fraction]:
        return [values[i] for i in places]

    return Order.of(np.array([float(value) for value in values]), 2.0**-51, exact)


def test_ranks_of_every_month_length_are_those_of_brute_force() -> None:
    rng = random.Random(1)
    for size in SIZES:
        values = [rng.randrange(10**10) for _ in range(size)]
        order = Order.of(np.array(values, np.float64), 2.0**-51, lambda at, v=values: [Fraction(v[i]) for i in at])  # type: ignore[misc]
        assert rank(size) == math.ceil(Fraction(95, 100) * size)
        assert nearest_rank(order) == sorted(values)[math.ceil(Fraction(95, 100) * size) - 1], size


@pytest.mark.parametrize(("size", "number"), [(1, 1), (19, 19), (20, 19), (8640, 8208), (8928, 8482), (0, 0)])
def test_the_rank_is_the_nearest(size: int, number: int) -> None:
    assert rank(size) == number


def test_no_value_has_no_percentile() -> None:
    assert nearest_rank(order_of([])) is None
    assert bounds(order_of([]), 5) == (None, None)


@settings(max_examples=200, deadline=None)
@given(values=VALUES, missing=st.integers(0, 60), threshold=CLOSE)
def test_ranks_bounds_and_counts_are_exact(values: list[Fraction], missing: int, threshold: Fraction) -> None:
    order = order_of(values)
    assert order.at_least(threshold) == sum(value >= threshold for value in values)
    if values:
        assert [order.value(n + 1) for n in range(len(values))] == sorted(values)
        assert nearest_rank(order) == oracle.p95(values)
        assert order.first_largest() == values.index(max(values))
        assert bounds(order, missing) == oracle.p95_bounds(values, len(values) + missing)


def test_values_that_floats_confuse_are_told_apart() -> None:
    values = [Fraction(10**17 + i) for i in random.Random(2).sample(range(40), 40)]
    order = order_of(values)
    assert len(set(order.approx.tolist())) < 10
    assert nearest_rank(order) == 10**17 + 37
    assert order.first_largest() == values.index(Fraction(10**17 + 39))


def test_floats_within_their_error_never_change_a_rank() -> None:
    rng, base = random.Random(3), 10**16
    values = [Fraction(base * 2 + rng.randrange(6), 2) for _ in range(60)]
    astray = np.array([float(value) * (1 + rng.choice([-1, 0, 1]) * 2.0**-52) for value in values])
    order = Order.of(astray, 2.0**-51, lambda places: [values[i] for i in places])
    assert [order.value(n + 1) for n in range(len(values))] == sorted(values)
    assert order.first_largest() == values.index(max(values))
    assert order.at_least(Fraction(base)) == sum(value >= base for value in values)

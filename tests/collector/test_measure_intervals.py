"""Set operations on time, against sets of single instants."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.measure.intervals import Intervals

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


def instants(one: Intervals) -> set[int]:
    return {at for start, end in one.spans for at in range(start, end)}


@given(first=SPANS, second=SPANS)
def test_operations_are_those_of_sets(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    a, b = Intervals.of(first), Intervals.of(second)
    assert instants(a) == {at for start, end in first for at in range(start, end)}
    assert instants(a | b) == instants(a) | instants(b)
    assert instants(a & b) == instants(a) & instants(b)
    assert instants(a - b) == instants(a) - instants(b)
    assert instants(a.complement(5, 25)) == set(range(5, 25)) - instants(a)
    assert a.length == len(instants(a))


@given(first=SPANS, second=SPANS)
def test_spans_are_sorted_disjoint_and_not_empty(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    for one in (Intervals.of(first), Intervals.of(first) - Intervals.of(second)):
        edges = [edge for span in one.spans for edge in span]
        assert edges == sorted(set(edges))


def test_adjoining_spans_are_one() -> None:
    assert Intervals.of([(5, 9), (0, 5), (9, 9)]) == Intervals(((0, 9),))

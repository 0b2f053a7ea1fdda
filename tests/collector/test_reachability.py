"""Whether a link was down: against an oracle that looks at each instant, and the cases that matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.measure.intervals import NEVER, Intervals
from collector.measure.reachability import LinkSigns, Reach, down_and_unknown, reach
from collector.measure.states import Samples, Span, Staleness, samples

TIMES = st.lists(st.tuples(st.integers(0, 60), st.sampled_from((0, 1, -1))), max_size=8, unique_by=lambda item: item[0])
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=3)
QUICK = Staleness(least_ms=3, most_ms=9)


def told(*readings: tuple[int, int]) -> Samples:
    times, values = ([item[at] for item in readings] for at in (0, 1))
    return samples(np.array(times, np.int64), np.array(values, np.int64), QUICK)


def said(one: Samples, at: int) -> int | None:
    for time, value, until in zip(one.time_ms.tolist(), one.value.tolist(), one.until_ms.tolist(), strict=True):
        if time <= at < until:
            return None if value == -1 else int(value)
    return None


def looked_at(signs: LinkSigns, at: int) -> Reach | None:
    ports, asked, answers = (
        {said(one, at) for one in kind} - {None} for kind in (signs.ports, signs.asked, signs.answers)
    )
    alive, off = (any(low <= at < high for low, high in one.spans) for one in (signs.alive, signs.off))
    if off or 0 in ports:
        return Reach.DOWN
    if 1 in asked | answers:
        return Reach.UP
    if asked:
        return Reach.DOWN if answers or alive else None
    return Reach.UP if ports and not answers else None


@given(
    ports=st.lists(TIMES, max_size=2),
    asked=st.lists(TIMES, max_size=2),
    answers=st.lists(TIMES, max_size=2),
    alive=SPANS,
    off=SPANS,
)
def test_each_instant_is_judged_by_what_was_told_of_it(
    ports: list[list[tuple[int, int]]],
    asked: list[list[tuple[int, int]]],
    answers: list[list[tuple[int, int]]],
    alive: list[tuple[int, int]],
    off: list[tuple[int, int]],
) -> None:
    port, centre, far = (tuple(told(*one) for one in kind) for kind in (ports, asked, answers))
    signs = LinkSigns(port, centre, far, Intervals.of(alive), Intervals.of(off))
    found = reach(signs, start_ms=5, end_ms=55)
    assert (found[0].start_ms, found[-1].end_ms) == (5, 55)
    for span in found:
        for at in range(span.start_ms, span.end_ms):
            assert span.state == looked_at(signs, at), at


GOOD, BAD = told((0, 1), (3, 1), (6, 1), (9, 1)), told((0, 0), (3, 0), (6, 0), (9, 0))
WHOLE = Intervals.of([(0, 9)])


@pytest.mark.parametrize(
    ("signs", "state"),
    [
        (LinkSigns(), None),
        (LinkSigns(ports=(GOOD,)), Reach.UP),
        (LinkSigns(ports=(GOOD, BAD)), Reach.DOWN),
        (LinkSigns(ports=(BAD,), asked=(GOOD,)), Reach.DOWN),
        (LinkSigns(asked=(BAD,)), None),
        (LinkSigns(asked=(BAD, GOOD)), Reach.UP),
        (LinkSigns(ports=(GOOD,), asked=(BAD,)), None),
        (LinkSigns(ports=(GOOD,), asked=(BAD,), alive=WHOLE), Reach.DOWN),
        (LinkSigns(asked=(BAD,), answers=(BAD,)), Reach.DOWN),
        (LinkSigns(asked=(BAD,), answers=(GOOD,)), Reach.UP),
        (LinkSigns(ports=(GOOD,), answers=(BAD,)), None),
        (LinkSigns(asked=(BAD,), off=WHOLE), Reach.DOWN),
        (LinkSigns(alive=WHOLE), None),
    ],
)
def test_down_takes_two_sides_or_the_ports_own_word(signs: LinkSigns, state: Reach | None) -> None:
    assert reach(signs, start_ms=0, end_ms=9) == (Span(0, 9, state),)


def test_silence_is_unknown_neither_up_nor_down() -> None:
    found = reach(LinkSigns(ports=(told((0, 1), (3, 0)),)), start_ms=0, end_ms=100)
    down, unknown = down_and_unknown(found)
    assert down == Intervals.of([(3, 12)])
    assert unknown == Intervals.of([(12, 100)])
    assert down_and_unknown(reach(LinkSigns(), start_ms=0, end_ms=9)) == (NEVER, WHOLE)

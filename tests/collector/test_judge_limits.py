"""Row "ceiling" of spec/evaluation.md section 3a: Waktu pada Batas by the limit that was read from the router."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import MS
from collector.judge.month import LinkInput, OpdMonth, Status
from collector.measure.limits import HOLD_MS, MOST_BPS, Run, Runs, at_starts, joined, part, runs
from tests.collector import oracle
from tests.collector.month_sample import COUNT, DAY, DAY_NS, END_NS, MBPS, START_NS, allocation, flat, judged, link

START_MS, END_MS = START_NS // MS, END_NS // MS
ASKED_MS = 900_000


def asked(*parts: tuple[int, int, int]) -> Runs:
    """Return the runs of a router asked each quarter of an hour in the days ``[from, to)``, set to so many Mbps."""
    read = [
        (START_MS + at, mbps * MBPS)
        for low, high, mbps in parts
        for at in range(low * 86_400_000, high * 86_400_000, ASKED_MS)
    ]
    return runs(read, start_ms=START_MS, end_ms=END_MS)


def at_rate(mbps: int, unduh: Runs, unggah: Runs = ()) -> LinkInput:
    return replace(link(flat(mbps * MBPS), flat(0)), limits=(unduh, unggah))


def ceilings(opd: OpdMonth) -> tuple[object, object, object]:
    return opd.unduh.ceiling, opd.unggah.ceiling, opd.ceiling


def test_a_limit_below_the_determination_censors_demand_and_the_agency_is_saturated() -> None:
    below = judged([at_rate(5, asked((0, 28, 5)))], allocation(10))
    assert (ceilings(below), below.utilisation, below.status) == ((1, 0, 1), Fraction(1, 2), Status.JENUH)
    assert judged([at_rate(5, ())], allocation(10)).status is Status.WAJAR


def test_a_limit_above_the_determination_is_not_reached_at_the_determination() -> None:
    above = judged([at_rate(6, asked((0, 28, 20)))], allocation(6))
    assert (ceilings(above), above.utilisation, above.status) == ((0, 0, 0), Fraction(1), Status.JENUH)
    assert judged([at_rate(6, ())], allocation(6)).ceiling == 1


def test_a_limit_that_changes_in_the_month_is_that_of_the_start_of_each_bin() -> None:
    opd = judged([at_rate(5, asked((0, 7, 5), (7, 28, 10)))], allocation(10))
    assert ceilings(opd) == (Fraction(7, 28), 0, Fraction(7, 28))
    late = runs([(START_MS + 1, 5 * MBPS), (START_MS + 600_000, 9 * MBPS)], start_ms=START_MS, end_ms=END_MS)
    assert judged([at_rate(5, late)], allocation(10)).ceiling == Fraction(1, COUNT), "only the second bin"


def test_where_nobody_read_for_an_hour_the_allocation_holds() -> None:
    silent = judged([at_rate(5, asked((0, 14, 5)))], allocation(10))
    held = 14 * DAY - 3 + 12
    assert silent.ceiling == Fraction(held, COUNT), "the last asking of the day was a quarter of an hour before its end"


def test_a_router_that_sets_no_limit_leaves_the_allocation() -> None:
    opd = judged([at_rate(10, asked((0, 14, 40), (14, 28, 0)))], allocation(10))
    assert opd.ceiling == Fraction(1, 2)
    assert judged([at_rate(10, asked((0, 28, 0)))], allocation(10)).ceiling == 1


def test_each_direction_has_its_own_limit() -> None:
    one = replace(link(flat(5 * MBPS)), limits=((), asked((0, 28, 5))))
    opd = judged([one], allocation(10))
    assert ceilings(opd) == (0, 1, 1)


def test_limits_of_several_links_are_added_and_a_part_is_no_sum() -> None:
    known, other = at_rate(5, asked((0, 28, 5))), at_rate(1, asked((7, 28, 1)))
    both = judged([known, replace(other, link="l2")], allocation(10))
    assert both.unduh.ceiling == Fraction(21 * DAY, COUNT)
    gone = replace(other, link="l2", active_to_ns=START_NS + 7 * DAY_NS, limits=((), ()))
    assert judged([known, gone], allocation(10)).unduh.ceiling == Fraction(21 * DAY, COUNT)


def test_the_limit_is_known_before_the_first_determination_and_in_every_sub_period() -> None:
    spans = (allocation(10, from_ns=START_NS + 7 * DAY_NS, to_ns=START_NS + 14 * DAY_NS), allocation(20))
    spans = (spans[0], replace(spans[1], valid_from_ns=START_NS + 14 * DAY_NS))
    opd = judged([at_rate(5, asked((0, 21, 5)), asked((0, 28, 20)))], *spans)
    early, second, last = (part.unduh.ceiling for part in opd.sub_periods)
    assert (early, second, last) == (Fraction(1), Fraction(1), Fraction(7 * DAY - 3 + 12, 14 * DAY))
    assert (opd.unduh.ceiling, opd.utilisation) == (Fraction(21 * DAY + 9, COUNT), None)
    assert judged([at_rate(5, asked((1, 28, 5)))], spans[1]).unduh.ceiling is None, "a day of bins has no limit"


TIMES = st.integers(-2 * HOLD_MS, 30 * HOLD_MS) | st.integers(-8, 120).map(lambda n: n * 900_000)
READS = st.lists(st.tuples(TIMES, st.sampled_from((0, 1, 2, 3))), max_size=20)


@given(READS)
def test_runs_say_what_was_last_read_in_any_order(read: list[tuple[int, int]]) -> None:
    wanted = [oracle.limit_at(read, at) or 0 for at in range(0, 24 * HOLD_MS, 300_000)]
    found = runs(reversed(read), start_ms=0, end_ms=24 * HOLD_MS)
    assert at_starts(found, start_ms=0, width_ms=300_000, count=288).tolist() == wanted
    assert found == runs(read, start_ms=0, end_ms=24 * HOLD_MS)


@given(READS, st.integers(1, 24 * HOLD_MS - 1))
def test_runs_of_parts_join_to_the_runs_of_the_whole(read: list[tuple[int, int]], cut: int) -> None:
    parts = [runs(read, start_ms=0, end_ms=cut), runs(read, start_ms=cut, end_ms=24 * HOLD_MS)]
    whole = runs(read, start_ms=0, end_ms=24 * HOLD_MS)
    assert joined(parts) == whole
    assert [part(whole, start_ms=0, end_ms=cut), part(whole, start_ms=cut, end_ms=24 * HOLD_MS)] == parts


@pytest.mark.parametrize("bps", [MOST_BPS, MOST_BPS + 1, 2**63 - 1])
def test_a_limit_that_no_line_reaches_is_kept_within_bounds(bps: int) -> None:
    assert runs([(0, bps)], start_ms=0, end_ms=10) == (Run(0, MOST_BPS),)
    huge = runs([(START_MS, bps)], start_ms=START_MS, end_ms=END_MS)
    assert judged([at_rate(10, huge)] * 3, allocation(10)).ceiling == Fraction(COUNT - 12, COUNT)

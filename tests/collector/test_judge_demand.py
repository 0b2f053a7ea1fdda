"""The need of one direction: codes A0 to A5, and the readings of spec/evaluation.md section 3a."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from collector.judge.demand import Ask, Past, Use, determining, need
from collector.judge.figures import Status
from collector.measure.trend import trend

F = Fraction
USE = Use(status=Status.WAJAR, p95=F(60), coverage=F(99, 100), current=F(100), floor=F(20))
IDLE = replace(USE, status=Status.RENDAH, p95=F(10))
IDLE_PAST = (Past(F(12), F(95, 100), Status.RENDAH), Past(F(8), F(9, 10), Status.RENDAH))


def got(use: Use, ask: Ask | None = None) -> tuple[int | Fraction, str]:
    found = need(use, ask)
    return found.rate, found.code


@pytest.mark.parametrize(
    ("use", "rate", "code"),
    [
        (replace(USE, status=Status.DATA_TIDAK_CUKUP, p95=None), 100, "A0"),
        (replace(USE, status=None), 100, "A0"),
        (replace(USE, unsettled=True), 100, "A0"),
        (replace(USE, status=Status.JENUH, p95=F(95)), 150, "A1"),
        (replace(USE, status=Status.JENUH, p95=F(130)), F(650, 4), "A1"),
        (replace(USE, p95=F(70)), F(350, 4), "A2"),
        (replace(USE, status=Status.PERLU_PERHATIAN, p95=F(110)), 125, "A2"),
        (replace(USE, p95=F(31)), 75, "A2"),
        (replace(USE, p95=F(31), floor=F(90)), 90, "A2"),
        (replace(USE, p95=F(31), floor=F(140)), 140, "A2"),
        (IDLE, 100, "A4"),
        (replace(IDLE, past=IDLE_PAST), 20, "A3"),
        (replace(IDLE, past=IDLE_PAST, floor=F(3)), 15, "A3"),
        (replace(IDLE, past=IDLE_PAST[:1]), 100, "A4"),
        (replace(IDLE, past=(None, *IDLE_PAST)), 100, "A4"),
        (replace(IDLE, coverage=F(89, 100), past=IDLE_PAST), 100, "A4"),
        (replace(IDLE, past=(IDLE_PAST[0], replace(IDLE_PAST[1], status=Status.WAJAR))), 100, "A4"),
        (replace(USE, status=Status.DATA_TIDAK_CUKUP, floor=F(120)), 120, "A0"),
    ],
)
def test_the_table_of_codes(use: Use, rate: int | Fraction, code: str) -> None:
    assert got(use) == (rate, code)


def test_one_odd_month_does_not_swing_the_need() -> None:
    past = (Past(F(62), F(99, 100), Status.WAJAR), Past(F(64), F(99, 100), Status.WAJAR))
    assert got(replace(USE, p95=F(68), past=past)) == (F(64) * 5 / 4, "A2")
    assert need(replace(USE, p95=F(68), past=past)).p95 == 64


def test_the_median_takes_the_two_latest_of_six_months_that_are_covered() -> None:
    thin, good = Past(F(1), F(74, 100), None), Past(F(30), F(3, 4), None)
    assert determining(F(90), (thin, None, good, thin, thin, Past(F(40), F(1), None))) == 40
    assert determining(F(90), (thin, None, good, thin, thin, thin, Past(F(40), F(1), None))) == 90
    assert determining(F(90), ()) == 90


def test_a_proposal_raises_only_for_a_named_new_service() -> None:
    assert got(USE, Ask(F(200), raises=True)) == (200, "A2+A5")
    assert got(USE, Ask(F(200), raises=False)) == (75, "A2")


def test_who_asks_for_less_caps_the_need_but_not_below_the_floor() -> None:
    assert got(USE, Ask(F(50), raises=False)) == (50, "A2+A5")
    assert got(USE, Ask(F(5), raises=False)) == (20, "A2+A5")
    assert got(replace(USE, status=Status.JENUH), Ask(F(110), raises=True)) == (110, "A1+A5")


def test_what_is_asked_for_exactly_changes_nothing() -> None:
    assert got(USE, Ask(F(75), raises=True)) == (75, "A2")


def test_the_trend_is_the_median_slope_and_needs_six_months() -> None:
    assert trend([F(1)] * 5 + [None] * 4) is None
    found = trend([F(10), None, F(14), F(16), F(18), F(500), F(22)])
    assert found is not None
    assert (found.slope, found.count) == (F(2), 6)
    assert found.low == F(22 - 500)
    assert found.high == F(500 - 18)
    flat = trend([F(3)] * 12)
    assert flat is not None
    assert (flat.slope, flat.low, flat.high) == (F(0), F(0), F(0))

"""Row "changed allocation" of spec/evaluation.md section 3a, and Jam Sibuk."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from collector.judge.month import AllocationSpan, Parameters, Status
from tests.collector.month_sample import (
    COUNT,
    DAY,
    DAY_NS,
    MBPS,
    START_NS,
    UNKNOWN,
    Rates,
    allocation,
    flat,
    judged,
    link,
    mbps,
    month,
    opd_input,
)


def changed_on(day: int, before: int, after: int) -> tuple[AllocationSpan, AllocationSpan]:
    at = START_NS + day * DAY_NS
    return allocation(before, to_ns=at), allocation(after, from_ns=at)


def test_headline_weighs_allocations_by_bins_and_status_follows_the_last_sub_period() -> None:
    opd = judged([link(flat(6 * MBPS))], *changed_on(7, 10, 20))
    assert opd.unduh.allocation_mean == Fraction(10 * 7 + 20 * 21, 28) * MBPS
    assert opd.utilisation == Fraction(6, 1) / Fraction(35, 2)
    assert [part.unduh.utilisation for part in opd.sub_periods] == [Fraction(6, 10), Fraction(6, 20)]
    assert [(part.down_bps, part.unduh.expected) for part in opd.sub_periods] == [(10**7, 2016), (2 * 10**7, 6048)]
    assert (opd.status, opd.allocation_down) == (Status.WAJAR, 20 * MBPS)


def test_a_last_sub_period_under_a_week_leaves_the_status_to_the_headline() -> None:
    week, less = (judged([link(flat(9 * MBPS))], *changed_on(day, 40, 10)) for day in (21, 22))
    assert (week.unduh.status, week.unduh.status_p95) == (Status.JENUH, mbps(9))
    assert less.unduh.ceiling == 0
    assert (less.utilisation, less.status) == (Fraction(9 * 28, 40 * 22 + 10 * 6), Status.RENDAH)


def test_the_last_sub_period_counts_even_if_the_month_is_too_thin() -> None:
    rates = flat(5 * MBPS)
    rates[: 10 * DAY] = UNKNOWN
    opd = judged([link(rates)], *changed_on(12, 40, 10))
    assert (opd.unduh.p95, opd.utilisation, opd.status) == (None, None, Status.WAJAR)
    assert (opd.sub_periods[0].unduh.p95, opd.sub_periods[1].unduh.p95) == (None, mbps(5))


def test_the_mark_indikatif_follows_what_the_status_was_made_from() -> None:
    rates = flat(5 * MBPS)
    rates[-600:] = UNKNOWN
    opd = judged([link(rates)], *changed_on(14, 40, 10))
    assert (opd.unduh.indicative, opd.unduh.status_indicative, opd.indicative) == (False, True, True)
    assert opd.unduh.status_coverage == Fraction(14 * DAY - 600, 14 * DAY)


def test_a_change_of_one_direction_starts_a_sub_period_for_both() -> None:
    at = START_NS + 14 * DAY_NS
    opd = judged([link(flat(MBPS))], allocation(10, 10, to_ns=at), allocation(10, 5, from_ns=at))
    assert [(part.down_bps, part.up_bps) for part in opd.sub_periods] == [(10**7, 10**7), (10**7, 5 * 10**6)]
    assert opd.unduh.allocation_mean == 10 * MBPS


def test_a_renewed_decision_of_the_same_rates_is_no_change() -> None:
    opd = judged([link(flat(MBPS))], *changed_on(14, 10, 10))
    assert opd.sub_periods == ()
    assert len(opd.allocations) == 2


def test_bins_before_the_first_allocation_leave_the_headline_out() -> None:
    opd = judged([link(flat(5 * MBPS))], allocation(10, from_ns=START_NS + 10 * DAY_NS))
    assert (opd.utilisation, opd.ceiling, opd.unduh.allocation_mean) == (None, None, None)
    assert [part.down_bps for part in opd.sub_periods] == [None, 10 * MBPS]
    assert (opd.sub_periods[0].unduh.p95, opd.sub_periods[0].unduh.utilisation) == (mbps(5), None)
    assert opd.status == Status.WAJAR


def test_time_before_activation_needs_no_allocation() -> None:
    at = START_NS + 10 * DAY_NS
    opd = judged([link(flat(5 * MBPS), from_ns=at)], allocation(10, from_ns=at))
    assert (opd.sub_periods, opd.utilisation, opd.unduh.expected) == ((), Fraction(1, 2), 18 * DAY)


def test_an_allocation_that_ended_leaves_no_status() -> None:
    opd = judged([link(flat(5 * MBPS))], allocation(10, to_ns=START_NS + 14 * DAY_NS))
    assert (opd.status, opd.allocation, opd.utilisation) == (None, None, None)


def test_the_ceiling_is_that_of_the_limit_at_the_start_of_the_bin() -> None:
    rates = flat(0)
    rates[0], rates[14 * DAY] = 10 * MBPS, 10 * MBPS
    opd = judged([link(rates)], *changed_on(14, 10, 20))
    assert opd.unduh.ceiling == Fraction(1, COUNT)
    assert [part.unduh.ceiling for part in opd.sub_periods] == [Fraction(1, 14 * DAY), 0]


def busy(
    rates: np.ndarray[tuple[int], np.dtype[np.int64]], **settings: tuple[date, ...]
) -> tuple[int | None, Fraction | None]:
    parameters = Parameters(holidays=settings.get("holidays", ()))
    found = month(opd_input([link(rates)]), parameters=parameters).opds[0].unduh
    return found.busy_hour, found.busy_hour_mean


def by_hour(rates: Rates) -> NDArray[np.int64]:
    return rates.reshape(28, 24, 12)


def test_the_busy_hour_is_that_of_working_days_and_the_earlier_on_ties() -> None:
    rates = flat(MBPS)
    by_hour(rates)[:, [10, 14]] = 3 * MBPS
    by_hour(rates)[[5, 6], 20] = 900 * MBPS
    assert busy(rates) == (10, mbps(3))
    found = judged([link(rates)]).unduh
    assert (found.peak_hour, found.peak_hour_mean) == ((date(2027, 2, 6), 20), mbps(900))


def test_a_holiday_is_no_working_day() -> None:
    rates = flat(MBPS)
    by_hour(rates)[1, 3] = 500 * MBPS
    assert busy(rates)[0] == 3
    assert busy(rates, holidays=(date(2027, 2, 2),)) == (0, mbps(1))


def test_an_hour_needs_ten_bins_and_five_working_days() -> None:
    rates = flat(MBPS)
    by_hour(rates)[:, 9] = 5 * MBPS
    by_hour(rates)[:, 9, :2] = UNKNOWN
    assert busy(rates) == (9, mbps(5))
    by_hour(rates)[:, 9, 2] = UNKNOWN
    assert busy(rates) == (0, mbps(1))
    rates[4 * DAY :] = UNKNOWN
    assert busy(rates) == (None, None)

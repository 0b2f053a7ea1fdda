"""The month by the rows of spec/evaluation.md sections 3, 3a and 4, one sentence a test."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from collector.judge.month import Parameters, Status
from tests.collector.month_sample import (
    COUNT,
    DAY,
    DAY_NS,
    MBPS,
    START_NS,
    UNKNOWN,
    allocation,
    flat,
    judged,
    link,
    mbps,
    month,
    opd_input,
)


def missing(count: int, *, bps: int = MBPS) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rates = flat(bps)
    rates[:count] = UNKNOWN
    return rates


def test_zero_traffic_is_not_no_data() -> None:
    quiet, silent = judged([link(flat(0))], allocation(10)), judged([link(flat(UNKNOWN))], allocation(10))
    assert (quiet.unduh.p95, quiet.unduh.volume_octets, quiet.status) == (mbps(0), 0, Status.RENDAH)
    assert (silent.unduh.p95, silent.unduh.volume_octets, silent.status) == (None, None, Status.DATA_TIDAK_CUKUP)
    assert (silent.unduh.mean, silent.unduh.peak, silent.unduh.ceiling, silent.utilisation) == (None,) * 4
    assert (quiet.unduh.busy_hour, quiet.unduh.busy_hour_mean, quiet.unduh.peak_hour) == (
        0,
        mbps(0),
        (date(2027, 2, 1), 0),
    )


@pytest.mark.parametrize(
    ("lost", "printed", "indicative", "bounded"),
    [
        (0, True, False, False),
        (80, True, False, False),
        (81, True, False, True),
        (806, True, False, True),
        (807, True, True, True),
        (2016, True, True, True),
        (2017, False, False, False),
    ],
)
def test_coverage_decides_what_is_printed(lost: int, printed: bool, indicative: bool, bounded: bool) -> None:
    opd = judged([link(missing(lost))], allocation(10))
    assert (opd.unduh.p95 is not None, opd.unduh.indicative, opd.unduh.bounds_shown) == (printed, indicative, bounded)
    assert (opd.unduh.valid, opd.unduh.expected) == (COUNT - lost, COUNT)
    assert opd.indicative == indicative
    assert (opd.status == Status.DATA_TIDAK_CUKUP) == (not printed)


def test_99_percent_is_enough_to_print_no_bounds() -> None:
    for lost, bounded in ((1, False), (2, True)):
        opd = judged([link(missing(lost), to_ns=START_NS + 100 * 300 * 10**9)], allocation(10))
        assert (opd.unduh.expected, opd.unduh.bounds_shown) == (100, bounded)


def test_more_than_one_in_twenty_missing_leaves_no_upper_bound() -> None:
    rates = np.arange(COUNT) * 1000
    few, many = rates.copy(), rates.copy()
    few[:403], many[:404] = UNKNOWN, UNKNOWN
    assert judged([link(few)]).unduh.p95_high == Fraction((COUNT - 1) * 1000)
    assert judged([link(few)]).unduh.p95_low == rates[403 + 7661 - 403 - 1]
    assert (judged([link(many)]).unduh.p95_high, judged([link(many)]).unduh.bounds_shown) == (None, True)


def test_the_rank_drops_the_highest_twentieth() -> None:
    rates = np.random.default_rng(1).permutation(COUNT) * 1000
    assert judged([link(rates)]).unduh.p95 == (7661 - 1) * 1000


@pytest.mark.parametrize(
    ("bps", "status"),
    [
        (9 * MBPS, Status.JENUH),
        (9 * MBPS - 1, Status.PERLU_PERHATIAN),
        (7 * MBPS, Status.PERLU_PERHATIAN),
        (7 * MBPS - 1, Status.WAJAR),
        (3 * MBPS, Status.WAJAR),
        (3 * MBPS - 1, Status.RENDAH),
    ],
)
def test_status_compares_unrounded(bps: int, status: Status) -> None:
    opd = judged([link(flat(bps), flat(0))], allocation(10))
    assert (opd.status, opd.utilisation) == (status, Fraction(bps, 10 * MBPS))


@pytest.mark.parametrize(("bins", "status"), [(404, Status.JENUH), (403, Status.RENDAH)])
def test_five_percent_of_bins_at_the_limit_is_saturation(bins: int, status: Status) -> None:
    rates = flat(0)
    rates[:bins] = 9_500_000
    opd = judged([link(rates, flat(0))], allocation(10))
    assert (opd.ceiling, opd.status) == (Fraction(bins, COUNT), status)


def test_a_twentieth_at_the_limit_is_enough_for_saturation() -> None:
    rates = flat(0)
    rates[:5] = 9_500_000
    opd = judged([link(rates, flat(0), to_ns=START_NS + 100 * 300 * 10**9)], allocation(10))
    assert (opd.utilisation, opd.ceiling, opd.status) == (Fraction(0), Fraction(1, 20), Status.JENUH)


def test_the_limit_is_reached_at_95_percent_to_the_bit() -> None:
    assert judged([link(flat(9_499_999))], allocation(10)).ceiling == 0
    assert judged([link(flat(9_500_000))], allocation(10)).ceiling == 1


def test_the_worse_direction_is_the_status_and_the_larger_is_printed() -> None:
    opd = judged([link(flat(2 * MBPS), flat(4 * MBPS))], allocation(10, 5))
    assert (opd.unduh.status, opd.unggah.status, opd.status) == (Status.RENDAH, Status.PERLU_PERHATIAN, Status(3))
    assert opd.utilisation == Fraction(4, 5)


def test_the_lower_direction_gives_coverage_and_status() -> None:
    opd = judged([link(flat(9 * MBPS), missing(4000))], allocation(10))
    assert (opd.unduh.status, opd.status) == (Status.JENUH, Status.DATA_TIDAK_CUKUP)
    assert (opd.coverage, opd.utilisation) == (Fraction(4064, COUNT), None)
    assert opd.unduh.p95 == 9 * MBPS


def test_without_allocation_there_is_no_utilisation_and_no_status() -> None:
    opd = judged([link(flat(MBPS))])
    assert (opd.utilisation, opd.ceiling, opd.status, opd.allocation) == (None, None, None, None)
    assert opd.unduh.p95 == MBPS


def test_nothing_to_measure_gives_nothing() -> None:
    for links in ([], [link(flat(MBPS), from_ns=START_NS + 40 * DAY_NS)]):
        opd = judged(links, allocation(10))
        assert (opd.unduh.expected, opd.unduh.coverage, opd.unduh.mean, opd.unduh.volume_octets) == (
            0,
            None,
            None,
            None,
        )
        assert (opd.coverage, opd.utilisation, opd.status) == (None, None, Status.DATA_TIDAK_CUKUP)


def test_two_links_are_summed_before_they_are_ranked() -> None:
    one, two = flat(MBPS), flat(MBPS)
    one[:500], two[-500:] = 8 * MBPS, 8 * MBPS
    opd = judged([link(one), link(two)], allocation(20))
    assert (opd.unduh.p95, opd.unduh.peak, opd.unduh.mean) == (
        mbps(9),
        mbps(9),
        2 * MBPS + Fraction(7000 * MBPS, COUNT),
    )
    assert judged([link(one)]).unduh.p95 == 8 * MBPS  # the sum of percentiles would have been 16


def test_a_blind_link_blinds_the_sum_but_not_the_volume() -> None:
    opd = judged([link(flat(MBPS)), link(flat(UNKNOWN))], allocation(10))
    assert (opd.unduh.valid, opd.unduh.expected, opd.status) == (0, COUNT, Status.DATA_TIDAK_CUKUP)
    assert opd.unduh.volume_octets == COUNT * 37_500_000
    assert [each.coverage for each in opd.links] == [1, 0]


def test_an_opd_bin_is_the_sum_of_the_links_active_in_it() -> None:
    late = flat(UNKNOWN)
    late[14 * DAY :] = 3 * MBPS
    opd = judged([link(flat(MBPS)), link(late, from_ns=START_NS + 14 * DAY_NS)], allocation(10))
    assert (opd.unduh.coverage, opd.unduh.p95, opd.unduh.mean) == (Fraction(1), mbps(4), Fraction(5 * MBPS, 2))


def test_only_whole_bins_of_the_active_time_are_expected_and_ranked() -> None:
    rates = flat(MBPS)
    rates[: 7 * DAY + 1] = 99 * MBPS
    opd = judged([link(rates, from_ns=START_NS + 7 * DAY_NS + 1, to_ns=START_NS + 21 * DAY_NS - 1)], allocation(10))
    assert (opd.unduh.expected, opd.unduh.peak, opd.unduh.p95) == (14 * DAY - 2, mbps(1), mbps(1))
    assert opd.unduh.volume_octets == (14 * DAY - 2) * 37_500_000


def test_peak_is_the_earliest_of_equals() -> None:
    rates = flat(MBPS)
    rates[[77, 5000]] = 3 * MBPS
    found = judged([link(rates)]).unduh
    assert (found.peak, found.peak_start_ns) == (mbps(3), START_NS + 77 * 300 * 10**9)


def test_change_is_against_last_month() -> None:
    base = opd_input([link(flat(3 * MBPS))], allocation(10))
    for previous, change in ((Fraction(2 * MBPS), Fraction(1, 2)), (Fraction(0), None), (None, None)):
        case = type(base)(base.code, base.name, base.klass, base.links, base.allocations, previous, previous)
        assert month(case).opds[0].unduh.p95_change == change


def test_month_to_date_expects_only_bins_that_have_ended() -> None:
    rates = flat(UNKNOWN)
    rates[: 10 * DAY] = 2 * MBPS
    until = START_NS + 10 * DAY_NS + 299 * 10**9
    opd = month(opd_input([link(rates)], allocation(10)), until_ns=until).opds[0]
    assert (opd.unduh.expected, opd.unduh.coverage, opd.status) == (10 * DAY, Fraction(1), Status.RENDAH)
    assert opd.links[0].gaps == ()


def test_a_gap_of_an_hour_is_not_listed_but_a_longer_one_is() -> None:
    rates = flat(MBPS)
    rates[100:112], rates[200:213], rates[-20:] = UNKNOWN, UNKNOWN, UNKNOWN
    opd = judged([link(rates)], allocation(10))
    spans = [
        ((gap.start_ns - START_NS) // (300 * 10**9), (gap.end_ns - START_NS) // (300 * 10**9))
        for gap in opd.links[0].gaps
    ]
    assert spans == [(200, 213), (COUNT - 20, COUNT)]
    assert (opd.quality.gaps, opd.quality.gap_ns) == (2, 33 * 300 * 10**9)


def test_charts_have_every_hour_and_day_and_none_for_the_unknown() -> None:
    rates = flat(MBPS)
    rates[12:24], rates[DAY : 2 * DAY] = UNKNOWN, UNKNOWN
    found = judged([link(rates)]).unduh
    assert (len(found.hourly), len(found.daily_mean), len(found.daily_p95)) == (672, 28, 28)
    assert (found.hourly[:3], found.daily_p95[:3], found.daily_mean[1]) == (
        (MBPS, None, MBPS),
        (MBPS, None, MBPS),
        None,
    )


def test_bins_of_another_month_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="link l1: 8063 bins of 300000 ms"):
        judged([link(flat(MBPS)[1:])])


def test_overlapping_allocations_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"OPD PD01: allocation '1/2027' still holds"):
        judged([link(flat(MBPS))], allocation(10), allocation(20, from_ns=START_NS))


def test_any_changed_parameter_changes_the_id() -> None:
    ids = {Parameters().id, Parameters(busy_days=6).id, Parameters(holidays=(date(2027, 2, 17),)).id}
    assert len(ids) == 3
    with pytest.raises(ValueError, match="divide the hour"):
        Parameters(width_ms=420_000)

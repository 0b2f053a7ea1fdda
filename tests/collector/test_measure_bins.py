"""Bins: proportion, edges, gaps, the limit of what they hold, and sums of links."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from collector.measure.bins import MICRO, Bins, Counts, bins, join, total
from collector.measure.counters import MAX_BPS, Deltas, Verdict, deltas
from collector.measure.rates import Member, Rates, whole_sum
from tests.collector.oracle import Read
from tests.collector.readings import series

HOUR = 3_600_000


def reads_at(*points: tuple[int, int]) -> Deltas:
    return deltas(series([Read(time_ms=time, octets=octets) for time, octets in points]))


def made(octets_u: list[int], covered_ms: list[int]) -> Bins:
    return Bins(0, 300_000, np.array(octets_u), np.array(covered_ms), np.zeros(len(octets_u), np.int64), Counts())


def test_bits_are_split_over_bins_in_proportion_to_time() -> None:
    got = bins(reads_at((200_000, 0), (500_000, 300), (600_000, 400)), start_ms=0, count=2)
    assert got.octets_u.tolist() == [100 * MICRO, 300 * MICRO]
    assert got.covered_ms.tolist() == [100_000, 300_000]


def test_shares_of_a_delta_add_up_to_it() -> None:
    got = bins(reads_at((1, 0), (899_998, 10)), start_ms=0, count=3)
    assert int(got.octets_u.sum()) == 10 * MICRO
    assert got.octets_u.tolist() == [3_333_333, 3_333_345, 3_333_322]


def test_a_gap_is_unknown_not_zero() -> None:
    got = bins(reads_at((0, 0), (300_000, 9), (2_400_000, 99), (2_700_000, 100)), start_ms=0, count=9)
    assert got.covered_ms.tolist() == [300_000, 0, 0, 0, 0, 0, 0, 0, 300_000]
    assert got.valid.tolist() == [True, *[False] * 7, True]
    assert int(got.long_u.sum()) == 90 * MICRO


@pytest.mark.parametrize(("covered", "valid"), [(239_999, False), (240_000, True)])
def test_a_bin_is_valid_from_240_seconds(covered: int, valid: bool) -> None:
    got = bins(reads_at((0, 0), (covered, 9)), start_ms=0, count=1)
    assert bool(got.valid[0]) is valid


def test_a_bin_which_a_long_delta_touches_is_valid_if_others_cover_it() -> None:
    got = bins(reads_at((0, 0), (250_000, 50), (1_250_000, 100)), start_ms=0, count=1)
    assert (got.valid.tolist(), got.octets_u.tolist(), got.long_u.tolist()) == ([True], [50 * MICRO], [2_500_000])


def test_months_add_up_at_their_edge() -> None:
    judged = reads_at((0, 0), (1_000_001, 12_345), (5_000_000, 77_777), (5_123_457, 80_001))
    whole = bins(judged, start_ms=0, count=18)
    parts = [bins(judged, start_ms=0, count=7), bins(judged, start_ms=7 * 300_000, count=11)]
    assert join(parts).same(whole)
    assert int(whole.octets_u.sum() + whole.long_u.sum()) == 80_001 * MICRO


def test_a_delta_belongs_to_the_span_in_which_it_ends() -> None:
    judged = reads_at((0, 0), (300_000, 5), (600_000, 4))
    first, second = (bins(judged, start_ms=start, count=1).counts for start in (0, 300_000))
    assert (first, second) == (Counts(valid=1), Counts(backward=1))


def test_bins_that_do_not_adjoin_are_refused() -> None:
    judged = reads_at((0, 0), (300_000, 5))
    with pytest.raises(ValueError, match="do not adjoin"):
        join([bins(judged, start_ms=0, count=1), bins(judged, start_ms=600_000, count=1)])
    with pytest.raises(ValueError, match="give 1 to 600000 ms"):
        bins(judged, start_ms=0, count=1, width_ms=600_001)


def test_a_bin_holds_what_the_fastest_port_carries() -> None:
    fill = MAX_BPS // 8 * 600
    got = bins(reads_at((0, 0), (600_000, fill)), start_ms=0, count=1, width_ms=600_000)
    assert got.octets_u.tolist() == [fill * MICRO]


def test_a_long_gap_of_three_years_is_volume_of_all_its_bins() -> None:
    got = bins(reads_at((0, 0), (3 * 365 * 24 * HOUR, 3 * 365 * 288 * 10**9)), start_ms=5 * HOUR, count=4)
    assert got.long_u.tolist() == [10**9 * MICRO] * 4


def test_a_day_of_a_fast_link_without_readings_is_shared_exactly() -> None:
    got = bins(reads_at((0, 0), (100_000_000, 10**12)), start_ms=0, count=400)
    assert got.long_u[:333].tolist() == [3 * 10**9 * MICRO] * 333
    assert int(got.long_u.sum()) == 10**12 * MICRO


def test_a_clock_that_ran_wild_gives_no_bin() -> None:
    start = np.zeros(3, np.int64)
    wild = Deltas(start, np.array([300_000, 300_001, 300_002]), start + 7, np.zeros(3, np.int8), start[:0])
    got = bins(wild, start_ms=0, count=2)
    assert (got.octets_u[0], got.covered_ms[0], got.counts.valid) == (0, 0, 3)


def test_twenty_days_reversed_and_sent_twice_give_the_same_bytes() -> None:
    rng, octets = random.Random(4), 0
    reads = []
    for i in range(20 * 288):
        octets += rng.randrange(10**9)
        reads.append(Read(time_ms=i * 300_000 + rng.randrange(9_000), octets=octets, boot=1, boot_ms=i * 300_000))
    first, again = (bins(deltas(series(way)), start_ms=0, count=5760) for way in (reads, reads[::-1] + reads))
    assert first.same(again)
    assert first.counts.valid == len(reads) - 1


def test_links_are_summed_only_where_all_are_valid() -> None:
    one, two = made([900, 900, 900], [300_000, 300_000, 0]), made([100, 100, 100], [300_000, 250_000, 300_000])
    got = total([one, two])
    assert got.valid.tolist() == [True, True, False]
    assert got.octets_u.tolist() == [1000, 900 + 120, 0]
    assert total([one]).same(Bins(0, 300_000, np.array([900, 900, 0]), one.covered_ms, one.long_u, one.counts))


def test_links_of_other_spans_are_not_summed() -> None:
    with pytest.raises(ValueError, match="same span"):
        total([made([1], [1]), made([1, 2], [1, 1])])


def test_rates_of_several_links_stay_exact() -> None:
    one, two = made([7, 7], [300_000, 270_001]), made([5, 5], [240_007, 300_000])
    rates = Rates.of([Member(one, 0, 2), Member(two, 0, 2)], 2)
    exact = [Fraction(7, 300_000) + Fraction(5, 240_007), Fraction(7, 270_001) + Fraction(5, 300_000)]
    assert rates.exact(np.array([0, 1])) == [value / 125 for value in exact]
    assert rates.total(np.array([0, 1])) == sum(exact) / 125


def test_every_verdict_is_counted() -> None:
    verdicts = np.array(list(Verdict), np.int8)
    edges = np.arange(len(verdicts) + 1, dtype=np.int64) * 300_000
    judged = Deltas(edges[:-1], edges[1:], np.zeros(len(verdicts), np.int64), verdicts, np.array([5, 5]))
    assert bins(judged, start_ms=0, count=9).counts == Counts(1, 1, 1, 1, 1, 1, 1, 2)
    assert Counts(1, 1, 1, 1, 1, 1, 1, 2).rejected == 6


def test_a_sum_beyond_64_bits_is_whole() -> None:
    assert whole_sum(np.array([2**62 + 3] * 9)) == 9 * (2**62 + 3)
    assert whole_sum(np.zeros(0, np.int64)) == 0

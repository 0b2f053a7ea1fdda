"""A line measured at both ends: what is forged is found, and clean months are left in peace."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from agent.clock import MS
from collector.judge.reconcile import Tolerance, reconcile
from collector.measure.intervals import Intervals
from tests.collector.line_sample import (
    DAY_MS,
    DAYS,
    MONTH_NS,
    START_MS,
    Forgery,
    Polled,
    end_of,
    judged,
    polled,
    traffic,
)

HOUR = 3_600_000
TEN = 10 * DAY_MS + 9 * HOUR


def frozen(end: Polled, *, start: int, stop: int) -> Polled:
    """The counters stand still for a part of every day and never tell of it."""
    return end.scaled(0.0, up=0.0, start_ms=start, end_ms=stop)


def restarted(end: Polled, *, every_ms: int) -> Polled:
    """Every so often the router restarts: counters and uptime begin anew, so no delta is valid across it."""
    epoch = end.time_ms // every_ms
    first = np.searchsorted(epoch, epoch)
    base = end.unduh[first], end.unggah[first]
    return replace(
        end, unduh=end.unduh - base[0], unggah=end.unggah - base[1], uptime=(end.time_ms - end.time_ms[first]) // 10
    )


def one_day(end: Polled, share: float) -> Polled:
    """Only the eleventh day is forged."""
    inside = end.time_ms[1:] // DAY_MS == 10
    growth = np.diff(end.unduh.astype(np.int64))
    made = np.where(inside, (growth * share).astype(np.int64), growth)
    return replace(end, unduh=np.concatenate((end.unduh[:1], end.unduh[0] + np.cumsum(made).astype(np.uint64))))


def capped(end: Polled, share: float) -> Polled:
    """No minute passes a rate: peaks are hidden."""
    growth = np.diff(end.unduh.astype(np.int64))
    made = np.minimum(growth, int(np.quantile(growth, share)))
    return replace(end, unduh=np.concatenate((end.unduh[:1], end.unduh[0] + np.cumsum(made).astype(np.uint64))))


OPD: dict[str, Forgery] = {
    "unduh less 2.5 %": lambda end: end.scaled(0.975),
    "unduh less 3 %": lambda end: end.scaled(0.97),
    "unduh less 10 %": lambda end: end.scaled(0.9),
    "unduh halved": lambda end: end.scaled(0.5),
    "unduh nearly gone": lambda end: end.scaled(0.01),
    "unduh gone": lambda end: end.scaled(0.0),
    "unggah less 3 %": lambda end: end.scaled(1.0, up=0.97),
    "unggah halved": lambda end: end.scaled(1.0, up=0.5),
    "both less 5 %": lambda end: end.scaled(0.95, up=0.95),
    "a second uplink adds 3 %": lambda end: end.scaled(1.03),
    "a second uplink adds 30 %": lambda end: end.scaled(1.3, up=1.3),
    "upload through a second uplink": lambda end: end.scaled(1.0, up=1.1),
    "directions swapped": lambda end: replace(end, unduh=end.unggah, unggah=end.unduh),
    "office hours less 5 %": lambda end: end.scaled(0.95, start_ms=8 * HOUR, end_ms=16 * HOUR),
    "the busiest hour halved": lambda end: end.scaled(0.5, start_ms=9 * HOUR, end_ms=10 * HOUR),
    "nights gone": lambda end: end.scaled(0.0, start_ms=17 * HOUR, end_ms=24 * HOUR),
    "frozen two hours a day": lambda end: frozen(end, start=9 * HOUR, stop=11 * HOUR),
    "frozen half an hour a day": lambda end: frozen(end, start=10 * HOUR, stop=10 * HOUR + HOUR // 2),
    "peaks cut at the 90th percentile": lambda end: capped(end, 0.90),
    "peaks cut at the median": lambda end: capped(end, 0.5),
    "one day less 10 %": lambda end: one_day(end, 0.9),
    "one day gone": lambda end: one_day(end, 0.0),
    "silent for 65 minutes once": lambda end: end.without(TEN, TEN + 65 * 60_000),
    "silent for a day": lambda end: end.without(TEN, TEN + DAY_MS),
    "silent every night": lambda end: end.without(0, 2 * HOUR, every_ms=DAY_MS),
    "silent 50 minutes of each hour": lambda end: end.without(0, 50 * 60_000, every_ms=HOUR),
    "silent from the tenth day on": lambda end: end.without(TEN, DAYS * DAY_MS),
    "restarted every two minutes": lambda end: restarted(end, every_ms=120_000),
}
NOC: dict[str, Forgery] = {
    "the NOC's end less 3 %": lambda end: end.scaled(0.97),
    "the NOC's end silent for two hours": lambda end: end.without(TEN, TEN + 2 * HOUR),
}


def test_there_are_thirty_forged_scenarios() -> None:
    assert len(OPD) + len(NOC) == 30


@pytest.mark.parametrize("name", OPD)
def test_what_is_forged_in_the_opd_is_found(name: str) -> None:
    assert judged(7, opd=OPD[name])


@pytest.mark.parametrize("name", NOC)
def test_what_is_forged_at_the_noc_is_found(name: str) -> None:
    assert judged(7, noc=NOC[name])


def test_of_600_clean_months_at_most_one_is_found() -> None:
    assert sum(bool(judged(seed)) for seed in range(600)) <= 1


def test_the_finding_names_the_day_and_how_far_the_ends_differ() -> None:
    [found] = judged(3, opd=lambda end: one_day(end, 0.5))
    assert (found.rule, found.object, found.direction) == ("line_difference", "opd", "unduh")
    assert found.start_ns == MONTH_NS + 10 * DAY_MS * MS
    assert abs(found.value - 1) < Fraction(1, 20)


def test_the_silent_end_is_named_with_the_length_of_its_silence() -> None:
    [found] = judged(3, opd=lambda end: end.without(TEN, TEN + 90 * 60_000))
    assert (found.rule, found.object, int(found.limit)) == ("line_silence", "opd", 3600)
    assert 90 * 60 <= found.value <= 93 * 60


def test_both_silent_is_nobodys_finding() -> None:
    def night(end: Polled) -> Polled:
        return end.without(TEN, TEN + 8 * HOUR)

    assert judged(3, opd=night, noc=night) == ()


@pytest.mark.parametrize(("share", "found"), [(0.9805, 0), (0.9795, 1)])
def test_the_limit_is_two_percent_of_a_days_octets(share: float, found: int) -> None:
    random = np.random.default_rng(1)
    end = polled(traffic(random), random, outages=0)
    ends = end_of("noc", end), end_of("opd", end.scaled(share))
    assert len(reconcile(*ends, until_ms=START_MS + DAYS * DAY_MS)) == found


def test_an_idle_line_is_not_judged_by_its_few_octets() -> None:
    idle = Polled(
        np.arange(0, DAYS * DAY_MS, 60_000), *(np.arange(43_200, dtype=np.uint64) * 9,) * 2, np.arange(43_200) * 6000
    )
    ends = end_of("noc", idle), end_of("opd", idle.scaled(2.0))
    assert reconcile(*ends, until_ms=START_MS + DAYS * DAY_MS) == ()
    assert len(reconcile(*ends, until_ms=START_MS + DAYS * DAY_MS, tolerance=Tolerance(octets=1000))) == 1


def test_only_the_time_in_which_both_ends_are_to_be_measured_counts() -> None:
    random = np.random.default_rng(2)
    end = polled(traffic(random), random, outages=0)
    later = end.without(0, 15 * DAY_MS)
    ends = [end_of("noc", end), end_of("opd", later)]
    assert [found.rule for found in reconcile(*ends, until_ms=START_MS + DAYS * DAY_MS)] == ["line_silence"]
    ends[1] = replace(ends[1], active=Intervals.of([(MONTH_NS + 15 * DAY_MS * MS + 300_000 * MS, 2**62)]))
    assert reconcile(*ends, until_ms=START_MS + DAYS * DAY_MS) == ()


def test_many_silences_of_less_than_an_hour_are_told_as_one_day_of_them() -> None:
    count = DAYS * 1440
    even = np.arange(count, dtype=np.uint64) * np.uint64(10**6)
    end = Polled(np.arange(count) * 60_000, even, even, np.arange(count) * 6000)
    ends = end_of("noc", end), end_of("opd", end.without(1, 45 * 60_000, every_ms=HOUR))
    (found,) = reconcile(*ends, until_ms=START_MS + DAYS * DAY_MS)
    assert (found.rule, found.object, int(found.limit)) == ("line_silence", "opd", 6 * 3600)
    assert int(found.value) == 24 * 45 * 60


def test_the_day_under_way_is_not_compared_but_its_silence_is_told() -> None:
    random = np.random.default_rng(2)
    end = polled(traffic(random), random, outages=0)
    ends = end_of("noc", end), end_of("opd", one_day(end, 0.5).without(TEN, TEN + DAY_MS))
    assert reconcile(*ends, until_ms=START_MS + TEN + HOUR // 2) == ()
    assert [item.rule for item in reconcile(*ends, until_ms=START_MS + TEN + 2 * HOUR)] == ["line_silence"]

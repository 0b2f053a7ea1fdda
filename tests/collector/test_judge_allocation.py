"""The live check of closed bins: findings begin, stand while true, and end."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from collector.judge.allocation import Finding, Severity, Thresholds, Use, check, uses
from collector.measure.bins import Bins, Counts
from tests.collector.month_sample import MBPS, START_NS, allocation, mbps

BIN_NS = 300 * 10**9


def closed(rates: Sequence[float | None], *, allocation_mbps: int | None = 10) -> list[Use]:
    bps = None if allocation_mbps is None else allocation_mbps * MBPS
    return [
        Use(i * BIN_NS, (i + 1) * BIN_NS, None if rate is None else Fraction(rate) * MBPS, bps)
        for i, rate in enumerate(rates)
    ]


def found(
    rates: Sequence[float | None], *, limited: bool = True, confirm: int = 2, allowed: int | None = 10
) -> list[Finding]:
    bins = closed(rates, allocation_mbps=allowed)
    return list(check("PD01", "unduh", bins, limited=limited, thresholds=Thresholds(confirm=confirm)))


def spans(findings: Sequence[Finding], rule: str) -> list[tuple[int, int | None]]:
    return [
        (one.start_ns // BIN_NS, None if one.end_ns is None else one.end_ns // BIN_NS)
        for one in findings
        if one.rule == rule
    ]


def test_a_finding_opens_after_enough_bins_and_starts_with_the_first() -> None:
    assert spans(found([1, 9.5, 1, 9.5, 9.5, 9.6]), "at_ceiling") == [(3, None)]
    assert found([1, 9.5, 1, 9.499999]) == []


def test_a_finding_ends_with_the_first_of_enough_bins_that_do_not_show_it() -> None:
    assert spans(found([9.5, 9.5, 1, 9.5, 1, 1, 9.5]), "at_ceiling") == [(0, 4)]
    assert spans(found([9.5, 9.5, 1, 1, 9.7, 9.7]), "at_ceiling") == [(0, 2), (4, None)]


def test_an_unknown_bin_shows_nothing() -> None:
    assert found([9.5, None, 9.5, None]) == []
    assert spans(found([9.5, 9.5, None, None]), "at_ceiling") == [(0, 2)]


def test_passing_the_allocation_is_a_finding_only_where_a_limit_should_hold() -> None:
    rates = [10.6, 10.5, 10.51, 10.7]
    assert spans(found(rates), "over_allocation") == [(2, None)]
    assert spans(found(rates, limited=False), "over_allocation") == []
    last = found(rates)[-1]
    assert (last.severity, last.value, last.limit) == (
        Severity.WARNING,
        Fraction(10.7) * MBPS,
        Fraction(105, 10) * MBPS,
    )


def test_without_an_allocation_there_is_no_finding() -> None:
    assert found([99, 99, 99], allowed=None) == []
    assert found([99, 99, 99], allowed=0) == []


def test_one_bin_is_enough_when_asked() -> None:
    assert spans(found([9.5, 1, 9.5], confirm=1), "at_ceiling") == [(0, 1), (2, None)]
    with pytest.raises(ValueError, match="at least 1 bin"):
        Thresholds(confirm=0)


def test_each_bin_stands_beside_the_allocation_at_its_start() -> None:
    octets = np.array([375_000_000 * 10**6, 0, 0])
    bins = Bins(START_NS // 10**6, 300_000, octets, np.array([300_000, 0, 300_000]), octets * 0, Counts())
    spans_of = (allocation(20, 5, to_ns=START_NS + BIN_NS), allocation(40, from_ns=START_NS + BIN_NS + 1))
    first, blind, later = uses(bins, spans_of, "unduh")
    assert (first.rate, first.utilisation, first.end_ns) == (mbps(10), Fraction(1, 2), START_NS + BIN_NS)
    assert (blind.rate, blind.allocation_bps, blind.utilisation) == (None, None, None)
    assert (later.rate, later.allocation_bps, later.utilisation) == (mbps(0), 40 * MBPS, mbps(0))
    assert uses(bins, spans_of, "unggah")[0].utilisation == 2

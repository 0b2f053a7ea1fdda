"""Months made of plain rates for the tests of the evaluation: February 2027 in WIB, four weeks from a Monday."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from agent.clock import MS, WIB, Month
from collector.judge.month import (
    AllocationSpan,
    ContractInput,
    Evaluation,
    LinkInput,
    MonthInput,
    OpdInput,
    OpdMonth,
    Parameters,
    evaluate,
)
from collector.measure.bins import Bins, Counts

MONTH = Month(2027, 2)
START_NS = MONTH.start_ns(WIB)
END_NS = MONTH.end_ns(WIB)
COUNT = 8064
DAY_NS = 86_400 * 10**9
DAY = 288
MBPS = 1_000_000
UNKNOWN = -1

Rates = NDArray[np.int64]


def mbps(number: int) -> Fraction:
    """Return a figure of so many Mbps."""
    return Fraction(number * MBPS)


def flat(bps: int) -> Rates:
    """Return a month of bins of one rate in bit/s; set single bins to UNKNOWN afterwards."""
    return np.full(COUNT, bps, np.int64)


def bins_of(rates: Rates) -> Bins:
    """Return fully covered 300-s bins of ``rates`` bit/s, uncovered where UNKNOWN."""
    known = rates != UNKNOWN
    return Bins(
        start_ms=START_NS // MS,
        width_ms=300_000,
        octets_u=np.where(known, rates * 37_500_000, 0),
        covered_ms=np.where(known, 300_000, 0),
        long_u=np.zeros(len(rates), np.int64),
        counts=Counts(valid=int(known.sum())),
    )


def link(unduh: Rates, unggah: Rates | None = None, *, from_ns: int = 0, to_ns: int | None = None) -> LinkInput:
    """Return a link with these rates; unggah is the same as unduh where not given."""
    return LinkInput(
        link="l1",
        device="r1",
        interface="ether1",
        vantage="opd",
        unduh=bins_of(unduh),
        unggah=bins_of(unduh if unggah is None else unggah),
        active_from_ns=from_ns,
        active_to_ns=to_ns,
    )


def allocation(down: int, up: int | None = None, *, from_ns: int = 0, to_ns: int | None = None) -> AllocationSpan:
    """Return a determination in Mbps (up as down where not given)."""
    return AllocationSpan(from_ns, to_ns, down * MBPS, (down if up is None else up) * MBPS, decision_number="1/2027")


def opd_input(links: Sequence[LinkInput], *allocations: AllocationSpan, code: str = "PD01") -> OpdInput:
    """Return an OPD with these links and determinations."""
    return OpdInput(code=code, name=f"Dinas {code}", klass="sedang", links=tuple(links), allocations=allocations)


def month(
    *opds: OpdInput,
    contracts: tuple[ContractInput, ...] = (),
    until_ns: int | None = None,
    parameters: Parameters | None = None,
) -> Evaluation:
    """Evaluate the month."""
    case = MonthInput(MONTH, WIB, "Kabupaten Contoh", END_NS, opds, contracts, until_ns=until_ns)
    return evaluate(case, parameters or Parameters())


def judged(links: Sequence[LinkInput], *allocations: AllocationSpan) -> OpdMonth:
    """Return the month of a single OPD."""
    return month(opd_input(links, *allocations)).opds[0]

"""What a month is judged from: bins of the links, determinations in force, parameters.

Instants are integer UTC nanoseconds, ``[from, to)``; rates are bit/s. Nothing here reads or writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from agent.clock import Month, Zone
from collector.measure.bins import Bins
from collector.measure.limits import Runs

Klass = Literal["tinggi", "sedang", "dasar", "publik"]
"""Priority classes; ``publik`` is the hotspot for the public, with a reserve of its own."""

Vantage = Literal["opd", "noc"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Thresholds of the evaluation (spec/evaluation.md section 3-4), printed in the report's appendix.

    Ratios are exact. ``holidays`` are the non-working dates of the region; ``weekdays`` are the days of the
    working week (Monday is 0), for offices that work five or six days.
    """

    width_ms: int = 300_000
    percentile: int = 95
    coverage_print: Fraction = Fraction(75, 100)
    coverage_firm: Fraction = Fraction(90, 100)
    coverage_bounds: Fraction = Fraction(99, 100)
    saturated: Fraction = Fraction(90, 100)
    attention: Fraction = Fraction(70, 100)
    fair: Fraction = Fraction(30, 100)
    at_limit: Fraction = Fraction(95, 100)
    saturated_at_limit: Fraction = Fraction(5, 100)
    last_period_bins: int = 2016
    hour_share: Fraction = Fraction(10, 12)
    busy_days: int = 5
    gap_ms: int = 3_600_000
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if self.width_ms <= 0 or 3_600_000 % self.width_ms:
            raise ValueError(f"width_ms is {self.width_ms}: bins must divide the hour of 3600000 ms")

    @property
    def id(self) -> str:
        """Twelve hex digits that change when any parameter does."""
        text = ";".join(f"{name}={_plain(value)}" for name, value in sorted(asdict(self).items()))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(sorted(str(item) for item in value))
    return str(value)


@dataclass(frozen=True, slots=True)
class LinkInput:
    """One link: its bins over the whole month in both directions and the time it was to be measured.

    ``unduh`` is traffic towards the OPD. ``active_from_ns``/``active_to_ns`` lie on bin edges (the register
    sees to it); a bin that straddles one is not expected. ``clock_flagged`` counts readings whose clock was
    corrected or unsure, ``late`` those that came more than an hour late; None where nobody counted. ``drops`` are
    the packets that the link's queues dropped, unduh and unggah, in the form of bins; None where no queue measures.
    ``limits`` are the limits that the router was read to be set to, unduh and unggah; empty where nobody read any.
    """

    link: str
    device: str
    interface: str
    vantage: Vantage
    unduh: Bins
    unggah: Bins
    active_from_ns: int
    active_to_ns: int | None = None
    medium: str = ""
    provider: str = ""
    clock_flagged: int | None = None
    late: int | None = None
    drops: tuple[Bins, Bins] | None = None
    limits: tuple[Runs, Runs] = ((), ())


@dataclass(frozen=True, slots=True)
class AllocationSpan:
    """One determination (*penetapan*) of an OPD's bandwidth and the time it holds."""

    valid_from_ns: int
    valid_to_ns: int | None
    down_bps: int
    up_bps: int
    floor_down_bps: int = 0
    floor_up_bps: int = 0
    decision_number: str = ""
    decision_date: date | None = None
    legal_basis: str = ""
    official: str = ""


@dataclass(frozen=True, slots=True)
class OpdInput:
    """One OPD with its links (those that are summed), determinations and last month's P95 in bit/s.

    ``allocations`` in any order, not overlapping (ValueError in ``evaluate``); ``previous_*`` is None where
    the month before had no P95.
    """

    code: str
    name: str
    klass: Klass
    links: tuple[LinkInput, ...]
    allocations: tuple[AllocationSpan, ...] = ()
    previous_unduh: Fraction | None = None
    previous_unggah: Fraction | None = None


@dataclass(frozen=True, slots=True)
class ContractInput:
    """One contract with a provider and the uplink links (role ``uplink``) that carry it, if registered."""

    code: str
    provider: str
    number: str
    down_bps: int
    up_bps: int
    valid_from_ns: int
    valid_to_ns: int | None = None
    cost_rupiah_month: int | None = None
    links: tuple[LinkInput, ...] = ()


@dataclass(frozen=True, slots=True)
class MonthInput:
    """A month to evaluate.

    ``opds`` is consumed once, one OPD at a time: hand in a generator and only one OPD's bins are in memory.
    The result keeps that order. ``closed_ns`` is the data closing instant (00:00 + 72 h), printed.
    ``until_ns`` limits the month to bins that end by then (month to date); None is the whole month.
    """

    month: Month
    zone: Zone
    region: str
    closed_ns: int
    opds: Iterable[OpdInput]
    contracts: tuple[ContractInput, ...] = ()
    label: str = ""
    until_ns: int | None = None

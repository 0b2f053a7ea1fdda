"""What the evaluation of a month says: every figure of the report, exact and unrounded.

Rates are bit/s, ratios are 1 = 100 %, both ``Fraction``; volumes are whole octets; instants are UTC ns.
None is "not known" or "not to be printed" (``-`` in the report), never zero. Rounding is the report's.
Source: spec/evaluation.md sections 2 to 4; the row names of section 3a stand in brackets.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from fractions import Fraction

from agent.clock import Month, Zone
from collector.judge.case import AllocationSpan, ContractInput, Klass, Parameters, Vantage
from collector.measure.bins import Counts

METHOD = "nadi-evaluasi-1"
UNKNOWN = -1


class Status(IntEnum):
    """Judgement on an OPD (section 4), from unknown to worst."""

    DATA_TIDAK_CUKUP = 0
    RENDAH = 1
    WAJAR = 2
    PERLU_PERHATIAN = 3
    JENUH = 4


@dataclass(frozen=True, slots=True)
class Direction:
    """Figures of one direction (unduh or unggah) of one OPD or contract over the month.

    expected, valid  M' and N in bins; coverage = valid / expected, None when nothing was expected
    mean             mean of the valid bins (None without one)
    p95              nearest rank over valid bins; None when coverage < 75 %
    indicative       p95 stands on 75-90 % coverage
    p95_low, p95_high  bounds, set iff ``bounds_shown`` (75 % <= coverage < 99 %); a shown ``p95_high`` of None
                     is "tidak terbatas"
    peak             largest valid bin; ``peak_start_ns`` the start of the earliest such bin
    busy_hour        clock hour 0..23 of highest mean over working days, with that mean (Jam Sibuk)
    peak_hour        (date, hour) of the highest hourly mean of all days, with that mean
    volume_octets    octets of all valid deltas; ``volume_spread_octets`` without deltas longer than 900 s
    ceiling          Waktu pada Batas: share of valid bins >= 95 % of the limit; None where a valid bin has none
    allocation_mean  A_mean, the allocation weighted by bins; None where a bin has no allocation
    utilisation      p95 / allocation_mean
    p95_previous     last month's p95; ``p95_change`` = (p95 - previous) / previous
    status           of this direction; ``status_p95``, ``status_coverage``, ``status_indicative`` are what it was
                     made from: the month's, or the last sub-period's [changed allocation]
    """

    expected: int
    valid: int
    coverage: Fraction | None
    mean: Fraction | None
    p95: Fraction | None
    indicative: bool
    p95_low: Fraction | None
    p95_high: Fraction | None
    bounds_shown: bool
    peak: Fraction | None
    peak_start_ns: int | None
    busy_hour: int | None
    busy_hour_mean: Fraction | None
    peak_hour: tuple[date, int] | None
    peak_hour_mean: Fraction | None
    volume_octets: int | None
    volume_spread_octets: int | None
    ceiling: Fraction | None
    allocation_mean: Fraction | None
    utilisation: Fraction | None
    p95_previous: Fraction | None
    p95_change: Fraction | None
    status: Status | None
    status_p95: Fraction | None
    status_coverage: Fraction | None
    status_indicative: bool
    hourly_bps: array[int]
    daily_mean_bps: array[int]
    daily_p95_bps: array[int]

    @property
    def hourly(self) -> tuple[int | None, ...]:
        """Mean of the valid bins of each clock hour from day 1 00:00, whole bit/s, for charts only."""
        return _known(self.hourly_bps)

    @property
    def daily_mean(self) -> tuple[int | None, ...]:
        """Mean of the valid bins of each day, whole bit/s, for charts only."""
        return _known(self.daily_mean_bps)

    @property
    def daily_p95(self) -> tuple[int | None, ...]:
        """Nearest rank P95 of each day with at least 75 % of its bins, whole bit/s, for charts only."""
        return _known(self.daily_p95_bps)


def _known(values: array[int]) -> tuple[int | None, ...]:
    return tuple(None if value == UNKNOWN else value for value in values)


@dataclass(frozen=True, slots=True)
class SubFigures:
    """Figures of one direction in one sub-period; p95, utilisation, ceiling None under 75 % coverage."""

    expected: int
    valid: int
    coverage: Fraction | None
    p95: Fraction | None
    utilisation: Fraction | None
    ceiling: Fraction | None


@dataclass(frozen=True, slots=True)
class SubPeriod:
    """Time within the month in which one allocation held; ``*_bps`` None where none was in force."""

    start_ns: int
    end_ns: int
    down_bps: int | None
    up_bps: int | None
    unduh: SubFigures
    unggah: SubFigures


@dataclass(frozen=True, slots=True)
class Gap:
    """More than an hour of bins that are expected and not valid, ``[start, end)`` on bin edges."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Chapter XIV: what the figures stand on. Counts are of deltas, both directions together.

    ``resets`` counts a restart once per direction. ``gaps`` and ``gap_ns`` are the gaps longer than an hour
    (either direction missing); ``clock_flagged`` and ``late`` are readings, None where nobody counted.
    """

    counts: Counts
    gaps: int
    gap_ns: int
    clock_flagged: int | None
    late: int | None


@dataclass(frozen=True, slots=True)
class LinkMonth:
    """One link's part: expected and valid bins in its own active time, lower direction's coverage, quality."""

    link: str
    device: str
    interface: str
    vantage: Vantage
    medium: str
    provider: str
    active_from_ns: int
    active_to_ns: int | None
    expected: int
    valid_unduh: int
    valid_unggah: int
    coverage: Fraction | None
    gaps: tuple[Gap, ...]
    quality: Quality


@dataclass(frozen=True, slots=True)
class OpdMonth:
    """One row of the main table (Bab VI) and the OPD's sheet.

    ``utilisation`` is the larger direction's, None if either lacks P95 or allocation; ``ceiling`` the larger of
    both; ``coverage`` and ``status`` those of the lower direction; ``indicative`` belongs beside the status.
    ``allocation`` is the determination in force at the end of the month (or None), ``allocations`` all that
    touch the month, oldest first. ``sub_periods`` is empty unless the allocation changed in the month.
    Column Jam Sibuk is ``unduh.busy_hour``. ``dropped_*`` are packets, None unless queues measure every link.
    """

    code: str
    name: str
    klass: Klass
    links: tuple[LinkMonth, ...]
    unduh: Direction
    unggah: Direction
    utilisation: Fraction | None
    ceiling: Fraction | None
    coverage: Fraction | None
    status: Status | None
    indicative: bool
    sub_periods: tuple[SubPeriod, ...]
    allocation: AllocationSpan | None
    allocations: tuple[AllocationSpan, ...]
    quality: Quality
    dropped_unduh: int | None = None
    dropped_unggah: int | None = None

    @property
    def dropped(self) -> int | None:
        """Packets that the queues of both directions dropped (Paket Terbuang Antrean)."""
        if self.dropped_unduh is None or self.dropped_unggah is None:
            return None
        return self.dropped_unduh + self.dropped_unggah

    @property
    def allocation_down(self) -> int | None:
        """Allocation unduh in force at the end of the month, bit/s."""
        return None if self.allocation is None else self.allocation.down_bps

    @property
    def allocation_up(self) -> int | None:
        """Allocation unggah in force at the end of the month, bit/s."""
        return None if self.allocation is None else self.allocation.up_bps


@dataclass(frozen=True, slots=True)
class CapacityMonth:
    """One contract (Bab IV): figures of its uplink links together while the contract holds.

    ``unduh``/``unggah`` are None when no uplink is registered. ``utilisation`` = larger of P95 / contracted.
    ``cost_per_mbps`` is rupiah per month and Mbps of the larger direction's P95.
    """

    contract: ContractSummary
    links: tuple[LinkMonth, ...]
    unduh: Direction | None
    unggah: Direction | None
    utilisation: Fraction | None
    cost_per_mbps: Fraction | None


@dataclass(frozen=True, slots=True)
class ContractSummary:
    """A contract without its bins."""

    code: str
    provider: str
    number: str
    down_bps: int
    up_bps: int
    valid_from_ns: int
    valid_to_ns: int | None
    cost_rupiah_month: int | None

    @classmethod
    def of(cls, contract: ContractInput) -> ContractSummary:
        """Return the contract's own terms."""
        return cls(
            code=contract.code,
            provider=contract.provider,
            number=contract.number,
            down_bps=contract.down_bps,
            up_bps=contract.up_bps,
            valid_from_ns=contract.valid_from_ns,
            valid_to_ns=contract.valid_to_ns,
            cost_rupiah_month=contract.cost_rupiah_month,
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """Chapter I. Capacity is that of the contracts in force at the end of the month, None without any.

    ``unduh``/``unggah`` are figures of all uplink links together, None unless every contract in force has one.
    ``utilisation_p95`` and ``utilisation_peak`` compare them with the capacity (larger direction).
    ``statuses`` counts OPDs by status in the order of ``Status``; ``without_status`` those printed "-".
    ``highest_utilisation`` is the (code, utilisation) of the most used OPD, first in order on ties.
    """

    capacity_down_bps: int | None
    capacity_up_bps: int | None
    unduh: Direction | None
    unggah: Direction | None
    utilisation_p95: Fraction | None
    utilisation_peak: Fraction | None
    statuses: dict[Status, int]
    without_status: int
    highest_utilisation: tuple[str, Fraction] | None
    quality: Quality


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A month's evaluation; ``until_ns`` is None for the whole month, else the end of month-to-date."""

    month: Month
    zone: Zone
    region: str
    label: str
    closed_ns: int
    until_ns: int | None
    method: str
    parameters: Parameters
    opds: tuple[OpdMonth, ...]
    upstream: tuple[CapacityMonth, ...]
    totals: Totals

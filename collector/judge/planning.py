"""What is recommended for the coming month: needs, shares, and what is short (pure; spec/evaluation.md section 4).

A recommendation, never a determination: nothing here changes an allocation. Rates are bit/s unless a name says Mbps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal

from collector.judge.case import Klass
from collector.judge.demand import ENOUGH, LOOK_BACK_MONTHS, Ask, Need, Past, Use, need
from collector.judge.figures import Direction, Evaluation, OpdMonth, SubPeriod
from collector.judge.past import Earlier, EarlierOpd, EarlierWay
from collector.judge.sharing import (
    MBIT,
    WEIGHTS,
    Claim,
    FloorsExceed,
    Sharing,
    diversity,
    planning_shortage,
    share,
    usable,
)

Way = Literal["unduh", "unggah"]
WAYS: tuple[Way, Way] = ("unduh", "unggah")
PUBLIC: Klass = "publik"


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What is kept back (share of what is bought, Mbps for the Dinas itself) and the weights by class in force."""

    reserve: Fraction = Fraction(1, 10)
    operations_mbps: int = 0
    weights: Mapping[Klass, int] | None = None

    def weight(self, klass: Klass) -> int:
        """Return the weight of a class."""
        return (self.weights or WEIGHTS)[klass]


@dataclass(frozen=True, slots=True)
class Asked:
    """The proposal of an OPD that counts in a month: number, whole Mbps, and whether it may raise the need."""

    code: str
    down_mbps: int
    up_mbps: int
    raises: bool

    def ask(self, way: Way) -> Ask:
        """Return what it asks for in one direction."""
        return Ask(Fraction((self.down_mbps if way == "unduh" else self.up_mbps) * MBIT), self.raises)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One direction of one OPD (chapter XIII).

    ``current`` and ``need`` are None without an allocation: there is nothing to start from, and it takes no part.
    ``share_mbps`` is the recommendation, None where nothing could be shared.
    """

    code: str
    name: str
    klass: Klass
    way: Way
    current: Fraction | None
    ceiling: Fraction | None
    indicative: bool
    asked: Asked | None
    need: Need | None
    share_mbps: int | None


@dataclass(frozen=True, slots=True)
class PlanWay:
    """One direction of the whole region, Mbps; None is unknown.

    ``contracted`` what is bought, ``usable`` C, ``wanted`` the sum of needs in whole Mbps, ``shared`` what is given.
    ``entitlement_shortage`` is wanted less C; ``planning_shortage`` what measured use says is missing;
    ``floors_shortage`` is set where the floors alone are more than C, and then nothing is shared.
    """

    way: Way
    contracted: Fraction | None
    usable: int | None
    wanted: int
    shared: int | None
    entitlement_shortage: int | None
    floors_shortage: int | None
    planning_shortage: Fraction | None
    diversity: Fraction | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The planning chapter; ``rupiah_per_mbps`` a month is what the contracts in force cost on average."""

    rows: tuple[PlanRow, ...]
    ways: tuple[PlanWay, PlanWay]
    settings: PlanSettings
    rupiah_per_mbps: Fraction | None


def plan(
    evaluation: Evaluation,
    *,
    past: Sequence[Earlier | None],
    asked: Mapping[str, Asked],
    settings: PlanSettings = PlanSettings(),
) -> Plan:
    """Return the recommendation for the coming month; ``past`` are the six months before, newest first."""
    earlier = [{opd.code: opd for opd in month.opds} if month else {} for month in past[:LOOK_BACK_MONTHS]]
    parts = [_way(evaluation, way, earlier, asked, settings) for way in WAYS]
    by_opd = sorted((row for rows, _ in parts for row in rows), key=lambda row: (row.code, row.way))
    return Plan(tuple(by_opd), (parts[0][1], parts[1][1]), settings, _price(evaluation))


def _way(
    evaluation: Evaluation,
    way: Way,
    earlier: Sequence[Mapping[str, EarlierOpd]],
    asked: Mapping[str, Asked],
    settings: PlanSettings,
) -> tuple[list[PlanRow], PlanWay]:
    rows = [
        _row(opd, way, [month.get(opd.code) for month in earlier], asked.get(opd.code), evaluation)
        for opd in evaluation.opds
        if opd.klass != PUBLIC
    ]
    capacity = _capacity(evaluation, way, settings)
    claims = {row.code: _claim(row, _floor(evaluation, row.code, way), settings) for row in rows if row.need}
    sharing, floors = _shared(list(claims.values()), capacity)
    given = dict(zip(claims, sharing.shares, strict=True)) if sharing else {}
    return [_given(row, given.get(row.code)) for row in rows], _region(
        evaluation, way, settings, capacity, list(claims.values()), sharing, floors
    )


def _row(
    opd: OpdMonth, way: Way, past: Sequence[EarlierOpd | None], asked: Asked | None, evaluation: Evaluation
) -> PlanRow:
    figures = _of(opd, way)
    held = opd.allocation
    current = None if held is None else Fraction(held.down_bps if way == "unduh" else held.up_bps)
    found = None
    if held is not None and current is not None:
        use = Use(
            status=figures.status,
            p95=figures.status_p95,
            coverage=figures.status_coverage,
            current=current,
            floor=Fraction(held.floor_down_bps if way == "unduh" else held.floor_up_bps),
            unsettled=_unsettled(opd.sub_periods, way, evaluation.parameters.last_period_bins),
            past=[None if month is None else _past(month.unduh if way == "unduh" else month.unggah) for month in past],
        )
        found = need(use, asked.ask(way) if asked else None)
    return PlanRow(
        code=opd.code,
        name=opd.name,
        klass=opd.klass,
        way=way,
        current=current,
        ceiling=figures.ceiling,
        indicative=figures.status_indicative,
        asked=asked,
        need=found,
        share_mbps=None,
    )


def _of(opd: OpdMonth, way: Way) -> Direction:
    return opd.unduh if way == "unduh" else opd.unggah


def _past(figures: EarlierWay) -> Past:
    return Past(figures.status_p95, figures.status_coverage, figures.status)


def _unsettled(periods: Sequence[SubPeriod], way: Way, least_bins: int) -> bool:
    """Tell whether the allocation changed and its last sub-period says too little [changed allocation]."""
    if not periods:
        return False
    last = periods[-1].unduh if way == "unduh" else periods[-1].unggah
    return last.expected < least_bins or last.coverage is None or last.coverage < ENOUGH


def _floor(evaluation: Evaluation, code: str, way: Way) -> int:
    held = next(opd.allocation for opd in evaluation.opds if opd.code == code)
    if held is None:
        return 0
    return ceil(Fraction(held.floor_down_bps if way == "unduh" else held.floor_up_bps) / MBIT)


def _claim(row: PlanRow, floor: int, settings: PlanSettings) -> Claim:
    wanted = row.need.rate / MBIT if row.need else Fraction(0)
    return Claim(row.code, row.klass, settings.weight(row.klass), floor, max(wanted, Fraction(floor)))


def _shared(claims: Sequence[Claim], capacity: int | None) -> tuple[Sharing | None, int | None]:
    """Return the sharing, or by how much the floors exceed the capacity; neither while the capacity is unknown."""
    if capacity is None:
        return None, None
    try:
        return share(claims, capacity), None
    except FloorsExceed as error:
        return None, error.shortage


def _given(row: PlanRow, mbps: int | None) -> PlanRow:
    return PlanRow(
        row.code, row.name, row.klass, row.way, row.current, row.ceiling, row.indicative, row.asked, row.need, mbps
    )


def _contracted(evaluation: Evaluation, way: Way) -> Fraction | None:
    totals = evaluation.totals
    bps = totals.capacity_down_bps if way == "unduh" else totals.capacity_up_bps
    return None if bps is None else Fraction(bps, MBIT)


def _capacity(evaluation: Evaluation, way: Way, settings: PlanSettings) -> int | None:
    """Return C: what is bought, less the reserve, the hotspot for the public, and the Dinas' own operation."""
    contracted = _contracted(evaluation, way)
    if contracted is None:
        return None
    held = [opd.allocation for opd in evaluation.opds if opd.klass == PUBLIC and opd.allocation is not None]
    public = sum(ceil(Fraction(item.down_bps if way == "unduh" else item.up_bps) / MBIT) for item in held)
    return usable(contracted, reserve=settings.reserve, public=public, operations=settings.operations_mbps)


def _region(
    evaluation: Evaluation,
    way: Way,
    settings: PlanSettings,
    capacity: int | None,
    claims: Sequence[Claim],
    sharing: Sharing | None,
    floors: int | None,
) -> PlanWay:
    total = evaluation.totals.unduh if way == "unduh" else evaluation.totals.unggah
    p95 = total.p95 if total else None
    contracted = _contracted(evaluation, way)
    wanted = sum(ceil(claim.need) for claim in claims)
    measured = [opd for opd in evaluation.opds if _of(opd, way).expected]
    public = [opd for opd in measured if opd.klass == PUBLIC]
    return PlanWay(
        way=way,
        contracted=contracted,
        usable=capacity,
        wanted=wanted,
        shared=sum(sharing.shares) if sharing else None,
        entitlement_shortage=None if capacity is None else max(0, wanted - capacity),
        floors_shortage=floors,
        planning_shortage=None
        if p95 is None or contracted is None
        else planning_shortage(p95 / MBIT, contracted, reserve=settings.reserve),
        # Of several hotspots the class has no P95 of its own.
        diversity=None if len(public) > 1 else diversity([_of(opd, way).p95 for opd in measured], p95),
    )


def _price(evaluation: Evaluation) -> Fraction | None:
    """Return rupiah a month and Mbps (larger direction) of the contracts in force; None unless all tell a cost."""
    end_ns = evaluation.month.end_ns(evaluation.zone)
    held = [
        item.contract
        for item in evaluation.upstream
        if item.contract.valid_from_ns < end_ns
        and (item.contract.valid_to_ns is None or item.contract.valid_to_ns >= end_ns)
    ]
    costs = [item.cost_rupiah_month for item in held if item.cost_rupiah_month is not None]
    bought = sum(max(item.down_bps, item.up_bps) for item in held)
    return Fraction(sum(costs) * MBIT, bought) if held and bought and len(costs) == len(held) else None

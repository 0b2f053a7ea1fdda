"""The monthly evaluation: bins and determinations in, every figure of the report out (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from collector.judge.case import (
    AllocationSpan,
    ContractInput,
    LinkInput,
    MonthInput,
    OpdInput,
    Parameters,
)
from collector.judge.direction import Judged, Limit, direction
from collector.judge.figures import (
    METHOD,
    CapacityMonth,
    ContractSummary,
    Direction,
    Evaluation,
    Gap,
    LinkMonth,
    OpdMonth,
    Quality,
    Status,
    SubFigures,
    SubPeriod,
    Totals,
)
from collector.judge.links import add_qualities, drops, link_month, read_limits, sum_links
from collector.judge.periods import Calendar, Period, holds, in_order, periods
from collector.judge.upstream import capacity, totals

__all__ = [
    "METHOD",
    "AllocationSpan",
    "CapacityMonth",
    "ContractInput",
    "ContractSummary",
    "Direction",
    "Evaluation",
    "Gap",
    "LinkInput",
    "LinkMonth",
    "MonthInput",
    "OpdInput",
    "OpdMonth",
    "Parameters",
    "Quality",
    "Status",
    "SubFigures",
    "SubPeriod",
    "Totals",
    "evaluate",
]


def evaluate(month_input: MonthInput, parameters: Parameters) -> Evaluation:
    """Evaluate a month by spec/evaluation.md sections 3, 3a and 4.

    ValueError names the link whose bins are not those of the month, or the OPD whose allocations overlap.
    """
    calendar = Calendar.of(month_input, parameters)
    opds = tuple(_opd(opd, calendar, parameters) for opd in month_input.opds)
    contracts = month_input.contracts
    upstream = tuple(capacity(contract, calendar, parameters) for contract in contracts)
    return Evaluation(
        month=month_input.month,
        zone=month_input.zone,
        region=month_input.region,
        label=month_input.label,
        closed_ns=month_input.closed_ns,
        until_ns=month_input.until_ns,
        method=METHOD,
        parameters=parameters,
        opds=opds,
        upstream=upstream,
        totals=totals(opds, upstream, contracts, calendar, parameters),
    )


def _opd(opd: OpdInput, calendar: Calendar, parameters: Parameters) -> OpdMonth:
    allocations = in_order(opd.code, opd.allocations)
    unduh, unggah = sum_links(opd.links, calendar)
    cut = periods(calendar, allocations, unduh.expected)
    read_down, read_up = read_limits(opd.links, calendar)
    down = direction(unduh, _limits(cut, down=True), opd.previous_unduh, calendar, parameters, read=read_down)
    up = direction(unggah, _limits(cut, down=False), opd.previous_unggah, calendar, parameters, read=read_up)
    both = (down.figures, up.figures)
    links = tuple(link_month(link, calendar, parameters) for link in opd.links)
    start_ns, end_ns = calendar.at_ns(0), calendar.at_ns(calendar.ended)
    dropped_unduh, dropped_unggah = drops(opd.links, calendar)
    return OpdMonth(
        code=opd.code,
        name=opd.name,
        klass=opd.klass,
        links=links,
        unduh=down.figures,
        unggah=up.figures,
        utilisation=_larger(*(one.utilisation for one in both)),
        ceiling=_larger(*(one.ceiling for one in both)),
        coverage=_smaller(*(one.coverage for one in both)),
        status=_worse(down.figures.status, up.figures.status),
        indicative=any(one.status_indicative for one in both),
        sub_periods=_sub_periods(cut, down, up, calendar),
        allocation=next((span for span in allocations if holds(span, end_ns - 1)), None),
        allocations=tuple(
            span
            for span in allocations
            if span.valid_from_ns < end_ns and (span.valid_to_ns is None or span.valid_to_ns > start_ns)
        ),
        quality=add_qualities([link.quality for link in links]),
        dropped_unduh=dropped_unduh,
        dropped_unggah=dropped_unggah,
    )


def _larger(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    """Return the larger of two known figures, None if either is not known."""
    return None if one is None or other is None else max(one, other)


def _smaller(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return None if one is None or other is None else min(one, other)


def _worse(one: Status | None, other: Status | None) -> Status | None:
    """Return the OPD's status: too little data in either direction first, then "-", then the worse."""
    if Status.DATA_TIDAK_CUKUP in (one, other):
        return Status.DATA_TIDAK_CUKUP
    return None if one is None or other is None else max(one, other)


def _limits(cut: Sequence[Period], *, down: bool) -> list[Limit]:
    return [Limit(part.low, part.high, part.down_bps if down else part.up_bps, part.expected) for part in cut]


def _sub_periods(cut: Sequence[Period], down: Judged, up: Judged, calendar: Calendar) -> tuple[SubPeriod, ...]:
    if len(cut) < 2:
        return ()
    return tuple(
        SubPeriod(calendar.at_ns(part.low), calendar.at_ns(part.high), part.down_bps, part.up_bps, unduh, unggah)
        for part, unduh, unggah in zip(cut, down.parts, up.parts, strict=True)
    )

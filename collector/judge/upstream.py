"""What the contracts buy and how much of it is used: chapters I and IV of the report."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from collector.judge.case import ContractInput, Parameters
from collector.judge.direction import Limit, direction
from collector.judge.figures import CapacityMonth, ContractSummary, Direction, OpdMonth, Status, Totals
from collector.judge.links import add_qualities, link_month, sum_links
from collector.judge.periods import Calendar, holds
from collector.measure.rates import Member, Rates


def capacity(contract: ContractInput, calendar: Calendar, parameters: Parameters) -> CapacityMonth:
    """Return the figures of one contract's uplink links together, while it holds."""
    unduh, unggah = _both([contract], contract.down_bps, contract.up_bps, calendar, parameters)
    used = [one.p95 for one in (unduh, unggah) if one is not None and one.p95 is not None]
    cost = contract.cost_rupiah_month
    return CapacityMonth(
        contract=ContractSummary.of(contract),
        links=tuple(link_month(link, calendar, parameters) for link in contract.links),
        unduh=unduh,
        unggah=unggah,
        utilisation=_larger(_used(unduh), _used(unggah)),
        cost_per_mbps=cost * 1_000_000 / max(used) if cost is not None and len(used) == 2 and max(used) else None,
    )


def _both(
    contracts: Sequence[ContractInput], down_bps: int, up_bps: int, calendar: Calendar, parameters: Parameters
) -> tuple[Direction | None, Direction | None]:
    if not contracts or not all(contract.links for contract in contracts):
        return None, None
    unduh: list[Member] = []
    unggah: list[Member] = []
    for contract in contracts:
        low = calendar.first_from(contract.valid_from_ns)
        high = calendar.count if contract.valid_to_ns is None else calendar.first_from(contract.valid_to_ns)
        down, up = sum_links(contract.links, calendar, low, high)
        unduh += down.members
        unggah += up.members

    def figures(rates: Rates, bps: int) -> Direction:
        limits = [Limit(0, calendar.count, bps, int(rates.expected.sum()))]
        return direction(rates, limits, None, calendar, parameters).figures

    return (
        figures(Rates.of(unduh, calendar.count), down_bps),
        figures(Rates.of(unggah, calendar.count), up_bps),
    )


def _larger(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return None if one is None or other is None else max(one, other)


def _used(figures: Direction | None) -> Fraction | None:
    return None if figures is None else figures.utilisation


def totals(
    opds: Sequence[OpdMonth],
    upstream: Sequence[CapacityMonth],
    contracts: Sequence[ContractInput],
    calendar: Calendar,
    parameters: Parameters,
) -> Totals:
    """Return what the executive summary says of the whole region."""
    held = [contract for contract in contracts if holds(contract, calendar.at_ns(calendar.ended) - 1)]
    down, up = sum(contract.down_bps for contract in held), sum(contract.up_bps for contract in held)
    unduh, unggah = _both(held, down, up, calendar, parameters)
    used = [(opd.utilisation, opd.code) for opd in opds if opd.utilisation is not None]
    top = max(used, key=lambda pair: pair[0], default=None)
    statuses = [opd.status for opd in opds]
    links = [link for opd in opds for link in opd.links] + [link for part in upstream for link in part.links]
    return Totals(
        capacity_down_bps=down if held else None,
        capacity_up_bps=up if held else None,
        unduh=unduh,
        unggah=unggah,
        utilisation_p95=_larger(_used(unduh), _used(unggah)),
        utilisation_peak=_larger(_of(unduh, down), _of(unggah, up)),
        statuses={status: statuses.count(status) for status in Status},
        without_status=statuses.count(None),
        highest_utilisation=None if top is None else (top[1], top[0]),
        quality=add_qualities([link.quality for link in links]),
    )


def _of(figures: Direction | None, bps: int) -> Fraction | None:
    return None if figures is None or figures.peak is None or not bps else figures.peak / bps

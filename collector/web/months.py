"""What the API shows of months: evaluations and reports; numbers unrounded, unknown null."""

from __future__ import annotations

from dataclasses import dataclass

from agent.clock import Zone
from collector.judge.month import Direction, Evaluation, Status
from collector.web.views import number


@dataclass(frozen=True, slots=True)
class DirectionView:
    """Figures of one direction over a month (see the report's appendix C); rates in bit/s, ratios 1 = 100 %."""

    expected: int
    valid: int
    coverage: float | None
    mean_bps: float | None
    p95_bps: float | None
    indicative: bool
    p95_low_bps: float | None
    p95_high_bps: float | None
    peak_bps: float | None
    peak_at: str | None
    busy_hour: int | None
    busy_hour_mean_bps: float | None
    volume_octets: int | None
    volume_spread_octets: int | None
    at_limit: float | None
    allocation_mean_bps: float | None
    utilisation: float | None
    p95_previous_bps: float | None
    p95_change: float | None
    status: str | None


@dataclass(frozen=True, slots=True)
class OpdMonthView:
    """One OPD's month; ``status`` is null where it is printed "-"."""

    code: str
    name: str
    klass: str
    links: list[str]
    allocation_down_bps: int | None
    allocation_up_bps: int | None
    utilisation: float | None
    at_limit: float | None
    coverage: float | None
    status: str | None
    indicative: bool
    unduh: DirectionView
    unggah: DirectionView


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """The evaluation of a month; ``until`` is set for the month to date."""

    month: str
    region: str
    label: str
    method: str
    parameters: str
    closes_at: str
    until: str | None
    opds: list[OpdMonthView]


def _status(status: Status | None) -> str | None:
    return None if status is None else status.name.replace("_", " ")


def _direction_view(found: Direction, zone: Zone) -> DirectionView:
    return DirectionView(
        expected=found.expected,
        valid=found.valid,
        coverage=number(found.coverage),
        mean_bps=number(found.mean),
        p95_bps=number(found.p95),
        indicative=found.indicative,
        p95_low_bps=number(found.p95_low),
        p95_high_bps=number(found.p95_high),
        peak_bps=number(found.peak),
        peak_at=None if found.peak_start_ns is None else zone.iso(found.peak_start_ns),
        busy_hour=found.busy_hour,
        busy_hour_mean_bps=number(found.busy_hour_mean),
        volume_octets=found.volume_octets,
        volume_spread_octets=found.volume_spread_octets,
        at_limit=number(found.ceiling),
        allocation_mean_bps=number(found.allocation_mean),
        utilisation=number(found.utilisation),
        p95_previous_bps=number(found.p95_previous),
        p95_change=number(found.p95_change),
        status=_status(found.status),
    )


def evaluation_view(found: Evaluation) -> EvaluationView:
    """Show a month's evaluation."""
    zone = found.zone
    return EvaluationView(
        month=str(found.month),
        region=found.region,
        label=found.label,
        method=found.method,
        parameters=found.parameters.id,
        closes_at=zone.iso(found.closed_ns),
        until=None if found.until_ns is None else zone.iso(found.until_ns),
        opds=[
            OpdMonthView(
                code=opd.code,
                name=opd.name,
                klass=opd.klass,
                links=[link.link for link in opd.links],
                allocation_down_bps=opd.allocation_down,
                allocation_up_bps=opd.allocation_up,
                utilisation=number(opd.utilisation),
                at_limit=number(opd.ceiling),
                coverage=number(opd.coverage),
                status=_status(opd.status),
                indicative=opd.indicative,
                unduh=_direction_view(opd.unduh, zone),
                unggah=_direction_view(opd.unggah, zone),
            )
            for opd in found.opds
        ],
    )

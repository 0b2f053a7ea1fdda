"""Every figure of one direction over a month (spec/evaluation.md section 3 and 3a)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from collector.judge.case import Parameters
from collector.judge.figures import Direction, Status, SubFigures
from collector.judge.hours import Hours, whole
from collector.judge.periods import Calendar
from collector.measure.bins import MICRO
from collector.measure.counters import Int64s
from collector.measure.percentile import Order, bounds, nearest_rank
from collector.measure.rates import Rates, whole_sum


@dataclass(frozen=True, slots=True)
class Limit:
    """The allocation ``bps`` (None: none) of bins ``[low, high)``, ``expected`` of them of M'."""

    low: int
    high: int
    bps: int | None
    expected: int


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A direction's figures and those of its sub-periods, one a limit, empty unless there are several."""

    figures: Direction
    parts: tuple[SubFigures, ...]


def direction(
    rates: Rates,
    limits: Sequence[Limit],
    previous: Fraction | None,
    calendar: Calendar,
    parameters: Parameters,
    *,
    read: Int64s | None = None,
) -> Judged:
    """Work out one direction; ``previous`` is last month's P95 in bit/s.

    ``read`` is the limit (bit/s) that was read from the routers for each bin, 0 or None where none was.
    """
    order = rates.order(0, calendar.count)
    expected = int(np.count_nonzero(rates.expected))
    coverage = Fraction(len(order), expected) if expected else None
    p95 = nearest_rank(order, parameters.percentile) if _printed(coverage, parameters) else None
    allocation = _mean_allocation(limits)
    ceiling = _ceiling(rates, order, limits, parameters, read)
    month = SubFigures(expected, len(order), coverage, p95, _over(p95, allocation), ceiling)
    parts = tuple(_part(rates, limit, parameters, read) for limit in limits) if len(limits) > 1 else ()
    figures = _figures(rates, order, month, _basis(month, parts, parameters), calendar, parameters)
    change = (p95 - previous) / previous if p95 is not None and previous else None
    return Judged(replace(figures, allocation_mean=allocation, p95_previous=previous, p95_change=change), parts)


def _printed(coverage: Fraction | None, parameters: Parameters) -> bool:
    return coverage is not None and coverage >= parameters.coverage_print


def _figures(
    rates: Rates, order: Order, month: SubFigures, basis: SubFigures, calendar: Calendar, parameters: Parameters
) -> Direction:
    bounded = month.coverage is not None and parameters.coverage_print <= month.coverage < parameters.coverage_bounds
    low, high = bounds(order, month.expected - month.valid, parameters.percentile) if bounded else (None, None)
    hours = Hours.of(rates, calendar, parameters)
    busy_hour, busy_mean = hours.busiest(rates, calendar, parameters)
    peak_hour, peak_mean = hours.peak(rates, calendar)
    peak, peak_start_ns = _peak(rates, order, calendar)
    volume, spread = _volumes(rates)
    return Direction(
        expected=month.expected,
        valid=month.valid,
        coverage=month.coverage,
        mean=rates.mean(),
        p95=month.p95,
        indicative=_indicative(month, parameters),
        p95_low=low,
        p95_high=high,
        bounds_shown=bounded,
        peak=peak,
        peak_start_ns=peak_start_ns,
        busy_hour=busy_hour,
        busy_hour_mean=busy_mean,
        peak_hour=peak_hour,
        peak_hour_mean=peak_mean,
        volume_octets=volume,
        volume_spread_octets=spread,
        ceiling=month.ceiling,
        allocation_mean=None,
        utilisation=month.utilisation,
        p95_previous=None,
        p95_change=None,
        status=_status(basis, parameters),
        status_p95=basis.p95,
        status_coverage=basis.coverage,
        status_indicative=_indicative(basis, parameters),
        hourly_bps=whole(hours.mean),
        daily_mean_bps=whole(hours.daily_mean()),
        daily_p95_bps=whole(hours.daily_p95(rates, parameters)),
    )


def _peak(rates: Rates, order: Order, calendar: Calendar) -> tuple[Fraction | None, int | None]:
    if not len(order):
        return None, None
    place = np.flatnonzero(rates.valid)[order.first_largest()]
    return rates.exact(np.array([place]))[0], calendar.at_ns(int(place))


def _part(rates: Rates, limit: Limit, parameters: Parameters, read: Int64s | None) -> SubFigures:
    order = rates.order(limit.low, limit.high)
    coverage = Fraction(len(order), limit.expected)
    if not _printed(coverage, parameters):
        return SubFigures(limit.expected, len(order), coverage, None, None, None)
    p95 = nearest_rank(order, parameters.percentile)
    ceiling = _ceiling(rates, order, [limit], parameters, read)
    return SubFigures(limit.expected, len(order), coverage, p95, _over(p95, limit.bps), ceiling)


def _over(p95: Fraction | None, allocation: Fraction | int | None) -> Fraction | None:
    return p95 / allocation if p95 is not None and allocation else None


def _mean_allocation(limits: Sequence[Limit]) -> Fraction | None:
    known = [(limit.bps, limit.expected) for limit in limits if limit.bps is not None]
    expected = sum(bins for _, bins in known)
    if len(known) < len(limits) or not expected:  # not a bin has ended yet, or none is asked for
        return None
    return Fraction(sum(bps * bins for bps, bins in known), expected)


def _ceiling(
    rates: Rates, order: Order, limits: Sequence[Limit], parameters: Parameters, read: Int64s | None
) -> Fraction | None:
    """Return the share of valid bins (``order``) at 95 % of their limit or above; None where one has no limit.

    The limit is what was read from the routers (higher or lower than determined), else the allocation: also where a
    router said that it sets none, for then nothing but the determination says what the OPD is to have.
    """
    if not len(order):
        return None
    reached = 0
    for limit in limits:
        here = rates.order(limit.low, limit.high) if len(limits) > 1 and read is None else order
        bins = _as_determined(here, limit, parameters) if read is None else _as_read(rates, limit, parameters, read)
        if bins is None:
            return None
        reached += bins
    return Fraction(reached, len(order))


def _as_determined(order: Order, limit: Limit, parameters: Parameters) -> int | None:
    """Count the valid bins of an allocation's time at it or above; None where there is none for them."""
    if limit.bps is None:
        return None if len(order) else 0
    return order.at_least(parameters.at_limit * limit.bps)


def _as_read(rates: Rates, limit: Limit, parameters: Parameters, read: Int64s) -> int | None:
    """Count the valid bins of an allocation's time at what was read or above, or at it where nothing was read."""
    here = np.flatnonzero(rates.valid[limit.low : limit.high]) + limit.low
    reached = 0
    for bps in np.unique(read[here]).tolist():
        held = bps or limit.bps
        if held is None:
            return None
        reached += rates.order_of(here[read[here] == bps]).at_least(parameters.at_limit * held)
    return reached


def _basis(month: SubFigures, parts: Sequence[SubFigures], parameters: Parameters) -> SubFigures:
    """Return what the status is made from: the last sub-period if it is long and covered enough, else the month."""
    last = parts[-1] if parts else month
    fit = last.expected >= parameters.last_period_bins and _printed(last.coverage, parameters)
    return last if fit else month


def _indicative(figures: SubFigures, parameters: Parameters) -> bool:
    covered = figures.coverage
    return covered is not None and parameters.coverage_print <= covered < parameters.coverage_firm


def _status(figures: SubFigures, parameters: Parameters) -> Status | None:
    """Return the status of section 4, None where there is nothing to compare with."""
    if not _printed(figures.coverage, parameters):
        return Status.DATA_TIDAK_CUKUP
    if figures.utilisation is None or figures.ceiling is None:
        return None
    if figures.utilisation >= parameters.saturated or figures.ceiling >= parameters.saturated_at_limit:
        return Status.JENUH
    if figures.utilisation >= parameters.attention:
        return Status.PERLU_PERHATIAN
    return Status.WAJAR if figures.utilisation >= parameters.fair else Status.RENDAH


def _volumes(rates: Rates) -> tuple[int | None, int | None]:
    """Return whole octets of all valid deltas, and without those over 900 s; None where there was no delta."""
    spread_u = long_u = 0
    known = False
    for member in rates.members:
        part, bins = slice(member.low, member.high), member.bins
        spread_u += whole_sum(bins.octets_u[part])
        long_u += whole_sum(bins.long_u[part])
        known = known or bool(bins.covered_ms[part].any()) or (member.low < member.high and bins.counts.long > 0)
    if not known:
        return None, None
    return (2 * (spread_u + long_u) + MICRO) // (2 * MICRO), (2 * spread_u + MICRO) // (2 * MICRO)

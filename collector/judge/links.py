"""Links in a month: the bins that count, their sum over an OPD or contract, and their quality (chapter XIV)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from agent.clock import MS
from collector.judge.case import LinkInput, Parameters
from collector.judge.figures import Gap, LinkMonth, Quality
from collector.judge.periods import Calendar
from collector.measure.bins import MICRO, Bins, Counts
from collector.measure.counters import Int64s, Mask
from collector.measure.limits import at_starts
from collector.measure.rates import Member, Rates, whole_sum


def sum_links(
    links: Sequence[LinkInput], calendar: Calendar, low: int = 0, high: int | None = None
) -> tuple[Rates, Rates]:
    """Sum the links' bins ``[low, high)`` in both directions."""
    until = calendar.ended if high is None else min(high, calendar.ended)
    unduh: list[Member] = []
    unggah: list[Member] = []
    for link in links:
        for members, bins in ((unduh, link.unduh), (unggah, link.unggah)):
            members.append(_member(link, bins, calendar).within(low, until))
    return Rates.of(unduh, calendar.count), Rates.of(unggah, calendar.count)


def _member(link: LinkInput, bins: Bins, calendar: Calendar) -> Member:
    """Return a link's bins with their active range; activity begins and ends on whole bins."""
    if (bins.start_ms, bins.width_ms, len(bins.octets_u)) != (calendar.start_ms, calendar.width_ms, calendar.count):
        raise ValueError(
            f"link {link.link}: {len(bins.octets_u)} bins of {bins.width_ms} ms from {bins.start_ms} ms are not "
            f"the month's {calendar.count} of {calendar.width_ms} ms from {calendar.start_ms} ms"
        )
    to_ms = None if link.active_to_ns is None else link.active_to_ns // MS
    return Member.active(bins, from_ms=-(-link.active_from_ns // MS), to_ms=to_ms)


def link_month(link: LinkInput, calendar: Calendar, parameters: Parameters) -> LinkMonth:
    """Return what is known of one link by itself: coverage in its active time, gaps, quality."""
    members = [_member(link, bins, calendar).within(0, calendar.ended) for bins in (link.unduh, link.unggah)]
    low, high = members[0].low, members[0].high
    unduh, unggah = (member.bins.valid[low:high] for member in members)
    valid = [int(np.count_nonzero(one)) for one in (unduh, unggah)]
    gaps = _gaps(unduh & unggah, low, calendar, parameters)
    return LinkMonth(
        link=link.link,
        device=link.device,
        interface=link.interface,
        vantage=link.vantage,
        medium=link.medium,
        provider=link.provider,
        active_from_ns=link.active_from_ns,
        active_to_ns=link.active_to_ns,
        expected=high - low,
        valid_unduh=valid[0],
        valid_unggah=valid[1],
        coverage=Fraction(min(valid), high - low) if high > low else None,
        gaps=gaps,
        quality=Quality(
            counts=link.unduh.counts + link.unggah.counts,
            gaps=len(gaps),
            gap_ns=sum(gap.end_ns - gap.start_ns for gap in gaps),
            clock_flagged=link.clock_flagged,
            late=link.late,
        ),
    )


def drops(links: Sequence[LinkInput], calendar: Calendar) -> tuple[int | None, int | None]:
    """Return the packets that queues dropped in the month, unduh and unggah, each rounded once.

    None where there is no link, a link without a queue, or one whose queues told nothing: a part is no sum.
    """
    unduh, unggah = (_dropped(links, way, calendar) for way in (0, 1))
    return unduh, unggah


def _dropped(links: Sequence[LinkInput], way: int, calendar: Calendar) -> int | None:
    micro = 0
    for link in links:
        if link.drops is None:
            return None
        member = _member(link, link.drops[way], calendar).within(0, calendar.ended)
        part = slice(member.low, member.high)
        if not (member.bins.covered_ms[part].any() or member.bins.long_u[part].any() or member.bins.counts.long):
            return None
        micro += whole_sum(member.bins.octets_u[part]) + whole_sum(member.bins.long_u[part])
    return (2 * micro + MICRO) // (2 * MICRO) if links else None


def read_limits(links: Sequence[LinkInput], calendar: Calendar) -> tuple[Int64s | None, Int64s | None]:
    """Return the limit (bit/s) read from the routers at the start of each bin, unduh and unggah, summed over the links.

    0 where a link that is active in the bin has none that was read: a part is no sum, and what the allocation leaves
    for the other links is not guessed. None where nobody read any in the whole month.
    """
    unduh, unggah = (_read(links, way, calendar) for way in (0, 1))
    return unduh, unggah


def _read(links: Sequence[LinkInput], way: int, calendar: Calendar) -> Int64s | None:
    if not any(run.bps for link in links for run in link.limits[way]):
        return None
    total = np.zeros(calendar.count, np.int64)
    known = np.ones(calendar.count, np.bool_)
    for link in links:
        member = _member(link, link.unduh, calendar)
        part = slice(member.low, member.high)
        held = at_starts(link.limits[way], start_ms=calendar.start_ms, width_ms=calendar.width_ms, count=calendar.count)
        total[part] += held[part]
        known[part] &= held[part] > 0
    return np.where(known, total, 0)


def _gaps(seen: Mask, low: int, calendar: Calendar, parameters: Parameters) -> tuple[Gap, ...]:
    """Return the runs of bins not ``seen`` that are longer than ``gap_ms``; ``low`` is the first bin."""
    if seen.all():
        return ()
    missing = np.concatenate(([False], ~seen, [False]))
    edges = (np.flatnonzero(missing[1:] != missing[:-1]) + low).tolist()
    return tuple(
        Gap(calendar.at_ns(start), calendar.at_ns(end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if (end - start) * calendar.width_ms > parameters.gap_ms
    )


def add_qualities(parts: Sequence[Quality]) -> Quality:
    """Add up the quality of several links; what nobody counted stays None."""

    def known(values: Sequence[int | None]) -> int | None:
        counted = [value for value in values if value is not None]
        return sum(counted) if counted else None

    return Quality(
        counts=sum((part.counts for part in parts), Counts()),
        gaps=sum(part.gaps for part in parts),
        gap_ns=sum(part.gap_ns for part in parts),
        clock_flagged=known([part.clock_flagged for part in parts]),
        late=known([part.late for part in parts]),
    )

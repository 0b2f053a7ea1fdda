"""The bins of links, of OPDs and of all uplinks as points, stamped with the end of the bin.

The same names, labels and values as ``/metrics`` shows of the newest bin. A bin that is not valid has no rate and
no utilisation, and ``bin_valid`` 0. Utilisation is of the allocation in force when the bin began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from agent.clock import MS, Zone
from agent.reading import Reading
from collector.feeds.points import point
from collector.inventory import Inventory, Link
from collector.judge.now import bin_rate
from collector.ledger.binstore import BinStore
from collector.measure.bins import WIDTH_MS, Bins, total

DIRECTIONS = ("unduh", "unggah")


class Span(NamedTuple):
    """Whole bins from ``start_ms`` to ``end_ms`` (UTC ms)."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class BinPoints:
    """Makes points of one inventory's bins."""

    inventory: Inventory
    bins: BinStore
    zone: Zone

    def all(self, span: Span) -> Iterator[Reading]:
        """Yield the points of everything, object by object."""
        for link in self.inventory.links:
            yield from self.link(link, span)
        for opd in self.inventory.opds:
            yield from self.opd(opd.code, span)
        yield from self.capacity(span)

    def link(self, link: Link, span: Span) -> Iterator[Reading]:
        """Yield a link's rate, utilisation and whether each bin was valid, while it counts."""
        wanted = [i for i, counting in enumerate(self._members([link], span)) if counting]
        if not wanted:
            return
        pair = self._pair(link, span)
        valid = [found.valid.tolist() for found in pair]
        for i in wanted:
            end_ns = (span.start_ms + (i + 1) * WIDTH_MS) * MS
            yield point("nadi_link_bin_valid", (link.code, link.opd), valid[0][i] and valid[1][i], end_ns)
        for direction, found in zip(DIRECTIONS, pair, strict=True):
            labels = (link.code, link.opd, direction)
            yield from self._rates("nadi_link", labels, link.opd, found, [i for i in wanted if found.valid[i]])

    def opd(self, code: str, span: Span) -> Iterator[Reading]:
        """Yield the sums of an OPD's links; a bin of which one member is not valid has none."""
        links = self.inventory.links_of(code)
        for direction in DIRECTIONS:
            for found, valid in self._sums(links, span, direction):
                yield from self._rates("nadi_opd", (code, direction), code, found, valid)

    def capacity(self, span: Span) -> Iterator[Reading]:
        """Yield the sums of all uplinks."""
        links = [link for link in self.inventory.links if link.role == "uplink"]
        for direction in DIRECTIONS:
            for found, valid in self._sums(links, span, direction):
                for i in valid:
                    end_ns = (found.start_ms + (i + 1) * WIDTH_MS) * MS
                    yield point("nadi_capacity_rate_bits_per_second", (direction,), bin_rate(found, i), end_ns)

    def _rates(
        self, group: str, labels: tuple[str, ...], opd: str, found: Bins, which: Sequence[int]
    ) -> Iterator[Reading]:
        limits = self.inventory.allocations_of(opd) if opd else ()
        for i in which:
            start_ms = found.start_ms + i * WIDTH_MS
            rate, end_ns = bin_rate(found, i), (start_ms + WIDTH_MS) * MS
            made = point(f"{group}_rate_bits_per_second", labels, rate, end_ns)
            held = self.inventory.allocation_at(opd, start_ms * MS) if limits else None
            if held is not None:
                limit = held.down_bps if labels[-1] == "unduh" else held.up_bps
                fields = {**made.fields, "utilization_ratio": float(rate / limit)} if limit else made.fields
                made = made._replace(fields=fields)
            yield made

    def _sums(self, links: Sequence[Link], span: Span, direction: str) -> Iterator[tuple[Bins, list[int]]]:
        """Yield sums over runs of bins with the same members, and the places of the valid ones."""
        members = self._members(links, span)
        side = DIRECTIONS.index(direction)
        pairs = {link.code: self._pair(link, span)[side] for link in links if any(link in group for group in members)}
        place = 0
        for group, run in groupby(members):
            count = len(list(run))
            if group:
                found = [_part(pairs[link.code], place, count) for link in group]
                summed = found[0] if len(found) == 1 else total(found)
                yield summed, [i for i, valid in enumerate(summed.valid.tolist()) if valid]
            place += count

    def _members(self, links: Sequence[Link], span: Span) -> list[tuple[Link, ...]]:
        """Return for each bin the links that count in it."""
        starts = [ms * MS for ms in range(span.start_ms, span.end_ms, WIDTH_MS)]
        spans = [(link, self.inventory.counting(link).spans) for link in links]
        return [tuple(link for link, held in spans if any(low <= at < high for low, high in held)) for at in starts]

    def _pair(self, link: Link, span: Span) -> tuple[Bins, Bins]:
        first, last = self.zone.day(span.start_ms * MS), self.zone.day((span.end_ms - 1) * MS)
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        found = self.bins.link_span(link, days)
        low, count = (span.start_ms - found[0].start_ms) // WIDTH_MS, (span.end_ms - span.start_ms) // WIDTH_MS
        return _part(found[0], low, count), _part(found[1], low, count)


def _part(found: Bins, low: int, count: int) -> Bins:
    return replace(
        found,
        start_ms=found.start_ms + low * found.width_ms,
        octets_u=found.octets_u[low : low + count],
        covered_ms=found.covered_ms[low : low + count],
        long_u=found.long_u[low : low + count],
    )

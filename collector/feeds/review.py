"""What a server should hold, portion by portion, compared with what it holds, and mended.

VictoriaMetrics answers 204 to lines it drops, and a server may lose what it took: so nothing is believed that was
not read back. A portion is one raw series of one local day, or the bins of one link, OPD or of the uplinks.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from agent.catalogue import RAW
from agent.clock import MS
from agent.reading import Reading, Tags, encode, read_series
from collector.feeds.binpoints import BinPoints, Span
from collector.feeds.derived import DERIVED
from collector.feeds.influx import Server
from collector.feeds.points import Piece, RawLines, derived_lines, of_columns
from collector.feeds.samples import Differences, Found, Name, Selector, compare, expected
from collector.feeds.sending import Sending
from collector.folder import Folder
from collector.inventory import Link
from collector.ledger.columns import Columns, Series
from collector.ledger.lines import columns_of
from collector.ledger.readings import Readings
from collector.ledger.tail import COUNTED

VISIBLE_SECONDS = 12
"""VictoriaMetrics shows what it took after a second, but remembers for ten that it had no such series."""

_DAY = timedelta(days=1)
_BODY_POINTS = 2000

_LINK = frozenset(
    ("nadi_link_rate_bits_per_second", "nadi_link_utilization_ratio", "nadi_link_bin_valid"),
)
_OPD = frozenset(("nadi_opd_rate_bits_per_second", "nadi_opd_utilization_ratio"))
_CAPACITY = frozenset(("nadi_capacity_rate_bits_per_second",))


class Portion(NamedTuple):
    """Points of one object in a span (UTC ms, end exclusive), and where to find them again."""

    selector: Selector
    names: frozenset[str]
    span: Span
    points: list[Reading]

    @property
    def is_raw(self) -> bool:
        """Tell whether these are readings as agents sent them."""
        return not self.names & (_LINK | _OPD | _CAPACITY)


@dataclass(slots=True)
class Review:
    """Looks at one server through one data folder."""

    folder: Folder
    server: Server
    sending: Sending
    raw: RawLines
    bins: BinPoints
    patience_s: float = VISIBLE_SECONDS
    _upto_id: int = 0

    # --- portions ---

    def raw_portions(self, day: date, *, upto_id: int) -> Iterator[Portion]:
        """Yield the raw series of a local day, of the entries up to an id as far as the day is not sealed."""
        self._upto_id = upto_id
        zone = self.folder.zone
        span = Span(zone.day_start(day) // MS, zone.day_start(day + _DAY) // MS)
        sealed: dict[str, list[Series]] = {}
        for series in self.folder.archive.series(day):
            sealed.setdefault(series.device, []).append(series)
        elsewhere: dict[str, list[Columns]] = {}
        for device in sorted({*sealed, *self.folder.journal.devices()}):
            here: dict[str, list[Columns]] = {}
            for columns in self._of_device(device, sealed.get(device, []), day, span, upto_id):
                # What an agent tells of itself comes with the batches of all its devices.
                own = device in dict(read_series(columns.series.key)[1]).values()
                (here if own else elsewhere).setdefault(columns.series.key, []).append(columns)
            for key, parts in here.items():
                yield _raw_portion(key, parts, span)
        for key, parts in elsewhere.items():
            yield _raw_portion(key, parts, span)

    def _of_device(self, device: str, sealed: list[Series], day: date, span: Span, upto_id: int) -> Iterator[Columns]:
        journal, archive = self.folder.journal, self.folder.archive
        readings = Readings(journal=journal, archive=archive)
        ended = max((seal.upto_id for seal in archive.seals(day=day) if seal.journal == journal.id), default=0)
        rows = journal.rows(
            device=device, start_ns=span.start_ms * MS, end_ns=span.end_ms * MS, after_id=ended, upto_id=upto_id
        )
        beyond = columns_of(rows)
        for series in sorted({*sealed, *beyond}):
            if not self._is_forwarded(series):
                continue
            found = (
                readings.columns(series, start_ns=span.start_ms * MS, end_ns=span.end_ms * MS)
                if series in sealed
                else beyond[series]
            )
            if found is not None:
                yield found

    def _is_forwarded(self, series: Series) -> bool:
        measurement = series.key.partition(",")[0]
        return self.raw.counts(series.device, series.source) or measurement not in COUNTED

    def bin_portions(self, span: Span) -> Iterator[Portion]:
        """Yield the bins of every link and OPD and of the uplinks."""
        inventory = self.bins.inventory
        yield from self.bins_of(inventory.links, span)

    def bins_of(self, links: Iterable[Link], span: Span) -> Iterator[Portion]:
        """Yield the bins of links and of what they add up to."""
        some, stamps = list(links), Span(span.start_ms + 1, span.end_ms + 1)  # a bin is stamped with its end
        for link in some:
            selector = Selector("nadi_link", (("link", link.code),))
            yield Portion(selector, _LINK, stamps, list(self.bins.link(link, span)))
        for opd in sorted({link.opd for link in some if link.opd}):
            yield Portion(Selector("nadi_opd", (("opd", opd),)), _OPD, stamps, list(self.bins.opd(opd, span)))
        if any(link.role == "uplink" for link in some):
            yield Portion(Selector("nadi_capacity", ()), _CAPACITY, stamps, list(self.bins.capacity(span)))

    # --- look and mend ---

    def look(self, portion: Portion) -> Differences:
        """Read a portion back and compare it; raise Unavailable. What was sent this moment is waited for once."""
        wanted = expected(portion.points)
        found = self._compared(portion, wanted)
        if found.missing and self.patience_s:
            time.sleep(self.patience_s)
            self.patience_s = 0
            found = self._compared(portion, wanted)
        if found.extra and portion.is_raw:
            since = self._since(portion)
            found = replace(found, extra=[(name, at_ms) for name, at_ms in found.extra if at_ms not in since[name]])
        return found

    def _since(self, portion: Portion) -> Mapping[Name, Collection[int]]:
        """Return what a running feed may have sent since the portion was made: whatever it sends is in the journal."""
        found: defaultdict[Name, set[int]] = defaultdict(set)
        start_ns, end_ns = (edge_ms * MS for edge_ms in portion.span)
        rows = self.folder.journal.rows(start_ns=start_ns, end_ns=end_ns, after_id=self._upto_id)
        for series, columns in columns_of(rows).items():
            measurement, tags = read_series(series.key)
            if (measurement, tags) == (portion.selector.measurement, portion.selector.tags):
                for name, samples in expected(of_columns(columns, tags, measurement)).items():
                    found[name].update(samples)
        return found

    def _compared(self, portion: Portion, wanted: Found) -> Differences:
        there = self.server.samples(portion.selector, *portion.span)
        return compare(wanted, there, names=portion.names, span=portion.span)

    def mend(self, portion: Portion, found: Differences) -> int:
        """Send what is missing; return how many samples stay wrong. Raises Unavailable.

        InfluxDB takes a value in place of another and deletes one sample. VictoriaMetrics does neither: it would
        keep both, and which of them its deduplication shows is chance (measured with 1.79).
        """
        wrong = set(found.missing)
        if self.server.can_delete:
            wrong |= set(found.different)
            for measurement, tags, time_ms in sorted({_place(name, portion, ms) for name, ms in found.extra}):
                self.server.delete(Selector(measurement, tags), time_ms, time_ms + 1)
        some = [point for point in portion.points if _is_wrong(point, wrong)]
        for first in range(0, len(some), _BODY_POINTS):
            part = some[first : first + _BODY_POINTS]
            lines = encode(part) if portion.is_raw else derived_lines(part).lines
            self.sending.send(Piece(lines, sum(len(point.fields) for point in part)))
        return 0 if self.server.can_delete else len(found.different) + len(found.extra)


def _raw_portion(key: str, parts: list[Columns], span: Span) -> Portion:
    measurement, tags = read_series(key)
    points = [
        point
        for columns in parts
        for point in of_columns(columns, tags, measurement)
        if span.start_ms * MS <= point.time_ns < span.end_ms * MS
    ]
    known = RAW[measurement]
    absent = tuple(sorted(known.tags - {tag for tag, _ in tags}))
    names = frozenset(f"{measurement}_{field}" for field in known.fields) - DERIVED.keys()
    return Portion(Selector(measurement, tags, absent), names, span, points)


def _place(name: Name, portion: Portion, time_ms: int) -> tuple[str, Tags, int]:
    return portion.selector.measurement, name[1], time_ms


def _is_wrong(point: Reading, wrong: set[tuple[Name, int]]) -> bool:
    tags = tuple((tag, value) for tag, value in point.tags if value)
    time_ms = point.time_ns // MS
    return any((((f"{point.measurement}_{field}"), tags), time_ms) in wrong for field in point.fields)

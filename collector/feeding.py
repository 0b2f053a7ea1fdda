"""The feed of a running collector, and the commands ``nadi feed``.

influxdb-client costs 40 MB of memory: what needs it is imported only where a feed is configured.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from agent.clock import DAY_S, MS, NS, SystemClock
from collector.config import JOURNAL, Settings
from collector.folder import Folder, Impossible

if TYPE_CHECKING:
    from collector.feeds.cursor import Cursor
    from collector.feeds.review import Portion, Review
    from collector.feeds.samples import Differences
    from collector.running import Collector

Tell = Callable[[str], None]

MOST_SHOWN = 20
_EPOCH = date(1970, 1, 1)


def add_feed(collector: Collector) -> None:
    """Give the collector its feed, if one is configured; raise ConfigError, FeedFileError."""
    settings = collector.folder.settings.feed
    if settings.url:
        from collector.feeds.feed import Feed
        from collector.feeds.moment import written
        from collector.web.facts import facts

        collector.feed = Feed(collector.folder, settings, moment=lambda: written(facts(collector)))


@dataclass(slots=True)
class _Tally:
    """What a review found so far."""

    equal: int = 0
    missing: int = 0
    different: int = 0
    extra: int = 0
    kept_wrong: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, portion: Portion, found: Differences, zone_iso: Callable[[int], str]) -> None:
        """Count a portion's differences and keep the first few to be shown."""
        self.equal += found.equal
        kinds = (("missing", found.missing), ("different", found.different), ("not sent by Nadi", found.extra))
        self.missing += len(found.missing)
        self.different += len(found.different)
        self.extra += len(found.extra)
        for kind, places in kinds:
            for name in sorted({name for (name, _), _ in places})[: MOST_SHOWN - len(self.shown)]:
                times = [time_ms for (other, _), time_ms in places if other == name]
                since = zone_iso(min(times) * MS)
                self.shown.append(f"{len(times)} {kind}: {name} of {portion.selector}, from {since}")

    @property
    def wrong(self) -> int:
        """Samples that are not as they should be."""
        return self.missing + self.different + self.extra


@contextmanager
def _opened(settings: Settings, *, patience_s: float = 0) -> Iterator[tuple[Folder, Cursor, Review]]:
    """Open folder, cursor and server of a configured feed."""
    if not settings.feed.url:
        raise Impossible(f"{settings.data}: no feed is configured; set url under [feed]")
    if not (settings.data / JOURNAL).is_file():
        raise Impossible(f"{settings.data}: no {JOURNAL} is in it; start a collector there first: nadi run")
    from collector.feeds.binpoints import BinPoints
    from collector.feeds.feed import opened
    from collector.feeds.influx import Server
    from collector.feeds.points import RawLines
    from collector.feeds.review import Review
    from collector.feeds.sending import Sending

    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        server, cursor = Server(settings.feed), opened(folder, settings.feed)
        inventory = folder.register.inventory()
        raw = RawLines({device.code: device.source for device in inventory.devices})
        bins = BinPoints(inventory, folder.bins(inventory), folder.zone)
        sending = Sending(server, settings.feed.samples_per_second)
        try:
            yield folder, cursor, Review(folder, server, sending, raw, bins, patience_s)
        finally:
            cursor.close()
            server.close()


def status(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Show how far the server was fed and what could not be mended there."""
    with _opened(settings) as (folder, cursor, _):
        zone, sent, length = folder.zone, cursor.sent, folder.journal.length()
        tell(settings.feed.target)
        if not cursor.begun:
            tell("was never fed; nadi run begins, nadi feed replay --from DATE sends what was before")
            return 0
        oldest = next(folder.journal.rows(after_id=sent.entry, upto_id=min(length, sent.entry + 256)), None)
        behind = f", the oldest received {zone.iso(oldest.received_ns)}" if oldest else ""
        tell(f"entries: {sent.entry} of {length} sent, {length - sent.entry} waiting{behind}")
        tell(f"bins: sent up to {zone.iso(sent.bins_ms * MS)}")
        late = cursor.late(limit=1000)
        if late:
            tell(f"late readings changed bins of {len(late)} device-day(s), which are to be mended yet")
        _tell_remarks(cursor, tell)
    return 0


def _tell_remarks(cursor: Cursor, tell: Tell) -> None:
    for day, what in cursor.remarks():
        tell(f"{_EPOCH + timedelta(days=day)} {what}")


def check(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Read back what was written and compare it by sample."""
    with _opened(settings, patience_s=options.wait) as (folder, cursor, review):
        tally = _Tally()
        for day in _days(folder, options):
            here = _Tally()
            for portion in _portions(folder, cursor, review, day):
                here.add(portion, review.look(portion), folder.zone.iso)
            _tell_day(tell, day, here)
            if not here.wrong:
                cursor.forget_remarks((day - _EPOCH).days)
            tally.equal, tally.missing = tally.equal + here.equal, tally.missing + here.wrong
        _tell_remarks(cursor, tell)
    tell(f"{tally.equal} samples are equal, {tally.missing} are not")
    if tally.missing:
        tell("nadi feed replay --from DATE sends what is missing")
    return 1 if tally.missing else 0


def replay(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Send what the server does not hold, day by day, up to where the running feed goes on."""
    with _opened(settings, patience_s=options.wait) as (folder, cursor, review):
        if not cursor.begun:
            _begin(folder, cursor, settings)
        sent = kept = 0
        for day in _days(folder, options):
            here = _Tally()
            for portion in _portions(folder, cursor, review, day):
                found = review.look(portion)
                if found:
                    here.add(portion, found, folder.zone.iso)
                    here.kept_wrong += review.mend(portion, found)
            tell(f"{day}: {here.missing} samples sent")
            sent, kept = sent + here.missing, kept + here.kept_wrong
    tell(f"{sent} samples sent")
    if kept:
        tell(
            f"{kept} samples on the server are other than they should be, and it cannot put one in another's place;"
            " wipe it and replay, or delete the series there and replay (nadi feed check names them)"
        )
    return 1 if kept else 0


def _begin(folder: Folder, cursor: Cursor, settings: Settings) -> None:
    """Let a server that was never fed go on from here."""
    from collector.feeds.cursor import Place
    from collector.feeds.feed import border_ms

    begin = Place(folder.journal.length(), border_ms(folder, settings.feed))
    cursor.move(begin, begin)


def _days(folder: Folder, options: Namespace) -> Iterator[date]:
    today = folder.zone.day(folder.clock.now().wall_ns)
    day = options.first or today - timedelta(days=1)
    last = min(options.last or today, today)
    if day > last:
        raise Impossible(f"--from {day} is after {last}; give an earlier day")
    while day <= last:
        yield day
        day += timedelta(days=1)


def _portions(folder: Folder, cursor: Cursor, review: Review, day: date) -> Iterator[Portion]:
    """Yield what should be on the server of a local day, as far as it was sent."""
    from collector.feeds.binpoints import Span

    sent = cursor.sent
    yield from review.raw_portions(day, upto_id=sent.entry)
    start_ns = folder.zone.day_start(day)
    end_ms = min((start_ns + DAY_S * NS) // MS, sent.bins_ms)
    if start_ns // MS < end_ms:
        yield from review.bin_portions(Span(start_ns // MS, end_ms))


def _tell_day(tell: Tell, day: date, here: _Tally) -> None:
    tell(
        f"{day}: {here.equal} equal, {here.missing} missing, {here.different} different, {here.extra} not sent by Nadi"
    )
    for text in here.shown:
        tell(f"  {text}")

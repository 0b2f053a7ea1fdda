"""Forwards the journal to a time-series server, in order, on a thread of its own.

A step reads a few entries, gives the connection back, sends, and only then moves the cursor. Nothing waits for the
feed: a dead or slow server costs it alone. Three things go out: raw readings in journal order; bins once they are
settled, stamped with their end; and every minute what stands at that moment (states, facts, the month to date),
which is not sent later when it could not be sent then.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from agent.clock import DAY_S, MS, NS
from agent.reading import LineError
from collector.feeds.binpoints import BinPoints, Span
from collector.feeds.cursor import Cursor, Late, Place
from collector.feeds.derived import Written
from collector.feeds.influx import Server
from collector.feeds.moment import SinkFact
from collector.feeds.points import Piece, RawLines, derived_lines, of_moment
from collector.feeds.review import Review
from collector.feeds.sending import Sending
from collector.feeds.settings import FeedFault, FeedSettings
from collector.folder import Folder
from collector.inventory import Inventory
from collector.ledger.archive import ArchiveError
from collector.ledger.chunks import ChunkDamaged
from collector.ledger.entry import CLOCK_UNSURE, JournalError, Row
from collector.ledger.tables import day_range
from collector.measure.bins import WIDTH_MS
from collector.measure.counters import LONG_MS
from collector.register.engine import RegisterError

log = logging.getLogger(__name__)

BATCH_ROWS, BATCH_BYTES = 256, 2 << 20
"""Entries and octets (as stored) read for one step: what the feed holds in memory."""

MOMENT_SECONDS = 60
IDLE_SECONDS = 2
HOLD_SECONDS = 60
"""A server may lose what it took so lately when it dies (VictoriaMetrics 1.79: 8 s lost, 15 s kept): sent again."""

ON_THE_WAY_SECONDS = 30
"""Bins wait so much longer than they must, or each reading that comes in would seem late for the newest of them."""

SILENT_SECONDS = 60
SEEN_SECONDS = 60
"""After so long what was written can be read back from any server."""

BACKOFF_SECONDS = (1.0, 60.0)
BINS_AT_ONCE_MS = DAY_S * 1000

FAULTS = (FeedFault, JournalError, ArchiveError, ChunkDamaged, RegisterError, OSError)


class _Mark(NamedTuple):
    """Where sending stood at a monotonic second."""

    at_s: float
    place: Place


@dataclass(slots=True)
class Standing:
    """What the feed did since its start.

    ``oldest_ns`` is when the oldest unsent entry was received (None: nothing waits), as of the last step that went
    well, which ended at ``stepped_ns``.
    """

    stepped_ns: int
    points: int = 0
    errors: int = 0
    oldest_ns: int | None = None
    fault: str = ""


class Feed:
    """Feeds one server from one data folder; ``moment`` gives the derived series of now."""

    def __init__(self, folder: Folder, settings: FeedSettings, *, moment: Callable[[], Written]) -> None:
        """Open ``feed.db`` and read the token; raise ConfigError, FeedFileError."""
        self.folder, self.settings, self._moment = folder, settings, moment
        self.standing = Standing(folder.clock.now().wall_ns)
        self.server = Server(settings)
        self.cursor = opened(folder, settings)
        self._sending = Sending(self.server, settings.samples_per_second)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._marks: deque[_Mark] = deque()
        self._started = ""
        self._asked_s = self._moment_s = -1e9
        self._follow()
        if not self.cursor.begun:
            begin = Place(folder.journal.length(), self._border_ms())
            self.cursor.move(begin, begin)
            log.info("feeds %s from now on; nadi feed replay --from DATE sends what was before", settings.target)
        self._sent = self._safe = self.cursor.safe

    # --- the thread ---

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    def stop(self) -> None:
        """End after the request under way."""
        self._stop.set()
        self._sending.stop()
        if self._thread.is_alive():
            self._thread.join(self.settings.timeout_seconds + 5)
        self.server.close()
        self.cursor.close()

    @property
    def fact(self) -> SinkFact:
        """What ``/metrics`` tells of the feed; one that makes no step has the lag of its silence."""
        standing, now_ns = self.standing, self.folder.clock.now().wall_ns
        silent_ns = now_ns - standing.stepped_ns
        oldest_ns = standing.stepped_ns if silent_ns > SILENT_SECONDS * NS else now_ns
        lag_ns = now_ns - min(oldest_ns, standing.oldest_ns or now_ns)
        return SinkFact(self.settings.server, standing.points, standing.errors, max(0, lag_ns) / NS)

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                more = self.step()
                failures, self.standing.fault = 0, ""
                self._stop.wait(0 if more else IDLE_SECONDS)
            except FAULTS as error:
                self.standing.errors += 1
                self._note(str(error))
                self._asked_s = -1e9
                failures += 1
                self._stop.wait(_pause(failures, getattr(error, "retry_after_s", 0.0)))

    def _note(self, fault: str) -> None:
        if fault != self.standing.fault:
            log.warning("feed: %s; trying again", fault)
        self.standing.fault = fault

    # --- a step ---

    def step(self) -> bool:
        """Send one portion; tell whether more is waiting. Raises one of FAULTS: then nothing moved."""
        self._look_at_server()
        self._send_moment()
        more = self._send_bins()
        more = self._send_rows() or more
        more = more or self._mend_late()
        self.standing.stepped_ns = self.folder.clock.now().wall_ns
        return more

    def _look_at_server(self) -> None:
        """Go back to what the server surely has if it was started anew; else count what is old enough as safe."""
        now_s = time.monotonic()
        if now_s - self._asked_s < HOLD_SECONDS / 6:
            return
        started = self.server.started()
        if self._started and started != self._started:
            log.warning("feed: the server was started anew; sending again what it may have lost")
            self._back()
        self._started, self._asked_s = started, now_s
        while self._marks and now_s - self._marks[0].at_s > HOLD_SECONDS:
            self._safe = self._marks.popleft().place
        self.cursor.move(self._sent, self._safe)

    def _back(self) -> None:
        self._sent = self._safe
        self._marks.clear()

    def _moved(self, sent: Place, late: list[Late]) -> None:
        self._sent = sent
        self.cursor.move(sent, self._safe, late)
        now_s = time.monotonic()
        if not self._marks or now_s - self._marks[-1].at_s >= 1:
            self._marks.append(_Mark(now_s, sent))
        else:
            self._marks[-1] = _Mark(now_s, sent)

    def _send(self, piece: Piece) -> None:
        refused = self._sending.send(piece)
        self.standing.points += piece.samples
        self.standing.errors += refused

    # --- what stands now ---

    def _send_moment(self) -> None:
        now_s = time.monotonic()
        if now_s - self._moment_s >= MOMENT_SECONDS:
            now_ns = self.folder.clock.now().wall_ns // MS * MS
            written = ((name, labels, value) for name, labels, value in self._moment() if name not in BIN_SERIES)
            self._send(derived_lines(of_moment(written, now_ns)))
            self._moment_s = now_s

    # --- bins ---

    def _follow(self) -> None:
        self._inventory: Inventory = self.folder.register.inventory()
        self._raw = RawLines({device.code: device.source for device in self._inventory.devices})
        self._points = BinPoints(self._inventory, self.folder.bins(self._inventory), self.folder.zone)
        self._review = Review(self.folder, self.server, self._sending, self._raw, self._points, patience_s=0)

    def _border_ms(self) -> int:
        return border_ms(self.folder, self.settings)

    def _send_bins(self) -> bool:
        """Send the bins that became settled, a day at most; tell whether more are waiting."""
        border, start = self._border_ms(), self._sent.bins_ms
        if border <= start:
            return False
        if self.folder.register.revision() != self._inventory.revision:
            self._follow()
        end = min(border, start + BINS_AT_ONCE_MS)
        for piece in self._sending.pieces(self._points.all(Span(start, end))):
            self._send(piece)
        self._moved(Place(self._sent.entry, end), [])
        return end < border

    def _mend_late(self) -> bool:
        """Mend the bins that late readings changed, one device's day at a time; tell whether more are waiting."""
        before_ms = self.folder.clock.now().wall_ns // MS - SEEN_SECONDS * 1000
        waiting = self.cursor.late(limit=2, noted_before_ms=before_ms)
        if not waiting:
            return False
        item = waiting[0]
        links = [link for link in self._inventory.links if link.device == item.device]
        remarks = []
        for portion in self._review.bins_of(links, Span(item.start_ms, item.end_ms)):
            found = self._review.look(portion)
            wrong = self._review.mend(portion, found) if found else 0
            self.standing.points += len(found.missing)
            if wrong:
                remarks.append(f"{portion.selector}: corrected afterwards, the server still holds the old values")
        self.cursor.mended(item, remarks)
        return len(waiting) > 1

    # --- raw readings ---

    def _send_rows(self) -> bool:
        """Send the next entries in journal order; tell whether more are waiting."""
        journal, after = self.folder.journal, self._sent.entry
        length = journal.length()
        rows, last = self._read(after, length)
        self.standing.oldest_ns = rows[0].received_ns if rows else None
        for row in rows:
            if self._stop.is_set():
                return False
            self._sending.gather(self._lines(row), self._send)
        self._sending.flush(self._send)
        if last != after:
            self._moved(Place(last, self._sent.bins_ms), self._late(rows))
        if last == length:
            self.standing.oldest_ns = None
        return last < length

    def _read(self, after: int, length: int) -> tuple[list[Row], int]:
        """Read some entries and give the connection back; return them and the id up to which they go."""
        if after > length:
            log.warning(
                "feed: the journal ends at %d, %d was sent: it was restored; going on from its end", length, after
            )
            return [], length
        rows: list[Row] = []
        size = 0
        upto = min(length, after + BATCH_ROWS)
        for row in self.folder.journal.rows(after_id=after, upto_id=upto):
            rows.append(row)
            size += len(row.body)
            if size > BATCH_BYTES:
                return rows, row.id
        return rows, upto

    def _lines(self, row: Row) -> Piece:
        try:
            return self._raw.of(row)
        except LineError as error:
            self.standing.errors += 1
            log.error("feed: entry %d cannot be forwarded: %s", row.id, error)
            return Piece(b"", 0)

    def _late(self, rows: list[Row]) -> list[Late]:
        """Return where these entries change bins that were forwarded already."""
        upto_ms, now_ms = self._sent.bins_ms, self.folder.clock.now().wall_ns // MS
        found = []
        for row in rows:
            if row.flags & CLOCK_UNSURE or row.first_ns // MS - LONG_MS >= upto_ms:
                continue
            found += spans_touched(row, upto_ms, now_ms, self.folder)
        return found


def spans_touched(row: Row, upto_ms: int, now_ms: int, folder: Folder) -> list[Late]:
    """Return the whole bins, by local day, that an entry's readings may change: up to a longest delta around them."""
    zone = folder.zone
    origin = zone.day_start(zone.day(row.first_ns)) // MS
    low = (row.first_ns // MS - LONG_MS - origin) // WIDTH_MS * WIDTH_MS + origin
    high = min(-((origin - row.last_ns // MS - LONG_MS) // WIDTH_MS) * WIDTH_MS + origin, upto_ms)
    found = []
    for day in day_range(zone, low * MS, high * MS - 1) if low < high else ():
        start_ms = (day * DAY_S * NS - zone.offset_ns) // MS
        part = max(low, start_ms), min(high, start_ms + DAY_S * 1000)
        found.append(Late(row.device, day, *part, now_ms))
    return found


BIN_SERIES = frozenset(
    (
        *("nadi_link_rate_bits_per_second", "nadi_link_utilization_ratio", "nadi_link_bin_valid"),
        *("nadi_opd_rate_bits_per_second", "nadi_opd_utilization_ratio", "nadi_capacity_rate_bits_per_second"),
    )
)
"""Sent as bins with their own times, so not with what stands now."""


def border_ms(folder: Folder, settings: FeedSettings) -> int:
    """Return up to where bins are settled now (UTC ms)."""
    age_s = settings.settle_minutes * 60 + ON_THE_WAY_SECONDS
    zone, aged_ns = folder.zone, folder.clock.now().wall_ns - age_s * NS
    start_ms = zone.day_start(zone.day(aged_ns)) // MS
    return start_ms + (aged_ns // MS - start_ms) // WIDTH_MS * WIDTH_MS


def opened(folder: Folder, settings: FeedSettings) -> Cursor:
    """Open the cursor of the configured server."""
    return Cursor(folder.settings.data / "feed.db", target=settings.target, journal=folder.journal.id)


def _pause(failures: int, asked_s: float) -> float:
    """Return how long to wait (s): what the server asked for, else ever longer; always with jitter."""
    low, high = BACKOFF_SECONDS
    longest = min(high, max(asked_s, low * 2 ** min(failures - 1, 10)))
    return max(min(asked_s, high), random.uniform(longest / 2, longest))  # noqa: S311 - no secret

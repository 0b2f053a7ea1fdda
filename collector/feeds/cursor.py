"""``feed.db``: how far each server was fed, and what could not be mended there.

The cursor moves after the server's 2xx and may lag behind it, never the reverse, so what is sent twice is the
worst that a crash can do; a commit needs no fsync. Losing the file loses no reading: ``nadi feed replay``.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from collector.feeds.settings import FeedFault

FILE = "feed.db"
MOST_REMARKS = 1000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS target (id INTEGER PRIMARY KEY, name TEXT NOT NULL, journal TEXT NOT NULL,
    entry INTEGER NOT NULL, bins_ms INTEGER NOT NULL, safe_entry INTEGER NOT NULL, safe_bins_ms INTEGER NOT NULL,
    UNIQUE (name, journal));
CREATE TABLE IF NOT EXISTS late (target INTEGER, device TEXT, day INTEGER, start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL, noted_ms INTEGER NOT NULL, PRIMARY KEY (target, device, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS remark (target INTEGER, day INTEGER, what TEXT, PRIMARY KEY (target, day, what))
    WITHOUT ROWID;
"""


class FeedFileError(FeedFault):
    """``feed.db`` cannot be used; the message names it and the mend."""


class Place(NamedTuple):
    """How far a server was fed: the newest journal entry, and the end of the newest bins (UTC ms)."""

    entry: int
    bins_ms: int


@dataclass(frozen=True, slots=True)
class Late:
    """A span of a device (UTC ms, of one local day by its number) whose bins changed after they were forwarded."""

    device: str
    day: int
    start_ms: int
    end_ms: int
    noted_ms: int


class Cursor:
    """One server's row of ``feed.db``; its methods may be called from any thread.

    ``sent`` is what the server answered with 2xx. ``safe`` lags behind it by as long as a server may hold samples in
    memory alone: after a fault or a restart of either side, sending goes on from there.
    """

    def __init__(self, path: Path, *, target: str, journal: str) -> None:
        self.path, self._lock = path, threading.Lock()
        with self._translated():
            if not path.exists():
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            sql = "INSERT OR IGNORE INTO target VALUES (NULL, ?, ?, -1, 0, -1, 0)"
            self._db.execute(sql, (target, journal))
            found = self._db.execute("SELECT id FROM target WHERE name = ? AND journal = ?", (target, journal))
            self._target = int(found.fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @property
    def begun(self) -> bool:
        """Tell whether this server was fed before."""
        return self.sent.entry >= 0

    @property
    def sent(self) -> Place:
        """What was answered with 2xx."""
        return Place(*self._one("SELECT entry, bins_ms FROM target WHERE id = ?"))

    @property
    def safe(self) -> Place:
        """What the server has surely on its disk."""
        return Place(*self._one("SELECT safe_entry, safe_bins_ms FROM target WHERE id = ?"))

    def _one(self, sql: str) -> tuple[int, int]:
        with self._lock, self._translated():
            first, second = self._db.execute(sql, (self._target,)).fetchone()
        return int(first), int(second)

    def move(self, sent: Place, safe: Place, late: Sequence[Late] = ()) -> None:
        """Note what was sent, with the spans in which it made forwarded bins wrong, in one transaction."""
        with self._transaction() as db:
            db.execute(
                "UPDATE target SET entry = ?, bins_ms = ?, safe_entry = ?, safe_bins_ms = ? WHERE id = ?",
                (*sent, *safe, self._target),
            )
            for item in late:
                db.execute(
                    "INSERT INTO late VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"
                    " start_ms = min(start_ms, ?4), end_ms = max(end_ms, ?5), noted_ms = ?6",
                    (self._target, item.device, item.day, item.start_ms, item.end_ms, item.noted_ms),
                )

    def late(self, *, limit: int = 100, noted_before_ms: int = 2**62) -> list[Late]:
        """Return the oldest spans to mend that were noted before a time."""
        sql = (
            "SELECT device, day, start_ms, end_ms, noted_ms FROM late WHERE target = ? AND noted_ms < ?"
            " ORDER BY noted_ms LIMIT ?"
        )
        with self._lock, self._translated():
            return [Late(*row) for row in self._db.execute(sql, (self._target, noted_before_ms, limit))]

    def mended(self, item: Late, remarks: Sequence[str]) -> None:
        """Strike a span off, unless it was noted again meanwhile, and keep what could not be mended."""
        with self._transaction() as db:
            sql = "DELETE FROM late WHERE target = ? AND device = ? AND day = ? AND noted_ms = ?"
            db.execute(sql, (self._target, item.device, item.day, item.noted_ms))
            rows = [(self._target, item.day, text) for text in remarks]
            db.executemany("INSERT OR IGNORE INTO remark VALUES (?, ?, ?)", rows)
            db.execute(
                "DELETE FROM remark WHERE target = ?1 AND (day, what) IN"
                " (SELECT day, what FROM remark WHERE target = ?1 ORDER BY day DESC, what LIMIT -1 OFFSET ?2)",
                (self._target, MOST_REMARKS),
            )

    def remarks(self) -> list[tuple[int, str]]:
        """Return what could not be mended on the server, oldest first: (number of the local day, what)."""
        with self._lock, self._translated():
            sql = "SELECT day, what FROM remark WHERE target = ? ORDER BY day, what"
            return [(int(day), str(what)) for day, what in self._db.execute(sql, (self._target,))]

    def forget_remarks(self, day: int) -> None:
        """Strike the remarks of a day off: it was found equal."""
        with self._transaction() as db:
            db.execute("DELETE FROM remark WHERE target = ? AND day = ?", (self._target, day))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            raise FeedFileError(
                f"{self.path}: {error}; make room, or move the file away and run: nadi feed replay --from DATE"
            ) from error

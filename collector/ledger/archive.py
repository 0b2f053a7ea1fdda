"""``chunks.db``: sealed days, their seals, and the bins made from them.

One writer, many readers, short transactions. A chunk counts only once its seal is recorded: what a sealing that
was broken off left behind is never read, and the next sealing drops it. Bins are derived and may be dropped.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from agent.clock import Zone
from collector.ledger.chunks import Place
from collector.ledger.columns import Series
from collector.ledger.opendays import OpenDays

PAGE_BYTES = 2048
"""Measured: 2 KiB pages take 3.83 octets a sample, 4 KiB 4.15, for a chunk of a day leaves parts of pages empty."""
_EPOCH = date(1970, 1, 1)

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE series (id INTEGER PRIMARY KEY, source TEXT NOT NULL, device TEXT NOT NULL, key TEXT NOT NULL,
    UNIQUE (device, key, source));
CREATE TABLE chunk (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, day INTEGER NOT NULL, part INTEGER NOT NULL,
    sha256 BLOB NOT NULL, blob BLOB NOT NULL);
CREATE UNIQUE INDEX chunk_place ON chunk (series, day, part);
CREATE INDEX chunk_day ON chunk (day, part);
CREATE TABLE seal (day INTEGER, part INTEGER, journal TEXT NOT NULL, after_id INTEGER NOT NULL,
    upto_id INTEGER NOT NULL, root BLOB NOT NULL, chained INTEGER NOT NULL, PRIMARY KEY (day, part)) WITHOUT ROWID;
CREATE TABLE bins (id INTEGER PRIMARY KEY, link TEXT NOT NULL, day INTEGER NOT NULL, parameters BLOB NOT NULL,
    first INTEGER, last INTEGER NOT NULL, newest INTEGER NOT NULL, blob BLOB NOT NULL);
CREATE UNIQUE INDEX bins_place ON bins (link, day);
"""


class ArchiveError(Exception):
    """An archive that cannot be used as asked; the message names the file and the mend."""


@dataclass(frozen=True, slots=True)
class SealRecord:
    """One part of a sealed day: which journal (by its id) and which entries ``(after_id, upto_id]`` it covers.

    ``chained`` tells whether the root is known to stand in the journal's chain.
    """

    day: date
    part: int
    journal: str
    after_id: int
    upto_id: int
    root: bytes
    chained: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk as stored: its place, the SHA-256 of its readings, and its bytes."""

    place: Place
    sha256: bytes
    blob: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """Sealed chunks of a series, by day and part, and the newest journal id that each sealed day covers."""

    chunks: list[tuple[Place, bytes]]
    upto: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class StoredDay:
    """Bins of one link on one day as stored, and the reading days they were made from.

    They hold while the parameters are the same and ``newest`` is still the newest journal id on the days ``first``
    (None: however early) to ``last``.
    """

    link: str
    day: date
    parameters: bytes
    first: date | None
    last: date
    newest: int
    blob: bytes


def _number(day: date) -> int:
    return (day - _EPOCH).days


def _date(number: int) -> date:
    try:
        return _EPOCH + timedelta(days=number)
    except (OverflowError, TypeError):  # a flipped byte may make any number of it; the seals will not fit
        return date.max


class Archive:
    """The archive of one region; its methods may be called from any thread."""

    def __init__(self, path: Path, *, zone: Zone) -> None:
        """Open or make the archive; raise ArchiveError for another zone and for a file that is none."""
        self.path, self.zone = path, zone
        self._lock = threading.Lock()
        self._readers: list[sqlite3.Connection] = []
        self._series: dict[Series, int] = {}
        self.open_days = OpenDays()
        with self._translated():
            _create(path, zone)
            self._db = _connect(path, writer=True)
            (made_for,) = self._db.execute("SELECT value FROM meta WHERE name = 'zone'").fetchone()
        if made_for != zone.name:
            self._db.close()
            raise ArchiveError(f"{path}: was made for zone {made_for}, not {zone.name}; set the zone back")

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._db.close()
        while self._readers:
            self._readers.pop().close()

    def put(self, chunks: Iterable[Chunk]) -> None:
        """Write chunks in one durable transaction; what stood in their places is replaced."""
        with self._transaction() as db:
            for chunk in chunks:
                series, day, part = self._series_number(db, chunk.place.series), *chunk.place[1:]
                db.execute("DELETE FROM chunk WHERE series = ? AND day = ? AND part = ?", (series, _number(day), part))
                db.execute(
                    "INSERT INTO chunk (series, day, part, sha256, blob) VALUES (?,?,?,?,?)",
                    (series, _number(day), part, chunk.sha256, chunk.blob),
                )

    def _series_number(self, db: sqlite3.Connection, series: Series) -> int:
        db.execute("INSERT OR IGNORE INTO series (source, device, key) VALUES (?,?,?)", series)
        sql = "SELECT id FROM series WHERE source = ? AND device = ? AND key = ?"
        return int(db.execute(sql, series).fetchone()[0])

    def drop_unsealed(self, day: date, part: int) -> None:
        """Delete the chunks which a broken sealing left; those of a recorded seal stay."""
        with self._transaction() as db:
            db.execute(
                "DELETE FROM chunk WHERE day = ?1 AND part = ?2"
                " AND NOT EXISTS (SELECT 1 FROM seal WHERE seal.day = ?1 AND seal.part = ?2)",
                (_number(day), part),
            )

    def record(self, seal: SealRecord) -> None:
        """Record a seal (or that it is in the chain now): from here on its chunks count."""
        values = (_number(seal.day), *(getattr(seal, name) for name in SealRecord.__slots__[1:]))
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO seal VALUES (?,?,?,?,?,?,?)", values)

    def seals(self, *, day: date | None = None) -> list[SealRecord]:
        """Return the recorded seals (of one day), by day and part."""
        where, values = ("", ()) if day is None else (" WHERE day = ?", (_number(day),))
        columns = "day, part, journal, after_id, upto_id, CAST(root AS BLOB), chained"
        sql = f"SELECT {columns} FROM seal{where} ORDER BY day, part"  # noqa: S608
        with self._reader() as db:
            return [
                SealRecord(_date(n), part, journal, after_id, upto_id, root, bool(chained))
                for n, part, journal, after_id, upto_id, root, chained in db.execute(sql, values)
            ]

    def digests(self, day: date, part: int) -> list[bytes]:
        """Return the hashes of the chunks of one part of a day, sealed or not."""
        with self._reader() as db:
            sql = "SELECT CAST(sha256 AS BLOB) FROM chunk WHERE day = ? AND part = ?"
            return [digest for (digest,) in db.execute(sql, (_number(day), part))]

    def sealed(self, series: Series, first: date, last: date, *, journal: str) -> Sealed:
        """Return the sealed chunks of a series from ``first`` to ``last`` and how far each day is sealed."""
        span = (_number(first), _number(last))
        with self._reader() as db:
            # One read transaction: a chunk without its seal's watermark, or the reverse, would count rows twice.
            db.execute("BEGIN")
            try:
                sql = "SELECT day, max(upto_id) FROM seal WHERE day BETWEEN ? AND ? AND journal = ? GROUP BY day"
                upto = {_date(n): id for n, id in db.execute(sql, (*span, journal))}
                sql = (
                    "SELECT day, part, blob FROM chunk WHERE series = ? AND day BETWEEN ? AND ? AND EXISTS"
                    " (SELECT 1 FROM seal WHERE seal.day = chunk.day AND seal.part = chunk.part) ORDER BY day, part"
                )
                rows = db.execute(sql, (self._find(db, series), *span)).fetchall()
            finally:
                db.execute("COMMIT")
        return Sealed([(Place(series, _date(n), part), blob) for n, part, blob in rows], upto)

    def _find(self, db: sqlite3.Connection, series: Series) -> int | None:
        known = self._series.get(series)
        if known is None:
            sql = "SELECT id FROM series WHERE source = ? AND device = ? AND key = ?"
            found = db.execute(sql, series).fetchone()
            if found is None:
                return None
            known = self._series[series] = int(found[0])
        return known

    def knows(self, series: Series) -> bool:
        """Tell whether anything of a series was ever sealed here."""
        with self._reader() as db:
            return self._find(db, series) is not None

    def days(self, device: str) -> list[date]:
        """Return the days of which there are chunks of a device, in order."""
        sql = "SELECT DISTINCT day FROM chunk WHERE series IN (SELECT id FROM series WHERE device = ?) ORDER BY day"
        with self._reader() as db:
            return [_date(number) for (number,) in db.execute(sql, (device,))]

    def next_day(self, series: Series, day: date, *, later: bool) -> date | None:
        """Return the nearest sealed day of a series after ``day`` (or before it), None if there is none."""
        end, side = ("min", ">") if later else ("max", "<")
        sql = f"SELECT {end}(day) FROM chunk WHERE series = ? AND day {side} ?"  # noqa: S608
        with self._reader() as db:
            (found,) = db.execute(sql, (self._find(db, series), _number(day))).fetchone()
        return None if found is None else _date(found)

    def series(self, day: date) -> list[Series]:
        """Return the series of which there are chunks of a day, sealed or not, in order."""
        sql = (
            "SELECT source, device, key FROM series WHERE id IN (SELECT series FROM chunk WHERE day = ?)"
            " ORDER BY device, key, source"
        )
        with self._reader() as db:
            return [Series(*row) for row in db.execute(sql, (_number(day),))]

    def series_of(self, *, source: str, device: str, measurement: str, first: date, last: date) -> list[Series]:
        """Return the series of one measurement of a device of which there are chunks of these days, in order."""
        sql = (
            "SELECT source, device, key FROM series WHERE source = ? AND device = ? AND key > ? AND key < ? AND EXISTS"
            " (SELECT 1 FROM chunk WHERE chunk.series = series.id AND day BETWEEN ? AND ?) ORDER BY key"
        )
        span = (f"{measurement},", f"{measurement}-", _number(first), _number(last))
        with self._reader() as db:
            return [Series(*row) for row in db.execute(sql, (source, device, *span))]

    def chunks(self, *, day: date | None = None, part: int | None = None) -> Iterator[Chunk]:
        """Yield every chunk (of a day, of a part), sealed or not."""
        sql = "SELECT id FROM chunk WHERE ?1 IS NULL OR (day = ?1 AND (?2 IS NULL OR part = ?2)) ORDER BY day, part, id"
        one = (
            "SELECT coalesce(source, '?'), coalesce(device, '?'), coalesce(key, '?'), day, part, CAST(sha256 AS BLOB),"
            " CAST(blob AS BLOB) FROM chunk LEFT JOIN series ON series.id = series WHERE chunk.id = ?"
        )
        with self._reader() as db:
            for (id,) in db.execute(sql, (None if day is None else _number(day), part)).fetchall():
                for source, device, key, number, at, sha256, blob in db.execute(one, (id,)):
                    yield Chunk(Place(Series(source, device, key), _date(number), at), sha256, blob)

    def forget(self, before: date) -> int:
        """Delete chunks and bins of days before ``before``; the seals stay. Return the number of chunks."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('forgotten_before', ?)", (before.isoformat(),))
            db.execute("DELETE FROM bins WHERE day < ?", (_number(before),))
            return db.execute("DELETE FROM chunk WHERE day < ?", (_number(before),)).rowcount

    def meta(self, name: str) -> str | None:
        """Return a remark on the archive: ``forgotten_before``, ``low`` ..."""
        with self._reader() as db:
            found = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def set_meta(self, name: str, value: str) -> None:
        """Set a remark on the archive."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def stored_bins(self, link: str, first: date, last: date) -> list[StoredDay]:
        """Return the stored bins of a link from ``first`` to ``last``, by day."""
        sql = (
            "SELECT day, parameters, first, last, newest, blob FROM bins WHERE link = ? AND day BETWEEN ? AND ?"
            " ORDER BY day"
        )
        with self._reader() as db:
            rows = db.execute(sql, (link, _number(first), _number(last))).fetchall()
        return [
            StoredDay(link, _date(day), parameters, None if low is None else _date(low), _date(high), newest, blob)
            for day, parameters, low, high, newest, blob in rows
        ]

    def store_bins(self, days: Sequence[StoredDay]) -> None:
        """Store bins in place of what was stored for their link and day."""
        rows = [
            (d.link, _number(d.day), d.parameters, d.first and _number(d.first), _number(d.last), d.newest, d.blob)
            for d in days
        ]
        with self._transaction() as db:
            db.executemany("DELETE FROM bins WHERE link = ? AND day = ?", [row[:2] for row in rows])
            sql = "INSERT INTO bins (link, day, parameters, first, last, newest, blob) VALUES (?,?,?,?,?,?,?)"
            db.executemany(sql, rows)

    def all_bins(self) -> Iterator[StoredDay]:
        """Yield all stored bins."""
        with self._reader() as db:
            links = [link for (link,) in db.execute("SELECT DISTINCT link FROM bins ORDER BY link")]
        for link in links:
            yield from self.stored_bins(link, date.min, date.max)

    def drop_bins(self) -> None:
        """Throw all stored bins away."""
        with self._transaction() as db:
            db.execute("DELETE FROM bins")

    def structure_faults(self) -> list[str]:
        """Return what SQLite itself finds wrong with the file."""
        with self._reader() as db:
            return [text for (text,) in db.execute("PRAGMA integrity_check") if text != "ok"]

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
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            try:
                db = self._readers.pop()
            except IndexError:
                db = _connect(self.path, writer=False)
            try:
                yield db
            finally:
                self._readers.append(db)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            mend = _MENDS.get(code, "check the disk and the folder's owner and mode")
            raise ArchiveError(f"{self.path}: {error}; {mend}") from error


_MENDS: dict[int, str] = {
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_BUSY: "another process writes to it; stop one of them",
    sqlite3.SQLITE_NOTADB: "this is no archive; move it away and run: nadi rebuild",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from its backup, or run: nadi check",
}


def _create(path: Path, zone: Zone) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size:
        return
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        db.execute(f"PRAGMA page_size={PAGE_BYTES}")
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        db.execute("INSERT INTO meta VALUES ('zone', ?)", (zone.name,))
    finally:
        db.close()


def _connect(path: Path, *, writer: bool) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    db.text_factory = lambda text: text.decode(errors="replace")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA journal_size_limit=67108864" if writer else "PRAGMA query_only=ON")
    return db

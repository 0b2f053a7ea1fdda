"""The journal: the record of everything that was acknowledged.

One writer appends verified entries in arrival order, each linked to the one before by a hash; an entry is on
disk (SQLite, WAL, ``synchronous=FULL``) before ``append`` returns. Threads that append at the same time share a
commit. Readers have connections of their own and never wait for the writer.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import threading
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from agent.clock import Zone
from collector.ledger import forgetting, lives, quarantine, tables
from collector.ledger.chain import Chain, Ticket, faults
from collector.ledger.entry import (
    CLOCK_CORRECTED,
    CLOCK_UNSURE,
    CLOCK_WALL_ONLY,
    LATE,
    Appended,
    Entry,
    JournalError,
    JournalFull,
    Outcome,
    Problem,
    Row,
    Seal,
    batch_key,
    seal_key,
)
from collector.ledger.quarantine import PutAside, Quarantined

__all__ = [
    "CLOCK_CORRECTED",
    "CLOCK_UNSURE",
    "CLOCK_WALL_ONLY",
    "LATE",
    "Appended",
    "Entry",
    "Journal",
    "JournalError",
    "JournalFull",
    "Outcome",
    "Problem",
    "Quarantined",
    "Row",
    "Seal",
    "batch_key",
    "seal_key",
]

FLOOR_BYTES = 64 << 20
_CHUNK = 256
_GROUP_BYTES = 32 << 20
_EPOCH = date(1970, 1, 1)

log = logging.getLogger(__name__)


class Journal:
    """The journal of one region: one writer (any threads), many readers (any threads, also other processes)."""

    def __init__(
        self,
        path: Path,
        *,
        zone: Zone,
        label: str = "",
        floor_bytes: int = FLOOR_BYTES,
        quarantine_bytes: int = quarantine.LIMIT,
    ) -> None:
        """Open or make the journal at ``path``; raise JournalError for another zone or label, or no journal."""
        self.path, self.zone, self.label = path, zone, label
        self.damaged = 0
        self._floor, self._quarantine_bytes = floor_bytes, quarantine_bytes
        self._names = tables.Names()
        self._lock = threading.Lock()
        self._waiting: deque[Ticket] = deque()
        self._readers: list[sqlite3.Connection] = []
        with tables.translated(path):
            tables.create(path, {"id": secrets.token_hex(8), "zone": zone.name, "label": label, "anchor": "0 "})
            self._db = tables.connect(path, writer=True)
            meta = self._check_meta()
        self.id, self.receipt_id = meta["id"], lives.named(meta)

    def _check_meta(self) -> dict[str, str]:
        meta: dict[str, str] = dict(self._db.execute("SELECT name, value FROM meta"))
        for name, wanted in (("zone", self.zone.name), ("label", self.label)):
            if meta.get(name) != wanted:
                self._db.close()
                raise JournalError(
                    f"{self.path}: was made with {name} {meta.get(name)!r} and is opened with {wanted!r};"
                    f" set {name} back in the configuration or choose another data folder"
                )
        return meta

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._db.close()
        while self._readers:
            self._readers.pop().close()

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        """Store entries in one fsynced transaction and say what became of each.

        Raise JournalFull when the disk is full or below the floor, JournalError when it cannot be written:
        then nothing was stored.
        """
        ticket = Ticket(entries)
        self._waiting.append(ticket)
        with self._lock:
            if not ticket.done:
                self._commit_waiting()
        return ticket.result()

    def _commit_waiting(self) -> None:
        group: list[Ticket] = []
        size = 0
        while self._waiting and (not group or size < _GROUP_BYTES):
            group.append(self._waiting.popleft())
            size += group[-1].size
        try:
            with self._transaction(size) as db:
                chain = Chain(db)
                answers = [[self._append_one(chain, entry) for entry in ticket.entries] for ticket in group]
            for ticket, answer in zip(group, answers, strict=True):
                ticket.answer = answer
        except JournalError as error:
            for ticket in group:
                ticket.error = error
        finally:
            for ticket in group:
                ticket.done = True

    def _append_one(self, chain: Chain, entry: Entry) -> Appended:
        known = self._known(chain.db, entry)
        if known is not None and (known == entry.sha256 or not known):
            return chain.state("duplicate")
        if known is not None:
            kept = Quarantined(entry.received_ns, entry.agent, entry.device, entry.key, 0, "fork", entry.wire())
            quarantine.put(chain.db, [kept], limit=self._quarantine_bytes)
            return chain.state("fork")
        chain.link(entry)
        chain.db.execute(
            tables.INSERT, tables.to_columns(chain.db, self._names, entry, id=chain.length, head=chain.head)
        )
        if entry.device:
            device = self._names.number(chain.db, entry.device)
            rows = [(device, day, chain.length) for day in tables.days_of(entry, self.zone)]
            chain.db.executemany("INSERT INTO entry_day VALUES (?,?,?)", rows)
        return chain.state("stored")

    def _known(self, db: sqlite3.Connection, entry: Entry) -> bytes | None:
        """Return the hash stored under an entry's key, b"" when only the key is remembered, None when it is new."""
        if not entry.run:
            found = db.execute("SELECT sha256 FROM entry WHERE key = ?", (entry.key,)).fetchone()
            return bytes(found[0]) if found else forgetting.remembers_write(db, entry.key)
        batch = (self._names.number(db, entry.agent), self._names.number(db, entry.run), entry.seq)
        row = db.execute(forgetting.KNOWN_BATCH, batch).fetchone()
        return bytes(row[0]) if row else None

    def seal(self, day: date, part: int, root: bytes) -> Appended:
        """Put the root hash of one part of a sealed day into the chain; raise JournalError for another root."""
        key = seal_key(day, part)
        [done] = self.append([Entry(key, "", "", "", 0, "", 0, 0, 0, 0, 0, 0, 0, root, b"", b"", b"")])
        if done.outcome == "fork":
            raise JournalError(f"{self.path}: {key} is in the chain already with another root; seal it as a new part")
        return done

    def seals(self) -> list[Seal]:
        """Return every seal, in chain order; they outlive ``forget``."""
        with self._reader() as db:
            found = db.execute("SELECT id, key, sha256 FROM entry WHERE key LIKE 'seal/%' ORDER BY id").fetchall()
        parts = [(id, key.split("/"), root) for id, key, root in found]
        return [Seal(id, date.fromisoformat(day), int(part), root) for id, (_, day, part), root in parts]

    def length(self) -> int:
        """Return the number of entries of the chain, forgotten ones too."""
        with self._reader() as db:
            return Chain(db).length

    def head(self) -> str:
        """Return the newest chain head in hexadecimal."""
        with self._reader() as db:
            return Chain(db).head.hex()

    def head_at(self, length: int) -> str | None:
        """Return the chain head after ``length`` entries in hexadecimal; None where that entry is not there."""
        with self._reader() as db:
            found = db.execute("SELECT head FROM entry WHERE id = ?", (length,)).fetchone()
        return None if found is None else bytes(found[0]).hex()

    def rows(
        self,
        *,
        device: str | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
        after_id: int = 0,
        upto_id: int | None = None,
    ) -> Iterator[Row]:
        """Yield rows in id order, by device, corrected time overlapping ``[start_ns, end_ns)``, and id in
        ``(after_id, upto_id]``. Rows of unsure time have no place in time: they come only without a time range.
        A damaged row is left out, counted in ``damaged`` and logged.
        """
        upto = self.length() if upto_id is None else upto_id
        where, values = "id > ? AND id <= ? AND device <> 0", [after_id, upto]
        if start_ns is not None or end_ns is not None:
            where += f" AND last_ns >= ? AND first_ns < ? AND flags & {CLOCK_UNSURE} = 0"
            values += [-(2**63) if start_ns is None else start_ns, 2**63 - 1 if end_ns is None else end_ns]
        sql = f"SELECT {tables.COLUMNS} FROM entry WHERE {where}"  # noqa: S608
        if device is None:
            yield from self._walk(f"{sql} ORDER BY id LIMIT {_CHUNK}", values)
        else:
            ids = self._ids(device, start_ns, end_ns)
            for at in range(0, len(ids), _CHUNK):
                some = ids[at : at + _CHUNK]
                if some[-1] > after_id and some[0] <= upto:
                    yield from self._read(f"{sql} AND id IN ({','.join(map(str, some))}) ORDER BY id", values)

    def unsure(self, *, device: str | None = None, after_id: int = 0, upto_id: int | None = None) -> Iterator[Row]:
        """Yield the rows of unsure time (of a device), in id order, by id in ``(after_id, upto_id]``."""
        where = f"id > ? AND id <= ? AND device <> 0 AND flags & {CLOCK_UNSURE} <> 0"
        values = [after_id, self.length() if upto_id is None else upto_id]
        if device is not None:
            where += " AND id IN (SELECT id FROM entry_day WHERE device = ? AND day = ?)"
            with self._reader() as db:
                values += [self._names.find(db, device) or 0, tables.NO_DAY]
        sql = f"SELECT {tables.COLUMNS} FROM entry WHERE {where} ORDER BY id LIMIT {_CHUNK}"  # noqa: S608
        yield from self._walk(sql, values)

    def _walk(self, sql: str, values: list[int]) -> Iterator[Row]:
        while True:
            last = 0
            for row in self._read(sql, values):
                yield row
                last = row.id
            if not last:
                return
            values = [last, *values[1:]]

    def _ids(self, device: str, start_ns: int | None, end_ns: int | None) -> array[int]:
        low = tables.NO_DAY if start_ns is None else tables.day_number(self.zone, start_ns)
        high = 2**62 if end_ns is None else tables.day_number(self.zone, end_ns)
        sql = "SELECT DISTINCT id FROM entry_day WHERE device = ? AND day BETWEEN ? AND ? ORDER BY id"
        with self._reader() as db:
            number = self._names.find(db, device)
            return array("q", (id for (id,) in db.execute(sql, (number, low, high))))

    def _read(self, sql: str, values: list[int]) -> Iterator[Row]:
        with self._reader() as db:
            for columns in db.execute(sql, values):
                row, _ = tables.from_columns(db, self._names, columns)
                if row is None:
                    self.damaged += 1
                    log.error("%s: entry %s is damaged and left out", self.path, columns[0])
                elif row.left_out:
                    yield replace(row, body=tables.lines_left(row.body, row.left_out))
                else:
                    yield row

    def received_before(self, time_ns: int) -> int:
        """Return the id up to which entries were received before a time (0: none), by bisection in arrival order."""
        with self._reader() as db:
            low, high = forgetting.anchor(db)[0], Chain(db).length
            while low < high:
                middle = (low + high + 1) // 2
                sql = "SELECT received_ns FROM entry WHERE id <= ? AND id > ? AND device <> 0 ORDER BY id DESC LIMIT 1"
                found = db.execute(sql, (middle, low)).fetchone()
                low, high = (middle, high) if found is None or found[0] < time_ns else (low, middle - 1)
            return low

    def last_ids(self, device: str, days: Sequence[date]) -> dict[date, int]:
        """Return for each day the id of the newest entry with readings of the device on it, 0 for none."""
        with self._reader() as db:
            number = self._names.find(db, device)
            sql = "SELECT max(id) FROM entry_day WHERE device = ? AND day = ?"
            return {day: db.execute(sql, (number, (day - _EPOCH).days)).fetchone()[0] or 0 for day in days}

    def devices(self) -> list[str]:
        """Return the devices that ever had an entry, in alphabetical order."""
        sql = (
            "WITH RECURSIVE d(n) AS (SELECT min(device) FROM entry_day UNION ALL"
            " SELECT (SELECT min(device) FROM entry_day WHERE device > n) FROM d WHERE n IS NOT NULL)"
            " SELECT text FROM d JOIN name ON name.id = d.n ORDER BY text"
        )
        with self._reader() as db:
            return [text for (text,) in db.execute(sql)]

    def days(self, device: str, *, after: date = date.min) -> list[date]:
        """Return the local days (after a day) on which the device ever had readings, in order."""
        sql = (
            "WITH RECURSIVE d(n) AS (SELECT min(day) FROM entry_day WHERE device = ?1 AND day > ?2 UNION ALL"
            " SELECT (SELECT min(day) FROM entry_day WHERE device = ?1 AND day > n) FROM d WHERE n IS NOT NULL)"
            " SELECT n FROM d WHERE n IS NOT NULL"
        )
        start = max((after - _EPOCH).days, tables.NO_DAY)
        with self._reader() as db:
            return [_EPOCH + timedelta(days=n) for (n,) in db.execute(sql, (self._names.find(db, device), start))]

    def days_after(self, id: int) -> set[tuple[str, date]]:
        """Return the (device, local day) pairs that entries after ``id`` touch."""
        sql = "SELECT device, first_ns, last_ns FROM entry WHERE id > ? AND device <> 0 AND flags & ? = 0"
        touched: set[tuple[str, date]] = set()
        with self._reader() as db:
            for device, first, last in db.execute(sql, (id, CLOCK_UNSURE)):
                name = self._names.text(db, device)
                days = tables.day_range(self.zone, first, last)
                touched.update((name, _EPOCH + timedelta(days=n)) for n in days)
        return touched

    def quarantine(self, items: Sequence[Quarantined]) -> None:
        """Put items aside; past the bound the oldest are dropped and counted. Raise JournalFull."""
        with self._lock, self._transaction(sum(len(item.content) for item in items)) as db:
            quarantine.put(db, items, limit=self._quarantine_bytes)

    def quarantined(self, *, limit: int = 1000, after_id: int = 0) -> list[Quarantined]:
        """Return up to ``limit`` items put aside after ``after_id``, oldest first."""
        with self._reader() as db:
            return quarantine.read(db, limit=limit, after_id=after_id)

    def quarantine_counts(self) -> tuple[int, int]:
        """Return how many items are put aside and how many were dropped for room."""
        with self._reader() as db:
            return quarantine.counts(db)

    def put_aside(self, start_ns: int, end_ns: int) -> PutAside | None:
        """Count what was put aside in ``[start_ns, end_ns)``; None where some of it may have been dropped since."""
        with self._reader() as db:
            return quarantine.put_aside(db, start_ns, end_ns)

    def forget(self, upto_id: int) -> int:
        """Delete the entries up to an id, for retention; keep their keys, the seals and the chain's anchor.

        Return how many entries were deleted. Each step is a short transaction.
        """
        deleted = 0
        while True:
            with self._lock, self._transaction(0, floor=False) as db:
                step = forgetting.forget_some(db, upto_id, zone=self.zone)
            if step is None:
                return deleted
            deleted += step

    def verify(self) -> list[Problem]:
        """Recompute the chain from its anchor, every hash and checksum, and look at every index; return all faults."""
        found: list[Problem] = []
        try:
            with self._reader() as db:
                found.extend(faults(db, self._names, self.zone))
        except JournalError as error:
            found.append(Problem(found[-1].id if found else 0, str(error)))
        return found

    @contextmanager
    def _transaction(self, size: int, *, floor: bool = True) -> Iterator[sqlite3.Connection]:
        """Run the block as one durable transaction of the writer; the caller holds the lock."""
        with tables.translated(self.path):
            if floor:
                self._check_room(size)
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                    self._names.forget_numbers()

    def _check_room(self, size: int) -> None:
        disk = os.statvfs(self.path.parent)
        free = disk.f_bavail * disk.f_frsize
        if free - size < self._floor:
            raise JournalFull(
                f"{self.path.parent}: {free >> 20} MiB free, {self._floor >> 20} MiB must stay; make room"
            )

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with tables.translated(self.path):
            try:
                db = self._readers.pop()
            except IndexError:
                db = tables.connect(self.path, writer=False)
            try:
                yield db
            finally:
                self._readers.append(db)

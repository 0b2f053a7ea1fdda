"""Retention: entries leave the journal, their keys and the place where the chain goes on stay.

Batches are remembered as ranges of ``seq`` per (agent, run), writes by the digest of their key, for 400 days.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import NamedTuple

from agent.clock import DAY_S, NS, Zone
from collector.ledger.entry import CLOCK_UNSURE, ZERO_HEAD
from collector.ledger.tables import NO_DAY, day_range

_STEP = 2000
_REMEMBER_WRITES_NS = 400 * DAY_S * NS


def anchor(db: sqlite3.Connection) -> tuple[int, bytes]:
    """Return id and head of the newest forgotten entry, (0, zeros) when nothing was forgotten."""
    (value,) = db.execute("SELECT value FROM meta WHERE name = 'anchor'").fetchone()
    id, _, head = value.partition(" ")
    return int(id), bytes.fromhex(head) or ZERO_HEAD


KNOWN_BATCH = """
    SELECT sha256 FROM entry WHERE agent = ?1 AND run = ?2 AND seq = ?3 AND run <> 0 UNION ALL
    SELECT x'' FROM seen_batch WHERE agent = ?1 AND run = ?2 AND low <= ?3 AND high >= ?3 LIMIT 1
"""
"""The hash stored under the key of a batch, empty when only its key is remembered; parameters agent, run, seq."""


def remembers_write(db: sqlite3.Connection, key: str) -> bytes | None:
    """Return b"" when a forgotten write had this key, else None."""
    return b"" if db.execute("SELECT 1 FROM seen_write WHERE digest = ?", (_digest(key),)).fetchone() else None


def forget_some(db: sqlite3.Connection, upto_id: int, *, zone: Zone) -> int | None:
    """Forget the next few entries up to an id inside the caller's transaction.

    Return how many were deleted (seals stay), None when there is nothing left to forget.
    """
    last, _ = anchor(db)
    sql = (
        "SELECT id, agent, device, run, seq, key, received_ns, first_ns, last_ns, flags, head FROM entry"
        " WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
    )
    found = [_Leaving(*columns) for columns in db.execute(sql, (last, upto_id, _STEP))]
    if not found:
        return None
    _remember_batches(db, sorted((entry.agent, entry.run, entry.seq) for entry in found if entry.run))
    _remember_writes(db, [(_digest(e.key), e.received_ns) for e in found if e.key and e.device])
    first, newest = found[0], found[-1]
    db.execute("UPDATE meta SET value = ? WHERE name = 'anchor'", (f"{newest.id} {newest.head.hex()}",))
    _drop_days(db, {(e.device, day) for e in found if e.device for day in e.days(zone)}, newest.id)
    return db.execute("DELETE FROM entry WHERE id BETWEEN ? AND ? AND device <> 0", (first.id, newest.id)).rowcount


class _Leaving(NamedTuple):
    id: int
    agent: int
    device: int
    run: int
    seq: int
    key: str | None
    received_ns: int
    first_ns: int
    last_ns: int
    flags: int
    head: bytes

    def days(self, zone: Zone) -> range:
        if self.flags & CLOCK_UNSURE:
            return range(NO_DAY, NO_DAY + 1)
        return day_range(zone, self.first_ns, self.last_ns)


def _drop_days(db: sqlite3.Connection, days: set[tuple[int, int]], upto_id: int) -> None:
    """Drop the forgotten ids of each (device, day) but its newest, which tells whether derived things are stale."""
    db.executemany(
        "DELETE FROM entry_day WHERE device = ?1 AND day = ?2 AND id <= ?3"
        " AND id <> (SELECT max(id) FROM entry_day WHERE device = ?1 AND day = ?2)",
        [(device, day, upto_id) for device, day in days],
    )


def _remember_batches(db: sqlite3.Connection, batches: list[tuple[int, int, int]]) -> None:
    """Add keys to the ranges, each range as long as it can be."""
    for agent, run, seq in batches:
        low, high = seq, seq
        sql = "SELECT low, high FROM seen_batch WHERE agent = ? AND run = ? AND low <= ? ORDER BY low DESC LIMIT 1"
        for found_low, found_high in db.execute(sql, (agent, run, seq + 1)).fetchall():
            if found_low == seq + 1:
                high = found_high
                db.execute("DELETE FROM seen_batch WHERE agent = ? AND run = ? AND low = ?", (agent, run, found_low))
        for found_low, found_high in db.execute(sql, (agent, run, seq)).fetchall():
            if found_high >= seq - 1:
                low, high = found_low, max(high, found_high)
        db.execute("INSERT OR REPLACE INTO seen_batch VALUES (?, ?, ?, ?)", (agent, run, low, high))


def _remember_writes(db: sqlite3.Connection, writes: list[tuple[bytes, int]]) -> None:
    db.executemany("INSERT OR IGNORE INTO seen_write VALUES (?, ?)", writes)
    if writes:
        db.execute("DELETE FROM seen_write WHERE received_ns < ?", (writes[-1][1] - _REMEMBER_WRITES_NS,))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()[:16]

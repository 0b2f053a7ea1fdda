"""Lines and envelopes put aside with their reason: kept, counted, listable, and bounded.

They live in the journal's database, but are no part of the chain: nothing is ever computed from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 64 << 20
"""Bytes of content kept; past it the oldest are dropped and counted."""

SCHEMA = """
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_ns INTEGER NOT NULL, source TEXT NOT NULL, device TEXT NOT NULL,
    key TEXT NOT NULL, number INTEGER NOT NULL, reason TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE quarantine_size (bytes INTEGER NOT NULL, dropped INTEGER NOT NULL);
INSERT INTO quarantine_size VALUES (0, 0);
"""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something that could not be stored: from whom, of which entry, which line (0: the whole), why, its bytes.

    ``source`` is an agent's name or ``token:`` and a name; ``id`` is given by the journal (0 before).
    """

    received_ns: int
    source: str
    device: str
    key: str
    number: int
    reason: str
    content: bytes
    id: int = 0


@dataclass(frozen=True, slots=True)
class PutAside:
    """How much was put aside in a time: single lines, whole deliveries, and batches that contradict a stored one."""

    lines: int
    deliveries: int
    forks: int


def put(db: sqlite3.Connection, items: Sequence[Quarantined], *, limit: int) -> None:
    """Add items inside the caller's transaction; drop and count the oldest past ``limit`` bytes."""
    db.executemany(
        "INSERT INTO quarantine (received_ns, source, device, key, number, reason, content) VALUES (?,?,?,?,?,?,?)",
        ((i.received_ns, i.source, i.device, i.key, i.number, i.reason, i.content) for i in items),
    )
    size = sum(len(item.content) for item in items)
    db.execute("UPDATE quarantine_size SET bytes = bytes + ?", (size,))
    (held,) = db.execute("SELECT bytes FROM quarantine_size").fetchone()
    if held > limit:
        _drop_oldest(db, held - limit)


def _drop_oldest(db: sqlite3.Connection, excess: int) -> None:
    freed, dropped, last = 0, 0, 0
    for last, size in db.execute("SELECT id, length(content) FROM quarantine ORDER BY id"):  # noqa: B007
        freed, dropped = freed + size, dropped + 1
        if freed >= excess:
            break
    db.execute("DELETE FROM quarantine WHERE id <= ?", (last,))
    db.execute("UPDATE quarantine_size SET bytes = bytes - ?, dropped = dropped + ?", (freed, dropped))


def read(db: sqlite3.Connection, *, limit: int, after_id: int) -> list[Quarantined]:
    """Return up to ``limit`` items after ``after_id``, oldest first."""
    found = db.execute(
        "SELECT received_ns, source, device, key, number, reason, content, id FROM quarantine"
        " WHERE id > ? ORDER BY id LIMIT ?",
        (after_id, limit),
    )
    return [Quarantined(*row) for row in found]


def put_aside(db: sqlite3.Connection, start_ns: int, end_ns: int) -> PutAside | None:
    """Count what was received in ``[start_ns, end_ns)``; None where some of it may have been dropped for room."""
    (dropped,) = db.execute("SELECT dropped FROM quarantine_size").fetchone()
    if dropped and not db.execute("SELECT 1 FROM quarantine WHERE received_ns < ? LIMIT 1", (start_ns,)).fetchone():
        return None
    sql = (
        "SELECT coalesce(sum(number > 0), 0), coalesce(sum(number = 0 AND reason <> 'fork'), 0),"
        " coalesce(sum(number = 0 AND reason = 'fork'), 0) FROM quarantine WHERE received_ns >= ? AND received_ns < ?"
    )
    return PutAside(*db.execute(sql, (start_ns, end_ns)).fetchone())


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """Return how many items are kept and how many were dropped for room."""
    (kept,) = db.execute("SELECT count(*) FROM quarantine").fetchone()
    (dropped,) = db.execute("SELECT dropped FROM quarantine_size").fetchone()
    return int(kept), int(dropped)

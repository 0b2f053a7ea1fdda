"""The hash chain of the journal: who waits to be linked, where it stands, and whether it holds."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence

from agent.clock import Zone
from collector.ledger import forgetting, tables
from collector.ledger.entry import Appended, Entry, JournalError, Outcome, Problem, Row, next_head


class Chain:
    """Length and head of the chain as a connection sees them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.length, self.head = forgetting.anchor(db)
        newest = db.execute("SELECT id, head FROM entry ORDER BY id DESC LIMIT 1").fetchone()
        if newest and newest[0] > self.length:
            self.length, self.head = newest

    def link(self, entry: Entry) -> None:
        """Go on to the next entry."""
        self.length, self.head = self.length + 1, next_head(self.head, entry.key, entry.sha256)

    def state(self, outcome: Outcome) -> Appended:
        """Say what became of an entry, and where the chain stands."""
        return Appended(outcome, self.length, self.head.hex())


class Ticket:
    """Entries of one caller that wait for a commit, and later its answer."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.size = sum(len(entry.body) + 1024 for entry in entries)
        self.done = False
        self.answer: list[Appended] | None = None
        self.error: JournalError | None = None

    def result(self) -> list[Appended]:
        """Return what became of the entries; raise what prevented it."""
        if self.answer is None:
            error = self.error or JournalError("journal: the commit was broken off; nothing was stored")
            raise type(error)(str(error))
        return self.answer


def faults(db: sqlite3.Connection, names: tables.Names, zone: Zone) -> Iterator[Problem]:
    """Recompute the chain from its anchor, the hash of each body, the checksum of each row; look at every index."""
    for (told,) in db.execute("PRAGMA integrity_check(5)"):
        if told != "ok":
            yield Problem(0, f"SQLite finds: {told}")
    last, head = forgetting.anchor(db)
    sql = f"SELECT {tables.COLUMNS} FROM entry WHERE id > ? ORDER BY id"  # noqa: S608
    for columns in db.execute(sql, (last,)):
        row, stored_head = tables.from_columns(db, names, columns)
        id = columns[0]
        if id != last + 1:
            yield Problem(last + 1, f"entries {last + 1} to {id - 1} are missing")
        if row is None:
            yield Problem(id, "the row's checksum does not hold")
        elif next_head(head, row.key, row.sha256) != stored_head:
            yield Problem(id, "the chain does not lead to its head")
        elif row.device and hashlib.sha256(row.body).digest() != row.sha256:
            yield Problem(id, "the body is not the one that was received")
        elif row.device and not _is_found(db, names, row, zone):
            yield Problem(id, "it is not found under its device and day")
        last, head = id, stored_head


def _is_found(db: sqlite3.Connection, names: tables.Names, row: Row, zone: Zone) -> bool:
    days = tables.days_of(row, zone)
    sql = "SELECT count(*) FROM entry_day WHERE device = ? AND day BETWEEN ? AND ? AND id = ?"
    (count,) = db.execute(sql, (names.find(db, row.device), days[0], days[-1], row.id)).fetchone()
    return bool(count == len(days))

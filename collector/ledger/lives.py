"""The lives of a journal: after each restore receipts name it anew, so that agents offer again what was lost.

The ledger's own id stays for good (seals and bins stand under it); what receipts, enrolments and reports name is the id
of its present life. Earlier ones are kept with the length up to which the chain is still theirs.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from collector.ledger import forgetting, tables

_NAMED, _EARLIER = "receipts", "lives"


class Life(NamedTuple):
    """An id that receipts named, and the length up to which the present chain is the one they spoke of."""

    receipt_id: str
    length: int


def named(meta: Mapping[str, str]) -> str:
    """Return the id that receipts name, from the journal's table ``meta``."""
    return meta.get(_NAMED) or meta["id"]


def earlier(path: Path) -> list[Life]:
    """Return the lives before the present one, oldest first; JournalError."""
    return [Life(str(name), int(length)) for name, length in json.loads(tables.meta_of(path).get(_EARLIER, "[]"))]


def begin_anew(path: Path) -> Life:
    """Give a restored journal, which nobody has open, a new id for receipts; return the life that ended."""
    with tables.translated(path), closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as db:
        db.execute("PRAGMA synchronous=FULL")
        db.execute("BEGIN IMMEDIATE")
        meta = dict(db.execute("SELECT name, value FROM meta"))
        length = db.execute("SELECT max(id) FROM entry").fetchone()[0] or 0
        ended = Life(named(meta), max(length, forgetting.anchor(db)[0]))
        lives = [*json.loads(meta.get(_EARLIER, "[]")), list(ended)]
        rows = [(_NAMED, secrets.token_hex(8)), (_EARLIER, json.dumps(lives))]
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
        db.execute("COMMIT")
    return ended

"""Whatever is changed in the journal behind its back is found, and never read as if it were true."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import WIB
from collector.ledger.journal import Entry, Journal, JournalError, Row
from tests.collector.test_journal import DAY, NOON, batch

ENTRIES = [batch(i, device=f"rt-{i % 3}", at=NOON + i, body=b"%d\n" % i * 40) for i in range(30)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "journal.db", zone=WIB, floor_bytes=0)
    journal.append(ENTRIES)
    journal.seal(DAY, 0, b"r" * 32)
    journal.close()
    return journal.path


def edited(path: Path, *statements: str) -> Journal:
    with contextlib.closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return Journal(path, zone=WIB)


EDITS = {
    "UPDATE entry SET body = zeroblob(length(body)) WHERE id = 7": 7,
    "UPDATE entry SET sha256 = zeroblob(32) WHERE id = 7": 7,
    "UPDATE entry SET head = zeroblob(32) WHERE id = 7": 7,
    "UPDATE entry SET shift_ns = 1 WHERE id = 7": 7,
    "UPDATE entry SET received_ns = received_ns + 1 WHERE id = 7": 7,
    "UPDATE entry SET device = (SELECT id FROM name WHERE text = 'rt-2') WHERE id = 7": 7,
    "UPDATE entry SET seq = 1000 WHERE id = 7": 7,
    "UPDATE entry SET signature = zeroblob(64) WHERE id = 7": 7,
    "UPDATE entry SET left_out = '1' WHERE id = 7": 7,
    "UPDATE entry SET left_out = 'x' WHERE id = 7": 7,
    "UPDATE entry SET wall_ns = 'x' WHERE id = 7": 7,
    "UPDATE entry SET sha256 = NULL WHERE id = 7": 7,
    "UPDATE name SET text = 'rt-9' WHERE text = 'rt-0'": 1,
    "DELETE FROM name WHERE text = 'rt-0'": 1,
    "DELETE FROM entry WHERE id = 7": 7,
    "DELETE FROM entry_day WHERE id = 7": 7,
    "UPDATE entry_day SET day = day + 1 WHERE id = 7": 7,
    "UPDATE entry SET sha256 = zeroblob(32) WHERE key LIKE 'seal/%'": 31,
}


@pytest.mark.parametrize("statement", EDITS)
def test_an_edited_row_is_found_and_not_read(path: Path, statement: str) -> None:
    try:
        journal = edited(path, statement)
    except sqlite3.IntegrityError:
        return  # the schema does not even take it
    assert EDITS[statement] in [problem.id for problem in journal.verify()]
    true_rows(journal)
    journal.close()


def true_rows(journal: Journal) -> list[Row]:
    """Return what is read, and check that every row of it is as it was written."""
    written = {entry.key: entry for entry in ENTRIES}
    rows = list(journal.rows())
    for row in rows:
        original = written[row.key]
        assert all(getattr(row, name) == getattr(original, name) for name in Entry.__slots__)
    return rows


def test_two_rows_in_each_others_place_are_found(path: Path) -> None:
    swap = ["UPDATE entry SET id = -1 WHERE id = 7", "UPDATE entry SET id = 7 WHERE id = 8"]
    journal = edited(path, *swap, "UPDATE entry SET id = 8 WHERE id = -1")
    assert {7, 8} <= {problem.id for problem in journal.verify()}
    journal.close()


def damage(path: Path, places: Iterator[int]) -> None:
    data = bytearray(path.read_bytes())
    for place in places:
        data[place % len(data)] ^= 1 << place % 8
    path.write_bytes(data)


@pytest.mark.parametrize("seed", range(60))
def test_a_flipped_byte_of_the_file_is_never_read_as_true(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    damage(path, iter([chance.randrange(path.stat().st_size)]))
    with contextlib.suppress(JournalError):  # found at once
        journal = Journal(path, zone=WIB)
        by_device = [row for i in range(3) for row in journal.rows(device=f"rt-{i}", start_ns=NOON, end_ns=NOON + 99)]
        whole = len(true_rows(journal)) == len(by_device) == len(ENTRIES)
        assert whole or journal.verify()


def test_a_file_that_is_no_journal_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database, but long enough to be read as one" * 100)
    with pytest.raises(JournalError, match="this is no journal"):
        Journal(tmp_path / "journal.db", zone=WIB)

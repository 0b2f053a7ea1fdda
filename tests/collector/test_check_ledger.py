"""Whoever changes a byte of what was acknowledged or sealed is found, and the place is named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.ledger.check import Problem, check
from collector.ledger.seal import seal
from tests.collector.ledger_sample import LINK, Ledger, day, steady


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed data folder: three days of journal, two of them sealed, bins stored."""
    ledger = Ledger(tmp_path)
    ledger.take(steady(60))
    seal(ledger.journal, ledger.archive, today=day(2))
    ledger.bins.link_span(LINK, [day(0), day(1)])
    assert check(ledger.journal, ledger.archive) == []
    ledger.close()
    return tmp_path


def problems(folder: Path) -> list[Problem]:
    ledger = Ledger(folder)
    try:
        return check(ledger.journal, ledger.archive)
    finally:
        ledger.close()


def pieces(path: Path, table: str, column: str) -> Iterator[int]:
    """Yield offsets in the file at which the column's values lie (found by their content, overflow pages too)."""
    data = path.read_bytes()
    db = sqlite3.connect(path)
    for (value,) in db.execute(f"SELECT {column} FROM {table} WHERE length({column}) >= 16").fetchall():  # noqa: S608
        for at in range(0, len(value) - 15, 16):
            if data.count(value[at : at + 16]) == 1:
                yield data.find(value[at : at + 16])
    db.close()


@pytest.mark.parametrize(
    ("file", "table", "column"),
    [
        ("chunks.db", "chunk", "blob"),
        ("chunks.db", "chunk", "sha256"),
        ("chunks.db", "seal", "root"),
        ("chunks.db", "bins", "blob"),
        ("journal.db", "entry", "body"),
        ("journal.db", "entry", "sha256"),
        ("journal.db", "entry", "head"),
    ],
)
def test_every_flipped_bit_in_the_file_is_found(folder: Path, file: str, table: str, column: str) -> None:
    path = folder / file
    whole = path.read_bytes()
    dice = random.Random(4)
    found_at = list(pieces(path, table, column))
    places = [place + dice.randrange(16) for place in dice.sample(found_at, min(6, len(found_at)))]
    assert places
    for place in places:
        torn = bytearray(whole)
        torn[place] ^= 1 << dice.randrange(8)
        path.write_bytes(torn)
        found = problems(folder)
        assert found, f"bit at {place} of {file}"
        assert any(file in problem.where for problem in found), found
    path.write_bytes(whole)
    assert problems(folder) == []


@pytest.mark.parametrize(
    ("file", "statement", "told"),
    [
        ("chunks.db", "DELETE FROM chunk WHERE id = 2", "seal of 2026-03-10 part 0"),
        ("chunks.db", "UPDATE chunk SET part = 1 WHERE id = 2", "seal of 2026-03-10 part 0"),
        ("chunks.db", "UPDATE chunk SET day = day + 1, part = 7 WHERE id = 2", "seal of 2026-03-10 part 0"),
        ("chunks.db", "UPDATE series SET device = 'rt-2' WHERE id = 1", "of rt-2 from agen-1 on 2026-03-10"),
        ("chunks.db", "DELETE FROM seal WHERE part = 0", "does not"),
        ("chunks.db", "UPDATE seal SET upto_id = upto_id + 1", "seal of 2026-03-11 part 0"),
        ("journal.db", "DELETE FROM entry WHERE id = 7", "journal.db"),
        ("journal.db", "UPDATE entry SET received_ns = received_ns + 1 WHERE id = 7", "entry 7"),
        ("journal.db", "DELETE FROM entry WHERE key LIKE 'seal/%'", "chain does not know it"),
    ],
)
def test_what_is_removed_moved_or_rewritten_is_named(folder: Path, file: str, statement: str, told: str) -> None:
    db = sqlite3.connect(folder / file, isolation_level=None)
    db.execute(statement)
    db.close()
    found = problems(folder)
    assert any(told in f"{problem.where}: {problem.what}" for problem in found), found


def test_exchanged_chunks_are_found(folder: Path) -> None:
    db = sqlite3.connect(folder / "chunks.db", isolation_level=None)
    one, two = db.execute("SELECT sha256, blob FROM chunk WHERE series = 1 ORDER BY day LIMIT 2").fetchall()
    db.execute("UPDATE chunk SET sha256 = ?, blob = ? WHERE sha256 = ?", (*two, one[0]))
    db.close()
    assert any("2026-03-10" in problem.where for problem in problems(folder))


def test_a_day_sealed_anew_with_other_numbers_does_not_fit_the_chain(folder: Path, tmp_path: Path) -> None:
    """An insider who rewrites chunk, hash and root alike still has the journal's chain against him."""
    other = Ledger(tmp_path / "other")
    other.take(steady(60, step=7))
    forged = Ledger(folder)
    other.journal.id = forged.journal.id
    seal(other.journal, other.archive, today=day(2))
    forged.archive.put(other.archive.chunks())
    for record in other.archive.seals():
        forged.archive.record(record)
    found = check(forged.journal, forged.archive)
    assert [problem.what.split(" (")[0] for problem in found] == ["the journal's chain has another root"] * 2
    other.close()
    forged.close()


def test_check_tells_what_it_looks_at(folder: Path) -> None:
    steps: list[str] = []
    ledger = Ledger(folder)
    check(ledger.journal, ledger.archive, progress=steps.append)
    ledger.close()
    assert [step.split(":")[0] for step in steps] == [
        "journal",
        "archive",
        "chunks of 2026-03-10",
        "chunks of 2026-03-11",
        "stored bins",
    ]

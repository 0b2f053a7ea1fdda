"""Files that outlive a version: a node goes back to the version before (rollback.yml), which must read what this wrote.

What stands here and in tests/cases/formats was written by 0.1.0. Where a test fails, the form changed: then let this
version write the old form until the next one is out, and teach it to read both.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.clock import NS, ZONES, ManualClock
from agent.spool import Config, Mark, Spool
from collector.ledger.archive import Archive
from collector.ledger.journal import Journal

CASES = Path(__file__).parent / "cases" / "formats"
WALL = 1_750_000_000 * NS
RUN = "00112233aabbccdd"
HEADER = "4e53500130303131323233336161626263636464bfa66702"
RECORDS = (
    "f54e520100000004000000000000000018493fba64ef00007ae74838f7dcaac673617475",
    "f54e520100000003000000000000000118493fbcb8fae400d862669393a97e96647561",
    "f54e520100000004000000000000000218493fbf0d06c8009216b4d621468fb174696761",
)
SETTLED = b'{"version":1,"done":[[0,0]],"mark":["j1",7,"ab"]}'


def spool_of_the_version_before(place: Path) -> None:
    """Write two records, of which the collector has the first."""
    (place / "00000001.seg").write_bytes(bytes.fromhex(HEADER + RECORDS[0] + RECORDS[1]))
    (place / "settled").write_bytes(SETTLED + b"\n%08x\n" % zlib.crc32(SETTLED))


def test_the_spool_of_the_version_before_is_read_and_gone_on_with_in_its_form(tmp_path: Path) -> None:
    spool_of_the_version_before(tmp_path)
    spool = Spool(tmp_path, Config(), ManualClock(WALL + 20 * NS))
    assert [(record.seq, record.wall_ns, record.payload) for record in spool.newest(10**6)] == [
        (1, WALL + 10 * NS, b"dua")
    ]
    assert spool.mark == Mark("j1", 7, "ab")
    numbered: list[tuple[str, int]] = []

    def seal(run: str, seq: int) -> bytes:
        numbered.append((run, seq))
        return b"tiga"

    assert spool.append(seal, WALL + 20 * NS)
    spool.close()
    assert numbered == [(RUN, 2)]
    assert (tmp_path / "00000001.seg").read_bytes().hex() == HEADER + "".join(RECORDS)


def test_what_is_settled_is_written_in_the_form_of_the_version_before(tmp_path: Path) -> None:
    spool_of_the_version_before(tmp_path)
    spool = Spool(tmp_path, Config(), ManualClock(WALL + 20 * NS))
    spool.settle(spool.newest(10**6), Mark("j1", 8, "cd"))
    spool.close()
    line, _, crc = (tmp_path / "settled").read_bytes().partition(b"\n")
    assert line == b'{"version":1,"done":[[0,1]],"mark":["j1",8,"cd"]}'
    assert crc == b"%08x\n" % zlib.crc32(line)


def made_journal(path: Path) -> None:
    Journal(path, zone=ZONES["WIB"], label="").close()


def made_archive(path: Path) -> None:
    Archive(path, zone=ZONES["WIB"]).close()


@pytest.mark.parametrize(("name", "make"), [("journal", made_journal), ("chunks", made_archive)])
def test_the_ledger_is_made_in_the_form_of_the_version_before(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "it.db")
    db = sqlite3.connect(tmp_path / "it.db")
    rows = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    version = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    text = "\n".join([*(f"{row[0]};" for row in rows), f"PRAGMA user_version = {version};"]) + "\n"
    assert text == (CASES / f"{name}.sql").read_text(encoding="utf-8")

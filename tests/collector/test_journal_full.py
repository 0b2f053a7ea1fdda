"""A full disk: 503 and nothing acknowledged, reads go on, and all by itself it recovers (F11)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import WIB
from collector.ledger.journal import Journal, JournalFull
from tests.collector.door import Door, envelope
from tests.collector.test_journal import batch


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 4 MiB."""
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)], capture_output=True)
    if made.returncode:
        reason = f"NOT TESTED: no tmpfs could be mounted (root is needed): {made.stderr.decode().strip()}"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(folder: Path, *, leave: int) -> Path:
    """Put a file there that leaves so many bytes free."""
    status = os.statvfs(folder)
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - leave)))
    return ballast


def test_below_the_floor_nothing_is_taken_and_reads_go_on(disk: Path) -> None:
    door = Door(disk, floor_bytes=1 << 20)
    assert door.receipts(envelope(1))[0].verdict == "stored"
    ballast = fill(disk, leave=1 << 19)
    for answer in (door.post(envelope(2)), door.write(envelope_line())):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert [row.seq for row in door.journal.rows()] == [1]
    ballast.unlink()
    assert [r.verdict for r in door.receipts(envelope(2), envelope(1))] == ["stored", "duplicate"]
    assert (door.journal.verify(), door.ingest.counters.rejected["journal"]) == ([], 2)
    door.journal.close()


def envelope_line() -> str:
    return "nadi_interface,device=rt-1 up=1i 1773118800000000000\n"


@pytest.mark.parametrize("leave", [0, 4096, 8192, 16384, 40960, 65536, 131072])
def test_where_sqlite_itself_finds_no_room_no_acknowledged_entry_is_lost(disk: Path, leave: int) -> None:
    journal = Journal(disk / "journal.db", zone=WIB, floor_bytes=0)
    journal.append([batch(0)])
    ballast = fill(disk, leave=leave)
    acknowledged, refused = {0}, 0
    for seq in range(1, 60):
        try:
            journal.append([batch(seq, body=os.urandom(4000))])
            acknowledged.add(seq)
        except JournalFull:
            refused += 1
        assert {row.seq for row in journal.rows()} == acknowledged
    assert refused > 0
    ballast.unlink()
    journal.append([batch(100)])
    journal.close()
    again = Journal(disk / "journal.db", zone=WIB, floor_bytes=0)
    assert ({row.seq for row in again.rows()}, again.verify()) == (acknowledged | {100}, [])
    again.close()


def test_room_can_be_made_by_forgetting_on_a_full_disk(disk: Path) -> None:
    journal = Journal(disk / "journal.db", zone=WIB, floor_bytes=0)
    journal.append([batch(seq, body=os.urandom(4000)) for seq in range(200)])
    fill(disk, leave=600 << 10)  # the default floor leaves 64 MiB for this
    assert journal.forget(150) == 150
    journal.append([batch(seq, body=os.urandom(4000)) for seq in range(200, 230)])
    assert (len(list(journal.rows())), journal.verify()) == (80, [])
    journal.close()

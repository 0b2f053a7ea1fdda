"""kill -9 of a process that appends with several threads: what was acknowledged is there, once, in one chain (F05)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from agent.clock import WIB
from collector.ledger.journal import Journal
from tests.collector.test_journal import batch

KILLS = 30
THREADS = 3


def append_for_ever(path: Path, first: int) -> None:
    """Append batches from several threads; say the number of each on standard output once it is acknowledged."""
    journal = Journal(path, zone=WIB, floor_bytes=0)

    def append(seq: int) -> None:
        while True:
            some = [batch(seq + THREADS * i) for i in range(random.randint(1, 3))]
            assert {done.outcome for done in journal.append(some)} == {"stored"}
            os.write(1, "".join(f"{entry.seq}\n" for entry in some).encode())
            seq += THREADS * len(some)

    for thread in range(THREADS):
        threading.Thread(target=append, args=(first + thread,)).start()


def acknowledged_until_killed(path: Path, first: int, seconds: float) -> set[int]:
    command = [sys.executable, "-m", "tests.collector.test_journal_kill", str(path), str(first)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.readline()
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.read()
    process.stdout.close()
    process.wait()
    return {int(line) for line in said.decode().splitlines(keepends=True) if line.endswith("\n")}


def test_every_acknowledged_entry_outlives_thirty_kills(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    chance, acknowledged = random.Random(20260310), set[int]()
    for kill in range(KILLS):
        new = acknowledged_until_killed(path, 1_000_000 * (kill + 1), chance.uniform(0, 0.15))
        assert new
        acknowledged |= new
    start = time.monotonic()
    journal = Journal(path, zone=WIB)
    stored = [row.seq for row in journal.rows()]
    assert time.monotonic() - start < 3
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored)) == journal.length()
    assert len(stored) - len(acknowledged) <= KILLS * THREADS * 3  # at most what was under way
    assert journal.verify() == []
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


if __name__ == "__main__":
    append_for_ever(Path(sys.argv[1]), int(sys.argv[2]))

"""The spool on a real disk that fills up, and in a process that is killed (F08, F10)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock
from agent.spool import Config, Mark, Spool
from tests.agent.content import put, seqs

WRITER = """
import sys
from pathlib import Path
from agent.clock import SystemClock
from agent.spool import Config, Mark, Spool
import agent.segments
agent.segments.SEGMENT_BYTES = 2000
clock = SystemClock()
spool = Spool(Path(sys.argv[1]), Config(), clock)
while True:
    sealed = []
    def seal(run, seq):
        sealed.append(f"{run}/{seq:08d}/")
        return sealed[-1].encode().ljust(200, b".")
    assert spool.append(seal, clock.now().wall_ns)
    sys.stdout.write(sealed[-1] + "\\n")
    sys.stdout.flush()
    if len(spool.newest(10**6)) > 6:
        done = spool.newest(600)
        sys.stdout.write("".join("-" + r.payload.rstrip(b".").decode() + "\\n" for r in done))
        sys.stdout.flush()
        spool._saved_ns = None
        spool.settle(done, Mark("j", 1, "h"))
"""


def test_kill_9_at_random_moments_loses_no_accepted_record(tmp_path: Path) -> None:
    chance = random.Random(8)
    accepted: list[str] = []
    settled: set[str] = set()
    for _ in range(30):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(chance.random() * 0.03)
        os.kill(writer.pid, signal.SIGKILL)
        rest, _ = writer.communicate()
        lines = [line for line in (first + rest).split("\n") if line.endswith("/")]
        accepted += [line for line in lines if not line.startswith("-")]
        settled |= {line[1:] for line in lines if line.startswith("-")}
    assert len(set(accepted)) == len(accepted) > 60, "no number was given twice"
    spool = Spool(tmp_path, Config(), ManualClock(1_900_000_000 * NS))
    waiting = {r.payload.rstrip(b".").decode() for r in spool.newest(10**9)}
    assert waiting >= set(accepted) - settled


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 2 MiB."""
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)], capture_output=True)
    if made.returncode:
        reason = f"no tmpfs could be mounted (root is needed): {made.stderr.decode().strip()}"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as ballast:
        while room(path.parent):
            ballast.write(bytes(room(path.parent)))


def room(directory: Path) -> int:
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def test_a_full_disk_drops_the_oldest_and_keeps_the_newest(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.segments.SEGMENT_BYTES", 64 * 1024)
    clock = ManualClock(1_800_000_000 * NS)
    spool = Spool(small_disk / "spool", Config(), clock)
    put(spool, clock, 400, size=8000)
    state, waiting = spool.state(), seqs(spool)
    assert state.dropped > 0
    assert len(waiting) + state.dropped == 400
    assert waiting == set(range(400 - len(waiting), 400)), "what is missing is the oldest, in one piece"
    spool.close()
    assert seqs(Spool(small_disk / "spool", Config(), clock)) >= waiting - set(range(min(waiting), min(waiting) + 20))


def test_a_disk_filled_by_others_costs_no_new_record_and_heals(small_disk: Path) -> None:
    clock = ManualClock(1_800_000_000 * NS)
    spool = Spool(small_disk / "spool", Config(), clock)
    put(spool, clock, 2, size=8000)
    spool.settle(spool.newest(10**9), Mark("j", 2, "h"))
    fill(small_disk / "ballast")
    put(spool, clock, 15, size=3000)
    newest = set(sorted(seqs(spool))[-15:])
    assert len(newest) == 15, "the newest wait in memory where the disk takes nothing"
    (small_disk / "ballast").unlink()
    put(spool, clock, 1, size=8000)
    spool.close()
    assert seqs(Spool(small_disk / "spool", Config(), clock)) >= newest
    assert spool.state().dropped == 0

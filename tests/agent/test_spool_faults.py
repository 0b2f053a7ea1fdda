"""Every operation of the disk fails once, the power fails at each of them: nothing accepted is lost (F06, F07)."""

from __future__ import annotations

import errno
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock
from agent.disk import Disk
from agent.spool import Config, Mark, Spool
from tests.agent.doubles import FailingDisk, PowerCut, SwiftDisk, VolatileDisk

START = 1_800_000_000 * NS


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.segments.SEGMENT_BYTES", 400)


class History:
    """What the test itself knows: contents sealed, accepted, settled, and all that was ever handed out by its key."""

    def __init__(self) -> None:
        self.count = 0
        self.counted = 0
        self.clock = ManualClock(START)
        self.accepted: set[int] = set()
        self.made: set[int] = set()
        self.settled: set[int] = set()
        self.handed: dict[tuple[str, int], int] = {}

    def append(self, spool: Spool) -> bool:
        self.count += 1
        number = self.count
        self.clock.advance(10 * NS)
        self.made.add(number)
        stored = spool.append(lambda run, seq: f"{run}/{seq}/{number}/".encode().ljust(70), self.clock.now().wall_ns)
        if stored:
            self.accepted.add(number)
        return stored

    def waiting(self, spool: Spool) -> set[int]:
        numbers = set()
        for record in spool.newest(10**9):
            run, seq, number, _ = record.payload.decode().split("/")
            assert self.handed.setdefault((run, int(seq)), int(number)) == int(number), "a key with two contents"
            numbers.add(int(number))
        return numbers

    def settle(self, spool: Spool, count: int) -> None:
        records = spool.newest(10**9)[:count]
        self.settled |= {int(r.payload.split(b"/")[2]) for r in records}
        self.clock.advance(61 * NS)
        spool.settle(records, Mark("j", len(self.settled), "h"))


def trace(history: History, directory: Path, disk: Disk) -> Iterator[Spool]:
    """Fill, settle, close, reopen, fill: every kind of operation stands in it."""
    spool = Spool(directory, Config(), history.clock, disk=disk)
    for step in range(12):
        history.append(spool)
        yield spool
        if step in (5, 9):
            history.settle(spool, 3)
            yield spool
    spool.close()
    history.counted = spool.state().dropped + spool.state().damaged
    spool = Spool(directory, Config(), history.clock, disk=disk)
    for _ in range(4):
        history.settle(spool, 1)
        history.append(spool)
        yield spool


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EROFS, 0])
def test_any_operation_may_fail_once(tmp_path: Path, fault: int) -> None:
    number, fired = 0, True
    while fired:
        number += 1
        history, disk = History(), FailingDisk(number, fault)
        directory = tmp_path / f"{fault}-{number}"
        spool = None
        for spool in trace(history, directory, disk):
            history.waiting(spool)
        assert spool is not None
        fired = disk.fired
        disk.repair()
        assert history.append(spool), "the spool takes records again"
        lost = history.made - history.settled - history.waiting(spool)
        assert len(lost) <= history.counted + spool.state().dropped + spool.state().damaged, (number, disk.last, lost)
        assert not lost or fault in (errno.ENOSPC, 0), (number, disk.last, lost)
        spool.close()
        again = Spool(directory, Config(), history.clock)
        assert history.waiting(again) >= history.accepted - history.settled - lost
        assert again.state().damaged == 0, (number, disk.last, "a failed write leaves nothing half-written")
    assert number > 40


def test_a_dead_disk_keeps_the_newest_in_memory_until_it_works_again(tmp_path: Path) -> None:
    for dies_at in range(1, 60, 3):
        history, disk = History(), FailingDisk(dies_at, errno.EIO, for_good=True)
        directory = tmp_path / str(dies_at)
        spool = Spool(directory, Config(), history.clock, disk=disk)
        for _ in range(12):
            history.append(spool)
        disk.repair()
        assert history.append(spool)
        assert history.waiting(spool) == history.made
        spool.close()
        assert history.waiting(Spool(directory, Config(), history.clock)) == history.made


def test_a_number_given_to_a_record_in_memory_is_not_given_again_after_a_crash(tmp_path: Path) -> None:
    for dies_at in range(1, 60, 3):
        history, disk = History(), FailingDisk(dies_at, errno.ENOSPC, for_good=True)
        directory = tmp_path / str(dies_at)
        spool = Spool(directory, Config(), history.clock, disk=disk)
        for _ in range(9):
            history.append(spool)
            history.waiting(spool)
        after = Spool(directory, Config(), history.clock)
        for _ in range(9):
            assert history.append(after)
        history.waiting(after)


def test_receipts_for_records_in_memory_settle_nothing_that_lies_on_the_disk(tmp_path: Path) -> None:
    history = History()
    before = Spool(tmp_path, Config(), history.clock)
    for _ in range(5):
        history.append(before)
    before.close()
    for first_failure in (1, 2, 3, 4):
        disk = FailingDisk(first_failure, errno.EIO, for_good=True)
        spool = Spool(tmp_path, Config(), history.clock, disk=disk)
        assert not history.append(spool)
        history.settle(spool, 1)
        disk.repair()
        assert history.append(spool)
        assert history.waiting(spool) == history.made - history.settled
        spool.close()


def test_what_was_accepted_survives_a_power_cut_at_any_operation(tmp_path: Path) -> None:
    chance = random.Random(6)
    number, cut = 0, True
    while cut:
        number += 1
        history, disk = History(), VolatileDisk(cut_at=number)
        try:
            for spool in trace(history, Path("/spool"), disk):
                history.waiting(spool)
            cut = False
        except PowerCut:
            cut = True
        for _ in range(6):
            directory = tmp_path / "after"
            shutil.rmtree(directory, ignore_errors=True)
            disk.after_the_cut(directory, chance)
            spool = Spool(directory, Config(), history.clock, disk=SwiftDisk())
            later = History()
            later.handed, later.count = dict(history.handed), 1000
            assert later.waiting(spool) >= history.accepted - history.settled, number
            assert later.append(spool)
            assert 1001 in later.waiting(spool)
            spool.close()
    assert number > 60

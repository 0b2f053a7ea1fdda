"""The spool keeps what it accepted: bounds, order, settling, offering again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock
from agent.segment import SEGMENT_BYTES, Ranges
from agent.spool import Config, Mark, Spool
from tests.agent.content import payload, put, seqs

HOUR = 3600 * NS


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_800_000_000 * NS)


def test_records_come_newest_first_and_survive_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    spool = Spool(tmp_path / "spool", Config(), clock)
    run = put(spool, clock, 5)
    again = Spool(tmp_path / "spool", Config(), clock)
    assert [r.payload for r in again.newest(10**6)] == [payload(run, seq) for seq in (4, 3, 2, 1, 0)]
    assert put(again, clock, 1) == run, "the run goes on where it stopped"
    assert seqs(again) == {0, 1, 2, 3, 4, 5}


def test_a_bounded_request_gives_the_newest_that_fit_but_at_least_one(tmp_path: Path, clock: ManualClock) -> None:
    spool = Spool(tmp_path, Config(), clock)
    put(spool, clock, 5)
    assert [r.seq for r in spool.newest(2 * len(payload("0" * 16, 0)))] == [4, 3]
    assert [r.seq for r in spool.newest(1)] == [4]
    assert [r.seq for r in spool.newest(1, skip={4, 3})] == [2]


def test_settled_records_are_not_offered_again_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    spool = Spool(tmp_path, Config(), clock)
    put(spool, clock, 6)
    spool.settle([r for r in spool.newest(10**6) if r.seq != 2], Mark("j", 5, "h"))
    spool.close()
    again = Spool(tmp_path, Config(), clock)
    assert seqs(again) == {2}
    assert again.mark == Mark("j", 5, "h")
    assert again.state().waiting_bytes == len(payload("0" * 16, 2))


@pytest.mark.parametrize(("mark", "offered"), [
    (Mark("j", 7, "h2"), 0),
    (Mark("j", 6, "h"), 0),
    (Mark("j", 5, "h0"), 6),
    (Mark("other", 9, "h9"), 6),
])  # fmt: skip
def test_kept_records_are_offered_again_when_the_journal_was_restored(
    tmp_path: Path, clock: ManualClock, mark: Mark, offered: int
) -> None:
    spool = Spool(tmp_path, Config(), clock)
    put(spool, clock, 6)
    spool.settle(spool.newest(10**6), Mark("j", 6, "h"))
    assert seqs(spool) == set()
    spool.settle([], mark)
    assert len(seqs(spool)) == offered


def test_settled_segments_go_after_72_hours_but_the_newest_stays(tmp_path: Path, clock: ManualClock) -> None:
    spool = Spool(tmp_path, Config(), clock)
    put(spool, clock, 10, size=SEGMENT_BYTES // 3)
    spool.settle(spool.newest(10**9), Mark("j", 1, "h"))
    files = len(list(tmp_path.glob("*.seg")))
    clock.advance(71 * HOUR)
    put(spool, clock, 1)
    assert len(list(tmp_path.glob("*.seg"))) == files
    clock.advance(2 * HOUR)
    put(spool, clock, 1)
    assert len(list(tmp_path.glob("*.seg"))) == 1
    assert seqs(spool) == {10, 11}


def test_waiting_segments_never_expire(tmp_path: Path, clock: ManualClock) -> None:
    spool = Spool(tmp_path, Config(), clock)
    put(spool, clock, 10, size=SEGMENT_BYTES // 3)
    clock.advance(1000 * HOUR)
    put(spool, clock, 1)
    assert len(seqs(spool)) == 11


def test_the_bound_drops_settled_segments_first_then_the_oldest_and_counts_them(
    tmp_path: Path, clock: ManualClock
) -> None:
    spool = Spool(tmp_path, Config(limit_mib=1), clock)
    put(spool, clock, 9, size=SEGMENT_BYTES // 3)
    spool.settle([r for r in spool.newest(10**9) if r.seq >= 3], Mark("j", 1, "h"))
    put(spool, clock, 6, size=SEGMENT_BYTES // 3)
    assert spool.state().dropped == 0
    assert {0, 1, 2} <= seqs(spool), "what waits stays while something settled can go"
    put(spool, clock, 6, size=SEGMENT_BYTES // 3)
    assert spool.state().dropped > 0
    assert sum(f.stat().st_size for f in tmp_path.iterdir()) <= 1024 * 1024
    assert len(seqs(spool)) + spool.state().dropped == 15
    assert max(seqs(spool)) == 20


def test_a_lost_spool_begins_another_run(tmp_path: Path, clock: ManualClock) -> None:
    first = put(Spool(tmp_path / "a", Config(), clock), clock, 1)
    assert put(Spool(tmp_path / "b", Config(), clock), clock, 1) != first
    for file in (tmp_path / "a").iterdir():
        file.unlink()
    assert put(Spool(tmp_path / "a", Config(), clock), clock, 1) != first


def test_lost_segments_whose_receipts_are_known_begin_another_run(tmp_path: Path, clock: ManualClock) -> None:
    spool = Spool(tmp_path, Config(), clock)
    run = put(spool, clock, 10, size=SEGMENT_BYTES // 3)
    spool.settle(spool.newest(10**9), Mark("j", 1, "h"))
    spool.close()
    max(tmp_path.glob("*.seg")).unlink()
    again = Spool(tmp_path, Config(), clock)
    assert put(again, clock, 1) != run
    assert seqs(again) == {10}, "numbers go on after the highest ever settled"


def test_a_fork_leaves_the_run_once(tmp_path: Path, clock: ManualClock) -> None:
    spool = Spool(tmp_path, Config(), clock)
    run = put(spool, clock, 1)
    spool.renew_run(run)
    second = put(spool, clock, 1)
    spool.renew_run(run)
    assert put(spool, clock, 1) == second != run
    assert put(Spool(tmp_path, Config(), clock), clock, 1) == second


def test_files_and_directory_are_private(tmp_path: Path, clock: ManualClock) -> None:
    spool = Spool(tmp_path / "spool", Config(), clock)
    put(spool, clock, 1)
    spool.settle(spool.newest(10**6), Mark("j", 1, "h"))
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert {os.stat(f).st_mode & 0o777 for f in (tmp_path / "spool").iterdir()} == {0o600}


def test_ranges_are_a_set() -> None:
    ranges, numbers = Ranges(), [5, 3, 4, 9, 0, 1, 7, 8, 5, 2, 6]
    for at, number in enumerate(numbers):
        ranges.add(number)
        assert {n for n in range(12) if n in ranges} == set(numbers[: at + 1])
    assert ranges.pairs == [[0, 9]]
    ranges.forget_below(4)
    assert ranges.pairs == [[4, 9]]

"""Nothing that stands in the spool's directory stops the agent, and every record whose checksums hold is sent (F09)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock
from agent.spool import Config, Mark, Spool
from tests.agent.content import payload, put, seqs
from tests.agent.doubles import SwiftDisk

Whole = tuple[Path, str]


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Whole:
    """Return a spool of three small segments with nine waiting records, and its run."""
    monkeypatch.setattr("agent.segments.SEGMENT_BYTES", 3 * (32 + 60) + 30)
    clock = ManualClock(1_800_000_000 * NS)
    spool = Spool(tmp_path / "whole", Config(), clock)
    run = put(spool, clock, 9)
    spool.close()
    assert len(list((tmp_path / "whole").glob("*.seg"))) == 3
    return tmp_path / "whole", run


def opened_after(whole: Whole, harm: Callable[[Path], object], *, traceless: bool = False) -> tuple[Spool, set[int]]:
    """Harm a copy of the spool, open it, and add a record; return the spool and the numbers that waited before.

    The new record must not reuse a number for other content, unless the harm left no trace: then the collector finds
    the fork, and the run is left.
    """
    source, run = whole
    copy = source.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(source, copy)
    harm(copy)
    clock = ManualClock(1_800_010_000 * NS)
    spool = Spool(copy, Config(), clock, disk=SwiftDisk())
    before = seqs(spool)
    new = put(spool, clock, 1)
    assert len(seqs(spool)) == len(before) + 1, "the spool takes records again"
    if new == run and not traceless:
        assert max(seqs(spool)) == 9, "the run goes on only behind its last record"
    return spool, before


def test_a_flipped_byte_loses_at_most_its_own_record(whole: Whole) -> None:
    for number in (1, 2, 3):
        name = f"{number:08d}.seg"
        for at in range((whole[0] / name).stat().st_size):

            def flip(copy: Path, name: str = name, at: int = at) -> None:
                data = bytearray((copy / name).read_bytes())
                data[at] ^= 1 << at % 8
                (copy / name).write_bytes(data)

            spool, waiting = opened_after(whole, flip)
            lost = set(range(9)) - waiting
            record = (at - 24) // 92
            assert lost == (set() if at < 24 else {(number - 1) * 3 + record}), at
            assert spool.state().damaged == len(lost)
            spool.close()


def test_a_file_cut_anywhere_keeps_the_records_before_the_cut(whole: Whole) -> None:
    for number in (1, 2, 3):
        name = f"{number:08d}.seg"
        for length in range((whole[0] / name).stat().st_size):

            def cut(copy: Path, name: str = name, length: int = length) -> None:
                (copy / name).write_bytes((copy / name).read_bytes()[:length])

            kept = max(0, (length - 24) // 92)
            spool, waiting = opened_after(whole, cut, traceless=number == 3 and (length - 24) % 92 == 0)
            first = (number - 1) * 3
            assert waiting == set(range(9)) - set(range(first + kept, first + 3)), (name, length)
            spool.close()


def test_junk_between_and_behind_records_is_passed_over(whole: Whole) -> None:
    for junk in (b"\0", b"\xf5NR\x01", b"\xf5NR\x01" * 40, b"x" * 5000, payload("0" * 16, 7)):

        def append(copy: Path, junk: bytes = junk) -> None:
            for file in copy.glob("*.seg"):
                data = file.read_bytes()
                file.write_bytes(data[: 24 + 92] + junk + data[24 + 92 :] + junk)

        spool, waiting = opened_after(whole, append)
        assert waiting == set(range(9))
        assert spool.state().damaged > 0
        spool.close()


def empty(copy: Path) -> None:
    for file in copy.glob("*.seg"):
        file.write_bytes(b"")


def remove(copy: Path) -> None:
    (copy / "00000003.seg").unlink()


def strangers(copy: Path) -> None:
    (copy / "00000009.seg").mkdir()
    (copy / "settled").mkdir()
    (copy / "notes.txt").write_text("not ours")
    (copy / "00000004.seg").symlink_to("/etc/hostname")
    (copy / "00000005.seg").write_bytes(b"z" * 10_000)


@pytest.mark.parametrize(("harm", "left"), [(empty, 0), (remove, 6), (strangers, 9)])
def test_what_is_not_ours_is_passed_over(whole: Whole, harm: Callable[[Path], None], left: int) -> None:
    spool, waiting = opened_after(whole, harm, traceless=harm is remove)
    assert len(waiting) == left
    spool.settle(spool.newest(1), Mark("j", 1, "h"))
    spool.close()


@pytest.mark.parametrize("text", [b"", b"{}\n", b"\xff", b'{"done":[[0,99]],"mark":null}\n00000000\n'])
def test_a_damaged_list_of_settled_records_offers_all_of_them(whole: Whole, text: bytes) -> None:
    spool, waiting = opened_after(whole, lambda copy: (copy / "settled").write_bytes(text))
    assert waiting == set(range(9))
    spool.close()


def test_damage_that_comes_while_the_agent_runs_is_counted(whole: Whole) -> None:
    spool = Spool(whole[0], Config(), ManualClock(1_800_010_000 * NS))
    file = whole[0] / "00000002.seg"
    file.write_bytes(file.read_bytes().replace(b"/00000004/", b"/00000005/"))
    (whole[0] / "00000001.seg").unlink()
    assert {r.seq for r in spool.newest(10**6)} == {3, 5, 6, 7, 8}
    assert spool.state().damaged == 4
    assert spool.state().waiting_bytes == 5 * 60


def test_a_file_in_place_of_the_directory_leaves_the_newest_in_memory(tmp_path: Path) -> None:
    clock = ManualClock(1_800_000_000 * NS)
    (tmp_path / "spool").write_text("a file")
    spool = Spool(tmp_path / "spool", Config(), clock)
    put(spool, clock, 3)
    assert len(seqs(spool)) == 3
    spool.settle(spool.newest(1), Mark("j", 1, "h"))
    (tmp_path / "spool").unlink()
    put(spool, clock, 1)
    assert len(seqs(Spool(tmp_path / "spool", Config(), clock))) == 3, "what waited in memory is on disk now"

"""What the journal keeps when it lets go: keys as ranges, bounded quarantine; and many callers at one time."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.clock import DAY_S, NS, WIB
from collector.ledger.entry import Entry
from collector.ledger.journal import Journal, Quarantined
from tests.collector.test_journal import DAY, NOON, batch


def opened(folder: Path, *, quarantine_bytes: int = 1 << 20) -> Journal:
    return Journal(folder / "journal.db", zone=WIB, floor_bytes=0, quarantine_bytes=quarantine_bytes)


def written(number: int, *, received_ns: int = NOON) -> Entry:
    key = f"write/tele/ns/{number}/rt-1"
    return replace(batch(number), key=key, agent="token:tele", run="", seq=0, header=b"", received_ns=received_ns)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(12)), st.integers(0, 12), st.integers(0, 12))
def test_a_forgotten_key_stays_known_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], first: int, second: int
) -> None:
    journal = opened(tmp_path_factory.mktemp("j"))
    journal.append([batch(seq) for seq in order])
    deleted = journal.forget(first) + journal.forget(second)
    assert deleted == max(first, second)
    assert {done.outcome for done in journal.append([batch(seq) for seq in order])} == {"duplicate"}
    assert journal.append([batch(50)])[0].outcome == "stored"
    assert (journal.length(), journal.verify()) == (13, [])
    journal.close()


def test_ranges_are_joined(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([batch(seq) for seq in (5, 1, 2, 4, 3, 9)])
    journal.forget(6)
    with journal._reader() as db:
        assert db.execute("SELECT low, high FROM seen_batch").fetchall() == [(1, 5), (9, 9)]


def test_a_forgotten_write_stays_known_for_400_days(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([written(1), batch(1)])
    journal.forget(2)
    assert journal.append([written(1)])[0].outcome == "duplicate"
    journal.append([written(2, received_ns=NOON + 401 * DAY_S * NS)])
    journal.forget(3)
    assert [done.outcome for done in journal.append([written(1), written(2)])] == ["stored", "duplicate"]


def test_everything_forgotten_the_chain_goes_on(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    [*_, last] = journal.append([batch(1), batch(2)])
    journal.forget(99)
    journal.close()
    again = opened(tmp_path)
    assert (again.length(), again.head(), list(again.rows()), again.days("rt-1")) == (2, last.head, [], [DAY])
    assert again.append([batch(3)])[0].length == 3
    assert again.verify() == []


def test_the_quarantine_is_bounded_and_counts_what_it_drops(tmp_path: Path) -> None:
    journal = opened(tmp_path, quarantine_bytes=1000)
    for number in range(50):
        journal.quarantine([Quarantined(NOON, "ag-1", "rt-1", "k", number, "why", bytes(100))])
    assert journal.quarantine_counts() == (10, 40)
    assert [item.number for item in journal.quarantined(limit=3)] == [40, 41, 42]
    assert [item.number for item in journal.quarantined(after_id=48)] == [48, 49]
    journal.quarantine([Quarantined(NOON, "ag-1", "rt-1", "k", 99, "why", bytes(5000))])
    assert journal.quarantine_counts() == (0, 51)


def test_threads_share_commits_and_one_chain(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    seen: list[str] = []

    def append(first: int) -> None:
        for seq in range(first, 400, 8):
            seen.extend(done.head for done in journal.append([batch(seq)]))
            assert len(list(journal.rows(device="rt-1", after_id=journal.length() - 3))) >= 3 or seq < 24

    threads = [threading.Thread(target=append, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 400
    assert (sorted(row.seq for row in journal.rows()), journal.verify()) == (list(range(400)), [])


def test_a_reader_that_stops_half_way_hinders_nobody(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([batch(seq) for seq in range(600)])
    for _ in range(20):
        assert next(journal.rows()).seq == 0
    journal.append([batch(600)])
    assert [row.seq for row in journal.rows(after_id=599)] == [599, 600]
    assert len(list(journal.rows(device="rt-1"))) == 601

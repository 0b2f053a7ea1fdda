"""The journal: what was acknowledged is there, in one chain, once."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from agent.clock import WIB, WIT
from agent.envelope import Header
from collector.ledger.journal import CLOCK_UNSURE, Entry, Journal, JournalError, batch_key

DAY = date(2026, 3, 10)
NOON = WIB.day_start(DAY) + 12 * 3600 * 10**9


def batch(seq: int, *, device: str = "rt-1", at: int = NOON, run: str = "0" * 16, body: bytes = b"") -> Entry:
    body = zlib.compress(body or b"nadi_interface,device=%s,interface=eth0 up=1i %d\n" % (device.encode(), at))
    sha = hashlib.sha256(body)
    header = Header("agent-1", device, run, seq, "boot", at, 5, len(body), sha.hexdigest()).to_bytes()
    who = (batch_key("agent-1", run, seq), "agent-1", device, run, seq, "boot", at, 5)
    return Entry(*who, at + 10**9, 0, 0, at, at, sha.digest(), header, b"s" * 64, body)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "data" / "journal.db", zone=WIB, floor_bytes=0)


def test_rows_come_back_as_they_were_appended(journal: Journal) -> None:
    entries = [batch(1), batch(2, device="rt-2"), batch(3)]
    assert [a.length for a in journal.append(entries)] == [1, 2, 3]
    rows = list(journal.rows())
    assert [row.id for row in rows] == [1, 2, 3]
    for row, entry in zip(rows, entries, strict=True):
        assert all(getattr(row, name) == getattr(entry, name) for name in Entry.__slots__)


def test_a_repeat_is_a_duplicate_and_another_content_is_a_fork(journal: Journal) -> None:
    journal.append([batch(1)])
    twin = replace(batch(1, body=b"other\n"), key=batch_key("agent-1", "0" * 16, 1))
    assert [a.outcome for a in journal.append([batch(1), twin, batch(2), batch(2)])] == [
        "duplicate",
        "fork",
        "stored",
        "duplicate",
    ]
    assert [item.reason for item in journal.quarantined()] == ["fork"]
    assert journal.length() == 2


def test_rows_are_found_by_device_and_corrected_time(journal: Journal) -> None:
    day = 86400 * 10**9
    journal.append([batch(i, at=NOON + i * day, device=f"rt-{i % 2}") for i in range(10)])
    found = journal.rows(device="rt-0", start_ns=NOON + 2 * day, end_ns=NOON + 6 * day)
    assert [row.seq for row in found] == [2, 4]
    assert [row.seq for row in journal.rows(start_ns=NOON + 8 * day)] == [8, 9]
    assert [row.seq for row in journal.rows(after_id=3, upto_id=5)] == [3, 4]


def test_an_unsure_time_belongs_to_no_day(journal: Journal) -> None:
    journal.append([replace(batch(1), flags=CLOCK_UNSURE)])
    assert journal.days("rt-1") == []
    assert list(journal.rows(device="rt-1", start_ns=0)) == []
    assert len(list(journal.rows(device="rt-1"))) == 1


def test_last_ids_tell_the_newest_entry_of_a_day(journal: Journal) -> None:
    journal.append([batch(1), batch(2), batch(3, device="rt-2")])
    assert journal.last_ids("rt-1", [DAY, date(2026, 3, 11)]) == {DAY: 2, date(2026, 3, 11): 0}
    assert journal.devices() == ["rt-1", "rt-2"]
    assert journal.days("rt-1") == [DAY]
    assert journal.days_after(2) == {("rt-2", DAY)}


def test_another_zone_or_label_refuses_to_open(journal: Journal) -> None:
    journal.close()
    with pytest.raises(JournalError, match="zone 'WIB'"):
        Journal(journal.path, zone=WIT)
    with pytest.raises(JournalError, match="label ''"):
        Journal(journal.path, zone=WIB, label="SIMULASI")


def test_lines_left_out_are_stored_but_not_read(journal: Journal) -> None:
    entry = replace(batch(1, body=b"a\nb\nc\n"), left_out=(2,))
    journal.append([entry])
    [row] = journal.rows()
    assert zlib.decompress(row.body) == b"a\nc\n"
    assert journal.verify() == []


def test_forgotten_batches_stay_duplicates(journal: Journal) -> None:
    journal.append([batch(i) for i in (5, 3, 4, 9, 10)])
    journal.seal(DAY, 0, bytes(32))
    journal.append([batch(11)])
    head = journal.head()
    assert journal.forget(6) == 5
    assert [a.outcome for a in journal.append([batch(i) for i in (3, 4, 5, 9, 10, 11, 6)])] == ["duplicate"] * 6 + [
        "stored"
    ]
    assert (journal.head() != head, journal.verify(), len(journal.seals())) == (True, [], 1)
    assert journal.last_ids("rt-1", [DAY]) == {DAY: 8}


def test_the_newest_arrivals_are_found_without_a_walk(journal: Journal) -> None:
    journal.append([replace(batch(i), received_ns=NOON + i) for i in range(10)])
    journal.seal(DAY, 0, bytes(32))
    journal.append([replace(batch(10), received_ns=NOON + 10)])
    assert [journal.received_before(NOON + i) for i in (0, 1, 9, 10)] == [0, 1, 9, 11]
    assert [journal.received_before(NOON + 11), journal.forget(4), journal.received_before(NOON)] == [12, 4, 4]

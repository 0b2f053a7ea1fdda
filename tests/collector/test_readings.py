"""Readings are found wherever they lie, and an open day is not decoded again at every look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import MS
from collector.ledger.columns import Series, interface_series
from collector.ledger.opendays import Kept, Key, OpenDays
from collector.ledger.seal import seal
from tests.collector.ledger_sample import DAY_MS, START_MS, Ledger, Taken, day, steady

SERIES = interface_series(source="agen-1", device="rt-1", interface="ether1")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path)
    yield made
    made.close()


def count(ledger: Ledger, start_ms: int, end_ms: int) -> int:
    start_ns, end_ns = (START_MS + start_ms) * MS, (START_MS + end_ms) * MS
    found = ledger.readings.columns(SERIES, start_ns=start_ns, end_ns=end_ns)
    return 0 if found is None else len(found)


def test_a_span_is_cut_to_the_nanosecond_in_chunks_and_journal(ledger: Ledger) -> None:
    ledger.take([Taken(0, 1), Taken(DAY_MS - 1, 2), Taken(DAY_MS, 3), Taken(DAY_MS + 5, 4)])
    for _ in range(2):
        assert [count(ledger, 0, DAY_MS), count(ledger, 1, DAY_MS + 5), count(ledger, DAY_MS + 6, 9 * DAY_MS)] == [
            2,
            2,
            0,
        ]
        seal(ledger.journal, ledger.archive, today=day(1))


def test_only_what_has_come_since_the_last_look_is_decoded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    cycles = steady(20, every_ms=60_000)
    ledger.take(cycles, order=range(18))
    assert count(ledger, 0, DAY_MS) == 18
    asked: list[int] = []
    rows = ledger.journal.rows

    def watched(**how: int) -> object:
        asked.append(how["after_id"])
        return rows(**how)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger.journal, "rows", watched)
    assert count(ledger, 0, DAY_MS) == 18
    ledger.take(cycles, order=[18, 19])
    assert count(ledger, 0, DAY_MS) == 20
    assert asked == [18]


def test_fields_asked_for_and_all_fields_are_kept_apart(ledger: Ledger) -> None:
    ledger.take(steady(3))
    start_ns, end_ns = START_MS * MS, (START_MS + DAY_MS) * MS
    for _ in range(2):
        none = ledger.readings.columns(SERIES, start_ns=start_ns, end_ns=end_ns, fields=())
        whole = ledger.readings.columns(SERIES, start_ns=start_ns, end_ns=end_ns)
        assert none is not None
        assert whole is not None
        assert (set(none.fields), set(whole.fields)) == (set(), {"receive_bytes_total", "transmit_bytes_total"})


def test_readings_of_another_source_are_not_mixed_in(ledger: Ledger) -> None:
    ledger.take(steady(3))
    other = ledger.readings.counter(
        device="rt-1", interface="ether1", source="token:lain", start_ns=0, end_ns=(START_MS + DAY_MS) * MS
    )
    assert len(other["receive"].octets) == 0


def test_what_is_kept_in_memory_is_bounded() -> None:
    kept = OpenDays(limit_bytes=10_000)
    keys = [Key("j", Series("a", "d", str(i)), day(0), 0, None) for i in range(30)]
    for key in keys:
        kept.put(key, Kept(7, bytes(500)))
    assert [kept.get(key).upto_id for key in keys] == [0] * 20 + [7] * 10

"""The audit log: whatever is done to its records shows, and refusals cannot fill the disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import WIB
from collector.register.audit import Audit, Head
from collector.register.engine import open_engine
from collector.register.refusals import BURST, KINDS, MINUTE_NS, OTHERS, Refusals


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Audit]:
    engine = open_engine(tmp_path / "register.db", zone=WIB)
    audit = Audit(engine)
    for number in range(1, 7):
        audit.record(actor="siti", action="test", object=f"thing {number}", at_ns=number)
    yield audit
    engine.dispose()


def tamper(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "register.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_an_untouched_log_is_whole(log: Audit) -> None:
    assert log.head().seq == 6
    assert log.verify() is None
    assert log.verify(head=log.head()) is None
    assert log.verify(head=Head(3, log.records()[2].hash)) is None


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE audit SET result = 'refused' WHERE seq = 3"], "audit record 3: was altered"),
        (["UPDATE audit SET at_ns = at_ns + 1 WHERE seq = 1"], "audit record 1: was altered"),
        (["UPDATE audit SET hash = '0' WHERE seq = 6"], "audit record 6: was altered"),
        (["DELETE FROM audit WHERE seq = 4"], "audit record 4: is missing"),
        (["DELETE FROM audit WHERE seq = 1"], "audit record 1: is missing"),
        (
            [
                "UPDATE audit SET seq = 99 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 99",
            ],
            "audit record 2: does not follow record 1",
        ),
        (
            ["DELETE FROM audit WHERE seq = 4", "UPDATE audit SET seq = seq - 1 WHERE seq > 4"],
            "audit record 4: does not follow record 3",
        ),
    ],
)
def test_the_first_touched_record_is_named(log: Audit, tmp_path: Path, statements: list[str], found: str) -> None:
    tamper(tmp_path, *statements)
    assert str(log.verify()).startswith(found)


def test_a_head_kept_elsewhere_finds_a_cut_and_a_rewritten_log(log: Audit, tmp_path: Path) -> None:
    head, middle = log.head(), Head(3, log.records()[2].hash)
    tamper(tmp_path, "DELETE FROM audit WHERE seq >= 3")
    assert log.verify() is None
    assert "audit record 3: is missing: the log was cut off" in str(log.verify(head=head))
    for number in range(3, 8):
        log.record(actor="budi", action="test", object="another past", at_ns=number)
    assert log.verify() is None
    assert "audit record 3: is not the one whose hash was kept elsewhere" in str(log.verify(head=middle))


def test_many_threads_write_one_chain(log: Audit) -> None:
    def work(name: str) -> None:
        for number in range(10):
            log.record(actor=name, action="test", object=str(number), at_ns=0)

    threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.head().seq == 46
    assert log.verify() is None


def test_any_text_is_one_printable_bounded_line() -> None:
    engine = open_engine("sqlite://", zone=WIB)
    log = Audit(engine)

    @given(st.text(max_size=300))
    def recorded(text: str) -> None:
        head = log.record(actor=text, action=text, object=text, at_ns=0, detail=text)
        (record,) = log.records(after=head.seq - 1)
        assert all(part.isprintable() and len(part) <= 2000 for part in (record.actor, record.object, record.detail))
        assert len(record.actor) <= 200

    recorded()
    assert log.verify() is None
    engine.dispose()


def test_the_same_refusal_is_recorded_once_a_minute_with_its_count(log: Audit) -> None:
    for second in range(125):
        log.refuse(
            actor="agent:x", action="ingest", object="r1", reason="bad signature", at_ns=second * MINUTE_NS // 60
        )
    log.flush(200 * MINUTE_NS)
    details = [record.detail for record in log.records(after=6)]
    assert details == ["bad signature", *["bad signature (60 times)"] * 2, "bad signature (4 times)"]


def test_a_flood_of_different_refusals_makes_few_records_and_loses_no_count(log: Audit) -> None:
    for number in range(5_000):
        log.refuse(actor=f"a{number}", action="ingest", object="r1", reason="unknown", at_ns=number)
    log.flush(5_000, everything=True)
    records = log.records(after=6)
    assert len(records) == KINDS + 2
    assert records[-1].detail.endswith(f"({5_000 - KINDS - 1} times)")


def test_a_refusal_that_cannot_be_recorded_is_recorded_later(log: Audit, tmp_path: Path) -> None:
    tamper(tmp_path, "ALTER TABLE audit RENAME TO gone")
    log.refuse(actor="x", action="ingest", object="r1", reason="unknown", at_ns=1)
    tamper(tmp_path, "ALTER TABLE gone RENAME TO audit")
    log.refuse(actor="x", action="ingest", object="r1", reason="unknown", at_ns=2)
    assert [record.detail for record in log.records(after=6)] == ["unknown (2 times)"]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(-MINUTE_NS, MINUTE_NS)), max_size=300))
def test_refusals_are_bounded_and_all_counted(steps: list[tuple[int, int]]) -> None:
    refusals, now, written, records = Refusals(), 10 * MINUTE_NS, 0, 0
    for number, step in steps:
        now += step
        refusals.add(("a", "b", str(number), "c"), now)
        due = refusals.due(now)
        refusals.recorded(due, now)
        written += sum(times for _, times in due)
        records += sum(refusal != OTHERS for refusal, _ in due)
    rest = refusals.due(now, everything=True)
    assert written + sum(times for _, times in rest) == len(steps)
    assert records <= BURST + sum(abs(step) for _, step in steps) // MINUTE_NS
    assert len(rest) <= KINDS + 1


def test_who_waits_longest_is_recorded_first() -> None:
    refusals = Refusals()

    def recorded(minute: int) -> list[str]:
        due = refusals.due(minute * MINUTE_NS)
        refusals.recorded(due, minute * MINUTE_NS)
        return [refusal[2] for refusal, _ in due]

    def refuse_all(at_ns: int) -> None:
        for number in range(BURST - 1):
            refusals.add(("a", "b", str(number), "c"), at_ns)

    refuse_all(0)
    assert len(recorded(0)) == BURST - 1
    for minute, expected in ((1, ["0", "1"]), (2, ["2"]), (3, ["3"])):
        refuse_all(minute * MINUTE_NS)
        assert recorded(minute) == expected

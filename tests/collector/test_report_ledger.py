"""A ledger that was edited after a report was made from it is found, even when its chain was made anew (F31)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import DAY_S, NS, WIB, ManualClock
from collector.running import Collector
from tests.collector.report_office import APPROVER, CHECKER
from tests.collector.test_jobs import CLOSING, JULY, measure
from tests.collector.web_visitor import running, settings_at


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(WIB.parse("2026-07-30T10:00"), boot_ns=10**15, boot_id="b")


@pytest.fixture
def closed(tmp_path: Path, clock: ManualClock) -> Iterator[Collector]:
    """Run a collector whose month has a report."""
    with running(settings_at(tmp_path), clock=clock) as collector:
        measure(collector, clock)
        clock.advance(CLOSING - clock.now().wall_ns + NS)
        collector.folder.issue(JULY)
        yield collector


def altered(closed: Collector, change: str, *values: object) -> list[str]:
    with sqlite3.connect(closed.folder.settings.data / "journal.db") as db:
        assert db.execute(change, values).rowcount
    db.close()
    return closed.folder.check()


def test_a_report_and_the_ledger_it_came_from_are_whole(closed: Collector) -> None:
    assert closed.folder.check() == []


def test_an_edited_entry_is_found_and_the_report_stays_as_it_was(closed: Collector) -> None:
    newest = closed.folder.reports.newest(JULY)
    assert newest is not None
    before = {path: path.read_bytes() for path in newest.folder.iterdir()}
    assert altered(closed, "UPDATE entry SET body = zeroblob(length(body)) WHERE id = 1")
    assert {path: path.read_bytes() for path in newest.folder.iterdir()} == before
    assert newest.problems(closed.folder.key.public) == []


def test_a_chain_made_anew_no_longer_has_the_head_that_the_report_names(closed: Collector) -> None:
    length = closed.folder.journal.length()
    problems = altered(closed, "UPDATE entry SET head = ? WHERE id = ?", bytes(32), length)
    assert any("reports/2026-07/1: the ledger was rewritten after this report" in problem for problem in problems)


def test_what_retention_forgot_is_no_rewriting(closed: Collector) -> None:
    newest = closed.folder.reports.newest(JULY)
    assert newest is not None
    assert newest.parted(journal_id=closed.folder.journal.id, head_at=lambda _: None) == []
    assert newest.parted(journal_id="another", head_at=lambda _: "00") == []
    assert newest.parted(journal_id=closed.folder.journal.id, head_at=lambda _: "00") != []


def test_batches_are_forgotten_once_the_month_is_approved_and_the_report_stays_whole(
    closed: Collector, clock: ManualClock
) -> None:
    clock.advance(60 * DAY_S * NS)
    closed.jobs.run("seal")
    closed.jobs.run("retention")
    kept = len(list(closed.folder.journal.rows()))
    assert kept > 0
    for target, actor in (("diperiksa", CHECKER), ("disahkan", APPROVER)):
        closed.folder.life.move(JULY, target, actor=actor)
        assert len(list(closed.folder.journal.rows())) == kept
    closed.jobs.run("retention")
    assert closed.faults() == {}
    assert len(list(closed.folder.journal.rows())) == 0
    assert closed.folder.check() == []

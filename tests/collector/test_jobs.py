"""Jobs decide from what is on disk, and a failing job ends nothing but itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from agent.clock import NS, WIB, ManualClock, Month
from collector.jobs import Job, Jobs
from collector.running import Collector
from tests.collector.door import line
from tests.collector.register_sample import WHOLE, document
from tests.collector.web_visitor import running, settings_at

JULY, AUGUST = Month(2026, 7), Month(2026, 8)
CLOSING = AUGUST.start_ns(WIB) + 72 * 3600 * NS
MEASURED = WIB.parse("2026-07-30T08:00")


class Refusing:
    """Work that fails until it is mended."""

    def __init__(self) -> None:
        self.broken = True
        self.done = 0

    def __call__(self) -> None:
        if self.broken:
            raise ZeroDivisionError("by zero")
        self.done += 1


def job(name: str, work: Refusing) -> Job:
    return Job(name, work, hour="0", minute="20")


def measure(collector: Collector, clock: ManualClock) -> None:
    """Register a link and let a client deliver two hours of readings of July."""
    text = WHOLE.replace('name = "Router 1"', 'name = "Router 1"\nsource = "token:tele"')
    collector.folder.register.apply(document(text), actor="t", now_ns=clock.now().wall_ns)
    access = collector.folder.register.access
    token = access.mint_write_token(name="tele", devices=["r1"], actor="t", now_ns=clock.now().wall_ns)
    text = "".join(
        line(MEASURED + second * NS, device="r1", interface="ether1", octets=second * 1000)
        for second in range(0, 7200, 60)
    )
    assert collector.ingest.write(text.encode(), token=token, precision="ns", gzip=False).status == 204


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MEASURED + 7200 * NS, boot_ns=10**15, boot_id="b")


@pytest.fixture
def collector(tmp_path: Path, clock: ManualClock) -> Iterator[Collector]:
    with running(settings_at(tmp_path), clock=clock) as collector:
        yield collector


def test_a_failing_job_is_counted_and_the_next_run_clears_the_fault() -> None:
    work = Refusing()
    jobs = Jobs([job("seal", work)], clock=ManualClock(NS), zone=WIB)
    jobs.run("seal")
    standing = jobs.standing["seal"]
    assert (standing.runs, standing.failures, standing.fault) == (1, 1, "ZeroDivisionError: by zero")
    work.broken = False
    jobs.run("seal")
    assert (jobs.standing["seal"].failures, jobs.standing["seal"].fault, work.done) == (1, "", 1)


def test_every_job_runs_once_at_the_start_even_after_one_that_fails() -> None:
    broken, sound = Refusing(), Refusing()
    sound.broken = False
    jobs = Jobs([job("a", broken), job("b", sound)], clock=ManualClock(NS), zone=WIB)
    jobs.start()
    until = time.monotonic() + 5
    while not sound.done and time.monotonic() < until:
        time.sleep(0.01)
    jobs.stop()
    assert (jobs.standing["a"].failures, sound.done) == (1, 1)


def test_a_month_is_closed_72_hours_after_its_end_and_once(collector: Collector, clock: ManualClock) -> None:
    measure(collector, clock)
    clock.advance(CLOSING - clock.now().wall_ns - NS)
    assert collector.folder.due() == []
    clock.advance(NS)
    assert collector.folder.due() == [JULY]
    collector.jobs.run("close_month")
    assert collector.faults() == {}
    assert [issue.version for issue in collector.folder.reports.versions(JULY)] == [1]
    assert collector.folder.due() == []


def test_a_collector_that_was_down_at_the_hour_closes_the_month_when_it_is_back(
    collector: Collector, clock: ManualClock
) -> None:
    measure(collector, clock)
    clock.advance(40 * 86400 * NS)
    assert collector.folder.due() == [JULY]


def test_a_month_in_which_nothing_was_to_be_measured_has_no_report(collector: Collector, clock: ManualClock) -> None:
    measure(collector, clock)
    clock.advance(40 * 86400 * NS)
    later = WHOLE.replace("active_from = 2026-01-01", "active_from = 2026-08-01")
    collector.folder.register.apply(document(later), actor="t", now_ns=clock.now().wall_ns)
    assert collector.folder.due() == []


def test_a_report_has_a_next_version_only_when_its_content_changed(collector: Collector, clock: ManualClock) -> None:
    collector.folder.register.apply(document(), actor="t", now_ns=clock.now().wall_ns)
    clock.advance(CLOSING - clock.now().wall_ns)
    first, written = collector.folder.issue(JULY)
    again, rewritten = collector.folder.issue(JULY)
    assert (first.version, written, again.version, rewritten) == (1, True, 1, False)
    renamed = WHOLE.replace("Badan Keuangan", "Badan Pengelolaan Keuangan")
    collector.folder.register.apply(document(renamed), actor="t", now_ns=clock.now().wall_ns)
    second, written = collector.folder.issue(JULY)
    assert (second.version, written) == (2, True)
    assert second.problems(collector.folder.key.public) == []
    assert first.problems(collector.folder.key.public) == []


def test_closed_days_are_sealed_and_nothing_is_forgotten_before_approval(
    collector: Collector, clock: ManualClock
) -> None:
    measure(collector, clock)
    length = collector.folder.journal.length()
    clock.advance(90 * 86400 * NS)
    collector.jobs.run("seal")
    assert [seal.day for seal in collector.folder.journal.seals()] == [date(2026, 7, 30)]
    collector.jobs.run("retention")
    assert collector.faults() == {}
    assert collector.folder.journal.length() == length + 1
    assert len(list(collector.folder.journal.rows())) == length


def test_the_last_check_is_known_after_a_restart_and_not_repeated(collector: Collector, clock: ManualClock) -> None:
    collector.jobs.run("check")
    first = collector.folder.last_check()
    assert first is not None
    assert first.problems == ()
    clock.advance(3600 * NS)
    collector.jobs.run("check")
    assert collector.folder.last_check() == first
    clock.advance(6 * 86400 * NS)
    collector.jobs.run("check")
    assert collector.folder.last_check() != first

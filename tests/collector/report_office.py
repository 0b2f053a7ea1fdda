"""A register, reports and their life in a folder, with the people who act on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.clock import DAY_S, NS, ManualClock
from agent.identity import Key
from collector.judge.month import Evaluation
from collector.register.people import Actor
from collector.register.revisions import Register
from collector.report_life import ReportLife
from collector.reports import Issue, Reports
from tests.collector.report_sample import CLOSED, MONTH, ORIGIN, SETTINGS, ZONE

KEY = Key(bytes(32))
CHECKER = Actor("budi", frozenset(("pemeriksa",)))
APPROVER = Actor("citra", frozenset(("penetap",)))


@dataclass(frozen=True)
class Office:
    """A register, the reports, and their life."""

    register: Register
    reports: Reports
    life: ReportLife
    clock: ManualClock

    def issue(self, evaluation: Evaluation) -> Issue:
        issue, _ = self.reports.issue(evaluation, settings=SETTINGS, origin=ORIGIN, key=KEY)
        self.life.begin(issue)
        return issue

    def approve(self) -> None:
        for target, actor in (("diperiksa", CHECKER), ("disahkan", APPROVER)):
            self.clock.advance(60 * NS)
            self.life.move(MONTH, target, actor=actor)


def office_at(folder: Path) -> Office:
    """Open an office; one of its people has an account."""
    clock = ManualClock(CLOSED + DAY_S * NS, boot_ns=10**15, boot_id="b")
    register = Register(folder / "register.db", zone=ZONE, clock=clock)
    register.accounts.add(
        "citra", full_name="Citra Lestari, S.T.", roles=["penetap"], opds=(), actor="t", now_ns=clock.now().wall_ns
    )
    reports = Reports(folder / "reports")
    return Office(register, reports, ReportLife(register, reports, KEY, clock, ZONE), clock)

"""The life of a report: its record in the register, and the approved edition that follows from it.

The register says what became of a version; the files say what it holds. Whoever acts, on the command line or
through the API, acts on the record; ``settle`` then makes the files follow, as often as it is called.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from agent.clock import NS, Clock, Month, Zone
from agent.identity import Key
from collector.register.book import Papers, Record, Refused
from collector.register.kinds import Context
from collector.register.people import Actor
from collector.register.records.delivery import DELIVERY, Delivery
from collector.register.records.report_state import REPORT_STATE, ReportState
from collector.register.revisions import Register
from collector.report.approval import Act, Approval
from collector.report.manifest import ReportDamaged
from collector.reports import Issue, Reports

COLLECTOR: Final = Actor("kolektor", frozenset(("noc",)))
"""Who makes the draft of a month that is closed by the clock."""

FINAL: Final = ("disahkan", "disampaikan")
RETURNED: Final = "dikembalikan"


@dataclass(frozen=True, slots=True)
class ReportLife:
    """Moves versions through their states, and keeps files and register in step."""

    register: Register
    reports: Reports
    key: Key
    clock: Clock
    zone: Zone

    def record(self, issue: Issue) -> Record | None:
        """Return the newest revision of a version's record, None while there is none."""
        return next((item for item in self._records() if _names(item, issue)), None)

    def state(self, issue: Issue) -> str:
        """Return the state of a version; one that is not in the register yet is a draft."""
        found = self.record(issue)
        return REPORT_STATE.opens if found is None else found.state

    def is_returned(self, month: Month) -> bool:
        """Tell whether a month's newest version was given back, so that another one is wanted."""
        newest = self.reports.newest(month)
        return newest is not None and self.state(newest) == RETURNED

    def begin(self, issue: Issue, *, actor: Actor = COLLECTOR) -> Record:
        """Open the record of a version, unless there is one."""
        found = self.record(issue)
        if found is not None:
            return found
        form = ReportState(str(issue.month), issue.version, issue.manifest_sha256)
        try:
            return self.register.book.open(REPORT_STATE, form, actor=actor, context=self.context())
        except Refused:
            found = self.record(issue)  # a job, a request or the command line was first
            if found is None:
                raise
            return found

    def move(self, month: Month, target: str, *, actor: Actor, note: str = "", delivery: str = "") -> Record:
        """Take the newest version of a month to its next state; Refused when its files are not as they were."""
        issue = self.reports.newest(month)
        if issue is None:
            raise Refused(f"belum ada laporan {month}; buat dengan: nadi report {month}")
        found = self.begin(issue)
        wrong = issue.problems(self.key.public)
        if found.form.manifest_sha256 != issue.manifest_sha256:
            wrong.append("manifest bukan yang dicatat dalam register")
        if wrong:
            raise Refused(f"berkas {issue.folder} tidak utuh", *wrong)
        moved = self.register.book.move(
            REPORT_STATE,
            found.code,
            target,
            actor=actor,
            context=self.context(),
            values={"delivery": delivery} if delivery else {},
            papers=Papers(note=note),
        )
        self.settle()
        return moved

    def delivered(self, issue: Issue, recipient: str, pdf: Path, *, actor: Actor, note: str = "", why: str = "") -> str:
        """Record that a version was handed over by e-mail, or (``why``) was not; return the delivery's number.

        The first that was handed over takes the version from *disahkan* to *disampaikan*.
        """
        record = self.record(issue)
        if record is None:
            raise Refused(f"laporan {issue.month} versi {issue.version} tidak ada dalam register")
        context, book = self.context(), self.register.book
        sent = self.zone.local(context.now_ns)
        form = Delivery(record.code, str(issue.month), issue.version, recipient, sent, "surel")
        papers = Papers(
            note=note, attachment_sha256=hashlib.sha256(pdf.read_bytes()).hexdigest(), attachment_name=pdf.name
        )
        code = book.open(DELIVERY, form, actor=actor, context=context, papers=papers).code
        if why:
            book.move(DELIVERY, code, "gagal", actor=actor, context=context, values={"failure": why})
        elif record.state == FINAL[0]:
            values = {"delivery": code}
            book.move(REPORT_STATE, record.code, FINAL[1], actor=actor, context=context, values=values)
        return code

    def settle(self) -> list[Issue]:
        """Give every newest version its record, and every approved one its approved edition; return the latter."""
        for month in self.reports.months():
            newest = self.reports.newest(month)
            if newest is not None:
                self.begin(newest)
        done = []
        for record in self._records(*FINAL):
            form: ReportState = record.form
            for issue in self.reports.versions(Month.parse(form.month)):
                if issue.version == form.version and not issue.is_approved:
                    with self.reports.alone():
                        if not issue.is_approved:
                            self._approve(issue, record)
                            done.append(issue)
        return done

    def context(self) -> Context:
        """Return what the register's rules may look at now."""
        return Context(self.register.inventory(), self.zone, self.clock.now().wall_ns)

    def _records(self, *states: str) -> list[Record]:
        return self.register.book.current(REPORT_STATE, states=states)

    def _approve(self, issue: Issue, record: Record) -> None:
        from collector.report.folder import write_approved  # xlsxwriter is wanted once a month

        form: ReportState = record.form
        if form.manifest_sha256 != issue.manifest_sha256:
            raise ReportDamaged(f"{issue.folder}: its manifest is not the one that was approved as {record.code}")
        history = self.register.book.history(REPORT_STATE, record.code)
        approved = next(item for item in history if item.state == FINAL[0])
        approval = Approval(
            record=record.code,
            record_sha256=approved.sha256,
            made=self._act(form.maker, form.made),
            checked=self._act(form.checker, form.checked),
            approved=self._act(form.approver, form.approved),
        )
        write_approved(issue.folder, approval=approval, zone=self.zone, key=self.key, folder=issue.approved_folder)

    def _act(self, account: str, when: datetime | None) -> Act:
        accounts = self.register.accounts
        name = accounts.get(account).full_name if accounts.has(account) else ""
        if when is None:
            raise ValueError(f"{account}: an approved report without the time of an act")
        return Act(account, name, round(when.timestamp()) * NS)


def _names(record: Record, issue: Issue) -> bool:
    form: ReportState = record.form
    return (form.month, form.version) == (str(issue.month), issue.version)

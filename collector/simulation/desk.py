"""Plays acts on the real registers and reports of a data folder, as the accounts that the regency has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.clock import ManualClock
from collector.folder import Folder
from collector.register.book import Papers, Record
from collector.register.determination import determine
from collector.register.document import reads
from collector.register.kinds import Context, Kind
from collector.register.people import Actor
from collector.register.records.delivery import DELIVERY
from collector.register.records.followup import FOLLOWUP
from collector.report_life import COLLECTOR
from collector.reports import Issue
from collector.simulation.acts import Act, Determining, Moving, Opening, Renewing, Reporting, RollingUp, Testing
from collector.simulation.hall import GENERATOR
from collector.simulation.papers import year_inventory
from collector.simulation.people import ADMIN, people
from collector.simulation.scenario import Office, SimulationError
from collector.simulation.story import CODES

ACTOR = "simulate"
RECIPIENT = "tim.koordinasi@contoh.example"


class Desk:
    """The acts of a year, in order of time; the clock goes on to each when it is played."""

    def __init__(
        self, folder: Folder, clock: ManualClock, *, year: int, offices: Sequence[Office], acts: Iterable[Act]
    ) -> None:
        self._folder, self._clock, self._year, self._offices = folder, clock, year, offices
        self._left = sorted(acts, key=lambda act: act.at_ns)[::-1]
        self._records: dict[str, Record] = {}
        self._kinds: dict[str, Kind] = {}

    @property
    def last_ns(self) -> int:
        """When the last act is due; now where none is left."""
        return self._left[0].at_ns if self._left else self._clock.now().wall_ns

    def furnish(self) -> None:
        """Register inventory and accounts, with which everything begins."""
        self._apply(succeeded=False)
        register, now_ns = self._folder.register, self._clock.now().wall_ns
        opds = [office.code for office in self._offices]
        for person in people(self._offices, CODES):
            register.accounts.add(
                person.account,
                full_name=person.full_name,
                roles=[person.role],
                opd=person.opd,
                opds=opds,
                actor=ACTOR if person.account == ADMIN else f"account:{ADMIN}",
                now_ns=now_ns,
            )

    def play(self, until_ns: int) -> None:
        """Play what is due before ``until_ns``."""
        while self._left and self._left[-1].at_ns < until_ns:
            act = self._left.pop()
            self._clock.advance(max(0, act.at_ns - self._clock.now().wall_ns))
            self._play(act)

    def _play(self, act: Act) -> None:
        if isinstance(act, Opening):
            self._open(act)
        elif isinstance(act, Moving):
            self._move(act)
        elif isinstance(act, Determining):
            determine(self._folder.register, act.forms, actor=self._actor(act.who), context=self._context())
        elif isinstance(act, Renewing):
            self._renew()
        elif isinstance(act, Reporting):
            self._report(act)
        elif isinstance(act, Testing):
            self._test(act)
        else:
            self._roll_up(act)

    def _actor(self, who: str) -> Actor:
        return self._folder.register.accounts.actor(who)

    def _context(self) -> Context:
        return self._folder.life.context()

    def _open(self, act: Opening) -> None:
        form = act.form
        if act.kind is FOLLOWUP:
            form = replace(form, report=self._report_code(form.month))
        self._kinds[act.label] = act.kind
        self._records[act.label] = self._folder.register.book.open(
            act.kind, form, actor=self._actor(act.who), context=self._context(), papers=Papers(note=act.note)
        )

    def _report_code(self, month: str) -> str:
        """Return the number in the register of a month's newest version."""
        found = (self._folder.reports.newest(one) for one in self._folder.reports.months() if str(one) == month)
        record = next((self._folder.life.record(issue) for issue in found if issue), None)
        return record.code if record else ""

    def _move(self, act: Moving) -> None:
        self._records[act.label] = self._folder.register.book.move(
            self._kinds[act.label],
            self._records[act.label].code,
            act.target,
            actor=self._actor(act.who),
            context=self._context(),
            values=act.values,
            form=act.form,
            papers=Papers(note=act.note),
        )

    def _apply(self, *, succeeded: bool) -> None:
        text = year_inventory(self._year, self._offices, succeeded=succeeded)
        document = reads(text, source="the simulated inventory", zone=self._folder.zone)
        self._folder.register.amend(
            lambda before: replace(document, allocation=before.allocation),
            actor=ACTOR,
            now_ns=self._clock.now().wall_ns,
        )

    def _renew(self) -> None:
        self._apply(succeeded=True)

    def _test(self, act: Testing) -> None:
        book, when = self._folder.register.logbook, {"at_ns": act.at_ns, "now_ns": act.at_ns}
        if act.backup:
            book.add_restore_test(backup=act.backup, passed=True, actor=act.who, note="tabel utama terbaca", **when)
        else:
            book.add_power(kind="uji-genset", actor=act.who, object=GENERATOR, value=1, note="tanpa beban", **when)

    def _report(self, act: Reporting) -> None:
        life = self._folder.life
        if act.step == "draf":
            self._folder.issue(act.month, actor=COLLECTOR)
            return
        if act.step in ("diperiksa", "disahkan"):
            life.move(act.month, act.step, actor=self._actor(act.who))
            return
        issue = self._folder.reports.newest(act.month)
        if issue is None:
            raise SimulationError(f"{act.month}: there is no report to deliver")
        if act.step == "disampaikan":
            self._records[_label(issue)] = self._delivered(issue, act.who)
            return
        values = {"received": self._folder.zone.local(act.at_ns), "receipt": "Tanda terima surel (rekaan)"}
        code, context = self._records[_label(issue)].code, self._context()
        self._folder.register.book.move(
            DELIVERY, code, "diterima", actor=self._actor(act.who), context=context, values=values
        )

    def _delivered(self, issue: Issue, who: str) -> Record:
        identity = hashlib.sha256(issue.code.encode()).hexdigest()[:12]
        note = f"<{identity}@contoh.example>"
        code = self._folder.life.delivered(issue, RECIPIENT, issue.pdf, actor=self._actor(who), note=note)
        return self._folder.register.book.history(DELIVERY, code)[-1]

    def _roll_up(self, act: RollingUp) -> None:
        folder = self._folder
        folder.reports.rollup(
            act.period,
            settings=folder.settings.report_settings(),
            zone=folder.zone,
            origin=folder.origin(),
            key=folder.key,
        )


def _label(issue: Issue) -> str:
    return f"laporan {issue.month} {issue.version}"

"""A data folder, opened: journal, archive, register, the collector's key and the reports in it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from types import TracebackType

from agent.clock import Clock, Month
from agent.identity import Key
from collector.config import ARCHIVE, ATTACHMENTS, JOURNAL, KEY, REGISTER, Settings
from collector.datacentre import DataCentre
from collector.evaluation import Evaluator, closing_ns, touches
from collector.inventory import Inventory
from collector.judge.month import Evaluation
from collector.judge.past import Earlier, KeptMonth
from collector.ledger.archive import Archive
from collector.ledger.binstore import BinStore
from collector.ledger.check import check
from collector.ledger.journal import Journal
from collector.ledger.lives import Life, earlier
from collector.ledger.readings import Readings
from collector.ledger.tables import meta_of
from collector.limits import LimitStore, drifts_at
from collector.loop import DAMAGED, WHOLE, counted, loop_of
from collector.network import network_of
from collector.register.attachments import Attachments
from collector.register.engine import RegisterError
from collector.register.people import Actor
from collector.register.revisions import Register
from collector.report import kept
from collector.report.manifest import NAME, Origin, verify
from collector.report_life import COLLECTOR, ReportLife
from collector.reports import Issue, Reports

VERSION = version("nadi")
RESTORING = ".restoring"
"""The folder in a data folder that is only there while a backup is restored into it."""
MOST_PROBLEMS = 100


class Impossible(Exception):
    """What was asked for cannot be done; the message says why and the mend."""


class Busy(Impossible):
    """Another process is the writer of this data folder."""


@dataclass(frozen=True, slots=True)
class CheckNote:
    """The last integrity check: when it ended (UTC ns) and what it found."""

    ended_ns: int
    problems: tuple[str, ...]


class Folder:
    """The parts of one data folder. ``writer`` takes the folder's lock; Busy says who else may hold it."""

    def __init__(self, settings: Settings, *, clock: Clock, writer: bool, label: str = "") -> None:
        data = settings.data
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (data / RESTORING).exists():
            raise Impossible(f"{data}: a restore into it was broken off; empty it and run: nadi backup restore")
        self.settings, self.clock, self.zone = settings, clock, settings.place
        self._lock = self._take_lock() if writer else None
        journal = data / JOURNAL
        label = meta_of(journal).get("label", "") if journal.is_file() else label
        self.key = Key.load_or_create(data / KEY)
        self.journal = Journal(journal, zone=self.zone, label=label)
        self.archive = Archive(data / ARCHIVE, zone=self.zone)
        self.register = Register(
            settings.register.url or data / REGISTER,
            zone=self.zone,
            clock=clock,
            region=settings.region,
            password=settings.register.secret(),
        )
        self.reports = Reports(data / "reports")
        self.attachments = Attachments(data / ATTACHMENTS)
        self.life = ReportLife(self.register, self.reports, self.key, clock, self.zone)
        self.readings = Readings(journal=self.journal, archive=self.archive)
        self.datacentre = DataCentre(readings=self.readings, register=self.register, zone=self.zone)

    def _take_lock(self) -> int:
        path = self.settings.data / "lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise Busy(f"{self.settings.data}: a collector is running on this data folder; stop it first") from error
        return handle

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every file; the lock goes last."""
        self.register.close()
        self.archive.close()
        self.journal.close()
        if self._lock is not None:
            os.close(self._lock)

    @property
    def database_bytes(self) -> int:
        """Size of the three databases with their write-ahead logs."""
        return sum(file.stat().st_size for file in self.settings.data.glob("*.db*"))

    def bins(self, inventory: Inventory) -> BinStore:
        """Return the bins of an inventory's links."""
        return BinStore(journal=self.journal, archive=self.archive, devices=inventory.device)

    def limits(self, inventory: Inventory) -> LimitStore:
        """Return the limits that the routers of an inventory were read to be set to."""
        return LimitStore(self.readings, inventory.device)

    def evaluate(self, month: Month, *, until_ns: int | None = None, compare: bool = True) -> Evaluation:
        """Evaluate a month from the register and the stored bins (see ``Evaluator.evaluate``)."""
        inventory = self.register.inventory()
        evaluator = Evaluator(
            inventory=inventory,
            bins=self.bins(inventory),
            limits=self.limits(inventory),
            zone=self.zone,
            label=self.journal.label,
            parameters=self.settings.evaluation.parameters(),
        )
        return evaluator.evaluate(month, until_ns=until_ns, compare=compare)

    def issue(self, month: Month, *, actor: Actor = COLLECTOR) -> tuple[Issue, bool]:
        """Write a finished month's report, unless its newest version says the same; tell whether it was written.

        A new version begins as *draf* in the register, made by ``actor``.
        """
        if month.end_ns(self.zone) > self.clock.now().wall_ns:
            raise Impossible(f"{month} has not ended yet; nadi evaluate {month} shows it up to now")
        inventory = self.register.inventory()
        evaluation, bins = self.evaluate(month), self.bins(inventory)
        issue, written = self.reports.issue(
            evaluation,
            datacentre=self.datacentre.month(month, bins=bins),
            loop=loop_of(
                evaluation,
                book=self.register.book,
                zone=self.zone,
                settings=self.settings.planning,
                past=self.earlier,
                counted=counted(month, self.zone, journal=self.journal, audit=self.register.audit),
                network=network_of(inventory, self.readings, self.register.book, month, zone=self.zone),
                drifts=drifts_at(inventory, self.readings, at_ns=month.end_ns(self.zone) - 1),
            ),
            settings=self.settings.report_settings(),
            origin=self.origin(),
            key=self.key,
            returned=self.life.is_returned(month),
        )
        if written:
            kept.write(
                KeptMonth.of(evaluation), manifest_sha256=issue.manifest_sha256, key=self.key, path=issue.kept_file
            )
        self.life.begin(issue, actor=actor)
        return issue, written

    def earlier(self, month: Month) -> Earlier:
        """Return an earlier month's figures: those of its approved report, else evaluated from what there is now."""
        approved = self.reports.approved(month)
        if approved:
            issue = approved[-1]
            found = kept.read(issue.kept_file, manifest_sha256=issue.manifest_sha256, public=self.key.public)
            if found is not None:
                return found
        return self.evaluate(month, compare=False)

    def origin(self) -> Origin:
        """Return where the figures of this moment come from."""
        return Origin(
            journal_id=self.journal.receipt_id,
            journal_length=self.journal.length(),
            head=self.journal.head(),
            seals_root=self._seals_root(),
            code_version=VERSION,
        )

    def _seals_root(self) -> str:
        """Return one hash over the roots of all seals in order, "" while there is none."""
        roots = [record.root for record in self.archive.seals()]
        return hashlib.sha256(b"".join(roots)).hexdigest() if roots else ""

    def due(self) -> list[Month]:
        """Return the closed months of the last year that were measured and have no report yet, oldest first.

        Measured means: there are readings, and a registered link was to be measured at some time of the month.
        """
        now_ns = self.clock.now().wall_ns
        newest = Month.of(self.zone.day(now_ns))
        links = self.register.inventory().links
        measured = {Month.of(day) for device in self.journal.devices() for day in self.journal.days(device)}
        return [
            month
            for month in sorted(measured)
            if newest.shifted(-12) <= month
            and closing_ns(month, self.zone) <= now_ns
            and any(touches(link.active_from, link.active_to, month, self.zone) for link in links)
            and self.reports.newest(month) is None
        ]

    def check(self, progress: Callable[[str], None] | None = None) -> list[str]:
        """Check journal, archive, register, audit log and reports; keep and return what is wrong."""
        problems = [f"{item.where}: {item.what}" for item in check(self.journal, self.archive, progress=progress)]
        problems += [*self.register.check(), *self.attachments.problems()]
        audit = self.register.audit.verify()
        problems += [str(audit)] if audit else []
        for month in self.reports.months():
            for issue in self.reports.versions(month):
                wrong = issue.problems(self.key.public) or self._parted(issue)
                problems += [f"{issue.folder}: {problem}" for problem in wrong]
        for place in self.reports.rollups():
            problems += [f"{place}: {problem}" for problem in verify(place / NAME, public=self.key.public)]
        now_ns = self.clock.now().wall_ns
        try:
            action, detail = DAMAGED if problems else WHOLE, f"{len(problems)} problems"
            self.register.audit.record(actor=COLLECTOR.name, action=action, object="", at_ns=now_ns, detail=detail)
        except RegisterError as error:
            problems.append(f"audit log: this check could not be recorded: {error}")
        note = CheckNote(now_ns, tuple(problems[:MOST_PROBLEMS]))
        place = self.settings.data / "check.json"
        part = place.with_suffix(".part")
        part.write_text(json.dumps(asdict(note)), encoding="utf-8")
        part.replace(place)
        return problems

    def _parted(self, issue: Issue) -> list[str]:
        """Hold a report against the life of the journal in which it was made; what a restore lost is not asked."""
        present = Life(self.journal.receipt_id, self.journal.length())
        for life in (*earlier(self.journal.path), present):
            head_at = partial(self._head_of, life)
            wrong = issue.parted(journal_id=life.receipt_id, head_at=head_at)
            if wrong:
                return wrong
        return []

    def _head_of(self, life: Life, length: int) -> str | None:
        return self.journal.head_at(length) if length <= life.length else None

    def last_check(self) -> CheckNote | None:
        """Return the last integrity check, None before the first."""
        try:
            table = json.loads((self.settings.data / "check.json").read_bytes())
        except FileNotFoundError:
            return None
        return CheckNote(int(table["ended_ns"]), tuple(table["problems"]))

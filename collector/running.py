"""A running collector: its data folder, ingest, live state, findings and jobs, wired together; the web asks it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from agent.clock import DAY_S, NS, Clock, Month
from agent.envelope import inflate
from collector.admission import SANE_NS
from collector.contracts import ending
from collector.datacentre import PowerToDate
from collector.duties import duties, unrecorded
from collector.findings import findings
from collector.folder import Folder
from collector.ingest import MAX_DECODED, Ingest
from collector.inventory import Inventory
from collector.jobs import Job, Jobs
from collector.judge.allocation import Finding
from collector.judge.datacentre import DataCentreNow
from collector.judge.month import Evaluation
from collector.judge.network import NetworkMonth
from collector.ledger.body import Lines
from collector.ledger.entry import Entry
from collector.ledger.retention import forget_chunks, forgettable
from collector.ledger.seal import seal
from collector.live import Live, Snapshot
from collector.network import network_of
from collector.outlook import Outlook, Outlooks
from collector.paperwork import Desk, Paperwork
from collector.register.records.incident import INCIDENT
from collector.register.records.priority import PRIORITY
from collector.register.records.proposal import PROPOSAL
from collector.register.registers import KINDS
from collector.register.shelf import Shelf
from collector.watch import Watch

if TYPE_CHECKING:
    from collector.feeds.feed import Feed
    from collector.feeds.moment import SinkFact
    from collector.feeds.notify import Notifier

log = logging.getLogger(__name__)

FOLLOW_SECONDS = 10
"""How far behind the register (which the command line may change) a running collector may be."""


JUDGED_SECONDS = 900
"""A judgement (made every five minutes) that is older is no longer shown: an old figure would look like a new one."""

NETWORK_SECONDS = 3600
"""How often the links' availability since the month began is judged anew."""

LOGGED = 10


@dataclass(frozen=True, slots=True)
class Judgement:
    """What stands at ``at_ns``: findings, the evaluation of the month to date, the data centre and its power, links.

    The links' availability since the month began is of the last hour; ``outlook`` holds plans, routers and reports.
    """

    at_ns: int
    findings: tuple[Finding, ...]
    month: Evaluation
    centre: DataCentreNow | None = None
    power: PowerToDate | None = None
    network: NetworkMonth | None = None
    outlook: Outlook | None = None


class Collector:
    """The parts that run together on one data folder. Its methods may be called from any thread."""

    def __init__(self, folder: Folder, *, clock: Clock) -> None:
        self.folder, self.clock, self.zone = folder, clock, folder.zone
        self.started_ns = clock.now().wall_ns
        self._lock = threading.Lock()
        self._followed_ns = self.started_ns
        self._evaluating = threading.Lock()
        self._shelf = Shelf(folder.register.book, KINDS)
        self._shelved = -1, -1
        settings = folder.settings
        self.watch = Watch(settings.data, settings.incidents, book=folder.register.book, zone=self.zone)
        self._papers: tuple[tuple[int, int, bool], Paperwork] | None = None
        self._papering = threading.Lock()
        self._outlooks = Outlooks(folder)
        self._kept: tuple[tuple[Month, int, int], Evaluation] | None = None
        self._judgement: Judgement | None = None
        self._links: tuple[tuple[Month, int] | None, int, NetworkMonth] = None, 0, NetworkMonth()
        inventory = folder.register.inventory()
        self.live = Live(inventory=inventory, clock=clock, zone=self.zone, settings=folder.settings.live)
        self.ingest = Ingest(
            journal=folder.journal,
            directory=folder.register.access,
            key=folder.key,
            clock=clock,
            on_stored=self.live.stored,
        )
        self.jobs = Jobs(self._jobs(), clock=clock, zone=self.zone)
        self._follow_papers()
        self.feed: Feed | None = None
        self.notifier: Notifier | None = None

    def start(self) -> None:
        """Take up the newest past from the journal, then let the jobs run, the feed and the notifications if any."""
        self.take_up()
        self.jobs.start()
        if self.feed is not None:
            self.feed.start()
        if self.notifier is not None:
            self.notifier.start()

    def take_up(self) -> None:
        """Fill the live state from the journal's newest part."""
        since_ns = self.clock.now().wall_ns - self.live.span_ns
        count = 0
        for item in self._newest_past(since_ns):
            self.live.stored([item])
            count += 1
        log.info("took up %d batches of the last %d minutes", count, self.live.span_ns // NS // 60)

    def _newest_past(self, since_ns: int) -> Iterator[tuple[Entry, Lines]]:
        journal = self.folder.journal
        after_id = journal.received_before(since_ns - SANE_NS)  # no reading is later than its receipt by more
        for row in journal.rows(start_ns=since_ns, after_id=after_id):
            yield row, Lines(inflate(row.body, MAX_DECODED))

    def stop(self) -> None:
        """Wait for the job and the request under way and start no more."""
        self.jobs.stop()
        if self.feed is not None:
            self.feed.stop()
        if self.notifier is not None:
            self.notifier.stop()

    def snapshot(self) -> Snapshot:
        """Return the live state, by the register of the last few seconds."""
        now_ns = self.clock.now().wall_ns
        with self._lock:
            if not 0 <= now_ns - self._followed_ns < FOLLOW_SECONDS * NS:
                self._followed_ns = now_ns
                inventory = self.folder.register.inventory()
                if inventory.revision != self.live.inventory.revision:
                    log.info("follows revision %d of the inventory", inventory.revision)
                    self.live.adopt(inventory)
                    self.take_up()
                self._follow_papers()
        return self.live.snapshot()

    def _follow_papers(self) -> None:
        """Let the live state know of announced work and disconnections."""
        key = self._shelf.follow(), self.live.inventory.revision
        if key != self._shelved:
            self.live.close(self._desk().closed())
            self._shelved = key

    def papers(self) -> Paperwork:
        """Return what the registers say, as of the last few seconds, or of what was written since."""
        now_ns = self.clock.now().wall_ns
        with self._papering:
            judged = self.judgement
            key = self._shelf.follow(), self.live.inventory.revision, judged is not None
            known = self._papers
            if known is None or known[0] != key or not 0 <= now_ns - known[1].now_ns < FOLLOW_SECONDS * NS:
                measured = judged.outlook.measured if judged and judged.outlook else ()
                known = self._papers = key, self._desk().at(now_ns, measured=measured)
            return known[1]

    def _desk(self) -> Desk:
        """Return who reads the registers by the inventory in force."""
        settings = self.folder.settings
        holidays = settings.evaluation.parameters().holidays
        return Desk(self._shelf, self.live.inventory, self.zone, holidays=holidays, duties=settings.duties)

    def evaluation(self, month: Month) -> Evaluation:
        """Evaluate a month, one at a time; the last answer is kept while neither readings nor register change."""
        with self._evaluating:
            key = (month, self.folder.journal.length(), self.folder.register.revision())
            if self._kept is None or self._kept[0] != key:
                now_ns = self.clock.now().wall_ns
                until_ns = now_ns if month.end_ns(self.zone) > now_ns else None
                self._kept = key, self.folder.evaluate(month, until_ns=until_ns)
            return self._kept[1]

    @property
    def judgement(self) -> Judgement | None:
        """The last judgement; None before the first, and when the last is too old to be shown as of now."""
        last = self._judgement
        fresh = last is not None and self.clock.now().wall_ns - last.at_ns <= JUDGED_SECONDS * NS
        return last if fresh else None

    @property
    def sinks(self) -> tuple[SinkFact, ...]:
        """What was forwarded, and where to."""
        return (self.feed.fact,) if self.feed is not None else ()

    @property
    def notifications(self) -> Mapping[tuple[str, str], int]:
        """Messages sent since the start, by channel and result."""
        return self.notifier.counts if self.notifier is not None else {}

    def faults(self) -> dict[str, str]:
        """Return the jobs whose last run failed, with the fault."""
        return {name: standing.fault for name, standing in self.jobs.standing.items() if standing.fault}

    # --- jobs ---

    def _jobs(self) -> tuple[Job, ...]:
        return (
            Job("watch", self._watch_links, hour="*", minute="*"),
            Job("judge", self._judge, hour="*", minute="1-59/5"),
            Job("seal", self._seal, hour="0", minute="20"),
            Job("close_month", self._close_months, hour="*", minute="7"),
            Job("retention", self._forget, hour="1", minute="10"),
            Job("check", self._check, hour="2", minute="30", day_of_week="sun"),
            Job("refusals", self._record_refusals, hour="*", minute="*"),
        )

    def _judge(self) -> None:
        """Check the closed bins against the determinations, and evaluate the month to date."""
        snapshot = self.snapshot()
        inventory = self.live.inventory
        bins = self.folder.bins(inventory)
        centre = self.folder.datacentre.now(snapshot.now_ns)
        month = Month.of(self.zone.day(snapshot.now_ns))
        evaluation = self.folder.evaluate(month, until_ns=snapshot.now_ns, compare=False)
        power = self.folder.datacentre.to_date(centre) if centre else None
        network = self._network(month, inventory, snapshot.now_ns)
        self._shelf.follow()
        outlook = self._outlooks.at(
            snapshot.now_ns,
            evaluation,
            inventory=inventory,
            window=snapshot.window,
            proposals=self._shelf.of(PROPOSAL),
            priorities=self._shelf.of(PRIORITY),
        )
        found = findings(
            inventory,
            bins,
            power=snapshot.power,
            window=snapshot.window,
            zone=self.zone,
            centre=centre,
            more=self._owed(snapshot.now_ns, outlook, network),
        )
        self._judgement = Judgement(snapshot.now_ns, found, evaluation, centre or None, power, network, outlook)

    def _owed(self, now_ns: int, outlook: Outlook, network: NetworkMonth) -> list[Finding]:
        """Return the duties that are overdue, the outages that nobody wrote down, and the contracts that end."""
        papers = self._desk().at(now_ns, measured=outlook.measured)
        least = self.folder.settings.incidents.confirm_seconds
        alone = unrecorded(network, self._shelf.of(INCIDENT), now_ns=now_ns, least_seconds=least)
        days = self.folder.settings.duties.contract_days
        ends = ending(self.live.inventory, now_ns=now_ns, days=days)
        return [*duties(papers, zone=self.zone), *alone, *ends]

    def _watch_links(self) -> None:
        """Look since when the links are as they are; open and keep the incidents of falls."""
        snapshot = self.snapshot()
        self._shelf.follow()
        self.watch.look(snapshot, self.live.runs(), self.live.inventory, self._shelf.of(INCIDENT))

    def _network(self, month: Month, inventory: Inventory, now_ns: int) -> NetworkMonth:
        """Judge the links in the month to date, once an hour: every reading of every port since then is looked at."""
        key, at_ns, _ = self._links
        if key != (month, inventory.revision) or not 0 <= now_ns - at_ns < NETWORK_SECONDS * NS:
            readings, book = self.folder.readings, self.folder.register.book
            made = network_of(inventory, readings, book, month, zone=self.zone, until_ns=now_ns)
            self._links = (month, inventory.revision), now_ns, made
        return self._links[2]

    def _seal(self) -> None:
        for record in seal(self.folder.journal, self.folder.archive, today=self._today()):
            log.info("sealed %s part %d", record.day, record.part)

    def _close_months(self) -> None:
        for month in self.folder.due():
            issue, written = self.folder.issue(month)
            if written:
                log.info("closed %s: version %d of its report is in %s", month, issue.version, issue.folder)
        for issue in self.folder.life.settle():
            log.info("%s version %d is approved: %s", issue.month, issue.version, issue.approved_folder)

    def _forget(self) -> None:
        folder = self.folder
        upto_id = forgettable(
            folder.journal,
            folder.archive,
            now_ns=self.clock.now().wall_ns,
            is_issued=folder.reports.is_approved,
        )
        if upto_id:
            log.info("forgot %d batches of months whose report is approved", folder.journal.forget(upto_id))
        forget_chunks(folder.archive, today=self._today())

    def _check(self) -> None:
        """Check the folder's integrity, at most once in six days: each start asks again."""
        last = self.folder.last_check()
        if last is None or self.clock.now().wall_ns - last.ended_ns > 6 * DAY_S * NS:
            problems = self.folder.check()
            for problem in problems[:LOGGED]:
                log.error("integrity: %s", problem)
            if len(problems) > LOGGED:
                log.error("integrity: and %d more; nadi check tells all", len(problems) - LOGGED)

    def _record_refusals(self) -> None:
        """Write down refusals that were counted together; the last ones of a burst would wait for the next one."""
        self.folder.register.audit.flush(self.clock.now().wall_ns)

    def _today(self) -> date:
        return self.zone.day(self.clock.now().wall_ns)

"""From registers and past months to what the report tells of the loop: each record as it stood at the closing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from agent.clock import Month, Zone
from collector.inventory import Class
from collector.judge.demand import LOOK_BACK_MONTHS
from collector.judge.drift import Drift
from collector.judge.month import Evaluation
from collector.judge.network import NetworkMonth
from collector.judge.past import Earlier
from collector.judge.planning import Asked, PlanSettings, plan
from collector.judge.service import ServiceHours, Target, service
from collector.ledger.journal import Journal
from collector.promises import promises
from collector.register.audit import Audit
from collector.register.book import Book, Record
from collector.register.content import utc_ns
from collector.register.records import priority
from collector.register.records.contract import CONTRACT_TERMS
from collector.register.records.disconnection import DISCONNECTION
from collector.register.records.followup import FOLLOWUP, OPEN
from collector.register.records.incident import INCIDENT, Incident, case_of
from collector.register.records.logcheck import LOGCHECK
from collector.register.records.proposal import PROPOSAL, Proposal
from collector.register.records.service_level import MOST_MINUTES, SERVICE_LEVEL, level_at
from collector.report import trends
from collector.report.loop import Counted, Handled, Loop

COUNTS = frozenset(("diajukan", "diterima"))
"""States in which a proposal counts; what was refused or returned does not move the need (spec/evaluation.md 3a)."""

WHOLE, DAMAGED = "integrity.whole", "integrity.damaged"
"""How the audit log names a check of everything's integrity, by what it found."""

UNTOLD = Target(MOST_MINUTES, MOST_MINUTES, ServiceHours())
"""The hours of service of an incident for which no level is in force: its time runs on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanningSettings:
    """What is kept back of the bought capacity in percent, and Mbps for the Dinas' own operation."""

    reserve_percent: int = 10
    operations_mbps: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.reserve_percent < 100:
            raise ValueError("reserve_percent must be between 0 and 99")
        if self.operations_mbps < 0:
            raise ValueError("operations_mbps must not be negative")

    def plan(self, weights: Mapping[Class, int]) -> PlanSettings:
        """Return them in the form in which they are judged, with the weights in force."""
        reserve = Fraction(self.reserve_percent, 100)
        return PlanSettings(reserve=reserve, operations_mbps=self.operations_mbps, weights=weights)


def loop_of(
    evaluation: Evaluation,
    *,
    book: Book,
    zone: Zone,
    settings: PlanningSettings,
    past: Callable[[Month], Earlier],
    counted: Counted | None = None,
    network: NetworkMonth | None = None,
    drifts: tuple[Drift, ...] = (),
) -> Loop:
    """Return what is told of a whole month; ``past`` gives the figures of an earlier one."""
    closed_ns, since_ns = evaluation.closed_ns, evaluation.month.start_ns(zone)
    known = list(book.as_of(PROPOSAL, closed_ns))
    earlier = [past(evaluation.month.shifted(-i)) for i in range(1, trends.MONTHS)]
    coming = evaluation.month.shifted(1)
    asked, month = asked_for(known, coming), str(evaluation.month)
    weights = priority.in_force(book.as_of(priority.PRIORITY, closed_ns), coming.days[0]).weights
    incidents = tuple(_handled(evaluation, book, zone))
    return Loop(
        plan=plan(evaluation, past=earlier[:LOOK_BACK_MONTHS], asked=asked, settings=settings.plan(weights)),
        proposals=tuple(item for item in known if item.state == "diajukan" or item.recorded_ns >= since_ns),
        followups=tuple(
            item
            for item in book.as_of(FOLLOWUP, closed_ns)
            if item.form.month < month and (item.state in (*OPEN, "selesai") or item.recorded_ns >= since_ns)
        ),
        incidents=incidents,
        disconnections=tuple(
            item
            for item in book.as_of(DISCONNECTION, closed_ns)
            if item.state in ("disetujui", "aktif", "selesai") and _lasted(item, evaluation, zone)
        ),
        log_checks=tuple(
            item
            for item in book.as_of(LOGCHECK, closed_ns)
            if item.form.month <= month and (item.form.month == month or item.recorded_ns >= since_ns)
        ),
        counted=counted,
        network=network,
        drifts=drifts,
        contracts=promises(evaluation, network, incidents, list(book.as_of(CONTRACT_TERMS, closed_ns)), zone=zone),
        series=trends.series(evaluation, earlier),
    )


def _lasted(record: Record, evaluation: Evaluation, zone: Zone) -> bool:
    """Tell whether a disconnection lasted, or was to last, in the month."""
    form, month = record.form, evaluation.month
    start_ns = utc_ns(form.started or form.starts)
    if record.state == "aktif":
        return start_ns < month.end_ns(zone)
    return start_ns < month.end_ns(zone) and utc_ns(form.ended or form.ends) > month.start_ns(zone)


def _handled(evaluation: Evaluation, book: Book, zone: Zone) -> Iterator[Handled]:
    """Yield the incidents that lasted in the month, judged at the closing by the level of the day they began."""
    start_ns, end_ns = evaluation.month.start_ns(zone), evaluation.month.end_ns(zone)
    tables = list(book.as_of(SERVICE_LEVEL, evaluation.closed_ns))
    for record in book.as_of(INCIDENT, evaluation.closed_ns):
        form: Incident = record.form
        began_ns = utc_ns(form.started)
        if began_ns >= end_ns or (form.ended is not None and utc_ns(form.ended) < start_ns):
            continue
        level = level_at(tables, form, zone.day(began_ns))
        target = level.target if level else None
        judged = service(
            case_of(form),
            target or UNTOLD,
            now_ns=evaluation.closed_ns,
            zone=zone,
            holidays=evaluation.parameters.holidays,
        )
        yield Handled(record, judged, level.name if level else "", target)


def asked_for(records: Iterable[Record], coming: Month) -> dict[str, Asked]:
    """Return the proposal of each OPD that counts, the newest of several.

    It may raise the need only when it is accepted and names a new service that begins in the coming month.
    """
    found: dict[str, Asked] = {}
    for record in records:
        form: Proposal = record.form
        if record.state in COUNTS:
            begins = form.starts in coming.days
            raises = record.state == "diterima" and bool(form.new_service.strip()) and begins
            found[record.opd] = Asked(record.code, form.down_mbps, form.up_mbps, raises)
    return found


def counted(month: Month, zone: Zone, *, journal: Journal, audit: Audit) -> Counted:
    """Return what Nadi counted of itself in a month."""
    start_ns, end_ns = month.start_ns(zone), month.end_ns(zone)
    results: Counter[str] = Counter()
    checks: Counter[bool] = Counter()
    for (action, result), count in audit.counts(start_ns, end_ns).items():
        results[result] += count
        if action in (WHOLE, DAMAGED):
            checks[action == WHOLE] += count
    return Counted(audit=results, put_aside=journal.put_aside(start_ns, end_ns), checks=checks)

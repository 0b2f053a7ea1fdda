"""What the registers mean at this minute: work under way, disconnections, open incidents and their clocks, what is due.

Pure: the newest revisions and a time in, values out. The report tells of a month as it stood at its closing
(``loop.py``); this is for looking at now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from agent.clock import DAY_S, NS, Month, Zone
from collector.inventory import Inventory
from collector.judge.service import Measured, Service, due, service
from collector.measure.intervals import NEVER, Intervals
from collector.register.book import Record
from collector.register.content import utc_ns
from collector.register.records import disconnection, followup, incident, logcheck, maintenance
from collector.register.records.delivery import DELIVERY
from collector.register.records.disconnection import DISCONNECTION
from collector.register.records.followup import FOLLOWUP
from collector.register.records.incident import FLIP, INCIDENT, INCIDENT_TYPES, Incident, case_of, running_case
from collector.register.records.logcheck import LOGCHECK
from collector.register.records.maintenance import MAINTENANCE
from collector.register.records.proposal import PROPOSAL
from collector.register.records.report_state import REPORT_STATE
from collector.register.records.service_level import SERVICE_LEVEL, Level, in_force, level_at
from collector.register.shelf import Shelf

MOST_OPEN = 200
"""Of each kind of open thing so many are told one by one, the oldest; the rest is counted."""

MOST_COUNTS = 200
MONTHS = 12

REPORT_STATES: Mapping[str, int] = {"draf": 1, "dikembalikan": 1, "diperiksa": 2, "disahkan": 3, "disampaikan": 4}
"""Codes of ``nadi_report_state``; 0 is a month that is not closed yet."""

Kinds = tuple[str, str, str]
"""Type, level and domain of incidents; "" is none, or not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DutySettings:
    """How many days after a month's end its report must have been delivered, and its log check signed.

    ``contract_days`` are the days before the end of a contract on which it is warned of, three times.
    """

    report_days: int = 10
    log_check_days: int = logcheck.DUE_DAYS
    contract_days: tuple[int, ...] = (90, 60, 30)

    def __post_init__(self) -> None:
        for name, value in (("report_days", self.report_days), ("log_check_days", self.log_check_days)):
            if not 1 <= value <= 365:
                raise ValueError(f"{name} is not between 1 and 365")
        days = self.contract_days
        if len(days) != 3 or not 365 >= days[0] > days[1] > days[2] >= 1:
            raise ValueError("contract_days must be three numbers of days between 365 and 1, the largest first")


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident on which somebody works, or should: its clock as it runs, pauses on record left out.

    ``service``, ``due_ns`` and ``answer_due_ns`` (UTC, when the time to restore, or to answer, is used up) are None
    without a level in force.
    """

    record: Record
    kinds: Kinds
    service: Service | None
    due_ns: int | None
    answer_due_ns: int | None = None

    @property
    def breached(self) -> bool:
        """Whether a target is broken already."""
        return self.service is not None and self.service.kept == "terlampaui"

    @property
    def began_ns(self) -> int:
        """When it began (UTC)."""
        return utc_ns(self.record.form.started)


@dataclass(frozen=True, slots=True)
class MonthReport:
    """A month's report in the registers: the state that any version reached, its deadline, when it was handed over.

    ``state`` 0: nothing is written yet. ``open`` and ``overdue`` count the recommendations of that month.
    """

    month: Month
    state: int
    due_ns: int
    delivered_ns: int | None
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Paperwork:
    """What the registers say at ``now_ns``.

    work, apart    announced work under way, active disconnections and blockings, the oldest first
    incidents      open ones, the oldest first
    counts         open and broken ones by type, level and domain, zeros of every combination in use
    opened         all that were ever opened, by type, domain, and how: ``terukur`` by Nadi, ``dilaporkan`` by people
    kept           of the month's incidents the part answered and restored in time, by level
    reports        months that are over and were measured, the oldest first
    log_checks     months whose log check is not signed, with the deadline (UTC ns), the oldest first
    followups      recommendations past their day
    """

    now_ns: int
    work: tuple[Record, ...]
    apart: tuple[Record, ...]
    incidents: tuple[OpenIncident, ...]
    counts: Mapping[Kinds, tuple[int, int]]
    opened: Mapping[tuple[str, str, str], int]
    kept: Mapping[str, tuple[Fraction | None, Fraction | None]]
    proposals: Mapping[str, int]
    reports: tuple[MonthReport, ...]
    log_checks: tuple[tuple[Month, int], ...]
    followups: tuple[Record, ...]


class Desk:
    """Reads a shelf of records with the eyes of one inventory, zone and calendar."""

    def __init__(
        self, shelf: Shelf, inventory: Inventory, zone: Zone, *, holidays: Collection[date], duties: DutySettings
    ) -> None:
        self._shelf, self._inventory, self._zone = shelf, inventory, zone
        self._holidays, self._duties = holidays, duties

    def at(self, now_ns: int, *, measured: Sequence[Month] = ()) -> Paperwork:
        """Return what stands at ``now_ns``; ``measured`` are the months of which there are readings."""
        tables, every = self._shelf.of(SERVICE_LEVEL), self._shelf.of(INCIDENT)
        found = [self._open(item, tables, now_ns) for item in every if item.state in incident.OPEN]
        found.sort(key=lambda item: (item.began_ns, item.record.code))
        ended = [month for month in measured if month.end_ns(self._zone) <= now_ns][-MONTHS:]
        return Paperwork(
            now_ns=now_ns,
            work=_oldest(item for item in self._shelf.of(MAINTENANCE) if lasts(maintenance.under_way(item), now_ns)),
            apart=_oldest(item for item in self._shelf.of(DISCONNECTION) if item.state == "aktif"),
            incidents=tuple(found),
            counts=self._counts(found, every, tables, now_ns),
            opened=Counter(self._way(item.form) for item in every),
            kept=self._kept(every, tables, now_ns),
            proposals=self._proposals(),
            reports=tuple(self._report(month, now_ns) for month in ended),
            log_checks=tuple(self._unsigned(ended)),
            followups=_oldest(
                item for item in self._shelf.of(FOLLOWUP) if followup.overdue(item, zone=self._zone, now_ns=now_ns)
            ),
        )

    def closed(self) -> dict[str, tuple[Intervals, Intervals]]:
        """Return when each link is in announced work, and disconnected (UTC ns); links without either are left out."""
        found: dict[str, tuple[Intervals, Intervals]] = {}
        work = [item for item in self._shelf.of(MAINTENANCE) if item.state == "diumumkan"]
        apart = [item for item in self._shelf.of(DISCONNECTION) if item.state == "aktif"]
        for code in self._inventory.link if work or apart else ():
            planned = _union(
                maintenance.under_way(item) for item in work if maintenance.concerns(item.form, code, self._inventory)
            )
            away = _union(
                disconnection.in_effect(item)
                for item in apart
                if disconnection.concerns(item.form, code, self._inventory)
            )
            if planned.spans or away.spans:
                found[code] = planned, away
        return found

    # --- incidents ---

    def _level(self, form: Incident, tables: Iterable[Record]) -> Level | None:
        return level_at(tables, form, self._zone.day(utc_ns(form.started)))

    def _open(self, record: Record, tables: Iterable[Record], now_ns: int) -> OpenIncident:
        form: Incident = record.form
        level = self._level(form, tables)
        kinds = form.type, level.code if level else "", self._domain(form)
        if level is None:
            return OpenIncident(record, kinds, None, None)
        case, target = running_case(form, now_ns), level.target
        return OpenIncident(
            record,
            kinds,
            service(case, target, now_ns=now_ns, zone=self._zone, holidays=self._holidays),
            due(case, target.restore_minutes, target.hours, zone=self._zone, holidays=self._holidays),
            due(
                replace(case, pauses=NEVER),
                target.response_minutes,
                target.hours,
                zone=self._zone,
                holidays=self._holidays,
            ),
        )

    def _domain(self, form: Incident) -> str:
        """Return whose part it is: as it was confirmed, else proposed, else who maintains the line."""
        link = self._inventory.link.get(form.link)
        maintainer = link.maintainer if link else ""
        return form.attribution or form.proposed or maintainer

    def _way(self, form: Incident) -> tuple[str, str, str]:
        """Return type, domain and how an incident was opened: only what is not changed afterwards."""
        link = self._inventory.link.get(form.link)
        cause = "terukur" if form.reporter == FLIP.name else "dilaporkan"
        return form.type, form.suspected or (link.maintainer if link else ""), cause

    def _counts(
        self, found: Iterable[OpenIncident], every: Iterable[Record], tables: Sequence[Record], now_ns: int
    ) -> dict[Kinds, tuple[int, int]]:
        since_ns = now_ns - 400 * DAY_S * NS
        levels = in_force(tables, self._zone.day(now_ns))
        counts: dict[Kinds, tuple[int, int]] = {}
        for kind in INCIDENT_TYPES:
            usual = levels and levels.level_of(opd="", type=kind)
            counts[kind, usual.code if usual else "", ""] = 0, 0
        for item in every:
            if len(counts) < MOST_COUNTS and item.at_ns >= since_ns:
                level = self._level(item.form, tables)
                counts.setdefault((item.form.type, level.code if level else "", self._domain(item.form)), (0, 0))
        for one in found:
            open_, broken = counts.get(one.kinds, (0, 0))
            counts[one.kinds] = open_ + 1, broken + one.breached
        return counts

    def _kept(
        self, every: Iterable[Record], tables: Sequence[Record], now_ns: int
    ) -> dict[str, tuple[Fraction | None, Fraction | None]]:
        """Judge the incidents that began in this month as the report does."""
        start_ns = Month.of(self._zone.day(now_ns)).start_ns(self._zone)
        judged: dict[str, list[Service]] = {}
        for item in every:
            level = self._level(item.form, tables) if item.at_ns >= start_ns else None
            if level is not None:
                case = case_of(item.form)
                made = service(case, level.target, now_ns=now_ns, zone=self._zone, holidays=self._holidays)
                judged.setdefault(level.code, []).append(made)
        return {
            code: (_part(one.response for one in made), _part(one.restore for one in made))
            for code, made in judged.items()
        }

    # --- proposals, reports, log checks ---

    def _proposals(self) -> dict[str, int]:
        records = self._shelf.of(PROPOSAL)
        return {state: sum(item.state == state for item in records) for state in PROPOSAL.states}

    def _report(self, month: Month, now_ns: int) -> MonthReport:
        name, zone = str(month), self._zone
        states = [REPORT_STATES.get(item.state, 1) for item in self._shelf.of(REPORT_STATE) if item.form.month == name]
        sent = [
            utc_ns(item.form.sent)
            for item in self._shelf.of(DELIVERY)
            if item.form.month == name and item.state != "gagal"
        ]
        asked = [item for item in self._shelf.of(FOLLOWUP) if item.form.month == name and item.state in followup.OPEN]
        return MonthReport(
            month=month,
            state=max(states, default=0),
            due_ns=month.end_ns(zone) + self._duties.report_days * DAY_S * NS,
            delivered_ns=min(sent) if sent and max(states, default=0) == REPORT_STATES["disampaikan"] else None,
            open=len(asked),
            overdue=sum(followup.overdue(item, zone=zone, now_ns=now_ns) for item in asked),
        )

    def _unsigned(self, ended: Iterable[Month]) -> Iterable[tuple[Month, int]]:
        signed = {item.form.month for item in self._shelf.of(LOGCHECK) if item.state == "disahkan"}
        for month in ended:
            if str(month) not in signed:
                yield month, month.end_ns(self._zone) + self._duties.log_check_days * DAY_S * NS


def lasts(when: Intervals, now_ns: int) -> bool:
    """Tell whether a time is in a set (UTC ns)."""
    return any(start <= now_ns < end for start, end in when.spans)


def _oldest(records: Iterable[Record]) -> tuple[Record, ...]:
    return tuple(sorted(records, key=lambda item: (item.at_ns, item.code)))


def _union(sets: Iterable[Intervals]) -> Intervals:
    return Intervals.of(span for one in sets for span in one.spans)


def _part(times: Iterable[Measured]) -> Fraction | None:
    """Return the part that kept its target of those that did or did not; None while neither is known of any."""
    verdicts = [item.verdict for item in times]
    kept, missed = verdicts.count("tercapai"), verdicts.count("terlampaui")
    return Fraction(kept, kept + missed) if kept + missed else None

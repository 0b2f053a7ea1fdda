"""From the register and the readings to the data centre's rows: gathers what ``judge/datacentre.py`` judges.

A month is read from its sealed days; what stands now from the last week, backups from the last weeks. Power failures
of the year before, which prove how long a transfer takes, are kept while neither readings nor register change.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from agent.clock import MS, NS, Month, Zone
from collector.centre_readings import CentreReadings
from collector.inventory import Inventory
from collector.judge.allocation import Finding
from collector.judge.datacentre import (
    Case,
    DataCentreMonth,
    DataCentreNow,
    at_present,
    failures_of,
    over_month,
)
from collector.judge.equipment import ups_row
from collector.judge.reconcile import End, reconcile
from collector.judge.told import PowerNote
from collector.ledger.binstore import BinStore
from collector.ledger.naming import Names
from collector.ledger.readings import Readings
from collector.measure.supply import PowerEvent
from collector.register.revisions import Register

NOW_DAYS = 8
"""How many days are looked at for what stands now."""

PROVEN_MONTHS = 12
_DAY_NS = 86_400 * NS
_KEPT_MONTHS = 2 * PROVEN_MONTHS


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What power failures of a month follow from: they hold while it stays the same."""

    revision: int
    log: tuple[int, int]
    newest: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PowerToDate:
    """Power since the month began, and the newest transfer to each generator of the last twelve months.

    on_battery  by UPS: times on battery and ms on battery, as far as they were seen; one not heard of is absent
    transfers   by generator: how often it took the load, tests too; one not heard of is absent
    transfer_ms by generator: mains lost to load carried by it, the upper bound; without one that is known it is absent
    """

    on_battery: Mapping[str, tuple[int, int]]
    transfers: Mapping[str, int]
    transfer_ms: Mapping[str, int]


class DataCentre:
    """Judges the data centre of one data folder. Its methods may be called from any thread."""

    def __init__(self, *, readings: Readings, register: Register, zone: Zone) -> None:
        self._readings, self._register, self._zone = readings, register, zone
        self._names = Names(readings)
        self._events: dict[Month, tuple[_Stamp, tuple[PowerEvent, ...]]] = {}
        self._since: tuple[int, dict[tuple[str, str], int]] | None = None
        self._lock = threading.Lock()

    def month(self, month: Month, *, bins: BinStore | None = None, until_ns: int | None = None) -> DataCentreMonth:
        """Judge a month (up to ``until_ns``), with ``bins`` the lines of two ends too. Raises ChunkDamaged."""
        end_ns = month.end_ns(self._zone) if until_ns is None else min(until_ns, month.end_ns(self._zone))
        inventory = self._register.inventory()
        with self._lock:
            case = self._case(inventory, month.start_ns(self._zone), end_ns, whole=True, later=until_ns is None)
            found = lines(inventory, bins, month=month, zone=self._zone, end_ns=end_ns) if bins else ()
            return over_month(case, month, found)

    def now(self, now_ns: int) -> DataCentreNow:
        """Judge what stands at ``now_ns``, by the readings of the last days. Raises ChunkDamaged."""
        inventory = self._register.inventory()
        with self._lock:
            start_ns = now_ns - NOW_DAYS * _DAY_NS
            return at_present(self._case(inventory, start_ns, now_ns, whole=False, later=False))

    def to_date(self, centre: DataCentreNow) -> PowerToDate:
        """Count what happened to power in the month of ``centre``, which stands now. Raises ChunkDamaged."""
        inventory, end_ns = self._register.inventory(), centre.at_ms * MS
        month_ns = Month.of(self._zone.day(end_ns)).start_ns(self._zone)
        with self._lock:
            told = CentreReadings(inventory, self._readings, self._names, start_ns=month_ns, end_ns=end_ns, later=False)
            rows = [
                ups_row(item, start_ms=month_ns // MS, end_ms=centre.at_ms, installed_ms=None) for item in told.upses()
            ]
            events = (*self._history(inventory, centre.start_ms * MS), *centre.events)
        carried = [item for item in events if item.carrying is not None]
        counted = Counter(item.supply for item in carried if (item.start.high_ms or 0) >= month_ns // MS)
        return PowerToDate(
            on_battery={row.ups.code: (row.battery_events, row.on_battery_ms) for row in rows if row.known_ms},
            transfers={
                row.generator.code: counted[row.generator.code]
                for row in centre.generators
                if row.seen_ms is not None or counted[row.generator.code]
            },
            transfer_ms={
                item.supply: item.transfer_high_ms
                for item in sorted(carried, key=lambda item: item.start.high_ms or 0)
                if item.transfer_high_ms is not None and not item.test
            },
        )

    def _case(self, inventory: Inventory, start_ns: int, end_ns: int, *, whole: bool, later: bool) -> Case:
        told = CentreReadings(inventory, self._readings, self._names, start_ns=start_ns, end_ns=end_ns, later=later)
        devices = inventory.device
        return Case(
            start_ms=start_ns // MS,
            end_ms=end_ns // MS,
            today=self._zone.day(end_ns - 1 if whole else end_ns),
            servers=[(item, devices[item.code].name, devices[item.code].site) for item in inventory.servers],
            ups=told.upses(),
            sensors=told.sensors() if whole else (),
            generators=told.generators(),
            backups=told.backups(self._register.logbook.restore_tests(before_ns=end_ns)),
            devices=told.devices() if whole else (),
            installed={
                item.code: self._zone.day_start(item.battery_installed) // MS
                for item in inventory.upses
                if item.battery_installed is not None
            },
            history=self._history(inventory, start_ns),
            notes=self._notes(start_ns, end_ns),
            since=self._registered(),
        )

    def _notes(self, start_ns: int, end_ns: int) -> tuple[PowerNote, ...]:
        entries = self._register.logbook.power(start_ns=start_ns - 400 * _DAY_NS, end_ns=end_ns)
        return tuple(
            PowerNote(
                id=item.id,
                kind=item.kind,
                at_ms=item.at_ns // MS,
                value=item.value,
                object=item.object,
                note=item.note,
                actor=item.actor,
                recorded_ms=item.recorded_ns // MS,
            )
            for item in entries
        )

    # --- what is kept ---

    def _history(self, inventory: Inventory, start_ns: int) -> tuple[PowerEvent, ...]:
        """Return the power failures of the twelve months before ``start_ns``."""
        if not (inventory.generators and inventory.ups):
            return ()
        last = Month.of(self._zone.day(start_ns))
        months = [last.shifted(-i) for i in range(PROVEN_MONTHS, -1, -1)]
        found = [event for month in months for event in self._failures(inventory, month, start_ns)]
        since_ms = (start_ns - 366 * _DAY_NS) // MS
        return tuple(event for event in found if since_ms <= (event.start.high_ms or 0) < start_ns // MS)

    def _failures(self, inventory: Inventory, month: Month, before_ns: int) -> tuple[PowerEvent, ...]:
        start_ns, end_ns = month.start_ns(self._zone), min(month.end_ns(self._zone), before_ns)
        if end_ns <= start_ns:
            return ()
        told = CentreReadings(inventory, self._readings, self._names, start_ns=start_ns, end_ns=end_ns, later=True)
        newest = told.newest()
        if not any(newest):
            return ()
        stamp = _Stamp(inventory.revision, self._register.logbook.last_ids(), (end_ns, *newest))
        known = self._events.get(month)
        if known is None or known[0] != stamp:
            case = Case(
                start_ms=start_ns // MS,
                end_ms=end_ns // MS,
                today=self._zone.day(end_ns - 1),
                ups=told.upses(),
                generators=told.generators(),
                notes=self._notes(start_ns, end_ns),
            )
            known = stamp, failures_of(case)
            if len(self._events) >= _KEPT_MONTHS:
                del self._events[min(self._events)]
            self._events[month] = known
        return known[1]

    def _registered(self) -> dict[tuple[str, str], int]:
        """Return since when (UTC ms) the register says, revision after revision, what it says of each server."""
        revisions = self._register.revisions()
        newest = revisions[0][0] if revisions else 0
        if self._since is None or self._since[0] != newest:
            since: dict[tuple[str, str], int] = {}
            standing: set[tuple[str, str]] | None = None
            for number, applied_ns in revisions:
                said = _said(self._register, number)
                standing = said if standing is None else standing & said
                if not standing:
                    break
                since |= dict.fromkeys(standing, applied_ns // MS)
            self._since = newest, since
        return self._since[1]


def _said(register: Register, revision: int) -> set[tuple[str, str]]:
    """Return what a revision says of servers without protection."""
    document = register.document(revision=revision)
    saved = {item.server for item in document.backup}
    taped = {item.server for item in document.backup if item.tape_copies}
    told: set[tuple[str, str]] = set()
    for item in document.server:
        told |= {("without_ups", item.code)} if not item.ups else set()
        told |= {("outside", item.code)} if not item.datacentre else set()
        told |= {("without_backup", item.code)} if item.code not in saved else set()
        told |= {("without_tape", item.code)} if item.code not in taped else set()
    return told


def lines(inventory: Inventory, bins: BinStore, *, month: Month, zone: Zone, end_ns: int) -> tuple[Finding, ...]:
    """Reconcile every line measured at both ends over the whole days of a month that have ended by ``end_ns``."""
    days: Sequence[date] = [day for day in month.days if zone.day_start(day + timedelta(days=1)) <= end_ns]
    found: list[Finding] = []
    for noc, opd in inventory.lines() if days else ():
        ends = [End(link.code, link.active, *bins.link_span(link, days)) for link in (noc, opd)]
        found += reconcile(ends[0], ends[1], until_ms=zone.day_start(days[-1] + timedelta(days=1)) // MS)
    return tuple(sorted(found, key=lambda item: (item.object, item.rule, item.direction, item.start_ns)))

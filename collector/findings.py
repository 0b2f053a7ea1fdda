"""What stands now: OPDs over their determinations, lines whose ends disagree, SNMP in clear, the data centre."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from agent.clock import MS, Zone
from collector.evaluation import spans_of
from collector.inventory import Inventory, Opd
from collector.judge.allocation import SEVERITY, DirectionName, Finding, Thresholds, check, uses
from collector.judge.datacentre import DataCentreNow
from collector.judge.now import Window
from collector.judge.reconcile import End, reconcile
from collector.ledger.binstore import BinStore
from collector.measure.bins import Bins, total
from collector.measure.intervals import Intervals
from collector.power import Power

RECONCILED_DAYS = 7
UNPROTECTED = frozenset(("snmpv1", "snmpv2c"))
"""Protocols that send what they read, and the word that opens it, in clear (Barito Utara 11/2023 Pasal 16 ayat (7))."""


def findings(
    inventory: Inventory,
    bins: BinStore,
    *,
    power: Power,
    window: Window,
    zone: Zone,
    centre: DataCentreNow | None = None,
    more: Iterable[Finding] = (),
) -> tuple[Finding, ...]:
    """Return the findings that stand, those of the data centre and ``more`` with them.

    The gravest and then the oldest come first.
    """
    found = [
        finding
        for opd in inventory.opds
        for finding in _of(opd, inventory, bins, window=window, zone=zone)
        if finding.end_ns is None
    ]
    found += lines(inventory, bins, window=window, zone=zone)
    found += unprotected(power)
    found += centre.findings if centre is not None else ()
    found += more
    return tuple(sorted(found, key=lambda item: (-item.severity, item.start_ns, item.object, item.direction)))


def lines(inventory: Inventory, bins: BinStore, *, window: Window, zone: Zone) -> list[Finding]:
    """Reconcile every line measured at both ends, over the last week and today."""
    today = zone.day(window.now_ms * MS)
    days = [today - timedelta(days=i) for i in range(RECONCILED_DAYS, -1, -1)]
    start_ns = zone.day_start(days[0])
    found: list[Finding] = []
    for noc, opd in inventory.lines():
        if (noc.active & opd.active & Intervals.of([(start_ns, window.now_ms * MS)])).spans:
            ends = [End(link.code, link.active, *bins.link_span(link, days)) for link in (noc, opd)]
            found += reconcile(ends[0], ends[1], until_ms=window.settled_ms)
    return found


def unprotected(power: Power) -> list[Finding]:
    """List the devices which are polled in clear, by what they last were polled with."""
    none = Fraction(0)
    return [
        Finding("snmp_v2c", item.device.code, "", SEVERITY["snmp_v2c"], item.since_ms * MS, None, none, none, "")
        for item in power.info()
        if item.tags["protocol"].lower() in UNPROTECTED
    ]


def _of(opd: Opd, inventory: Inventory, bins: BinStore, *, window: Window, zone: Zone) -> list[Finding]:
    links = [link for link in inventory.links_of(opd.code) if inventory.counts(link, window.now_ms * MS)]
    spans = spans_of(inventory, opd.code)
    if not links or not spans:
        return []
    today = zone.day(window.now_ms * MS)
    pairs = [bins.link_span(link, [today - timedelta(days=1), today]) for link in links]
    limited = any(link.limited for link in links)
    found: list[Finding] = []
    directions: tuple[DirectionName, DirectionName] = ("unduh", "unggah")
    for i, direction in enumerate(directions):
        closed = _until(total([pair[i] for pair in pairs]), window.settled_ms)
        used = uses(closed, spans, direction)
        found += check(opd.code, direction, used, limited=limited, thresholds=Thresholds())
    return found


def _until(found: Bins, end_ms: int) -> Bins:
    count = max(0, (end_ms - found.start_ms) // found.width_ms)
    return replace(
        found,
        octets_u=found.octets_u[:count],
        covered_ms=found.covered_ms[:count],
        long_u=found.long_u[:count],
    )

"""The live check of every OPD: its settled bins since yesterday against the determinations in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from agent.clock import MS, Zone
from collector.evaluation import spans_of
from collector.inventory import Inventory, Opd
from collector.judge.allocation import DirectionName, Finding, Thresholds, check, uses
from collector.judge.now import Window
from collector.ledger.binstore import BinStore
from collector.measure.bins import Bins, total


def findings(inventory: Inventory, bins: BinStore, *, window: Window, zone: Zone) -> tuple[Finding, ...]:
    """Return the findings that stand, the gravest and then the oldest first."""
    found = [
        finding
        for opd in inventory.opds
        for finding in _of(opd, inventory, bins, window=window, zone=zone)
        if finding.end_ns is None
    ]
    return tuple(sorted(found, key=lambda item: (-item.severity, item.start_ns, item.object, item.direction)))


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

"""The limits that routers were last read to be set to, from the ledger."""

from __future__ import annotations

from agent.clock import MS, NS
from agent.reading import series_key
from collector.inventory import Counter, Inventory, Link
from collector.judge.drift import MEASUREMENT, TAGS, Drift, Fields, drifts
from collector.ledger.columns import Series
from collector.ledger.fields import field_values, newest_fields
from collector.ledger.readings import Readings

FRESH_NS = 3600 * NS
"""A limit read longer ago is not read: agents ask at least each quarter of an hour."""


def drifts_at(inventory: Inventory, readings: Readings, *, at_ns: int, opd: str = "") -> tuple[Drift, ...]:
    """Return what routers are set to at ``at_ns`` beside what is determined; raises ChunkDamaged."""

    def told(link: Link, counter: Counter) -> Fields:
        tags = (("device", link.device), (TAGS[counter.measurement], counter.object))
        series = Series(inventory.device[link.device].source, link.device, series_key(MEASUREMENT, tags))
        columns = readings.columns(series, start_ns=at_ns - FRESH_NS, end_ns=at_ns + 1)
        return newest_fields(field_values(columns), before_ms=at_ns // MS + 1)[1]

    return drifts(inventory, told, at_ns=at_ns, opd=opd)

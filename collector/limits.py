"""The limits that routers were read to be set to, from the ledger: the newest, and those of whole days for a month.

A day's limits follow from its readings and from those of the last hour before it, so they are kept beside the bins and
made again when the journal holds anything newer for either day.
"""

from __future__ import annotations

import hashlib
import logging
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from agent.clock import MS
from agent.reading import series_key
from collector.inventory import Counter, Device, Inventory, Link
from collector.judge.drift import MEASUREMENT, TAGS, Drift, Fields, drifts, limit_field
from collector.ledger.archive import StoredDay
from collector.ledger.binstore import BinsDamaged, require_whole, runs_of, with_body
from collector.ledger.columns import Columns, Series
from collector.ledger.fields import field_values, newest_fields
from collector.ledger.readings import Readings
from collector.measure.limits import HOLD_MS, Run, Runs, joined, part, runs

log = logging.getLogger(__name__)

FRESH_NS = HOLD_MS * MS
"""A limit read longer ago is not read."""

_DAY = timedelta(days=1)
_RUN = struct.Struct("<qq")
_COUNT = struct.Struct("<I")
_Both = tuple[Runs, Runs]


def drifts_at(inventory: Inventory, readings: Readings, *, at_ns: int, opd: str = "") -> tuple[Drift, ...]:
    """Return what routers are set to at ``at_ns`` beside what is determined; raises ChunkDamaged."""

    def told(link: Link, counter: Counter) -> Fields:
        series = _series(inventory.device[link.device], counter)
        columns = readings.columns(series, start_ns=at_ns - FRESH_NS, end_ns=at_ns + 1)
        return newest_fields(field_values(columns), before_ms=at_ns // MS + 1)[1]

    return drifts(inventory, told, at_ns=at_ns, opd=opd)


def _series(device: Device, counter: Counter) -> Series:
    """Name the series that tells the limit of the object which a counter belongs to."""
    tags = (("device", device.code), (TAGS[counter.measurement], counter.object))
    return Series(device.source, device.code, series_key(MEASUREMENT, tags))


@dataclass(frozen=True, slots=True)
class LimitStore:
    """Gives the limits read of links, from the store where it can; ``devices`` says whose readings count."""

    readings: Readings
    devices: Mapping[str, Device]

    def link_span(self, link: Link, days: Sequence[date]) -> _Both:
        """Return the limits of consecutive local days, unduh and unggah; a run of 0 is where none was read.

        A queue that is disabled, has no limit, or told none in a reading has none from then on. Raises ChunkDamaged,
        ArchiveError.
        """
        if not any(self.readings.archive.knows(series) for series in self._of(link)):
            # Nobody read a limit until the last sealing: what the journal may hold since then is little.
            return self._read(link, days[0], days[-1])
        found = self._kept(link, days)
        unduh, unggah = (joined(found[day][way] for day in days) for way in (0, 1))
        return unduh, unggah

    def _kept(self, link: Link, days: Sequence[date]) -> dict[date, _Both]:
        """Return the days from the store; those that it lacks are made, and stored if the device sent more since."""
        ids = self.readings.journal.last_ids(link.device, [days[0] - _DAY, *days, days[-1] + _DAY])
        parameters = self._parameters(link)
        found = self._stored(link, days, parameters, ids)
        rows = []
        for span in runs_of(day for day in days if day not in found):
            unduh, unggah = self._read(link, span[0], span[-1])
            for day in span:
                start_ms, end_ms = self._edges(day, day)
                both = part(unduh, start_ms=start_ms, end_ms=end_ms), part(unggah, start_ms=start_ms, end_ms=end_ms)
                found[day] = both
                # The ids were looked up before the readings: what comes meanwhile makes the row untrue, not the limits.
                if ids[day + _DAY]:
                    newest = max(ids[day - _DAY], ids[day])
                    row = StoredDay(_key(link), day, parameters, day - _DAY, day, newest, b"")
                    rows.append(with_body(row, _packed(both)))
        if rows:
            self.readings.archive.store_bins(rows)
        return found

    def _parameters(self, link: Link) -> bytes:
        """Return a hash of all that a day's limits depend on beside the readings."""
        said = (self.readings.journal.id, self.devices[link.device].source, link.device, *link.counters, HOLD_MS)
        return hashlib.sha256(repr(("limits-1", *said)).encode()).digest()[:16]

    def _stored(
        self, link: Link, days: Sequence[date], parameters: bytes, ids: Mapping[date, int]
    ) -> dict[date, _Both]:
        """Return the stored days that still hold."""
        found = {}
        for row in self.readings.archive.stored_bins(_key(link), days[0], days[-1]):
            if row.parameters == parameters and row.newest == max(ids[row.day - _DAY], ids[row.day]):
                try:
                    found[row.day] = _opened(row)
                except BinsDamaged as error:
                    log.warning("%s; they are made again", error)
        return found

    def _of(self, link: Link) -> set[Series]:
        """Name the series that tell the limits of a link: one, but two of queue trees."""
        return {_series(self.devices[link.device], counter) for counter in link.counters}

    def _read(self, link: Link, first: date, last: date) -> _Both:
        """Return the limits of these days, from the readings."""
        start_ms, end_ms = self._edges(first, last)
        start_ns = start_ms * MS - FRESH_NS
        of = {s: self.readings.columns(s, start_ns=start_ns, end_ns=end_ms * MS) for s in self._of(link)}
        device = self.devices[link.device]
        told = (_told(of[_series(device, counter)], limit_field(counter)) for counter in link.counters)
        unduh, unggah = (runs(read, start_ms=start_ms, end_ms=end_ms) for read in told)
        return unduh, unggah

    def _edges(self, first: date, last: date) -> tuple[int, int]:
        zone = self.readings.journal.zone
        return zone.day_start(first) // MS, zone.day_start(last + _DAY) // MS


def _key(link: Link) -> str:
    return f"{link.code}/limits"


def _told(columns: Columns | None, field: str) -> list[tuple[int, int]]:
    """Return the readings of a limit (ms, bit/s), 0 where the router has none or told none."""
    if columns is None:
        return []
    times = (time_ns // MS for time_ns in columns.corrected_ns.tolist())
    rows = zip(times, _each(columns, "present"), _each(columns, field), strict=True)
    return [(time_ms, 0 if present == 0 or bps is None else max(int(bps), 0)) for time_ms, present, bps in rows]


def _each(columns: Columns, field: str) -> list[int | float | None]:
    """Return a field of each reading, None where it has none."""
    column = columns.fields.get(field)
    if column is None:
        return [None] * len(columns)
    values: list[int | float | None] = column.values.tolist()
    if column.present is None:
        return values
    return [value if there else None for value, there in zip(values, column.present.tolist(), strict=True)]


def _packed(both: _Both) -> bytes:
    return b"".join(_COUNT.pack(len(held)) + b"".join(_RUN.pack(*run) for run in held) for held in both)


def _opened(row: StoredDay) -> _Both:
    """Return what ``_packed`` packed; BinsDamaged."""
    require_whole(row)
    try:
        (first,) = _COUNT.unpack_from(row.blob, 4)
        second = 4 + _COUNT.size + first * _RUN.size
        parts = row.blob[4 + _COUNT.size : second], row.blob[second + _COUNT.size :]
        unduh, unggah = (tuple(Run(*run) for run in _RUN.iter_unpack(part)) for part in parts)
    except struct.error as error:
        raise BinsDamaged(f"stored limits of {row.link} on {row.day} are damaged: {error}") from error
    return unduh, unggah

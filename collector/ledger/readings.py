"""The one way to read measurements: sealed chunks together with what the journal holds beyond them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

import numpy as np

from agent.clock import MS
from collector.inventory import Counter
from collector.ledger.archive import Archive
from collector.ledger.chunks import Place, decode, encode
from collector.ledger.columns import Column, Columns, Ints, Series, counter_series, joined
from collector.ledger.journal import CLOCK_CORRECTED, CLOCK_UNSURE, LATE, Journal
from collector.ledger.lines import columns_of
from collector.ledger.opendays import Kept, Key
from collector.measure.counters import CounterSeries

Direction = Literal["receive", "transmit"]
DIRECTIONS: tuple[Direction, ...] = ("receive", "transmit")

_DAY = timedelta(days=1)
_EVIDENCE = {
    "bits": ("counter_bits", 64),
    "speed": ("speed_bits_per_second", 0),
    "uptime_ticks": ("uptime_ticks", -1),
    "discontinuity_ticks": ("discontinuity_ticks", -1),
    "index": ("index", -1),
}
"""Beside the octets: the field of each column of a counter series, and what stands for "not given"."""

_COUNTED = {
    "nadi_interface": ("receive_bytes_total", "transmit_bytes_total"),
    "nadi_queue": (
        *("receive_bytes_total", "transmit_bytes_total"),
        *("receive_dropped_packets_total", "transmit_dropped_packets_total"),
    ),
    "nadi_queue_tree": ("bytes_total", "dropped_packets_total"),
}
_COUNTER_FIELDS = {
    measurement: frozenset((*fields, *(name for name, _ in _EVIDENCE.values())))
    for measurement, fields in _COUNTED.items()
}


class Readings:
    """Reads what was measured, wherever it lies; a reading is never missed or counted twice while a day is sealed."""

    def __init__(self, *, journal: Journal, archive: Archive) -> None:
        self.journal, self.archive = journal, archive

    def columns(
        self, series: Series, *, start_ns: int, end_ns: int, fields: Collection[str] | None = None
    ) -> Columns | None:
        """Return the readings of a series in ``[start_ns, end_ns)``, in no order; None when there are none.

        Readings of unsure time are left out. ``fields`` limits which fields must be there; raises ChunkDamaged.
        """
        zone = self.journal.zone
        first, last = zone.day(start_ns), zone.day(end_ns - 1)
        # The seals first: what is sealed after this look is still read from the journal.
        sealed = self.archive.sealed(series, first, last, journal=self.journal.id)
        parts = [decode(sealed.chunks, fields=fields)] if sealed.chunks else []
        parts.extend(self._unsealed(series, _days(first, last), sealed.upto, fields))
        return _between(joined(parts), start_ns, end_ns) if parts else None

    def _unsealed(
        self, series: Series, days: Sequence[date], upto: Mapping[date, int], fields: Collection[str] | None
    ) -> list[Columns]:
        """Return what the journal holds beyond the seals, day by day."""
        newest = self.journal.last_ids(series.device, days)
        found = (
            self._open_day(series, day, upto.get(day, 0), newest[day], fields)
            for day in days
            if newest[day] > upto.get(day, 0)
        )
        return [columns for columns in found if columns is not None]

    def _open_day(
        self, series: Series, day: date, after_id: int, newest: int, fields: Collection[str] | None
    ) -> Columns | None:
        key = Key(self.journal.id, series, day, after_id, None if fields is None else frozenset(fields))
        kept = self.archive.open_days.get(key)
        place = Place(series, day, after_id)
        columns = decode([(place, kept.blob)]) if kept.blob else None
        if newest <= kept.upto_id:
            return columns
        start_ns, end_ns = self.journal.zone.day_start(day), self.journal.zone.day_start(day + _DAY)
        rows = self.journal.rows(
            device=series.device, start_ns=start_ns, end_ns=end_ns, after_id=kept.upto_id, upto_id=newest
        )
        more = columns_of(rows, only=series).get(series)
        more = more and _between(more, start_ns, end_ns)
        if more is not None:
            more = more if fields is None else more.only(fields)
            columns = more if columns is None else joined([columns, more])
        # What is late for a sealed day is read once for its bins and sealed the next night.
        if not after_id:
            self.archive.open_days.put(key, Kept(newest, encode(columns, place) if columns is not None else b""))
        return columns

    def counter(
        self, *, device: str, interface: str, source: str, start_ns: int, end_ns: int
    ) -> dict[Direction, CounterSeries]:
        """Return both directions of an interface's octets as ``source`` read them in ``[start_ns, end_ns)``.

        A write token is ``token:NAME``. Times are corrected; readings of unsure time are left out. Raises
        ChunkDamaged.
        """
        pair = tuple(Counter("nadi_interface", interface, f"{direction}_bytes_total") for direction in DIRECTIONS)
        found = self.counters(pair, device=device, source=source, start_ns=start_ns, end_ns=end_ns)
        return dict(zip(DIRECTIONS, found, strict=True))

    def counters(
        self, counters: Sequence[Counter], *, device: str, source: str, start_ns: int, end_ns: int
    ) -> list[CounterSeries]:
        """Return counters of one device, in the order asked for; as ``counter`` does for those of an interface."""
        looked: dict[Series, dict[str, CounterSeries]] = {}
        found = []
        for counter in counters:
            series = counter_series(counter, source=source, device=device)
            if series not in looked:
                fields = _COUNTER_FIELDS[counter.measurement]
                columns = self.columns(series, start_ns=start_ns, end_ns=end_ns, fields=fields)
                looked[series] = {} if columns is None else _of_columns(columns, _COUNTED[counter.measurement])
            found.append(looked[series].get(counter.field, _NOTHING))
        return found

    def marks(self, series: Series, *, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Count the readings in ``[start_ns, end_ns)`` whose clock was wrong, and those that came late.

        Readings of unsure time count (as wrong) to the span in which they were received, as far as the journal
        still holds them.
        """
        columns = self.columns(series, start_ns=start_ns, end_ns=end_ns, fields=())
        rows = (row for row in self.journal.unsure(device=series.device) if start_ns <= row.received_ns < end_ns)
        unsure = columns_of(rows, only=series).get(series)
        wrong = len(unsure) if unsure is not None else 0
        if columns is None:
            return wrong, 0
        corrected, late = (int(np.count_nonzero(columns.flags & flag)) for flag in (CLOCK_CORRECTED, LATE))
        return wrong + corrected, late

    def next_day(self, series: Series, day: date, *, later: bool) -> date | None:
        """Return the nearest day after ``day`` (or before it) that may hold readings of a series, however far."""
        sealed = self.archive.next_day(series, day, later=later)
        low, high = (day, sealed or date.max) if later else (sealed or date.min, day)
        beyond = [other for other in self.journal.days(series.device, after=low) if other < high]
        for other in beyond if later else reversed(beyond):
            upto = max((s.upto_id for s in self.archive.seals(day=other) if s.journal == self.journal.id), default=0)
            if self.journal.last_ids(series.device, [other])[other] > upto:
                return other
        return sealed


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _between(columns: Columns, start_ns: int, end_ns: int) -> Columns | None:
    """Return the readings of sure time in ``[start_ns, end_ns)``, None when there are none."""
    time = columns.corrected_ns
    if time.min() >= start_ns and time.max() < end_ns and not _ever(columns.flags, CLOCK_UNSURE):
        return columns
    inside = (time >= start_ns) & (time < end_ns) & (columns.flags & CLOCK_UNSURE == 0)
    return columns.take(inside) if inside.any() else None


def _ever(flags: Ints, flag: int) -> bool:
    looked = flags[:1] if flags.strides == (0,) else flags
    return bool((looked & flag).any())


def _filled(columns: Columns, field: str, missing: int) -> Ints:
    column = columns.fields.get(field)
    if column is None:
        return np.broadcast_to(np.int64(missing), len(columns))
    if column.present is None:
        return column.values
    return np.where(column.present, column.values, missing)


def _of_columns(columns: Columns, counted: Sequence[str]) -> dict[str, CounterSeries]:
    """Return the counters of one series by field. Dropped packets are Counter32, and no port tells their speed."""
    time_ms = columns.corrected_ns // MS
    known = columns.boot >= 0
    boot_ms = columns.boot_ns // MS if known.all() else np.where(known, columns.boot_ns // MS, time_ms)
    evidence = {name: _filled(columns, field, missing) for name, (field, missing) in _EVIDENCE.items()}
    others = {"time_ms": time_ms, "boot": columns.boot, "boot_ms": boot_ms} | evidence
    packets = others | {name: np.broadcast_to(np.int64(value), len(columns)) for name, value in _PACKETS.items()}
    return {
        field: _series(columns.fields[field], packets if field.endswith("packets_total") else others)
        for field in counted
        if field in columns.fields
    }


def _series(octets: Column, others: dict[str, Ints]) -> CounterSeries:
    if octets.present is None:
        return CounterSeries(octets=octets.values, **others)
    there = octets.present
    return CounterSeries(octets=octets.values[there], **{name: values[there] for name, values in others.items()})


_PACKETS = {"bits": 32, "speed": 0}
_NO_INTS = np.zeros(0, dtype=np.int64)
_NOTHING = CounterSeries(
    octets=np.zeros(0, dtype=np.uint64),
    **dict.fromkeys(("time_ms", "boot", "boot_ms", *_EVIDENCE), _NO_INTS),
)

"""Bins of links by day: kept in the archive while they are true, made again from the readings when not.

A day's bins follow from the readings of the day and, at midnight, from the nearest reading before and after it.
These lie on the neighbouring days, or further off across a gap; a delta that spans whole empty days still
counts to the volume, each day its share. So a day remembers the reading days it was made from, and is made
again when the journal holds anything newer for any of them, or when the link's parameters change.
"""

from __future__ import annotations

import hashlib
import logging
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agent.clock import DAY_S, MS
from collector.inventory import Counter, Device, Link
from collector.ledger.archive import Archive, StoredDay
from collector.ledger.columns import Series, counter_series
from collector.ledger.journal import Journal
from collector.ledger.readings import Readings
from collector.measure.bins import WIDTH_MS, Bins, Counts, bins
from collector.measure.counters import CounterSeries, Deltas, Verdict, deltas

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]
_DAY = timedelta(days=1)
_DAY_MS = DAY_S * 1000
_KINDS = len(Verdict) + 1
_HEAD = struct.Struct(f"<{2 * _KINDS}I2B6x")
_COVERED, _LONG = 1, 2


class BinsDamaged(Exception):
    """Stored bins whose bytes are not those that were written; they are made again."""


@dataclass(frozen=True, slots=True)
class _Half:
    """One direction of a day: what ``Bins`` holds, ``counts`` as numbers in the order of its fields."""

    octets_u: Ints
    covered_ms: Ints
    long_u: Ints
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Made:
    """Both directions of a day, and the reading days they were made from (None: there is none)."""

    halves: tuple[_Half, _Half]
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two counters of a device whose bins are kept together under ``key``, in this order."""

    key: str
    device: str
    counters: tuple[Counter, Counter]
    port_bps: int

    @classmethod
    def of(cls, link: Link) -> _Pair:
        """Return the octets of a link; their order does not depend on which of them is unduh."""
        first, second = sorted(link.counters)
        return cls(link.code, link.device, (first, second), link.port_bps or 0)


class BinStore:
    """Gives the bins of links, from the store where it can. ``devices`` says whose readings of a device count."""

    def __init__(
        self, *, journal: Journal, archive: Archive, devices: Mapping[str, Device], width_ms: int = WIDTH_MS
    ) -> None:
        """Use bins of ``width_ms``, of which a whole number must make a day."""
        if _DAY_MS % width_ms:
            raise ValueError(f"bins of {width_ms} ms do not divide a day")
        self._journal, self._archive, self._devices = journal, archive, devices
        self._readings = Readings(journal=journal, archive=archive)
        self._width_ms = width_ms

    def link_day(self, link: Link, day: date) -> tuple[Bins, Bins]:
        """Return the bins of one local day: unduh, unggah."""
        return self.link_span(link, [day])

    def link_span(self, link: Link, days: Sequence[date]) -> tuple[Bins, Bins]:
        """Return the bins of consecutive local days, joined: unduh, unggah. Raises ChunkDamaged, ArchiveError.

        Days that need making are stored, but for those after which no reading is known yet.
        """
        pair = _Pair.of(link)
        found = dict(zip(pair.counters, self._span(pair, days), strict=True))
        unduh, unggah = link.counters
        return found[unduh], found[unggah]

    def drops_span(self, link: Link, days: Sequence[date]) -> tuple[Bins, Bins] | None:
        """Return the packets that a link's queues dropped, in the same form: unduh, unggah; None at an interface.

        Where ``Bins`` says octets these are packets. The port's speed bounds octets and says nothing of them.
        """
        if link.drops is None:
            return None
        return self._span(_Pair(f"{link.code}/drops", link.device, link.drops, 0), days)

    def _span(self, pair: _Pair, days: Sequence[date]) -> tuple[Bins, Bins]:
        if any(after - before != _DAY for before, after in pairwise(days)):
            raise ValueError(f"the days of {pair.key} are not consecutive")
        made = self._stored(pair, days)
        for run in runs_of(day for day in days if day not in made):
            made |= self._make(pair, run)
        first, second = (self._joined([made[day][i] for day in days], days[0]) for i in range(2))
        return first, second

    def marks(self, link: Link, days: Sequence[date]) -> tuple[int, int]:
        """Count the link's readings of these days whose clock was wrong, and those that came late."""
        device, zone = self._devices[link.device], self._journal.zone
        span = {"start_ns": zone.day_start(days[0]), "end_ns": zone.day_start(days[-1] + _DAY)}
        places = {counter_series(counter, source=device.source, device=link.device) for counter in link.counters}
        found = [self._readings.marks(series, **span) for series in places]
        return sum(wrong for wrong, _ in found), sum(late for _, late in found)

    def _joined(self, halves: Sequence[_Half], first: date) -> Bins:
        counts = map(sum, zip(*(half.counts for half in halves), strict=True))
        return Bins(
            start_ms=self._journal.zone.day_start(first) // MS,
            width_ms=self._width_ms,
            octets_u=np.concatenate([half.octets_u for half in halves]),
            covered_ms=np.concatenate([half.covered_ms for half in halves]),
            long_u=np.concatenate([half.long_u for half in halves]),
            counts=Counts(*counts),
        )

    def _parameters(self, pair: _Pair) -> bytes:
        """Return a hash of all that bins depend on beside the readings."""
        device = self._devices[pair.device]
        names = [pair.counters[0].object] if _of_an_interface(pair) else pair.counters
        said = (self._journal.id, device.source, pair.device, *names, pair.port_bps, device.cache_seconds)
        return hashlib.sha256(repr(("bins-1", self._width_ms, *said)).encode()).digest()[:16]

    def _stored(self, pair: _Pair, days: Sequence[date]) -> dict[date, tuple[_Half, _Half]]:
        """Return the stored days that still hold."""
        parameters = self._parameters(pair)
        kept = [s for s in self._archive.stored_bins(pair.key, days[0], days[-1]) if s.parameters == parameters]
        if not kept:
            return {}
        found = {}
        for stored, newest in zip(kept, self._newest(pair, [(s.first, s.last) for s in kept]), strict=True):
            if stored.newest == newest:
                try:
                    found[stored.day] = _opened(stored, self._width_ms)
                except BinsDamaged as error:
                    log.warning("%s; they are made again", error)
        return found

    def _newest(self, pair: _Pair, spans: Sequence[tuple[date | None, date]]) -> list[int]:
        """Return for each span of days the newest journal id of the device on them (None: from the earliest day)."""
        low = min(first or last for first, last in spans)
        if any(first is None for first, _ in spans):
            low = min([low, *self._journal.days(pair.device)[:1]])
        ids = self._journal.last_ids(pair.device, _between(low, max(last for _, last in spans)))
        return [max(ids[day] for day in _between(first or low, last)) for first, last in spans]

    def _make(self, pair: _Pair, run: Sequence[date]) -> dict[date, tuple[_Half, _Half]]:
        length = self._journal.length()
        made = self._made(pair, run)
        self._store(pair, made, length)
        return {day: item.halves for day, item in made.items()}

    def _store(self, pair: _Pair, made: Mapping[date, _Made], length: int) -> None:
        """Store the days whose next reading is known, unless something arrived while they were made."""
        parameters = self._parameters(pair)
        settled = [(day, item.first, item.last, item.halves) for day, item in made.items() if item.last is not None]
        if not settled:
            return
        rows = []
        newest = self._newest(pair, [(first, last) for _, first, last, _ in settled])
        for (day, first, last, halves), mark in zip(settled, newest, strict=True):
            if mark <= length:
                rows.append(
                    _stored(StoredDay(pair.key, day, parameters, first, last, mark, b""), halves, self._width_ms)
                )
        self._archive.store_bins(rows)

    def _made(self, pair: _Pair, run: Sequence[date]) -> dict[date, _Made]:
        device, zone = self._devices[pair.device], self._journal.zone
        edges = np.array([zone.day_start(day) // MS for day in (*run, run[-1] + _DAY)], dtype=np.int64)
        halves, near = [], []
        for series in self._around(pair, run):
            judged = deltas(series, port_bps=pair.port_bps, cache_s=device.cache_seconds)
            halves.append(_halves(judged, edges, self._width_ms))
            near.append(_neighbours(_accepted(series), edges))
        made = {}
        for i, day in enumerate(run):
            before, after = ([pair[side][i] for pair in near] for side in (0, 1))
            first = None if None in before else zone.day(min(ms for ms in before if ms is not None) * MS)
            last = None if None in after else zone.day(max(ms for ms in after if ms is not None) * MS)
            made[day] = _Made((halves[0][i], halves[1][i]), first, last)
        return made

    def _around(self, pair: _Pair, run: Sequence[date]) -> list[CounterSeries]:
        """Return the readings of the days, of the days beside them, and on to the nearest reading on either side."""
        device, zone = self._devices[pair.device], self._journal.zone
        places = [counter_series(counter, source=device.source, device=pair.device) for counter in pair.counters]
        start_ms, end_ms = zone.day_start(run[0]) // MS, zone.day_start(run[-1] + _DAY) // MS
        first, last, further = run[0] - _DAY, run[-1] + _DAY, timedelta(0)
        while True:
            start_ns, end_ns = zone.day_start(first), zone.day_start(last + _DAY)
            found = self._readings.counters(
                pair.counters, device=pair.device, source=device.source, start_ns=start_ns, end_ns=end_ns
            )
            times = [_accepted(series) for series in found]
            before = {s for s, time in zip(places, times, strict=True) if not (len(time) and time[0] < start_ms)}
            after = {s for s, time in zip(places, times, strict=True) if not (len(time) and time[-1] >= end_ms)}
            low = self._nearest(before, first, later=False)
            high = self._nearest(after, last, later=True)
            if low is None and high is None:
                return found
            # Ever longer steps: a direction which was never measured is soon known to have no reading.
            first, last = low - further if low else first, high + further if high else last
            further = 2 * further + _DAY

    def _nearest(self, missing: Iterable[Series], day: date, *, later: bool) -> date | None:
        """Return the day furthest off of those nearest to ``day`` that may hold readings of series."""
        found = [near for series in missing if (near := self._readings.next_day(series, day, later=later))]
        return (max if later else min)(found, default=None)


def _of_an_interface(pair: _Pair) -> bool:
    return pair.counters[0].measurement == "nadi_interface"


def _accepted(series: CounterSeries) -> Ints:
    """Return the times (ms, ascending) of the readings that count: all but those which contradict each other."""
    time = series.time_ms
    if not (time[1:] > time[:-1]).all():
        time = np.sort(time)
    if not (time[1:] > time[:-1]).all():
        time = np.setdiff1d(time, deltas(series).contradictory_ms)
    return time


def _neighbours(time: Ints, edges: Ints) -> tuple[list[int | None], list[int | None]]:
    """Return for each day between the edges the last accepted time before it and the first one after it."""
    at = np.searchsorted(time, edges).tolist()
    before = [int(time[i - 1]) if i else None for i in at[:-1]]
    after = [int(time[i]) if i < len(time) else None for i in at[1:]]
    return before, after


def _halves(judged: Deltas, edges: Ints, width_ms: int) -> list[_Half]:
    """Return one direction's bins by day; the counts of a day are those ``bins`` would give for it alone."""
    days = len(edges) - 1
    per_day = _DAY_MS // width_ms
    whole = bins(judged, start_ms=int(edges[0]), count=days * per_day, width_ms=width_ms)
    counts = np.zeros((days, _KINDS), dtype=np.int64)
    ends = np.searchsorted(judged.end_ms, edges, side="right")
    counts[:, Verdict.VALID] = np.diff(ends)
    faulty = np.flatnonzero(judged.verdict[ends[0] : ends[-1]]) + ends[0]
    day = np.searchsorted(ends, faulty, side="right") - 1
    np.add.at(counts, (day, Verdict.VALID), -1)
    np.add.at(counts, (day, judged.verdict[faulty]), 1)
    counts[:, -1] = np.diff(np.searchsorted(np.sort(judged.contradictory_ms), edges, side="right"))
    return [
        _Half(whole.octets_u[at], whole.covered_ms[at], whole.long_u[at], tally.tolist())
        for tally, at in zip(counts, (slice(i * per_day, (i + 1) * per_day) for i in range(days)), strict=True)
    ]


def runs_of(days: Iterable[date]) -> Iterator[list[date]]:
    """Yield runs of consecutive days."""
    run: list[date] = []
    for day in days:
        if run and day - run[-1] != _DAY:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _stored(row: StoredDay, halves: Iterable[_Half], width_ms: int) -> StoredDay:
    """Return the row with its blob: a crc over the row, the counts, then the arrays which are not constant."""
    counts: list[int] = []
    flags, arrays = [], []
    for half in halves:
        counts.extend(half.counts)
        covered, long = bool((half.covered_ms != width_ms).any()), bool(half.long_u.any())
        flags.append(_COVERED * covered | _LONG * long)
        arrays.extend([half.octets_u, *[half.covered_ms] * covered, *[half.long_u] * long])
    body = _HEAD.pack(*counts, *flags) + b"".join(array.astype("<i8").tobytes() for array in arrays)
    return with_body(row, body)


def with_body(row: StoredDay, body: bytes) -> StoredDay:
    """Return the row with this blob behind its checksum (see ``require_whole``)."""
    return replace(row, blob=struct.pack("<I", _crc(row, body)) + body)


def _crc(row: StoredDay, body: bytes | memoryview) -> int:
    first = row.first.toordinal() if row.first else 0
    said = f"{row.link}\n{row.day.toordinal()}\n{first}\n{row.last.toordinal()}\n{row.newest}\n".encode()
    return zlib.crc32(body, zlib.crc32(said + row.parameters))


def require_whole(row: StoredDay) -> None:
    """Raise BinsDamaged unless the stored bins are those that were written."""
    try:
        whole = struct.unpack_from("<I", row.blob)[0] == _crc(row, memoryview(row.blob)[4:])
    except (struct.error, TypeError):
        whole = False
    if not whole:
        raise BinsDamaged(f"stored bins of {row.link} on {row.day} are damaged")


def _opened(row: StoredDay, width_ms: int) -> tuple[_Half, _Half]:
    count = _DAY_MS // width_ms
    require_whole(row)
    try:
        *counts, receive, transmit = _HEAD.unpack_from(row.blob, 4)
        arrays = np.frombuffer(row.blob, dtype="<i8", offset=4 + _HEAD.size).reshape(-1, count)
        return (
            _half(arrays, receive, 0, counts[:_KINDS], width_ms),
            _half(arrays, transmit, 1 + receive.bit_count(), counts[_KINDS:], width_ms),
        )
    except (ValueError, struct.error, IndexError) as error:
        raise BinsDamaged(f"stored bins of {row.link} on {row.day} are damaged: {error}") from error


def _half(arrays: Ints, flags: int, at: int, counts: Sequence[int], width_ms: int) -> _Half:
    count = arrays.shape[1]
    covered = arrays[at + 1] if flags & _COVERED else _constant(width_ms, count)
    long = arrays[at + flags.bit_count()] if flags & _LONG else _constant(0, count)
    return _Half(arrays[at], covered, long, counts)


@lru_cache(maxsize=8)
def _constant(value: int, count: int) -> Ints:
    return np.full(count, value, dtype=np.int64)

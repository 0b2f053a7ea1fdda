"""The newest readings of the registered interfaces and queues, in memory, so that the live state asks no disk.

A tail holds the readings of one interface or queue from one source of the last ``span_ms``; it is bounded in time and
in number and knows nothing of bins or rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from agent.clock import MS
from agent.reading import Reading
from collector.ledger.entry import CLOCK_UNSURE, Entry
from collector.measure.counters import CounterSeries, Int64s, Uint64s

COUNTED = {"nadi_interface": "interface", "nadi_queue": "queue", "nadi_queue_tree": "queue"}
"""The measurements that links count by, and the tag that names the object."""


EVIDENCE = (
    *(("counter_bits", 64), ("speed_bits_per_second", 0), ("uptime_ticks", -1)),
    *(("discontinuity_ticks", -1), ("index", -1)),
)
"""What stands beside the octets in a counter series, in its order, and what stands for "not given"."""


class Sample(NamedTuple):
    """One reading of an interface or a queue: corrected time and boot time in ms, boot id, and the fields as sent.

    ``evidence`` are the fields of ``EVIDENCE``.
    """

    time_ms: int
    boot_id: str
    boot_ms: int
    fields: Mapping[str, int | float]
    evidence: tuple[int, ...]


class Tail:
    """The newest readings of one interface or queue from one source, in order of corrected time."""

    def __init__(self, *, span_ms: int, most: int = 2000) -> None:
        self._span_ms = span_ms
        self._most = most
        self._samples: list[Sample] = []
        self._made: dict[str, CounterSeries] = {}
        self.version = 0
        """Grows when readings are taken: what was reckoned of this tail holds while it stays."""

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def samples(self) -> Sequence[Sample]:
        """The readings in order of time."""
        return self._samples

    def holds(self, field: str) -> bool:
        """Tell whether every reading holds a field."""
        return all(field in sample.fields for sample in self._samples)

    @property
    def latest(self) -> Sample | None:
        """The reading of the latest time."""
        return self._samples[-1] if self._samples else None

    def run(self, field: str) -> tuple[int, bool] | None:
        """Return when the newest readings began to say the same in ``field``, and whether one before said otherwise.

        The time is UTC ms; None where none says anything.
        """
        first: Sample | None = None
        for sample in reversed(self._samples):
            value = sample.fields.get(field)
            if value is None:
                continue
            if first is not None and value != first.fields[field]:
                return first.time_ms, True
            first = sample
        return None if first is None else (first.time_ms, False)

    def add(self, samples: Sequence[Sample]) -> None:
        """Take readings in any order; what is there already, or older than the span before the latest, is let go."""
        self.version += 1
        self._made = {}
        newest = self._samples[-1].time_ms if self._samples else -1
        in_order = len(samples) == 1 and samples[0].time_ms > newest
        self._samples.extend(samples)
        if not in_order:
            self._samples.sort(key=lambda sample: sample.time_ms)
            pairs = zip([None, *self._samples], self._samples, strict=False)
            self._samples = [sample for before, sample in pairs if sample != before]
        start = self._samples[-1].time_ms - self._span_ms
        keep = next(i for i, sample in enumerate(self._samples) if sample.time_ms >= start)
        del self._samples[: max(keep, len(self._samples) - self._most)]

    def series(self, field: str) -> CounterSeries:
        """Return the octets that one field counts (``receive_bytes_total``, say) as a counter series."""
        made = self._made.get(field)
        if made is None:
            like = next((known for name, known in self._made.items() if self._together(name, field)), None)
            made = self._made[field] = self._read(field) if like is None else replace(like, octets=self._octets(field))
        return made

    def _together(self, one: str, other: str) -> bool:
        """Tell whether every reading holds both fields or neither."""
        return all((one in sample.fields) == (other in sample.fields) for sample in self._samples)

    def _octets(self, field: str) -> Uint64s:
        rows = [sample.fields for sample in self._samples if field in sample.fields]
        return np.array([int(fields[field]) for fields in rows], dtype=np.uint64)

    def _read(self, field: str) -> CounterSeries:
        boots: dict[str, int] = {"": -1}
        rows = [sample for sample in self._samples if field in sample.fields]
        boot = [boots.setdefault(sample.boot_id, len(boots) - 1) for sample in rows]
        bits, speed, uptime, discontinuity, index = (
            _column([sample.evidence[i] for sample in rows]) for i in range(len(EVIDENCE))
        )
        return CounterSeries(
            time_ms=np.array([sample.time_ms for sample in rows], dtype=np.int64),
            boot=_column(boot),
            boot_ms=np.array([sample.boot_ms for sample in rows], dtype=np.int64),
            octets=self._octets(field),
            bits=bits,
            speed=speed,
            uptime_ticks=uptime,
            discontinuity_ticks=discontinuity,
            index=index,
        )


def stacked_octets(tails: Sequence[Tail], fields: Sequence[str]) -> Uint64s:
    """Return what a field of each tail counts, one after another; every reading of a tail is to hold its field."""
    rows = (int(sample.fields[field]) for tail, field in zip(tails, fields, strict=True) for sample in tail.samples)
    return np.array(list(rows), dtype=np.uint64)


def stacked(tails: Sequence[Tail], octets: Uint64s) -> CounterSeries:
    """Return the readings of several tails one after another, with these octets."""
    boots: list[int] = []
    for tail in tails:
        known: dict[str, int] = {"": -1}
        boots += [known.setdefault(sample.boot_id, len(known) - 1) for sample in tail.samples]
    samples = [sample for tail in tails for sample in tail.samples]
    told = np.array([sample.evidence for sample in samples], dtype=np.int64).reshape(-1, len(EVIDENCE))
    bits, speed, uptime, discontinuity, index = (np.ascontiguousarray(column) for column in told.T)
    return CounterSeries(
        time_ms=np.array([sample.time_ms for sample in samples], dtype=np.int64),
        boot=np.array(boots, dtype=np.int64),
        boot_ms=np.array([sample.boot_ms for sample in samples], dtype=np.int64),
        octets=octets,
        bits=bits,
        speed=speed,
        uptime_ticks=uptime,
        discontinuity_ticks=discontinuity,
        index=index,
    )


def _column(values: list[int]) -> Int64s:
    """Return a column; one value all along takes one place, by which the measure knows it as constant."""
    if values and values.count(values[0]) == len(values):
        return _constant(values[0], len(values))
    return np.array(values, dtype=np.int64)


@lru_cache(maxsize=4096)
def _constant(value: int, length: int) -> Int64s:
    return np.broadcast_to(np.int64(value), (length,))


def samples_of(entry: Entry, readings: Sequence[Reading]) -> dict[tuple[str, str], list[Sample]]:
    """Return the readings of interfaces and queues by measurement and name; none where their times are unsure."""
    found: dict[tuple[str, str], list[Sample]] = {}
    if entry.flags & CLOCK_UNSURE:
        return found
    for reading in readings:
        if reading.measurement in COUNTED:
            tags = dict(reading.tags)
            name = tags.get(COUNTED[reading.measurement])
            if name is not None and tags["device"] == entry.device:
                found.setdefault((reading.measurement, name), []).append(_sample(entry, reading))
    return found


def _sample(entry: Entry, reading: Reading) -> Sample:
    time_ms = (reading.time_ns + entry.shift_ns) // MS
    evidence = tuple([int(reading.fields.get(name, missing)) for name, missing in EVIDENCE])
    if not entry.boot_id:
        return Sample(time_ms, "", time_ms, reading.fields, evidence)
    boot_ms = (entry.boot_ns + reading.time_ns - entry.wall_ns) // MS
    return Sample(time_ms, entry.boot_id, boot_ms, reading.fields, evidence)

"""From the journal and the bins to points and line protocol (pure).

Raw lines go on as the bytes that came, where they are written as our own agents write them: counters ``u``, other
integers ``i``, the rest floats (a field of two types is refused by InfluxDB). They are written anew where another
client wrote them otherwise, where the clock was corrected, and where a field has the name of a derived series,
which the collector sends with all its labels: a second one without them would make every join ambiguous.
No line holds a boolean or a string. Derived values are float64, the very ones of ``/metrics``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from agent.catalogue import RAW
from agent.envelope import inflate
from agent.reading import Reading, Tags, encode, parse_line, series_key
from collector.feeds.derived import DERIVED, Written
from collector.ingest import MAX_DECODED
from collector.ledger.body import Lines
from collector.ledger.columns import Columns
from collector.ledger.entry import CLOCK_UNSURE, Row
from collector.ledger.tail import COUNTED

_DIGITS = b"0123456789"
_SHAPES_KEPT = 8192
_ODD = -1

_TAKEN: Mapping[str, frozenset[str]] = {
    measurement: frozenset(field for field in known.fields if f"{measurement}_{field}" in DERIVED)
    for measurement, known in RAW.items()
}
"""Raw fields that the collector sends itself, under the same name, with more labels."""


class Piece(NamedTuple):
    """Line protocol, each line with its newline, and how many samples (field values) it holds."""

    lines: bytes
    samples: int


NOTHING = Piece(b"", 0)


class RawLines:
    """Makes lines of journal rows; ``sources`` names the one source whose counters of a registered device count.

    ``left_out`` counts the rows of unsure time: nobody knows when what they say was true.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources
        self.left_out = 0
        self._known: dict[bytes, int] = {b"": 0}

    def of(self, row: Row) -> Piece:
        """Return a row's lines; raise LineError for a body that ingest would not have stored."""
        if row.flags & CLOCK_UNSURE:
            self.left_out += 1
            return NOTHING
        body = inflate(row.body, MAX_DECODED)
        if not row.shift_ns and self.counts(row.device, row.agent):
            samples = self._plain_samples(body)
            if samples >= 0:
                return Piece(body if body.endswith(b"\n") or not body else body + b"\n", samples)
        points = list(self._points(row, body))
        return Piece(encode(points), sum(len(item.fields) for item in points))

    def counts(self, device: str, source: str) -> bool:
        """Tell whether the counters of a device are to be taken from this source."""
        return self.sources.get(device, source) == source

    def _points(self, row: Row, body: bytes) -> Iterator[Reading]:
        counted = self.counts(row.device, row.agent)
        for item in Lines(body):
            if counted or item.measurement not in COUNTED:
                yield from _forwarded(item.measurement, item.tags, item.fields, item.time_ns + row.shift_ns)

    def _plain_samples(self, body: bytes) -> int:
        """Return the samples of a body that may go on as it is, else a negative number.

        Lines which differ in their digits alone hold the same tags, fields and types: one of them is read.
        """
        shapes = body.translate(None, _DIGITS).split(b"\n")
        found = list(map(self._known.get, shapes))
        if None in found:
            self._learn(body.split(b"\n"), shapes)
            found = [self._known[shape] for shape in shapes]
        return _ODD if _ODD in found else sum(item or 0 for item in found)

    def _learn(self, lines: list[bytes], shapes: list[bytes]) -> None:
        if len(self._known) > _SHAPES_KEPT:
            self._known = {b"": 0}
        for line, shape in zip(lines, shapes, strict=True):
            if shape not in self._known:
                read = parse_line(line)
                kept = list(_forwarded(read.measurement, read.tags, read.fields, read.time_ns))
                self._known[shape] = len(read.fields) if encode(kept) == line + b"\n" else _ODD


def _forwarded(measurement: str, tags: Tags, fields: Mapping[str, float], time_ns: int) -> Iterator[Reading]:
    taken = _TAKEN[measurement]
    if taken and not taken.isdisjoint(fields):
        fields = {name: value for name, value in fields.items() if name not in taken}
    if fields:
        yield Reading(measurement, tags, fields, time_ns)


def of_columns(columns: Columns, tags: Tags, measurement: str) -> Iterator[Reading]:
    """Yield the readings of one series as they are forwarded."""
    names = list(columns.fields)
    values = [column.values.tolist() for column in columns.fields.values()]
    present = [None if c.present is None else c.present.tolist() for c in columns.fields.values()]
    for i, time_ns in enumerate(columns.corrected_ns.tolist()):
        fields = {
            name: column[i]
            for name, column, there in zip(names, values, present, strict=True)
            if there is None or there[i]
        }
        yield from _forwarded(measurement, tags, fields, time_ns)


def of_moment(written: Written, time_ns: int) -> Iterator[Reading]:
    """Yield the derived series of a moment; what is unknown is absent."""
    for name, labels, value in written:
        if value is not None:
            yield point(name, labels, value, time_ns)


def point(name: str, labels: Iterable[str], value: float | Fraction, time_ns: int) -> Reading:
    """Return one derived sample; an empty label is an absent one."""
    nadi, group, field = name.split("_", 2)
    tags = tuple(sorted((tag, text) for tag, text in zip(DERIVED[name].labels, labels, strict=True) if text))
    return Reading(f"{nadi}_{group}", tags, {field: float(value)}, time_ns)


def derived_lines(points: Iterable[Reading]) -> Piece:
    """Return derived points as line protocol, every field a float; ValueError for one that is not finite."""
    lines, samples = [], 0
    for measurement, tags, fields, time_ns in points:
        if not all(math.isfinite(value) for value in fields.values()):
            raise ValueError(f"{measurement} {dict(tags)}: {dict(fields)} is not finite")
        body = ",".join(f"{name}={float(value)!r}" for name, value in fields.items())
        lines.append(f"{series_key(measurement, tags)} {body} {time_ns}\n")
        samples += len(fields)
    return Piece("".join(lines).encode(), samples)

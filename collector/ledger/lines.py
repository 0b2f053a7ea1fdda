"""Turn journal rows into columns: ``columns_of``.

Bodies from agents are regular: every line of a series looks like the one before, but for its numbers. So the
first line of a shape is read by ``agent.reading`` and leaves a pattern, and the lines after it only match it;
a line that does not match is read in full. The pattern takes nothing that the full reading would refuse.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.catalogue import RAW
from agent.envelope import inflate
from agent.reading import LineError, Reading, parse_line, series_key
from collector.ledger.columns import Column, Columns, Series
from collector.ledger.entry import Row

MAX_DECODED = 8 << 20
"""Bound of a decoded body, octets; ingest takes no larger one."""

_TYPES = {"Q": np.uint64, "q": np.int64, "d": np.float64}
# Few enough digits that the number fits 64 bits; longer ones take the full reading.
_LITERALS = {
    "Q": rb"(\d{1,18})[iu]",
    "q": rb"(-?\d{1,18}(?=i)|\d{1,18}(?=u))[iu]",
    "d": rb"([+-]?\d{1,17}\.?\d{0,17}(?:[eE][+-]?\d{1,2})?)",
}
_CASTS: dict[str, Any] = {"Q": int, "q": int, "d": float}


def columns_of(rows: Iterable[Row], *, only: Series | None = None) -> dict[Series, Columns]:
    """Decode journal rows into columns by series, ordered by corrected time (of one time: in journal order).

    ``only`` passes over the lines of other series. Raises LineError for a line that is not of the catalogue:
    ingest stores none, so the catalogue was cut.
    """
    shapes: defaultdict[str, dict[bytes, _Shape]] = defaultdict(dict)
    tables: dict[Series, _Table] = {}
    stamps = _Stamps()
    for row in rows:
        place, known = stamps.add(row), shapes[row.agent]
        for line in inflate(row.body, MAX_DECODED).split(b"\n"):
            key = line[: line.find(b" ")]
            shape = known.get(key)
            if (shape is not None and shape.take(line, place)) or not line.strip() or line.startswith(b"#"):
                continue
            series, reading = _read_in_full(line, row)
            table = tables.setdefault(series, _Table() if only in (None, series) else _PASSED)
            shape = table.shape(reading)
            shape.add(reading, place)
            if b"\\" not in key:  # else the blank that ends it may be an escaped one
                shape.learn(key)
                known[key] = shape
    return {series: table.columns(series, stamps).ordered() for series, table in tables.items() if table is not _PASSED}


def _read_in_full(line: bytes, row: Row) -> tuple[Series, Reading]:
    try:
        reading = parse_line(line)
    except LineError as error:
        raise LineError(f"journal row {row.id} ({row.key}): {error}") from error
    return Series(row.agent, row.device, series_key(reading.measurement, reading.tags)), reading


class _Stamps:
    """What each row says of the clock, once a row."""

    def __init__(self) -> None:
        self.shift, self.flags, self.boot, self.anchor = array("q"), array("q"), array("q"), array("q")
        self.boot_ids: dict[str, int] = {}

    def add(self, row: Row) -> int:
        """Note a row's clock and return its place."""
        self.shift.append(row.shift_ns)
        self.flags.append(row.flags)
        self.boot.append(self.boot_ids.setdefault(row.boot_id, len(self.boot_ids)) if row.boot_id else -1)
        self.anchor.append(row.boot_ns - row.wall_ns if row.boot_id else 0)
        return len(self.shift) - 1


@lru_cache(maxsize=1024)
def _pattern(names: tuple[str, ...], types: tuple[str, ...]) -> re.Pattern[bytes]:
    """Return the pattern of a line after its series key."""
    pairs = (name.encode() + b"=" + _LITERALS[kind] for name, kind in zip(names, types, strict=True))
    return re.compile(b" " + b",".join(pairs) + rb" ([1-8]\d{18}|\d{1,18})", re.ASCII)


class _Shape:
    """The lines of one series that have the same fields in the same order."""

    def __init__(self, names: tuple[str, ...], types: tuple[str, ...]) -> None:
        self.names, self.types = names, types
        self.times, self.places = array("q"), array("q")
        self.values = [array(kind) for kind in types]
        self._casts = [_CASTS[kind] for kind in types]
        self._begin = 0
        self._match = _pattern(names, types).fullmatch
        self._appends = [column.append for column in self.values]

    def learn(self, key: bytes) -> None:
        """Expect further lines to begin with the same key."""
        self._begin = len(key)

    def take(self, line: bytes, place: int) -> bool:
        """Add the line if it matches the pattern."""
        match = self._match(line, self._begin)
        if match is None:
            return False
        literals = match.groups()
        self.times.append(int(literals[-1]))
        self.places.append(place)
        for append, cast, literal in zip(self._appends, self._casts, literals, strict=False):
            append(cast(literal))
        return True

    def add(self, reading: Reading, place: int) -> None:
        """Add a reading of this shape."""
        self.times.append(reading.time_ns)
        self.places.append(place)
        for append, cast, value in zip(self._appends, self._casts, reading.fields.values(), strict=True):
            append(cast(value))


class _Table:
    """The shapes of one series."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def shape(self, reading: Reading) -> _Shape:
        """Return the shape of a reading, made on first sight."""
        names = tuple(reading.fields)
        if names not in self._shapes:
            self._shapes[names] = _Shape(names, tuple(_type(reading.measurement, name) for name in names))
        return self._shapes[names]

    def columns(self, series: Series, stamps: _Stamps) -> Columns:
        """Return all shapes' readings as columns, one shape after another."""
        shapes = list(self._shapes.values())
        times = np.concatenate([np.array(shape.times, dtype=np.int64) for shape in shapes])
        places = np.concatenate([np.array(shape.places, dtype=np.int64) for shape in shapes])
        boot = np.array(stamps.boot, dtype=np.int64)[places]
        anchor = np.array(stamps.anchor, dtype=np.int64)[places]
        return Columns(
            series=series,
            time_ns=times,
            shift_ns=np.array(stamps.shift, dtype=np.int64)[places],
            flags=np.array(stamps.flags, dtype=np.int64)[places],
            boot_ids=tuple(stamps.boot_ids),
            boot=boot,
            boot_ns=np.where(boot >= 0, times + anchor, 0),
            fields=_fields(shapes, len(times)),
        )


class _PassedShape(_Shape):
    """Takes every line and keeps none."""

    def take(self, line: bytes, place: int) -> bool:
        """Pass over a line."""
        return True

    def add(self, reading: Reading, place: int) -> None:
        """Pass over a reading."""


class _PassedTable(_Table):
    """The table of series that nobody asked for."""

    def shape(self, reading: Reading) -> _Shape:
        """Return the shape that keeps nothing."""
        return _PassedShape((), ())


_PASSED = _PassedTable()


def _type(measurement: str, name: str) -> str:
    field = RAW[measurement].fields[name]
    if not field.integer:
        return "d"
    return "Q" if field.kind == "counter" else "q"


def _fields(shapes: list[_Shape], total: int) -> dict[str, Column]:
    fields: dict[str, tuple[NDArray[Any], NDArray[np.bool_]]] = {}
    start = 0
    for shape in shapes:
        end = start + len(shape.times)
        for name, kind, numbers in zip(shape.names, shape.types, shape.values, strict=True):
            if name not in fields:
                fields[name] = (np.zeros(total, dtype=_TYPES[kind]), np.zeros(total, dtype=np.bool_))
            values, present = fields[name]
            values[start:end] = numbers
            present[start:end] = True
        start = end
    return {name: Column(values, None if present.all() else present) for name, (values, present) in fields.items()}

"""What one device said in one poll, by scalar and by column, and how a raw value becomes a number or a text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from operator import itemgetter

from agent.snmp.values import Kind, Oid, Value

_SILENT = frozenset({Kind.NO_SUCH_OBJECT, Kind.NO_SUCH_INSTANCE, Kind.END_OF_MIB, Kind.NULL})
_DECIMAL = re.compile(r"[-+]?\d{1,20}(\.\d{1,20})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Answers:
    """The answers of a device: ``values`` by full OID, ``rows`` of columns that were walked by index, in its order.

    What it answered with "no such object" is as if never asked.
    """

    def __init__(self, values: Mapping[Oid, Value], rows: Mapping[Oid, Mapping[Oid, Value]] | None = None) -> None:
        self._values = {oid: value for oid, value in values.items() if value.kind not in _SILENT}
        self._sorted = sorted(self._values)
        self._rows = rows or {}
        self._columns: dict[Oid, Mapping[Oid, Value]] = {}

    def scalar(self, oid: Oid) -> Value | None:
        """Return the answer for a full OID, None where the device gave none."""
        return self._values.get(oid)

    def column(self, oid: Oid) -> Mapping[Oid, Value]:
        """Return a column's cells by index (the rest of the OID), in the order of the indexes."""
        cells = self._columns.get(oid)
        if cells is None:
            told, walked = self._below(oid), _heard(self._rows.get(oid, {}))
            cells = dict(sorted({**told, **walked}.items())) if told and walked else told or walked
            self._columns[oid] = cells
        return cells

    def _below(self, oid: Oid) -> dict[Oid, Value]:
        width = len(oid)
        cells: dict[Oid, Value] = {}
        for i in range(bisect_left(self._sorted, oid), len(self._sorted)):
            name = self._sorted[i]
            if name[:width] != oid:
                break
            if len(name) > width:
                cells[name[width:]] = self._values[name]
        return cells


_value = itemgetter(1)


def _heard(rows: Mapping[Oid, Value]) -> Mapping[Oid, Value]:
    """Leave out what is no answer; only that has None for its value."""
    if None not in map(_value, rows.values()):
        return rows
    return {index: value for index, value in rows.items() if value.kind not in _SILENT}


def text_of(value: Value | None) -> str | None:
    """Return an octet string as text without its trailing NULs; None for anything else.

    UTF-8 where the bytes are that; otherwise byte for byte (ISO 8859-1), so that two names which differ stay different.
    """
    return _text(value.value) if value is not None and isinstance(value.value, bytes) else None


# Names are the same at each poll.
@lru_cache(maxsize=8192)
def _text(octets: bytes) -> str:
    octets = octets.rstrip(b"\0")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def label_of(value: Value | None) -> str:
    """Return an octet string as one printable line for a tag; empty where nothing readable is left.

    Line ends and tabs become single spaces. With other control characters it is stray memory of the device, not a name.
    """
    return _label(value.value) if value is not None and isinstance(value.value, bytes) else ""


@lru_cache(maxsize=8192)
def _label(octets: bytes) -> str:
    line = " ".join(_text(octets).split())
    if _CONTROL.search(line):
        return ""
    return line if line.isprintable() else "".join(c for c in line if c.isprintable()).strip()


def number_of(value: Value) -> Fraction | int | None:
    """Return a numeric answer exactly; decimal text ("51.569") counts as a number, anything else is None."""
    raw = value.value
    if isinstance(raw, int):
        return raw
    if isinstance(raw, float):
        return Fraction(raw)
    if isinstance(raw, bytes):
        text = raw.rstrip(b"\0").decode("latin-1").strip()
        return Fraction(text) if _DECIMAL.fullmatch(text) else None
    return None


def shown(value: Value) -> str:
    """Return a raw answer as a short text for a message or a comparison with a table's sentinels."""
    if isinstance(value.value, bytes):
        return _text(value.value).strip()[:80]
    if isinstance(value.value, tuple):
        return ".".join(map(str, value.value))
    return str(value.value)

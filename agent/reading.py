"""Readings and their one wire form, Influx line protocol.

What an input yields is spooled, sent, journaled and forwarded as the bytes that ``encode`` makes:
``measurement,tag=value field=1u,other=2i 1700000000000000000``. Counters are unsigned (``u``), other
integers signed (``i``), the rest shortest-repr floats; every line carries its timestamp.
Syntax: InfluxDB 2 line protocol reference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from agent.catalogue import RAW

U64 = 2**64
I63 = 2**63
Tags = tuple[tuple[str, str], ...]
MAX_LABEL = 200
MAX_REASON = 200
MAX_LINE = 16384
"""Bytes of one line; the longest honest one, all tags and fields full, has about 3,000."""


class Reading(NamedTuple):
    """Fields of one object measured at one time; ``tags`` sorted by name, ``time_ns`` UTC."""

    measurement: str
    tags: Tags
    fields: Mapping[str, int | float]
    time_ns: int

    def tag(self, name: str) -> str:
        """Return the value of a tag; KeyError when it is not there."""
        for key, value in self.tags:
            if key == name:
                return value
        raise KeyError(name)


def reading(measurement: str, fields: Mapping[str, int | float], time_ns: int, **tags: str) -> Reading:
    """Build a reading with its tags in order."""
    return Reading(measurement, tuple(sorted(tags.items())), fields, time_ns)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that could not be read: its number (from 1), its bytes and the reason."""

    number: int
    line: bytes
    reason: str


class LineError(ValueError):
    """A line that is not line protocol, or not of the catalogue; the message is the reason."""


_ESCAPE = re.compile(r"([,= \\])")


def _escaped(text: str) -> str:
    return _ESCAPE.sub(r"\\\1", text)


@lru_cache(maxsize=32768)
def series_key(measurement: str, tags: Tags) -> str:
    """Return ``measurement,tag=value,...`` with line protocol escapes."""
    return ",".join([measurement, *(f"{_escaped(k)}={_escaped(v)}" for k, v in tags)])


@lru_cache(maxsize=1024)
def _forms(measurement: str) -> dict[str, tuple[str, str]]:
    """Return what stands before and behind the number of each field; nothing stands behind a float."""
    fields = RAW[measurement].fields.items()
    return {n: (f"{n}=", ("u" if f.kind == "counter" else "i") if f.integer else "") for n, f in fields}


def _literal(measurement: str, name: str, value: float, sign: str) -> str:
    if sign:
        if value != int(value):
            raise ValueError(f"{measurement} {name}: {value!r} is not an integer")
        return f"{int(value)}{sign}"
    if not math.isfinite(value):
        raise ValueError(f"{measurement} {name}: {value!r} is not finite")
    return repr(float(value))


def encode(readings: Iterable[Reading]) -> bytes:
    """Return the readings as line protocol, one line each with a final newline.

    Raises KeyError for a name outside the catalogue and ValueError for a value it cannot carry.
    """
    lines = []
    for measurement, tags, fields, time_ns in readings:
        forms = _forms(measurement)
        body = []
        for name, value in fields.items():
            start, sign = forms[name]
            plain = sign and type(value) is int  # what nearly all of a poll is
            body.append(f"{start}{value}{sign}" if plain else start + _literal(measurement, name, value, sign))
        lines.append(f"{series_key(measurement, tags)} {','.join(body)} {time_ns}\n")
    return "".join(lines).encode()


def decode(body: bytes) -> tuple[list[Reading], list[Rejected]]:
    """Read every line of ``body``; what cannot be read is returned with its reason, never dropped."""
    good: list[Reading] = []
    bad: list[Rejected] = []
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line or line.isspace() or line.startswith(b"#"):
            continue
        try:
            good.append(parse_line(line))
        except LineError as error:
            bad.append(Rejected(number, line, str(error)[:MAX_REASON]))
    return good, bad


def parse_line(line: bytes) -> Reading:
    """Read one line with a nanosecond timestamp; raise LineError with the reason."""
    if len(line) > MAX_LINE:
        raise LineError(f"longer than {MAX_LINE} bytes")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise LineError("not UTF-8") from error
    key, fields, stamp = _three_parts(text.rstrip("\r"))
    measurement, tags = read_series(key)
    if not re.fullmatch(r"-?\d{1,19}", stamp, re.ASCII) or not -I63 <= int(stamp) < I63:
        raise LineError(f"timestamp {stamp!r} is not an integer of nanoseconds")
    return Reading(measurement, tags, _fields(measurement, fields), int(stamp))


def _three_parts(text: str) -> tuple[str, str, str]:
    parts = [part for part in _split(text, " ") if part]
    if len(parts) == 2:
        raise LineError("no timestamp")
    if len(parts) != 3:
        raise LineError("not 'series fields timestamp'")
    return parts[0], parts[1], parts[2]


def _split(text: str, separator: str) -> list[str]:
    if "\\" not in text:
        return text.split(separator)
    return list(_split_escaped(text, separator))


def _split_escaped(text: str, separator: str) -> Iterator[str]:
    # A quotation mark is an ordinary character of a tag; only string fields, which we have none of, are quoted.
    start, skip = 0, False
    for i, char in enumerate(text):
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif char == separator:
            yield text[start:i]
            start = i + 1
    yield text[start:]


def _plain(text: str) -> str:
    return re.sub(r"\\([,= \\])", r"\1", text)


def read_series(key: str) -> tuple[str, Tags]:
    """Read ``measurement,tag=value,...``; raise LineError with the reason."""
    return _series(key) if len(key) <= 512 else _series.__wrapped__(key)


@lru_cache(maxsize=16384)
def _series(key: str) -> tuple[str, Tags]:
    name, *pairs = _split(key, ",")
    measurement = RAW.get(name)
    if measurement is None:
        raise LineError(f"measurement {name!r} is not in the catalogue")
    tags: dict[str, str] = {}
    for pair in pairs:
        halves = _split(pair, "=")
        if len(halves) != 2 or not halves[0] or not halves[1]:
            raise LineError(f"tag {pair!r} is not name=value")
        tag, value = _plain(halves[0]), _plain(halves[1])
        if tag not in measurement.tags:
            raise LineError(f"tag {tag!r} is not one of {name}")
        if tag in tags:
            raise LineError(f"tag {tag!r} stands twice")
        if len(value) > MAX_LABEL or not value.isprintable():
            raise LineError(f"tag {tag!r} is too long or has control characters")
        tags[tag] = value
    if measurement.identity not in tags:
        raise LineError(f"tag {measurement.identity!r} is missing")
    return name, tuple(sorted(tags.items()))


def _fields(measurement: str, text: str) -> dict[str, int | float]:
    known = RAW[measurement].fields
    fields: dict[str, int | float] = {}
    for pair in text.split(","):
        name, equals, literal = pair.partition("=")
        field = known.get(name)
        if field is None or not equals:
            raise LineError(f"field {name!r} is not one of {measurement}")
        if name in fields:
            raise LineError(f"field {name!r} stands twice")
        value = _number(literal, name)
        if field.integer and not isinstance(value, int):
            raise LineError(f"field {name!r} must be an integer, not {literal!r}")
        if field.kind == "counter" and value < 0:
            raise LineError(f"counter {name!r} is negative")
        if field.integer and field.kind != "counter" and value >= I63:
            raise LineError(f"field {name!r}: {literal!r} does not fit signed 64 bits")
        fields[name] = value
    return fields


_NUMBER = re.compile(r"(-?\d{1,20})([iu])|[+-]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def _number(literal: str, name: str) -> int | float:
    match = _NUMBER.fullmatch(literal)
    if match is None:
        raise LineError(f"field {name!r}: {literal[:40]!r} is not a number")
    if match[2] is None:
        value = float(literal)
        if not math.isfinite(value):
            raise LineError(f"field {name!r}: {literal[:40]!r} is not finite")
        return value
    whole = int(match[1])
    if not (0 <= whole < U64 if match[2] == "u" else -I63 <= whole < I63):
        raise LineError(f"field {name!r}: {literal!r} does not fit 64 bits")
    return whole

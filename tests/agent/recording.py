"""Recorded walks (``*.snmprec``: ``oid|tag|value``) as the answers that the interpretation takes."""

from __future__ import annotations

import bz2
import os
from pathlib import Path

from agent.snmp.answers import Answers
from agent.snmp.values import Kind, Oid, Value

OWN = Path(__file__).parent.parent / "cases" / "snmp"
SHARED = Path(os.environ.get("NADI_RECORDINGS", Path(__file__).parents[3] / "shared" / "recordings"))
"""Folders of recordings with ``*.expected.json`` beside them; the second is absent outside the development tree."""

_NUMBERS = {
    2: Kind.INTEGER,
    65: Kind.COUNTER32,
    66: Kind.GAUGE32,
    67: Kind.TICKS,
    70: Kind.COUNTER64,
}


def recordings() -> list[Path]:
    """Return every recording that has an expectation."""
    found = [path for folder in (OWN, SHARED) for path in sorted(folder.glob("*.expected.json"))]
    return [walk for path in found for walk in (_walk_of(path),) if walk is not None]


def _walk_of(expected: Path) -> Path | None:
    stem = expected.name.removesuffix(".expected.json")
    candidates = (expected.parent / f"{stem}.snmprec", expected.parent / f"{stem}.snmprec.bz2")
    return next((path for path in candidates if path.exists()), None)


def expected_of(walk: Path) -> Path:
    """Return the expectation of a recording."""
    return walk.parent / f"{walk.name.split('.snmprec')[0]}.expected.json"


def answers(walk: Path) -> Answers:
    """Read a recording; of a repeated OID the first counts, as a walk that stops there would see it."""
    octets = walk.read_bytes()
    text = bz2.decompress(octets) if walk.suffix == ".bz2" else octets
    values: dict[Oid, Value] = {}
    for line in text.split(b"\n"):
        parts = line.rstrip(b"\r").split(b"|", 2)
        if len(parts) == 3:
            oid = tuple(map(int, parts[0].decode().strip().strip(".").split(".")))
            values.setdefault(oid, value_of(parts[1].decode(), parts[2]))
    return Answers(values)


def value_of(tag: str, raw: bytes) -> Value:
    """Return the value of one line; tag ``4x`` is hex. A line that was made unreadable (anonymised) is BAD."""
    try:
        return _value(tag, raw)
    except ValueError:
        return Value(Kind.BAD, "not readable in the recording")


def _value(tag: str, raw: bytes) -> Value:
    octets = bytes.fromhex(raw.decode()) if tag.endswith("x") else raw
    number = int(tag.rstrip("x"))
    if number in _NUMBERS:
        return Value(_NUMBERS[number], int(octets))
    if number == 6:
        return Value(Kind.OID, tuple(map(int, raw.decode().strip(".").split("."))))
    if number == 64:
        address = octets if tag.endswith("x") else bytes(map(int, octets.split(b".")))
        return Value(Kind.IPADDRESS, address)
    return Value(Kind.NULL, None) if number == 5 else Value(Kind.OCTETS, octets)

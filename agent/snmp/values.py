"""Object identifiers and values of SNMP (RFC 2578 §7.1, RFC 3416 §3).

A value that is badly encoded costs that value only: its kind is BAD and it carries the reason.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from agent.snmp.ber import MAX_FIRST, Malformed, arcs_of

Oid = tuple[int, ...]

_TEXT = re.compile(r"\.?\d{1,10}(\.\d{1,10})+")
_FIRST_ARCS = 3
_MAX_ARC = 0xFFFF_FFFF


class Kind(IntEnum):
    """What a value is; BAD is what could not be read."""

    INTEGER = 1
    OCTETS = 2
    OID = 3
    IPADDRESS = 4
    COUNTER32 = 5
    GAUGE32 = 6
    TICKS = 7
    COUNTER64 = 8
    OPAQUE = 9
    OPAQUE_FLOAT = 10
    NULL = 11
    NO_SUCH_OBJECT = 12
    NO_SUCH_INSTANCE = 13
    END_OF_MIB = 14
    BAD = 15


class Value(NamedTuple):
    """One value: int for numbers, bytes for strings and addresses, float for an opaque float, Oid for a name.

    None for NULL and for the three exceptions of RFC 3416 §3; for BAD the reason in words.
    """

    kind: Kind
    value: int | float | bytes | str | Oid | None


# Tag -> kind, least value, first value out of range, octets of a plain encoding.
_NUMBERS: dict[int, tuple[Kind, int, int, int]] = {
    0x02: (Kind.INTEGER, -(1 << 31), 1 << 31, 4),
    0x41: (Kind.COUNTER32, 0, 1 << 32, 4),
    0x42: (Kind.GAUGE32, 0, 1 << 32, 4),
    0x43: (Kind.TICKS, 0, 1 << 32, 4),
    0x46: (Kind.COUNTER64, 0, 1 << 64, 8),
    0x47: (Kind.GAUGE32, 0, 1 << 32, 4),  # UInteger32 of RFC 1442, withdrawn but still sent
}
_EMPTY: dict[int, Kind] = {
    0x05: Kind.NULL,
    0x80: Kind.NO_SUCH_OBJECT,
    0x81: Kind.NO_SUCH_INSTANCE,
    0x82: Kind.END_OF_MIB,
}
_FLOATS = {b"\x9f\x78\x04": ">f", b"\x9f\x79\x08": ">d"}
_LONGEST_KEPT = 64
_MOST_KEPT = 8192
_make = tuple.__new__
_from_bytes = int.from_bytes


def read(tag: int, raw: bytes) -> Value:
    """Return the value of a tag and its content octets; whatever is wrong with it gives BAD, never an exception.

    Numbers are read as X.690 §8.3 encodes them: two's complement, any count of redundant leading octets. An unsigned
    type with the sign bit set, or a number outside its type (RFC 2578 §7.1.6-§7.1.10), is BAD.
    """
    seen = _SEEN.get(tag)
    return _fresh(tag, raw) if seen is None else seen[raw]


def read_each(tags: bytes, raws: Sequence[bytes]) -> list[Value]:
    """Return ``read`` of values side by side; a column whose cells are all of one type is what is fast."""
    if not tags or tags.count(tags[:1]) != len(tags):
        return list(map(read, tags, raws))
    tag = tags[0]
    seen = _SEEN.get(tag)
    if seen is not None:
        return list(map(seen.__getitem__, raws))
    number = _NUMBERS.get(tag)
    # As below, of all at once: none is empty, none begins with the sign bit, none is longer than its type.
    if number is not None and min(raws) and max(raws) < b"\x80" and max(map(len, raws)) <= number[3]:
        kind = number[0]
        return [_make(Value, (kind, value)) for value in map(_from_bytes, raws)]
    return [_fresh(tag, raw) for raw in raws]


def _fresh(tag: int, raw: bytes) -> Value:
    number = _NUMBERS.get(tag)
    if number is not None:
        # The plain case first: positive and no longer than its type.
        if raw and raw[0] < 0x80 and len(raw) <= number[3]:
            return _make(Value, (number[0], _from_bytes(raw)))
        return _wide(number, raw)
    if tag == 0x04:
        return Value(Kind.OCTETS, raw)
    return _other(tag, raw)


class _Seen(dict[bytes, Value]):
    """Values of one tag that were read before, by their octets.

    Names, states and speeds are the same at each poll: one object for all of them spares half of the memory's work.
    """

    def __init__(self, tag: int) -> None:
        super().__init__()
        self._tag = tag

    def __missing__(self, raw: bytes) -> Value:
        value = _fresh(self._tag, raw)
        if len(raw) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[raw] = value
        return value


_SEEN = {tag: _Seen(tag) for tag in (0x02, 0x04, 0x06, 0x42)}


def _wide(number: tuple[Kind, int, int, int], raw: bytes) -> Value:
    kind, least, beyond, _ = number
    value = int.from_bytes(raw, signed=True)
    if not raw or not least <= value < beyond:
        return _bad(f"{kind.name} of {len(raw)} octets", raw)
    return Value(kind, value)


def _other(tag: int, raw: bytes) -> Value:
    if tag == 0x06:
        try:
            return Value(Kind.OID, oid_of(raw))
        except Malformed as error:
            return _bad(f"OID: {error}", raw)
    if tag == 0x40:
        return Value(Kind.IPADDRESS, raw) if len(raw) == 4 else _bad(f"IPADDRESS of {len(raw)} octets", raw)
    if tag in _EMPTY:
        return Value(_EMPTY[tag], None) if not raw else _bad(f"{_EMPTY[tag].name} with content", raw)
    if tag == 0x44:
        return _opaque(raw)
    return _bad(f"unknown tag 0x{tag:02x}", raw)


def _opaque(raw: bytes) -> Value:
    """Read net-snmp's float and double inside an Opaque; any other Opaque stays octets."""
    form = _FLOATS.get(raw[:3])
    if form is None:
        return Value(Kind.OPAQUE, raw)
    if len(raw) != 3 + struct.calcsize(form):
        return _bad("OPAQUE_FLOAT cut short", raw)
    number: float = struct.unpack_from(form, raw, 3)[0]
    return Value(Kind.OPAQUE_FLOAT, number) if math.isfinite(number) else _bad("OPAQUE_FLOAT not finite", raw)


def _bad(reason: str, raw: bytes) -> Value:
    shown = raw[:16].hex() + ("..." if len(raw) > 16 else "")
    return Value(Kind.BAD, f"{reason} ({shown or 'empty'})")


def oid_of(raw: bytes) -> Oid:
    """Return the arcs of the content octets of an object identifier (X.690 §8.19); raise Malformed."""
    if not raw:
        raise Malformed("empty object identifier")
    first, *rest = arcs_of(raw, MAX_FIRST)
    if first < 80:
        return (first // 40, first % 40, *rest)
    return (2, first - 80, *rest)


def parse_oid(text: str) -> Oid:
    """Read ``1.3.6.1`` or ``.1.3.6.1``; raise ValueError for what is no object identifier."""
    if _TEXT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an object identifier such as 1.3.6.1.2.1.1.3.0")
    oid = tuple(int(arc) for arc in text.removeprefix(".").split("."))
    check_oid(oid)
    return oid


def check_oid(oid: Oid) -> None:
    """Raise ValueError unless ``oid`` can be encoded (RFC 2578 §3.5: at most 128 arcs of 32 bits)."""
    wrong = len(oid) < 2 or len(oid) > 128 or oid[0] >= _FIRST_ARCS or (oid[0] < 2 and oid[1] >= 40)
    if wrong or min(oid) < 0 or max(oid) > _MAX_ARC:
        raise ValueError(f"{oid_text(oid)} is not an object identifier of RFC 2578 §3.5")


def oid_text(oid: Oid) -> str:
    """Write ``1.3.6.1``."""
    return ".".join(map(str, oid))

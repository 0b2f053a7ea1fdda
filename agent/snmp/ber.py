"""The part of BER that SNMP uses (RFC 3417 §8, X.690): definite lengths, one-octet tags, nothing nested deeper.

Readers take the whole datagram and an offset and give offsets, so that nothing is copied before it is wanted.
Reading past the end shows itself as IndexError here and there: ``message`` turns it into Malformed.
"""

from __future__ import annotations

from functools import lru_cache

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30

Binding = tuple[bytes, int, bytes]
"""A variable binding as it came: content octets of its name, tag and content octets of its value."""

_MAX_ARCS = 128
_MAX_ARC = 0xFFFF_FFFF
# The first subidentifier holds two arcs, 80 + the second one at most (X.690 §8.19.4).
MAX_FIRST = _MAX_ARC + 80


class Malformed(Exception):
    """The octets are not the BER that SNMP uses."""


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """Read a length: it and the offset behind it; up to four octets, padding allowed (X.690 §8.1.3)."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if not 1 <= count <= 4:
        raise Malformed(f"length of {count} octets at {at}")
    end = at + 1 + count
    if end > len(data):
        raise Malformed(f"length cut off at {at}")
    return int.from_bytes(data[at + 1 : end]), end


def read_tlv(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Read a header that must have ``tag``: the offsets of its content and behind it (which may lie past the data)."""
    if data[at] != tag:
        raise Malformed(f"tag 0x{data[at]:02x} instead of 0x{tag:02x} at {at}")
    length, start = read_length(data, at + 1)
    return start, start + length


def read_integer(data: bytes, at: int) -> tuple[int, int]:
    """Read an INTEGER of up to four octets of a header: its value and the offset behind it."""
    start, end = read_tlv(data, at, INTEGER)
    if not 1 <= end - start <= 5 or end > len(data):
        raise Malformed(f"integer of {end - start} octets at {at}")
    value = int.from_bytes(data[start:end], signed=True)
    if not -(1 << 31) <= value < (1 << 31):
        raise Malformed(f"integer out of range at {at}")
    return value, end


def read_octets(data: bytes, at: int) -> tuple[bytes, int]:
    """Read an OCTET STRING: its octets and the offset behind it."""
    start, end = read_tlv(data, at, OCTETS)
    if end > len(data):
        raise Malformed(f"string cut off at {at}")
    return data[start:end], end


def read_bindings(data: bytes, at: int, end: int) -> list[Binding]:
    """Read the variable bindings that fill ``data[at:end]`` (RFC 3416 §3); raise Malformed, IndexError.

    Half of the cost of a walk is this loop: names and values stay octets, and only local names are used.
    """
    bindings: list[Binding] = []
    add = bindings.append
    while at < end:
        if data[at] != 0x30:
            raise Malformed(f"binding without sequence at {at}")
        size = data[at + 1]
        if size < 0x80:
            at += 2
        else:
            size, at = read_length(data, at + 1)
        stop = at + size
        if data[at] != 0x06:
            raise Malformed(f"binding without name at {at}")
        size = data[at + 1]
        if size < 0x80:
            at += 2
        else:
            size, at = read_length(data, at + 1)
        middle = at + size
        name = data[at:middle]
        size = data[middle + 1]
        if size < 0x80:
            at = middle + 2
        else:
            size, at = read_length(data, middle + 1)
        if at + size != stop:
            raise Malformed(f"binding of another length at {at}")
        add((name, data[middle], data[at:stop]))
        at = stop
    if at != end:
        raise Malformed("bindings run past their list")
    return bindings


def arcs_of(raw: bytes, most: int = _MAX_ARC) -> tuple[int, ...]:
    """Return the subidentifiers in ``raw`` (X.690 §8.19.2); the first one may be ``most``, the others 32 bits.

    Raise Malformed for padding, a cut end or a too large one.
    """
    if raw.isascii():
        arcs = tuple(raw)
    else:
        found: list[int] = []
        value = 0
        for octet in raw:
            if octet == 0x80 and value == 0:
                raise Malformed("padded subidentifier")
            value = value << 7 | octet & 0x7F
            if value > (_MAX_ARC if found else most):
                raise Malformed("subidentifier of more than 32 bits")
            if octet < 0x80:
                found.append(value)
                value = 0
        if raw[-1] >= 0x80:
            raise Malformed("subidentifier cut off")
        arcs = tuple(found)
    if len(arcs) > _MAX_ARCS:
        raise Malformed(f"object identifier of {len(arcs)} arcs")
    return arcs


def write_tlv(tag: int, content: bytes) -> bytes:
    """Return a header and its content, with the shortest length (X.690 §8.1.3)."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def write_integer(value: int) -> bytes:
    """Return an INTEGER in its shortest form (X.690 §8.3)."""
    size = (value.bit_length() if value >= 0 else (~value).bit_length()) // 8 + 1
    return bytes((INTEGER, size)) + value.to_bytes(size, signed=True)


@lru_cache(maxsize=4096)
def write_oid(oid: tuple[int, ...]) -> bytes:
    """Return the content octets of an object identifier (X.690 §8.19)."""
    first = oid[0] * 40 + oid[1]
    return b"".join(map(_subidentifier, (first, *oid[2:])))


def _subidentifier(arc: int) -> bytes:
    octets = [arc & 0x7F]
    arc >>= 7
    while arc:
        octets.append(0x80 | arc & 0x7F)
        arc >>= 7
    return bytes(reversed(octets))


def write_asked(name: bytes) -> bytes:
    """Return a binding that asks for the name with these content octets (RFC 3416 §3: unSpecified)."""
    size = len(name)
    if size < 0x7C:
        return bytes((SEQUENCE, size + 4, OID, size)) + name + b"\x05\x00"
    return write_tlv(SEQUENCE, write_tlv(OID, name) + b"\x05\x00")

"""Messages and PDUs: SNMPv2c (RFC 1901 §3, RFC 3416 §3) and SNMPv3 (RFC 3412 §6, RFC 3414 §2.4).

``read`` opens only the head of a datagram: who asked and which request it belongs to. Variable bindings are read
when source, request id and credential have been found good.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from agent.snmp import ber
from agent.snmp.ber import Malformed, read_integer, read_length, read_octets, read_tlv, write_integer, write_tlv

GET, GETNEXT, RESPONSE, GETBULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8
"""PDU tags (RFC 3416 §3)."""

V2C, V3 = 1, 3
AUTHENTICATED, ENCRYPTED, REPORTABLE = 1, 2, 4
"""Bits of msgFlags (RFC 3412 §6.4)."""

USM = 3
MAX_SIZE = 65507
"""The largest UDP payload of IPv4, which is what we can receive (RFC 3412 §6.3)."""

_V2C = write_integer(V2C)
_V3 = write_integer(V3)
_USM = write_integer(USM)
_MAX_SIZE = write_integer(MAX_SIZE)


class Pdu(NamedTuple):
    """The head of a PDU; its bindings fill ``data[at:end]`` of the octets it was read from."""

    tag: int
    ident: int
    status: int
    error_index: int
    at: int
    end: int


class V2cMessage(NamedTuple):
    """An SNMPv2c message; ``cut`` where the datagram ends before the message does."""

    community: bytes
    pdu: Pdu
    cut: bool


class V3Message(NamedTuple):
    """An SNMPv3 message; ``digest_at`` is the offset of msgAuthenticationParameters, the payload is ``data[at:]``."""

    ident: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    digest: bytes
    digest_at: int
    salt: bytes
    at: int


class ScopedPdu(NamedTuple):
    """A PDU with its context, and the octets it lies in (RFC 3412 §6.8)."""

    engine_id: bytes
    context: bytes
    pdu: Pdu
    data: bytes


def read(data: bytes) -> V2cMessage | V3Message:
    """Open a datagram; raise Malformed, which is the one thing it raises."""
    try:
        at, end = read_tlv(data, 0, ber.SEQUENCE)
        version, at = read_integer(data, at)
        if version == V2C:
            return _read_v2c(data, at, end)
        if version == V3 and end == len(data):
            return _read_v3(data, at)
    except IndexError:
        raise Malformed("datagram cut off") from None
    raise Malformed(f"version {version}" if version != V3 else f"message of {end} octets in {len(data)}")


def _read_v2c(data: bytes, at: int, end: int) -> V2cMessage:
    community, at = read_octets(data, at)
    pdu = _read_pdu(data, at)
    if end < len(data):
        raise Malformed(f"{len(data) - end} octets behind the message")
    if pdu.end != end:
        raise Malformed("lengths of message and PDU do not fit")
    return V2cMessage(community, pdu, end > len(data))


def _read_pdu(data: bytes, at: int) -> Pdu:
    tag = data[at]
    length, at = read_length(data, at + 1)
    end = at + length
    ident, at = read_integer(data, at)
    status, at = read_integer(data, at)
    index, at = read_integer(data, at)
    at, inner = read_tlv(data, at, ber.SEQUENCE)
    if inner != end:
        raise Malformed("lengths of PDU and bindings do not fit")
    return Pdu(tag, ident, status, index, at, end)


def _read_v3(data: bytes, at: int) -> V3Message:
    at, head_end = read_tlv(data, at, ber.SEQUENCE)
    ident, at = read_integer(data, at)
    size, at = read_integer(data, at)
    flags, at = read_octets(data, at)
    model, at = read_integer(data, at)
    if at != head_end or len(flags) != 1 or size < 484:
        raise Malformed("msgGlobalData")
    if model != USM:
        raise Malformed(f"security model {model}")
    at, security_end = read_tlv(data, at, ber.OCTETS)
    at, inner_end = read_tlv(data, at, ber.SEQUENCE)
    engine_id, at = read_octets(data, at)
    boots, at = read_integer(data, at)
    time, at = read_integer(data, at)
    user, at = read_octets(data, at)
    digest, at = read_octets(data, at)
    digest_at = at - len(digest)
    salt, at = read_octets(data, at)
    if not at == inner_end == security_end or boots < 0 or time < 0:
        raise Malformed("msgSecurityParameters")
    return V3Message(ident, flags[0], engine_id, boots, time, user, digest, digest_at, salt, at)


def read_encrypted(data: bytes, message: V3Message) -> bytes:
    """Return the encrypted octets of a message; raise Malformed."""
    try:
        encrypted, end = read_octets(data, message.at)
    except IndexError:
        raise Malformed("no encrypted PDU") from None
    if end != len(data):
        raise Malformed("octets behind the encrypted PDU")
    return encrypted


def read_scoped(data: bytes, at: int, *, padded: bool) -> ScopedPdu:
    """Read a scoped PDU that fills ``data`` from ``at``, up to the padding of a cipher; raise Malformed."""
    try:
        at, end = read_tlv(data, at, ber.SEQUENCE)
        engine_id, at = read_octets(data, at)
        context, at = read_octets(data, at)
        pdu = _read_pdu(data, at)
    except IndexError:
        raise Malformed("scoped PDU cut off") from None
    if pdu.end != end or end > len(data) or (end < len(data) and not padded):
        raise Malformed("lengths of the scoped PDU do not fit")
    return ScopedPdu(engine_id, context, pdu, data)


def read_bindings(data: bytes, pdu: Pdu) -> list[ber.Binding]:
    """Return the bindings of a PDU; raise Malformed."""
    if pdu.end > len(data):
        raise Malformed("bindings cut off")
    try:
        return ber.read_bindings(data, pdu.at, pdu.end)
    except IndexError:
        raise Malformed("bindings cut off") from None


def write_pdu(tag: int, ident: int, second: int, third: int, asked: Sequence[bytes]) -> bytes:
    """Return a PDU that asks for names; the two numbers are non-repeaters and max-repetitions of GETBULK, or 0."""
    return write_tlv(tag, write_integer(ident) + write_integer(second) + write_integer(third) + _names(tuple(asked)))


@lru_cache(maxsize=1024)
def _names(asked: tuple[bytes, ...]) -> bytes:
    """Return the list of bindings that asks for names; the same devices are asked the same at each poll."""
    return write_tlv(ber.SEQUENCE, b"".join(map(ber.write_asked, asked)))


def write_v2c(community: bytes, pdu: bytes) -> bytes:
    """Return an SNMPv2c message."""
    return write_tlv(ber.SEQUENCE, _V2C + write_tlv(ber.OCTETS, community) + pdu)


def write_scoped(engine_id: bytes, context: bytes, pdu: bytes) -> bytes:
    """Return a scoped PDU."""
    return write_tlv(ber.SEQUENCE, write_tlv(ber.OCTETS, engine_id) + write_tlv(ber.OCTETS, context) + pdu)


def write_v3(head: V3Message, payload: bytes) -> bytes:
    """Return an SNMPv3 message whose digest is what ``head`` holds; ``payload`` is a scoped PDU or an OCTET STRING."""
    octets = ber.OCTETS
    globals_ = write_integer(head.ident) + _MAX_SIZE + write_tlv(octets, bytes((head.flags,))) + _USM
    security = b"".join(
        (
            *(write_tlv(octets, head.engine_id), write_integer(head.boots), write_integer(head.time)),
            *(write_tlv(octets, head.user), write_tlv(octets, head.digest), write_tlv(octets, head.salt)),
        )
    )
    secured = write_tlv(octets, write_tlv(ber.SEQUENCE, security))
    return write_tlv(ber.SEQUENCE, _V3 + write_tlv(ber.SEQUENCE, globals_) + secured + payload)


def write_octets(octets: bytes) -> bytes:
    """Return an OCTET STRING, as which an encrypted scoped PDU is sent (RFC 3412 §6.7)."""
    return write_tlv(ber.OCTETS, octets)

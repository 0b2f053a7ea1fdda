"""The codec beside pysnmp, in both directions and with broken octets (F23).

``make test`` runs a short seeded part; ``python -m tests.agent.test_snmp_fuzz SECONDS`` goes on with new seeds.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api, rfc1905
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from agent.snmp import ber, message, values
from agent.snmp.ber import Malformed
from agent.snmp.message import V2cMessage, V3Message
from agent.snmp.values import Kind, Oid, Value

V2C: Any = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
LIMITS = (
    settings(max_examples=2000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    if __name__ == "__main__"
    else settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
)
SEEN: Counter[str] = Counter()

KINDS: dict[str, Kind] = {
    **{"Integer32": Kind.INTEGER, "Integer": Kind.INTEGER, "OctetString": Kind.OCTETS, "ObjectIdentifier": Kind.OID},
    **{"IpAddress": Kind.IPADDRESS, "Counter32": Kind.COUNTER32, "Gauge32": Kind.GAUGE32, "Unsigned32": Kind.GAUGE32},
    **{"TimeTicks": Kind.TICKS, "Counter64": Kind.COUNTER64, "Opaque": Kind.OPAQUE, "Null": Kind.NULL},
    **{"NoSuchObject": Kind.NO_SUCH_OBJECT, "NoSuchInstance": Kind.NO_SUCH_INSTANCE},
    **{"EndOfMibView": Kind.END_OF_MIB, "UnSpecified": Kind.NULL},
}

arcs = st.integers(0, 0xFFFF_FFFF) | st.integers(0, 300)
oids = st.tuples(
    st.sampled_from([(1, 3), (1, 0), (0, 39), (2, 39), (2, 40), (2, 999)]), st.lists(arcs, max_size=20)
).map(lambda parts: (*parts[0], *parts[1]))
words = st.integers(0, 0xFFFF_FFFF) | st.sampled_from([0, 127, 128, 255, 256, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
cells = st.one_of(
    st.builds(V2C.Integer32, st.integers(-(1 << 31), (1 << 31) - 1)),
    st.builds(V2C.OctetString, st.binary(max_size=300)),
    st.builds(V2C.ObjectIdentifier, oids),
    st.builds(V2C.IpAddress, st.tuples(*[st.integers(0, 255)] * 4).map(lambda four: ".".join(map(str, four)))),
    st.builds(V2C.Counter32, words),
    st.builds(V2C.Gauge32, words),
    st.builds(V2C.TimeTicks, words),
    st.builds(V2C.Counter64, st.integers(0, (1 << 64) - 1) | words),
    st.builds(V2C.Opaque, st.binary(min_size=1, max_size=20).filter(lambda raw: raw[:1] != b"\x9f")),
    st.sampled_from([rfc1905.noSuchObject, rfc1905.noSuchInstance, rfc1905.endOfMibView, V2C.Null("")]),
)
numbers = st.integers(-(1 << 31), (1 << 31) - 1)


def theirs(value: Any) -> Value:
    """Return a value of pysnmp as one of ours."""
    kind = KINDS[type(value).__name__]
    if kind in {Kind.OCTETS, Kind.IPADDRESS, Kind.OPAQUE}:
        return Value(kind, bytes(value))
    if kind is Kind.OID:
        return Value(kind, tuple(value))
    if kind in {Kind.NULL, Kind.NO_SUCH_OBJECT, Kind.NO_SUCH_INSTANCE, Kind.END_OF_MIB}:
        return Value(kind, None)
    return Value(kind, int(value))


Content = tuple[int, int, int, int, list[tuple[Oid, Value]]]


def our_pdu(data: bytes, pdu: message.Pdu) -> Content:
    bindings = message.read_bindings(data, pdu)
    read = [(values.oid_of(name), values.read(tag, raw)) for name, tag, raw in bindings]
    return (pdu.tag, pdu.ident, pdu.status, pdu.error_index, read)


def their_pdu(pdus: Any) -> Content:
    pdu = pdus.getComponent()
    tag = 0xA0 | pdu.tagSet[-1].tagId
    head = [int(pdu[at]) for at in range(3)]
    return (tag, head[0], head[1], head[2], [(tuple(name), theirs(cell.getComponent(1))) for name, cell in inner(pdu)])


def inner(pdu: Any) -> list[tuple[Any, Any]]:
    """Return name and value of each binding, the value out of its two nested CHOICEs."""
    found = []
    for one in pdu[3]:
        choice = one[1]
        while hasattr(choice, "getComponent") and choice.getComponent() is not None and hasattr(choice, "getName"):
            choice = choice.getComponent()
        found.append((one[0], _Wrapped(choice)))
    return found


class _Wrapped:
    def __init__(self, value: Any) -> None:
        self._value = value

    def getComponent(self, _: int) -> Any:
        return self._value


def response(ident: int, status: int, index: int, bindings: list[tuple[Oid, Any]]) -> Any:
    pdu = V2C.ResponsePDU()
    V2C.apiPDU.set_defaults(pdu)
    V2C.apiPDU.set_request_id(pdu, ident)
    V2C.apiPDU.set_error_status(pdu, status)
    V2C.apiPDU.set_error_index(pdu, index)
    V2C.apiPDU.set_varbinds(pdu, bindings)
    return pdu


def datagram(community: bytes, pdu: Any) -> bytes:
    whole = V2C.Message()
    V2C.apiMessage.set_defaults(whole)
    V2C.apiMessage.set_community(whole, community)
    V2C.apiMessage.set_pdu(whole, pdu)
    encoded: bytes = encoder.encode(whole)
    return encoded


responses = st.builds(
    response, numbers, st.integers(0, 18), st.integers(0, 0x7FFF_FFFF), st.lists(st.tuples(oids, cells), max_size=12)
)
datagrams = st.builds(datagram, st.binary(max_size=200), responses)


@LIMITS
@given(datagrams)
def test_what_pysnmp_writes_is_read_the_same(data: bytes) -> None:
    opened = message.read(data)
    assert isinstance(opened, V2cMessage)
    decoded, rest = decoder.decode(data, asn1Spec=V2C.Message())
    assert rest == b""
    assert not opened.cut
    assert opened.community == bytes(decoded[1])
    assert our_pdu(data, opened.pdu) == their_pdu(decoded[2])


@LIMITS
@given(st.binary(max_size=300), st.sampled_from([message.GET, message.GETBULK]), numbers, st.lists(oids, max_size=12))
def test_what_we_ask_pysnmp_reads(community: bytes, tag: int, ident: int, names: list[Oid]) -> None:
    pdu = message.write_pdu(tag, ident, 1 if tag == message.GETBULK else 0, 0, [ber.write_oid(name) for name in names])
    decoded, rest = decoder.decode(message.write_v2c(community, pdu), asn1Spec=V2C.Message())
    assert rest == b""
    assert bytes(decoded[1]) == community
    got = their_pdu(decoded[2])
    assert got == (tag, ident, int(tag == message.GETBULK), 0, [(name, Value(Kind.NULL, None)) for name in names])


@LIMITS
@given(
    *(st.binary(min_size=5, max_size=32), st.binary(max_size=32), st.binary(max_size=48), st.binary(max_size=8)),
    *(
        st.integers(0, 0x7FFF_FFFF),
        st.integers(0, 0x7FFF_FFFF),
        st.integers(0, 0x7FFF_FFFF),
        st.lists(oids, max_size=5),
    ),
)
def test_a_v3_message_is_read_by_pysnmp_and_by_us_as_it_was_meant(
    engine: bytes, user: bytes, digest: bytes, salt: bytes, boots: int, now: int, ident: int, names: list[Oid]
) -> None:
    pdu = message.write_pdu(message.GET, ident, 0, 0, [ber.write_oid(name) for name in names])
    head = V3Message(ident, 4, engine, boots, now, user, digest, 0, salt, 0)
    data = message.write_v3(head, message.write_scoped(engine, user, pdu))
    ours = message.read(data)
    assert isinstance(ours, V3Message)
    assert ours._replace(at=0, digest_at=0) == head
    assert data[ours.digest_at : ours.digest_at + len(digest)] == digest
    decoded, rest = decoder.decode(data, asn1Spec=SNMPv3Message())
    security, _ = decoder.decode(decoded[2], asn1Spec=UsmSecurityParameters())
    assert rest == b""
    fields = [bytes(security[0]), int(security[1]), int(security[2]), *(bytes(security[at]) for at in (3, 4, 5))]
    assert fields == [engine, boots, now, user, digest, salt]
    scoped = message.read_scoped(data, ours.at, padded=False)
    assert (bytes(decoded[3][0][0]), bytes(decoded[3][0][1])) == (scoped.engine_id, scoped.context) == (engine, user)
    assert their_pdu(decoded[3][0][2]) == our_pdu(data, scoped.pdu)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Return a datagram of pysnmp in which some octets are changed, cut out or put in."""
    data = bytearray(draw(datagrams | v3_datagrams))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        do = draw(st.sampled_from((0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4)))
        if do == 0 and data:
            data[at] = draw(st.integers(0, 255))
        elif do == 1 and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif do == 2:
            del data[at : at + draw(st.integers(1, 9))]
        elif do == 3:
            data[at:at] = draw(st.binary(max_size=9))
        else:
            data[at : at + 1] = draw(st.sampled_from([b"\x80", b"\x84\xff\xff\xff\xff", b"\x81\x00", b"\x00", b"\xff"]))
    return bytes(data)


def scoped_datagram(engine: bytes, context: bytes, pdu: Any) -> bytes:
    content = encoder.encode(pdu)
    head = V3Message(77, 0, engine, 1, 2, b"user", b"", 0, b"", 0)
    return message.write_v3(head, message.write_scoped(engine, context, content))


v3_datagrams = st.builds(scoped_datagram, st.binary(min_size=5, max_size=32), st.binary(max_size=10), responses)


def read_ours(data: bytes) -> tuple[bytes, bytes, Content] | None:
    """Read a datagram as the engine would: None where it is malformed, and nothing else is raised."""
    try:
        opened = message.read(data)
        if isinstance(opened, V3Message):
            scoped = message.read_scoped(data, opened.at, padded=False)
            return (scoped.engine_id, scoped.context, our_pdu(data, scoped.pdu))
        return (opened.community, b"", our_pdu(data, opened.pdu))
    except Malformed:
        return None


def read_theirs(data: bytes) -> tuple[bytes, bytes, Content] | None:
    # pyasn1 lets OverflowError, ValueError and others out, too.
    try:
        decoded, _ = decoder.decode(data, asn1Spec=SNMPv3Message())
        if int(decoded[0]) == 3:
            scoped = decoded[3][0]
            assert isinstance(scoped, ScopedPDU)
            return (bytes(scoped[0]), bytes(scoped[1]), their_pdu(scoped[2]))
    except (PyAsn1Error, ArithmeticError, LookupError, ValueError, TypeError, AttributeError, AssertionError):
        pass
    try:
        decoded, _ = decoder.decode(data, asn1Spec=V2C.Message())
        return (bytes(decoded[1]), b"", their_pdu(decoded[2]))
    except (PyAsn1Error, ArithmeticError, LookupError, ValueError, TypeError, AttributeError, AssertionError):
        return None


@LIMITS
@given(broken())
def test_broken_octets_raise_nothing_of_their_own_and_never_another_value(data: bytes) -> None:
    ours, other = read_ours(data), read_theirs(data)
    SEEN[f"ours {'read' if ours else 'refused'}, pysnmp {'read' if other else 'refused'}"] += 1
    if ours is None or other is None:
        return
    ours_cells, other_cells = ours[2][4], other[2][4]
    assert (*ours[:2], *ours[2][:4]) == (*other[:2], *other[2][:4])
    assert [name for name, _ in ours_cells] == [name for name, _ in other_cells]
    for (_, mine), (_, their) in zip(ours_cells, other_cells, strict=True):
        assert mine.kind is Kind.BAD or mine == their or mine.kind is Kind.OPAQUE_FLOAT


@LIMITS
@given(st.integers(0, 255), st.binary(max_size=20))
def test_any_octets_of_any_tag_give_a_value_or_a_reason(tag: int, raw: bytes) -> None:
    value = values.read(tag, raw)
    assert isinstance(value.value, str) == (value.kind is Kind.BAD)


@LIMITS
@given(oids)
def test_an_object_identifier_comes_back_as_it_went(oid: Oid) -> None:
    assert values.oid_of(ber.write_oid(oid)) == oid
    assert values.parse_oid(values.oid_text(oid)) == oid


def go_on(seconds: float) -> None:
    """Run every test of this file with one seed after another until the time is over."""
    tests: list[Callable[..., None]] = [test for name, test in sorted(globals().items()) if name.startswith("test_")]
    until = time.monotonic() + seconds
    first = int(time.time())
    for rounds in itertools.count():
        for test in tests:
            if time.monotonic() > until:
                print(f"{rounds} rounds of {len(tests)} tests with seeds from {first}; {dict(SEEN)}")
                return
            hypothesis.seed(first + rounds)(test)()


if __name__ == "__main__":
    go_on(float(sys.argv[1]))

"""A reply of a known shape is read as the parser would read it, and only then without the parser."""

from __future__ import annotations

import random

import pytest

from agent.snmp import ber, message
from agent.snmp.ber import Malformed
from agent.snmp.shapes import Shapes
from agent.snmp.values import Oid
from tests.agent.snmp_agent import binding, number, octets

ASKED = (b"\x2b\x06",)
ROWS: list[Oid] = [(1, 3, 6, 1, 2, 1, 2, 2, 1, 10, row) for row in range(1, 9)]


def reply(counters: list[int], name: bytes = b"ether1") -> bytes:
    cells = [binding(oid, number(0x41, count)) for oid, count in zip(ROWS, counters, strict=True)]
    return b"".join((*cells, binding((*ROWS[0][:-1], 99), octets(name))))


def read(shapes: Shapes, data: bytes, size: int | None = None) -> list[ber.Binding]:
    pdu = message.Pdu(message.RESPONSE, 1, 0, 0, 0, len(data) if size is None else size)
    found = shapes.read(data, pdu, ASKED)
    return list(zip(found.names, found.tags, found.raws, strict=True))


def known() -> Shapes:
    shapes = Shapes()
    for step in range(3):
        read(shapes, reply([1000 + step] * 8))
    return shapes


def test_other_values_of_the_same_lengths_are_read_without_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, data = known(), reply([*range(2000, 2008)], b"\x30\x82\x06\xff\x00\x05")
    expected = ber.read_bindings(data, 0, len(data))
    monkeypatch.delattr(message, "read_bindings")
    assert read(shapes, data) == expected


def test_any_octet_changed_reads_as_the_parser_reads_it() -> None:
    rng, whole = random.Random(5), reply([1000] * 8)
    for at in range(len(whole)):
        data = whole[:at] + bytes((whole[at] ^ rng.randrange(1, 256),)) + whole[at + 1 :]
        try:
            expected: list[ber.Binding] | str = ber.read_bindings(data, 0, len(data))
        except (Malformed, IndexError):
            expected = "malformed"
        try:
            found: list[ber.Binding] | str = read(known(), data)
        except Malformed:
            found = "malformed"
        assert found == expected, at


def test_a_cut_reply_of_a_known_shape_is_malformed() -> None:
    data = reply([1000] * 8)
    with pytest.raises(Malformed):
        read(known(), data[:-1], size=len(data))

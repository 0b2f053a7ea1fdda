"""Interfaces: which counter is true, what a name is, what a speed is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.snmp.answers import Answers, label_of
from agent.snmp.interfaces import (
    ALIAS,
    DESCR,
    HC_IN,
    HC_OUT,
    HIGH_SPEED,
    IN_OCTETS,
    NAME,
    OUT_OCTETS,
    PACKETS_IN,
    PACKETS_OUT,
    Interface,
    interfaces,
    readings,
    speed,
    wide_enough,
)
from agent.snmp.names import LONGEST, distinct
from agent.snmp.values import Kind, Oid, Value

Said = dict[Oid, Value]


def text(column: Oid, index: int, octets: bytes) -> Said:
    return {(*column, index): Value(Kind.OCTETS, octets)}


def counter(column: Oid, index: int, value: int, kind: Kind = Kind.COUNTER64) -> Said:
    return {(*column, index): Value(kind, value)}


def both(index: int, wide: tuple[int, int], narrow: tuple[int, int]) -> Said:
    said = counter(HC_IN, index, wide[0]) | counter(HC_OUT, index, wide[1])
    said |= counter(IN_OCTETS, index, narrow[0], Kind.COUNTER32)
    return said | counter(OUT_OCTETS, index, narrow[1], Kind.COUNTER32)


def one(said: Said) -> Interface:
    return interfaces(Answers(said))[0]


def octets(said: Said) -> tuple[int | None, int | None, int | None]:
    found = one(said)
    return found.receive, found.transmit, found.bits


def test_64_bits_come_first_and_are_exact() -> None:
    assert octets(both(1, (2**64 - 1, 2**63), (5, 6))) == (2**64 - 1, 2**63, 64)


def test_a_dead_64_bit_counter_gives_way_to_the_32_bit_one_that_moves() -> None:
    assert octets(both(1, (0, 0), (5, 0))) == (5, 0, 32)


def test_two_zeros_are_a_64_bit_zero() -> None:
    assert octets(both(1, (0, 0), (0, 0))) == (0, 0, 64)


def test_each_interface_decides_for_itself() -> None:
    said = (
        both(1, (7, 8), (7, 8)) | counter(IN_OCTETS, 2, 9, Kind.COUNTER32) | counter(OUT_OCTETS, 2, 9, Kind.COUNTER32)
    )
    assert [found.bits for found in interfaces(Answers(said))] == [64, 32]


def test_a_64_bit_column_of_a_32_bit_type_is_told_as_32_bits() -> None:
    assert octets(counter(HC_IN, 1, 3, Kind.COUNTER32) | counter(HC_OUT, 1, 4, Kind.COUNTER32)) == (3, 4, 32)


def test_a_counter_in_a_signed_type_is_read_unsigned_and_minus_one_is_none() -> None:
    said = counter(IN_OCTETS, 1, -(2**31), Kind.INTEGER) | counter(OUT_OCTETS, 1, -1, Kind.INTEGER)
    assert octets(said) == (2**31, None, 32)


def test_a_badly_encoded_counter_is_unknown_with_its_reason() -> None:
    said = {(*HC_IN, 1): Value(Kind.BAD, "COUNTER64 of 12 octets")} | counter(HC_OUT, 1, 4)
    found = one(said)
    assert (found.receive, found.transmit) == (None, 4)
    assert found.problems == (("receive_bytes_total", "not a counter"),)


def keys(*rows: tuple[bytes, bytes, bytes]) -> list[str]:
    said: Said = {}
    for index, (name, descr, alias) in enumerate(rows, 1):
        said |= text(NAME, index, name) | text(DESCR, index, descr) | text(ALIAS, index, alias)
    return [found.key for found in interfaces(Answers(said))]


def test_ifname_is_the_key_then_ifdescr_then_ifalias_then_the_index() -> None:
    rows = [(b"ether1", b"d", b"a"), (b"", b"port 2", b"a"), (b"", b"", b"uplink"), (b"", b"", b"")]
    assert keys(*rows) == ["ether1", "port 2", "uplink", "#4"]


def test_all_who_share_a_name_give_it_up() -> None:
    assert keys((b"vlan", b"vlan on 1", b""), (b"vlan", b"vlan on 2", b"")) == ["vlan on 1", "vlan on 2"]
    assert keys((b"lan", b"", b""), (b"lan", b"", b"")) == ["lan #1", "lan #2"]


@pytest.mark.parametrize(
    ("octets", "label"),
    [
        (b"eth0\0\0\0", "eth0"),
        (b"Ethernet\r\nLAN ", "Ethernet LAN"),
        (b"\x00\x08=\x12", ""),
        (b"Kantor \xff", "Kantor ÿ"),
        ("Camat Ngçe".encode(), "Camat Ngçe"),
    ],
)
def test_a_name_is_one_printable_line(octets: bytes, label: str) -> None:
    assert label_of(Value(Kind.OCTETS, octets)) == label


@given(st.lists(st.lists(st.text("a #01", max_size=4), max_size=3), max_size=8))
def test_names_are_always_distinct(candidates: list[list[str]]) -> None:
    names = distinct(candidates, [str(i) for i in range(len(candidates))])
    assert len(set(names)) == len(candidates)


def test_long_names_that_differ_late_are_told_apart() -> None:
    names = distinct([["x" * 300 + "1"], ["x" * 300 + "2"], ["x" * 197 + " #1"]], ["1", "2", "3"])
    assert len(set(names)) == 3
    assert max(map(len, names)) <= LONGEST


@pytest.mark.parametrize(
    ("high", "low", "bits_per_second"),
    [
        (1000, 4294967295, 1_000_000_000),
        (0, 100_000_000, 100_000_000),
        (0, 4294967295, 0),
        (None, 64_000, 64_000),
        (None, None, 0),
        (0, 0, 0),
        (None, -1, 0),
    ],
)
def test_a_speed_is_ifhighspeed_then_ifspeed_then_unknown(
    high: int | None, low: int | None, bits_per_second: int
) -> None:
    assert speed(high, low) == bits_per_second


def test_the_32_bit_columns_are_left_out_only_where_every_64_bit_counter_has_moved() -> None:
    said = both(1, (7, 8), (7, 8)) | text(NAME, 1, b"ether1") | counter(HIGH_SPEED, 1, 100, Kind.GAUGE32)
    assert wide_enough(interfaces(Answers(said)))
    assert not wide_enough(interfaces(Answers(said | both(1, (7, 0), (7, 0)))))


def packets(said: Said) -> tuple[int | float | None, int | float | None]:
    answers = Answers(both(1, (10, 0), (10, 0)) | said)
    (item,) = readings(answers, interfaces(answers), device="rtr", time_ns=1)
    return item.fields.get("receive_packets_total"), item.fields.get("transmit_packets_total")


def three(columns: tuple[Oid, ...], *values: int, kind: Kind = Kind.COUNTER64) -> Said:
    return {(*column, 1): Value(kind, value) for column, value in zip(columns, values, strict=False)}


def test_packets_are_the_sum_of_unicast_multicast_and_broadcast() -> None:
    assert packets(three(PACKETS_IN, 5, 3, 1) | three(PACKETS_OUT, 0, 0, 0)) == (9, 0)
    assert packets(three(PACKETS_IN, 2**64 - 1, 3, 0)) == (2, None), "a sum of counters wraps as they do"


@pytest.mark.parametrize(
    "said",
    [
        three(PACKETS_IN, 5, 3),
        three(PACKETS_IN, 5, 3, 1, kind=Kind.COUNTER32),
        three(PACKETS_IN, 0, 0, 0),
        three(PACKETS_IN, 5, 3, 1) | both(1, (0, 0), (10, 0)),
    ],
    ids=["two of three", "32 bits", "zeros beside octets", "64 bits are dead"],
)
def test_packets_that_are_not_all_there_are_no_sum(said: Said) -> None:
    assert packets(said)[0] is None

"""Judging a body by columns takes and refuses the same lines as reading it line by line."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.catalogue import RAW
from agent.reading import Reading, decode, encode
from collector.ledger import body as judging
from collector.ledger.body import Identity, Lines, TooManyRejected

STAMP = "1773100000000000000"
KEYS = (
    "nadi_interface,device=a,interface=eth0",
    "nadi_interface,device=a,interface=eth0/1.5",
    "nadi_interface,interface=x,device=b",
    "nadi_host,host=a,mode=user",
    "nadi_host,host=a\\ b",
    "nadi_agent,agent=ag",
    'nadi_interface,device=a,interface="',
    'nadi_interface,device=a"b c"',
    "nadi_interface,device=a\u00e9",
    "nadi_link,link=a",
    "#nadi_interface,device=a",
)
FIELDS = (
    "receive_bytes_total=5u,up=1i",
    "receive_bytes_total=18446744073709551615u",
    "receive_bytes_total=18446744073709551616u",
    "speed_bits_per_second=9223372036854775808i",
    "receive_bytes_total=9999999999999999999u,transmit_bytes_total=00u",
    "receive_bytes_total=-5i",
    "receive_bytes_total=5i,speed_bits_per_second=-7i",
    "speed_bits_per_second=9223372036854775807i",
    "speed_bits_per_second=9223372036854775808u",
    "up=1i,up=1i",
    "up1=i",
    "u1p=1i",
    "up=i",
    "up=1i2",
    "up=1,load1=5",
    "load1=0.5,load5=.5,load15=1e-05",
    "cpu_seconds_total=12345.678",
    "cpu_seconds_total=1e+300,uptime_seconds=-0.0",
    "cpu_seconds_total=-1",
    "uptime_seconds=5,boot_time_seconds=5i,memory_size_bytes=7i",
    "uptime_seconds=5.",
    "uptime_seconds=1e999",
    "memory_bytes=1i",
    "",
)
STAMPS = (STAMP, "5", "-5", "9223372036854775807", "9223372036854775808", "177310000000000000x", "0" * 19, "")
JOINTS = st.sampled_from((" ", " ", " ", " ", " ", "  ", "\t", "", "\n", "\x0b"))


@st.composite
def lines(draw: st.DrawFn) -> str:
    parts = [draw(st.sampled_from(some)) for some in (KEYS, FIELDS, STAMPS)]
    return (
        parts[0] + draw(JOINTS) + parts[1] + draw(JOINTS) + parts[2] + draw(st.sampled_from(("\n", "\n", "\r\n", "")))
    )


def same(text: bytes) -> Lines:
    """Judge both ways and compare all that is told."""
    good, bad = decode(text)
    found = Lines(text)
    assert (list(found), found.rejected) == (good, bad)
    assert len(found) == len(good)
    assert found.samples == sum(len(reading.fields) for reading in good)
    times = [reading.time_ns for reading in good] or [0]
    assert (found.first_ns, found.last_ns) == (min(times), max(times))
    assert found.identities == {Identity(tag := RAW[r.measurement].identity, r.tag(tag)) for r in good}
    raw = list(found.raw())
    assert [reading for line in raw for reading in decode(line.content)[0]] == good
    assert {line.key for line in raw} == found.series
    return found


@pytest.mark.parametrize("key", KEYS)
def test_every_kind_of_line_is_taken_or_refused_alike(key: str) -> None:
    regular = f"{key} up=1i {STAMP}\n"
    for fields in FIELDS:
        for stamp in STAMPS:
            same(f"{key} {fields} {stamp}\n".encode())
        same(f"{regular}{key} {fields} {STAMP}\n{regular}".encode())


@given(st.lists(lines(), max_size=12))
@example(["nadi_interface,device=a up=1i 5\n", "  \n", "\n", " \n"])
@example(["nadi_interface,device=a up=1i\n", f"{STAMP} x {STAMP}\n"])
def test_both_ways_take_the_same_lines(text: list[str]) -> None:
    same("".join(text).encode())


@given(st.lists(lines(), max_size=4), st.binary(max_size=60), st.integers(0, 300))
def test_both_ways_refuse_the_same_junk(text: list[str], junk: bytes, place: int) -> None:
    whole = "".join(text).encode()
    same(whole[:place] + junk + whole[place:])


def interface(i: int) -> Reading:
    fields = {"receive_bytes_total": i * 10**6, "transmit_bytes_total": i, "up": i % 2}
    return Reading("nadi_interface", (("device", "a"), ("interface", f"e{i % 24}")), fields, int(STAMP) + i)


def test_a_long_body_is_judged_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = encode(map(interface, range(500))).replace(b"up=1i", b"up=x", 3)
    whole = same(text)
    monkeypatch.setattr(judging, "_BLOCK", 1000)
    parts = same(text)
    assert [line.number for line in parts.raw()] == [line.number for line in whole.raw()]


def test_readings_of_some_measurements_only() -> None:
    text = encode([interface(1), Reading("nadi_host", (("host", "a"),), {"load1": 0.5}, 5), interface(2)])
    assert [r.time_ns for r in Lines(text).readings("nadi_host")] == [5]
    assert [r.time_ns - int(STAMP) for r in Lines(text).readings("nadi_interface")] == [1, 2]


def test_what_was_learned_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_CACHE_BYTES", 2000)
    for i in range(200):
        Lines(encode([Reading("nadi_interface", (("device", f"d{i}"),), {"up": 1}, int(STAMP))]))
        assert len(judging._LAYOUTS.known) < 10
        assert len(judging._LAYOUTS.bodies) < 10


@pytest.mark.parametrize("piece", [b"a\n", b"\n", b"#\n", b"a b c\n", b"nadi_interface,device=a up=1u 5\n"])
def test_a_body_of_junk_is_given_up_early(piece: bytes) -> None:
    text = piece * ((8 << 20) // len(piece))
    start = time.process_time()
    with pytest.raises(TooManyRejected):
        Lines(text)
    assert time.process_time() - start < 1.0

"""Line protocol: what is encoded comes back, what is wrong is told with its reason."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.catalogue import RAW
from agent.reading import I63, MAX_REASON, U64, LineError, Reading, decode, encode, parse_line

LABEL = st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=40)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    measurement = draw(st.sampled_from(sorted(RAW)))
    known = RAW[measurement]
    tags = draw(st.sets(st.sampled_from(sorted(known.tags)))) | {known.identity}
    fields: dict[str, int | float] = {}
    for name in draw(st.lists(st.sampled_from(sorted(known.fields)), min_size=1, unique=True)):
        field = known.fields[name]
        if not field.integer:
            fields[name] = draw(st.floats(allow_nan=False, allow_infinity=False, min_value=0))
        elif field.kind == "counter":
            fields[name] = draw(st.integers(0, U64 - 1))
        else:
            fields[name] = draw(st.integers(-I63, I63 - 1))
    pairs = tuple(sorted((tag, draw(LABEL)) for tag in tags))
    return Reading(measurement, pairs, fields, draw(st.integers(-I63, I63 - 1)))


@given(st.lists(readings(), max_size=5))
def test_what_is_encoded_is_decoded(batch: list[Reading]) -> None:
    assert decode(encode(batch)) == (batch, [])


def test_an_odd_quotation_mark_in_a_name_is_a_character_like_any_other() -> None:
    named = [Reading("nadi_interface", (("device", "r1"), ("interface", '12" rack')), {"up": 1}, 5)]
    assert decode(encode(named)) == (named, [])


@given(st.binary(max_size=300) | st.text('nadi_interface,device=x up=1i\\" -.eE0123456789u\n#').map(str.encode))
def test_no_bytes_make_another_error_than_ours(junk: bytes) -> None:
    good, bad = decode(junk)
    assert all(math.isfinite(value) for reading in good for value in reading.fields.values())
    assert all(0 < len(item.reason) <= MAX_REASON for item in bad)


BAD = {
    "nadi_interface,device=a up=1i": "no timestamp",
    "nadi_interface,device=a up=1i 5 6": "not 'series fields timestamp'",
    "nadi_interface,device=a up=1i 5.0": "not an integer of nanoseconds",
    "nadi_interface,device=a up=1i 9223372036854775808": "not an integer of nanoseconds",
    "cpu,device=a up=1i 5": "measurement 'cpu' is not in the catalogue",
    "nadi_interface,device=a,device=b up=1i 5": "stands twice",
    "nadi_interface,device=a,opd=b up=1i 5": "tag 'opd' is not one of nadi_interface",
    "nadi_interface,interface=a up=1i 5": "tag 'device' is missing",
    "nadi_interface,device= up=1i 5": "is not name=value",
    "nadi_interface,device=a\x07 up=1i 5": "control characters",
    f"nadi_interface,device={'x' * 201} up=1i 5": "too long",
    "nadi_interface,device=a up=1i,up=1i 5": "field 'up' stands twice",
    "nadi_interface,device=a no=1i 5": "field 'no' is not one of",
    "nadi_interface,device=a up 5": "field 'up' is not one of",
    "nadi_interface,device=a up=1 5": "must be an integer",
    "nadi_interface,device=a up=t 5": "is not a number",
    "nadi_interface,device=a receive_bytes_total=-1i 5": "is negative",
    "nadi_interface,device=a receive_bytes_total=18446744073709551616u 5": "does not fit 64 bits",
    "nadi_interface,device=a up=9223372036854775808u 5": "does not fit signed 64 bits",
    "nadi_host,host=a load1=1e999 5": "is not finite",
    "nadi_host,host=a load1=NaN 5": "is not a number",
    "nadi_host,host=a load1=١ 5": "is not a number",
    "nadi_host,host=a load1=1 ٥": "not an integer",
    "x" * 20_000: "longer than 16384 bytes",
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_told_with_its_reason(line: str) -> None:
    with pytest.raises(LineError) as error:
        parse_line(line.encode())
    assert BAD[line] in str(error.value)


def test_a_line_that_is_not_utf8_is_refused() -> None:
    assert [item.reason for item in decode(b"nadi_interface,device=\xff up=1i 5\n")[1]] == ["not UTF-8"]


def test_blank_lines_and_comments_are_passed_over() -> None:
    good, bad = decode(b"\n# note\n  \nnadi_interface,device=a up=1i 5\r\n")
    assert ([reading.time_ns for reading in good], bad) == ([5], [])


def test_encoding_refuses_what_a_field_cannot_carry() -> None:
    tags = (("device", "a"),)
    for fields in ({"up": 0.5}, {"up": math.nan}):
        with pytest.raises(ValueError, match=r"not an integer|cannot convert"):
            encode([Reading("nadi_interface", tags, fields, 5)])
    with pytest.raises(ValueError, match="not finite"):
        encode([Reading("nadi_host", (("host", "a"),), {"load1": math.inf}, 5)])
    with pytest.raises(KeyError):
        encode([Reading("nadi_interface", tags, {"no_such": 1}, 5)])


HOSTILE = [
    b"a\n",
    b"\n",
    b"nadi_interface,device=\\\\,",
    b'"',
    b",=",
    b"nadi_interface,device=a up=" + b"9" * 500 + b"i 5\n",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_bytes_cost_a_bounded_time(piece: bytes) -> None:
    body = (piece * (65536 // len(piece) + 1))[:65536]
    spent = []
    for _ in range(3):
        start = time.process_time()
        decode(body)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.2  # 0.05 s on a quiet machine; here three tries on a busy one

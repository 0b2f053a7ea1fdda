"""Envelopes and receipts: whole or refused, and no bytes make another error than ours."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.envelope import (
    Envelope,
    EnvelopeError,
    Header,
    Receipt,
    canonical,
    inflate,
    read_receipts,
    split,
    write_receipts,
)
from agent.identity import Key

KEY = Key(b"k" * 32)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
NATURAL = st.integers(0, 2**63 - 1)
HEADERS = st.builds(
    Header,
    agent=NAMES,
    device=NAMES,
    run=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    seq=NATURAL,
    boot_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    wall_ns=NATURAL,
    boot_ns=NATURAL,
    length=NATURAL,
    sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)


def sealed(lines: bytes = b"x\n", seq: int = 1) -> Envelope:
    return Envelope.seal(
        lines, agent="a", device="d", run="0" * 16, seq=seq, boot_id="b", wall_ns=1, boot_ns=2, sign=KEY.sign
    )


@given(HEADERS)
def test_a_header_comes_back_by_pattern_and_by_json(header: Header) -> None:
    line = header.to_bytes()
    assert Header.from_bytes(line) == Header._from_json(line) == header


@given(HEADERS, st.data())
def test_pattern_and_json_refuse_the_same_headers(header: Header, data: st.DataObject) -> None:
    line = bytearray(header.to_bytes())
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.sampled_from(b'0129-_ "{}:,a.\\n\x00\xc3\xa9'))
    outcomes: list[Header | None] = []
    for read in (Header.from_bytes, Header._from_json):
        try:
            outcomes.append(read(bytes(line)))
        except EnvelopeError:
            outcomes.append(None)
    assert outcomes[0] == outcomes[1]


def test_envelopes_follow_one_another() -> None:
    envelopes = [sealed(b"x\n" * i, i) for i in range(1, 4)]
    found = list(split(b"".join(envelope.to_bytes() for envelope in envelopes)))
    assert found == envelopes
    assert all(envelope.is_whole() and envelope.is_signed_by(KEY.public) for envelope in found)


@given(st.binary(max_size=400))
def test_no_bytes_make_another_error_than_ours(junk: bytes) -> None:
    for read in (lambda: list(split(junk)), lambda: inflate(junk, 100), lambda: read_receipts(junk, KEY.public)):
        with suppress(EnvelopeError):
            read()


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_breaks_the_envelope_or_its_signature(place: int, flip: int) -> None:
    data = bytearray(sealed().to_bytes())
    data[place % len(data)] ^= flip
    try:
        found = list(split(bytes(data)))
    except EnvelopeError:
        return
    assert [envelope.is_signed_by(KEY.public) for envelope in found] != [True] or found == [sealed()]


@pytest.mark.parametrize("key", ["length", "seq", "wall_ns"])
@pytest.mark.parametrize("value", [-1, 2**63, 1.0, True, "1", None, [1]])
def test_a_lying_number_is_refused(key: str, value: object) -> None:
    table = json.loads(sealed().header_bytes) | {key: value}
    with pytest.raises(EnvelopeError):
        Header.from_bytes(canonical(table))


def test_a_length_past_the_end_is_refused() -> None:
    header = sealed().header._replace(length=2**62)
    envelope = replace(sealed(), header=header, header_bytes=header.to_bytes())
    with pytest.raises(EnvelopeError, match="cut short"):
        list(split(envelope.to_bytes()))


def test_deep_json_is_refused() -> None:
    for line in (b"[" * 2000, b'{"a":' * 400, b"9" * 2000):
        with pytest.raises(EnvelopeError):
            Header.from_bytes(line)


def test_inflate_takes_one_whole_stream_of_bounded_size() -> None:
    whole = zlib.compress(b"x" * 100)
    assert inflate(whole, 100) == b"x" * 100
    for bad in (whole[:-1], whole + b"x", whole + whole, zlib.compress(bytes(101)), b""):
        with pytest.raises(EnvelopeError):
            inflate(bad, 100)


def test_receipts_come_back_and_only_from_the_pinned_collector() -> None:
    receipt = Receipt("0" * 16, 1, "f" * 64, "stored", "", ((2, "why"),), "j", 5, "h")
    answer = write_receipts([receipt], KEY.sign)
    assert read_receipts(answer, KEY.public) == [receipt]
    for bad in (answer.replace(b"stored", b"Stored"), answer[:-2], b"<html>200</html>", b""):
        with pytest.raises(EnvelopeError):
            read_receipts(bad, KEY.public)

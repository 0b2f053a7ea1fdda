"""A chunk gives back the readings that went into it, or says that it is damaged."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.ledger.chunks import ChunkDamaged, Place, decode, encode
from collector.ledger.columns import Column, Columns, interface_series, joined
from collector.ledger.packing import pack, unpack

SERIES = interface_series(source="agen-1", device="opd-1", interface="ether1")
DAY = date(2026, 10, 5)
START = 1_790_000_000_000_000_000
INT64 = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5), st.sampled_from((-(2**63), 2**63 - 1)))
UINT64 = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 300), st.just(2**64 - 1))
FLOAT64 = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.decimals(-99, 99, places=2).map(float), st.just(-0.0)
)
KINDS = {"receive_bytes_total": (np.uint64, UINT64), "up": (np.int64, INT64), "load1": (np.float64, FLOAT64)}


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


@st.composite
def columns(draw: st.DrawFn) -> Columns:
    n = draw(st.integers(1, 40))

    def ints(values: st.SearchStrategy[int]) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=n, max_size=n)), dtype=np.int64)

    steps = draw(
        st.sampled_from((st.just(60_000_000_000), st.integers(0, 10**15), st.integers(0, 9).map(lambda ms: ms * 10**6)))
    )
    boot_ids = tuple(draw(st.lists(st.uuids().map(str), max_size=3, unique=True)))
    boot = ints(st.integers(-1, len(boot_ids) - 1))
    fields = {}
    for name in draw(st.sets(st.sampled_from(sorted(KINDS)), min_size=1)):
        kind, values = KINDS[name]
        present = ints(st.sampled_from((0, 1, 1))).astype(bool)
        numbers = np.array(draw(st.lists(values, min_size=n, max_size=n)), dtype=kind)
        if present.any():
            fields[name] = Column(np.where(present, numbers, numbers.dtype.type(0)), None if present.all() else present)
    return Columns(
        series=SERIES,
        time_ns=START + np.cumsum(ints(steps)),
        shift_ns=ints(st.sampled_from((0, 0, -400_000_000_000, 77))),
        flags=ints(st.integers(0, 7)),
        boot_ids=boot_ids,
        boot=boot,
        boot_ns=np.where(boot >= 0, ints(st.integers(0, 2**62)), 0),
        fields=fields,
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(columns(), min_size=1, max_size=4))
def test_readings_come_back_as_they_were(days: list[Columns]) -> None:
    chunks = [(Place(SERIES, DAY, part), encode(day, Place(SERIES, DAY, part))) for part, day in enumerate(days)]
    back, whole = decode(chunks), joined(days)
    assert back.digest() == whole.digest()
    for name, column in whole.fields.items():
        assert same_bits(back.fields[name].values, column.values)
    assert [back.boot_ids[i] for i in back.boot if i >= 0] == [whole.boot_ids[i] for i in whole.boot if i >= 0]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_numbers_pack_and_unpack_to_the_same_bits(data: st.DataObject) -> None:
    kind, values = KINDS[data.draw(st.sampled_from(sorted(KINDS)))]
    runs = [
        np.array(run, dtype=kind) for run in data.draw(st.lists(st.lists(values, min_size=1), min_size=1, max_size=4))
    ]
    assert same_bits(unpack([pack(run) for run in runs]), np.concatenate(runs))


def example(n: int = 200) -> Columns:
    rng = np.random.default_rng(7)
    zero = np.zeros(n, dtype=np.int64)
    time = START + 10**6 * (60_000 * np.arange(n) + rng.integers(0, 5, n))
    octets = np.cumsum(rng.integers(0, 10**8, n, dtype=np.uint64))
    return Columns(SERIES, time, zero, zero, ("b" * 36,), zero, time - START, {"receive_bytes_total": Column(octets)})


def test_every_flipped_bit_is_found() -> None:
    place = Place(SERIES, DAY, 0)
    blob = encode(example(), place)
    for bit in range(8 * len(blob)):
        torn = bytearray(blob)
        torn[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ChunkDamaged, match=r"nadi_interface.* of opd-1 from agen-1 on 2026-10-05"):
            decode([(place, bytes(torn))])


def test_a_chunk_cut_short_or_in_anothers_place_is_damaged() -> None:
    place = Place(SERIES, DAY, 0)
    blob = encode(example(), place)
    for length in range(len(blob)):
        with pytest.raises(ChunkDamaged):
            decode([(place, blob[:length])])
    for other in (
        place._replace(part=1),
        place._replace(day=date(2026, 10, 6)),
        place._replace(series=SERIES._replace(device="opd-2")),
    ):
        with pytest.raises(ChunkDamaged):
            decode([(other, blob)])


def test_the_damaged_one_of_many_is_named() -> None:
    chunks = [(Place(SERIES, DAY, part), encode(example(), Place(SERIES, DAY, part))) for part in range(3)]
    torn = bytearray(chunks[1][1])
    torn[-1] ^= 1
    with pytest.raises(ChunkDamaged, match="part 1"):
        decode([chunks[0], (chunks[1][0], bytes(torn)), chunks[2]])


def test_only_the_wanted_fields_are_unpacked() -> None:
    place = Place(SERIES, DAY, 0)
    assert decode([(place, encode(example(), place))], fields=()).fields == {}


def test_a_day_of_counters_takes_at_most_4_octets_a_sample() -> None:
    n = 1440
    rng = np.random.default_rng(1)
    zero = np.zeros(n, dtype=np.int64)
    time = START + 10**6 * (60_000 * np.arange(n) + rng.integers(0, 6, n))
    rates = (rng.lognormal(18.5, 0.5, n) for _ in range(2))
    octets = [Column(np.cumsum(rate.astype(np.uint64))) for rate in rates]
    fields = dict(zip(("receive_bytes_total", "transmit_bytes_total"), octets, strict=True))
    day = Columns(SERIES, time, zero, zero, ("b" * 36,), zero, time - START + 10**6 * rng.integers(0, 2, n), fields)
    assert len(encode(day, Place(SERIES, DAY, 0))) <= 4 * 2 * n


def test_a_day_of_very_many_boots_is_kept() -> None:
    n = 3000
    time = START + np.arange(n, dtype=np.int64)
    zero = np.zeros(n, dtype=np.int64)
    boots = tuple(f"{i:064d}" for i in range(n))
    day = Columns(SERIES, time, zero, zero, boots, np.arange(n), time, {"up": Column(zero)})
    place = Place(SERIES, DAY, 0)
    assert decode([(place, encode(day, place))]).digest() == day.digest()


def test_a_chunk_of_another_version_is_refused_and_says_so() -> None:
    place = Place(SERIES, DAY, 0)
    blob = encode(example(), place)
    with pytest.raises(ChunkDamaged, match="it is of version 1, and this program reads version 2"):
        decode([(place, b"\x01" + blob[1:])])

"""Deltas and bins against the oracle, over whatever readings an agent or a router may send."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.measure.bins import Bins, bins, join
from collector.measure.counters import deltas
from tests.collector import oracle
from tests.collector.oracle import Read
from tests.collector.readings import as_bins, as_grown, as_tally, series

T0 = 1_790_000_400_000
WIDTH = 300_000
STEPS_MS = st.sampled_from(
    [1, 999, 10_000, 30_000, 59_999, 60_000, 60_001, 300_000, 900_000, 900_001, 3_600_000, 90_000_000]
)
SPEEDS = st.sampled_from([0, 10_000_000, 100_000_000, 1_000_000_000, 400_000_000_000])
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def histories(draw: st.DrawFn) -> list[Read]:
    """A life of one counter: polls of any spacing, restarts, wraps, set clocks, changed speed, gaps in evidence."""
    bits = draw(st.sampled_from([32, 64]))
    told = draw(st.sampled_from([("boot",), ("uptime",), ("boot", "uptime")]))  # a node, a write token, a poller
    wall, boot, uptime = T0 + draw(st.integers(-400_000, 400_000)), 0, draw(st.sampled_from([0, 5_000, 2**32 - 9_000]))
    octets = draw(st.sampled_from([0, 7, 2**31, 2**32 - 1, 2**bits - 1]))
    octets, speed, boot_id, index, disc = octets % 2**bits, draw(SPEEDS), 1, 3, draw(st.sampled_from([None, 0]))
    reads = []
    for _ in range(draw(st.integers(0, 24))):
        step = draw(STEPS_MS)
        wall, boot, uptime = wall + step, boot + step, (uptime + step // 10) % 2**32
        octets = (octets + draw(st.sampled_from([0, 1, step * 7 // 5, step * 125 // 1, 2**32 + 5, 2**63]))) % 2**bits
        event = draw(st.integers(0, 24))
        if event == 0:
            octets, uptime, boot, boot_id = draw(st.integers(0, 9)), 0, 0, boot_id + 1
        elif event == 1:
            wall += draw(st.sampled_from([-3_600_000, -90_000, -2, 2, 3, 90_000, 3_600_000]))
        elif event == 2:
            octets = max(octets - 1, 0)
        elif event == 3:
            speed = draw(SPEEDS)
        elif event == 4:
            index, disc = index + draw(st.integers(0, 1)), draw(st.sampled_from([None, 0, 4]))
        elif event == 5:
            bits, octets = 96 - bits, octets % 2**32
        elif event == 8:
            boot, boot_id = 0, boot_id + 1  # the poller restarts, or a node whose counters outlive it
        shown = "boot" in told and event != 6
        reads.append(
            Read(
                time_ms=wall,
                octets=octets,
                boot=boot_id if shown else None,
                boot_ms=boot if shown else 0,
                bits=bits,
                speed=speed,
                uptime=uptime if "uptime" in told and event != 7 else None,
                discontinuity=disc,
                index=index,
            )
        )
    return reads


@RELAXED
@given(reads=histories(), port=st.sampled_from([0, 20_000_000]), cache=st.sampled_from([0, 3]))
def test_deltas_are_those_of_the_oracle(reads: list[Read], port: int, cache: int) -> None:
    got = deltas(series(reads), port_bps=port, cache_s=cache)
    expected, contradictory = oracle.grown(reads, port_bps=port, cache_s=cache)
    assert as_grown(got) == expected
    assert got.contradictory_ms.tolist() == contradictory


@RELAXED
@given(reads=histories(), width=st.sampled_from([WIDTH, 7_000, 600_000]), count=st.integers(1, 40))
def test_bins_are_those_of_the_oracle(reads: list[Read], width: int, count: int) -> None:
    got = bins(deltas(series(reads)), start_ms=T0, count=count, width_ms=width)
    expected, contradictory = oracle.grown(reads)
    assert as_bins(got) == oracle.binned(expected, T0, count, width)
    tally = oracle.tally(expected, contradictory, T0, T0 + count * width)
    assert as_tally(got) == {name: number for name, number in tally.items() if number}


@RELAXED
@given(reads=histories(), seed=st.integers(0, 2**32))
def test_order_repetition_and_lateness_change_no_byte(reads: list[Read], seed: int) -> None:
    shuffled = [read for read in reads for _ in range(1 + seed % 3)]
    random.Random(seed).shuffle(shuffled)
    assert bins_of(reads).same(bins_of(shuffled))


def bins_of(reads: list[Read], *, day: int = 0, days: int = 3) -> Bins:
    return bins(deltas(series(reads)), start_ms=T0 + day * 86_400_000, count=288 * days, width_ms=WIDTH)


@RELAXED
@given(reads=histories(), cuts=st.lists(st.integers(1, 39), unique=True))
def test_bins_of_parts_join_to_the_bins_of_the_whole(reads: list[Read], cuts: list[int]) -> None:
    judged = deltas(series(reads))
    edges = [0, *sorted(cuts), 40]
    parts = [bins(judged, start_ms=T0 + low * WIDTH, count=high - low) for low, high in pairwise(edges)]
    assert join(parts).same(bins(judged, start_ms=T0, count=40))


def test_a_day_from_its_neighbours_is_the_day_of_the_month() -> None:
    rng = random.Random(7)
    reads, octets, time = [], 0, T0 - 86_400_000
    while time < T0 + 4 * 86_400_000:
        octets += rng.randrange(10**8)
        reads.append(Read(time_ms=time, octets=octets, boot=1, boot_ms=time - T0))
        time += rng.choice([60_000, 60_000, 61_234, 7_200_000])
    near = [read for read in reads if T0 <= read.time_ms < T0 + 3 * 86_400_000]
    assert bins_of(near, day=1, days=1).same(bins_of(reads, day=1, days=1))


@RELAXED
@given(reads=histories())
def test_no_bin_says_more_than_the_port_carries(reads: list[Read]) -> None:
    got = bins_of([replace(read, speed=100_000_000) for read in reads])
    truncation_ms = 2 * len(reads)
    assert (got.octets_u <= 13_125_000_000 * (got.covered_ms + truncation_ms) + len(reads)).all()


def test_a_long_series_is_judged_alike_in_every_block() -> None:
    rng = np.random.default_rng(3)
    grown = rng.integers(0, 10**8, 20_000)
    octets = np.cumsum(grown)
    reads = [
        Read(time_ms=T0 + i * 60_000, octets=int(o), boot=i // 8193, boot_ms=i * 60_000) for i, o in enumerate(octets)
    ]
    expected = [delta for pair in pairwise(reads) for delta in oracle.grown(pair)[0]]
    assert as_grown(deltas(series(reads))) == expected

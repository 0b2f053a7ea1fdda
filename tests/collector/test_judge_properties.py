"""Whole months against the oracle: several links, missing bins, changed allocations, ties, holidays."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from agent.clock import MS, WIT, Month
from collector.judge.month import (
    AllocationSpan,
    Direction,
    LinkInput,
    MonthInput,
    OpdInput,
    Parameters,
    evaluate,
)
from collector.measure.bins import Bins, Counts
from collector.measure.limits import runs
from tests.collector import oracle
from tests.collector.readings import as_bins

MONTH = Month(2027, 2)
START_MS = MONTH.start_ns(WIT) // MS
HOLIDAYS = (date(2027, 2, 8), date(2027, 2, 17))


@dataclass(frozen=True)
class World:
    """One random OPD: bins of each link and direction, active ranges of bins, allocations, limits read by direction."""

    width_ms: int
    links: tuple[tuple[Bins, Bins, int, int], ...]
    allocations: tuple[tuple[int, int, int | None], ...]
    read: tuple[tuple[list[tuple[int, int]], list[tuple[int, int]]], ...]

    @property
    def count(self) -> int:
        return 28 * 86_400_000 // self.width_ms


def random_bins(rng: random.Random, width_ms: int, count: int) -> Bins:
    scale, covers = (
        10 ** rng.randrange(1, 15),
        [width_ms] * 6 + [width_ms * 4 // 5, width_ms - 7, width_ms * 4 // 5 - 1],
    )
    few = [rng.randrange(scale) for _ in range(rng.choice([1, 3, 200]))]
    covered = [rng.choice(covers) for _ in range(count)]
    for _ in range(rng.randrange(4)):
        low = rng.randrange(count)
        covered[low : low + rng.randrange(count // 4)] = [0] * len(covered[low : low + rng.randrange(count // 4)])
    covered = (covered + [0] * count)[:count]
    octets = [rng.choice(few) if part else 0 for part in covered]
    return Bins(START_MS, width_ms, np.array(octets), np.array(covered), np.zeros(count, np.int64), Counts())


def random_reads(rng: random.Random, bins: Bins, world_ms: int) -> list[tuple[int, int]]:
    """Return readings of a limit near the rates of the bins: spells of askings, silence, no limit, contradictions."""
    found: list[tuple[int, int]] = []
    for _ in range(rng.choice([0, 2, 6])):
        at = START_MS + rng.randrange(-3_600_000, world_ms) // 300_000 * 300_000 + rng.choice([-1, 0, 0, 1])
        place = rng.randrange(len(bins.octets_u))
        rate = int(bins.octets_u[place]) * 8000 // (10**6 * max(int(bins.covered_ms[place]), 1))
        values = [0, rate, rate * 100 // 95, rate * 100 // 95 + 1, 2 * rate]
        for _ in range(rng.choice([1, 40, 400])):
            at += rng.choice([0, 300_000, 900_000, 3_599_999, 3_600_000, 3_600_001])
            found.append((at, rng.choice(values[-1:] * 9 + values)))
    rng.shuffle(found)
    return found


def random_world(seed: int) -> World:
    rng = random.Random(seed)
    width = rng.choice([600_000, 1_800_000, 1_800_000])
    count = 28 * 86_400_000 // width
    links = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        low, high = (0, count) if rng.random() < 0.5 else sorted(rng.sample(range(count), 2))
        links.append((random_bins(rng, width, count), random_bins(rng, width, count), low, high))
    cuts = sorted(rng.sample(range(1, count), rng.choice([0, 0, 1, 2])))
    edges = [rng.choice([0, 0, 0, 50]), *cuts, count]
    rates = [rng.randrange(1, 10 ** rng.randrange(2, 9)) for _ in edges[1:]]
    spans = [(low, high, bps) for low, high, bps in zip(edges, edges[1:], rates, strict=False) if low < high]
    length = count * width
    read = [tuple(random_reads(rng, bins, length) for bins in link[:2]) for link in links]
    return World(width, tuple(links), tuple(spans), tuple((down, up) for down, up in read))


def evaluated(world: World) -> tuple[Direction, Direction]:
    def at(place: int) -> int:
        return (START_MS + place * world.width_ms) * MS

    edges = {"start_ms": START_MS, "end_ms": START_MS + world.count * world.width_ms}
    links = tuple(
        LinkInput(
            *(f"l{i}", "r", "e", "noc", down, up, at(low), at(high)),
            limits=(runs(world.read[i][0], **edges), runs(world.read[i][1], **edges)),
        )
        for i, (down, up, low, high) in enumerate(world.links)
    )
    spans = tuple(AllocationSpan(at(low), at(high), bps or 0, bps or 0) for low, high, bps in world.allocations)
    opd = OpdInput("PD", "Dinas", "dasar", links, spans)
    case = MonthInput(MONTH, WIT, "R", 0, [opd])
    found = evaluate(case, Parameters(width_ms=world.width_ms, holidays=HOLIDAYS)).opds[0]
    return found.unduh, found.unggah


def in_words(found: Direction) -> oracle.Figures:
    """Return the code's figures in the oracle's form."""
    out = oracle.Figures(found.expected, found.valid, found.coverage, found.mean, found.p95)
    out.ceiling = found.ceiling
    if found.bounds_shown and found.p95_low is not None:
        out.bounds = found.p95_low, found.p95_high
    if found.peak is not None and found.peak_start_ns is not None:
        out.peak = found.peak, found.peak_start_ns
    if found.busy_hour is not None and found.busy_hour_mean is not None:
        out.busy = found.busy_hour, found.busy_hour_mean
    if found.peak_hour is not None and found.peak_hour_mean is not None:
        out.peak_hour = *found.peak_hour, found.peak_hour_mean
    return out


@pytest.mark.parametrize("seed", range(24))
def test_every_figure_of_a_month_is_that_of_the_oracle(seed: int) -> None:
    world = random_world(seed)
    allocated: list[int | None] = [None] * world.count
    for low, high, bps in world.allocations:
        allocated[low:high] = [bps] * (high - low)
    for side, found in enumerate(evaluated(world)):
        members = [(as_bins((down, up)[side]), low, high) for down, up, low, high in world.links]
        values = oracle.summed(members, world.count, world.width_ms)
        read = [(both[side], low, high) for both, (_, _, low, high) in zip(world.read, world.links, strict=True)]
        limits = oracle.limits_in_force(read, allocated, START_MS, world.width_ms)
        expected = oracle.figures(values, limits, date(2027, 2, 1), world.width_ms, HOLIDAYS)
        if expected.peak is not None:
            expected.peak = expected.peak[0], (START_MS + expected.peak[1] * world.width_ms) * MS
        assert in_words(found) == expected


def test_charts_are_the_rounded_means_of_the_oracle() -> None:
    world = random_world(1)
    found = evaluated(world)[0]
    values = oracle.summed([(as_bins(d), low, high) for d, _, low, high in world.links], world.count, world.width_ms)
    per_hour = 3_600_000 // world.width_ms
    for hour, mean in enumerate(found.hourly):
        known = [v for v in values[hour * per_hour : (hour + 1) * per_hour] if isinstance(v, Fraction)]
        exact = sum(known, Fraction(0)) / len(known) if known else None
        assert (mean is None) == (exact is None)
        assert mean is None or exact is None or abs(mean - exact) <= Fraction(1, 2) + Fraction(1, 1000)

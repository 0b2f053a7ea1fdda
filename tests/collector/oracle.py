"""A slow evaluation written from the specification alone: lists, fractions, no numpy, nothing shared with the code.

Every function says which row of spec/evaluation.md (section 3, 3a) it writes out. ``None`` is "not given".
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise


@dataclass(frozen=True)
class Read:
    """One reading of one counter; ``boot`` None where the reading carries no boot id."""

    time_ms: int
    octets: int
    boot: int | None = None
    boot_ms: int = 0
    bits: int = 64
    speed: int = 0
    uptime: int | None = None
    discontinuity: int | None = None
    index: int | None = None


@dataclass(frozen=True)
class Grown:
    """A delta: where it lies, what it is worth."""

    start_ms: int
    end_ms: int
    octets: int
    verdict: str


def settled(reads: Sequence[Read]) -> tuple[list[Read], list[int]]:
    """Row "same time": repeats count once, contradictory readings of one time are all rejected."""
    by_time: dict[int, set[Read]] = defaultdict(set)
    for read in reads:
        by_time[read.time_ms].add(read)
    good = [next(iter(by_time[time])) for time in sorted(by_time) if len(by_time[time]) == 1]
    bad = [time for time in sorted(by_time) for _ in by_time[time] if len(by_time[time]) > 1]
    return good, bad


def grown(reads: Sequence[Read], *, port_bps: int = 0, cache_s: int = 0) -> tuple[list[Grown], list[int]]:
    """Section 3, "Valid delta"."""
    good, bad = settled(reads)
    found = []
    for one, two in pairwise(good):
        own_boot = one.boot is not None and one.boot == two.boot
        wall = two.time_ms - one.time_ms
        dt = two.boot_ms - one.boot_ms if own_boot else wall
        start = one.time_ms if abs(wall - dt) <= 2 else two.time_ms - dt
        octets, verdict = judged(one, two, dt, port_bps, cache_s)
        between = any(r.boot == one.boot and one.boot_ms < r.boot_ms < two.boot_ms for r in good) if own_boot else False
        if dt <= 0 or between:
            start, octets, verdict = one.time_ms, 0, "CLOCK"
        found.append(Grown(start, two.time_ms, octets, verdict))
    return found, bad


def judged(one: Read, two: Read, dt: int, port_bps: int, cache_s: int) -> tuple[int, str]:
    """Rules 1 to 5 for one pair, ``dt`` in ms."""
    if restarted(one, two, dt):
        return 0, "RESET"
    speed = max(one.speed, two.speed, 0)
    octets = two.octets - one.octets
    if two.bits == 32:
        if max(one.octets, two.octets) >= 2**32:
            return 0, "BACKWARD"
        if speed and Fraction(speed * dt, 1000) >= 2**32 * 8:
            return 0, "AMBIGUOUS_WRAP"
        if octets < 0 and speed:
            octets += 2**32
    if octets < 0:
        return 0, "BACKWARD"
    known = [rate for rate in (speed, port_bps) if rate > 0]
    rate = Fraction(octets * 8 * 1000, dt) if dt > 0 else Fraction(0)
    if known and dt > 0 and rate > Fraction(105, 100) * (1 + Fraction(cache_s * 1000, dt)) * min(known):
        return 0, "OVER_PHYSICAL"
    if rate > 120 * 10**9:
        return 0, "OVER_PHYSICAL"
    return octets, "LONG" if dt > 900_000 else "VALID"


def restarted(one: Read, two: Read, dt: int) -> bool:
    """Rule 1: boot id or else uptime in exact ticks, discontinuity, ifIndex; the width tells another counter."""
    if one.boot != two.boot and (one.uptime is None or two.uptime is None):
        return True
    if one.discontinuity != two.discontinuity or one.index != two.index:
        return True
    if one.bits != two.bits or (one.uptime is None) != (two.uptime is None):
        return True
    if one.uptime is None or two.uptime is None:
        return False
    e = one.uptime + Fraction(dt, 10)
    if two.uptime < one.uptime:
        return abs(two.uptime + 2**32 - e) > 1000
    return e - two.uptime > 1000


@dataclass(frozen=True)
class Bin:
    """One bin in micro-octets and covered ms, and the volume of long deltas in it."""

    octets_u: int
    covered_ms: int
    long_u: int


def binned(deltas: Sequence[Grown], start_ms: int, count: int, width_ms: int) -> list[Bin]:
    """Section 3, "Bin value": split in proportion to time, cumulative shares to the nearest micro-octet."""
    octets: dict[int, int] = defaultdict(int)
    covered: dict[int, int] = defaultdict(int)
    long: dict[int, int] = defaultdict(int)
    for delta in deltas:
        if delta.verdict not in ("VALID", "LONG"):
            continue
        low, high = delta.start_ms - start_ms, delta.end_ms - start_ms
        for k in range(max(low // width_ms, 0), min((high - 1) // width_ms, count - 1) + 1):
            a, b = max(low, k * width_ms), min(high, (k + 1) * width_ms)
            share = micro(delta, b - low) - micro(delta, a - low)
            if delta.verdict == "LONG":
                long[k] += share
            else:
                octets[k] += share
                covered[k] += b - a
    return [
        Bin(0 if covered[k] > 2 * width_ms else octets[k], 0 if covered[k] > 2 * width_ms else covered[k], long[k])
        for k in range(count)
    ]


def micro(delta: Grown, part_ms: int) -> int:
    """Micro-octets of the first ``part_ms`` of a delta, to the nearest."""
    return math.floor(Fraction(delta.octets * 10**6 * part_ms, delta.end_ms - delta.start_ms) + Fraction(1, 2))


def tally(deltas: Sequence[Grown], bad: Sequence[int], start_ms: int, end_ms: int) -> dict[str, int]:
    """How many deltas of each verdict end in ``(start, end]``, and contradictory readings of that time."""
    found: dict[str, int] = defaultdict(int)
    for delta in deltas:
        if start_ms < delta.end_ms <= end_ms:
            found[delta.verdict] += 1
    found["CONTRADICTORY"] = sum(start_ms < time <= end_ms for time in bad)
    return found


def rate(one: Bin) -> Fraction:
    """x = bits / covered seconds."""
    return Fraction(one.octets_u * 8, 10**6) / Fraction(one.covered_ms, 1000)


def summed(links: Sequence[tuple[Sequence[Bin], int, int]], count: int, width_ms: int) -> list[Fraction | str | None]:
    """Several links: "" where none is active, None where one active link is not valid, else the sum."""
    out: list[Fraction | str | None] = []
    for k in range(count):
        members = [bins[k] for bins, low, high in links if low <= k < high]
        if not members:
            out.append("")
        elif all(member.covered_ms * 300 >= 240 * width_ms for member in members):
            out.append(sum((rate(member) for member in members), Fraction(0)))
        else:
            out.append(None)
    return out


def p95(values: Sequence[Fraction]) -> Fraction:
    """Nearest rank ceil(0.95 N)."""
    return sorted(values)[math.ceil(Fraction(95, 100) * len(values)) - 1]


def p95_bounds(values: Sequence[Fraction], expected: int) -> tuple[Fraction, Fraction | None]:
    """All missing bins at the bottom, and all at the top: written out, not computed."""
    worst = sorted([Fraction(-1)] * (expected - len(values)) + list(values))
    r = math.ceil(Fraction(95, 100) * expected)
    low = worst[r - 1] if worst[r - 1] >= 0 else min(values)
    high = sorted(values)[r - 1] if r <= len(values) else None
    return low, high


def limit_at(reads: Sequence[tuple[int, int]], at_ms: int) -> int | None:
    """Section 3a, "ceiling": what was last read, at most an hour ago; "no limit" (0) and contradictions are none."""
    recent = [time for time, _ in reads if at_ms - 3_600_000 < time <= at_ms]
    said = {bps for time, bps in reads if recent and time == max(recent)}
    return next(iter(said)) or None if len(said) == 1 else None


def limits_in_force(
    links: Sequence[tuple[Sequence[tuple[int, int]], int, int]],
    allocations: Sequence[int | None],
    start_ms: int,
    width_ms: int,
) -> list[int | None]:
    """Row "ceiling": what was read of every link active in the bin, added; else the allocation of the bin."""
    out: list[int | None] = []
    for k, allocated in enumerate(allocations):
        told = [limit_at(reads, start_ms + k * width_ms) for reads, low, high in links if low <= k < high]
        out.append(allocated if None in told or not told else sum(bps for bps in told if bps is not None))
    return out


@dataclass
class Figures:
    """What one direction must come to."""

    expected: int
    valid: int
    coverage: Fraction | None = None
    mean: Fraction | None = None
    p95: Fraction | None = None
    bounds: tuple[Fraction, Fraction | None] | None = None
    peak: tuple[Fraction, int] | None = None
    busy: tuple[int, Fraction] | None = None
    peak_hour: tuple[date, int, Fraction] | None = None
    ceiling: Fraction | None = None


def figures(
    values: Sequence[Fraction | str | None],
    limits: Sequence[int | None],
    first_day: date,
    width_ms: int,
    holidays: Sequence[date] = (),
) -> Figures:
    """One direction of one month; ``limits`` is what holds at the start of each bin."""
    known = [(value, k) for k, value in enumerate(values) if isinstance(value, Fraction)]
    expected = sum(value != "" for value in values)
    out = Figures(expected, len(known))
    if expected:
        out.coverage = Fraction(len(known), expected)
    if not known:
        return out
    only = [value for value, _ in known]
    out.mean = sum(only, Fraction(0)) / len(only)
    out.peak = max(known, key=lambda pair: (pair[0], -pair[1]))
    if out.coverage is not None and out.coverage >= Fraction(3, 4):
        out.p95 = p95(only)
        if out.coverage < Fraction(99, 100):
            out.bounds = p95_bounds(only, expected)
    held = [(value, limits[k]) for value, k in known]
    if all(limit is not None for _, limit in held):
        reached = [limit is not None and value >= Fraction(95, 100) * limit for value, limit in held]
        out.ceiling = Fraction(sum(reached), len(held))
    out.busy, out.peak_hour = hours(values, first_day, width_ms, holidays)
    return out


def hours(
    values: Sequence[Fraction | str | None], first_day: date, width_ms: int, holidays: Sequence[date]
) -> tuple[tuple[int, Fraction] | None, tuple[date, int, Fraction] | None]:
    """Rows "Jam Sibuk" and "busy hour"."""
    per_hour = 3_600_000 // width_ms
    means: dict[tuple[date, int], Fraction] = {}
    for hour in range(len(values) // per_hour):
        here = [v for v in values[hour * per_hour : (hour + 1) * per_hour] if isinstance(v, Fraction)]
        if 12 * len(here) >= 10 * per_hour:
            means[first_day + timedelta(days=hour // 24), hour % 24] = sum(here, Fraction(0)) / len(here)
    working = {day for day, _ in means if day.weekday() < 5 and day not in holidays}
    best: tuple[int, Fraction] | None = None
    for clock in range(24):
        series = [mean for (day, hour), mean in means.items() if hour == clock and day in working]
        if len(series) >= 5 and (best is None or sum(series) / len(series) > best[1]):
            best = clock, sum(series, Fraction(0)) / len(series)
    top: tuple[date, int, Fraction] | None = None
    for (day, hour), mean in sorted(means.items()):
        if top is None or mean > top[2]:
            top = day, hour, mean
    return best, top

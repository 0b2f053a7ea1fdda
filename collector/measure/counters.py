"""Successive readings of a counter to judged deltas (spec/evaluation.md section 3, rules 1 to 5, and 3a).

A delta is what a counter grew between two readings, with a verdict. Only VALID deltas give bits to bins;
LONG ones give volume. Nothing is interpolated, filled or guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Uint64s = NDArray[np.uint64]
Mask = NDArray[np.bool_]

LONG_MS = 900_000
"""A delta over more than this gives volume only (rule 5)."""

TRUNCATION_MS = 2
"""Wall and boot time are cut to whole ms each, so their differences may disagree by this much in peace."""

UPTIME_SLACK_MS = 10_000
"""1000 ticks of 10 ms: how far sysUpTime may stray from the elapsed time (rule 1)."""

MAX_BPS = 120_000_000_000
"""More than this between two readings is over-physical whatever the port: a 300-s bin holds 245 Gbit/s."""

_U32 = 2**32
_BLOCK = 12_288
_FEW = 32


class Verdict(IntEnum):
    """What a delta is worth."""

    VALID = 0
    LONG = 1
    RESET = 2
    BACKWARD = 3
    AMBIGUOUS_WRAP = 4
    OVER_PHYSICAL = 5
    CLOCK = 6


@dataclass(frozen=True, slots=True, eq=False)
class CounterSeries:
    """One direction of one interface as one source (agent) read it.

    Arrays of equal length n, any order, repeats allowed. An array may be a stride-0 broadcast of one value
    (``np.broadcast_to``): constants are then known without looking.

    time_ms            corrected UTC ms
    boot               index of the boot id (equal = same boot), -1 = reading without one
    boot_ms            CLOCK_BOOTTIME ms where boot >= 0, else time_ms
    octets             counter as read
    bits               its width, 64 or 32 (anything but 32 counts as 64)
    speed              bit/s, 0 (or negative) unknown
    uptime_ticks, discontinuity_ticks, index   evidence as read, -1 where not given
    """

    time_ms: Int64s
    boot: Int64s
    boot_ms: Int64s
    octets: Uint64s
    bits: Int64s
    speed: Int64s
    uptime_ticks: Int64s
    discontinuity_ticks: Int64s
    index: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Deltas:
    """Judged deltas in order of their end: ``[start_ms, end_ms)`` UTC ms, octets (0 unless VALID or LONG).

    ``contradictory_ms`` are the times of the readings rejected because several differ at one time, one entry
    a rejected reading. ``total`` (one longer, modulo 2^64) is their running total; it is only given where every
    delta begins as the one before it ends.
    """

    start_ms: Int64s
    end_ms: Int64s
    octets: Int64s
    verdict: NDArray[np.int8]
    contradictory_ms: Int64s
    total: Int64s | None = None


def deltas(series: CounterSeries, *, port_bps: int = 0, cache_s: int = 0) -> Deltas:
    """Judge every pair of successive readings.

    ``port_bps`` is the contract's port speed (0 unknown), ``cache_s`` the device's counter cache in seconds
    (net-snmp 3). Readings are ordered by corrected time, identical repeats count once, contradictory readings
    of one time are all rejected. The result depends on the set of readings only.

    dt is the difference of CLOCK_BOOTTIME within one boot, else of wall time. Where both differ by more than
    their truncation (the wall clock was set), the delta lies at ``[end - dt, end]``. A delta is CLOCK if dt is
    not positive, or if the two readings are not neighbours in boot time too: with a wall clock that jumped to
    and fro, traffic would count twice.

    Evidence of a restart (boot id, uptime, discontinuity time, ifIndex, width of the counter) which only one
    of the two readings carries cannot be compared: a reset. Where both carry an uptime, another boot id is that of
    the poller: no reset, and dt is wall time, which the uptime must fit. Of several faults the last in this order is
    told: over-physical, ambiguous wrap, backward, reset, clock.
    """
    series, contradictory = _ordered(series)
    end = series.time_ms[1:]
    start, octets, verdict = series.time_ms[:-1], np.empty(len(end), np.int64), np.zeros(len(end), np.int8)
    parts = _parts(series.boot)
    limit = _limit(series, port_bps)
    doubtful = [part for part in parts if not _clean(series, part, limit, octets[part], verdict[part])]
    broken = _broken(series) if doubtful else None
    doubtful = doubtful if broken is None else parts
    adjoin = True
    for part in doubtful:
        moved = _judge(_part(series, part), broken, part, port_bps, cache_s, octets[part], verdict[part])
        if moved is not None:
            start = start.copy() if adjoin else start
            start[part] = moved
            adjoin = False
    return Deltas(start, end, octets, verdict, contradictory, _total(series, octets, doubtful) if adjoin else None)


def _parts(boot: Int64s) -> list[slice]:
    """Cut the deltas into blocks small enough for the processor's cache; one between two boots stands by itself."""
    edges = set(range(0, len(boot) - 1, _BLOCK)) | {max(len(boot) - 1, 0)}
    if _one(boot) is None:
        for place in np.flatnonzero(boot[1:] != boot[:-1])[:_FEW].tolist():
            edges |= {place, place + 1}
    return [slice(low, high) for low, high in pairwise(sorted(edges))]


def _limit(series: CounterSeries, port_bps: int) -> int:
    """Return the least bit/s that passes a limit, 0 where evidence varies and each pair must be looked at."""
    if not len(series.time_ms):
        return 0
    uptime, bits, speed = _one(series.uptime_ticks), _one(series.bits), _one(series.speed)
    varies = None in (_one(series.discontinuity_ticks), _one(series.index))
    if uptime is None or uptime >= 0 or bits in (None, 32) or speed is None or varies:
        return 0
    return min(known for known in (speed, port_bps, MAX_BPS) if known > 0)


def _clean(series: CounterSeries, part: slice, limit: int, octets: Int64s, verdict: NDArray[np.int8]) -> bool:
    """Fill in one block if nothing can be wrong with it: one boot, clocks at one pace, no more than ``limit``."""
    span = slice(part.start, part.stop + 1)
    boot, boot_ms, time_ms, read = series.boot[span], series.boot_ms[span], series.time_ms[span], series.octets[span]
    if not limit or (_one(boot) or 0) < 0 or _one(boot) is None:
        return False
    dt = boot_ms[1:] - boot_ms[:-1]
    shortest, longest = int(dt.min()), int(dt.max())
    off = time_ms[1:] - time_ms[:-1]
    off -= dt
    if shortest <= 0 or off.min() < -TRUNCATION_MS or off.max() > TRUNCATION_MS:
        return False
    grown = np.subtract(read[1:], read[:-1], out=octets.view(np.uint64))
    # A counter below 2^63 that fell has grown by more than that, modulo 2^64: far over any limit.
    if int(read.max()) >= 2**63:
        return False
    if int(grown.max()) * 8000 > limit * shortest:
        much = np.flatnonzero(grown > limit * shortest // 8000)
        if len(much) > _FEW or any(int(grown[i]) * 8000 > limit * int(dt[i]) for i in much):
            return False
    if longest > LONG_MS:
        verdict[dt > LONG_MS] = Verdict.LONG
    return True


def _total(series: CounterSeries, octets: Int64s, doubtful: list[slice]) -> Int64s | None:
    """Return the running total of ``octets``: the counter itself, less its jumps; None if these are many."""
    read = series.octets.view(np.int64)
    jumps = [
        np.flatnonzero(read[part.start + 1 : part.stop + 1] - read[part] != octets[part]) + part.start
        for part in doubtful
    ]
    places = np.concatenate(jumps) if jumps else np.zeros(0, np.intp)
    if len(places) > _FEW:
        return None
    total = read.copy() if len(places) else read
    for place, jump in zip(places.tolist(), octets[places] - (read[places + 1] - read[places]), strict=True):
        total[place + 1 :] += jump
    return total


def _part(series: CounterSeries, part: slice) -> CounterSeries:
    """Return the readings of the deltas of one block."""
    return CounterSeries(*(getattr(series, f.name)[part.start : part.stop + 1] for f in fields(CounterSeries)))


def _judge(
    series: CounterSeries,
    broken: Mask | None,
    part: slice,
    port_bps: int,
    cache_s: int,
    octets: Int64s,
    verdict: NDArray[np.int8],
) -> Int64s | None:
    """Fill in octets and verdicts of one block; return its starts where they are not the readings' times."""
    wall = series.time_ms[1:] - series.time_ms[:-1]
    dt = _elapsed(series, wall)
    grown, wraps = _grown(series, dt)
    verdict[:] = Verdict.VALID
    if dt.max() > LONG_MS:
        verdict[dt > LONG_MS] = Verdict.LONG
    faults = [(_over_physical(series, grown, dt, port_bps, cache_s), Verdict.OVER_PHYSICAL), *wraps]
    clock = None if broken is None else broken[part]
    for mask, fault in [*faults, (_reset(series, dt), Verdict.RESET), (clock, Verdict.CLOCK)]:
        if mask is not None:
            verdict[mask] = fault
    octets[:] = grown.view(np.int64)
    if verdict.max() > Verdict.LONG:
        octets[verdict > Verdict.LONG] = 0
    if dt is wall:
        return None
    off = wall - dt
    if clock is not None:
        off[clock] = 0
    if off.min() >= -TRUNCATION_MS and off.max() <= TRUNCATION_MS:
        return None
    return np.where(np.abs(off) > TRUNCATION_MS, series.time_ms[1:] - dt, series.time_ms[:-1])


def _ordered(series: CounterSeries) -> tuple[CounterSeries, Int64s]:
    """Return readings of strictly rising time, and the times of the contradictory ones left out."""
    time = series.time_ms
    if (time[1:] > time[:-1]).all():
        return series, time[:0]
    columns = _picked(series, np.argsort(time, kind="stable"))
    time = columns[0]
    if (time[1:] > time[:-1]).all():
        return CounterSeries(*columns), time[:0]  # type: ignore[arg-type]
    columns = _picked(series, np.lexsort([getattr(series, f.name) for f in reversed(fields(CounterSeries))]))
    repeat = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    columns = [column[np.concatenate(([True], ~repeat))] for column in columns]
    time = columns[0]
    clash = np.zeros(len(time), np.bool_)
    clash[1:] = time[1:] == time[:-1]
    clash[:-1] |= clash[1:]
    return CounterSeries(*(column[~clash] for column in columns)), time[clash]  # type: ignore[arg-type]


def _picked(series: CounterSeries, order: NDArray[np.intp]) -> list[Int64s]:
    return [getattr(series, f.name)[order] for f in fields(CounterSeries)]


def _one(column: Int64s) -> int | None:
    """Return the value of a constant column, None for another and for one without values."""
    if not len(column):
        return None
    if column.strides == (0,) or column.min() == column.max():
        return int(column[0])
    return None


def _elapsed(series: CounterSeries, wall: Int64s) -> Int64s:
    """Return dt in ms: boot time within one boot, else wall time (then the very array)."""
    boot = series.boot
    label = _one(boot)
    if label is None:
        same = (boot[1:] == boot[:-1]) & (boot[1:] >= 0)
        return np.where(same, series.boot_ms[1:] - series.boot_ms[:-1], wall)
    return wall if label < 0 else series.boot_ms[1:] - series.boot_ms[:-1]


def _broken(series: CounterSeries) -> Mask | None:
    """Tell which deltas the clocks contradict: of one boot, but not successive in boot time (None: none)."""
    boot, at = series.boot, series.boot_ms
    if len(boot) < 2:
        return None
    later = at[1:] > at[:-1]
    if _one(boot) is not None:
        if boot[0] < 0 or later.all():
            return None
        same = np.ones(len(later), np.bool_)
    else:
        same = (boot[1:] == boot[:-1]) & (boot[1:] >= 0)
        if not (same & ~later).any() and _each_boot_in_one_run(boot):
            return None
    return same & ~(later & _neighbours(series))


def _each_boot_in_one_run(boot: Int64s) -> bool:
    runs = boot[np.concatenate(([True], boot[1:] != boot[:-1]))]
    runs = runs[runs >= 0]
    return len(np.unique(runs)) == len(runs)


def _neighbours(series: CounterSeries) -> Mask:
    """Tell which pairs have no reading of their boot strictly between them in boot time."""
    order = np.lexsort((series.boot_ms, series.boot))
    boot, at = series.boot[order], series.boot_ms[order]
    step = (boot[1:] != boot[:-1]) | (at[1:] != at[:-1])
    rank = np.empty(len(order), np.int64)
    rank[order] = np.concatenate(([0], np.cumsum(step)))
    successive: Mask = rank[1:] == rank[:-1] + 1
    return successive


def _reset(series: CounterSeries, dt: Int64s) -> Mask | None:
    """Tell which deltas span a restart of the counter (rule 1).

    A boot id is that of the machine which runs the agent. Of a polled device, which tells its uptime, it says nothing.
    """
    masks = [
        column[1:] != column[:-1]
        for column in (series.discontinuity_ticks, series.index, series.bits)
        if _one(column) is None
    ]
    constant = _one(series.uptime_ticks)
    told = constant is None or constant >= 0
    if _one(series.boot) is None:
        other = series.boot[1:] != series.boot[:-1]
        masks.append(other & ~_both_tell_uptime(series.uptime_ticks) if told else other)
    if told:
        masks.append(_restarted(series.uptime_ticks, dt))
    return np.logical_or.reduce(masks) if masks else None


def _both_tell_uptime(uptime: Int64s) -> Mask:
    known = (uptime >= 0) & (uptime < _U32)
    both: Mask = known[1:] & known[:-1]
    return both


def _restarted(uptime: Int64s, dt: Int64s) -> Mask:
    """Tell where sysUpTime does not fit the elapsed ``dt`` (ms), its 497-day wrap allowed for (rule 1)."""
    uptime = np.where((uptime >= 0) & (uptime < _U32), uptime, -1)
    before, after = uptime[:-1], uptime[1:]
    expected = before * 10 + dt
    wrapped = np.abs((after + _U32) * 10 - expected)
    off = np.where(after < before, wrapped, expected - after * 10)
    both = (before >= 0) & (after >= 0)
    return np.where(both, off > UPTIME_SLACK_MS, (before >= 0) != (after >= 0))


def _grown(series: CounterSeries, dt: Int64s) -> tuple[Uint64s, list[tuple[Mask, Verdict]]]:
    """Return what the counter grew (meaningless where faulty) and the faults of rules 2 and 3."""
    before, after = series.octets[:-1], series.octets[1:]
    grown, fell = after - before, after < before
    bits = _one(series.bits)
    if bits is not None and bits != 32:
        return grown, [(fell, Verdict.BACKWARD)] if fell.any() else []
    narrow = series.bits[1:] == 32
    speed = np.maximum(series.speed[1:], series.speed[:-1])
    known = narrow & (speed > 0)
    ambiguous = known & (dt >= -(-8 * _U32 * 1000 // np.maximum(speed, 1)))
    wrapped = fell & known
    grown[wrapped] += np.uint64(_U32)
    unfit = narrow & ((before >= _U32) | (after >= _U32))
    return grown, [(ambiguous, Verdict.AMBIGUOUS_WRAP), ((fell & ~wrapped) | unfit, Verdict.BACKWARD)]


def _over_physical(series: CounterSeries, grown: Uint64s, dt: Int64s, port_bps: int, cache_s: int) -> Mask | None:
    """Tell which deltas no port could carry (rule 4, and ``MAX_BPS`` for every port)."""
    one = _one(series.speed)
    speed = np.full(1, one) if one is not None else np.maximum(series.speed[1:], series.speed[:-1])
    slowest = min(int(speed.min()), port_bps or MAX_BPS)
    if slowest > 0 and int(grown.max()) * 8000 <= min(slowest, MAX_BPS) * int(dt.min()):
        return None
    if port_bps > 0:
        speed = np.where(speed > 0, np.minimum(speed, port_bps), port_bps)
    masks = [_exceeds(grown, dt, 20, np.full(1, MAX_BPS))]
    if (speed > 0).any():
        masks.append(_exceeds(grown, dt + cache_s * 1000, 21, speed))
    over: Mask = np.logical_or.reduce(masks)
    return over


def _exceeds(octets: Uint64s, span_ms: Int64s, twentieths: int, speed: Int64s) -> Mask:
    """Tell where ``octets`` in ``span_ms`` pass ``twentieths``/20 of a known ``speed``.

    Floats decide but for what lies within their error, which integers decide.
    """
    limit = np.where(speed > 0, speed * (twentieths / 160_000), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        used = octets.astype(np.float64) / span_ms
    over = ~(used < limit * (1 - 1e-9))
    for i in np.flatnonzero(over & ~(used > limit * (1 + 1e-9))):
        known = int(speed[i if len(speed) > 1 else 0])
        over[i] = known > 0 and int(octets[i]) * 160_000 > twentieths * known * int(span_ms[i])
    return over

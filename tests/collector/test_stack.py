"""Many series judged at once give what each gives by itself, to the last octet."""

from __future__ import annotations

import random
from dataclasses import fields

import numpy as np
import pytest

from collector.measure.bins import bins
from collector.measure.counters import CounterSeries, deltas
from collector.measure.stack import SLOT, Span, judged

SPAN = Span(1_795_000_200_000, 4, 300_000)


def series(rng: random.Random, *, odd: bool) -> CounterSeries:
    """Return the readings of half an hour: with ``odd`` restarts, narrow counters, repeats and contradictions."""
    count, step = rng.randrange(0, 40), rng.choice((10_000, 60_000, 90_000))
    time = SPAN.end_ms - 1 - step * count + np.arange(count) * step + rng.randrange(step)
    time = time[time < SPAN.end_ms]
    if odd and len(time) > 4:
        time[2] = time[3] if rng.random() < 0.5 else time[2]
        rng.shuffle(order := list(range(len(time))))
        time = time[order]
    n = len(time)
    speed = rng.choice((0, 10**6, 10**9))
    octets = (np.argsort(np.argsort(time, kind="stable"), kind="stable") * rng.randrange(10**6)).astype(np.uint64)
    if odd and n:
        octets[rng.randrange(n)] = rng.choice((0, 2**32 - 1, 2**64 - 1))
    boot = np.full(n, rng.choice((-1, 0)))
    if odd and n and boot[0] == 0:
        boot[rng.randrange(n) :] = 1
    uptime = np.full(n, -1) if rng.random() < 0.5 else (time - SPAN.reach_ms) // 10
    if odd and n and rng.random() < 0.3:
        uptime[rng.randrange(n)] = 5
    constant = {"bits": rng.choice((32, 64)), "speed": speed, "discontinuity_ticks": -1, "index": rng.choice((-1, 3))}
    columns = {name: np.full(n, value, dtype=np.int64) for name, value in constant.items()}
    boot_ms = np.where(boot < 0, time, time - SPAN.reach_ms + rng.randrange(10**9))
    return CounterSeries(time_ms=time, boot=boot, boot_ms=boot_ms, octets=octets, uptime_ticks=uptime, **columns)


def stacked(many: list[CounterSeries]) -> CounterSeries:
    columns = {f.name: np.concatenate([getattr(one, f.name) for one in many]) for f in fields(CounterSeries)}
    return CounterSeries(**columns)


@pytest.mark.parametrize("seed", range(120))
def test_many_series_at_once_give_what_each_gives_by_itself(seed: int) -> None:
    rng = random.Random(seed)
    many = [series(rng, odd=rng.random() < 0.5) for _ in range(rng.randrange(1, 30))]
    port_bps, cache_s = rng.choice((0, 10**7)), rng.choice((0, 3))
    made = judged(stacked(many), [len(one.time_ms) for one in many], SPAN, port_bps=port_bps, cache_s=cache_s)
    for one, pair in zip(many, made, strict=True):
        assert pair is not None
        alone = deltas(one, port_bps=port_bps, cache_s=cache_s)
        for name in ("start_ms", "end_ms", "octets", "verdict"):
            assert np.array_equal(getattr(alone, name), getattr(pair[0], name)), name
        by_itself = bins(alone, start_ms=SPAN.start_ms, count=SPAN.count, width_ms=SPAN.width_ms)
        for name in ("octets_u", "covered_ms", "long_u"):
            assert np.array_equal(getattr(by_itself, name), getattr(pair[1], name)), name


def test_a_series_whose_clock_was_set_is_left_to_be_judged_by_itself() -> None:
    time = np.array([SPAN.end_ms - 1000, SPAN.end_ms - 500])
    boot_ms = np.array([0, 2 * SLOT * SPAN.width_ms])
    columns = {name: np.full(2, -1) for name in ("uptime_ticks", "discontinuity_ticks", "index")}
    octets = np.array([0, 5], dtype=np.uint64)
    one = CounterSeries(
        time_ms=time, boot=np.zeros(2, np.int64), boot_ms=boot_ms, octets=octets, bits=np.full(2, 64),
        speed=np.zeros(2, np.int64), **columns,
    )  # fmt: skip
    assert judged(one, [2], SPAN) == [None]


def test_nothing_gives_nothing() -> None:
    rng = random.Random(0)
    empty = series(rng, odd=False)
    empty = CounterSeries(*(getattr(empty, f.name)[:0] for f in fields(CounterSeries)))
    (pair,) = judged(empty, [0], SPAN)
    assert pair is not None
    assert len(pair[0].verdict) == 0
    assert not pair[1].covered_ms.any()

"""Months of a line as both of its ends count it: seeded traffic, polls that jitter and fail, and what is forged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.clock import MS
from collector.inventory import EVER
from collector.judge.allocation import Finding
from collector.judge.reconcile import End, reconcile
from collector.measure.bins import Bins, bins
from collector.measure.counters import CounterSeries, deltas
from collector.measure.intervals import Intervals

Ints = NDArray[np.int64]
DAYS = 30
DAY_MS = 86_400_000
START_MS = 20_000 * DAY_MS
STEP_MS = 30_000
POLL_MS = 60_000
_SHAPE = np.array([1, 1, 1, 1, 1, 2, 4, 10, 18, 20, 20, 18, 14, 17, 19, 17, 12, 6, 4, 3, 2, 2, 1, 1], dtype=float)


@dataclass(frozen=True)
class Polled:
    """What one end's poller read: times (ms from the month's start), both counters, ticks of the uptime."""

    time_ms: Ints
    unduh: NDArray[np.uint64]
    unggah: NDArray[np.uint64]
    uptime: Ints

    def without(self, start_ms: int, end_ms: int, *, every_ms: int = 0) -> Polled:
        """Return the end without its readings of ``[start, end)``, of every so many ms if given."""
        at = self.time_ms % every_ms if every_ms else self.time_ms
        keep = (at < start_ms) | (at >= end_ms)
        return Polled(self.time_ms[keep], self.unduh[keep], self.unggah[keep], self.uptime[keep])

    def scaled(self, share: float, *, up: float = 1.0, start_ms: int = 0, end_ms: int = DAY_MS) -> Polled:
        """Return the end with its growth times ``share`` (unduh) and ``up``, within these ms of each day."""
        at = self.time_ms[1:] % DAY_MS
        inside = (at >= start_ms) & (at < end_ms)
        return replace(self, unduh=_grown(self.unduh, inside, share), unggah=_grown(self.unggah, inside, up))


def _grown(octets: NDArray[np.uint64], inside: NDArray[np.bool_], share: float) -> NDArray[np.uint64]:
    growth = np.diff(octets.astype(np.int64))
    changed = np.where(inside, np.rint(growth * share), growth).astype(np.int64)
    return np.concatenate((octets[:1], octets[0] + np.cumsum(changed).astype(np.uint64)))


Forgery = Callable[[Polled], Polled]


def traffic(random: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the octets that have passed at each step of the month, unduh and unggah: bursty, quiet at night."""
    hours = np.repeat(np.tile(_SHAPE, DAYS), 3_600_000 // STEP_MS)
    mean = random.uniform(20_000, 2_000_000) * STEP_MS / 10_000
    burst = random.exponential(1, len(hours)) ** 2 / 2
    grown = np.minimum(hours * burst * mean, 3_000_000_000)  # 800 Mbit/s of a port of 1 Gbit/s
    passed = np.concatenate(([0], np.cumsum(grown.astype(np.int64))))
    return passed, passed // 5


def polled(passed: tuple[Ints, Ints], random: np.random.Generator, *, outages: int = 3) -> Polled:
    """Return what a poller reads: jitter up to 5 s, one poll in a hundred lost, a few outages of up to 55 minutes."""
    count = DAYS * DAY_MS // POLL_MS
    due = np.arange(count) * POLL_MS + int(random.integers(POLL_MS))
    time = np.minimum(due + random.integers(0, 5_000, count), DAYS * DAY_MS)
    keep = random.random(count) > 0.01
    for day in random.choice(DAYS, outages, replace=False):
        start = int(day) * DAY_MS + int(random.integers(22 * 3_600_000))
        keep &= ~((time >= start) & (time < start + int(random.integers(55 * 60_000))))
    time = time[keep]
    grid = np.arange(len(passed[0])) * STEP_MS
    unduh, unggah = (np.floor(np.interp(time, grid, one)).astype(np.uint64) for one in passed)
    return Polled(time, unduh, unggah, time // 10 + 1_000)


def series(end: Polled, octets: NDArray[np.uint64]) -> CounterSeries:
    """Return one direction as the collector reads it."""
    time = START_MS + end.time_ms
    fixed = {name: np.full(len(time), value) for name, value in (("bits", 64), ("speed", 10**9), ("index", 3))}
    none = np.full(len(time), -1)
    return CounterSeries(
        time_ms=time, boot=none, boot_ms=time, octets=octets, uptime_ticks=end.uptime, discontinuity_ticks=none, **fixed
    )


def end_of(link: str, end: Polled) -> End:
    """Return an end as it is judged."""

    def made(octets: NDArray[np.uint64]) -> Bins:
        return bins(deltas(series(end, octets)), start_ms=START_MS, count=DAYS * 288)

    return End(link, Intervals.of([(0, EVER)]), made(end.unduh), made(end.unggah))


def judged(seed: int, *, opd: Forgery | None = None, noc: Forgery | None = None) -> tuple[Finding, ...]:
    """Reconcile a seeded month, with its ends forged as told."""
    random = np.random.default_rng(seed)
    passed = traffic(random)
    ends = [polled(passed, random) for _ in range(2)]
    one, other = (forge(end) if forge else end for end, forge in zip(ends, (noc, opd), strict=True))
    return reconcile(end_of("noc", one), end_of("opd", other), until_ms=START_MS + DAYS * DAY_MS)


MONTH_NS = START_MS * MS

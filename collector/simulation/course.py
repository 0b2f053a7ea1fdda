"""What a simulated interface's counters show, and what must be known of them (pure, numpy, exact integers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from collector.simulation.traffic import Ints

LONGEST_MS = 900_000
Way = Literal["receive", "transmit"]


@dataclass(frozen=True, slots=True)
class Course:
    """One interface of one router through the month, n moments at which a reading fell due.

    ``time_ms`` is true UTC; ``boot`` numbers the router's boots and ``booted_ms`` is when each began; a moment
    that is not ``taken`` gave no reading. ``receive`` and ``transmit`` are octets that passed between moment k and
    k + 1 (n - 1). ``carried`` is what both counters showed at the first moment, ``bits`` their width; ``up`` tells
    whether the line was up.
    """

    time_ms: Ints
    boot: Ints
    booted_ms: Ints
    taken: NDArray[np.bool_]
    up: NDArray[np.bool_]
    receive: Ints
    transmit: Ints
    carried: tuple[int, int]
    bits: int
    speed: int

    def counters(self, way: Way) -> NDArray[np.uint64]:
        """Return what a counter shows at each moment: octets since its boot, modulo its width."""
        passed, carried = (self.receive, self.carried[0]) if way == "receive" else (self.transmit, self.carried[1])
        total = np.concatenate(([0], np.cumsum(passed)))
        first = np.searchsorted(self.boot, np.arange(len(self.booted_ms)))
        since = (total - total[first][self.boot] + np.where(self.boot == 0, carried, 0)).astype(np.uint64)
        return since if self.bits == 64 else since & np.uint64(2**32 - 1)


@dataclass(frozen=True, slots=True)
class Spans:
    """What is known between successive readings: ``[start_ms, end_ms)`` and the octets that passed."""

    start_ms: Ints
    end_ms: Ints
    octets: Ints

    @property
    def short(self) -> Spans:
        """Those that give bits to bins: at most 900 s long (evaluation.md §3, rule 5)."""
        keep = self.end_ms - self.start_ms <= LONGEST_MS
        return Spans(self.start_ms[keep], self.end_ms[keep], self.octets[keep])

    def until(self, edges_ms: Ints) -> tuple[Ints, Ints, Ints]:
        """Return whole octets, the micro-octets beside them (rounded down) and the ms known before each edge."""
        if not len(self.start_ms):
            return np.zeros_like(edges_ms), np.zeros_like(edges_ms), np.zeros_like(edges_ms)
        last = np.maximum(np.searchsorted(self.start_ms, edges_ms) - 1, 0)
        length = self.end_ms[last] - self.start_ms[last]
        inside = np.clip(edges_ms - self.start_ms[last], 0, length)
        whole, rest = np.divmod(self.octets[last] * inside, length)
        sums = np.concatenate(([0], np.cumsum(self.octets)))
        lengths = np.concatenate(([0], np.cumsum(self.end_ms - self.start_ms)))
        return sums[last] + whole, rest * 1_000_000 // length, lengths[last] + inside


def spans(course: Course, passed: Ints) -> Spans:
    """Return what a perfect observer may know of ``passed`` from the readings taken.

    Left out is what nobody can know: across a restart, and across a gap in which a 32-bit counter may have
    gone round more than once (evaluation.md §3, rules 1 and 3).
    """
    total = np.concatenate(([0], np.cumsum(passed)))
    at = np.flatnonzero(course.taken)
    start, end = at[:-1], at[1:]
    known = course.boot[start] == course.boot[end]
    length = course.time_ms[end] - course.time_ms[start]
    if course.bits == 32:
        known &= course.speed * length < 2**32 * 8 * 1000
    start, end = start[known], end[known]
    return Spans(course.time_ms[start], course.time_ms[end], total[end] - total[start])

"""What the evaluation of a simulated month must find, from the generator's own octets.

Written apart from ``collector/measure`` on purpose: known octets are added up to each edge and subtracted,
where the collector splits each delta over its bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from agent.clock import MS
from collector.simulation.course import Course, spans
from collector.simulation.traffic import Grid, Ints

BIN_MS = 300_000
_ENOUGH_MS = 240_000


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of an OPD: octets of all deltas (rounded once), bins known, P95 and highest bin in bit/s.

    Each rate may lie up to 0.1 bit/s from the exact one, since shares of a delta are kept in micro-octets.
    """

    volume_octets: int
    valid: int
    expected: int
    p95: Fraction | None
    peak: Fraction | None


@dataclass(frozen=True, slots=True)
class Truth:
    """What must be found for one OPD (or contract, by its code)."""

    code: str
    unduh: Way
    unggah: Way


def truth(place: Grid, code: str, courses: Sequence[Course]) -> Truth:
    """Return the figures of an OPD whose links took the given courses; *unduh* is what its routers received."""
    return Truth(
        code,
        _way(place, [(course, course.receive) for course in courses]),
        _way(place, [(course, course.transmit) for course in courses]),
    )


def _way(place: Grid, members: Sequence[tuple[Course, Ints]]) -> Way:
    start, end = place.month.start_ns(place.zone) // MS, place.month.end_ns(place.zone) // MS
    edges = np.arange(start, end + 1, BIN_MS, dtype=np.int64)
    valid = np.ones(len(edges) - 1, np.bool_)
    columns: list[tuple[Ints, Ints]] = []
    volume = Fraction(0)
    for course, passed in members:
        known = spans(course, passed)
        whole, micro, _ = known.until(edges[[0, -1]])
        volume += Fraction(int(whole[1] - whole[0]) * 1_000_000 + int(micro[1] - micro[0]), 1_000_000)
        whole, micro, covered = (np.diff(column) for column in known.short.until(edges))
        columns.append((whole * 1_000_000 + micro, covered))
        valid &= covered >= _ENOUGH_MS
    at = np.flatnonzero(valid)
    rates = np.sum([micro[at] / covered[at] for micro, covered in columns], axis=0)
    order = at[np.argsort(rates, kind="stable")]
    count, expected = len(order), len(valid)
    rank = (95 * count + 99) // 100
    p95 = _rate(columns, order[rank - 1]) if count * 4 >= expected * 3 else None
    return Way(round(volume), count, expected, p95, _rate(columns, order[-1]) if count else None)


def _rate(columns: Sequence[tuple[Ints, Ints]], at: int) -> Fraction:
    """Return bit/s of one bin: 8 x 10^-6 bit a micro-octet, 10^-3 s a ms."""
    return sum((Fraction(int(micro[at]), int(covered[at]) * 125) for micro, covered in columns), Fraction(0))

"""One line measured at both ends: the NOC's figures against those of the OPD's router (pure: bins in, findings out).

An OPD's admin can reach the router in the OPD. So the NOC's end counts, and the other end is held against it: a
difference of more than 2 % of a day's octets over the time that both ends covered, or a silence of one end of more
than an hour while the other one speaks, is a finding (spec/reliability.md section 3). Nothing is mended from it.

Both ends must be measured at one layer: a queue counts packets, an interface their frames (18 octets more each).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from agent.clock import MS
from collector.judge.allocation import SEVERITY, DirectionName, Finding
from collector.measure.bins import Bins
from collector.measure.counters import Int64s, Mask
from collector.measure.intervals import Intervals
from collector.measure.rates import Member, Rates

_SLACK = 100
"""A bin counts as wholly covered when no more than one part in so many is missing: clocks are slewed."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What the ends of one line may differ by.

    ``difference`` of a day's octets, and ``octets`` at least, over the time that both covered, which must be
    ``common_ms`` to be compared; ``silence_ms`` of one end at a stretch, ``day_silence_ms`` of it in one day.
    """

    difference: Fraction = Fraction(2, 100)
    octets: int = 1_000_000
    common_ms: int = 6 * 3_600_000
    silence_ms: int = 3_600_000
    day_silence_ms: int = 6 * 3_600_000


@dataclass(frozen=True, slots=True)
class End:
    """One end of a line: its link's code, when it is to be measured (UTC ns), and its bins of the same whole days."""

    link: str
    active: Intervals
    unduh: Bins
    unggah: Bins


@dataclass(frozen=True, slots=True)
class Compared:
    """One direction of one day over the time that both ends covered: octets at each end, exact, and that time."""

    noc: Fraction
    opd: Fraction
    common_ms: int

    @property
    def difference(self) -> Fraction:
        """How far the ends differ, as a share of the smaller figure, so that neither end's error hides itself."""
        return abs(self.noc - self.opd) / max(min(self.noc, self.opd), Fraction(1))

    def differs(self, tolerance: Tolerance) -> bool:
        """Tell whether the ends differ by more than is tolerated."""
        enough = self.common_ms >= tolerance.common_ms and abs(self.noc - self.opd) > tolerance.octets
        return enough and self.difference > tolerance.difference


def compare(noc: Bins, opd: Bins, asked: Mask) -> Compared:
    """Compare the bins ``asked`` that are valid at both ends; a bin covered in part stands for its whole width."""
    places = np.flatnonzero(noc.valid & opd.valid & asked)
    octets = [_rates(one).total(places) * noc.width_ms / 8000 for one in (noc, opd)]
    return Compared(octets[0], octets[1], len(places) * noc.width_ms)


def _rates(bins: Bins) -> Rates:
    return Rates.of((Member(bins, 0, len(bins.octets_u)),), len(bins.octets_u))


def reconcile(noc: End, opd: End, *, until_ms: int, tolerance: Tolerance | None = None) -> tuple[Finding, ...]:
    """Judge one line over whole days, of which those that end by ``until_ms`` are compared.

    A silence counts up to ``until_ms``. Only bins in which both ends are active are looked at. At most one finding
    a direction (the day of the largest difference) and one an end (its longest silence).
    """
    tolerance = tolerance or Tolerance()
    asked = _asked(noc, opd, until_ms)
    ways: tuple[tuple[DirectionName, Bins, Bins], ...] = (
        ("unduh", noc.unduh, opd.unduh),
        ("unggah", noc.unggah, opd.unggah),
    )
    differences = [_difference(opd.link, *way, asked, until_ms, tolerance) for way in ways]
    silences = [_silence(one, other, asked, tolerance) for one, other in ((noc, opd), (opd, noc))]
    return tuple(finding for finding in (*differences, *silences) if finding is not None)


def _asked(noc: End, opd: End, until_ms: int) -> Mask:
    """Tell which bins lie wholly in the time that both ends are to be measured, and have ended."""
    bins = noc.unduh
    starts = bins.start_ms + np.arange(len(bins.octets_u)) * bins.width_ms
    asked = np.zeros(len(starts), np.bool_)
    for start_ns, end_ns in (noc.active & opd.active).spans:
        asked |= (starts >= -(-start_ns // MS)) & (starts + bins.width_ms <= min(end_ns // MS, until_ms))
    return asked


def _difference(
    link: str, direction: DirectionName, noc: Bins, opd: Bins, asked: Mask, until_ms: int, tolerance: Tolerance
) -> Finding | None:
    worst: Finding | None = None
    for low, high in _days(noc):
        end_ms = noc.start_ms + high * noc.width_ms
        found = compare(_cut(noc, low, high), _cut(opd, low, high), asked[low:high])
        if end_ms <= until_ms and found.differs(tolerance) and (worst is None or found.difference > worst.value):
            start_ns, value = (noc.start_ms + low * noc.width_ms) * MS, found.difference
            worst = Finding(
                "line_difference",
                link,
                direction,
                SEVERITY["line_difference"],
                start_ns,
                None,
                value,
                tolerance.difference,
                "1",
            )
    return worst


def _days(bins: Bins) -> list[tuple[int, int]]:
    per_day = 86_400_000 // bins.width_ms
    return [(low, low + per_day) for low in range(0, len(bins.octets_u), per_day)]


def _cut(bins: Bins, low: int, high: int) -> Bins:
    return replace(
        bins,
        start_ms=bins.start_ms + low * bins.width_ms,
        octets_u=bins.octets_u[low:high],
        covered_ms=bins.covered_ms[low:high],
        long_u=bins.long_u[low:high],
    )


def _silence(end: End, other: End, asked: Mask, tolerance: Tolerance) -> Finding | None:
    """Find the longest silence of an end while the other one speaks, else a day in which it is silent too often."""
    width = end.unduh.width_ms
    covered, heard = _covered(end), _covered(other)
    missing = np.where(asked, np.maximum(heard - covered, 0), 0)
    broken = asked & (covered < width - width // _SLACK)
    stretches = [(int(missing[low:high].sum()), low) for low, high in _runs(broken)]
    days = [(int(missing[low:high].sum()), low) for low, high in _days(end.unduh)]
    for found, limit in ((stretches, tolerance.silence_ms), (days, tolerance.day_silence_ms)):
        length, low = max(found, key=lambda item: (item[0], -item[1]), default=(0, 0))
        if length > limit:
            start_ns = (end.unduh.start_ms + low * width) * MS
            value, most = Fraction(length, 1000), Fraction(limit, 1000)
            return Finding("line_silence", end.link, "", SEVERITY["line_silence"], start_ns, None, value, most, "s")
    return None


def _covered(end: End) -> Int64s:
    """Return the ms of each bin which both directions cover."""
    return np.minimum(np.minimum(end.unduh.covered_ms, end.unggah.covered_ms), end.unduh.width_ms)


def _runs(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))

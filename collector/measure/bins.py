"""Deltas to bins of fixed width, and the rates of bins (spec/evaluation.md section 3, "Bin value")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from collector.measure.counters import Deltas, Int64s, Verdict

MICRO = 1_000_000
"""Bins hold micro-octets: the shares of a split delta are whole and add up to it exactly."""

WIDTH_MS = 300_000
_FEW = 32
_EXACT = 2**52


@dataclass(frozen=True, slots=True)
class Counts:
    """Deltas by verdict and contradictory readings; each belongs to the span in which it ends: ``(start, end]``."""

    valid: int = 0
    long: int = 0
    resets: int = 0
    backward: int = 0
    ambiguous_wraps: int = 0
    over_physical: int = 0
    clock: int = 0
    contradictory: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))

    @property
    def rejected(self) -> int:
        """Deltas and readings refused for whatever reason but a restart."""
        return self.backward + self.ambiguous_wraps + self.over_physical + self.clock + self.contradictory


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Consecutive bins of ``width_ms`` from ``start_ms`` (UTC ms) of one direction of one link.

    octets_u    micro-octets of VALID deltas in each bin
    covered_ms  ms of the bin which those deltas cover (more than the width only where a clock was set back)
    long_u      micro-octets of LONG deltas, spread in proportion to time: volume, no rate
    counts      what the deltas were worth
    """

    start_ms: int
    width_ms: int
    octets_u: Int64s
    covered_ms: Int64s
    long_u: Int64s
    counts: Counts

    @property
    def end_ms(self) -> int:
        """UTC ms at which the last bin ends."""
        return self.start_ms + self.width_ms * len(self.octets_u)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Bins of which at least 240 of 300 parts are covered."""
        return self.covered_ms >= -(-240 * self.width_ms // 300)

    def same(self, other: Bins) -> bool:
        """Tell whether both hold the same bytes."""
        return (
            (self.start_ms, self.width_ms, self.counts) == (other.start_ms, other.width_ms, other.counts)
            and np.array_equal(self.octets_u, other.octets_u)
            and np.array_equal(self.covered_ms, other.covered_ms)
            and np.array_equal(self.long_u, other.long_u)
        )


def join(parts: Sequence[Bins]) -> Bins:
    """Put consecutive spans together (for example days); ValueError if they do not adjoin."""
    for before, after in pairwise(parts):
        if before.end_ms != after.start_ms or before.width_ms != after.width_ms:
            raise ValueError(f"bins that end at {before.end_ms} ms do not adjoin those from {after.start_ms} ms")
    return Bins(
        start_ms=parts[0].start_ms,
        width_ms=parts[0].width_ms,
        octets_u=np.concatenate([part.octets_u for part in parts]),
        covered_ms=np.concatenate([part.covered_ms for part in parts]),
        long_u=np.concatenate([part.long_u for part in parts]),
        counts=sum((part.counts for part in parts), Counts()),
    )


def total(members: Sequence[Bins]) -> Bins:
    """Sum links bin by bin: valid iff every member is valid, its rate the sum of theirs; for the live view.

    Where the members' covered times differ the sum is brought to the full width and cut to whole micro-octets
    per bin (less than 3e-8 bit/s at 300 s); ``octets_u`` is then a rate, no volume. A bin with a member that is
    not valid is empty. The month uses ``rates.Rates``, which stays exact.
    """
    first = members[0]
    if any(
        (m.start_ms, m.width_ms, len(m.octets_u)) != (first.start_ms, first.width_ms, len(first.octets_u))
        for m in members
    ):
        raise ValueError("the links' bins are not of the same span")
    valid = np.logical_and.reduce([member.valid for member in members])
    octets_u = np.where(valid, sum(member.octets_u for member in members), 0)
    covered_ms = np.where(valid, first.covered_ms, 0)
    for i in np.flatnonzero(np.logical_or.reduce([m.covered_ms != first.covered_ms for m in members]) & valid):
        rate = sum(Fraction(int(member.octets_u[i]), int(member.covered_ms[i])) for member in members)
        octets_u[i], covered_ms[i] = int(rate * first.width_ms), first.width_ms
    return Bins(
        start_ms=first.start_ms,
        width_ms=first.width_ms,
        octets_u=octets_u,
        covered_ms=covered_ms,
        long_u=np.sum([member.long_u for member in members], axis=0),
        counts=sum((member.counts for member in members), Counts()),
    )


def bins(deltas: Deltas, *, start_ms: int, count: int, width_ms: int = WIDTH_MS) -> Bins:
    """Split the deltas over ``count`` bins of ``width_ms`` from ``start_ms`` (UTC ms) in proportion to time.

    What lies outside the span is left out, so that days and months add up. For a span to come out the same
    from fewer readings, hand in all readings from 900 s before it to 900 s after it, and in any case the last
    reading before and the first one after it, however far: a long delta's volume is spread over all its time.
    A bin covered more than twice over holds nothing: its clock was none, and its sum might not fit.
    Bins wider than 600 s are refused (ValueError): their micro-octets might not fit 64 bits.
    """
    if not 0 < width_ms <= 2 * WIDTH_MS:
        raise ValueError(f"bins of {width_ms} ms: give 1 to {2 * WIDTH_MS} ms")
    grid = _Grid(start_ms, count, width_ms)
    octets_u, covered_ms = _spread(deltas, None, grid)
    faulty = np.flatnonzero(deltas.verdict != Verdict.VALID)
    long_u = np.zeros(count, np.int64)
    if len(faulty):
        long = deltas.verdict[faulty] == Verdict.LONG
        long_u, long_ms = _spread(deltas, faulty[long], grid)
        octets_u -= long_u
        covered_ms -= long_ms
        if not long.all():
            covered_ms -= _spread(deltas, faulty[~long], grid)[1]
    if len(covered_ms) and covered_ms.max() > 2 * width_ms:
        runaway = covered_ms > 2 * width_ms
        octets_u[runaway] = covered_ms[runaway] = 0
    return Bins(start_ms, width_ms, octets_u, covered_ms, long_u, _counts(deltas, faulty, grid))


@dataclass(frozen=True, slots=True)
class _Grid:
    start_ms: int
    count: int
    width_ms: int

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.count * self.width_ms


def _counts(deltas: Deltas, faulty: NDArray[np.intp], grid: _Grid) -> Counts:
    low, high = np.searchsorted(deltas.end_ms, (grid.start_ms, grid.end_ms), side="right")
    inside = faulty[(faulty >= low) & (faulty < high)]
    tally = np.bincount(deltas.verdict[inside], minlength=len(Verdict)).tolist()
    tally[Verdict.VALID] = int(high - low) - sum(tally)
    clashes = (deltas.contradictory_ms > grid.start_ms) & (deltas.contradictory_ms <= grid.end_ms)
    tally.append(int(clashes.sum()))
    return Counts(*tally)


def _spread(deltas: Deltas, which: NDArray[np.intp] | None, grid: _Grid) -> tuple[Int64s, Int64s]:
    """Return micro-octets and covered ms of each bin from the deltas ``which`` (None: all, faulty ones with 0 octets).

    Deltas overlap only where a clock was set back; each run without overlap is added by itself. A few that lie
    apart are runs of their own, which spares looking at all the bins between them.
    """
    octets_u, covered_ms = np.zeros(grid.count, np.int64), np.zeros(grid.count, np.int64)
    start, end, octets = deltas.start_ms, deltas.end_ms, deltas.octets
    if which is not None:
        start, end, octets = start[which], end[which], octets[which]
    elif deltas.total is not None:
        if len(end) and end[-1] > grid.start_ms and start[0] < grid.end_ms:
            _add_run(start, end, octets, grid, octets_u, covered_ms, deltas.total)
        return octets_u, covered_ms
    apart = start[1:] != end[:-1] if len(end) <= _FEW else start[1:] < end[:-1]
    breaks = np.flatnonzero(apart) + 1
    for low, high in pairwise((0, *breaks.tolist(), len(end))):
        if low < high and end[high - 1] > grid.start_ms and start[low] < grid.end_ms:
            _add_run(start[low:high], end[low:high], octets[low:high], grid, octets_u, covered_ms)
    return octets_u, covered_ms


def _add_run(
    start: Int64s,
    end: Int64s,
    octets: Int64s,
    grid: _Grid,
    octets_u: Int64s,
    covered_ms: Int64s,
    total: Int64s | None = None,
) -> None:
    """Add deltas that follow one another without overlap to the bins they touch.

    What passes an edge is read off the deltas on it: a bin holds the deltas that end in it, less the share of
    the first one before its edge, plus the share of the next one before its other edge.
    """
    low = max((int(start[0]) - grid.start_ms) // grid.width_ms, 0)
    high = min(-((grid.start_ms - int(end[-1])) // grid.width_ms), grid.count)
    edges = np.arange(low, high + 1) * grid.width_ms + grid.start_ms
    on = np.searchsorted(end, edges, side="right")
    if total is None:
        ended = _sums(octets, on)
    else:
        upto = total.take(on)
        ended = upto[1:] - upto[:-1]
    begins = start.take(on, mode="clip")
    begun = np.maximum(edges - begins, 0)
    begun[int(on.searchsorted(len(end))) :] = 0
    before = _share(octets.take(on, mode="clip"), end.take(on, mode="clip") - begins, begun)
    octets_u[low:high] += ended * MICRO - before[:-1] + before[1:]
    if total is not None or (start[1:] == end[:-1]).all():
        inside = np.clip(edges, start[0], end[-1])
        covered_ms[low:high] += inside[1:] - inside[:-1]
    else:
        covered_ms[low:high] += _sums(end - start, on) - begun[:-1] + begun[1:]


def _sums(values: Int64s, on: NDArray[np.intp]) -> Int64s:
    """Return the sums of ``values[on[k]:on[k + 1]]``."""
    total = np.zeros(len(on) - 1, np.int64)
    filled = np.flatnonzero(on[1:] > on[:-1])
    if len(filled):
        total[filled] = np.add.reduceat(values[: on[-1]], on[filled])
    return total


def _share(octets: Int64s, length_ms: Int64s, part_ms: Int64s) -> Int64s:
    """Return the micro-octets of deltas in their first ``part_ms``: octets x part / length, to the nearest.

    Two divisions keep it in 64 bits; a product that would not fit goes by Python's integers. The result is modulo
    2^64, as are sums and differences of int64: what a bin holds fits, unless it is covered more than twice over.
    """
    product = octets * part_ms
    # A quotient of integers below 2^52 is cut right by floats too, and these divide faster.
    whole = (product / length_ms).astype(np.int64)
    rest = product - whole * length_ms
    micro = whole * MICRO + ((rest * MICRO + length_ms // 2) / length_ms).astype(np.int64)
    large = np.flatnonzero(length_ms * np.maximum(octets, MICRO).astype(np.float64) > _EXACT)
    if len(large):
        micro[large] = _large_share(octets[large], length_ms[large], part_ms[large])
    return micro


def _large_share(octets: Int64s, length_ms: Int64s, part_ms: Int64s) -> Int64s:
    product = octets * part_ms
    whole = product // length_ms
    micro = whole * MICRO + ((product - whole * length_ms) * MICRO + length_ms // 2) // length_ms
    for i in np.flatnonzero(octets * length_ms.astype(np.float64) > 9e18).tolist():
        length = int(length_ms[i])
        exact = (int(octets[i]) * MICRO * int(part_ms[i]) * 2 + length) // (2 * length)
        micro[i] = (exact + 2**63) % 2**64 - 2**63
    return micro

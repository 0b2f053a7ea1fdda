"""What a link or an OPD does at this minute (pure): newest deltas in, rate, open bin, settled bin, state out.

Such figures are *langsung*, for looking at; the report's figures come from ``judge/month.py`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

from agent.clock import MS
from collector.measure.bins import MICRO, Bins, bins, total
from collector.measure.counters import Deltas, Verdict

LOOK_BACK = 3
"""Closed bins looked at, so that a rate is shown for at most this many bins after a link fell silent."""

SETTLE = 5
"""A closed bin is settled after a fifth of its width (60 s of 300), when its last reading had time to come."""


class State(IntEnum):
    """State of a link or of an OPD; the numbers are the dashboards' (spec/dashboards.md §1.3)."""

    MATI = 0
    HIDUP = 1
    TERGANGGU = 2
    TIDAK_DIKETAHUI = 3
    PEMELIHARAAN = 4
    PEMUTUSAN = 5


WORST_FIRST = (
    State.MATI,
    State.TERGANGGU,
    State.TIDAK_DIKETAHUI,
    State.PEMUTUSAN,
    State.PEMELIHARAAN,
    State.HIDUP,
)


@dataclass(frozen=True, slots=True)
class Window:
    """A look at ``now_ms``: the open bin begins at ``open_ms``, bins that end by ``settled_ms`` are settled."""

    now_ms: int
    width_ms: int
    open_ms: int
    settled_ms: int
    stale_ms: int

    @classmethod
    def at(cls, now_ns: int, *, origin_ns: int, width_ms: int, stale_ms: int) -> Window:
        """Return the window at ``now_ns``; ``origin_ns`` is any edge of a bin (a local midnight)."""
        now_ms, origin_ms = now_ns // MS, origin_ns // MS

        def edge(time_ms: int) -> int:
            return time_ms - (time_ms - origin_ms) % width_ms

        return cls(now_ms, width_ms, edge(now_ms), edge(now_ms - width_ms // SETTLE), stale_ms)

    @property
    def start_ms(self) -> int:
        """Start of the oldest bin looked at."""
        return self.open_ms - LOOK_BACK * self.width_ms


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of a link or of an OPD; rates in bit/s, None is unknown.

    rate_bps     of the last valid delta, which ended at ``measured_ms``; None once that is stale
    open_share   share of the open bin covered so far, 0..1
    bin_bps      the newest valid settled bin, which ended at ``bin_end_ms``
    bin_current  that bin is the newest settled one; False: that one is not valid
    allocation_bps   determination in force now
    """

    rate_bps: Fraction | None
    measured_ms: int | None
    open_share: Fraction
    bin_bps: Fraction | None
    bin_end_ms: int | None
    bin_current: bool
    allocation_bps: int | None

    @property
    def utilisation(self) -> Fraction | None:
        """Live rate over the allocation in force."""
        return _share(self.rate_bps, self.allocation_bps)

    @property
    def bin_utilisation(self) -> Fraction | None:
        """Newest settled bin over the allocation in force; None where that bin is not valid."""
        return _share(self.bin_bps, self.allocation_bps) if self.bin_current else None


def _share(rate: Fraction | None, limit: int | None) -> Fraction | None:
    return None if rate is None or not limit else rate / limit


@dataclass(frozen=True, slots=True)
class Reach:
    """What one direction's newest deltas give: last valid delta, share of the open bin, bins from ``start_ms`` on."""

    rate_bps: Fraction | None
    measured_ms: int | None
    open_share: Fraction
    bins: Bins


def recent_bins(deltas: Deltas, window: Window) -> Bins:
    """Return the bins looked at of one counter; they are the same while the window's open bin is."""
    return bins(deltas, start_ms=window.start_ms, count=LOOK_BACK + 1, width_ms=window.width_ms)


def reach(deltas: Deltas, recent: Bins, window: Window) -> Reach:
    """Look at the newest deltas of one counter, and its recent bins."""
    open_share = min(Fraction(int(recent.covered_ms[LOOK_BACK]), window.width_ms), Fraction(1))
    for i in range(len(deltas.verdict) - 1, -1, -1):
        if deltas.verdict[i] == Verdict.VALID:
            start_ms, end_ms = int(deltas.start_ms[i]), int(deltas.end_ms[i])
            if window.now_ms - end_ms > window.stale_ms or end_ms <= start_ms:
                break
            return Reach(Fraction(int(deltas.octets[i]) * 8000, end_ms - start_ms), end_ms, open_share, recent)
    return Reach(None, None, open_share, recent)


def together(members: Sequence[Reach]) -> Reach | None:
    """Add up the links of an OPD: the rate is unknown while one is, a bin is valid if all are. None without links."""
    if not members:
        return None
    rates = [member.rate_bps for member in members if member.rate_bps is not None]
    times = [member.measured_ms for member in members if member.measured_ms is not None]
    known = len(rates) == len(members)
    recent = members[0].bins if len(members) == 1 else total([member.bins for member in members])
    return Reach(
        rate_bps=sum(rates, Fraction(0)) if known else None,
        measured_ms=min(times) if known else None,
        open_share=min(member.open_share for member in members),
        bins=recent,
    )


def flow(found: Reach | None, window: Window, *, allocation_bps: int | None) -> Flow:
    """Return the figures of one direction; everything is unknown where nothing is registered to measure it."""
    if found is None:
        return Flow(None, None, Fraction(0), None, None, False, allocation_bps)
    rate, end_ms = None, None
    valid = found.bins.valid
    settled = (window.settled_ms - window.start_ms) // window.width_ms
    for i in range(settled - 1, -1, -1):
        if valid[i]:
            rate = bin_rate(found.bins, i)
            end_ms = window.start_ms + (i + 1) * window.width_ms
            break
    return Flow(
        rate_bps=found.rate_bps,
        measured_ms=found.measured_ms,
        open_share=found.open_share,
        bin_bps=rate,
        bin_end_ms=end_ms,
        bin_current=end_ms == window.settled_ms,
        allocation_bps=allocation_bps,
    )


def bin_rate(found: Bins, index: int) -> Fraction:
    """Return the rate of a covered bin: bits over covered seconds, exactly."""
    return Fraction(int(found.octets_u[index]) * 8000, MICRO * int(found.covered_ms[index]))


def link_state(*, seen_ms: int | None, up: int | float | None, window: Window) -> State:
    """Judge a link by its newest reading: too old or none is unknown, a port that says down is down."""
    if seen_ms is None or window.now_ms - seen_ms > window.stale_ms:
        return State.TIDAK_DIKETAHUI
    return State.MATI if up == 0 else State.HIDUP


def shown(measured: State, *, planned: bool, apart: bool) -> State:
    """Return the state that is shown of a link: people's doing stands before what is measured, and beside it.

    ``apart`` is disconnected by decision, ``planned`` in announced work; the graver of the two by ``WORST_FIRST``.
    """
    return State.PEMUTUSAN if apart else State.PEMELIHARAAN if planned else measured


def worst(states: Sequence[State]) -> State:
    """Return the worst state by precedence; unknown where there is none."""
    return min(states, key=WORST_FIRST.index, default=State.TIDAK_DIKETAHUI)

"""States in time: from readings to spans, with silence as unknown and short flutter left out (pure).

A reading speaks for the time until the next one, but not for longer than some of its own intervals; what nobody
spoke for is unknown (None), which is neither up nor on line. Everything follows from the set of readings: their
order, repetition and lateness play no part. Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from collector.measure.intervals import Intervals

LATE_INTERVALS = 3
LEAST_STALE_MS = 150_000
MOST_STALE_MS = 900_000

_RECENT = 3
"""How many of the newest gaps between readings tell a series' interval: the smallest of them."""

UNSAID = -1
"""The value of a reading that says that it does not know."""

Ints = NDArray[np.int64]
Fields = Mapping[str, int | float]
S = TypeVar("S", bound=int)


class UpsState(IntEnum):
    """State of a UPS; the numbers are the dashboards' (spec/dashboards.md section 1.3)."""

    MATI = 0
    PLN = 1
    BATERAI = 2
    BATERAI_LEMAH = 3
    BYPASS = 4
    TIDAK_DIKETAHUI = 5


class AtsState(IntEnum):
    """Which source carries the load; the numbers are the dashboards', where unknown is absent."""

    TIDAK_ADA = 0
    PLN = 1
    GENSET = 2
    TIDAK_DIKETAHUI = 3


@dataclass(frozen=True, slots=True)
class Span(Generic[S]):
    """A state that held in ``[start_ms, end_ms)``; ``state`` None is unknown."""

    start_ms: int
    end_ms: int
    state: S | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """An instant that lies in ``(low_ms, high_ms]``: after the last reading before it, by the first one after it.

    None is an end that no reading gives. ``manual`` says that a person told the time: then both ends are what was
    told, and nothing was measured.
    """

    low_ms: int | None
    high_ms: int | None
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Staleness:
    """When silence is unknown: after ``intervals`` of a series' own, within ``least_ms`` and ``most_ms``."""

    least_ms: int = LEAST_STALE_MS
    most_ms: int = MOST_STALE_MS
    intervals: int = LATE_INTERVALS


@dataclass(frozen=True, slots=True)
class Run:
    """Readings of one value that follow each other without a gap: the first, the last, and until when they speak."""

    first_ms: int
    last_ms: int
    end_ms: int
    value: int


@dataclass(frozen=True, slots=True)
class Samples:
    """What was read of one thing: times that grow, the value at each, and until when each speaks."""

    time_ms: Ints
    value: Ints
    until_ms: Ints

    def runs(self) -> list[Run]:
        """Return the readings as runs, in order."""
        if not len(self.time_ms):
            return []
        cut = (self.value[1:] != self.value[:-1]) | (self.until_ms[:-1] < self.time_ms[1:])
        firsts = np.concatenate(([0], np.flatnonzero(cut) + 1))
        lasts = np.concatenate((firsts[1:] - 1, [len(self.time_ms) - 1]))
        columns = (self.time_ms[firsts], self.time_ms[lasts], self.until_ms[lasts], self.value[firsts])
        return [Run(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


UNTOLD = Samples(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))
"""Of what nothing was read."""


def samples(time_ms: Ints, value: Ints, staleness: Staleness | None = None) -> Samples:
    """Return readings in order; identical ones count once, contradictory ones of one time not at all."""
    time_ms, value = np.asarray(time_ms, np.int64), np.asarray(value, np.int64)
    if not (time_ms[1:] > time_ms[:-1]).all():
        order = np.lexsort((value, time_ms))
        time_ms, value = time_ms[order], value[order]
        later = time_ms[1:] > time_ms[:-1]
        first, last = np.concatenate(([True], later)), np.concatenate((later, [True]))
        agreed = value[first] == value[last]  # the values of one time are in order too
        time_ms, value = time_ms[first][agreed], value[first][agreed]
    return Samples(time_ms, value, _until(time_ms, staleness or Staleness()))


def _until(times: Ints, staleness: Staleness) -> Ints:
    """Return until when each reading speaks: to the next one, while that is not too late."""
    if not len(times):
        return times
    gaps = np.diff(times)
    shortest = np.full(len(times), staleness.most_ms, np.int64)
    shortest[0] = 0  # nothing tells its interval yet
    for back in range(min(_RECENT, len(gaps))):
        shortest[back + 1 :] = np.minimum(shortest[back + 1 :], gaps[: len(gaps) - back])
    late = np.clip(staleness.intervals * shortest, staleness.least_ms, staleness.most_ms)
    until: Ints = times + late
    until[:-1] = np.minimum(until[:-1], times[1:])
    return until


def spans(found: Samples, *, start_ms: int, end_ms: int, hold_ms: int = 0) -> tuple[Span[int], ...]:
    """Return the states that cover ``[start_ms, end_ms)`` without overlap, neighbours being different.

    A new state counts once it held for ``hold_ms``, and then from its first reading on; a shorter one between two
    readings of another state is flutter, and the state before it goes on.
    """
    known = [run for run in found.runs() if run.end_ms > start_ms and run.first_ms < end_ms]
    pieces: list[Span[int]] = []
    for run in held(known, hold_ms, end_ms=end_ms) if hold_ms else known:
        state = None if run.value == UNSAID else run.value
        pieces.append(Span(max(run.first_ms, start_ms), min(run.end_ms, end_ms), state))
    return covering(pieces, start_ms=start_ms, end_ms=end_ms)


def held(runs: Sequence[Run], hold_ms: int, *, end_ms: int) -> list[Run]:
    """Leave out flutter: what lasts less than ``hold_ms`` (or not so long yet), unless silence is beside it."""
    kept: list[Run] = []
    for i, run in enumerate(runs):
        before = kept[-1] if kept and kept[-1].end_ms >= run.first_ms else None
        cut_short = (runs[i + 1].first_ms if i + 1 < len(runs) else end_ms) > run.end_ms
        if (
            before is None
            or run.value == before.value
            or (min(run.end_ms, end_ms) - run.first_ms < hold_ms and not cut_short)
        ):
            value = run.value if before is None else before.value
            first = run.first_ms if before is None else before.first_ms
            kept = (kept if before is None else kept[:-1]) + [Run(first, run.last_ms, run.end_ms, value)]
        else:
            kept.append(run)
    return kept


def covering(pieces: Iterable[Span[S]], *, start_ms: int, end_ms: int) -> tuple[Span[S], ...]:
    """Return ordered pieces with what lies between them as unknown, like neighbours joined."""
    made: list[Span[S]] = []

    def add(span: Span[S]) -> None:
        if span.start_ms >= span.end_ms:
            return
        if made and made[-1].state == span.state:
            made[-1] = Span(made[-1].start_ms, span.end_ms, span.state)
        else:
            made.append(span)

    at = start_ms
    for piece in pieces:
        add(Span(at, piece.start_ms, None))
        add(piece)
        at = max(at, piece.end_ms)
    add(Span(at, end_ms, None))
    return tuple(made)


def together(
    parts: Sequence[Sequence[Span[int]]], judge: Callable[[tuple[int | None, ...]], S | None]
) -> tuple[Span[S], ...]:
    """Judge several things that cover the same time, piece by piece: their states in, one state out."""
    if not parts or not all(parts):
        return ()
    edges = sorted({edge for part in parts for span in part for edge in (span.start_ms, span.end_ms)})
    places = [0] * len(parts)
    pieces: list[Span[S]] = []
    for low, high in pairwise(edges):
        for i, part in enumerate(parts):
            while part[places[i]].end_ms <= low:
                places[i] += 1
        states = tuple(part[place].state for part, place in zip(parts, places, strict=True))
        pieces.append(Span(low, high, judge(states)))
    return covering(pieces, start_ms=edges[0], end_ms=edges[-1])


def times_in(found: Iterable[Span[S]], *states: S | None) -> Intervals:
    """Return when one of the states held."""
    return Intervals.of((span.start_ms, span.end_ms) for span in found if span.state in states)


UPS_FIELDS = ("output_off", "on_battery", "low_battery", "on_bypass")
"""What the state of a UPS is judged by."""

BATTERY_TEST = 8
"""``status`` of a UPS on battery by a test of its own."""


def ups_state(fields: Fields) -> UpsState:
    """Judge a UPS by what is known of it, the gravest word first; unknown where nothing says what carries the load."""
    if fields.get("output_off") == 1:
        return UpsState.MATI
    if fields.get("on_battery") == 1:
        return UpsState.BATERAI_LEMAH if fields.get("low_battery") == 1 else UpsState.BATERAI
    if fields.get("on_bypass") == 1:
        return UpsState.BYPASS
    return UpsState.PLN if fields.get("on_battery") == 0 else UpsState.TIDAK_DIKETAHUI


def ups_spans(fields: Mapping[str, Samples], *, start_ms: int, end_ms: int) -> tuple[Span[UpsState], ...]:
    """Return a UPS's states, each field carried by its own readings; a silent UPS is unknown, never on line."""
    names = [name for name in UPS_FIELDS if name in fields]
    parts = [spans(fields[name], start_ms=start_ms, end_ms=end_ms) for name in names]
    if not parts:
        return covering((), start_ms=start_ms, end_ms=end_ms)

    def judge(states: tuple[int | None, ...]) -> UpsState | None:
        known = {name: value for name, value in zip(names, states, strict=True) if value is not None}
        found = ups_state(known)
        return None if found is UpsState.TIDAK_DIKETAHUI else found

    return together(parts, judge)


def ats_spans(source: Samples, *, start_ms: int, end_ms: int) -> tuple[Span[AtsState], ...]:
    """Return which source carried the load; a number that is none of a source is unknown."""

    def judge(states: tuple[int | None, ...]) -> AtsState | None:
        return AtsState(states[0]) if states[0] in (0, 1, 2) else None

    return together([spans(source, start_ms=start_ms, end_ms=end_ms)], judge)

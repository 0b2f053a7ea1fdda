"""Columns as plain arrays: the readings of each field, and what they prove of the machine's boots. Times are UTC ms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.clock import MS
from collector.ledger.columns import Columns, Ints
from collector.ledger.entry import LATE
from collector.measure.running import Beats
from collector.measure.states import UNTOLD, Samples, samples

FieldValues = Mapping[str, tuple[Ints, NDArray[Any]]]

_NONE = np.zeros(0, dtype=np.int64)
NO_BEATS = Beats(_NONE, _NONE, _NONE, _NONE)


def field_values(columns: Columns | None) -> FieldValues:
    """Return the times and values of each field, in no order."""
    if columns is None:
        return {}
    time_ms = columns.corrected_ns // MS
    return {
        name: (time_ms, column.values)
        if column.present is None
        else (time_ms[column.present], column.values[column.present])
        for name, column in columns.fields.items()
    }


def own_beats(columns: Columns | None) -> Beats:
    """Return the signs of life of a machine that tells of itself, by the boot in which each reading was made.

    The boot id is that of whoever sends: it counts only where the machine sends by itself.
    """
    if columns is None:
        return NO_BEATS
    time_ms = columns.corrected_ns // MS
    itself = columns.series.source == columns.series.device
    boot = columns.boot if itself else np.full(len(time_ms), -1, np.int64)
    boot_ms = np.where(boot >= 0, time_ms - columns.boot_ns // MS, -1)
    told = columns.fields.get("boot_time_seconds")
    if told is not None:
        there = boot < 0 if told.present is None else (boot < 0) & told.present
        boot_ms = np.where(there, (told.values * 1000).astype(np.int64), boot_ms)
    return Beats(time_ms, boot, boot_ms, _NONE)


def lives(columns: Columns | None) -> tuple[Samples, Samples]:
    """Return when a machine lived by its own readings, and by those of them that came more than an hour late."""
    if columns is None:
        return UNTOLD, UNTOLD
    time_ms, late = columns.corrected_ns // MS, columns.flags & LATE != 0
    times = (time_ms, time_ms[late])
    always, later = (samples(some, np.ones(len(some), np.int64)) for some in times)
    return always, later


def polled_beats(values: FieldValues) -> Beats:
    """Return the signs of life of a device that is asked: ``up``, and its uptime where it tells that."""
    asked, answered = values.get("up", (_NONE, _NONE))
    alive = asked[answered == 1]
    boot_ms = np.full(len(alive), -1, np.int64)
    if "uptime_seconds" in values:
        time_ms, uptime = values["uptime_seconds"]
        order = np.argsort(time_ms, kind="stable")
        places = np.searchsorted(time_ms[order], alive)
        found = np.flatnonzero(places < len(order))
        found = found[time_ms[order[places[found]]] == alive[found]]
        at = order[places[found]]
        boot_ms[found] = time_ms[at] - (uptime[at] * 1000).astype(np.int64)
    return Beats(alive, np.full(len(alive), -1, np.int64), boot_ms, asked[answered == 0])


def read_beats(columns: Columns | None) -> Beats:
    """Return the signs of life of a unit that tells nothing of itself: that it was read."""
    if columns is None:
        return NO_BEATS
    time_ms = columns.corrected_ns // MS
    untold = np.full(len(time_ms), -1, np.int64)
    return Beats(time_ms, untold, untold, _NONE)


def joined_beats(before: Beats, after: Beats) -> Beats:
    """Return the signs of life of two spans of time; boots are told apart by their time alone."""
    if not len(before.time_ms):
        return after
    unnumbered = np.full(len(before.time_ms) + len(after.time_ms), -1, np.int64)
    return Beats(
        np.concatenate((before.time_ms, after.time_ms)),
        unnumbered,
        np.concatenate((before.boot_ms, after.boot_ms)),
        np.concatenate((before.silent_ms, after.silent_ms)),
    )


def newest_fields(values: FieldValues, *, before_ms: int) -> tuple[int | None, dict[str, int | float]]:
    """Return the newest reading before a time: when, and its fields; (None, {}) where there is none."""
    times = [int(time[time < before_ms].max()) for time, _ in values.values() if (time < before_ms).any()]
    if not times:
        return None, {}
    newest = max(times)
    found = {name: column[time == newest] for name, (time, column) in values.items()}
    return newest, {name: column[-1].item() for name, column in found.items() if len(column)}


def distinct(values: FieldValues, name: str, *, before_ms: int) -> tuple[int, ...]:
    """Return the distinct instants (unix s) that a field told before a time, as ms, in order."""
    time, column = values.get(name, (_NONE, _NONE))
    return tuple(round(value * 1000) for value in np.unique(column[time < before_ms]).tolist())


def interval_ms(values: FieldValues) -> int:
    """Return the smallest of the newest gaps between readings, 0 for fewer than two."""
    times = np.unique(np.concatenate([time for time, _ in values.values()])) if values else _NONE
    return int(np.diff(times)[-3:].min()) if len(times) > 1 else 0

"""What the data centre is judged from: the readings of each object, brought into the form in which they are judged.

Times are UTC milliseconds; what was never told is None or empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.inventory import Backup, Generator, Ups
from collector.judge.rows import Measured
from collector.measure.failures import Word
from collector.measure.intervals import Intervals
from collector.measure.running import Beats
from collector.measure.states import BATTERY_TEST, UNSAID, Fields, Ints, Samples, Staleness, samples
from collector.measure.supply import UpsWords

FieldValues = Mapping[str, tuple[Ints, NDArray[Any]]]
"""Readings by field: their times, and their values."""

_NONE = samples(np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class Told:
    """The readings of one series, field by field; a field is carried by its own readings."""

    values: FieldValues = field(default_factory=dict)

    def samples(self, name: str, *, staleness: Staleness | None = None, unless: str = "") -> Samples:
        """Return a field of whole numbers; where ``unless`` was told as 0 (no answer), nothing is known any more."""
        time, value = _column(self, name)
        if unless in self.values:
            asked, answered = self.values[unless]
            mute = asked[answered == 0]
            time, value = time[~np.isin(time, mute)], value[~np.isin(time, mute)]
            time, value = np.concatenate((time, mute)), np.concatenate((value, np.full(len(mute), UNSAID, np.int64)))
        return samples(time, value, staleness)

    def covered(self, *names: str, unless: str = "") -> Intervals:
        """Return when at least one of the fields was told, whatever its value."""
        found = Intervals()
        for name in names:
            time, value = self.values.get(name, (_NONE.time_ms, _NONE.value))
            plain = {name: (time, np.zeros(len(value), np.int64))}
            if unless in self.values:
                plain[unless] = self.values[unless]
            runs = [run for run in Told(plain).samples(name, unless=unless).runs() if run.value != UNSAID]
            found |= Intervals.of((run.first_ms, run.end_ms) for run in runs)
        return found

    def measured(self, name: str, *, start_ms: int, end_ms: int, only: Samples | None = None) -> Measured | None:
        """Return a gauge over ``[start_ms, end_ms)``; of readings whose time ``only`` has as 0, if that is given."""
        time, value = self.values.get(name, (_NONE.time_ms, _NONE.value))
        inside = (time >= start_ms) & (time < end_ms)
        if only is not None:
            inside &= np.isin(time, only.time_ms[only.value == 0])
        if not inside.any():
            return None
        time, value = time[inside], value[inside].astype(np.float64)
        newest = int(np.argmax(time))
        low, mean, high = float(value.min()), float(value.mean()), float(value.max())
        return Measured(low, mean, high, float(value[newest]), int(time[newest]), len(time))

    def newest(self, name: str, *, before_ms: int) -> tuple[int, int | float] | None:
        """Return the newest reading of a field before a time: when, and its value."""
        time, value = self.values.get(name, (_NONE.time_ms, _NONE.value))
        known = np.flatnonzero(time < before_ms)
        if not len(known):
            return None
        at = known[np.argmax(time[known])]
        return int(time[at]), value[at].item()

    def seen_ms(self, *, before_ms: int) -> int | None:
        """Return when anything was last told before a time."""
        latest = [int(time[time < before_ms].max()) for time, _ in self.values.values() if (time < before_ms).any()]
        return max(latest, default=None)


@dataclass(frozen=True, slots=True)
class UpsTold:
    """A UPS with its registered terms and its readings."""

    ups: Ups
    name: str
    site: str
    servers: tuple[str, ...]
    told: Told
    words: UpsWords


@dataclass(frozen=True, slots=True)
class SensorTold:
    """One sensor of a unit of the rooms."""

    device: str
    name: str
    site: str
    sensor: str
    told: Told


@dataclass(frozen=True, slots=True)
class GeneratorTold:
    """A generator with the readings of its controller and its switch."""

    generator: Generator
    controller: Told
    switch: Told


@dataclass(frozen=True, slots=True)
class VolumeTold:
    """A full copy on a volume by the newest report of it."""

    volume: str
    pool: str
    slot: str
    seen_ms: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class BackupTold:
    """A job by its newest report, and all times of full copies that its reports told.

    ``interval_ms`` is how often it is told of, 0 unknown; ``tests`` are the restore tests done by hand: when, passed.
    """

    backup: Backup
    seen_ms: int | None
    interval_ms: int
    fields: Fields
    fulls_ms: tuple[int, ...]
    verified_ms: int | None
    volumes: tuple[VolumeTold, ...]
    tests: tuple[tuple[int, bool], ...]


@dataclass(frozen=True, slots=True)
class PowerNote:
    """An entry of the manual log of power: what somebody wrote, never a measurement."""

    id: int
    kind: str
    at_ms: int
    value: float | None
    object: str
    note: str
    actor: str
    recorded_ms: int


@dataclass(frozen=True, slots=True)
class DeviceTold:
    """A device's signs of life; ``since_ms`` is its first one of all, None: there never was one."""

    device: str
    name: str
    kind: str
    site: str
    beats: Beats
    witnessed: Sequence[tuple[int, int]]
    since_ms: int | None


def ups_words(told: Told) -> Samples:
    """Return what a UPS said of its supply; on battery by a test of its own, its input is there."""
    time, on_battery = _column(told, "on_battery")
    words = np.where(on_battery == 1, int(Word.LOST), int(Word.OK)).astype(np.int64)
    status_time, status = _column(told, "status")
    words[np.isin(time, status_time[status == BATTERY_TEST])] = Word.OK
    off_time, off = _column(told, "output_off")
    dead = off_time[off == 1]
    up_time, up = _column(told, "up")
    mute = up_time[up == 0]
    kept = ~np.isin(time, dead) & ~np.isin(time, mute)
    return samples(
        np.concatenate((time[kept], dead, mute)),
        np.concatenate((words[kept], np.full(len(dead), Word.NOTHING, np.int64), np.full(len(mute), UNSAID, np.int64))),
    )


def switch_words(told: Told) -> Samples:
    """Return what a transfer switch said: where the load lies, and whether the mains are there."""
    source_time, source = _column(told, "source")
    mains_time, mains = _column(told, "mains_present")
    placed = np.select([source == 0, source == 1, source == 2], [Word.NOTHING, Word.AT_MAINS, Word.GENERATOR], UNSAID)
    return _placed(source_time, placed.astype(np.int64), mains_time, mains)


def controller_words(told: Told) -> Samples:
    """Return what a generator's controller said: whether it carries, and whether the mains are there."""
    load_time, load = _column(told, "carrying_load")
    mains_time, mains = _column(told, "mains_present")
    placed = np.where(load == 1, int(Word.GENERATOR), int(Word.AT_MAINS)).astype(np.int64)
    up_time, up = _column(told, "up")
    mute = up_time[up == 0]
    load_kept, mains_kept = ~np.isin(load_time, mute), ~np.isin(mains_time, mute)
    found = _placed(load_time[load_kept], placed[load_kept], mains_time[mains_kept], mains[mains_kept])
    times = np.concatenate((found.time_ms, mute))
    return samples(times, np.concatenate((found.value, np.full(len(mute), UNSAID, np.int64))))


_WITH_MAINS = {Word.NOTHING: Word.NOTHING, Word.AT_MAINS: Word.OK, Word.GENERATOR: Word.TRIED}
_WITHOUT = {Word.NOTHING: Word.NOTHING, Word.AT_MAINS: Word.LOST, Word.GENERATOR: Word.GENERATOR}


def _placed(time: Ints, placed: Ints, mains_time: Ints, mains: Ints) -> Samples:
    """Put together where the load lies and whether the mains are there, as told at one time."""
    words = placed.copy()
    there, gone = (np.isin(time, mains_time[mains == value]) for value in (1, 0))
    for known, meaning in ((there, _WITH_MAINS), (gone, _WITHOUT)):
        for before, after in meaning.items():
            words[known & (placed == before)] = after
    alone = ~np.isin(mains_time, time)
    other = np.where(mains[alone] == 0, int(Word.LOST_ONLY), UNSAID).astype(np.int64)
    return samples(np.concatenate((time, mains_time[alone])), np.concatenate((words, other)))


def _column(told: Told, name: str) -> tuple[Ints, Ints]:
    time, value = told.values.get(name, (_NONE.time_ms, _NONE.value))
    return np.asarray(time, np.int64), np.asarray(value).astype(np.int64)

"""The newest word of every registered device that is no counted port, in memory: what it is like at this minute.

Only what registered devices' own sources say is kept, one value a field and so many series a device, so memory is
bounded by the register. Each field has its own time: a reading of some fields (by a trap, by another input) says
nothing of the others. A value too old to be of now is no value: unknown is neither zero nor down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from agent.catalogue import RAW
from agent.clock import MS
from agent.reading import Reading, Tags
from collector.inventory import Device
from collector.ledger.entry import CLOCK_UNSURE, Entry
from collector.measure.states import LATE_INTERVALS, MOST_STALE_MS

MEASUREMENTS = frozenset(
    (
        *("nadi_ups", "nadi_environment", "nadi_ats", "nadi_device", "nadi_generator"),
        *("nadi_sensor", "nadi_pdu", "nadi_host", "nadi_service", "nadi_probe"),
        *("nadi_backup", "nadi_tape", "nadi_trap"),
    )
)
MOST_SERIES = 512
"""Series kept of one device; beyond, the one that was silent longest goes."""

_WHOLE = frozenset(("nadi_service", "nadi_probe", "nadi_backup", "nadi_tape"))
"""Told by one input in one reading: what the newest one does not say any more is not so any more."""

_HOUR_MS = 3_600_000
_SLOW = {
    "nadi_backup": (_HOUR_MS, 25 * _HOUR_MS),
    "nadi_tape": (_HOUR_MS, 25 * _HOUR_MS),
    "nadi_host": (0, 3 * _HOUR_MS),
}
"""How long a value of what is asked seldom is of now, at least and at most (ms): backups are told once a day."""

Fields = Mapping[str, int | float]


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest values of one series: its other tags, the newest time (``since_ms``: the first one known), its fields.

    ``fields`` are those that are of now; ``fresh`` says that there are any.
    """

    device: Device
    measurement: str
    tags: Mapping[str, str]
    seen_ms: int
    since_ms: int
    fresh: bool
    fields: Fields


@dataclass(slots=True)
class _Value:
    """The newest value of a field and the times of the last few, which tell how often it comes."""

    time_ms: int
    value: int | float
    times: list[int]

    def is_fresh(self, now_ms: int, least_ms: int, most_ms: int) -> bool:
        """Tell whether the value is of now: silence is unknown after some of its own intervals, within bounds."""
        age_ms = now_ms - self.time_ms
        if age_ms <= least_ms:
            return True
        gaps = [after - before for before, after in pairwise(self.times)]
        return age_ms <= min(LATE_INTERVALS * min(gaps, default=0), most_ms)


@dataclass(slots=True)
class _Kept:
    """The newest values of a series, each with its own time; ``mute_ms`` is when it last gave no answer."""

    since_ms: int
    time_ms: int
    mute_ms: int = -1
    values: dict[str, _Value] = field(default_factory=dict)

    def take(self, time_ms: int, fields: Fields, *, whole: bool) -> None:
        """Take a reading; a ``whole`` one is all that is known from its time on."""
        newest_ms = self.time_ms
        self.since_ms, self.time_ms = min(self.since_ms, time_ms), max(newest_ms, time_ms)
        if whole:
            if time_ms >= newest_ms:
                self.values = {name: known for name, known in self.values.items() if name in fields}
                self._set_all(time_ms, fields)
            return
        if fields.get("up") == 0 and time_ms > self.mute_ms:
            self.mute_ms = time_ms
            self.values = {name: known for name, known in self.values.items() if known.time_ms > time_ms}
        if time_ms > self.mute_ms:
            self._set_all(time_ms, fields)
        elif time_ms == self.mute_ms and "up" in fields:
            self._set("up", time_ms, fields["up"])

    def _set_all(self, time_ms: int, fields: Fields) -> None:
        for name, value in fields.items():
            self._set(name, time_ms, value)

    def _set(self, name: str, time_ms: int, value: int | float) -> None:
        known = self.values.get(name)
        if known is None:
            self.values[name] = _Value(time_ms, value, [time_ms])
        elif time_ms == known.time_ms:
            known.value = value
        elif time_ms > known.time_ms:
            known.time_ms, known.value, known.times = time_ms, value, [*known.times[-3:], time_ms]

    def fresh(self, now_ms: int, least_ms: int, most_ms: int) -> Fields:
        """Return the values that are of now."""
        return {name: known.value for name, known in self.values.items() if known.is_fresh(now_ms, least_ms, most_ms)}


class Newest:
    """Keeps the newest readings of ``devices`` (by code); not for several threads at once."""

    def __init__(self, *, stale_ms: int) -> None:
        self._stale_ms = stale_ms
        self.devices: dict[str, Device] = {}
        self._kept: dict[tuple[str, str], dict[tuple[str, Tags], _Kept]] = {}

    def adopt(self, devices: Iterable[Device]) -> None:
        """Follow the register; readings of devices whose source stays are kept."""
        self.devices = {device.code: device for device in devices}
        kept = ((device.source, device.code) for device in self.devices.values())
        self._kept = {key: self._kept.get(key, {}) for key in kept}

    def wants(self, entry: Entry, measurement: str) -> bool:
        """Tell whether readings of a measurement in ``entry`` are kept."""
        return measurement in MEASUREMENTS and (entry.agent, entry.device) in self._kept

    def add(self, entry: Entry, readings: Iterable[Reading]) -> None:
        """Take readings in any order; of unsure time none, for they might be of any day."""
        series = self._kept.get((entry.agent, entry.device))
        if series is None or entry.flags & CLOCK_UNSURE:
            return
        for item in readings:
            if item.measurement in MEASUREMENTS and item.tag(RAW[item.measurement].identity) == entry.device:
                time_ms = (item.time_ns + entry.shift_ns) // MS
                key = item.measurement, item.tags
                if key not in series:
                    series[key] = _Kept(time_ms, time_ms)
                    if len(series) > MOST_SERIES:
                        del series[min(series, key=lambda one: series[one].time_ms)]
                if key in series:
                    series[key].take(time_ms, item.fields, whole=item.measurement in _WHOLE)

    def look(self, now_ms: int) -> tuple[Latest, ...]:
        """Return what is known at ``now_ms``, in order of device and tags."""
        return tuple(sorted(self._latest(now_ms), key=lambda item: (item.device.code, *item.tags.values())))

    def _latest(self, now_ms: int) -> Iterable[Latest]:
        for (_, code), series in self._kept.items():
            for (measurement, tags), kept in series.items():
                identity = RAW[measurement].identity
                least_ms, most_ms = _SLOW.get(measurement, (0, MOST_STALE_MS))
                fields = kept.fresh(now_ms, max(least_ms, self._stale_ms), most_ms)
                yield Latest(
                    device=self.devices[code],
                    measurement=measurement,
                    tags={name: value for name, value in tags if name != identity},
                    seen_ms=kept.time_ms,
                    since_ms=kept.since_ms,
                    fresh=bool(fields),
                    fields=fields,
                )

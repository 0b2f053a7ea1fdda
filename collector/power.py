"""The newest word of UPSes, sensors, transfer switches and devices, in memory: what they are like at this minute.

Only what registered devices' own sources say is kept, one value a field, so memory is bounded by the register. Each
field has its own time: a reading of some fields (by a trap, by another input) says nothing of the others. A value too
old to be of now is no value and no state: unknown is neither zero nor down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from agent.catalogue import RAW
from agent.clock import MS
from agent.reading import Reading, Tags
from collector.inventory import Device
from collector.ledger.entry import CLOCK_UNSURE, Entry
from collector.measure.states import LATE_INTERVALS, MOST_STALE_MS, AtsState, UpsState, ups_state

__all__ = [
    "MEASUREMENTS",
    "MOST_SERIES",
    "AtsLive",
    "AtsState",
    "Fields",
    "Latest",
    "Power",
    "SensorLive",
    "SensorState",
    "States",
    "UpsLive",
    "UpsState",
    "ups_state",
]

MEASUREMENTS = frozenset(
    (
        *("nadi_ups", "nadi_environment", "nadi_ats", "nadi_device"),
        *("nadi_sensor", "nadi_pdu", "nadi_generator", "nadi_host"),
    )
)
MOST_SERIES = 512
"""Series kept of one device; beyond, the one that was silent longest goes."""

Fields = Mapping[str, int | float]


class SensorState(StrEnum):
    """State of a sensor, by its own word."""

    NORMAL = "normal"
    ALARM = "alarm"
    TIDAK_DIKETAHUI = "tidak diketahui"


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


@dataclass(frozen=True, slots=True)
class UpsLive:
    """A UPS at this minute; ``fields`` are those that are of now, what is not in them is unknown."""

    device: Device
    state: UpsState
    seen_ms: int | None
    fields: Fields


@dataclass(frozen=True, slots=True)
class AtsLive:
    """A transfer switch at this minute."""

    device: Device
    state: AtsState
    seen_ms: int | None
    fields: Fields


@dataclass(frozen=True, slots=True)
class SensorLive:
    """A sensor at this minute; ``sensor`` is "" for a registered unit of which nothing was heard."""

    device: Device
    sensor: str
    state: SensorState
    seen_ms: int | None
    fields: Fields


@dataclass(frozen=True, slots=True)
class Power:
    """Everything of power and environment at one moment, in order of code and name."""

    ups: tuple[UpsLive, ...] = ()
    ats: tuple[AtsLive, ...] = ()
    sensors: tuple[SensorLive, ...] = ()
    latest: tuple[Latest, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ups or self.ats or self.sensors)

    def info(self) -> tuple[Latest, ...]:
        """Return what each device last said it is, also where that is long ago: a device does not change by silence."""
        newest: dict[str, Latest] = {}
        for item in self.latest:
            known = newest.get(item.device.code)
            if "protocol" in item.tags and (known is None or known.seen_ms < item.seen_ms):
                newest[item.device.code] = item
        return tuple(newest.values())

    def of(self, measurement: str) -> tuple[Latest, ...]:
        """Return what is known of one measurement (``nadi_sensor``, ``nadi_pdu``, ``nadi_generator``), by device."""
        return tuple(item for item in self.latest if item.measurement == measurement)


@dataclass(slots=True)
class _Value:
    """The newest value of a field and the times of the last few, which tell how often it comes."""

    time_ms: int
    value: int | float
    times: list[int]

    def is_fresh(self, now_ms: int, least_ms: int) -> bool:
        """Tell whether the value is of now: silence is unknown after some of its own intervals, within bounds."""
        gaps = [after - before for before, after in pairwise(self.times)]
        late_ms = min(max(least_ms, LATE_INTERVALS * min(gaps, default=0)), MOST_STALE_MS)
        return now_ms - self.time_ms <= late_ms


@dataclass(slots=True)
class _Kept:
    """The newest values of a series, each with its own time; ``mute_ms`` is when it last gave no answer."""

    since_ms: int
    time_ms: int
    mute_ms: int = -1
    values: dict[str, _Value] = field(default_factory=dict)

    def take(self, time_ms: int, fields: Fields) -> None:
        self.since_ms, self.time_ms = min(self.since_ms, time_ms), max(self.time_ms, time_ms)
        if fields.get("up") == 0 and time_ms > self.mute_ms:
            self.mute_ms = time_ms
            self.values = {name: known for name, known in self.values.items() if known.time_ms > time_ms}
        for name, value in fields.items():
            if time_ms > self.mute_ms or (time_ms == self.mute_ms and name == "up"):
                self._set(name, time_ms, value)

    def _set(self, name: str, time_ms: int, value: int | float) -> None:
        known = self.values.get(name)
        if known is None:
            self.values[name] = _Value(time_ms, value, [time_ms])
        elif time_ms == known.time_ms:
            known.value = value
        elif time_ms > known.time_ms:
            known.time_ms, known.value, known.times = time_ms, value, [*known.times[-3:], time_ms]

    def fresh(self, now_ms: int, least_ms: int) -> Fields:
        """Return the values that are of now."""
        return {name: known.value for name, known in self.values.items() if known.is_fresh(now_ms, least_ms)}


class States:
    """Keeps the newest readings. Not for several threads at once: the live state holds its lock."""

    def __init__(self, *, stale_ms: int) -> None:
        self._stale_ms = stale_ms
        self._devices: dict[str, Device] = {}
        self._kept: dict[tuple[str, str], dict[tuple[str, Tags], _Kept]] = {}

    def adopt(self, devices: Iterable[Device]) -> None:
        """Follow the register; readings of devices whose source stays are kept."""
        self._devices = {device.code: device for device in devices}
        kept = ((device.source, device.code) for device in self._devices.values())
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
                    series[key].take(time_ms, item.fields)

    def look(self, now_ms: int) -> Power:
        """Return what is known at ``now_ms``."""
        latest = tuple(sorted(self._latest(now_ms), key=lambda item: (item.device.code, *item.tags.values())))
        return Power(
            ups=tuple(_ups(*pair) for pair in self._whole("nadi_ups", "ups", latest)),
            ats=tuple(_ats(*pair) for pair in self._whole("nadi_ats", "ats", latest)),
            sensors=self._sensors(latest),
            latest=latest,
        )

    def _latest(self, now_ms: int) -> Iterable[Latest]:
        for (_, code), series in self._kept.items():
            for (measurement, tags), kept in series.items():
                identity = RAW[measurement].identity
                fields = kept.fresh(now_ms, self._stale_ms)
                yield Latest(
                    device=self._devices[code],
                    measurement=measurement,
                    tags={name: value for name, value in tags if name != identity},
                    seen_ms=kept.time_ms,
                    since_ms=kept.since_ms,
                    fresh=bool(fields),
                    fields=fields,
                )

    def _whole(self, measurement: str, kind: str, latest: Iterable[Latest]) -> list[tuple[Device, Latest | None]]:
        """Return the registered devices of a kind, and others that sent the measurement, without phases."""
        heard = {item.device.code: item for item in latest if item.measurement == measurement and not item.tags}
        return [
            (device, heard.get(code))
            for code, device in sorted(self._devices.items())
            if device.kind == kind or code in heard
        ]

    def _sensors(self, latest: Iterable[Latest]) -> tuple[SensorLive, ...]:
        heard = [item for item in latest if item.measurement == "nadi_environment"]
        silent = {code for code, device in self._devices.items() if device.kind == "sensor"}
        silent -= {item.device.code for item in heard}
        unknown = SensorState.TIDAK_DIKETAHUI
        found = [SensorLive(self._devices[code], "", unknown, None, {}) for code in silent]
        found += [
            SensorLive(item.device, item.tags.get("sensor", ""), _sensor_state(item.fields), item.seen_ms, item.fields)
            for item in heard
        ]
        return tuple(sorted(found, key=lambda item: (item.device.code, item.sensor)))


def _ups(device: Device, latest: Latest | None) -> UpsLive:
    if latest is None:
        return UpsLive(device, UpsState.TIDAK_DIKETAHUI, None, {})
    silent = latest.fields.get("up") == 0
    fields: Fields = {} if silent else latest.fields
    return UpsLive(device, ups_state(fields), latest.seen_ms, fields)


def _ats(device: Device, latest: Latest | None) -> AtsLive:
    if latest is None:
        return AtsLive(device, AtsState.TIDAK_DIKETAHUI, None, {})
    source = latest.fields.get("source")
    known = source in (AtsState.TIDAK_ADA, AtsState.PLN, AtsState.GENSET)
    return AtsLive(
        device, AtsState(int(source or 0)) if known else AtsState.TIDAK_DIKETAHUI, latest.seen_ms, latest.fields
    )


def _sensor_state(fields: Fields) -> SensorState:
    if not fields or fields.get("ok") == 0:
        return SensorState.TIDAK_DIKETAHUI
    told = ("alarm", "water_detected", "smoke_detected", "contact_alarm")
    return SensorState.ALARM if any(fields.get(name) == 1 for name in told) else SensorState.NORMAL

"""UPSes, sensors and transfer switches at this minute, from the newest readings (pure).

A value too old to be of now is no value and no state: unknown is neither zero nor down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from collector.inventory import Device
from collector.measure.states import AtsState, UpsState, ups_state
from collector.newest import Fields, Latest

__all__ = [
    "AtsLive",
    "AtsState",
    "Fields",
    "Power",
    "SensorLive",
    "SensorState",
    "UpsLive",
    "UpsState",
    "power_at",
    "ups_state",
]


class SensorState(StrEnum):
    """State of a sensor, of a part of a device or of a circuit, by its own word."""

    NORMAL = "normal"
    ALARM = "alarm"
    TIDAK_DIKETAHUI = "tidak diketahui"


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

    @property
    def parts(self) -> tuple[tuple[Latest, SensorState], ...]:
        """Parts of devices (fans, supplies, optics); one that does not work is in alarm."""
        return tuple((item, _told(item, item.fields.get("ok") == 0)) for item in self.of("nadi_sensor"))

    @property
    def circuits(self) -> tuple[tuple[Latest, SensorState], ...]:
        """Inlets, banks, phases and outlets of power distribution units."""
        return tuple((item, _told(item, item.fields.get("alarm") == 1)) for item in self.of("nadi_pdu"))

    def of(self, measurement: str) -> tuple[Latest, ...]:
        """Return what is known of one measurement (``nadi_sensor``, ``nadi_pdu``, ``nadi_generator``), by device."""
        return tuple(item for item in self.latest if item.measurement == measurement)


def _told(item: Latest, alarm: bool) -> SensorState:
    known = SensorState.ALARM if alarm else SensorState.NORMAL
    return known if item.fields else SensorState.TIDAK_DIKETAHUI


def power_at(devices: Mapping[str, Device], latest: tuple[Latest, ...]) -> Power:
    """Return UPSes, switches and sensors, of the registered ``devices`` by code; ``latest`` is in order."""
    return Power(
        ups=tuple(_ups(*pair) for pair in _whole("nadi_ups", "ups", devices, latest)),
        ats=tuple(_ats(*pair) for pair in _whole("nadi_ats", "ats", devices, latest)),
        sensors=_sensors(devices, latest),
        latest=latest,
    )


def _whole(
    measurement: str, kind: str, devices: Mapping[str, Device], latest: Iterable[Latest]
) -> list[tuple[Device, Latest | None]]:
    """Return the registered devices of a kind, and others that sent the measurement, without phases."""
    heard = {item.device.code: item for item in latest if item.measurement == measurement and not item.tags}
    return [
        (device, heard.get(code)) for code, device in sorted(devices.items()) if device.kind == kind or code in heard
    ]


def _sensors(devices: Mapping[str, Device], latest: Iterable[Latest]) -> tuple[SensorLive, ...]:
    heard = [item for item in latest if item.measurement == "nadi_environment"]
    silent = {code for code, device in devices.items() if device.kind == "sensor"}
    silent -= {item.device.code for item in heard}
    unknown = SensorState.TIDAK_DIKETAHUI
    found = [SensorLive(devices[code], "", unknown, None, {}) for code in silent]
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

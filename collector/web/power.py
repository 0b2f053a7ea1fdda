"""What the API and the status page show of UPSes, transfer switches and sensors; unknown is null, on the page ``-``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from agent.clock import MS, Zone
from collector.newest import Latest
from collector.power import AtsLive, AtsState, Fields, Power, SensorLive, SensorState, UpsLive, UpsState
from collector.report.document import rounded
from collector.report.words import number

UPS_WORDS = {
    UpsState.MATI: ("Mati", "mati"),
    UpsState.PLN: ("Listrik PLN", "hidup"),
    UpsState.BATERAI: ("Baterai", "lain"),
    UpsState.BATERAI_LEMAH: ("Baterai lemah", "mati"),
    UpsState.BYPASS: ("Bypass", "lain"),
    UpsState.TIDAK_DIKETAHUI: ("Tidak diketahui", "gelap"),
}
ATS_WORDS = {
    AtsState.TIDAK_ADA: ("Tidak ada sumber", "mati"),
    AtsState.PLN: ("PLN", "hidup"),
    AtsState.GENSET: ("Genset", "lain"),
    AtsState.TIDAK_DIKETAHUI: ("Tidak diketahui", "gelap"),
}
SENSOR_WORDS = {
    SensorState.NORMAL: ("Normal", "hidup"),
    SensorState.ALARM: ("Alarm", "mati"),
    SensorState.TIDAK_DIKETAHUI: ("Tidak diketahui", "gelap"),
}
"""States in words, and the class of the row's colour."""


@dataclass(frozen=True, slots=True)
class UpsView:
    """A UPS at this minute."""

    code: str
    name: str
    site: str
    state: str
    seen_at: str | None
    on_battery: bool | None
    low_battery: bool | None
    replace_battery: bool | None
    overload: bool | None
    battery_charge_ratio: float | None
    battery_runtime_seconds: float | None
    battery_temperature_celsius: float | None
    load_ratio: float | None
    input_voltage_volts: float | None
    output_voltage_volts: float | None
    alarms: float | None


@dataclass(frozen=True, slots=True)
class AtsView:
    """A transfer switch at this minute; ``state`` is the source that carries the load."""

    code: str
    name: str
    site: str
    state: str
    seen_at: str | None
    mains_present: bool | None
    second_present: bool | None
    redundant: bool | None
    load_ratio: float | None


@dataclass(frozen=True, slots=True)
class SensorView:
    """A sensor at this minute; ``sensor`` is "" for a unit of which nothing was heard."""

    code: str
    name: str
    site: str
    sensor: str
    state: str
    seen_at: str | None
    temperature_celsius: float | None
    humidity_ratio: float | None
    water_detected: bool | None
    smoke_detected: bool | None
    door_open: bool | None
    power_present: bool | None
    alarm: bool | None


@dataclass(frozen=True, slots=True)
class PartView:
    """A part of a device (a fan, a supply, an optic) at this minute; ``values`` by the catalogue's field names."""

    code: str
    name: str
    site: str
    sensor: str
    state: str
    seen_at: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class CircuitView:
    """An inlet, bank, phase or outlet of a power distribution unit at this minute; ``outlet_on`` null: no outlet."""

    code: str
    name: str
    site: str
    circuit: str
    state: str
    seen_at: str
    load_ratio: float | None
    current_amperes: float | None
    power_watts: float | None
    voltage_volts: float | None
    outlet_on: bool | None


@dataclass(frozen=True, slots=True)
class PowerView:
    """Everything of power and environment; a value that is not known now is null, never an old one."""

    ups: list[UpsView]
    ats: list[AtsView]
    sensors: list[SensorView]
    parts: list[PartView]
    circuits: list[CircuitView]


def instant(time_ms: int | None, zone: Zone) -> str | None:
    """Return a time in ms as ISO 8601, unknown as None."""
    return None if time_ms is None else zone.iso(time_ms * MS)


def power_view(power: Power, *, zone: Zone) -> PowerView:
    """Show power and environment."""
    return PowerView(
        ups=[_ups(item, zone) for item in power.ups],
        ats=[_ats(item, zone) for item in power.ats],
        sensors=[_sensor(item, zone) for item in power.sensors],
        parts=[_part(item, state, zone) for item, state in power.parts],
        circuits=[_circuit(item, state, zone) for item, state in power.circuits],
    )


def _flag(fields: Fields, name: str) -> bool | None:
    return None if name not in fields else bool(fields[name])


def _ups(item: UpsLive, zone: Zone) -> UpsView:
    fields, device = item.fields, item.device
    return UpsView(
        code=device.code,
        name=device.name,
        site=device.site,
        state=UPS_WORDS[item.state][0].lower().replace("pln", "PLN"),
        seen_at=instant(item.seen_ms, zone),
        on_battery=_flag(fields, "on_battery"),
        low_battery=_flag(fields, "low_battery"),
        replace_battery=_flag(fields, "replace_battery"),
        overload=_flag(fields, "overload"),
        battery_charge_ratio=fields.get("battery_charge_ratio"),
        battery_runtime_seconds=fields.get("battery_runtime_seconds"),
        battery_temperature_celsius=fields.get("battery_temperature_celsius"),
        load_ratio=fields.get("load_ratio"),
        input_voltage_volts=fields.get("input_voltage_volts"),
        output_voltage_volts=fields.get("output_voltage_volts"),
        alarms=fields.get("alarms"),
    )


def _ats(item: AtsLive, zone: Zone) -> AtsView:
    return AtsView(
        code=item.device.code,
        name=item.device.name,
        site=item.device.site,
        state=ATS_WORDS[item.state][0].lower().replace("pln", "PLN"),
        seen_at=instant(item.seen_ms, zone),
        mains_present=_flag(item.fields, "mains_present"),
        second_present=_flag(item.fields, "second_present"),
        redundant=_flag(item.fields, "redundant"),
        load_ratio=item.fields.get("load_ratio"),
    )


def _sensor(item: SensorLive, zone: Zone) -> SensorView:
    return SensorView(
        code=item.device.code,
        name=item.device.name,
        site=item.device.site,
        sensor=item.sensor,
        state=SENSOR_WORDS[item.state][0].lower(),
        seen_at=instant(item.seen_ms, zone),
        temperature_celsius=item.fields.get("temperature_celsius"),
        humidity_ratio=item.fields.get("humidity_ratio"),
        water_detected=_flag(item.fields, "water_detected"),
        smoke_detected=_flag(item.fields, "smoke_detected"),
        door_open=_flag(item.fields, "door_open"),
        power_present=_flag(item.fields, "power_present"),
        alarm=_flag(item.fields, "alarm"),
    )


def _part(item: Latest, state: SensorState, zone: Zone) -> PartView:
    return PartView(
        code=item.device.code,
        name=item.device.name,
        site=item.device.site,
        sensor=item.tags.get("sensor", ""),
        state=SENSOR_WORDS[state][0].lower(),
        seen_at=zone.iso(item.seen_ms * MS),
        values=dict(item.fields),
    )


def _circuit(item: Latest, state: SensorState, zone: Zone) -> CircuitView:
    fields = item.fields
    return CircuitView(
        code=item.device.code,
        name=item.device.name,
        site=item.device.site,
        circuit=item.tags.get("circuit", ""),
        state=SENSOR_WORDS[state][0].lower(),
        seen_at=zone.iso(item.seen_ms * MS),
        load_ratio=fields.get("load_ratio"),
        current_amperes=fields.get("current_amperes"),
        power_watts=fields.get("power_watts"),
        voltage_volts=fields.get("voltage_volts"),
        outlet_on=_flag(fields, "on"),
    )


@dataclass(frozen=True, slots=True)
class PowerLine:
    """One row of the page: what it is, its state with the class of its colour, its known values in words."""

    code: str
    name: str
    state: str
    shade: str
    values: str
    seen_ms: int | None


def _amount(title: str, unit: str, *, times: int = 1, over: int = 1, places: int = 0) -> Callable[[int | float], str]:
    def written(value: int | float) -> str:
        return f"{title} {number(rounded(Fraction(str(value)) * times / over, places))} {unit}"

    return written


def _word(yes: str, no: str) -> Callable[[int | float], str]:
    return lambda value: yes if value else no


_WRITTEN: Sequence[tuple[str, Callable[[int | float], str]]] = (
    ("replace_battery", _word("baterai perlu diganti", "")),
    ("overload", _word("beban lebih", "")),
    ("battery_charge_ratio", _amount("muatan baterai", "%", times=100)),
    ("battery_runtime_seconds", _amount("sisa waktu", "menit", over=60)),
    ("load_ratio", _amount("beban", "%", times=100)),
    ("input_voltage_volts", _amount("masukan", "V", places=1)),
    ("output_voltage_volts", _amount("keluaran", "V", places=1)),
    ("battery_temperature_celsius", _amount("suhu baterai", "°C", places=1)),
    ("mains_present", _word("PLN ada", "PLN tidak ada")),
    ("second_present", _word("sumber kedua ada", "sumber kedua tidak ada")),
    ("temperature_celsius", _amount("suhu", "°C", places=1)),
    ("humidity_ratio", _amount("kelembapan", "%", times=100)),
    ("water_detected", _word("ada air", "tidak ada air")),
    ("smoke_detected", _word("ada asap", "tidak ada asap")),
    ("door_open", _word("pintu terbuka", "pintu tertutup")),
    ("power_present", _word("ada tegangan", "tidak ada tegangan")),
    ("current_amperes", _amount("arus", "A", places=1)),
    ("power_watts", _amount("daya", "W")),
    ("voltage_volts", _amount("tegangan", "V", places=1)),
    ("fan_rpm", _amount("putaran", "rpm")),
    ("on", _word("stopkontak menyala", "stopkontak mati")),
)
"""What the page says of each field, in this order; an empty word is left out."""


def values_in_words(fields: Fields) -> str:
    """Write the known values of a reading; what is not known is not there."""
    words = (write(fields[name]) for name, write in _WRITTEN if name in fields)
    return ", ".join(word for word in words if word)


MOST_LINES = 200
"""Rows of parts and circuits on the page; a site with more of them in alarm looks at the API."""


def power_lines(power: Power) -> list[PowerLine]:
    """Return the rows of the page: of parts those that do not work, of circuits those in alarm or with a load."""
    shown = [item for item in power.parts if item[1] is SensorState.ALARM]
    shown += [item for item in power.circuits if item[1] is SensorState.ALARM or is_load(item[0].fields)]
    return [*_lines(power), *(_named(item, state) for item, state in shown[:MOST_LINES])]


def is_load(fields: Fields) -> bool:
    """Tell whether a circuit's values are those of a load: its share, or what flows where no outlet is switched."""
    return "load_ratio" in fields or ("on" not in fields and not _FLOWS.isdisjoint(fields))


_FLOWS = frozenset(("current_amperes", "power_watts"))


def _named(item: Latest, state: SensorState) -> PowerLine:
    name = f"{item.device.name} / {item.tags.get('sensor') or item.tags.get('circuit', '')}"
    return PowerLine(item.device.code, name, *SENSOR_WORDS[state], values_in_words(item.fields), item.seen_ms)


def _lines(power: Power) -> Iterator[PowerLine]:
    for ups in power.ups:
        yield PowerLine(
            ups.device.code, ups.device.name, *UPS_WORDS[ups.state], values_in_words(ups.fields), ups.seen_ms
        )
    for ats in power.ats:
        yield PowerLine(
            ats.device.code, ats.device.name, *ATS_WORDS[ats.state], values_in_words(ats.fields), ats.seen_ms
        )
    for item in power.sensors:
        name = f"{item.device.name} / {item.sensor}" if item.sensor else item.device.name
        yield PowerLine(item.device.code, name, *SENSOR_WORDS[item.state], values_in_words(item.fields), item.seen_ms)

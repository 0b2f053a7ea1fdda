"""Compare an interpretation with a recording's ``*.expected.json``, cell by cell, by OID. Knows units, no vendor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.catalogue import RAW
from agent.snmp.cells import Cell
from agent.snmp.interfaces import Interface
from agent.snmp.interpret import Interpretation

Json = dict[str, Any]
_UNIT = {
    "temperature": ("degC", 1.0), "humidity": ("0-1", 0.01), "load": ("0-1", 0.01), "charge": ("0-1", 0.01),
    "percent": ("0-1", 0.01), "runtime": ("s", 60.0), "delay": ("s", 1.0), "voltage": ("V", 1.0),
    "current": ("A", 1.0), "power": ("W", 1.0), "power_consumed": ("Wh", 1.0), "frequency": ("Hz", 1.0),
    "dbm": ("dBm", 1.0), "signal": ("dBm", 1.0), "fanspeed": ("rpm", 1.0), "count": ("1", 1.0), "snr": ("dB", 1.0),
    "power_factor": ("0-1", 1.0), "airflow": ("m/s", 1.0),
}  # fmt: skip
"""Class of an expected sensor -> unit of our field and its size in that unit."""
_OTHERWISE = {
    "1.3.6.1.4.1.12356.101.4.9.2.1.5": ("s", 0.001),  # fgVWLHealthCheckLinkLatency, a "count" of milliseconds there
    "1.3.6.1.4.1.12356.101.4.9.2.1.6": ("s", 0.001),  # fgVWLHealthCheckLinkJitter
    "1.3.6.1.4.1.12356.101.4.9.2.1.9": ("0-1", 0.01),  # fgVWLHealthCheckLinkPacketLoss, a "count" of percent there
}
"""Columns whose class is a "count" at LibreNMS and whose MIB gives a unit."""
UPS = {
    "charge_percent": ("battery_charge_ratio", 0.01), "runtime_minutes": ("battery_runtime_seconds", 60.0),
    "runtime_seconds": ("battery_runtime_seconds", 1.0), "load_percent": ("load_ratio", 0.01),
    "input_voltage": ("input_voltage_volts", 1.0), "output_voltage": ("output_voltage_volts", 1.0),
    "input_frequency": ("input_frequency_hertz", 1.0), "battery_voltage": ("battery_voltage_volts", 1.0),
    "battery_temperature_c": ("battery_temperature_celsius", 1.0), "output_power_w": ("output_power_watts", 1.0),
    "ambient_temperature_c": ("ambient_temperature_celsius", 1.0),
    "seconds_on_battery": ("time_on_battery_seconds", 1.0),
}  # fmt: skip


@dataclass
class Tally:
    """What came of a recording: cells equal, unknown with a reason, not covered by any table, and wrong."""

    equal: int = 0
    unknown: list[str] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def judge(self, what: str, ours: object, theirs: object) -> None:
        """Count one cell that must be the same."""
        if ours == theirs:
            self.equal += 1
        else:
            self.wrong.append(f"{what}: {ours!r}, expected {theirs!r}")


def load(path: Path) -> Json:
    """Read an expectation."""
    loaded: Json = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def compare_interfaces(expected: Json, ours: Interpretation) -> Tally:
    """Compare every interface in names, type, address, state, speed, octets and errors."""
    tally = Tally()
    theirs = {row["ifIndex"]: row for row in expected["interfaces"] or []}
    rows = {one.index: one for one in ours.interfaces}
    named = sorted(index for index, one in rows.items() if index in theirs or one.name or one.descr)
    told = sorted(index for index, row in theirs.items() if index in rows or any(row[c] is not None for c in _TOLD))
    tally.judge("indexes", named, told)
    readings = {dict(r.tags)["interface"]: r.fields for r in ours.readings if r.measurement == "nadi_interface"}
    tally.judge("one reading for each", len(readings), len(rows))
    for index in rows.keys() & theirs.keys():
        _interface(tally, theirs[index], rows[index])
        fields = readings[rows[index].key]
        for column, name in _ERRORS.items():
            want = theirs[index][column]
            tally.judge(f"{index} {column}", fields.get(name), None if want is None or want < 0 else want)
        tally.judge(f"{index} up", fields.get("up"), _up(theirs[index]["ifOperStatus"]))
    return tally


_TOLD = ("ifName", "ifDescr", "ifOperStatus", "ifAdminStatus", "ifHCInOctets", "ifInOctets")
_ERRORS = {
    "ifInErrors": "receive_errors_total",
    "ifOutErrors": "transmit_errors_total",
    "ifInDiscards": "receive_discards_total",
    "ifOutDiscards": "transmit_discards_total",
}


def _up(word: str | None) -> int | None:
    return None if word in (None, "unknown") or word not in _WORDS else int(word == "up")


_WORDS = ("up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown")


def _interface(tally: Tally, theirs: Json, ours: Interface) -> None:
    for column, value in (("ifName", ours.name), ("ifDescr", ours.descr), ("ifAlias", ours.alias)):
        tally.judge(f"{ours.index} {column}", _same_text(value, theirs[column]), theirs[column])
    tally.judge(f"{ours.index} ifType", ours.type, theirs["ifType"])
    admin = theirs["ifAdminStatus"] if theirs["ifAdminStatus"] in (1, 2, 3) else None
    tally.judge(f"{ours.index} ifAdminStatus", ours.admin, admin)
    oper = theirs["ifOperStatus"] if theirs["ifOperStatus"] in _WORDS else None
    tally.judge(f"{ours.index} ifOperStatus", ours.oper, oper)
    tally.judge(f"{ours.index} speed", ours.speed, _speed(theirs))
    librenms = theirs.get("librenms")
    if (
        librenms
        and "ifSpeed" not in theirs.get("librenms_differs", ())
        and librenms["ifSpeed"] not in (None, 2**32 - 1)
    ):
        tally.judge(f"{ours.index} speed at LibreNMS", ours.speed, librenms["ifSpeed"])
    receive, transmit, bits = _octets(theirs)
    tally.judge(f"{ours.index} octets", (ours.receive, ours.transmit), (_unsigned(receive), _unsigned(transmit)))
    # A 64-bit column that is answered with a 32-bit type wraps at 2^32, which the expectation does not tell.
    tally.judge(f"{ours.index} width", ours.bits in ((64, 32) if bits == 64 else (bits,)), True)


def _same_text(ours: str | None, theirs: str | None) -> str | None:
    """Return ``theirs`` where it is the same bytes read as another character set, or cut at its first NUL."""
    if ours is None or theirs is None or ours == theirs:
        return ours
    readings = (ours.encode(), ours.encode("latin-1", "replace"))
    forms = {octets.decode(charset, errors) for octets in readings for charset in ("utf-8", "latin-1")
             for errors in ("replace", "ignore", "backslashreplace")}  # fmt: skip
    forms |= {form.strip() for form in forms}
    return theirs if theirs in forms else ours


def _unsigned(counter: int | None) -> int | None:
    """Return a counter that a device put in a signed type; -1 is none."""
    return counter + 2**32 if counter is not None and counter < -1 else None if counter == -1 else counter


def _speed(theirs: Json) -> int:
    high, low = theirs["ifHighSpeed"], theirs["ifSpeed"]
    if high:
        return int(high * 1_000_000)
    return low if low and 0 < low < 2**32 - 1 else 0


def _octets(theirs: Json) -> tuple[int | None, int | None, int | None]:
    wide = (theirs["ifHCInOctets"], theirs["ifHCOutOctets"])
    narrow = (theirs["ifInOctets"], theirs["ifOutOctets"])
    dead = any(w == 0 and _unsigned(n) for w, n in zip(wide, narrow, strict=True))
    if narrow == (None, None) or (None not in wide and not dead):
        return (*wide, None if wide == (None, None) else 64)
    return (*narrow, 32)


def compare_sensors(expected: Json, ours: Interpretation) -> Tally:
    """Compare every sensor of the recording by its OID; a suspect one must be unknown."""
    tally = Tally()
    by_oid = _by_oid(ours)
    for sensor in expected["sensors"] or []:
        if sensor.get("in_recording") is False:
            continue
        what = f"{sensor['class']} {sensor['descr']} {sensor['oid']}"
        unit = _OTHERWISE.get(sensor["oid"].strip(".").rpartition(".")[0]) or _UNIT.get(sensor["class"], ("", 1.0))
        cells = [c for c in by_oid.get(sensor["oid"].strip("."), []) if not unit[0] or _unit(c) == unit[0]]
        if sensor.get("suspect"):
            _suspect(tally, what, cells)
        elif not cells:
            tally.uncovered.append(what)
        elif all(cell.value is None for cell in cells):
            tally.unknown.append(f"{what}: {cells[0].reason}")
        elif sensor["class"] == "state":
            tally.judge(what, {str(cell.raw) for cell in cells}, {str(sensor["raw"])})
        else:
            _number(tally, what, [c.value for c in cells if c.value is not None], sensor, unit[1])
    return tally


def _by_oid(ours: Interpretation) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in ours.cells:
        found.setdefault(".".join(map(str, cell.oid)), []).append(cell)
    return found


def _unit(cell: Cell) -> str:
    return RAW[cell.measurement].fields[cell.field].unit


def _suspect(tally: Tally, what: str, cells: list[Cell]) -> None:
    told = [cell.value for cell in cells if cell.value is not None]
    if told:
        tally.wrong.append(f"{what}: suspect, yet {told}")
    elif cells:
        tally.unknown.append(f"{what}: suspect, {cells[0].reason}")
    else:
        tally.uncovered.append(f"{what} (suspect)")


def _number(tally: Tally, what: str, values: list[int | float], sensor: Json, size: float) -> None:
    want = sensor["value"] * size
    rounded = 0.005 if sensor.get("note") else 0.0
    good = [value for value in values if abs(value - want) <= rounded + 1e-9 * max(1.0, abs(want))]
    tally.judge(what, good[:1] or values, [good[0] if good else want])


def compare_ups(expected: Json, ours: Interpretation) -> Tally:
    """Compare the UPS: each quantity at its OID exactly, and what is sent within the expectation's resolution."""
    tally = Tally()
    ups = expected["ups"] or {}
    details = ups.get("_details", {})
    reading = next((r.fields for r in ours.readings if r.measurement == "nadi_ups" and len(r.tags) == 1), {})
    by_oid = _by_oid(ours)
    for key, (name, size) in UPS.items():
        if ups.get(key) is None:
            continue
        detail = details.get(key, {})
        cells = [cell for cell in by_oid.get(detail.get("oid", ""), []) if cell.field == name]
        _quantity(tally, key, ups[key] * size, detail, cells, reading.get(name), size)
    _states(tally, ups, reading)
    return tally


def _quantity(
    tally: Tally, key: str, want: float, detail: Json, cells: list[Cell], sent: int | float | None, size: float
) -> None:
    """Judge one quantity: its cell where we read the same OID, and what is sent."""
    told = [cell.value for cell in cells if cell.value is not None]
    raw = detail.get("raw")
    step = abs(want / raw) if isinstance(raw, int) and raw and want else size
    if detail.get("suspect"):
        _suspect(tally, key, cells)
    elif told:
        tally.judge(f"{key} {detail.get('oid')}", any(abs(v - want) <= 1e-9 * max(1.0, abs(want)) for v in told), True)
        several = any(len(cell.tags) > 1 for cell in cells) and key in ("load_percent", "output_power_w")
        if sent is not None and not several:
            tally.judge(f"{key} as sent ({sent}, not {want})", abs(sent - want) <= step + 1e-9, True)
    elif cells:
        tally.unknown.append(f"{key}: {cells[0].reason}")
    elif sent is not None:
        tally.judge(f"{key} as sent ({sent}, not {want})", abs(sent - want) <= step + 1e-9, True)
    else:
        tally.uncovered.append(f"ups {key}")


def _states(tally: Tally, ups: Json, reading: dict[str, int | float] | Any) -> None:
    if ups.get("on_battery") is not None:
        _state(tally, "on_battery", reading.get("on_battery"), int(ups["on_battery"]))
    for wanted in _status(str(ups.get("output_source", ""))):
        if "status" in reading:
            tally.judge("output_source", reading["status"] in wanted, True)
        else:
            tally.uncovered.append("ups output_source")
    if ups.get("battery_replace") is not None and "replace_battery" in reading:
        tally.equal += 1


def _state(tally: Tally, what: str, ours: object, theirs: object) -> None:
    if ours is None:
        tally.unknown.append(what)
    else:
        tally.judge(what, ours, theirs)


def _status(word: str) -> Iterator[tuple[int, ...]]:
    """Yield the states that the expectation's word allows; a word that says nothing yields none."""
    known = {"normal": (1, 7), "online": (1, 7), "oninverter": (1,), "onbattery": (2,), "battery": (2,),
             "bypass": (3,), "off": (4,), "none": (4,)}  # fmt: skip
    if word.lower() in known:
        yield known[word.lower()]

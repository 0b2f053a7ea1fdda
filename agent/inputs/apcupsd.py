"""A UPS that apcupsd watches, asked by its network information server (NIS).

A UPS is a device: it has a table [[device]] named as in the inventory, and under it [device.inputs.apcupsd]. apcupsd
tells what it last read; how old that may be is its POLLTIME, 60 s unless apcupsd.conf says otherwise (10 is better).
Records: apcupsd manual, "Status report format" and "NIS network server protocol".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from agent.clock import NS
from agent.config import between
from agent.peer import NotUnderstood, Peer, reached
from agent.reading import Reading, reading
from agent.source import Env
from agent.ups import NO_SERVER, NOT_UNDERSTOOD, STALE, UpsError, day, from_words, label, measured

_ASK = b"\x00\x06status"
_LONGEST = 1024
_MOST_RECORDS = 200
_MOST_OCTETS = 1 << 16
_SAID = 80
Records = Mapping[str, str]
Fields = dict[str, int | float]


@dataclass(frozen=True, slots=True)
class Config:
    """Where the server of apcupsd is (NETSERVER on, NISIP, NISPORT of apcupsd.conf).

    ``interval`` and ``timeout`` (of the whole exchange) are seconds; what apcupsd itself read longer than ``stale``
    seconds ago is unknown.
    """

    host: str = "127.0.0.1"
    port: int = 3551
    interval: int = 10
    timeout: float = 5.0
    stale: int = 180

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("host is empty; set it to the address of apcupsd")
        between("port", self.port, 1, 65535)
        between("interval", self.interval, 1, 900)
        between("timeout", self.timeout, 0.1, 60)
        between("stale", self.stale, 10, 3600)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield the readings of the UPS; of one of which nothing is known ``up`` 0 and the cause, then raise UpsError."""
    heard: Fields = {}
    try:
        found = _asked(config)
        heard = _heard(found)
        _check_fresh(found, config)
    except UpsError as error:
        yield reading("nadi_ups", {"up": 0, "cause": error.cause, **heard}, env.time_ns(), ups=env.device)
        raise
    yield from _readings(found, env.device, env.time_ns())


def _asked(config: Config) -> Records:
    place = f"{config.host}:{config.port}"
    try:
        with reached(config.host, config.port, timeout_s=config.timeout, most=_MOST_OCTETS) as peer:
            peer.send(_ASK)
            found = dict(_records(peer))
    except NotUnderstood as error:
        raise UpsError(NOT_UNDERSTOOD, f"{error}; is this apcupsd, which has TCP port 3551?") from error
    except OSError as error:
        reason = error.strerror or error
        raise UpsError(
            NO_SERVER, f"{place}: apcupsd cannot be asked: {reason}; does it run, with NETSERVER on and NISIP right?"
        ) from error
    if "STATUS" not in found:
        raise UpsError(NOT_UNDERSTOOD, f"{place}: its report has no STATUS; is this apcupsd?")
    return found


def _records(peer: Peer) -> Iterator[tuple[str, str]]:
    """Yield name and value of each record; two octets tell its length, and 0 ends the report."""
    for _ in range(_MOST_RECORDS):
        length = int.from_bytes(peer.exactly(2), "big")
        if length == 0:
            return
        if length > _LONGEST:
            raise NotUnderstood(f"{peer.name}: sent a record of {length} octets")
        text = peer.exactly(length).decode(errors="replace")
        name, colon, value = text.partition(":")
        if not colon:
            raise NotUnderstood(f"{peer.name}: sent {text[:_SAID]!r}, which is no record")
        yield name.strip(), value.strip()
    raise NotUnderstood(f"{peer.name}: sent more than {_MOST_RECORDS} records")


def _check_fresh(found: Records, config: Config) -> None:
    """Raise UpsError where apcupsd does not hear its UPS; its report then holds the last values it had."""
    place = f"{config.host}:{config.port}"
    words = found["STATUS"].split()
    if "COMMLOST" in words or _flags(found) & _COMMLOST or "NETWORK ERROR" in found["STATUS"]:
        raise UpsError(STALE, f"{place}: apcupsd has lost its UPS; look at the cable, and at DEVICE in apcupsd.conf")
    read, now = _time(found.get("DATE", "")), _time(found.get("END APC", ""))
    if read is not None and now is not None and now - read > config.stale:
        raise UpsError(STALE, f"{place}: apcupsd last read its UPS {now - read:.0f} s ago; look at its events file")


_COMMLOST = 0x100
_BITS = {0x01: "CAL", 0x02: "TRIM", 0x04: "BOOST", 0x08: "ONLINE", 0x10: "ONBATT", 0x20: "OVERLOAD"} | {
    0x40: "LOWBATT",
    0x80: "REPLACEBATT",
}
"""STATFLAG (apcupsd, include/defines.h)."""
_WORDS = {"ONLINE": "OL", "ONBATT": "OB", "LOWBATT": "LB", "REPLACEBATT": "RB", "OVERLOAD": "OVER"}


def _flags(found: Records) -> int:
    match = re.match(r"0x([0-9A-Fa-f]{1,8})\b", found.get("STATFLAG", ""))
    return int(match[1], 16) if match else 0


def _words(found: Records) -> list[str]:
    """Return the status in NUT's words; "SHUTTING DOWN" hides it, and the flags still tell."""
    words = found["STATUS"].split()
    if "SHUTTING" in words:
        words = [word for bit, word in _BITS.items() if _flags(found) & bit]
    return [_WORDS.get(word, word) for word in words]


class _Row(NamedTuple):
    """A record with its unit (old versions have more words after it), the field that it gives, and the scale."""

    name: str
    unit: str
    field: str
    times: int = 1
    divided_by: int = 1
    no_data: tuple[int, ...] = ()
    most: float | None = None

    def read(self, found: Records, *, measurement: str = "nadi_ups") -> float | None:
        """Return the value; None where the record is missing, of another unit or no reading."""
        parts = found.get(self.name, "").split()
        if len(parts) < 2 or parts[1].lower() != self.unit.lower():
            return None
        return measured(
            measurement,
            self.field,
            parts[0],
            times=self.times,
            divided_by=self.divided_by,
            no_data=self.no_data,
            most=self.most,
        )


_ROWS = (
    _Row("LINEV", "Volts", "input_voltage_volts"),
    _Row("LINEFREQ", "Hz", "input_frequency_hertz"),
    _Row("OUTPUTV", "Volts", "output_voltage_volts"),
    _Row("OUTCURNT", "Amps", "output_current_amperes"),
    _Row("BCHARGE", "Percent", "battery_charge_ratio", divided_by=100),
    _Row("TIMELEFT", "Minutes", "battery_runtime_seconds", times=60),
    _Row("BATTV", "Volts", "battery_voltage_volts"),
    _Row("AMBTEMP", "C", "ambient_temperature_celsius", no_data=(0,)),
)
_LOADS = tuple(_Row(name, "Percent", "load_ratio", divided_by=100, most=2) for name in ("LOADPCT", "LOADAPNT"))
"""Of watts and of volt-amperes; the higher share is what the UPS carries of what it can."""
_INSIDE = _Row("ITEMP", "C", "temperature_celsius", no_data=(0,))
_AIR = (
    _Row("AMBTEMP", "C", "temperature_celsius", no_data=(0,)),
    _Row("HUMIDITY", "Percent", "humidity_ratio", divided_by=100, no_data=(0,)),
)
_TESTS = {"OK": 1, "NG": 0, "BT": 0, "WN": 0}
"""SELFTEST: passed, failed, battery too weak, warning; NO, IP and ?? tell of no finished test."""


def _readings(found: Records, device: str, time_ns: int) -> Iterator[Reading]:
    fields: Fields = {"up": 1, **from_words(_words(found)), **_heard(found)}
    fields |= _values(_ROWS, found, "nadi_ups")
    loads = [value for row in _LOADS if (value := row.read(found)) is not None]
    if loads:
        fields["load_ratio"] = max(loads)
    fields |= _times(found, on_battery=fields.get("on_battery"), now_s=time_ns / NS)
    if found.get("SELFTEST") in _TESTS:
        fields["self_test_passed"] = _TESTS[found["SELFTEST"]]
    yield reading("nadi_ups", fields, time_ns, ups=device)
    inside = _values((_INSIDE,), found, "nadi_sensor")
    if inside:
        yield reading("nadi_sensor", inside, time_ns, device=device, sensor="UPS")
    air = _values(_AIR, found, "nadi_environment")
    if air:
        yield reading("nadi_environment", air, time_ns, device=device, sensor="ambient")
    told = {"model": "MODEL", "serial": "SERIALNO", "version": "FIRMWARE"}
    tags = {tag: label(found.get(name, "")) for tag, name in told.items()}
    known = {tag: text for tag, text in tags.items() if text}
    yield reading("nadi_device", {"info": 1}, time_ns, device=device, protocol="apcupsd", **known)


def _values(rows: tuple[_Row, ...], found: Records, measurement: str) -> Fields:
    read = ((row.field, row.read(found, measurement=measurement)) for row in rows)
    return {field: value for field, value in read if value is not None}


def _heard(found: Records) -> Fields:
    at = _time(found.get("DATE", ""))
    return {} if at is None else {"last_update_timestamp_seconds": at}


def _times(found: Records, *, on_battery: float | None, now_s: float) -> Fields:
    """Return when things happened, and for how long the load has been on battery."""
    fields: Fields = {}
    for field, name in (
        ("went_to_battery_timestamp_seconds", "XONBATT"),
        ("left_battery_timestamp_seconds", "XOFFBATT"),
        ("self_test_timestamp_seconds", "LASTSTEST"),
    ):
        at = _time(found.get(name, ""))
        if at is not None:
            fields[field] = at
    # APC writes the month first where it does not write the year first.
    installed = day(found.get("BATTDATE", ""), month_first=True, now_s=now_s)
    if installed is not None:
        fields["battery_installed_timestamp_seconds"] = installed
    # apcupsd counts from the transfer that it saw itself; started during an outage it says 0.
    if on_battery is not None and (on_battery == 0 or "XONBATT" in found):
        lasted = _Row("TONBATT", "Seconds", "time_on_battery_seconds").read(found)
        if lasted is not None:
            fields["time_on_battery_seconds"] = lasted
    return fields


_ZONES = {"UTC": 0, "GMT": 0, "WIB": 7, "WITA": 8, "WIT": 9}
_OLD = re.compile(r"\w{3} (\w{3} +\d{1,2} \d{2}:\d{2}:\d{2}) ([A-Z]{2,5}) (\d{4})", re.ASCII)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def _time(text: str) -> float | None:
    """Return the Unix time of a record such as DATE; versions before 3.14 name the zone, of which some are known."""
    old = _OLD.fullmatch(text)
    try:
        if old is None:
            at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")
        elif old[2] in _ZONES:
            zone = timezone(timedelta(hours=_ZONES[old[2]]))
            at = datetime.strptime(f"{old[3]} {old[1]}", "%Y %b %d %H:%M:%S").replace(tzinfo=zone)
        else:
            return None
    except ValueError:
        return None
    return at.timestamp() if at >= _EARLIEST else None

"""A UPS that NUT's upsd serves: what carries the load, battery, load, voltages, tests.

A UPS is a device: each has a table [[device]] named as in the inventory, and under it [device.inputs.nut], where
``ups`` names it among those of the server. Names of variables: NUT developer guide, "NUT command and variable naming
scheme".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from agent import secret, upsd
from agent.clock import NS
from agent.config import ConfigError, between
from agent.reading import Reading, reading
from agent.source import Env
from agent.ups import REFUSED, UpsError, day, from_words, label, measured

_NAME = re.compile(r"[A-Za-z0-9_.@:-]{0,64}")
_PHASES = ("L1", "L2", "L3")
_MOST_LOAD = 2
"""No UPS carries more than twice its rating but for an instant; a driver that says so has a wrong scale."""
Variables = Mapping[str, str]
Fields = dict[str, int | float]


@dataclass(frozen=True, slots=True)
class Config:
    """Where upsd is and which of its UPSes this device is (``ups`` "": its only one).

    ``tls``: ``offered`` encrypts where the server can, ``required`` wants it and a certificate that ``ca`` vouches for.
    With ``username`` a password stands in ``password_file``, of mode 0600; the user needs ``upsmon`` in upsd.users.
    ``interval`` and ``timeout`` (of the whole exchange) are seconds.
    """

    ups: str = ""
    host: str = "127.0.0.1"
    port: int = 3493
    interval: int = 10
    timeout: float = 5.0
    tls: Literal["off", "offered", "required"] = "offered"
    ca: Path | None = None
    username: str = ""
    password_file: Path | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.ups):
            raise ValueError(f"ups = {self.ups!r} is not a name of NUT's; take one that upsc -l {self.host} shows")
        if not self.host:
            raise ValueError("host is empty; set it to the address of upsd")
        between("port", self.port, 1, 65535)
        between("interval", self.interval, 1, 900)
        between("timeout", self.timeout, 0.1, 60)
        if self.tls == "required" and self.ca is None:
            raise ValueError('tls = "required" needs ca, the file of the certificate that the server is believed by')
        if bool(self.username) != (self.password_file is not None):
            raise ValueError("username and password_file go together; set both, or neither")
        if not self.username.isprintable():
            raise ValueError("username has characters that cannot be sent; take it as it stands in upsd.users")


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield the readings of the UPS; of one of which nothing is known ``up`` 0 and the cause, then raise UpsError."""
    try:
        found = upsd.variables(_server(config), config.ups)
    except UpsError as error:
        yield reading("nadi_ups", {"up": 0, "cause": error.cause}, env.time_ns(), ups=env.device)
        raise
    yield from _readings(found, env.device, env.time_ns())


def _server(config: Config) -> upsd.Server:
    password = ""
    if config.password_file is not None:
        try:
            password = secret.read(config.password_file).partition("\n")[0]
        except ConfigError as error:
            raise UpsError(REFUSED, f"password_file: {error}") from error
    return upsd.Server(
        host=config.host,
        port=config.port,
        timeout_s=config.timeout,
        tls=config.tls,
        ca=config.ca,
        username=config.username,
        password=password,
    )


def _readings(found: Variables, device: str, time_ns: int) -> Iterator[Reading]:
    words = found.get("ups.status", "").split()
    states = from_words(words)
    if states:
        states["alarm"] = int("ALARM" in words)
    fields: Fields = {"up": 1, **states, **_values(_PLAIN, found)}
    fields |= _history(found, time_ns / NS)
    load = _load(found)
    if "load_ratio" not in fields and load is not None:
        fields["load_ratio"] = load
    phases = {str(number): _phase(found, name) for number, name in enumerate(_PHASES, 1)}
    if not any(phases.values()) and not _possible(fields):
        del fields["output_power_watts"]
    _add_totals(fields, phases, _count(found))
    yield reading("nadi_ups", fields, time_ns, ups=device)
    for number, phase in phases.items():
        if phase:
            yield reading("nadi_ups", phase, time_ns, ups=device, phase=number)
    yield from _around(found, device, time_ns)
    tags = {"vendor": "mfr", "model": "model", "serial": "serial", "version": "firmware"}
    told = {tag: label(found.get(f"device.{name}") or found.get(f"ups.{name}", "")) for tag, name in tags.items()}
    known = {tag: text for tag, text in told.items() if text}
    yield reading("nadi_device", {"info": 1}, time_ns, device=device, protocol="nut", **known)


class _Row(NamedTuple):
    """A field, the variables that give it, best first, and its scale; of several phases ``total`` is made of all."""

    field: str
    variables: tuple[str, ...]
    divided_by: int = 1
    total: Literal["first", "sum", "most", ""] = ""
    no_data: tuple[int, ...] = ()
    most: float | None = None

    def read(self, found: Variables) -> float | None:
        """Return the value that the first variable with one gives."""
        for name in self.variables:
            value = measured(
                "nadi_ups",
                self.field,
                found.get(name, ""),
                divided_by=self.divided_by,
                no_data=self.no_data,
                most=self.most,
            )
            if value is not None:
                return value
        return None


# A quantity that is not measured is 0 with cards of Eaton's kin; no UPS stands at exactly 0 degrees.
_PLAIN = (
    _Row("battery_charge_ratio", ("battery.charge",), 100),
    _Row("battery_runtime_seconds", ("battery.runtime",)),
    _Row("battery_voltage_volts", ("battery.voltage",)),
    _Row("battery_current_amperes", ("battery.current",)),
    _Row("battery_temperature_celsius", ("battery.temperature",), no_data=(0,)),
    _Row("ambient_temperature_celsius", ("ambient.temperature",), no_data=(0,)),
    _Row("load_ratio", ("ups.load",), 100, most=_MOST_LOAD),
    _Row("input_voltage_volts", ("input.voltage",)),
    _Row("input_frequency_hertz", ("input.frequency",)),
    _Row("input_current_amperes", ("input.current",)),
    _Row("input_power_watts", ("input.realpower",)),
    _Row("output_voltage_volts", ("output.voltage",)),
    _Row("output_frequency_hertz", ("output.frequency",)),
    _Row("output_current_amperes", ("output.current",)),
    _Row("output_power_watts", ("output.realpower", "ups.realpower")),
    _Row("bypass_voltage_volts", ("input.bypass.voltage",)),
    _Row("bypass_frequency_hertz", ("input.bypass.frequency",)),
    _Row("bypass_current_amperes", ("input.bypass.current",)),
    _Row("bypass_power_watts", ("input.bypass.realpower",)),
)
_EACH_PHASE = (
    _Row("input_voltage_volts", ("input.{}-N.voltage",), total="first"),
    _Row("input_current_amperes", ("input.{}.current",), total="first"),
    _Row("input_power_watts", ("input.{}.realpower",), total="sum"),
    _Row("output_voltage_volts", ("output.{}-N.voltage",), total="first"),
    _Row("output_current_amperes", ("output.{}.current",), total="first"),
    _Row("output_power_watts", ("output.{}.realpower",), total="sum"),
    _Row("load_ratio", ("output.{}.power.percent",), 100, total="most", most=_MOST_LOAD),
    _Row("bypass_voltage_volts", ("input.bypass.{}-N.voltage",), total="first"),
    _Row("bypass_current_amperes", ("input.bypass.{}.current",), total="first"),
    _Row("bypass_power_watts", ("input.bypass.{}.realpower",), total="sum"),
)


def _phase(found: Variables, name: str) -> Fields:
    rows = (row._replace(variables=tuple(form.format(name) for form in row.variables)) for row in _EACH_PHASE)
    return _values(rows, found)


def _count(found: Variables) -> int:
    told = measured("nadi_ups", "status", found.get("output.phases", ""))
    return int(told) if told else len(_PHASES)


def _values(rows: Iterable[_Row], found: Variables) -> Fields:
    read = ((row.field, row.read(found)) for row in rows)
    return {field: value for field, value in read if value is not None}


def _add_totals(fields: Fields, phases: Mapping[str, Fields], count: int) -> None:
    """Add what the UPS says of its phases only: of the first one, or of all ``count`` where none is unknown."""
    for row in _EACH_PHASE:
        values = {number: phase[row.field] for number, phase in phases.items() if row.field in phase}
        if row.field in fields:
            continue
        if row.total == "first" and "1" in values:
            fields[row.field] = values["1"]
        elif row.total != "first" and len(values) == count:
            fields[row.field] = sum(values.values()) if row.total == "sum" else max(values.values())


def _load(found: Variables) -> float | None:
    """Return the load of a single-phase UPS that gives it as watts and volt-amperes beside both ratings, else None."""
    if found.get("output.phases", "1").partition(".")[0] != "1":
        return None
    shares = []
    for name in ("power", "realpower"):
        now, rated = (
            measured("nadi_ups", "output_power_watts", found.get(f"ups.{name}{end}", "")) for end in ("", ".nominal")
        )
        if now is None or not rated:
            return None
        shares.append(now / rated)
    return max(shares) if 0 <= max(shares) <= _MOST_LOAD else None


def _possible(fields: Fields) -> bool:
    """Tell whether the real power is within volts times amperes of one phase; drivers were seen to give the rating."""
    power, volts, amperes = (
        fields.get(f"output_{name}") for name in ("power_watts", "voltage_volts", "current_amperes")
    )
    if power is None or volts is None or amperes is None:
        return True
    rounding = 1  # many cards give whole amperes
    return power <= volts * (amperes + rounding)


_PASSED = frozenset(("done and passed", "passed", "ok", "test passed"))
_FAILED = frozenset(("done and warning", "done and error", "failed", "test failed", "bt", "ng"))
"""snmp-ups, usbhid-ups: words of RFC 1628 and PowerNet; apcsmart: OK, BT and NG of the UPS-Link protocol."""


def _history(found: Variables, now_s: float) -> Fields:
    """Return the last self-test, and when the battery was put in (or made, where only that is known)."""
    fields: Fields = {}
    result = found.get("ups.test.result", "").strip().lower()
    if result in _PASSED | _FAILED:
        fields["self_test_passed"] = int(result in _PASSED)
    month_first = "APC" in found.get("device.mfr", found.get("ups.mfr", "")).upper()
    for field, names in (
        ("self_test_timestamp_seconds", ("ups.test.date",)),
        ("battery_installed_timestamp_seconds", ("battery.date", "battery.mfr.date")),
    ):
        dates = (day(found.get(name, ""), month_first=month_first, now_s=now_s) for name in names)
        known = [at for at in dates if at is not None]
        if known:
            fields[field] = known[0]
    return fields


def _around(found: Variables, device: str, time_ns: int) -> Iterator[Reading]:
    """Yield the temperature inside the UPS, and its probes of the air (``ambient``, ``ambient.1`` ...)."""
    inside = measured("nadi_sensor", "temperature_celsius", found.get("ups.temperature", ""), no_data=(0,))
    if inside is not None:
        yield reading("nadi_sensor", {"temperature_celsius": inside}, time_ns, device=device, sensor="UPS")
    for probe in ("ambient", *(f"ambient.{number}" for number in range(1, 9))):
        if found.get(f"{probe}.present", "yes") in ("no", "0"):
            continue
        temperature = measured(
            "nadi_environment", "temperature_celsius", found.get(f"{probe}.temperature", ""), no_data=(0,)
        )
        humidity = measured(
            "nadi_environment", "humidity_ratio", found.get(f"{probe}.humidity", ""), divided_by=100, no_data=(0,)
        )
        both = {"temperature_celsius": temperature, "humidity_ratio": humidity}
        fields = {field: value for field, value in both.items() if value is not None}
        if fields:
            yield reading("nadi_environment", fields, time_ns, device=device, sensor=probe)

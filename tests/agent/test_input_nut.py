"""A UPS behind a real upsd: every dump, an outage, four unknowns, logins, TLS."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import upsd
from agent.clock import SystemClock
from agent.gather import Gatherer, look
from agent.inputs import nut
from agent.reading import Reading, decode, encode
from agent.source import Env, Input, Target
from agent.ups import NO_DRIVER, NO_SERVER, NO_UPS, REFUSED, STALE, UpsError
from tests.agent import nutd
from tests.agent.nutd import Nut
from tests.agent.recording import SHARED

OWN = Path(__file__).parent.parent / "cases" / "nut"
GIVEN = SHARED / "nut"
ON_LINE = "ups.status: OL\nbattery.charge: 100\ndevice.model: Uji\n"


def env(device: str = "ups-1") -> Env:
    clock = SystemClock()
    return Env(device, look(clock), clock)


def ask(config: nut.Config, device: str = "ups-1") -> list[Reading]:
    """Return the readings of one turn, sent over the wire and back."""
    back, bad = decode(encode(nut.collect(config, env(device))))
    assert bad == []
    return back


def whole(readings: list[Reading]) -> dict[str, int | float]:
    """Return the fields of the UPS as a whole."""
    (found,) = (r for r in readings if r.measurement == "nadi_ups" and len(r.tags) == 1)
    return dict(found.fields)


def unknown(config: nut.Config) -> tuple[dict[str, int | float], UpsError]:
    """Return what a turn yields before it fails, and the failure."""
    turn = nut.collect(config, env())
    fields = dict(next(turn).fields)
    with pytest.raises(UpsError) as failed:
        next(turn)
    return fields, failed.value


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nut]:
    files = [file for folder in (OWN, GIVEN) for file in sorted(folder.glob("*.dev"))]
    texts = {file.stem: file.read_text() for file in files} | dict.fromkeys(("played", "stopped", "killed"), ON_LINE)
    with Nut(tmp_path_factory.mktemp("dumps") / "nut", texts) as server:
        yield server


def objects(readings: list[Reading], measurement: str, tag: str) -> dict[str, dict[str, int | float]]:
    return {r.tag(tag): dict(r.fields) for r in readings if r.measurement == measurement and tag in dict(r.tags)}


@pytest.mark.parametrize("case", sorted(OWN.glob("*.expected.json")), ids=lambda path: path.name.split(".")[0])
def test_a_dump_of_our_own_gives_exactly_these_readings(case: Path, running: Nut) -> None:
    name = case.name.removesuffix(".expected.json")
    expected = json.loads(case.read_text())
    readings = ask(nut.Config(ups=name, port=running.port), device=name)
    dates = {key: midnight(value) for key, value in expected["ups"].items() if isinstance(value, str)}
    assert whole(readings) == {**expected["ups"], **dates}
    assert objects(readings, "nadi_ups", "phase") == expected.get("phases", {})
    assert objects(readings, "nadi_environment", "sensor") == expected.get("environment", {})
    assert objects(readings, "nadi_sensor", "sensor") == expected.get("sensors", {})
    (info,) = (dict(r.tags) for r in readings if r.measurement == "nadi_device")
    assert info == {**expected["device"], "device": name, "protocol": "nut"}


def midnight(date: str) -> float:
    return time.mktime(time.strptime(date, "%Y-%m-%d"))


SAME = {
    "charge_percent": ("battery_charge_ratio", 100),
    "runtime_seconds": ("battery_runtime_seconds", 1),
    "load_percent": ("load_ratio", 100),
    "input_voltage": ("input_voltage_volts", 1),
    "output_voltage": ("output_voltage_volts", 1),
    "battery_voltage": ("battery_voltage_volts", 1),
    "battery_temperature_c": ("battery_temperature_celsius", 1),
    "ambient_temperature_c": ("ambient_temperature_celsius", 1),
    "ups_temperature_c": ("temperature_celsius", 1),
    "low_battery": ("low_battery", 1),
    "replace_battery": ("replace_battery", 1),
    "alarm": ("alarm", 1),
    "bypass": ("on_bypass", 1),
    "on_battery": ("on_battery", 1),
}
NO_READING = {
    "riello-idialog": {"charge_percent": 255, "runtime_seconds": 3932100, "ups_temperature_c": 255},
    "socomec-netys": {"load_percent": 300, "input_voltage": 2320, "output_voltage": 2290},
    "eaton-5px-snmp": {"ups_temperature_c": 0},
    "hp-rt3000-badstatus": {"on_battery": True, "bypass": False},
    "eaton-93pm-3phase-alarm": {"load_percent": None, "input_voltage": None, "output_voltage": None},
}
"""What a dump says and cannot be (2320 V, 255 %), or contradicts ("OL OB"); and what only its phases tell."""


@pytest.mark.parametrize("case", sorted(GIVEN.glob("*.expected.json")), ids=lambda path: path.name.split(".")[0])
def test_a_given_dump_reads_as_expected(case: Path, running: Nut) -> None:
    name = case.name.removesuffix(".expected.json")
    expected = json.loads(case.read_text())["normalized"]
    readings = ask(nut.Config(ups=name, port=running.port), device=name)
    fields = whole(readings) | objects(readings, "nadi_sensor", "sensor").get("UPS", {})
    differs = {}
    for key, (field, scale) in SAME.items():
        ours = fields.get(field)
        if (None if ours is None else pytest.approx(ours * scale)) != expected[key]:
            differs[key] = expected[key]
    assert differs == NO_READING.get(name, {})


@pytest.mark.parametrize("case", sorted(GIVEN.glob("*.expected.json")), ids=lambda path: path.name.split(".")[0])
def test_every_variable_is_what_upsc_printed(case: Path, running: Nut) -> None:
    name = case.name.removesuffix(".expected.json")
    found = upsd.variables(server(running.port), name)
    told = {key: value for key, value in found.items() if not key.startswith("driver.")}
    assert told == json.loads(case.read_text())["variables"]


def test_the_given_dumps_are_there() -> None:
    if not any(GIVEN.glob("*.dev")):
        pytest.skip("NOT TESTED: no folder of given dumps; NADI_RECORDINGS names one")
    assert len(list(GIVEN.glob("*.dev"))) >= 16


def server(port: int) -> upsd.Server:
    return upsd.Server("127.0.0.1", port, 5, tls="off", ca=None, username="", password="")


def until(config: nut.Config, wanted: dict[str, int | float], *, seconds: float = 6) -> float:
    """Ask until the UPS says ``wanted``; return the time of the reading that does, Unix seconds."""
    end = time.monotonic() + seconds
    while True:
        readings = ask(config)
        if wanted.items() <= whole(readings).items():
            return readings[0].time_ns / 1e9
        assert time.monotonic() < end, whole(readings)
        time.sleep(0.05)


def test_an_outage_is_seen_with_its_states_and_times(running: Nut) -> None:
    config = nut.Config(ups="played", port=running.port)
    steps: list[tuple[str, dict[str, int | float]]] = [
        ("OL", {"on_battery": 0, "status": 1, "low_battery": 0}),
        ("OB DISCHRG", {"on_battery": 1, "status": 2, "low_battery": 0}),
        ("OB DISCHRG LB", {"on_battery": 1, "status": 2, "low_battery": 1}),
        ("OL CHRG", {"on_battery": 0, "status": 1, "low_battery": 0}),
    ]
    until(config, steps[0][1])
    for words, wanted in steps[1:]:
        before = time.time()
        running.say("played", ON_LINE.replace("OL", words))
        seen = until(config, wanted)
        # The driver reads its file each second; nothing between it and the reading adds to that.
        assert before <= seen + 0.001
        assert seen - before < 2.5


def test_a_stale_ups_is_unknown(running: Nut) -> None:
    running.drivers["stopped"].send_signal(signal.SIGSTOP)
    config, end = nut.Config(ups="stopped", port=running.port), time.monotonic() + 12
    while whole(list(first(config))).get("up") and time.monotonic() < end:
        time.sleep(0.1)
    fields, error = unknown(config)
    assert fields == {"up": 0, "cause": STALE}
    assert "DATA-STALE" in str(error)


def first(config: nut.Config) -> Iterator[Reading]:
    yield next(nut.collect(config, env()))


def test_a_killed_driver_is_unknown_within_two_polls(running: Nut) -> None:
    config = nut.Config(ups="killed", port=running.port)
    assert whole(ask(config))["up"] == 1
    nutd.end(running.drivers["killed"])
    polls = 0
    while whole(list(first(config)))["up"]:
        polls += 1
        time.sleep(1)  # the shortest interval there is
    assert polls < 2
    fields, error = unknown(config)
    assert fields == {"up": 0, "cause": NO_DRIVER}
    assert "upsdrvctl start" in str(error)


def test_a_server_that_is_gone_is_unknown_and_its_input_is_not_up(tmp_path: Path) -> None:
    with Nut(tmp_path / "nut", {"rak-a": ON_LINE}) as server:
        config, clock = nut.Config(port=server.port), SystemClock()
        assert whole(ask(config))["up"] == 1
        server.stop_server()
        fields, error = unknown(config)
        turn = Gatherer(clock).device(Target("ups-1", (Input("nut", config, nut.collect),)), look(clock))
    assert fields == {"up": 0, "cause": NO_SERVER}
    assert f"127.0.0.1:{config.port}: upsd cannot be asked: Connection refused" in str(error)
    assert [(r.measurement, r.fields["up"]) for r in decode(turn)[0]] == [("nadi_ups", 0), ("nadi_input", 0)]


def test_an_unknown_ups_is_unknown(running: Nut) -> None:
    fields, error = unknown(nut.Config(ups="rak-b", port=running.port))
    assert fields == {"up": 0, "cause": NO_UPS}
    assert "UNKNOWN-UPS" in str(error)


def test_without_a_name_a_server_of_several_is_asked_for_none(running: Nut) -> None:
    fields, error = unknown(nut.Config(port=running.port))
    assert fields == {"up": 0, "cause": NO_UPS}
    assert "three-phase" in str(error)


def secret(tmp_path: Path, text: str, *, mode: int = 0o600) -> Path:
    path = tmp_path / "nut.password"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_login_is_made_and_ended(running: Nut, tmp_path: Path) -> None:
    config = nut.Config(
        ups="played", port=running.port, username="monitor", password_file=secret(tmp_path, "monpass\n")
    )
    for _ in range(3):
        assert whole(ask(config))["up"] == 1
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as asking:
        asking.sendall(b"GET NUMLOGINS played\n")
        assert asking.recv(100) == b"NUMLOGINS played 0\n"


@pytest.mark.parametrize(("user", "password"), [("monitor", "wrong"), ("nobody", "monpass"), ("stranger", "other")])
def test_a_refused_login_is_unknown_and_shows_no_password(
    running: Nut, tmp_path: Path, user: str, password: str
) -> None:
    fields, error = unknown(
        nut.Config(ups="played", port=running.port, username=user, password_file=secret(tmp_path, password))
    )
    assert fields == {"up": 0, "cause": REFUSED}
    assert "ACCESS-DENIED" in str(error)
    assert password not in str(error)


def test_a_password_that_others_may_read_is_not_sent(running: Nut, tmp_path: Path) -> None:
    config = nut.Config(
        ups="played", port=running.port, username="monitor", password_file=secret(tmp_path, "monpass", mode=0o644)
    )
    fields, error = unknown(config)
    assert fields == {"up": 0, "cause": REFUSED}
    assert "chmod 600" in str(error)

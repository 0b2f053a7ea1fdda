"""A UPS behind a real apcupsd, which asks a real snmpd; stand-ins for the reports that neither can be made to give."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import apcupsd
from agent.reading import Reading, decode, encode
from agent.source import Env
from agent.ups import NO_SERVER, NOT_UNDERSTOOD, STALE, UpsError
from tests.agent.apcupsd_nis import BATTERY, CHARGE, LINE_VOLTS, STATE, Apcupsd, until
from tests.agent.stand_in import StandIn


def turn(port: int, *, timeout: float = 2) -> tuple[list[Reading], UpsError | None]:
    """Return the readings of one turn, sent over the wire and back, and its failure."""
    clock = SystemClock()
    found: list[Reading] = []
    error = None
    try:
        for item in apcupsd.collect(apcupsd.Config(port=port, timeout=timeout), Env("ups-1", look(clock), clock)):
            found.append(item)
    except UpsError as failed:
        error = failed
    back, bad = decode(encode(found))
    assert bad == []
    return back, error


def whole(port: int) -> dict[str, int | float]:
    return dict(turn(port)[0][0].fields)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apcupsd]:
    with Apcupsd(tmp_path_factory.mktemp("apcupsd")) as server:
        until(lambda: whole(server.port).get("load_ratio") is not None, seconds=15)
        yield server


def midnight(date: str) -> float:
    return time.mktime(time.strptime(date, "%Y-%m-%d"))


def test_a_ups_on_line_reads_as_apcupsd_reports_it(running: Apcupsd) -> None:
    readings, error = turn(running.port)
    assert error is None
    fields = dict(readings[0].fields)
    assert abs(fields.pop("last_update_timestamp_seconds") - time.time()) < 5
    assert fields == {
        **{"up": 1, "status": 1, "on_battery": 0, "on_bypass": 0, "output_off": 0},
        **{"low_battery": 0, "replace_battery": 0, "overload": 0, "load_ratio": 0.17, "self_test_passed": 1},
        **{"input_voltage_volts": 229, "input_frequency_hertz": 50, "output_voltage_volts": 228},
        **{"battery_charge_ratio": 1, "battery_runtime_seconds": 37 * 60, "battery_voltage_volts": 27},
        **{"time_on_battery_seconds": 0, "battery_installed_timestamp_seconds": midnight("2020-10-24")},
    }
    others = {r.measurement: (dict(r.tags), dict(r.fields)) for r in readings[1:]}
    assert others["nadi_sensor"] == ({"device": "ups-1", "sensor": "UPS"}, {"temperature_celsius": 31})
    model = {"model": "Smart-UPS 1500", "serial": "AS0700000001", "version": "653.18.I"}
    assert others["nadi_device"] == ({"device": "ups-1", "protocol": "apcupsd", **model}, {"info": 1})


def test_an_outage_is_seen_with_its_states_and_times(running: Apcupsd) -> None:
    def says(**wanted: int) -> None:
        until(lambda: wanted.items() <= whole(running.port).items(), seconds=8)

    began = time.time()
    running.say(LINE_VOLTS, 0, "u")
    running.say(STATE, 3)
    says(on_battery=1, status=2, low_battery=0, input_voltage_volts=0)
    went = whole(running.port)["went_to_battery_timestamp_seconds"]
    assert began - 1 <= went <= time.time()
    running.say(CHARGE, 9, "u")
    running.say(BATTERY, 3)
    says(on_battery=1, low_battery=1)
    lasted = whole(running.port)["time_on_battery_seconds"]
    assert abs(time.time() - went - lasted) <= 2
    running.say(STATE, 4)
    running.say(BATTERY, 2)
    says(on_battery=0, status=5, low_battery=0, time_on_battery_seconds=0)
    left = whole(running.port)["left_battery_timestamp_seconds"]
    assert went <= left <= time.time()


def test_a_state_that_apcupsd_has_no_word_for_is_unknown(running: Apcupsd) -> None:
    running.say(STATE, 9)  # switched bypass
    until(lambda: "status" not in whole(running.port), seconds=8)
    fields = whole(running.port)
    assert fields["up"] == 1
    assert not {"on_battery", "on_bypass", "output_off", "low_battery"} & fields.keys()


def test_a_ups_that_apcupsd_has_lost_is_stale_and_apcupsd_gone_is_another_unknown(running: Apcupsd) -> None:
    running.ups.stop()
    until(lambda: whole(running.port)["up"] == 0, seconds=15)
    readings, error = turn(running.port)
    assert {"up": 0, "cause": STALE}.items() <= readings[0].fields.items()
    assert set(readings[0].fields) == {"up", "cause", "last_update_timestamp_seconds"}
    assert "has lost its UPS" in str(error)
    running.stop()
    readings, error = turn(running.port)
    assert [dict(r.fields) for r in readings] == [{"up": 0, "cause": NO_SERVER}]
    assert "Connection refused" in str(error)
    assert "NETSERVER" in str(error)


def report(*lines: str) -> bytes:
    """Return lines as NIS sends them."""
    return b"".join(len(line).to_bytes(2, "big") + line.encode() for line in (*(f"{x}\n" for x in lines),)) + b"\0\0"


def answers(data: bytes) -> Callable[[socket.socket], None]:
    def speak(peer: socket.socket) -> None:
        assert peer.recv(100) == b"\0\6status"
        peer.sendall(data)

    return speak


@pytest.fixture
def stand_in() -> Iterator[Callable[[Callable[[socket.socket], object]], int]]:
    made: list[StandIn] = []

    def make(speak: Callable[[socket.socket], object]) -> int:
        made.append(StandIn(speak))
        return made[-1].port

    yield make
    for one in made:
        one.close()


Make = Callable[[Callable[[socket.socket], object]], int]
OLD = (
    *("DATE     : Tue Jul 06 18:05:25 WIB 2010", "STATUS   : ONBATT LOWBATT", "LOADPCT  :  17.0 Percent Load Capacity"),
    *("LINEV    : 000.0 Volts", "TIMELEFT :   3.0 Minutes", "ITEMP    : 31.5 C Internal", "TONBATT  : 124 seconds"),
    *("XONBATT  : Tue Jul 06 18:03:21 WIB 2010", "XOFFBATT : N/A", "BATTDATE : 03/04/09", "SELFTEST : BT"),
    *("STATFLAG : 0x07000050 Status Flag", "AMBTEMP  : 24.5 C", "HUMIDITY :  61.0 Percent"),
    "END APC  : Tue Jul 06 18:05:30 WIB 2010",
)


def test_a_stand_in_reports_as_old_versions_do(stand_in: Make) -> None:
    readings, error = turn(stand_in(answers(report(*OLD))))
    assert error is None
    evening = 1_278_414_201.0  # 2010-07-06T18:03:21+07:00
    assert readings[0].fields == {
        **{"up": 1, "status": 2, "on_battery": 1, "on_bypass": 0, "output_off": 0},
        **{"low_battery": 1, "replace_battery": 0, "overload": 0, "load_ratio": 0.17, "self_test_passed": 0},
        **{"input_voltage_volts": 0, "battery_runtime_seconds": 180, "ambient_temperature_celsius": 24.5},
        **{"went_to_battery_timestamp_seconds": evening, "time_on_battery_seconds": 124},
        **{"last_update_timestamp_seconds": evening + 124},
        "battery_installed_timestamp_seconds": midnight("2009-03-04"),
    }
    others = {r.measurement: dict(r.fields) for r in readings[1:]}
    assert others["nadi_sensor"] == {"temperature_celsius": 31.5}
    assert others["nadi_environment"] == {"temperature_celsius": 24.5, "humidity_ratio": 0.61}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["STATUS : SHUTTING DOWN", "STATFLAG : 0x05000250"], {"on_battery": 1, "low_battery": 1, "status": 2}),
        (["STATUS : SHUTTING DOWN"], {}),
        (["STATUS : CAL ONBATT SLAVE"], {"on_battery": 1, "low_battery": 0, "status": 8}),
        (["STATUS : CAL ONLINE"], {"low_battery": 0}),
        (["STATUS : TRIM ONLINE OVERLOAD"], {"on_battery": 0, "low_battery": 0, "status": 6}),
        (["STATUS : "], {}),
        (["STATUS : ONLINE REPLACEBATT NOBATT SLAVEDOWN"], {"on_battery": 0, "low_battery": 0, "status": 1}),
        (["STATUS : ONBATT", "TONBATT : 0 Seconds"], {"on_battery": 1, "low_battery": 0, "status": 2}),
        (
            [
                "STATUS : ONLINE",
                "BCHARGE : 255 Percent",
                "LINEV : -1.0 Volts",
                "TIMELEFT : 30 Hours",
                "BATTV : x Volts",
            ],
            {"on_battery": 0, "low_battery": 0, "status": 1},
        ),
        (
            ["STATUS : ONLINE", "BATTDATE : 2000-00-00", "LASTSTEST: yesterday", "SELFTEST : NO", "ITEMP : 0.0 C"],
            {"on_battery": 0, "low_battery": 0, "status": 1},
        ),
    ],
)
def test_a_stand_in_says_what_no_test_ups_says(stand_in: Make, lines: list[str], told: dict[str, int]) -> None:
    readings, error = turn(stand_in(answers(report(*lines))))
    assert error is None
    fields = dict(readings[0].fields)
    implied = {"up", "on_bypass", "output_off", "replace_battery", "overload"}
    assert {key: value for key, value in fields.items() if key not in implied} == told
    assert fields.get("replace_battery", 0) == ("REPLACEBATT" in lines[0])
    assert fields.get("overload", 0) == ("OVERLOAD" in lines[0])


NOW = "DATE : 2026-11-22 10:00:00 +0800"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["STATUS : COMMLOST"], "has lost its UPS"),
        (["STATUS : COMMLOST SLAVE"], "has lost its UPS"),
        (["STATUS : NETWORK ERROR"], "has lost its UPS"),
        (["STATUS : SHUTTING DOWN", "STATFLAG : 0x05000318"], "has lost its UPS"),
        ([NOW, "STATUS : ONLINE", "END APC : 2026-11-22 10:03:01 +0800"], "last read its UPS 181 s ago"),
    ],
)
def test_a_stand_in_that_does_not_hear_its_ups_is_stale(stand_in: Make, lines: list[str], words: str) -> None:
    readings, error = turn(stand_in(answers(report(*lines, "LINEV : 230.0 Volts"))))
    assert len(readings) == 1
    assert {"up": 0, "cause": STALE}.items() <= readings[0].fields.items()
    assert "input_voltage_volts" not in readings[0].fields
    assert words in str(error)


def drips(peer: socket.socket) -> None:
    while True:
        peer.sendall(b"\0\1")
        time.sleep(0.05)
        peer.sendall(b":")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("speak", "cause"),
    [
        (answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NOT_UNDERSTOOD),
        (answers(b"\xff\xff" + b"x" * 70000), NOT_UNDERSTOOD),
        (answers(report("STATUS : ONLINE", "no record")), NOT_UNDERSTOOD),
        (answers(report("LINEV : 230.0 Volts")), NOT_UNDERSTOOD),
        (answers(report(*["STATUS : ONLINE"] * 300)), NOT_UNDERSTOOD),
        (answers(report("STATUS : ONLINE")[:-1]), NO_SERVER),
        (answers(b""), NO_SERVER),
        (lambda peer: time.sleep(1.5), NO_SERVER),
        (drips, NO_SERVER),
    ],
)
def test_a_stand_in_that_is_no_apcupsd_gives_no_value(
    stand_in: Make, speak: Callable[[socket.socket], object], cause: int
) -> None:
    begun = time.monotonic()
    readings, error = turn(stand_in(speak), timeout=0.8)
    assert [dict(r.fields) for r in readings] == [{"up": 0, "cause": cause}], error
    assert time.monotonic() - begun < 3


def test_a_mistake_of_the_configuration_names_its_mend() -> None:
    for keys, mend in (({"stale": 5}, "stale must be between 10 and 3600"), ({"host": ""}, "host is empty")):
        with pytest.raises(ValueError, match=mend):
            apcupsd.Config(**keys)

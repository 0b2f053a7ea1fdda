"""UPSes, transfer switches and sensors at this minute; SNMP in clear as a finding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.clock import MS, NS, ManualClock
from agent.reading import Reading, encode, reading
from collector import terminal
from collector.inventory import Device
from collector.ledger.entry import CLOCK_UNSURE, Entry
from collector.newest import MOST_SERIES, Newest
from collector.power import AtsState, Power, SensorState, UpsState, power_at, ups_state
from collector.running import Collector
from collector.web.api import create
from tests.collector.register_sample import NOW, WHOLE, document
from tests.collector.web_visitor import Visitor, running, settings_at

DEVICES = "".join(
    f'[[device]]\ncode = "{code}"\nname = "{name}"\nsite = "noc"\nkind = "{kind}"\nsource = "token:tele"\n'
    for code, name, kind in (
        ("ups-1", "UPS ruang server", "ups"),
        ("ups-2", "UPS cadangan", "ups"),
        ("ats-1", "ATS", "ats"),
        ("env-1", "Sensor ruang", "sensor"),
    )
)
LINE = {"up": 1, "on_battery": 0, "low_battery": 0, "battery_charge_ratio": 0.0, "load_ratio": 0.425}


def entry(device: str, *, flags: int = 0, agent: str = "token:tele") -> Entry:
    return Entry("k", agent, device, "", 0, "", 0, 0, NOW, 0, flags, NOW, NOW, b"", b"", b"", b"")


def states(*kinds: str) -> Newest:
    made = Newest(stale_ms=150_000)
    made.adopt([Device(f"{kind}-1", kind.upper(), "noc", "token:tele", kind, 0) for kind in kinds])
    return made


def ups(second: int = 0, **fields: Any) -> Reading:
    return reading("nadi_ups", fields or LINE, NOW + second * NS, ups="ups-1")


def looked(made: Newest, second: int = 0) -> Power:
    return power_at(made.devices, made.look(NOW // MS + second * 1000))


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"on_battery": 0}, UpsState.PLN),
        ({"on_battery": 0, "low_battery": 1}, UpsState.PLN),
        ({"on_battery": 1}, UpsState.BATERAI),
        ({"on_battery": 1, "low_battery": 1}, UpsState.BATERAI_LEMAH),
        ({"on_battery": 0, "on_bypass": 1}, UpsState.BYPASS),
        ({"on_battery": 0, "output_off": 1}, UpsState.MATI),
        ({"battery_charge_ratio": 1.0}, UpsState.TIDAK_DIKETAHUI),
        ({}, UpsState.TIDAK_DIKETAHUI),
    ],
)
def test_the_state_of_a_ups_follows_from_one_reading(fields: dict[str, int | float], state: UpsState) -> None:
    assert ups_state(fields) is state


def test_a_registered_unit_never_heard_of_is_unknown() -> None:
    power = looked(states("ups", "ats", "sensor"))
    assert [item.state for item in power.ups] == [UpsState.TIDAK_DIKETAHUI]
    assert [item.state for item in power.ats] == [AtsState.TIDAK_DIKETAHUI]
    assert [(item.state, item.sensor, item.seen_ms) for item in power.sensors] == [
        (SensorState.TIDAK_DIKETAHUI, "", None)
    ]


def test_silence_becomes_unknown_and_keeps_no_old_value() -> None:
    made = states("ups")
    made.add(entry("ups-1"), [ups()])
    assert looked(made, 150).ups[0].state is UpsState.PLN
    (late,) = looked(made, 151).ups
    assert (late.state, late.fields, late.seen_ms) == (UpsState.TIDAK_DIKETAHUI, {}, NOW // MS)


def test_a_unit_that_is_read_seldom_is_stale_after_three_of_its_intervals_but_a_quarter_of_an_hour_at_most() -> None:
    made = states("ups")
    made.add(entry("ups-1"), [ups(second) for second in (0, 100, 200)])
    assert looked(made, 500).ups[0].state is UpsState.PLN
    assert looked(made, 501).ups[0].state is UpsState.TIDAK_DIKETAHUI
    slow = states("ups")
    slow.add(entry("ups-1"), [ups(second) for second in (0, 3600)])
    assert looked(slow, 3600 + 900).ups[0].state is UpsState.PLN
    assert looked(slow, 3600 + 901).ups[0].state is UpsState.TIDAK_DIKETAHUI


def test_a_ups_that_does_not_answer_is_unknown_and_not_off() -> None:
    made = states("ups")
    made.add(entry("ups-1"), [ups(up=0, on_battery=0)])
    assert (looked(made).ups[0].state, looked(made).ups[0].fields) == (UpsState.TIDAK_DIKETAHUI, {})


def test_a_reading_of_some_fields_leaves_the_others_known_until_they_are_too_old_themselves() -> None:
    made = states("ups")
    made.add(entry("ups-1"), [ups(0, on_battery=0, battery_charge_ratio=0.9), ups(60, on_battery=0)])
    made.add(entry("ups-1"), [ups(30, on_battery=1)])
    assert looked(made, 60).ups[0].fields == {"on_battery": 0, "battery_charge_ratio": 0.9}
    made.add(entry("ups-1"), [ups(140, load_ratio=0.5), ups(141, load_ratio=0.5)])
    assert looked(made, 151).ups[0].fields == {"on_battery": 0, "load_ratio": 0.5}
    found = looked(made, 250).ups[0]
    assert (found.state, found.fields) == (UpsState.TIDAK_DIKETAHUI, {"load_ratio": 0.5})


def test_a_trap_beside_a_slow_poll_does_not_make_the_poll_look_late() -> None:
    made = states("ups")
    made.add(entry("ups-1"), [ups(second, on_battery=0) for second in (0, 300, 600)])
    made.add(entry("ups-1"), [ups(601, alarms=1), ups(602, alarms=0)])
    assert looked(made, 1400).ups[0].fields == {"on_battery": 0}


def test_no_answer_makes_all_fields_unknown_also_those_read_before_it() -> None:
    made = states("ups")
    made.add(entry("ups-1"), [ups(0), ups(60, up=0)])
    made.add(entry("ups-1"), [ups(30, on_battery=1)])
    assert (looked(made, 60).ups[0].state, looked(made, 60).ups[0].fields) == (UpsState.TIDAK_DIKETAHUI, {})
    made.add(entry("ups-1"), [ups(90, up=1, on_battery=0)])
    assert looked(made, 90).ups[0].fields == {"up": 1, "on_battery": 0}
    late = states("ups")
    late.add(entry("ups-1"), [ups(60, up=0), ups(90, up=1), ups(30, on_battery=1)])
    assert looked(late, 90).ups[0].fields == {"up": 1}


def test_parts_outlets_and_generators_are_kept_for_those_who_show_them() -> None:
    made = states("pdu")
    made.add(entry("pdu-1"), [reading("nadi_pdu", {"current_amperes": 3.5}, NOW, device="pdu-1", circuit="L1")])
    made.add(entry("pdu-1"), [reading("nadi_sensor", {"fan_rpm": 900.0}, NOW, device="pdu-1", sensor="kipas")])
    made.add(entry("pdu-1"), [reading("nadi_generator", {"running": 0}, NOW, generator="pdu-1")])
    power = looked(made, 150)
    told = [
        (item.tags, item.fields) for name in ("nadi_pdu", "nadi_sensor", "nadi_generator") for item in power.of(name)
    ]
    assert told == [
        ({"circuit": "L1"}, {"current_amperes": 3.5}),
        ({"sensor": "kipas"}, {"fan_rpm": 900.0}),
        ({}, {"running": 0}),
    ]
    assert looked(made, 151).of("nadi_pdu")[0].fields == {}


def test_a_probe_that_fails_has_no_round_trip_left_from_the_one_before() -> None:
    made, tags = states("server"), {"device": "server-1", "target": "web", "probe": "http"}
    made.add(entry("server-1"), [reading("nadi_probe", {"success": 1, "rtt_seconds": 0.2}, NOW, **tags)])
    made.add(entry("server-1"), [reading("nadi_probe", {"success": 0, "cause": 1}, NOW + 60 * NS, **tags)])
    made.add(entry("server-1"), [reading("nadi_probe", {"rtt_seconds": 0.1}, NOW + 30 * NS, **tags)])
    assert [item.fields for item in looked(made, 60).latest] == [{"success": 0, "cause": 1}]


def test_a_service_that_is_down_still_tells_why() -> None:
    made = states("server")
    told = {"up": 0, "failed": 1, "exit_status": 3}
    made.add(entry("server-1"), [reading("nadi_service", told, NOW, device="server-1", unit="nginx.service")])
    assert looked(made).of("nadi_service")[0].fields == told


def test_a_backup_told_of_each_quarter_of_an_hour_is_of_now_between_two_reports() -> None:
    made, tags = states("server"), {"device": "server-1", "job": "db", "engine": "borg"}
    made.add(entry("server-1"), [reading("nadi_backup", {"last_ok": 1}, NOW, **tags)])
    assert looked(made, 3600).latest[0].fields == {"last_ok": 1}
    assert looked(made, 3601).latest[0].fields == {}


def test_only_the_registered_source_speaks_and_only_with_a_sure_clock() -> None:
    made = states("ups")
    made.add(entry("ups-1", agent="stranger"), [ups()])
    made.add(entry("ups-1", flags=CLOCK_UNSURE), [ups()])
    made.add(entry("ups-9"), [reading("nadi_ups", LINE, NOW, ups="ups-9")])
    made.add(entry("ups-1"), [reading("nadi_ups", LINE, NOW, ups="ups-9")])
    assert looked(made).latest == ()


def test_memory_is_bounded_whatever_a_unit_calls_its_sensors() -> None:
    made = states("sensor")
    for i in range(MOST_SERIES + 50):
        taken = reading(
            "nadi_environment", {"temperature_celsius": 1.0}, NOW + i * MS, device="sensor-1", sensor=f"s{i}"
        )
        made.add(entry("sensor-1"), [taken])
    names = {item.sensor for item in looked(made).sensors}
    assert (len(names), "s0" in names, f"s{MOST_SERIES + 49}" in names) == (MOST_SERIES, False, True)


def test_a_sensor_that_is_not_connected_is_unknown_and_one_in_water_is_an_alarm() -> None:
    made = states("sensor")
    for name, fields in (("a", {"ok": 0}), ("b", {"water_detected": 1}), ("c", {"temperature_celsius": 0.0})):
        made.add(entry("sensor-1"), [reading("nadi_environment", fields, NOW, device="sensor-1", sensor=name)])
    assert [item.state for item in looked(made).sensors] == [
        SensorState.TIDAK_DIKETAHUI,
        SensorState.ALARM,
        SensorState.NORMAL,
    ]


@pytest.mark.parametrize("source", [0, 1, 2])
def test_the_switch_tells_which_source_carries_the_load(source: int) -> None:
    made = states("ats")
    made.add(entry("ats-1"), [reading("nadi_ats", {"source": source}, NOW, ats="ats-1")])
    assert looked(made).ats[0].state == source
    made.add(entry("ats-1"), [reading("nadi_ats", {"mains_present": 1}, NOW + 100 * NS, ats="ats-1")])
    assert looked(made, 150).ats[0].state == source
    assert looked(made, 151).ats[0].state is AtsState.TIDAK_DIKETAHUI


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW, boot_ns=10**15, boot_id="b")


@pytest.fixture
def collector(tmp_path: Path, clock: ManualClock) -> Iterator[Collector]:
    with running(settings_at(tmp_path), clock=clock) as collector:
        collector.folder.register.apply(document(WHOLE + DEVICES), actor="t", now_ns=NOW)
        collector.live.adopt(collector.folder.register.inventory())
        access = collector.folder.register.access
        names = ["ups-1", "ups-2", "ats-1", "env-1"]
        token = access.mint_write_token(name="tele", devices=names, actor="t", now_ns=NOW)
        body = encode(sent())
        assert collector.ingest.write(body, token=token, precision="ns", gzip=False).status == 204
        yield collector


def sent() -> list[Reading]:
    told = {"model": "SMT", "vendor": "apc", "version": "1", "serial": "x"}
    climate = {"temperature_celsius": -15.13, "humidity_ratio": 0.5, "door_open": 0}
    return [
        ups(-5, **LINE, input_voltage_volts=221.0),
        reading("nadi_ups", {"input_voltage_volts": 229.0}, NOW - 5 * NS, ups="ups-1", phase="2"),
        reading("nadi_device", {"info": 1}, NOW - 5 * NS, device="ups-1", protocol="snmpv2c", **told),
        reading("nadi_device", {"info": 1}, NOW - 5 * NS, device="env-1", protocol="snmpv3"),
        reading("nadi_ats", {"source": 2, "mains_present": 0}, NOW - 5 * NS, ats="ats-1"),
        reading("nadi_environment", climate, NOW - 5 * NS, device="env-1", sensor="rak"),
        reading("nadi_sensor", {"ok": 0, "fan_rpm": 0.0}, NOW - 5 * NS, device="env-1", sensor="kipas 1"),
        reading("nadi_sensor", {"ok": 1, "fan_rpm": 900.0}, NOW - 5 * NS, device="env-1", sensor="kipas 2"),
        reading("nadi_pdu", {"load_ratio": 0.8, "current_amperes": 12.5}, NOW - 5 * NS, device="env-1", circuit="L1"),
        reading("nadi_pdu", {"on": 1, "current_amperes": 0.5}, NOW - 5 * NS, device="env-1", circuit="outlet 1"),
        reading("nadi_pdu", {"on": 0, "alarm": 1}, NOW - 5 * NS, device="env-1", circuit="outlet 2"),
    ]


def test_the_api_tells_unknown_from_zero(collector: Collector) -> None:
    here = Visitor(create(collector))
    power = here.get("/api/v1/power").json()
    assert here.get("/api/v1/status").json()["power"] == power
    one, two = power["ups"]
    assert (one["state"], one["battery_charge_ratio"], one["on_battery"]) == ("listrik PLN", 0.0, False)
    assert (two["state"], two["battery_charge_ratio"], two["on_battery"]) == ("tidak diketahui", None, None)
    assert (power["ats"][0]["state"], power["ats"][0]["mains_present"]) == ("genset", False)
    assert (power["sensors"][0]["temperature_celsius"], power["sensors"][0]["water_detected"]) == (-15.13, None)


def test_the_page_is_indonesian_and_unknown_looks_like_neither_zero_nor_down(collector: Collector) -> None:
    shown = Visitor(create(collector)).get("/").text
    assert "muatan baterai 0 %, beban 43 %, masukan 221,0 V" in shown
    assert "suhu -15,1 °C, kelembapan 50 %, pintu tertutup" in shown
    row = next(line for line in shown.splitlines() if "ups-2" in line)
    assert 'class="gelap"' in row
    assert "<td>-</td>" in row
    assert "tidak ada baru-baru ini" in row


def test_the_terminal_shows_power(collector: Collector) -> None:
    lines = terminal.status_lines(Visitor(create(collector)).get("/api/v1/status").json())
    (row,) = (line for line in lines if line.startswith("ups-1"))
    assert "listrik PLN" in row
    assert "charge 0.0 %" in row
    assert next(line for line in lines if line.startswith("ups-2")).endswith("-")


def test_the_api_shows_every_part_and_circuit(collector: Collector, clock: ManualClock) -> None:
    power = Visitor(create(collector)).get("/api/v1/power").json()
    assert [(item["sensor"], item["state"]) for item in power["parts"]] == [("kipas 1", "alarm"), ("kipas 2", "normal")]
    assert power["parts"][1]["values"] == {"ok": 1, "fan_rpm": 900}
    told = [(item["circuit"], item["state"], item["load_ratio"], item["outlet_on"]) for item in power["circuits"]]
    assert told == [("L1", "normal", 0.8, None), ("outlet 1", "normal", None, True), ("outlet 2", "alarm", None, False)]
    clock.advance(200 * NS)
    later = Visitor(create(collector)).get("/api/v1/power").json()
    assert {item["state"] for item in (*later["parts"], *later["circuits"])} == {"tidak diketahui"}


def test_page_and_terminal_show_of_parts_and_circuits_what_matters(collector: Collector) -> None:
    here = Visitor(create(collector))
    lines = here.get("/").text, "\n".join(terminal.status_lines(here.get("/api/v1/status").json()))
    for shown in lines:
        assert ("kipas 1" in shown, "kipas 2" in shown) == (True, False)
        assert ("L1" in shown, "outlet 1" in shown, "outlet 2" in shown) == (True, False, True)
    assert "beban 80 %, arus 12,5 A" in lines[0]
    assert "load 80.0 %, current 12.5 A" in lines[1]


def test_metrics_carry_what_is_of_now_and_nothing_old(collector: Collector, clock: ManualClock) -> None:
    here = Visitor(create(collector))
    now = here.get("/metrics").text
    assert 'nadi_ups_battery_charge_ratio{ups="ups-1"} 0.0' in now
    assert [line for line in now.splitlines() if line.startswith("nadi_ups_input_voltage")] == [
        'nadi_ups_input_voltage_volts{ups="ups-1"} 221.0'
    ]
    assert 'nadi_environment_temperature_celsius{device="env-1",sensor="rak"} -15.13' in now
    assert 'nadi_ups_state{site="noc",ups="ups-1"} 1.0' in now
    assert 'nadi_ups_state{site="noc",ups="ups-2"} 5.0' in now
    assert 'nadi_ups_info{model="SMT",protocol="snmpv2c",site="noc",ups="ups-1"} 1.0' in now
    clock.advance(200 * NS)
    later = here.get("/metrics").text
    assert "nadi_ups_battery_charge_ratio" not in later
    assert 'nadi_ups_state{site="noc",ups="ups-1"} 5.0' in later


def test_a_device_polled_in_clear_is_a_finding_of_low_severity_until_it_is_polled_safely(
    collector: Collector, clock: ManualClock
) -> None:
    collector.jobs.run("judge")
    here = Visitor(create(collector))
    (found,) = here.get("/api/v1/findings").json()
    assert (found["rule"], found["object"], found["severity"]) == ("snmp_v2c", "ups-1", "low")
    assert (found["value"], found["unit"]) == (None, "")
    assert "SNMP tanpa pengamanan" in here.get("/").text
    assert 'nadi_finding_info{object="ups-1",rule="snmp_v2c",severity="rendah"} 1.0' in here.get("/metrics").text
    safe = reading("nadi_device", {"info": 1}, NOW, device="ups-1", protocol="snmpv3")
    collector.live._newest.add(entry("ups-1"), [safe])
    clock.advance(5 * NS)
    collector.jobs.run("judge")
    assert here.get("/api/v1/findings").json() == []


def test_a_restarted_collector_knows_power_again_from_its_journal(collector: Collector) -> None:
    before = collector.snapshot().power
    again = Collector(collector.folder, clock=collector.clock)
    assert again.live.snapshot().power.ups[0].state is UpsState.TIDAK_DIKETAHUI
    again.live.adopt(again.live.inventory)
    again.take_up()
    assert again.snapshot().power == before

"""/metrics of a data centre with everything in it: raw series with their tags, bounded, and clean for promtool."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.clock import MS, NS, ManualClock
from agent.reading import Reading, reading
from collector.feeds.exposition import exposition
from collector.newest import MOST_SERIES
from collector.running import Collector
from collector.web.facts import facts
from tests.collector.door import NOW as SENT
from tests.collector.door import Door, envelope
from tests.collector.register_sample import document
from tests.collector.test_datacentre import BEGUN, CENTRE, DAY, day_of, send
from tests.collector.web_visitor import running, settings_at

NOW = BEGUN + 4 * DAY
BITS = {
    *("nadi_interface_speed", "nadi_link_rate", "nadi_queue_limit", "nadi_opd_rate", "nadi_opd_allocation"),
    *("nadi_opd_floor", "nadi_capacity_contracted", "nadi_capacity_rate", "nadi_capacity_allocated"),
    *("nadi_evaluation_p95", "nadi_evaluation_p95_min", "nadi_evaluation_p95_max", "nadi_evaluation_mean"),
    *("nadi_evaluation_peak", "nadi_evaluation_busy_hour_mean", "nadi_evaluation_need"),
    *("nadi_evaluation_upstream_p95", "nadi_report_p95", "nadi_report_recommended"),
}
"""Rates are bit/s because determinations and contracts are (spec/dashboards.md 1.1): 19 names and no more."""


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    clock = ManualClock(BEGUN - DAY, boot_ns=10**15)
    with running(settings_at(tmp_path), clock=clock) as collector:
        collector.folder.register.apply(document(CENTRE), actor="t", now_ns=BEGUN - DAY)
        collector.live.adopt(collector.folder.register.inventory())
        send(collector.folder, [*day_of(NOW - DAY), *told()], at_ns=NOW)
        collector.take_up()
        collector.jobs.run("judge")
        yield collector


def told() -> list[Reading]:
    at, web = NOW - 5 * NS, {"device": "s1", "target": "simpeg", "probe": "http"}
    return [
        reading("nadi_host", {"cpu_seconds_total": 12.5}, at, host="s1", mode="idle"),
        reading("nadi_host", {"filesystem_size_bytes": 2**53 + 1}, at, host="s1", mountpoint='/srv/"a"', fstype="ext4"),
        reading("nadi_service", {"up": 0, "failed": 1}, at, device="s1", unit="nginx.service"),
        reading("nadi_probe", {"success": 1, "certificate_not_after_timestamp_seconds": 1.8e9}, at, **web),
        reading("nadi_tape", {"alerts": 0}, at, device="s1", drive="nst0"),
        reading("nadi_generator", {"up": 1, "running": 0, "last_test_passed": 1}, at, generator="g1"),
        reading("nadi_pdu", {"load_ratio": 0.5, "energy_watt_hours": 7.0}, at, device="e1", circuit="L1"),
        reading("nadi_sensor", {"ok": 0}, at, device="e1", sensor="kipas"),
        reading("nadi_trap", {"received_total": 3}, at, device="e1", kind="other"),
    ]


def found(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    made: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for item in family.samples:
            made.setdefault(item.name, []).append((item.labels, item.value))
    return made


def test_what_servers_and_units_told_stands_there_with_its_tags(collector: Collector) -> None:
    series = found(exposition(facts(collector)).decode())
    assert series["nadi_host_cpu_seconds_total"] == [({"host": "s1", "mode": "idle"}, 12.5)]
    where = {"host": "s1", "mountpoint": '/srv/"a"', "fstype": "ext4"}
    assert series["nadi_host_filesystem_size_bytes"] == [(where, float(2**53))]
    assert series["nadi_service_failed"] == [({"device": "s1", "unit": "nginx.service"}, 1)]
    assert series["nadi_tape_alerts"] == [({"device": "s1", "drive": "nst0"}, 0)]
    assert series["nadi_generator_running"] == [({"generator": "g1"}, 0)]
    assert series["nadi_pdu_load_ratio"] == [({"device": "e1", "circuit": "L1"}, 0.5)]
    assert series["nadi_sensor_ok"] == [({"device": "e1", "sensor": "kipas"}, 0)]
    assert series["nadi_trap_received_total"] == [({"device": "e1", "kind": "other"}, 3)]
    assert series["nadi_certificate_not_after_timestamp_seconds"] == [({"name": "s1/simpeg"}, 1.8e9)]
    assert "nadi_pdu_energy_watt_hours" not in series


def test_the_data_centre_stands_there_as_it_was_judged(collector: Collector) -> None:
    series = found(exposition(facts(collector)).decode())
    assert {labels["host"]: value for labels, value in series["nadi_host_up"]} == {"s1": 1, "s2": 1, "s3": 0}
    assert {labels["server"] for labels, _ in series["nadi_server_protected"]} == {"s1", "s2", "s3"}
    assert series["nadi_backup_last_full_timestamp_seconds"][0][0] == {
        "server": "s1",
        "job": "harian",
        "engine": "bacula",
    }
    assert series["nadi_ups_battery_events"] == [({"site": "noc", "ups": "u1"}, 1)]
    assert series["nadi_ats_last_transfer_duration_seconds"] == [({"site": "noc", "ats": "a1"}, 180)]
    assert series["nadi_generator_last_test_passed"] == [({"generator": "g1", "site": "noc"}, 1)]


def test_no_series_stands_there_twice(collector: Collector) -> None:
    lines = [line.rpartition(" ")[0] for line in exposition(facts(collector)).decode().splitlines() if line[0] != "#"]
    assert len(lines) == len(set(lines)) > 100


def test_a_unit_that_names_its_parts_anew_each_time_takes_no_more_room(collector: Collector) -> None:
    many = [
        reading("nadi_sensor", {"ok": 1}, NOW - NS + i * MS, device="e1", sensor=f"bagian {i}")
        for i in range(MOST_SERIES + 40)
    ]
    send(collector.folder, many, at_ns=NOW)
    collector.take_up()
    collector.live._kept = None
    assert len(found(exposition(facts(collector)).decode())["nadi_sensor_ok"]) <= MOST_SERIES


def test_promtool_finds_nothing_wrong_but_the_rates_in_bits(collector: Collector) -> None:
    if not shutil.which("promtool"):
        assert os.environ.get("CI") != "true", "promtool is missing: apt-get install prometheus"
        pytest.skip("promtool is not installed (Debian: prometheus)")
    text = exposition(facts(collector))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30)
    lines = (done.stdout + done.stderr).decode().splitlines()
    assert done.returncode in (0, 3), lines
    allowed = {f'{name}_bits_per_second use base unit "bytes" instead of "bits"' for name in BITS}
    assert [line for line in lines if line not in allowed] == []
    assert len(BITS) == 19


def test_the_clock_of_an_agent_is_compared_at_each_delivery(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.post(envelope(1), clock=f"b {SENT + 90 * NS} {10**15}")
    assert door.ingest.offsets == {"ag-1": SENT + 90 * NS - door.clock.now().wall_ns}
    door.post(envelope(2))
    assert len(door.ingest.offsets) == 1
    door.journal.close()

"""Findings of settled bins, from readings to page and metrics; none is claimed before the bins were judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock
from collector.running import Collector
from collector.web.api import create
from tests.collector.register_sample import NOW, WHOLE, document
from tests.collector.web_visitor import Visitor, running, settings_at

LIMITED = WHOLE.replace('owner = "Pemkab"', 'owner = "Pemkab"\nlimited = true')
OCTETS_A_SECOND = 100_000_000 // 8


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW, boot_ns=10**15, boot_id="b")


@pytest.fixture
def collector(tmp_path: Path, clock: ManualClock) -> Iterator[Collector]:
    with running(settings_at(tmp_path), clock=clock) as collector:
        text = LIMITED.replace('name = "Router 1"', 'name = "Router 1"\nsource = "token:tele"')
        collector.folder.register.apply(document(text), actor="t", now_ns=NOW)
        collector.live.adopt(collector.folder.register.inventory())
        send(collector, [(second, second * OCTETS_A_SECOND) for second in range(-3600, 1, 30)])
        yield collector


def send(collector: Collector, counted: list[tuple[int, int]]) -> None:
    """Deliver readings: seconds from NOW, octets received (from a million seconds' worth on)."""
    access, now_ns = collector.folder.register.access, collector.clock.now().wall_ns
    token = access.mint_write_token(name="tele", devices=["r1"], actor="t", now_ns=now_ns)
    body = "".join(
        f"nadi_interface,device=r1,interface=ether1 receive_bytes_total={10**6 * OCTETS_A_SECOND + octets}u,"
        f"transmit_bytes_total=0u {NOW + second * NS}\n"
        for second, octets in counted
    )
    assert collector.ingest.write(body.encode(), token=token, precision="ns", gzip=False).status == 204
    access.revoke_write_token("tele", actor="t", now_ns=now_ns)


def test_100_of_90_mbps_on_a_limited_link_is_found_and_shown(collector: Collector) -> None:
    collector.jobs.run("judge")
    here = Visitor(create(collector))
    found = here.get("/api/v1/findings").json()
    assert {(item["rule"], item["object"], item["direction"]) for item in found} == {
        ("at_ceiling", "BPKAD", "unduh"),
        ("over_allocation", "BPKAD", "unduh"),
    }
    assert "melampaui alokasi padahal dibatasi: 100,00 Mbps" in here.get("/").text
    assert 'nadi_finding_open{rule="over_allocation",severity="tinggi"} 1.0' in here.get("/metrics").text
    assert 'nadi_evaluation_coverage_ratio{opd="BPKAD"}' in here.get("/metrics").text


def test_a_finding_that_ended_stands_no_longer(collector: Collector, clock: ManualClock) -> None:
    clock.advance(1800 * NS)
    send(collector, [(second, 0) for second in range(30, 1801, 30)])
    collector.jobs.run("judge")
    assert collector.judgement is not None
    assert collector.judgement.findings == ()


def test_a_bin_that_is_not_the_newest_is_not_exported_as_if_it_were(collector: Collector, clock: ManualClock) -> None:
    here = Visitor(create(collector))
    assert 'nadi_opd_rate_bits_per_second{direction="unduh",opd="BPKAD"} 100000000.0' in here.get("/metrics").text
    clock.advance(600 * NS)
    later = here.get("/metrics").text
    assert "nadi_opd_rate_bits_per_second" not in later
    assert 'nadi_link_bin_valid{link="wan-bpkad",opd="BPKAD"} 0.0' in later


def test_before_the_first_judgement_nothing_is_claimed(collector: Collector) -> None:
    here = Visitor(create(collector))
    assert here.get("/api/v1/findings").json() is None
    assert "temuan belum diperiksa" in here.get("/").text
    assert "nadi_finding" not in here.get("/metrics").text


def test_a_judgement_that_grows_old_is_no_longer_shown(collector: Collector, clock: ManualClock) -> None:
    collector.jobs.run("judge")
    clock.advance(901 * NS)
    metrics = Visitor(create(collector)).get("/metrics").text
    assert "nadi_finding" not in metrics
    assert "nadi_evaluation" not in metrics


def test_a_fault_of_the_data_folder_is_told_and_ends_nothing_else(collector: Collector) -> None:
    (collector.folder.settings.data / "chunks.db").write_bytes(b"no database" * 1000)
    collector.folder.archive._readers.clear()
    here = Visitor(create(collector))
    answer = here.get("/api/v1/evaluations/2026-08")
    assert (answer.status_code, "chunks.db" in answer.json()["message"]) == (500, True)
    collector.jobs.run("judge")
    assert "Pekerjaan gagal: Pemeriksaan bin" in here.get("/").text
    assert here.get("/api/v1/status").json()["opds"][0]["state"] == "hidup"

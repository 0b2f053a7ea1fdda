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
        access = collector.folder.register.access
        token = access.mint_write_token(name="tele", devices=["r1"], actor="t", now_ns=NOW)
        body = "".join(
            f"nadi_interface,device=r1,interface=ether1 receive_bytes_total={(3600 - ago) * OCTETS_A_SECOND}u,"
            f"transmit_bytes_total=0u {NOW - ago * NS}\n"
            for ago in range(3600, -1, -30)
        )
        assert collector.ingest.write(body.encode(), token=token, precision="ns", gzip=False).status == 204
        yield collector


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

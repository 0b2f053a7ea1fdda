"""Incidents that a fall opens: one a fall, for what is certain, and never for what is only learned afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from agent.clock import NS, WIB
from collector.feeds.moment import written
from collector.flips import Fall
from collector.judge.now import State
from collector.register.engine import RegisterError
from collector.register.records.disconnection import DISCONNECTION, Disconnection
from collector.register.records.incident import FLIP, INCIDENT, Incident
from collector.register.records.maintenance import MAINTENANCE, Maintenance
from collector.report_life import COLLECTOR
from collector.watch import IncidentSettings, summary
from collector.web.facts import facts
from tests.collector.test_live import link
from tests.collector.watch_place import OFFICIAL, START, Place, place


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as made:
        yield made


def at(minute: float) -> datetime:
    return WIB.local(START + round(minute * 60) * NS)


def only(town: Place) -> Incident:
    assert len(town.incidents) == 1
    form: Incident = town.incidents[0].form
    return form


def test_a_fall_that_stood_opens_one_incident_dated_by_the_reading(town: Place) -> None:
    town.until(12, wan_a=0)
    record, form = town.incidents[0], only(town)
    assert (record.code, record.state, record.actor, record.opd) == ("INS-2026-00001", "dilaporkan", "nadi", "A")
    assert (form.link, form.started, form.type) == ("wan-a", at(0.4166667), "gangguan")
    assert (form.suspected, form.attribution, form.ended) == ("WAN", "", None)
    assert "sejak 02-11-2026 09.00.25 WIB" in form.summary


def test_a_fall_shorter_than_it_takes_to_confirm_opens_none(town: Place) -> None:
    town.until(3, wan_a=0)
    town.until(10, wan_a=1)
    assert town.incidents == []


def test_silence_is_no_fall(town: Place) -> None:
    town.until(30, wan_a=None)
    assert town.incidents == []
    assert town.collector.watch.standing["wan-a"].shown.state is State.TIDAK_DIKETAHUI


def test_a_link_that_comes_and_goes_has_one_incident(town: Place) -> None:
    for minute in range(5, 120, 5):
        town.until(minute, wan_a=minute // 5 % 2)
    assert len(town.incidents) == 1
    assert town.incidents[0].revision == 1


def test_a_recovery_is_recorded_when_it_stood_and_ends_nothing(town: Place) -> None:
    town.until(10, wan_a=0)
    town.until(18, wan_a=1)
    assert only(town).recovered is None
    town.until(25)
    record, form = town.incidents[0], only(town)
    assert (record.state, record.revision, record.papers.note) == ("dilaporkan", 2, "Pulih menurut pengukuran")
    assert (form.recovered, form.recovered_by, form.ended) == (at(10.4166667), "nadi", None)
    town.until(40, wan_a=0)
    assert only(town).recovered is None
    assert town.incidents[0].revision == 3


def test_a_dead_uplink_is_one_incident_which_names_who_is_behind_it(town: Place) -> None:
    town.until(15, hulu=0, wan_a=0, wan_b=0)
    form = only(town)
    assert (form.link, form.opd, form.suspected) == ("hulu", "", "Penyedia")
    assert form.summary.endswith("Perangkat Daerah di belakangnya: A, B.")
    town.until(17, hulu=1, wan_b=1)
    assert len(town.incidents) == 1
    town.until(25)
    assert [item.form.link for item in town.incidents] == ["hulu", "wan-a"]


def test_work_and_disconnections_open_none_until_they_are_over(town: Place) -> None:
    town.open(MAINTENANCE, Maintenance("Ganti", "Aus", at(1), at(20), opds=("A",)))
    town.until(20, wan_a=0)
    assert town.incidents == []
    town.until(25)
    assert only(town).started == at(20)


def test_a_disconnected_agency_has_none(town: Place) -> None:
    form = Disconnection(
        type="pemutusan", opd="A", ground="kapasitas", reason="Ujian", starts=at(1), ends=at(10), notice="surat",
        legal_basis="Pasal 12",
    )  # fmt: skip
    code = town.open(DISCONNECTION, form)
    town.move(DISCONNECTION, code, "disetujui", who=OFFICIAL)
    town.until(1)
    town.move(DISCONNECTION, code, "aktif", started=at(1))
    town.until(30, wan_a=0)
    assert town.incidents == []


def test_a_restart_opens_none_twice_and_keeps_since_when_a_link_is_down(tmp_path: Path) -> None:
    with place(tmp_path) as first:
        first.until(60, wan_a=0)
        before = first.collector.watch.standing["wan-a"]
    with first.again() as town:
        town.until(70)
        assert len(town.incidents) == 1
        assert town.collector.watch.standing["wan-a"] == before


def test_a_backlog_of_an_old_fall_opens_none(town: Place) -> None:
    town.until(60, wan_a=None)
    times = [START + second * NS for second in range(600, 1800, 30)]
    town.write(times, {"wan-a": 0})
    town.write([time_ns + 1200 * NS for time_ns in times], {"wan-a": 1})
    town.until(65, wan_a=1)
    assert town.incidents == []


def test_somebody_elses_incident_of_the_same_agency_is_enough(town: Place) -> None:
    form = Incident(type="gangguan", summary="Internet mati", reporter="ani", started=at(0), opd="A")
    town.open(INCIDENT, form)
    town.until(20, wan_a=0)
    assert len(town.incidents) == 1


def test_a_fall_that_people_ended_opens_none_again_but_the_next_one_does(town: Place) -> None:
    town.until(10, wan_a=0)
    code = town.incidents[0].code
    town.move(INCIDENT, code, "ditangani", acknowledged=at(9), level="")
    town.move(INCIDENT, code, "selesai", ended=at(10), cause="Serat", action="Disambung", attribution="WAN")
    town.until(80)
    assert len(town.incidents) == 1
    town.until(85, wan_a=1)
    town.until(95, wan_a=0)
    assert len(town.incidents) == 2


@pytest.mark.parametrize(("status", "suspected"), [("on_battery=1i", "Listrik"), ("on_battery=0i", "WAN")])
def test_power_is_suspected_where_the_ups_of_the_place_says_so(town: Place, status: str, suspected: str) -> None:
    town.more = f"nadi_ups,ups=ups-b up=1i,{status}"
    town.until(10, wan_b=0, wan_a=0)
    found = {item.form.link: item.form.suspected for item in town.incidents}
    assert found == {"wan-b": suspected, "wan-a": "WAN"}


def test_a_router_that_was_switched_on_again_speaks_for_the_power(town: Place) -> None:
    town.until(10, wan_a=0)
    town.more = "nadi_device,device=ra up=1i,uptime_seconds=30.0"
    town.until(11, wan_a=1)
    town.more = ""
    town.until(12)
    assert only(town).proposed == "WAN"
    town.more = f"nadi_device,device=ra up=1i,uptime_seconds={15 * 60}.0"
    town.until(25)
    form = only(town)
    assert form.restarted is not None
    assert (form.proposed, form.attribution) == ("Listrik", "")


def test_nobody_gets_an_account_by_the_name_under_which_nadi_acts(town: Place) -> None:
    accounts = town.collector.folder.register.accounts
    for name in (FLIP.name, COLLECTOR.name):
        with pytest.raises(RegisterError, match="reserved"):
            accounts.add(name, full_name="Palsu", roles=["noc"], opds=(), actor="t", now_ns=START)


def test_since_when_a_link_is_as_it_is_is_a_series_unless_nobody_knows(town: Place) -> None:
    town.until(5, wan_a=0)
    name = "nadi_link_state_changed_timestamp_seconds"
    found = {labels: value for series, labels, value in written(facts(town.collector)) if series == name}
    assert found == {("wan-a", "A"): START / NS + 25}
    opened = {
        labels: value for series, labels, value in written(facts(town.collector)) if series.endswith("opened_total")
    }
    assert opened == {("gangguan", "WAN", "terukur"): 1}


def test_it_may_be_switched_off(tmp_path: Path) -> None:
    with place(tmp_path, open_by_flip=False) as town:
        town.until(20, wan_a=0)
        assert town.incidents == []


def test_a_damaged_file_is_learned_anew(tmp_path: Path) -> None:
    with place(tmp_path) as first:
        first.until(5)
    (tmp_path / "links.json").write_bytes(os.urandom(64))
    with first.again() as town:
        town.until(10)
        assert town.collector.watch.standing["wan-a"].shown.state is State.HIDUP


def test_a_summary_stays_within_bounds() -> None:
    with pytest.raises(ValueError, match="confirm_seconds"):
        IncidentSettings(confirm_seconds=-1)
    fall = Fall(link("h", role="uplink"), START // 10**6, False, tuple(f"OPD-{n:04d}" for n in range(500)))
    text = summary(fall, WIB)
    assert text.endswith("dan 400 lainnya.")
    assert "sekurang-kurangnya sejak" in text

"""What the registers mean now: clocks of incidents, what is under way, what is due; and the series made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import text

from agent.clock import DAY_S, NS, WIB, Month
from collector.duties import duties, unrecorded
from collector.feeds.derived import DERIVED
from collector.feeds.registers import paperwork
from collector.judge.availability import LinkTimes, availability
from collector.judge.network import NetworkMonth, NetworkRow
from collector.judge.service import Case, ServiceHours, Target, due, service
from collector.measure.intervals import NEVER, Intervals
from collector.measure.probing import Quality
from collector.paperwork import MOST_OPEN, DutySettings, Paperwork
from collector.paperwork import Desk as Reader
from collector.register.records.disconnection import DISCONNECTION, Disconnection
from collector.register.records.followup import FOLLOWUP, Followup
from collector.register.records.incident import FLIP, INCIDENT, Incident, Pause
from collector.register.records.logcheck import LOGCHECK, LogCheck, Source
from collector.register.records.maintenance import MAINTENANCE, Maintenance
from collector.register.records.service_level import SERVICE_LEVEL, Level, ServiceLevels
from collector.register.registers import KINDS
from collector.register.shelf import Shelf
from tests.collector.book_sample import CHECKER, NOC, OFFICIAL, Desk, at

LEVELS = ServiceLevels(
    valid_from=date(2026, 3, 3),
    levels=(Level("utama", "Utama", 15, 60), Level("biasa", "Biasa", 60, 480)),
    usual="biasa",
    legal_basis="Pasal 10",
    explanation="-",
)
DOWN = Incident(
    type="gangguan", summary="Tautan putus", reporter="ani", started=at("03-05T08:00"), opd="DINKES", link="wan-dinkes"
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "register.db")
    code = made.open(SERVICE_LEVEL, LEVELS).code
    made.move(SERVICE_LEVEL, code, "berlaku", OFFICIAL)
    made.at("03-05T09:00")
    yield made
    made.register.close()


def read(desk: Desk, shelf: Shelf | None = None, *, measured: tuple[Month, ...] = ()) -> Paperwork:
    shelf = shelf or Shelf(desk.book, KINDS)
    shelf.follow()
    reader = Reader(shelf, desk.register.inventory(), WIB, holidays=(), duties=DutySettings())
    return reader.at(desk.now_ns, measured=measured)


def series(papers: Paperwork, desk: Desk, name: str) -> dict[tuple[str, ...], float]:
    found = {}
    for written, labels, value in paperwork(papers, desk.register.inventory()):
        assert len(labels) == len(DERIVED[written].labels), written
        if written == name and value is not None:
            found[labels] = float(value)
    return found


def test_an_open_incident_is_told_with_its_level_and_deadline(desk: Desk) -> None:
    code = desk.open(INCIDENT, DOWN).code
    papers = read(desk)
    labels = (code, "DINKES", "gangguan", "biasa", "WAN", "dilaporkan")
    began = WIB.parse("2026-03-05T08:00")
    assert series(papers, desk, "nadi_incident_started_timestamp_seconds") == {labels: began / NS}
    assert series(papers, desk, "nadi_incident_restore_due_timestamp_seconds") == {labels: began / NS + 480 * 60}
    assert series(papers, desk, "nadi_incident_open")["gangguan", "biasa", "WAN"] == 1
    assert series(papers, desk, "nadi_incident_open")["keluhan", "biasa", ""] == 0


def test_an_incident_that_nobody_answered_in_time_is_broken_and_one_that_ended_is_no_more_open(desk: Desk) -> None:
    code = desk.open(INCIDENT, DOWN).code
    assert series(read(desk), desk, "nadi_incident_breached")["gangguan", "biasa", "WAN"] == 1
    desk.move(INCIDENT, code, "ditangani", acknowledged=at("03-05T08:30"), level="")
    assert series(read(desk), desk, "nadi_incident_breached")["gangguan", "biasa", "WAN"] == 0
    desk.at("03-05T18:00").move(
        INCIDENT, code, "selesai", ended=at("03-05T17:30"), cause="Serat", action="Disambung", attribution="WAN"
    )
    papers = read(desk)
    assert papers.incidents == ()
    assert series(papers, desk, "nadi_incident_open")["gangguan", "biasa", "WAN"] == 0
    assert papers.kept == {"biasa": (Fraction(1), Fraction(0))}


def test_a_pause_moves_the_deadline_before_it_is_approved(desk: Desk) -> None:
    code = desk.open(INCIDENT, DOWN).code
    desk.move(INCIDENT, code, "ditangani", acknowledged=at("03-05T08:30"), level="utama")
    before = read(desk).incidents[0]
    desk.move(INCIDENT, code, "ditunda", pauses=(Pause(at("03-05T08:40"), "menunggu izin"),))
    after = read(desk).incidents[0]
    assert before.due_ns == WIB.parse("2026-03-05T09:00")
    assert before.breached
    assert after.due_ns == desk.now_ns + 20 * 60 * NS
    assert after.service is not None
    assert after.service.restore.verdict == "berjalan"


def test_what_was_opened_is_counted_by_what_never_changes(desk: Desk) -> None:
    code = desk.open(INCIDENT, replace(DOWN, reporter="nadi", suspected="Listrik"), FLIP).code
    desk.open(INCIDENT, DOWN)
    before = read(desk).opened
    desk.move(INCIDENT, code, "ditangani", acknowledged=at("03-05T08:30"), level="")
    desk.at("03-05T12:00").move(
        INCIDENT, code, "selesai", ended=at("03-05T11:30"), cause="Serat", action="Disambung", attribution="Penyedia"
    )
    assert read(desk).opened == before == {("gangguan", "Listrik", "terukur"): 1, ("gangguan", "WAN", "dilaporkan"): 1}


def test_disconnections_and_work_are_told_while_they_last(desk: Desk) -> None:
    apart = Disconnection(
        type="pemutusan", opd="DISDIK", ground="kapasitas", reason="Ujian", starts=at("03-05T09:30"),
        ends=at("03-05T10:00"), legal_basis="Pasal 12", notice="surat", proposer="",
    )  # fmt: skip
    code = desk.open(DISCONNECTION, apart).code
    desk.move(DISCONNECTION, code, "disetujui", OFFICIAL)
    work = Maintenance(title="Ganti", reason="Aus", starts=at("03-05T09:00"), ends=at("03-05T11:00"), opds=("DINKES",))
    number = desk.open(MAINTENANCE, work).code
    desk.at("03-05T09:30").move(DISCONNECTION, code, "aktif", started=at("03-05T09:30"))
    papers = read(desk.at("03-05T10:30"))
    labels = (code, "DISDIK", "", "kapasitas")
    ends = WIB.parse("2026-03-05T10:00") / NS
    assert series(papers, desk, "nadi_disconnection_planned_end_timestamp_seconds") == {labels: ends}
    assert set(series(papers, desk, "nadi_maintenance_active")) == {
        (number, "wan-dinkes", "DINKES"),
        (number, "wan-dinkes-2", "DINKES"),
    }
    assert read(desk.at("03-05T11:30")).work == ()


def test_a_month_is_due_until_it_is_signed_and_a_recommendation_until_it_is_done(desk: Desk) -> None:
    february = Month.parse("2026-02")
    desk.open(FOLLOWUP, Followup("2026-02", "Tambah", "Dinas", date(2026, 3, 4)), CHECKER)
    papers = read(desk, measured=(february, Month.parse("2026-03")))
    end = february.end_ns(WIB)
    assert [(str(item.month), item.state, item.due_ns) for item in papers.reports] == [
        ("2026-02", 0, end + 10 * DAY_S * NS)
    ]
    assert (papers.reports[0].open, papers.reports[0].overdue, len(papers.followups)) == (1, 1, 1)
    assert papers.log_checks == ((february, end + 10 * DAY_S * NS),)
    code = desk.open(LOGCHECK, LogCheck("2026-02", (Source("rsyslog", 0),), "Tidak ada", "Tidak ada"), NOC).code
    assert read(desk, measured=(february,)).log_checks
    desk.move(LOGCHECK, code, "disahkan", CHECKER)
    assert read(desk, measured=(february,)).log_checks == ()


def test_the_shelf_follows_what_is_written_and_leaves_out_what_cannot_be_read(desk: Desk) -> None:
    shelf = Shelf(desk.book, KINDS)
    shelf.follow()
    code = desk.open(INCIDENT, DOWN).code
    assert [item.record.code for item in read(desk, shelf).incidents] == [code]
    assert shelf.follow() == desk.book.last_id()
    desk.move(INCIDENT, code, "ditangani", acknowledged=at("03-05T08:30"), level="")
    assert read(desk, shelf).incidents[0].record.state == "ditangani"
    with desk.book._engine.begin() as connection:
        connection.execute(text("UPDATE record SET body = '{}' WHERE kind = 'insiden' AND revision = 2"))
    assert read(desk).incidents[0].record.state == "dilaporkan"


@pytest.mark.parametrize("minutes", [1, 30, 539, 540, 541, 1080, 4000])
def test_the_deadline_is_when_the_time_to_restore_is_used_up(minutes: int) -> None:
    hours = ServiceHours((0, 1, 2, 3, 4), 7 * 60 + 30, 16 * 60 + 30, holidays=False)
    start = WIB.parse("2026-03-05T15:00")
    case = Case(start, pauses=Intervals.of([(start + 10 * 60 * NS, start + 40 * 60 * NS)]))
    holiday = [date(2026, 3, 9)]
    end = due(case, minutes, hours, zone=WIB, holidays=holiday)
    assert end is not None
    for moved, verdict in ((0, "berjalan"), (1, "terlampaui")):
        target = service(case, Target(minutes, minutes, hours), now_ns=end + moved, zone=WIB, holidays=holiday).restore
        assert target.verdict == verdict
    assert due(case, minutes, ServiceHours(weekdays=()), zone=WIB) is None


def test_what_is_overdue_is_a_finding_since_its_deadline(desk: Desk) -> None:
    february = Month.parse("2026-02")
    ask = desk.open(FOLLOWUP, Followup("2026-02", "Tambah", "Dinas", date(2026, 3, 4)), CHECKER).code
    late = desk.open(INCIDENT, DOWN).code
    found = {(item.rule, item.object): item.start_ns for item in duties(read(desk, measured=(february,)), zone=WIB)}
    assert found == {
        ("followup_overdue", ask): WIB.parse("2026-03-05"),
        ("incident_unanswered", late): WIB.parse("2026-03-05T09:00"),
    }
    desk.at("03-11T00:01")
    rules = {item.rule: item.start_ns for item in duties(read(desk, measured=(february,)), zone=WIB)}
    assert rules["report_undelivered"] == rules["log_check_overdue"] == WIB.parse("2026-03-11")
    assert rules["incident_unrestored"] == WIB.parse("2026-03-05T16:00")


def test_a_disconnection_past_its_plan_is_a_finding_while_it_is_active(desk: Desk) -> None:
    form = Disconnection(
        type="pemutusan", opd="DISDIK", ground="kapasitas", reason="Ujian", starts=at("03-05T09:30"),
        ends=at("03-05T10:00"), legal_basis="Pasal 12", notice="surat",
    )  # fmt: skip
    code = desk.open(DISCONNECTION, form).code
    desk.move(DISCONNECTION, code, "disetujui", OFFICIAL)
    desk.at("03-05T09:30").move(DISCONNECTION, code, "aktif", started=at("03-05T09:30"))
    assert duties(read(desk.at("03-05T10:00")), zone=WIB) == []
    found = duties(read(desk.at("03-05T10:01")), zone=WIB)
    assert [(item.rule, item.object) for item in found] == [("disconnection_overdue", code)]
    desk.move(DISCONNECTION, code, "selesai", ended=at("03-05T10:01"), evidence="ping")
    assert duties(read(desk), zone=WIB) == []


def test_an_outage_that_nobody_wrote_down_is_marked(desk: Desk) -> None:
    link = desk.register.inventory().link["wan-dinkes"]
    began = WIB.parse("2026-03-04T08:00")
    spans = Intervals.of([(began - 3600 * NS, began - 3500 * NS), (began, began + 600 * NS)])
    times = LinkTimes(link.code, link.active, spans, NEVER)
    judged = availability(times, start_ns=began - DAY_S * NS, end_ns=desk.now_ns)
    row = NetworkRow(link, judged, Quality(0, None, None, None), outages=spans)

    def marked() -> list[int]:
        shelf = Shelf(desk.book, KINDS)
        shelf.follow()
        found = unrecorded(NetworkMonth((row,)), shelf.of(INCIDENT), now_ns=desk.now_ns, least_seconds=180)
        return [item.start_ns for item in found]

    assert marked() == [began]
    desk.open(INCIDENT, replace(DOWN, link="wan-disdik", opd="DISDIK", started=at("03-04T08:05")))
    assert marked() == [began]
    desk.open(INCIDENT, replace(DOWN, started=at("03-04T08:05")))
    assert marked() == []


def test_of_many_open_incidents_the_oldest_are_told_one_by_one_and_all_are_counted(desk: Desk) -> None:
    desk.at("03-20T00:00")
    start = at("03-05T08:00")
    for minute in reversed(range(MOST_OPEN + 5)):
        desk.open(INCIDENT, replace(DOWN, started=start + timedelta(minutes=minute)))
    papers = read(desk)
    told = series(papers, desk, "nadi_incident_started_timestamp_seconds")
    assert len(told) == MOST_OPEN
    assert max(told.values()) == start.timestamp() + 60 * (MOST_OPEN - 1)
    assert sum(series(papers, desk, "nadi_incident_open").values()) == MOST_OPEN + 5
    assert len(duties(papers, zone=WIB)) == MOST_OPEN

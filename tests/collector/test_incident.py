"""Incidents, the levels of service they are held to, priorities and the monthly log check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.clock import WIB, Month
from collector.judge.service import ServiceHours
from collector.register.book import Forbidden, Refused
from collector.register.records import priority, service_level
from collector.register.records.incident import FLIP, INCIDENT, Incident, Pause, case_of, outage
from collector.register.records.logcheck import LOGCHECK, Gap, LogCheck, Source, overdue
from collector.register.records.priority import DEFAULT, PRIORITY, PriorityClass
from collector.register.records.service_level import SERVICE_LEVEL, Assigned, Level, ServiceLevels
from tests.collector.book_sample import CHECKER, DINKES, DISDIK, EVERYTHING, NOC, OFFICIAL, Desk, at

DOWN = Incident(
    type="gangguan",
    summary="Tautan padam",
    reporter="Nadi",
    started=at("03-02T08:00"),
    opd="DINKES",
    link="wan-dinkes",
)
WAIT = Pause(at("03-02T09:10"), "Menunggu suku cadang")
WAITED = replace(WAIT, ends=at("03-02T09:20"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "register.db")
    yield made
    made.register.close()


def taken(desk: Desk, form: Incident = DOWN) -> str:
    code = desk.open(INCIDENT, form, FLIP).code
    return desk.move(INCIDENT, code, "ditangani", acknowledged=at("03-02T09:00"), level="").code


def solved(desk: Desk, code: str, **other: Any) -> None:
    given = {"ended": at("03-02T09:30"), "cause": "Serat putus", "action": "Disambung", "attribution": "WAN"}
    desk.at("03-02T10:00").move(INCIDENT, code, "selesai", **given | other)


def test_an_incident_opened_by_a_flip_is_worked_on_paused_solved_and_closed_by_another(desk: Desk) -> None:
    code = taken(desk)
    desk.at("03-02T09:15").move(INCIDENT, code, "ditunda", pauses=(WAIT,))
    desk.at("03-02T09:25").move(INCIDENT, code, "ditangani", pauses=(WAITED,))
    solved(desk, code)
    with pytest.raises(Forbidden, match="peran"):
        desk.move(INCIDENT, code, "ditutup", NOC, pauses_approved=True)
    done = desk.move(INCIDENT, code, "ditutup", CHECKER, pauses_approved=True)
    history = desk.book.history(INCIDENT, code)
    states = ["dilaporkan", "ditangani", "ditunda", "ditangani", "selesai", "ditutup"]
    assert [item.state for item in history] == states
    assert [item.actor for item in history] == ["nadi", *4 * ["dedi"], "gita"]
    assert (done.form.pauses, done.form.closer, done.form.attribution) == ((WAITED,), "gita", "WAN")
    assert done.at_ns == WIB.parse("2026-03-02T08:00")


def test_who_worked_on_it_does_not_close_it_and_it_may_be_sent_back(desk: Desk) -> None:
    code = desk.open(INCIDENT, DOWN, FLIP).code
    desk.move(INCIDENT, code, "ditangani", EVERYTHING, acknowledged=at("03-02T09:00"), level="biasa")
    solved(desk, code)
    with pytest.raises(Forbidden, match="orang lain"):
        desk.move(INCIDENT, code, "ditutup", EVERYTHING, pauses_approved=False)
    with pytest.raises(Refused, match="ended harus kosong"):
        desk.move(INCIDENT, code, "ditangani", CHECKER, ended=at("03-02T09:30"))
    back = desk.move(INCIDENT, code, "ditangani", CHECKER, ended=None)
    assert (back.form.ended, back.form.level) == (None, "biasa")


def test_an_opd_reports_for_itself_and_sees_its_own(desk: Desk) -> None:
    with pytest.raises(Forbidden, match="DISDIK"):
        desk.open(INCIDENT, DOWN, DISDIK)
    made = desk.open(INCIDENT, replace(DOWN, type="keluhan"), DINKES)
    assert desk.book.current(INCIDENT, actor=DISDIK) == []
    assert desk.book.current(INCIDENT, actor=DINKES) == [made]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"started": at("03-02T10:00")}, "started tidak boleh sesudah"),
        ({"summary": " "}, "summary harus diisi"),
        ({"link": "wan-disdik"}, "bukan tautan DINKES"),
        ({"level": "biasa"}, "level belum boleh"),
        ({"ended": at("03-02T08:30")}, "ended belum boleh"),
    ],
)
def test_a_report_that_cannot_be_true_is_refused(desk: Desk, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        desk.open(INCIDENT, replace(DOWN, **wrong))


@pytest.mark.parametrize(
    ("pauses", "said"),
    [
        ((), "tepat satu jeda yang belum berakhir"),
        ((WAITED,), "tepat satu jeda yang belum berakhir"),
        ((WAIT, WAITED), "jeda harus berurutan|tepat satu"),
        ((replace(WAIT, reason=""),), "alasan harus diisi"),
        ((replace(WAIT, starts=at("03-02T07:59")),), "berada antara saat mulai"),
        ((replace(WAIT, starts=at("03-02T11:00")),), "starts tidak boleh sesudah"),
        ((replace(WAITED, ends=at("03-02T09:11")), replace(WAIT, starts=at("03-02T09:10"))), "bertumpang tindih"),
    ],
)
def test_pauses_are_in_order_within_the_incident_and_have_reasons(desk: Desk, pauses: object, said: str) -> None:
    code = taken(desk)
    with pytest.raises(Refused, match=said):
        desk.at("03-02T09:30").move(INCIDENT, code, "ditunda", pauses=pauses)


def test_work_goes_on_when_every_pause_has_ended(desk: Desk) -> None:
    code = taken(desk)
    desk.at("03-02T09:15").move(INCIDENT, code, "ditunda", pauses=(WAIT,))
    with pytest.raises(Refused, match="semua jeda harus berakhir"):
        desk.move(INCIDENT, code, "ditangani", pauses=(WAIT,))


def test_a_solution_names_cause_action_and_end(desk: Desk) -> None:
    for wrong, said in (
        ({"cause": ""}, "cause"),
        ({"action": " "}, "action"),
        ({"ended": None}, "ended"),
        ({"attribution": "Bulan"}, "attribution"),
        ({"ended": at("03-02T08:30")}, "ended tidak boleh sebelum acknowledged"),
    ):
        with pytest.raises(Refused, match=said):
            solved(desk, taken(desk), **wrong)


LEVEL = Level("biasa", "Biasa", response_minutes=30, restore_minutes=240, opens="07:30", closes="16:00")
TABLE = ServiceLevels(
    valid_from=date(2026, 3, 10),
    levels=(LEVEL, replace(LEVEL, code="penting"), replace(LEVEL, code="rendah")),
    usual="biasa",
    legal_basis="Perbup 12/2026",
    explanation="Tabel pertama",
    assigned=(Assigned("penting", opd="DINKES"), Assigned("rendah", type="permintaan")),
)


def determined(desk: Desk, table: ServiceLevels) -> None:
    code = desk.open(SERVICE_LEVEL, table).code
    desk.move(SERVICE_LEVEL, code, "berlaku", OFFICIAL)


def test_the_table_in_force_is_the_latest_determined_one(desk: Desk) -> None:
    desk.open(SERVICE_LEVEL, replace(TABLE, valid_from=date(2026, 3, 5)))
    determined(desk, TABLE)
    determined(desk, replace(TABLE, valid_from=date(2026, 4, 1), usual="rendah"))
    determined(desk, replace(TABLE, valid_from=date(2026, 4, 1), usual="penting"))
    records = desk.book.current(SERVICE_LEVEL)
    tables = [service_level.in_force(records, date(2026, *day)) for day in ((3, 9), (3, 10), (3, 31), (4, 1))]
    assert [table and table.usual for table in tables] == [None, "biasa", "biasa", "penting"]


def test_a_level_is_the_incidents_own_else_the_most_narrowly_assigned() -> None:
    both = replace(TABLE, assigned=(*TABLE.assigned, Assigned("biasa", opd="DINKES", type="permintaan")))

    def found(table: ServiceLevels, **of: Any) -> str | None:
        level = table.level_of(**of)
        return None if level is None else level.code

    assert found(TABLE, opd="DINKES", type="permintaan") == "penting"
    assert found(both, opd="DINKES", type="permintaan") == "biasa"
    assert found(TABLE, opd="DISDIK", type="permintaan") == "rendah"
    assert found(TABLE, opd="DISDIK", type="gangguan") == "biasa"
    assert found(TABLE, opd="DINKES", type="gangguan", code="rendah") == "rendah"
    assert found(TABLE, opd="DINKES", type="gangguan", code="lain") is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"levels": ()}, "sedikitnya satu tingkat"),
        ({"levels": (LEVEL, LEVEL)}, "kode sendiri"),
        ({"usual": "lain"}, "'lain' tidak ada"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"levels": (replace(LEVEL, response_minutes=0),)}, "waktu tanggap"),
        ({"levels": (replace(LEVEL, restore_minutes=29),)}, "waktu tanggap"),
        ({"levels": (replace(LEVEL, weekdays=(7,)),)}, "weekdays"),
        ({"levels": (replace(LEVEL, closes="07:30"),)}, "jam layanan"),
        ({"levels": (replace(LEVEL, opens="7:30"),)}, "jam layanan"),
        ({"levels": (replace(LEVEL, availability_percent="99,5"),)}, "persen"),
        ({"levels": (replace(LEVEL, availability_percent="100.1"),)}, "persen"),
        ({"levels": (replace(LEVEL, availability_percent="0"),)}, "persen"),
        ({"assigned": (Assigned("biasa"),)}, "harus menyebut opd"),
        ({"assigned": (Assigned("biasa", type="badai"),)}, "jenis 'badai'"),
        ({"assigned": 2 * (Assigned("biasa", opd="DINKES"),)}, "hanya boleh mempunyai satu"),
    ],
)
def test_a_table_of_levels_that_cannot_hold_is_refused(desk: Desk, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        desk.open(SERVICE_LEVEL, replace(TABLE, **wrong))


def test_tables_never_reach_back(desk: Desk) -> None:
    desk.at("03-11T09:00")
    code = desk.open(SERVICE_LEVEL, TABLE).code
    with pytest.raises(Refused, match="tidak boleh sebelum hari penetapan"):
        desk.move(SERVICE_LEVEL, code, "berlaku", OFFICIAL)
    with pytest.raises(Refused, match="tidak boleh sebelum hari penetapan"):
        desk.open(PRIORITY, CLASSES, OFFICIAL)


CLASSES = replace(
    DEFAULT,
    valid_from=date(2026, 3, 10),
    classes=(PriorityClass("tinggi", 5), PriorityClass("sedang", 2), PriorityClass("dasar", 1)),
    explanation="Pengaduan didahulukan",
    legal_basis="Perbup 9/2026",
)


def test_weights_are_the_defaults_until_a_table_holds(desk: Desk) -> None:
    made = desk.open(PRIORITY, CLASSES, OFFICIAL)
    desk.open(PRIORITY, replace(CLASSES, valid_from=date(2026, 5, 1), explanation="Kedua"), OFFICIAL)
    records = desk.book.current(PRIORITY)
    tables = [priority.in_force(records, date(2026, *day)) for day in ((3, 9), (3, 10), (4, 30), (5, 1))]
    assert [table.weights["tinggi"] for table in tables] == [4, 5, 5, 5]
    assert [table.explanation for table in tables[1:]] == [*2 * [CLASSES.explanation], "Kedua"]
    assert (tables[0], made.form.official) == (DEFAULT, "citra")
    assert len(DEFAULT.classes[0].services) == 12


def test_only_the_official_determines_priorities(desk: Desk) -> None:
    for actor in (NOC, CHECKER, DINKES):
        with pytest.raises(Forbidden, match="peran penetap"):
            desk.open(PRIORITY, CLASSES, actor)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"classes": CLASSES.classes[:2]}, "ketiga kelas"),
        ({"classes": (*CLASSES.classes[:2], PriorityClass("dasar", 3))}, "tidak boleh naik"),
        ({"classes": (*CLASSES.classes[:2], PriorityClass("dasar", 0))}, "antara 1 dan 100"),
        ({"explanation": ""}, "explanation"),
    ],
)
def test_a_table_of_classes_that_cannot_hold_is_refused(desk: Desk, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        desk.open(PRIORITY, replace(CLASSES, **wrong), OFFICIAL)


CHECK = LogCheck(
    month="2026-02",
    sources=(Source("rsyslog NOC", 0, 3, 20, 900, (Gap(at("02-03T01:00"), at("02-03T02:00")),)), Source("RouterOS")),
    findings="Tidak ada penyusupan",
    follow_up="Tidak ada",
)


def test_a_log_check_is_signed_by_another_and_its_months_stand_once(desk: Desk) -> None:
    made = desk.open(LOGCHECK, CHECK)
    assert made.form.sources[1].critical is None
    with pytest.raises(Refused, match="sudah ada pemeriksaan log bulanan untuk 2026-02"):
        desk.open(LOGCHECK, CHECK)
    desk.move(LOGCHECK, made.code, "dikembalikan", CHECKER)
    desk.move(LOGCHECK, made.code, "diperiksa", EVERYTHING, form=replace(CHECK, findings="Satu temuan"))
    with pytest.raises(Forbidden, match="orang lain"):
        desk.move(LOGCHECK, made.code, "disahkan", EVERYTHING)
    done = desk.move(LOGCHECK, made.code, "disahkan", CHECKER)
    assert (done.form.reviewer, done.form.signer, done.form.findings) == ("fajar", "gita", "Satu temuan")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"month": "2026-03"}, "belum berakhir"),
        ({"month": "2026-3"}, "TTTT-BB"),
        ({"sources": ()}, "satu sumber"),
        ({"sources": 2 * (Source("a"),)}, "nama sendiri"),
        ({"sources": (Source("a", -1),)}, "negatif"),
        ({"sources": (Source("a", gaps=(Gap(at("02-03T02:00"), at("02-03T01:00")),)),)}, "celah"),
        ({"sources": (Source("a", gaps=(Gap(at("02-28T23:00"), at("03-01T01:00")),)),)}, "dalam bulan"),
        ({"findings": ""}, "findings"),
    ],
)
def test_a_log_check_that_checked_nothing_is_refused(desk: Desk, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        desk.open(LOGCHECK, replace(CHECK, **wrong))


def test_a_log_check_is_overdue_until_it_is_signed(desk: Desk) -> None:
    month, due = Month(2026, 2), WIB.parse("2026-03-11")
    made = desk.open(LOGCHECK, CHECK)
    assert overdue([made], month, zone=WIB, now_ns=due)
    assert not overdue([made], month, zone=WIB, now_ns=due - 1)
    done = desk.move(LOGCHECK, made.code, "disahkan", CHECKER)
    assert not overdue([done], month, zone=WIB, now_ns=due)
    assert overdue([done], Month(2026, 1), zone=WIB, now_ns=due)


def test_its_clock_and_outage_are_handed_to_the_judgement(desk: Desk) -> None:
    solved_form = replace(
        DOWN, acknowledged=at("03-02T09:00"), ended=at("03-02T09:30"), pauses=(WAITED,), pauses_approved=True
    )
    case = case_of(solved_form)
    assert (case.started_ns, case.acknowledged_ns) == (WIB.parse("2026-03-02T08:00"), WIB.parse("2026-03-02T09:00"))
    assert case.pauses.length == 10 * 60 * 10**9
    assert case_of(replace(solved_form, pauses_approved=False)).pauses.length == 0
    assert outage(solved_form, until_ns=0).length == 90 * 60 * 10**9
    assert outage(DOWN, until_ns=WIB.parse("2026-03-02T08:01")).length == 60 * 10**9
    assert LEVEL.target.hours == ServiceHours(opens=450, closes=960)

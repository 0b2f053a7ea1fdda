"""What the registers tell of a month, from real ones: each record as it stood when the month's data were closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import WIB, ManualClock, Month
from collector.config import FILE, read
from collector.folder import Folder
from collector.ledger.journal import Journal
from collector.ledger.quarantine import PutAside, Quarantined
from collector.loop import DAMAGED, WHOLE, PlanningSettings, counted, loop_of
from collector.register.records.disconnection import DISCONNECTION, Disconnection
from collector.register.records.followup import FOLLOWUP, Followup
from collector.register.records.incident import INCIDENT, Incident
from collector.register.records.logcheck import LOGCHECK, LogCheck, Source
from collector.register.records.priority import PRIORITY, Priorities, PriorityClass
from collector.register.records.service_level import SERVICE_LEVEL, Level, ServiceLevels
from collector.report.loop import Loop
from tests.collector.book_sample import CHECKER, OFFICIAL, Desk, at
from tests.collector.report_sample import sample

MARCH = Month(2026, 3)
EMPTY = replace(sample(cases=()), month=MARCH, closed_ns=WIB.parse("2026-04-04T00:00"))
ADVICE = Followup(month="2026-02", text="Tambah alokasi", owner="Dinas", due=at("03-20T00:00").date())
FAULT = Incident(type="gangguan", summary="Putus", reporter="ani", started=at("03-10T10:00"), opd="DINKES")
CUT = Disconnection(
    type="pemutusan",
    opd="DINKES",
    ground="kapasitas",
    reason="Pengaturan",
    starts=at("03-12T08:00"),
    ends=at("03-12T09:00"),
    legal_basis="Perbup",
    notice="surat",
)
LEVELS = ServiceLevels(
    valid_from=at("03-05T00:00").date(),
    levels=(Level("utama", "Utama", 30, 240), Level("biasa", "Biasa", 60, 480, opens="08:00", closes="16:00")),
    usual="biasa",
    legal_basis="Perbup",
    explanation="Tabel pertama",
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "register.db")
    yield made
    made.register.close()


def told(desk: Desk, month: Month = MARCH) -> Loop:
    closed = month.end_ns(WIB) + (EMPTY.closed_ns - MARCH.end_ns(WIB))
    evaluation = replace(EMPTY, month=month, closed_ns=closed)
    settings = PlanningSettings()
    return loop_of(evaluation, book=desk.book, zone=WIB, settings=settings, past=lambda _: evaluation)


def test_a_recommendation_stands_in_the_report_as_it_stood_at_the_closing(desk: Desk) -> None:
    code = desk.at("03-05T09:00").open(FOLLOWUP, ADVICE).code
    desk.at("03-09T09:00").move(FOLLOWUP, code, "dikerjakan")
    desk.at("04-04T00:00").move(FOLLOWUP, code, "selesai", result="sudah", evidence="BA-1")
    assert [item.state for item in told(desk).followups] == ["dikerjakan"]
    assert [item.state for item in told(desk, MARCH.shifted(1)).followups] == ["selesai"]


def test_what_was_settled_before_the_month_is_told_no_more_and_its_own_are_not_told_yet(desk: Desk) -> None:
    done = desk.at("03-03T09:00").open(FOLLOWUP, replace(ADVICE, month="2026-01")).code
    desk.move(FOLLOWUP, done, "dibatalkan", OFFICIAL)
    desk.at("03-28T09:00").open(FOLLOWUP, replace(ADVICE, month="2026-03"))
    assert [item.state for item in told(desk).followups] == ["dibatalkan"]
    assert [item.form.month for item in told(desk, MARCH.shifted(1)).followups] == ["2026-03"]


def test_an_incident_is_judged_by_the_level_of_the_day_it_began_and_of_its_own(desk: Desk) -> None:
    code = desk.at("03-03T08:00").open(SERVICE_LEVEL, LEVELS).code
    desk.move(SERVICE_LEVEL, code, "berlaku", OFFICIAL)
    early = desk.at("03-04T11:00").open(INCIDENT, replace(FAULT, started=at("03-04T10:00"))).code
    usual = desk.at("03-10T10:30").open(INCIDENT, replace(FAULT, started=at("03-10T07:00"))).code
    named = desk.open(INCIDENT, FAULT).code
    for one, level in ((early, ""), (usual, ""), (named, "utama")):
        desk.at("03-10T11:00").move(INCIDENT, one, "ditangani", acknowledged=at("03-10T10:40"), level=level)
    found = {item.record.code: item for item in told(desk).incidents}
    assert (found[early].target, found[early].level) == (None, "")
    assert (found[usual].level, found[usual].service.response.minutes) == ("Biasa", 160)
    assert (found[named].level, found[named].service.response.minutes) == ("Utama", 40)
    assert found[usual].service.kept == "terlampaui"


def test_an_incident_belongs_to_each_month_in_which_it_lasted(desk: Desk) -> None:
    code = desk.at("03-31T09:00").open(INCIDENT, replace(FAULT, started=at("03-31T08:00"))).code
    desk.move(INCIDENT, code, "ditangani", acknowledged=at("03-31T09:00"), level="")
    ended = at("04-02T08:00")
    desk.at("04-02T09:00").move(
        INCIDENT, code, "selesai", ended=ended, cause="Kabel", action="Diganti", attribution="WAN"
    )
    desk.at("04-02T10:00").open(INCIDENT, replace(FAULT, started=at("04-02T09:30")))
    months = [MARCH.shifted(step) for step in (-1, 0)]
    assert [len(told(desk, month).incidents) for month in months] == [0, 1]
    assert [item.record.code == code for item in told(desk, MARCH.shifted(1)).incidents] == [True, False]
    assert told(desk).incidents[0].record.form.ended == ended


def test_only_what_was_approved_is_a_disconnection_of_the_month(desk: Desk) -> None:
    asked = desk.at("03-11T08:00").open(DISCONNECTION, CUT).code
    assert told(desk).disconnections == ()
    desk.move(DISCONNECTION, asked, "disetujui", OFFICIAL)
    assert [item.state for item in told(desk).disconnections] == ["disetujui"]
    desk.at("03-12T08:10").move(DISCONNECTION, asked, "aktif", started=at("03-12T08:05"))
    assert [len(told(desk, MARCH.shifted(step)).disconnections) for step in (-1, 0, 1, 2)] == [0, 1, 1, 1]
    desk.at("03-12T09:10").move(DISCONNECTION, asked, "selesai", ended=at("03-12T09:00"), evidence="ping")
    assert [len(told(desk, MARCH.shifted(step)).disconnections) for step in (0, 1)] == [1, 0]


def test_a_log_check_signed_after_the_closing_is_told_in_the_next_report(desk: Desk) -> None:
    form = LogCheck(month="2026-03", sources=(Source("Firewall", 0, 0, 1, 2),), findings="nihil", follow_up="nihil")
    code = desk.at("04-02T09:00").open(LOGCHECK, form).code
    desk.at("04-06T09:00").move(LOGCHECK, code, "disahkan", CHECKER)
    assert [item.state for item in told(desk).log_checks] == ["diperiksa"]
    assert [item.state for item in told(desk, MARCH.shifted(1)).log_checks] == ["disahkan"]
    assert told(desk, MARCH.shifted(2)).log_checks == ()


def test_nadi_counts_its_audit_records_quarantine_and_checks_of_the_month(desk: Desk, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", zone=WIB)
    audit, inside = desk.register.audit, WIB.parse("2026-03-10T00:00")
    before = counted(MARCH, WIB, journal=journal, audit=audit)
    for action, at_ns in ((WHOLE, inside), (DAMAGED, inside), (WHOLE, MARCH.end_ns(WIB)), (WHOLE, inside)):
        audit.record(actor="kolektor", action=action, object="", at_ns=at_ns)
    audit.record(actor="x", action="batch", object="", at_ns=inside, result="refused")
    kinds = ((0, "fork"), (3, "no field"), (4, "no field"), (0, "body"))
    journal.quarantine([Quarantined(inside, "a", "d", "k", number, reason, b"x") for number, reason in kinds])
    journal.quarantine([Quarantined(MARCH.end_ns(WIB), "a", "d", "k", 1, "no field", b"x")])
    found = counted(MARCH, WIB, journal=journal, audit=audit)
    assert found.checks == {True: 2, False: 1}
    assert (found.audit["ok"] - before.audit["ok"], found.audit["refused"]) == (3, 1)
    assert found.put_aside == PutAside(lines=2, deliveries=1, forks=1)
    journal.close()


def test_a_quarantine_that_was_dropped_for_room_is_not_counted_as_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", zone=WIB, quarantine_bytes=20)
    start = MARCH.start_ns(WIB)
    for at_ns in (start - 2, start - 1, start):
        journal.quarantine([Quarantined(at_ns, "a", "d", "k", 1, "bad", b"x" * 9)])
    assert journal.put_aside(start, MARCH.end_ns(WIB)) == PutAside(1, 0, 0)
    journal.quarantine([Quarantined(start + 1, "a", "d", "k", 1, "bad", b"x" * 9)])
    assert journal.put_aside(start, MARCH.end_ns(WIB)) is None
    journal.close()


def test_records_as_of_a_time_leave_out_what_came_at_it(desk: Desk) -> None:
    made = desk.at("03-10T10:00").open(INCIDENT, FAULT)
    assert list(desk.book.as_of(INCIDENT, made.recorded_ns)) == []
    assert [item.code for item in desk.book.as_of(INCIDENT, made.recorded_ns + 1)] == [made.code]


def test_each_check_of_everything_is_an_audit_record(tmp_path: Path) -> None:
    inside = WIB.parse("2026-03-10T00:00")
    (tmp_path / FILE).write_text('data = "."\nzone = "WIB"\n', encoding="utf-8")
    with Folder(read(tmp_path / FILE), clock=ManualClock(inside), writer=True) as folder:
        assert folder.check() == []
        report = tmp_path / "reports" / "2026-02" / "1"
        report.mkdir(parents=True)
        assert folder.check() != []
        found = counted(MARCH, WIB, journal=folder.journal, audit=folder.register.audit)
    assert found.checks == {True: 1, False: 1}


def test_the_weights_in_force_when_the_coming_month_begins_share_its_capacity(desk: Desk) -> None:
    assert told(desk).plan.settings.weights == {"tinggi": 4, "sedang": 2, "dasar": 1}  # type: ignore[union-attr]
    classes = (PriorityClass("tinggi", 9), PriorityClass("sedang", 3), PriorityClass("dasar", 1))
    for day in ("04-01T00:00", "04-02T00:00"):
        table = Priorities(at(day).date(), classes, explanation=f"Berlaku {day}", legal_basis="Perbup")
        desk.open(PRIORITY, table, OFFICIAL)
        classes = (PriorityClass("tinggi", 5), PriorityClass("sedang", 5), PriorityClass("dasar", 5))
    assert told(desk).plan.settings.weights == {"tinggi": 9, "sedang": 3, "dasar": 1}  # type: ignore[union-attr]

"""Temporary disconnections and announced maintenance: who approves, what counts, what is overdue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import WIB
from collector.measure.intervals import Intervals
from collector.register.book import Forbidden, Record, Refused
from collector.register.content import utc_ns
from collector.register.records import maintenance
from collector.register.records.disconnection import DISCONNECTION, Disconnection, approved_time, concerns, overdue
from collector.register.records.maintenance import MAINTENANCE, Maintenance, planned_time
from tests.collector.book_sample import CHECKER, DINKES, DISDIK, EVERYTHING, NOC, OFFICIAL, Desk, at

CUT = Disconnection(
    type="pemutusan",
    opd="DINKES",
    ground="kapasitas",
    reason="Pengaturan kapasitas saat pemungutan suara",
    starts=at("03-03T08:00"),
    ends=at("03-03T12:00"),
    legal_basis="Perbup 12/2026 Pasal 7",
    notice="Surat 005/12/2026",
)
WORK = Maintenance(
    title="Ganti serat optik",
    reason="Redaman naik",
    starts=at("03-04T08:00"),
    ends=at("03-04T12:00"),
    links=("wan-dinkes",),
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "register.db")
    yield made
    made.register.close()


def begun(desk: Desk) -> Record:
    code = desk.open(DISCONNECTION, CUT).code
    desk.move(DISCONNECTION, code, "disetujui", OFFICIAL)
    return desk.at("03-03T08:10").move(DISCONNECTION, code, "aktif", started=at("03-03T08:05"))


def span(start: str, end: str) -> Intervals:
    return Intervals.of([(utc_ns(at(start)), utc_ns(at(end)))])


def test_nothing_is_active_before_somebody_else_approved_it(desk: Desk) -> None:
    code = desk.open(DISCONNECTION, CUT, EVERYTHING).code
    with pytest.raises(Refused, match="keadaan berikutnya yang mungkin: disetujui, ditolak"):
        desk.move(DISCONNECTION, code, "aktif", started=at("03-02T09:00"))
    with pytest.raises(Forbidden, match="orang lain"):
        desk.move(DISCONNECTION, code, "disetujui", EVERYTHING)
    for actor in (NOC, CHECKER):
        with pytest.raises(Forbidden, match="peran penetap"):
            desk.move(DISCONNECTION, code, "disetujui", actor)
    done = desk.move(DISCONNECTION, code, "disetujui", OFFICIAL)
    assert (done.form.proposer, done.form.approver) == ("fajar", "citra")
    assert utc_ns(done.form.approved) == done.recorded_ns


def test_the_approver_cannot_be_typed_in(desk: Desk) -> None:
    with pytest.raises(Refused, match="approver belum boleh diisi"):
        desk.open(DISCONNECTION, replace(CUT, approver="citra"))


def test_it_cannot_have_begun_before_the_approval(desk: Desk) -> None:
    code = desk.open(DISCONNECTION, CUT).code
    desk.move(DISCONNECTION, code, "disetujui", OFFICIAL)
    with pytest.raises(Refused, match="started tidak boleh sebelum approved"):
        desk.move(DISCONNECTION, code, "aktif", started=at("03-02T09:00"))
    with pytest.raises(Refused, match="started tidak boleh sesudah saat pencatatan"):
        desk.move(DISCONNECTION, code, "aktif", started=at("03-03T08:00"))


def test_what_is_over_already_is_not_approved(desk: Desk) -> None:
    code = desk.open(DISCONNECTION, CUT).code
    with pytest.raises(Refused, match="sudah lewat"):
        desk.at("03-03T12:00").move(DISCONNECTION, code, "disetujui", OFFICIAL)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ground": "penyalahgunaan"}, "tidak berlaku bagi pemutusan; pilih akses_terlarang atau kapasitas"),
        ({"type": "pemblokiran", "ground": "penyalahgunaan"}, "object harus menyebut"),
        ({"notice": ""}, "notice harus diisi"),
        ({"legal_basis": ""}, "legal_basis harus diisi"),
        ({"opd": ""}, "opd harus diisi"),
        ({"link": "wan-disdik"}, "bukan tautan DINKES"),
        ({"ends": CUT.starts}, "rencana selesai"),
    ],
)
def test_a_proposal_without_ground_notice_or_end_is_refused(desk: Desk, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(Refused, match=said):
        desk.open(DISCONNECTION, replace(CUT, **wrong))  # type: ignore[arg-type]


def test_it_counts_from_its_start_to_the_earlier_of_actual_and_approved_end(desk: Desk) -> None:
    active, now = begun(desk), WIB.parse("2026-03-03T09:00")
    assert approved_time(active.form, until_ns=now) == span("03-03T08:05", "03-03T09:00")
    assert approved_time(active.form, until_ns=WIB.parse("2026-03-09")) == span("03-03T08:05", "03-03T12:00")
    desk.at("03-03T13:00")
    early = desk.move(DISCONNECTION, active.code, "selesai", ended=at("03-03T11:00"), evidence="tautan naik").form
    assert approved_time(early, until_ns=WIB.parse("2026-03-09")) == span("03-03T08:05", "03-03T11:00")
    late = replace(early, ended=at("03-03T13:00"))
    assert approved_time(late, until_ns=WIB.parse("2026-03-09")) == span("03-03T08:05", "03-03T12:00")
    for none in (replace(early, type="pemblokiran"), replace(early, approved=None), CUT):
        assert approved_time(none, until_ns=WIB.parse("2026-03-09")) == Intervals()


def test_it_is_overdue_after_its_approved_end_while_it_goes_on(desk: Desk) -> None:
    active, end = begun(desk), WIB.parse("2026-03-03T12:00")
    assert [overdue(active, now_ns=when) for when in (end, end + 1)] == [False, True]
    done = desk.at("03-03T13:00").move(DISCONNECTION, active.code, "selesai", ended=at("03-03T12:30"), evidence="x")
    assert not overdue(done, now_ns=end + 1)


def test_it_concerns_one_link_or_all_of_the_opd_which_may_read_it(desk: Desk) -> None:
    made, inventory = desk.open(DISCONNECTION, CUT), desk.register.inventory()
    links = ("wan-dinkes", "wan-dinkes-2", "wan-disdik")
    assert [concerns(CUT, link, inventory) for link in links] == [True, True, False]
    one = replace(CUT, link="wan-dinkes-2")
    assert [concerns(one, link, inventory) for link in links] == [False, True, False]
    assert desk.book.current(DISCONNECTION, actor=DINKES) == [made]
    assert desk.book.current(DISCONNECTION, actor=DISDIK) == []


def test_work_announced_in_time_is_planned_until_it_really_ended(desk: Desk) -> None:
    made = desk.open(MAINTENANCE, WORK)
    assert utc_ns(made.form.announced) == made.recorded_ns
    assert planned_time(made) == span("03-04T08:00", "03-04T12:00")
    desk.at("03-04T12:30")
    early = desk.move(MAINTENANCE, made.code, "selesai", ended=at("03-04T10:00"), result="selesai")
    assert planned_time(early) == span("03-04T08:00", "03-04T10:00")
    late = replace(early, form=replace(early.form, ended=at("03-04T12:20")))
    assert planned_time(late) == span("03-04T08:00", "03-04T12:00")


def test_work_announced_too_late_or_called_off_is_not_planned(desk: Desk) -> None:
    made = desk.open(MAINTENANCE, WORK)
    notice = utc_ns(WORK.starts) - made.recorded_ns
    hours, rest = divmod(notice, 3600 * 10**9)
    assert rest
    assert planned_time(made, notice_hours=hours) != Intervals()
    assert planned_time(made, notice_hours=hours + 1) == Intervals()
    assert planned_time(desk.move(MAINTENANCE, made.code, "dibatalkan")) == Intervals()
    backdated = replace(WORK, announced=at("02-01T00:00"))
    with pytest.raises(Refused, match="announced belum boleh diisi"):
        desk.open(MAINTENANCE, backdated)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"links": ()}, "sedikitnya satu tautan"),
        ({"links": ("x",)}, "tautan 'x' tidak terdaftar"),
        ({"opds": ("X",)}, "OPD 'X' tidak terdaftar"),
        ({"ends": WORK.starts}, "ends harus sesudah"),
    ],
)
def test_work_without_place_or_time_is_refused(desk: Desk, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(Refused, match=said):
        desk.open(MAINTENANCE, replace(WORK, **wrong))  # type: ignore[arg-type]


def test_work_concerns_its_links_and_those_of_its_opd(desk: Desk) -> None:
    inventory, work = desk.register.inventory(), replace(WORK, opds=("DISDIK",))
    links = ("wan-dinkes", "wan-dinkes-2", "wan-disdik")
    assert [maintenance.concerns(work, link, inventory) for link in links] == [True, False, True]

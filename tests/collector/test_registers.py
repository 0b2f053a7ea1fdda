"""Every register: its table entry is whole, and what several of them share holds for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest

from agent.clock import WIB
from collector.register.book import Forbidden, Refused
from collector.register.kinds import Kind
from collector.register.people import ROLES
from collector.register.records.change import CHANGE, Change
from collector.register.records.delivery import DELIVERY, Delivery
from collector.register.records.followup import FOLLOWUP, Followup, overdue
from collector.register.records.logcheck import LOGCHECK, LogCheck, Source
from collector.register.records.report_state import REPORT_STATE, ReportState
from collector.register.registers import KINDS
from tests.collector.book_sample import CHECKER, DINKES, DISDIK, EVERYTHING, NOC, OFFICIAL, Desk, at

DIGEST = "ab" * 32
DONE = Change(
    subject="antrean",
    object="wan-dinkes",
    changed=at("03-02T08:00"),
    before="max-limit 20M/50M",
    after="max-limit 30M/60M",
    reason="Penetapan SK-2",
    risk="Tidak ada",
    opd="DINKES",
)
ADVICE = Followup(
    month="2026-02", text="Tambah alokasi", owner="Dinas Kesehatan", due=at("03-31T00:00").date(), opd="DINKES"
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "register.db")
    yield made
    made.register.close()


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_table_entry_is_whole(kind: Kind) -> None:
    names = {field.name: field for field in fields(kind.form)}
    given = {kind.opd, kind.at, kind.by, kind.when, *kind.unique, *(item.field for item in kind.refers)} - {""}
    assert given <= names.keys()
    assert {name for move in kind.moves for name in move.gives} <= names.keys()
    assert all(names[name].default is not MISSING for move in kind.moves for name in (move.by, move.when) if name)
    reached, more = {kind.opens}, True
    while more:
        further = {move.target for move in kind.moves if move.source in reached} - reached
        reached, more = reached | further, bool(further)
    assert reached == set(kind.states)
    assert (kind.openers | kind.readers).issuperset({role for move in kind.moves for role in move.roles})
    assert "auditor" in kind.readers
    assert "auditor" not in kind.openers | {role for move in kind.moves for role in move.roles}
    assert kind.openers | kind.readers <= set(ROLES)
    assert not kind.unique or kind.at in kind.unique
    assert kind.source


def test_names_and_numbers_of_registers_are_their_own() -> None:
    assert len({kind.prefix for kind in KINDS.values()}) == len(KINDS) == 12
    assert {item.kind for kind in KINDS.values() for item in kind.refers} <= KINDS.keys()
    for kind in KINDS.values():
        for item in kind.refers:
            assert set(item.states) <= set(KINDS[item.kind].states)


def test_what_a_later_step_gives_cannot_be_brought_at_the_opening(desk: Desk) -> None:
    with pytest.raises(Refused, match="effect belum boleh diisi"):
        desk.open(CHANGE, replace(DONE, effect="baik"))
    with pytest.raises(Refused, match="recorder belum boleh diisi"):
        desk.open(CHANGE, replace(DONE, recorder="orang lain"))


def test_a_change_keeps_who_and_why_and_later_its_effect(desk: Desk) -> None:
    made = desk.open(CHANGE, DONE)
    assert (made.code, made.form.recorder, made.state) == ("PRB-2026-00001", "dedi", "dicatat")
    assert made.at_ns == WIB.parse("2026-03-02T08:00")
    with pytest.raises(Refused, match="effect harus diisi"):
        desk.move(CHANGE, made.code, "dinilai", CHECKER, effect=" ")
    done = desk.move(CHANGE, made.code, "dinilai", CHECKER, effect="P95 turun ke 71 %")
    assert (done.form.effect, done.form.assessor, done.form.reason) == ("P95 turun ke 71 %", "gita", DONE.reason)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"after": DONE.before}, "sama"),
        ({"risk": ""}, "risk harus diisi"),
        ({"changed": at("03-02T10:00")}, "changed tidak boleh sesudah"),
        ({"cost_rupiah": -1}, "biaya"),
        ({"opd": "TIDAK-ADA"}, "tidak terdaftar"),
    ],
)
def test_a_change_that_says_too_little_is_refused(desk: Desk, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(Refused, match=said):
        desk.open(CHANGE, replace(DONE, **wrong))  # type: ignore[arg-type]


def test_a_recommendation_is_followed_to_its_acceptance_by_another(desk: Desk) -> None:
    code = desk.open(FOLLOWUP, ADVICE, OFFICIAL).code
    with pytest.raises(Refused, match="tidak ada rekomendasi"):
        desk.move(FOLLOWUP, code, "dikerjakan", DISDIK)
    desk.move(FOLLOWUP, code, "dikerjakan", DINKES)
    with pytest.raises(Refused, match="evidence harus diisi"):
        desk.move(FOLLOWUP, code, "selesai", DINKES, result="sudah", evidence="")
    desk.move(FOLLOWUP, code, "selesai", EVERYTHING, result="sudah", evidence="BA-7")
    with pytest.raises(Forbidden, match="orang lain"):
        desk.move(FOLLOWUP, code, "diterima", EVERYTHING)
    desk.move(FOLLOWUP, code, "dikerjakan", CHECKER)
    desk.move(FOLLOWUP, code, "selesai", DINKES, result="sudah lengkap", evidence="BA-8")
    assert desk.move(FOLLOWUP, code, "diterima", CHECKER).form.accepted_by == "gita"


def test_a_recommendation_is_overdue_after_its_due_day_until_it_is_done(desk: Desk) -> None:
    made = desk.open(FOLLOWUP, ADVICE, OFFICIAL)
    last, after = WIB.parse("2026-03-31T23:59"), WIB.parse("2026-04-01")
    assert not overdue(made, zone=WIB, now_ns=last)
    assert overdue(made, zone=WIB, now_ns=after)
    desk.move(FOLLOWUP, made.code, "dikerjakan", DINKES)
    done = desk.move(FOLLOWUP, made.code, "selesai", DINKES, result="x", evidence="y")
    assert not overdue(done, zone=WIB, now_ns=after)


VERSION = ReportState(month="2026-02", version=1, manifest_sha256=DIGEST)


def test_maker_checker_and_approver_are_three_people(desk: Desk) -> None:
    code = desk.open(REPORT_STATE, VERSION, EVERYTHING).code
    with pytest.raises(Forbidden, match="orang lain"):
        desk.move(REPORT_STATE, code, "diperiksa", EVERYTHING)
    both = replace(OFFICIAL, roles=frozenset(("penetap", "pemeriksa")))
    desk.move(REPORT_STATE, code, "diperiksa", both)
    for actor in (both, EVERYTHING):
        with pytest.raises(Forbidden, match="orang lain"):
            desk.move(REPORT_STATE, code, "disahkan", actor)
    done = desk.move(REPORT_STATE, code, "disahkan", replace(OFFICIAL, name="hadi"))
    assert (done.form.maker, done.form.checker, done.form.approver) == ("fajar", "citra", "hadi")
    assert None not in (done.form.made, done.form.checked, done.form.approved)


def test_a_version_of_a_report_stands_once(desk: Desk) -> None:
    first = desk.open(REPORT_STATE, VERSION)
    with pytest.raises(Refused, match=f"sudah ada laporan bulanan untuk 2026-02, 1: {first.code}"):
        desk.open(REPORT_STATE, replace(VERSION, manifest_sha256="cd" * 32))
    desk.open(REPORT_STATE, replace(VERSION, version=2))
    for wrong in ({"month": "2026-13"}, {"version": 0}, {"manifest_sha256": "x"}):
        with pytest.raises(Refused):
            desk.open(REPORT_STATE, replace(VERSION, **wrong))


def approved(desk: Desk, version: int = 1) -> str:
    code = desk.open(REPORT_STATE, replace(VERSION, version=version)).code
    desk.move(REPORT_STATE, code, "diperiksa", CHECKER)
    return desk.move(REPORT_STATE, code, "disahkan", OFFICIAL).code


def sent(report: str, version: int = 1) -> Delivery:
    return Delivery(report, "2026-02", version, "Sekretaris Daerah", at("03-02T09:00"), "surat")


def test_only_an_approved_version_is_delivered_and_that_very_one(desk: Desk) -> None:
    draft = desk.open(REPORT_STATE, replace(VERSION, version=2)).code
    code = approved(desk)
    with pytest.raises(Refused, match="bukan draf"):
        desk.open(DELIVERY, sent(draft, 2))
    with pytest.raises(Refused, match="bukan tidak ada"):
        desk.open(DELIVERY, sent("LAP-2026-00009"))
    with pytest.raises(Refused, match="yang lain"):
        desk.open(DELIVERY, sent(code, 2))
    made = desk.open(DELIVERY, sent(code))
    other = desk.open(DELIVERY, sent(approved(desk, 3), 3)).code
    for wrong in ("", other, "SMP-2026-00009"):
        with pytest.raises(Refused, match="delivery"):
            desk.move(REPORT_STATE, code, "disampaikan", delivery=wrong)
    assert desk.move(REPORT_STATE, code, "disampaikan", delivery=made.code).state == "disampaikan"


def test_a_report_whose_delivery_failed_is_delivered_again(desk: Desk) -> None:
    code = approved(desk)
    first, second = (desk.open(DELIVERY, sent(code)).code for _ in range(2))
    desk.move(REPORT_STATE, code, "disampaikan", delivery=first)
    desk.move(DELIVERY, first, "gagal", failure="alamat ditolak")
    with pytest.raises(Refused, match="bukan tidak ada"):
        desk.move(REPORT_STATE, code, "disampaikan", delivery="SMP-2026-00007")
    assert desk.move(REPORT_STATE, code, "disampaikan", delivery=second).form.delivery == second


def test_what_a_record_refers_to_may_move_on(desk: Desk) -> None:
    draft = desk.open(REPORT_STATE, VERSION).code
    advice = desk.open(FOLLOWUP, replace(ADVICE, report=draft)).code
    desk.move(REPORT_STATE, draft, "dikembalikan", CHECKER)
    assert desk.move(FOLLOWUP, advice, "dikerjakan", DINKES).form.report == draft
    with pytest.raises(Refused, match="bukan dikembalikan"):
        desk.open(FOLLOWUP, replace(ADVICE, report=draft))


def test_a_delivery_ends_with_its_receipt_or_its_failure(desk: Desk) -> None:
    code = approved(desk)
    one, two = (desk.open(DELIVERY, sent(code)).code for _ in range(2))
    with pytest.raises(Refused, match="receipt harus diisi"):
        desk.move(DELIVERY, one, "diterima", received=at("03-02T09:05"), receipt="")
    with pytest.raises(Refused, match="received tidak boleh sebelum sent"):
        desk.move(DELIVERY, one, "diterima", received=at("03-02T08:00"), receipt="TT-1")
    done = desk.move(DELIVERY, one, "diterima", received=at("03-02T09:05"), receipt="TT-1")
    assert (done.form.receipt, done.form.sender) == ("TT-1", NOC.name)
    assert desk.move(DELIVERY, two, "gagal", failure="alamat ditolak").state == "gagal"


def test_texts_and_lists_are_bounded_however_deep(desk: Desk) -> None:
    with pytest.raises(Refused, match="reason paling panjang 2000"):
        desk.open(CHANGE, replace(DONE, reason="x" * 2001))
    check = LogCheck("2026-02", (Source("a"), Source("x" * 2001)), "tidak ada", "tidak ada")
    with pytest.raises(Refused, match=r"sources\[1\].name paling panjang 2000"):
        desk.open(LOGCHECK, check)
    with pytest.raises(Refused, match="sources paling banyak 500 butir"):
        desk.open(LOGCHECK, replace(check, sources=tuple(Source(f"log {i}") for i in range(501))))

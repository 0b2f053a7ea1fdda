"""The life of a report: three people, one approved edition with the draft's figures, and revisions after it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from collector.judge.month import Evaluation
from collector.register.book import Forbidden, Refused
from collector.register.people import Actor
from collector.register.records.report_state import REPORT_STATE
from collector.report.manifest import NAME, ReportDamaged, verify
from collector.report.revision import MOST_SHOWN
from collector.report_life import COLLECTOR
from collector.reports import NotApproved, Reports
from tests.collector.pdf_cells import Tagged
from tests.collector.report_office import APPROVER, CHECKER, KEY, Office, office_at
from tests.collector.report_sample import CASES, MONTH, ORIGIN, SETTINGS, sample


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return office_at(tmp_path)


def figures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".json", ".csv", ".xlsx"}}


def with_late_data(evaluation: Evaluation) -> Evaluation:
    first = evaluation.opds[0]
    down = replace(first.unduh, valid=first.unduh.valid + 7, mean=Fraction(first.unduh.mean or 0) + 1_000_000)
    return replace(evaluation, opds=(replace(first, unduh=down), *evaluation.opds[1:]))


def test_maker_checker_and_approver_are_three_people(office: Office) -> None:
    office.issue(sample(cases=CASES[:3]))
    alone = Actor("kolektor", frozenset(("noc", "pemeriksa", "penetap")))
    with pytest.raises(Forbidden):
        office.life.move(MONTH, "diperiksa", actor=alone)
    with pytest.raises(Refused, match="berkeadaan draf"):
        office.life.move(MONTH, "disahkan", actor=APPROVER)
    office.life.move(MONTH, "diperiksa", actor=Actor("budi", frozenset(("pemeriksa", "penetap"))))
    with pytest.raises(Forbidden):
        office.life.move(MONTH, "disahkan", actor=Actor("budi", frozenset(("penetap",))))
    assert not office.reports.is_approved(MONTH)


def test_the_approved_edition_has_the_figures_of_the_draft_byte_by_byte(office: Office) -> None:
    issue = office.issue(sample(cases=CASES[:3]))
    before = {path: path.read_bytes() for path in issue.folder.iterdir()}
    with pytest.raises(NotApproved):
        issue.pdf  # noqa: B018 - asking is the act
    office.approve()
    assert {path: path.read_bytes() for path in issue.folder.iterdir()} == before
    draft, final = figures(issue.folder), figures(issue.approved_folder)
    assert {name for name in draft if draft[name] != final.get(name)} == {NAME, f"evaluasi-{MONTH}-v1.kertas.json"}
    assert verify(issue.pdf, public=KEY.public) == []
    assert issue.problems(KEY.public) == []
    table = json.loads(final[NAME])
    assert (table["state"], table["draft_sha256"]) == ("disahkan", issue.manifest_sha256)
    assert [table["approval"][act]["account"] for act in ("made", "checked", "approved")] == [
        COLLECTOR.name,
        CHECKER.name,
        APPROVER.name,
    ]


def test_the_approved_pdf_shows_the_same_tables_and_who_approved_it_when(office: Office) -> None:
    issue = office.issue(sample(cases=CASES[:3]))
    office.approve()
    draft, final = Tagged(issue.folder / f"evaluasi-{MONTH}-v1.pdf").tables(), Tagged(issue.pdf).tables()
    assert draft[1:] == final[1:]
    sheet = " ".join(cell for row in final[0][1] for cell in row)
    assert "Citra Lestari, S.T." in sheet
    assert "5 November 2026 pukul 00.02 WIB" in sheet
    assert "00000000 000000 0 000" not in sheet  # the number of an official who is not the one that approved


def test_only_an_approved_month_may_be_forgotten(office: Office) -> None:
    evaluation = sample(cases=CASES[:3])
    office.issue(evaluation)
    assert not office.reports.is_approved(MONTH)
    office.life.move(MONTH, "diperiksa", actor=CHECKER)
    assert not office.reports.is_approved(MONTH)
    office.life.move(MONTH, "disahkan", actor=APPROVER)
    assert office.reports.is_approved(MONTH)
    office.issue(with_late_data(evaluation))
    assert not office.reports.is_approved(MONTH), "what came late waits for its revision to be approved"


def test_late_data_make_a_revision_that_names_every_changed_cell(office: Office) -> None:
    evaluation = sample(cases=CASES[:3])
    first = office.issue(evaluation)
    office.approve()
    before = figures(first.approved_folder)
    second = office.issue(with_late_data(evaluation))
    assert figures(first.approved_folder) == before
    content = second.content()
    annex = content["lampiran"][-1]
    assert (annex["nomor"], annex["judul"]) == ("F", "Perbedaan terhadap Versi 1")
    rows = next(b["tabel"]["baris"] for b in annex["isi"] if b.get("tabel", {}).get("kunci") == "lampiran-f-perbedaan")
    told = {(r["tabel_berbeda"], r["baris_berbeda"], r["kolom_berbeda"]): (r["sebelum"], r["sesudah"]) for r in rows}
    old, new = told["bab-vi-penggunaan", "1.02.01", "Rata-rata Unduh (Mbps)"]
    assert new == pytest.approx(old + 1)
    assert {key[0] for key in told} == {"bab-vi-penggunaan", "lampiran-a-angka"}
    assert (second.folder / f"evaluasi-{MONTH}-v2-lampiran-f-perbedaan.csv").exists()
    assert any("Revisi 1 atas versi 1" in str(row["isi"]) for row in content["kendali"]["baris"])


def test_many_differences_are_bounded_and_the_rest_is_counted(office: Office) -> None:
    office.issue(sample())
    office.approve()
    content = office.issue(sample(seed=8)).content()
    blocks = content["lampiran"][-1]["isi"]
    tables = {block["tabel"]["kunci"]: block["tabel"]["baris"] for block in blocks if "tabel" in block}
    assert len(tables["lampiran-f-perbedaan"]) == MOST_SHOWN
    counted = sum(
        row["sel_berbeda"] + row["baris_ditambah"] + row["baris_dihapus"] for row in tables["lampiran-f-jumlah"]
    )
    assert f"berbeda pada {counted:,} tempat".replace(",", ".") in blocks[0]["paragraf"]
    assert counted > MOST_SHOWN


def test_a_draft_that_was_touched_is_not_approved(office: Office) -> None:
    issue = office.issue(sample(cases=CASES[:3]))
    office.life.move(MONTH, "diperiksa", actor=CHECKER)
    path = next(issue.folder.glob("*.xlsx"))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Refused, match="tidak utuh"):
        office.life.move(MONTH, "disahkan", actor=APPROVER)


def test_what_is_approved_through_the_register_alone_gets_its_edition_later(office: Office) -> None:
    issue = office.issue(sample(cases=CASES[:3]))
    record = office.life.record(issue)
    assert record is not None
    for target, actor in (("diperiksa", CHECKER), ("disahkan", APPROVER)):
        office.register.book.move(REPORT_STATE, record.code, target, actor=actor, context=office.life.context())
    assert not issue.is_approved
    assert office.life.settle() == [issue]
    assert issue.is_approved
    assert office.life.settle() == []


def test_a_draft_swapped_after_its_approval_gets_no_edition(office: Office, tmp_path: Path) -> None:
    issue = office.issue(sample(cases=CASES[:3]))
    record = office.life.record(issue)
    assert record is not None
    for target, actor in (("diperiksa", CHECKER), ("disahkan", APPROVER)):
        office.register.book.move(REPORT_STATE, record.code, target, actor=actor, context=office.life.context())
    other = Reports(tmp_path / "other")
    swapped, _ = other.issue(with_late_data(sample(cases=CASES[:3])), settings=SETTINGS, origin=ORIGIN, key=KEY)
    issue.folder.rename(tmp_path / "kept")
    swapped.folder.rename(issue.folder)
    with pytest.raises(ReportDamaged, match="not the one that was approved"):
        office.life.settle()


def test_what_was_given_back_is_written_again_although_nothing_changed(office: Office) -> None:
    evaluation = sample(cases=CASES[:3])
    office.issue(evaluation)
    assert not office.life.is_returned(MONTH)
    office.life.move(MONTH, "dikembalikan", actor=CHECKER, note="kop surat keliru")
    assert office.life.is_returned(MONTH)
    issue, written = office.reports.issue(evaluation, settings=SETTINGS, origin=ORIGIN, key=KEY, returned=True)
    assert (issue.version, written) == (2, True)
    assert "Versi 1 dikembalikan" in (issue.folder / f"evaluasi-{MONTH}-v2.kertas.json").read_text()
    assert office.issue(evaluation).version == 2


def test_two_who_write_at_once_write_one_version_after_the_other(office: Office) -> None:
    evaluation = sample(cases=CASES[:1])
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(office.issue, evaluation) for _ in range(4)]
        assert {item.result().version for item in made} == {1}
    assert len(office.register.book.current(REPORT_STATE)) == 1

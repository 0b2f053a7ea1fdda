"""One agency's sheet of an approved report: its own figures as the report has them, and no other agency's at all."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from collector.report.manifest import NAME, ReportDamaged, verify
from collector.reports import Issue
from tests.collector.pdf_cells import Tagged
from tests.collector.report_office import KEY, Office, office_at
from tests.collector.report_sample import CASES, MONTH, sample


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = office_at(tmp_path)
    made.issue(sample(cases=CASES[:3]))
    made.approve()
    return made


def sheet_of(office: Office, index: int) -> tuple[Issue, str, Path]:
    (issue,) = office.reports.approved(MONTH)
    code = list(issue.agencies())[index]
    return issue, code, office.reports.sheet(issue, code, key=KEY)


def test_a_sheet_holds_its_agencys_rows_as_the_report_has_them(office: Office) -> None:
    issue, code, place = sheet_of(office, 1)
    own = json.loads((place / f"lembar-{MONTH}-v1-{code}.json").read_bytes())
    whole = {
        block["tabel"]["kunci"]: block["tabel"]["baris"]
        for chapter in (*issue.content()["bab"], *issue.content()["lampiran"])
        for block in chapter["isi"]
        if "tabel" in block
    }
    assert {item["kunci"] for item in own["tabel"]} >= {"bab-vi-penggunaan", "lampiran-a-angka", "lampiran-a-harian"}
    for item in own["tabel"]:
        assert item["baris"] == [row for row in whole[item["kunci"]] if row["kode_pd"] == code], item["kunci"]
    explained = {(entry["kunci"], place) for entry in own["kamus_data"] for place in entry["tabel"].split(", ")}
    assert all((column, item["kunci"]) in explained for item in own["tabel"] for column in item["kolom"])


def lines(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))


def test_the_csv_of_a_sheet_has_the_very_lines_of_the_reports_csv(office: Office) -> None:
    issue, code, place = sheet_of(office, 1)
    for key in ("lampiran-a-angka", "lampiran-a-harian", "bab-vi-penggunaan"):
        header, *rows = lines(issue.approved_folder / f"evaluasi-{MONTH}-v1-{key}.csv")
        at = header.index("Kode PD")
        own = [row for row in rows if row[at] == code]
        assert lines(place / f"lembar-{MONTH}-v1-{code}-{key}.csv") == [header, *own]


def test_nothing_in_a_sheet_names_another_agency(office: Office) -> None:
    issue, code, place = sheet_of(office, 1)
    others = {sign for other, name in issue.agencies().items() if other != code for sign in (other, name)}
    assert len(others) >= 4
    for file in place.iterdir():
        text = file.read_bytes().decode("utf-8", "replace")
        if file.suffix == ".pdf":
            text = " ".join(Tagged(file).pages)
        assert [sign for sign in others if sign in text] == [], file.name


def test_a_sheet_is_signed_made_once_and_found_altered(office: Office) -> None:
    issue, code, place = sheet_of(office, 0)
    before = {file.name: file.read_bytes() for file in place.iterdir()}
    assert verify(place / NAME, public=KEY.public) == []
    assert issue.problems(KEY.public) == []
    assert office.reports.sheet(issue, code, key=KEY) == place
    assert {file.name: file.read_bytes() for file in place.iterdir()} == before
    path = place / f"lembar-{MONTH}-v1-{code}.json"
    path.write_bytes(path.read_bytes().replace(b"unduh", b"unduk", 1) + b" ")
    assert any(f"1-lembar/{code}: {path.name}: changed" in problem for problem in issue.problems(KEY.public))


def test_there_is_no_sheet_of_an_agency_that_is_none_or_of_a_damaged_report(office: Office) -> None:
    (issue,) = office.reports.approved(MONTH)
    with pytest.raises(KeyError):
        office.reports.sheet(issue, "TIDAK-ADA", key=KEY)
    path = next(issue.approved_folder.glob("*.csv"))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ReportDamaged):
        office.reports.sheet(issue, next(iter(issue.agencies())), key=KEY)

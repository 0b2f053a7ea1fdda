"""Names that would do harm, in every format: they are text and nothing else."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pytest

from agent.identity import Key
from collector.report.document import plain
from collector.report.fitting import BREAK, UNDRAWABLE, breakable, drawable, width_em
from collector.report.folder import Report, write
from collector.report.tables import neutral
from tests.collector.pdf_cells import Tagged
from tests.collector.report_sample import HOSTILE, ORIGIN, SETTINGS, Case, sample

NAMES = (
    *HOSTILE,
    "+62 812",
    "-1+1",
    "@SUM(A1)",
    "'kutip",
    '"dua, koma; titik"',
    "http://x.example/klik",
    "\ufeff\u200bnol",
    "A" * 10_000,
    "漢字 العربية 😀 é ž",
    "<b>&amp;</b> ]]> {{7*7}} ${x} %s",
    "",
)
CASES = tuple(Case(f"9.{at:02d}", name, "dasar", 10) for at, name in enumerate(NAMES))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("nama") / "v1"
    evaluation = sample(cases=CASES)
    return write(evaluation=evaluation, settings=SETTINGS, origin=ORIGIN, key=Key(bytes(32)), folder=folder)


def test_no_file_is_named_by_what_people_type(report: Report) -> None:
    assert {path.name for path in report.folder.parent.iterdir()} == {"v1"}
    assert all(name.startswith(("evaluasi-2026-10-v1", "manifest.json")) for name in report.files)


def test_csv_neutralises_formulas_and_the_mark_can_be_taken_away(report: Report) -> None:
    with (report.folder / "evaluasi-2026-10-v1-bab-vi-penggunaan.csv").open(encoding="utf-8", newline="") as file:
        cells = [row[2] for row in csv.reader(file)][1:]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert [cell.removeprefix("'") for cell in cells] == [plain(name) for name in NAMES]


def test_neutral_text_is_told_apart_from_text_that_begins_with_the_mark() -> None:
    assert neutral("=1") == "'=1"
    assert neutral("'=1") == "''=1"
    assert neutral("biasa") == "biasa"


def test_json_has_the_plain_names(report: Report) -> None:
    content = json.loads((report.folder / "evaluasi-2026-10-v1.json").read_bytes())
    table = next(block["tabel"] for block in content["bab"][4]["isi"] if "tabel" in block)
    assert [row["perangkat_daerah"] for row in table["baris"]] == [plain(name) for name in NAMES]


def test_spreadsheet_cells_are_text_without_formula_or_link(report: Report) -> None:
    sheet = openpyxl.load_workbook(report.folder / "evaluasi-2026-10-v1.xlsx")["bab-vi-penggunaan"]
    cells = [row[2] for row in sheet.iter_rows(min_row=2)]
    assert [(cell.value or "") for cell in cells] == [plain(name) for name in NAMES]
    assert {cell.data_type for cell in cells if cell.value} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


def test_paper_shows_the_names_as_they_are_and_a_box_for_what_cannot_be_drawn(report: Report) -> None:
    bodies = [body for _, body in Tagged(report.pdf).tables()]
    main = next(body for body in bodies if len(body) == len(NAMES) and len(body[0]) == 14)
    shown = [row[1].replace("\u200b", "") for row in main]
    assert shown == [drawable(plain(name)) for name in NAMES]
    assert UNDRAWABLE in shown[12]
    assert shown[12].endswith("é ž")


def test_every_sign_that_passes_as_drawable_can_be_set(tmp_path: Path) -> None:
    signs = "".join(chr(code) for code in range(0x20, 0x2300) if drawable(chr(code)) == chr(code))
    parts = [signs[at : at + 40] for at in range(0, len(signs), 40)]
    cases = tuple(Case(f"9.{at:02d}", f"x{part}x", "dasar", 10) for at, part in enumerate(parts))
    report = write(
        evaluation=sample(cases=cases), settings=SETTINGS, origin=ORIGIN, key=Key(bytes(32)), folder=tmp_path / "v1"
    )
    assert report.pdf.exists()


def test_no_part_of_a_word_is_wider_than_its_cell_and_nothing_is_lost() -> None:
    for name in (*NAMES, "KESBANGPOL", "rt-kesbangpol/ether1-wan", "W" * 50):
        for em in (1.0, 4.0, 9.5):
            shown = breakable(name, em=em)
            assert shown.replace(BREAK, "") == drawable(name)
            parts = [part for word in shown.split(" ") for part in word.split(BREAK)]
            assert all(sum(map(width_em, part)) <= em or len(part) == 1 for part in parts)


def test_a_word_breaks_where_the_eye_expects_it() -> None:
    assert breakable("rt-kesbangpol/ether1-wan", em=8.0).split(BREAK) == ["rt-kesbangpol/", "ether1-wan"]
    assert breakable("sedang", em=4.0) == "sedang"


@pytest.mark.parametrize("label", ["../x", "A/B", "=1", "SIMULASI LAMA", "x" * 40])
def test_a_label_that_is_no_plain_word_is_refused(label: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="label"):
        write(
            evaluation=sample(cases=(), label=label),
            settings=SETTINGS,
            origin=ORIGIN,
            key=Key(bytes(32)),
            folder=tmp_path / "v1",
        )

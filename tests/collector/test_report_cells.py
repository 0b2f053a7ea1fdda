"""PDF, XLSX, CSV and JSON of one report are read back and agree cell by cell."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from agent.identity import Key
from collector.report.columns import COMPACT, REMAINING
from collector.report.folder import Report, write
from tests.collector.centre_sample import centre
from tests.collector.loop_sample import loop
from tests.collector.pdf_cells import Rows, Tagged
from tests.collector.report_sample import ORIGIN, SETTINGS, sample

DECIMALS = {"mbps": 2, "gb": 1, "percent": 1, "availability": 3, "tenth": 1, "ratio": 2, "count": 0, "rupiah": 0}
MONTHS = ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"]


@dataclass(frozen=True)
class Plain:
    """A table as the JSON has it: titles and kinds of its columns, rows of JSON values."""

    key: str
    titles: list[str]
    keys: list[str]
    kinds: list[str]
    rows: list[list[Any]]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("laporan") / "v1"
    evaluation, key = sample(uplinks=False), Key(bytes(32))
    return write(
        evaluation=evaluation,
        datacentre=centre(),
        loop=loop(evaluation),
        settings=SETTINGS,
        origin=ORIGIN,
        key=key,
        folder=folder,
    )


@pytest.fixture(scope="module")
def tables(report: Report) -> dict[str, Plain]:
    content = json.loads(report.pdf.with_suffix(".json").read_bytes(), parse_float=Decimal)
    words = {(place, item["kunci"]): item for item in content["kamus_data"] for place in item["tabel"].split(", ")}
    return {table["kunci"]: plain(table, words) for table in found(content)}


def found(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict) and "baris" in node:
        yield node
    elif isinstance(node, dict | list):
        for item in node.values() if isinstance(node, dict) else node:
            yield from found(item)


def plain(table: dict[str, Any], words: dict[tuple[str, str], dict[str, str]]) -> Plain:
    entries = [words[table["kunci"], key] for key in table["kolom"]]
    rows = [list(row.values()) for row in table["baris"]]
    titles, kinds = [entry["judul"] for entry in entries], [entry["jenis"] for entry in entries]
    return Plain(table["kunci"], titles, table["kolom"], kinds, rows)


def printed(value: Any, kind: str) -> str:
    """Write a JSON value as the paper must show it, by other means than the report's own."""
    if value is None:
        return "-"
    if kind == "time":
        moment = datetime.fromisoformat(value)
        return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year} {moment.hour:02d}.{moment.minute:02d}"
    if kind == "date":
        year, month, day = value.split("-")
        return f"{int(day)} {MONTHS[int(month) - 1]} {year}"
    if isinstance(value, str):
        return value
    whole, _, part = f"{value:.{DECIMALS[kind]}f}".partition(".")
    groups = f"{int(whole):,}".replace(",", ".")
    return f"{groups},{part}" if part else groups


def test_every_csv_has_the_cells_of_the_json(report: Report, tables: dict[str, Plain]) -> None:
    assert len(tables) == 39
    for table in tables.values():
        path = report.pdf.with_name(f"{report.pdf.stem}-{table.key}.csv")
        with path.open(encoding="utf-8", newline="") as file:
            titles, *rows = csv.reader(file)
        assert titles == table.titles
        assert [[cell.removeprefix("'") for cell in row] for row in rows] == [
            ["" if value is None else written(value, kind) for value, kind in zip(row, table.kinds, strict=True)]
            for row in table.rows
        ]


def written(value: Any, kind: str) -> str:
    return value if isinstance(value, str) else f"{value:.{DECIMALS[kind]}f}"


def test_every_sheet_has_the_cells_of_the_json_and_no_formula(report: Report, tables: dict[str, Plain]) -> None:
    book = openpyxl.load_workbook(report.pdf.with_suffix(".xlsx"))
    assert book.sheetnames == list(tables)
    for table in tables.values():
        sheet = book[table.key]
        titles, *rows = sheet.iter_rows()
        assert [cell.value for cell in titles] == table.titles
        assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}
        assert not any(cell.hyperlink for row in rows for cell in row)
        assert [[number(cell.value) for cell in row] for row in rows] == [
            [number(value) for value in row] for row in table.rows
        ]


def number(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


@pytest.fixture(scope="module")
def paper(report: Report) -> list[tuple[list[str], Rows]]:
    """Return the first header row and the body of each table on paper, after that of the signatures."""
    return [(head[0], body) for head, body in Tagged(report.pdf).tables()[1:]]


def on_paper(rows: Rows) -> Rows:
    """Take away what only paper has: places to break, and the mark of what is indicative."""
    return [[cell.replace("\u200b", "").removesuffix("*") for cell in row] for row in rows]


BY_HAND = {"keputusan", "nilai_keputusan", "paraf"}
"""Columns of the decision sheet that stay blank on paper, for somebody's hand."""


def expected(table: Plain, keys: tuple[str, ...] | None = None, *, rows: list[list[Any]] | None = None) -> Rows:
    """Write the named columns of a table as paper must have them."""
    places = [table.keys.index(key) for key in keys or table.keys]
    shown = [
        ["" if table.keys[at] in BY_HAND else printed(row[at], table.kinds[at]) for at in places]
        for row in rows or table.rows
    ]
    return [[cell.replace("\ufffd", "□").replace("\U0001f600", "□") for cell in row] for row in shown]


def test_the_printed_tables_have_the_cells_of_the_json(
    paper: list[tuple[list[str], Rows]], tables: dict[str, Plain]
) -> None:
    whole = [
        *("kendali", "bab-i-status", "bab-i-kapasitas"),
        *("bab-iii-tindak-lanjut", "bab-iv-kontrak", "bab-iv-jaminan", "bab-v-alokasi"),
    ]
    centres = ("server", "ups", "genset", "kejadian", "catatan", "lingkungan", "cadangan", "ketersediaan", "temuan")
    before = [
        "bab-vii-tautan",
        "bab-vii-bagian",
        "bab-viii-jenis",
        "bab-viii-gangguan",
        "bab-viii-pengukuran",
        "bab-viii-meja-layanan",
        "bab-ix-pemutusan",
    ]
    loops = ["bab-xi-pemeriksaan", "bab-xi-log", "bab-xi-nadi"]
    loops += ["bab-xii-usulan", "bab-xiii-kapasitas", "bab-xiii-rekomendasi"]
    after = ["bab-xiv-mutu", "bab-xiv-celah", "bab-xv-keputusan"]
    whole_after = [*before, *(f"bab-x-{name}" for name in centres), *loops, *after]
    assert [on_paper(body) for _, body in paper[:7]] == [expected(tables[key]) for key in whole]
    assert [on_paper(body) for _, body in paper[9 : 9 + len(whole_after)]] == [
        expected(tables[key]) for key in whole_after
    ]
    last = ["lampiran-b-kamus", "lampiran-d-parameter", "lampiran-e-asal"]
    assert [on_paper(body) for _, body in paper[-4:-1]] == [expected(tables[key]) for key in last]


def test_compact_and_remaining_print_lose_nothing_of_the_main_table(
    paper: list[tuple[list[str], Rows]], tables: dict[str, Plain]
) -> None:
    main = tables["bab-vi-penggunaan"]
    assert set(COMPACT) | set(REMAINING) == set(main.keys)
    assert on_paper(paper[7][1]) == expected(main, COMPACT)
    assert on_paper(paper[8][1]) == expected(main, REMAINING)


def test_each_agency_has_a_sheet_with_its_figures(
    paper: list[tuple[list[str], Rows]], tables: dict[str, Plain]
) -> None:
    detail = tables["lampiran-a-angka"]
    sheets = [on_paper(body) for head, body in paper if head == ["Ukuran", "Unduh", "Unggah"]]
    cells = expected(detail)
    sides = [
        [[title, down, up] for title, down, up in zip(detail.titles[3:], first[3:], second[3:], strict=True)]
        for first, second in zip(cells[::2], cells[1::2], strict=True)
    ]
    assert len(sheets) == 12
    assert sheets == sides


def test_a_changed_allocation_has_its_sub_periods_on_the_sheet(
    paper: list[tuple[list[str], Rows]], tables: dict[str, Plain]
) -> None:
    periods = tables["lampiran-a-subperiode"]
    bodies = [on_paper(body) for head, body in paper if head[:2] == ["Mulai", "Sampai"]]
    assert bodies == [expected(periods, tuple(periods.keys[2:]))]


def test_what_is_indicative_is_marked_on_paper_and_said_in_the_data(
    paper: list[tuple[list[str], Rows]], tables: dict[str, Plain]
) -> None:
    marked = [row[1].replace("\u200b", "") for row in paper[7][1] if row[7].endswith("*")]
    said = [row[1] for row in tables["lampiran-a-angka"].rows if row[2] == "Unduh" and row[8] == "ya"]
    assert marked == said
    assert len(said) == 2

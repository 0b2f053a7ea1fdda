"""What the report says, from the evaluation: rows, missing values, findings, decisions, pages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader

from agent.clock import NS
from agent.config import ConfigError, load, loads
from agent.identity import Key
from collector.judge.figures import Direction, Evaluation, Status
from collector.report import chart, findings, words
from collector.report.build import Edition, build
from collector.report.columns import MAIN
from collector.report.document import Document
from collector.report.folder import Report, write
from collector.report.pdf import TypesetError, typeset
from collector.report.settings import ReportSettings
from tests.collector.centre_sample import centre
from tests.collector.loop_sample import loop
from tests.collector.report_sample import CASES, CLOSED, MBIT, ORIGIN, SETTINGS, many, sample

EXAMPLE = Path(__file__).parents[2] / "config" / "report.toml"


def built(evaluation: Evaluation, settings: ReportSettings = SETTINGS) -> Document:
    return build(evaluation=evaluation, settings=settings, origin=ORIGIN, edition=Edition())


def made(folder: Path, *, label: str = "", settings: ReportSettings = SETTINGS) -> Report:
    evaluation = sample(cases=CASES[:4], label=label)
    return write(evaluation=evaluation, settings=settings, origin=ORIGIN, key=Key(bytes(32)), folder=folder)


def test_the_main_table_has_the_columns_of_the_specification_in_order() -> None:
    named = (
        "No|Kode PD|Perangkat Daerah|Simpul/Tautan|Kelas Prioritas|Alokasi Unduh|Alokasi Unggah|Rata-rata Unduh|"
        "Rata-rata Unggah|P95 Unduh|P95 Unggah|Puncak 5-menit Unduh|Puncak 5-menit Unduh (tgl jam)|Jam Sibuk|"
        "Rata-rata Jam Sibuk|Utilisasi P95|Waktu pada Batas|Paket Terbuang Antrean|Volume Unduh|Volume Unggah|"
        "Cakupan Data|Rentang P95 Unduh min|Rentang P95 Unduh maks|Rentang P95 Unggah min|Rentang P95 Unggah maks|"
        "Perubahan P95 thd Bulan Lalu Unduh|Perubahan P95 thd Bulan Lalu Unggah|Status"
    )
    assert [column.title.removesuffix(" (Mbps)").removesuffix(" (%)").removesuffix(" (GB)") for column in MAIN] == (
        named.split("|")
    )


def test_an_agency_without_measurement_has_only_missing_figures() -> None:
    row = dict(zip([column.key for column in MAIN], built(sample()).table("bab-vi-penggunaan").rows[11], strict=True))
    figures = [key for key in row if key.endswith(("_mbps", "_persen", "_gb")) and not key.startswith("alokasi")]
    assert {row[key] for key in figures} == {None}
    assert row["status"] == "DATA TIDAK CUKUP"


def test_an_agency_without_allocation_has_p95_but_no_utilisation_and_no_status() -> None:
    row = dict(zip([column.key for column in MAIN], built(sample()).table("bab-vi-penggunaan").rows[7], strict=True))
    assert row["p95_unduh_mbps"] is not None
    assert (row["alokasi_unduh_mbps"], row["utilisasi_persen"], row["status"]) == (None, None, None)


def test_a_shown_bound_without_end_is_said_and_one_not_shown_is_missing() -> None:
    table = built(sample()).table("bab-vi-penggunaan")
    at = table.position("rentang_p95_unduh_maks_mbps")
    assert [row[at] for row in table.rows][:4] == [None, None, None, "tidak terbatas"]


def primed(way: Direction, *primes: int) -> Direction:
    """Give every figure of the main table a prime of its own, so that no column can show another's."""
    mean, p95, low, high, peak, busy = (Fraction(prime * MBIT) for prime in primes[:6])
    return replace(
        way, mean=mean, p95=p95, p95_low=low, p95_high=high, bounds_shown=True, peak=peak, busy_hour_mean=busy,
        volume_octets=primes[6] * 10**9, p95_change=Fraction(primes[7]),
    )  # fmt: skip


def test_each_column_of_the_main_table_shows_its_own_figure() -> None:
    evaluation = sample(cases=CASES[:1])
    opd = replace(
        evaluation.opds[0],
        unduh=primed(evaluation.opds[0].unduh, 2, 3, 5, 7, 11, 13, 41, 43),
        unggah=primed(evaluation.opds[0].unggah, 17, 19, 23, 29, 31, 37, 47, 53),
        utilisation=Fraction(59, 100),
        ceiling=Fraction(61, 100),
        coverage=Fraction(67, 100),
    )
    row = built(replace(evaluation, opds=(opd,))).table("bab-vi-penggunaan").rows[0]
    figures = [float(value) for value in row if isinstance(value, Decimal)]
    assert figures == [50, 25, 2, 17, 3, 19, 11, 13, 59, 61, 41, 47, 67, 5, 7, 23, 29, 4300, 5300]


def test_every_chapter_of_the_specification_is_there_in_its_order() -> None:
    document = built(sample())
    numbers = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV"]
    assert [chapter.number for chapter in document.chapters] == numbers
    assert [chapter.number for chapter in document.annexes] == ["A", "B", "C", "D", "E"]


def test_at_most_five_decisions_are_asked_for_and_each_has_its_reason() -> None:
    evaluation = sample()
    asked = findings.decisions(evaluation, None)
    assert len(asked) == findings.MAX_DECISIONS
    assert asked[0].startswith("Meninjau alokasi bandwidth 2 (dua) Perangkat Daerah berstatus JENUH")
    assert asked[1] == "Menetapkan alokasi bandwidth bagi 1 (satu) Perangkat Daerah: Kecamatan Contoh Selatan."


def test_no_decision_is_invented_where_all_is_well() -> None:
    evaluation = sample(cases=CASES[:1])
    well = replace(evaluation, opds=tuple(replace(opd, status=Status.WAJAR) for opd in evaluation.opds), upstream=())
    assert findings.decisions(well, None) == ()
    assert words.NO_DECISION in [getattr(block, "text", "") for block in built(well).chapters[0].blocks]


def test_a_month_without_contracts_and_agencies_still_gives_a_report(tmp_path: Path) -> None:
    evaluation = sample(cases=())
    bare = replace(evaluation, upstream=(), totals=replace(evaluation.totals, capacity_down_bps=None))
    report = write(
        evaluation=bare, settings=ReportSettings(), origin=ORIGIN, key=Key(bytes(32)), folder=tmp_path / "v1"
    )
    text = "\n".join(page.extract_text() for page in PdfReader(report.pdf).pages)
    assert "Belum ada kontrak layanan internet" in text


def test_every_page_has_classification_code_and_number(tmp_path: Path) -> None:
    report = made(tmp_path / "v1")
    pages = [page.extract_text() for page in PdfReader(report.pdf).pages]
    for number, text in enumerate(pages, start=1):
        assert "TERBATAS" in text
        assert report.code in text
        assert f"Halaman {number} dari {len(pages)}" in text
        assert "SIMULASI" not in text


def test_the_label_is_on_every_page_file_sheet_and_row(tmp_path: Path) -> None:
    report = made(tmp_path / "v1", label="SIMULASI")
    for page in PdfReader(report.pdf).pages:
        assert "SIMULASI - DATA BUATAN" in page.extract_text()
    assert all("SIMULASI" in name for name in report.files if not name.startswith("manifest"))
    assert '"penanda": "SIMULASI"' in report.pdf.with_suffix(".json").read_text(encoding="utf-8")
    assert '"label":"SIMULASI"' in report.manifest.read_text(encoding="utf-8")
    for path in report.folder.glob("*.csv"):
        first, *rows = path.read_text(encoding="utf-8").splitlines()
        assert first.endswith(",Penanda")
        assert all(row.endswith(",SIMULASI") for row in rows)


def test_dates_in_the_files_are_those_of_the_closing_and_not_of_the_clock(tmp_path: Path) -> None:
    report = made(tmp_path / "v1")
    about = PdfReader(report.pdf).metadata
    assert about is not None
    assert about.creation_date == about.modification_date == datetime.fromtimestamp(CLOSED // NS, UTC)
    book = openpyxl.load_workbook(report.pdf.with_suffix(".xlsx"))
    assert book.properties.created == datetime.fromtimestamp(CLOSED // NS, UTC).replace(tzinfo=None)


def test_what_typst_refuses_is_an_error_with_its_words() -> None:
    with pytest.raises(TypesetError, match=r"exit 1.*meta"):
        typeset("{}", timestamp=0)


def test_the_pdf_says_that_it_is_tagged_archival_and_accessible(tmp_path: Path) -> None:
    reader = PdfReader(made(tmp_path / "v1").pdf)
    packet = reader.trailer["/Root"]["/Metadata"].get_data().decode()  # type: ignore[index]
    assert re.search(r"pdfaid:part>2<", packet)
    assert re.search(r"pdfaid:conformance>A<", packet)
    assert re.search(r"pdfuaid:part>1<", packet)


def test_the_summary_of_sixty_agencies_is_one_page_whatever_there_is_to_tell(tmp_path: Path) -> None:
    evaluation = sample(cases=many(60))
    report = write(
        evaluation=evaluation,
        datacentre=centre(),
        loop=loop(evaluation),
        settings=SETTINGS,
        origin=ORIGIN,
        key=Key(bytes(32)),
        folder=tmp_path / "v1",
    )
    pages = [page.extract_text() for page in PdfReader(report.pdf).pages[4:9]]
    first = next(at for at, text in enumerate(pages) if "RINGKASAN EKSEKUTIF" in text and "DAFTAR ISI" not in text)
    assert "DASAR DAN RUANG LINGKUP" in pages[first + 1]


def test_empty_settings_print_dots_and_no_invented_name(tmp_path: Path) -> None:
    text = PdfReader(made(tmp_path / "v1", settings=ReportSettings()).pdf).pages[2].extract_text()
    assert "NIP ...." in text.replace(" .", ".").replace("NIP.", "NIP .")


def test_the_shipped_example_is_a_valid_setting() -> None:
    settings = load(ReportSettings, EXAMPLE)
    assert settings.letterhead.government == "PEMERINTAH KABUPATEN CONTOH"
    assert len(settings.legal_basis) == 3


def test_a_setting_of_unknown_name_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigError, match="classificatoin"):
        loads(ReportSettings, 'classificatoin = "BIASA"', source="report.toml")


def test_a_gap_is_drawn_as_a_gap_and_never_as_zero() -> None:
    panel = chart.Panel("Unduh", [1_000_000] * 10 + [None] * 4 + [0] * 10, [None], [])
    assert list(chart.runs(panel.hourly)) == [(0, 10, True), (10, 14, False), (14, 24, True)]
    drawing = chart.svg([panel], days=1, legend=chart.Legend("a", "b", "c", "d"))
    assert drawing.count("<path") == 2


def test_contracts_that_end_within_ninety_days_are_brought_up() -> None:
    text = " ".join(findings.decisions(sample(cases=CASES[:1]), None))
    assert "Menyiapkan kelanjutan kontrak yang berakhir dalam 90 hari" in text


def test_allocations_print_whole_local_days() -> None:
    table = built(sample()).table("bab-v-alokasi")
    spans = [(row[table.position("berlaku_mulai")], row[table.position("berlaku_hingga")]) for row in table.rows]
    assert (date(2026, 10, 16), None) in spans
    assert (date(2026, 3, 15), date(2026, 10, 15)) in spans

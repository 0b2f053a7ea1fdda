"""Files from anywhere: what cannot be read in one way only, or would fill the memory, is refused in words."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from collector.importing.columns import Column, Kind, Unfit, Value
from collector.importing.files import read, write
from collector.importing.grid import MOST_BYTES, MOST_ROWS, Cell, Sheet, Unreadable, Unusable, csv_of, read_csv
from collector.importing.spreadsheet import read_xlsx, xlsx_of

KNOWN = ("kode", "nama")


def text(data: bytes | str) -> Sheet:
    return read_csv(data.encode() if isinstance(data, str) else data, name="opd", known=KNOWN)


def book(*rows: list[object]) -> bytes:
    made, out = Workbook(), io.BytesIO()
    assert made.active is not None
    made.active.title = "opd"
    for row in rows:
        made.active.append(row)
    made.save(out)
    return out.getvalue()


def repacked(data: bytes, **changed: bytes) -> bytes:
    """Return a workbook with some of its members replaced (``sheet1`` for xl/worksheets/sheet1.xml)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            name = Path(item.filename).stem
            new.writestr(item.filename, changed.get(name, old.read(item)))
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiter_and_byte_order_mark_are_found(delimiter: str, mark: bytes) -> None:
    lines = f'Kode{delimiter}Nama\r\nDINKES{delimiter}"Dinas, Kesehatan; {delimiter}"\r\n\r\nX{delimiter}é\r\n'
    sheet = text(mark + lines.encode())
    assert sheet.header == ("Kode", "Nama")
    assert sheet.rows == ((2, ("DINKES", f"Dinas, Kesehatan; {delimiter}".strip())), (4, ("X", "é")))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("Kode,Nama\nX,Café\n".encode("cp1252"), "baris 2: byte 0xe9 bukan UTF-8; berkas ini tampaknya Windows-1252"),
        ("Kode,Nama\n".encode("utf-16"), "UTF-16"),
        (b'Kode,Nama\nX,"tak tutup\n', "bukan CSV yang utuh"),
        (b"Kode,Nama\nX,Y,Z\n", "baris 2: ada isian di luar kolom"),
        (b"Kode,Nama\nX," + b"y" * 2001, "lebih dari 2000 karakter"),
        (b"Kode,Nama\n" + b"X,Y\n" * (MOST_ROWS + 1), f"lebih dari {MOST_ROWS} baris"),
        (b"x" * (MOST_BYTES + 1), "lebih dari 8 MiB"),
        (b"Kode" + b",abc" * 100, "lebih dari 100 kolom"),
    ],
)
def test_a_text_file_that_is_no_table_is_named(data: bytes, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        text(data)


def test_a_formula_is_never_a_value() -> None:
    (row,) = text("Kode,Nama\n=1+1,'=1+1\n").rows
    assert isinstance(row[1][0], Unusable)
    assert row[1][1] == "=1+1"  # marked as text, as an export marks it
    (sheet,) = read_xlsx(book(["Kode", "Nama"], ["=HYPERLINK(1)", "#N/A"]))
    assert [isinstance(cell, Unusable) for cell in sheet.rows[0][1]] == [True, True]
    with pytest.raises(Unfit, match="rumus tidak dihitung"):
        Column("code", "Kode", "", "", "teks").value(sheet.rows[0][1][0])


def test_text_of_an_export_is_text_in_the_spreadsheet_too() -> None:
    data = xlsx_of([("opd", ["Kode"], [["=1+1"], ["+62"], ["'x"]])])
    made = load_workbook(io.BytesIO(data))["opd"]
    assert [made.cell(row, 1).data_type for row in (2, 3, 4)] == ["s", "s", "s"]
    assert read_xlsx(data)[0].rows[0][1] == ("=1+1",)


def test_cells_of_a_workbook_keep_their_kind() -> None:
    cells = ["007", 5, 12.5, True, datetime(2026, 3, 1), datetime(2026, 3, 1, 8, 5), None, 3.0]  # noqa: DTZ001 - local
    (sheet,) = read_xlsx(book([f"k{i}" for i in range(len(cells))], cells))
    found: tuple[Cell, ...] = sheet.rows[0][1]
    moment = datetime(2026, 3, 1, 8, 5)  # noqa: DTZ001 - a cell has the region's local time
    assert found == ("007", 5, Decimal("12.5"), True, date(2026, 3, 1), moment, None, 3)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("laju", "12,5", "12.5"), ("laju", "12.50", "12.5"), ("laju", 100, "100"), ("laju", Decimal("1.234"), "1.234"),
        ("laju", "1.2340", "1.234"), ("bilangan", "67500000", 67_500_000), ("ya/tidak", "Ya", True),
        ("tanggal", "2026-03-01", date(2026, 3, 1)), ("daftar", "a; b ;", ("a", "b")), ("teks", 7, "7"),
    ],
)  # fmt: skip
def test_a_cell_that_can_be_read_in_one_way_is_taken(kind: Kind, cell: Cell, value: Value) -> None:
    assert Column("x", "X", "", "1", kind).value(cell) == value


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("laju", "1.234"), ("laju", "1,234"), ("laju", "1.234,5"), ("laju", "10 Mbps"), ("laju", "-5"), ("laju", "1e3"),
        ("laju", True), ("bilangan", "1.234"), ("bilangan", Decimal("1.5")), ("bilangan", "½"), ("bilangan", True),
        ("ya/tidak", "mungkin"), ("ya/tidak", 1), ("tanggal", "03/04/2026"), ("tanggal", "20260304"),
        ("tanggal", 45000), ("tanggal", "2026-03-01T08:00+07:00"), ("teks", True), ("teks", date(2026, 1, 1)),
        ("teks", Decimal("1.5")),
    ],
)  # fmt: skip
def test_a_cell_that_could_mean_two_things_is_refused(kind: Kind, cell: Cell) -> None:
    with pytest.raises(Unfit):
        Column("x", "X", "", "1", kind).value(cell)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30), min_size=1))
def test_every_text_comes_back_from_csv(texts: list[str]) -> None:
    texts = [item.strip() or "x" for item in texts]
    sheet = read_csv(csv_of(["Nama"], [[item] for item in texts]), name="x", known=["nama"])
    assert [row[1][0] for row in sheet.rows] == texts


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = repacked(book(["Kode"]), sheet1=b"0" * (33 << 20))
    assert len(bomb) < 100_000
    with pytest.raises(Unreadable, match="lebih dari 32 MiB sesudah dibuka"):
        read_xlsx(bomb)
    with pytest.raises(Unreadable, match="lebih dari 2500000 unsur"):
        read_xlsx(repacked(book(["Kode"]), sheet1=b"<x/>" * 2_600_000))


def test_entities_and_other_encodings_of_xml_are_not_taken() -> None:
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet>&e;</worksheet>'
    for data in (entity, entity.decode().encode("utf-16")):
        with pytest.raises(Unreadable, match="memuat DTD"):
            read_xlsx(repacked(book(["Kode"]), sheet1=data))


@pytest.mark.parametrize(("row", "place"), [(b"99999999999", b"A99999999999"), (b"1048577", b"A1048577")])
def test_a_row_far_away_takes_no_time(row: bytes, place: bytes) -> None:
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    far = head + b'<row r="%s"><c r="%s"><v>1</v></c></row></sheetData></worksheet>' % (row, place)
    with pytest.raises(Unreadable, match="baris"):
        read_xlsx(repacked(book(["Kode"]), sheet1=far))


def test_no_damage_of_a_workbook_makes_reading_fall_over() -> None:
    data, rng = book(["Kode", "Nama"], ["X", 5], ["Y", 1.5]), random.Random(7)
    members = {Path(item.filename).stem: item for item in zipfile.ZipFile(io.BytesIO(data)).infolist()}
    for number in range(300):
        if number % 2:
            broken = bytearray(data)
            broken[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        else:
            name = rng.choice(sorted(members))
            inner = bytearray(zipfile.ZipFile(io.BytesIO(data)).read(members[name]))
            for _ in range(3):
                inner[rng.randrange(len(inner))] ^= 1 << rng.randrange(8)
            broken = bytearray(repacked(data, **{name: bytes(inner)}))
        try:
            read_xlsx(bytes(broken))
        except Unreadable:
            continue


def test_a_file_of_another_program_is_named(tmp_path: Path) -> None:
    for data, told in ((b"\xd0\xcf\x11\xe0" + b"0" * 600, "XLS lama"), (b"PK\x03\x04rusak", "bukan buku kerja XLSX")):
        with pytest.raises(Unreadable, match=told):
            read(data, table="opd", known={})
    with pytest.raises(Unreadable, match="sebutkan yang mana: opd"):
        read(b"Kode\n", table="jaringan", known={"opd": ()})
    with pytest.raises(Unreadable, match=r"harus berakhiran \.xlsx atau \.csv"):
        write(tmp_path / "x.ods", [("opd", ["Kode"], [])], dictionary=[])


def test_an_export_carries_its_data_dictionary(tmp_path: Path) -> None:
    tables = [("opd", ["Kode"], [["DINKES"]]), ("lokasi", ["Kode"], [["noc"]])]
    dictionary: list[list[Cell]] = [
        [name, "Kode", "code", "wajib", "teks", None, "arti", None] for name in ("opd", "lokasi")
    ]
    (workbook,) = write(tmp_path / "x.xlsx", tables, dictionary=dictionary)
    assert [sheet.name for sheet in read_xlsx(workbook.read_bytes())] == ["opd", "lokasi", "kamus-data"]
    table, beside = write(tmp_path / "opd.csv", tables, dictionary=dictionary, table="opd")
    assert table.read_text() == "Kode\nDINKES\n"
    assert beside.read_text().splitlines()[1:] == ["opd,Kode,code,wajib,teks,,arti,"]

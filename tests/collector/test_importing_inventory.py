"""The inventory as tables: what comes back from a spreadsheet is what went out, and every refusal names its cell."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import WIB, WIT, Zone
from collector.importing.difference import Difference, Differences
from collector.importing.grid import Cell, Sheet, csv_of, folded, read_csv
from collector.importing.inventory import COLUMNS, apply, differences, exported
from collector.importing.spreadsheet import read_xlsx, xlsx_of
from collector.importing.words import INVENTORY, TABLES
from collector.inventory import InventoryError
from collector.register.document import EMPTY, Document, read
from tests.collector.register_sample import NOW, WHOLE, document, later, opened

EXAMPLE = Path(__file__).parents[2] / "config" / "inventory.toml"
LINK = ("Kode", "Kode OPD", "Kode Perangkat", "Antarmuka", "Pencacah Unduh", "Ujung", "Media", "Pemilik", "Pengelola",
        "Aktif Sejak")  # fmt: skip
NEW = ("wan-2", "BPKAD", "r1", "ether2", "receive", "opd", "radio", "Pemkab", "WAN", "2026-02-01")


def table(name: str, header: Sequence[str], *rows: Sequence[Cell]) -> Sheet:
    return Sheet(name, tuple(header), tuple((number, tuple(row)) for number, row in enumerate(rows, start=2)))


def compared(*sheets: Sheet, before: Document | None = None, determines: bool = False) -> Differences:
    return differences(document() if before is None else before, sheets, zone=WIB, determines=determines)


def only(found: Differences) -> Difference:
    (item,) = found.items
    return item


@pytest.mark.parametrize("zone", [WIB, WIT])
def test_an_export_imported_again_changes_nothing(zone: Zone) -> None:
    whole = read(EXAMPLE, zone=zone)
    tables = exported(whole, zone=zone)
    books = read_xlsx(xlsx_of(tables))
    texts = [read_csv(csv_of(header, rows), name=name, known=map(folded, header)) for name, header, rows in tables]
    for sheets in (books, texts):
        found = differences(whole, sheets, zone=zone)
        assert (found.whole, found.count("unchanged"), len(found.items)) == (True, 43, 43)


def test_an_export_makes_the_same_inventory_elsewhere() -> None:
    whole = read(EXAMPLE, zone=WIB)
    register_less = compared(*read_xlsx(xlsx_of(exported(whole, zone=WIB))), before=EMPTY, determines=True)
    assert (register_less.whole, register_less.count("added")) == (True, 43)


def test_a_revoked_determination_and_its_revocation_come_back() -> None:
    whole = document(WHOLE + later("SK-2", "2026-07-01", more='revoked = { number = "SK-3", date = 2026-08-01 }\n'))
    sheets = read_xlsx(xlsx_of(exported(whole, zone=WIB)))
    assert compared(*sheets, before=whole).count("unchanged") == 7


@given(st.integers(1, 9_999_999_999_999))
def test_every_rate_comes_back_exactly(bps: int) -> None:
    column = next(item for item in COLUMNS["contract"] if item.key == "down_mbps")
    text = f"{bps // 10**6}.{bps % 10**6:06d}".rstrip("0").rstrip(".")
    written = column.cell(text)
    assert isinstance(written, Decimal)
    for name, header, rows in (("kontrak", [column.title], [[written]]),):
        (row,) = read_csv(csv_of(header, rows), name=name, known=["unduh (mbps)"]).rows
        assert column.value(row[1][0]) == text


def test_a_link_at_two_queue_trees_comes_back() -> None:
    trees = 'queue_unduh = "bpkad-unduh"\nqueue_unggah = "bpkad-unggah"'
    whole = document(WHOLE.replace('interface = "ether1"\nunduh = "receive"', trees))
    assert compared(*read_xlsx(xlsx_of(exported(whole, zone=WIB))), before=whole).count("unchanged") == 6


def test_a_new_row_is_added_and_what_no_row_names_stays(tmp_path: Path) -> None:
    register = opened(tmp_path)
    register.apply(document(), actor="t", now_ns=NOW)
    sheet = table("tautan", LINK, NEW)
    assert only(compared(sheet)).action == "added"
    apply(register, [sheet], zone=WIB, determines=False, actor="ani", now_ns=NOW + 1, detail="impor x.csv")
    assert [link.code for link in register.inventory().links] == ["wan-2", "wan-bpkad"]
    newest = register.audit.records()[-1]
    assert (newest.action, "impor x.csv" in newest.detail) == ("inventory.import", True)


def test_a_changed_value_is_told_with_what_stood_there() -> None:
    item = only(compared(table("tautan", ("Kode", "Media", "Kemampuan Fisik (Mbps)"), ("wan-bpkad", "radio", 1000))))
    assert item.action == "changed"
    assert [str(change) for change in item.altered] == [
        "Media: serat optik -> radio",
        "Kemampuan Fisik (Mbps): kosong -> 1000",
    ]


def test_what_is_written_otherwise_but_says_the_same_is_no_change() -> None:
    assert only(compared(table("tautan", ("Kode", "Dibatasi"), ("wan-bpkad", None)))).action == "unchanged"


@pytest.mark.parametrize(
    ("title", "cell", "told"),
    [
        ("Ujung", "tengah", "tengah harus salah satu dari opd, noc"),
        ("Aktif Sejak", "03/04/2026", "harus tanggal seperti 2026-03-31"),
        ("Aktif Sejak", "2026-03-02T08:03", "5-minute boundary"),
        ("Antarmuka", None, "one interface, one queue"),
        ("Kode OPD", "DINKES", "there is no [[opd]] 'DINKES'"),
        ("Media", None, "harus diisi"),
        ("Kode", "-x", "must be letters"),
        ("Kode", None, "harus diisi"),
    ],
)
def test_a_cell_that_does_not_fit_is_named_with_its_row_and_column(title: str, cell: Cell, told: str) -> None:
    row = [cell if name == title else given for name, given in zip(LINK, NEW, strict=True)]
    item = only(compared(table("tautan", LINK, row)))
    assert (item.action, item.row) == ("refused", 2)
    assert [problem for problem in item.problems if problem.column == title and told in problem.what]


def test_one_refused_row_leaves_everything_as_it_was(tmp_path: Path) -> None:
    register = opened(tmp_path)
    register.apply(document(), actor="t", now_ns=NOW)
    bad = ("wan-3", *NEW[1:4], "kanan", *NEW[5:])
    with pytest.raises(InventoryError, match="ditolak  tautan baris 3: wan-3 - Pencacah Unduh"):
        apply(register, [table("tautan", LINK, NEW, bad)], zone=WIB, determines=False, actor="a", now_ns=2, detail="")
    assert register.revision() == 1


ALLOCATION = ("Kode OPD", "Nomor Penetapan", "Tanggal Penetapan", "Dasar Hukum", "Pejabat", "Kelas Prioritas",
              "Unduh (Mbps)", "Unggah (Mbps)", "Berlaku Sejak")  # fmt: skip


def test_no_import_rewrites_a_determination() -> None:
    sheet = table("penetapan", ("Kode OPD", "Nomor Penetapan", "Berlaku Sejak", "Unduh (Mbps)"),
                  ("BPKAD", "SK-1", "2026-01-01", 500))  # fmt: skip
    told = only(compared(sheet, determines=True))
    assert (told.action, "never rewritten" in told.problems[0].what) == ("refused", True)
    assert "impor tidak menetapkan" in only(compared(sheet)).problems[0].what


def test_only_who_may_determine_adds_an_allocation_by_import() -> None:
    sheet = table("penetapan", ALLOCATION, ("BPKAD", "SK-2", "2026-06-20", "x", "y", "tinggi", "12,5", 5, "2026-07-01"))
    assert only(compared(sheet)).action == "refused"
    found = compared(sheet, determines=True)
    assert only(found).action == "added"
    assert found.notes == ("allocation BPKAD SK-1 from 2026-01-01 now ends on 2026-07-01",)


def test_a_contract_is_never_rewritten_but_may_be_revoked() -> None:
    header = ("Kode", "Nomor", "Berlaku Sejak", "Unduh (Mbps)")
    assert only(compared(table("kontrak", header, ("isp", "K-1", "2026-01-01", 500)))).action == "refused"
    ending = (*header[:3], "Dicabut dengan Nomor", "Dicabut Sejak")
    revoked = table("kontrak", ending, ("isp", "K-1", "2026-01-01", "K-9", "2026-09-01"))
    assert only(compared(revoked)).action == "changed"


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        (table("jaringan", ("Kode",), ("a",)), "lembar 'jaringan' tidak dikenal"),
        (table("tautan", ("Kode", "Medai"), ("a", "b")), "mungkin 'Media'"),
        (table("tautan", ("Kode", "Media", "medium"), ("a", "b", "c")), "'Media' ada dua kali"),
        (table("tautan", ("Media",), ("a",)), "kolom 'Kode' harus ada"),
    ],
)
def test_a_file_of_another_form_is_refused_as_a_whole(sheet: Sheet, told: str) -> None:
    found = compared(sheet)
    assert (found.items, found.whole) == ((), False)
    assert told in found.problems[0]


def test_one_object_on_two_rows_is_refused() -> None:
    found = compared(table("tautan", LINK, NEW, NEW))
    assert [item.action for item in found.items] == ["added", "refused"]
    assert "sama dengan baris 2" in str(found.items[1])


def test_a_problem_that_shows_at_a_registered_object_is_told_too() -> None:
    taken = ("aa-1", "BPKAD", "r1", "ether1", *NEW[4:9], "2025-01-01")  # the same interface, from an earlier day
    found = compared(table("tautan", LINK, taken))
    assert not found.whole
    assert "tautan wan-bpkad (sudah terdaftar)" in found.problems[0]


def test_every_column_has_its_words_and_no_title_is_there_twice() -> None:
    for kind, columns in COLUMNS.items():
        assert {column.key for column in columns} == set(INVENTORY[kind])
        assert len({folded(column.title) for column in columns}) == len(columns)
        assert kind in TABLES

"""Tables in XLSX workbooks, read with distrust and written without formulas. The only door to openpyxl.

A workbook is a ZIP of XML from anywhere: what it unpacks to is bounded before it is unpacked, no document type is
taken (so there are no entities), links to other files are not followed, and formulas are not evaluated.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException

from collector.importing.grid import (
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    Sheet,
    Unreadable,
    Unusable,
    sheet,
    shown,
)

MOST_UNPACKED: Final = 32 << 20
MOST_TAGS: Final = 2_500_000
MOST_MEMBERS: Final = 500
MOST_SHEETS: Final = 40
LAST_ROW: Final = 2 * MOST_ROWS
"""Rows are read no further than here, also empty ones: each costs time, and a file may number them as it likes."""
_DAMAGED = (
    *(
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        InvalidFileException,
        SyntaxError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError, RecursionError, AssertionError),
)
"""What a damaged workbook may raise in openpyxl's reader (found by flipping bytes); broken XML is a SyntaxError."""


def read_xlsx(data: bytes) -> list[Sheet]:
    """Return the sheets of a workbook, each with its first row as header; Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"berkas lebih dari {MOST_BYTES >> 20} MiB")
    try:
        _hold_bounds(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and checks that it does not keep
            book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            try:
                if len(book.worksheets) > MOST_SHEETS:
                    raise Unreadable(f"lebih dari {MOST_SHEETS} lembar")
                return [sheet(item.title, list(_rows(item))) for item in book.worksheets]
            finally:
                book.close()
    except _DAMAGED as error:
        raise Unreadable(f"bukan buku kerja XLSX yang utuh ({type(error).__name__}); simpan ulang") from error


def _hold_bounds(data: bytes) -> None:
    """Refuse what unpacks to more than the bounds (it never does to more than it declares), or is no plain XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS or sum(item.file_size for item in members) > MOST_UNPACKED:
            raise Unreadable(f"isinya lebih dari {MOST_UNPACKED >> 20} MiB sesudah dibuka; bukan tabel")
        tags = 0
        for item in members:
            if item.filename.lower().endswith((".xml", ".rels")):
                text = archive.read(item)
                # Whatever expat takes as XML is UTF-16, which has zero bytes here, or has ASCII's letters as they are.
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\x00" in text:
                    raise Unreadable(f"{item.filename} memuat DTD atau bukan UTF-8; buku kerja biasa tidak memuatnya")
                tags += text.count(b"<")
        if tags > MOST_TAGS:  # each costs time
            raise Unreadable(f"isinya lebih dari {MOST_TAGS} unsur; bukan tabel")


def _rows(worksheet: Any) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    filled = 0
    for number, row in enumerate(worksheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
        cells = tuple(_cell(item) for item in row)
        if any(cell is not None for cell in cells):
            filled += 1
            yield number, cells
        if filled > MOST_ROWS + 1 or number > LAST_ROW:
            raise Unreadable(
                f"{worksheet.title}: lebih dari {MOST_ROWS} baris; bagi lembarnya, hapus baris yang kosong"
            )


def _cell(item: Any) -> Cell:
    value = item.value
    if value is None or (item.data_type == "n" and isinstance(value, str) and not value.strip()):
        return None
    if item.data_type == "f":
        return Unusable("berisi rumus; rumus tidak dihitung, tempel nilainya saja (Paste Special, Values)")
    if item.data_type == "e":
        return Unusable(f"berisi kesalahan {value}; tulis nilainya")
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else Decimal(repr(value))
    if isinstance(value, time | timedelta):
        return Unusable("berisi jam tanpa tanggal; tulis tanggalnya")
    return value if isinstance(value, bool | int | date) else Unusable("berisi sesuatu yang bukan nilai")


def xlsx_of(sheets: Sequence[tuple[str, Sequence[str], Sequence[Sequence[Cell]]]]) -> bytes:
    """Return named tables (name, titles, rows) as a workbook; text is always text, never a formula."""
    book = Workbook(write_only=True)
    for name, header, rows in sheets:
        made = book.create_sheet(name)
        made.freeze_panes = "A2"
        for at, title in enumerate(header):
            made.column_dimensions[_letter(at)].width = max(12, min(60, len(title) + 4))
        made.append([_written(made, title, bold=True) for title in header])
        for row in rows:
            made.append([_written(made, cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _letter(at: int) -> str:
    return (chr(ord("A") + at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


def _written(worksheet: Any, given: Cell, *, bold: bool = False) -> Any:
    value: Any = shown(given) if isinstance(given, bool | Unusable) else given
    cell = WriteOnlyCell(worksheet, value=value)
    if isinstance(value, str):
        cell.data_type, cell.number_format = "s", "@"
    elif isinstance(value, datetime):
        cell.number_format = "yyyy-mm-dd hh:mm"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    if bold:
        cell.font = Font(bold=True)
    return cell

"""Tables as people fill them in: sheets of cells, from CSV and to CSV. Everything is bounded; nothing is evaluated."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from collector.report.tables import FORMULA, neutral

MOST_BYTES: Final = 8 << 20
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 100
MOST_TEXT: Final = 2000
DELIMITERS: Final = (",", ";", "\t")
"""Where several would do (a table of one column) the first is meant, with which exports are written."""


class Unreadable(Exception):
    """A file that is no table that could be imported; the message, in Indonesian, says what to do."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A cell that holds no value: a formula, or an error; ``what`` says so."""

    what: str


Cell = str | int | Decimal | bool | date | Unusable | None
"""What a cell holds; None is empty. A date may be a datetime without a zone: local time of the region."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: ``header`` are its titles, ``rows`` the numbered lines of the file with their cells."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


def text_of(data: bytes) -> str:
    """Return the text of a CSV file, which must be UTF-8; Unreadable names what it seems to be instead."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:1000]:
        raise Unreadable("berkas ini UTF-16, bukan UTF-8; simpan ulang sebagai CSV UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            f"baris {line}: byte 0x{data[error.start]:02x} bukan UTF-8; berkas ini tampaknya Windows-1252, dan huruf "
            "di dalamnya akan salah dibaca: simpan ulang sebagai CSV UTF-8"
        ) from error


def read_csv(data: bytes, *, name: str, known: Iterable[str]) -> Sheet:
    """Return the table of a CSV file; the delimiter is the one by which most of the ``known`` titles are found."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"berkas lebih dari {MOST_BYTES >> 20} MiB")
    text, titles = text_of(data), set(known)

    def found(delimiter: str) -> int:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        return sum(folded(cell) in titles for cell in first)

    try:
        delimiter = max(DELIMITERS, key=found)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows: list[tuple[int, tuple[Cell, ...]]] = []
        for row in reader:
            if len(rows) > MOST_ROWS:
                raise Unreadable(f"lebih dari {MOST_ROWS} baris; bagi berkasnya")
            rows.append((reader.line_num, tuple(_cell(cell) for cell in row)))
    except csv.Error as error:
        raise Unreadable(f"bukan CSV yang utuh: {error}") from error
    return sheet(name, rows)


def _cell(text: str) -> Cell:
    text = text.strip()
    if text.startswith("="):
        return Unusable(f"berisi rumus ({text[:40]}); rumus tidak dihitung, tulis nilainya")
    if text.startswith("'") and text[1:].startswith(FORMULA):  # the mark that an export puts there
        text = text[1:]
    return text or None


def sheet(name: str, rows: Sequence[tuple[int, tuple[Cell, ...]]]) -> Sheet:
    """Return numbered rows as a table whose first row that is not empty is its header; Unreadable."""
    filled = [(number, row) for number, row in rows if any(cell is not None for cell in row)]
    if not filled:
        return Sheet(name, (), ())
    header = tuple("" if cell is None else str(cell) for cell in filled[0][1])
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MOST_COLUMNS:
        raise Unreadable(f"{name}: lebih dari {MOST_COLUMNS} kolom")
    for number, row in filled[1:]:
        if any(cell is not None for cell in row[len(header) :]):
            raise Unreadable(f"{name} baris {number}: ada isian di luar kolom yang berjudul; periksa pemisah kolomnya")
        if any(isinstance(cell, str) and len(cell) > MOST_TEXT for cell in row):
            raise Unreadable(f"{name} baris {number}: isian lebih dari {MOST_TEXT} karakter")
    width = len(header)
    return Sheet(name, header, tuple((n, (*row[:width], *[None] * (width - len(row)))) for n, row in filled[1:]))


def folded(title: str) -> str:
    """Return a title as titles are compared: letters of one case, single blanks."""
    return " ".join(title.casefold().split())


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return rows as CSV (RFC 4180, UTF-8), with a mark before text that a spreadsheet would run."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([neutral(title) for title in header])
    writer.writerows([[neutral(shown(cell)) if isinstance(cell, str) else shown(cell) for cell in row] for row in rows])
    return file.getvalue().encode()


def shown(cell: Cell) -> str:
    """Write a cell as text: numbers with a decimal point, days as ISO 8601, ``ya`` and ``tidak``; empty is empty."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "ya" if cell else "tidak"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, date):
        return cell.isoformat()
    return cell.what if isinstance(cell, Unusable) else str(cell)

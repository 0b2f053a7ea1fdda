"""A file as tables, and tables as a file: a workbook of several, or CSV of one with its dictionary beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.importing.columns import Column
from collector.importing.grid import Cell, Sheet, Unreadable, csv_of, folded, read_csv
from collector.importing.words import DICTIONARY, DICTIONARY_HEADER

Written = tuple[str, Sequence[str], Sequence[Sequence[Cell]]]
"""A table to be written: its name, its titles, its rows."""


def read(data: bytes, *, table: str, known: Mapping[str, Sequence[Column]]) -> list[Sheet]:
    """Return the tables of a file; CSV has one, which is ``table``. Unreadable.

    ``known`` holds the columns of each table that there may be.
    """
    if data.startswith(b"PK\x03\x04"):
        from collector.importing.spreadsheet import read_xlsx  # openpyxl costs much to load

        return read_xlsx(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("berkas XLS lama, atau terkunci kata sandi; simpan ulang sebagai XLSX tanpa kata sandi")
    columns = next((found for name, found in known.items() if folded(name) == folded(table)), None)
    if columns is None:
        raise Unreadable(f"berkas CSV memuat satu tabel; sebutkan yang mana: {', '.join(known)}")
    return [read_csv(data, name=table, known=[folded(name) for item in columns for name in (item.key, item.title)])]


def workbook(tables: Sequence[Written], dictionary: Sequence[Sequence[Cell]]) -> bytes:
    """Return tables with their dictionary as XLSX."""
    from collector.importing.spreadsheet import xlsx_of

    return xlsx_of([*tables, (DICTIONARY, DICTIONARY_HEADER, dictionary)])


def write(
    file: Path, tables: Sequence[Written], *, dictionary: Sequence[Sequence[Cell]], table: str = ""
) -> list[Path]:
    """Write tables with their dictionary, as the name of ``file`` asks, and return what was written; Unreadable.

    CSV holds the one table named ``table`` and has its dictionary in a file beside it.
    """
    suffix = file.suffix.lower()
    if suffix == ".xlsx":
        file.write_bytes(workbook(tables, dictionary))
        return [file]
    if suffix != ".csv":
        raise Unreadable(f"{file.name}: harus berakhiran .xlsx atau .csv")
    chosen = [item for item in tables if len(tables) == 1 or folded(item[0]) == folded(table)]
    if not chosen:
        raise Unreadable(f"berkas CSV memuat satu tabel; sebutkan yang mana: {', '.join(item[0] for item in tables)}")
    ((name, header, rows),) = chosen
    beside = file.with_name(f"{file.stem}-{DICTIONARY}.csv")
    file.write_bytes(csv_of(header, rows))
    beside.write_bytes(csv_of(DICTIONARY_HEADER, [row for row in dictionary if row[0] == name]))
    return [file, beside]

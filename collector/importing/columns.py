"""The columns of a table: made from the form that the same content has elsewhere, with Indonesian words for people.

A cell is taken only where it can be read in one way: ``1.234`` might be two numbers and ``03/04/2026`` two days, so
neither is taken.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from collector.importing.grid import Cell, Sheet, Unusable, folded

Kind = Literal["teks", "bilangan", "laju", "ya/tidak", "tanggal", "pilihan", "daftar"]
Value = str | int | bool | date | tuple[str, ...] | None
"""What a form takes; None is not given."""

Words = Mapping[str, tuple[str, str, str]]
"""By the key of a column: its title, its meaning, and an example."""

_WHOLE = re.compile(r"-?[0-9]{1,15}")
_RATE = re.compile(r"([0-9]{1,7})(?:[.,]([0-9]{1,6}))?")
_YES: Final = {"ya": True, "tidak": False, "true": True, "false": False}


class Unfit(Exception):
    """A cell that its column does not take; the message, in Indonesian, says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``key`` is the path of the field in the form, such as ``revoked.number``."""

    key: str
    title: str
    meaning: str
    example: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()

    def value(self, cell: Cell) -> Value:
        """Return what a cell says; Unfit."""
        if cell is None:
            return None
        if isinstance(cell, Unusable):
            raise Unfit(cell.what)
        return _READERS[self.kind](self, cell)

    def cell(self, value: Value) -> Cell:
        """Return how a value stands in a table."""
        if isinstance(value, tuple):
            return "; ".join(value) or None
        if self.kind == "laju" and isinstance(value, str):
            # Three decimals could be read as thousands: see _rate.
            return Decimal(f"{value}0" if re.search(r"\.[0-9]{3}$", value) else value)
        return None if value == "" else value


def columns_of(form: type[Any], words: Words, *, without: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns of a form, in its order; a form within the form gives a column for each of its fields."""
    hints = typing.get_type_hints(form)
    found: list[Column] = []
    for item in fields(form):
        if item.name in without:
            continue
        hint, optional = _plain(hints[item.name])
        if is_dataclass(hint) and isinstance(hint, type):
            inner = typing.get_type_hints(hint)
            found += [_column(f"{item.name}.{part.name}", inner[part.name], False, words) for part in fields(hint)]
        else:
            found.append(_column(item.name, hint, not optional and not _defaulted(item), words))
    return tuple(found)


def _defaulted(item: Field[Any]) -> bool:
    return item.default is not MISSING or item.default_factory is not MISSING


def _plain(hint: Any) -> tuple[Any, bool]:
    """Return a hint without its None, and whether it had one."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        return (inner[0] if len(inner) == 1 else Decimal), len(inner) < len(typing.get_args(hint))
    return hint, False


def _column(key: str, hint: Any, required: bool, words: Words) -> Column:
    kinds: dict[Any, Kind] = {str: "teks", int: "bilangan", Decimal: "laju", bool: "ya/tidak", date: "tanggal"}
    title, meaning, example = words[key]
    if typing.get_origin(hint) is Literal:
        return Column(key, title, meaning, example, "pilihan", required, typing.get_args(hint))
    kind: Kind = "daftar" if typing.get_origin(hint) is tuple else kinds[hint]
    return Column(key, title, meaning, example, kind, required)


def placed(sheet: Sheet, columns: Sequence[Column]) -> tuple[dict[int, Column], list[str]]:
    """Return which column stands where in a sheet, and what is wrong with its header."""
    known = {folded(name): column for column in columns for name in (column.key, column.title)}
    found: dict[int, Column] = {}
    wrong = []
    for at, title in enumerate(sheet.header):
        column = known.get(folded(title))
        if column is None:
            near = difflib.get_close_matches(folded(title), known, n=1)
            mend = f"mungkin {known[near[0]].title!r}" if near else "hapus kolomnya, atau pakai judul dari template"
            wrong.append(f"kolom {at + 1}: judul {title[:60]!r} tidak dikenal; {mend}")
        elif column in found.values():
            wrong.append(f"kolom {at + 1}: judul {column.title!r} ada dua kali")
        else:
            found[at] = column
    return found, wrong


def _text(column: Column, cell: Cell) -> Value:
    if isinstance(cell, bool | date | Decimal):
        raise Unfit("bukan teks; formatlah selnya sebagai Teks, lalu tulis kembali")
    return str(cell)


def _number(column: Column, cell: Cell) -> Value:
    if isinstance(cell, bool) or not _WHOLE.fullmatch(str(cell)):
        raise Unfit(f"{cell!s:.40} harus bilangan bulat, tanpa titik, koma, atau satuan, seperti {column.example}")
    return int(str(cell))


def _rate(column: Column, cell: Cell) -> Value:
    text = f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
    match = None if isinstance(cell, bool) else _RATE.fullmatch(text)
    if match is None:
        raise Unfit(f"{text[:40]} harus Mbps tanpa pemisah ribuan dan tanpa satuan, seperti 100 atau 12,5")
    whole, part = match[1], match[2] or ""
    if isinstance(cell, str) and len(part) == 3:
        raise Unfit(f"{text} dapat dibaca {whole}{part} atau {whole},{part}0 Mbps; tulis salah satunya seperti itu")
    part = part.rstrip("0")
    return f"{int(whole)}.{part}" if part else str(int(whole))


def _yes(column: Column, cell: Cell) -> Value:
    found = cell if isinstance(cell, bool) else _YES.get(str(cell).casefold())
    if found is None:
        raise Unfit(f"{cell!s:.40} harus ya atau tidak")
    return found


def _day(column: Column, cell: Cell) -> Value:
    if isinstance(cell, date):
        return cell
    text = str(cell)
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            found = read(text)
        except ValueError:
            continue
        if len(text) >= 10 and text[4] == "-" and not (isinstance(found, datetime) and found.tzinfo):
            return found
    raise Unfit(f"{text[:40]} harus tanggal seperti 2026-03-31 (tahun-bulan-hari)")


def _choice(column: Column, cell: Cell) -> Value:
    if cell not in column.choices:
        raise Unfit(f"{cell!s:.40} harus salah satu dari {', '.join(column.choices)}")
    return str(cell)


def _list(column: Column, cell: Cell) -> Value:
    return tuple(part.strip() for part in re.split(r"[;\n]", str(_text(column, cell))) if part.strip())


_READERS: Final = {
    "teks": _text,
    "bilangan": _number,
    "laju": _rate,
    "ya/tidak": _yes,
    "tanggal": _day,
    "pilihan": _choice,
    "daftar": _list,
}

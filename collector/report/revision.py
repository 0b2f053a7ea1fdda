"""What a revision says otherwise than the approved version before it: every cell, bounded, the rest counted (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from collector.report import words
from collector.report.document import Block, Chapter, Column, Paragraph, Table, Value, plain
from collector.report.frozen import Content, FrozenTable, tables

MOST_SHOWN: Final = 500
"""Cells printed one by one; what is more is counted by table."""

NOT_COMPARED: Final = frozenset(("lampiran-b-kamus", "lampiran-e-asal", "lampiran-f-jumlah", "lampiran-f-perbedaan"))
"""Tables that say nothing of the month: dictionary, origin of the data, and the differences themselves."""

_NAMING: Final = frozenset(("text", "code", "date", "time"))
_ADDED, _REMOVED = "baris ditambahkan", "baris dihapus"

TABLE: Final = Column("tabel_berbeda", "Tabel", "text", "Kunci tabel yang isinya berbeda.", width=2.0)
COLUMNS: Final = (
    TABLE,
    Column(
        "baris_berbeda", "Baris", "text", "Baris yang isinya berbeda, disebut menurut kolom pengenalnya.", width=3.0
    ),
    Column("kolom_berbeda", "Kolom", "text", "Kolom yang isinya berbeda.", width=2.4),
    Column("sebelum", "Sebelum", "text", "Isi menurut versi yang telah disahkan.", width=1.9),
    Column("sesudah", "Sesudah", "text", "Isi menurut versi ini.", width=1.9),
)
COUNTS: Final = (
    TABLE,
    Column("sel_berbeda", "Sel berbeda", "count", "Sel yang isinya berubah.", "sel"),
    Column("baris_ditambah", "Baris ditambahkan", "count", "Baris yang hanya ada dalam versi ini.", "baris"),
    Column("baris_dihapus", "Baris dihapus", "count", "Baris yang hanya ada dalam versi sebelumnya.", "baris"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that changed, or a whole row that came or went (``column`` then is "")."""

    table: str
    row: str
    column: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Revision:
    """Revision ``number`` against the approved version ``base``, with every difference."""

    number: int
    base: int
    differences: tuple[Difference, ...]

    def chapter(self) -> Chapter:
        """Return annex F."""
        shown, total = self.differences[:MOST_SHOWN], len(self.differences)
        text = (
            f"Revisi {self.number} ini berbeda pada {words.number(total)} tempat dari versi {self.base} yang telah "
            "disahkan. Versi yang telah disahkan tetap tersimpan dan tidak diubah."
        )
        blocks: list[Block] = [Paragraph(text), self._counts()]
        if total > len(shown):
            rest = words.number(total - len(shown))
            blocks.append(Paragraph(f"Di bawah ini {len(shown)} perbedaan pertama; {rest} lainnya hanya dihitung."))
        rows: tuple[tuple[Value, ...], ...] = tuple(
            (item.table, item.row, item.column or None, item.before, item.after) for item in shown
        )
        blocks.append(Table("lampiran-f-perbedaan", "Perbedaan sel demi sel", COLUMNS, rows))
        return Chapter("F", f"Perbedaan terhadap Versi {self.base}", tuple(blocks))

    def _counts(self) -> Table:
        count: Counter[tuple[str, str]] = Counter()
        for item in self.differences:
            sort = "sel" if item.column else "tambah" if item.before is None else "hapus"
            count[item.table, sort] += 1
        names = dict.fromkeys(item.table for item in self.differences)
        rows: tuple[tuple[Value, ...], ...] = tuple(
            (name, *(count[name, sort] for sort in ("sel", "tambah", "hapus"))) for name in names
        )
        return Table("lampiran-f-jumlah", "Jumlah perbedaan menurut tabel", COUNTS, rows)


def differences(before: Content, after: Content) -> tuple[Difference, ...]:
    """Return every cell that differs between the contents of two versions, in the order of the report."""
    old, new = tables(before), tables(after)
    return tuple(
        item
        for key in {**new, **old}
        if key not in NOT_COMPARED
        for item in _table(old.get(key) or _empty(new[key]), new.get(key) or _empty(old[key]))
    )


def _empty(table: FrozenTable) -> FrozenTable:
    return FrozenTable(table.key, table.title, table.columns, table.titles, table.kinds, ())


def _table(old: FrozenTable, new: FrozenTable) -> Iterator[Difference]:
    naming = _naming(old, new)
    before, after = _named(old, naming), _named(new, naming)
    for name in {**after, **before}:
        row = plain(name)
        if name not in after:
            yield Difference(new.key, row, "", _REMOVED, None)
        elif name not in before:
            yield Difference(new.key, row, "", None, _ADDED)
        else:
            yield from _cells(old, new, row, before[name], after[name])


def _cells(
    old: FrozenTable, new: FrozenTable, row: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    for column in {**dict.fromkeys(new.columns), **dict.fromkeys(old.columns)}:
        if column != "no" and before.get(column) != after.get(column):
            title = new.titles.get(column) or old.titles.get(column) or column
            yield Difference(new.key, row, title, old.cell(before, column), new.cell(after, column))


def _naming(old: FrozenTable, new: FrozenTable) -> tuple[str, ...]:
    """Choose the columns that tell rows apart: from the left, each that tells more of them apart."""
    chosen: tuple[str, ...] = ()
    held = _distinct(old, new, chosen)
    for column in new.columns:
        if new.kinds.get(column) in _NAMING and column in old.columns:
            more = _distinct(old, new, (*chosen, column))
            if more > held:
                chosen, held = (*chosen, column), more
    return chosen


def _distinct(old: FrozenTable, new: FrozenTable, columns: Sequence[str]) -> int:
    return sum(len({tuple(row.get(name) for name in columns) for row in table.rows}) for table in (old, new))


def _named(table: FrozenTable, naming: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return rows by name; rows that nothing tells apart are numbered."""
    found: dict[str, Mapping[str, Any]] = {}
    seen: Counter[str] = Counter()
    for row in table.rows:
        name = ", ".join(str(row.get(column) or words.MISSING) for column in naming) or "baris"
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name} (ke-{seen[name]})"] = row
    return found

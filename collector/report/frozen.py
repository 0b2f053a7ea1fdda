"""Reading a written report again: its tables and typed cells, from the JSON of the whole content (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from collector.report.document import DECIMALS, Kind, Value, rounded

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FrozenTable:
    """A table as it was written: keys, titles and kinds of its columns, and its rows by column key."""

    key: str
    title: str
    columns: tuple[str, ...]
    titles: Mapping[str, str]
    kinds: Mapping[str, Kind]
    rows: tuple[Mapping[str, Any], ...]

    def cell(self, row: Mapping[str, Any], column: str) -> Value:
        """Return a cell as the value that was written; a column that is not there is missing."""
        return typed(row.get(column), self.kinds.get(column, "text"))


def tables(content: Content) -> dict[str, FrozenTable]:
    """Return the tables of chapters and annexes by key, in the order of the report."""
    titles: dict[str, dict[str, str]] = {}
    kinds: dict[str, dict[str, Kind]] = {}
    for entry in content["kamus_data"]:
        for place in entry["tabel"].split(", "):
            titles.setdefault(place, {})[entry["kunci"]] = entry["judul"]
            kinds.setdefault(place, {})[entry["kunci"]] = entry["jenis"]
    found = {}
    for chapter in (*content["bab"], *content["lampiran"]):
        for block in chapter["isi"]:
            table = block.get("tabel")
            if table is not None:
                key = table["kunci"]
                found[key] = FrozenTable(
                    key=key,
                    title=table["judul"] or chapter["judul"],
                    columns=tuple(table["kolom"]),
                    titles=titles.get(key, {}),
                    kinds=kinds.get(key, {}),
                    rows=tuple(table["baris"]),
                )
    return found


def typed(value: str | float | None, kind: Kind) -> Value:
    """Return what a cell was before it became JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        if kind == "time":
            return datetime.fromisoformat(value)
        return date.fromisoformat(value) if kind == "date" else value
    # The shortest text of the float is the decimal that was written; two kinds may hold whole numbers too.
    return rounded(Fraction(repr(value)), DECIMALS[kind]) if kind in DECIMALS else int(value)

"""The inventory as tables: exported, compared with tables that people filled in, and applied whole or not at all.

A row adds an object or changes it; what no row names stays. Where a column is missing an object keeps its value, where
a cell is empty it loses it. No import rewrites what was determined, and an import may only determine where it is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any, Final

from agent.clock import Zone
from collector.importing.columns import Column, Unfit, Value, columns_of, placed
from collector.importing.difference import Difference, Differences, Problem, altered
from collector.importing.grid import Cell, Sheet, folded
from collector.importing.words import DICTIONARY, INVENTORY, TABLES
from collector.inventory import InventoryError
from collector.register.changes import Changes, compare, refusals
from collector.register.document import FORMS, Document, assembled
from collector.register.revisions import Register
from collector.register.spans import Declared

COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    kind: columns_of(form, INVENTORY[kind]) for kind, (form, _) in FORMS.items()
}
_KEYS: Final = {
    "contract": ("code", "number", "valid_from"),
    "allocation": ("opd", "number", "valid_from"),
    "server": ("device",),
    "ups": ("device",),
}
_RECORD: Final = {"priority": "klass"}
_ALLOCATION: Final = {
    **{"priority": "klass", "number": "decision_number", "date": "decision_date"},
    **{"valid_from": "valid_from_ns", "valid_to": "valid_to_ns"},
}
_TIMES: Final = {"active_from", "active_to", "valid_from", "valid_to", "valid_from_ns", "valid_to_ns"}
_PATH: Final = re.compile(r":? ?([a-z]+)\[([0-9]+)\](?:\.([a-z_.]+))?: (.*)", re.DOTALL)

Table = dict[str, Value]
"""One object by the keys of its columns."""

Code = tuple[str, ...]
Row = tuple[Cell, ...]


def tables(document: Document, *, zone: Zone) -> dict[str, list[Table]]:
    """Return every object as its form has it, by kind, in order of key."""
    return {kind: [_table(kind, item, zone) for item in getattr(document, kind)] for kind in FORMS}


def exported(document: Document, *, zone: Zone) -> list[tuple[str, list[str], list[list[Cell]]]]:
    """Return the inventory as tables (name, titles, rows); an empty one gives the template."""
    found = []
    for kind, rows in tables(document, zone=zone).items():
        columns = COLUMNS[kind]
        cells = [[column.cell(row[column.key]) for column in columns] for row in rows]
        found.append((TABLES[kind][0], [column.title for column in columns], cells))
    return found


def dictionary() -> list[list[Cell]]:
    """Return the data dictionary of all tables, as rows."""
    return [row_of_dictionary(TABLES[kind][0], column) for kind in FORMS for column in COLUMNS[kind]]


def row_of_dictionary(table: str, column: Column) -> list[Cell]:
    """Return what the dictionary says of a column."""
    needed = "wajib" if column.required else "tidak"
    return [table, column.title, column.key, needed, column.kind, ", ".join(column.choices) or None,
            column.meaning, column.example or None]  # fmt: skip


def _table(kind: str, item: Any, zone: Zone) -> Table:
    record, revoked = (item.record, item.revoked) if isinstance(item, Declared) else (item, None)
    names = _ALLOCATION if kind == "allocation" else _RECORD
    found: Table = {}
    for column in COLUMNS[kind]:
        if column.key.startswith("revoked."):
            continue
        name = names.get(column.key, column.key)
        if column.kind == "laju":
            bps = getattr(record, name.replace("_mbps", "_bps"))
            found[column.key] = None if bps is None else _mbps(bps)
        else:
            value = getattr(record, name)
            found[column.key] = _day(value, zone) if name in _TIMES else None if value in ("", ()) else value
    if kind == "link" and record.queue_unduh:
        found["unduh"] = None  # a queue tree has one direction, so the form leaves it out
    if kind in ("contract", "allocation"):
        found["revoked.number"] = None if revoked is None else revoked.number
        found["revoked.date"] = None if revoked is None else _day(revoked.at_ns, zone)
    return found


def _mbps(bps: int) -> str:
    whole, part = divmod(bps, 10**6)
    return f"{whole}.{part:06d}".rstrip("0") if part else str(whole)


def _day(time_ns: int | None, zone: Zone) -> date | None:
    if time_ns is None:
        return None
    local = zone.local(time_ns).replace(tzinfo=None)
    return local.date() if local.time() == time() else local


def differences(document: Document, sheets: Sequence[Sheet], *, zone: Zone, determines: bool = False) -> Differences:
    """Return what importing ``sheets`` would change in the registered document, and every reason not to.

    ``determines`` lets rows add allocations; without it they may only be as they are registered.
    """
    return _Import(document, zone, determines).of(sheets)[0]


def apply(
    register: Register, sheets: Sequence[Sheet], *, zone: Zone, determines: bool, actor: str, now_ns: int, detail: str
) -> Changes:
    """Make the inventory with these sheets the newest revision; InventoryError tells every refused row, all or none."""

    def change(document: Document) -> Document:
        found, after = _Import(document, zone, determines).of(sheets)
        if after is None:
            raise InventoryError(found.refusals())
        return after

    return register.amend(change, actor=actor, now_ns=now_ns, action="inventory.import", detail=detail)


class _Import:
    """One import under way: the tables as they will be, and which line of the file each row comes from."""

    def __init__(self, document: Document, zone: Zone, determines: bool) -> None:
        self._before, self._zone, self._determines = document, zone, determines
        self._tables = tables(document, zone=zone)
        self._at = {kind: {_key(kind, row): i for i, row in enumerate(rows)} for kind, rows in self._tables.items()}
        self._rows: dict[tuple[str, int], Difference] = {}
        self._refused: list[Difference] = []
        self._problems: list[str] = []

    def of(self, sheets: Sequence[Sheet]) -> tuple[Differences, Document | None]:
        """Return the differences, and the document they make where nothing is refused."""
        kinds = {folded(name): kind for kind, (name, _) in TABLES.items()}
        for sheet in sheets:
            kind = kinds.get(folded(sheet.name))
            if kind is not None:
                self._sheet(kind, sheet)
            elif folded(sheet.name) != DICTIONARY:
                names = ", ".join(name for name, _ in TABLES.values())
                self._problems.append(f"lembar {sheet.name[:40]!r} tidak dikenal; tabel yang ada: {names}")
        after = self._assembled()
        order = [name for name, _ in TABLES.values()]
        items = sorted([*self._refused, *self._rows.values()], key=lambda item: (order.index(item.table), item.row))
        found = Differences(tuple(items), tuple(self._problems))
        if after is None or not found.whole:
            return found, None
        notes = compare(self._before, after, last=0, zone=self._zone).notes
        return replace(found, items=self._settled(items, after), notes=notes), after

    def _sheet(self, kind: str, sheet: Sheet) -> None:
        where, wrong = placed(sheet, COLUMNS[kind])
        keys = [column for column in COLUMNS[kind] if column.key in _keys(kind)]
        if sheet.header:
            wrong += [f"kolom {column.title!r} harus ada" for column in keys if column not in where.values()]
        self._problems += [f"{TABLES[kind][0]}: {what}" for what in wrong]
        seen: dict[Code, int] = {}
        for line, cells in sheet.rows if not wrong else ():
            self._row(kind, line, where, cells, seen)

    def _row(self, kind: str, line: int, where: Mapping[int, Column], cells: Row, seen: dict[Code, int]) -> None:
        given, problems = read_row(where, cells)
        code = _key(kind, given)
        at = None if code is None else self._at[kind].get(code)
        before = {} if at is None else self._tables[kind][at]
        after = {**before, **given}
        if not problems:
            problems = missing(COLUMNS[kind], after)
        if code in seen:
            problems.append(Problem("", f"sama dengan baris {seen[code]}; gabungkan keduanya"))
        changed = [column for column in where.values() if before.get(column.key) != after.get(column.key)]
        if kind == "allocation" and changed and not self._determines:
            problems.append(Problem("", "impor tidak menetapkan; penetapan dibuat oleh peran penetap"))
        row = Difference(TABLES[kind][0], line, " ".join(code or ("?",)), "added" if at is None else "unchanged")
        if problems or code is None:
            self._refused.append(replace(row, action="refused", problems=tuple(problems)))
            return
        seen[code] = line
        if at is None:
            at = len(self._tables[kind])
            self._tables[kind].append({})
        elif changed:
            told = tuple(altered(column, before[column.key], after[column.key]) for column in changed)
            row = replace(row, action="changed", altered=told)
        self._tables[kind][at] = after
        self._rows[kind, at] = row

    def _assembled(self) -> Document | None:
        """Return the document that the tables make; what it refuses is noted at its row."""
        nested = {kind: [_nested(row) for row in rows] for kind, rows in self._tables.items()}
        try:
            after = assembled(nested, zone=self._zone)
        except InventoryError as error:
            for text in error.problems:
                self._note(text)
            return None
        for text in refusals(self._before, after, zone=self._zone):
            self._note(text)
        return after

    def _note(self, text: str) -> None:
        match = _PATH.fullmatch(text)
        if match is None:
            self._problems.append(text.removeprefix(": "))
            return
        kind, at, field, what = match[1], int(match[2]), match[3] or "", match[4]
        row = self._rows.get((kind, at))
        if row is None:
            code = " ".join(_key(kind, self._tables[kind][at]) or ())
            self._problems.append(f"{TABLES[kind][0]} {code} (sudah terdaftar): {what}")
            return
        title = next((column.title for column in COLUMNS[kind] if column.key == field), field)
        self._rows[kind, at] = row.refused(Problem(title, what))

    def _settled(self, items: Sequence[Difference], after: Document) -> tuple[Difference, ...]:
        """Call unchanged what is written in another way but says the same."""
        old, new = (self._by_key(document) for document in (self._before, after))
        return tuple(
            replace(item, action="unchanged", altered=())
            if item.action == "changed" and old.get((item.table, item.key)) == new.get((item.table, item.key))
            else item
            for item in items
        )

    def _by_key(self, document: Document) -> dict[tuple[str, str], Any]:
        return {
            (TABLES[kind][0], " ".join(_key(kind, _table(kind, item, self._zone)) or ())): item
            for kind in FORMS
            for item in getattr(document, kind)
        }


def missing(columns: Sequence[Column], row: Table) -> list[Problem]:
    """Say which values a row needs and has not."""
    return [
        Problem(column.title, "harus diisi") for column in columns if column.required and row.get(column.key) is None
    ]


def read_row(where: Mapping[int, Column], cells: Row) -> tuple[Table, list[Problem]]:
    """Return the values of a row by key, and what is wrong with its cells."""
    given: Table = {}
    problems = []
    for at, column in where.items():
        try:
            given[column.key] = column.value(cells[at])
        except Unfit as error:
            problems.append(Problem(column.title, str(error)))
    return given, problems


def _nested(row: Table) -> dict[str, Any]:
    """Return a row as its form has it: what is empty is left out, and ``revoked.date`` is within ``revoked``."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        outer, _, inner = name.partition(".")
        if value is not None and inner:
            found.setdefault(outer, {})[inner] = value
        elif value is not None:
            found[outer] = list(value) if isinstance(value, tuple) else value
    return found


def _keys(kind: str) -> tuple[str, ...]:
    return _KEYS.get(kind, ("code",))


def _key(kind: str, row: Table) -> Code | None:
    values = [row.get(name) for name in _keys(kind)]
    return None if None in values else tuple(map(str, values))

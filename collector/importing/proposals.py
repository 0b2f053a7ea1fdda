"""Proposals as a table: exported, compared with the register, and brought by whoever may, each row for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from collector.importing.columns import Column, columns_of, placed
from collector.importing.difference import Difference, Differences, Problem, altered
from collector.importing.grid import Cell, Sheet, folded
from collector.importing.inventory import Table, missing, read_row
from collector.importing.words import DICTIONARY
from collector.importing.words import PROPOSAL as WORDS
from collector.register.book import Book, Forbidden, Papers, Record, Refused
from collector.register.content import ContentError, content, plain_value
from collector.register.kinds import Context
from collector.register.people import Actor
from collector.register.records.proposal import PROPOSAL, Proposal

TABLE: Final = PROPOSAL.name
_READ: Final = tuple(Column(name, *WORDS[name], "teks") for name in ("code", "state"))
COLUMNS: Final = (*_READ, *columns_of(Proposal, WORDS))
NOT_OWN: Final = "peran opd hanya berlaku bagi"
_OPEN: Final = ("diajukan", "diterima", "dikembalikan")


@dataclass(frozen=True, slots=True)
class Step:
    """What a row asks for: a new proposal, or (``code``) one that was returned brought again."""

    row: int
    form: Proposal
    code: str = ""


def table(form: Proposal) -> Table:
    """Return a proposal by the keys of its columns."""
    return {column.key: getattr(form, column.key) or None for column in COLUMNS if column not in _READ}


def exported(records: Iterable[Record]) -> tuple[str, list[str], list[list[Cell]]]:
    """Return proposals as one table (name, titles, rows); none gives the template."""
    rows = [{"code": item.code, "state": item.state, **table(item.form)} for item in records]
    return TABLE, [item.title for item in COLUMNS], [[item.cell(row[item.key]) for item in COLUMNS] for row in rows]


def differences(
    records: Sequence[Record], sheets: Sequence[Sheet], *, actor: Actor, context: Context
) -> tuple[Differences, list[Step]]:
    """Return what bringing these rows would do, and the steps of those that are not refused; Forbidden.

    ``records`` are the proposals that the actor may read. A decided proposal is never rewritten.
    """
    if not actor.roles & PROPOSAL.openers:
        raise Forbidden(f"mengajukan {PROPOSAL.title} memerlukan peran {' atau '.join(sorted(PROPOSAL.openers))}")
    there = {item.form: item for item in records if item.state in _OPEN}
    reader = _Reader({item.code: item for item in records}, there, actor, context)
    items: list[Difference] = []
    steps: dict[tuple[Proposal, str], Step] = {}
    problems: list[str] = []
    for sheet in sheets:
        if folded(sheet.name) == DICTIONARY:
            continue
        where, wrong = placed(sheet, COLUMNS)
        if folded(sheet.name) != TABLE:
            wrong = [f"lembar {sheet.name[:40]!r} tidak dikenal; tabelnya bernama {TABLE}"]
        problems += wrong
        for line, cells in sheet.rows if not wrong else ():
            row, step = reader.row(line, where, cells)
            if step is not None:
                first = steps.setdefault((step.form, step.code), step)
                row = row if first is step else row.refused(Problem("", f"sama dengan baris {first.row}"))
            items.append(row)
    return Differences(tuple(items), tuple(problems)), list(steps.values())


@dataclass(frozen=True, slots=True)
class _Reader:
    """Compares one row after the other with the proposals that there are.

    ``there`` are the open ones by content, so that a file brought twice asks for nothing twice.
    """

    known: Mapping[str, Record]
    there: Mapping[Proposal, Record]
    actor: Actor
    context: Context

    def row(self, line: int, where: Mapping[int, Column], cells: tuple[Cell, ...]) -> tuple[Difference, Step | None]:
        given, problems = read_row(where, cells)
        code, state = (str(given.pop(name, None) or "") for name in ("code", "state"))
        before = self.known.get(code)
        row = Difference(TABLE, line, code or f"{given.get('opd') or '?'} {given.get('link') or '?'}", "added")
        old = table(before.form) if before else {}
        new = {**old, **given}
        if code and before is None:
            problems.append(Problem("Nomor Usulan", f"tidak ada usulan bernomor {code}; kosongkan bagi usulan baru"))
        if state not in ("", before.state if before else ""):
            problems.append(Problem("Keadaan", "hanya untuk dibaca; keadaan diubah oleh yang berwenang dalam register"))
        problems = problems or missing(COLUMNS, new) or [*_dated(new)]
        form = None if problems else _form(new, problems)
        if form is None:
            return replace(row, action="refused", problems=tuple(problems)), None
        same = before if before and before.form == form else self.there.get(form)
        if same is not None:
            return replace(row, action="unchanged", key=same.code), None
        if before is not None:
            changed = (item for item in COLUMNS if old.get(item.key) != new.get(item.key))
            told = tuple(altered(item, old.get(item.key), new.get(item.key)) for item in changed)
            row = replace(row, action="changed", altered=told)
        problems = [*self._wrong(form, before)]
        if problems:
            return replace(row, action="refused", problems=tuple(problems)), None
        return row, Step(line, form, code)

    def _wrong(self, form: Proposal, before: Record | None) -> Iterator[Problem]:
        yield from (Problem("", what) for what in PROPOSAL.check(form, self.context))
        if self.actor.roles & PROPOSAL.openers == {"opd"} and form.opd != self.actor.opd:
            yield Problem("Kode OPD", f"{NOT_OWN} {self.actor.opd or 'OPD sendiri'}")
        if before is not None and before.state != "dikembalikan":
            yield Problem("", f"usulan berkeadaan {before.state} tidak ditulis ulang; ajukan usulan baru tanpa nomor")


def _dated(given: Table) -> Iterator[Problem]:
    for column in COLUMNS:
        if isinstance(given.get(column.key), datetime):
            yield Problem(column.title, "harus tanggal tanpa jam, seperti 2026-03-31")


def _form(given: Table, problems: list[Problem]) -> Proposal | None:
    try:
        return content(Proposal, {name: plain_value(value) for name, value in given.items()})
    except ContentError as error:
        problems += [Problem("", what) for what in error.problems]
        return None


def apply(
    book: Book, found: Differences, steps: Sequence[Step], *, actor: Actor, context: Context, note: str
) -> Differences:
    """Bring the rows that are not refused, each in its own act; return what became of every row."""
    items = {item.row: item for item in found.items}
    papers = Papers(note=note)
    for step in steps:
        form, opens = step.form, PROPOSAL.opens
        try:
            if step.code:
                made = book.move(PROPOSAL, step.code, opens, form=form, actor=actor, context=context, papers=papers)
            else:
                made = book.open(PROPOSAL, form, actor=actor, context=context, papers=papers)
        except Refused as error:
            items[step.row] = items[step.row].refused(Problem("", str(error)))
        else:
            items[step.row] = replace(items[step.row], key=made.code)
    return replace(found, items=tuple(items.values()))

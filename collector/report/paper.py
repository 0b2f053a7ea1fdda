"""Lay the report out for paper: every cell as the string that the PDF shows, in the order in which it stands.

Text is kept to what the fonts can draw; report.typ gives it its form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from agent.clock import NS
from collector.report import trends, words
from collector.report.document import (
    DECIMALS,
    Block,
    Chapter,
    Column,
    Document,
    Heading,
    Items,
    Sheet,
    Table,
    Value,
    View,
)
from collector.report.fitting import breakable, drawable
from collector.report.pdf import typeset
from collector.report.settings import ReportSettings, Signatory

_ALIGN = dict.fromkeys(("count", "rupiah", *DECIMALS), "right")

# Width of the text area in em of its tables' letters (report.typ), less a little for the cells' edges.
_PORTRAIT_EM, _LANDSCAPE_EM, _CELL_EM = 50.0, 88.0, 0.9


def paper_bytes(document: Document, settings: ReportSettings, *, code: str, files: Mapping[str, bytes]) -> bytes:
    """Return the content of the PDF as JSON for report.typ.

    ``code`` is the verification code of the content, ``files`` are those whose hashes it prints.
    """
    hashes = [[name, drawable(hashlib.sha256(data).hexdigest())] for name, data in sorted(files.items())]
    return json.dumps({**_content(document, settings, code), "hashes": hashes}, ensure_ascii=False).encode()


def pdf_bytes(paper: bytes, *, at_ns: int) -> bytes:
    """Return the PDF of ``paper_bytes``, dated ``at_ns``."""
    return typeset(paper.decode(), timestamp=at_ns // NS)


def _content(document: Document, settings: ReportSettings, code: str) -> dict[str, object]:
    return {
        "meta": _meta(document, settings, code),
        "control": _tables(document.control)[0],
        "changes": [drawable(change) for change in document.changes],
        "chapters": [_chapter(chapter, "BAB") for chapter in document.chapters],
        # Annex A stands as the sheets; its tables are not printed as such.
        "annexes": [_chapter(chapter, "LAMPIRAN") for chapter in document.annexes if _is_printed(chapter)],
        "sheets": [_sheet(document, sheet, number) for number, sheet in enumerate(document.sheets, start=1)],
    }


def _meta(document: Document, settings: ReportSettings, code: str) -> dict[str, object]:
    closed = document.zone.local(document.closed_ns)
    head, letter = settings.letterhead, settings.letter
    return {
        "title": document.title,
        "period": document.period_name,
        "region": drawable(document.region),
        "author": drawable(head.office) or document.title,
        "label": drawable(document.label),
        "classification": drawable(document.classification),
        "code": code,
        "code-note": words.CODE_NOTE,
        "closed-text": words.instant(closed, document.zone),
        "version": str(document.version),
        "state": words.DRAFT,
        "approval": "",
        "signature-state": words.UNSIGNED,
        "letterhead": {
            "government": drawable(head.government),
            "office": drawable(head.office),
            "address": [drawable(line) for line in head.address],
            "place": drawable(head.place),
        },
        "letter": _letter(document, settings, closed) | {"nature": drawable(letter.nature)},
        "signatories": [
            _signatory(role, person)
            for role, person in zip(words.ROLES, (settings.prepared, settings.checked, settings.approved), strict=True)
        ],
    }


def _letter(document: Document, settings: ReportSettings, closed: datetime) -> dict[str, object]:
    letter = settings.letter
    return {
        "number": drawable(words.letter_number(letter.number, closed)),
        "attachment": drawable(letter.attachment),
        "recipient": drawable(letter.recipient),
        "through": drawable(letter.through),
        "destination": drawable(letter.destination),
        "copies": [drawable(copy) for copy in letter.copies],
        "paragraphs": [drawable(text) for text in document.letter],
    }


def _signatory(role: str, person: Signatory) -> dict[str, str]:
    return {
        "role": role,
        "position": drawable(person.position),
        "name": drawable(person.name),
        "rank": drawable(person.rank),
        "nip": drawable(person.employee_number),
        "account": "",
        "date": "",
    }


def _chapter(chapter: Chapter, prefix: str) -> dict[str, object]:
    return {
        "prefix": prefix,
        "number": chapter.number,
        "title": chapter.title.upper(),
        "landscape": chapter.landscape,
        "blocks": [part for block in chapter.blocks for part in _block(block, wide=chapter.landscape)],
    }


def _is_printed(chapter: Chapter) -> bool:
    return any(table.printed for table in chapter.tables) or len(chapter.tables) < len(chapter.blocks)


def _block(block: Block, *, wide: bool) -> list[dict[str, object]]:
    if isinstance(block, Table):
        return _tables(block, wide=wide) if block.printed else []
    if isinstance(block, Items):
        return [{"kind": "enum" if block.numbered else "list", "items": [breakable(item) for item in block.items]}]
    kind = "heading" if isinstance(block, Heading) else "paragraph"
    return [{"kind": kind, "text": breakable(block.text)}]


def _tables(table: Table, *, wide: bool = False) -> list[dict[str, object]]:
    every = tuple(column.key for column in table.columns)
    views = table.views or (View(table.title, every),)
    last = len(views) - 1
    # The second view of a table begins a page, so that it is not torn after a few rows.
    return [
        {**_view(table, view, note=table.note if index == last else "", wide=wide), "later": index > 0}
        for index, view in enumerate(views)
    ]


def _view(table: Table, view: View, *, note: str, wide: bool = False) -> dict[str, object]:
    places = [table.position(key) for key in view.keys]
    columns = [table.columns[place] for place in places]
    em = (_LANDSCAPE_EM if wide else _PORTRAIT_EM) / sum(column.width for column in columns)
    return {
        "kind": "table",
        "caption": drawable(view.caption),
        "columns": [_column(column) for column in columns],
        "header": header(columns),
        "rows": [
            [
                _shown(row[place], column, em, marked=(line, column.key) in table.marked)
                for place, column in zip(places, columns, strict=True)
            ]
            for line, row in enumerate(table.rows)
        ],
        "note": drawable(note),
    }


def _shown(value: Value, column: Column, em: float, *, marked: bool) -> str:
    """Write a cell; ``em`` is the width of a column of width 1."""
    text = words.printed(value, column, marked=marked)
    return drawable(text) if column.kind == "code" else breakable(text, em=column.width * em - _CELL_EM)


def _column(column: Column) -> dict[str, object]:
    return {"width": column.width, "align": _ALIGN.get(column.kind, "left"), "kind": column.kind}


def header(columns: Sequence[Column]) -> list[list[dict[str, object]]]:
    """Return the header in one line, or in two where adjoining columns share a group."""
    if not any(column.group for column in columns):
        return [[_head(column.short or column.title) for column in columns]]
    top: list[dict[str, object]] = []
    low: list[dict[str, object]] = []
    for index, column in enumerate(columns):
        if not column.group:
            top.append(_head(column.short or column.title, rows=2))
            continue
        low.append(_head(column.short))
        if index == 0 or columns[index - 1].group != column.group:
            span = next((n for n, c in enumerate(columns[index:]) if c.group != column.group), len(columns) - index)
            top.append(_head(column.group, columns=span))
    return [top, low]


def _head(text: str, *, columns: int = 1, rows: int = 1) -> dict[str, object]:
    return {"text": text, "colspan": columns, "rowspan": rows}


def _sheet(document: Document, sheet: Sheet, number: int) -> dict[str, object]:
    return {
        "title": f"A.{number} {breakable(sheet.name)}",
        "code": drawable(sheet.code),
        "klass": sheet.klass,
        "status": sheet.status,
        "chart": sheet.chart,
        "alt": drawable(sheet.alt),
        "tables": [
            _figures(document.table("lampiran-a-angka"), sheet.code),
            *_trend(document, sheet.code),
            *_periods(document, sheet.code),
        ],
    }


def _figures(table: Table, code: str) -> dict[str, object]:
    """Turn the two rows of an agency (one a direction) on their side."""
    rows = [(line, row) for line, row in enumerate(table.rows) if row[0] == code]
    lines = [
        [column.title]
        + [words.printed(row[at], column, marked=(line, column.key) in table.marked) for line, row in rows]
        for at, column in enumerate(table.columns)
        if at > 2
    ]
    heads = [words.FIGURE, *(str(row[2]) for _, row in rows)]
    return {
        "kind": "table",
        "caption": "",
        "columns": [
            {"width": 2.2 if at == 0 else 1.0, "align": "left" if at == 0 else "right", "kind": "text"}
            for at in range(len(heads))
        ],
        "header": [[_head(head) for head in heads]],
        "rows": [[drawable(text) for text in line] for line in lines],
        "note": words.MARK_NOTE if any((line, "p95_mbps") in table.marked for line, _ in rows) else "",
    }


def _trend(document: Document, code: str) -> list[dict[str, object]]:
    held = {table.key: table for table in document.tables}
    monthly = held.get("lampiran-a-bulanan")
    return [] if monthly is None else [trends.view(monthly, held["lampiran-a-tren"], code)]


def _periods(document: Document, code: str) -> list[dict[str, object]]:
    table = document.table("lampiran-a-subperiode")
    rows = table.of(code)
    if not rows:
        return []
    part = Table(table.key, table.title, table.columns, rows, note=table.note)
    return [_view(part, View(table.title, tuple(c.key for c in table.columns[2:])), note=table.note)]

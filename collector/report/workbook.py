"""The report as a spreadsheet: one sheet a table, no formulas and no links. The only door to xlsxwriter."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from collector.report import words
from collector.report.document import Column, Document, Table, Value
from collector.report.tables import LABEL_COLUMN, open_text

_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_NUMBER_FORM = {"count": "#,##0", "mbps": "#,##0.00", "gb": "#,##0.0", "percent": "0.0",
                "availability": "0.000", "tenth": "#,##0.0", "ratio": "0.00", "rupiah": "#,##0"}  # fmt: skip
_HEADER = {"bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter",
           "border": 1}  # fmt: skip


def xlsx_bytes(document: Document, *, code: str) -> bytes:
    """Return the workbook; ``code`` is the verification code of the report's content."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, _OPTIONS)
    # The data closing instant, so that the same evaluation gives the same bytes.
    created = datetime.fromtimestamp(document.closed_ns // 1_000_000_000, UTC).replace(tzinfo=None)
    book.set_properties({"title": document.title, "subject": f"{document.period} {document.label}".strip(),
                         "company": document.region, "created": created})  # fmt: skip
    _Writer(book, document, code).write()
    book.close()
    return file.getvalue()


class _Writer:
    def __init__(self, book: Any, document: Document, code: str) -> None:
        self._book, self._document = book, document
        self._foot = f"&L{_escaped(document.classification)}&CKode verifikasi {code}&RHalaman &P dari &N"
        self._head = f"&L{document.title} {document.period_name}&R{_escaped(document.label)}"
        self._header = book.add_format(_HEADER)
        self._text = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "border_color": "#C8CDD4"})
        self._forms: dict[str, Any] = {}

    def write(self) -> None:
        for table in self._document.tables:
            self._sheet(table)

    def _form(self, form: str) -> Any:
        if form not in self._forms:
            self._forms[form] = self._book.add_format(
                {"num_format": form, "valign": "top", "border": 1, "border_color": "#C8CDD4"}
            )
        return self._forms[form]

    def _sheet(self, table: Table) -> None:
        label = self._document.label
        sheet = self._book.add_worksheet(sheet_name(table, label=label))
        sheet.set_header(self._head)
        sheet.set_footer(self._foot)
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        if len(table.columns) > 6:
            sheet.set_landscape()
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 0)
        for at, column in enumerate(table.columns):
            sheet.set_column(at, at, _width(column))
            sheet.write_string(0, at, column.title, self._header)
        if label:
            sheet.write_string(0, len(table.columns), LABEL_COLUMN, self._header)
        for line, row in enumerate(table.rows, start=1):
            for at, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                self._cell(sheet, line, at, column, value, marked=(line - 1, column.key) in table.marked)
            if label:
                sheet.write_string(line, len(table.columns), label, self._text)

    def _cell(self, sheet: Any, line: int, at: int, column: Column, value: Value, *, marked: bool) -> None:
        if value is None:
            sheet.write_blank(line, at, None, self._text)
        elif isinstance(value, Decimal | int):
            form = _NUMBER_FORM.get(column.kind, "General")
            sheet.write_number(line, at, value, self._form(f'{form}"{words.INDICATIVE_MARK}"' if marked else form))
        else:
            sheet.write_string(line, at, open_text(value), self._text)


def sheet_name(table: Table, *, label: str) -> str:
    """Return the name of a table's sheet (at most 31 characters, Excel's limit)."""
    return f"{label} {table.key}".strip()[:31]


def _escaped(text: str) -> str:
    return text.replace("&", "&&")


def _width(column: Column) -> float:
    return max(9.0, 8.0 * column.width) if column.kind != "text" else max(12.0, 9.0 * column.width)

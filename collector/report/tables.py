"""The report as open data: one CSV a table, and one JSON with the data dictionary.

Numbers carry a decimal point, times are ISO 8601 with offset, what is missing is empty (CSV) or null (JSON).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from collector.report.document import Block, Chapter, Column, Document, Heading, Items, Paragraph, Table, Value

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'", "＝", "＋", "－", "＠")
"""First characters by which a spreadsheet takes text for a formula, and the sign that marks them as text."""

LABEL_COLUMN = "Penanda"
"""Last column of a CSV (and of a sheet) whose report bears a label."""


def neutral(text: str) -> str:
    """Put ``'`` before text that a spreadsheet would run, and before text that begins with ``'`` itself.

    So the first ``'`` of a cell is always the mark, and whoever removes it has the plain text.
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def open_text(value: Value) -> str:
    """Write a cell for machines; missing is the empty string."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def csv_bytes(table: Table, *, label: str) -> bytes:
    """Return a table as CSV (RFC 4180, UTF-8)."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    end = [label] if label else []
    writer.writerow([column.title for column in table.columns] + ([LABEL_COLUMN] if label else []))
    for row in table.rows:
        writer.writerow([neutral(value) if isinstance(value, str) else open_text(value) for value in row] + end)
    return file.getvalue().encode()


def json_bytes(document: Document) -> bytes:
    """Return the whole content of the report as JSON (UTF-8)."""
    content = {
        "format": "nadi-laporan-1",
        "penanda": document.label or None,
        "wilayah": document.region,
        "periode": document.period,
        "zona_waktu": f"{document.zone.name} (UTC+{document.zone.hours})",
        "klasifikasi": document.classification or None,
        "versi": document.version,
        "tutup_data": document.zone.iso(document.closed_ns),
        "metode": document.method,
        "kendali": _table(document.control),
        "bab": [_chapter(chapter) for chapter in document.chapters],
        "lampiran": [_chapter(chapter) for chapter in document.annexes],
        "kamus_data": dictionary(document.tables),
    }
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def dictionary(tables: Iterable[Table]) -> list[dict[str, str]]:
    """Return every column of the tables once: key, title, meaning, unit, kind and the tables that have it."""
    seen: dict[Column, list[str]] = {}
    for table in tables:
        for column in table.columns:
            seen.setdefault(column, []).append(table.key)
    return [
        {
            "kunci": column.key,
            "judul": column.title,
            "definisi": column.meaning,
            "satuan": column.unit,
            "jenis": column.kind,
            "tabel": ", ".join(places),
        }
        for column, places in seen.items()
    ]


def verification_code(content: bytes) -> str:
    """Return the code on each page: the first 16 hexadecimal digits of the SHA-256 of the JSON file."""
    digits = hashlib.sha256(content).hexdigest()[:16].upper()
    return "-".join(digits[i : i + 4] for i in range(0, 16, 4))


def _chapter(chapter: Chapter) -> dict[str, object]:
    return {"nomor": chapter.number, "judul": chapter.title, "isi": [_block(block) for block in chapter.blocks]}


def _block(block: Block) -> Mapping[str, object]:
    if isinstance(block, Table):
        return {"tabel": _table(block)}
    if isinstance(block, Paragraph):
        return {"paragraf": block.text}
    if isinstance(block, Heading):
        return {"subjudul": block.text}
    return _items(block)


def _items(block: Items) -> Mapping[str, object]:
    return {"butir": list(block.items)}


def _table(table: Table) -> dict[str, object]:
    keys = [column.key for column in table.columns]
    return {
        "kunci": table.key,
        "judul": table.title,
        "kolom": keys,
        "catatan": table.note or None,
        "baris": [{key: _plain(value) for key, value in zip(keys, row, strict=True)} for row in table.rows],
    }


def _plain(value: Value) -> str | int | float | None:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        # The shortest float of at most 15 significant digits reads back as the same decimal.
        return float(value)
    return open_text(value)

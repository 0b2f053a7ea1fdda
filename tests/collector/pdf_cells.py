"""Read a tagged PDF back by its own structure: tables, rows and cells with their text (ISO 32000-1, 14.7-14.8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ContentStream

Rows = list[list[str]]
_HEX = re.compile(rb"<([0-9a-fA-F]+)>")


class Tagged:
    """A tagged PDF; text is found by page and marked content identifier."""

    def __init__(self, path: Path) -> None:
        self._reader = PdfReader(path)
        self._texts = {
            (page.indirect_reference.idnum if page.indirect_reference else 0): _marked(page, self._reader)
            for page in self._reader.pages
        }
        self.pages = [page.extract_text() for page in self._reader.pages]

    def tables(self) -> list[tuple[Rows, Rows]]:
        """Return the header rows and the body rows of every table, as texts of their cells."""
        root: Any = self._reader.trailer["/Root"]
        return [
            (self._rows(table, "/THead", "/TH"), self._rows(table, "/TBody", "/TD"))
            for table in _elements(root["/StructTreeRoot"], "/Table")
        ]

    def _rows(self, table: Any, part: str, cell: str) -> Rows:
        return [
            [self._text(item) for item in _elements(row, cell)]
            for group in _elements(table, part)
            for row in _elements(group, "/TR")
        ]

    def _text(self, element: Any, page: int = 0) -> str:
        if "/Pg" in element:
            page = element.raw_get("/Pg").idnum
        return "".join(
            self._texts.get(page, {}).get(kid, "") if isinstance(kid, int) else self._text(kid, page)
            for kid in _kids(element)
        )


def _kids(element: Any) -> list[Any]:
    kids = element.get("/K", [])
    kids = kids.get_object() if hasattr(kids, "get_object") else kids
    listed = kids if isinstance(kids, list) else [kids]
    return [_kid(item.get_object() if hasattr(item, "get_object") else item) for item in listed]


def _kid(item: Any) -> Any:
    if isinstance(item, int):
        return int(item)
    return _Marked(item) if "/MCID" in item else item


class _Marked(dict[str, Any]):
    """A marked content reference seen as an element with one kid."""

    def __init__(self, item: Any) -> None:
        super().__init__({"/K": [int(item["/MCID"])]})
        self._item = item
        if "/Pg" in item:
            self["/Pg"] = True

    def raw_get(self, key: str) -> Any:
        return self._item.raw_get(key)


def _elements(element: Any, *kinds: str) -> Iterator[Any]:
    for kid in _kids(element):
        if isinstance(kid, int):
            continue
        if kid.get("/S") in kinds:
            yield kid
        elif kid.get("/S") != "/Table" or "/Table" in kinds:
            yield from _elements(kid, *kinds)


def _marked(page: Any, reader: PdfReader) -> dict[int, str]:
    """Return the text of each marked content sequence of a page; /ActualText stands for what it covers."""
    fonts = {name: _to_unicode(font.get_object()) for name, font in page["/Resources"].get("/Font", {}).items()}
    texts: dict[int, str] = {}
    open_marks: list[tuple[int | None, bool]] = []
    font: dict[int, str] = {}
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        current = next((mark for mark, _ in reversed(open_marks) if mark is not None), None)
        if operator == b"Tf":
            font = fonts[operands[0]]
        elif operator in (b"BDC", b"BMC"):
            entry = operands[1] if operator == b"BDC" and isinstance(operands[1], dict) else {}
            covered = "/ActualText" in entry
            if covered and current is not None:
                texts[current] = texts.get(current, "") + str(entry["/ActualText"])
            open_marks.append((int(entry["/MCID"]) if "/MCID" in entry else None, covered))
        elif operator == b"EMC":
            open_marks.pop()
        elif operator in (b"Tj", b"TJ") and current is not None and not any(covered for _, covered in open_marks):
            texts[current] = texts.get(current, "") + _shown(operands[0], font)
    return texts


def _shown(operand: Any, font: dict[int, str]) -> str:
    parts = operand if isinstance(operand, list) else [operand]
    raw = b"".join(part.original_bytes for part in parts if hasattr(part, "original_bytes"))
    return "".join(font.get(int.from_bytes(raw[at : at + 2], "big"), "?") for at in range(0, len(raw), 2))


def _to_unicode(font: Any) -> dict[int, str]:
    """Read the font's ToUnicode map (character code of two bytes to text)."""
    found: dict[int, str] = {}
    if "/ToUnicode" not in font:
        return found
    for kind, block in re.findall(rb"beginbf(char|range)(.*?)endbf", font["/ToUnicode"].get_data(), re.DOTALL):
        for line in block.strip().splitlines():
            codes = [bytes.fromhex(code.decode()) for code in _HEX.findall(line)]
            first, text = int.from_bytes(codes[0], "big"), codes[-1].decode("utf-16-be")
            last = int.from_bytes(codes[1], "big") if kind == b"range" else first
            for code in range(first, last + 1):
                found[code] = text[:-1] + chr(ord(text[-1]) + code - first)
    return found

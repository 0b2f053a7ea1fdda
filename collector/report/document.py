"""The report as typed cells: the one source of PDF, XLSX, CSV and JSON.

A value is rounded once, when its cell is made; every format shows that rounded value.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from agent.clock import Zone

Value = None | str | int | Decimal | datetime | date
"""A cell: missing, text, count, rounded number, instant with offset, or local date."""

Kind = Literal[
    "text",
    "code",
    "status",
    "time",
    "date",
    "count",
    "rupiah",
    "mbps",
    "gb",
    "percent",
    "availability",
    "tenth",
    "ratio",
]

DECIMALS: dict[Kind, int] = {"mbps": 2, "gb": 1, "percent": 1, "availability": 3, "tenth": 1, "ratio": 2}
"""Printed decimals of a kind; whole numbers otherwise (spec/evaluation.md, units and rounding)."""

MAX_TEXT = 160
"""Longest text of a cell; what is longer ends in an ellipsis, in every format alike."""

_BIDI = frozenset("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")


def rounded(value: Fraction | int, decimals: int) -> Decimal:
    """Round an exact value once, half away from zero."""
    exact = Fraction(value)
    double = 2 * abs(exact.numerator) * 10**decimals
    whole = (double + exact.denominator) // (2 * exact.denominator)
    # Made from text: Decimal arithmetic would round again to its context's precision.
    return Decimal(f"{-whole if exact < 0 else whole}e-{decimals}")


def mbps(bits_per_second: Fraction | int | None) -> Decimal | None:
    """Return a rate in Mbps (10^6 bit/s) with two decimals; None stays missing."""
    return None if bits_per_second is None else rounded(Fraction(bits_per_second) / 1_000_000, DECIMALS["mbps"])


def gigabytes(octets: Fraction | int | None) -> Decimal | None:
    """Return a volume in GB (10^9 octets) with one decimal; None stays missing."""
    return None if octets is None else rounded(Fraction(octets) / 1_000_000_000, DECIMALS["gb"])


def percent(share: Fraction | int | None) -> Decimal | None:
    """Return a share (1 = all) in percent with one decimal; None stays missing."""
    return None if share is None else rounded(Fraction(share) * 100, DECIMALS["percent"])


def plain(text: str) -> str:
    """Return text fit for one line of any format: control and direction marks made visible, length bounded."""
    flat = " ".join(text.split())
    seen = "".join("\ufffd" if _is_hidden(char) else char for char in flat)
    return seen if len(seen) <= MAX_TEXT else seen[: MAX_TEXT - 1] + "…"


def _is_hidden(char: str) -> bool:
    return char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table and its entry in the data dictionary.

    ``group`` and ``short`` are its two lines in a printed header; ``width`` is its relative width there.
    """

    key: str
    title: str
    kind: Kind
    meaning: str
    unit: str = ""
    group: str = ""
    short: str = ""
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """How a table stands on paper: which of its columns, under which caption."""

    caption: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. ``key`` names its file (letters, digits, hyphen).

    Without ``views`` the printed table has all columns; a table that is not ``printed`` as such appears on
    the sheets of the agencies (as figures or as a chart). ``marked`` are cells (row, key) printed as indicative.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""
    views: tuple[View, ...] = ()
    printed: bool = True
    marked: frozenset[tuple[int, str]] = frozenset()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.key}: a row has {len(row)} cells, not {len(self.columns)}")

    def position(self, key: str) -> int:
        """Return the index of a column; KeyError names table and column."""
        for index, column in enumerate(self.columns):
            if column.key == key:
                return index
        raise KeyError(f"table {self.key} has no column {key}")

    def of(self, code: str) -> tuple[tuple[Value, ...], ...]:
        """Return the rows whose column ``kode_pd`` is ``code``."""
        at = self.position("kode_pd")
        return tuple(row for row in self.rows if row[at] == code)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a chapter."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list, numbered or not."""

    items: tuple[str, ...]
    numbered: bool = False


Block = Paragraph | Heading | Items | Table


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: its number ("VI", or a letter for an annex), title and content."""

    number: str
    title: str
    blocks: tuple[Block, ...]
    landscape: bool = False

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the chapter, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Table))


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page of one agency: its chart (SVG) and what the chart says in words."""

    code: str
    name: str
    klass: str
    status: str
    chart: str
    alt: str


@dataclass(frozen=True, slots=True)
class Document:
    """One version of the report of one month, or of a quarter or a year (``period`` 2026-10, 2026-Q3 or 2026).

    ``letter`` are the paragraphs of the covering letter, ``changes`` the differences from the version before.
    """

    title: str
    period: str
    period_name: str
    zone: Zone
    region: str
    label: str
    classification: str
    closed_ns: int
    version: int
    method: str
    letter: tuple[str, ...]
    changes: tuple[str, ...]
    control: Table
    chapters: tuple[Chapter, ...]
    annexes: tuple[Chapter, ...]
    sheets: tuple[Sheet, ...]

    def __post_init__(self) -> None:
        # The label stands in file names and in the names of sheets.
        if re.fullmatch(r"[A-Z0-9]{0,9}", self.label) is None:
            raise ValueError(f"label {self.label!r} is not a word of at most 9 capital letters, such as SIMULASI")

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, in the order of the report."""
        return (self.control, *(table for chapter in (*self.chapters, *self.annexes) for table in chapter.tables))

    def table(self, key: str) -> Table:
        """Return a table by its key; KeyError if there is none."""
        for table in self.tables:
            if table.key == key:
                return table
        raise KeyError(f"the report has no table {key}")

    @property
    def stem(self) -> str:
        """Common beginning of the file names, made of nothing that people type."""
        return f"evaluasi-{self.period}-v{self.version}" + (f"-{self.label}" if self.label else "")

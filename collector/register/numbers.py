"""Numbers of records: ``USL-2026-00001``, at least five digits, so many more where a year has more records.

As text ``USL-2026-100000`` would stand before ``USL-2026-99999``; order is by year, then by number.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, func, select, tuple_

from collector.register.kinds import Kind
from collector.register.tables import record as table

_DIGITS: Final = 5
_YEAR: Final = len("-2026-")


def code(prefix: str, year: int, number: int) -> str:
    """Return the number of a year's record."""
    return f"{prefix}-{year:04d}-{number:0{_DIGITS}d}"


def order(code: str, *, prefix: str) -> tuple[str, int, str]:
    """Return by what a number stands in order; what is none has its place too."""
    head = len(prefix) + _YEAR
    return code[:head], len(code), code


def in_order(column: Column[str], *, prefix: str) -> tuple[ColumnElement[str] | ColumnElement[int] | Column[str], ...]:
    """Return the same for the database."""
    return func.substr(column, 1, len(prefix) + _YEAR), func.length(column), column


def later(column: Column[str], code: str, *, prefix: str) -> ColumnElement[bool]:
    """Return the condition that a number stands after ``code``."""
    return tuple_(*in_order(column, prefix=prefix)) > tuple_(*order(code, prefix=prefix))


def following(connection: Connection, kind: Kind, year: int) -> str:
    """Return the number of the next record of a year; the writer's lock keeps it his."""
    start = code(kind.prefix, year, 1).rpartition("-")[0]
    query = select(table.c.code).where(table.c.kind == kind.name, table.c.code.startswith(f"{start}-"))
    ways = [way.desc() for way in in_order(table.c.code, prefix=kind.prefix)]
    last = connection.scalar(query.order_by(*ways).limit(1))
    return code(kind.prefix, year, int(last.rpartition("-")[2]) + 1 if last else 1)

"""What a derived series is: its name, kind, labels and help text, and how samples of it are written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Labels = tuple[str, ...]
Number = float | int | Fraction
Written = Iterator[tuple[str, Labels, Number | None]]
"""Samples of derived series: name, label values in order, value (None: unknown, to be left out)."""


@dataclass(frozen=True, slots=True)
class Series:
    """One derived series: full name, kind, its labels in order, its help text."""

    name: str
    kind: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    help: str


def gauges(prefix: str, *rows: tuple[str, tuple[str, ...], str]) -> tuple[Series, ...]:
    """Return gauges of one measurement from field, labels and help text."""
    return tuple(Series(f"{prefix}_{field}", "gauge", labels, text) for field, labels, text in rows)

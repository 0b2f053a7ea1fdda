"""What an import would do, row by row: added, changed, unchanged, or refused with column, reason and mend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from collector.importing.columns import Column, Value
from collector.importing.grid import shown

Action = Literal["added", "changed", "unchanged", "refused"]
WORDS: dict[Action, str] = {"added": "baru", "changed": "berubah", "unchanged": "tetap", "refused": "ditolak"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is refused, and the mend; ``column`` is the title of the column, "" the whole row."""

    column: str
    what: str

    def __str__(self) -> str:
        return f"{self.column}: {self.what}" if self.column else self.what


@dataclass(frozen=True, slots=True)
class Altered:
    """A value that would change, as text; "" is empty."""

    column: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.column}: {self.before or 'kosong'} -> {self.after or 'kosong'}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the file; ``row`` is its line there, ``key`` what it is about, ``table`` the name of its sheet."""

    table: str
    row: int
    key: str
    action: Action
    altered: tuple[Altered, ...] = ()
    problems: tuple[Problem, ...] = ()

    def refused(self, problem: Problem) -> Difference:
        """Return the row with a further reason to refuse it."""
        return replace(self, action="refused", problems=(*self.problems, problem))

    def __str__(self) -> str:
        told = "; ".join(map(str, self.problems or self.altered))
        return f"{WORDS[self.action]:<8} {self.table} baris {self.row}: {self.key}{' - ' if told else ''}{told}"


@dataclass(frozen=True, slots=True)
class Differences:
    """All rows, what is wrong with the file itself, and what would follow that no row says (``notes``)."""

    items: tuple[Difference, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, action: Action) -> int:
        """Return how many rows would be so."""
        return sum(item.action == action for item in self.items)

    @property
    def whole(self) -> bool:
        """Nothing is refused."""
        return not self.problems and not self.count("refused")

    def refusals(self) -> tuple[str, ...]:
        """Say everything that is refused, and why."""
        return (*self.problems, *(str(item) for item in self.items if item.action == "refused"))

    def lines(self) -> Iterator[str]:
        """Tell all of it; rows that stay as they are only by their number."""
        yield from self.problems
        yield from (str(item) for item in self.items if item.action != "unchanged")
        yield from (f"akibat   {note}" for note in self.notes)
        yield ", ".join(f"{self.count(action)} {word}" for action, word in WORDS.items())


def altered(column: Column, before: Value, after: Value) -> Altered:
    """Return a changed value as it stands in tables."""
    return Altered(column.title, shown(column.cell(before)), shown(column.cell(after)))

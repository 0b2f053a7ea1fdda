"""The newest revision of every record, in memory: read once, then followed by what is new.

So the live state may ask the registers each second, and a change costs what changed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from collector.register.book import Book, Record
from collector.register.kinds import Kind


class Shelf:
    """The records of ``kinds`` in a book. May be shared by threads."""

    def __init__(self, book: Book, kinds: Mapping[str, Kind]) -> None:
        self._book, self._kinds = book, kinds
        self._lock = threading.Lock()
        self._records: dict[str, dict[str, Record]] = {name: {} for name in kinds}
        self._last_id = 0

    def follow(self) -> int:
        """Take what was written since, and return the id up to which it is known; RegisterError."""
        with self._lock:
            for number, record in self._book.after(self._kinds, self._last_id):
                self._last_id = number
                if record is not None:
                    self._records[record.kind][record.code] = record
            return self._last_id

    def of(self, kind: Kind) -> tuple[Record, ...]:
        """Return the newest revision of every record of a register, in the order in which they were opened."""
        with self._lock:
            return tuple(self._records[kind.name].values())

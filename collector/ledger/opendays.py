"""Readings of days not yet sealed, packed in memory, so that a repeated look decodes only what has come since.

It is a cache and nothing else: what it holds stands in the journal, and it is bounded in octets.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date
from typing import NamedTuple

from collector.ledger.columns import Series

LIMIT_BYTES = 32 << 20
_OVERHEAD = 500


class Key(NamedTuple):
    """Whose readings of which day: journal, series, day, the newest entry sealed already, and the fields."""

    journal: str
    series: Series
    day: date
    after_id: int
    fields: frozenset[str] | None
    """None: all fields."""


class Kept(NamedTuple):
    """A packed chunk of the entries up to ``upto_id``; b"" when they hold no reading of the series."""

    upto_id: int
    blob: bytes


class OpenDays:
    """The packed readings by key; the least recently used go first."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit, self._size = limit_bytes, 0
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Kept:
        """Return what is kept under a key."""
        with self._lock:
            if key not in self._kept:
                return Kept(key.after_id, b"")
            self._kept.move_to_end(key)
            return self._kept[key]

    def put(self, key: Key, kept: Kept) -> None:
        """Keep it in place of what stood there."""
        with self._lock:
            self._drop(key)
            self._kept[key] = kept
            self._size += len(kept.blob) + _OVERHEAD
            while self._size > self._limit:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        before = self._kept.pop(key, None)
        if before is not None:
            self._size -= len(before.blob) + _OVERHEAD

"""Counting failed logins in memory, bounded: who fails too often waits."""

from __future__ import annotations

from dataclasses import dataclass

KEYS = 10_000
"""Names or addresses remembered at one time; beyond, the oldest is forgotten."""


@dataclass(slots=True)
class _Failures:
    first_ns: int
    count: int = 0
    until_ns: int = 0


class Attempts:
    """Locks a key for ``span_ns`` after ``limit`` failures within ``span_ns``; times of one monotonic clock."""

    def __init__(self, *, limit: int, span_ns: int) -> None:
        self._limit, self._span_ns = limit, span_ns
        self._failures: dict[str, _Failures] = {}

    def wait_ns(self, key: str, now_ns: int) -> int:
        """Return how long a key must still wait; 0 when it may try."""
        found = self._failures.get(key)
        return 0 if found is None else max(0, found.until_ns - now_ns)

    def failed(self, key: str, now_ns: int) -> bool:
        """Count a failure; tell whether it is the one that locks."""
        found = self._failures.get(key)
        if found is None or now_ns - found.first_ns >= self._span_ns:
            self._failures.pop(key, None)
            if len(self._failures) >= KEYS:
                del self._failures[next(iter(self._failures))]
            found = self._failures[key] = _Failures(now_ns)
        found.count += 1
        if found.count < self._limit:
            return False
        # A new span begins with the lock, so that it is kept as long as it holds.
        found.first_ns, found.count, found.until_ns = now_ns, 0, now_ns + self._span_ns
        return True

    def passed(self, key: str) -> None:
        """Forget a key's failures."""
        self._failures.pop(key, None)

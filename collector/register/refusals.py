"""Counting refusals and reads so that whoever causes them can fill neither memory nor disk."""

from __future__ import annotations

from dataclasses import dataclass

from agent.clock import NS

MINUTE_NS = 60 * NS
KINDS = 100
"""Different refusals told apart at one time; further ones are counted together."""
BURST = 100
"""Records that may be written at once; then one more a minute (besides the sum): some 3,000 a day at the worst."""

Refusal = tuple[str, str, str, str]
"""Actor, action, object, reason."""
OTHERS: Refusal = ("*", "refusal", "*", "more different refusals than are recorded one by one")


@dataclass(slots=True)
class _Count:
    waiting: int = 0
    recorded_ns: int | None = None

    def is_due(self, at_ns: int) -> bool:
        """Tell whether it waits and was not recorded in the minute before (a clock set back ends the minute)."""
        return self.waiting > 0 and (self.recorded_ns is None or not 0 <= at_ns - self.recorded_ns < MINUTE_NS)

    def is_idle(self, at_ns: int) -> bool:
        return not self.waiting and (self.recorded_ns is None or not 0 <= at_ns - self.recorded_ns < MINUTE_NS)


class Refusals:
    """Refusals that happened and are not yet recorded, each with its number of times.

    ``kinds`` are told apart at one time, ``burst`` records may be written at once and then ``rate`` more a minute.
    """

    def __init__(self, *, kinds: int = KINDS, burst: int = BURST, rate: int = 1) -> None:
        self._counts: dict[Refusal, _Count] = {}
        self._kinds, self._burst, self._rate = kinds, burst, rate
        self._allowed = burst
        self._allowed_ns: int | None = None

    def add(self, refusal: Refusal, at_ns: int) -> None:
        """Count one refusal."""
        if refusal not in self._counts:
            self._counts = {key: count for key, count in self._counts.items() if not count.is_idle(at_ns)}
            if len(self._counts) >= self._kinds:
                refusal = OTHERS
        self._counts.setdefault(refusal, _Count()).waiting += 1

    def due(self, at_ns: int, *, everything: bool = False) -> list[tuple[Refusal, int]]:
        """Return what may be recorded now, with its number of times; with ``everything`` all that waits."""
        self._allow(at_ns)
        due = [(key, count.waiting) for key, count in self._counts.items() if count.is_due(at_ns)]
        if everything:
            return [(key, count.waiting) for key, count in self._counts.items() if count.waiting]
        return [item for item in due if item[0] != OTHERS][: self._allowed] + [i for i in due if i[0] == OTHERS]

    def recorded(self, items: list[tuple[Refusal, int]], at_ns: int) -> None:
        """Note that these are recorded."""
        for refusal, times in items:
            count = self._counts.pop(refusal)
            # To the end of the dictionary: who waited longest is recorded first.
            self._counts[refusal] = _Count(count.waiting - times, at_ns)
        self._allowed = max(0, self._allowed - sum(refusal != OTHERS for refusal, _ in items))

    def _allow(self, at_ns: int) -> None:
        if self._allowed_ns is None or at_ns < self._allowed_ns:
            self._allowed_ns = at_ns
        minutes = (at_ns - self._allowed_ns) // MINUTE_NS
        self._allowed = min(self._burst, self._allowed + minutes * self._rate)
        self._allowed_ns += minutes * MINUTE_NS

"""What one device saw of a failure of the mains, and which of these belong to one failure (pure).

Each device gives words over time: a UPS says how it is fed, a switch or a generator's controller where the load lies
and whether the mains are there. Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from collector.measure.states import UNSAID, Run, Samples


class Word(IntEnum):
    """What one reading says of the supply."""

    OK = 0
    """On the mains, which are there. A UPS: its input feeds the load, whoever feeds the input."""
    LOST = 1
    """The mains are not there, and the generator does not carry. A UPS: on battery."""
    GENERATOR = 2
    """The generator carries; of the mains nothing good is known."""
    NOTHING = 3
    """Nothing carries. A UPS: no output."""
    AT_MAINS = 4
    """On the mains' side, or not on the generator's; whether the mains are there is not told."""
    TRIED = 5
    """The generator carries although the mains are there: a test, or the mains are back and not trusted yet."""
    LOST_ONLY = 6
    """The mains are not there; what carries is not told."""


AWAY = frozenset((Word.LOST, Word.GENERATOR, Word.NOTHING, Word.TRIED, Word.LOST_ONLY))
CARRYING = frozenset((Word.GENERATOR, Word.TRIED))

SILENCE_MS = 3_600_000
"""What two words of a failure with more silence than this between them tell of are two failures: nobody knows."""

HOLD_MS = 30_000
"""The mains are back once they were for so long; shorter is part of the failure."""

NEAR_MS = 900_000
"""How far readings that are no neighbours may lie apart and be of one failure, and an entry of the log from both."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What one device saw of a failure: runs away from the mains, the last good word before, the first one after.

    ``low_ms`` and ``high_ms`` are how far it can reach. ``broken``: silence within, or to the word after.
    """

    runs: tuple[Run, ...]
    before_ms: int | None
    after_ms: int | None
    low_ms: int
    high_ms: int
    broken: bool
    ups: str = ""
    place: int = 0

    @property
    def first_ms(self) -> int:
        """The first word away from the mains."""
        return self.runs[0].first_ms

    @property
    def last_ms(self) -> int:
        """The last word away from the mains."""
        return self.runs[-1].last_ms

    def said(self, *words: Word) -> list[Run]:
        """Return the runs of some words."""
        return [run for run in self.runs if run.value in words]


def failures(words: Samples, *, until_ms: int) -> list[Failure]:
    """Return a device's stretches away from the mains; a good word that held too shortly is part of one.

    ``until_ms`` is when one looks: silence from the last word to then is silence.
    """
    known = [run for run in words.runs() if run.value != UNSAID]
    found: list[Failure] = []
    away: list[Run] = []
    good: Run | None = None
    for i, run in enumerate(known):
        if run.value in AWAY:
            if away and run.first_ms - away[-1].end_ms > SILENCE_MS:
                found.append(_failure(away, good, None, until_ms))
                away, good = [], None
            away.append(run)
            continue
        following = known[i + 1] if i + 1 < len(known) else None
        flutter = following is not None and following.value in AWAY and following.first_ms - run.first_ms < HOLD_MS
        if away and flutter:
            away.append(run)
        else:
            if away:
                found.append(_failure(away, good, run, until_ms))
            away, good = [], run
    if away:
        found.append(_failure(away, good, None, until_ms))
    return found


def _failure(away: Sequence[Run], good: Run | None, after: Run | None, until_ms: int) -> Failure:
    first, last = away[0], away[-1]
    before_ms = good.last_ms if good is not None else None
    after_ms = after.first_ms if after is not None else None
    ends = [*(run.first_ms for run in away[1:]), until_ms if after is None else after.first_ms]
    return Failure(
        runs=tuple(away),
        before_ms=before_ms if good is not None and good.value == Word.OK else None,
        after_ms=after_ms,
        low_ms=max(first.first_ms - NEAR_MS, -(2**62) if before_ms is None else before_ms),
        high_ms=min(last.last_ms + NEAR_MS, 2**62 if after_ms is None else after_ms),
        broken=any(end > run.end_ms for run, end in zip(away, ends, strict=True)),
    )


def grouped(seen: Iterable[Failure]) -> Iterator[list[Failure]]:
    """Put together what can be of one failure."""
    group: list[Failure] = []
    high_ms = 0
    for item in sorted(seen, key=lambda item: (item.low_ms, item.high_ms, item.ups, item.place)):
        if group and item.low_ms >= high_ms:
            yield group
            group = []
        high_ms = max(high_ms, item.high_ms) if group else item.high_ms
        group.append(item)
    if group:
        yield group

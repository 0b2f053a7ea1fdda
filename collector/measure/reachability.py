"""Whether a link was down: only where two sides agree, or its own port said so; silence is unknown (pure).

Down is confirmed (spec/evaluation.md section 3, "Ketersediaan") where a port of the line told that it was down, where
the device at one end proved by its next boot that it was off, or where the centre asked the far end in vain while the
far end asked the centre in vain too, or told later that it was alive. Up is what answered; a port that is up counts
where nothing was asked. All else is unknown: the centre's asking in vain alone may be the centre's own fault.
Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from collector.measure.intervals import NEVER, Intervals
from collector.measure.states import Samples, Span, covering, spans, times_in, together


class Reach(IntEnum):
    """State of a link; unknown is None."""

    DOWN = 0
    UP = 1


@dataclass(frozen=True, slots=True)
class LinkSigns:
    """What was told of one link; samples are 1 (up, answered), 0 (down, not answered) or unsaid.

    ports      the line's own ports at either end: operational state
    asked      the centre's probes and polls of the far end that go over this line and no other
    answers    the far end's own probes of the centre
    alive      when the far end lived by its own word, also one that came late; a poll is none
    off        when the device at an end was proved to be off
    """

    ports: tuple[Samples, ...] = ()
    asked: tuple[Samples, ...] = ()
    answers: tuple[Samples, ...] = ()
    alive: Intervals = NEVER
    off: Intervals = NEVER


def reach(signs: LinkSigns, *, start_ms: int, end_ms: int) -> tuple[Span[Reach], ...]:
    """Return a link's states over ``[start_ms, end_ms)``."""

    def seen(told: Sequence[Samples], pick: Callable[[Iterable[int]], int]) -> tuple[Span[int], ...]:
        def picked(states: tuple[int | None, ...]) -> int | None:
            known = [state for state in states if state is not None]
            return pick(known) if known else None

        parts = [spans(one, start_ms=start_ms, end_ms=end_ms) for one in told]
        return together(parts, picked) or covering((), start_ms=start_ms, end_ms=end_ms)

    def within(when: Intervals) -> tuple[Span[int], ...]:
        held = when & Intervals.of([(start_ms, end_ms)])
        return covering((Span(low, high, 1) for low, high in held.spans), start_ms=start_ms, end_ms=end_ms)

    parts = (
        seen(signs.ports, min),
        seen(signs.asked, max),
        seen(signs.answers, max),
        within(signs.alive),
        within(signs.off),
    )
    return together(parts, _judge)


def _judge(states: tuple[int | None, ...]) -> Reach | None:
    port, asked, answered, alive, off = states
    if off or port == 0:
        return Reach.DOWN
    if asked == 1 or answered == 1:
        return Reach.UP
    if asked == 0:
        return Reach.DOWN if answered == 0 or alive else None
    return Reach.UP if port == 1 and answered is None else None


def down_and_unknown(found: Iterable[Span[Reach]]) -> tuple[Intervals, Intervals]:
    """Return D and K of a link's states."""
    states = tuple(found)
    return times_in(states, Reach.DOWN), times_in(states, None)

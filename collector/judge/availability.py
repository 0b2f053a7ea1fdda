"""Availability of a link, gross and net, by set operations on time (pure; spec/evaluation.md sections 3 and 3a).

With T the time to be judged, D confirmed down, K unknown, P planned work announced in time, B approved disconnection:
gross = 1 - |D - K| / |T - K|, net = 1 - |D - (K u P u B)| / |T - (K u P u B)|. Totals are never subtracted from each
other, for sets overlap. Times are UTC ns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from collector.measure.intervals import NEVER, Intervals

ENOUGH = Fraction(3, 4)
"""The part of T that must be known; below it nothing is judged."""

Attribution = Literal["WAN", "LAN", "Penyedia", "Listrik", ""]
"""Whose part an outage was (Samarinda Pasal 15 ayat (4)-(5), Pasal 17 ayat (1)); "" is not known."""

_ORDER: tuple[Attribution, ...] = ("WAN", "LAN", "Penyedia", "Listrik", "")


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """What is known of one link: when it is to be measured, was down, unknown, in planned work, disconnected.

    ``attributed`` says whose part it was, the first word on a time prevailing (incidents in the order of numbers).
    """

    link: str
    active: Intervals
    down: Intervals
    unknown: Intervals
    planned: Intervals = NEVER
    disconnected: Intervals = NEVER
    attributed: tuple[tuple[Attribution, Intervals], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """The down time of one attribution, ns."""

    attribution: Attribution
    gross_ns: int
    net_ns: int


@dataclass(frozen=True, slots=True)
class Availability:
    """The availability of one link in a period; fractions of 1, None is "-" or, where not ``judged``, "tidak dinilai".

    expected_ns, known_ns, net_ns   |T|, |T - K| and |T - (K u P u B)|
    down_ns, net_down_ns            |D - K| and |D - (K u P u B)|
    outages                         intervals of D within T, however they came about
    parts                           the down times by attribution, those without any left out; they add up
    """

    link: str
    judged: bool
    gross: Fraction | None
    net: Fraction | None
    expected_ns: int
    known_ns: int
    net_ns: int
    down_ns: int
    net_down_ns: int
    outages: int
    parts: tuple[Part, ...]

    def attributed_to(self, attribution: Attribution) -> Fraction | None:
        """Return the net availability that would be left if only the outages of one attribution had been."""
        if self.net is None:
            return None
        down = sum(part.net_ns for part in self.parts if part.attribution == attribution)
        return 1 - Fraction(down, self.net_ns)


def availability(times: LinkTimes, *, start_ns: int, end_ns: int) -> Availability:
    """Judge a link in ``[start_ns, end_ns)``."""
    expected = times.active & Intervals.of([(start_ns, end_ns)])
    down = times.down & expected
    excluded = times.unknown | times.planned | times.disconnected
    known, judged_net = expected - times.unknown, expected - excluded
    gross_down, net_down = down - times.unknown, down - excluded
    judged = known.length * ENOUGH.denominator >= expected.length * ENOUGH.numerator
    return Availability(
        link=times.link,
        judged=judged,
        gross=_left(gross_down, known) if judged else None,
        net=_left(net_down, judged_net) if judged else None,
        expected_ns=expected.length,
        known_ns=known.length,
        net_ns=judged_net.length,
        down_ns=gross_down.length,
        net_down_ns=net_down.length,
        outages=len(down.spans),
        parts=_parts(times.attributed, gross_down, net_down),
    )


def _left(down: Intervals, time: Intervals) -> Fraction | None:
    return 1 - Fraction(down.length, time.length) if time.length else None


def _parts(attributed: Sequence[tuple[Attribution, Intervals]], gross: Intervals, net: Intervals) -> tuple[Part, ...]:
    """Give each instant of the down time to the first attribution that names it, the rest to nobody."""
    found: dict[Attribution, list[Intervals]] = {}
    left = gross
    for attribution, when in attributed:
        found.setdefault(attribution, []).append(left & when)
        left = left - when
    found.setdefault("", []).append(left)
    parts = []
    for attribution in _ORDER:
        mine = Intervals.of(span for one in found.get(attribution, ()) for span in one.spans)
        if mine.length:
            parts.append(Part(attribution, mine.length, (mine & net).length))
    return tuple(parts)

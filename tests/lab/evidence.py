"""What a test of the laboratory knows by itself: journal rows read plainly, samples of /proc, bins by fractions."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from agent.clock import MS
from agent.envelope import inflate
from agent.reading import decode
from collector.ledger.journal import Row


class Taken(NamedTuple):
    """One reading of an interface: boot time and corrected wall time in ms, both counters."""

    boot_ms: int
    time_ms: int
    receive: int
    transmit: int


class Sample(NamedTuple):
    """One look of the test at /proc/net/dev: boot time before and after it in ns, both counters."""

    before_ns: int
    after_ns: int
    receive: int
    transmit: int


def readings(rows: Iterable[Row], interface: str) -> list[Taken]:
    """Return every reading of an interface that stands in the rows, in order of time."""
    found = []
    for row in rows:
        good, bad = decode(inflate(row.body, 8 << 20))
        assert bad == []
        for item in good:
            if item.measurement == "nadi_interface" and item.tag("interface") == interface:
                boot_ns = row.boot_ns + item.time_ns - row.wall_ns
                receive, transmit = (int(item.fields[f"{way}_bytes_total"]) for way in ("receive", "transmit"))
                found.append(Taken(boot_ns // MS, (item.time_ns + row.shift_ns) // MS, receive, transmit))
    return sorted(found)


def samples(log: Path) -> list[Sample]:
    """Return what sampler.py wrote, but for a line that its end cut short."""
    lines = log.read_text(encoding="ascii").split("\n")[:-1]
    return [Sample(*map(int, line.split())) for line in lines]


def unproved(taken: Sequence[Taken], looks: Sequence[Sample], *, slack_ms: int) -> list[Taken]:
    """Return the readings whose counters do not lie between the looks at /proc before and after them."""
    ends, starts = [look.after_ns // MS for look in looks], [look.before_ns // MS for look in looks]
    wrong = []
    for item in taken:
        before, after = bisect_right(ends, item.boot_ms - slack_ms) - 1, bisect_left(starts, item.boot_ms + slack_ms)
        if before < 0 or after >= len(looks):
            continue
        low, high = looks[before], looks[after]
        if not (low.receive <= item.receive <= high.receive and low.transmit <= item.transmit <= high.transmit):
            wrong.append(item)
    return wrong


def pinned(taken: Sequence[Taken], looks: Sequence[Sample]) -> list[Taken]:
    """Return the readings between two looks that saw the same, and that are equal to what was seen."""
    found = []
    ends, starts = [look.after_ns // MS for look in looks], [look.before_ns // MS for look in looks]
    for item in taken:
        before, after = bisect_right(ends, item.boot_ms) - 1, bisect_left(starts, item.boot_ms + 1)
        if before >= 0 and after < len(looks):
            seen = {looks[before][2:], looks[after][2:]}
            found += [item] if seen == {(item.receive, item.transmit)} else []
    return found


def bins(
    points: Sequence[tuple[int, int]], *, start_ms: int, width_ms: int, count: int
) -> tuple[list[Fraction], list[Fraction]]:
    """Return octets and covered ms of each bin, by splitting each difference of successive (ms, counter) in time."""
    octets, covered = [Fraction(0)] * count, [Fraction(0)] * count
    for (begin, low), (end, high) in itertools.pairwise(points):
        if end - begin > 900_000:
            continue
        for number in range(max(0, (begin - start_ms) // width_ms), min(count, (end - start_ms) // width_ms + 1)):
            left = start_ms + number * width_ms
            inside = min(end, left + width_ms) - max(begin, left)
            if inside > 0:
                octets[number] += Fraction((high - low) * inside, end - begin)
                covered[number] += inside
    return octets, covered


Key = tuple[str, int, str]
"""Agent, number of the reading or batch, and what tells it from another of that number (a run, or "")."""


def numbers(rows: Iterable[Row], agent: str) -> list[Key]:
    """Return the numbered readings of taker.py that stand in the rows, each as often as it stands there."""
    return [(agent, item.receive, "") for item in readings(rows, "eth0")]


def faults(*, taken: Mapping[Key, bool], stored: Iterable[Key]) -> list[str]:
    """Compare a history with a journal. ``taken`` tells of each batch whether it was finished (else it may be missing).

    Nothing that was finished may be missing, nothing may stand twice, nothing may stand that nobody took.
    """
    counts = Counter(stored)
    return [
        *(f"lost: {key}" for key, finished in taken.items() if finished and key not in counts),
        *(f"twice: {key}" for key, number in counts.items() if number > 1),
        *(f"never taken: {key}" for key in counts if key not in taken),
    ]

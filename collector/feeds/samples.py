"""What should be on the server and what is: samples by series and millisecond, and how they are compared (pure).

VictoriaMetrics keeps milliseconds and decimal numbers made of float64: whole ones are exact up to 2^53, of the others
it cuts what is smaller than a part in 10^12 (measured with 1.79: 1000000 / 3 comes back as 333333.333333). So an
integer above 2^53 has lost its last bits there, knowingly (the journal keeps it), and so small a part is no difference.
The same value twice at one time is none either: what was sent again after a fault stays there twice unless its
deduplication is switched on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agent.clock import MS
from agent.reading import Reading, Tags

Name = tuple[str, Tags]
"""A series: full name (``measurement_field``) and tags sorted by name."""

Found = dict[Name, dict[int, tuple[float, ...]]]
"""Values by series and time (UTC ms), several where several were sent for one time."""

ROUNDING = 2e-12
EXACT = 2.0**53


class Selector(NamedTuple):
    """The series of one measurement which have these tags, and none of those that must be ``absent``."""

    measurement: str
    tags: Tags
    absent: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ",".join([self.measurement, *(f"{name}={value}" for name, value in self.tags)])


@dataclass(frozen=True, slots=True)
class Differences:
    """Samples compared: how many are equal, missing, different or there without having been sent (``extra``).

    Of the last three kinds the places: series and time.
    """

    equal: int
    missing: Sequence[tuple[Name, int]]
    different: Sequence[tuple[Name, int]]
    extra: Sequence[tuple[Name, int]]

    def __bool__(self) -> bool:
        return bool(self.missing or self.different or self.extra)


def add_found(
    found: Found, name: str, tags: Mapping[str, str], times_ms: Iterable[int], values: Iterable[float]
) -> None:
    """Add samples of a series."""
    series = found.setdefault((name, tuple(sorted(tags.items()))), {})
    for time_ms, value in zip(times_ms, values, strict=True):
        known = series.get(time_ms, ())
        if value not in known:
            series[time_ms] = (*known, value)


def expected(points: Iterable[Reading]) -> Found:
    """Return the samples that points make on a server."""
    found: Found = {}
    for measurement, tags, fields, time_ns in points:
        kept = tuple((tag, value) for tag, value in tags if value)
        time_ms = time_ns // MS
        for field, number in fields.items():
            series = found.setdefault((f"{measurement}_{field}", kept), {})
            value = float(number)
            known = series.get(time_ms, ())
            if value not in known:
                series[time_ms] = (*known, value)
    return found


def compare(wanted: Found, there: Found, *, names: Collection[str], span: tuple[int, int]) -> Differences:
    """Compare the wanted samples with what is there of these names in ``span`` (UTC ms, end exclusive)."""
    equal, missing, different = 0, [], []
    for series, samples in wanted.items():
        here = there.get(series, {})
        top = max((abs(value) for values in samples.values() for value in values), default=0.0)
        for time_ms, values in samples.items():
            if not span[0] <= time_ms < span[1]:
                continue
            if time_ms not in here:
                missing.append((series, time_ms))
            elif _same(values, here[time_ms], top):
                equal += 1
            else:
                different.append((series, time_ms))
    return Differences(equal, missing, different, list(_extra(wanted, there, names, span)))


def _extra(wanted: Found, there: Found, names: Collection[str], span: tuple[int, int]) -> Iterator[tuple[Name, int]]:
    for series, samples in there.items():
        if series[0] in names:
            known = wanted.get(series, {})
            yield from ((series, ms) for ms in samples if span[0] <= ms < span[1] and ms not in known)


def _same(wanted: Sequence[float], there: Sequence[float], top: float) -> bool:
    """Tell whether every value has its like on the other side; ``top`` is the series' largest, which sets its scale."""
    return all(any(_close(a, b, top) for b in there) for a in wanted) and all(
        any(_close(a, b, top) for a in wanted) for b in there
    )


def _close(one: float, other: float, top: float) -> bool:
    if one.is_integer() and abs(one) < EXACT:
        return one == other
    return abs(one - other) <= max(ROUNDING * abs(one), 1e-17 * top)

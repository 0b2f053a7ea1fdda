"""Round trips, loss, and what the far end told later: against plain counting, in any order."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.ledger.columns import Columns, Series
from collector.ledger.entry import LATE
from collector.ledger.fields import lives
from collector.measure.intervals import NEVER, Intervals
from collector.measure.probing import Field, quality
from collector.measure.running import told_later
from collector.measure.states import UNTOLD, Samples, Staleness, samples

READ = st.lists(st.tuples(st.integers(0, 40), st.sampled_from((0.0, 0.0125, 0.2, 0.3, 1.0))), max_size=25)
WITHIN = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=3).map(Intervals.of)
QUICK = Staleness(least_ms=3, most_ms=9)


def field(read: list[tuple[int, float]]) -> Field:
    return np.array([time for time, _ in read], np.int64), np.array([value for _, value in read], np.float64)


def counted(read: list[tuple[int, float]], within: Intervals) -> list[Fraction]:
    """Return the values that count, in order: one a moment, none where two contradict each other."""
    told: dict[int, set[float]] = {}
    for time, value in read:
        if any(low <= time < high for low, high in within.spans):
            told.setdefault(time, set()).add(value)
    return sorted(Fraction(str(values.pop())) for values in told.values() if len(values) == 1)


@given(rtts=READ, losses=READ, within=WITHIN)
def test_ranks_and_mean_are_those_of_plain_counting(
    rtts: list[tuple[int, float]], losses: list[tuple[int, float]], within: Intervals
) -> None:
    found = quality(field(rtts), field(losses), within)
    ordered, lost = counted(rtts, within), counted(losses, within)
    for rank, value in ((50, found.rtt_median), (95, found.rtt_p95)):
        assert value == (ordered[ceil(Fraction(rank * len(ordered), 100)) - 1] if ordered else None)
    assert (found.bursts, found.loss) == (len(lost), sum(lost) / len(lost) if lost else None)
    assert quality(field([*rtts[::-1], *rtts]), field(losses * 2), within) == found


def test_nothing_probed_is_unknown_and_no_perfect_line() -> None:
    found = quality(None, None, Intervals.of([(0, 100)]))
    assert (found.bursts, found.rtt_median, found.rtt_p95, found.loss) == (0, None, None, None)


def every(step: int, first: int, last: int, value: int = 1) -> Samples:
    times = np.arange(first, last, step, dtype=np.int64)
    return samples(times, np.full(len(times), value, np.int64), QUICK)


@pytest.mark.parametrize(
    ("late", "alive"),
    [
        (UNTOLD, NEVER),
        (every(3, 12, 21), Intervals.of([(10, 30)])),
        (every(3, 70, 80), NEVER),
    ],
)
def test_the_far_end_lived_all_the_time_of_an_outage_of_which_it_told_later(late: Samples, alive: Intervals) -> None:
    asked = samples(np.array([0, 5, 10, 15, 20, 25, 30, 35], np.int64), np.array([1, 1, 0, 0, 0, 0, 1, 1], np.int64))
    assert told_later([asked], [(every(3, 0, 60), late)]) == alive


def test_what_came_more_than_an_hour_late_is_told_apart() -> None:
    times = np.arange(0, 60, 10, dtype=np.int64) * 1_000_000
    flags = np.array([0, 0, LATE, LATE, 0, 0], np.int64)
    none = np.zeros(6, np.int64)
    always, late = lives(Columns(Series("a", "a", "nadi_interface"), times, none, flags, (), none - 1, none, {}))
    assert always.time_ms.tolist() == [0, 10, 20, 30, 40, 50]
    assert late.time_ms.tolist() == [20, 30]
    assert lives(None) == (UNTOLD, UNTOLD)

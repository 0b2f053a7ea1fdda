"""States in time against a slow oracle, power failures against a generated truth, and a server's own word later."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.measure.intervals import Intervals
from collector.measure.running import WRAP_MS, Beats, availability, ran
from collector.measure.states import (
    UNSAID,
    AtsState,
    Samples,
    Span,
    Staleness,
    UpsState,
    ats_spans,
    samples,
    spans,
    times_in,
    ups_spans,
)

SHORT = Staleness(least_ms=5, most_ms=12, intervals=3)
MIN = 60_000
READS = st.lists(st.tuples(st.integers(0, 60), st.integers(UNSAID, 2)), max_size=25)


def taken(reads: Sequence[tuple[int, int]], staleness: Staleness | None = None) -> Samples:
    columns = np.array(reads, np.int64).reshape(-1, 2)
    return samples(columns[:, 0], columns[:, 1], staleness)


def oracle(reads: Sequence[tuple[int, int]], at: int) -> int | None:
    """Say what holds at one instant, by looking through everything (slow)."""
    said: dict[int, set[int]] = {}
    for time, value in reads:
        said.setdefault(time, set()).add(value)
    times = sorted(time for time, values in said.items() if len(values) == 1)
    before = [time for time in times if time <= at]
    if not before:
        return None
    gaps = [later - earlier for earlier, later in pairwise(before)][-3:]
    late = min(max(3 * min(gaps, default=0), 5), 12)
    (value,) = said[before[-1]]
    return value if at < before[-1] + late and value != UNSAID else None


@given(READS, st.integers(-5, 30), st.integers(1, 60))
@settings(max_examples=400)
def test_spans_say_at_each_instant_what_a_slow_look_says(reads: list[tuple[int, int]], start: int, length: int) -> None:
    found = spans(taken(reads, SHORT), start_ms=start, end_ms=start + length)
    assert [span.state for span in found for _ in range(span.start_ms, span.end_ms)] == [
        oracle(reads, at) for at in range(start, start + length)
    ]
    assert all(a.end_ms == b.start_ms and a.state != b.state for a, b in pairwise(found))


@given(READS, st.randoms(use_true_random=False))
def test_order_and_repetition_play_no_part(reads: list[tuple[int, int]], random: object) -> None:
    again = reads + reads[: len(reads) // 2]
    random.shuffle(again)  # type: ignore[attr-defined]
    one, other = (spans(taken(some, SHORT), start_ms=0, end_ms=60, hold_ms=4) for some in (reads, again))
    assert one == other


def test_a_gap_is_unknown_and_never_on_line() -> None:
    reads = [(minute * MIN, 0) for minute in (*range(10), *range(60, 70))]
    found = ups_spans({"on_battery": taken(reads)}, start_ms=0, end_ms=80 * MIN)
    assert [(span.start_ms // MIN, span.end_ms // MIN, span.state) for span in found] == [
        (0, 12, UpsState.PLN),
        (12, 60, None),
        (60, 72, UpsState.PLN),
        (72, 80, None),
    ]


@pytest.mark.parametrize(("interval_s", "stale_s"), [(10, 150), (60, 180), (200, 600), (600, 900), (3600, 900)])
def test_silence_is_unknown_after_three_intervals_within_bounds(interval_s: int, stale_s: int) -> None:
    reads = [(n * interval_s * 1000, 1) for n in range(5)]
    last_ms = reads[-1][0]
    (*_, known, silent) = spans(taken(reads), start_ms=0, end_ms=last_ms + 3_600_000)
    assert (known.end_ms - last_ms, silent.state) == (stale_s * 1000, None)


def test_contradictory_readings_of_one_time_do_not_count_and_a_word_of_not_knowing_does() -> None:
    assert spans(taken([(0, 1), (0, 0)], SHORT), start_ms=0, end_ms=5) == (Span(0, 5, None),)
    found = spans(taken([(0, 1), (2, UNSAID), (4, 1)], SHORT), start_ms=0, end_ms=6)
    assert [span.state for span in found] == [1, None, 1]


def test_flutter_is_left_out_and_a_state_that_holds_is_dated_at_its_first_reading() -> None:
    reads = [(t, int(t in (10, 20, 21, 22, 23, 24, 25, 26))) for t in range(40)]
    found = spans(taken(reads, SHORT), start_ms=0, end_ms=40, hold_ms=5)
    assert [(span.start_ms, span.end_ms, span.state) for span in found] == [(0, 20, 0), (20, 27, 1), (27, 40, 0)]


def test_the_newest_state_counts_only_once_it_held_but_silence_leaves_it_as_it_was() -> None:
    reads = [(t, int(t >= 38)) for t in range(40)]
    assert spans(taken(reads, SHORT), start_ms=0, end_ms=40, hold_ms=5)[-1].state == 0
    later = spans(taken(reads, SHORT), start_ms=0, end_ms=60, hold_ms=5)
    assert [(span.start_ms, span.state) for span in later] == [(0, 0), (38, 1), (44, None)]


def test_each_field_of_a_ups_is_carried_by_its_own_readings() -> None:
    fields = {
        "on_battery": taken([(0, 0), (MIN, 1), (2 * MIN, 1)]),
        "low_battery": taken([(90_000, 1)]),
        "output_off": taken([(150_000, 1)]),
    }
    found = ups_spans(fields, start_ms=0, end_ms=4 * MIN)
    assert [(span.start_ms, span.state) for span in found] == [
        (0, UpsState.PLN),
        (MIN, UpsState.BATERAI),
        (90_000, UpsState.BATERAI_LEMAH),
        (150_000, UpsState.MATI),
    ]


def test_a_switch_whose_number_is_no_source_is_unknown() -> None:
    found = ats_spans(taken([(0, 1), (MIN, 2), (2 * MIN, 7)]), start_ms=0, end_ms=3 * MIN)
    assert [span.state for span in found] == [AtsState.PLN, AtsState.GENSET, None]
    assert times_in(found, AtsState.GENSET) == Intervals.of([(MIN, 2 * MIN)])


# --- whether a server ran ---


def beats(boots: Sequence[tuple[int, Sequence[int]]], *, told: bool = True, silent: Sequence[int] = ()) -> Beats:
    """Return the words of several boots: the time of the boot, and the times of its words (minutes)."""
    rows = [(at_ms(t), n if told else -1, at_ms(at)) for n, (at, times) in enumerate(boots) for t in times]
    return of_rows(rows, [at_ms(t) for t in silent])


def of_rows(rows: Sequence[tuple[int, int, int]], silent: Sequence[int] = ()) -> Beats:
    columns = np.array(rows, np.int64).reshape(-1, 3)
    return Beats(columns[:, 0], columns[:, 1], columns[:, 2], np.array(silent, np.int64))


def at_ms(minute: int) -> int:
    return (1000 + minute) * MIN


def between(*spans: tuple[int, int]) -> Intervals:
    return Intervals.of((at_ms(start), at_ms(end)) for start, end in spans)


def minutes(found: Intervals) -> list[tuple[float, float]]:
    return [(start / MIN - 1000, end / MIN - 1000) for start, end in found.spans]


@pytest.mark.parametrize("told", [True, False])
def test_a_boot_after_a_silence_proves_that_it_was_down_in_between(told: bool) -> None:
    found = ran(beats([(-100, range(10)), (40, range(41, 50))], told=told))
    assert minutes(found.down) == [(9, 40)]
    assert minutes(found.up) == [(0, 9), (41, 52)]


def test_silence_without_a_boot_is_unknown_and_late_words_of_the_same_boot_are_up() -> None:
    silent = ran(beats([(-100, [*range(10), *range(40, 50)])]))
    assert (silent.down, minutes(silent.unknown(between((0, 50))))) == (Intervals(), [(12, 40)])
    assert minutes(ran(beats([(-100, range(50))])).up) == [(0, 52)]


def test_a_device_that_does_not_answer_is_unknown_unless_a_neighbour_saw_it_down_or_its_uptime_proves_it() -> None:
    asked = beats([(-100, [*range(10), *range(30, 40)])], told=False, silent=range(10, 30))
    assert minutes(ran(asked).up) == [(0, 10), (30, 42)]
    assert ran(asked).down == Intervals()
    seen = ran(asked, witnessed=between((12, 20), (35, 36)))
    assert minutes(seen.down) == [(12, 20)]
    proved = beats([(-100, range(10)), (29, range(30, 40))], told=False, silent=range(10, 30))
    assert minutes(ran(proved).down) == [(9, 29)]


def test_the_wrap_of_an_uptime_counter_is_no_boot() -> None:
    began = 50_000 * MIN
    wrapped = of_rows([(began + WRAP_MS - MIN, -1, began), (began + WRAP_MS + MIN, -1, began + WRAP_MS)])
    assert ran(wrapped).down == Intervals()


BOOTS = st.lists(st.tuples(st.integers(1, 20), st.lists(st.integers(0, 9), min_size=1, max_size=6)), max_size=5)


@given(BOOTS, st.randoms(use_true_random=False))
def test_a_truth_of_boots_is_never_contradicted(lives: list[tuple[int, list[int]]], random: object) -> None:
    rows, at = [], 0
    up: list[tuple[int, int]] = []
    for number, (pause, steps) in enumerate(lives):
        boot = at + pause
        times = np.cumsum([1, *steps]) + boot
        rows += [(int(t) * MIN, number, boot * MIN) for t in times]
        at = int(times[-1])
        up.append((boot * MIN, at * MIN))
    random.shuffle(rows)  # type: ignore[attr-defined]
    found = ran(of_rows([*rows, *rows[:3]]))
    assert (found.down & Intervals.of(up)) == Intervals()
    assert found.down & found.up == Intervals()


def test_availability_is_reckoned_by_sets_and_not_told_below_three_quarters() -> None:
    period = between((0, 100))
    found = availability(ran(beats([(-9, range(50)), (58, range(59, 100))])), period)
    assert (found.down_ms // MIN, found.unknown_ms // MIN, found.outages) == (9, 1, 1)
    assert found.gross == 1 - Fraction(9, 99)
    rare = availability(ran(beats([(-9, range(60))])), period)
    assert (rare.assessed, rare.gross) == (False, None)
    assert availability(ran(beats([])), Intervals()).gross is None

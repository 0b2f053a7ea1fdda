"""Power failures: their bounds always hold the truth they were generated from, and nothing is told that nobody saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.measure.failures import Word
from collector.measure.states import UNSAID, Bounds, Samples, samples
from collector.measure.supply import Carrier, LogLine, PowerEvent, Supply, UpsWords, power_events

S = 1000
DAY_MS = 86_400 * S
BASE = 10**9 * S


def said(words: Sequence[tuple[float, int]]) -> Samples:
    """Return words given by seconds from the base."""
    columns = np.array([(BASE + round(at * S), word) for at, word in words], np.int64).reshape(-1, 2)
    return samples(columns[:, 0], columns[:, 1])


def ups(words: Sequence[tuple[float, int]], low: Sequence[tuple[float, int]] = (), code: str = "u1") -> UpsWords:
    return UpsWords(code, said(words), said(low))


def events(supply: Supply) -> list[PowerEvent]:
    return list(power_events(supply, start_ms=BASE - DAY_MS, end_ms=BASE + DAY_MS))


def seconds(bounds: Bounds | None) -> tuple[float | None, float | None]:
    assert bounds is not None
    low, high = (None if at is None else (at - BASE) / S for at in (bounds.low_ms, bounds.high_ms))
    return low, high


def every(step: int, start: int, end: int, word: Word) -> list[tuple[float, int]]:
    return [(at, word) for at in range(start, end, step)]


LINE = every(10, 0, 300, Word.OK)
OUTAGE = [*LINE, *every(10, 300, 340, Word.LOST), *every(10, 340, 1200, Word.OK)]
"""A UPS that is on battery from somewhere after 290 s to somewhere before 340 s."""


def test_a_short_failure_of_a_ups_by_itself_is_one_event_with_bounds() -> None:
    (event,) = events(Supply("u1", False, (ups(OUTAGE),)))
    assert (seconds(event.start), seconds(event.end)) == ((290, 300), (330, 340))
    assert (event.carrying, event.ever_carried, event.load_lost, event.low_battery) == (None, None, False, False)
    assert (event.battery_ms, event.ups, event.over) == (30 * S, ("u1",), True)
    assert [span.state for span in event.carriers] == [Carrier.BATTERY]


def chain(late: int = 0) -> Supply:
    """Return a failure of 15 minutes that the generator carries after 40 s (and ``late``) by the switch's word."""
    switch = [
        *every(10, 0, 300, Word.OK),
        *every(10, 300, 340 + late, Word.LOST),
        *every(10, 340 + late, 1200, Word.GENERATOR),
        *every(10, 1200, 1500, Word.OK),
    ]
    return Supply("g", True, (ups(OUTAGE),), (said(switch),))


def test_mains_battery_generator_mains_is_one_event_with_its_transfer_time() -> None:
    (event,) = events(chain())
    assert (seconds(event.start), seconds(event.carrying), seconds(event.end)) == ((290, 300), (330, 340), (1190, 1200))
    assert (event.transfer_low_ms, event.transfer_high_ms) == (30 * S, 50 * S)
    assert (event.ever_carried, event.test, event.manual) == (True, False, False)
    assert [span.state for span in event.carriers] == [Carrier.BATTERY, Carrier.GENERATOR]


def test_a_ups_that_has_its_input_again_bounds_when_the_generator_took_the_load() -> None:
    (event,) = events(chain(late=20))
    assert event.carrying is not None
    assert event.transfer_high_ms == 70 * S  # the switch still said LOST after that: the UPS's word is not better
    rare = Supply("g", True, (ups(OUTAGE),), (said([(0, Word.OK), (290, Word.OK), (590, Word.GENERATOR)]),))
    (event,) = events(rare)
    assert (seconds(event.carrying), event.transfer_high_ms) == ((290, 340), 50 * S)


def test_a_generator_that_never_takes_the_load_is_told_so_only_where_somebody_watched() -> None:
    dark = [
        *LINE,
        *every(10, 300, 900, Word.LOST),
        *every(10, 900, 1000, Word.NOTHING),
        *every(10, 1000, 1200, Word.OK),
    ]
    switch = [*LINE, *every(10, 300, 1000, Word.LOST), *every(10, 1000, 1200, Word.OK)]
    (watched,) = events(Supply("g", True, (ups(dark, [(700, 0), (800, 1)]),), (said(switch),)))
    assert (watched.ever_carried, watched.load_lost, watched.low_battery) == (False, True, True)
    assert watched.transfer_high_ms is None
    (alone,) = events(Supply("g", True, (ups(OUTAGE),)))
    assert (alone.ever_carried, alone.carrying) == (None, None)
    holes = [pair for pair in switch if not 400 <= pair[0] < 900]
    (blind,) = events(Supply("g", True, (ups(OUTAGE),), (said(holes),)))
    assert blind.ever_carried is None


def test_silence_on_battery_leaves_it_unknown_whether_the_load_was_lost() -> None:
    gap = [*LINE, *every(10, 300, 400, Word.LOST), *every(10, 2000, 2100, Word.OK)]
    (event,) = events(Supply("u1", False, (ups(gap),)))
    assert (event.load_lost, seconds(event.end)) == (None, (390, 2000))
    (open_end,) = events(Supply("u1", False, (ups(gap[:40]),)))
    assert (open_end.load_lost, open_end.over, open_end.end.high_ms) == (None, False, None)


def test_hours_of_silence_between_two_words_are_not_told_as_one_failure() -> None:
    words = [
        *LINE,
        *every(10, 300, 400, Word.LOST),
        *every(10, 20_000, 20_100, Word.LOST),
        *every(10, 20_100, 21_000, Word.OK),
    ]
    first, second = events(Supply("u1", False, (ups(words),)))
    assert (first.over, second.start.low_ms, second.over) == (False, None, True)


def test_mains_that_are_back_too_shortly_are_part_of_the_failure() -> None:
    words = [*LINE, *every(5, 300, 400, Word.LOST), *every(5, 400, 420, Word.OK), *every(5, 420, 500, Word.LOST)]
    (event,) = events(Supply("u1", False, (ups([*words, *every(5, 500, 900, Word.OK)]),)))
    assert (seconds(event.start), seconds(event.end)) == ((290, 300), (495, 500))


def test_two_failures_with_one_good_reading_between_them_are_two() -> None:
    words = [
        *every(60, 0, 300, Word.OK),
        (300, Word.LOST),
        (360, Word.OK),
        (420, Word.LOST),
        *every(60, 480, 900, Word.OK),
    ]
    first, second = events(Supply("u1", False, (ups(words),)))
    assert (seconds(first.end), seconds(second.start)) == ((300, 360), (360, 420))


def test_a_test_of_the_ups_or_of_the_generator_is_no_failure_of_the_mains() -> None:
    tried = [*LINE, *every(10, 300, 900, Word.TRIED), *every(10, 900, 1200, Word.OK)]
    (event,) = events(Supply("g", True, (ups(every(10, 0, 1200, Word.OK)),), (said(tried),)))
    assert (event.test, event.ever_carried) == (True, True)
    (real,) = events(
        Supply("g", True, (ups(OUTAGE),), (said([pair for pair in tried if pair[0] >= 330 or pair[0] < 300]),))
    )
    assert real.test is False
    told = Supply("g", True, (ups(OUTAGE),), (said(tried[:30] + tried[34:]),), (LogLine("uji-genset", BASE + 200 * S),))
    assert events(told)[0].test is True


def test_what_only_the_log_tells_is_marked_as_manual() -> None:
    log = (
        LogLine("padam", BASE + 300 * S),
        LogLine("genset-memikul", BASE + 360 * S),
        LogLine("pulih", BASE + 900 * S),
    )
    (event,) = events(Supply("g", True, (), (), log))
    assert (event.manual, event.ever_carried, event.transfer_high_ms) == (True, True, None)
    assert (event.start, event.end.high_ms) == (Bounds(BASE + 300 * S, BASE + 300 * S, True), BASE + 900 * S)
    (measured,) = events(Supply("g", True, (ups(OUTAGE),), (), log))
    assert (measured.manual, measured.carrying) == (False, Bounds(BASE + 360 * S, BASE + 360 * S, True))
    assert measured.transfer_high_ms is None
    (open_end,) = events(Supply("g", True, (), (), log[:1]))
    assert open_end.over is False


def test_several_ups_behind_one_generator_are_one_failure() -> None:
    later = [(at + 3, word) for at, word in OUTAGE]
    (event,) = events(Supply("g", True, (ups(OUTAGE), ups(later, code="u2"))))
    assert (event.ups, seconds(event.start)) == (("u1", "u2"), (293, 300))


@dataclass(frozen=True)
class Truth:
    """What really happened, in seconds: mains lost, generator carrying (None: never), load back on the mains."""

    lost: float
    carried: float | None
    back: float
    delay: float

    def ups(self, at: float) -> Word:
        fed = self.back if self.carried is None else self.carried
        return Word.LOST if self.lost <= at < fed + self.delay else Word.OK

    def switch(self, at: float) -> Word:
        if not self.lost <= at < self.back:
            return Word.OK
        return Word.LOST if self.carried is None or at < self.carried else Word.GENERATOR


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    lost = draw(st.integers(200, 2000)) + 0.5
    length = draw(st.integers(5, 3000))
    carried = draw(st.none() | st.integers(1, 300))
    took = None if carried is None or carried >= length else lost + carried
    return Truth(lost, took, lost + length, draw(st.integers(0, 40)))


@st.composite
def times(draw: st.DrawFn) -> list[float]:
    """Draw when a device is read: an interval with holes, over two hours."""
    step = draw(st.sampled_from([5, 10, 30, 60, 240]))
    begin = draw(st.integers(0, step))
    hole = draw(st.integers(0, 6000))
    width = draw(st.sampled_from([0, 0, 60, 400, 2000]))
    return [at for at in range(begin, 7200, step) if not hole <= at < hole + width]


@given(truths(), times(), times(), times(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_bounds_always_hold_the_truth(
    truth: Truth, one: list[float], two: list[float], three: list[float], watched: bool
) -> None:
    units = (ups([(at, truth.ups(at)) for at in one]), ups([(at, truth.ups(at)) for at in two], code="u2"))
    switches = (said([(at, truth.switch(at)) for at in three]),) if watched else ()
    for event in events(Supply("g", True, units, switches)):
        assert holds(event.start, truth.lost)
        if event.carrying is not None:
            assert truth.carried is not None
            assert holds(event.carrying, truth.carried)
        if event.transfer_low_ms is not None and event.transfer_high_ms is not None:
            assert truth.carried is not None
            assert event.transfer_low_ms <= (truth.carried - truth.lost) * S <= event.transfer_high_ms
        if event.ever_carried is False:
            assert truth.carried is None or not any(truth.carried <= at < truth.back for at in three)
        if watched and any(truth.lost <= at < truth.back for at in three) and Carrier.GENERATOR in states(event):
            assert holds(event.end, truth.back)


def states(event: PowerEvent) -> set[Carrier | None]:
    return {span.state for span in event.carriers}


def holds(bounds: Bounds, second: float) -> bool:
    at = BASE + round(second * S)
    low, high = bounds.low_ms, bounds.high_ms
    return (low is None or low < at) and (high is None or at <= high)


@given(truths(), times(), times(), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_lateness_repetition_and_order_play_no_part(
    truth: Truth, one: list[float], two: list[float], seed: int
) -> None:
    words = [(at, truth.ups(at)) for at in one]
    again = words + words[::3]
    mixed = [again[i] for i in np.random.default_rng(seed).permutation(len(again))]
    switch = (said([(at, truth.switch(at)) for at in two]),)
    assert events(Supply("g", True, (ups(words),), switch)) == events(Supply("g", True, (ups(mixed),), switch))


@pytest.mark.parametrize("word", [UNSAID, Word.AT_MAINS])
def test_a_word_that_says_nothing_of_the_mains_bounds_no_start(word: int) -> None:
    switch = [*every(10, 0, 300, Word.OK), (305, word), (315, Word.LOST), (325, Word.OK), (400, Word.OK)]
    (event,) = events(Supply("g", True, (), (said(switch),)))
    assert event.start.low_ms in (None, BASE + 290 * S)

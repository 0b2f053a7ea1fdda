"""The simulated month before it is sent: its courses, its lines, its truth."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from agent.clock import MS, WIB, WIT, Month
from agent.envelope import inflate
from agent.reading import decode, encode
from collector.measure.bins import Bins, bins
from collector.measure.counters import CounterSeries, deltas
from collector.measure.rates import Member, Rates
from collector.simulation.course import Course, spans
from collector.simulation.scenario import MBIT, Fate, Office, SimulationError, offices
from collector.simulation.station import Station, stations
from collector.simulation.traffic import MARGIN_STEPS, STEP_MS, Grid, Ints, grid
from collector.simulation.truth import truth

FEBRUARY = grid(Month(2026, 2), WIB)


def fated(fate: Fate) -> Office:
    return next(office for office in offices(14) if office.fate is fate)


def made(fate: Fate, *, seed: int = 1, place: Grid = FEBRUARY) -> tuple[Station, ...]:
    return stations(place, fated(fate), seed=seed, number=0)


def flat(place: Grid, *, octets_a_minute: int, bits: int = 64) -> Course:
    """A course read exactly each minute that carries the same in each."""
    steps = place.steps
    passed = np.full(steps - 1, octets_a_minute, np.int64)
    time_ms = place.start_ms + np.arange(steps) * STEP_MS
    always, boot = np.ones(steps, np.bool_), np.zeros(steps, np.int64)
    return Course(time_ms, boot, time_ms[:1] - 1, always, always, passed, passed * 2, (5, 5), bits, 100 * MBIT)


def test_every_fate_is_among_the_first_offices_and_names_do_not_repeat() -> None:
    every = offices(92)
    assert {office.fate for office in every[:14]} == set(Fate)
    assert len({office.code for office in every}) == len({office.name for office in every}) == 92
    with pytest.raises(SimulationError, match="1 to 92"):
        offices(93)


def test_a_flat_course_has_its_own_rate_as_p95_and_all_its_octets_as_volume() -> None:
    found = truth(FEBRUARY, "X", [flat(FEBRUARY, octets_a_minute=7_500_000)])
    assert found.unduh.p95 == found.unduh.peak == MBIT
    assert found.unduh.volume_octets == 7_500_000 * 1440 * 28
    assert found.unggah.p95 == 2 * MBIT
    assert found.unduh.valid == found.unduh.expected == 8064


def test_two_links_are_added_before_they_are_ranked() -> None:
    one, other = flat(FEBRUARY, octets_a_minute=7_500_000), flat(FEBRUARY, octets_a_minute=15_000_000)
    other.taken[MARGIN_STEPS : MARGIN_STEPS + 10] = False
    found = truth(FEBRUARY, "X", [one, other])
    assert found.unduh.p95 == 3 * MBIT
    assert found.unduh.valid == 8064
    other.taken[MARGIN_STEPS : MARGIN_STEPS + 30] = False
    assert truth(FEBRUARY, "X", [one, other]).unduh.valid == 8064 - 6


def test_a_long_gap_keeps_its_volume_and_loses_its_bins() -> None:
    course = flat(FEBRUARY, octets_a_minute=60)
    course.taken[MARGIN_STEPS + 1 : MARGIN_STEPS + 60] = False
    found = truth(FEBRUARY, "X", [course]).unduh
    assert found.volume_octets == 60 * 1440 * 28
    assert found.valid == 8064 - 12


def test_a_restart_loses_the_octets_across_it() -> None:
    course = flat(FEBRUARY, octets_a_minute=60)
    course.boot[MARGIN_STEPS + 7 :] = 1
    course = replace(course, booted_ms=np.append(course.booted_ms, course.time_ms[MARGIN_STEPS + 7]))
    assert truth(FEBRUARY, "X", [course]).unduh.volume_octets == 60 * (1440 * 28 - 1)
    assert course.counters("receive")[MARGIN_STEPS + 6 : MARGIN_STEPS + 9].tolist() == [66 * 60 + 5, 0, 60]


def test_an_ambiguous_gap_of_a_32_bit_counter_is_unknown() -> None:
    course = flat(FEBRUARY, octets_a_minute=700_000_000, bits=32)
    course.taken[100:106] = False
    known = spans(course, course.receive)
    assert len(known.start_ms) == FEBRUARY.steps - 1 - 7
    assert int(course.counters("receive").max()) < 2**32


def test_the_lines_are_those_that_the_agent_would_encode() -> None:
    (station,) = made(Fate.NARROW)
    _, envelope = next(station.envelopes())
    lines = inflate(envelope.body, 1 << 20)
    good, bad = decode(lines)
    assert bad == []
    assert encode(good) == lines
    assert envelope.is_signed_by(station.key.public)
    assert len(good) == 60


def test_readings_tell_their_boot_time_also_after_a_restart() -> None:
    (station,) = made(Fate.REBOOTED)
    boots = set()
    for last_ms, envelope in station.envelopes():
        header = envelope.header
        boots.add((header.boot_id, header.wall_ns - header.boot_ns))
        assert header.wall_ns <= last_ms * MS
    assert len(boots) == len({boot_id for boot_id, _ in boots}) == 8


def test_a_limiter_is_never_exceeded_and_an_unlimited_office_exceeds_its_allocation() -> None:
    (saturated,), (unlimited,) = made(Fate.SATURATED), made(Fate.UNLIMITED)
    assert _highest(saturated) <= fated(Fate.SATURATED).down_bps
    assert _highest(unlimited) > 1.05 * fated(Fate.UNLIMITED).down_bps


def _highest(station: Station) -> Fraction:
    course = station.course
    length = np.diff(course.time_ms).tolist()
    return max(Fraction(n * 8000, ms) for n, ms in zip(course.receive.tolist(), length, strict=True))


def test_the_same_seed_makes_the_same_bytes_and_another_seed_does_not() -> None:
    def first(seed: int) -> bytes:
        (station,) = made(Fate.GAPS, seed=seed)
        return next(station.envelopes())[1].to_bytes()

    assert first(1) == first(1) != first(2)


def test_office_hours_are_those_of_the_region() -> None:
    (station,) = made(Fate.RESENT, place=grid(Month(2026, 2), WIT))
    local = (station.course.time_ms[:-1] + WIT.offset_ns // MS) // 3_600_000
    working = (local // 24 + 3) % 7 < 5  # day 0 was a Thursday
    by_hour = [float(station.course.receive[(local % 24 == hour) & working].mean()) for hour in range(24)]
    assert 8 <= int(np.argmax(by_hour)) <= 15
    assert min(by_hour[8:12]) > 4 * max(by_hour[0:5])


def _judged(course: Course) -> Bins:
    def constant(value: int) -> Ints:
        return np.full(int(course.taken.sum()), value, np.int64)

    series = CounterSeries(
        time_ms=course.time_ms[course.taken],
        boot=course.boot[course.taken],
        boot_ms=(course.time_ms - course.booted_ms[course.boot])[course.taken],
        octets=course.counters("receive")[course.taken],
        bits=constant(course.bits),
        speed=constant(course.speed),
        uptime_ticks=constant(-1),
        discontinuity_ticks=constant(-1),
        index=constant(2),
    )
    return bins(deltas(series), start_ms=FEBRUARY.month.start_ns(WIB) // MS, count=8064)


@pytest.mark.parametrize("fate", Fate)
def test_the_collector_finds_what_the_generator_knows(fate: Fate) -> None:
    courses = [station.course for station in made(fate)]
    known = truth(FEBRUARY, "X", courses).unduh
    members = [_judged(course) for course in courses]
    volume = sum(int(member.octets_u.sum()) + int(member.long_u.sum()) for member in members)
    assert abs(Fraction(volume, 1_000_000) - known.volume_octets) <= 1
    rates = Rates.of([Member.active(member, from_ms=0, to_ms=None) for member in members], 8064)
    values = sorted(rates.exact(np.flatnonzero(rates.valid)))
    assert len(values) == known.valid
    assert known.peak is not None
    assert abs(values[-1] - known.peak) < Fraction(1, 10)
    if known.p95 is not None:
        assert abs(values[(95 * len(values) + 99) // 100 - 1] - known.p95) < Fraction(1, 10)

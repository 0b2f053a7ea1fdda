"""Response and restore times, and availability, against slow oracles that look at each minute."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from agent.clock import WIB
from collector.judge.availability import Attribution, Availability, LinkTimes, availability
from collector.judge.service import MINUTE_NS, Case, Measured, ServiceHours, Target, service, service_time
from collector.measure.intervals import NEVER, Intervals

START = WIB.parse("2026-03-06T00:00")  # a Friday
HOLIDAY = date(2026, 3, 9)
OFFICE = ServiceHours((0, 1, 2, 3, 4), 450, 960, holidays=False)
MINUTES = st.integers(0, 7 * 1440)
SPANS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=4)


def ns(minute: int) -> int:
    return START + minute * MINUTE_NS


def serves(hours: ServiceHours, minute: int) -> bool:
    day = date(2026, 3, 6) + timedelta(days=minute // 1440)
    fit = hours.opens <= minute % 1440 < hours.closes and day.weekday() in hours.weekdays
    return fit and (hours.holidays or day != HOLIDAY)


@st.composite
def service_hours(draw: st.DrawFn) -> ServiceHours:
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    opens = draw(st.integers(0, 1439))
    return ServiceHours(tuple(sorted(days)), opens, draw(st.integers(opens + 1, 1440)), draw(st.booleans()))


@given(hours=service_hours(), times=st.tuples(MINUTES, MINUTES, MINUTES, MINUTES, MINUTES).map(sorted))
def test_times_are_those_of_a_clock_that_is_looked_at_each_minute(hours: ServiceHours, times: list[int]) -> None:
    start, response, low, high, end = times
    case = Case(ns(start), ns(response), ns(end), Intervals.of([(ns(low), ns(high))]))
    found = service(case, Target(30, 240, hours), now_ns=ns(end), zone=WIB, holidays={HOLIDAY})
    answered = sum(serves(hours, minute) for minute in range(start, response))
    restored = sum(serves(hours, minute) for minute in range(start, end) if not low <= minute < high)
    assert (found.response.ns, found.restore.ns) == (answered * MINUTE_NS, restored * MINUTE_NS)
    assert found.response.verdict == ("terlampaui" if answered > 30 else "tercapai")
    assert found.restore.verdict == ("terlampaui" if restored > 240 else "tercapai")


def test_a_weekend_and_a_holiday_do_not_count() -> None:
    friday_afternoon, tuesday = ns(15 * 60), ns(4 * 1440 + 8 * 60)
    case = Case(friday_afternoon, friday_afternoon + 5 * MINUTE_NS, tuesday)
    found = service(case, Target(30, 240, OFFICE), now_ns=tuesday, zone=WIB, holidays={HOLIDAY})
    assert (found.response.minutes, found.restore.minutes, found.kept) == (5, 90, "tercapai")


def test_what_still_goes_on_is_broken_as_soon_as_its_target_is_passed() -> None:
    always = Target(30, 240, ServiceHours())

    def at(minute: int, case: Case) -> tuple[str, str, str]:
        found = service(case, always, now_ns=ns(minute), zone=WIB)
        return found.response.verdict, found.restore.verdict, found.kept

    assert at(30, Case(ns(0))) == ("berjalan", "berjalan", "berjalan")
    assert at(31, Case(ns(0))) == ("terlampaui", "berjalan", "terlampaui")
    assert at(241, Case(ns(0), ns(30))) == ("tercapai", "terlampaui", "terlampaui")
    assert at(240, Case(ns(0), ns(30))) == ("tercapai", "berjalan", "berjalan")


def test_minutes_are_rounded_once_half_up() -> None:
    assert [Measured(half * MINUTE_NS // 2, "berjalan").minutes for half in (0, 1, 2, 3)] == [0, 1, 1, 2]


def test_service_hours_of_an_empty_time_are_none() -> None:
    assert service_time(OFFICE, start_ns=START, end_ns=START, zone=WIB, holidays=()) == NEVER


PARTS: tuple[Attribution, ...] = ("WAN", "LAN", "Penyedia", "Listrik")


def looked_at(times: LinkTimes) -> tuple[Fraction | None, Fraction | None, int, dict[str, int]]:
    """Return gross, net, outages and net down minutes by attribution, from sets of instants."""

    def instants(one: Intervals) -> set[int]:
        return {at for start, end in one.spans for at in range(start, end)}

    expected = instants(times.active) & set(range(5, 85))
    down, unknown = instants(times.down) & expected, instants(times.unknown)
    out = unknown | instants(times.planned) | instants(times.disconnected)
    known, net = expected - unknown, expected - out
    whose: dict[str, int] = {}
    for at in down - out:
        found = next((name for name, when in times.attributed if at in instants(when)), "")
        whose[found] = whose.get(found, 0) + 1
    outages = sum(at in down and at - 1 not in down for at in range(0, 91))
    if 4 * len(known) < 3 * len(expected):
        return None, None, outages, whose
    share = [1 - Fraction(len(down & part), len(part)) if part else None for part in (known, net)]
    return share[0], share[1], outages, whose


@given(sets=st.tuples(*5 * [SPANS]), attributed=st.lists(st.tuples(st.sampled_from(PARTS), SPANS), max_size=4))
def test_availability_is_that_of_sets_of_instants(
    sets: tuple[list[tuple[int, int]], ...], attributed: list[tuple[Attribution, list[tuple[int, int]]]]
) -> None:
    active, down, unknown, planned, cut = map(Intervals.of, sets)
    whose = tuple((name, Intervals.of(spans)) for name, spans in attributed)
    times = LinkTimes("l", active, down, unknown, planned, cut, whose)
    found = availability(times, start_ns=5, end_ns=85)
    parts = {part.attribution: part.net_ns for part in found.parts if part.net_ns}
    assert (found.gross, found.net, found.outages, parts) == looked_at(times)
    assert sum(part.gross_ns for part in found.parts) == found.down_ns
    assert sum(part.net_ns for part in found.parts) == found.net_down_ns
    assert found.expected_ns >= found.known_ns >= found.net_ns


def judged(
    *, down: Intervals = NEVER, unknown: Intervals = NEVER, planned: Intervals = NEVER, cut: Intervals = NEVER
) -> Availability:
    whole = Intervals.of([(0, 1000)])
    return availability(LinkTimes("l", whole, down, unknown, planned, cut), start_ns=0, end_ns=1000)


def of(*spans: tuple[int, int]) -> Intervals:
    return Intervals.of(spans)


def test_planned_work_that_overlaps_adjoins_or_contains_an_outage_takes_only_what_it_shares() -> None:
    down = of((100, 200))
    for planned, net_down in (((150, 250), 50), ((200, 300), 100), ((50, 300), 0), ((120, 130), 90)):
        found = judged(down=down, planned=of(planned))
        assert (found.gross, found.net_down_ns) == (Fraction(9, 10), net_down)
        assert found.net == 1 - Fraction(net_down, 1000 - (planned[1] - planned[0]))


def test_work_and_disconnection_at_the_same_time_are_not_taken_twice() -> None:
    found = judged(down=of((100, 300)), planned=of((100, 200)), cut=of((150, 250)))
    assert (found.net_ns, found.net_down_ns, found.net) == (850, 50, 1 - Fraction(50, 850))


def test_below_three_quarters_known_nothing_is_judged_but_minutes_stay() -> None:
    enough, too_little = judged(unknown=of((0, 250))), judged(down=of((0, 400)), unknown=of((0, 251)))
    assert (enough.judged, enough.gross) == (True, Fraction(1))
    assert (too_little.judged, too_little.gross, too_little.net, too_little.down_ns) == (False, None, None, 149)


def test_a_link_without_time_to_be_judged_has_no_figure() -> None:
    none = availability(LinkTimes("l", NEVER, of((0, 9)), NEVER), start_ns=0, end_ns=1000)
    assert (none.gross, none.net, none.outages, none.parts) == (None, None, 0, ())
    planned = judged(planned=of((0, 1000)))
    assert (planned.judged, planned.gross, planned.net) == (True, Fraction(1), None)


def test_one_attribution_alone_can_be_judged() -> None:
    whole, down = of((0, 1000)), of((100, 200))
    times = LinkTimes("l", whole, down, NEVER, attributed=(("WAN", of((0, 140))), ("LAN", of((120, 160)))))
    found = availability(times, start_ns=0, end_ns=1000)
    assert [(part.attribution, part.net_ns) for part in found.parts] == [("WAN", 40), ("LAN", 20), ("", 40)]
    assert [found.attributed_to(name) for name in ("WAN", "Penyedia")] == [Fraction(24, 25), 1]

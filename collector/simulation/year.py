"""A simulated year: the same routers from month to month, with counters, boots and batches that go on.

Only one month is held at a time. What befalls an office is spread over the year; what the registers tell of
(allocations, lines cut on purpose or by accident) is given from outside, so that both tell the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from agent.clock import MS, Month, Zone
from collector.simulation.course import Course
from collector.simulation.hall import Reporter, reporters
from collector.simulation.model import Simulation
from collector.simulation.papers import CONTRACTS
from collector.simulation.scenario import MBIT, Fate, Office
from collector.simulation.station import CARRIED, CHANGE_FACTOR, Station, befallen, dead, port_speed
from collector.simulation.traffic import (
    HOUR_MS,
    MARGIN_STEPS,
    MONTHLY_GROWTH,
    STEP_MS,
    Grid,
    Ints,
    busyness,
    demand,
    octets,
)
from collector.simulation.truth import Truth, truth

CHANGED_ON = (3, 15)
"""Month and day of a determination for one office alone."""

_LASTS: Mapping[Fate, range | tuple[int, ...]] = {
    Fate.REBOOTED: (2, 6, 11),
    Fate.BACKFILLED: (4, 9),
    Fate.OUTAGE: (3,),
    Fate.YOUNG: (1,),
    Fate.WRONG_CLOCK: range(1, 5),
    Fate.UNLIMITED: range(1, 7),
}
"""The months of those fates that do not last all year."""

_BUSY: Mapping[Fate, float] = {Fate.SATURATED: 1.25, Fate.CHANGED: 0.72}
"""How much of their first allocation those offices ask for whose allocation grows."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a router is read, and for how long its readings are gathered into one batch, in ms.

    ``hall`` tells whether the data centre is measured at all.
    """

    step_ms: int = STEP_MS
    batch_ms: int = HOUR_MS
    hall: bool = True


FINE = Pace()
COARSE = Pace(300_000, 24 * HOUR_MS, hall=False)
"""As seldom as bins of 300 s bear, for tests."""


@dataclass(frozen=True, slots=True)
class Held:
    """An allocation in whole Mbps that holds from a day on."""

    since: date
    down_mbps: int
    up_mbps: int


def held(office: Office, year: int) -> tuple[Held, ...]:
    """Return what an office holds in the year: from January, perhaps from a day in March, and from July."""
    down, up = office.down_bps // MBIT, office.up_bps // MBIT
    first = Held(date(year, 1, 1), down, up)
    second = {Fate.SATURATED: (120, 60), Fate.IDLE: (10, 5), Fate.CHANGED: (down * CHANGE_FACTOR, up * CHANGE_FACTOR)}
    july = Held(date(year, 7, 1), *second.get(office.fate, (down, up)))
    if office.fate is Fate.CHANGED:
        return first, Held(date(year, *CHANGED_ON), july.down_mbps, july.up_mbps), july
    return first, july


@dataclass(frozen=True, slots=True)
class Break:
    """A line that carries nothing in ``[start_ms, end_ms)``, true UTC ms, by the name of its router."""

    device: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A router that the collector does not reach in ``[start_ms, end_ms)``; what it measured comes afterwards."""

    device: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a router stood at its last reading of a month: what it sent, and what passed until the next month's first."""

    time_ms: int
    seq: int
    boots: int
    booted_ms: int
    counters: tuple[int, int]
    passed: tuple[int, int]
    up: bool


class Year:
    """The months of a year of these offices, to be asked for in order."""

    def __init__(
        self,
        year: int,
        offices: Sequence[Office],
        *,
        zone: Zone,
        seed: int,
        pace: Pace,
        breaks: Sequence[Break] = (),
        cuts: Sequence[Cut] = (),
    ) -> None:
        self.year, self.offices, self.zone = year, tuple(offices), zone
        self._seed, self._pace, self._breaks, self._cuts = seed, pace, breaks, cuts
        self._standing: dict[str, Standing] = {}

    @property
    def place(self) -> Grid:
        """The whole year's grid."""
        return Grid(Month(self.year, 1), self.zone, months=12, step_ms=self._pace.step_ms)

    def hall(self) -> tuple[Reporter, ...]:
        """Return the agents of the data centre, with the whole year before them."""
        if not self._pace.hall:
            return ()
        return reporters(self.place, seed=self._seed, batch_ms=self._pace.batch_ms)

    def months(self) -> Iterator[Simulation]:
        """Yield the routers' months, the first one and the last with a margin."""
        for number in range(1, 13):
            place = Grid(
                Month(self.year, number),
                self.zone,
                step_ms=self._pace.step_ms,
                before=MARGIN_STEPS if number == 1 else 0,
                after=1 + (MARGIN_STEPS if number == 12 else 0),
            )
            alone = [
                [self._router(place, office, at, link) for link in range(len(office.devices))]
                for at, office in enumerate(self.offices)
            ]
            every = [station for member in alone for station in member]
            centres = [self._centre(place, every, number) for number in range(len(CONTRACTS))]
            yield Simulation(
                place,
                self.offices,
                tuple(tuple(self._gone_on(station) for station in member) for member in alone),
                tuple(self._gone_on(station) for station in centres),
                (),
            )

    def _router(self, place: Grid, office: Office, at: int, link: int) -> Station:
        """Return one router's month as if it were the first, with one moment of the next month at its end."""
        own = np.random.default_rng((self._seed, at, link))
        rng = np.random.default_rng((self._seed, at, link, place.month.number))
        busy, time_ms = busyness(office, own), self._times(place, own, rng)
        busy = _BUSY.get(office.fate, busy)
        spans, count = held(office, self.year), len(office.devices)
        speed = port_speed(max(item.down_mbps for item in spans) * MBIT)
        fate = office.fate if place.month.number in _LASTS.get(office.fate, range(1, 13)) else Fate.ORDINARY
        passed = []
        for part, base, rates in (
            (1.0, office.down_bps, [item.down_mbps for item in spans]),
            (0.5, office.up_bps, [item.up_mbps for item in spans]),
        ):
            grown = MONTHLY_GROWTH * (place.month.number - 1)
            wanted = demand(place, office, rng, busy=busy, grown=grown) * part * (base // count)
            allowed = self._allowed(place, spans, rates) // count
            limited = fate is not Fate.UNLIMITED
            passed.append(octets(wanted, np.diff(time_ms), allocation=allowed, ceiling=speed, limited=limited, rng=rng))
        station = self._station(office.devices[link], "ether1-wan", time_ms, passed, speed)
        return self._broken(befallen(station, place, fate, rng))

    def _centre(self, place: Grid, members: Sequence[Station], number: int) -> Station:
        """Return the NOC's router on one contract: it carries its share of what all the offices' links carry."""
        _, name, share = CONTRACTS[number]
        own = np.random.default_rng((self._seed, 1000 + number))
        rng = np.random.default_rng((self._seed, 1000 + number, place.month.number))
        passed = [
            np.floor(share * sum((getattr(m.course, way) for m in members), np.zeros(place.steps - 1))).astype(np.int64)
            for way in ("receive", "transmit")
        ]
        return self._station(name, "sfp-sfpplus1", self._times(place, own, rng), passed, 10_000 * MBIT)

    def _times(self, place: Grid, own: np.random.Generator, rng: np.random.Generator) -> Ints:
        """Return when readings are taken; a month's first, which ends the month before, is on time."""
        late = rng.integers(0, 40, place.steps)
        late[place.before] = 0
        late[-1 if place.after == 1 else -1 - MARGIN_STEPS] = 0
        return place.start_ms + np.arange(place.steps, dtype=np.int64) * place.step_ms + late + _phase(place, own)

    def _allowed(self, place: Grid, spans: Sequence[Held], rates: Sequence[int]) -> Ints:
        """Return the allocation in bit/s for each interval."""
        edges = [self.zone.day_start(item.since) // MS for item in spans]
        at = place.start_ms + np.arange(place.steps - 1) * place.step_ms
        return np.array(rates, np.int64)[np.maximum(np.searchsorted(edges, at, side="right") - 1, 0)] * MBIT

    def _station(self, name: str, interface: str, time_ms: Ints, passed: Sequence[Ints], speed: int) -> Station:
        always, boot = np.ones(len(time_ms), np.bool_), np.zeros(len(time_ms), np.int64)
        booted_ms = time_ms[:1] - 40 * 24 * HOUR_MS
        course = Course(time_ms, boot, booted_ms, always, always, passed[0], passed[1], CARRIED, 64, speed)
        return Station(name, interface, course, self._seed, batch_ms=self._pace.batch_ms)

    def _broken(self, station: Station) -> Station:
        """Let its line be dead where that is told, and the collector out of its reach."""
        time_ms = station.course.time_ms
        for item in self._breaks:
            if item.device == station.name and time_ms[0] < item.start_ms and item.end_ms < time_ms[-1]:
                first = int(np.searchsorted(time_ms, item.start_ms)) - 1
                station = dead(station, first, int(np.searchsorted(time_ms, item.end_ms)) - first)
        cuts = [(item.start_ms, item.end_ms) for item in self._cuts if item.device == station.name]
        return replace(station, cuts=(*station.cuts, *(cut for cut in cuts if time_ms[0] <= cut[0] < time_ms[-1])))

    def _gone_on(self, station: Station) -> Station:
        """Return a router that goes on from the month before, and keep how it stands at the end of this one."""
        before = self._standing.get(station.name)
        if before is not None:
            station = _joined(station, before)
        station = replace(station, own=(0 if before is None else 1, len(station.course.time_ms) - 1))
        self._standing[station.name] = _standing(station)
        return station


def _phase(place: Grid, own: np.random.Generator) -> int:
    return int(own.integers(0, place.step_ms - 1000))


def _joined(station: Station, before: Standing) -> Station:
    """Put the last reading of the month before in front of a course."""
    course = station.course
    return replace(
        station,
        seq=before.seq,
        boots=before.boots,
        course=replace(
            course,
            time_ms=np.concatenate(([before.time_ms], course.time_ms)),
            boot=np.concatenate(([0], course.boot)),
            booted_ms=np.concatenate(([before.booted_ms], course.booted_ms[1:])),
            taken=np.concatenate(([True], course.taken)),
            up=np.concatenate(([before.up], course.up)),
            receive=np.concatenate(([before.passed[0]], course.receive)),
            transmit=np.concatenate(([before.passed[1]], course.transmit)),
            carried=before.counters,
        ),
    )


def _standing(station: Station) -> Standing:
    course, last = station.course, len(station.course.time_ms) - 2
    boot = int(course.boot[last])
    return Standing(
        time_ms=int(course.time_ms[last]),
        seq=station.seq + len(station.parts()),
        boots=station.boots + boot,
        booted_ms=int(course.booted_ms[boot]),
        counters=(int(course.counters("receive")[last]), int(course.counters("transmit")[last])),
        passed=(int(course.receive[last]), int(course.transmit[last])),
        up=bool(course.up[last]),
    )


def truths(month: Simulation, *, known_ms: int, from_ms: int) -> tuple[Truth, ...]:
    """Return what must be found of each office and contract by what had come until ``known_ms``.

    Batches are sent from ``from_ms`` on, as often as they are gathered.
    """
    members = [*((office.code, member) for office, member in zip(month.offices, month.members, strict=True))]
    members += [(code, (station,)) for (code, _, _), station in zip(CONTRACTS, month.centres, strict=True)]
    return tuple(
        truth(month.place, code, [_come(station, known_ms, from_ms) for station in member]) for code, member in members
    )


def _come(station: Station, known_ms: int, from_ms: int) -> Course:
    """Return a course without the batches that are still in the spool at ``known_ms``."""
    course, step = station.course, station.batch_ms
    late = [(start_ms, end_ms) for start_ms, end_ms in station.cuts if end_ms > known_ms]
    if not late:
        return course
    taken = course.taken.copy()
    for part in station.parts():
        due_ms = from_ms + ((int(course.time_ms[part[-1]]) - from_ms) // step + 1) * step
        if any(start_ms <= due_ms < end_ms for start_ms, end_ms in late):
            taken[part] = False
    if any(start_ms <= course.time_ms[-1] < end_ms for start_ms, end_ms in late):
        taken[-1] = False
    return replace(course, taken=taken)


def down_ms(month: Simulation, device: str) -> int:
    """Return for how long a router's port said that it was down: from such a reading to the next that says up."""
    course = next(station.course for station in month.stations if station.name == device)
    at = np.flatnonzero(course.taken)
    time_ms, up = course.time_ms[at], course.up[at]
    return int(np.diff(time_ms)[~up[:-1]].sum())

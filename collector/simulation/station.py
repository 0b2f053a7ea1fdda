"""A simulated router with the agent on it: its interface's month, its clock and when its batches get through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from agent.clock import MS
from agent.envelope import Envelope
from agent.identity import Key
from agent.reading import series_key
from collector.simulation.course import Course
from collector.simulation.scenario import MBIT, Fate, Office
from collector.simulation.traffic import HOUR_MS, MARGIN_STEPS, STEP_MS, Grid, Ints, demand, octets

LATE_HOURS = 41
"""Hours after its last reading within which every batch of the month gets through."""

CHANGE_DAY = 15
CHANGE_FACTOR = 2
CARRIED = (3_000_000_000, 3_000_000_000)
"""What the counters of a router show when it is first read."""

_SLOW_MS = 40 * 60_000


@dataclass(frozen=True, slots=True)
class Station:
    """A router of an office (or of the centre), named as its device and its agent, with one interface.

    ``cuts`` are spans of true ms in which the collector is out of its reach, ``slow_ms`` is how far its wall clock
    lags, ``resends`` whether it sends every batch twice. Of the moments of its course it sends those from ``own[0]``
    to before ``own[1]``, as batches from number ``seq`` on, one for each ``batch_ms``; ``boots`` is how often it booted
    before.
    """

    name: str
    interface: str
    course: Course
    seed: int
    cuts: tuple[tuple[int, int], ...] = ()
    slow_ms: int = 0
    resends: bool = False
    own: tuple[int, int | None] = (0, None)
    seq: int = 0
    boots: int = 0
    batch_ms: int = HOUR_MS

    @property
    def devices(self) -> tuple[str, ...]:
        """The device it speaks of: itself."""
        return (self.name,)

    @property
    def key(self) -> Key:
        """Its private key: made from the seed, so that the same simulation gives the same journal."""
        return Key(sha256(f"nadi-simulation/{self.seed}/{self.name}".encode()).digest())

    def reaches(self, time_ms: int) -> bool:
        """Tell whether its batches get through at ``time_ms``."""
        return not any(start <= time_ms < end for start, end in self.cuts)

    def envelopes(self) -> Iterator[tuple[int, Envelope]]:
        """Yield its signed batches in order, one a time and boot, each with the true ms of its last reading."""
        course, key = self.course, self.key
        run = sha256(f"nadi-simulation-run/{self.seed}/{self.name}".encode()).hexdigest()[:16]
        lines = _Lines(self)
        for seq, part in enumerate(self.parts(), self.seq):
            boot, first_ms = int(course.boot[part[0]]), int(course.time_ms[part[0]])
            envelope = Envelope.seal(
                lines.of(part),
                agent=self.name,
                device=self.name,
                run=run,
                seq=seq,
                boot_id=self.boot_id(boot),
                wall_ns=(first_ms - self.slow_ms) * MS,
                boot_ns=(first_ms - int(course.booted_ms[boot])) * MS,
                sign=key.sign,
            )
            yield int(course.time_ms[part[-1]]), envelope

    def parts(self) -> list[Ints]:
        """Return the moments of each batch."""
        course = self.course
        at = np.arange(len(course.time_ms))[slice(*self.own)]
        at = at[course.taken[at]]
        group = course.time_ms[at] // self.batch_ms * len(course.booted_ms) + course.boot[at]
        return [part for part in np.split(at, np.flatnonzero(np.diff(group)) + 1) if len(part)]

    def boot_id(self, boot: int) -> str:
        """Return the kernel's boot id of the ``boot``-th boot of its course."""
        number = self.boots + boot
        return sha256(f"nadi-simulation-boot/{self.seed}/{self.name}/{number}".encode()).hexdigest()[:32]

    def sender_clock(self, time_ms: int) -> str:
        """Return what it says of its clocks when it sends at ``time_ms`` (header X-Nadi-Clock)."""
        boot = int(np.searchsorted(self.course.booted_ms, time_ms, side="right")) - 1
        booted_ms = int(self.course.booted_ms[boot])
        return f"{self.boot_id(boot)} {(time_ms - self.slow_ms) * MS} {(time_ms - booted_ms) * MS}"


class _Lines:
    """The readings of a station as line protocol, the bytes ``agent.reading.encode`` would make."""

    def __init__(self, station: Station) -> None:
        course = station.course
        self._series = series_key("nadi_interface", (("device", station.name), ("interface", station.interface)))
        self._tail = f"speed_bits_per_second={course.speed}i,counter_bits={course.bits}i,index=2i"
        self._columns = (
            course.counters("receive"),
            course.counters("transmit"),
            course.up,
            (course.time_ms - station.slow_ms) * MS,
        )

    def of(self, part: Ints) -> bytes:
        """Return the lines of the moments ``part``."""
        rows = zip(*(column[part].tolist() for column in self._columns), strict=True)
        return "".join(
            f"{self._series} receive_bytes_total={down}u,transmit_bytes_total={up}u,up={on:d}i,{self._tail} {at}\n"
            for down, up, on, at in rows
        ).encode()


def allocation(place: Grid, office: Office) -> tuple[Ints, Ints]:
    """Return the office's allocation in bit/s (down, up) for each minute between readings."""
    factor = np.ones(place.steps - 1, np.int64)
    if office.fate is Fate.CHANGED:
        factor[place.step(CHANGE_DAY, 0) :] = CHANGE_FACTOR
    return office.down_bps * factor, office.up_bps * factor


def stations(place: Grid, office: Office, *, seed: int, number: int) -> tuple[Station, ...]:
    """Return the routers of the ``number``-th office with the whole of its month."""
    rng = np.random.default_rng((seed, number))
    count = len(office.devices)
    return tuple(
        befallen(_station(place, office, name, count, rng=rng, seed=seed), place, office.fate, rng)
        for name in office.devices
    )


def port_speed(down_bps: int) -> int:
    """Return the speed in bit/s of the port of an office that has ``down_bps``."""
    return (100 if down_bps <= 60 * MBIT else 1000) * MBIT


def _station(place: Grid, office: Office, name: str, links: int, *, rng: np.random.Generator, seed: int) -> Station:
    time_ms = _times(place, rng)
    speed = port_speed(office.down_bps)
    down, up = (each // links for each in allocation(place, office))
    share = demand(place, office, rng)
    limited = office.fate is not Fate.UNLIMITED
    passed = [
        octets(part * allowed, np.diff(time_ms), allocation=allowed, ceiling=speed, limited=limited, rng=rng)
        for part, allowed in ((share, down), (demand(place, office, rng) * 0.5, up))
    ]
    return Station(name, "ether1-wan", _steady(time_ms, passed, bits=64, speed=speed), seed)


def _times(place: Grid, rng: np.random.Generator) -> Ints:
    """Return when readings are taken: each minute, at an offset of the router's own, a few ms late."""
    late = rng.integers(0, 40, place.steps) + rng.integers(0, STEP_MS - 1000)
    return place.start_ms + np.arange(place.steps, dtype=np.int64) * STEP_MS + late


def _steady(time_ms: Ints, passed: Sequence[Ints], *, bits: int, speed: int) -> Course:
    always = np.ones(len(time_ms), np.bool_)
    boot = np.zeros(len(time_ms), np.int64)
    booted_ms = time_ms[:1] - 40 * 24 * HOUR_MS
    return Course(time_ms, boot, booted_ms, always, always, passed[0], passed[1], CARRIED, bits, speed)


def centre(place: Grid, members: Sequence[Station], *, share: float, name: str, seed: int, number: int) -> Station:
    """Return the NOC's router on one contract: it carries ``share`` of what all the offices' links carry."""
    rng = np.random.default_rng((seed, number))
    passed = [
        np.floor(share * sum((getattr(m.course, way) for m in members), np.zeros(place.steps - 1))).astype(np.int64)
        for way in ("receive", "transmit")
    ]
    return Station(name, "sfp-sfpplus1", _steady(_times(place, rng), passed, bits=64, speed=10_000 * MBIT), seed)


def befallen(station: Station, place: Grid, fate: Fate, rng: np.random.Generator) -> Station:
    """Return a router with what an office's fate makes of a month of it."""
    step, course, ms = place.step, station.course, station.course.time_ms
    last = len(place.month.days)
    if fate is Fate.REBOOTED:
        # The second of two restarts within minutes hides: silence follows until the counter has overtaken itself.
        pair = [step(4, 10), step(4, 10) + 6]
        moments = [step(day, 24 * rng.random()) for day in range(3, last, 5)]
        return replace(station, course=_silent(_rebooted(course, sorted(moments + pair)), pair[1] + 3, 8))
    if fate is Fate.NARROW:
        return replace(station, course=replace(_silent(course, step(12, 10), 12), bits=32))
    if fate is Fate.BACKFILLED:
        first = (int(ms[step(9, 10)]), int(ms[step(11, 12)]))
        second = (int(ms[step(last, 6)]), int(ms[-1]) + (LATE_HOURS - 2) * HOUR_MS)
        return replace(station, cuts=(first, second))
    if fate is Fate.OUTAGE:
        return dead(station, step(17, 10), 60)
    if fate is Fate.GAPS:
        return replace(station, course=_gaps(course, place, rng))
    if fate is Fate.YOUNG:
        return replace(station, course=_silent(course, 0, step(20, 9)))
    if fate is Fate.WRONG_CLOCK:
        return replace(station, slow_ms=_SLOW_MS)
    return replace(station, resends=fate is Fate.RESENT)


def _silent(course: Course, first: int, count: int) -> Course:
    taken: NDArray[np.bool_] = course.taken.copy()
    taken[first : first + count] = False
    return replace(course, taken=taken)


def _gaps(course: Course, place: Grid, rng: np.random.Generator) -> Course:
    for first in rng.integers(MARGIN_STEPS, place.steps - MARGIN_STEPS, 25).tolist():
        course = _silent(course, first, int(rng.integers(2, 40)))
    return _silent(course, place.step(21, 9), 200)


def _rebooted(course: Course, moments: Sequence[int]) -> Course:
    """Let the router be off for three minutes after each moment; its counters begin again at 0."""
    boot, booted = course.boot.copy(), [int(course.booted_ms[0])]
    receive, transmit = course.receive.copy(), course.transmit.copy()
    for moment in moments:
        back = moment + 3
        booted.append(int(course.time_ms[back]) - 20_000)
        boot[back:] = len(booted) - 1
        receive[moment:back] = transmit[moment:back] = 0
        course = _silent(course, moment + 1, 2)
    return replace(course, boot=boot, booted_ms=np.array(booted), receive=receive, transmit=transmit)


def dead(station: Station, first: int, count: int) -> Station:
    """Let the line carry nothing for ``count`` steps: measured zeros, sent when it is back."""
    course = station.course
    receive, transmit, up = course.receive.copy(), course.transmit.copy(), course.up.copy()
    receive[first : first + count] = transmit[first : first + count] = 0
    up[first + 1 : first + count] = False
    cut = (int(course.time_ms[first]), int(course.time_ms[first + count]))
    course = replace(course, receive=receive, transmit=transmit, up=up)
    return replace(station, course=course, cuts=(*station.cuts, cut))

"""What simulated links carry: seeded demand by the minute, in exact octets (pure, numpy)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from agent.clock import MS, Month, Zone
from collector.simulation.scenario import Fate, Office, Shape

STEP_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
MARGIN_STEPS = 60
"""Steps measured before the month begins and after it ends, so that its edges are known."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_HOURS: dict[Shape, tuple[tuple[float, float], ...]] = {
    "kantor": ((0, 0.04), (6, 0.05), (7.5, 0.55), (9, 0.9), (11, 1.0), (12.2, 0.6), (13.5, 0.95), (16, 0.5), (18, 0.1)),
    "layanan": ((0, 0.05), (7, 0.1), (8, 0.9), (10, 1.0), (12, 0.8), (13, 0.95), (15, 0.7), (16.5, 0.2), (20, 0.06)),
    "rumah sakit": ((0, 0.35), (5, 0.35), (8, 0.9), (11, 1.0), (14, 0.8), (18, 0.6), (21, 0.55), (23, 0.4)),
    "pendidikan": ((0, 0.04), (6.5, 0.1), (7.5, 0.9), (10, 1.0), (13, 0.8), (15, 0.35), (19, 0.3), (22, 0.08)),
    "kecamatan": ((0, 0.03), (7.5, 0.2), (9, 1.0), (11.5, 0.8), (13.5, 0.7), (15, 0.25), (17, 0.04)),
}
_DAY_OFF: dict[Shape, float] = {
    "kantor": 0.12,
    "layanan": 0.15,
    "rumah sakit": 0.75,
    "pendidikan": 0.2,
    "kecamatan": 0.08,
}
_BUSY = {Fate.SATURATED: 1.7, Fate.IDLE: 0.02, Fate.UNLIMITED: 1.15}
_GROWTH = 0.12
MONTHLY_GROWTH = _GROWTH / 12


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps (minutes, unless a scenario is coarser) of some months with their margins, and their working days.

    ``before`` and ``after`` are steps measured outside of them; ``step_ms`` divides an hour.
    """

    month: Month
    zone: Zone
    months: int = 1
    step_ms: int = STEP_MS
    before: int = MARGIN_STEPS
    after: int = MARGIN_STEPS

    @property
    def members(self) -> tuple[Month, ...]:
        """The months, oldest first."""
        return tuple(self.month.shifted(number) for number in range(self.months))

    @property
    def first_ms(self) -> int:
        """UTC ms at which the first month begins."""
        return self.month.start_ns(self.zone) // MS

    @property
    def start_ms(self) -> int:
        """UTC ms of the first step."""
        return self.first_ms - self.before * self.step_ms

    @property
    def end_ms(self) -> int:
        """UTC ms after the last step."""
        return self.start_ms + self.steps * self.step_ms

    @property
    def day_steps(self) -> int:
        """Number of steps in a day."""
        return DAY_MS // self.step_ms

    @property
    def steps(self) -> int:
        """Number of readings that fall due on a link which is always measured."""
        return sum(len(month.days) for month in self.members) * self.day_steps + self.before + self.after

    @property
    def holidays(self) -> tuple[date, ...]:
        """The holiday of each month: the first Thursday on or after the 8th."""
        return tuple(next(day for day in month.days if day.day >= 8 and day.weekday() == 3) for month in self.members)

    def step(self, day: int, hour: float) -> int:
        """Return the step of ``hour`` on the ``day``-th (from 1; a day after a month's last goes on)."""
        return self.before + (day - 1) * self.day_steps + round(hour * HOUR_MS / self.step_ms)


def grid(month: Month, zone: Zone) -> Grid:
    """Return the grid of one month by itself."""
    return Grid(month, zone)


def busyness(office: Office, rng: np.random.Generator) -> float:
    """Return how much of its allocation an office asks for at its busiest."""
    return _BUSY.get(office.fate, rng.uniform(0.22, 0.8))


def demand(
    place: Grid, office: Office, rng: np.random.Generator, *, busy: float | None = None, grown: float = 0.0
) -> Floats:
    """Return demand as a multiple of the allocation for each interval between readings (n - 1 values).

    It grows from ``1 + grown`` by 12 % a month, or in a year (where ``busy`` is given) by a twelfth of that.
    """
    course = _course(place, office.shape)
    growth = np.linspace(1.0 + grown, 1.0 + grown + (_GROWTH if busy is None else MONTHLY_GROWTH), len(course))
    busy = busyness(office, rng) if busy is None else busy
    wanted: Floats = busy * growth * course * _unrest(place, len(course), rng) + 0.004
    return wanted


def _course(place: Grid, shape: Shape) -> Floats:
    steps, holidays = np.arange(place.steps - 1), set(place.holidays)
    local_ms = place.start_ms + place.zone.offset_ns // MS + steps * place.step_ms
    points = [*_HOURS[shape], (24.0, _HOURS[shape][0][1])]
    course: Floats = np.interp(local_ms % DAY_MS / HOUR_MS, [at for at, _ in points], [level for _, level in points])
    epoch_day = local_ms // DAY_MS
    first = int(epoch_day[0])
    days = [date.fromordinal(719_163 + number) for number in range(first, int(epoch_day[-1]) + 1)]
    off = [1.0 if day.weekday() < 5 and day not in holidays else _DAY_OFF[shape] for day in days]
    course *= np.array(off)[epoch_day - first]
    return course


def _unrest(place: Grid, count: int, rng: np.random.Generator) -> Floats:
    """Return positive noise of mean about 1: one draw a day, slow swings of half an hour, quick ones of a step."""
    kernel = np.exp(-np.arange(120 * STEP_MS // place.step_ms) / (30.0 * STEP_MS / place.step_ms))
    kernel /= np.sqrt(np.sum(kernel**2))
    slow = np.convolve(rng.standard_normal(count + len(kernel) - 1), kernel, mode="valid")
    daily = np.repeat(rng.standard_normal(count // place.day_steps + 1), place.day_steps)[:count]
    swing: Floats = np.exp(0.10 * daily + 0.22 * slow + 0.12 * rng.standard_normal(count))
    return swing


def octets(
    wanted: Floats, length_ms: Ints, *, allocation: Ints, ceiling: int, limited: bool, rng: np.random.Generator
) -> Ints:
    """Return whole octets for each interval: what is wanted (bit/s), clipped where a limiter holds.

    ``allocation`` is bit/s per interval, ``ceiling`` the port's speed in bit/s. A limiter passes between
    99.3 % and 100 % of the allocation and never more.
    """
    rate = wanted
    if limited:
        rate = np.minimum(rate, allocation * rng.uniform(0.993, 1.0, len(wanted)))
    rate = np.minimum(rate, 0.98 * ceiling)
    return np.floor(rate * length_ms / 8000).astype(np.int64)

"""What simulated links carry: seeded demand by the minute, in exact octets (pure, numpy)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from agent.clock import MS, Month, Zone
from collector.simulation.scenario import Fate, Office, Shape

STEP_MS = 60_000
MARGIN_STEPS = 60
"""Minutes measured before the month begins and after it ends, so that its edges are known."""

DAY_STEPS = 1440
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


@dataclass(frozen=True, slots=True)
class Grid:
    """The minutes of a month with their margins: local working days, holiday and position in the day."""

    month: Month
    zone: Zone
    holiday: date

    @property
    def start_ms(self) -> int:
        """UTC ms of the first minute."""
        return self.month.start_ns(self.zone) // MS - MARGIN_STEPS * STEP_MS

    @property
    def steps(self) -> int:
        """Number of readings that fall due on a link which is always measured."""
        return len(self.month.days) * DAY_STEPS + 2 * MARGIN_STEPS

    def step(self, day: int, hour: float) -> int:
        """Return the step of ``hour`` on the ``day``-th of the month (from 1; a day after its last goes on)."""
        return MARGIN_STEPS + (day - 1) * DAY_STEPS + round(hour * 60)

    def is_working(self, day: date) -> bool:
        """Tell whether offices work on ``day``."""
        return day.weekday() < 5 and day != self.holiday


def grid(month: Month, zone: Zone) -> Grid:
    """Return the month's grid; its holiday is the first Thursday on or after the 8th."""
    return Grid(month, zone, next(day for day in month.days if day.day >= 8 and day.weekday() == 3))


def demand(place: Grid, office: Office, rng: np.random.Generator) -> Floats:
    """Return demand as a multiple of the allocation for each minute between readings (n - 1 values)."""
    course = _course(place, office.shape)
    busy = _BUSY.get(office.fate, rng.uniform(0.22, 0.8))
    growth = np.linspace(1.0, 1.0 + _GROWTH, len(course))
    wanted: Floats = busy * growth * course * _unrest(len(course), rng) + 0.004
    return wanted


def _course(place: Grid, shape: Shape) -> Floats:
    minutes = np.arange(place.steps - 1)
    local_ms = place.start_ms + place.zone.offset_ns // MS + minutes * STEP_MS
    points = [*_HOURS[shape], (24.0, _HOURS[shape][0][1])]
    course: Floats = np.interp(
        local_ms % 86_400_000 / 3_600_000, [at for at, _ in points], [level for _, level in points]
    )
    epoch_day = local_ms // 86_400_000
    first = int(epoch_day[0])
    off = [
        1.0 if place.is_working(date.fromordinal(719_163 + number)) else _DAY_OFF[shape]
        for number in range(first, int(epoch_day[-1]) + 1)
    ]
    course *= np.array(off)[epoch_day - first]
    return course


def _unrest(count: int, rng: np.random.Generator) -> Floats:
    """Return positive noise of mean about 1: one draw a day, slow swings of half an hour, quick ones of a minute."""
    kernel = np.exp(-np.arange(120) / 30.0)
    kernel /= np.sqrt(np.sum(kernel**2))
    slow = np.convolve(rng.standard_normal(count + len(kernel) - 1), kernel, mode="valid")
    daily = np.repeat(rng.standard_normal(count // DAY_STEPS + 1), DAY_STEPS)[:count]
    swing: Floats = np.exp(0.10 * daily + 0.22 * slow + 0.12 * rng.standard_normal(count))
    return swing


def octets(
    share: Floats, length_ms: Ints, *, allocation: Ints, ceiling: int, limited: bool, rng: np.random.Generator
) -> Ints:
    """Return whole octets for each interval: the demanded share of the allocation, clipped where a limiter holds.

    ``allocation`` is bit/s per interval, ``ceiling`` the port's speed in bit/s. A limiter passes between
    99.3 % and 100 % of the allocation and never more.
    """
    rate = share * allocation
    if limited:
        rate = np.minimum(rate, allocation * rng.uniform(0.993, 1.0, len(share)))
    rate = np.minimum(rate, 0.98 * ceiling)
    return np.floor(rate * length_ms / 8000).astype(np.int64)

"""Wall and boot clocks, and the local calendar of a region.

Stored time is integer UTC nanoseconds. Elapsed time comes from CLOCK_BOOTTIME, which neither an
administrator nor NTP can set and which goes on while a machine sleeps (Linux clock_gettime(2)).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple, Protocol

NS = 1_000_000_000
MS = 1_000_000
DAY_S = 86_400

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Moment(NamedTuple):
    """One look at the clocks: UTC nanoseconds, CLOCK_BOOTTIME nanoseconds, kernel boot id."""

    wall_ns: int
    boot_ns: int
    boot_id: str


class Clock(Protocol):
    """Whatever tells the time; the only source of "now" in Nadi."""

    def now(self) -> Moment:
        """Return wall time, boot time and boot id of this instant."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def __init__(self) -> None:
        self._boot_id = _BOOT_ID.read_text(encoding="ascii").strip()

    def now(self) -> Moment:
        """Return wall time, boot time and boot id of this instant."""
        return Moment(time.time_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME), self._boot_id)


class ManualClock:
    """A clock that moves only when told, for simulations and tests."""

    def __init__(self, wall_ns: int, *, boot_ns: int = 0, boot_id: str = "manual") -> None:
        self._moment = Moment(wall_ns, boot_ns, boot_id)

    def now(self) -> Moment:
        """Return the moment last set."""
        return self._moment

    def advance(self, ns: int) -> None:
        """Let ``ns`` nanoseconds pass on both clocks."""
        wall, boot, boot_id = self._moment
        self._moment = Moment(wall + ns, boot + ns, boot_id)

    def step_wall(self, ns: int) -> None:
        """Set the wall clock forward (or back) by ``ns``; boot time does not notice."""
        wall, boot, boot_id = self._moment
        self._moment = Moment(wall + ns, boot, boot_id)

    def reboot(self, boot_id: str) -> None:
        """Start boot time anew at zero under another boot id."""
        self._moment = Moment(self._moment.wall_ns, 0, boot_id)


@dataclass(frozen=True, slots=True)
class Zone:
    """A fixed offset from UTC without daylight saving (Keppres 41/1987: WIB, WITA, WIT)."""

    name: str
    hours: int

    @property
    def offset_ns(self) -> int:
        """Nanoseconds to add to UTC for local time."""
        return self.hours * 3600 * NS

    @property
    def tzinfo(self) -> timezone:
        """The same zone for the standard library."""
        return timezone(timedelta(hours=self.hours), self.name)

    def day(self, time_ns: int) -> date:
        """Return the local date of a UTC nanosecond time."""
        return date(1970, 1, 1) + timedelta(days=(time_ns + self.offset_ns) // (DAY_S * NS))

    def day_start(self, day: date) -> int:
        """Return the UTC nanoseconds of local midnight at which ``day`` begins."""
        return (day - date(1970, 1, 1)).days * DAY_S * NS - self.offset_ns

    def local(self, time_ns: int) -> datetime:
        """Return the local wall time (aware, microseconds cut off)."""
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns // 1000)).astimezone(self.tzinfo)

    def iso(self, time_ns: int) -> str:
        """Return ISO 8601 with the zone's offset, to the second."""
        return self.local(time_ns).isoformat(timespec="seconds")

    def parse(self, text: str) -> int:
        """Return UTC ns of a local ``YYYY-MM-DD`` or ``YYYY-MM-DDTHH:MM[:SS]`` (ValueError if neither)."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.tzinfo)
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000


WIB = Zone("WIB", 7)
WITA = Zone("WITA", 8)
WIT = Zone("WIT", 9)
ZONES = {zone.name: zone for zone in (WIB, WITA, WIT)}


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, local to a region's zone: ``[00:00 day 1, 00:00 day 1 of the next)``."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Return the month of ``YYYY-MM``; ValueError says what was wrong."""
        match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
        if match is None:
            raise ValueError(f"month {text!r} is not of the form YYYY-MM (for example 2026-10)")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """Return the month that holds ``day``."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def shifted(self, months: int) -> Month:
        """Return the month ``months`` later (earlier when negative)."""
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    @property
    def first_day(self) -> date:
        """The first date of the month."""
        return date(self.year, self.number, 1)

    @property
    def days(self) -> tuple[date, ...]:
        """Every date of the month."""
        first, after = self.first_day, self.shifted(1).first_day
        return tuple(first + timedelta(days=i) for i in range((after - first).days))

    def start_ns(self, zone: Zone) -> int:
        """UTC nanoseconds at which the month begins in ``zone``."""
        return zone.day_start(self.first_day)

    def end_ns(self, zone: Zone) -> int:
        """UTC nanoseconds at which the next month begins in ``zone``."""
        return zone.day_start(self.shifted(1).first_day)

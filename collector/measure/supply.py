"""Power failures as one event each: mains, battery, generator, mains again (pure).

Every instant is between two readings, so each is told by its bounds, and a transfer time by the least and the most
it can have been: an exact second which nobody measured is never told. Times are UTC milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from collector.measure.states import Bounds, Span


class Carrier(IntEnum):
    """What carries the load; unknown is None."""

    NOTHING = 0
    MAINS = 1
    BATTERY = 2
    GENERATOR = 3


@dataclass(frozen=True, slots=True)
class PowerEvent:
    """One failure of the mains at one supply (a generator with its UPSes and switch, or a UPS by itself).

    supply       code of the generator, or of the UPS where none stands behind it; ``ups`` the UPSes concerned
    start, end   when the mains were lost, and when they carried the load again (``high_ms`` None: not by any reading)
    battery_ms   time for which a UPS was seen on battery (a lower bound), of several UPSes the longest
    carrying     when the generator took the load; None where no reading and no entry of the log shows that it did
    transfer_low_ms, transfer_high_ms  mains lost to generator carrying; None where either bound is missing
    carriers     who carried the load when, from the start's to the end's last known instant
    ever_carried whether the generator took the load at all; None is unknown, or that there is no generator
    low_battery  a battery told that it was nearly empty
    load_lost    a UPS gave no output; None where nobody was heard of while on battery
    test         the switch saw the mains all the time: a transfer that somebody tried
    manual       the event is known from the log alone, nothing measured it
    """

    supply: str
    ups: tuple[str, ...]
    start: Bounds
    end: Bounds
    battery_ms: int
    carrying: Bounds | None
    transfer_low_ms: int | None
    transfer_high_ms: int | None
    carriers: tuple[Span[Carrier], ...]
    ever_carried: bool | None
    low_battery: bool
    load_lost: bool | None
    test: bool = False
    manual: bool = False

    @property
    def over(self) -> bool:
        """Tell whether the mains are known to carry the load again."""
        return self.end.high_ms is not None

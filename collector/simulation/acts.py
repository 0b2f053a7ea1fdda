"""What somebody does in a simulated year: an act at an instant, by an account, on a register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from agent.clock import Month, Zone
from collector.register.determination import Determination
from collector.register.kinds import Kind
from collector.report.period import Period


@dataclass(frozen=True, slots=True)
class Calendar:
    """The year in the region's time; texts are ``MM-DDTHH:MM``, with ``+`` before them in the year after."""

    year: int
    zone: Zone

    def ns(self, text: str) -> int:
        """Return UTC ns."""
        return self.zone.parse(f"{self._year(text)}-{text.lstrip('+-')}")

    def at(self, text: str) -> datetime:
        """Return the aware local time."""
        return self.zone.local(self.ns(text))

    def day(self, text: str) -> date:
        """Return the day of ``MM-DD``."""
        return date.fromisoformat(f"{self._year(text)}-{text.lstrip('+-')}")

    def ms(self, text: str) -> int:
        """Return UTC ms."""
        return self.ns(text) // 1_000_000

    def _year(self, text: str) -> int:
        return self.year + text.startswith("+") - text.startswith("-")


Step = Literal["draf", "diperiksa", "disahkan", "disampaikan", "diterima"]
"""What is done with a report; *diterima* is its delivery's receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A record begun; other acts name it by ``label``."""

    at_ns: int
    who: str
    label: str
    kind: Kind
    form: Any
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A record taken to another state."""

    at_ns: int
    who: str
    label: str
    target: str
    values: Mapping[str, Any] = field(default_factory=dict)
    form: Any = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Determining:
    """Allocations of one paper determined."""

    at_ns: int
    who: str
    forms: tuple[Determination, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewing:
    """The contract that follows another registered."""

    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """A step in the life of a month's newest version: written, or taken to a state."""

    at_ns: int
    who: str
    month: Month
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingUp:
    """The roll-up of a period written."""

    at_ns: int
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Testing:
    """A restore of a backup tried by hand, or (``backup`` "") the generator; both go well."""

    at_ns: int
    who: str
    backup: str = ""


Act = Opening | Moving | Determining | Renewing | Reporting | RollingUp | Testing

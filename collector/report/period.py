"""Quarters and years, of which there are roll-ups."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.clock import Month

ORDINALS = ("I", "II", "III", "IV")


@dataclass(frozen=True, slots=True)
class Period:
    """A quarter (1 to 4) of a year, or (0) the whole year."""

    year: int
    quarter: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """Return the period of ``2026-Q3`` or ``2026``; ValueError says what was wrong."""
        match = re.fullmatch(r"(\d{4})(?:-Q([1-4]))?", text)
        if match is None:
            raise ValueError(f"period {text!r} is neither a quarter such as 2026-Q3 nor a year such as 2026")
        return cls(int(match[1]), int(match[2] or 0))

    def __str__(self) -> str:
        return f"{self.year:04d}" + (f"-Q{self.quarter}" if self.quarter else "")

    @property
    def months(self) -> tuple[Month, ...]:
        """Its months, oldest first."""
        first = 3 * self.quarter - 2 if self.quarter else 1
        return tuple(Month(self.year, first + i) for i in range(3 if self.quarter else 12))

    @property
    def name(self) -> str:
        """Its name in words."""
        return f"Triwulan {ORDINALS[self.quarter - 1]} Tahun {self.year}" if self.quarter else f"Tahun {self.year}"

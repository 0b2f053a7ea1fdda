"""A region's links over a time: availability against the target of the level of service (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from collector.inventory import Link
from collector.judge.availability import Attribution, Availability, Part
from collector.measure.intervals import NEVER, Intervals
from collector.measure.probing import Quality


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One link: its availability, what a probe through it measured, and the net availability that is its target.

    ``planned_ns`` and ``disconnected_ns`` are |P| and |B| within the time to be judged, ``unknown_ns`` is |K| there.
    ``outages`` is D less (K u P u B), UTC ns.
    """

    link: Link
    found: Availability
    quality: Quality
    planned_ns: int = 0
    disconnected_ns: int = 0
    target: Fraction | None = None
    outages: Intervals = NEVER

    @property
    def unknown_ns(self) -> int:
        """How much of the time to be judged is unknown."""
        return self.found.expected_ns - self.found.known_ns

    @property
    def kept(self) -> bool | None:
        """Whether the net availability reaches the target, unrounded; None where either is not there."""
        if self.found.net is None or self.target is None:
            return None
        return self.found.net >= self.target


@dataclass(frozen=True, slots=True)
class NetworkMonth:
    """Every link that was to be measured in the time, by code."""

    rows: tuple[NetworkRow, ...] = ()

    @property
    def lowest(self) -> NetworkRow | None:
        """The link of lowest net availability, the first by code of several; None where none was judged."""
        judged = [row for row in self.rows if row.found.net is not None]
        return min(judged, key=lambda row: (row.found.net or Fraction(0), row.link.code), default=None)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The down times of all links by attribution, in order of name, that of nobody last."""
        found: dict[Attribution, tuple[int, int]] = {}
        for part in (part for row in self.rows for part in row.found.parts):
            gross, net = found.get(part.attribution, (0, 0))
            found[part.attribution] = gross + part.gross_ns, net + part.net_ns
        return tuple(Part(name, *found[name]) for name in sorted(found, key=lambda name: (not name, name)))

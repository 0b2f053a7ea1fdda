"""What an OPD used before it asked for more: P95, coverage and time at the ceiling of the last three months."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.clock import Month
from collector.evaluation import Evaluator, closing_ns
from collector.folder import Folder
from collector.judge.month import Direction, OpdMonth

MONTHS = 3


@dataclass(frozen=True, slots=True)
class Before:
    """A whole month of one OPD; ``report`` is the newest version of its report, None while there is none.

    ``opd`` is None where the OPD was not evaluated. ``closed`` tells that late readings no longer change the month.
    """

    month: Month
    closed: bool
    report: int | None
    opd: OpdMonth | None

    @property
    def unduh(self) -> Direction | None:
        """Figures towards the OPD."""
        return self.opd.unduh if self.opd else None

    @property
    def unggah(self) -> Direction | None:
        """Figures from the OPD."""
        return self.opd.unggah if self.opd else None


def before(folder: Folder, opd: str, *, at_ns: int) -> list[Before]:
    """Return the three whole months before ``at_ns``, newest first, evaluated as the report does it."""
    zone, now_ns = folder.zone, folder.clock.now().wall_ns
    inventory = folder.register.inventory()
    alone = replace(inventory, opds=tuple(item for item in inventory.opds if item.code == opd), contracts=())
    evaluator = Evaluator(
        inventory=alone,
        bins=folder.bins(inventory),
        limits=folder.limits(inventory),
        zone=zone,
        label=folder.journal.label,
        parameters=folder.settings.evaluation.parameters(),
    )
    this = Month.of(zone.day(at_ns))
    found = []
    for month in (this.shifted(-i) for i in range(1, MONTHS + 1)):
        evaluated = evaluator.evaluate(month, compare=False).opds
        issue = folder.reports.newest(month)
        version = None if issue is None else issue.version
        closed = closing_ns(month, zone) <= now_ns
        found.append(Before(month, closed, version, evaluated[0] if evaluated else None))
    return found

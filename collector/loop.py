"""From registers and past months to what the report tells of the loop: proposals, the plan of the coming month."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from agent.clock import Month, Zone
from collector.judge.demand import LOOK_BACK_MONTHS
from collector.judge.month import Evaluation
from collector.judge.planning import Asked, PlanSettings, plan
from collector.register.book import Book, Record
from collector.register.records.proposal import PROPOSAL, Proposal
from collector.report.planning import Loop

COUNTS = frozenset(("diajukan", "diterima"))
"""States in which a proposal counts; what was refused or returned does not move the need (spec/evaluation.md 3a)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanningSettings:
    """What is kept back of the bought capacity in percent, and Mbps for the Dinas' own operation."""

    reserve_percent: int = 10
    operations_mbps: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.reserve_percent < 100:
            raise ValueError("reserve_percent must be between 0 and 99")
        if self.operations_mbps < 0:
            raise ValueError("operations_mbps must not be negative")

    def plan(self) -> PlanSettings:
        """Return them in the form in which they are judged."""
        return PlanSettings(reserve=Fraction(self.reserve_percent, 100), operations_mbps=self.operations_mbps)


def loop_of(
    evaluation: Evaluation, *, book: Book, zone: Zone, settings: PlanningSettings, past: Callable[[Month], Evaluation]
) -> Loop:
    """Return proposals and plan of a whole month; ``past`` evaluates an earlier one."""
    known = at_close((book.history(PROPOSAL, item.code) for item in book.current(PROPOSAL)), evaluation.closed_ns)
    earlier = [past(evaluation.month.shifted(-i)) for i in range(1, LOOK_BACK_MONTHS + 1)]
    coming = evaluation.month.shifted(1)
    asked = asked_for(known, coming)
    made = plan(evaluation, past=earlier, asked=asked, settings=settings.plan())
    since_ns = evaluation.month.start_ns(zone)
    return Loop(made, tuple(item for item in known if item.state == "diajukan" or item.recorded_ns >= since_ns))


def at_close(histories: Iterable[list[Record]], closed_ns: int) -> list[Record]:
    """Return each record as it stood when the month's data were closed, by number; later ones are left out."""
    found = []
    for history in histories:
        until = [item for item in history if item.recorded_ns < closed_ns]
        found += until[-1:]
    return sorted(found, key=lambda item: item.code)


def asked_for(records: Iterable[Record], coming: Month) -> dict[str, Asked]:
    """Return the proposal of each OPD that counts, the newest of several.

    It may raise the need only when it is accepted and names a new service that begins in the coming month.
    """
    found: dict[str, Asked] = {}
    for record in records:
        form: Proposal = record.form
        if record.state in COUNTS:
            begins = form.starts in coming.days
            raises = record.state == "diterima" and bool(form.new_service.strip()) and begins
            found[record.opd] = Asked(record.code, form.down_mbps, form.up_mbps, raises)
    return found

"""From the register and the stored bins to a month's evaluation: gathers what ``judge/month.py`` judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from agent.clock import NS, Month, Zone
from collector.inventory import EVER, Contract, Inventory, Link
from collector.judge.month import (
    AllocationSpan,
    ContractInput,
    Evaluation,
    LinkInput,
    MonthInput,
    OpdInput,
    Parameters,
    evaluate,
)
from collector.ledger.binstore import BinStore
from collector.limits import LimitStore
from collector.measure.bins import Counts

CLOSING_HOURS = 72
"""Late spools may still come for so long after the month's end (spec/evaluation.md §5)."""

Previous = Mapping[str, tuple[Fraction | None, Fraction | None]]
"""Last month's P95 by OPD: unduh, unggah."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationSettings:
    """Thresholds of the status, in whole percent, and the region's working calendar (Monday is 0)."""

    saturated_percent: int = 90
    attention_percent: int = 70
    fair_percent: int = 30
    at_limit_percent: int = 95
    saturated_at_limit_percent: int = 5
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.fair_percent < self.attention_percent < self.saturated_percent <= 100:
            raise ValueError("fair_percent, attention_percent and saturated_percent must grow between 1 and 100")
        if not (0 < self.at_limit_percent <= 100 and 0 < self.saturated_at_limit_percent <= 100):
            raise ValueError("at_limit_percent and saturated_at_limit_percent must be between 1 and 100")
        if not self.weekdays or not set(self.weekdays) <= set(range(7)):
            raise ValueError("weekdays must be numbers from 0 (Monday) to 6 (Sunday)")

    def parameters(self) -> Parameters:
        """Return the parameters of the judgement."""
        return Parameters(
            saturated=Fraction(self.saturated_percent, 100),
            attention=Fraction(self.attention_percent, 100),
            fair=Fraction(self.fair_percent, 100),
            at_limit=Fraction(self.at_limit_percent, 100),
            saturated_at_limit=Fraction(self.saturated_at_limit_percent, 100),
            weekdays=self.weekdays,
            holidays=self.holidays,
        )


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Evaluates months of one inventory from its stored bins and the limits that its routers were read to have."""

    inventory: Inventory
    bins: BinStore
    limits: LimitStore
    zone: Zone
    label: str
    parameters: Parameters

    def evaluate(self, month: Month, *, until_ns: int | None = None, compare: bool = True) -> Evaluation:
        """Evaluate ``month`` (up to ``until_ns``).

        ``compare`` adds last month's P95, and how many readings came late or with a wrong clock.
        """
        previous = self._previous(month.shifted(-1)) if compare else {}
        given = self._input(month, until_ns=until_ns, previous=previous, marks=compare)
        return evaluate(given, self.parameters)

    def _previous(self, month: Month) -> Previous:
        found = evaluate(self._input(month, until_ns=None, previous={}, marks=False), self.parameters)
        return {opd.code: (opd.unduh.p95, opd.unggah.p95) for opd in found.opds}

    def _input(self, month: Month, *, until_ns: int | None, previous: Previous, marks: bool) -> MonthInput:
        return MonthInput(
            month=month,
            zone=self.zone,
            region=self.inventory.region,
            closed_ns=closing_ns(month, self.zone),
            opds=self._opds(month, previous, marks=marks),
            contracts=tuple(
                self._contract(item, month)
                for item in self.inventory.contracts
                if touches(item.valid_from, item.valid_to, month, self.zone)
            ),
            label=self.label,
            until_ns=until_ns,
        )

    def _opds(self, month: Month, previous: Previous, *, marks: bool) -> Iterator[OpdInput]:
        for opd in self.inventory.opds:
            down, up = previous.get(opd.code, (None, None))
            yield OpdInput(
                code=opd.code,
                name=opd.name,
                klass=opd.klass,
                links=tuple(self._links(self.inventory.links_of(opd.code), month, marks=marks)),
                allocations=spans_of(self.inventory, opd.code),
                previous_unduh=down,
                previous_unggah=up,
            )

    def _links(self, links: tuple[Link, ...], month: Month, *, marks: bool) -> Iterator[LinkInput]:
        for link in links:
            spans = [span for span in self.inventory.counting(link).spans if touches(*span, month, self.zone)]
            if not spans:
                continue
            unduh, unggah = self.bins.link_span(link, month.days)
            flagged, late = self.bins.marks(link, month.days) if marks else (None, None)
            drops = self.bins.drops_span(link, month.days)
            limits = self.limits.link_span(link, month.days) if link.role == "wan" else ((), ())
            for number, (start_ns, end_ns) in enumerate(spans):
                if number:  # the other end counts in between; what the readings are worth is told once
                    unduh, unggah = replace(unduh, counts=Counts()), replace(unggah, counts=Counts())
                    flagged = late = 0 if marks else None
                yield LinkInput(
                    link=link.code,
                    device=link.device,
                    interface=link.point,
                    vantage=link.vantage,
                    unduh=unduh,
                    unggah=unggah,
                    active_from_ns=start_ns,
                    active_to_ns=None if end_ns == EVER else end_ns,
                    medium=link.medium,
                    provider=link.provider,
                    clock_flagged=flagged,
                    late=late,
                    drops=drops,
                    limits=limits,
                )

    def _contract(self, contract: Contract, month: Month) -> ContractInput:
        uplinks = tuple(
            link for link in self.inventory.links if link.role == "uplink" and link.contract == contract.code
        )
        return ContractInput(
            code=contract.code,
            provider=contract.provider,
            number=contract.number,
            down_bps=contract.down_bps,
            up_bps=contract.up_bps,
            valid_from_ns=contract.valid_from,
            valid_to_ns=contract.valid_to,
            cost_rupiah_month=contract.cost_rupiah_month,
            links=tuple(self._links(uplinks, month, marks=False)),
        )


def touches(from_ns: int, to_ns: int | None, month: Month, zone: Zone) -> bool:
    """Tell whether ``[from, to)`` (None: without end) has a part in ``month``."""
    return from_ns < month.end_ns(zone) and (to_ns is None or to_ns > month.start_ns(zone))


def spans_of(inventory: Inventory, opd: str) -> tuple[AllocationSpan, ...]:
    """Return an OPD's determinations in the form in which they are judged."""
    return tuple(
        AllocationSpan(
            valid_from_ns=item.valid_from_ns,
            valid_to_ns=item.valid_to_ns,
            down_bps=item.down_bps,
            up_bps=item.up_bps,
            floor_down_bps=item.floor_down_bps,
            floor_up_bps=item.floor_up_bps,
            decision_number=item.decision_number,
            decision_date=item.decision_date,
            legal_basis=item.legal_basis,
            official=item.official,
        )
        for item in inventory.allocations_of(opd)
    )


def closing_ns(month: Month, zone: Zone) -> int:
    """Return the instant at which the data of ``month`` are closed: 00:00 + 72 h, UTC ns."""
    return month.end_ns(zone) + CLOSING_HOURS * 3600 * NS

"""What registers and Nadi itself tell of a month for the report, as it stood when the month's data were closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collector.judge.contracts import ContractMonth
from collector.judge.drift import Drift
from collector.judge.network import NetworkMonth
from collector.judge.planning import Plan
from collector.judge.service import Service, Target
from collector.ledger.quarantine import PutAside
from collector.register.book import Record
from collector.report.trends import Series


@dataclass(frozen=True, slots=True)
class Handled:
    """An incident and its times; ``level`` "" and ``target`` None where no table of levels was in force."""

    record: Record
    service: Service
    level: str = ""
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What Nadi counted of itself in a month.

    audit       audit records by result
    put_aside   what was put aside; None where some of it was dropped for room since
    checks      checks of everything's integrity, by outcome: True is whole
    """

    audit: Mapping[str, int]
    put_aside: PutAside | None
    checks: Mapping[bool, int]


@dataclass(frozen=True, slots=True)
class Loop:
    """What the registers tell of a month.

    plan, proposals   of the coming month, and what is asked for it
    followups         recommendations of earlier months that were open in this one
    incidents         those that lasted in the month
    disconnections    those approved ones that lasted, or were to last, in the month
    log_checks        of the month, and those of earlier ones that were worked on in it
    network           the availability of the links
    series            the P95 of twelve months
    contracts         what providers promised beside what was measured
    drifts            what routers were set to at the month's end beside what was determined
    """

    plan: Plan | None = None
    proposals: tuple[Record, ...] = ()
    followups: tuple[Record, ...] = ()
    incidents: tuple[Handled, ...] = ()
    disconnections: tuple[Record, ...] = ()
    log_checks: tuple[Record, ...] = ()
    counted: Counted | None = None
    network: NetworkMonth | None = None
    series: Series | None = None
    drifts: tuple[Drift, ...] = ()
    contracts: tuple[ContractMonth, ...] = ()


NOTHING = Loop()
"""Of a region that keeps no registers."""

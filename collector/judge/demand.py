"""What an agency needs next, per direction: codes A0 to A5 (pure; spec/evaluation.md section 4 "Need" and 3a).

Rates are exact bit/s. The need never moves by itself: it is a recommendation, a person determines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from collector.judge.figures import Status

HEADROOM = Fraction(5, 4)
STEP_UP = Fraction(3, 2)
DAMPING = (Fraction(3, 4), Fraction(5, 4))
ENOUGH = Fraction(3, 4)
FIRM = Fraction(9, 10)
MEDIAN_MONTHS = 3
LOOK_BACK_MONTHS = 6
IDLE_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Past:
    """One direction of an earlier calendar month: its P95 and coverage (None: nothing known) and its status."""

    p95: Fraction | None
    coverage: Fraction | None
    status: Status | None


@dataclass(frozen=True, slots=True)
class Ask:
    """A proposal that counts: the rate asked for, and whether it may raise the need.

    ``raises``: it is accepted and tied to a named new service that starts in the coming month. Proposals that were
    refused or returned are not handed in at all.
    """

    rate: Fraction
    raises: bool


@dataclass(frozen=True, slots=True)
class Use:
    """One direction of an agency this month, by the figures from which its status was made.

    ``current`` is the allocation in force at the end of the month; ``unsettled`` says that the allocation changed
    and the last sub-period is too short or too thinly covered. ``past`` are the six months before, newest first,
    None where there is no evaluation.
    """

    status: Status | None
    p95: Fraction | None
    coverage: Fraction | None
    current: Fraction
    floor: Fraction
    unsettled: bool = False
    past: Sequence[Past | None] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """The need in bit/s, its code (such as "A2" or "A2+A5") and the P95 it was made from (P95 Penentu)."""

    rate: Fraction
    code: str
    p95: Fraction | None


def need(use: Use, ask: Ask | None = None) -> Need:
    """Return the need of one direction; the floor holds for every code."""
    rate, code, p95 = _measured(use)
    rate = max(rate, use.floor)
    if ask is not None and ask.raises and ask.rate > rate:
        return Need(ask.rate, f"{code}+A5", p95)
    if ask is not None and ask.rate < rate:
        return Need(max(ask.rate, use.floor), f"{code}+A5", p95)
    return Need(rate, code, p95)


def _measured(use: Use) -> tuple[Fraction, str, Fraction | None]:
    """Return need, code and determining P95 by what was measured."""
    if use.unsettled or use.status is None or use.status is Status.DATA_TIDAK_CUKUP or use.p95 is None:
        return use.current, "A0", None
    if use.status is Status.RENDAH:
        highest = _idle(use)
        return (use.current, "A4", None) if highest is None else (HEADROOM * highest, "A3", highest)
    p95 = determining(use.p95, use.past)
    if use.status is Status.JENUH:
        return max(HEADROOM * p95, STEP_UP * use.current), "A1", p95
    low, high = (share * use.current for share in DAMPING)
    return min(max(HEADROOM * p95, use.floor, low), high), "A2", p95


def determining(p95: Fraction, past: Sequence[Past | None]) -> Fraction:
    """Return the median with the two latest earlier months of enough coverage, else this month's P95."""
    earlier = [
        item.p95
        for item in past[:LOOK_BACK_MONTHS]
        if item is not None and item.p95 is not None and item.coverage is not None and item.coverage >= ENOUGH
    ][: MEDIAN_MONTHS - 1]
    return median((p95, *earlier)) if len(earlier) == MEDIAN_MONTHS - 1 else p95


def _idle(use: Use) -> Fraction | None:
    """Return the highest P95 of three months running that were RENDAH on firm coverage, None if they were not."""
    months = [Past(use.p95, use.coverage, use.status), *use.past[: IDLE_MONTHS - 1]]
    rates = [
        item.p95
        for item in months
        if item is not None
        and item.p95 is not None
        and item.status is Status.RENDAH
        and item.coverage is not None
        and item.coverage >= FIRM
    ]
    return max(rates) if len(rates) == IDLE_MONTHS else None

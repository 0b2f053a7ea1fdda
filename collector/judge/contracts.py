"""What providers promised beside what was measured (pure).

A promise of availability is broken where the provider's own outages alone pass it, and kept where they do not even with
those that nobody attributed. Between the two, and below the coverage from which availability is judged at all, it
cannot be judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from collector.judge.availability import Availability
from collector.judge.service import Service

Verdict = Literal["dipenuhi", "dilanggar", "tidak dapat dinilai", "tidak dijanjikan"]
PROVIDER: Literal["Penyedia"] = "Penyedia"


@dataclass(frozen=True, slots=True)
class Promise:
    """Net availability of a month (1 = always), and hours of the clock to answer and to restore; None: not promised."""

    availability: Fraction | None = None
    response_hours: int | None = None
    restore_hours: int | None = None
    credit: str = ""


NOTHING = Promise()


@dataclass(frozen=True, slots=True)
class ContractMonth:
    """One contract in a month: its promise, the worst of its uplinks, the provider's incidents, and the verdicts.

    ``net`` counts every outage of that uplink, ``own`` the provider's alone; None where availability is not judged.
    ``incidents`` are the provider's, of them ``late_answers`` and ``late_restores`` passed what was promised.
    """

    code: str
    number: str
    provider: str
    promise: Promise
    net: Fraction | None
    own: Fraction | None
    verdict: Verdict
    incidents: int
    late_answers: int
    late_restores: int
    service: Verdict


def availability_kept(promised: Fraction | None, uplinks: Iterable[Availability]) -> Verdict:
    """Judge the availability of a contract by its uplinks: broken if one is, kept if each is."""
    if promised is None:
        return "tidak dijanjikan"
    verdicts = [_kept(promised, item) for item in uplinks]
    if "dilanggar" in verdicts:
        return "dilanggar"
    return "dipenuhi" if verdicts and set(verdicts) == {"dipenuhi"} else "tidak dapat dinilai"


def _kept(promised: Fraction, found: Availability) -> Verdict:
    own = found.attributed_to(PROVIDER)
    if found.net is None or own is None:
        return "tidak dapat dinilai"
    if own < promised:
        return "dilanggar"
    unknown = found.attributed_to("")
    assert unknown is not None  # noqa: S101 - there where ``own`` is
    return "dipenuhi" if own + unknown - 1 >= promised else "tidak dapat dinilai"


def worst(uplinks: Iterable[Availability]) -> Availability | None:
    """Return the judged uplink of lowest net availability, the first of several."""
    judged = [item for item in uplinks if item.net is not None]
    return min(judged, key=lambda item: (item.net or Fraction(0), item.link), default=None)


def service_kept(promise: Promise, times: Iterable[Service]) -> tuple[int, int, Verdict]:
    """Return how many incidents were answered, and restored, too late, and the verdict.

    What is still within the time that was promised, but not over, leaves the month unjudged.
    """
    found = list(times)
    verdicts = [
        *(item.response.verdict for item in found if promise.response_hours is not None),
        *(item.restore.verdict for item in found if promise.restore_hours is not None),
    ]
    late = (
        sum(item.response.verdict == "terlampaui" for item in found) if promise.response_hours is not None else 0,
        sum(item.restore.verdict == "terlampaui" for item in found) if promise.restore_hours is not None else 0,
    )
    if promise.response_hours is None and promise.restore_hours is None:
        return (*late, "tidak dijanjikan")
    if any(late):
        return (*late, "dilanggar")
    return (*late, "tidak dapat dinilai" if "berjalan" in verdicts else "dipenuhi")

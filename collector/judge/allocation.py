"""The live check of closed bins against the allocation in force (pure: bins in, findings out).

A finding stands only while it is true. It opens after ``confirm`` consecutive bins that show it and ends after
``confirm`` that do not; a bin which is not valid shows nothing. Such findings are *langsung*; the report's
figures come from ``judge/month.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from agent.clock import MS
from collector.judge.case import AllocationSpan
from collector.judge.periods import holds
from collector.measure.bins import MICRO, Bins

DirectionName = Literal["unduh", "unggah"]
Rule = Literal[
    "at_ceiling",
    "over_allocation",
    "line_difference",
    "line_silence",
    "snmp_v2c",
    "server_without_ups",
    "server_without_full_tape_copy",
    "server_outside_datacentre",
    "insurance_ending",
    "ups_runtime_short",
    "battery_old",
    "backup_late",
    "backup_critical",
    "backup_none",
    "backup_unknown",
    "verify_overdue",
    "restore_test_overdue",
    "generator_untested",
    "transfer_late",
    "load_not_carried",
    "log_check_overdue",
    "report_undelivered",
    "followup_overdue",
    "disconnection_overdue",
    "incident_unanswered",
    "incident_unrestored",
    "outage_unrecorded",
    "contract_ends",
    "contract_ends_soon",
    "contract_ends_next",
    "contract_ended",
]
Unit = Literal["bit/s", "1", "s", ""]
"""Of a finding's value and limit: a rate, a share, a time, or none."""


class Severity(IntEnum):
    """How much a finding matters: a duty not met, demand that is capped, or what should hold and does not."""

    LOW = 0
    NOTICE = 1
    WARNING = 2


SEVERITY: Mapping[Rule, Severity] = MappingProxyType(
    {
        "at_ceiling": Severity.NOTICE,
        "over_allocation": Severity.WARNING,
        "line_difference": Severity.WARNING,
        "line_silence": Severity.WARNING,
        "snmp_v2c": Severity.LOW,
        "server_without_ups": Severity.WARNING,
        "server_without_full_tape_copy": Severity.WARNING,
        "server_outside_datacentre": Severity.NOTICE,
        "insurance_ending": Severity.LOW,
        "ups_runtime_short": Severity.WARNING,
        "battery_old": Severity.NOTICE,
        "backup_late": Severity.NOTICE,
        "backup_critical": Severity.WARNING,
        "backup_none": Severity.WARNING,
        "backup_unknown": Severity.NOTICE,
        "verify_overdue": Severity.NOTICE,
        "restore_test_overdue": Severity.NOTICE,
        "generator_untested": Severity.NOTICE,
        "transfer_late": Severity.WARNING,
        "load_not_carried": Severity.WARNING,
        "log_check_overdue": Severity.NOTICE,
        "report_undelivered": Severity.WARNING,
        "followup_overdue": Severity.LOW,
        "disconnection_overdue": Severity.NOTICE,
        "incident_unanswered": Severity.WARNING,
        "incident_unrestored": Severity.WARNING,
        "outage_unrecorded": Severity.LOW,
        "contract_ends": Severity.LOW,
        "contract_ends_soon": Severity.NOTICE,
        "contract_ends_next": Severity.WARNING,
        "contract_ended": Severity.WARNING,
    }
)
"""Every rule with the severity of what it finds: the one place that says how much a finding matters."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares of the allocation, and how many consecutive bins open or end a finding."""

    at_ceiling: Fraction = Fraction(95, 100)
    over_allocation: Fraction = Fraction(105, 100)
    confirm: int = 3

    def __post_init__(self) -> None:
        if self.confirm < 1:
            raise ValueError(f"confirm is {self.confirm}: give at least 1 bin")


@dataclass(frozen=True, slots=True)
class Use:
    """One closed bin ``[start, end)`` of one direction: bit/s, allocation at its start, their ratio.

    ``rate`` is None where the bin is not valid, ``allocation_bps`` None where none was in force.
    """

    start_ns: int
    end_ns: int
    rate: Fraction | None
    allocation_bps: int | None

    @property
    def utilisation(self) -> Fraction | None:
        """Rate / allocation, None if either is unknown or the allocation is 0."""
        return None if self.rate is None or not self.allocation_bps else self.rate / self.allocation_bps


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged fact about ``object`` (the code of an OPD, a link or a device) in one direction ("": in none).

    ``start_ns`` is the start of the first bin that showed it, ``end_ns`` the start of the first bin of those that
    ended it (None: it stands). ``value`` is the largest rate of the bins that show it and ``limit`` what that
    bin's rate passed, both in ``unit``.
    """

    rule: Rule
    object: str
    direction: DirectionName | Literal[""]
    severity: Severity
    start_ns: int
    end_ns: int | None
    value: Fraction
    limit: Fraction
    unit: Unit = "bit/s"


def uses(bins: Bins, allocations: Sequence[AllocationSpan], direction: DirectionName) -> tuple[Use, ...]:
    """Set each closed bin beside the allocation in force at its start; ``bins`` holds closed bins only."""
    found = []
    valid = bins.valid
    for i in range(len(bins.octets_u)):
        start_ns = (bins.start_ms + i * bins.width_ms) * MS
        span = next((span for span in allocations if holds(span, start_ns)), None)
        bps = None if span is None else (span.down_bps if direction == "unduh" else span.up_bps)
        rate = Fraction(int(bins.octets_u[i]) * 8000, MICRO * int(bins.covered_ms[i])) if valid[i] else None
        found.append(Use(start_ns, start_ns + bins.width_ms * MS, rate, bps))
    return tuple(found)


def check(
    object_code: str,
    direction: DirectionName,
    closed: Sequence[Use],
    *,
    limited: bool,
    thresholds: Thresholds,
) -> tuple[Finding, ...]:
    """Judge successive closed bins of an OPD (oldest first); give enough of them for ``confirm``.

    ``limited`` says that the router should hold the OPD to its allocation: only then is passing it a finding.
    """

    def found(rule: Rule, share: Fraction, reached: Callable[[Fraction, Fraction], bool]) -> list[Finding]:
        limits = [None if use.allocation_bps is None else share * use.allocation_bps for use in closed]
        shown = [
            use.rate is not None and limit is not None and limit > 0 and reached(use.rate, limit)
            for use, limit in zip(closed, limits, strict=True)
        ]
        findings = []
        for low, high in _stands(shown, thresholds.confirm):
            at = [i for i in range(low, high) if shown[i]]
            value, limit = max((closed[i].rate or Fraction(0), limits[i] or Fraction(0)) for i in at)
            end_ns = closed[high].start_ns if high < len(closed) else None
            start_ns = closed[low].start_ns
            findings.append(Finding(rule, object_code, direction, SEVERITY[rule], start_ns, end_ns, value, limit))
        return findings

    ceiling = found("at_ceiling", thresholds.at_ceiling, Fraction.__ge__)
    if not limited:
        return tuple(ceiling)
    over = found("over_allocation", thresholds.over_allocation, Fraction.__gt__)
    return (*ceiling, *over)


def _stands(shown: Sequence[bool], confirm: int) -> list[tuple[int, int]]:
    """Return ranges ``[low, high)`` of bins in which a finding stands; one that still does ends at the last bin."""
    ranges: list[tuple[int, int]] = []
    low: int | None = None
    run = 0
    for i, now in enumerate(shown):
        run = run + 1 if (low is None) == now else 0
        if run < confirm:
            continue
        if low is None:
            low = i - confirm + 1
        else:
            ranges.append((low, i - confirm + 1))
            low = None
        run = 0
    if low is not None:
        ranges.append((low, len(shown)))
    return ranges

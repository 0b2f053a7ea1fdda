"""The monthly evaluation: bins and determinations in, every figure of the report out (pure)."""

from __future__ import annotations

from collector.judge.case import (
    AllocationSpan,
    ContractInput,
    LinkInput,
    MonthInput,
    OpdInput,
    Parameters,
)
from collector.judge.figures import (
    METHOD,
    CapacityMonth,
    ContractSummary,
    Direction,
    Evaluation,
    Gap,
    LinkMonth,
    OpdMonth,
    Quality,
    Status,
    SubFigures,
    SubPeriod,
    Totals,
)

__all__ = [
    "METHOD",
    "AllocationSpan",
    "CapacityMonth",
    "ContractInput",
    "ContractSummary",
    "Direction",
    "Evaluation",
    "Gap",
    "LinkInput",
    "LinkMonth",
    "MonthInput",
    "OpdInput",
    "OpdMonth",
    "Parameters",
    "Quality",
    "Status",
    "SubFigures",
    "SubPeriod",
    "Totals",
]

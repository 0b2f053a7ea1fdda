"""Capacity contracts that end without a successor, as findings (pure).

Every warning that was reached stands until a successor is registered: so each is told once, when its day comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from agent.clock import DAY_S, NS
from collector.duties import finding
from collector.inventory import Contract, Inventory
from collector.judge.allocation import Finding, Rule

WARNINGS: tuple[Rule, ...] = ("contract_ends", "contract_ends_soon", "contract_ends_next")
"""Told so many days before the end as the settings say, in their order."""


def ending(inventory: Inventory, *, now_ns: int, days: Sequence[int]) -> list[Finding]:
    """Return the warnings that stand at ``now_ns``, and the contracts that ended under an uplink still in use."""
    found = []
    for item in _last(inventory.contracts):
        end_ns = item.valid_to
        if end_ns is None or item.valid_from > now_ns:
            continue
        if end_ns > now_ns:
            reached = ((rule, end_ns - day * DAY_S * NS) for rule, day in zip(WARNINGS, days, strict=True))
            found += [finding(rule, item.code, at_ns) for rule, at_ns in reached if at_ns <= now_ns]
        elif _is_used(inventory, item.code, now_ns):
            found.append(finding("contract_ended", item.code, end_ns))
    return found


def _last(contracts: Sequence[Contract]) -> Iterator[Contract]:
    """Yield of each contract's spans the one that no other follows without a gap (they are in order of code, start)."""
    for item, after in zip_longest(contracts, contracts[1:]):
        if after is None or after.code != item.code or item.valid_to != after.valid_from:
            yield item


def _is_used(inventory: Inventory, code: str, now_ns: int) -> bool:
    """Tell whether an uplink in use names a contract of which no span holds now."""
    holds = any(
        item.code == code and item.valid_from <= now_ns and (item.valid_to is None or now_ns < item.valid_to)
        for item in inventory.contracts
    )
    return not holds and any(
        link.role == "uplink" and link.contract == code and any(low <= now_ns < high for low, high in link.active.spans)
        for link in inventory.links
    )

"""What an OPD may see: its own figures, taken out of everybody's before they are shown.

Nothing of the whole remains that another OPD's figures could be reckoned from: no uplinks, no senders, no power.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from collector.inventory import Inventory
from collector.judge.allocation import Finding, Rule
from collector.judge.month import Evaluation, Totals
from collector.live import Snapshot
from collector.power import Power

OF_OPD: frozenset[Rule] = frozenset(("at_ceiling", "over_allocation"))
OF_LINK: frozenset[Rule] = frozenset(("line_difference", "line_silence"))


def own_snapshot(snapshot: Snapshot, opd: str) -> Snapshot:
    """Return the live state of one OPD alone."""
    opds = tuple(live for live in snapshot.opds if live.opd.code == opd)
    return replace(snapshot, opds=opds, uplinks=(), senders={}, lag_p95_ns=None, power=Power())


def own_findings(findings: Iterable[Finding], inventory: Inventory, opd: str) -> tuple[Finding, ...]:
    """Return the findings about one OPD and its links."""
    links = {link.code for link in inventory.links_of(opd)}
    return tuple(
        item
        for item in findings
        if (item.rule in OF_OPD and item.object == opd) or (item.rule in OF_LINK and item.object in links)
    )


def own_evaluation(evaluation: Evaluation, opd: str) -> Evaluation:
    """Return the month of one OPD alone, without the sums over all agencies and what the contracts carry."""
    opds = tuple(item for item in evaluation.opds if item.code == opd)
    totals = Totals(None, None, None, None, None, None, {}, 0, None, evaluation.totals.quality)
    return replace(evaluation, opds=opds, upstream=(), totals=totals)

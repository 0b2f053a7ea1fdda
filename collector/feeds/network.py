"""The availability of links in the month to date as series (pure); what is not judged has none."""

from __future__ import annotations

from collector.feeds.derived import Written
from collector.judge.network import NetworkMonth

NANO = 1e-9


def availability(network: NetworkMonth | None) -> Written:
    """Yield the availability of each link."""
    for row in network.rows if network else ():
        link, found = row.link, row.found
        labels = link.code, link.opd, link.maintainer
        yield "nadi_availability_gross_ratio", labels, found.gross
        yield "nadi_availability_net_ratio", labels, found.net
        yield "nadi_availability_down_seconds", labels, found.net_down_ns * NANO
        yield "nadi_availability_unknown_seconds", labels, row.unknown_ns * NANO
        yield "nadi_availability_planned_seconds", labels, row.planned_ns * NANO
        yield "nadi_availability_disconnected_seconds", labels, row.disconnected_ns * NANO
        yield "nadi_availability_target_ratio", labels, row.target
        yield "nadi_availability_outages", labels, found.outages

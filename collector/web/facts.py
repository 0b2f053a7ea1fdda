"""What /metrics writes down: the facts of one scrape, gathered from the running collector."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from collector.feeds.moment import AgentFact, Facts, FindingFact
from collector.folder import VERSION
from collector.inventory import Inventory, Link
from collector.judge.allocation import SEVERITY, Severity
from collector.running import Collector
from collector.safekeeping import note

_WORDS = {Severity.WARNING: "tinggi", Severity.NOTICE: "sedang", Severity.LOW: "rendah"}
RULES = tuple((rule, _WORDS[severity]) for rule, severity in SEVERITY.items())
"""Every rule with the word of its severity."""

_REASONS = {
    **dict.fromkeys(("signature", "revoked_agent", "unknown_agent", "token", "fork"), "tanda_tangan"),
    "time": "waktu",
}


def rejected(counted: Mapping[str, int], duplicates: int) -> dict[str, int]:
    """Return rejections by the closed list of reasons of the dashboards, zeros included."""
    found = Counter({"ganda": duplicates, "tanda_tangan": 0, "waktu": 0, "bentuk": 0})
    for reason, count in counted.items():
        found[_REASONS.get(reason, "bentuk")] += count
    return dict(found)


def uplinks(inventory: Inventory, links: Iterable[Link]) -> dict[str, str]:
    """Return the contract behind whose uplinks each agent is: that of all its links, if it measures no uplink itself.

    An agent of links of several contracts has none.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for link in links:
        found[inventory.device[link.device].source].add("" if link.role == "uplink" else link.contract or "")
    return {source: contracts.pop() for source, contracts in found.items() if len(contracts) == 1}


def facts(collector: Collector) -> Facts:
    """Gather the facts of this moment."""
    folder, snapshot = collector.folder, collector.snapshot()
    inventory = collector.live.inventory
    counters, offsets, check = collector.ingest.counters, collector.ingest.offsets, folder.last_check()
    agents = [key for key in folder.register.access.agents() if key.revoked_ns is None]
    sites = {device.source: device.site for device in reversed(inventory.devices)}
    behind = uplinks(inventory, (item.link for item in (*snapshot.links, *snapshot.seconds)))
    judged, safe = collector.judgement, note.read(folder.settings.data)
    found = judged.findings if judged else ()
    return Facts(
        snapshot=snapshot,
        inventory=inventory,
        agents=[
            AgentFact(key.agent, sites.get(key.agent, ""), behind.get(key.agent, ""), offsets.get(key.agent))
            for key in agents
        ],
        month=judged.month if judged else None,
        findings=[FindingFact(item.rule, _WORDS[item.severity], item.object) for item in found],
        rules=RULES if judged else (),
        points_received={"langsung": counters.live, "susulan": counters.backfill},
        points_rejected=rejected(counters.rejected, counters.duplicates),
        job_failures={name: standing.failures for name, standing in collector.jobs.standing.items()},
        started_ns=collector.started_ns,
        database_bytes=folder.database_bytes,
        checked_ns=check.ended_ns if check else None,
        check_ok=not check.problems if check else None,
        backed_up_ns=safe.made_ns,
        restore_tested_ns=safe.tested_ns,
        version=VERSION,
        centre=judged.centre if judged else None,
        power=judged.power if judged else None,
        network=judged.network if judged else None,
        outlook=judged.outlook if judged else None,
        papers=collector.papers(),
        standing=collector.watch.standing,
        waiting=counters.waiting,
        sinks=collector.sinks,
        notifications=collector.notifications,
    )

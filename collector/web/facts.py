"""What /metrics writes down: the facts of one scrape, gathered from the running collector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from collector.feeds.moment import AgentFact, Facts, FindingFact, ReportFact
from collector.folder import VERSION
from collector.judge.allocation import SEVERITY, Severity
from collector.running import Collector

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


def uplink_of(agent: str, collector: Collector) -> str:
    """Return the contract behind whose uplinks an agent is: that of all its links, if it measures no uplink itself."""
    inventory, snapshot = collector.live.inventory, collector.snapshot()
    links = [item.link for item in (*snapshot.links, *snapshot.seconds)]
    mine = [link for link in links if inventory.device[link.device].source == agent]
    found = {link.contract or "" for link in mine}
    return found.pop() if len(found) == 1 and all(link.role == "wan" for link in mine) else ""


def facts(collector: Collector) -> Facts:
    """Gather the facts of this moment."""
    folder, snapshot = collector.folder, collector.snapshot()
    inventory = collector.live.inventory
    counters, check = collector.ingest.counters, folder.last_check()
    agents = [key for key in folder.register.access.agents() if key.revoked_ns is None]
    sites = {device.source: device.site for device in reversed(inventory.devices)}
    issues = [issue for month in folder.reports.months()[-12:] if (issue := folder.reports.newest(month))]
    judged = collector.judgement
    found = judged.findings if judged else ()
    return Facts(
        snapshot=snapshot,
        inventory=inventory,
        agents=[AgentFact(key.agent, sites.get(key.agent, ""), uplink_of(key.agent, collector)) for key in agents],
        month=judged.month if judged else None,
        reports=[ReportFact(str(issue.month), issue.version) for issue in issues],
        findings=[FindingFact(item.rule, _WORDS[item.severity], item.object) for item in found],
        rules=RULES if judged else (),
        points_received={"langsung": counters.live, "susulan": counters.backfill},
        points_rejected=rejected(counters.rejected, counters.duplicates),
        job_failures={name: standing.failures for name, standing in collector.jobs.standing.items()},
        started_ns=collector.started_ns,
        database_bytes=folder.database_bytes,
        checked_ns=check.ended_ns if check else None,
        check_ok=not check.problems if check else None,
        version=VERSION,
        centre=judged.centre if judged else None,
        power=judged.power if judged else None,
        sinks=collector.sinks,
    )

"""Every derived series at one moment, from the facts of the running collector (pure).

The one source of both writers, ``/metrics`` and the feed. What is unknown is None, never zero. Label values are
registered codes and closed lists, so the number of series is bounded by the register.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from agent.clock import MS, NS
from collector.datacentre import PowerToDate
from collector.feeds import registers
from collector.feeds.centre import backups, certificates, hosts, supply
from collector.feeds.network import availability
from collector.feeds.series import Written
from collector.flips import Standing
from collector.inventory import Inventory
from collector.judge.datacentre import DataCentreNow
from collector.judge.month import Direction, Evaluation, OpdMonth
from collector.judge.network import NetworkMonth
from collector.judge.now import Flow
from collector.live import LinkLive, Snapshot
from collector.outlook import Outlook
from collector.paperwork import Paperwork

MOST_FINDINGS = 200
NANO = 1e-9


@dataclass(frozen=True, slots=True)
class AgentFact:
    """A registered agent, the site of its first device and the uplink behind which it is ("": none is known).

    ``clock_offset_ns`` is how far its clock was before the collector's at its last delivery.
    """

    name: str
    site: str
    uplink: str = ""
    clock_offset_ns: int | None = None


@dataclass(frozen=True, slots=True)
class FindingFact:
    """An open finding."""

    rule: str
    severity: str
    object: str


@dataclass(frozen=True, slots=True)
class SinkFact:
    """What a feed sent and failed to send since the start, and the age of its oldest unsent point in seconds."""

    sink: str
    points: int
    errors: int
    lag_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is written down at one scrape; ``month`` is the evaluation of the month to date, None before the first.

    ``centre`` and ``power`` are the data centre as last judged, ``network`` the links', ``outlook`` plans and reports,
    None before that; ``papers`` are the registers, ``standing`` says since when links are as they are, ``waiting`` are
    the requests that wait to be stored; ``backed_up_ns`` and ``restore_tested_ns`` (a drill that passed) are of the
    collector's own backup, None while there was none.
    """

    snapshot: Snapshot
    inventory: Inventory
    agents: Sequence[AgentFact]
    month: Evaluation | None
    findings: Sequence[FindingFact]
    rules: Sequence[tuple[str, str]]
    points_received: Mapping[str, int]
    points_rejected: Mapping[str, int]
    job_failures: Mapping[str, int]
    started_ns: int
    database_bytes: int
    checked_ns: int | None
    check_ok: bool | None
    version: str
    centre: DataCentreNow | None = None
    power: PowerToDate | None = None
    network: NetworkMonth | None = None
    outlook: Outlook | None = None
    papers: Paperwork | None = None
    backed_up_ns: int | None = None
    restore_tested_ns: int | None = None
    standing: Standing = field(default_factory=dict)
    waiting: int = 0
    sinks: Sequence[SinkFact] = ()
    notifications: Mapping[tuple[str, str], int] = field(default_factory=dict)


def written(facts: Facts) -> Written:
    """Yield every derived series of this moment: name, label values in order, value (None: unknown, to be left out).

    The names and labels are those of ``derived.py``.
    """
    for fill in (_links, _queues, _devices, _opds, _capacity, _month, _quality, _agents, _collector, _findings, _sinks):
        yield from fill(facts)
    yield from _centre(facts)
    yield from availability(facts.network)
    if facts.papers is not None:
        yield from registers.paperwork(facts.papers, facts.inventory)
    if facts.outlook is not None:
        yield from registers.outlook(facts.outlook)
    if facts.month is not None:
        yield from registers.upstream(facts.month)


def _directions(live: LinkLive) -> tuple[tuple[str, Flow], tuple[str, Flow]]:
    return ("unduh", live.unduh), ("unggah", live.unggah)


def _links(facts: Facts) -> Written:
    for live in facts.snapshot.links:
        link = live.link
        site = facts.inventory.device[link.device].site
        uplink = link.contract or ""
        yield "nadi_link_state", (link.code, link.opd, uplink, site, link.role), live.state
        yield "nadi_link_bin_valid", (link.code, link.opd), live.unduh.bin_current and live.unggah.bin_current
        yield (
            "nadi_link_info",
            (
                *(link.code, link.opd, site, link.medium, link.owner, link.maintainer, link.provider),
                *(link.device, link.interface, uplink, link.role),
            ),
            1,
        )
        if link.interface:
            yield "nadi_interface_info", (site, link.device, link.interface, "", link.code, link.opd, link.role), 1
        since = facts.standing.get(link.code)
        if since is not None and since.shown.state is live.state and since.shown.since_ms is not None:
            yield "nadi_link_state_changed_timestamp_seconds", (link.code, link.opd), since.shown.since_ms / 1000
        for direction, flow in _directions(live):
            if flow.bin_current:
                yield "nadi_link_rate_bits_per_second", (link.code, link.opd, direction), flow.bin_bps
            yield "nadi_link_utilization_ratio", (link.code, link.opd, direction), flow.bin_utilisation


def _queues(facts: Facts) -> Written:
    """Write the counters of the queues by which links are measured, in the directions of their OPD."""
    for live in (*facts.snapshot.links, *facts.snapshot.seconds):
        link = live.link
        for name, counters in (("bytes", link.counters), ("dropped_packets", link.drops)):
            for direction, counter, fields in zip(("unduh", "unggah"), counters or (), live.fields, strict=False):
                if counter.measurement != "nadi_interface":
                    labels = (link.device, counter.object, link.code, link.opd, direction)
                    yield f"nadi_queue_{name}_total", labels, fields.get(counter.field)


def _devices(facts: Facts) -> Written:
    """Write what devices say they are, and the state of each UPS."""
    power = facts.snapshot.power
    told = {item.device.code: item for item in power.info()}
    for item in told.values():
        tags = (item.tags.get(name, "") for name in ("vendor", "model", "version", "serial", "protocol"))
        yield "nadi_device_info", (item.device.site, item.device.code, *tags), 1
    for ups in power.ups:
        labels, info = (ups.device.site, ups.device.code), told.get(ups.device.code)
        yield "nadi_ups_state", labels, ups.state
        if info is not None:
            yield "nadi_ups_info", (*labels, info.tags.get("model", ""), info.tags["protocol"]), 1


def _opds(facts: Facts) -> Written:
    for live in facts.snapshot.opds:
        code = live.opd.code
        yield "nadi_opd_state", (code,), live.state
        yield "nadi_opd_info", (code, live.opd.name, live.opd.klass, live.opd.site, ""), 1
        allocation = facts.inventory.allocation_at(code, facts.snapshot.now_ns)
        floors = (allocation.floor_down_bps, allocation.floor_up_bps) if allocation else (None, None)
        for direction, flow, floor in (("unduh", live.unduh, floors[0]), ("unggah", live.unggah, floors[1])):
            yield "nadi_opd_allocation_bits_per_second", (code, direction), flow.allocation_bps
            yield "nadi_opd_floor_bits_per_second", (code, direction), floor
            yield "nadi_opd_utilization_ratio", (code, direction), flow.bin_utilisation
            if flow.bin_current:
                yield "nadi_opd_rate_bits_per_second", (code, direction), flow.bin_bps


def _capacity(facts: Facts) -> Written:
    snapshot, inventory = facts.snapshot, facts.inventory
    for item in inventory.contracts:
        if item.valid_from <= snapshot.now_ns and (item.valid_to is None or snapshot.now_ns < item.valid_to):
            who = (item.code, item.provider)
            yield "nadi_capacity_contracted_bits_per_second", (*who, "unduh"), item.down_bps
            yield "nadi_capacity_contracted_bits_per_second", (*who, "unggah"), item.up_bps
            yield "nadi_capacity_cost_rupiah_per_month", who, item.cost_rupiah_month
            if item.valid_to is not None:
                yield "nadi_capacity_contract_end_timestamp_seconds", who, item.valid_to * NANO
    for direction, flow in (("unduh", snapshot.uplink_unduh), ("unggah", snapshot.uplink_unggah)):
        if flow.bin_current:
            yield "nadi_capacity_rate_bits_per_second", (direction,), flow.bin_bps
    held = [inventory.allocation_at(opd.code, snapshot.now_ns) for opd in inventory.opds]
    given = [item for item in held if item is not None]
    if given:
        yield "nadi_capacity_allocated_bits_per_second", ("unduh",), sum(item.down_bps for item in given)
        yield "nadi_capacity_allocated_bits_per_second", ("unggah",), sum(item.up_bps for item in given)


def _month(facts: Facts) -> Written:
    for opd in facts.month.opds if facts.month else ():
        yield from _evaluated(opd)
        for direction, found in (("unduh", opd.unduh), ("unggah", opd.unggah)):
            yield from _evaluated_direction(opd.code, direction, found)


def _evaluated(opd: OpdMonth) -> Written:
    yield "nadi_evaluation_utilization_ratio", (opd.code,), opd.utilisation
    yield "nadi_evaluation_at_limit_ratio", (opd.code,), opd.ceiling
    yield "nadi_evaluation_coverage_ratio", (opd.code,), opd.coverage
    yield "nadi_evaluation_status", (opd.code,), opd.status
    yield "nadi_evaluation_busy_hour", (opd.code,), opd.unduh.busy_hour
    yield "nadi_evaluation_queue_dropped_packets", (opd.code, "unduh"), opd.dropped_unduh
    yield "nadi_evaluation_queue_dropped_packets", (opd.code, "unggah"), opd.dropped_unggah


def _evaluated_direction(code: str, direction: str, found: Direction) -> Written:
    labels = (code, direction)
    yield "nadi_evaluation_p95_bits_per_second", labels, found.p95
    if found.bounds_shown:
        yield "nadi_evaluation_p95_min_bits_per_second", labels, found.p95_low
        yield "nadi_evaluation_p95_max_bits_per_second", labels, found.p95_high
    yield "nadi_evaluation_mean_bits_per_second", labels, found.mean
    yield "nadi_evaluation_peak_bits_per_second", labels, found.peak
    yield "nadi_evaluation_busy_hour_mean_bits_per_second", labels, found.busy_hour_mean
    yield "nadi_evaluation_volume_bytes", labels, found.volume_octets


def _quality(facts: Facts) -> Written:
    if facts.month is None:
        return
    links = [link for opd in facts.month.opds for link in opd.links]
    expected = sum(2 * link.expected for link in links)
    valid = sum(link.valid_unduh + link.valid_unggah for link in links)
    yield "nadi_collector_bins_expected", (), expected
    yield "nadi_collector_bins_valid", (), valid
    yield "nadi_collector_coverage_ratio", (), Fraction(valid, expected) if expected else None
    counts = facts.month.totals.quality.counts
    for reason, count in (
        ("reset", counts.resets),
        ("mundur", counts.backward),
        ("gulung", counts.ambiguous_wraps),
        ("melebihi_fisik", counts.over_physical),
        ("jeda", counts.long),
        ("waktu", counts.clock + counts.contradictory),
    ):
        yield "nadi_collector_deltas_invalid_total", (reason,), count


def _agents(facts: Facts) -> Written:
    for agent in facts.agents:
        sender = facts.snapshot.senders.get(agent.name)
        labels = (agent.name, agent.site)
        yield "nadi_agent_up", labels, sender is not None and sender.fresh
        yield "nadi_agent_info", (agent.name, agent.site, "", agent.uplink), 1
        if sender is not None:
            yield "nadi_agent_last_seen_timestamp_seconds", labels, sender.received_ns * NANO
            if sender.fresh and agent.clock_offset_ns is not None:
                yield "nadi_agent_clock_offset_seconds", labels, agent.clock_offset_ns * NANO


def _collector(facts: Facts) -> Written:
    snapshot = facts.snapshot
    ends = [flow.bin_end_ms for live in snapshot.links for _, flow in _directions(live) if flow.bin_end_ms is not None]
    yield "nadi_collector_up", (), 1
    yield "nadi_collector_start_timestamp_seconds", (), facts.started_ns * NANO
    yield "nadi_collector_last_bin_timestamp_seconds", (), max(ends) * MS / NS if ends else None
    yield "nadi_collector_ingest_lag_seconds", (), None if snapshot.lag_p95_ns is None else snapshot.lag_p95_ns * NANO
    yield "nadi_collector_queue_length", (), facts.waiting
    yield "nadi_collector_database_bytes", (), facts.database_bytes
    yield "nadi_collector_integrity_checked_timestamp_seconds", (), facts.checked_ns and facts.checked_ns * NANO
    yield "nadi_collector_own_backup_timestamp_seconds", (), facts.backed_up_ns and facts.backed_up_ns * NANO
    tested_ns = facts.restore_tested_ns
    yield "nadi_collector_own_restore_test_timestamp_seconds", (), tested_ns and tested_ns * NANO
    yield "nadi_collector_integrity_ok", (), facts.check_ok
    yield "nadi_collector_build_info", (facts.version, ""), 1
    for name, counts in (
        ("nadi_collector_points_received_total", facts.points_received),
        ("nadi_collector_points_rejected_total", facts.points_rejected),
        ("nadi_collector_job_failures_total", facts.job_failures),
    ):
        for label, count in counts.items():
            yield name, (label,), count


def _findings(facts: Facts) -> Written:
    for rule, severity in facts.rules:
        found = [item for item in facts.findings if (item.rule, item.severity) == (rule, severity)]
        yield "nadi_finding_open", (rule, severity), len(found)
    for item in sorted({(item.rule, item.severity, item.object) for item in facts.findings})[:MOST_FINDINGS]:
        yield "nadi_finding_info", item, 1


def _sinks(facts: Facts) -> Written:
    for sink in facts.sinks:
        yield "nadi_collector_sink_points_total", (sink.sink,), sink.points
        yield "nadi_collector_sink_errors_total", (sink.sink,), sink.errors
        yield "nadi_collector_sink_lag_seconds", (sink.sink,), sink.lag_seconds
    for channel_and_result, count in facts.notifications.items():
        yield "nadi_collector_notifications_total", channel_and_result, count


def _centre(facts: Facts) -> Written:
    yield from hosts(facts.inventory, facts.snapshot.power)
    yield from certificates(facts.snapshot.power)
    if facts.centre is not None:
        yield from backups(facts.centre)
        yield from supply(facts.centre, facts.inventory, facts.power)

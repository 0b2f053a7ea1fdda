"""What registers, plans and written reports say now, as series (pure); what is unknown has none.

Of what is open the oldest 200 are told one by one, so the number of series is bounded; the counts hold all.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from collector.feeds.series import Written
from collector.inventory import Inventory, Link
from collector.judge.figures import Evaluation
from collector.outlook import Outlook
from collector.paperwork import MOST_OPEN, OpenIncident, Paperwork
from collector.register.content import utc_ns
from collector.register.records.maintenance import concerns

NANO = 1e-9


def paperwork(papers: Paperwork, inventory: Inventory) -> Written:
    """Yield incidents, disconnections, work under way, proposals, reports and log checks."""
    yield from _incidents(papers)
    for record in papers.apart[:MOST_OPEN]:
        labels = record.code, record.opd, record.form.link, record.form.ground
        yield "nadi_disconnection_active", labels, 1
        yield "nadi_disconnection_planned_end_timestamp_seconds", labels, utc_ns(record.form.ends) * NANO
    for (code, link), _ in zip(_under_work(papers, inventory), range(MOST_OPEN), strict=False):
        yield "nadi_maintenance_active", (code, link.code, link.opd), 1
    for state, count in papers.proposals.items():
        yield "nadi_proposal_records", (state,), count
    for report in papers.reports:
        period = (str(report.month),)
        yield "nadi_report_state", period, report.state
        yield "nadi_report_due_timestamp_seconds", period, report.due_ns * NANO
        delivered_ns = report.delivered_ns
        yield "nadi_report_delivered_timestamp_seconds", period, delivered_ns and delivered_ns * NANO
        yield "nadi_report_follow_up_open", period, report.open
        yield "nadi_report_follow_up_overdue", period, report.overdue
    for _, due_ns in papers.log_checks[:1]:
        yield "nadi_collector_log_check_due_timestamp_seconds", (), due_ns * NANO


def _under_work(papers: Paperwork, inventory: Inventory) -> Iterator[tuple[str, Link]]:
    for record in papers.work:
        for link in inventory.links:
            if concerns(record.form, link.code, inventory):
                yield record.code, link


def _incidents(papers: Paperwork) -> Written:
    for kinds, (open_, broken) in papers.counts.items():
        yield "nadi_incident_open", kinds, open_
        yield "nadi_incident_breached", kinds, broken
    for opened, count in papers.opened.items():
        yield "nadi_incident_opened_total", opened, count
    for level, (response, restore) in papers.kept.items():
        yield "nadi_incident_response_ratio", (level,), response
        yield "nadi_incident_restore_ratio", (level,), restore
    for item in papers.incidents[:MOST_OPEN]:
        labels = _named(item)
        yield "nadi_incident_started_timestamp_seconds", labels, item.began_ns * NANO
        yield "nadi_incident_restore_due_timestamp_seconds", labels, item.due_ns and item.due_ns * NANO


def _named(item: OpenIncident) -> tuple[str, ...]:
    return item.record.code, item.record.opd, *item.kinds, item.record.state


def outlook(found: Outlook) -> Written:
    """Yield needs, routers' limits, probes, and the figures of written reports."""
    for opd, rate in found.needs.items():
        yield "nadi_evaluation_need_bits_per_second", (opd,), rate
    for way, ratio in found.diversity.items():
        yield "nadi_evaluation_diversity_ratio", (way,), ratio
    for drift in found.drifts:
        link = drift.link
        queue = link.counters[0 if drift.direction == "unduh" else 1].object
        labels = link.device, queue, link.code, link.opd, drift.direction
        # No limit is no rate: the verdict tells it.
        yield "nadi_queue_limit_bits_per_second", labels, drift.read_bps or None
        yield "nadi_queue_config_match", labels, drift.match
    for code, (link, quality) in found.probes.items():
        yield "nadi_link_rtt_median_seconds", (code, link.opd), quality.rtt_median
        yield "nadi_link_rtt_p95_seconds", (code, link.opd), quality.rtt_p95
        yield "nadi_link_loss_ratio", (code, link.opd), quality.loss
    for name, figures in (("p95", found.p95), ("recommended", found.advice)):
        for opd, period, direction, rate in figures:
            yield f"nadi_report_{name}_bits_per_second", (opd, period, direction), rate
    for month, whole in found.whole.items():
        yield "nadi_report_integrity_ok", (str(month),), whole
        yield "nadi_report_version", (str(month),), found.versions[month]
    yield "nadi_collector_manual_values", (), found.manual


def upstream(month: Evaluation) -> Written:
    """Yield the P95 of all uplinks together in the month to date."""
    for direction, figures in (("unduh", month.totals.unduh), ("unggah", month.totals.unggah)):
        p95: Fraction | None = figures.p95 if figures else None
        yield "nadi_evaluation_upstream_p95_bits_per_second", (direction,), p95

"""Duties that are overdue, and outages that nobody wrote down, as findings (pure).

Each begins when the deadline passed, so that it is told once and only while it is news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from fractions import Fraction

from agent.clock import NS, Zone
from collector.inventory import Link
from collector.judge.allocation import SEVERITY, Finding, Rule
from collector.judge.network import NetworkMonth, NetworkRow
from collector.measure.intervals import Intervals
from collector.paperwork import MOST_OPEN, REPORT_STATES, Paperwork
from collector.register.book import Record
from collector.register.content import utc_ns
from collector.register.records.disconnection import overdue as lasts_too_long
from collector.register.records.incident import Incident, outage

_NONE = Fraction(0)


def duties(papers: Paperwork, *, zone: Zone) -> list[Finding]:
    """Return what is overdue at ``papers.now_ns``: log checks, reports, recommendations, disconnections, incidents."""
    found = sorted(_overdue(papers, zone), key=lambda item: (item.start_ns, item.object))
    return found[:MOST_OPEN]


def _overdue(papers: Paperwork, zone: Zone) -> Iterator[Finding]:
    now_ns = papers.now_ns
    for month, due_ns in papers.log_checks:
        if due_ns < now_ns:
            yield finding("log_check_overdue", str(month), due_ns)
    for report in papers.reports:
        if report.due_ns < now_ns and report.state < REPORT_STATES["disampaikan"]:
            yield finding("report_undelivered", str(report.month), report.due_ns)
    for record in papers.followups:
        yield finding("followup_overdue", record.code, zone.day_start(record.form.due + timedelta(days=1)))
    for record in papers.apart:
        if lasts_too_long(record, now_ns=now_ns):
            yield finding("disconnection_overdue", record.code, utc_ns(record.form.ends))
    for item in papers.incidents:
        late: tuple[tuple[Rule, int | None, bool], ...] = (
            ("incident_unanswered", item.answer_due_ns, item.record.form.acknowledged is None),
            ("incident_unrestored", item.due_ns, True),
        )
        for rule, at_ns, is_open in late:
            if is_open and at_ns is not None and at_ns < now_ns:
                yield finding(rule, item.record.code, at_ns)


def finding(rule: Rule, what: str, since_ns: int) -> Finding:
    """Return a finding that has no amount."""
    return Finding(rule, what, "", SEVERITY[rule], since_ns, None, _NONE, _NONE, "")


def unrecorded(network: NetworkMonth, incidents: Iterable[Record], *, now_ns: int, least_seconds: int) -> list[Finding]:
    """Return the links that were down for ``least_seconds`` without any incident: one finding a link, of the first.

    So what a backlog tells of the past is marked, though it opens no incident.
    """
    known = [item.form for item in incidents if item.form.type == "gangguan"]
    found = [(row, _first(row, known, now_ns, least_seconds * NS)) for row in network.rows]
    return [finding("outage_unrecorded", row.link.code, since) for row, since in found if since is not None]


def _first(row: NetworkRow, known: Iterable[Incident], now_ns: int, least_ns: int) -> int | None:
    told = [outage(form, until_ns=now_ns) for form in known if _is_about(form, row.link)]
    for span in row.outages.spans:
        if span[1] - span[0] >= least_ns and not any((Intervals((span,)) & one).spans for one in told):
            return span[0]
    return None


def _is_about(form: Incident, link: Link) -> bool:
    """Tell whether an incident is about a link: its own, its agency's, or everybody's (an uplink's)."""
    return form.link == link.code or (not form.link and form.opd == link.opd) or not form.opd

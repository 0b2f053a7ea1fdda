"""Chapters III and IX: what became of recommendations; disconnections and blocking (records as they stood)."""

from __future__ import annotations

from collections.abc import Sequence

from agent.clock import Month, Zone
from collector.register.book import Record
from collector.register.content import utc_ns
from collector.register.records.disconnection import Disconnection
from collector.register.records.disconnection import overdue as is_past_end
from collector.register.records.followup import Followup, overdue
from collector.report import followup_words as words
from collector.report.document import Chapter, Paragraph, Table, Value, plain
from collector.report.words import NO, YES, counted, month


def followups(records: Sequence[Record], zone: Zone, *, closed_ns: int) -> Chapter:
    """Return chapter III: recommendations of earlier months, those past their due day marked."""
    if not records:
        return Chapter("III", words.FOLLOWUPS, (Paragraph(words.NO_FOLLOWUP),))
    rows = tuple(_followup(number, record, zone, closed_ns) for number, record in enumerate(records, start=1))
    late = sum(overdue(record, zone=zone, now_ns=closed_ns) for record in records)
    said = words.LATE.format(counted(late)) if late else words.NONE_LATE
    table = Table("bab-iii-tindak-lanjut", words.FOLLOWUPS, words.FOLLOWUP_COLUMNS, rows)
    return Chapter("III", words.FOLLOWUPS, (Paragraph(f"{words.FOLLOWUP_INTRO} {said}"), table), landscape=True)


def _followup(number: int, record: Record, zone: Zone, closed_ns: int) -> tuple[Value, ...]:
    form: Followup = record.form
    return (
        number,
        record.code,
        month(Month.parse(form.month)),
        plain(form.text),
        plain(form.owner),
        form.due,
        record.state,
        YES if overdue(record, zone=zone, now_ns=closed_ns) else NO,
        plain(form.result) or None,
        plain(form.evidence) or None,
    )


def disconnections(records: Sequence[Record], zone: Zone, *, closed_ns: int) -> Chapter:
    """Return chapter IX: what was approved, when it began and ended, and how long it went beyond its approved end."""
    if not records:
        return Chapter("IX", words.DISCONNECTIONS, (Paragraph(words.NO_DISCONNECTION),))
    rows = tuple(_disconnection(record, zone, closed_ns) for record in records)
    table = Table("bab-ix-pemutusan", words.DISCONNECTIONS, words.DISCONNECTION_COLUMNS, rows,
                  note=words.DISCONNECTION_NOTE)  # fmt: skip
    return Chapter("IX", words.DISCONNECTIONS, (Paragraph(words.DISCONNECTION_INTRO), table), landscape=True)


def _disconnection(record: Record, zone: Zone, closed_ns: int) -> tuple[Value, ...]:
    form: Disconnection = record.form
    began = None if form.started is None else utc_ns(form.started)
    until = closed_ns if form.ended is None else utc_ns(form.ended)
    past = (form.ended is not None and form.ended > form.ends) or is_past_end(record, now_ns=closed_ns)
    return (
        record.code,
        form.type,
        plain(form.opd),
        plain("; ".join(filter(None, (form.link or words.EVERY_LINK, form.object)))),
        words.GROUND[form.ground],
        plain(form.legal_basis),
        plain(form.approver) or None,
        None if began is None else zone.local(began),
        zone.local(utc_ns(form.ends)),
        None if form.ended is None else zone.local(until),
        None if began is None else words.minutes(until - began),
        words.minutes(until - utc_ns(form.ends)) if past else 0 if began is not None else None,
        record.state,
        plain(form.reason),
    )

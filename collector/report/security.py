"""Chapter XI: the monthly log check, and what Nadi counted of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.clock import Month, Zone
from collector.measure.intervals import Intervals
from collector.register.book import Record
from collector.register.content import utc_ns
from collector.register.records.logcheck import LogCheck, Source, overdue
from collector.report import security_words as words
from collector.report.document import Block, Chapter, Heading, Paragraph, Table, Value, plain
from collector.report.followup_words import minutes
from collector.report.loop import Counted
from collector.report.words import month as written_month

NUMBER = "XI"


def chapter(checks: Sequence[Record], counted: Counted | None, month: Month, zone: Zone, *, closed_ns: int) -> Chapter:
    """Return chapter XI; checks of this month and of the one before that are not signed are named."""
    blocks: list[Block] = [Heading(words.LOGS), Paragraph(words.INTRO)]
    blocks += [Paragraph(text) for text in _unsigned(checks, month, zone, closed_ns)]
    if checks:
        rows = tuple(_check(record, zone) for record in checks)
        sources = tuple(_source(record, source) for record in checks for source in record.form.sources)
        blocks.append(Table("bab-xi-pemeriksaan", words.CHECKS, words.CHECK_COLUMNS, rows))
        blocks.append(Table("bab-xi-log", words.SOURCES, words.SOURCE_COLUMNS, sources, note=words.SOURCE_NOTE))
    blocks.append(Heading(words.ITSELF))
    if counted is None:
        blocks.append(Paragraph(words.NOT_COUNTED))
    else:
        blocks.append(Table("bab-xi-nadi", words.COUNTED, words.COUNT_COLUMNS, tuple(_counts(counted)),
                            note=words.COUNT_NOTE))  # fmt: skip
    return Chapter(NUMBER, words.TITLE, tuple(blocks), landscape=True)


def _unsigned(checks: Sequence[Record], month: Month, zone: Zone, closed_ns: int) -> Iterator[str]:
    for one in (month.shifted(-1), month):
        if not any(item.state == "disahkan" and item.form.month == str(one) for item in checks):
            late = overdue(checks, one, zone=zone, now_ns=closed_ns)
            yield (words.UNSIGNED_LATE if late else words.UNSIGNED).format(written_month(one))


def _check(record: Record, zone: Zone) -> tuple[Value, ...]:
    form: LogCheck = record.form
    return (
        record.code,
        written_month(Month.parse(form.month)),
        plain(form.reviewer) or None,
        None if form.reviewed is None else zone.local(utc_ns(form.reviewed)),
        plain(form.signer) or None,
        None if form.signed is None else zone.local(utc_ns(form.signed)),
        plain(form.findings),
        plain(form.follow_up),
        record.state,
    )


def _source(record: Record, source: Source) -> tuple[Value, ...]:
    gaps = Intervals.of((utc_ns(gap.starts), utc_ns(gap.ends)) for gap in source.gaps)
    reasons = dict.fromkeys(plain(gap.reason) for gap in source.gaps if gap.reason.strip())
    return (
        written_month(Month.parse(record.form.month)),
        plain(source.name),
        source.critical,
        source.error,
        source.warning,
        source.notice,
        len(gaps.spans),
        minutes(gaps.length),
        plain("; ".join(reasons)) or None,
    )


def _counts(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for result, text in words.AUDIT.items():
        yield words.AUDITED, text, counted.audit.get(result, 0)
    for name, text in words.PUT_ASIDE.items():
        yield words.QUARANTINED, text, None if counted.put_aside is None else getattr(counted.put_aside, name)
    for whole, text in words.INTEGRITY.items():
        yield words.CHECKED, text, counted.checks.get(whole, 0)

"""Chapter VIII: incidents and requests, how soon they were answered and restored, and whether the level was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from agent.clock import Zone
from collector.register.content import utc_ns
from collector.register.records.incident import INCIDENT_TYPES, Incident
from collector.report import incident_words as words
from collector.report.document import Block, Chapter, Paragraph, Table, Value, percent, plain
from collector.report.loop import Handled

NUMBER = "VIII"


def chapter(handled: Sequence[Handled], names: Mapping[str, str], zone: Zone) -> Chapter:
    """Return chapter VIII; ``names`` are the agencies by code."""
    if not handled:
        return Chapter(NUMBER, words.TITLE, (Paragraph(words.NOTHING),))
    types = tuple((kind, *_totals([one for one in handled if one.record.form.type == kind])) for kind in INCIDENT_TYPES)
    every = (words.TOTAL, *_totals(handled))
    blocks: tuple[Block, ...] = (
        Paragraph(words.INTRO),
        Table("bab-viii-jenis", words.BY_TYPE, words.TYPE_COLUMNS, (*types, every), note=words.SHARE_NOTE),
        Table("bab-viii-gangguan", words.TITLE, words.COLUMNS, tuple(_row(one, zone) for one in handled),
              note=words.NOTE),
        *_measured(handled, zone),
        Table("bab-viii-meja-layanan", words.BY_OPD, words.DESK_COLUMNS, tuple(_desk(handled, names))),
    )  # fmt: skip
    return Chapter(NUMBER, words.TITLE, blocks, landscape=True)


def broken(handled: Sequence[Handled]) -> int:
    """Count those that went beyond their level."""
    return sum(_verdict(one) == "terlampaui" for one in handled)


def _verdict(one: Handled) -> str | None:
    return None if one.target is None else one.service.kept


def _row(one: Handled, zone: Zone) -> tuple[Value, ...]:
    form: Incident = one.record.form
    verdict = _verdict(one)
    return (
        one.record.code,
        plain(form.opd) or None,
        plain(form.link) or None,
        form.type,
        plain(form.summary),
        plain(one.level) or None,
        zone.local(utc_ns(form.started)),
        None if form.acknowledged is None else one.service.response.minutes,
        None if form.ended is None else one.service.restore.minutes,
        one.target.response_minutes if one.target else None,
        one.target.restore_minutes if one.target else None,
        words.VERDICT[verdict] if verdict else None,
        form.attribution or None,
        plain(form.cause) or None,
        plain(form.action) or None,
        one.record.state,
    )


def _measured(handled: Sequence[Handled], zone: Zone) -> list[Table]:
    """Return what Nadi itself measured and proposed of the incidents; no table where it did nothing of both."""
    rows: list[tuple[Value, ...]] = []
    for one in handled:
        form: Incident = one.record.form
        if form.recovered is None and not form.proposed:
            continue
        rows.append((
            one.record.code,
            plain(form.opd) or None,
            plain(form.link) or None,
            zone.local(utc_ns(form.started)),
            None if form.recovered is None else zone.local(utc_ns(form.recovered)),
            form.proposed or None,
            plain(form.evidence) or None,
            form.attribution or None,
        ))  # fmt: skip
    if not rows:
        return []
    return [
        Table("bab-viii-pengukuran", words.MEASURED, words.MEASURED_COLUMNS, tuple(rows), note=words.MEASURED_NOTE),
    ]


def _totals(handled: Sequence[Handled]) -> tuple[Value, ...]:
    verdicts = Counter(map(_verdict, handled))
    kept, missed = verdicts["tercapai"], verdicts["terlampaui"]
    return (
        len(handled),
        sum(one.record.form.ended is not None for one in handled),
        sum(one.record.form.ended is None for one in handled),
        kept,
        missed,
        percent(Fraction(kept, kept + missed)) if kept + missed else None,
    )


def _desk(handled: Sequence[Handled], names: Mapping[str, str]) -> list[tuple[Value, ...]]:
    rows: list[tuple[Value, ...]] = []
    for code in sorted({one.record.form.opd for one in handled}):
        mine = [one for one in handled if one.record.form.opd == code]
        types = Counter(one.record.form.type for one in mine)
        name = names.get(code, "") if code else words.NO_OPD
        rows.append((plain(code) or None, plain(name) or None, *(types[kind] for kind in INCIDENT_TYPES),
                     *_totals(mine)))  # fmt: skip
    return rows

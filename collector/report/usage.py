"""Chapters V, VI and XIV: determinations, use of bandwidth by agency, quality of the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.clock import NS
from collector.judge.drift import Drift, Match
from collector.judge.month import AllocationSpan, Direction, Evaluation, LinkMonth, OpdMonth
from collector.report import columns, words
from collector.report.document import (
    Chapter,
    Paragraph,
    Table,
    Value,
    View,
    gigabytes,
    mbps,
    percent,
    plain,
)

MINUTE_NS = 60 * NS


def allocations(evaluation: Evaluation, drifts: Sequence[Drift]) -> Chapter:
    """Return chapter V: every determination that touches the month; an agency without one has an empty row.

    ``drifts`` are the routers at the month's end: they stand beside the determination that was in force then.
    """
    rows: list[tuple[Value, ...]] = []
    for opd in evaluation.opds:
        for span in opd.allocations or (None,):
            held = span is not None and span == opd.allocation
            match = agreement([item for item in drifts if item.link.opd == opd.code]) if held else None
            rows.append((len(rows) + 1, plain(opd.code), plain(opd.name), opd.klass, *_span(evaluation, span), match))
    table = Table(
        "bab-v-alokasi",
        "Alokasi yang berlaku pada periode ini",
        columns.ALLOCATIONS,
        tuple(rows),
        note=words.ALLOCATION_NOTE,
    )
    return Chapter("V", "Alokasi Bandwidth yang Berlaku", (table,), landscape=True)


def _span(evaluation: Evaluation, span: AllocationSpan | None) -> tuple[Value, ...]:
    if span is None:
        return (None,) * 8
    zone, last = evaluation.zone, span.valid_to_ns
    return (
        mbps(span.down_bps),
        mbps(span.up_bps),
        mbps(span.floor_down_bps),
        mbps(span.floor_up_bps),
        plain(span.decision_number) or None,
        span.decision_date,
        zone.day(span.valid_from_ns),
        None if last is None else zone.day(last - 1),
    )


def agreement(drifts: Sequence[Drift]) -> str | None:
    """Say how the routers of an agency stand to its determination: what differs first, None without a limit to hold."""
    differing = [item for item in drifts if item.match is Match.BERBEDA]
    if differing:
        return plain("; ".join(f"{item.words}: {item.direction} {item.link.code}" for item in differing))
    unread = [item for item in drifts if item.match is Match.TIDAK_TERBACA]
    return (unread or drifts)[0].words if drifts else None


def chapter(evaluation: Evaluation) -> Chapter:
    """Return chapter VI: the main table, on paper as the compact version and the remaining columns."""
    marked = frozenset(
        (line, key)
        for line, opd in enumerate(evaluation.opds)
        for key, way in (("p95_unduh_mbps", opd.unduh), ("p95_unggah_mbps", opd.unggah))
        if way.indicative
    )
    table = Table(
        "bab-vi-penggunaan",
        "Penggunaan bandwidth per Perangkat Daerah",
        columns.MAIN,
        tuple(_usage(evaluation, number, opd) for number, opd in enumerate(evaluation.opds, start=1)),
        note=words.MAIN_NOTE,
        views=(View(words.COMPACT, columns.COMPACT), View(words.REMAINING, columns.REMAINING)),
        marked=marked,
    )
    return Chapter(
        "VI", "Penggunaan Bandwidth per Perangkat Daerah", (Paragraph(words.MAIN_INTRO), table), landscape=True
    )


def _usage(evaluation: Evaluation, number: int, opd: OpdMonth) -> tuple[Value, ...]:
    down, up = opd.unduh, opd.unggah
    return (
        number,
        plain(opd.code),
        plain(opd.name),
        "; ".join(dict.fromkeys(plain(link.link) for link in opd.links)) or None,
        opd.klass,
        mbps(opd.allocation_down),
        mbps(opd.allocation_up),
        mbps(down.mean),
        mbps(up.mean),
        mbps(down.p95),
        mbps(up.p95),
        mbps(down.peak),
        None if down.peak_start_ns is None else evaluation.zone.local(down.peak_start_ns),
        None if down.busy_hour is None else words.clock_hour(down.busy_hour),
        mbps(down.busy_hour_mean),
        percent(opd.utilisation),
        percent(opd.ceiling),
        opd.dropped,
        gigabytes(down.volume_octets),
        gigabytes(up.volume_octets),
        percent(opd.coverage),
        *bounds(down),
        *bounds(up),
        percent(down.p95_change),
        percent(up.p95_change),
        words.status(opd.status, indicative=opd.indicative),
    )


def bounds(way: Direction) -> tuple[Value, Value]:
    """Return the bounds of P95 as cells: missing, a rate, or "tidak terbatas" for a shown bound without end."""
    if not way.bounds_shown:
        return None, None
    return mbps(way.p95_low), words.UNBOUNDED if way.p95_high is None else mbps(way.p95_high)


def quality(evaluation: Evaluation) -> Chapter:
    """Return chapter XIV: what the figures stand on, by link, and every gap longer than an hour."""
    links = list(_links(evaluation))
    rows = tuple(_quality(code, link) for code, link in links)
    gaps = tuple(
        (code, plain(link.link), evaluation.zone.local(gap.start_ns), evaluation.zone.local(gap.end_ns),
         (gap.end_ns - gap.start_ns) // MINUTE_NS)
        for code, link in links
        for gap in link.gaps
    )  # fmt: skip
    return Chapter(
        "XIV",
        "Mutu Data dan Keterbatasan",
        (
            Paragraph(words.ALL_AUTOMATIC),
            Table("bab-xiv-mutu", "Mutu data per tautan", columns.QUALITY, rows, note=words.QUALITY_NOTE),
            Table("bab-xiv-celah", "Celah data lebih dari satu jam", columns.GAPS, gaps),
        ),
        landscape=True,
    )


def _links(evaluation: Evaluation) -> Iterator[tuple[str | None, LinkMonth]]:
    for opd in evaluation.opds:
        for link in opd.links:
            yield plain(opd.code), link
    for item in evaluation.upstream:
        for link in item.links:
            yield None, link


def _quality(code: str | None, link: LinkMonth) -> tuple[Value, ...]:
    counts = link.quality.counts
    return (
        code,
        plain(link.link),
        plain(f"{link.device} / {link.interface}"),
        words.VANTAGE[link.vantage],
        percent(link.coverage),
        link.quality.gaps,
        link.quality.gap_ns // MINUTE_NS,
        counts.resets,
        counts.long,
        counts.backward,
        counts.ambiguous_wraps,
        counts.over_physical,
        counts.clock,
        counts.contradictory,
        link.quality.clock_flagged,
        link.quality.late,
    )

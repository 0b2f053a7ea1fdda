"""Chapters XII, XIII and XV: proposals, analysis and recommendation for the coming period, the decision sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil

from agent.clock import Zone
from collector.judge.case import Klass
from collector.judge.planning import Plan, PlanRow, PlanWay, Way
from collector.judge.sharing import MBIT
from collector.register.book import Record
from collector.register.records.proposal import Proposal
from collector.report import planning_words as words
from collector.report.document import Block, Chapter, Heading, Items, Paragraph, Table, Value, mbps, percent, plain
from collector.report.document import rounded as round_once
from collector.report.words import number

SHARED: tuple[Klass, ...] = ("tinggi", "sedang", "dasar")


def proposals(records: Sequence[Record], zone: Zone, *, current: Plan | None) -> Chapter:
    """Return chapter XII: the newest state of each proposal of the period."""
    if not records:
        return Chapter("XII", words.PROPOSALS, (Paragraph(words.NO_PROPOSAL),))
    held: Mapping[tuple[str, Way], Fraction | None] = (
        {(row.code, row.way): row.current for row in current.rows} if current else {}
    )
    rows = tuple(_proposal(record, held, zone) for record in records)
    table = Table("bab-xii-usulan", words.PROPOSALS, words.PROPOSAL_COLUMNS, rows)
    return Chapter("XII", words.PROPOSALS, (table,), landscape=True)


def _proposal(record: Record, held: Mapping[tuple[str, Way], Fraction | None], zone: Zone) -> tuple[Value, ...]:
    form: Proposal = record.form
    return (
        record.code,
        plain(form.opd),
        plain(form.link),
        mbps(held.get((form.opd, "unduh"))),
        mbps(held.get((form.opd, "unggah"))),
        mbps(form.down_mbps * MBIT),
        mbps(form.up_mbps * MBIT),
        plain(form.reason),
        plain("; ".join(form.services)),
        form.users,
        form.starts,
        form.cost_rupiah_month,
        plain(form.risk),
        plain(form.new_service) or None,
        record.state,
        zone.day(record.recorded_ns),
    )


def recommendation(plan: Plan | None) -> Chapter:
    """Return chapter XIII: need, share and difference by agency and direction, and what is short of what."""
    title = words.RECOMMENDATION
    if plan is None:
        return Chapter("XIII", title, (Paragraph(words.NO_PLAN),))
    rows = tuple(_row(row) for row in plan.rows)
    table = Table("bab-xiii-rekomendasi", title, words.PLAN_COLUMNS, rows, note=words.PLAN_NOTE)
    totals = tuple(_total(way, plan.rupiah_per_mbps) for way in plan.ways)
    region = Table("bab-xiii-kapasitas", "Kapasitas, pembagian, dan kekurangan", words.REGION_COLUMNS, totals,
                   note=words.REGION_NOTE)  # fmt: skip
    blocks: list[Block] = [Paragraph(words.PLAN_INTRO), Paragraph(_weights(plan)), region, *_floors(plan), table]
    blocks += [Heading("Arti kode alasan"), Items(words.CODES)]
    return Chapter("XIII", title, tuple(blocks), landscape=True)


def _weights(plan: Plan) -> str:
    told = ", ".join(f"{klass} {plan.settings.weight(klass)}" for klass in SHARED)
    return f"Bobot kelas prioritas yang dipakai: {told}."


def _floors(plan: Plan) -> Iterator[Block]:
    for way in plan.ways:
        if way.floors_shortage is not None:
            yield Paragraph(
                f"Arah {words.WAY[way.way]}: kapasitas tidak mencukupi untuk jaminan minimum, kurang "
                f"{number(way.floors_shortage)} Mbps; pembagian tidak dihitung."
            )


def _row(row: PlanRow) -> tuple[Value, ...]:
    asked = None if row.asked is None else row.asked.ask(row.way).rate
    given = row.share_mbps
    step = None if given is None or row.current is None else given * MBIT - row.current
    return (
        plain(row.code),
        plain(row.name),
        row.klass,
        words.WAY[row.way],
        mbps(row.current),
        mbps(row.need.p95) if row.need else None,
        percent(row.ceiling),
        ceil(row.need.rate / MBIT) if row.need else None,
        mbps(asked),
        given,
        mbps(step),
        row.need.code if row.need else None,
        words.YES if row.indicative else None,
    )


def _total(way: PlanWay, price: Fraction | None) -> tuple[Value, ...]:
    missing = way.entitlement_shortage
    cost = None if missing is None or price is None else int(round_once(missing * price, 0))
    return (
        words.WAY[way.way],
        mbps(None if way.contracted is None else way.contracted * MBIT),
        way.usable,
        way.wanted,
        way.shared,
        missing,
        cost,
        mbps(None if way.planning_shortage is None else way.planning_shortage * MBIT),
        None if way.diversity is None else round_once(way.diversity, 2),
    )


def decision_sheet(plan: Plan | None, asked: Sequence[str]) -> Chapter:
    """Return chapter XV: what the Tim Koordinasi decides, with room for its hand."""
    rows: list[tuple[Value, ...]] = [(index, text, None, None, None) for index, text in enumerate(asked, start=1)]
    if plan is not None:
        for row in plan.rows:
            if row.share_mbps is not None and row.current is not None and row.share_mbps * MBIT != row.current:
                now, then = mbps(row.current), row.share_mbps
                text = (
                    f"Alokasi {words.WAY[row.way]} {plain(row.name)}: {number(now) if now is not None else '-'} Mbps "
                    f"menjadi {number(then)} Mbps (kode {row.need.code if row.need else '-'})"
                )
                rows.append((len(rows) + 1, text, None, None, None))
    if not rows:
        return Chapter("XV", words.DECISIONS, (Paragraph(words.NO_DECISION),))
    table = Table("bab-xv-keputusan", words.DECISIONS, words.DECISION_COLUMNS, tuple(rows), note=words.DECISION_NOTE)
    return Chapter("XV", words.DECISIONS, (table,), landscape=True)

"""Make the report's document from an evaluation: chapters, tables and typed cells, each rounded once."""

from __future__ import annotations

from dataclasses import dataclass

from agent.clock import NS
from collector.judge.datacentre import DataCentreMonth
from collector.judge.month import CapacityMonth, Evaluation, Status
from collector.report import (
    annexes,
    centre,
    columns,
    contracts,
    findings,
    followup,
    incidents,
    network,
    planning,
    security,
    usage,
    words,
)
from collector.report.document import (
    Block,
    Chapter,
    Document,
    Heading,
    Items,
    Paragraph,
    Table,
    Value,
    mbps,
    percent,
    plain,
    rounded,
)
from collector.report.loop import NOTHING, Loop
from collector.report.manifest import Origin
from collector.report.revision import Revision
from collector.report.settings import ReportSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Which version of a month's report this is; ``changes`` names the chapters that differ from the one before.

    ``revision`` is there once an earlier version is approved: it holds every difference from that one.
    """

    version: int = 1
    changes: tuple[str, ...] = ()
    revision: Revision | None = None

    def __post_init__(self) -> None:
        if self.version < 1:
            raise ValueError(f"version is {self.version}; the first version is 1")


def build(
    *,
    evaluation: Evaluation,
    datacentre: DataCentreMonth | None = None,
    loop: Loop = NOTHING,
    settings: ReportSettings,
    origin: Origin,
    edition: Edition,
) -> Document:
    """Return the document of one version of the report.

    ``datacentre`` None leaves chapter X without figures, an empty ``loop`` those that tell of registers.
    """
    region = plain(settings.region or evaluation.region)
    month, zone, closed_ns = evaluation.month, evaluation.zone, evaluation.closed_ns
    chapters = (
        _summary(evaluation, datacentre, loop),
        _scope(evaluation, settings),
        followup.followups(loop.followups, zone, closed_ns=closed_ns),
        _contracts(evaluation, loop),
        usage.allocations(evaluation, loop.drifts),
        usage.chapter(evaluation),
        network.chapter(loop.network),
        incidents.chapter(loop.incidents, {opd.code: opd.name for opd in evaluation.opds}, zone),
        followup.disconnections(loop.disconnections, zone, closed_ns=closed_ns),
        centre.chapter(datacentre, zone),
        security.chapter(loop.log_checks, loop.counted, month, zone, closed_ns=closed_ns),
        planning.proposals(loop.proposals, zone, current=loop.plan),
        planning.recommendation(loop.plan),
        usage.quality(evaluation),
        planning.decision_sheet(loop.plan, findings.decisions(evaluation, datacentre)),
    )
    control = _control(evaluation, settings, origin, edition, region)
    sheets = annexes.sheets_chapter(evaluation, loop.series)
    revised = () if edition.revision is None else (edition.revision.chapter(),)
    known = (control, *(table for chapter in (*chapters, sheets, *revised) for table in chapter.tables))
    return Document(
        title=words.TITLE,
        period=str(month),
        period_name=words.month(month),
        zone=evaluation.zone,
        region=region,
        label=evaluation.label,
        classification=plain(settings.classification),
        closed_ns=evaluation.closed_ns,
        version=edition.version,
        method=evaluation.method,
        letter=findings.letter(evaluation, region),
        changes=tuple(plain(change) for change in edition.changes),
        control=control,
        chapters=chapters,
        annexes=(sheets, *annexes.reference(evaluation, origin, known), *revised),
        sheets=annexes.sheets(evaluation),
    )


def _control(evaluation: Evaluation, settings: ReportSettings, origin: Origin, edition: Edition, region: str) -> Table:
    zone = evaluation.zone
    until = evaluation.until_ns
    lines: list[tuple[Value, ...]] = [
        ("Judul", words.TITLE),
        ("Periode", words.month(evaluation.month)),
        ("Wilayah", region),
        ("Versi dokumen", str(edition.version)),
        ("Data ditutup", words.instant(zone.local(evaluation.closed_ns), zone)),
        ("Zona waktu", f"{zone.name} (UTC+{zone.hours})"),
        ("Versi metode", evaluation.method),
        ("Versi perangkat lunak", plain(origin.code_version)),
        ("Klasifikasi", plain(settings.classification) or None),
    ]
    if edition.revision is not None:
        text = (
            f"Revisi {edition.revision.number} atas versi {edition.revision.base} yang telah disahkan (Lampiran F); "
            "memuat juga data yang tiba sesudah data ditutup"
        )
        lines.append(("Revisi", text))
    if until is not None:
        lines.append(("Data sementara sampai", words.instant(zone.local(until), zone)))
    if evaluation.label:
        lines.append(("Penanda", f"{evaluation.label}: data buatan, bukan hasil pengukuran"))
    return Table("kendali", "", (columns.ITEM, columns.CONTENT), tuple(lines))


def _summary(evaluation: Evaluation, datacentre: DataCentreMonth | None, loop: Loop) -> Chapter:
    asked = findings.decisions(evaluation, datacentre)
    end: Block = Items(asked, numbered=True) if asked else Paragraph(words.NO_DECISION)
    return Chapter(
        "I",
        "Ringkasan Eksekutif",
        (
            Paragraph(findings.overview(evaluation)),
            _statuses(evaluation),
            Paragraph(findings.capacity(evaluation)),
            *_capacity(evaluation),
            Heading("Temuan"),
            Items(findings.found(evaluation, datacentre, loop)),
            Heading("Keputusan yang Dimohonkan"),
            end,
        ),
    )


def _statuses(evaluation: Evaluation) -> Table:
    rows: list[tuple[Value, ...]] = [
        (words.STATUS[status], evaluation.totals.statuses.get(status, 0), words.STATUS_MEANING[status])
        for status in reversed(Status)
    ]
    rows.append((None, evaluation.totals.without_status, words.NO_STATUS_MEANING))
    return Table("bab-i-status", "Perangkat Daerah menurut status", columns.STATUSES, tuple(rows))


def _capacity(evaluation: Evaluation) -> tuple[Table, ...]:
    totals = evaluation.totals
    if totals.capacity_down_bps is None:
        return ()
    down, up = totals.unduh, totals.unggah
    rows = (
        ("Kapasitas kontrak pada akhir periode", mbps(totals.capacity_down_bps), mbps(totals.capacity_up_bps)),
        ("P95 seluruh tautan hulu", mbps(down.p95) if down else None, mbps(up.p95) if up else None),
        ("Puncak 5 menit seluruh tautan hulu", mbps(down.peak) if down else None, mbps(up.peak) if up else None),
    )
    return (Table("bab-i-kapasitas", "Kapasitas dan pemakaian seluruhnya", columns.SUMMARY, rows),)


def _scope(evaluation: Evaluation, settings: ReportSettings) -> Chapter:
    zone, month = evaluation.zone, evaluation.month
    basis: Block = (
        Items(tuple(settings.legal_basis), numbered=True) if settings.legal_basis else Paragraph(words.NO_BASIS)
    )
    start = words.instant(zone.local(month.start_ns(zone)), zone)
    end = words.instant(zone.local(month.end_ns(zone)), zone)
    closed = words.instant(zone.local(evaluation.closed_ns), zone)
    excluded = [opd for opd in evaluation.opds if opd.unduh.expected == 0]
    blocks: list[Block] = [
        Heading("Dasar hukum"),
        basis,
        Heading("Periode"),
        Paragraph(f"Periode yang dinilai adalah {start} sampai dengan sebelum {end}; data ditutup pada {closed}."),
        Heading("Ruang lingkup"),
        Paragraph(_scope_sentence(evaluation, len(excluded))),
    ]
    if excluded:
        blocks.append(Paragraph(f"Tidak dinilai karena tidak ada tautan yang aktif: {findings.names(excluded)}."))
    blocks.append(Paragraph(words.SCOPE))
    return Chapter("II", "Dasar dan Ruang Lingkup", tuple(blocks))


def _scope_sentence(evaluation: Evaluation, excluded: int) -> str:
    judged = len(evaluation.opds) - excluded
    return (
        f"Penilaian mencakup {words.counted(judged)} Perangkat Daerah dan simpul/tautannya sebagaimana tercantum pada "
        f"Bab VI; {words.counted(excluded) if excluded else 'tidak ada'} Perangkat Daerah yang dikecualikan."
    )


def _contracts(evaluation: Evaluation, loop: Loop) -> Chapter:
    if not evaluation.upstream:
        blocks: tuple[Block, ...] = (Paragraph(words.NO_CONTRACT),)
        return Chapter("IV", "Kapasitas dan Kontrak Layanan Internet", blocks)
    rows = tuple(_contract(evaluation, number, item) for number, item in enumerate(evaluation.upstream, start=1))
    marked = frozenset(
        (line, key)
        for line, item in enumerate(evaluation.upstream)
        for key, way in (("p95_hulu_unduh_mbps", item.unduh), ("p95_hulu_unggah_mbps", item.unggah))
        if way is not None and way.indicative
    )
    note = f"{words.CONTRACT_NOTE} {words.MARK_NOTE}" if marked else words.CONTRACT_NOTE
    table = Table("bab-iv-kontrak", "Kontrak layanan internet", columns.CONTRACTS, rows, note=note, marked=marked)
    told = (table, *contracts.promised(loop.contracts))
    return Chapter("IV", "Kapasitas dan Kontrak Layanan Internet", told, landscape=True)


def _contract(evaluation: Evaluation, number: int, item: CapacityMonth) -> tuple[Value, ...]:
    contract, zone = item.contract, evaluation.zone
    last = contract.valid_to_ns
    return (
        number,
        plain(contract.provider),
        plain(contract.number),
        mbps(contract.down_bps),
        mbps(contract.up_bps),
        None if last is None else zone.day(last - NS),
        contract.cost_rupiah_month,
        None if item.unduh is None else mbps(item.unduh.p95),
        None if item.unggah is None else mbps(item.unggah.p95),
        percent(item.utilisation),
        None if item.cost_per_mbps is None else int(rounded(item.cost_per_mbps, 0)),
    )

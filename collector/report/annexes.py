"""Annexes: a sheet for each agency, data dictionary, method, parameters, origin and verification."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

from agent.clock import NS, Zone
from collector.judge.month import Direction, Evaluation, OpdMonth, Parameters, SubFigures
from collector.report import chart, columns, tables, trends, words
from collector.report.document import (
    Block,
    Chapter,
    Heading,
    Items,
    Paragraph,
    Sheet,
    Table,
    Value,
    gigabytes,
    mbps,
    percent,
    plain,
)
from collector.report.manifest import Origin, allocation_set, digest, parameter_set
from collector.report.usage import bounds

HOUR_NS = 3600 * NS


def _ways(opd: OpdMonth) -> tuple[tuple[str, Direction], tuple[str, Direction]]:
    return (words.DOWN, opd.unduh), (words.UP, opd.unggah)


def sheets_chapter(evaluation: Evaluation, series: trends.Series | None = None) -> Chapter:
    """Return the tables behind annex A: figures of each direction, sub-periods, daily series, twelve months."""
    detail: list[tuple[Value, ...]] = []
    marked: set[tuple[int, str]] = set()
    for opd in evaluation.opds:
        for name, way in _ways(opd):
            if way.indicative:
                marked.add((len(detail), "p95_mbps"))
            detail.append((plain(opd.code), plain(opd.name), name, *_figures(evaluation.zone, way)))
    periods = tuple(row for opd in evaluation.opds for row in _periods(evaluation, opd))
    daily = tuple(
        row for opd in evaluation.opds for name, way in _ways(opd) for row in _daily(evaluation, opd, name, way)
    )
    return Chapter(
        "A",
        "Lembar Perangkat Daerah",
        (
            Table("lampiran-a-angka", "Angka per Perangkat Daerah dan arah", columns.DETAIL, tuple(detail),
                  printed=False, marked=frozenset(marked)),
            Table("lampiran-a-subperiode", "Subperiode alokasi", columns.PERIODS, periods, printed=False),
            Table("lampiran-a-harian", "Deret harian", columns.DAILY, daily, printed=False),
            *trends.tables(evaluation, series),
        ),
    )  # fmt: skip


def _figures(zone: Zone, way: Direction) -> tuple[Value, ...]:
    return (
        way.expected,
        way.valid,
        percent(way.coverage),
        mbps(way.mean),
        mbps(way.p95),
        words.YES if way.indicative else words.NO,
        *bounds(way),
        mbps(way.p95_previous),
        percent(way.p95_change),
        mbps(way.peak),
        None if way.peak_start_ns is None else zone.local(way.peak_start_ns),
        None if way.busy_hour is None else words.clock_hour(way.busy_hour),
        mbps(way.busy_hour_mean),
        None if way.peak_hour is None else _clock(zone, *way.peak_hour),
        mbps(way.peak_hour_mean),
        percent(way.ceiling),
        gigabytes(way.volume_octets),
        gigabytes(way.volume_spread_octets),
        words.status(way.status, indicative=way.status_indicative),
    )


def _clock(zone: Zone, day: date, hour: int) -> datetime:
    return zone.local(zone.day_start(day) + hour * HOUR_NS)


def _periods(evaluation: Evaluation, opd: OpdMonth) -> list[tuple[Value, ...]]:
    zone = evaluation.zone
    return [
        (
            plain(opd.code),
            plain(opd.name),
            zone.local(period.start_ns),
            zone.local(period.end_ns),
            mbps(period.down_bps),
            mbps(period.up_bps),
            *_both(period.unduh, period.unggah),
        )
        for period in opd.sub_periods
    ]


def _both(down: SubFigures, up: SubFigures) -> tuple[Value, ...]:
    return (
        percent(down.coverage),
        percent(up.coverage),
        mbps(down.p95),
        mbps(up.p95),
        percent(down.utilisation),
        percent(up.utilisation),
    )


def _daily(evaluation: Evaluation, opd: OpdMonth, name: str, way: Direction) -> list[tuple[Value, ...]]:
    return [
        (plain(opd.code), day, name, mean, p95)
        for day, mean, p95 in zip(evaluation.month.days, way.daily_mean, way.daily_p95, strict=False)
    ]


def sheets(evaluation: Evaluation) -> tuple[Sheet, ...]:
    """Return the sheet of each agency with its chart."""
    return tuple(
        Sheet(
            code=plain(opd.code),
            name=plain(opd.name),
            klass=opd.klass,
            status=words.status(opd.status, indicative=opd.indicative) or words.MISSING,
            chart=_chart(evaluation, opd),
            alt=f"Grafik lalu lintas {plain(opd.name)} {words.month(evaluation.month)}: rata-rata per jam, P95 harian, "
            "alokasi, dan celah data, arah Unduh dan Unggah.",
        )
        for opd in evaluation.opds
    )


def _chart(evaluation: Evaluation, opd: OpdMonth) -> str:
    panels = [
        chart.Panel(name, way.hourly, way.daily_p95, _steps(evaluation, opd, down=name == words.DOWN))
        for name, way in _ways(opd)
    ]
    return chart.svg(panels, days=len(evaluation.month.days), legend=chart.Legend(*words.CHART))


def _steps(evaluation: Evaluation, opd: OpdMonth, *, down: bool) -> list[chart.Step]:
    start, end = evaluation.month.start_ns(evaluation.zone), evaluation.month.end_ns(evaluation.zone)
    steps = []
    for span in opd.allocations:
        first = max(span.valid_from_ns, start)
        last = end if span.valid_to_ns is None else min(span.valid_to_ns, end)
        if first < last:
            bps = span.down_bps if down else span.up_bps
            steps.append(chart.Step((first - start) / HOUR_NS, (last - start) / HOUR_NS, bps))
    return steps


def reference(evaluation: Evaluation, origin: Origin, known: tuple[Table, ...]) -> tuple[Chapter, ...]:
    """Return annexes B to E; ``known`` are the tables that the dictionary explains."""
    parameters = Table("lampiran-d-parameter", "", columns.PARAMETERS, tuple(_parameters(evaluation.parameters)))
    facts = Table("lampiran-e-asal", "Asal data", columns.FACTS, _origin(evaluation, origin))
    steps = Items(words.VERIFY, numbered=True)
    return (
        Chapter("B", "Kamus Data", (dictionary((*known, parameters, facts)),), landscape=True),
        Chapter("C", "Metode Perhitungan", tuple(_method())),
        Chapter("D", "Daftar Parameter", (parameters,)),
        Chapter("E", "Manifest dan Cara Verifikasi", (facts, Heading("Cara verifikasi"), steps)),
    )


def dictionary(known: tuple[Table, ...]) -> Table:
    """Return the data dictionary of tables, itself among them."""
    empty = Table("lampiran-b-kamus", "", columns.DICTIONARY, ())
    rows = tuple(
        (
            item["kunci"],
            item["judul"],
            item["definisi"],
            item["satuan"] or None,
            words.KIND[item["jenis"]],
            item["tabel"],
        )
        for item in tables.dictionary((*known, empty))
    )
    return Table(empty.key, words.DICTIONARY, columns.DICTIONARY, rows)


def _method() -> list[Block]:
    return [block for title, text in words.METHOD for block in (Heading(title), Paragraph(text))]


def _parameters(parameters: Parameters) -> list[tuple[Value, ...]]:
    return [
        (name, meaning, _setting(name, getattr(parameters, name))) for name, meaning in words.PARAMETER_MEANING.items()
    ]


def _setting(name: str, value: object) -> str | None:
    if isinstance(value, Fraction):
        whole = value * 100
        return f"{whole.numerator} %" if whole.denominator == 1 else f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple):
        items = [words.WEEKDAYS[item] if name == "weekdays" else words.day(item) for item in value]
        return ", ".join(items) or None
    return words.number(value) if isinstance(value, int) else plain(str(value))


def _origin(evaluation: Evaluation, origin: Origin) -> tuple[tuple[Value, ...], ...]:
    return (
        ("Pengenal jurnal", plain(origin.journal_id) or None),
        ("Panjang jurnal (catatan)", words.number(origin.journal_length)),
        ("Kepala rantai (SHA-256)", plain(origin.head) or None),
        ("Akar segel (SHA-256)", plain(origin.seals_root) or None),
        ("Sidik parameter (SHA-256)", digest(parameter_set(evaluation))),
        ("Sidik himpunan alokasi (SHA-256)", digest(allocation_set(evaluation))),
        ("Versi metode", evaluation.method),
        ("Versi perangkat lunak", plain(origin.code_version)),
    )

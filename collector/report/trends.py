"""The twelve months of P95 behind an agency's sheet (annex A), and their trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from agent.clock import Month
from collector.judge.month import Evaluation
from collector.judge.past import Earlier
from collector.measure.trend import LEAST_MONTHS, Trend, trend
from collector.report import columns, words
from collector.report.document import Column, Table, Value, mbps, plain

MONTHS: Final = 12

Series = Mapping[tuple[str, str], Sequence[Fraction | None]]
"""P95 in bit/s of twelve months, oldest first, by OPD code and direction; None is unknown."""

MONTH: Final = Column("bulan", "Bulan", "text", "Bulan, tahun di depan.", width=1.0)
P95: Final = Column(
    "p95_bulan_mbps", "P95 bulan itu (Mbps)", "mbps",
    "Persentil ke-95 bulan itu menurut laporannya yang telah disahkan, atau bila belum disahkan, menurut data yang ada "
    "saat laporan dibuat; kosong bila cakupan kurang dari 75 %.",
    "Mbps",
)  # fmt: skip
MONTHLY: Final = (columns.CODE, columns.WAY, MONTH, P95)
TREND: Final = (
    columns.CODE,
    columns.NAME,
    columns.WAY,
    Column("bulan_tren", "Bulan diketahui", "count", "Bulan dengan P95 yang diketahui, dari dua belas.", "bulan"),
    Column("tren_mbps", "Tren (Mbps/bulan)", "mbps",
           f"Kemiringan Theil-Sen dari P95 bulanan; kosong bila kurang dari {LEAST_MONTHS} bulan.", "Mbps/bulan"),
    Column("tren_min_mbps", "Tren min (Mbps/bulan)", "mbps", "Kemiringan terkecil antara dua bulan.", "Mbps/bulan"),
    Column("tren_maks_mbps", "Tren maks (Mbps/bulan)", "mbps", "Kemiringan terbesar antara dua bulan.", "Mbps/bulan"),
)  # fmt: skip


def series(evaluation: Evaluation, past: Sequence[Earlier]) -> Series:
    """Return the P95 of the month and the eleven before it; ``past`` is newest first, what is missing is unknown."""
    by_month: dict[Month, Earlier] = {item.month: item for item in (*past, evaluation)}
    months = [by_month.get(month) for month in last_months(evaluation.month)]
    known = [{} if item is None else {opd.code: opd for opd in item.opds} for item in months]
    found: dict[tuple[str, str], Sequence[Fraction | None]] = {}
    for opd in evaluation.opds:
        held = [item.get(opd.code) for item in known]
        found[opd.code, words.DOWN] = tuple(None if item is None else item.unduh.p95 for item in held)
        found[opd.code, words.UP] = tuple(None if item is None else item.unggah.p95 for item in held)
    return found


def last_months(month: Month) -> list[Month]:
    """Return the twelve months that end with ``month``, oldest first."""
    return [month.shifted(-back) for back in range(MONTHS - 1, -1, -1)]


def tables(evaluation: Evaluation, found: Series | None) -> tuple[Table, ...]:
    """Return the tables of the trend, unprinted: the sheets show them; none where no past was looked at."""
    if found is None:
        return ()
    monthly: list[tuple[Value, ...]] = []
    trends: list[tuple[Value, ...]] = []
    for opd in evaluation.opds:
        for way in (words.DOWN, words.UP):
            values = found[opd.code, way]
            code = plain(opd.code)
            months = last_months(evaluation.month)
            monthly += [(code, way, str(month), mbps(value)) for month, value in zip(months, values, strict=True)]
            count = sum(value is not None for value in values)
            trends.append((code, plain(opd.name), way, count, *_slopes(trend(values))))
    return (
        Table("lampiran-a-bulanan", "P95 dua belas bulan", MONTHLY, tuple(monthly), printed=False),
        Table("lampiran-a-tren", "Tren P95", TREND, tuple(trends), printed=False),
    )


def _slopes(found: Trend | None) -> tuple[Value, Value, Value]:
    if found is None:
        return None, None, None
    return mbps(found.slope), mbps(found.low), mbps(found.high)


def view(monthly: Table, trends: Table, code: str) -> dict[str, object]:
    """Return the table of one sheet for report.typ: a row a direction, a column a month, the trend in words."""
    rows = monthly.of(code)
    months = list(dict.fromkeys(str(row[2]) for row in rows))
    held = {(row[1], row[2]): words.printed(row[3], monthly.columns[3]) for row in rows}
    heads = ["P95 (Mbps)", *(_short(Month.parse(month)) for month in months)]
    return {
        "kind": "table",
        "caption": "P95 dua belas bulan",
        "columns": [
            {"width": 1.5 if at == 0 else 1.0, "align": "left" if at == 0 else "right", "kind": "text"}
            for at in range(len(heads))
        ],
        "header": [[{"text": head, "colspan": 1, "rowspan": 1} for head in heads]],
        "rows": [[way, *(held[way, month] for month in months)] for way in (words.DOWN, words.UP)],
        "note": " ".join(_sentence(row) for row in trends.of(code)),
    }


def _short(month: Month) -> str:
    return f"{words.SHORT_MONTHS[month.number - 1]} {month.year % 100:02d}"


def _sentence(row: tuple[Value, ...]) -> str:
    way, count = row[2], row[3]
    if row[4] is None:
        return f"Tren {way}: belum cukup data ({count} bulan; sedikitnya {LEAST_MONTHS})."
    slope, low, high = (words.printed(value, column) for value, column in zip(row[4:7], TREND[4:7], strict=True))
    return f"Tren {way}: {slope} Mbps per bulan (Theil-Sen, n = {count}; antarbulan {low} s.d. {high})."

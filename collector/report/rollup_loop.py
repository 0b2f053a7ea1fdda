"""Chapter VI of a roll-up: what the registers told in each month, counted as its report shows it (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.clock import Month
from collector.report import network_words, words
from collector.report.document import Chapter, Column, Paragraph, Table, Value
from collector.report.frozen import Content, FrozenTable

Row = Mapping[str, Any]

LINE: Final = Column("uraian_rekap", "Uraian", "text", "Yang dihitung dalam laporan bulanan.", width=4.2)
NOTE: Final = (
    "Dihitung dari tabel laporan bulanan menurut keadaan pada saat data ditutup. Tidak dijumlahkan antarbulan, karena "
    'satu catatan dapat berlangsung lebih dari satu bulan. Tanda "-" berarti laporan bulan itu tidak direkap atau '
    "tidak memuatnya."
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A count of rows of one table; ``none`` is what holds where its chapter is there without the table."""

    text: str
    chapter: str
    table: str
    counts: Callable[[Row], bool]
    none: int | None = 0


def _every(row: Row) -> bool:
    return True


_LINES: Final = (
    _Line("Usulan kebutuhan yang tercatat", "XII", "bab-xii-usulan", _every),
    _Line("Usulan yang diterima", "XII", "bab-xii-usulan", lambda row: row["status_usulan"] == "diterima"),
    _Line("Pemutusan dan pemblokiran yang berlangsung", "IX", "bab-ix-pemutusan", _every),
    _Line("Pemutusan dan pemblokiran melewati rencana selesai", "IX", "bab-ix-pemutusan",
          lambda row: bool(row["lewat_rencana_menit"])),
    _Line("Insiden dan permintaan yang berlangsung", "VIII", "bab-viii-gangguan", _every),
    _Line("Insiden dan permintaan melampaui tingkat layanan", "VIII", "bab-viii-gangguan",
          lambda row: row["tercapai"] == words.NO),
    _Line("Tautan di bawah target ketersediaan bersih", "VII", "bab-vii-tautan",
          lambda row: row["status_jaringan"] == network_words.KEPT[False], none=None),
    _Line("Rekomendasi melewati tenggat", "III", "bab-iii-tindak-lanjut",
          lambda row: row["lewat_tenggat"] == words.YES),
)  # fmt: skip


def chapter(
    months: Sequence[Month],
    contents: Mapping[Month, Content],
    tables: Mapping[Month, Mapping[str, FrozenTable]],
    columns: Sequence[Column],
) -> Chapter:
    """Return the chapter; ``contents`` and ``tables`` are of the months that are rolled up, ``columns`` of all."""
    rows: list[tuple[Value, ...]] = [
        (line.text, *(_count(line, contents.get(month), tables.get(month, {})) for month in months)) for line in _LINES
    ]
    table = Table("rekap-siklus", "Catatan register tiap bulan", (LINE, *columns), tuple(rows))
    return Chapter("VI", "Usulan, Pemutusan, Gangguan, dan Tindak Lanjut", (table, Paragraph(NOTE)), landscape=True)


def _count(line: _Line, content: Content | None, tables: Mapping[str, FrozenTable]) -> int | None:
    """Return how many rows count in one month; None where its report is not there or has not the chapter."""
    if content is None or not any(item["nomor"] == line.chapter for item in content["bab"]):
        return None
    table = tables.get(line.table)
    return line.none if table is None else sum(map(line.counts, table.rows))

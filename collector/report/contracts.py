"""Chapter IV: what providers promised beside what was measured, each rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from collector.judge.contracts import ContractMonth
from collector.report.document import Column, Table, Value, plain
from collector.report.network import availability

TITLE: Final = "Jaminan layanan menurut kontrak"
NOTE: Final = (
    "Ketersediaan bersih adalah yang terendah dari tautan hulu kontrak itu (Bab VII); bagian penyedia hanya menghitung "
    "gangguan yang diatribusikan kepada penyedia. Dilanggar bila gangguan penyedia saja sudah melampaui janji; "
    "dipenuhi bila tidak melampaui walaupun ditambah gangguan tanpa atribusi. Selain itu, dan bila kurang dari 75 % "
    "waktunya diketahui, tidak ada tautan hulu, atau kontrak tidak berlaku sepanjang bulan: tidak dapat dinilai. Waktu "
    "tanggap dan pulih dihitung atas jam kalender di luar jeda yang disetujui, dari insiden tautan hulu yang "
    "diatribusikan kepada penyedia."
)
COLUMNS: Final = (
    Column("penyedia_jaminan", "Penyedia", "text", "Nama penyedia layanan internet.", width=2.4),
    Column("no_kontrak_jaminan", "No. Kontrak", "text", "Nomor kontrak layanan.", width=2.4),
    Column("janji_persen", "Ketersediaan dijanjikan (%)", "availability",
           "Ketersediaan sebulan menurut kontrak; kosong bila tidak dijanjikan.", "%", "Ketersediaan (%)", "janji",
           1.1),
    Column("terukur_bersih_persen", "Ketersediaan bersih (%)", "availability",
           "Terendah dari tautan hulu kontrak; kosong bila tidak dinilai.", "%", "Ketersediaan (%)", "bersih", 1.1),
    Column("terukur_penyedia_persen", "Ketersediaan bagian penyedia (%)", "availability",
           "Yang tersisa bila hanya gangguan penyedia dihitung.", "%", "Ketersediaan (%)", "bagian penyedia", 1.2),
    Column("status_janji", "Status ketersediaan", "text",
           "dipenuhi, dilanggar, tidak dapat dinilai, atau tidak dijanjikan.", width=1.6),
    Column("janji_tanggap_jam", "Tanggap dijanjikan (jam)", "count", "Kosong bila tidak dijanjikan.", "jam",
           "Janji (jam)", "tanggap"),
    Column("janji_pulih_jam", "Pulih dijanjikan (jam)", "count", "Kosong bila tidak dijanjikan.", "jam",
           "Janji (jam)", "pulih"),
    Column("insiden_penyedia", "Insiden penyedia", "count", "Insiden yang diatribusikan kepada penyedia.", "insiden",
           "Insiden", "penyedia"),
    Column("terlambat_tanggap", "Terlambat ditanggapi", "count", "Insiden yang melampaui janji tanggap.", "insiden",
           "Insiden", "terlambat tanggap"),
    Column("terlambat_pulih", "Terlambat pulih", "count", "Insiden yang melampaui janji pulih.", "insiden",
           "Insiden", "terlambat pulih"),
    Column("status_penanganan", "Status penanganan", "text",
           "dipenuhi, dilanggar, tidak dapat dinilai, atau tidak dijanjikan.", width=1.6),
    Column("restitusi", "Restitusi", "text", "Yang terutang bila dilanggar, menurut kontrak.", width=1.8),
)  # fmt: skip


def promised(rows: Sequence[ContractMonth]) -> tuple[Table, ...]:
    """Return the table of promises, none where no contract is known."""
    if not rows:
        return ()
    return (Table("bab-iv-jaminan", TITLE, COLUMNS, tuple(map(_row, rows)), note=NOTE),)


def _row(row: ContractMonth) -> tuple[Value, ...]:
    return (
        plain(row.provider),
        plain(row.number),
        availability(row.promise.availability),
        availability(row.net),
        availability(row.own),
        row.verdict,
        row.promise.response_hours,
        row.promise.restore_hours,
        row.incidents,
        row.late_answers,
        row.late_restores,
        row.service,
        plain(row.promise.credit) or None,
    )

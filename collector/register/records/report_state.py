"""Riwayat laporan: the life of one version of a month's report (spec/evaluation.md section 5).

Who made it, who checked it and who approved it are three people. Its content never changes: what is returned, and
what later data make different, is another version.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from collector.register.book import SHA256
from collector.register.demands import a_month
from collector.register.kinds import Context, Kind, Move, Reference


@dataclass(frozen=True, slots=True)
class ReportState:
    """Version ``version`` of the report of ``month`` (YYYY-MM), bound to its files by the SHA-256 of its manifest."""

    month: str
    version: int
    manifest_sha256: str
    maker: str = ""
    made: datetime | None = None
    checker: str = ""
    checked: datetime | None = None
    approver: str = ""
    approved: datetime | None = None
    delivery: str = ""


def problems(form: ReportState, context: Context) -> Iterator[str]:
    """Say what is wrong."""
    yield from a_month(form.month)
    if form.version < 1:
        yield "version harus 1 atau lebih"
    if SHA256.fullmatch(form.manifest_sha256) is None:
        yield "manifest_sha256 harus SHA-256 dalam 64 angka heksadesimal kecil"
    if context.state == "disampaikan" and not form.delivery:
        yield "delivery harus menyebut nomor penyampaian"


REPORT_STATE: Final = Kind(
    name="laporan",
    title="laporan bulanan",
    prefix="LAP",
    form=ReportState,
    opens="draf",
    openers=frozenset(("noc", "admin")),
    moves=(
        Move("draf", "diperiksa", frozenset(("pemeriksa",)), another=True, by="checker", when="checked"),
        Move("diperiksa", "disahkan", frozenset(("penetap",)), another=True, by="approver", when="approved"),
        Move("disahkan", "disampaikan", frozenset(("noc", "pemeriksa", "penetap")), sets=("delivery",)),
        Move("disampaikan", "disampaikan", frozenset(("noc", "pemeriksa", "penetap")), sets=("delivery",)),
        Move("draf", "dikembalikan", frozenset(("pemeriksa",))),
        Move("diperiksa", "dikembalikan", frozenset(("penetap",))),
    ),
    readers=frozenset(("pemeriksa", "penetap", "auditor")),
    check=problems,
    at="month",
    by="maker",
    when="made",
    unique=("month", "version"),
    refers=(Reference("delivery", "penyampaian", ("dikirim", "diterima"), same=("month", "version")),),
    source="LT Pasal 21 ayat (3)-(4)",
)

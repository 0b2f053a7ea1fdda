"""Usulan: what an OPD asks for (Lampung Timur 16/2023 Pasal 21 ayat (2), 39 ayat (2); Tanah Laut 25/2018 Pasal 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from collector.register.kinds import Context, Kind, Move

MOST_MBPS = 1_000_000
LEAST_REASON = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is asked for: rates in whole Mbps from ``starts`` to ``ends`` (None: until further notice), and why.

    It must be *spesifik, terukur, realistis*: a link, numbers, the services and users concerned, a target date, cost
    (rupiah a month) and risk. ``new_service`` names a service that begins on ``starts``; only such a proposal, once
    accepted, raises the need (code A5).
    """

    opd: str
    link: str
    down_mbps: int
    up_mbps: int
    reason: str
    services: tuple[str, ...]
    users: int
    starts: date
    target: date
    cost_rupiah_month: int
    risk: str
    ends: date | None = None
    new_service: str = ""


def problems(form: Proposal, context: Context) -> Iterator[str]:
    """Say what is not specific, measurable or realistic."""
    link = context.inventory.link.get(form.link)
    if link is None or link.opd != form.opd:
        yield f"tautan {form.link!r} bukan tautan {form.opd}; sebutkan kode tautan OPD yang terdaftar"
    for name, value in (("down_mbps", form.down_mbps), ("up_mbps", form.up_mbps)):
        if not 1 <= value <= MOST_MBPS:
            yield f"{name} harus bilangan bulat Mbps antara 1 dan {MOST_MBPS}"
        elif link is not None and link.port_bps is not None and value * 1_000_000 > link.port_bps:
            yield f"{name} melebihi kemampuan fisik tautan ({link.port_bps // 1_000_000} Mbps)"
    if len(form.reason.strip()) < LEAST_REASON:
        yield f"alasan terlalu singkat; jelaskan kebutuhan sedikitnya {LEAST_REASON} karakter"
    if not form.services or not all(name.strip() for name in form.services):
        yield "sebutkan sedikitnya satu layanan yang memerlukannya"
    if form.users < 1:
        yield "jumlah pengguna harus lebih dari nol"
    if form.cost_rupiah_month < 0:
        yield "biaya per bulan tidak boleh negatif"
    if not form.risk.strip():
        yield "risiko harus diisi (Tanah Laut 25/2018 Pasal 8 ayat (2))"
    if form.ends is not None and form.ends <= form.starts:
        yield "tanggal berakhir harus sesudah tanggal mulai"
    if not form.starts <= form.target:
        yield "tanggal target tidak boleh sebelum tanggal mulai"


PROPOSAL: Final = Kind(
    name="usulan",
    title="usulan kebutuhan bandwidth",
    prefix="USL",
    form=Proposal,
    opens="diajukan",
    openers=frozenset(("opd", "noc")),
    moves=(
        Move("diajukan", "dikembalikan", frozenset(("noc", "pemeriksa", "penetap")), another=True),
        Move("diajukan", "diterima", frozenset(("penetap",)), another=True),
        Move("diajukan", "ditolak", frozenset(("penetap",)), another=True),
        Move("dikembalikan", "diajukan", frozenset(("opd", "noc")), whole=True),
    ),
    readers=frozenset(("penetap", "pemeriksa", "auditor", "admin")),
    check=problems,
    opd="opd",
    source="LT Pasal 21 ayat (2), Pasal 39 ayat (2) huruf a; TL Pasal 8 ayat (2)",
)

"""Pemutusan sementara dan pemblokiran, approved before they begin (TL Pasal 12 ayat (3)-(4), Pasal 32 ayat (2))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from collector.inventory import EVER, Inventory
from collector.measure.intervals import Intervals
from collector.register.book import Record
from collector.register.content import utc_ns
from collector.register.demands import filled, in_order, known_links, not_later
from collector.register.kinds import Context, Kind, Move

Ground = Literal["kapasitas", "akses_terlarang", "penyalahgunaan"]
GROUNDS: Final[dict[str, frozenset[Ground]]] = {
    "pemutusan": frozenset(("kapasitas", "akses_terlarang")),
    "pemblokiran": frozenset(("kapasitas", "akses_terlarang", "penyalahgunaan")),
}
"""TL Pasal 12 ayat (3) names the grounds of a disconnection; misuse is one of blocking (Pasal 32 ayat (2) g, i)."""


@dataclass(frozen=True, slots=True)
class Disconnection:
    """A disconnection of an OPD (``link`` "": of all its links), or the blocking of ``object`` there.

    ``starts`` and ``ends`` are planned and what is approved; ``notice`` says how the OPD was told. A longer one is a
    record of its own with its own approval. Its content is never looked into: ``reason`` is what an official wrote.
    """

    type: Literal["pemutusan", "pemblokiran"]
    opd: str
    ground: Ground
    reason: str
    starts: datetime
    ends: datetime
    legal_basis: str
    notice: str
    link: str = ""
    object: str = ""
    proposer: str = ""
    approver: str = ""
    approved: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    evidence: str = ""


def problems(form: Disconnection, context: Context) -> Iterator[str]:
    """Say what is wrong; nothing is active that somebody did not approve before."""
    yield from filled(form, "opd", "reason", "legal_basis", "notice")
    yield from known_links((form.link,) if form.link else (), form.opd, context)
    if form.ground not in GROUNDS[form.type]:
        yield f"dasar {form.ground} tidak berlaku bagi {form.type}; pilih {' atau '.join(sorted(GROUNDS[form.type]))}"
    if form.type == "pemblokiran" and not form.object.strip():
        yield "object harus menyebut jaringan, aplikasi, atau alamat yang diblokir"
    if form.starts >= form.ends:
        yield "ends (rencana selesai) harus sesudah starts (rencana mulai)"
    if form.approved is not None and form.ends <= form.approved:
        yield "ends (rencana selesai) sudah lewat; ajukan yang baru"
    yield from not_later(form, context, "started", "ended")
    yield from in_order(form, "approved", "started", "ended")
    yield from _of_state(form, context.state)


def _of_state(form: Disconnection, state: str) -> Iterator[str]:
    begun = state in ("aktif", "selesai")
    if begun and (not form.approver or form.approved is None):
        yield f"{form.type} tidak dapat aktif tanpa penyetuju"
    if begun and form.started is None:
        yield "started (saat mulai) harus diisi"
    if state == "selesai":
        if form.ended is None:
            yield "ended (saat selesai) harus diisi"
        yield from filled(form, "evidence")


def approved_time(form: Disconnection, *, until_ns: int) -> Intervals:
    """Return B of one record (UTC ns): from its start to the earlier of actual and approved end, or ``until_ns``.

    Only a *pemutusan* takes time from the net availability; what is overdue does not (spec/evaluation.md section 3a).
    """
    if form.type != "pemutusan" or form.started is None or form.approved is None:
        return Intervals()
    start_ns = max(utc_ns(form.started), utc_ns(form.approved))
    ends = [utc_ns(form.ends), until_ns, *([utc_ns(form.ended)] if form.ended else [])]
    return Intervals.of([(start_ns, min(ends))])


def in_effect(record: Record) -> Intervals:
    """Return when (UTC ns) lines are disconnected by it: until it was ended, however late that is."""
    form: Disconnection = record.form
    if form.type != "pemutusan" or form.started is None:
        return Intervals()
    return Intervals.of([(utc_ns(form.started), utc_ns(form.ended) if form.ended else EVER)])


def concerns(form: Disconnection, link: str, inventory: Inventory) -> bool:
    """Tell whether a record is about a link."""
    return form.link == link if form.link else any(item.code == link for item in inventory.links_of(form.opd))


def overdue(record: Record, *, now_ns: int) -> bool:
    """Tell whether it goes on beyond its approved end."""
    return record.state == "aktif" and now_ns > utc_ns(record.form.ends)


DISCONNECTION: Final = Kind(
    name="pemutusan",
    title="pemutusan sementara atau pemblokiran",
    prefix="PTS",
    form=Disconnection,
    opens="diajukan",
    openers=frozenset(("noc", "pemeriksa")),
    moves=(
        Move("diajukan", "disetujui", frozenset(("penetap",)), another=True, by="approver", when="approved"),
        Move("diajukan", "ditolak", frozenset(("penetap",)), another=True),
        Move("disetujui", "aktif", frozenset(("noc",)), sets=("started",)),
        Move("disetujui", "dibatalkan", frozenset(("noc", "penetap"))),
        Move("aktif", "selesai", frozenset(("noc",)), sets=("ended", "evidence")),
    ),
    readers=frozenset(("opd", "penetap", "auditor", "admin")),
    check=problems,
    opd="opd",
    at="starts",
    by="proposer",
    source="TL Pasal 12 ayat (3)-(4), Pasal 32 ayat (2) huruf g dan i",
)

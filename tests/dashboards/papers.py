"""What the offices of the regency write down: levels of service, incidents, work, a disconnection, what is owed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from agent.clock import WIB
from collector.register.book import Record
from collector.register.kinds import Context, Kind
from collector.register.people import Actor
from collector.register.records.disconnection import DISCONNECTION, Disconnection
from collector.register.records.followup import FOLLOWUP, Followup
from collector.register.records.incident import INCIDENT, Incident
from collector.register.records.maintenance import MAINTENANCE, Maintenance
from collector.register.records.proposal import PROPOSAL, Proposal
from collector.register.records.service_level import SERVICE_LEVEL, Level, ServiceLevels
from collector.running import Collector
from tests.collector.book_sample import EVERYTHING, NOC, OFFICIAL

BASIS = "Peraturan Bupati, Pasal 10"
LEVELS = ServiceLevels(
    valid_from=date(2026, 10, 1),
    levels=(Level("utama", "Utama", 15, 120, availability_percent="99.5"),),
    usual="utama",
    legal_basis=BASIS,
    explanation="Disepakati",
)


def at(text: str) -> datetime:
    """Return a time of October 2026, such as ``08T10:00``."""
    return WIB.local(WIB.parse(f"2026-10-{text}"))


class Office:
    """Acts in the registers of a collector at the times they are said to happen."""

    def __init__(self, collector: Collector) -> None:
        self._register = collector.folder.register

    def _context(self, when: str) -> Context:
        return Context(self._register.inventory(), WIB, WIB.parse(f"2026-{when}"))

    def open(self, when: str, kind: Kind, form: Any, actor: Actor = NOC) -> Record:
        return self._register.book.open(kind, form, actor=actor, context=self._context(when))

    def move(self, when: str, record: Record, kind: Kind, target: str, actor: Actor = NOC, /, **values: Any) -> None:
        self._register.book.move(kind, record.code, target, actor=actor, context=self._context(when), values=values)


def determine(collector: Collector) -> None:
    """Put the table of service levels in force, on the day before the month."""
    office = Office(collector)
    table = office.open("09-30T23:10", SERVICE_LEVEL, LEVELS)
    office.move("09-30T23:20", table, SERVICE_LEVEL, "berlaku", OFFICIAL)


def file(collector: Collector) -> None:
    """Write down what happened until the afternoon of the eighth."""
    office = Office(collector)
    short = Incident("gangguan", "Putus", "dedi", at("05T08:00"), "UJI")
    mended = office.open("10-05T08:10", INCIDENT, short)
    office.move("10-05T08:12", mended, INCIDENT, "ditangani", acknowledged=at("05T08:11"), level="")
    office.move(
        "10-05T10:00", mended, INCIDENT, "selesai",
        ended=at("05T09:00"), cause="Kabel", action="Diganti", attribution="LAN",
    )  # fmt: skip
    office.open("10-08T15:44", INCIDENT, Incident("gangguan", "Putus", "dedi", at("08T15:40"), "UJI", "tautan-mati"))
    work = Maintenance(
        "Ganti radio", "Usang", at("08T14:00"), at("08T18:00"), links=("tautan-antre",), opds=("DUKCAPIL",)
    )
    office.open("10-07T08:00", MAINTENANCE, work)
    cut = Disconnection(
        "pemutusan", "UJI", "kapasitas", "Melampaui kapasitas", at("08T10:00"), at("08T15:00"), BASIS, "Surat",
        link="tautan-putus",
    )  # fmt: skip
    apart = office.open("10-08T08:00", DISCONNECTION, cut)
    office.move("10-08T09:00", apart, DISCONNECTION, "disetujui", OFFICIAL)
    office.move("10-08T10:01", apart, DISCONNECTION, "aktif", started=at("08T10:00"))
    wish = Proposal(
        "UJI", "tautan-antre", 20, 20, "Rekam medis elektronik di semua puskesmas", ("SIMPUS",), 40,
        date(2026, 11, 1), date(2026, 12, 1), 500_000, "Pelayanan tertunda",
    )  # fmt: skip
    office.open("10-06T08:00", PROPOSAL, wish)
    owed = Followup("2026-09", "Pasang perangkat cadangan", "Dinas", date(2026, 10, 5))
    office.open("10-02T08:00", FOLLOWUP, owed, EVERYTHING)

"""The book of records: who may act, what a step sets, that nothing is rewritten, and that altering shows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from agent.clock import WIB, ManualClock
from collector.register.book import Book, Forbidden, Missing, Papers, Refused
from collector.register.document import reads
from collector.register.kinds import Context
from collector.register.people import Actor
from collector.register.records.proposal import PROPOSAL, Proposal
from collector.register.revisions import Register

NOW = WIB.parse("2026-03-02T09:00:00")
DINKES = Actor("ani", frozenset(("opd",)), "DINKES")
DISDIK = Actor("budi", frozenset(("opd",)), "DISDIK")
OFFICIAL = Actor("citra", frozenset(("penetap",)))
NOC = Actor("dedi", frozenset(("noc",)))
AUDITOR = Actor("eka", frozenset(("auditor",)))
BOTH = Actor("fajar", frozenset(("noc", "penetap")))

ASKED = Proposal(
    opd="DINKES",
    link="wan-dinkes",
    down_mbps=50,
    up_mbps=20,
    reason="Rekam medis elektronik di seluruh puskesmas",
    services=("SIMPUS",),
    users=140,
    starts=date(2026, 4, 1),
    target=date(2026, 6, 30),
    cost_rupiah_month=4_750_000,
    risk="Layanan melambat bila tidak dipenuhi",
    new_service="SIMPUS",
)
INVENTORY = """
[[site]]
code = "s"
name = "Kantor"
[[opd]]
code = "DINKES"
name = "Dinas Kesehatan"
priority = "tinggi"
site = "s"
[[opd]]
code = "DISDIK"
name = "Dinas Pendidikan"
priority = "sedang"
site = "s"
[[device]]
code = "r"
name = "Router"
site = "s"
[[link]]
code = "wan-dinkes"
opd = "DINKES"
device = "r"
interface = "e1"
unduh = "receive"
vantage = "opd"
medium = "serat optik"
owner = "Kabupaten"
maintainer = "WAN"
port_mbps = 100
active_from = 2026-01-01
"""


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    made = Register(tmp_path / "register.db", zone=WIB, clock=ManualClock(NOW))
    made.apply(reads(INVENTORY, source="test", zone=WIB), actor="t", now_ns=NOW)
    yield made
    made.close()


@pytest.fixture
def context(register: Register) -> Context:
    return Context(register.inventory(), WIB, NOW)


@pytest.fixture
def book(register: Register) -> Book:
    return register.book


def test_a_proposal_is_numbered_dated_and_attributed(book: Book, context: Context) -> None:
    first = book.open(PROPOSAL, ASKED, actor=DINKES, context=context, papers=Papers("Perbup 1/2024", "mendesak"))
    second = book.open(PROPOSAL, ASKED, actor=NOC, context=context)
    assert (first.code, second.code) == ("USL-2026-00001", "USL-2026-00002")
    assert (first.revision, first.state, first.opd, first.actor, first.role) == (1, "diajukan", "DINKES", "ani", "opd")
    assert book.history(PROPOSAL, first.code) == [first]
    assert book.history(PROPOSAL, first.code)[0].form == ASKED


def test_each_step_is_a_revision_and_nothing_is_rewritten(book: Book, context: Context) -> None:
    first = book.open(PROPOSAL, ASKED, actor=DINKES, context=context)
    back = book.move(PROPOSAL, first.code, "dikembalikan", actor=NOC, context=context, papers=Papers(note="rinci"))
    better = replace(ASKED, down_mbps=40)
    again = book.move(PROPOSAL, first.code, "diajukan", actor=DINKES, context=context, form=better)
    done = book.move(PROPOSAL, first.code, "diterima", actor=OFFICIAL, context=context)
    assert book.history(PROPOSAL, first.code) == [first, back, again, done]
    assert [item.form.down_mbps for item in (first, back, again, done)] == [50, 50, 40, 40]
    assert book.current(PROPOSAL) == [done]
    assert book.current(PROPOSAL, states=("diajukan",)) == []


def test_the_maker_is_not_the_checker(book: Book, context: Context) -> None:
    made = book.open(PROPOSAL, ASKED, actor=BOTH, context=context)
    with pytest.raises(Forbidden, match="orang lain"):
        book.move(PROPOSAL, made.code, "diterima", actor=BOTH, context=context)
    book.move(PROPOSAL, made.code, "diterima", actor=OFFICIAL, context=context)


def test_who_corrected_a_proposal_may_not_accept_it_either(book: Book, context: Context) -> None:
    made = book.open(PROPOSAL, ASKED, actor=DINKES, context=context)
    book.move(PROPOSAL, made.code, "dikembalikan", actor=OFFICIAL, context=context)
    book.move(PROPOSAL, made.code, "diajukan", actor=BOTH, context=context, form=ASKED)
    with pytest.raises(Forbidden, match="orang lain"):
        book.move(PROPOSAL, made.code, "ditolak", actor=BOTH, context=context)


def test_an_opd_acts_and_reads_for_itself_alone(book: Book, context: Context) -> None:
    made = book.open(PROPOSAL, ASKED, actor=DINKES, context=context)
    with pytest.raises(Forbidden, match="DISDIK"):
        book.open(PROPOSAL, ASKED, actor=DISDIK, context=context)
    assert book.current(PROPOSAL, actor=DISDIK) == []
    assert book.current(PROPOSAL, actor=DINKES) == book.current(PROPOSAL, actor=AUDITOR) == [made]
    for act in (
        lambda: book.history(PROPOSAL, made.code, actor=DISDIK),
        lambda: book.move(PROPOSAL, made.code, "diajukan", actor=DISDIK, context=context, form=ASKED),
    ):
        with pytest.raises(Missing, match=made.code):
            act()


def test_a_role_that_may_not_is_refused_and_that_is_recorded(register: Register, book: Book, context: Context) -> None:
    with pytest.raises(Forbidden, match="peran noc atau opd"):
        book.open(PROPOSAL, ASKED, actor=AUDITOR, context=context)
    made = book.open(PROPOSAL, ASKED, actor=DINKES, context=context)
    with pytest.raises(Forbidden, match="peran penetap"):
        book.move(PROPOSAL, made.code, "diterima", actor=NOC, context=context)
    refused = [item for item in register.audit.records() if item.result == "refused"]
    assert [(item.actor, item.action, item.object) for item in refused] == [
        ("eka", "usulan", "usulan"),
        ("dedi", "usulan", made.code),
    ]


def test_a_step_that_does_not_follow_names_those_that_do(book: Book, context: Context) -> None:
    made = book.open(PROPOSAL, ASKED, actor=DINKES, context=context)
    book.move(PROPOSAL, made.code, "diterima", actor=OFFICIAL, context=context)
    with pytest.raises(Refused, match="keadaan berikutnya yang mungkin: tidak ada"):
        book.move(PROPOSAL, made.code, "ditolak", actor=OFFICIAL, context=context)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"link": "wan-lain"}, "tautan 'wan-lain' bukan tautan DINKES"),
        ({"down_mbps": 0}, "down_mbps harus bilangan bulat"),
        ({"up_mbps": 101}, "up_mbps melebihi kemampuan fisik tautan \\(100 Mbps\\)"),
        ({"reason": "perlu"}, "alasan terlalu singkat"),
        ({"services": ()}, "satu layanan"),
        ({"users": 0}, "jumlah pengguna"),
        ({"cost_rupiah_month": -1}, "biaya"),
        ({"risk": " "}, "risiko"),
        ({"ends": date(2026, 4, 1)}, "berakhir"),
        ({"target": date(2026, 3, 31)}, "target"),
        ({"reason": "x" * 2001}, "reason paling panjang"),
    ],
)
def test_what_is_not_specific_measurable_realistic_is_refused(
    book: Book, context: Context, wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        book.open(PROPOSAL, replace(ASKED, **wrong), actor=DINKES, context=context)  # type: ignore[arg-type]
    assert book.current(PROPOSAL) == []


def test_an_attachment_is_held_by_its_hash(book: Book, context: Context) -> None:
    for papers in (Papers(attachment_sha256="ab" * 32), Papers(attachment_sha256="AB" * 32, attachment_name="a.pdf")):
        with pytest.raises(Refused, match="lampiran"):
            book.open(PROPOSAL, ASKED, actor=DINKES, context=context, papers=papers)
    papers = Papers(attachment_sha256="ab" * 32, attachment_name="surat.pdf")
    assert book.open(PROPOSAL, ASKED, actor=DINKES, context=context, papers=papers).papers == papers


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE record SET body = replace(body, '50', '90') WHERE revision = 1", "revision 1: altered"),
        ("UPDATE record SET actor = 'x' WHERE revision = 2", "revision 2: altered"),
        ("DELETE FROM record WHERE revision = 1", "revision 1 is missing"),
    ],
)
def test_what_is_altered_shows(
    tmp_path: Path, register: Register, book: Book, context: Context, change: str, problem: str
) -> None:
    made = book.open(PROPOSAL, ASKED, actor=DINKES, context=context)
    book.move(PROPOSAL, made.code, "diterima", actor=OFFICIAL, context=context)
    assert book.check() == []
    with sqlite3.connect(tmp_path / "register.db") as connection:
        connection.execute(change)
    connection.close()
    assert any(problem in item for item in book.check())

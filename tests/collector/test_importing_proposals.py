"""Proposals from a table: who may not bring one, or brings what is not measurable, is told at which row and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.clock import WIB
from collector.importing.difference import Differences
from collector.importing.grid import Cell, Sheet, csv_of, folded, read_csv
from collector.importing.proposals import COLUMNS, Step, apply, differences, exported
from collector.importing.registers import exported as exported_register
from collector.importing.spreadsheet import read_xlsx, xlsx_of
from collector.importing.words import PROPOSAL as WORDS
from collector.register.book import Forbidden
from collector.register.field_words import WORDS as REGISTER_WORDS
from collector.register.kinds import Context
from collector.register.people import Actor
from collector.register.records.proposal import PROPOSAL
from collector.register.registers import KINDS
from tests.collector.book_sample import DINKES, NOC, OFFICIAL, Desk

TITLES = tuple(WORDS[name][0] for name in (
    "code", "opd", "link", "down_mbps", "up_mbps", "reason", "services", "users", "starts", "target",
    "cost_rupiah_month", "risk"))  # fmt: skip
ROW: tuple[Cell, ...] = (
    *(None, "DINKES", "wan-dinkes", 50, 20, "Rekam medis elektronik di puskesmas", "SIMPUS; e-Kinerja", 140),
    *("2026-04-01", "2026-06-30", 4_750_000, "Layanan melambat"),
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "register.db")


def sheet(*rows: tuple[Cell, ...]) -> Sheet:
    return Sheet("usulan", TITLES, tuple(enumerate(rows, start=2)))


def changed(**values: Cell) -> tuple[Cell, ...]:
    names = {WORDS[name][0]: value for name, value in values.items()}
    return tuple(names.get(title, cell) for title, cell in zip(TITLES, ROW, strict=True))


def context(desk: Desk) -> Context:
    return Context(desk.register.inventory(), WIB, desk.now_ns)


def compared(desk: Desk, *sheets: Sheet, actor: Actor = DINKES) -> tuple[Differences, list[Step]]:
    records = desk.book.current(PROPOSAL, actor=actor)
    return differences(records, sheets, actor=actor, context=context(desk))


def brought(desk: Desk, *rows: tuple[Cell, ...], actor: Actor = DINKES) -> Differences:
    found, steps = compared(desk, sheet(*rows), actor=actor)
    return apply(desk.book, found, steps, actor=actor, context=context(desk), note="impor u.csv")


def test_a_row_becomes_a_proposal_of_whoever_brings_it(desk: Desk) -> None:
    (item,) = brought(desk, ROW).items
    assert (item.action, item.key) == ("added", "USL-2026-00001")
    (record,) = desk.book.current(PROPOSAL)
    assert (record.actor, record.state, record.papers.note) == ("ani", "diajukan", "impor u.csv")
    assert record.form.services == ("SIMPUS", "e-Kinerja")


def test_the_same_file_again_asks_for_nothing(desk: Desk) -> None:
    brought(desk, ROW)
    (item,) = brought(desk, ROW).items
    assert (item.action, item.key, len(desk.book.current(PROPOSAL))) == ("unchanged", "USL-2026-00001", 1)


def test_an_export_imported_again_changes_nothing(desk: Desk) -> None:
    brought(desk, ROW, changed(link="wan-dinkes-2", ends=None))
    name, header, rows = exported(desk.book.current(PROPOSAL))
    for sheets in (
        read_xlsx(xlsx_of([(name, header, rows)])),
        [read_csv(csv_of(header, rows), name=name, known=map(folded, header))],
    ):
        found, steps = compared(desk, *sheets)
        assert ([item.action for item in found.items], steps) == (["unchanged", "unchanged"], [])


@pytest.mark.parametrize(
    ("values", "column", "told"),
    [
        ({"down_mbps": "50,5"}, "Unduh (Mbps)", "bilangan bulat"),
        ({"down_mbps": 500}, "", "melebihi kemampuan fisik"),
        ({"starts": "2026-04-01T08:00"}, "Mulai", "tanggal tanpa jam"),
        ({"risk": None}, "Risiko", "harus diisi"),
        ({"reason": "perlu"}, "", "alasan terlalu singkat"),
        ({"opd": "DISDIK", "link": "wan-disdik"}, "Kode OPD", "peran opd hanya berlaku bagi DINKES"),
        ({"code": "USL-2026-00009"}, "Nomor Usulan", "tidak ada usulan bernomor"),
    ],
)
def test_a_row_that_may_not_be_is_refused_and_the_others_are_brought(
    desk: Desk, values: dict[str, Cell], column: str, told: str
) -> None:
    good, bad = brought(desk, changed(link="wan-dinkes-2"), changed(**values)).items
    assert (good.action, bad.action, bad.row) == ("added", "refused", 3)
    assert [problem for problem in bad.problems if problem.column == column and told in problem.what]
    assert len(desk.book.current(PROPOSAL)) == 1


def test_an_opd_learns_nothing_of_another_ones_proposal(desk: Desk) -> None:
    brought(desk, changed(opd="DISDIK", link="wan-disdik"), actor=NOC)
    found, steps = compared(desk, sheet(changed(code="USL-2026-00001")))
    assert ("tidak ada usulan bernomor USL-2026-00001" in str(found.items[0]), steps) == (True, [])


def test_only_a_returned_proposal_is_brought_again(desk: Desk) -> None:
    brought(desk, ROW)
    again = changed(code="USL-2026-00001", down_mbps=60)
    (item,) = brought(desk, again).items
    assert "berkeadaan diajukan tidak ditulis ulang" in str(item)
    desk.move(PROPOSAL, "USL-2026-00001", "dikembalikan", OFFICIAL)
    (item,) = brought(desk, again).items
    assert (item.action, str(item.altered[0])) == ("changed", "Unduh (Mbps): 50 -> 60")
    (record,) = desk.book.current(PROPOSAL)
    assert (record.state, record.revision, record.form.down_mbps) == ("diajukan", 3, 60)


def test_a_state_is_not_typed_into_a_table(desk: Desk) -> None:
    brought(desk, ROW)
    name, header, rows = exported(desk.book.current(PROPOSAL))
    rows[0][1] = "diterima"
    found, _ = compared(desk, *read_xlsx(xlsx_of([(name, header, rows)])))
    assert "Keadaan: hanya untuk dibaca" in str(found.items[0])


def test_one_ask_on_two_rows_is_one_ask(desk: Desk) -> None:
    found, steps = compared(desk, sheet(ROW, ROW))
    assert ([item.action for item in found.items], len(steps)) == (["added", "refused"], 1)


def test_who_may_not_propose_is_refused_as_a_whole(desk: Desk) -> None:
    with pytest.raises(Forbidden, match="memerlukan peran noc atau opd"):
        compared(desk, sheet(ROW), actor=OFFICIAL)


def test_every_register_is_exported_with_words_for_each_column() -> None:
    for kind in KINDS.values():
        (_, header, rows), dictionary = exported_register(kind, (), zone=WIB)
        assert ([row[1] for row in dictionary], rows) == (list(header), [])
        assert all(row[6] for row in dictionary), kind.name
    assert {column.key for column in COLUMNS} == set(WORDS)
    assert "down_mbps" in REGISTER_WORDS

"""Manual entries of power and restore tests: added once, with their audit record, and told back by the commands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS
from collector.cli import main
from collector.config import FILE
from collector.register.engine import RegisterError
from collector.register.revisions import Register
from tests.collector.register_sample import NOW, document, opened
from tests.collector.test_inventory_centre import CENTRE


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = opened(tmp_path)
    register.apply(document(CENTRE), actor="t", now_ns=NOW)
    yield register
    register.close()


def test_entries_come_back_in_order_of_their_time_with_an_audit_record_each(register: Register) -> None:
    book = register.logbook
    book.add_power(kind="pulih", at_ns=NOW - 60 * NS, actor="siti", now_ns=NOW)
    book.add_power(kind="padam", at_ns=NOW - 3600 * NS, object="genset", actor="siti", now_ns=NOW + 1, note="PLN")
    assert [(item.id, item.kind, item.object, item.note) for item in book.power()] == [
        (2, "padam", "genset", "PLN"),
        (1, "pulih", "", ""),
    ]
    assert [item.kind for item in book.power(start_ns=NOW - 100 * NS)] == ["pulih"]
    assert [item.kind for item in book.power(limit=1)] == ["pulih"]
    assert [item.action for item in register.audit.records()[-2:]] == ["power.pulih", "power.padam"]
    assert (book.last_ids(), register.audit.verify()) == ((2, 0), None)


def test_restore_tests_are_kept_by_backup(register: Register) -> None:
    book = register.logbook
    book.add_restore_test(backup="harian", at_ns=NOW - 5, passed=False, note="rusak", actor="siti", now_ns=NOW)
    (found,) = book.restore_tests()
    assert (found.backup, found.passed, found.note, found.actor) == ("harian", False, "rusak", "siti")
    assert book.restore_tests(before_ns=NOW - 5) == []
    assert register.audit.records()[-1].action == "backup.tested"


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("bahan-bakar", None, "percent of the tank"),
        ("bahan-bakar", 101.0, "percent of the tank"),
        ("uji-genset", 2.0, "1 .passed. or 0"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(register: Register, kind: str, value: float, told: str) -> None:
    with pytest.raises(RegisterError, match=told):
        register.logbook.add_power(kind=kind, value=value, at_ns=NOW, actor="s", now_ns=NOW)  # type: ignore[arg-type]
    assert register.logbook.power() == []


def test_what_has_not_happened_yet_is_refused(register: Register) -> None:
    with pytest.raises(RegisterError, match="in the future"):
        register.logbook.add_power(kind="padam", at_ns=NOW + 301 * NS, actor="s", now_ns=NOW)
    with pytest.raises(RegisterError, match="in the future"):
        register.logbook.add_restore_test(backup="harian", at_ns=NOW + 301 * NS, passed=True, actor="s", now_ns=NOW)
    with pytest.raises(RegisterError, match="one line"):
        register.logbook.add_power(kind="catatan", at_ns=NOW, note="a\nb", actor="s", now_ns=NOW)


def test_an_entry_and_its_audit_record_stand_or_fall_together(register: Register, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "register.db") as other:
        other.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    other.close()
    with pytest.raises(Exception, match="no"):
        register.logbook.add_power(kind="padam", at_ns=NOW, actor="s", now_ns=NOW)
    assert register.logbook.power() == []


def nadi(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main([*words])
    shown = capsys.readouterr()
    return status, shown.out + shown.err


def begun(capsys: pytest.CaptureFixture[str], folder: Path) -> tuple[str, str]:
    (folder / "inventory.toml").write_text(CENTRE, encoding="utf-8")
    (folder / FILE).write_text('data = "data"\nzone = "WIB"\nregion = "Kabupaten Contoh"\n', encoding="utf-8")
    place = ("--config", str(folder / FILE))
    assert nadi(capsys, "inventory", "apply", str(folder / "inventory.toml"), *place)[0] == 0
    return place


def test_the_commands_write_and_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = begun(capsys, tmp_path)
    status, said = nadi(capsys, "power", "log", "padam", "--at", "2026-03-01T08:05", "--note", "gardu", *place)
    assert (status, said) == (0, "1: padam 2026-03-01T08:05:00+07:00\n")
    nadi(capsys, "power", "log", "bahan-bakar", "--value", "62.5", "--generator", "genset", *place)
    listed = nadi(capsys, "power", "list", *place)[1].splitlines()
    assert "2026-03-01T08:05:00+07:00  padam" in listed[1]
    assert "62.5" in listed[2]
    status, said = nadi(capsys, "backup", "tested", "harian", "--at", "2026-03-01", "--result", "gagal", *place)
    assert (status, said) == (0, "1: harian tested 2026-03-01T00:00:00+07:00: gagal\n")
    assert "gagal" in nadi(capsys, "backup", "list", *place)[1]


def test_what_is_not_registered_is_refused_with_what_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = begun(capsys, tmp_path)
    status, said = nadi(capsys, "backup", "tested", "x", "--result", "ok", *place)
    assert (status, said) == (1, "nadi: there is no backup 'x'; registered: harian\n")
    status, said = nadi(capsys, "power", "log", "padam", "--generator", "x", *place)
    assert (status, said) == (1, "nadi: there is no generator 'x'; registered: genset\n")
    status, said = nadi(capsys, "power", "log", "padam", "--at", "kemarin", *place)
    assert (status, "is no time such as" in said) == (1, True)

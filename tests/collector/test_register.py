"""The register: revisions all or nothing, determinations never rewritten, a database up to date."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from agent.clock import NS, WIB, WITA, ManualClock
from collector.inventory import InventoryError
from collector.register.document import read
from collector.register.engine import RegisterError, open_engine
from collector.register.revisions import Register
from collector.register.tables import metadata
from tests.collector.register_sample import ALLOCATION, CONTRACT, DEVICE, LINK, NOW, OPD, WHOLE, document, later, opened

EXAMPLE = Path(__file__).parents[2] / "config" / "inventory.toml"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    opened_register = opened(tmp_path)
    opened_register.apply(document(), actor="siti", now_ns=NOW)
    yield opened_register
    opened_register.close()


def refused(register: Register, text: str) -> tuple[str, ...]:
    before = register.revision()
    with pytest.raises(InventoryError) as of_diff:
        register.diff(document(text))
    with pytest.raises(InventoryError) as of_apply:
        register.apply(document(text), actor="siti", now_ns=NOW)
    assert of_diff.value.problems == of_apply.value.problems
    assert register.revision() == before
    return of_apply.value.problems


def test_the_shipped_example_applies(tmp_path: Path) -> None:
    register = opened(tmp_path)
    changes = register.apply(read(EXAMPLE, zone=WIB), actor="siti", now_ns=NOW)
    assert (changes.revision, changes.count("added")) == (1, 2 + 5 + 13 + 1 + 8 + 6 + 3 + 1 + 1 + 3)
    assert register.inventory().allocation_at("DISPUSIP", NOW) is not None
    assert register.check() == []
    register.close()


def test_the_inventory_is_what_was_applied(register: Register) -> None:
    inventory = register.inventory()
    assert (inventory.region, inventory.revision) == ("Kabupaten Contoh", 1)
    assert inventory.allocations == (document().allocation[0].record,)
    assert inventory.links_of("BPKAD") == document().link
    assert inventory.device["r1"].source == "r1"
    assert register.inventory() is inventory


def test_an_empty_register_has_an_empty_inventory(tmp_path: Path) -> None:
    register = opened(tmp_path)
    assert (register.revision(), register.inventory().opds) == (0, ())
    register.close()


def test_the_same_document_again_makes_no_revision(register: Register) -> None:
    changes = register.apply(document(), actor="siti", now_ns=NOW + NS)
    assert (bool(changes), changes.revision, str(changes)) == (False, 1, "no changes")


def test_diff_tells_what_apply_does_and_writes_nothing(register: Register) -> None:
    text = WHOLE.replace("Badan Keuangan", "Badan Aset") + later("SK-2", "2026-07-01")
    told = register.diff(document(text))
    assert register.revision() == 1
    assert told == register.apply(document(text), actor="siti", now_ns=NOW)
    assert str(told).splitlines() == [
        "changed  opd        BPKAD: name Badan Keuangan -> Badan Aset",
        "added    allocation BPKAD SK-2 from 2026-07-01: down 111 Mbps, up 12.5 Mbps",
        "note     allocation BPKAD SK-1 from 2026-01-01 now ends on 2026-07-01",
    ]


def test_the_inventory_of_an_earlier_time_is_the_one_known_then(register: Register) -> None:
    register.apply(document(WHOLE + later("SK-2", "2026-07-01")), actor="siti", now_ns=NOW + 100)
    assert register.revision(at_ns=NOW + 99) == 1
    assert len(register.inventory(at_ns=NOW + 99).allocations) == 1
    assert register.inventory(at_ns=NOW - 1).revision == 0
    assert [item.down_bps for item in register.inventory().allocations] == [90_000_000, 111_000_000]


def test_a_changed_determination_is_refused_with_its_line_and_mend(register: Register) -> None:
    (problem,) = refused(register, WHOLE.replace("down_mbps = 90", "down_mbps = 95"))
    assert problem == (
        "inventory.toml:32: allocation[0]: allocation BPKAD SK-1 from 2026-01-01 is registered with other values "
        "(down_bps 90 Mbps -> 95 Mbps); a determination is never rewritten: record a new one with its own number"
    )


def test_what_was_registered_does_not_disappear(register: Register) -> None:
    told = refused(register, WHOLE.replace(ALLOCATION, "").replace(CONTRACT, "").replace(LINK, ""))
    assert [problem.split(" is registered")[0] for problem in told] == [
        "inventory.toml: top level: contract isp K-1 from 2026-01-01",
        "inventory.toml: top level: allocation BPKAD SK-1 from 2026-01-01",
        "inventory.toml: top level: link wan-bpkad",
    ]


def test_an_allocation_ends_by_a_revocation_that_is_never_rewritten(register: Register) -> None:
    revoked = WHOLE + 'revoked = { number = "SK-9", date = 2026-09-01 }\n'
    changes = register.apply(document(revoked), actor="siti", now_ns=NOW + 1)
    assert [str(item) for item in changes.items] == [
        "retired  allocation BPKAD SK-1 from 2026-01-01: revoked by SK-9 on 2026-09-01"
    ]
    assert "opd BPKAD has no allocation from 2026-09-01 on" in changes.notes
    assert register.inventory().allocations[0].valid_to_ns == WIB.parse("2026-09-01")
    assert register.inventory(at_ns=NOW).allocations[0].valid_to_ns is None
    assert "a revocation is never rewritten" in refused(register, WHOLE)[0]
    assert "a revocation is never rewritten" in refused(register, revoked.replace("09-01", "10-01"))[0]
    register.apply(document(revoked + later("SK-10", "2026-09-01")), actor="siti", now_ns=NOW + 2)
    assert [item.decision_number for item in register.inventory().allocations] == ["SK-1", "SK-10"]
    assert register.check() == []


def test_a_link_is_closed_and_its_measured_values_change_with_a_note(register: Register) -> None:
    closed = register.diff(document(WHOLE.replace(LINK, LINK + "active_to = 2026-09-01\n")))
    assert [(item.action, item.detail) for item in closed.items] == [("retired", "active_to none -> 2026-09-01")]
    moved = register.diff(document(WHOLE.replace("ether1", "ether2")))
    assert moved.notes[0].startswith("link wan-bpkad: all its past is read anew")


def test_one_refused_record_keeps_the_whole_document_out(register: Register) -> None:
    more = OPD.replace("BPKAD", "DISDIK") + DEVICE.replace("r1", "r2")
    refused(register, WHOLE.replace("down_mbps = 90", "down_mbps = 95") + more)
    assert [item.code for item in register.inventory().opds] == ["BPKAD"]
    record = register.audit.records()[-1]
    assert (record.action, record.result, record.actor) == ("inventory.apply", "refused", "siti")


def test_an_apply_and_its_audit_record_stand_or_fall_together(register: Register, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "register.db") as other:
        other.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    other.close()
    with pytest.raises(Exception, match="no"):
        register.apply(document(WHOLE + later("SK-2", "2026-07-01")), actor="siti", now_ns=NOW)
    assert register.revision() == 1
    assert len(register.inventory().allocations) == 1


def test_two_writers_at_once_make_two_revisions(register: Register, tmp_path: Path) -> None:
    names = [f"SK-{i}" for i in range(2, 8)]
    texts = [WHOLE + OPD.replace("BPKAD", name) for name in names]

    def work(text: str) -> None:
        other = opened(tmp_path)
        other.apply(document(text), actor="x", now_ns=NOW)
        other.close()

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert register.revision() == 1 + len(names)
    assert register.audit.verify() is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("allocation SET down_bps = 1", "allocation BPKAD SK-1: its row differs from revision 1"),
        ("inventory_revision SET sha256 = '0'", "inventory revision 1: its document has another sha256"),
        ("inventory_revision SET document = CAST(document || ' ' AS BLOB)", "inventory revision 1: its document has"),
    ],
)
def test_an_altered_row_contradicts_the_revision(register: Register, tmp_path: Path, change: str, told: str) -> None:
    with sqlite3.connect(tmp_path / "register.db") as other:
        other.execute(f"UPDATE {change}")
    other.close()
    (problem,) = register.check()
    assert problem.startswith(told)


def test_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "register.db", zone=WIB)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_the_tables_can_be_made_by_postgresql() -> None:
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def test_an_existing_register_opens_with_its_records_and_chain(register: Register, tmp_path: Path) -> None:
    head = register.audit.head()
    register.close()
    again = opened(tmp_path)
    assert again.inventory().revision == 1
    assert again.audit.verify(head=head) is None
    again.close()


def test_the_file_is_for_its_owner_only(register: Register, tmp_path: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("register.db*")} == {0o600}


def test_another_zone_is_refused(register: Register, tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="its days are WIB, the configuration says WITA; set zone to WIB"):
        Register(tmp_path / "register.db", zone=WITA, clock=ManualClock(NOW))


def test_a_register_of_a_newer_nadi_is_refused(register: Register, tmp_path: Path) -> None:
    register.close()
    with sqlite3.connect(tmp_path / "register.db") as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    with pytest.raises(RegisterError, match="made by a newer Nadi"):
        opened(tmp_path)


def test_what_is_no_register_is_told(tmp_path: Path) -> None:
    (tmp_path / "register.db").write_text("no database at all, but long enough to be read as one\n" * 20)
    with pytest.raises(RegisterError, match=r"register\.db: cannot be opened: file is not a database"):
        opened(tmp_path)

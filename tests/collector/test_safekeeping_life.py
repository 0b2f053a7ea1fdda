"""What a restore begins and ends: the journal's new life, closed doors, the drill, a register elsewhere."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import ManualClock
from agent.identity import Key, enrolment_proof
from collector.config import JOURNAL
from collector.feeds.exposition import exposition
from collector.folder import Folder, Impossible
from collector.ledger import lives
from collector.register.enrolment import EnrolmentRefused
from collector.register.settings import RegisterSettings
from collector.safekeeping import note
from collector.safekeeping.form import find
from collector.safekeeping.making import make
from collector.safekeeping.restoring import DRILL, drill, restore
from collector.web.facts import facts
from tests.collector.postgres import running as postgres
from tests.collector.safe_place import ACTOR, Office, closed_july, office, quiet
from tests.collector.test_jobs import JULY
from tests.collector.web_visitor import settings_at

ANOTHER = Key(b"\5" * 32)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ManualClock]:
    data = tmp_path_factory.mktemp("closed") / "data"
    return data, closed_july(data)


@pytest.fixture
def safe(tmp_path: Path, closed: tuple[Path, ManualClock]) -> Iterator[Office]:
    with office(tmp_path, *closed) as made:
        yield made


def actions(folder: Folder) -> list[str]:
    return [record.action for record in folder.register.audit.records()]


def altered(folder: Folder, change: str, *values: object) -> None:
    with sqlite3.connect(folder.settings.data / JOURNAL) as db:
        assert db.execute(change, values).rowcount
    db.close()


def test_each_restore_gives_receipts_another_journal_and_the_ledger_stays_the_same(safe: Office) -> None:
    before = safe.folder.journal
    length = before.length()
    safe.make()
    with safe.restored() as folder:
        assert (folder.journal.id, folder.origin().journal_id) == (before.id, folder.journal.receipt_id)
        assert folder.journal.receipt_id != before.receipt_id == before.id
        assert lives.earlier(folder.journal.path) == [lives.Life(before.id, length)]
        assert "backup.restored" in actions(folder)


def test_a_report_made_after_the_backup_is_not_called_forged_when_the_chain_went_another_way(safe: Office) -> None:
    safe.make()
    safe.append(1, 5)
    shutil.rmtree(safe.folder.settings.data / "reports")
    assert safe.folder.issue(JULY)[1]
    with safe.restored() as folder:
        shutil.rmtree(safe.new / "reports")
        shutil.copytree(safe.folder.settings.data / "reports", safe.new / "reports")
        folder.journal.append(safe.append(100, 20))
        assert folder.check() == []


def test_a_ledger_rewritten_after_a_restore_is_still_found_by_an_older_report(safe: Office) -> None:
    newest = safe.folder.reports.newest(JULY)
    assert newest is not None
    length = safe.folder.journal.length()
    safe.make()
    with safe.restored() as folder:
        altered(folder, "UPDATE entry SET head = ? WHERE id = ?", bytes(32), length)
        assert any("rewritten after this report" in problem for problem in folder.check())


def test_tokens_and_sessions_of_the_backup_open_nothing_after_it(safe: Office) -> None:
    now_ns = safe.clock.now().wall_ns
    token = safe.folder.register.access.mint_enrolment(agent="a", devices=["a"], actor="t", now_ns=now_ns)
    safe.make()
    proof = ANOTHER.sign(enrolment_proof(token, "a", ANOTHER.public))
    given = {"token": token, "agent": "a", "public_key": ANOTHER.public, "proof": proof, "now_ns": now_ns}
    assert safe.restore().tokens == 1
    opened = Folder(settings_at(safe.new), clock=safe.clock, writer=True)
    with opened as folder, pytest.raises(EnrolmentRefused, match="withdrawn"):
        folder.register.access.enrol(**given)  # type: ignore[arg-type]


def test_a_drill_that_passes_is_recorded_and_leaves_nothing(safe: Office) -> None:
    safe.make()
    done = drill(safe.folder, safe.place, scratch=None, actor=ACTOR, tell=quiet)
    assert done.problems == ()
    assert note.read(safe.folder.settings.data).tested_ns == safe.clock.now().wall_ns
    assert actions(safe.folder)[-1] == "backup.drill-passed"
    assert list(safe.place.glob(f"{DRILL}*")) == []


@pytest.mark.parametrize("name", ["data/journal.db", "manifest.json"])
def test_a_drill_that_fails_is_recorded_and_proves_nothing(safe: Office, name: str) -> None:
    file = safe.make().backup.folder / name
    file.write_bytes(file.read_bytes()[:-1])
    done = drill(safe.folder, safe.place, scratch=None, actor=ACTOR, tell=quiet)
    assert len(done.problems) == 1
    assert note.read(safe.folder.settings.data).tested_ns is None
    assert actions(safe.folder)[-1] == "backup.drill-failed"


def test_a_register_in_postgresql_is_left_to_its_own_backup(tmp_path: Path, closed: tuple[Path, ManualClock]) -> None:
    with postgres() as cluster:
        settings = replace(settings_at(tmp_path / "data"), register=RegisterSettings(url=cluster.database()))
        place, clock = tmp_path / "backups", closed[1]
        with Folder(settings, clock=clock, writer=True) as folder:
            made = make(folder, place, configuration=(), actor=ACTOR, tell=quiet)
            assert [piece.name for piece in made.backup.manifest.pieces if "register" in piece.name] == []
            assert drill(folder, place, scratch=None, actor=ACTOR, tell=quiet).problems == ()
            before = len(actions(folder))
        with pytest.raises(Impossible, match="PostgreSQL"):
            restore(find(place), tmp_path / "new", settings=None, clock=clock, actor=ACTOR, tell=quiet)
        restore(find(place), tmp_path / "new", settings=settings, clock=clock, actor=ACTOR, tell=quiet)
        with Folder(replace(settings, data=tmp_path / "new"), clock=clock, writer=True) as folder:
            assert actions(folder)[before:] == ["integrity.whole", "backup.restored"]


def test_metrics_tell_of_backup_and_passed_drill_and_nothing_before_them(safe: Office) -> None:
    name = b"nadi_collector_own_%s_timestamp_seconds %s\n"
    assert b"nadi_collector_own" not in exposition(facts(safe.collector))
    made_ns = safe.make().backup.manifest.made_ns
    told = exposition(facts(safe.collector))
    assert name % (b"backup", repr(made_ns * 1e-9).encode()) in told
    assert b"nadi_collector_own_restore_test" not in told
    drill(safe.folder, safe.place, scratch=None, actor=ACTOR, tell=quiet)
    tested = repr(safe.clock.now().wall_ns * 1e-9).encode()
    assert name % (b"restore_test", tested) in exposition(facts(safe.collector))

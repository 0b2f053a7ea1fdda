"""Nadi's own backup: made while the collector writes, whole or none, and restored only when it is proven (F32)."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import DAY_S, NS, ManualClock
from collector.config import ARCHIVE, JOURNAL
from collector.folder import RESTORING, Folder, Impossible
from collector.ledger.columns import interface_series
from collector.safekeeping import note
from collector.safekeeping.form import MANIFEST, PART, find, folders
from tests.collector.safe_place import Office, closed_july, office
from tests.collector.test_jobs import JULY
from tests.collector.test_journal import batch
from tests.collector.web_visitor import settings_at


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ManualClock]:
    data = tmp_path_factory.mktemp("closed") / "data"
    return data, closed_july(data)


@pytest.fixture
def safe(tmp_path: Path, closed: tuple[Path, ManualClock]) -> Iterator[Office]:
    with office(tmp_path, *closed) as made:
        yield made


def test_what_is_restored_is_what_was_there(safe: Office) -> None:
    journal, audit = safe.folder.journal, safe.folder.register.audit.head()
    rows = [(row.key, row.body) for row in journal.rows()]
    safe.make()
    with safe.restored() as folder:
        assert [(row.key, row.body) for row in folder.journal.rows()] == rows
        assert (folder.journal.length(), folder.journal.head()) == (journal.length(), journal.head())
        assert folder.archive.seals() == safe.folder.archive.seals() != []
        assert folder.register.audit.verify(head=audit) is None
        assert folder.key.public == safe.folder.key.public
        assert folder.reports.months() == [JULY]
        assert folder.check() == []


def test_a_backup_made_while_batches_arrive_is_never_torn(safe: Office) -> None:
    stop = threading.Event()

    def write() -> None:
        first = 10_000
        while not stop.is_set():
            safe.append(first, 20)
            first += 20

    writers = [threading.Thread(target=write)]
    for writer in writers:
        writer.start()
    made = [safe.make().backup for _ in range(3)]
    stop.set()
    for writer in writers:
        writer.join()
    assert len({backup.manifest.length for backup in made}) > 1
    for backup in made:
        safe.restore(backup)
        shutil.rmtree(safe.new)


def put_back(db: sqlite3.Connection, seals: list[tuple[object, ...]]) -> None:
    db.executemany("INSERT INTO seal VALUES (?,?,?,?,?,?,?)", seals)
    db.commit()


def test_a_day_sealed_between_two_databases_is_waited_for(safe: Office) -> None:
    with sqlite3.connect(safe.folder.settings.data / ARCHIVE, check_same_thread=False) as db:
        seals = db.execute("SELECT * FROM seal").fetchall()
        db.execute("DELETE FROM seal")
        db.commit()
        later = threading.Timer(0.6, put_back, (db, seals))
        later.start()
        made = safe.make().backup
        later.join()
    db.close()
    assert safe.restore(made).problems == ()


def test_readings_of_a_sealed_day_are_there_once_after_a_restore(safe: Office) -> None:
    series = interface_series(source="token:tele", device="r1", interface="ether1")
    span = (safe.clock.now().wall_ns - 40 * DAY_S * NS, safe.clock.now().wall_ns)
    before = safe.folder.readings.columns(series, start_ns=span[0], end_ns=span[1])
    assert before is not None
    safe.make()
    with safe.restored() as folder:
        after = folder.readings.columns(series, start_ns=span[0], end_ns=span[1])
        assert after is not None
        assert (len(after), after.digest()) == (len(before), before.digest())
        assert folder.evaluate(JULY) == safe.folder.evaluate(JULY)


@pytest.mark.parametrize("harm", ["cut", "flipped", "missing"])
@pytest.mark.parametrize("name", ["data/journal.db", "data/chunks.db", "data/register.db", "data/key"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(safe: Office, name: str, harm: str) -> None:
    file = safe.make().backup.folder / name
    content = bytearray(file.read_bytes())
    if harm == "missing":
        file.unlink()
    else:
        content[len(content) // 2] ^= 1
        file.write_bytes(content[:-1] if harm == "cut" else content)
    with pytest.raises((Impossible, OSError), match=name):
        safe.restore()
    assert list(safe.new.iterdir()) == []


def test_a_changed_manifest_is_refused(safe: Office) -> None:
    manifest = safe.make().backup.folder / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b'"zone":"WIB"', b'"zone":"WIT"'))
    with pytest.raises(Impossible, match="signature"):
        find(safe.place)


def test_a_ledger_damaged_before_its_backup_is_restored_only_when_that_is_accepted(safe: Office) -> None:
    with sqlite3.connect(safe.folder.settings.data / JOURNAL) as db:
        db.execute("UPDATE entry SET body = zeroblob(length(body)) WHERE id = 1")
    db.close()
    safe.make()
    with pytest.raises(Impossible, match="accept-damage"):
        safe.restore()
    assert safe.restore(accept_damage=True).problems != ()


def test_a_folder_that_is_not_empty_is_never_restored_into(safe: Office) -> None:
    safe.make()
    safe.new.mkdir()
    (safe.new / JOURNAL).write_bytes(b"kept")
    with pytest.raises(Impossible, match="not empty"):
        safe.restore()
    assert (safe.new / JOURNAL).read_bytes() == b"kept"


def test_no_collector_starts_on_a_restore_that_was_broken_off(safe: Office) -> None:
    safe.make()
    (safe.new / RESTORING).mkdir(parents=True)
    (safe.new / RESTORING / JOURNAL).write_bytes(b"half")
    with pytest.raises(Impossible, match="broken off"):
        Folder(settings_at(safe.new), clock=safe.clock, writer=False)
    with safe.restored() as folder:
        assert folder.check() == []


def test_the_newest_are_kept_and_share_what_did_not_change(safe: Office) -> None:
    made = [safe.make(keep=2) for _ in range(4)]
    assert folders(safe.place) == [item.backup.folder for item in made[2:]]
    assert made[0].shared == 0
    report = next(piece for piece in made[-1].backup.manifest.pieces if piece.name.endswith(".pdf"))
    assert (made[-1].backup.folder / report.name).stat().st_nlink == 2
    assert list(made[-1].backup.problems()) == []


def test_what_is_rotten_in_the_last_backup_is_copied_anew(safe: Office) -> None:
    first = safe.make().backup
    rotten = first.folder / next(piece.name for piece in first.manifest.pieces if piece.name.endswith(".pdf"))
    rotten.write_bytes(b"rotten")
    assert list(safe.make().backup.problems()) == []


def test_a_backup_that_was_broken_off_counts_for_nothing_and_is_cleared_away(safe: Office) -> None:
    good = safe.make().backup
    left = safe.place / f"{PART}20990101T000000Z"
    (left / "data").mkdir(parents=True)
    (left / MANIFEST).write_bytes(b"{}")
    assert find(safe.place) == good
    safe.make()
    assert not left.exists()


def test_a_backup_is_never_put_into_the_data_folder(safe: Office) -> None:
    inside = Office(safe.collector, safe.clock, safe.folder.settings.data / "backups", safe.new)
    with pytest.raises(Impossible, match="data folder itself"):
        inside.make()


def test_a_linked_folder_is_not_left_out_silently(safe: Office, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (safe.folder.settings.data / "lampiran").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Impossible, match="symbolic link"):
        safe.make()
    assert folders(safe.place) == []


def test_files_and_folders_are_for_their_owner_alone(safe: Office) -> None:
    made = safe.make().backup
    safe.restore()
    restored = [safe.new, *(safe.new / piece.name.removeprefix("data/") for piece in made.manifest.pieces)]
    for path in (safe.place, made.folder, *made.folder.rglob("*"), *restored):
        assert path.name == "check.json" or path.stat().st_mode & 0o077 == 0, path


def test_the_folder_tells_when_it_was_backed_up(safe: Office) -> None:
    data = safe.folder.settings.data
    assert note.read(data) == note.Note(None, None)
    made = safe.make().backup
    assert note.read(data) == note.Note(made.manifest.made_ns, None)
    (data / note.FILE).write_bytes(b"{")
    assert note.read(data) == note.Note(None, None)


def test_batches_of_the_backup_are_duplicates_when_they_come_again(safe: Office) -> None:
    entries = safe.append(1, 30)
    safe.make()
    lost = safe.append(31, 30)
    with safe.restored() as folder:
        again = [done.outcome for done in folder.journal.append([*entries, *lost])]
        assert again == ["duplicate"] * 30 + ["stored"] * 30
        assert folder.journal.append([batch(1)])[0].outcome == "duplicate"
        assert folder.check() == []

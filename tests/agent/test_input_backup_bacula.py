"""Backups by Bacula, against real daemons and their catalogue; file volumes stand in the place of tapes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.backup import BackupError, Fault
from agent.bacula import records
from agent.clock import SystemClock
from agent.config import ConfigError
from agent.gather import look
from agent.inputs import backup_bacula
from agent.inputs.backup_bacula import Config, Wanted
from agent.reading import decode, encode
from agent.source import Env
from agent.tool import ToolError
from tests.agent.backup_place import needed, sleeper
from tests.agent.bacula_place import ZONE, Bacula

needed("bacula-dir", "bacula-sd", "bacula-fd", "bconsole")
JOBS = ("simpeg", "kosong", "separuh", "mati", "arsip")
Fields = dict[str, int | float]


@dataclass
class Told:
    """What one turn told: jobs by name, copies by job and volume, and why it failed."""

    jobs: dict[str, Fields]
    copies: dict[tuple[str, str], Fields]
    trouble: str


@pytest.fixture(autouse=True, scope="module")
def in_jakarta() -> Iterator[None]:
    """Let this host be in the zone of the director's, which stores local times without one."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = ZONE
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, in_jakarta: None) -> Iterator[Bacula]:
    folder = tmp_path_factory.mktemp("bacula")
    data, etc, missing = (folder / name for name in ("data", "etc", "tidak-ada"))
    for source in (data, etc):
        source.mkdir()
        (source / "file").write_bytes(os.urandom(150_000))
        for path in (source / "file", source):
            os.utime(path, (1e9, 1e9))
    paths = ((data, etc), (missing,), (data, missing), (data,), (data,))
    bacula = Bacula(folder, dict(zip(JOBS, paths, strict=True)))
    try:
        bacula.start()
        bacula.say(*(f"run job={name} yes" for name in JOBS), "wait")
        tests = ("run job=salin yes", "restore client=srv-fd jobid=1 all done yes", "run job=periksa jobid=1 yes")
        bacula.say(*tests, "wait")
        yield bacula
    finally:
        bacula.stop()


def turn(place: Bacula, *wanted: Wanted, **settings: object) -> Told:
    clock = SystemClock()
    given = {"console": place.console, "timeout": 10.0, "job": wanted, **settings}
    found, trouble = [], ""
    try:
        for item in backup_bacula.collect(Config(**given), Env("srv-a", look(clock), clock)):  # type: ignore[arg-type]
            found.append(item)
    except (BackupError, ToolError, ConfigError) as error:
        trouble = str(error)
    assert decode(encode(found)) == (found, [])
    tags = [dict(item.tags) for item in found]
    assert all((tag["device"], tag["engine"]) == ("srv-a", "bacula") for tag in tags)
    pairs = list(zip(tags, (dict(item.fields) for item in found), strict=True))
    copies = {(tag["job"], f"{tag['pool']}:{tag['volume']}"): fields for tag, fields in pairs if "volume" in tag}
    return Told({tag["job"]: fields for tag, fields in pairs if "volume" not in tag}, copies, trouble)


def test_a_good_full_copy_is_told_with_its_end_size_check_and_restore_test(place: Bacula) -> None:
    job = turn(place, Wanted(name="simpeg")).jobs["simpeg"]
    _, end, files, size = place.last("simpeg")
    assert (job["last_ok"], job["level"], job["copies"], job["running"]) == (1, 1, 1, 0)
    assert job["last_run_timestamp_seconds"] == job["last_success_timestamp_seconds"] == end
    assert job["last_full_timestamp_seconds"] == end, "a local time without a zone is one of this host"
    assert (job["last_files"], job["last_size_bytes"], job["last_errors"]) == (files, size, 0) == (4, 300_000, 0)
    ends = place.column("SELECT Name, JobTDate FROM Job WHERE Name IN ('pulih', 'periksa')")
    assert job["last_restore_test_timestamp_seconds"] == ends["pulih"]
    assert job["last_verified_timestamp_seconds"] == ends["periksa"]
    assert job["restore_test_passed"] == 1


def test_a_copy_on_a_full_tape_and_the_next_is_told_for_both(place: Bacula) -> None:
    copies = turn(place, Wanted(name="simpeg")).copies
    status = place.column("SELECT VolumeName, VolStatus FROM Media")
    assert (status["LTO0001"], status["LTO0002"]) == ("Full", "Append")
    assert set(copies) == {("simpeg", "Tape:LTO0001"), ("simpeg", "Tape:LTO0002")}
    for fields in copies.values():
        assert (fields["copy_on_tape"], fields["copy_usable"], fields["copy_size_bytes"]) == (1, 1, 300_000)
        assert "copy_offsite" not in fields, "no rule tells where the tapes lie"


def test_a_copy_job_from_disk_to_tape_is_a_second_copy_and_one_off_site(place: Bacula) -> None:
    found = turn(place, Wanted(name="arsip"), offsite_pools=("Vault",))
    _, end, _, _ = place.last("arsip")
    assert found.jobs["arsip"]["copies"] == 2
    placed = {key[1][:4]: (f["copy_on_tape"], f["copy_offsite"], f["copy_usable"]) for key, f in found.copies.items()}
    assert placed == {"Disk": (0, 0, 1), "Vaul": (1, 1, 1)}
    assert {f["copy_timestamp_seconds"] for f in found.copies.values()} == {end}, "the copy is as old as its data"


def test_a_restore_of_another_job_is_no_test_of_this_one(place: Bacula) -> None:
    job = turn(place, Wanted(name="arsip")).jobs["arsip"]
    assert "last_restore_test_timestamp_seconds" not in job
    assert "last_verified_timestamp_seconds" not in job
    named = turn(place, Wanted(name="arsip", restore_jobs=("pulih",))).jobs["arsip"]
    assert named["restore_test_passed"] == 1, "what the operator says tests it does"


def test_the_newer_of_a_marker_and_a_restore_that_bacula_knows_counts(place: Bacula, tmp_path: Path) -> None:
    known = turn(place, Wanted(name="simpeg")).jobs["simpeg"]["last_restore_test_timestamp_seconds"]
    marker = tmp_path / "restored"
    marker.write_text("GAGAL 2026-01-02T03:04:05+07:00\n")
    old = turn(place, Wanted(name="simpeg", restore_test_file=marker)).jobs["simpeg"]
    assert (old["last_restore_test_timestamp_seconds"], old["restore_test_passed"]) == (known, 1)
    later = datetime.fromtimestamp(known + 1, tz=UTC)
    marker.write_text(f"GAGAL {later.isoformat()}\n")
    new = turn(place, Wanted(name="simpeg", restore_test_file=marker)).jobs["simpeg"]
    assert (new["last_restore_test_timestamp_seconds"], new["restore_test_passed"]) == (known + 1, 0)


@pytest.mark.parametrize(
    ("name", "status", "files", "fault"),
    [("mati", "f", 0, Fault.TOOL_FAILED), ("kosong", "T", 0, Fault.NO_FILES), ("separuh", "T", 2, Fault.ERRORS)],
)
def test_an_attempt_that_did_not_save_all_is_no_success(
    place: Bacula, name: str, status: str, files: int, fault: Fault
) -> None:
    assert place.sql("SELECT JobStatus, JobFiles FROM Job WHERE Name = ?", name) == [(status, files)]
    job = turn(place, Wanted(name=name)).jobs[name]
    assert (job["last_ok"], job["fault"], job["last_files"]) == (0, fault, files)
    assert job["last_run_timestamp_seconds"] == place.last(name)[1]
    assert not {"last_success_timestamp_seconds", "last_full_timestamp_seconds"} & set(job)


def test_a_source_that_is_missing_is_named_by_its_fault(place: Bacula) -> None:
    sources = tuple(str(place.folder / name) for name in ("data", "tidak-ada"))
    found = turn(place, *(Wanted(name=name, sources=sources) for name in ("kosong", "separuh", "mati"))).jobs
    assert [found[name]["fault"] for name in ("kosong", "separuh")] == [Fault.SOURCE_MISSING] * 2
    assert found["mati"]["fault"] == Fault.TOOL_FAILED
    assert turn(place, Wanted(name="separuh", sources=sources[:1])).jobs["separuh"]["fault"] == Fault.ERRORS


def test_a_full_copy_that_is_too_small_is_no_success(place: Bacula) -> None:
    job = turn(place, Wanted(name="simpeg", minimum_bytes=300_001)).jobs["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, Fault.TOO_SMALL, 0)


def test_an_old_attempt_stays_as_old_as_the_catalogue_says(place: Bacula) -> None:
    number, end, _, _ = place.last("arsip")
    earlier = "UPDATE Job SET StartTime = datetime(StartTime, ?), EndTime = datetime(EndTime, ?) WHERE JobId = ?"
    place.sql(earlier, "-9 days", "-9 days", number)
    job = turn(place, Wanted(name="arsip")).jobs["arsip"]
    place.sql(earlier, "+9 days", "+9 days", number)
    assert job["last_success_timestamp_seconds"] == end - 9 * 86_400


def test_a_tape_with_an_error_takes_the_whole_copy_with_it(place: Bacula) -> None:
    place.say("update volume=LTO0002 volstatus=Error")
    found = turn(place, Wanted(name="simpeg"))
    place.say("update volume=LTO0002 volstatus=Append")
    job = found.jobs["simpeg"]
    assert [fields["copy_usable"] for fields in found.copies.values()] == [0, 0], "half a copy restores nothing"
    assert (job["copies"], job["last_ok"], job["fault"]) == (0, 0, Fault.COPY_GONE)
    assert "last_full_timestamp_seconds" not in job


def test_an_incremental_leaves_the_full_copy_where_it_was_and_an_empty_one_proves_nothing(place: Bacula) -> None:
    _, full_end, _, _ = place.last("simpeg")
    place.say("run job=simpeg level=Incremental yes", "wait")
    _, end, _, _ = place.last("simpeg")
    job = turn(place, Wanted(name="simpeg")).jobs["simpeg"]
    assert (job["level"], job["last_ok"], job["fault"], job["last_files"]) == (3, 0, Fault.NO_FILES, 0)
    assert job["last_run_timestamp_seconds"] == end
    assert job["last_success_timestamp_seconds"] == job["last_full_timestamp_seconds"] == full_end
    calm = turn(place, Wanted(name="simpeg", minimum_files=0)).jobs["simpeg"]
    assert (calm["last_ok"], calm["last_success_timestamp_seconds"]) == (1, end)
    assert calm["last_full_timestamp_seconds"] == full_end


def test_an_attempt_under_way_is_told_beside_the_last_that_ended(place: Bacula) -> None:
    before = place.last("mati")[1]
    place.say("run job=mati yes")
    deadline = time.monotonic() + 10
    while place.sql("SELECT JobStatus FROM Job WHERE Name = 'mati' ORDER BY JobId")[-1] != ("R",):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    job = turn(place, Wanted(name="mati")).jobs["mati"]
    assert (job["running"], job["last_run_timestamp_seconds"]) == (1, before)


def test_a_purged_volume_takes_its_copies_with_it(place: Bacula) -> None:
    _, end, _, _ = place.last("arsip")
    volumes = sorted(key[1].partition(":")[2] for key in turn(place, Wanted(name="arsip")).copies)
    place.say(f"purge volume={volumes[0]} yes")
    left = turn(place, Wanted(name="arsip"))
    assert left.jobs["arsip"]["last_full_timestamp_seconds"] == end, "the tape still has it"
    assert (left.jobs["arsip"]["copies"], [key[1][:5] for key in left.copies]) == (1, ["Vault"])
    place.sql("DELETE FROM JobMedia WHERE MediaId = (SELECT MediaId FROM Media WHERE VolumeName = ?)", volumes[1])
    gone = turn(place, Wanted(name="arsip")).jobs["arsip"]
    assert (gone["fault"], gone["copies"], "last_success_timestamp_seconds" in gone) == (Fault.COPY_GONE, 0, False)
    place.sql("DELETE FROM Job WHERE Name = 'arsip'")
    assert turn(place, Wanted(name="arsip")).jobs["arsip"] == {"last_ok": 0, "fault": 7, "running": 0, "copies": 0}


def test_a_copy_that_a_check_found_damaged_is_not_verified(place: Bacula) -> None:
    tape = place.folder / "volumes" / "LTO0001"
    with tape.open("r+b") as file:
        file.seek(90_000)
        file.write(b"rusak" * 100)
    place.say("run job=periksa jobid=1 yes", "wait")
    status = place.sql("SELECT JobStatus FROM Job WHERE Name = 'periksa'")
    job = turn(place, Wanted(name="simpeg", minimum_files=0)).jobs["simpeg"]
    assert "last_verified_timestamp_seconds" not in job, status
    assert (job["last_ok"], job["fault"]) == (0, Fault.DAMAGED), status


def test_a_window_without_a_full_copy_is_unknown_and_says_so(place: Bacula) -> None:
    hourly = (
        "INSERT INTO Job (Job, Name, Type, Level, ClientId, JobStatus, SchedTime, StartTime, EndTime, JobFiles) "
        "VALUES ('jam', 'jam', 'B', 'I', 1, 'T', ?1, ?1, ?1, 1)"
    )
    for hour in range(10):
        place.sql(hourly, f"2026-11-20 {hour:02}:00:05")
    found = turn(place, Wanted(name="jam"), attempts=10)
    assert "last_full_timestamp_seconds" not in found.jobs["jam"]
    assert "set attempts to more" in found.trouble


def test_a_director_that_hangs_refuses_or_is_named_wrongly_is_told_in_time(place: Bacula, tmp_path: Path) -> None:
    begun = time.monotonic()
    assert "no end after 1 s" in turn(place, Wanted(name="simpeg"), timeout=1.0, tool=sleeper(tmp_path)).trouble
    assert time.monotonic() - begun < 5
    open_to_all = tmp_path / "open.conf"
    open_to_all.write_text(place.console.read_text())
    open_to_all.chmod(0o644)
    assert "chmod 600" in turn(place, Wanted(name="simpeg"), console=open_to_all).trouble
    mute = tmp_path / "mute.conf"
    mute.write_text(place.console.read_text().replace("nadi", "bisu"))
    mute.chmod(0o600)
    assert "CommandACL = list, llist" in turn(place, Wanted(name="simpeg"), console=mute).trouble
    assert "no name of Bacula's" in turn(place, Wanted(name='a" yes')).trouble


def test_blocks_are_read_whatever_is_echoed_between_them() -> None:
    text = "llist jobs\n  JobId: 1\n   Name: a\nComment: x\nJobId: 9\n\nquit\n MediaId: 2\nEnter a period\n Lost: 1\n"
    assert list(records(text)) == [{"JobId": "1", "Name": "a", "Comment": "x"}, {"MediaId": "2"}]

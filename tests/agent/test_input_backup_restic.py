"""Backups by restic, against the real tool."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from agent import attempts
from agent.attempts import Attempt
from agent.backup import Fault, Job
from agent.config import ConfigError, loads
from agent.inputs import backup_restic
from agent.inputs.backup_restic import Config, Wanted, attempts_of, parsed
from tests.agent.backup_place import UNPRIVILEGED, Turn, needed, secret, sleeper, turn

needed("restic", "setpriv")
_HOSTS = count()


class Place:
    """A host of its own in a real repository, with two sources and a log."""

    def __init__(self, folder: Path, shared: Path) -> None:
        self.host = f"srv-{next(_HOSTS)}"
        self.shared, self.log = shared, folder / "restic.log"
        self.sources = (folder / "data", folder / "etc")
        for source in self.sources:
            source.mkdir()
            (source / "file").write_bytes(source.name.encode() * 5000)
        self.wanted = Wanted(
            name="simpeg",
            repository=str(shared / "repository"),
            password_file=shared / "password",
            host=self.host,
            sources=tuple(map(str, self.sources)),
        )

    def restic(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [*UNPRIVILEGED, "restic", "--repo", str(self.shared / "repository"), "--password-file"]
        argv += [str(self.shared / "password"), "--no-cache", "--json", *arguments]
        return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def back_up(self, *sources: Path, status: int = 0) -> dict[str, object]:
        given = map(str, sources or self.sources)
        done = self.restic("backup", "--quiet", "--host", self.host, *given)
        assert done.returncode == status, done.stdout
        with self.log.open("a") as file:
            file.write(f"{done.stdout}exit {done.returncode}\n")
        summary = [line for line in done.stdout.splitlines() if "summary" in line]
        return dict(json.loads(summary[0])) if summary else {}

    def look(self, *, log: bool = True, **changes: object) -> Turn:
        given = {"log": self.log, **changes} if log else changes
        return turn(backup_restic, Config(job=(replace(self.wanted, **given),), timeout=20))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("restic")
    password = secret(folder)
    argv = ["restic", "--repo", str(folder / "repository"), "--password-file", str(password), "--no-cache", "init"]
    subprocess.run(argv, check=True, capture_output=True)
    return folder


@pytest.fixture
def place(tmp_path: Path, shared: Path) -> Place:
    return Place(tmp_path, shared)


def test_a_good_run_is_told_with_its_end_size_and_files(place: Place) -> None:
    began = time.time()
    summary = place.back_up()
    found = place.look()
    job = found["simpeg"]
    assert found.trouble == ""
    assert (job["last_ok"], job["level"], job["copies"], job["last_errors"], job["running"]) == (1, 1, 1, 0, 0)
    assert (job["last_size_bytes"], job["last_files"]) == (summary["total_bytes_processed"], 2) == (35_000, 2)
    assert (
        job["last_success_timestamp_seconds"] == job["last_run_timestamp_seconds"] == job["last_full_timestamp_seconds"]
    )
    assert began < job["last_success_timestamp_seconds"] < time.time()
    started = json.loads(place.restic("snapshots", "--host", place.host).stdout)[0]["time"]
    assert job["last_duration_seconds"] == summary["total_duration"]
    assert job["last_run_timestamp_seconds"] == pytest.approx(
        datetime.fromisoformat(started).timestamp() + job["last_duration_seconds"], abs=0.001
    )
    assert "fault" not in job


def test_without_a_log_the_snapshot_is_measured_and_its_errors_are_unknown(place: Place) -> None:
    place.back_up()
    job = place.look(log=False)["simpeg"]
    assert (job["last_ok"], job["last_size_bytes"]) == (1, 35_000)
    assert not {"last_errors", "last_files", "running", "last_duration_seconds"} & job.keys()


@pytest.mark.parametrize("log", [True, False])
def test_a_source_that_restic_skipped_is_no_success_though_its_exit_status_is_0(place: Place, log: bool) -> None:
    place.back_up()
    first = place.look(log=log)["simpeg"]["last_success_timestamp_seconds"]
    (place.sources[1] / "file").unlink()
    place.sources[1].rmdir()
    place.back_up(status=0)
    job = place.look(log=log)["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 5, 2)
    assert job["last_success_timestamp_seconds"] == first < job["last_run_timestamp_seconds"]


def test_a_file_that_could_not_be_read_is_an_error(place: Place) -> None:
    place.back_up()
    first = place.look()["simpeg"]["last_success_timestamp_seconds"]
    (place.sources[0] / "secret").write_text("x" * 100)
    (place.sources[0] / "secret").chmod(0)
    place.back_up(status=3)
    job = place.look()["simpeg"]
    assert (job["last_ok"], job["fault"], job["last_errors"]) == (0, 2, 1)
    assert job["last_success_timestamp_seconds"] == first


def test_a_run_that_failed_is_the_last_attempt(place: Place) -> None:
    place.back_up()
    first = place.look()["simpeg"]["last_success_timestamp_seconds"]
    place.back_up(Path("/nowhere/at/all"), status=1)
    job = place.look()["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 1, 1)
    assert job["last_success_timestamp_seconds"] == first < job["last_run_timestamp_seconds"]
    assert job["last_run_timestamp_seconds"] == place.log.stat().st_mtime


def test_an_old_copy_keeps_its_own_time(place: Place) -> None:
    place.restic("backup", "--host", place.host, "--time", "2026-03-01 03:00:00", *map(str, place.sources))
    job = place.look(log=False)["simpeg"]
    expected = time.mktime((2026, 3, 1, 3, 0, 0, 0, 0, -1))
    assert job["last_success_timestamp_seconds"] == job["last_run_timestamp_seconds"] == expected


def test_a_pruned_copy_is_gone(place: Place) -> None:
    summary = place.back_up()
    assert place.restic("forget", str(summary["snapshot_id"])).returncode == 0
    job = place.look()["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 9, 0)
    assert "last_success_timestamp_seconds" not in job
    job = place.look(log=False)["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 7, 0)


def test_a_copy_much_smaller_than_the_good_one_before_is_none_and_stays_so(place: Place) -> None:
    place.back_up()
    first = place.look()["simpeg"]["last_success_timestamp_seconds"]
    (place.sources[1] / "file").write_bytes(b"")
    (place.sources[0] / "file").write_bytes(b"x")
    for _ in range(2):
        place.back_up()
        job = place.look()["simpeg"]
        assert (job["last_ok"], job["fault"], job["last_success_timestamp_seconds"]) == (0, 8, first)
    assert place.look(shrink_ratio=0.0)["simpeg"]["last_ok"] == 1
    assert place.look(shrink_ratio=0.0, minimum_files=3)["simpeg"]["fault"] == 4


def test_nothing_saved_is_no_backup(place: Place) -> None:
    for source in place.sources:
        (source / "file").unlink()
    place.back_up()
    assert place.look()["simpeg"]["fault"] == 3


def test_a_restore_test_and_a_check_are_told_by_their_markers(place: Place, tmp_path: Path) -> None:
    summary = place.back_up()
    restored = place.restic("restore", str(summary["snapshot_id"]), "--target", str(tmp_path / "restored"))
    checked = place.restic("check")
    for name, done in (("restore", restored), ("check", checked)):
        assert done.returncode == 0, done.stdout
        (tmp_path / name).write_text("OK 2026-11-20T03:00:00+07:00\n")
    job = place.look(verified_file=tmp_path / "check", restore_test_file=tmp_path / "restore")["simpeg"]
    assert job["last_verified_timestamp_seconds"] == job["last_restore_test_timestamp_seconds"] == 1_795_118_400
    assert (job["restore_test_passed"], job["last_ok"]) == (1, 1)


def test_a_snapshot_that_the_log_does_not_tell_of_is_neither_good_nor_bad(place: Place) -> None:
    place.back_up()
    place.log.write_text("")
    found = place.look()
    assert "last_ok" not in found["simpeg"]
    assert "last_success_timestamp_seconds" not in found["simpeg"]
    assert found["simpeg"]["copies"] == 1
    assert "tells nothing of the newest copy" in found.trouble


def test_an_attempt_under_way_is_running_and_one_that_was_killed_failed(place: Place) -> None:
    place.back_up()
    with place.log.open("a") as file:
        file.write('{"message_type":"status","percent_done":0.5}\n')
    job = place.look()["simpeg"]
    assert (job["running"], job["last_ok"]) == (1, 1)
    old = time.time() + 3000  # the log stands still from then; a snapshot that is newer would prevail
    os.utime(place.log, (old - 1000, old - 1000))
    log = attempts.read_log(place.log, attempts_of)
    done = attempts.told(Job(job="simpeg", engine="restic"), [], log, now_s=old, known=())
    assert (done.running, done.last_ok, done.fault) == (False, False, 1)


def test_what_cannot_be_read_is_told_and_hides_no_other_job(place: Place, tmp_path: Path) -> None:
    open_to_all, wrong, empty = (tmp_path / name for name in ("open", "wrong", "empty"))
    for path, text in ((open_to_all, "x"), (wrong, "x"), (empty, "")):
        path.write_text(text)
        path.chmod(0o644 if path == open_to_all else 0o600)
    broken = {
        "none": (
            {"repository": "/nowhere/repository"},
            "restic snapshots: exit status 1: Fatal: unable to open config",
        ),
        "wrong": ({"password_file": wrong}, "Fatal: wrong password or no key found"),
        "empty": ({"password_file": empty}, "Fatal: an empty password"),
        "open": ({"password_file": open_to_all}, "others may read it; run: chmod 600"),
        "log": ({"log": Path("/nowhere/log")}, "/nowhere/log: the log cannot be read: No such file"),
    }
    jobs = [replace(place.wanted, name=name, **change) for name, (change, _) in broken.items()]  # type: ignore[arg-type]
    found = turn(backup_restic, Config(job=(*jobs, place.wanted), timeout=20))
    assert found.jobs.keys() == {"simpeg", "log"}
    for name, (_, message) in broken.items():
        assert re.search(rf"{name}: [^;]*{re.escape(message)}", found.trouble), (name, found.trouble)


def test_looking_takes_no_lock_in_the_repository(place: Place) -> None:
    place.back_up()
    locks = place.shared / "repository" / "locks"
    before = locks.stat().st_mtime_ns
    assert place.look()["simpeg"]["last_ok"] == 1
    assert locks.stat().st_mtime_ns == before


def test_a_tool_that_hangs_is_ended_in_time(place: Place, tmp_path: Path) -> None:
    began = time.monotonic()
    found = turn(backup_restic, Config(job=(place.wanted,), timeout=1, tool=sleeper(tmp_path)))
    assert found.trouble == "simpeg: sleeper: no end after 1 s; killed"
    assert (found.jobs, time.monotonic() - began < 5) == ({}, True)


def test_two_hosts_in_one_repository_are_kept_apart(place: Place) -> None:
    place.back_up()
    assert place.look(log=False, host="srv-none")["simpeg"]["fault"] == 7
    assert place.look(log=False, tags=("none",))["simpeg"]["copies"] == 0


def test_a_log_of_several_attempts_is_parted_at_their_ends() -> None:
    lines = """\
{"message_type":"error","error":{"Op":"open"},"during":"archival","item":"/a"}
{"message_type":"summary","snapshot_id":"aaaa","total_bytes_processed":5,"total_files_processed":1,"total_duration":1}
Warning: at least one source file could not be read
exit 3
Fatal: wrong password or no key found
exit 1
unable to create lock in backend: repository is already locked by PID 1 on a by root
exit 1
{"message_type":"summary","snapshot_id":"dddd","dry_run":true}
{"message_type":"summary","snapshot_id":"bbbb","total_bytes_processed":5,"total_files_processed":1,"total_duration":1}
exit 0
Applying Policy: keep 7 daily snapshots
exit 0
""".splitlines()
    found, still_open = attempts_of(lines)
    assert [(one.copy, one.errors, one.status, one.fault) for one in found] == [
        ("aaaa", 1, 3, 2),
        ("", 0, 1, 1),
        ("", 0, 1, 1),
        ("bbbb", 0, 0, None),
    ]
    assert not still_open
    assert attempts_of(['{"message_type":"status"}', "exit 130"]) == ([Attempt("", 0, 130, Fault.TOOL_FAILED)], False)


def test_the_summary_within_a_snapshot_of_restic_0_17_is_read_from_its_documented_form_not_from_the_tool() -> None:
    raw = {
        "time": "2026-11-20T03:00:00.123456789+07:00",
        "paths": ["/a"],
        "hostname": "h",
        "id": "ab",
        "original": "cd",
        "summary": {
            "backup_start": "2026-11-20T03:00:00.123456789+07:00",
            "backup_end": "2026-11-20T03:10:00.123456789+07:00",
            "total_files_processed": 7,
            "total_bytes_processed": 99,
        },
    }
    found = parsed(raw).kept
    assert (found.size, found.files, found.duration_s, found.ids) == (99, 7, 600, ("ab", "cd"))
    assert found.end_s == pytest.approx(1_795_118_400.123456 + 600, abs=0.001)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('repository = "/r"', r"job\[0\]\.password_file: is required"),
        ('password_file = "p"', "needs either repository or repository_file"),
        ('password_file = "p"\nrepository = "rest:https://u:p@h/"', "holds a password; put it into a file"),
        ('password_file = "p"\nrepository = "/r"\nsources = ["a"]', "sources must be absolute"),
        ('password_file = "p"\nrepository = "/r"\nshrink_ratio = 2', "shrink_ratio must be between 0"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loads(Config, f'[[job]]\nname = "a"\n{text}\n', source="x")

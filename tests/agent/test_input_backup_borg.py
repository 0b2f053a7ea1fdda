"""Backups by Borg, against the real tool."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from agent.config import ConfigError, loads
from agent.inputs import backup_borg
from agent.inputs.backup_borg import Config, Wanted, attempts_of
from tests.agent.backup_place import UNPRIVILEGED, Turn, needed, secret, sleeper, turn

needed("borg", "setpriv")
_NAMES = count()


class Place:
    """Archives of its own in a real repository, with two sources and a log."""

    def __init__(self, folder: Path, shared: Path) -> None:
        self.prefix, self.runs = f"srv{next(_NAMES)}", count()
        self.shared, self.log = shared, folder / "borg.log"
        self.sources = (folder / "data", folder / "etc")
        for source in self.sources:
            source.mkdir()
            (source / "file").write_bytes(os.urandom(20_000))
        self.wanted = Wanted(
            name="simpeg",
            repository=str(shared / "repository"),
            passphrase_file=shared / "password",
            archives=f"{self.prefix}-*",
            sources=tuple(map(str, self.sources)),
        )

    def borg(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        settings = {**os.environ, "BORG_BASE_DIR": str(self.shared / "base"), "BORG_PASSPHRASE": "lab-rahasia"}
        argv = [*UNPRIVILEGED, "borg", *arguments]
        return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=settings)

    def back_up(self, *sources: Path, status: int = 0, more: tuple[str, ...] = ()) -> str:
        name = f"{self.prefix}-{next(self.runs)}"
        place = f"{self.wanted.repository}::{name}"
        done = self.borg("create", "--json", *more, place, *map(str, sources or self.sources))
        assert done.returncode == status, done.stdout
        with self.log.open("a") as file:
            file.write(f"{done.stdout}exit {done.returncode}\n")
        return place

    def look(self, *, log: bool = True, **changes: object) -> Turn:
        given = {"log": self.log, **changes} if log else changes
        job = replace(self.wanted, **given)  # type: ignore[arg-type]
        return turn(backup_borg, Config(job=(job,), timeout=30, base=self.shared / "agent"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("borg")
    settings = {**os.environ, "BORG_BASE_DIR": str(folder / "base"), "BORG_PASSPHRASE": secret(folder).read_text()}
    argv = ["borg", "init", "--encryption", "repokey-blake2", str(folder / "repository")]
    subprocess.run(argv, check=True, capture_output=True, env=settings)
    return folder


@pytest.fixture
def place(tmp_path: Path, shared: Path) -> Place:
    return Place(tmp_path, shared)


def test_a_good_run_is_told_with_its_end_size_and_files(place: Place) -> None:
    began = int(time.time())
    place.back_up()
    found = place.look()
    job = found["simpeg"]
    assert found.trouble == ""
    assert (job["last_ok"], job["level"], job["copies"], job["last_errors"]) == (1, 1, 1, 0)
    assert (job["last_size_bytes"], job["last_files"]) == (40_000, 2)
    assert began <= job["last_success_timestamp_seconds"] <= time.time()
    assert (
        job["last_success_timestamp_seconds"] == job["last_run_timestamp_seconds"] == job["last_full_timestamp_seconds"]
    )
    assert 0 < job["last_duration_seconds"] < 10
    assert not {"fault", "running"} & job.keys()


@pytest.mark.parametrize("zone", ["Asia/Jayapura", "America/New_York", "UTC"])
def test_borgs_times_without_a_zone_are_right_in_every_zone_of_the_host(
    place: Place, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        archive = place.back_up()
        job = place.look(log=False)["simpeg"]
        local = json.loads(place.borg("info", "--json", archive).stdout)["archives"][0]["end"]
        assert job["last_run_timestamp_seconds"] == datetime.fromisoformat(local).astimezone().timestamp()
        assert abs(job["last_run_timestamp_seconds"] - time.time()) < 30
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("log", [True, False])
def test_a_missing_source_is_no_success_though_the_archive_is_in_the_list(place: Place, log: bool) -> None:
    place.back_up()
    first = place.look(log=log)["simpeg"]["last_success_timestamp_seconds"]
    (place.sources[1] / "file").unlink()
    place.sources[1].rmdir()
    time.sleep(1)  # Borg's times have whole seconds
    place.back_up(status=1)
    job = place.look(log=log)["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"], job["last_files"]) == (0, 5, 2, 1)
    assert job["last_success_timestamp_seconds"] == first < job["last_run_timestamp_seconds"]


def test_a_file_that_could_not_be_read_is_an_error(place: Place) -> None:
    (place.sources[0] / "secret").write_text("x" * 100)
    (place.sources[0] / "secret").chmod(0)
    place.back_up(status=1)
    job = place.look()["simpeg"]
    assert (job["last_ok"], job["fault"], job["last_errors"]) == (0, 2, 1)
    assert "last_success_timestamp_seconds" not in job


def test_a_run_that_failed_is_the_last_attempt(place: Place) -> None:
    place.back_up()
    first = place.look()["simpeg"]["last_success_timestamp_seconds"]
    place.runs = count()
    place.back_up(status=2)  # an archive of this name exists
    job = place.look()["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 1, 1)
    assert job["last_success_timestamp_seconds"] == first < job["last_run_timestamp_seconds"]
    assert job["last_run_timestamp_seconds"] == place.log.stat().st_mtime


def test_an_old_copy_keeps_its_own_time(place: Place) -> None:
    place.back_up(more=("--timestamp", "2026-03-01T03:00:00"))
    job = place.look(log=False)["simpeg"]
    expected = time.mktime((2026, 3, 1, 3, 0, 0, 0, 0, -1))
    assert job["last_success_timestamp_seconds"] == pytest.approx(expected, abs=2)


def test_a_pruned_copy_is_gone(place: Place) -> None:
    archive = place.back_up()
    assert place.borg("delete", archive).returncode == 0
    job = place.look()["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 9, 0)
    job = place.look(log=False)["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 7, 0)


def test_a_restore_test_and_a_check_are_told_by_their_markers(place: Place, tmp_path: Path) -> None:
    archive = place.back_up()
    tested, checked = place.borg("extract", "--dry-run", archive), place.borg("check", archive)
    for name, done in (("restore", tested), ("check", checked)):
        assert done.returncode == 0, done.stdout
        (tmp_path / name).write_text("OK 2026-11-20T03:00:00+07:00\n")
    job = place.look(verified_file=tmp_path / "check", restore_test_file=tmp_path / "restore")["simpeg"]
    assert job["last_verified_timestamp_seconds"] == job["last_restore_test_timestamp_seconds"] == 1_795_118_400
    assert (job["restore_test_passed"], job["last_ok"]) == (1, 1)


def test_looking_takes_no_lock_and_waits_for_none(place: Place) -> None:
    place.back_up()
    repository = place.shared / "repository"
    held = place.shared / "held"
    holder = f"touch {held}; while [ -e {held} ]; do sleep 0.05; done"
    settings = {**os.environ, "BORG_BASE_DIR": str(place.shared / "base"), "BORG_PASSPHRASE": "lab-rahasia"}
    with subprocess.Popen(["borg", "with-lock", str(repository), "sh", "-c", holder], env=settings) as process:
        while not held.exists():
            time.sleep(0.05)
        try:
            assert place.look()["simpeg"]["last_ok"] == 1
        finally:
            held.unlink()
            process.wait(20)


def test_what_cannot_be_read_is_told_and_hides_no_other_job(place: Place, tmp_path: Path) -> None:
    place.back_up()
    wrong = secret(tmp_path, "wrong")
    broken = (
        replace(place.wanted, name="none", repository="/nowhere/repository"),
        replace(place.wanted, name="wrong", passphrase_file=wrong),
        replace(place.wanted, name="unset", passphrase_file=None),
        replace(place.wanted, name="log", log=Path("/nowhere/log")),
    )
    found = turn(backup_borg, Config(job=(*broken, place.wanted), timeout=30, base=place.shared / "agent"))
    assert found["simpeg"]["last_ok"] == 1
    assert "last_ok" not in found["log"]
    for part in (
        "none: borg list: exit status 2: Repository /nowhere/repository does not exist",
        "wrong: borg list: exit status 2: passphrase supplied in BORG_PASSPHRASE, by BORG_PASSCOMMAND",
        "unset: borg list: exit status 2: passphrase supplied in BORG_PASSPHRASE",
        "log: /nowhere/log: the log cannot be read",
    ):
        assert part in found.trouble


def test_a_repository_without_encryption_asks_nothing(place: Place, tmp_path: Path) -> None:
    assert place.borg("init", "--encryption", "none", str(tmp_path / "plain")).returncode == 0
    job = replace(place.wanted, repository=str(tmp_path / "plain"), passphrase_file=None)
    found = turn(backup_borg, Config(job=(job,), timeout=30, base=tmp_path / "new"))
    assert (found["simpeg"]["fault"], found.trouble) == (7, "")


def test_a_tool_that_hangs_is_ended_in_time(place: Place, tmp_path: Path) -> None:
    began = time.monotonic()
    found = turn(backup_borg, Config(job=(place.wanted,), timeout=1, tool=sleeper(tmp_path), base=tmp_path))
    assert found.trouble == "simpeg: sleeper: no end after 1 s; killed"
    assert time.monotonic() - began < 5


def test_an_archive_that_cannot_be_measured_is_neither_good_nor_bad(place: Place, tmp_path: Path) -> None:
    place.back_up()
    only_list = tmp_path / "only-list"
    only_list.write_text('#!/bin/sh\n[ "$2" = list ] && exec borg "$@"\necho broken >&2; exit 2\n')
    only_list.chmod(0o755)
    config = Config(job=(place.wanted,), timeout=30, tool=str(only_list), base=place.shared / "agent")
    found = turn(backup_borg, config)
    assert found["simpeg"]["copies"] == 1
    assert not {"last_ok", "fault", "last_success_timestamp_seconds", "last_size_bytes"} & found["simpeg"].keys()
    assert "cannot be measured: borg info: exit status 2: broken" in found.trouble


def test_a_log_of_several_attempts_is_parted_at_their_exit_statuses() -> None:
    one, two = "a" * 64, "b" * 64
    lines = [
        *(f'"id": "{one}",', f'"id": "{two}"', "exit 0", "exit 0", f"Archive fingerprint: {two}"),
        *("/x: open: [Errno 13] Permission denied: 'x'", "exit 1", "Failed to create/acquire the lock", "exit 2"),
        *(f'"id": "{one}"', "exit 2", f'"id": "{two}"', "exit 107"),
    ]
    found, still_open = attempts_of(lines)
    assert [tuple(attempt)[:4] for attempt in found] == [
        *((one, 0, 0, None), (two, 1, 1, 2), ("", 1, 2, 1), (one, 1, 2, 1), (two, 1, 107, 2)),
    ]
    assert still_open is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('repository = "/r::a"', "without an archive"),
        ('repository = "/r"\nsources = ["/"]', "sources must name folders"),
        ('repository = "/r"\nlog = "a"', "log must be an absolute path"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loads(Config, f'[[job]]\nname = "a"\n{text}\n', source="x")

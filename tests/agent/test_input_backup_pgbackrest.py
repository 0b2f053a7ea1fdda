"""Backups by pgBackRest, against a real PostgreSQL and the real tool."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.backup import BackupError, Fault
from agent.inputs import backup_pgbackrest
from agent.inputs.backup_pgbackrest import Config, Wanted, last_attempt, parsed
from tests.agent.backup_place import Turn, needed, sleeper, turn

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nowhere"))
needed("pgbackrest", "setpriv", str(PROGRAMS / "initdb"))
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
"""PostgreSQL refuses to run as root."""


class Place:
    """A PostgreSQL on a socket of its own, its stanza ``lab`` and pgBackRest's repository and logs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config, self.logs = folder, folder / "pgbackrest.conf", folder / "log"
        for name in ("repo", "log", "lock", "socket"):
            (folder / name).mkdir()
        self.config.write_text(
            f"[global]\nrepo1-path={folder}/repo\nlog-path={folder}/log\nlock-path={folder}/lock\nstart-fast=y\n"
            "log-level-console=warn\nlog-level-file=info\ncompress-type=lz4\nrepo1-retention-full=9\n"
            f"[lab]\npg1-path={folder}/data\npg1-socket-path={folder}/socket\n[sepi]\npg1-path={folder}/data\n"
        )
        subprocess.run(["chown", "-R", "postgres", folder], check=bool(AS_POSTGRES), capture_output=True)
        self.wanted = Wanted(name="basis-data", stanza="lab", config=self.config, logs=self.logs)

    def run(self, *argv: object, status: int = 0) -> str:
        done = subprocess.run([*AS_POSTGRES, *map(str, argv)], cwd="/", capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def pgbackrest(self, *arguments: str, status: int = 0) -> str:
        return self.run("pgbackrest", f"--config={self.config}", "--stanza=lab", *arguments, status=status)

    def server(self, *arguments: str) -> None:
        # Its output is not a pipe, or the server would hold it open.
        argv = [*AS_POSTGRES, PROGRAMS / "pg_ctl", "-D", self.folder / "data", "-w", *arguments]
        subprocess.run(list(map(str, argv)), cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=60)

    def start(self) -> None:
        self.run(PROGRAMS / "initdb", "-D", self.folder / "data", "-A", "trust", "-N", "-U", "postgres")
        push = f"pgbackrest --config={self.config} --stanza=lab archive-push %p"
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses=''\nunix_socket_directories='{self.folder}/socket'\nfsync=off\n"
                f"archive_mode=on\narchive_command='{push}'\n"
            )
        self.server("-l", str(self.folder / "postgresql.log"), "start")
        self.pgbackrest("stanza-create")

    def info(self) -> Any:
        return json.loads(self.pgbackrest("--output=json", "info"))[0]

    def look(self, **changes: Any) -> Turn:
        return turn(backup_pgbackrest, Config(job=(replace(self.wanted, **changes),), timeout=20))


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    # The socket's path is at most 107 octets, and postgres must reach it: not pytest's folder.
    folder = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    folder.chmod(0o755)
    place = Place(folder)
    try:
        place.start()
        yield place
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            place.server("-m", "immediate", "stop")
        shutil.rmtree(folder)


def test_a_stanza_without_a_backup_has_none(place: Place) -> None:
    for stanza in ("lab", "sepi"):
        found = place.look(stanza=stanza)
        assert found["basis-data"] == {"last_ok": 0, "fault": Fault.NONE_FOUND, "copies": 0, "running": 0}


def test_a_full_backup_is_told_with_its_end_and_sizes_and_an_incremental_leaves_it(place: Place) -> None:
    place.pgbackrest("--type=full", "backup")
    full = place.info()["backup"][0]
    job = place.look()["basis-data"]
    end, begun = full["timestamp"]["stop"], full["timestamp"]["start"]
    assert (job["last_ok"], job["level"], job["copies"], job["running"]) == (1, 1, 1, 0)
    assert job["last_run_timestamp_seconds"] == job["last_success_timestamp_seconds"] == end
    assert job["last_full_timestamp_seconds"] == end
    assert abs(end - time.time()) < 60
    assert (job["last_size_bytes"], job["last_duration_seconds"]) == (full["info"]["size"], end - begun)
    place.pgbackrest("--type=incr", "backup")
    later = place.look()["basis-data"]
    newest = place.info()["backup"][1]
    assert (later["level"], later["copies"], later["last_full_timestamp_seconds"]) == (3, 2, end)
    assert later["last_success_timestamp_seconds"] == newest["timestamp"]["stop"] > end
    assert later["last_size_bytes"] == newest["info"]["delta"] < full["info"]["size"]


def test_a_database_that_is_too_small_is_no_success(place: Place) -> None:
    job = place.look(minimum_bytes=10**12)["basis-data"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, Fault.COPY_GONE, 0), "it needs the full one"
    assert place.look(minimum_bytes=10**7)["basis-data"]["last_ok"] == 1


def test_a_check_is_proven_by_its_result_and_not_by_its_end(place: Place) -> None:
    place.pgbackrest("verify")
    assert "last_verified_timestamp_seconds" not in place.look()["basis-data"], "its log does not tell the result"
    place.pgbackrest("--output=text", "--verbose", "verify")
    assert abs(place.look()["basis-data"]["last_verified_timestamp_seconds"] - time.time()) < 60
    file = max((place.folder / "repo" / "backup").rglob("*.lz4"), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[:-9] + b"rusakrusa")
    place.pgbackrest("--output=text", "--verbose", "verify", status=0)  # what it found is not in its exit status
    damaged = place.look()["basis-data"]
    file.write_bytes(content)
    place.pgbackrest("--output=text", "--verbose", "verify")
    assert place.look()["basis-data"]["last_ok"] == 1
    assert (damaged["last_ok"], damaged["fault"]) == (0, Fault.DAMAGED)
    assert "last_verified_timestamp_seconds" not in damaged


def test_an_attempt_that_failed_is_seen_in_the_log_alone(place: Place) -> None:
    good = place.look()["basis-data"]["last_success_timestamp_seconds"]
    place.server("-m", "fast", "stop")
    place.pgbackrest("backup", status=56)
    job, blind = place.look()["basis-data"], place.look(logs=None)["basis-data"]
    place.server("-l", str(place.folder / "postgresql.log"), "start")
    assert job["last_run_timestamp_seconds"] > good
    assert job["last_success_timestamp_seconds"] == good
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, Fault.TOOL_FAILED, 2)
    assert not {"level", "last_size_bytes", "last_duration_seconds"} & set(job), "these are not of the last attempt"
    assert blind["last_run_timestamp_seconds"] == good, "info knows nothing of it"


def test_wal_that_a_backup_needs_and_the_archive_has_not_makes_it_useless(place: Place) -> None:
    raw = place.info()
    assert all(one.walled for one in parsed([raw], place.wanted).sets)
    archive = next((place.folder / "repo" / "archive" / "lab").glob("*-1"))
    archive.rename(archive.with_name("away"))
    try:
        job = place.look(logs=None)["basis-data"]
    finally:
        archive.with_name("away").rename(archive)
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, Fault.COPY_GONE, 0)
    raw["archive"][0]["max"] = raw["backup"][1]["archive"]["start"]
    assert [one.walled for one in parsed([raw], place.wanted).sets] == [True, False]


def test_a_full_backup_that_was_removed_takes_its_incremental_with_it(place: Place) -> None:
    raw = place.info()
    raw["backup"] = raw["backup"][1:]
    (alone,) = backup_pgbackrest.judged(place.wanted, parsed([raw], place.wanted).sets)
    assert alone[1] == Fault.COPY_GONE
    raw["backup"][0]["error"] = True
    assert backup_pgbackrest.judged(place.wanted, parsed([raw], place.wanted).sets)[0][1] == Fault.DAMAGED


def test_what_cannot_be_asked_is_told_and_hides_no_other_job(place: Place, tmp_path: Path) -> None:
    missing = replace(place.wanted, name="tanpa", config=tmp_path / "nowhere.conf")
    found = turn(backup_pgbackrest, Config(job=(missing, place.wanted), timeout=20))
    assert set(found.jobs) == {"basis-data"}
    assert "tanpa: pgbackrest info: exit status 55" in found.trouble
    begun = time.monotonic()
    stuck = turn(backup_pgbackrest, Config(job=(place.wanted,), timeout=1, tool=sleeper(tmp_path)))
    assert "no end after 1 s" in stuck.trouble
    assert time.monotonic() - begun < 5
    assert "knows no repo2" in place.look(repository=2).trouble
    broken = place.info()
    broken["repo"][0]["status"] = {"code": 99, "message": "[FileOpenError] raised"}
    with pytest.raises(BackupError, match="FileOpenError"):
        parsed([broken], place.wanted)


@pytest.mark.parametrize("changes", [{"config": Path("pgbackrest.conf")}, {"stanza": "a b"}, {"logs": Path("log")}])
def test_a_path_that_is_not_absolute_is_refused_before_pgbackrest_does(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"absolute path|is not letters"):
        Wanted(**{"name": "a", "stanza": "a", **changes})


def test_an_attempt_is_read_from_the_log_with_its_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Makassar")
    time.tzset()
    begin = "2026-11-20 23:00:00.026 P00   INFO: backup command begin 2.45: --stanza=lab\n"
    end = "2026-11-20 23:07:36.592 P00   INFO: backup command end: aborted with exception [056]\n"
    found, open_one = last_attempt(begin + end), last_attempt(begin + end + begin)
    monkeypatch.delenv("TZ")
    time.tzset()
    assert found is not None
    assert (found.ended_s, found.done) == (1795187256.0, False)
    assert open_one is not None
    assert open_one.ended_s is None
    assert last_attempt("") is None

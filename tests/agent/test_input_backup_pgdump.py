"""Backups by pg_dump, from a real PostgreSQL."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config import ConfigError, loads
from agent.inputs import backup_pgdump
from agent.inputs.backup_pgdump import Config, Wanted, ended, ends
from tests.agent.backup_place import Turn, needed, sleeper, turn

needed("pg_dump", "pg_dumpall", "pg_restore", "psql", "setpriv")
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
if not SERVERS:
    needed("initdb")
NOW = int(time.time())
FORMS = ("dump", "dir", "plaindir", "insertdir", "tar", "sql", "sql.gz", "all")


def as_postgres(*argv: object) -> None:
    """Run a program of the server, which refuses to be root."""
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    subprocess.run([*user, *map(str, argv)], check=True, capture_output=True, cwd="/")


@pytest.fixture(scope="module")
def dumps() -> Iterator[Path]:
    """Give a folder with a dump in every form; the server that they come from has ended."""
    binaries = SERVERS[-1].parent
    folder = Path(
        subprocess.run(["mktemp", "-d", "/tmp/nadi-pg-XXXXXX"], capture_output=True, text=True).stdout.strip()
    )
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    settings = {**os.environ, "PGHOST": str(folder), "PGUSER": "nadi", "PGDATABASE": "postgres"}
    as_postgres(binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", "nadi", "--no-sync")
    listen = f"-k {folder} -c listen_addresses= -c fsync=off"
    as_postgres(binaries / "pg_ctl", "-D", folder / "data", "-o", listen, "-l", folder / "log", "-w", "start")
    try:
        sql = "create table t as select g, md5(g::text) from generate_series(1, 20000) g; create table u (a int)"
        subprocess.run(["psql", "-q", "-c", sql], check=True, env=settings)
        forms = {"dump": "-Fc", "dir": "-Fd", "plaindir": "-Fd -Z0", "insertdir": "-Fd -Z0 --inserts"}
        for form, options in {**forms, "tar": "-Ft", "sql": "-Fp"}.items():
            argv = ["pg_dump", *options.split(), "-f", str(folder / f"x.{form}")]
            subprocess.run(argv, check=True, env=settings)
        subprocess.run(["pg_dumpall", "-f", str(folder / "x.all")], check=True, env=settings)
    finally:
        as_postgres(binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    (folder / "x.sql.gz").write_bytes(gzip.compress((folder / "x.sql").read_bytes()))
    yield folder
    shutil.rmtree(folder)


class Place:
    """A folder of one job's dumps."""

    def __init__(self, folder: Path, dumps: Path) -> None:
        self.folder, self.dumps = folder, dumps

    def put(self, form: str, *, hours: int, cut: float = 1.0) -> Path:
        """Copy a dump in as one of some hours ago, its (largest) file cut to a part of its length."""
        source, path = self.dumps / f"x.{form}", self.folder / f"{100 - hours}.{form}"
        if source.is_dir():
            shutil.copytree(source, path)
        else:
            shutil.copy(source, path)
        files = [path] if path.is_file() else list(path.iterdir())
        largest = max(files, key=lambda one: one.stat().st_size)
        os.truncate(largest, round(largest.stat().st_size * cut))
        for one in {*files, path}:
            os.utime(one, (NOW - hours * 3600, NOW - hours * 3600))
        return path

    def look(self, **changes: object) -> Turn:
        job = replace(Wanted(name="simpeg", files=f"{self.folder}/[0-9]*"), **changes)  # type: ignore[arg-type]
        return turn(backup_pgdump, Config(job=(job,), timeout=20))


@pytest.fixture
def place(tmp_path: Path, dumps: Path) -> Place:
    return Place(tmp_path, dumps)


@pytest.mark.parametrize("form", FORMS)
def test_a_whole_dump_of_every_form_is_a_verified_copy(place: Place, form: str) -> None:
    path = place.put(form, hours=2)
    size = sum(one.stat().st_size for one in path.iterdir()) if path.is_dir() else path.stat().st_size
    found = place.look()
    job = found["simpeg"]
    assert (found.trouble, job["last_ok"], job["copies"], job["last_size_bytes"]) == ("", 1, 1, size)
    assert job["last_success_timestamp_seconds"] == job["last_verified_timestamp_seconds"] == NOW - 7200
    assert job.get("last_files") == (2 if "sql" not in form and form != "all" else None)


@pytest.mark.parametrize("form", FORMS)
def test_a_dump_that_was_cut_off_is_no_copy(place: Place, form: str) -> None:
    place.put("all", hours=9)
    for cut in (0.001, 0.5, 0.99):
        path = place.put(form, hours=2, cut=cut)
        job = place.look(shrink_ratio=0.0)["simpeg"]
        assert (job["last_ok"], job["fault"], job["copies"]) == (0, 6, 1), cut
        assert job["last_success_timestamp_seconds"] == NOW - 9 * 3600
        assert job["last_run_timestamp_seconds"] == NOW - 7200
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("part", ["gone", "empty"])
def test_a_folder_that_lacks_data_is_no_copy(place: Place, part: str) -> None:
    path = place.put("dir", hours=2)
    largest = max(path.iterdir(), key=lambda one: one.stat().st_size)
    largest.unlink() if part == "gone" else os.truncate(largest, 0)
    for one in (path, *path.iterdir()):
        os.utime(one, (NOW - 7200, NOW - 7200))
    assert place.look()["simpeg"]["fault"] == 6


def test_a_tar_file_with_a_hole_or_without_its_end_is_no_copy(place: Place) -> None:
    whole = (place.dumps / "x.tar").read_bytes()
    for data in (whole[:-1024], whole[:100_000] + bytes(1024)):
        path = place.put("tar", hours=2)
        path.write_bytes(data)
        os.utime(path, (NOW - 7200, NOW - 7200))
        assert place.look()["simpeg"]["fault"] == 6
        path.unlink()


@pytest.mark.parametrize("case", ["half", "no checksum", "flipped"])
def test_gzip_that_ends_well_around_half_a_dump_or_is_damaged_is_no_copy(place: Place, case: str) -> None:
    text = (place.dumps / "x.sql").read_bytes()
    packed = gzip.compress(text[: len(text) // 2] if case == "half" else text)
    if case == "no checksum":
        packed = packed[:-8]
    if case == "flipped":
        packed = packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]  # in the checksum alone
    path = place.put("sql.gz", hours=2)
    path.write_bytes(packed)
    os.utime(path, (NOW - 7200, NOW - 7200))
    assert place.look()["simpeg"]["fault"] == 6


def test_gzip_of_several_members_is_one_dump(place: Place) -> None:
    text = (place.dumps / "x.sql").read_bytes()
    path = place.put("sql.gz", hours=2)
    path.write_bytes(gzip.compress(text[:300_000]) + gzip.compress(text[300_000:]) + bytes(512))
    os.utime(path, (NOW - 7200, NOW - 7200))
    assert place.look()["simpeg"]["last_ok"] == 1


def test_an_archive_of_a_newer_pg_dump_is_unknown_not_damaged(place: Place) -> None:
    path = place.put("dump", hours=2)
    data = bytearray(path.read_bytes())
    data[6] = 99  # the minor version of the archive's form
    path.write_bytes(data)
    os.utime(path, (NOW - 7200, NOW - 7200))
    found = place.look()
    assert not {"last_ok", "fault"} & found["simpeg"].keys()
    assert "unsupported version (1.99)" in found.trouble


def test_an_empty_file_is_no_copy(place: Place) -> None:
    place.put("sql", hours=2, cut=0)
    assert place.look()["simpeg"]["fault"] == 4


def test_without_read_all_a_cut_archive_looks_whole_and_is_not_called_verified(place: Place) -> None:
    place.put("dump", hours=2, cut=0.5)
    job = place.look(read_all=False)["simpeg"]
    assert job["last_ok"] == 1
    assert "last_verified_timestamp_seconds" not in job


def test_a_dump_that_shrank_does_not_move_the_last_success(place: Place) -> None:
    place.put("sql", hours=3)
    place.put("dump", hours=2)
    job = place.look(shrink_ratio=0.9)["simpeg"]
    assert (job["last_ok"], job["fault"]) == (0, 8)
    assert job["last_success_timestamp_seconds"] == NOW - 3 * 3600


def test_a_dump_without_data_is_none(place: Place, dumps: Path) -> None:
    place.put("dump", hours=2)
    assert place.look(minimum_files=3)["simpeg"]["fault"] == 4
    assert place.look(minimum_bytes=10**9)["simpeg"]["fault"] == 4


def test_an_old_one_keeps_its_time_and_pruned_ones_are_none(place: Place) -> None:
    path = place.put("sql", hours=90)
    assert place.look()["simpeg"]["last_success_timestamp_seconds"] == NOW - 90 * 3600
    path.unlink()
    job = place.look()["simpeg"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 7, 0)


def test_a_dump_under_way_is_not_judged(place: Place) -> None:
    place.put("dump", hours=2)
    place.put("sql", hours=0, cut=0.5)
    assert place.look(settle=600)["simpeg"]["last_ok"] == 1
    assert place.look(settle=0)["simpeg"]["fault"] == 6


def test_a_restore_test_is_told_by_its_marker(place: Place, tmp_path: Path) -> None:
    place.put("dump", hours=2)
    (tmp_path / "restored").write_text("OK 2026-11-20T03:00:00+07:00\n")
    job = place.look(restore_test_file=tmp_path / "restored")["simpeg"]
    assert (job["last_restore_test_timestamp_seconds"], job["restore_test_passed"]) == (1_795_118_400, 1)


def test_what_is_no_dump_is_unknown_with_its_reason(place: Place, tmp_path: Path) -> None:
    (tmp_path / "1.zst").write_bytes(b"\x28\xb5\x2f\xfd" * 100)
    os.utime(tmp_path / "1.zst", (NOW - 7200, NOW - 7200))
    found = place.look()
    assert not {"last_ok", "fault", "last_success_timestamp_seconds"} & found["simpeg"].keys()
    assert "1.zst is neither an archive of pg_dump nor its SQL" in found.trouble


def test_a_tool_that_hangs_or_is_missing_is_no_damage(place: Place, tmp_path: Path) -> None:
    place.put("dump", hours=2)
    job = Wanted(name="simpeg", files=f"{tmp_path}/[0-9]*")
    for tool, message in ((sleeper(tmp_path), "no end after 1 s; killed"), ("/nowhere/pg_restore", "cannot be run")):
        began = time.monotonic()
        found = turn(backup_pgdump, Config(job=(job,), timeout=1, tool=tool))
        assert "last_ok" not in found["simpeg"]
        assert message in found.trouble
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("zone", ["Asia/Jayapura", "America/New_York"])
def test_the_zone_of_the_host_does_not_move_a_copy(place: Place, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put("dump", hours=2)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert place.look()["simpeg"]["last_success_timestamp_seconds"] == NOW - 7200
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_file_touched_later_has_the_time_of_its_dump() -> None:
    created = time.mktime((2026, 11, 20, 3, 0, 0, 0, 0, -1))
    lines = [";", "; Archive created at 2026-11-20 03:00:00 WIB"]
    assert ended(created + 7200, lines) == created + 7200
    assert ended(created + 90_000, lines) == created
    assert ended(created - 20_000, lines) == created - 20_000
    assert ended(created, ["; Archive created at 20 November"]) == created


def test_the_last_words_must_be_last() -> None:
    last = b"--\n-- PostgreSQL database dump complete\n--\n\n"
    assert ends(b"COPY\n" + last)
    assert ends(last + b"\\unrestrict abc\n\n")
    assert not ends(last + b"COPY public.t FROM stdin;\n1\t2\n")
    assert not ends(b"1\t-- PostgreSQL database dump complete\n")


@pytest.mark.parametrize("text", ['files = "a"', 'files = "/a"\nsettle = -1'])
def test_a_mistake_in_the_configuration_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="must be"):
        loads(Config, f'[[job]]\nname = "a"\n{text}\n', source="x")

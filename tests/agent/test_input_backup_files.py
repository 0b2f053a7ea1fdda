"""Backups that are files, with checksum files of the real sha256sum."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config import ConfigError, loads
from agent.inputs import backup_files
from agent.inputs.backup_files import Config, Wanted
from tests.agent.backup_place import Turn, needed, turn

needed("sha256sum")
DAY = 86_400
NOW = int(time.time())


def written(folder: Path, name: str, size: int, *, days: float) -> Path:
    path = folder / name
    path.write_bytes(os.urandom(size))
    os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    return path


def summed(folder: Path, name: str, into: str) -> None:
    with (folder / into).open("a") as file:
        subprocess.run(["sha256sum", name], cwd=folder, stdout=file, check=True)


def look(folder: Path, *, timeout: float = 20, **changes: object) -> Turn:
    job = replace(Wanted(name="arsip", files=f"{folder}/*.tar*", minimum_bytes=100), **changes)  # type: ignore[arg-type]
    return turn(backup_files, Config(job=(job,), timeout=timeout))


def test_the_newest_of_good_copies_is_told(tmp_path: Path) -> None:
    written(tmp_path, "a.tar", 1000, days=2)
    written(tmp_path, "b.tar", 1200, days=1)
    found = look(tmp_path)
    assert found.trouble == ""
    assert found["arsip"] == {
        "last_run_timestamp_seconds": NOW - DAY,
        "last_success_timestamp_seconds": NOW - DAY,
        "last_full_timestamp_seconds": NOW - DAY,
        "last_ok": 1,
        "level": 1,
        "last_size_bytes": 1200,
        "copies": 2,
    }


def test_an_old_copy_keeps_its_time(tmp_path: Path) -> None:
    written(tmp_path, "a.tar", 1000, days=90)
    assert look(tmp_path)["arsip"]["last_success_timestamp_seconds"] == NOW - 90 * DAY


def test_none_is_a_fault_and_a_folder_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    job = look(tmp_path)["arsip"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 7, 0)
    found = look(tmp_path / "not-mounted")
    assert found.jobs == {}
    assert "not-mounted: the folder of the copies cannot be read: No such file or directory" in found.trouble


@pytest.mark.parametrize(("size", "fault"), [(99, 4), (0, 4), (499, 8)])
def test_a_copy_that_is_too_small_or_shrank_does_not_move_the_last_success(
    tmp_path: Path, size: int, fault: int
) -> None:
    written(tmp_path, "a.tar", 1000, days=2)
    written(tmp_path, "b.tar", size, days=1)
    job = look(tmp_path)["arsip"]
    assert (job["last_ok"], job["fault"], job["last_size_bytes"]) == (0, fault, size)
    assert job["last_run_timestamp_seconds"] == NOW - DAY
    assert job["last_success_timestamp_seconds"] == NOW - 2 * DAY


def test_a_copy_that_is_still_written_is_not_judged(tmp_path: Path) -> None:
    written(tmp_path, "a.tar", 1000, days=2)
    written(tmp_path, "b.tar", 5, days=0)
    job = look(tmp_path, settle=600)["arsip"]
    assert (job["last_ok"], job["copies"], job["last_run_timestamp_seconds"]) == (1, 1, NOW - 2 * DAY)
    assert look(tmp_path, settle=0)["arsip"]["last_ok"] == 0


@pytest.mark.parametrize("checksums", [".sha256", "SHA256SUMS.tar"])
def test_a_copy_without_its_checksum_is_not_finished(tmp_path: Path, checksums: str) -> None:
    for name, days in (("a.tar", 2), ("b.tar", 1)):
        written(tmp_path, name, 1000, days=days)
    ending = checksums.startswith(".")
    summed(tmp_path, "a.tar", "a.tar.sha256" if ending else checksums)
    job = look(tmp_path, checksums=checksums)["arsip"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 1, 2)
    assert job["last_success_timestamp_seconds"] == NOW - 2 * DAY
    summed(tmp_path, "b.tar", "b.tar.sha256" if ending else checksums)
    job = look(tmp_path, checksums=checksums, verify=True)["arsip"]
    assert (job["last_ok"], job["last_verified_timestamp_seconds"]) == (1, NOW - DAY)


def test_a_copy_with_another_content_is_damaged(tmp_path: Path) -> None:
    path = written(tmp_path, "a.tar", 3 << 20, days=1)
    summed(tmp_path, "a.tar", "a.tar.sha256")
    os.utime(tmp_path / "a.tar.sha256", (NOW - DAY, NOW - DAY))
    assert look(tmp_path, checksums=".sha256", verify=True)["arsip"]["last_ok"] == 1
    with path.open("r+b") as file:
        file.seek(2 << 20)
        file.write(b"damaged")
    os.utime(path, (NOW - DAY + 1, NOW - DAY + 1))
    job = look(tmp_path, checksums=".sha256", verify=True)["arsip"]
    assert (job["last_ok"], job["fault"], job["copies"]) == (0, 6, 0)
    assert not {"last_verified_timestamp_seconds", "last_success_timestamp_seconds"} & job.keys()


def test_what_cannot_be_verified_in_time_is_neither_good_nor_bad(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    os.utime(path, (NOW - DAY, NOW - DAY))
    (tmp_path / "a.tar.sha256").write_text(f"{'0' * 64}  a.tar\n")
    began = time.monotonic()
    found = look(tmp_path, checksums=".sha256", verify=True, timeout=1)
    assert time.monotonic() - began < 5
    assert not {"last_ok", "fault", "last_success_timestamp_seconds"} & found["arsip"].keys()
    assert "is not read within 1 s; raise timeout, or verify = false" in found.trouble


def test_a_restore_test_is_told_by_its_marker(tmp_path: Path) -> None:
    written(tmp_path, "a.tar", 1000, days=1)
    (tmp_path / "restored").write_text("GAGAL 2026-11-20T03:00:00+07:00\n")
    job = look(tmp_path, restore_test_file=tmp_path / "restored")["arsip"]
    assert (job["last_restore_test_timestamp_seconds"], job["restore_test_passed"]) == (1_795_118_400, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('files = "a/*"', "files must be an absolute path"),
        ('files = "/a/*"\nverify = true', "verify needs checksums"),
        ('files = "/a/*"\nchecksums = "/b"', "checksums must be an ending"),
        ('files = "/a/*"\n[[job]]\nname = "a"\nfiles = "/b"', "a job is named twice: a, a"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loads(Config, f'[[job]]\nname = "a"\n{text}\n', source="x")

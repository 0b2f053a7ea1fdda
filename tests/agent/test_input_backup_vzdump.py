"""Backups of Proxmox guests, from recorded logs: Proxmox does not run here (tests/cases/vzdump/README.md)."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.backup import Fault
from agent.inputs import backup_vzdump
from agent.inputs.backup_vzdump import Config, Wanted
from tests.agent.backup_place import Turn, turn

CASES = Path(__file__).parents[1] / "cases" / "vzdump"
NIGHTS = {
    "tanpa-penyimpanan": ("2026-11-18T23:00:01+07:00", "102"),
    "baik": ("2026-11-19T23:00:01+07:00", ""),
    "sebagian": ("2026-11-20T23:00:01+07:00", ""),
    "terputus": ("2026-11-21T23:00:01+07:00", ""),
}


def unix(text: str) -> float:
    return datetime.fromisoformat(f"{text}+07:00").timestamp()


@pytest.fixture(autouse=True)
def in_jakarta(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Jakarta")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class Node:
    """A node's folders, filled with recorded logs under the names that Proxmox gives them."""

    def __init__(self, folder: Path) -> None:
        self.tasks, self.guests, self.dump = (folder / name for name in ("tasks", "guests", "dump"))
        for path in (self.tasks, self.guests, self.dump):
            path.mkdir()

    def task(self, case: str, *, process: tuple[int, int] = (0x7FFFFFF0, 0x1F2E3D4C), cut: str = "") -> Path:
        moment, guest = NIGHTS[case]
        start = int(datetime.fromisoformat(moment).timestamp())
        folder = self.tasks / f"{start & 15:X}"
        folder.mkdir(exist_ok=True)
        path = folder / f"UPID:pve1:{process[0]:08X}:{process[1]:08X}:{start:08X}:vzdump:{guest}:root@pam:"
        text = (CASES / f"{case}.log").read_text().replace("/mnt/pve/backup/dump", str(self.dump))
        path.write_text(text.partition(cut)[0] if cut else text)
        os.utime(path, (start + 700, start + 700))
        return path

    def look(self, guest: int, **wanted: Any) -> Turn:
        job = Wanted(name="tamu", guest=guest, **wanted)
        return turn(backup_vzdump, Config(job=(job,), tasks=self.tasks, guests=self.guests))

    def archive(self, name: str, size: int) -> Path:
        path = self.dump / name
        with path.open("wb") as file:
            file.truncate(size)
        return path


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_recorded_a_good_night_is_told_for_each_guest(node: Node) -> None:
    node.task("baik")
    job = node.look(100, disks=("scsi0", "scsi1"))["tamu"]
    end = unix("2026-11-19T23:07:32")
    assert (job["last_ok"], job["level"], job["running"], job["last_errors"]) == (1, 1, 0, 0)
    assert job["last_run_timestamp_seconds"] == job["last_success_timestamp_seconds"] == end
    assert (job["last_full_timestamp_seconds"], job["last_duration_seconds"]) == (end, 451)
    assert job["last_size_bytes"] == int(8.10 * 2**30)
    assert node.look(101)["tamu"]["last_size_bytes"] == 412 * 2**20
    assert node.look(200, disks=("rootfs",))["tamu"]["last_ok"] == 1
    assert node.look(300)["tamu"] == {"last_ok": 0, "fault": Fault.NONE_FOUND, "running": 0}


def test_recorded_a_backup_server_tells_no_size_and_none_is_invented(node: Node) -> None:
    node.task("baik")
    job = node.look(109)["tamu"]
    assert (job["last_ok"], "last_size_bytes" in job) == (1, False)
    assert job["last_success_timestamp_seconds"] == unix("2026-11-19T23:08:37")


@pytest.mark.parametrize(
    ("guest", "fault", "end"),
    [
        (100, Fault.SOURCE_MISSING, "2026-11-20T23:07:36"),
        (101, Fault.TOOL_FAILED, "2026-11-20T23:07:40"),
        (109, Fault.ERRORS, "2026-11-20T23:08:11"),
        (200, Fault.NOT_GROWING, "2026-11-20T23:08:23"),
    ],
)
def test_recorded_a_bad_night_leaves_the_good_one_as_the_last_success(
    node: Node, guest: int, fault: Fault, end: str
) -> None:
    disks = ("scsi0", "scsi1") if guest == 100 else ()
    node.task("baik")
    good = node.look(guest)["tamu"]["last_success_timestamp_seconds"]
    node.task("sebagian")
    job = node.look(guest, disks=disks)["tamu"]
    assert (job["last_ok"], job["fault"]) == (0, fault)
    assert job["last_run_timestamp_seconds"] == unix(end)
    assert job["last_success_timestamp_seconds"] == good


def test_recorded_a_guest_on_another_node_did_not_fail_here(node: Node) -> None:
    node.task("sebagian")
    assert node.look(300)["tamu"] == {"last_ok": 0, "fault": Fault.NONE_FOUND, "running": 0}


def test_recorded_an_interrupted_job_failed_also_for_the_guests_it_never_came_to(node: Node) -> None:
    for case in ("baik", "terputus"):
        node.task(case)
    begun, waiting = node.look(100)["tamu"], node.look(101)["tamu"]
    assert (begun["fault"], begun["last_run_timestamp_seconds"]) == (Fault.TOOL_FAILED, unix("2026-11-21T23:02:10"))
    assert (waiting["fault"], waiting["last_ok"]) == (Fault.TOOL_FAILED, 0)
    assert waiting["last_run_timestamp_seconds"] == unix("2026-11-21T23:00:01") + 700, "the log's last line"
    assert waiting["last_success_timestamp_seconds"] == unix("2026-11-19T23:08:12")
    assert node.look(109)["tamu"]["last_ok"] == 1, "it was not in the list"


def test_recorded_a_storage_that_is_not_there_fails_the_guest(node: Node) -> None:
    node.task("tanpa-penyimpanan")
    job = node.look(102)["tamu"]
    assert (job["last_ok"], job["fault"], "last_success_timestamp_seconds" in job) == (0, Fault.TOOL_FAILED, False)


def test_recorded_a_task_whose_process_lives_runs_and_a_dead_one_failed(node: Node) -> None:
    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    node.task("baik")
    path = node.task("terputus", process=(os.getpid(), int(stat[19])), cut="ERROR:")
    job = node.look(100)["tamu"]
    assert (job["running"], job["last_run_timestamp_seconds"]) == (1, unix("2026-11-19T23:07:32"))
    path.unlink()
    node.task("terputus", process=(os.getpid(), int(stat[19]) + 1), cut="ERROR:")
    dead = node.look(100)["tamu"]
    assert (dead["running"], dead["last_ok"], dead["fault"]) == (0, 0, Fault.TOOL_FAILED)
    assert "last_run_timestamp_seconds" not in dead, "when it died is not known"


def test_recorded_an_archive_must_be_there_and_as_large_as_its_log_says(node: Node) -> None:
    node.task("baik")
    other = node.archive("vzdump-qemu-999-2026_11_19-23_00_01.vma.zst", 1)
    gone = node.look(101)["tamu"]
    assert (gone["fault"], "last_success_timestamp_seconds" in gone) == (Fault.COPY_GONE, False)
    node.archive("vzdump-qemu-101-2026_11_19-23_07_32.vma.zst", 412 * 2**20 + 700_000)
    assert node.look(101)["tamu"]["last_ok"] == 1, "vzdump cuts to whole MB"
    node.archive("vzdump-qemu-101-2026_11_19-23_07_32.vma.zst", 300 * 2**20)
    assert node.look(101)["tamu"]["fault"] == Fault.DAMAGED
    other.unlink()
    (node.dump / "vzdump-qemu-101-2026_11_19-23_07_32.vma.zst").unlink()
    assert node.look(101)["tamu"]["last_ok"] == 1, "an empty folder is a storage that is not mounted now"


def test_recorded_the_log_of_a_guest_is_enough_where_its_task_log_is_gone(node: Node) -> None:
    shutil.copy(CASES / "qemu-104.log", node.guests)
    job = node.look(104)["tamu"]
    assert (job["last_ok"], job["last_duration_seconds"]) == (1, 4500)
    assert job["last_success_timestamp_seconds"] == unix("2026-11-20T23:45:02")
    assert job["last_size_bytes"] == int(98.27 * 2**30)


def test_only_the_newest_logs_are_read_and_no_folder_is_told(node: Node, tmp_path: Path) -> None:
    for case in ("baik", "sebagian"):
        node.task(case)
    job = Wanted(name="tamu", guest=101)
    newest = turn(backup_vzdump, Config(job=(job,), tasks=node.tasks, guests=node.guests, logs=1))
    assert "last_success_timestamp_seconds" not in newest["tamu"]
    nowhere = turn(backup_vzdump, Config(job=(job,), tasks=tmp_path / "nowhere", guests=node.guests))
    assert (nowhere.jobs, "task logs cannot be read" in nowhere.trouble) == ({}, True)
    with pytest.raises(ValueError, match="guest must be"):
        Wanted(name="a", guest=1)

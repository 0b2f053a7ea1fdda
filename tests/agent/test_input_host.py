"""Media plugged in and reboots that wait; the rest of the host is in test_inputs.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import host
from agent.source import Env

HIDDEN = host.Config().exclude_disks


def disk(root: Path, name: str, *, removable: int, size: int, bus: str = "pci0/ata1") -> None:
    """Make a disk as sysfs shows it: a link in the folder of block devices to its place in the tree of devices."""
    place = root / "devices" / bus / name
    place.mkdir(parents=True)
    (place / "removable").write_text(f"{removable}\n")
    (place / "size").write_text(f"{size}\n")
    (root / "block").mkdir(exist_ok=True)
    (root / "block" / name).symlink_to(place)


@pytest.mark.parametrize(("name", "removable", "size", "bus", "count"), [
    ("sda", 0, 10**9, "pci0/ata1", 0),
    ("sdb", 1, 10**6, "pci0/usb1/1-2", 1),
    ("sdb", 1, 0, "pci0/usb1/1-2", 0),
    ("sdc", 0, 10**9, "pci0/usb2/2-1", 1),
    ("mmcblk0", 1, 10**6, "pci0/mmc", 1),
    ("sr0", 1, 10**6, "pci0/ata2", 0),
    ("loop0", 0, 10**6, "virtual", 0),
])  # fmt: skip
def test_a_medium_counts_when_it_is_there_and_can_be_carried_away(
    tmp_path: Path, name: str, removable: int, size: int, bus: str, count: int
) -> None:
    disk(tmp_path, name, removable=removable, size=size, bus=bus)
    disk(tmp_path, "vda", removable=0, size=10**9)
    assert host.removable(str(tmp_path / "block"), HIDDEN) == count


def test_a_disk_pulled_out_while_it_is_read_is_not_there(tmp_path: Path) -> None:
    disk(tmp_path, "sdb", removable=1, size=8)
    (tmp_path / "block" / "sdc").symlink_to(tmp_path / "gone")
    assert host.removable(str(tmp_path / "block"), HIDDEN) == 1


def test_no_reboot_is_known_to_wait_only_where_something_would_tell(tmp_path: Path) -> None:
    file, writer = tmp_path / "reboot-required", tmp_path / "notify"
    assert host.reboot_required(str(file), (str(writer),)) is None
    writer.touch()
    assert host.reboot_required(str(file), (str(writer),)) == 0
    file.touch()
    assert host.reboot_required(str(file), (str(writer),)) == 1
    assert host.reboot_required(str(file), ()) == 1


def test_the_machine_tells_its_media() -> None:
    clock = SystemClock()
    machine = next(iter(host.collect(host.Config(), Env("d", look(clock), clock)))).fields
    assert machine["removable_storage"] == host.removable("/sys/block", HIDDEN)
    assert machine.get("reboot_required") in (None, 0, 1)


def test_a_guarded_units_view_does_not_make_a_file_system_read_only(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "36 35 8:1 / / ro,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
        "37 36 8:2 / /srv/dua\\040kata rw - xfs /dev/sda2 rw,attr2\n"
        "38 36 8:3 / /srv/rusak rw,relatime master:1 - ext4 /dev/sda3 ro\n"
    )
    assert host.frozen_mounts(str(table)) == {"/": False, "/srv/dua kata": False, "/srv/rusak": True}


def test_this_machines_mounts_are_all_told() -> None:
    mounted = {part.mountpoint for part in psutil.disk_partitions(all=False)}
    assert mounted <= set(host.frozen_mounts("/proc/self/mountinfo"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount in a namespace of its own")
def test_behind_a_mount_that_is_read_only_for_the_agent_the_file_system_is_not() -> None:
    program = (
        "from tests.agent.test_input_host import *\n"
        "env = Env('srv', look(SystemClock()), SystemClock())\n"
        "print(host.frozen_mounts('/proc/self/mountinfo')['/'], 'ro' in psutil.disk_partitions(True)[0].opts)\n"
        "print([r.fields['filesystem_readonly'] for r in host.collect(host.Config(), env)"
        " if dict(r.tags).get('mountpoint') == '/'])\n"
    )
    script = f'mount --make-rprivate / && mount -o remount,bind,ro / && exec {sys.executable} -B -c "$0"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0].startswith("False")
    assert "1" not in done.stdout.splitlines()[1]

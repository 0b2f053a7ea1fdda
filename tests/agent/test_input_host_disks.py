"""Disks and arrays. No disk of this machine has SMART: what smartctl prints of one is written here in its form."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import host_disks
from agent.inputs.host_disks import Config, DiskError
from agent.reading import Reading
from agent.source import Env
from agent.tool import ToolError

MDSTAT = """\
Personalities : [raid1] [raid6] [raid5] [raid4] [raid0]
md0 : active raid1 sdb1[1] sda1[0]
      523200 blocks super 1.2 [2/2] [UU]

md1 : active raid1 sdb2[1](F) sda2[0]
      1953381376 blocks super 1.2 [2/1] [U_]
      bitmap: 3/15 pages [12KB], 65536KB chunk

md2 : active raid5 sdf1[4] sde1[2] sdd1[1] sdc1[0]
      2917676544 blocks level 5, 512k chunk, algorithm 2 [4/3] [UUU_]
      [==>..................]  recovery = 12.6% (122553472/972558848) finish=98.1min speed=144320K/sec

md3 : inactive sdg1[0](S)
      976630488 blocks super 1.2

md4 : active raid0 sdi1[1] sdh1[0]
      3906762752 blocks super 1.2 512k chunks

md5 : active (auto-read-only) raid1 sdk1[1] sdj1[0]
      976630464 blocks super 1.2 [2/2] [UU]
      [>....................]  check =  1.1% (11081728/976630464) finish=131.6min speed=122205K/sec

md6 : active raid1 sdl1[0]
      104320 blocks [2/2] [U_]

unused devices: <none>
"""


def collected(config: Config) -> tuple[list[Reading], str]:
    clock, found = SystemClock(), []
    readings = host_disks.collect(config, Env("d", look(clock), clock))
    try:
        for item in readings:
            found.append(item)
    except (DiskError, ToolError) as error:
        return found, str(error)
    return found, ""


def test_recorded_mdstat_tells_which_arrays_are_whole() -> None:
    assert host_disks.arrays(MDSTAT) == {"md0": 1, "md1": 0, "md2": 0, "md3": 0, "md4": 1, "md5": 1, "md6": 0}
    assert host_disks.arrays("Personalities : \nunused devices: <none>\n") == {}


def said(passed: bool | None, *messages: str) -> bytes:
    told: dict[str, object] = {
        "json_format_version": [1, 0],
        "smartctl": {"version": [7, 3], "messages": [{"string": text, "severity": "error"} for text in messages]},
    }
    if passed is not None:
        told["smart_status"] = {"passed": passed}
    return json.dumps(told).encode()


@pytest.mark.parametrize(("status", "passed", "healthy"), [
    (0, True, 1),
    (0b0100_0000, True, 1),  # errors in the log of the past
    (0b0010_0000, True, 1),  # an attribute was below its threshold once
    (0b0000_1000, False, 0),
    (0b0001_1000, False, 0),
    (0b0000_0100, None, None),  # a disk that gives no verdict
])  # fmt: skip
def test_smartctls_verdict_in_its_documented_form_is_read(status: int, passed: bool | None, healthy: int) -> None:
    assert host_disks.verdict(status, said(passed)) == healthy


def test_a_disk_that_was_not_asked_is_unknown_whatever_was_printed() -> None:
    with pytest.raises(ToolError, match="could not ask it: Permission denied; it needs root, or sudo"):
        host_disks.verdict(0b10, said(True, "Permission denied"))
    with pytest.raises(ToolError, match="printed no JSON; it needs smartmontools 7"):
        host_disks.verdict(0, b"smartctl 6.6\n")


def test_a_recorded_scan_tells_disks_behind_a_controller_apart() -> None:
    devices = [
        {"name": "/dev/sda", "info_name": "/dev/sda", "type": "scsi", "protocol": "SCSI"},
        {"name": "/dev/bus/0", "info_name": "/dev/bus/0 [megaraid_disk_04]", "type": "megaraid,4", "protocol": "SCSI"},
    ]
    assert host_disks.scanned(json.dumps({"devices": devices}).encode()) == [
        ("/dev/sda", "scsi"), ("/dev/bus/0", "megaraid,4"),
    ]  # fmt: skip
    assert host_disks.scanned(b"{}") == []


def test_with_a_program_in_smartctls_place_one_bad_disk_hides_no_other(tmp_path: Path) -> None:
    kinds = {"/dev/sda": "sat", "/dev/sdb": "sat", "/dev/bus/0": "megaraid,4"}
    scan = {"devices": [{"name": name, "type": kind} for name, kind in kinds.items()]}
    (tmp_path / "scan").write_text(json.dumps(scan))
    for name, told in (("sda", said(None, "Permission denied")), ("sdb", said(False)), ("0", said(True))):
        (tmp_path / name).write_bytes(told)
    program = tmp_path / "smartctl"
    program.write_text(
        f'#!/bin/sh\ncd {tmp_path}\ncase "$*" in\n*--scan*) cat scan;;\n*-d\\ sat\\ /dev/sda) cat sda; exit 2;;\n'
        "*-d\\ sat\\ /dev/sdb) cat sdb; exit 8;;\n*-d\\ megaraid,4\\ /dev/bus/0) cat 0;;\nesac\n"
    )
    program.chmod(stat.S_IRWXU)
    found, trouble = collected(Config(smartctl=(str(program),)))
    smart = {item.tag("disk"): item.fields["disk_healthy"] for item in found if not item.tag("disk").startswith("md")}
    assert smart == {"sdb": 0, "bus/0 megaraid,4": 1}
    assert trouble.startswith("/dev/sda: smartctl could not ask it: Permission denied")


def test_the_real_smartctl_tells_a_disk_that_is_none() -> None:
    program = shutil.which("smartctl", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        message = "smartctl is not installed (apt-get install smartmontools)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(f"NOT TESTED: {message}")
    found, trouble = collected(Config(smartctl=(program,), disks=("/dev/nothing",)))
    assert trouble.startswith("/dev/nothing: smartctl could not ask it: /dev/nothing: Unable to detect device type")
    assert not [item for item in found if item.tag("disk") == "nothing"]


def test_a_missing_smartctl_is_told_and_can_be_left_out() -> None:
    assert "/nowhere/smartctl: cannot be run" in collected(Config(smartctl=("/nowhere/smartctl",)))[1]
    assert collected(Config(smartctl=()))[1] == ""


def test_a_mistake_is_told() -> None:
    with pytest.raises(ValueError, match="'sda' is no device; name it as /dev/sda"):
        Config(disks=("sda",))
    with pytest.raises(ValueError, match="interval must be between 10 and 86400"):
        Config(interval=1)

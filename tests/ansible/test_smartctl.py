"""``nadi-smartctl``: root asks the disks, the agent reads it; real smartctl, and one written here that has disks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import host_disks
from agent.source import Env
from agent.tool import ToolError
from tests.ansible.playing import PLAYS

PROGRAM = PLAYS / "roles" / "nadi_agent" / "files" / "nadi-smartctl"
DISKS = """\
#!/bin/sh
case "$*" in
*--scan*) echo '{"devices": [{"name": "/dev/sda", "type": "sat"}, {"name": "/dev/sdb", "type": "sat"}]}' ;;
*sda) echo '{"smart_status": {"passed": true}}' ;;
*sdb) echo '{"smart_status": {"passed": false}}'; exit 8 ;;
esac
"""


def made(place: Path, smartctl: Path) -> Path:
    """Write the program so that it runs ``smartctl`` and keeps what is said in ``place``."""
    text = PROGRAM.read_text(encoding="utf-8").replace("/usr/sbin/smartctl", str(smartctl))
    program = place / "nadi-smartctl"
    program.write_text(text.replace("/run/nadi-smart", str(place)).replace("/usr/bin/python3", sys.executable))
    program.chmod(0o755)
    return program


def kept(program: Path) -> None:
    subprocess.run([program, "keep", program.parent / "said.json"], check=True)


def health(program: Path) -> tuple[dict[str, int | float], str]:
    """Return what the agent's input tells of the disks by the program, and its complaint."""
    clock = SystemClock()
    found: dict[str, int | float] = {}
    try:
        for item in host_disks.collect(host_disks.Config(smartctl=(str(program),)), Env("srv", look(clock), clock)):
            found[dict(item.tags)["disk"]] = item.fields["disk_healthy"]
    except (host_disks.DiskError, ToolError) as error:
        return found, str(error)
    return found, ""


def test_the_agent_hears_what_root_was_told_by_a_stand_in_for_smartctl(tmp_path: Path) -> None:
    (tmp_path / "smartctl").write_text(DISKS)
    (tmp_path / "smartctl").chmod(0o755)
    program = made(tmp_path, tmp_path / "smartctl")
    kept(program)
    assert (tmp_path / "said.json").stat().st_mode & 0o777 == 0o644
    assert health(program) == ({"sda": 1, "sdb": 0}, "")


def test_real_smartctl_is_asked(tmp_path: Path) -> None:
    if not os.access("/usr/sbin/smartctl", os.X_OK):
        assert os.environ.get("CI") != "true", "smartmontools is missing"
        pytest.skip("smartmontools is missing")
    program = made(tmp_path, Path("/usr/sbin/smartctl"))
    kept(program)
    told = subprocess.run([program, "--scan", "--json"], capture_output=True, check=True)
    assert json.loads(told.stdout)["smartctl"]["argv"] == ["smartctl", "--scan", "--json"]
    assert health(program)[1] == ""


def test_what_was_asked_too_long_ago_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "smartctl").write_text(DISKS)
    (tmp_path / "smartctl").chmod(0o755)
    program = made(tmp_path, tmp_path / "smartctl")
    found, complaint = health(program)
    assert found == {}
    assert "No such file" in complaint
    kept(program)
    said = json.loads((tmp_path / "said.json").read_text())
    (tmp_path / "said.json").write_text(json.dumps(said | {"at": said["at"] - 1801}))
    found, complaint = health(program)
    assert found == {}
    assert "see systemctl status nadi-smart.timer" in complaint

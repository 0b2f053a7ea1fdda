"""The units of Nadi's own backup: systemd reads them, and they may do little."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ansible.playing import PLAYS, ran

ROLE = PLAYS / "roles" / "nadi_backup"
UNITS = ("nadi-backup.service", "nadi-backup-drill.service", "nadi-backup-restic.service")
TIMERS = ("nadi-backup.timer", "nadi-backup-drill.timer")
SITE = {
    "nadi_current": "/opt/nadi/current",
    "nadi_config": "/etc/nadi",
    "nadi_backup_mount": "/var/backups",
    "nadi_backup_scratch": "/var/tmp/nadi",
    "nadi_backup_restic_repository": "sftp:contoh:100%nadi",
    "nadi_collector_credentials": {"notify.urls": "x", "feed.token": "y"},
}


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let Ansible write the role's units into a folder."""
    place = tmp_path_factory.mktemp("units")
    written = [
        {"ansible.builtin.template": {"src": str(ROLE / "templates" / f"{name}.j2"), "dest": str(place / name)}}
        for name in (*UNITS, *TIMERS)
    ]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "become": False}
    play |= {"vars_files": [str(ROLE / "defaults" / "main.yml")], "tasks": written}
    (place / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    status, said = ran(place, "ansible-playbook", "-i", "localhost,", "-e", json.dumps(SITE), str(place / "play.yml"))
    assert status == 0, said
    return place


def analysed(*words: object) -> subprocess.CompletedProcess[str]:
    analyse = shutil.which("systemd-analyze")
    assert analyse is not None, "systemd is missing: apt-get install systemd"
    return subprocess.run([analyse, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unit", [*UNITS, *TIMERS])
def test_systemd_understands_every_line(units: Path, unit: str) -> None:
    done = analysed("verify", "--man=no", "--recursive-errors=no", units / unit)
    wrong = [
        line
        for line in done.stderr.splitlines()
        if unit in line and not re.search(r"is not executable|Failed to (open|load)|not found", line)
    ]
    assert wrong == []


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_exposed_to_little(units: Path, unit: str) -> None:
    done = analysed("security", "--offline=yes", "--threshold=20", "--no-pager", units / unit)
    level = re.search(r"Overall exposure level.*?: ([0-9.]+)", done.stdout)
    assert level, done.stderr
    assert float(level[1]) <= 2.0


def test_a_timer_catches_up_what_was_missed_and_a_missing_disk_stops_the_backup(units: Path) -> None:
    for name in TIMERS:
        assert "Persistent=true" in (units / name).read_text(encoding="utf-8")
    text = (units / "nadi-backup.service").read_text(encoding="utf-8")
    assert "AssertPathIsMountPoint=/var/backups\n" in text
    assert "OnSuccess=nadi-backup-restic.service" in text
    assert "LoadCredential=feed.token:/etc/nadi/nadi-collector.secrets/feed.token\n" in text


def test_the_command_is_one_that_nadi_has(units: Path) -> None:
    from collector.cli import parser

    for name in UNITS[:2]:
        text = (units / name).read_text(encoding="utf-8")
        found = re.search(r"^ExecStart=\S+/nadi (.*)$", text, re.M)
        assert found, name
        assert parser().parse_args(found[1].split()).command

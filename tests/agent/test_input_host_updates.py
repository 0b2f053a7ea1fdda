"""Security updates that wait: this machine's apt, and lines of Ubuntu's and Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import host_updates
from agent.inputs.host_updates import Config, UpdatesError
from agent.source import Env

SAID = """\
Reading package lists...
Building dependency tree...
The following packages will be upgraded:
  libssl3 base-files bash-security-tools
Inst base-files [12.4+deb12u11] (12.4+deb12u15 Debian:12.15/oldstable [amd64])
Inst libssl3 [3.0.15-1] (3.0.17-1 Debian-Security:12/oldstable-security [amd64]) []
Inst libgcrypt20 [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst linux-image-6.1.0-40-amd64 (6.1.153-1 Debian-Security:12/oldstable-security [amd64])
Inst perl [5.36.0-7] (5.36.0-9 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [amd64]) [perl:amd64 ]
Inst bash-security-tools [1] (2 Debian:12.15/oldstable [all])
Conf libssl3 (3.0.17-1 Debian-Security:12/oldstable-security [amd64])
"""


def env() -> Env:
    clock = SystemClock()
    return Env("d", look(clock), clock)


def test_what_comes_from_an_archive_of_security_updates_is_counted_once() -> None:
    assert host_updates.pending(SAID) == 4
    assert host_updates.pending("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n") == 0


def test_this_machines_own_apt_is_asked(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("NOT TESTED: this is no Debian")
    (tmp_path / "deb.example_dists_stable-security_InRelease").touch()
    (found,) = host_updates.collect(Config(lists=tmp_path), env())
    said = subprocess.run(["apt-get", "-s", "-o", "Debug::NoLocking=1", "dist-upgrade"], capture_output=True, text=True)
    lines = [line for line in said.stdout.splitlines() if line.startswith("Inst ")]
    assert found.fields == {"pending_security_updates": sum("-security" in line.partition("(")[2] for line in lines)}


def test_old_lists_and_none_at_all_are_unknown_not_zero(tmp_path: Path) -> None:
    with pytest.raises(UpdatesError, match="no list of security updates; name the archive in the sources"):
        list(host_updates.collect(Config(lists=tmp_path), env()))
    release = tmp_path / "deb.example_dists_stable-security_InRelease"
    release.touch()
    (tmp_path / "deb.example_dists_stable_InRelease").touch()
    os.utime(release, (time.time() - 11.5 * 86400,) * 2)
    with pytest.raises(UpdatesError, match="11 days old; let apt-get update run daily"):
        list(host_updates.collect(Config(lists=tmp_path), env()))


def test_a_mistake_is_told() -> None:
    with pytest.raises(ValueError, match="interval must be between 60 and 86400"):
        Config(interval=10)
    with pytest.raises(ValueError, match="lists_days must be 1 or more, not 0"):
        Config(lists_days=0)

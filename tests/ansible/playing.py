"""Ansible's programs for the tests: beside the interpreter or on the path, with a home and collections of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLAYS = Path(__file__).parents[2] / "ansible"
EXAMPLE = PLAYS / "inventory" / "contoh" / "hosts.yml"


def program(name: str) -> str:
    """Return where a program of requirements/deploy.txt is; without it the test is skipped, and fails in CI."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        assert os.environ.get("CI") != "true", f"{name} is missing: pip install -r requirements/deploy.txt"
        pytest.skip(f"{name} is missing: pip install -r requirements/deploy.txt")
    return found


def ran(home: Path, *words: str, timeout: float = 300) -> tuple[int, str]:
    """Run a program in the folder of the playbooks; return its exit status and all that it said."""
    place = Path(program(words[0]))
    path = os.pathsep.join((str(place.parent), os.environ.get("PATH", os.defpath)))
    quiet = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_DEPRECATION_WARNINGS": "false"}
    done = subprocess.run(
        [place, *words[1:]],
        cwd=PLAYS,
        env={**os.environ, **quiet, "PATH": path, "ANSIBLE_HOME": str(home), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout

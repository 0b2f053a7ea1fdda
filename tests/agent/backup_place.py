"""What the tests of the backup inputs share: real tools or a loud skip, and one turn of an input."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agent.backup import BackupError
from agent.clock import SystemClock
from agent.gather import look
from agent.reading import decode, encode
from agent.source import Env

UNPRIVILEGED = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
"""Takes from root the right to read every file, so that a backup can fail at one."""


def needed(*programs: str) -> None:
    """Skip the tests of a module whose tool is not installed; with CI set that is a failure."""
    for program in programs:
        if shutil.which(program) is None:
            reason = f"NOT TESTED: {program} is not installed"
            assert os.environ.get("CI") != "true", reason
            pytest.skip(reason, allow_module_level=True)


@dataclass
class Turn:
    """What one turn of an input gave: the fields of each job, and why it failed."""

    jobs: Mapping[str, Mapping[str, int | float]]
    trouble: str

    def __getitem__(self, job: str) -> Mapping[str, int | float]:
        return self.jobs[job]


def turn(module: ModuleType, config: Any) -> Turn:
    """Run an input once as the agent does, over the wire form."""
    clock = SystemClock()
    found, trouble = [], ""
    try:
        for item in module.collect(config, Env("srv-a", look(clock), clock)):
            found.append(item)
    except BackupError as error:
        trouble = str(error)
    good, bad = decode(encode(found))
    assert (good, bad) == (found, [])
    assert {dict(one.tags)["device"] for one in good} <= {"srv-a"}
    return Turn({one.tag("job"): one.fields for one in good}, trouble)


def secret(folder: Path, text: str = "lab-rahasia") -> Path:
    """Write a password file that only its owner may read."""
    path = folder / "password"
    path.write_text(text)
    path.chmod(0o600)
    return path


def sleeper(folder: Path) -> str:
    """Write a tool that never answers."""
    path = folder / "sleeper"
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    path.chmod(0o755)
    return str(path)

"""``nadi accounts``: passwords come from nowhere that others can see."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from agent.clock import WIB, SystemClock
from collector.cli import main
from collector.register.revisions import Register
from tests.collector.register_sample import WHOLE
from tests.collector.test_cli import nadi

GOOD = "kuda menari di alun-alun"
ADD = ("accounts", "add", "ani", "--full-name", "Ani Lestari", "--role", "opd", "--opd", "BPKAD")


@pytest.fixture
def data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    (tmp_path / "collector.toml").write_text('data = "."\nzone = "WIB"\n')
    (tmp_path / "inventory.toml").write_text(WHOLE)
    assert nadi(capsys, "inventory", "apply", tmp_path / "inventory.toml", "--data", tmp_path)[0] == 0
    return tmp_path


def secret_file(folder: Path, mode: int = 0o600) -> Path:
    file = folder / "sandi"
    file.write_text(GOOD + "\n")
    file.chmod(mode)
    return file


def matches(data: Path, password: str) -> bool:
    register = Register(data / "register.db", zone=WIB, clock=SystemClock())
    found = register.accounts.matches("ani", password)
    register.close()
    return found


def test_an_account_is_made_listed_changed_and_ended(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    file = secret_file(data)
    assert nadi(capsys, *ADD, "--password-file", file, "--data", data) == (0, "ani: opd of BPKAD\n", "")
    assert matches(data, GOOD)
    token = nadi(capsys, "accounts", "token", "ani", "skrip", "--days", "3", "--data", data)[1].strip()
    assert token.startswith("nadi-person-")
    assert nadi(capsys, "accounts", "roles", "ani", "--role", "noc", "--data", data)[0] == 0
    assert nadi(capsys, "accounts", "revoke-token", "ani", "skrip", "--data", data)[0] == 0
    assert nadi(capsys, "accounts", "disable", "ani", "--data", data)[0] == 0
    shown = nadi(capsys, "accounts", "list", "--data", data)[1]
    assert "Ani Lestari  noc" in shown
    assert "disabled" in shown
    assert "revoked" in shown
    assert token not in shown


def test_a_password_file_that_others_may_read_is_refused(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    status, _, error = nadi(capsys, *ADD, "--password-file", secret_file(data, 0o640), "--data", data)
    assert (status, "chmod 0600" in error) == (1, True)


def test_no_password_is_taken_from_the_command_line(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    assert nadi(capsys, *ADD, "--password", GOOD, "--data", data)[0] == 2
    assert not matches(data, GOOD)


def test_a_password_is_asked_for_twice_without_echo(data: Path) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "collector.cli", *ADD, "--data", str(data)]
    asking = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    shown = b""
    for question in (b"password of ani", b"again"):
        while question not in shown:
            shown += os.read(controller, 1000)
        os.write(controller, GOOD.encode() + b"\n")
    assert asking.wait(30) == 0
    assert GOOD.encode() not in shown
    assert matches(data, GOOD)


def test_without_a_terminal_the_mend_is_told(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    assert main([*ADD, "--data", str(data)]) == 1
    assert "--password-file" in capsys.readouterr().err

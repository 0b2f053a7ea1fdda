"""The auditor's own script finds whatever was done to an audit log, and uses no part of Nadi."""

from __future__ import annotations

import ast
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.clock import WIB
from collector import verify_audit
from collector.register.audit import Audit
from collector.register.engine import open_engine
from tests.collector.test_cli import nadi

SCRIPT = Path(verify_audit.__file__)


@pytest.fixture
def heads(tmp_path: Path) -> list[str]:
    """Return the head after each of six records, one with letters beyond ASCII."""
    (tmp_path / "collector.toml").write_text('data = "."\nzone = "WIB"\n')
    return written(tmp_path, [f"hal {number} — “é”" for number in range(6)])


def written(folder: Path, objects: list[str]) -> list[str]:
    engine = open_engine(folder / "register.db", zone=WIB)
    audit = Audit(engine)
    found = [audit.record(actor="siti", action="uji", object=text, at_ns=10**18) for text in objects]
    engine.dispose()
    return [f"{head.seq}:{head.hash}" for head in found]


def tamper(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "register.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def verify(log: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(log), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_script_uses_the_standard_library_alone() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names) | {"__future__"}


def test_an_untouched_log_is_whole_with_every_head_kept_elsewhere(heads: list[str], tmp_path: Path) -> None:
    status, told = verify(tmp_path / "register.db")
    assert (status, f"head {heads[-1]}" in told) == (0, True)
    assert {verify(tmp_path / "register.db", "--head", head)[0] for head in (heads[0], heads[3], heads[5])} == {0}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE audit SET object = replace(object, '2', '9') WHERE seq = 3"], "record 3 was altered"),
        (["UPDATE audit SET at_ns = at_ns + 1 WHERE seq = 1"], "record 1 was altered"),
        (["UPDATE audit SET hash = '0' WHERE seq = 6"], "record 6 was altered"),
        (["DELETE FROM audit WHERE seq = 4"], "record 4 is missing"),
        (["DELETE FROM audit WHERE seq = 1"], "record 1 is missing"),
        (
            [
                "UPDATE audit SET seq = 99 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 99",
            ],
            "record 2 does not follow",
        ),
    ],
)
def test_flipped_deleted_and_reordered_records_are_found(
    heads: list[str], tmp_path: Path, statements: list[str], found: str
) -> None:
    tamper(tmp_path, *statements)
    status, told = verify(tmp_path / "register.db")
    assert (status, found in told) == (1, True), told


def test_a_cut_and_a_replaced_log_are_found_beside_a_head_kept_elsewhere(heads: list[str], tmp_path: Path) -> None:
    tamper(tmp_path, "DELETE FROM audit WHERE seq >= 4")
    assert verify(tmp_path / "register.db")[0] == 0
    status, told = verify(tmp_path / "register.db", "--head", heads[5])
    assert (status, "it was cut off" in told) == (1, True)
    written(tmp_path, ["masa lalu lain"] * 4)
    assert verify(tmp_path / "register.db")[0] == 0
    status, told = verify(tmp_path / "register.db", "--head", heads[5])
    assert (status, "written anew" in told) == (1, True)


def test_the_same_holds_for_the_lines_that_nadi_prints(
    capsys: pytest.CaptureFixture[str], heads: list[str], tmp_path: Path
) -> None:
    lines = nadi(capsys, "audit", "list", "--json", "--data", tmp_path)[1]
    log = tmp_path / "audit.jsonl"
    log.write_text(lines)
    assert verify(log, "--head", heads[5])[0] == 0
    log.write_text(lines.replace("hal 4", "hal 7"))
    assert verify(log)[0] == 1
    log.write_text(json.dumps({"seq": 1}))
    assert verify(log)[0] == 2
    assert verify(tmp_path / "tidak-ada")[0] == 2


def test_nadi_finds_the_same(capsys: pytest.CaptureFixture[str], heads: list[str], tmp_path: Path) -> None:
    assert nadi(capsys, "audit", "verify", "--data", tmp_path)[1].startswith(f"whole; head {heads[-1]}")
    tamper(tmp_path, "DELETE FROM audit WHERE seq >= 4")
    status, told, _ = nadi(capsys, "audit", "verify", "--head", heads[5], "--data", tmp_path)
    assert (status, "cut off" in told) == (1, True)
    assert nadi(capsys, "audit", "verify", "--head", "x", "--data", tmp_path)[0] == 2

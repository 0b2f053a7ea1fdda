"""The tree tells the architecture (design.md §2, §6); these tests hold it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.source import known

ROOT = Path(__file__).parent.parent
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\n")
SOURCES = sorted(path for package in ("agent", "collector", "dashboards") for path in (ROOT / package).rglob("*.py"))

# Outside package -> the modules which may import it (a folder ends with a slash).
DOORS = {
    "psutil": ("agent/inputs/",),
    "nacl": ("agent/identity.py",),
    "numpy": ("collector/ledger/", "collector/measure/", "collector/judge/", "collector/simulation/"),
    "sqlalchemy": ("collector/register/",),
    "alembic": ("collector/register/",),
    "fastapi": ("collector/web/",),
    "starlette": ("collector/web/",),
    "uvicorn": ("collector/main.py",),
    "jinja2": ("collector/web/",),
    "swagger_ui_bundle": ("collector/web/",),
    "apscheduler": ("collector/jobs.py",),
    "prometheus_client": ("collector/feeds/exposition.py",),
    "influxdb_client": ("collector/feeds/influx.py",),
    "apprise": ("collector/feeds/notify.py",),
    "urllib3": ("collector/feeds/influx.py",),
    "typst": ("collector/report/pdf.py",),
    "pyhanko": ("collector/report/signing.py",),
    "pyhanko_certvalidator": ("collector/report/signing.py",),
    "asn1crypto": ("collector/report/signing.py",),
    "pkcs11": ("collector/report/signing.py",),
    "zstandard": ("collector/ledger/packing.py",),
    "xlsxwriter": ("collector/report/workbook.py",),
    "openpyxl": ("collector/importing/spreadsheet.py",),
    "cryptography": ("agent/snmp/usm.py",),
    "pysnmp": ("agent/snmp/traps.py",),
    "pymodbus": ("agent/inputs/generator.py",),
    "argon2": ("collector/register/accounts.py",),
    "grafana_foundation_sdk": ("dashboards/grafana.py",),
}
AGENT_PACKAGES = {"psutil", "nacl"}
TOP_LEVEL = {
    *("agent", "collector", "dashboards", "config", "tests", "ansible", "pyproject.toml", "README.md", "CHANGELOG.md"),
    *("DECISIONS.md", "LICENSE", "Makefile", "docs", "benchmarks", "requirements", ".ci", ".gitignore"),
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or ""


def outside(path: Path) -> set[str]:
    roots = {name.partition(".")[0] for name in imports(path)}
    return {
        root
        for root in roots
        if root not in sys.stdlib_module_names and root not in {"agent", "collector", "dashboards"}
    }


def test_each_outside_package_has_one_door() -> None:
    wrong = []
    for path in SOURCES:
        here = path.relative_to(ROOT).as_posix()
        for package in outside(path):
            if not any(
                here == door or (door.endswith("/") and here.startswith(door)) for door in DOORS.get(package, ())
            ):
                wrong.append(f"{here} imports {package}")
    assert wrong == []


def test_the_agent_never_imports_the_collector() -> None:
    for path in (ROOT / "agent").rglob("*.py"):
        assert not [name for name in imports(path) if name.partition(".")[0] == "collector"], path


def test_no_input_imports_another_input() -> None:
    for path in (ROOT / "agent" / "inputs").glob("*.py"):
        assert not [name for name in imports(path) if name.startswith("agent.inputs")], path


def test_measure_and_judge_do_no_input_or_output() -> None:
    doing = {"sqlite3", "socket", "os", "pathlib", "subprocess", "threading", "time", "http", "urllib"}
    for package in ("measure", "judge"):
        for path in (ROOT / "collector" / package).glob("*.py"):
            assert not doing & {name.partition(".")[0] for name in imports(path)}, path


def test_the_agent_runs_with_psutil_and_pynacl_alone() -> None:
    blocked = sorted((set(DOORS) | {"pysnmp", "scapy", "cryptography", "asyncio"}) - AGENT_PACKAGES)
    inputs = [f"agent.inputs.{name}" for name in known() if name != "generator"]  # which says what it needs more
    assert len(inputs) > 15
    program = (
        f"import sys\nfor name in {blocked!r}: sys.modules[name] = None\n"
        f"import agent.main, agent.cli, {', '.join(inputs)}\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_top_level_is_the_one_that_was_decided() -> None:
    if not any(TRACKED):
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    assert {name.partition("/")[0] for name in TRACKED if name} <= TOP_LEVEL


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    words = (
        "py" + "pi.org",
        "python" + "hosted",
        "registry.np" + "mjs",
        "deb.deb" + "ian.org",
        "/wo" + "rk/",
        "/ro" + "ot/",
    )
    bad = re.compile("|".join(map(re.escape, words)))
    for name in filter(None, TRACKED):
        path = ROOT / name
        if path.suffix in {".png", ".pdf", ".gz", ".otf", ".ttf"} or not path.is_file():
            continue
        found = bad.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{name}: {found}"


def test_sizes_stay_readable() -> None:
    long = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 400:
            long.append(f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                size = node.end_lineno - node.lineno + 1
                if size > 60:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {size} lines")
    assert long == []


def test_nothing_catches_everything_but_gather_and_the_job_runner() -> None:
    allowed = {"agent/gather.py", "collector/jobs.py"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                name = ast.unparse(node.type) if node.type else "bare"
                broad = name in {"bare", "Exception", "BaseException"}
                assert not broad or path.relative_to(ROOT).as_posix() in allowed, f"{path}:{node.lineno}"

"""``make bundle``: what a node without internet installs is whole, is what the lock names, and is the same twice."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.ansible.playing import PLAYS

ROOT = PLAYS.parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
EPOCH = 1_750_000_000
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}-{platform.machine()}"


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("nadi_bundle", PLAYS / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Take the sources of the last commit out of git."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no commit to pack")
    return Path(program().sources_of(None, tmp_path_factory.mktemp("sources") / "tree")[0])


@pytest.fixture(scope="module")
def bundle(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a bundle of the agent for this Python and processor."""
    place = tmp_path_factory.mktemp("bundle")
    words = [
        sys.executable,
        str(PLAYS / "bundle.py"),
        "--to",
        str(place),
        "--source",
        str(tree),
        "--part",
        "agent",
        HERE,
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return place / f"nadi-{VERSION}"


@pytest.fixture(scope="module")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("node")
    with tarfile.open(next((bundle / "nodes").iterdir())) as packed:
        packed.extractall(place, filter="data")
    return place / f"nadi-agent-{VERSION}"


def installed(place: Path, wheels: Path) -> subprocess.CompletedProcess[str]:
    words = ["install", "--isolated", "--no-index", "--no-cache-dir", "--disable-pip-version-check", "--require-hashes"]
    files = [f"--find-links={wheels}", f"--requirement={wheels / 'requirements.txt'}", f"--target={place}"]
    return subprocess.run([sys.executable, "-m", "pip", *words, *files], capture_output=True, text=True, check=False)


def test_every_file_is_as_the_list_of_sums_says(bundle: Path) -> None:
    lines = [line.split("  ") for line in (bundle / "SHA256SUMS").read_text(encoding="utf-8").splitlines()]
    assert {name for _, name in lines} == {
        str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file() and path.name != "SHA256SUMS"
    }
    assert all(hashlib.sha256((bundle / name).read_bytes()).hexdigest() == digest for digest, name in lines)


def test_a_bundle_has_playbooks_dashboards_documents_and_the_sources(bundle: Path) -> None:
    assert (bundle / "VERSION").read_text() == f"{VERSION}\n"
    for name in ("ansible/site.yml", "dashboards/generated", "docs", "config/agent.toml", "LICENSE"):
        assert (bundle / name).exists(), name
    with tarfile.open(bundle / "sources" / f"nadi-{VERSION}.tar.gz") as sources:
        assert f"nadi-{VERSION}/agent/main.py" in sources.getnames()
    licences = (bundle / "LICENCES.tsv").read_text(encoding="utf-8").splitlines()
    assert f"nadi\t{VERSION}\tMIT" in licences
    assert not [line for line in licences if "tells none" in line]


def test_an_agent_is_installed_from_it_alone(unpacked: Path, tmp_path: Path) -> None:
    done = installed(tmp_path / "venv", unpacked)
    assert done.returncode == 0, done.stderr
    said = subprocess.run(
        [tmp_path / "venv" / "bin" / "nadi-agent", "help"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("usage: nadi-agent run")


def test_a_wheel_that_was_changed_is_not_installed(unpacked: Path, tmp_path: Path) -> None:
    wheel = next(unpacked.glob("nadi-*.whl"))
    whole = wheel.read_bytes()
    wheel.write_bytes(whole + b"\0")
    done = installed(tmp_path / "here", unpacked)
    wheel.write_bytes(whole)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_the_same_sources_give_the_same_wheel(tree: Path, unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "tree").symlink_to(tree)
    again = program().wheel_of(tmp_path / "tree", tmp_path / "again", EPOCH)
    assert again.read_bytes() == next(unpacked.glob("nadi-*.whl")).read_bytes()


@pytest.mark.parametrize("text", ["3.11", "3.11-mips", "x86_64-3.11", "2.7-x86_64"])
def test_what_is_no_python_and_processor_is_refused(text: str) -> None:
    made = program()
    with pytest.raises(made.BundleError, match="is no Python and processor"):
        made.Target.of(text)

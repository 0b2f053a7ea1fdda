"""The command line of Nadi's own backup beside a running collector and real agents: nothing is lost, nothing double."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import segment
from collector.config import read
from collector.ledger import lives
from collector.safekeeping.form import PART, find
from tests.lab.centre import ROOT, Centre, wait_for

_AGENT = """\
name = "{name}"
state = "{state}"
interval = 1
[collector]
url = "{url}"
[[device]]
name = "{name}"
[device.inputs.interfaces]
include = ["lo"]
exclude = []
"""
Batch = tuple[str, str, int]


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with Centre(tmp_path / "collector") as made:
        yield made


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Agents that do not outlive the test."""
    made: list[subprocess.Popen[bytes]] = []
    yield made
    for process in made:
        process.kill()
        process.wait(10)


def agent(state: Path, url: str) -> subprocess.Popen[bytes]:
    config = state / "agent.toml"
    config.write_text(_AGENT.format(name=state.name, state=state, url=url), encoding="utf-8")
    with (state / "log").open("ab") as log:
        command = [sys.executable, "-m", "agent.cli", "run", "--config", str(config)]
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


def nadi(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "collector.cli", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def done(*words: object) -> str:
    process = nadi(*words)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


def spooled(state: Path) -> set[Batch]:
    """Return every batch in an agent's spool, delivered or not."""
    found: set[Batch] = set()
    for path in (state / "spool").glob("*.seg"):
        data = path.read_bytes()
        found |= {(state.name, segment.run_of(data), place.seq) for place in segment.places(data)}
    return found


def stored(centre: Centre) -> list[Batch]:
    with centre.opened_to_read() as journal:
        return [(row.agent, row.run, row.seq) for row in journal.rows()]


def test_agents_offer_again_what_a_restored_collector_lost(
    centre: Centre, running: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    states = centre.enrol(["agent-1", "agent-2"])
    data, place = read(centre.config).data, tmp_path / "backups"
    centre.start()
    running += [agent(state, centre.url) for state in states]
    wait_for(lambda: len(stored(centre)) >= 4, seconds=20, what="batches arrive")
    assert "journal" in done("backup", "make", place, "--config", centre.config)
    kept = len(stored(centre))
    wait_for(lambda: len(stored(centre)) >= kept + 6, seconds=20, what="more batches arrive")
    before = set(stored(centre))
    centre.kill()
    data.rename(tmp_path / "lost")
    assert "restored from" in done("backup", "restore", place, "--config", centre.config)
    lost = before - set(stored(centre))
    assert len(lost) >= 6
    centre.start()
    wait_for(lambda: lost <= set(stored(centre)), seconds=30, what="the agents offer again what was lost")
    for process in running:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    for state in states:
        centre.drain(state)
    assert centre.stop() == 0
    found = stored(centre)
    assert len(found) == len(set(found)), "a batch is stored twice"
    assert set().union(*map(spooled, states)) <= set(found)
    assert done("check", "--config", centre.config).endswith("whole: no problem found\n")
    assert len(lives.earlier(data / "journal.db")) == 1


def test_a_backup_that_is_killed_leaves_the_last_good_one(centre: Centre, tmp_path: Path) -> None:
    place, seed = tmp_path / "backups", random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance, hit = random.Random(seed), 0
    centre.enrol(["agent-1"])
    (read(centre.config).data / "lampiran").write_bytes(bytes(100 << 20))
    done("backup", "make", place, "--config", centre.config)
    for _ in range(2):
        process = nadi("backup", "make", place, "--config", centre.config)
        wait_for(lambda: any(place.glob(f"{PART}*")), seconds=20, what="the copy has begun")
        time.sleep(chance.uniform(0.0, 0.05))
        process.kill()
        process.communicate()
        hit += any(place.glob(f"{PART}*"))
        assert list(find(place).problems()) == []
    assert hit > 0
    assert "shared" in done("backup", "make", place, "--config", centre.config)
    assert list(place.glob(f"{PART}*")) == []
    assert "whole" in done("backup", "verify", place)
    assert "whole" in done("backup", "drill", place, "--config", centre.config)

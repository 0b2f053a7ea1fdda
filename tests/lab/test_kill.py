"""kill -9 of collector and agent under load: what was taken is stored, once, whatever moment was hit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from agent import segment
from tests.lab.centre import ROOT, Centre, wait_for
from tests.lab.evidence import Key, faults, numbers

KILLS = 30
Started = tuple[Path, subprocess.Popen[bytes], int]
"""An agent's state directory, its process, and the size of its spool before."""

PERIOD_MS = 5
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


@pytest.fixture
def chance() -> random.Random:
    """Chance with a seed that is printed; NADI_SEED repeats a run."""
    seed = int(os.environ.get("NADI_SEED", random.SystemRandom().randrange(10**6)))
    print(f"NADI_SEED={seed}")
    return random.Random(seed)


class Agents:
    """Agents of a test as processes; what still runs at the end is ended."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def taker(self, state: Path, url: str, *more: str) -> subprocess.Popen[bytes]:
        """Start an agent that takes numbered readings."""
        return self._start(state, "-m", "tests.lab.taker", str(state), state.name, url, str(PERIOD_MS), *more)

    def resident(self, state: Path, url: str) -> subprocess.Popen[bytes]:
        """Start ``nadi-agent run``."""
        config = state / "agent.toml"
        config.write_text(_AGENT.format(name=state.name, state=state, url=url), encoding="utf-8")
        return self._start(state, "-m", "agent.cli", "run", "--config", str(config))

    def _start(self, state: Path, *words: str) -> subprocess.Popen[bytes]:
        with (state / "log").open("ab") as log:
            process = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=log, stderr=log)
        self._running.append(process)
        return process

    def stop(self) -> None:
        """End what runs kindly, so that it writes down what was delivered and will not send it again."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            assert process.wait(10) == 0
        self._running.clear()

    def kill(self) -> None:
        """Kill whatever still runs."""
        for process in self._running:
            process.kill()
            process.wait(10)
        self._running.clear()


@pytest.fixture
def agents() -> Iterator[Agents]:
    """Agents that do not outlive the test."""
    made = Agents()
    yield made
    made.kill()


def begin(start: Callable[[Path, str], subprocess.Popen[bytes]], state: Path, url: str) -> Started:
    """Start an agent and note how much its spool held before."""
    mark = taken_bytes(state)
    return state, start(state, url), mark


def history(state: Path) -> dict[Key, bool]:
    """Return each reading a taker began, and whether the spool had it."""
    taken: dict[Key, bool] = {}
    for line in (state / "history").read_text(encoding="ascii").splitlines():
        word, _, number = line.partition(" ")
        taken[(state.name, int(number), "")] = word == "took"
    return taken


def verdict(centre: Centre, states: Sequence[Path]) -> list[str]:
    """Deliver what is left, stop the collector, and compare what was taken with what is stored."""
    for state in states:
        centre.drain(state)
    assert centre.stop() == 0
    with centre.opened_to_read() as journal:
        wrong = [f"journal: {problem}" for problem in journal.verify()]
        for state in states:
            wrong += faults(taken=history(state), stored=numbers(journal.rows(device=state.name), state.name))
    return wrong


def torment(centre: Centre, chance: random.Random, *, kills: int) -> None:
    """Kill the collector again and again, sometimes before it listens."""
    for _ in range(kills):
        early = chance.random() < 0.15
        centre.start(ready=not early)
        time.sleep(chance.uniform(0.05, 0.8))
        centre.kill()
    centre.start()


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    """A collector that does not outlive the test."""
    with Centre(tmp_path / "collector") as made:
        yield made


def test_nothing_is_lost_or_doubled_when_the_collector_is_killed(
    centre: Centre, agents: Agents, chance: random.Random
) -> None:
    states = centre.enrol(["taker-1", "taker-2"])
    for state in states:
        agents.taker(state, centre.url)
    torment(centre, chance, kills=KILLS)
    agents.stop()
    assert verdict(centre, states) == []
    assert sum(len(history(state)) for state in states) > 20 * KILLS


@pytest.mark.parametrize(("mutant", "fault"), [("ack-early", "lost"), ("no-dedup", "twice")])
def test_a_wrong_collector_is_found(
    tmp_path: Path, agents: Agents, chance: random.Random, mutant: str, fault: str
) -> None:
    with Centre(tmp_path / "collector", mutant=mutant) as centre:
        states = centre.enrol(["taker-1", "taker-2"])
        for state in states:
            agents.taker(state, centre.url)
        torment(centre, chance, kills=3)
        # Killed, an agent forgets what was settled in the last minute and sends it again.
        agents.stop() if fault == "lost" else agents.kill()
        assert fault in {wrong.partition(":")[0] for wrong in verdict(centre, states)}


def kill_at_random(started: Sequence[Started], chance: random.Random) -> None:
    """Kill each process with SIGKILL at a moment of its own, mostly after it has begun to work."""
    for state, process, mark in started:
        if chance.random() < 0.8:
            wait_for(partial(grown, state, mark), seconds=20, what=f"{state.name} works; see {state / 'log'}")
        time.sleep(chance.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL


def grown(state: Path, mark: int) -> bool:
    """Tell whether an agent has taken something since its spool and history were so large."""
    return taken_bytes(state) > mark


def taken_bytes(state: Path) -> int:
    """Return the size of an agent's spool segments."""
    return sum(path.stat().st_size for path in (state / "spool").glob("*.seg"))


def spooled(state: Path) -> set[Key]:
    """Return agent, number and run of every whole record in the spool, delivered or not."""
    found: set[Key] = set()
    for path in (state / "spool").glob("*.seg"):
        data = path.read_bytes()
        found |= {(state.name, place.seq, segment.run_of(data)) for place in segment.places(data)}
    return found


def test_nothing_is_lost_or_doubled_when_agents_are_killed(
    centre: Centre, agents: Agents, chance: random.Random
) -> None:
    *takers, resident = centre.enrol(["taker-1", "taker-2", "resident"])
    centre.start()
    taken: set[Key] = set()
    for _ in range(KILLS):
        started = [begin(agents.taker, state, centre.url) for state in takers]
        kill_at_random([begin(agents.resident, resident, centre.url), *started], chance)
        taken |= spooled(resident)
    centre.drain(resident)
    assert verdict(centre, takers) == []
    with centre.opened_to_read() as journal:
        stored = [(row.agent, row.seq, row.run) for row in journal.rows(device="resident")]
    assert faults(taken=dict.fromkeys(taken, True), stored=stored) == []
    assert len(stored) >= KILLS // 2
    unfinished = [sum(not finished for finished in history(state).values()) for state in takers]
    assert max(unfinished) <= KILLS


def test_an_agent_that_claims_early_is_found(centre: Centre, agents: Agents) -> None:
    [state] = centre.enrol(["taker-1"])
    centre.start()
    for life in range(1, 4):
        agents.taker(state, centre.url, "--claim-early")
        wait_for(lambda life=life: claims(state) >= 20 * life, seconds=20, what="readings are taken")  # type: ignore[misc]
        agents.kill()
    assert "lost" in {wrong.partition(":")[0] for wrong in verdict(centre, [state])}


def claims(state: Path) -> int:
    """Return how many readings a taker says it took."""
    place = state / "history"
    return place.read_bytes().count(b"took") if place.exists() else 0

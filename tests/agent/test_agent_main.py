"""The resident agent as a process: enrolled, measuring, killed, ended, watched by systemd."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock, Moment
from agent.envelope import split
from agent.identity import Key
from agent.main import Keeper
from agent.reading import decode
from agent.schedule import until_next
from agent.settings import load
from agent.spool import Config as SpoolConfig
from agent.spool import Spool
from tests.agent.sink import Sink

ROOT = Path(__file__).parents[2]


class Machine:
    """A configured node with its commands; ``sink`` is its collector."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.sink, self.state = sink, folder / "state"
        self.config = folder / "agent.toml"
        self.config.write_text(
            f'name = "a"\nstate = "{self.state}"\ninterval = 1\n[collector]\nurl = "{sink.url}"\n'
            '[[device]]\nname = "d"\n[device.inputs.interfaces]\nexclude = []\n'
        )

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "agent.cli", *words, "--config", str(self.config)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def do(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=30)
        return process.returncode, out + err

    def delivered(self, count: int) -> bool:
        deadline = time.monotonic() + 20
        while len(self.sink.kept) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return len(self.sink.kept) >= count


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    sink = Sink(bytes(32))
    yield Machine(tmp_path, sink)
    sink.close()


@pytest.fixture
def enrolled(machine: Machine) -> Machine:
    status, text = machine.do("enrol", "--token", machine.sink.token)
    assert (status, text.startswith("a is enrolled; node ")) == (0, True), text
    return machine


def ended(process: subprocess.Popen[str]) -> str:
    process.terminate()
    _, err = process.communicate(timeout=10)
    assert process.returncode == 0, err
    return err


def test_an_enrolled_node_measures_and_delivers_until_it_is_ended(enrolled: Machine) -> None:
    process = enrolled.start("run")
    assert enrolled.delivered(2)
    assert ended(process) == "INFO agent: a measures 1 device(s) every 1 s\n"
    process = enrolled.start("run")
    before = len(enrolled.sink.kept)
    assert enrolled.delivered(before + 2)
    ended(process)
    assert len({run for run, _ in enrolled.sink.kept}) == 1, "the next start goes on where it stopped"
    assert sorted(seq for _, seq in enrolled.sink.kept) == list(range(len(enrolled.sink.kept)))


def test_a_batch_holds_one_device_and_the_agent_itself(enrolled: Machine) -> None:
    process = enrolled.start("run")
    assert enrolled.delivered(1)
    ended(process)
    envelope = next(iter(enrolled.sink.kept.values()))
    header = envelope.header
    assert (header.agent, header.device, header.wall_ns % 10**6, header.boot_ns % 10**6) == ("a", "d", 0, 0)
    readings, bad = decode(zlib.decompress(envelope.body))
    assert bad == []
    assert {r.measurement for r in readings} == {"nadi_interface", "nadi_input", "nadi_agent"}
    assert all(0 <= r.time_ns - header.wall_ns < NS for r in readings)


def test_inputs_that_end_together_tell_of_the_agent_once(tmp_path: Path) -> None:
    clock, config = ManualClock(1_700_000_000 * NS, boot_ns=10**12), tmp_path / "agent.toml"
    config.write_text(
        f'name = "a"\nstate = "{tmp_path}"\n[collector]\nurl = "http://127.0.0.1:1"\n'
        '[[device]]\nname = "d"\n[device.inputs.interfaces]\n'
    )
    spool = Spool(tmp_path, SpoolConfig(), clock)
    keeper = Keeper(load(config)[0], key=Key.load_or_create(tmp_path / "key"), clock=clock, spool=spool)
    for _ in range(3):
        keeper("d", b"", clock.now())
        keeper("d", b"", clock.now())
        clock.advance(NS)
    kept = b"".join(item[2] for item in sorted(spool.newest(1 << 20)))
    assert [zlib.decompress(item.body).count(b"nadi_agent,") for item in split(kept)] == [1, 0] * 3
    spool.close()


def test_what_was_measured_while_the_collector_was_away_is_delivered_later(enrolled: Machine) -> None:
    enrolled.sink.script += ["status:500"] * 3
    process = enrolled.start("run")
    assert enrolled.delivered(4)
    assert "not delivered, kept: status 500" in ended(process)
    assert sorted(seq for _, seq in enrolled.sink.kept)[:4] == [0, 1, 2, 3]


def test_kill_9_costs_at_most_the_reading_being_taken(enrolled: Machine) -> None:
    for _ in range(5):
        process = enrolled.start("run")
        before = len(enrolled.sink.kept)
        assert enrolled.delivered(before + 1)
        process.kill()
        process.communicate()
    process = enrolled.start("run")
    assert enrolled.delivered(len(enrolled.sink.kept) + 1)
    ended(process)
    for run in {run for run, _ in enrolled.sink.kept}:
        numbers = sorted(seq for name, seq in enrolled.sink.kept if name == run)
        assert numbers == list(range(numbers[0], numbers[-1] + 1)), "no number is missing"


def test_a_second_agent_on_the_same_state_is_refused(enrolled: Machine) -> None:
    process = enrolled.start("run")
    assert enrolled.delivered(1)
    status, text = enrolled.do("run")
    assert status == 1
    assert "another nadi-agent runs with this state directory; stop it first" in text
    ended(process)


def test_systemd_is_told(enrolled: Machine, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(15)
        process = enrolled.start("run", NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert listener.recv(100) == b"READY=1\nWATCHDOG=1"
        assert listener.recv(100) == b"READY=1\nWATCHDOG=1"
        ended(process)
        assert listener.recv(100) in (b"STOPPING=1", b"READY=1\nWATCHDOG=1")


@pytest.mark.parametrize("name", ["state", "state/key"])
def test_what_others_may_read_is_refused(enrolled: Machine, name: str) -> None:
    (enrolled.state.parent / name).chmod(0o755)
    status, text = enrolled.do("run")
    assert status == 1
    assert f"run: chmod {'700' if name == 'state' else '600'} " in text


def test_the_resident_agent_loads_nothing_large() -> None:
    program = "import sys, agent.cli, agent.main, agent.inputs.host, agent.inputs.interfaces; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    large = {"asyncio", "concurrent.futures", "http.client", "urllib.request", "logging", "argparse", "email", "random"}
    optional = {"numpy", "cryptography", "pysnmp", "scapy", "agent.commission", "ssl", "multiprocessing"}
    assert not (large | optional) & set(loaded.stdout.split())


def at(seconds: float, boot: float) -> Moment:
    return Moment(int(seconds * NS), int(boot * NS), "b")


@pytest.mark.parametrize(("now", "boot", "begun", "wait"), [
    (100.2, 50.2, 50.0, 9.8),
    (109.7, 59.7, 50.0, 0.3),
    (123.0, 73.0, 50.0, 7.0),
    (99.8, 50.0, 50.0, 10.2),
    (99.9999, 60.0, 59.9, 10.0001),
    (98.0, 50.0, 50.0, 2.0),
    (40.0, 50.1, 50.0, 10.0),
])  # fmt: skip
def test_cycles_stand_on_whole_intervals_and_missed_ones_are_skipped(
    now: float, boot: float, begun: float, wait: float
) -> None:
    assert until_next(at(now, boot), int(begun * NS), 10 * NS) == pytest.approx(wait * NS, abs=1000)


def test_the_schedule_does_not_drift() -> None:
    now, begun = at(1000.0, 0.0), 0
    for _ in range(1000):
        wait = until_next(Moment(now.wall_ns + 137_000_000, now.boot_ns + 137_000_000, "b"), begun, 10 * NS)
        step = 137_000_000 + wait
        now, begun = Moment(now.wall_ns + step, now.boot_ns + step, "b"), now.boot_ns + step
    assert now.wall_ns == 11_000 * NS

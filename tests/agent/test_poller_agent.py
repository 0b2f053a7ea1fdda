"""A poller as an administrator runs it: its configuration, its process, what it loads."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import channel, cli, settings
from agent.config import ConfigError
from agent.reading import decode
from agent.settings import Snmp, Traps
from tests.agent.sink import Sink
from tests.agent.snmp_agent import Agent, interfaces

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "poller.toml"


def test_the_shipped_example_is_loaded() -> None:
    config, targets = settings.load(EXAMPLE)
    assert targets == ()
    assert config.snmp[0] == Snmp("rtr-bappeda", "10.20.4.1", "baca")
    assert config.traps is None


def test_what_stands_commented_out_in_the_example_are_the_defaults(tmp_path: Path) -> None:
    shown = re.sub(r"^# (\w+ = |\[traps\])", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / "poller.toml").write_text(shown)
    config, before = settings.load(tmp_path / "poller.toml")[0], settings.load(EXAMPLE)[0]
    assert config.snmp == before.snmp
    assert config.traps == Traps()
    assert config.vendors == Path("/etc/nadi/vendors"), "the one key without a default"
    assert (config.credentials, config.interval) == (before.credentials, before.interval)
    assert config.collector == channel.Config(config.collector.url, config.collector.ca)


LEAST = """\
name = "poller"
state = "/var/lib/nadi-agent"
[collector]
url = "https://nadi.example"
[[snmp]]
device = "r1"
host = "10.0.0.1"
credential = "c"
"""


@pytest.mark.parametrize(("old", "new", "message"), [
    ('device = "r1"', 'device = "r 1"', "poller.toml:5: snmp[0]: device name 'r 1' is not letters"),
    ('host = "10.0.0.1"\n', "", "snmp[0].host: is required and not set"),
    ('host = "10.0.0.1"', 'host = ""', "host is empty"),
    ('"c"\n', '"c"\ninterval = 901\n', "interval must be between 1 and 900, not 901"),
    ('"c"\n', '"c"\nport = 0\n', "port must be between 1 and 65535"),
    ('"c"\n', '"c"\ncommunity = "public"\n', "snmp[0].community: unknown key"),
    ('"c"\n', '"c"\n[[snmp]]\ndevice = "r1"\nhost = "h"\ncredential = "c"\n', "a device is named twice: r1, r1"),
    ("[[snmp]]\n", "[snmp]\n", "snmp: must be a list"),
    ("[[snmp]]", "[[device]]\nname = \"d\"\n[device.inputs.snmp]\n[[snmp]]", "asked by SNMP is a table [[snmp]]"),
])  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in LEAST
    (tmp_path / "poller.toml").write_text(LEAST.replace(old, new, 1))
    with pytest.raises(ConfigError, match=re.escape(message)):
        settings.load(tmp_path / "poller.toml")


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink(bytes(32))
    yield server
    server.close()


def configured(folder: Path, sink: Sink, port: int, more: str = "") -> Path:
    (folder / "snmp.toml").write_text('[c]\ncommunity = "public"\n')
    (folder / "snmp.toml").chmod(0o600)
    polled = f'host = "127.0.0.1"\nport = {port}\ncredential = "c"\ninterval = 1\n'
    path = folder / "poller.toml"
    path.write_text(
        f'name = "poller"\nstate = "{folder}/state"\ninterval = 1\ncredentials = "{folder}/snmp.toml"\n'
        f'[collector]\nurl = "{sink.url}"\n[[snmp]]\ndevice = "a"\n{polled}[[snmp]]\ndevice = "b"\n{polled}{more}'
    )
    return path


def test_a_poller_delivers_an_envelope_of_each_device_and_is_ended(tmp_path: Path, sink: Sink) -> None:
    with Agent(interfaces(4)) as agent:
        path = configured(tmp_path, sink, agent.port)
        assert cli.main(["enrol", "--config", str(path), "--token", sink.token]) == 0
        words = [sys.executable, "-m", "agent.cli", "run", "--config", str(path)]
        process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 20
        while len(sink.kept) < 6 and time.monotonic() < end:
            time.sleep(0.02)
        process.terminate()
        _, err = process.communicate(timeout=15)
    assert (process.returncode, err) == (0, "INFO agent: poller measures 0 device(s) every 1 s, polls 2\n")
    found = {e.header.device: decode(zlib.decompress(e.body)) for e in sink.kept.values()}
    assert found.keys() == {"a", "b"}
    assert all(bad == [] for _, bad in found.values())
    assert [sum(r.measurement == "nadi_agent" for r in found[name][0]) for name in "ab"] == [1, 0]
    assert {r.tag("device") for r in found["b"][0] if r.measurement == "nadi_interface"} == {"b"}


def test_an_agent_that_polls_nothing_loads_no_snmp_and_a_poller_by_community_neither_pysnmp_nor_a_cipher() -> None:
    program = "import sys, agent.cli, agent.main, agent.settings; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not [name for name in loaded.stdout.split() if name.startswith("agent.snmp")]
    program = "import sys, agent.main, agent.snmp.poller; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    large = {"pysnmp", "cryptography", "asyncio", "ssl", "psutil", "concurrent.futures"}
    assert not large & set(loaded.stdout.split())

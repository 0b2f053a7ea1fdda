"""discover, walk, once and check against a real snmpd: what they say, and what they never say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import cli
from agent.clock import WIB
from agent.reading import decode
from agent.snmp.interfaces import Interface
from agent.snmp.values import Kind, Oid, Value
from agent.snmp.wan import DEFAULT_ROUTES, default_indexes, likely
from collector.register.document import reads
from tests.agent.sink import Sink
from tests.agent.snmpd import Snmpd, write_credentials

SECRETS = ("labro", "authpass123", "privpass123", "xxxxpass123")


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    with Snmpd(tmp_path_factory.mktemp("snmpd")) as daemon:
        yield daemon


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = cli.main(list(words))
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert not [secret for secret in SECRETS if secret in text]
    return status, text


def look(capsys: pytest.CaptureFixture[str], folder: Path, command: str, credential: str, port: int) -> tuple[int, str]:
    path = write_credentials(folder)
    how = ("--credential", credential, "--credentials", str(path), "--port", str(port))
    return run(capsys, command, "127.0.0.1", *how)


def impatient(capsys: pytest.CaptureFixture[str], folder: Path, credential: str, port: int) -> tuple[int, str]:
    """Walk a device of a configuration which waits for its answers for a moment only."""
    path = folder / "poller.toml"
    path.write_text(
        f'name = "p"\nstate = "/s"\ncredentials = "{write_credentials(folder)}"\n[collector]\nurl = "https://c"\n'
        f'[[snmp]]\ndevice = "r1"\nhost = "127.0.0.1"\nport = {port}\ncredential = "{credential}"\n'
        "timeout = 0.3\nretries = 0\n"
    )
    return run(capsys, "walk", "r1", "--config", str(path))


@pytest.mark.parametrize(("credential", "protocol"), [("v2c", "snmpv2c"), ("v3", "snmpv3")])
def test_discover_says_what_a_device_is_and_which_line_leads_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, snmpd: Snmpd, credential: str, protocol: str
) -> None:
    status, text = look(capsys, tmp_path, "discover", credential, snmpd.port)
    assert status == 0, text
    assert f"127.0.0.1 answers {protocol}\n" in text
    assert "sysObjectID  1.3.6.1.4.1.8072.3.2.10" in text
    assert "  lo  " in text
    assert "WAN: " in text
    assert ("BU Pasal 16 (7)" in text) == (credential == "v2c")


_AROUND = """\
[[site]]
code = "KODE-LOKASI"
name = "Kompleks"
[[opd]]
code = "KODE-OPD"
name = "Dinas"
priority = "sedang"
site = "KODE-LOKASI"
"""


def test_what_discover_writes_registers_the_device_at_the_collector(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, snmpd: Snmpd
) -> None:
    _, text = look(capsys, tmp_path, "discover", "v3", snmpd.port)
    tables = text[text.index("[[device]]") : text.index("# --- configuration of the poller")]
    document = reads(_AROUND + tables, source="discovered", zone=WIB)
    assert [(d.code, d.source, d.cache_seconds) for d in document.device] == [("opd-01", "NAMA-POLLER", 3)]
    polled = text[text.index("[[snmp]]") :]
    assert polled == f'[[snmp]]\ndevice = "opd-01"\nhost = "127.0.0.1"\nport = {snmpd.port}\ncredential = "v3"\n'


def test_walk_shows_readings_that_the_collector_takes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, snmpd: Snmpd
) -> None:
    status, text = look(capsys, tmp_path, "walk", "v2c", snmpd.port)
    assert status == 0
    readings, bad = decode(text.encode())
    assert bad == []
    assert {"nadi_interface", "nadi_device"} <= {r.measurement for r in readings}


@pytest.mark.parametrize(("credential", "message"), [
    ("wrong2", "the device does answer SNMP, but not this community: it is wrong"),
    ("wrong-auth", "login refused (wrongDigests): the device knows the SNMPv3 user, but auth_password or auth"),
    ("stranger", "login refused (unknownUserNames): the device does not know this SNMPv3 user"),
    ("wrong-privacy", "privacy"),
])  # fmt: skip
def test_a_refused_login_is_told_apart_from_silence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, snmpd: Snmpd, credential: str, message: str
) -> None:
    status, text = impatient(capsys, tmp_path, credential, snmpd.port)
    assert status == 1
    assert message in text


def test_a_closed_port_and_a_blocked_one_are_told_apart(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert "a firewall or access list blocks it" in impatient(capsys, tmp_path, "v2c", port)[1]
    assert f"nothing listens on UDP port {port} there" in impatient(capsys, tmp_path, "v2c", port)[1]


@pytest.fixture
def config(tmp_path: Path, snmpd: Snmpd) -> Iterator[Path]:
    sink, path = Sink(bytes(32)), tmp_path / "poller.toml"
    polled = f'[[snmp]]\ndevice = "r1"\nhost = "127.0.0.1"\nport = {snmpd.port}\ncredential = "v3"\n'
    path.write_text(
        f'name = "p"\nstate = "{tmp_path}/state"\ncredentials = "{write_credentials(tmp_path)}"\n'
        f'[collector]\nurl = "{sink.url}"\n{polled}'
    )
    assert cli.main(["enrol", "--config", str(path), "--token", sink.token]) == 0
    yield path
    sink.close()


def test_check_goes_all_the_way_with_a_polled_device(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    status, text = run(capsys, "check", "--config", str(config))
    assert status == 0, text
    assert "ok     snmp r1: gave " in text
    assert "took a batch of 1 device(s)" in text
    assert text.endswith("the node is ready\n")


def test_check_says_which_device_refuses_and_why(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    config.write_text(config.read_text().replace('"v3"', '"wrong-auth"'))
    status, text = run(capsys, "check", "--config", str(config))
    assert status == 1
    assert "FAULT  snmp r1: login refused (wrongDigests)" in text
    assert run(capsys, "once", "--config", str(config))[0] == 1


def test_a_device_of_the_configuration_is_walked_by_its_name(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    status, text = run(capsys, "walk", "r1", "--config", str(config))
    assert status == 0
    assert "nadi_interface,device=r1,interface=lo " in text
    assert "device=r1,input=snmp up=1i" in run(capsys, "once", "--config", str(config))[1]
    status, text = run(capsys, "walk", "192.0.2.1", "--config", str(config))
    assert (status, "name its credential: --credential NAME" in text) == (1, True)


@pytest.mark.parametrize("words", [
    ["walk", "--port", "1"], ["discover"], ["walk", "h", "--port", "x"], ["walk", "h", "--community", "x"],
    ["once", "--port", "1"], ["walk", "h", "h"],
])  # fmt: skip
def test_wrong_use_shows_the_usage(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    status, text = run(capsys, *words)
    assert (status, "usage: nadi-agent run" in text) == (2, True)


def interface(index: int, name: str, *, receive: int = 0, oper: str = "up", kind: int = 6) -> Interface:
    rest = {"descr": None, "alias": None, "physical": None, "admin": 1, "speed": 0, "bits": 64, "transmit": 0}
    return Interface(index=index, key=name, name=name, type=kind, oper=oper, receive=receive, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(("found", "routes", "chosen", "why"), [
    ([interface(1, "ether1"), interface(2, "ether2-WAN")], {1}, "ether1", "default route"),
    ([interface(1, "lo", kind=24, receive=9), interface(2, "wan2"), interface(3, "e", receive=9)], {1}, "wan2", "name"),
    ([interface(1, "wan", oper="down"), interface(2, "e2", receive=5), interface(3, "e3")], set(), "e2", "most"),
    ([interface(1, "e1")], set(), None, ""),
])  # fmt: skip
def test_the_wan_is_guessed_from_route_then_name_then_traffic(
    found: list[Interface], routes: set[int], chosen: str | None, why: str
) -> None:
    answer = likely(found, routes)
    assert (answer and answer[0].key) == chosen
    assert answer is None or why in answer[1]


def test_only_the_default_route_counts() -> None:
    inet, _, plain = DEFAULT_ROUTES
    seven, four, nine = (Value(Kind.INTEGER, number) for number in (7, 4, 9))
    walked: dict[Oid, dict[Oid, Value]] = {inet: {(0, 0): seven}, plain: {(0,): four, (5,): nine}}
    assert default_indexes(walked) == {4, 7}

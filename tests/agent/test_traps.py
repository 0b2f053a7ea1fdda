"""Traps and informs of net-snmp's own tools make the poller ask their sender, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import Empty, Queue

import pytest

from agent.clock import NS
from agent.settings import Traps
from agent.snmp import credentials, listener, poller
from agent.snmp.listener import Listener
from agent.snmp.values import Oid
from tests.agent.polling import Bench, seat
from tests.agent.snmp_agent import Agent, binding, interfaces, number
from tests.agent.snmpd import free_port, require_snmpd, write_credentials

LINK_DOWN, AUTHENTICATION_FAILURE = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.5"
ONE = ("127.0.0.1", {"linkDown": 1})
UPS_MIB: Oid = (1, 3, 6, 1, 2, 1, 33, 1)
UPS = {
    (*UPS_MIB, *oid): number(2, value)
    for oid, value in [((2, 1, 0), 2), ((2, 3, 0), 30), ((2, 4, 0), 96), ((3, 3, 1, 3, 1), 221), ((4, 1, 0), 3)]
}
ENGINE = "0x8000000001020304"
V2C = ("-v2c", "-c", "labro")
V3 = ("-v3", "-l", "authPriv", "-u", "nadi", "-a", "SHA-256", "-A", "authpass123", "-x", "AES", "-X", "privpass123")


class Taker:
    """A listener and the hints that it gave."""

    def __init__(self, folder: Path) -> None:
        require_snmpd()
        assert shutil.which("snmptrap"), "net-snmp's snmptrap is not installed"
        self.known = credentials.load(write_credentials(folder))
        self.port, self.hints = free_port(), Queue[tuple[str, dict[str, int]]]()
        taken = [self.known["v2c"], self.known["v3"]]
        self.listener = Listener(Traps("127.0.0.1", self.port), taken, self._heard)

    def _heard(self, address: str, kinds: Mapping[str, int]) -> None:
        self.hints.put((address, dict(kinds)))

    def send(self, *words: str, program: str = "snmptrap", oid: str = LINK_DOWN) -> int:
        """Send a notification; return the exit status, which for an inform tells whether it was confirmed."""
        command = [program, *words, f"127.0.0.1:{self.port}", "", oid, "1.3.6.1.2.1.2.2.1.1.2", "i", "2"]
        environment = {**os.environ, "MIBS": ""}
        return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=30).returncode

    def hinted(self, seconds: float = 5.0) -> tuple[str, dict[str, int]] | None:
        """Return the next hint, None when none comes; a sender is told of once a second."""
        try:
            found = self.hints.get(timeout=seconds)
        except Empty:
            return None
        time.sleep(1.05)
        return found


@pytest.fixture(scope="module")
def taker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taker]:
    made = Taker(tmp_path_factory.mktemp("traps"))
    made.listener.start()
    assert made.listener.listening.wait(20)
    yield made
    made.listener.stop()
    assert made.listener._process is not None
    assert made.listener._process.poll() == 0, "it ends when nobody speaks to it"


@pytest.mark.parametrize(("program", "words"), [("snmptrap", V2C), ("snmpinform", V2C), ("snmpinform", V3)])
def test_a_notification_with_a_known_credential_is_a_hint(taker: Taker, program: str, words: tuple[str, ...]) -> None:
    assert taker.send(*words, program=program) == 0
    assert taker.hinted() == ONE


def test_a_trap_of_snmpv3_is_read_once_the_engine_of_its_device_is_known(taker: Taker) -> None:
    taker.send(*V3, "-e", ENGINE)
    assert taker.hinted(1) is None
    taker.listener.engine(taker.known["v3"], bytes.fromhex(ENGINE[2:]))
    taker.listener.engine(taker.known["v2c"], b"a community has no engine")
    time.sleep(0.5)
    taker.send(*V3, "-e", ENGINE)
    assert taker.hinted() == ONE


def test_a_stranger_is_not_heard(taker: Taker) -> None:
    taker.send("-v2c", "-c", "wrong")
    wrong = [word.replace("authpass123", "authpass124") for word in V3]
    assert taker.send(*wrong, "-r", "0", "-t", "1", program="snmpinform") != 0
    assert taker.hinted(1) is None


@pytest.mark.parametrize(
    ("oid", "kind"),
    [
        ("1.3.6.1.6.3.1.1.5.1", "coldStart"),
        (AUTHENTICATION_FAILURE, "authenticationFailure"),
        ("1.3.6.1.2.1.33.2.1", "onBattery"),
        ("1.3.6.1.4.1.318.0.9", "onLine"),
        ("1.3.6.1.4.1.99999.0.1", "other"),
    ],
)
def test_each_notification_is_of_one_of_a_few_kinds(taker: Taker, oid: str, kind: str) -> None:
    taker.send(*V2C, oid=oid)
    assert taker.hinted() == ("127.0.0.1", {kind: 1})


def test_a_storm_of_one_sender_is_a_hint_a_second_and_every_trap_of_it_is_counted(taker: Taker) -> None:
    begun = time.monotonic()
    for _ in range(20):
        taker.send(*V2C)
        taker.send(*V2C, oid="1.3.6.1.6.3.1.1.5.4")
    took = time.monotonic() - begun
    time.sleep(1.5)
    told = [taker.hints.get() for _ in range(taker.hints.qsize())]
    assert 2 <= len(told) <= took + 2
    counted = [sum(kinds.get(kind, 0) for _, kinds in told) for kind in ("linkDown", "linkUp")]
    assert counted == [20, 20]


def test_a_listening_process_that_ended_is_started_again_and_told_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(listener, "_AGAIN_S", 0.1)
    taker = Taker(tmp_path)
    taker.listener.engine(taker.known["v3"], bytes.fromhex(ENGINE[2:]))
    taker.listener.start()
    assert taker.listener.listening.wait(20)
    assert taker.listener._process is not None
    taker.listener._process.kill()
    time.sleep(0.5)
    assert taker.listener.listening.wait(20)
    time.sleep(0.3)
    taker.send(*V3, "-e", ENGINE)
    assert taker.hinted() == ONE
    taker.listener.stop()
    shown = capsys.readouterr().err
    assert "no traps are taken: the listening process ended with status -9" in shown
    assert "127.0.0.1 sent linkDown" in shown
    assert "pass123" not in shown


def test_a_port_that_is_taken_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = Taker(tmp_path), Taker(tmp_path)
    first.listener.start()
    assert first.listener.listening.wait(20)
    second.listener._first["port"] = first.port
    second.listener.start()
    end = time.monotonic() + 20
    shown = ""
    while "ended with status" not in shown and time.monotonic() < end:
        time.sleep(0.1)
        shown += capfd.readouterr().err
    first.listener.stop()
    second.listener.stop()
    assert "in use" in shown
    assert "ended with status 1" in shown


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[tuple[Taker, Bench, Agent]]:
    taker = Taker(tmp_path)
    ago = time.time() % 900 - 5
    with Agent(interfaces(2) | UPS) as agent, Bench([seat("a", agent.port, interval=900, offset=ago)]) as bench:
        taker.listener = Listener(Traps("127.0.0.1", taker.port), [taker.known["v2c"]], bench.poller.hint)
        taker.listener.start()
        assert taker.listener.listening.wait(20)
        yield taker, bench, agent
        taker.listener.stop()


def test_a_trap_makes_the_poller_ask_at_once_and_no_figure_is_taken_from_it(
    bench: tuple[Taker, Bench, Agent],
) -> None:
    taker, polls, _ = bench
    taker.send(*V2C)
    [came] = polls.wait("a", 1, seconds=3)
    assert came.haste
    assert {r.fields["up"] for r in came.all("nadi_interface")} == {1}, "linkDown said otherwise; the device is asked"
    [counted] = came.all("nadi_trap")
    assert (dict(counted.tags), dict(counted.fields)) == ({"device": "a", "kind": "linkDown"}, {"received_total": 1})


def test_a_ups_that_sends_a_trap_is_read_whole_and_nothing_it_said_before_is_lost(
    bench: tuple[Taker, Bench, Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "HINT_GAP_NS", NS // 2)
    taker, polls, agent = bench
    polls.poller.hint("127.0.0.1")
    [line] = polls.wait("a", 1, seconds=3)
    source = (*UPS_MIB, 4, 1, 0)
    agent._bindings[agent._oids.index(source)] = binding(source, number(2, 5))
    agent._cached.cache_clear()
    taker.send(*V2C, oid="1.3.6.1.2.1.33.2.1")
    before, battery = (one.fields("nadi_ups") for one in (line, polls.wait("a", 2, seconds=4)[1]))
    assert battery == before | {"status": 2, "on_battery": 1}
    assert {"battery_charge_ratio", "battery_runtime_seconds", "input_voltage_volts"} < battery.keys()
    kinds = {r.tag("kind"): r.fields["received_total"] for r in polls.of("a")[1].all("nadi_trap")}
    assert kinds == {"other": 1, "onBattery": 1}


def test_a_device_that_complains_about_a_wrong_community_is_not_asked_for_it(
    bench: tuple[Taker, Bench, Agent],
) -> None:
    taker, polls, _ = bench
    taker.send(*V2C, oid=AUTHENTICATION_FAILURE)
    time.sleep(1)
    assert polls.of("a") == []
    polls.poller.hint("127.0.0.1")
    [came] = polls.wait("a", 1, seconds=3)
    counted = {r.tag("kind"): r.fields["received_total"] for r in came.all("nadi_trap")}
    assert counted["authenticationFailure"] == 1, "it is counted nevertheless"


def test_pysnmp_stays_out_of_the_poller() -> None:
    program = "import sys, agent.main, agent.snmp.poller, agent.snmp.listener; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"pysnmp", "pyasn1", "asyncio"} & set(loaded.stdout.split())

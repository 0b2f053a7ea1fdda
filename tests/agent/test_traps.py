"""Traps and informs of net-snmp's own tools make the poller ask their sender, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from agent.settings import Traps
from agent.snmp import credentials, listener
from agent.snmp.listener import Listener
from tests.agent.polling import Bench, seat
from tests.agent.snmp_agent import Agent, interfaces
from tests.agent.snmpd import free_port, require_snmpd, write_credentials

LINK_DOWN, AUTHENTICATION_FAILURE = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.5"
ENGINE = "0x8000000001020304"
V2C = ("-v2c", "-c", "labro")
V3 = ("-v3", "-l", "authPriv", "-u", "nadi", "-a", "SHA-256", "-A", "authpass123", "-x", "AES", "-X", "privpass123")


class Taker:
    """A listener and the hints that it gave."""

    def __init__(self, folder: Path) -> None:
        require_snmpd()
        assert shutil.which("snmptrap"), "net-snmp's snmptrap is not installed"
        self.known = credentials.load(write_credentials(folder))
        self.port, self.hints = free_port(), Queue[str]()
        taken = [self.known["v2c"], self.known["v3"]]
        self.listener = Listener(Traps("127.0.0.1", self.port), taken, self.hints.put)

    def send(self, *words: str, program: str = "snmptrap", oid: str = LINK_DOWN) -> int:
        """Send a notification; return the exit status, which for an inform tells whether it was confirmed."""
        command = [program, *words, f"127.0.0.1:{self.port}", "", oid, "1.3.6.1.2.1.2.2.1.1.2", "i", "2"]
        environment = {**os.environ, "MIBS": ""}
        return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=30).returncode

    def hinted(self, seconds: float = 5.0) -> str | None:
        """Return the next hint, None when none comes; a sender counts once a second."""
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
    assert taker.hinted() == "127.0.0.1"


def test_a_trap_of_snmpv3_is_read_once_the_engine_of_its_device_is_known(taker: Taker) -> None:
    taker.send(*V3, "-e", ENGINE)
    assert taker.hinted(1) is None
    taker.listener.engine(taker.known["v3"], bytes.fromhex(ENGINE[2:]))
    taker.listener.engine(taker.known["v2c"], b"a community has no engine")
    time.sleep(0.5)
    taker.send(*V3, "-e", ENGINE)
    assert taker.hinted() == "127.0.0.1"


def test_a_stranger_is_not_heard(taker: Taker) -> None:
    taker.send("-v2c", "-c", "wrong")
    wrong = [word.replace("authpass123", "authpass124") for word in V3]
    assert taker.send(*wrong, "-r", "0", "-t", "1", program="snmpinform") != 0
    assert taker.hinted(1) is None


def test_a_device_that_complains_about_a_wrong_community_is_not_asked_for_it(taker: Taker) -> None:
    taker.send(*V2C, oid=AUTHENTICATION_FAILURE)
    assert taker.hinted(1) is None
    time.sleep(0.2)


def test_a_storm_of_one_sender_is_a_hint_a_second(taker: Taker) -> None:
    begun = time.monotonic()
    for _ in range(40):
        taker.send(*V2C)
    took = time.monotonic() - begun
    time.sleep(0.5)
    assert 1 <= taker.hints.qsize() <= took + 2
    while not taker.hints.empty():
        taker.hints.get()


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
    assert taker.hinted() == "127.0.0.1"
    taker.listener.stop()
    shown = capsys.readouterr().err
    assert "no traps are taken: the listening process ended with status -9" in shown
    assert "127.0.0.1 sent linkDown; asking it now" in shown
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


def test_a_trap_makes_the_poller_ask_at_once_and_poll_by_poll_no_figure_is_taken_from_it(tmp_path: Path) -> None:
    taker = Taker(tmp_path)
    ago = time.time() % 900 - 5
    with Agent(interfaces(2)) as agent, Bench([seat("a", agent.port, interval=900, offset=ago)]) as bench:
        taker.listener = Listener(Traps("127.0.0.1", taker.port), [taker.known["v2c"]], bench.poller.hint)
        taker.listener.start()
        assert taker.listener.listening.wait(20)
        taker.send(*V2C)
        [came] = bench.wait("a", 1, seconds=3)
        taker.listener.stop()
    assert came.haste
    assert {r.fields["up"] for r in came.all("nadi_interface")} == {1}, "linkDown said otherwise; the device is asked"


def test_pysnmp_stays_out_of_the_poller() -> None:
    program = "import sys, agent.main, agent.snmp.poller, agent.snmp.listener; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"pysnmp", "pyasn1", "asyncio"} & set(loaded.stdout.split())

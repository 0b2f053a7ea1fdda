"""Routers of the laboratory that speak SNMP: a real snmpd in the namespace of each."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.lab.centre import wait_for
from tests.lab.namespaces import CENTRE_ADDRESS, Network, stop

TRAP_PORT = 1162
CREDENTIALS = """\
[v2c]
community = "labro"
[v3]
user = "nadi"
auth = "SHA-256"
auth_password = "authpass123"
privacy = "AES"
privacy_password = "privpass123"
"""
_IF = "1.3.6.1.2.1.2.2.1"
_VALUES = f"{_IF}.1 {_IF}.7 {_IF}.8"
_CONF = f"""\
agentAddress udp:161
rocommunity labro
rwcommunity labrw 127.0.0.1
createUser nadi SHA-256 authpass123 AES privpass123
rouser nadi priv
dontLogTCPWrappersConnects yes
createUser inside SHA insidepass123
rouser inside
iquerySecName inside
trap2sink {CENTRE_ADDRESS}:{TRAP_PORT} labro
notificationEvent linkUpTrap 1.3.6.1.6.3.1.1.5.4 {_VALUES}
notificationEvent linkDownTrap 1.3.6.1.6.3.1.1.5.3 {_VALUES}
monitor -r 1 -e linkUpTrap "up" {_IF}.8 != 2
monitor -r 1 -e linkDownTrap "down" {_IF}.8 == 2
"""
_CACHE = "1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2"
"""net-snmp's time to keep the interface tables, in seconds; 0 is none (lab.md §1)."""


def require_tools() -> None:
    """Skip without net-snmp; fail instead where CI=true."""
    lacks = [tool for tool in ("snmpd", "snmpset") if shutil.which(tool) is None]
    if lacks and os.environ.get("CI") == "true":
        pytest.fail(f"the laboratory needs {', '.join(lacks)}")
    if lacks:
        pytest.skip(f"NOT TESTED: the laboratory needs {', '.join(lacks)}")


class Router:
    """The snmpd of router ``number`` with a state folder of its own; ``fresh`` switches its cache off."""

    def __init__(self, network: Network, number: int, folder: Path, *, fresh: bool) -> None:
        self.name, self.address = f"r{number}", network.address(number)
        self._network, self._folder, self._fresh = network, folder / f"snmpd-{number}", fresh
        self._folder.mkdir(parents=True)
        (self._folder / "snmpd.conf").write_text(_CONF, encoding="ascii")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; set the cache."""
        state = f"SNMP_PERSISTENT_DIR={self._folder / 'state'}"
        words = ("snmpd", "-f", "-LE", "4", "-C", "-c", self._folder / "snmpd.conf")
        self._process = self._network.start(self.name, "env", state, "MIBS=", *words, log=self._folder / "log")
        wait_for(self._set_cache, seconds=15, what=f"snmpd of {self.name} answers")

    def _set_cache(self) -> bool:
        words = ["ip", "netns", "exec", self._network.name(self.name), "snmpset", "-t", "1", "-r", "0", "-v2c"]
        value = ["-c", "labrw", "-Onqv", "127.0.0.1", _CACHE, "i", "0" if self._fresh else "3"]
        environment = {**os.environ, "MIBS": ""}
        return subprocess.run(words + value, env=environment, capture_output=True, check=False).returncode == 0

    def restart(self) -> None:
        """End it and start it anew: sysUpTime begins at zero, as after a reboot."""
        assert self._process is not None
        stop(self._process)
        self.start()

    def freeze(self) -> None:
        """Let it answer nothing, without being gone."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def port(self, *, up: bool) -> None:
        """Plug a cable into ether2-lan, or pull it."""
        self._ip("link", "set", "far", "up" if up else "down")

    def make_port(self) -> None:
        """Make ether2-lan; it gets another ifIndex each time."""
        self._ip("link", "add", "ether2-lan", "type", "veth", "peer", "name", "far")
        self._ip("link", "set", "ether2-lan", "up")
        self._ip("link", "set", "far", "up")

    def drop_port(self) -> None:
        """Take ether2-lan away."""
        self._ip("link", "del", "ether2-lan")

    def _ip(self, *words: str) -> None:
        self._network.run(self.name, "ip", *words)

"""A real snmpd (net-snmp) with a state folder and a port of its own, ended by its process id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import pytest

from agent.snmp.engine import Engine
from agent.snmp.interfaces import UPTIME
from agent.snmp.session import Community, Target, get

COMMUNITY = "labro"
USER = ("nadi", "SHA-256", "authpass123", "AES", "privpass123")
CREDENTIALS = """\
[v2c]
community = "labro"
[v3]
user = "nadi"
auth = "SHA-256"
auth_password = "authpass123"
privacy = "AES128"
privacy_password = "privpass123"
"""


def require_snmpd() -> None:
    """Skip without snmpd; fail instead where CI=true, so that nothing turns green unseen."""
    if shutil.which("snmpd"):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("snmpd is not installed")
    pytest.skip("NOT TESTED: snmpd is not installed")


def free_port() -> int:
    """Return a UDP port of loopback that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Snmpd:
    """The daemon on loopback between ``start`` and ``stop``; used with ``with``."""

    def __init__(self, folder: Path, *, more: str = "") -> None:
        require_snmpd()
        self.port, self._folder = free_port(), folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "snmpd.conf").write_text(
            f"agentAddress udp:127.0.0.1:{self.port}\nrocommunity {COMMUNITY}\nrwcommunity labrw 127.0.0.1\n"
            f"createUser {' '.join(USER)}\nrouser nadi priv\nsysName opd-01\n{more}\n"
        )

    def __enter__(self) -> Snmpd:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        words = ["snmpd", "-f", "-Lf", str(self._folder / "log"), "-C", "-c", str(self._folder / "snmpd.conf")]
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(self._folder / "state"), "MIBS": ""}
        self._process = subprocess.Popen(words, env=environment)
        target = Target(host="127.0.0.1", port=self.port, credential=Community(COMMUNITY), timeout_s=0.1, retries=0)
        end = time.monotonic() + 10
        with Engine() as engine:
            while engine.run([get(target, [UPTIME])])[0].error is not None:
                assert time.monotonic() < end, (self._folder / "log").read_text()

    def stop(self) -> None:
        """End it by its process id."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


def write_credentials(folder: Path) -> Path:
    """Write the file of credentials of this daemon, with a wrong one of each kind."""
    path = folder / "credentials.toml"
    wrong = CREDENTIALS.replace("[v2c]", "[wrong2]").replace("labro", "labxx").replace("[v3]", "[wrong-auth]")
    stranger = '[stranger]\nuser = "nobody"\nauth = "SHA"\nauth_password = "authpass123"\n'
    privacy = (
        CREDENTIALS[CREDENTIALS.index("[v3]") :].replace("[v3]", "[wrong-privacy]").replace("privpass", "xxxxpass")
    )
    path.write_text(CREDENTIALS + wrong.replace("authpass123", "xxxxpass123") + stranger + privacy)
    path.chmod(0o600)
    return path

"""A real upsd with dummy-ups drivers (NUT), a state folder and a port of its own, ended by process id."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pytest

LIB = Path("/lib/nut")
"""Debian's programs; /usr/sbin/upsd is a wrapper that refuses unless MODE is set in nut.conf."""
USERS = "[monitor]\n  password = monpass\n  upsmon secondary\n[stranger]\n  password = other\n"


def require(*more: str) -> None:
    """Skip without NUT (or the programs ``more``); fail instead where CI=true, so that nothing turns green unseen."""
    lacks = [name for name in more if shutil.which(name) is None]
    lacks += [name for name in ("upsd", "dummy-ups") if not (LIB / name).exists()]
    if lacks and os.environ.get("CI") == "true":
        pytest.fail(f"not installed: {', '.join(lacks)}")
    if lacks:
        pytest.skip(f"NOT TESTED: not installed: {', '.join(lacks)}")


def free_port() -> int:
    """Return a TCP port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Nut:
    """The server and a driver for each of ``dumps`` (name -> text of a .dev file); used with ``with``."""

    def __init__(self, folder: Path, dumps: Mapping[str, str], *, more: str = "") -> None:
        require()
        self.port, self._folder, self._names = free_port(), folder, list(dumps)
        self._changes = 0
        self.drivers: dict[str, subprocess.Popen[bytes]] = {}
        self._server: subprocess.Popen[bytes] | None = None
        folder.mkdir(mode=0o700)
        sections = [
            f"[{name}]\n  driver = dummy-ups\n  port = {folder}/{name}.dev\n  mode = dummy-once\n" for name in dumps
        ]
        for name, text in dumps.items():
            self.say(name, text)
        (folder / "ups.conf").write_text("maxretry = 1\npollinterval = 1\n" + "".join(sections))
        (folder / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {self.port}\nMAXAGE 5\nSTATEPATH {folder}\n{more}")
        (folder / "upsd.users").write_text(USERS)
        for name in ("ups.conf", "upsd.conf", "upsd.users"):
            (folder / name).chmod(0o600)

    def say(self, name: str, text: str) -> None:
        """Let a UPS say what ``text`` says, within about a second."""
        new = self._folder / f"{name}.new"
        new.write_text(text)
        self._changes += 1  # dummy-ups reads a file again when its time, in whole seconds, is another
        os.utime(new, (0, 1_700_000_000 + self._changes))
        new.rename(self._folder / f"{name}.dev")

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        user = pwd.getpwuid(os.geteuid()).pw_name
        settings = {**os.environ, "NUT_CONFPATH": str(self._folder), "NUT_STATEPATH": str(self._folder)}
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [LIB / words[0], "-F", "-u", user, *words[1:]], env=settings, stdout=log, stderr=log
            )

    def __enter__(self) -> Nut:
        self.drivers = {name: self._run("dummy-ups", "-a", name) for name in self._names}
        self._await(lambda: all(list(self._folder.glob(f"dummy-ups-{name}")) for name in self._names))
        self.start_server()
        return self

    def start_server(self) -> None:
        """Start upsd and wait until every driver's values are there."""
        self._server = self._run("upsd")
        self._await(lambda: all(self._knows(name) for name in self._names))

    def _knows(self, name: str) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as asking:
                asking.sendall(f"GET VAR {name} driver.name\nLOGOUT\n".encode())
                return asking.recv(200).startswith(b"VAR")
        except OSError:
            return False

    def _await(self, happens: object, seconds: float = 15) -> None:
        assert callable(happens)
        end = time.monotonic() + seconds
        while not happens():
            assert time.monotonic() < end, (self._folder / "log").read_text()
            time.sleep(0.05)

    def stop_server(self) -> None:
        """End upsd by its process id."""
        if self._server is not None:
            end(self._server)
            self._server = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop_server()
        for driver in self.drivers.values():
            end(driver)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process by its id, also when it stands still."""
    process.kill()
    process.wait(10)

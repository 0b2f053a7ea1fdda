"""A small network of namespaces: a centre with a bridge, and shaped lines to routers. Linux, root.

Every name carries the prefix of one test process, and only what this process made is ended or removed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

TOOLS = ("ip", "tc", "iperf3", "ethtool")
CENTRE_ADDRESS = "10.77.0.1"


def missing(*more: str) -> list[str]:
    """Return what this machine lacks for namespaces and ``more`` programs, in words."""
    lacks = [f"the program {tool}" for tool in (*TOOLS, *more) if shutil.which(tool) is None]
    if os.geteuid() != 0:
        lacks.append("root")
    elif not lacks:
        made = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
        if made.returncode != 0:
            lacks.append("the right to make network namespaces")
    return lacks


def require(*more: str) -> None:
    """Skip where the laboratory cannot stand; fail instead where CI=true, so that nothing turns green unseen."""
    lacks = missing(*more)
    if not lacks:
        return
    message = f"the network laboratory needs {', '.join(lacks)}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(f"NOT TESTED: {message}")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=20)


class Network:
    """The centre ``noc`` (bridge br0) and routers ``r1``, ``r2`` ... each on a shaped line; used with ``with``."""

    def __init__(self, rates: Sequence[str]) -> None:
        self._prefix = f"nadi{os.getpid()}"
        self._made: list[str] = []
        self._running: list[subprocess.Popen[bytes]] = []
        self._rates = rates

    def __enter__(self) -> Network:
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes started here and delete the namespaces made here."""
        for process in reversed(self._running):
            stop(process)
        while self._made:
            subprocess.run(["ip", "netns", "del", self._made.pop()], check=False, capture_output=True, timeout=20)

    def name(self, node: str) -> str:
        """Return the namespace of ``noc`` or ``r1`` ..."""
        return f"{self._prefix}{node}"

    def address(self, number: int) -> str:
        """Return the address of router ``number`` (from 1) on its line."""
        return f"10.77.0.{10 + number}"

    def run(self, node: str, *command: str | Path, timeout: float = 30) -> str:
        """Run a command in a namespace to its end and return what it printed."""
        words = ["ip", "netns", "exec", self.name(node), *map(str, command)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, node: str, *command: str | Path, log: Path) -> subprocess.Popen[bytes]:
        """Start a command in a namespace; ``ip netns exec`` becomes it, so the process id is the command's own."""
        words = ["ip", "netns", "exec", self.name(node), *map(str, command)]
        with log.open("ab") as output:
            process = subprocess.Popen(words, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        self._running.append(process)
        return process

    def cut(self, number: int) -> None:
        """Take the line of router ``number`` away at the centre's end."""
        _ip("-n", self.name("noc"), "link", "set", f"opd{number}", "down")

    def mend(self, number: int) -> None:
        """Give the line back."""
        _ip("-n", self.name("noc"), "link", "set", f"opd{number}", "up")

    def _build(self) -> None:
        noc = self._namespace("noc")
        _ip("-n", noc, "link", "add", "br0", "type", "bridge", "stp_state", "0")
        _ip("-n", noc, "addr", "add", f"{CENTRE_ADDRESS}/24", "dev", "br0")
        _ip("-n", noc, "link", "set", "br0", "up")
        for number, rate in enumerate(self._rates, 1):
            self._line(noc, number, rate)

    def _namespace(self, node: str) -> str:
        name = self.name(node)
        _ip("netns", "add", name)
        self._made.append(name)
        _ip("-n", name, "link", "set", "lo", "up")
        return name

    def _line(self, noc: str, number: int, rate: str) -> None:
        router = self._namespace(f"r{number}")
        _ip("-n", noc, "link", "add", f"opd{number}", "type", "veth", "peer", "name", "ether1-wan", "netns", router)
        _ip("-n", noc, "link", "set", f"opd{number}", "master", "br0", "up")
        _ip("-n", router, "addr", "add", f"{self.address(number)}/24", "dev", "ether1-wan")
        _ip("-n", router, "link", "set", "ether1-wan", "up")
        shape = ("root", "tbf", "rate", rate, "burst", "16kb", "latency", "50ms")
        for node, device in (("noc", f"opd{number}"), (f"r{number}", "ether1-wan")):
            # With offloads the counters would see super-packets with one header for many (lab.md §1).
            self.run(node, "ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off", "tx", "off")
            self.run(node, "tc", "qdisc", "add", "dev", device, *shape)


def stop(process: subprocess.Popen[bytes], *, seconds: float = 10) -> int:
    """End a process kindly, then by force; return its exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(seconds)

"""A line with a cloud: two namespaces, and between them a third in which a relay holds frames back or nft drops them.

The kernel here has no ``tc netem``. Linux, root. Only what this process made is removed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import heapq
import itertools
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.lab import namespaces

ROOT = Path(__file__).parents[2]
NEAR, FAR, OTHER = "10.77.9.1", "10.77.9.2", "10.77.9.3"
NEAR6, FAR6 = "fd77:9::1", "fd77:9::2"
_CLONE_NEWNET = 0x40000000
_numbers = itertools.count()


class Cloud:
    """Namespaces ``near`` and ``far`` on one line; used with ``with``."""

    def __init__(self, *, delay_s: float = 0.0) -> None:
        self._prefix = f"nadi{os.getpid()}c{next(_numbers)}"
        self._delay_s = delay_s
        self._relay: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Cloud:
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the relay and delete the namespaces."""
        if self._relay is not None:
            namespaces.stop(self._relay)
        for node in ("near", "cloud", "far"):
            subprocess.run(["ip", "netns", "del", self._prefix + node], check=False, capture_output=True, timeout=20)

    def run(self, node: str, *words: str, text: str = "") -> str:
        """Run a command in a namespace and return what it printed."""
        command = ["ip", "netns", "exec", self._prefix + node, *words]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def inside(self, node: str) -> Iterator[None]:
        """Be in a namespace with this thread: what it opens meanwhile stays there (setns(2))."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{self._prefix}{node}") as there:
            assert libc.setns(there.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(before.fileno(), _CLONE_NEWNET) == 0

    def drop(self, per_mille: int, *, match: str = "icmp type echo-request") -> None:
        """Let ``far`` drop a share of the packets that come in, at random."""
        share = f"numgen random mod 1000 < {per_mille} " if per_mille < 1000 else ""
        rules = (
            "table inet cloud {\n chain pre {\n  type filter hook prerouting priority raw; policy accept;\n"
            f"  {match} {share}counter drop\n }}\n}}\n"
        )
        self.run("far", "nft", "-f", "-", text=rules)

    def dropped(self) -> int:
        """Return how many packets ``drop`` dropped, by the kernel's count."""
        words = self.run("far", "nft", "list", "table", "inet", "cloud").split()
        return int(words[words.index("packets") + 1])

    def _build(self) -> None:
        for node in ("near", "cloud", "far"):
            subprocess.run(["ip", "netns", "add", self._prefix + node], check=True, capture_output=True, timeout=20)
            self.run(node, "ip", "link", "set", "lo", "up")
        for node, end in (("near", "west"), ("far", "east")):
            there = ("name", "wan", "netns", self._prefix + node)
            self.run("cloud", "ip", "link", "add", end, "type", "veth", "peer", *there)
            self.run("cloud", "ip", "link", "set", end, "up")
        for node, four, six in (("near", (NEAR,), NEAR6), ("far", (FAR, OTHER), FAR6)):
            for address in four:
                self.run(node, "ip", "addr", "add", f"{address}/24", "dev", "wan")
            self.run(node, "ip", "addr", "add", f"{six}/64", "dev", "wan", "nodad")
            self.run(node, "ip", "link", "set", "wan", "up")
            self.run(node, "ethtool", "-K", "wan", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        self._join()

    def _join(self) -> None:
        """Put the relay, or a plain bridge, between the two ends, and wait until a packet passes."""
        if self._delay_s:
            words = ("-m", "tests.lab.cloud", "west", "east", "--delay", str(self._delay_s))
            command = ["ip", "netns", "exec", f"{self._prefix}cloud", sys.executable, *words]
            self._relay = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        else:
            self.run("cloud", "ip", "link", "add", "br0", "type", "bridge", "stp_state", "0")
            for end in ("west", "east"):
                self.run("cloud", "ip", "link", "set", end, "master", "br0")
            self.run("cloud", "ip", "link", "set", "br0", "up")
        for address in (FAR, FAR6):
            self.run("near", "ping", "-q", "-c", "1", "-w", "10", address)


def relay(ends: tuple[str, str], delay_s: float) -> None:
    """Carry frames between two interfaces, each ``delay_s`` late, until killed."""
    socks = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) for _ in ends]
    held: list[tuple[float, int, int, bytes]] = []
    with selectors.DefaultSelector() as selector:
        for place, (sock, end) in enumerate(zip(socks, ends, strict=True)):
            sock.bind((end, 0))
            selector.register(sock, selectors.EVENT_READ, place)
        for number in itertools.count():
            for key, _ in selector.select(max(0.0, held[0][0] - time.monotonic()) if held else None):
                frame, (_, _, kind, *_) = socks[key.data].recvfrom(65536)
                if kind != socket.PACKET_OUTGOING:
                    heapq.heappush(held, (time.monotonic() + delay_s, number, 1 - key.data, frame))
            while held and held[0][0] <= time.monotonic():
                _, _, to, frame = heapq.heappop(held)
                socks[to].send(frame)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=relay.__doc__)
    parser.add_argument("ends", nargs=2)
    parser.add_argument("--delay", type=float)
    arguments = parser.parse_args()
    relay(tuple(arguments.ends), arguments.delay)

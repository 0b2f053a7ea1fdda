"""Which network port of this machine an example is bound to, and which TCP port is free (Linux, /proc/net)."""

from __future__ import annotations

import socket
from pathlib import Path

NET = Path("/proc/net")


def example_interface(net: Path = NET) -> str:
    """Return the interface of the default route, else the busiest one, else loopback."""
    return _default_route(net) or _busiest(net) or "lo"


def _default_route(net: Path) -> str | None:
    """Return the interface of the IPv4 default route with the lowest metric, else of the IPv6 one."""
    found = []
    for line in _lines(net / "route")[1:]:
        name, destination, _, flags, _, _, metric, mask, *_ = line.split()
        if destination == mask == "00000000" and int(flags, 16) & 1:
            found.append((int(metric), name))
    for line in _lines(net / "ipv6_route"):
        destination, length, *_, metric, _, _, flags, name = line.split()
        if set(destination) == {"0"} and length == "00" and name != "lo" and int(flags, 16) & 1:
            found.append((1 << 40 | int(metric, 16), name))
    return min(found)[1] if found else None


def _busiest(net: Path) -> str | None:
    """Return the interface other than loopback with the most octets, None when none has any."""
    counted = []
    for line in _lines(net / "dev")[2:]:
        name, _, rest = line.partition(":")
        columns = rest.split()
        if name.strip() != "lo":
            counted.append((int(columns[0]) + int(columns[8]), name.strip()))
    octets, name = max(counted, default=(0, ""))
    return name if octets else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def free_port(first: int, *, tries: int = 50) -> int:
    """Return the first TCP port from ``first`` on that nobody listens on at 127.0.0.1; OSError when all are taken."""
    for port in range(first, first + tries):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"every port from {first} to {first + tries - 1} of 127.0.0.1 is taken")

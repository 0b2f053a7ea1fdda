"""What the regulation asks of a server itself: what listens on public addresses, how old the virus signatures are.

Tanah Laut 25/2018 Pasal 18. An address is public when IANA's registries call it globally reachable: not those of
RFC 1918, 4193 (ULA), 6598 (CGNAT), 3927 and 4291 (link-local, loopback). A socket bound to every address listens on
a public one when this machine has one. A router that translates a public address to this machine is not seen here.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import psutil

from agent.clock import NS
from agent.config import between
from agent.reading import Reading, reading
from agent.source import Env

_PROC_NET = Path("/proc/net")
_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LISTEN, _UNCONNECTED = "0A", "07"
"""States of a TCP and a UDP socket in /proc/net (proc(5), include/net/tcp_states.h)."""
_MOST_SOCKETS = 100_000
_MOST_NAMED = 64
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BUILT = re.compile(r"(\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2})-(\d{2}) ([+-])(\d{2})(\d{2})")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class SecurityError(Exception):
    """What could not be looked at; the message names the thing, the place and the mend."""


class Listener(NamedTuple):
    """A socket that takes what comes: tcp or udp, its address and port."""

    protocol: str
    address: Address
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{self.protocol}:{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Config:
    """The folder of ClamAV's signatures, and seconds between looks."""

    clamav: Path = Path("/var/lib/clamav")
    interval: int = 300

    def __post_init__(self) -> None:
        between("interval", self.interval, 10, 86400)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield the public listeners (at most 64 by name), then the signatures' age where ClamAV is; SecurityError."""
    low = int(_PORT_RANGE.read_text(encoding="ascii").split()[0])
    found = public(listeners(_PROC_NET, low), _own_addresses())
    time_ns = env.time_ns()
    yield reading("nadi_host", {"public_listeners": len(found)}, time_ns, host=env.device)
    for listener in found[:_MOST_NAMED]:
        yield reading("nadi_host", {"listening": 1}, time_ns, host=env.device, listener=str(listener))
    built = newest_signatures(config.clamav)
    if built is None:
        return
    age_s = env.time_ns() / NS - built
    if age_s < 0:
        raise SecurityError(f"{config.clamav}: the signatures are of the future; set this machine's clock")
    yield reading("nadi_host", {"antivirus_signature_age_seconds": age_s}, env.time_ns(), host=env.device)


def listeners(folder: Path, first_own_port: int) -> set[Listener]:
    """Return the listening sockets in the tables of ``folder`` (/proc/net); SecurityError.

    A UDP socket does not say whether it serves or asks: those at ports from ``first_own_port``, which the kernel gives
    to askers, are taken for asking.
    """
    found: set[Listener] = set()
    for protocol, state in (("tcp", _LISTEN), ("udp", _UNCONNECTED)):
        for table in (protocol, f"{protocol}6"):
            path = folder / table
            if not path.exists():
                continue  # a kernel without IPv6
            with path.open(encoding="ascii") as lines:
                found |= {
                    item
                    for item in _rows(path, islice(lines, 1, None), protocol, state)
                    if protocol == "tcp" or item.port < first_own_port
                }
    return found


def _rows(path: Path, lines: Iterable[str], protocol: str, state: str) -> Iterator[Listener]:
    for number, line in enumerate(lines):
        if number >= _MOST_SOCKETS:
            raise SecurityError(f"{path}: more than {_MOST_SOCKETS} sockets; what listens is not told")
        _, local, _, is_state, *_ = line.split()
        if is_state != state:
            if protocol == "tcp":
                return  # the kernel tells the listening ones first, and a busy server has a great many others
            continue
        address, _, port = local.partition(":")
        yield Listener(protocol, _address(address), int(port, 16))


def _address(text: str) -> Address:
    """Return an address of /proc/net: words of 32 bits in this machine's order of octets."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    octets = struct.pack(f"={len(words)}I", *words)
    if len(octets) == 4:
        return ipaddress.IPv4Address(octets)
    six = ipaddress.IPv6Address(octets)
    return six.ipv4_mapped or six


def _own_addresses() -> list[Address]:
    found = []
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family in (socket.AF_INET, socket.AF_INET6):
                found.append(ipaddress.ip_address(one.address.partition("%")[0]))
    return found


def public(found: Iterable[Listener], own: Iterable[Address]) -> list[Listener]:
    """Return which of the listeners can be reached at a public address, in order; ``own`` are this machine's."""
    found = set(found)
    versions: set[int] = {address.version for address in own if _is_public(address)}
    return sorted((one for one in found if _reached(one, found, versions)), key=lambda one: (one.port, str(one)))


def _reached(one: Listener, found: set[Listener], versions: set[int]) -> bool:
    if not one.address.is_unspecified:
        return _is_public(one.address)
    if one.address.version in versions:
        return True
    # A socket of IPv6 bound to every address takes IPv4 too, unless another one holds the same port there.
    same_in_four = Listener(one.protocol, ipaddress.IPv4Address(0), one.port)
    return one.address.version == 6 and 4 in versions and same_in_four not in found


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def newest_signatures(folder: Path) -> float | None:
    """Return when ClamAV's newest daily signatures were built (Unix s), by their own word; None without any."""
    built = [_built(file) for name in ("daily.cvd", "daily.cld") if (file := folder / name).exists()]
    return max(built, default=None)


def _built(file: Path) -> float:
    """Read the time in the head, ``ClamAV-VDB:07 Oct 2026 09-25 +0000:...`` (libclamav, cvd.c); SecurityError."""
    with file.open("rb") as data:
        name, _, rest = data.read(512).decode("ascii", errors="replace").partition(":")
    match = _BUILT.match(rest)
    try:
        if name != "ClamAV-VDB" or match is None:
            raise ValueError("no head")
        day, month, year, hour, minute, sign, zone_hours, zone_minutes = match.groups()
        moment = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), tzinfo=UTC)
    except ValueError:
        raise SecurityError(f"{file}: no head of ClamAV's signatures; run freshclam anew") from None
    ahead_s = int(zone_hours) * 3600 + int(zone_minutes) * 60
    return moment.timestamp() - (ahead_s if sign == "+" else -ahead_s)

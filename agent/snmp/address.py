"""Addresses of devices: literals only in the engine, so that a slow name server delays nobody."""

from __future__ import annotations

import ipaddress
import socket

from agent.snmp.errors import Unreachable

Key = tuple[str, int, int]
"""What tells a source from another: address in the form of inet_ntop(3), port, IPv6 scope."""


def address_of(host: str, port: int) -> tuple[int, tuple[str, int] | tuple[str, int, int, int], Key]:
    """Return family, socket address and key of an address literal; raise Unreachable for anything else."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise Unreachable(f"{host} is not an IP address; names are resolved beforehand") from None
    if not 1 <= port <= 65535:
        raise Unreachable(f"{host}: port {port} is not between 1 and 65535")
    if address.version == 4:
        return socket.AF_INET, (str(address), port), (str(address), port, 0)
    plain, _, zone = host.partition("%")
    text = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, plain))
    scope = _scope(host, zone) if zone else 0
    return socket.AF_INET6, (text, port, 0, scope), (text, port, scope)


def _scope(host: str, zone: str) -> int:
    if zone.isdecimal():
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except OSError:
        raise Unreachable(f"{host}: this machine has no interface {zone}") from None


def resolve(name: str) -> str:
    """Return the first address of a host name as the system knows it, IPv4 or IPv6; this may block.

    Raise Unreachable.
    """
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise Unreachable(f"{name}: {error.strerror or 'unknown host'}") from None
    family, _, _, _, address = found[0]
    scope = f"%{address[3]}" if family == socket.AF_INET6 and len(address) > 3 and address[3] else ""
    return f"{address[0]}{scope}".partition("%")[0] + scope

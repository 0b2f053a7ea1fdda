"""Whether name servers answer, how fast, and with the right addresses (RFC 1035, 3596); queries of our own.

A reply counts when it comes from the server that was asked and repeats the query's number and question; anything else
is not heard. What does not fit into a datagram is asked again by TCP.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from agent import probe
from agent.config import between
from agent.peer import left
from agent.probe import Cause, Failed
from agent.reading import Reading
from agent.source import Env

_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_RESPONSE, _TRUNCATED, _RECURSION = 0x8000, 0x0200, 0x0100
_CNAME, _INTERNET = 5, 1
_TYPES = {"A": (1, socket.AF_INET, 4), "AAAA": (28, socket.AF_INET6, 16)}
"""Number of the type, family and octets of its addresses."""
_MOST_ALIASES = 16


@dataclass(frozen=True, slots=True)
class Target:
    """One question to one server: the tag ``target``, the server's IP address, the name and type that are asked.

    With ``expected`` every address of the answer must be one of them. ``timeout`` is seconds for all of it; after
    half of it the question is sent once more.
    """

    name: str
    server: str
    query: str
    type: Literal["A", "AAAA"] = "A"
    port: int = 53
    timeout: float = 4.0
    expected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _family(self.server, "server")
        probe.check_host(self.query)
        between("port", self.port, 1, 65535)
        between("timeout", self.timeout, 0.2, 30)
        for address in self.expected:
            if _family(address, "expected") != _TYPES[self.type][1]:
                raise ValueError(f"expected {address!r} is no address of type {self.type}")


@dataclass(frozen=True, slots=True)
class Config:
    """The questions, all asked at each ``interval`` (seconds)."""

    target: tuple[Target, ...]
    interval: int = 60

    def __post_init__(self) -> None:
        probe.check(self.interval, self.target)


def _family(address: str, key: str) -> socket.AddressFamily:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, address)
        except OSError:
            continue
        return family
    raise ValueError(f"{key} {address!r} is no IP address")


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield a reading of each question."""
    yield from probe.readings("dns", env, [(target.name, partial(_asked, target)) for target in config.target])


def _asked(target: Target) -> probe.Fields:
    number, family, size = _TYPES[target.type]
    identifier = int.from_bytes(os.urandom(2), "big")
    question = _question(target.query, number)
    query = _HEADER.pack(identifier, _RECURSION, 1, 0, 0, 0) + question
    mine = partial(_is_reply, identifier=identifier, question=question)
    begun = time.monotonic()
    reply = _exchange(target, query, mine, begun + target.timeout)
    fields: probe.Fields = {"rtt_seconds": time.monotonic() - begun, "status_code": reply[3] & 15}
    try:
        found = _addresses(reply, number, size)
    except (ValueError, IndexError, struct.error):
        raise Failed(Cause.DNS, fields) from None
    if fields["status_code"] or not found:
        raise Failed(Cause.DNS, fields)
    if target.expected and not found <= {socket.inet_pton(family, address) for address in target.expected}:
        raise Failed(Cause.CONTENT, fields)
    return fields


def _question(name: str, number: int) -> bytes:
    labels = name.removesuffix(".").encode("ascii").split(b".")
    return b"".join(bytes((len(label),)) + label for label in labels) + struct.pack("!BHH", 0, number, _INTERNET)


def _is_reply(data: bytes, *, identifier: int, question: bytes) -> bool:
    """Tell whether a message answers this very query; a server may change the case of letters."""
    if len(data) < _HEADER.size + len(question):
        return False
    number, flags, questions, *_ = _HEADER.unpack_from(data)
    same = data[_HEADER.size : _HEADER.size + len(question)].lower() == question.lower()
    return number == identifier and flags & 0xF800 == _RESPONSE and questions == 1 and same


def _exchange(target: Target, query: bytes, mine: Callable[[bytes], bool], deadline: float) -> bytes:
    """Return the reply by UDP, or by TCP where it was cut short; OSError."""
    with socket.socket(_family(target.server, "server"), socket.SOCK_DGRAM) as sock:
        sock.connect((target.server, target.port))
        sock.send(query)
        try:
            reply = _datagram(sock, mine, deadline - target.timeout / 2)
        except TimeoutError:
            sock.send(query)
            reply = _datagram(sock, mine, deadline)
    if not reply[2] << 8 & _TRUNCATED:
        return reply
    return _by_tcp(target, query, mine, deadline)


def _datagram(sock: socket.socket, mine: Callable[[bytes], bool], until: float) -> bytes:
    while True:
        sock.settimeout(left(until))
        data = sock.recv(65535)
        if mine(data):
            return data


def _by_tcp(target: Target, query: bytes, mine: Callable[[bytes], bool], deadline: float) -> bytes:
    sock, _ = probe.connected(probe.places(target.server, target.port, deadline), deadline)
    with sock:
        sock.sendall(struct.pack("!H", len(query)) + query)
        size = int.from_bytes(_exactly(sock, 2, deadline), "big")
        reply = _exactly(sock, size, deadline)
    if not mine(reply):
        raise Failed(Cause.BROKEN)
    return reply


def _exactly(sock: socket.socket, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        sock.settimeout(left(deadline))
        part = sock.recv(size - len(data))
        if not part:
            raise Failed(Cause.BROKEN)
        data += part
    return data


def _addresses(reply: bytes, number: int, size: int) -> set[bytes]:
    """Return the addresses that the answer gives to the name asked, by its chain of aliases; ValueError, IndexError."""
    *_, answers, _, _ = _HEADER.unpack_from(reply)
    name, at = _name(reply, _HEADER.size)
    at += 4
    aliases: dict[_Labels, _Labels] = {}
    found: dict[_Labels, set[bytes]] = {}
    for _ in range(answers):
        owner, at = _name(reply, at)
        kind, group, _, length = _RECORD.unpack_from(reply, at)
        at += _RECORD.size
        if at + length > len(reply):
            raise ValueError("a record goes beyond the end")
        if (kind, group) == (_CNAME, _INTERNET):
            aliases[owner] = _name(reply, at)[0]
        elif (kind, group) == (number, _INTERNET):
            if length != size:
                raise ValueError("an address of another length")
            found.setdefault(owner, set()).add(reply[at : at + length])
        at += length
    for _ in range(_MOST_ALIASES):
        name = aliases.get(name, name)
    return found.get(name, set())


_Labels = tuple[bytes, ...]


def _name(data: bytes, at: int) -> tuple[_Labels, int]:
    """Return the labels of a name, in small letters, and where it ends; a pointer must point further back each time."""
    labels, end, lowest, total = [], 0, at, 0
    while length := data[at]:
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | data[at + 1]
            end = end or at + 2
            if target >= lowest:
                raise ValueError("a pointer does not point back")
            at = lowest = target
            continue
        if length > 63 or (total := total + length + 1) > 254 or at + 1 + length >= len(data):
            raise ValueError("no name")
        labels.append(data[at + 1 : at + 1 + length].lower())
        at += 1 + length
    return tuple(labels), end or at + 1

"""A TCP connection under one deadline and one bound of octets, for protocols of questions and answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_CHUNK = 1 << 16


class NotUnderstood(Exception):
    """What the peer sent is not its protocol, or is more than it may be; the message names the peer."""


class Closed(OSError):
    """The peer closed the connection before the end of its answer."""


class Peer:
    """A connected socket: asked and read until ``deadline`` (time.monotonic), and ``most`` octets of answers.

    OSError (TimeoutError among them) when it breaks or goes silent.
    """

    def __init__(self, sock: socket.socket, name: str, *, deadline: float, most: int) -> None:
        self.name, self.socket = name, sock
        self._buffer = bytearray()
        self.bound(deadline, most)

    def bound(self, deadline: float, most: int) -> None:
        """Give what follows a deadline and octets of its own."""
        self._deadline, self._left = deadline, most

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        for at in range(0, len(data), _CHUNK):  # sendall would give each of its parts the whole time anew
            self._wait()
            self.socket.sendall(data[at : at + _CHUNK])

    def line(self, *, longest: int) -> bytes:
        """Return the next line without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > longest:
                break
            self._receive()
        if end < 0 or end > longest:
            raise NotUnderstood(f"{self.name}: sent a line of more than {longest} octets")
        return self._taken(end + 1)[:-1].rstrip(b"\r")

    def exactly(self, count: int) -> bytes:
        """Return the next ``count`` octets."""
        while len(self._buffer) < count:
            self._receive()
        return self._taken(count)

    def rest(self, most: int) -> bytes:
        """Return what comes until the peer closes, or the first ``most`` octets of it."""
        try:
            return self.exactly(most)
        except Closed:
            return self._taken(len(self._buffer))

    def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Begin TLS with ``host``; ssl.SSLError, which is an OSError."""
        if self._buffer:
            raise NotUnderstood(f"{self.name}: sent more than its word that TLS may begin")
        self._wait()
        self.socket = context.wrap_socket(self.socket, server_hostname=host)

    def _taken(self, count: int) -> bytes:
        found = bytes(self._buffer[:count])
        del self._buffer[:count]
        return found

    def _receive(self) -> None:
        self._wait()
        data = self.socket.recv(_CHUNK)
        if not data:
            raise Closed("closed the connection before the end of its answer")
        self._left -= len(data)
        if self._left < 0:
            raise NotUnderstood(f"{self.name}: sent more than it may")
        self._buffer += data

    def _wait(self) -> None:
        """Give the next operation what is left of the time."""
        self.socket.settimeout(left(self._deadline))


def left(deadline: float) -> float:
    """Return the seconds until a time of CLOCK_MONOTONIC; TimeoutError when it is past."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("no end of its answer in time")
    return remaining


@contextmanager
def reached(host: str, port: int, *, timeout_s: float, most: int) -> Iterator[Peer]:
    """Connect to ``host`` for the block, which has ``timeout_s`` in all; OSError."""
    deadline = time.monotonic() + timeout_s
    peer = Peer(
        socket.create_connection((host, port), timeout=timeout_s), f"{host}:{port}", deadline=deadline, most=most
    )
    try:
        yield peer
    finally:
        peer.socket.close()

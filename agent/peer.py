"""A TCP connection under one deadline and one bound of octets, for small protocols of questions and answers."""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_CHUNK = 1 << 14


class NotUnderstood(Exception):
    """What the peer sent is not its protocol, or is more than it may be; the message names the peer."""


class Closed(OSError):
    """The peer closed the connection before the end of its answer."""


class Peer:
    """A connection to ``host``: opened, asked and read within ``timeout_s`` in all, and ``most`` octets of answers.

    OSError (TimeoutError among them) when it cannot be reached or goes silent.
    """

    def __init__(self, host: str, port: int, *, timeout_s: float, most: int) -> None:
        self.name = f"{host}:{port}"
        self._host, self._left = host, most
        self._deadline = time.monotonic() + timeout_s
        self._timeout_s = timeout_s
        self._buffer = bytearray()
        self._socket = socket.create_connection((host, port), timeout=timeout_s)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._wait()
        self._socket.sendall(data)

    def line(self, *, longest: int) -> bytes:
        """Return the next line without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > longest:
                break
            self._receive()
        if end < 0 or end > longest:
            raise NotUnderstood(f"{self.name}: sent a line of more than {longest} octets")
        found = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return found.rstrip(b"\r")

    def exactly(self, count: int) -> bytes:
        """Return the next ``count`` octets."""
        while len(self._buffer) < count:
            self._receive()
        found = bytes(self._buffer[:count])
        del self._buffer[:count]
        return found

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Begin TLS; ssl.SSLError, which is an OSError."""
        if self._buffer:
            raise NotUnderstood(f"{self.name}: sent more than its word that TLS may begin")
        self._wait()
        self._socket = context.wrap_socket(self._socket, server_hostname=self._host)

    def _receive(self) -> None:
        self._wait()
        data = self._socket.recv(_CHUNK)
        if not data:
            raise Closed("closed the connection before the end of its answer")
        self._left -= len(data)
        if self._left < 0:
            raise NotUnderstood(f"{self.name}: sent more than it may")
        self._buffer += data

    def _wait(self) -> None:
        """Give the next operation what is left of the time."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no end of its answer within {self._timeout_s:g} s")
        self._socket.settimeout(left)

"""One kept-alive HTTP(S) connection to the collector, bounded in time and in octets.

HTTPS trusts the pinned CA and nothing else; plain HTTP goes to loopback addresses only.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from agent import answer
from agent.config import ConfigError, between
from agent.peer import Closed, NotUnderstood, Peer, left

if TYPE_CHECKING:
    import ssl

_MOST_ANSWER = 4 << 20
_MOST_OCTETS = 5 << 20
"""Of a whole answer, with its head and what marks its chunks."""


@dataclass(frozen=True, slots=True)
class Config:
    """Where the collector is, the file of the CA that signed its certificate, and the patience with it in seconds."""

    url: str
    ca: Path | None = None
    timeout: float = 10.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname or "", parts.port
        except ValueError as error:
            raise ValueError(f"url {self.url!r} cannot be read: {error}") from error
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
            raise ValueError(f"url {self.url!r} is not of the form https://collector.example:8443")
        if parts.scheme == "http" and not _is_loopback(host):
            raise ValueError(f"url {self.url!r}: plain http goes to this machine only (127.0.0.1, ::1); use https")
        between("timeout", self.timeout, 1, 120)

    @property
    def secure(self) -> bool:
        """Tell whether TLS is spoken."""
        return urlsplit(self.url).scheme == "https"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the collector."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if self.secure else 80)


def _is_loopback(host: str) -> bool:
    try:
        return host in ("localhost", "::1") or socket.inet_pton(socket.AF_INET, host)[0] == 127
    except OSError:
        return False


class ChannelError(Exception):
    """No answer came; the message says why in words."""


class Answer(NamedTuple):
    """What came back: status, Retry-After in seconds (0 when there is none), body, Date ("" when there is none)."""

    status: int
    retry_after_s: float
    body: bytes
    date: str


class Channel:
    """The connection; used by one thread."""

    def __init__(self, config: Config, pinned_ca: str | None = None) -> None:
        """Read the CA (the configured file, else ``pinned_ca`` in PEM); ConfigError when it cannot be used."""
        self._config = config
        self._context = _context(config, pinned_ca) if config.secure else None
        self._peer: Peer | None = None
        self.timeout = config.timeout

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST ``body`` and return the answer, all within the timeout; ChannelError.

        A kept connection that the other end closed meanwhile is replaced, and the POST is sent once more: the
        collector knows what it has already.
        """
        deadline = time.monotonic() + self.timeout
        try:
            if self._peer is not None:
                try:
                    return self._exchange(self._peer, path, body, headers, deadline)
                except (ConnectionError, Closed):
                    self.close()
            self._peer = self._connect(deadline)
            return self._exchange(self._peer, path, body, headers, deadline)
        except (OSError, NotUnderstood) as error:
            self.close()
            raise ChannelError(self._in_words(error)) from error

    def _connect(self, deadline: float) -> Peer:
        host, port = self._config.address
        sock = socket.create_connection((host, port), timeout=left(deadline))
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                sock.settimeout(left(deadline))
                sock = self._context.wrap_socket(sock, server_hostname=host)
        except OSError:
            sock.close()
            raise
        return Peer(sock, f"{host}:{port}", deadline=deadline, most=_MOST_OCTETS)

    def _exchange(self, peer: Peer, path: str, body: bytes, headers: Mapping[str, str], deadline: float) -> Answer:
        parts = urlsplit(self._config.url)
        lines = [
            f"POST {parts.path.rstrip('/')}{path} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        peer.bound(deadline, _MOST_OCTETS)
        peer.send("\r\n".join([*lines, "\r\n"]).encode("ascii"))
        peer.send(body)
        status, fields = answer.head(peer)
        content, again = answer.body(peer, status, fields, most=_MOST_ANSWER)
        if not again:
            self.close()
        return Answer(status, _seconds(fields.get("retry-after", "")), content, fields.get("date", ""))

    def close(self) -> None:
        """Close the connection; the next POST opens another."""
        if self._peer is not None:
            self._peer.socket.close()
            self._peer = None

    def _in_words(self, error: Exception) -> str:
        host, port = self._config.address
        verify = getattr(error, "verify_message", "")
        if verify:
            return f"{host}:{port}: its certificate is refused: {verify}; check collector.ca, the name and the date"
        if isinstance(error, socket.gaierror):
            return f"the name {host} cannot be resolved ({error.strerror}); check DNS or /etc/hosts"
        if isinstance(error, ConnectionRefusedError):
            return f"{host}:{port}: nothing listens there; is the collector running, is the port right?"
        if isinstance(error, TimeoutError):
            return f"{host}:{port}: no answer within {self.timeout:g} s"
        if isinstance(error, NotUnderstood):
            return str(error)
        return f"{host}:{port}: {error or type(error).__name__}"


def _seconds(text: str) -> float:
    """Read a Retry-After in seconds; its other form, a date, counts for nothing, as clocks may differ."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0.0


def _context(config: Config, pinned_ca: str | None) -> ssl.SSLContext:
    import ssl  # plain HTTP on loopback needs none of it

    if config.ca is None and pinned_ca is None:
        raise ConfigError(
            "collector.ca is not set: name the file of the CA (PEM) that signed the collector's certificate"
        )
    try:
        if config.ca is not None:
            return ssl.create_default_context(cafile=str(config.ca))
        return ssl.create_default_context(cadata=pinned_ca)
    except (OSError, ValueError) as error:
        where = config.ca if config.ca is not None else "the CA kept at enrolment"
        raise ConfigError(f"{where}: not a usable CA file (PEM): {error}") from error

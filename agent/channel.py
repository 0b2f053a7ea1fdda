"""One kept-alive HTTP(S) connection to the collector, bounded in time and in octets.

HTTPS trusts the pinned CA and nothing else; plain HTTP goes to loopback addresses only.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from agent.config import ConfigError

if TYPE_CHECKING:
    import ssl

_MAX_ANSWER = 4 * 1024 * 1024


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
        if not 1 <= self.timeout <= 120:
            raise ValueError(f"timeout must be between 1 and 120 seconds, not {self.timeout:g}")

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
    """The connection; used by one thread, cut by any."""

    def __init__(self, config: Config, pinned_ca: str | None = None) -> None:
        """Read the CA (the configured file, else ``pinned_ca`` in PEM); ConfigError when it cannot be used."""
        self._path = urlsplit(config.url).path.rstrip("/")
        self._config = config
        self.timeout = config.timeout
        self._context = _context(config, pinned_ca) if config.secure else None
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST ``body``; once more on a new connection when a kept one was closed meanwhile. ChannelError."""
        try:
            if self._connection is not None:
                try:
                    return self._exchange(self._connection, path, body, headers)
                except (ConnectionError, http.client.BadStatusLine, http.client.ImproperConnectionState):
                    self.close()
            return self._exchange(self._connect(), path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ChannelError(self._in_words(error)) from error

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._config.address
        if self._context is None:
            self._connection = http.client.HTTPConnection(host, port, timeout=self.timeout)
        else:
            self._connection = http.client.HTTPSConnection(host, port, timeout=self.timeout, context=self._context)
        self._connection.connect()
        return self._connection

    def _exchange(
        self, connection: http.client.HTTPConnection, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        if connection.sock is not None:
            connection.sock.settimeout(self.timeout)
        connection.request("POST", self._path + path, body=body, headers=dict(headers))
        response = connection.getresponse()
        content = response.read(_MAX_ANSWER)
        wait, date = response.headers.get("Retry-After", ""), response.headers.get("Date", "")
        if not response.isclosed() or response.will_close:
            self.close()
        return Answer(response.status, _seconds(wait), content, date)

    def cut(self) -> None:
        """End an exchange that takes too long; its thread gets a ChannelError."""
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # closed already

    def close(self) -> None:
        """Close the connection; the next POST opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

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

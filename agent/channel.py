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

from agent.config import ConfigError

if TYPE_CHECKING:
    import ssl

_MAX_ANSWER = 4 * 1024 * 1024
_MAX_LINE = 16 * 1024
_MAX_FIELDS = 100
_SLICE = 64 * 1024


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


class Garbled(Exception):
    """What came back is not HTTP as RFC 9112 has it."""


class Channel:
    """The connection; used by one thread. (The library's http.client would cost the resident agent 1.5 MiB.)"""

    def __init__(self, config: Config, pinned_ca: str | None = None) -> None:
        """Read the CA (the configured file, else ``pinned_ca`` in PEM); ConfigError when it cannot be used."""
        self._config = config
        self._context = _context(config, pinned_ca) if config.secure else None
        self._stream: _Stream | None = None
        self.timeout = config.timeout

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST ``body`` and return the answer, all within the timeout; ChannelError.

        A kept connection that the other end closed meanwhile is replaced, and the POST is sent once more: the
        collector knows what it has already.
        """
        deadline = time.monotonic() + self.timeout
        try:
            if self._stream is not None:
                try:
                    return self._exchange(self._stream, path, body, headers, deadline)
                except (ConnectionError, EOFError):
                    self.close()
            self._stream = self._connect(deadline)
            return self._exchange(self._stream, path, body, headers, deadline)
        except (OSError, EOFError, Garbled) as error:
            self.close()
            raise ChannelError(self._in_words(error)) from error

    def _connect(self, deadline: float) -> _Stream:
        host, port = self._config.address
        sock = socket.create_connection((host, port), timeout=_left(deadline))
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                sock.settimeout(_left(deadline))
                sock = self._context.wrap_socket(sock, server_hostname=host)
        except OSError:
            sock.close()
            raise
        return _Stream(sock)

    def _exchange(self, stream: _Stream, path: str, body: bytes, headers: Mapping[str, str], deadline: float) -> Answer:
        parts = urlsplit(self._config.url)
        lines = [
            f"POST {parts.path.rstrip('/')}{path} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        stream.deadline = deadline
        stream.send("\r\n".join([*lines, "\r\n"]).encode("ascii"))
        stream.send(body)
        status, fields = _head(stream)
        while 100 <= status < 200:
            status, fields = _head(stream)
        content, ended = _content(stream, status, fields)
        if ended or fields.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, _seconds(fields.get("retry-after", "")), content, fields.get("date", ""))

    def close(self) -> None:
        """Close the connection; the next POST opens another."""
        if self._stream is not None:
            self._stream.sock.close()
            self._stream = None

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


class _Stream:
    """Bytes to and from a socket, until the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline = 0.0
        self._held = b""

    def send(self, data: bytes) -> None:
        for at in range(0, len(data), _SLICE):
            self.sock.settimeout(_left(self.deadline))
            self.sock.sendall(data[at : at + _SLICE])

    def _more(self) -> None:
        self.sock.settimeout(_left(self.deadline))
        data = self.sock.recv(_SLICE)
        if not data:
            raise EOFError("the connection was closed before the answer was whole")
        self._held += data

    def line(self) -> str:
        """Return the next line without its end."""
        while b"\n" not in self._held:
            if len(self._held) > _MAX_LINE:
                raise Garbled("a line of the answer's head is too long")
            self._more()
        line, _, self._held = self._held.partition(b"\n")
        return line.rstrip(b"\r").decode("latin-1")

    def exactly(self, length: int) -> bytes:
        while len(self._held) < length:
            self._more()
        data, self._held = self._held[:length], self._held[length:]
        return data

    def rest(self, limit: int) -> bytes:
        """Return what comes until the other end closes, at most ``limit`` bytes."""
        try:
            while len(self._held) < limit:
                self._more()
        except EOFError:
            return self._held
        raise Garbled("the answer is too long")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _head(stream: _Stream) -> tuple[int, dict[str, str]]:
    """Read a status line and the header fields, their names in lower case."""
    version, _, rest = stream.line().partition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0") or not rest[:3].isdigit():
        raise Garbled("what answers does not speak HTTP/1.1")
    fields: dict[str, str] = {} if version == "HTTP/1.1" else {"connection": "close"}
    for _ in range(_MAX_FIELDS):
        line = stream.line()
        if not line:
            return int(rest[:3]), fields
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    raise Garbled("the answer has too many header fields")


def _content(stream: _Stream, status: int, fields: Mapping[str, str]) -> tuple[bytes, bool]:
    """Read the answer's body; return it, and whether it ended by the end of the connection."""
    if status in (204, 304):
        return b"", False
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return _chunks(stream), False
    length = fields.get("content-length")
    if length is None:
        return stream.rest(_MAX_ANSWER), True
    return stream.exactly(_bounded(length, 10)), False


def _chunks(stream: _Stream) -> bytes:
    content = b""
    while size := _bounded(stream.line().partition(";")[0].strip(), 16):
        content += stream.exactly(size)
        if len(content) > _MAX_ANSWER or stream.line():
            raise Garbled("the chunks of the answer are not whole")
    while stream.line():
        pass  # trailer fields
    return content


def _bounded(text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError as error:
        raise Garbled(f"the answer's length {text[:20]!r} is no number") from error
    if not 0 <= number <= _MAX_ANSWER:
        raise Garbled("the answer is too long")
    return number


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

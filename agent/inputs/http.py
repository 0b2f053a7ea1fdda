"""Whether web services answer as they should: status, text, whole time, and the server's certificate (RFC 9110, 5280).

What anyone on the way could answer is not "up": without a good certificate a text or a header of the true service is
asked for, so that the page of a captive portal does not pass. No proxy of the environment is used.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from agent import answer, probe
from agent.config import between
from agent.peer import Closed, NotUnderstood, Peer, left
from agent.probe import Cause, Failed, Fields, ProbeError
from agent.reading import Reading
from agent.source import Env

_MOST_BODY = 256 << 10
_MOST_OCTETS = 4 << 20
"""Of a whole answer, with its headers and what marks its chunks."""
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_HASHED = re.compile(r"[0-9a-f]{8}\.\d")
"""The name of an authority's certificate in a folder (openssl-rehash(1))."""
_SEQUENCE, _UTC_TIME, _GENERAL_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0


@dataclass(frozen=True, slots=True)
class Target:
    """One page: the tag ``target``, its address, and what a good answer is.

    ``status`` are the good ones. ``text`` must stand in the first 256 KiB of the page, each ``header`` must hold its
    text. At most ``follow`` redirects are followed, to the page's own host or one of ``hosts``. ``ca`` (PEM) are the
    authorities trusted in place of the machine's. With ``insecure`` a bad certificate is told and does not fail the
    page. ``timeout`` is seconds for all of it, also the look-up of the name.
    """

    name: str
    url: str
    status: tuple[int, ...] = (200,)
    text: str = ""
    header: dict[str, str] = field(default_factory=dict)
    follow: int = 0
    hosts: tuple[str, ...] = ()
    ca: Path | None = None
    insecure: bool = False
    timeout: float = 10.0

    def __post_init__(self) -> None:
        scheme = _address(self.url).scheme
        between("timeout", self.timeout, 0.1, 60)
        between("follow", self.follow, 0, 5)
        if not self.status:
            raise ValueError("status is empty; name the good ones, for example status = [200]")
        if (scheme == "http" or self.insecure) and not self.text and not self.header:
            raise ValueError(
                f"{self.url}: without a proven certificate the page of a captive portal would pass; "
                "set text (or header) to what only the true service says"
            )


@dataclass(frozen=True, slots=True)
class Config:
    """The pages, all asked at each ``interval`` (seconds)."""

    target: tuple[Target, ...]
    interval: int = 60

    def __post_init__(self) -> None:
        probe.check(self.interval, self.target)


def _address(url: str) -> SplitResult:
    """Return a URL in its parts; ValueError when it cannot be asked."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(f"url {url!r} is not http://HOST/... or https://HOST/... in ASCII")
    if "@" in parts.netloc:
        raise ValueError("url: a password does not belong into it; ask a page that needs none")
    probe.check_host(parts.hostname)
    between("url: port", _port(parts), 1, 65535)
    return parts


def _port(parts: SplitResult) -> int:
    return _PORTS[parts.scheme] if parts.port is None else parts.port


class Page(NamedTuple):
    """What a server answered: header fields by their names in lower case, the first 256 KiB of the body."""

    status: int
    headers: dict[str, str]
    body: bytes


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield a reading of each page."""
    yield from probe.readings("http", env, [(target.name, partial(_asked, target)) for target in config.target])


def _asked(target: Target) -> Fields:
    begun = time.monotonic()
    deadline = begun + target.timeout
    known: Fields = {}
    parts = first = _address(target.url)
    try:
        for turn in range(target.follow + 1):
            page = _fetched(target, parts, known, deadline)
            if page.status not in _REDIRECTS or turn == target.follow:
                break
            parts = _next(target, first, parts, page.headers.get("location", ""))
        known["rtt_seconds"] = time.monotonic() - begun
        _judge(target, page)
    except Failed as failed:
        raise Failed(failed.cause, known | failed.fields) from None
    except NotUnderstood:
        raise Failed(Cause.BROKEN, known) from None
    except OSError as error:
        # An SSLError is an OSError whose number is OpenSSL's, so it is looked at first.
        broken = isinstance(error, Closed | ssl.SSLError) and not isinstance(error, TimeoutError)
        cause = Cause.BROKEN if broken else probe.cause_of(error)
        if cause is None or cause is Cause.NOT_PERMITTED:
            raise
        raise Failed(cause, known) from None
    return known


def _next(target: Target, first: SplitResult, parts: SplitResult, location: str) -> SplitResult:
    """Return where a redirect leads; Failed(CONTENT) when that is not where the true service would send us."""
    try:
        to = _address(urljoin(parts.geturl(), location))
    except ValueError:
        raise Failed(Cause.CONTENT) from None
    down = (first.scheme, to.scheme) == ("https", "http")
    if down or to.hostname not in {first.hostname, *map(str.lower, target.hosts)}:
        raise Failed(Cause.CONTENT)
    return to


def _judge(target: Target, page: Page) -> None:
    if page.status not in target.status:
        raise Failed(Cause.STATUS)
    if target.text.encode() not in page.body:
        raise Failed(Cause.CONTENT)
    for name, text in target.header.items():
        there = page.headers.get(name.lower())
        if there is None or text not in there:
            raise Failed(Cause.CONTENT)


def _fetched(target: Target, parts: SplitResult, known: Fields, deadline: float) -> Page:
    """Ask for one page; its status and certificate go into ``known``. NotUnderstood, OSError, Failed."""
    sock = _secured(target, parts, known, deadline) if parts.scheme == "https" else _joined(parts, deadline)
    with sock:
        host = parts.netloc if parts.port != _PORTS[parts.scheme] else parts.netloc.rpartition(":")[0]
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        peer = Peer(sock, parts.netloc, deadline=deadline, most=_MOST_OCTETS)
        peer.send(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: nadi-agent\r\nAccept: */*\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\n\r\n".encode("ascii")
        )
        known["status_code"], headers = answer.head(peer)
        body, _ = answer.body(peer, int(known["status_code"]), headers, most=_MOST_BODY)
        return Page(int(known["status_code"]), headers, body)


def _joined(parts: SplitResult, deadline: float) -> socket.socket:
    return probe.connected(probe.places(parts.hostname or "", _port(parts), deadline), deadline)[0]


def _secured(target: Target, parts: SplitResult, known: Fields, deadline: float) -> socket.socket:
    """Return a connection by TLS; Failed(TLS) when its certificate is bad, with its end all the same."""
    proven, unproven = _contexts(target.ca)
    try:
        sock, known["certificate_ok"] = _handshake(proven, parts, deadline), 1
    except ssl.SSLCertVerificationError:
        sock, known["certificate_ok"] = _handshake(unproven, parts, deadline), 0
    end = _not_after(sock.getpeercert(binary_form=True) or b"")
    if end is not None:
        known["certificate_not_after_timestamp_seconds"] = end
    if not known["certificate_ok"] and not target.insecure:
        sock.close()
        raise Failed(Cause.TLS)
    return sock


def _handshake(context: ssl.SSLContext, parts: SplitResult, deadline: float) -> ssl.SSLSocket:
    sock = _joined(parts, deadline)
    try:
        sock.settimeout(left(deadline))
        return context.wrap_socket(sock, server_hostname=parts.hostname)
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as error:
        raise Failed(Cause.TLS) from error
    finally:
        sock.close()  # where TLS took it over it is not this object's any more


def _contexts(ca: Path | None) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return how to connect with the certificate proven, and without; ProbeError when this machine trusts nobody."""
    proven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        proven.load_verify_locations(**(_authorities() if ca is None else {"cafile": str(ca)}))
    except (OSError, ssl.SSLError) as error:
        raise ProbeError(f"ca = {str(ca)!r} cannot be read as PEM: {error.strerror or error}") from error
    unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unproven.check_hostname = False
    unproven.verify_mode = ssl.CERT_NONE
    return proven, unproven


def _authorities() -> dict[str, str]:
    """Return where this machine keeps the authorities that it trusts; ProbeError."""
    paths = ssl.get_default_verify_paths()
    if paths.capath is not None and any(_HASHED.fullmatch(name) for name in os.listdir(paths.capath)):
        return {"capath": paths.capath}  # read one by one as they are needed; the whole file takes 1.4 MB
    if paths.cafile is not None:
        return {"cafile": paths.cafile}
    raise ProbeError("this machine has no certificates of authorities; install ca-certificates, or set ca")


def _not_after(certificate: bytes) -> float | None:
    """Return the end of a certificate (DER; RFC 5280, 4.1.2.5), as Unix s; None when it cannot be read.

    The standard library decodes a certificate only when its chain is good.
    """
    try:
        body = _value(_value(certificate, _SEQUENCE)[0], _SEQUENCE)[0]
        if body[0] == _VERSION:
            body = _value(body, _VERSION)[1]
        for _ in range(3):  # serial number, algorithm, issuer
            body = _value(body, body[0])[1]
        validity = _value(body, _SEQUENCE)[0]
        end = _value(validity, validity[0])[1]
        text = _value(end, end[0])[0].decode("ascii")
        if end[0] == _UTC_TIME:
            text = ("19" if text[:2] >= "50" else "20") + text
        elif end[0] != _GENERAL_TIME:
            return None
        month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
        return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except (ValueError, IndexError):
        return None


def _value(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the value of the DER element at the beginning, and what follows it; ValueError, IndexError."""
    length, at = data[1], 2
    if length & 0x80:
        at += length & 0x7F
        length = int.from_bytes(data[2:at], "big")
    if data[0] != tag or at + length > len(data):
        raise ValueError("not the element that should be here")
    return data[at : at + length], data[at + length :]

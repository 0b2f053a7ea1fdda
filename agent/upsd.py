"""Ask NUT's upsd for the variables of a UPS: its network protocol (RFC 9271), as much of it as reading needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.peer import NotUnderstood, Peer, reached
from agent.ups import NO_DRIVER, NO_SERVER, NO_UPS, NOT_UNDERSTOOD, REFUSED, STALE, UpsError

if TYPE_CHECKING:
    import ssl

_LONGEST = 4096
_MOST_OCTETS = 1 << 19
_MOST_LINES = 4000
"""A PDU has 478 variables."""
_SAID = 120
_UPS = re.compile(r'UPS (\S+) "(?:[^"\\]|\\.)*"')
_VAR = re.compile(r'VAR (\S+) (\S+) "((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_NO_TLS = frozenset(("FEATURE-NOT-CONFIGURED", "FEATURE-NOT-SUPPORTED", "UNKNOWN-COMMAND"))
_ERRORS = {
    "DATA-STALE": (STALE, "its data are stale: the driver runs and hears nothing; look at the cable to the UPS"),
    "DRIVER-NOT-CONNECTED": (NO_DRIVER, "its driver does not run; start it on the server with upsdrvctl start"),
    "UNKNOWN-UPS": (NO_UPS, "the server has no UPS of this name; set ups to one of upsc -l"),
    "ACCESS-DENIED": (REFUSED, "the login is refused; the user needs its password and upsmon in upsd.users"),
    "USERNAME-REQUIRED": (REFUSED, "the server asks for a login; set username and password_file"),
    "PASSWORD-REQUIRED": (REFUSED, "the server asks for a login; set username and password_file"),
    "INVALID-USERNAME": (REFUSED, "the user is refused; set username to one of upsd.users"),
    "INVALID-PASSWORD": (REFUSED, "the password is refused; mend password_file"),
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where an upsd is, and how it is spoken to; ``username`` "" asks without a login."""

    host: str
    port: int
    timeout_s: float
    tls: Literal["off", "offered", "required"]
    ca: Path | None
    username: str
    password: str


def variables(server: Server, ups: str) -> dict[str, str]:
    """Return the variables of a UPS, of the server's only one when ``ups`` is ""; UpsError."""
    place = f"{ups or 'the UPS'} at {server.host}:{server.port}"
    try:
        with reached(server.host, server.port, timeout_s=server.timeout_s, most=_MOST_OCTETS) as peer:
            return _asked(peer, server, ups)
    except NotUnderstood as error:
        raise UpsError(NOT_UNDERSTOOD, f"{error}; is this upsd, which has TCP port 3493?") from error
    except OSError as error:
        raise UpsError(NO_SERVER, f"{place}: upsd cannot be asked: {error.strerror or error}; does it run?") from error


def _asked(peer: Peer, server: Server, ups: str) -> dict[str, str]:
    if server.tls != "off":
        _start_tls(peer, server)
    if server.username:
        _say(peer, "USERNAME", server.username)
        _say(peer, "PASSWORD", server.password)
    ups = ups or _only(peer)
    if server.username:
        # upsd looks at name and password only now. We count among the clients of the UPS until the connection ends.
        _say(peer, "LOGIN", ups)
    found = {}
    for of, name, value in _list(peer, f"VAR {ups}", _VAR):
        if of != ups:
            raise NotUnderstood(f"{peer.name}: asked for {ups}, it tells of {of[:_SAID]!r}")
        found[name] = value
    if not found:
        raise NotUnderstood(f"{peer.name}: has no variable of {ups}")
    with suppress(OSError):  # what was asked for is here
        peer.send(b"LOGOUT\n")
    return found


def _start_tls(peer: Peer, server: Server) -> None:
    peer.send(b"STARTTLS\n")
    answer = _text(peer.line(longest=_LONGEST))
    if answer.startswith("OK"):
        _encrypt(peer, server)
        return
    word = answer.removeprefix("ERR ").partition(" ")[0]
    if not answer.startswith("ERR ") or word not in _NO_TLS:
        raise _trouble(peer, answer, "STARTTLS")
    if server.tls == "required":
        raise UpsError(REFUSED, f'{peer.name}: offers no TLS, and tls = "required"; set CERTPATH or CERTFILE of upsd')


def _encrypt(peer: Peer, server: Server) -> None:
    import ssl  # a megabyte, which a upsd on the same machine needs none of

    try:
        peer.encrypt(_context(server), server.host)
    except ssl.SSLError as error:
        raise UpsError(REFUSED, f"{peer.name}: TLS fails: {error.reason or error}; look at ca and tls") from error


def _context(server: Server) -> ssl.SSLContext:
    """Return a context that believes the file ``ca`` alone; without one nothing is verified."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if server.ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context.load_verify_locations(server.ca)
    except OSError as error:
        raise UpsError(REFUSED, f"ca = {server.ca}: no certificates can be read: {error.strerror or error}") from error
    return context


def _say(peer: Peer, command: str, word: str) -> None:
    quoted = re.sub(r'(["\\])', r"\\\1", word)
    peer.send(f'{command} "{quoted}"\n'.encode())
    answer = _text(peer.line(longest=_LONGEST))
    if not answer.startswith("OK"):
        raise _trouble(peer, answer, command)


def _only(peer: Peer) -> str:
    names = [found[0] for found in _list(peer, "UPS", _UPS)]
    if len(names) == 1:
        return names[0]
    there = ", ".join(names[:20]) or "none"
    raise UpsError(NO_UPS, f"{peer.name}: has {len(names)} UPSes; set ups to the name of one: {there}")


def _list(peer: Peer, what: str, form: re.Pattern[str]) -> Iterator[tuple[str, ...]]:
    """Yield the unquoted parts of each line of a list, whole lists only."""
    peer.send(f"LIST {what}\n".encode())
    answer = _text(peer.line(longest=_LONGEST))
    if answer != f"BEGIN LIST {what}":
        raise _trouble(peer, answer, f"LIST {what}")
    for _ in range(_MOST_LINES):
        answer = _text(peer.line(longest=_LONGEST))
        if answer == f"END LIST {what}":
            return
        match = form.fullmatch(answer)
        if match is None:
            raise _trouble(peer, answer, f"LIST {what}")
        yield tuple(_ESCAPED.sub(r"\1", part) for part in match.groups())
    raise NotUnderstood(f"{peer.name}: LIST {what} has no end after {_MOST_LINES} lines")


def _trouble(peer: Peer, answer: str, command: str) -> UpsError:
    word = answer.removeprefix("ERR ").partition(" ")[0]
    if answer.startswith("ERR ") and word in _ERRORS:
        cause, meaning = _ERRORS[word]
        return UpsError(cause, f"{peer.name}: {command}: {word}: {meaning}")
    return UpsError(NOT_UNDERSTOOD, f"{peer.name}: {command} is answered by {answer[:_SAID]!r}")


def _text(line: bytes) -> str:
    return line.decode(errors="replace")

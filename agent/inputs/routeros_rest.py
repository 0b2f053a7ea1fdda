"""The limits that a RouterOS 7 router is set to, by its REST API over TLS: simple queues and queue trees.

Read only: a user of a group with ``policy=read,rest-api`` is enough, and nothing but GET is ever sent. Octets and drops
of the queues come by SNMP. Source: RouterOS documentation, "REST API", "Queues" (``max-limit`` is upload/download as
seen from the target; 0 is no limit; k, M and G are decimal).
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from agent import answer, probe, secret
from agent.config import ConfigError, between
from agent.peer import NotUnderstood, Peer, left
from agent.probe import Failed
from agent.reading import I63, MAX_LABEL, Reading, reading
from agent.source import Env

_MOST_BODY = 4 << 20
_MOST_OCTETS = 5 << 20
MOST_QUEUES = 2000
_RATE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([kMG]?)")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
_KINDS = {"simple": "queue", "tree": "tree"}
_PROPERTIES = {"simple": "name,max-limit,disabled,target", "tree": "name,max-limit,disabled"}
Fields = dict[str, int | float]


class RouterError(Exception):
    """A router, or queues of it, that could not be read; the message names them and the mend."""


@dataclass(frozen=True, slots=True)
class Config:
    """The router's ``www-ssl`` service and who asks; ``password_file`` is of mode 0600.

    ``ca`` (PEM) is the authority, or the router's own certificate, that it is believed by. ``interval`` and
    ``timeout`` (of one question) are seconds.
    """

    host: str
    username: str
    password_file: Path
    ca: Path
    port: int = 443
    interval: int = 300
    timeout: float = 10.0

    def __post_init__(self) -> None:
        probe.check_host(self.host)
        between("port", self.port, 1, 65535)
        between("interval", self.interval, 10, 900)
        between("timeout", self.timeout, 0.1, 60)
        if not self.username or not self.username.isprintable() or ":" in self.username:
            raise ValueError("username is empty, or has a character that cannot be sent; name a user of group read")


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield a reading of each queue; RouterError at the end for what could not be read."""
    troubles: list[str] = []
    for kind, tag in _KINDS.items():
        try:
            rows = _asked(config, kind)
        except RouterError as error:
            troubles.append(str(error))
            continue
        time_ns = env.time_ns()
        for row in rows:
            name = row.get("name")
            if not isinstance(name, str) or not 0 < len(name) <= MAX_LABEL or not name.isprintable():
                troubles.append(f"{kind} queue {str(name)[:40]!r}: its name cannot be sent; rename it")
                continue
            fields = _fields(kind, row)
            if fields is None:
                troubles.append(
                    f"{kind} queue {name[:40]!r}: its max-limit {str(row.get('max-limit'))[:40]!r} is no rate"
                )
            else:
                yield reading("nadi_limit", fields, time_ns, **{"device": env.device, tag: name})
    if troubles:
        raise RouterError("; ".join(troubles[:10]))


def _fields(kind: str, row: Mapping[str, Any]) -> Fields | None:
    """Return the limits of a queue; None where they cannot be read, of a disabled one that it is."""
    if row.get("disabled") not in ("true", "false", True, False):
        return None
    if row["disabled"] in ("true", True):
        return {"present": 0}
    limits = [rate(text) for text in str(row.get("max-limit", "")).split("/")]
    if len(limits) != (2 if kind == "simple" else 1):
        return None
    found: Fields = {"present": 1}
    names = ("receive_bits_per_second", "transmit_bits_per_second") if kind == "simple" else ("bits_per_second",)
    for name, limit in zip(names, limits, strict=True):
        if limit is None:
            return None
        found[name] = limit
    return found


def rate(text: str) -> int | None:
    """Return bit/s of a rate as RouterOS writes it (``10M``, ``512k``, ``2000000``); None for anything else."""
    found = _RATE.fullmatch(text)
    if found is None:
        return None
    value = Fraction(found[1]) * _UNITS[found[2]]
    return int(value) if value.denominator == 1 and value < I63 else None


def _asked(config: Config, kind: str) -> list[dict[str, Any]]:
    """Return the rows of one kind of queue; RouterError."""
    where = f"{config.host}:{config.port} /rest/queue/{kind}"
    try:
        status, body = _exchange(config, f"/rest/queue/{kind}?.proplist={_PROPERTIES[kind]}")
    except ssl.SSLError as error:
        raise RouterError(
            f"{where}: TLS failed ({error.reason}); check ca, and the router's www-ssl service"
        ) from error
    except Failed as error:
        raise RouterError(f"{where}: nobody knows the name of the host") from error
    except (NotUnderstood, OSError) as error:
        raise RouterError(f"{where}: {error}") from error
    if status in (401, 403):
        raise RouterError(f"{where}: refused ({status}); check the user, its password and policy=read,rest-api")
    if status != 200:
        raise RouterError(f"{where}: status {status}; the REST API needs RouterOS 7.1 or newer")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RouterError(f"{where}: the answer is not JSON, or longer than {_MOST_BODY} octets") from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise RouterError(f"{where}: the answer is not a list of queues")
    if len(found) > MOST_QUEUES:
        raise RouterError(f"{where}: {len(found)} queues are more than the {MOST_QUEUES} that are read")
    return found


def _exchange(config: Config, path: str) -> tuple[int, bytes]:
    """Send one GET and return status and body; NotUnderstood, OSError, Failed, RouterError."""
    deadline = time.monotonic() + config.timeout
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=str(config.ca))
        password = secret.read(config.password_file).partition("\n")[0]
    except ConfigError as error:
        raise RouterError(f"password_file: {error}") from error
    except OSError as error:
        raise RouterError(f"ca = {str(config.ca)!r} cannot be read as PEM: {error.strerror or error}") from error
    user = base64.b64encode(f"{config.username}:{password}".encode()).decode("ascii")
    sock, _ = probe.connected(probe.places(config.host, config.port, deadline), deadline)
    with sock:
        sock.settimeout(left(deadline))
        with context.wrap_socket(sock, server_hostname=config.host) as secured:
            peer = Peer(secured, f"{config.host}:{config.port}", deadline=deadline, most=_MOST_OCTETS)
            peer.send(
                f"GET {path} HTTP/1.1\r\nHost: {config.host}\r\nAuthorization: Basic {user}\r\n"
                "User-Agent: nadi-agent\r\nAccept: application/json\r\nConnection: close\r\n\r\n".encode("ascii")
            )
            status, headers = answer.head(peer)
            body, _ = answer.body(peer, status, headers, most=_MOST_BODY)
            return status, body

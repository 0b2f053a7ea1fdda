"""The only door to pysnmp: a process that takes traps and informs and says who sent them (RFC 3413 §3.4, RFC 3414).

It is a process of its own, because pysnmp needs asyncio and 25 MB, and because a storm of traps must not cost a poll
its time. On stdin come JSON lines: first where to listen and the credentials, then the engine of each SNMPv3 device
(a trap, unlike an inform, is bound to its sender's engine). On stdout go lines ``address OID COUNT OID COUNT ...``, at
most one a second for each sender. It ends when stdin does, and only then: signals to the whole group are for the
poller.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.proto.rfc1902 import OctetString

_AUTH = {
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA1": config.USM_AUTH_HMAC96_SHA,
    "SHA224": config.USM_AUTH_HMAC128_SHA224,
    "SHA256": config.USM_AUTH_HMAC192_SHA256,
    "SHA384": config.USM_AUTH_HMAC256_SHA384,
    "SHA512": config.USM_AUTH_HMAC384_SHA512,
    "": config.USM_AUTH_NONE,
}
_PRIVACY = {
    "DES": config.USM_PRIV_CBC56_DES,
    "AES128": config.USM_PRIV_CFB128_AES,
    "AES192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "AES192_REEDER": config.USM_PRIV_CFB192_AES,
    "AES256_REEDER": config.USM_PRIV_CFB256_AES,
    "": config.USM_PRIV_NONE,
}
_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_GAP_S = 1.0
_MOST_SENDERS, _MOST_KINDS = 4096, 64


class Door:
    """The listening engine, and what came of each sender of which was told less than a second ago."""

    def __init__(self, wanted: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self._engine, self._loop = engine.SnmpEngine(), loop
        self._waiting: dict[str, Counter[str]] = {}
        self._users: list[dict[str, str]] = wanted["users"]
        sock = _bound(wanted["host"], wanted["port"])
        if sock.family == socket.AF_INET6:
            config.add_transport(self._engine, udp6.DOMAIN_NAME, udp6.Udp6Transport().open_server_mode(sock=sock))
        else:
            config.add_transport(self._engine, udp.DOMAIN_NAME, udp.UdpTransport().open_server_mode(sock=sock))
        for number, community in enumerate(wanted["communities"]):
            config.add_v1_system(self._engine, f"community-{number}", community)
        for user in self._users:
            self._add(user, None)
        ntfrcv.NotificationReceiver(self._engine, self._came)
        self._engine.transport_dispatcher.job_started(1)

    def _add(self, user: dict[str, str], engine_id: bytes | None) -> None:
        config.add_v3_user(
            self._engine,
            user["name"],
            _AUTH[user["auth"]],
            user["auth_password"] or None,
            _PRIVACY[user["privacy"]],
            user["privacy_password"] or None,
            securityEngineId=None if engine_id is None else OctetString(engine_id),
        )

    def learn(self, line: str) -> None:
        """Take note of the engine of a device: ``{"engine": HEX, "user": NUMBER}``."""
        told = json.loads(line)
        self._add(self._users[told["user"]], bytes.fromhex(told["engine"]))

    def _came(self, engine: Any, reference: Any, context: Any, name: Any, bindings: Any, more: Any) -> None:
        """Say who sent it and what it is (an authentic v2c community or v3 user has been proven by now)."""
        _, (address, *_) = engine.message_dispatcher.get_transport_info(reference)
        what = next((str(value) for oid, value in bindings if str(oid) == _TRAP_OID), "?")
        waiting = self._waiting.get(address)
        if waiting is not None:
            waiting[what if what in waiting or len(waiting) < _MOST_KINDS else "?"] += 1
        else:
            _tell(address, {what: 1})
            if len(self._waiting) < _MOST_SENDERS:
                self._waiting[address] = Counter()
                self._loop.call_later(_GAP_S, self._pass_on, address)

    def _pass_on(self, address: str) -> None:
        """Tell what came of a sender since it was told of; after a second without any it is as new."""
        waiting = self._waiting.pop(address)
        if waiting:
            _tell(address, waiting)
            self._waiting[address] = Counter()
            self._loop.call_later(_GAP_S, self._pass_on, address)


def _tell(address: str, found: Mapping[str, int]) -> None:
    sys.stdout.write(" ".join((address, *(f"{what} {count}" for what, count in found.items()))) + "\n")
    sys.stdout.flush()


def _bound(host: str, port: int) -> socket.socket:
    """Return the socket to listen at; OSError here and not in a corner of asyncio."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((host, port))
    return sock


def main() -> int:
    """Listen until stdin ends; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    wanted = json.loads(sys.stdin.readline())
    try:
        door = Door(wanted, loop)
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        loop.run_in_executor(None, _hear, door, loop)
        loop.run_forever()
    except OSError as error:
        sys.stderr.write(f"traps: {wanted['host']} port {wanted['port']}: {error.strerror or error}\n")
        return 1
    return 0


def _hear(door: Door, loop: asyncio.AbstractEventLoop) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(door.learn, line)
    loop.call_soon_threadsafe(loop.stop)


if __name__ == "__main__":
    sys.exit(main())

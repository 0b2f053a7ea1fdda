"""An SNMP agent on loopback that is honest until told otherwise; the hostile tests and the benchmark ask it."""

from __future__ import annotations

import socket
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.snmp import ber, message, usm
from agent.snmp.message import AUTHENTICATED, ENCRYPTED, V2cMessage, V3Message
from agent.snmp.usm import UsmUser
from agent.snmp.values import Oid, oid_of

END_OF_MIB = b"\x82\x00"
REPORTS = {
    "unsupportedSecLevels": 1,
    "notInTimeWindows": 2,
    "unknownUserNames": 3,
    "unknownEngineIDs": 4,
    "wrongDigests": 5,
}


def octets(text: bytes) -> bytes:
    """Return an OCTET STRING."""
    return ber.write_tlv(0x04, text)


def number(tag: int, value: int) -> bytes:
    """Return a number in its shortest form."""
    return bytes((tag,)) + ber.write_integer(value)[1:]


def binding(oid: Oid, value: bytes) -> bytes:
    """Return a variable binding."""
    return ber.write_tlv(0x30, ber.write_tlv(0x06, ber.write_oid(oid)) + value)


@dataclass(frozen=True)
class Asked:
    """A request as the agent read it."""

    data: bytes
    opened: V2cMessage | V3Message
    tag: int
    ident: int
    non_repeaters: int
    repetitions: int
    names: tuple[Oid, ...]


Behaviour = Callable[["Agent", Asked], Iterable[bytes]]


class Agent(threading.Thread):
    """Answers on a port of its own until the end of a ``with`` block.

    ``behaviour`` gives the datagrams for each request it understood (default: the honest one); ``asked`` keeps them.
    ``engine_id``, ``boots`` and ``started`` may be changed under way: the device restarts or becomes another one.
    """

    def __init__(
        self,
        mib: Mapping[Oid, bytes],
        behaviour: Behaviour | None = None,
        *,
        user: UsmUser | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(daemon=True)
        self.behaviour = behaviour or (lambda agent, asked: [agent.honest(asked)])
        self.community = b"public"
        self.user = user
        self.engine_id = b"\x80\x00\x1f\x88\x04nadi"
        self.boots = 7
        self.started = time.monotonic() - 1000
        self.asked: list[Asked] = []
        self.errors: list[BaseException] = []
        self.source: Any = ()
        self._oids = sorted(mib)
        self._bindings = [binding(oid, mib[oid]) for oid in self._oids]
        self._cached = lru_cache(maxsize=256)(self._select)
        self._keys = lru_cache(maxsize=4)(usm.keys_of)
        self._count = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((host, 0))
        self.socket.settimeout(0.05)
        self.port: int = self.socket.getsockname()[1]
        self._stopping = False

    def __enter__(self) -> Agent:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self.join()
        self.socket.close()
        assert self.errors == []

    def run(self) -> None:
        while not self._stopping:
            try:
                data = self.receive()
            except TimeoutError:
                continue
            try:
                for datagram in self._answer(data):
                    self.send(datagram)
            except BaseException as error:
                self.errors.append(error)
                raise

    def receive(self) -> bytes:
        """Receive a datagram and remember from where."""
        data, self.source = self.socket.recvfrom(65535)
        return data

    def send(self, datagram: bytes) -> None:
        """Send a datagram to whoever asked last."""
        self.socket.sendto(datagram, self.source)

    def _answer(self, data: bytes) -> Iterable[bytes]:
        opened = message.read(data)
        if isinstance(opened, V2cMessage):
            if opened.community != self.community:
                return []
            return self._behave(data, opened, opened.pdu, data)
        refused = self._refusal(opened, data)
        if refused:
            return [self.report(opened, refused, authentic=refused == "notInTimeWindows")]
        assert self.user is not None
        plain, at = data, opened.at
        if opened.flags & ENCRYPTED and self.user.privacy:
            key = self._keys(self.user, self.engine_id).privacy
            encrypted = message.read_encrypted(data, opened)
            found = usm.decrypt(
                *(self.user.privacy, key), boots=opened.boots, time=opened.time, salt=opened.salt, encrypted=encrypted
            )
            assert found is not None
            plain, at = found, 0
        scoped = message.read_scoped(plain, at, padded=True)
        return self._behave(data, opened, scoped.pdu, plain)

    def _behave(self, data: bytes, opened: V2cMessage | V3Message, pdu: message.Pdu, plain: bytes) -> Iterable[bytes]:
        names = tuple(oid_of(name) for name, _, _ in message.read_bindings(plain, pdu))
        asked = Asked(data, opened, pdu.tag, pdu.ident, pdu.status, pdu.error_index, names)
        if len(self.asked) < 1000:
            self.asked.append(asked)
        return self.behaviour(self, asked)

    @property
    def time(self) -> int:
        """Return snmpEngineTime."""
        return int(time.monotonic() - self.started)

    def _refusal(self, opened: V3Message, data: bytes) -> str:
        user = self.user
        if opened.engine_id != self.engine_id:
            return "unknownEngineIDs"
        if user is None or opened.user != user.name.encode():
            return "unknownUserNames"
        if bool(opened.flags & AUTHENTICATED) != bool(user.auth) or bool(opened.flags & ENCRYPTED) != bool(
            user.privacy
        ):
            return "unsupportedSecLevels"
        if user.auth is None:
            return ""
        if not usm.verified(user.auth, self._keys(user, self.engine_id).auth, data, opened.digest_at, opened.digest):
            return "wrongDigests"
        return "" if opened.boots == self.boots and abs(opened.time - self.time) <= 150 else "notInTimeWindows"

    def bindings(self, asked: Asked) -> bytes:
        """Return what an honest agent answers (RFC 3416 §4.2)."""
        return self._cached(asked.tag, asked.names, asked.non_repeaters, asked.repetitions)

    def _select(self, tag: int, names: tuple[Oid, ...], still: int, repetitions: int) -> bytes:
        if tag == message.GET:
            return b"".join(self._exact(oid) for oid in names)
        found = [self._following(oid, 1) for oid in names[:still]]
        columns = [self._following(oid, repetitions) for oid in names[still:]]
        return b"".join((*(row[0] for row in found), *(column[at] for at in range(repetitions) for column in columns)))

    def _exact(self, oid: Oid) -> bytes:
        at = bisect_right(self._oids, oid) - 1
        return self._bindings[at] if at >= 0 and self._oids[at] == oid else binding(oid, b"\x81\x00")

    def _following(self, oid: Oid, count: int) -> list[bytes]:
        at = bisect_right(self._oids, oid)
        rows = self._bindings[at : at + count]
        last = self._oids[min(at + count, len(self._oids)) - 1] if rows else oid
        return rows + [binding(last, END_OF_MIB)] * (count - len(rows))

    def honest(self, asked: Asked) -> bytes:
        """Return the right answer."""
        return self.reply(asked, self.bindings(asked))

    def reply(self, asked: Asked, bindings: bytes, *, status: int = 0, index: int = 0, **other: int) -> bytes:
        """Return a response in the version and security of the request; ``ident`` and ``tag`` may be other ones."""
        head = (other.get("ident", asked.ident), status, index)
        content = b"".join(map(ber.write_integer, head)) + ber.write_tlv(0x30, bindings)
        pdu = ber.write_tlv(other.get("tag", message.RESPONSE), content)
        if isinstance(asked.opened, V2cMessage):
            return message.write_v2c(self.community, pdu)
        return self.seal(asked.opened, pdu, asked.opened.flags & (AUTHENTICATED | ENCRYPTED))

    def report(self, opened: V3Message, reason: str, *, authentic: bool) -> bytes:
        """Return a report PDU (RFC 3414 §3.2)."""
        oid = (1, 3, 6, 1, 6, 3, 15, 1, 1, REPORTS[reason], 0)
        head = b"".join(map(ber.write_integer, (0, 0, 0)))
        pdu = ber.write_tlv(message.REPORT, head + ber.write_tlv(0x30, binding(oid, number(0x41, 1))))
        return self.seal(opened, pdu, AUTHENTICATED if authentic else 0)

    def seal(self, opened: V3Message, pdu: bytes, flags: int) -> bytes:
        """Return an SNMPv3 message with this security."""
        user, salt, now = self.user, b"", self.time
        payload = message.write_scoped(self.engine_id, b"", pdu)
        if flags & ENCRYPTED:
            assert user is not None
            assert user.privacy is not None
            self._count += 1
            key = self._keys(user, self.engine_id).privacy
            encrypted, salt = usm.encrypt(
                user.privacy, key, boots=self.boots, time=now, count=self._count, plain=payload
            )
            payload = message.write_octets(encrypted)
        auth = user.auth if user is not None and flags & AUTHENTICATED else None
        zeros = bytes(auth.size) if auth else b""
        head = V3Message(opened.ident, flags, self.engine_id, self.boots, now, opened.user, zeros, 0, salt, 0)
        datagram = message.write_v3(head, payload)
        if auth is None or user is None:
            return datagram
        at = len(datagram) - len(payload) - len(salt) - 2 - len(zeros)
        return usm.signed(auth, self._keys(user, self.engine_id).auth, datagram, at)


COLUMNS: tuple[Oid, ...] = (
    *((1, 3, 6, 1, 2, 1, 2, 2, 1, column) for column in (2, 5, 7, 8, 13, 14)),
    *((1, 3, 6, 1, 2, 1, 31, 1, 1, 1, column) for column in (1, 6, 10, 15, 18)),
)
"""ifDescr, ifSpeed, states, discards, errors; ifName, ifHCInOctets, ifHCOutOctets, ifHighSpeed, ifAlias."""

UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)


def interfaces(count: int, *, traffic: int = 0) -> dict[Oid, bytes]:
    """Return a device of ``count`` interfaces: 11 columns and sysUpTime, and something behind the tables."""
    mib = {UPTIME: number(0x43, 8_640_000 + traffic), (1, 3, 6, 1, 2, 1, 1, 5, 0): octets(b"router")}
    for row in range(1, count + 1):
        counter = (1 << 40) + row * 1_000_003 + traffic * 77_777
        cells = (
            *(octets(b"ether%d" % row), number(0x42, 1_000_000_000), number(2, 1), number(2, 1), number(0x41, row)),
            *(number(0x41, 0), octets(b"ether%d" % row), number(0x46, counter), number(0x46, counter * 3)),
            *(number(0x42, 1000), octets(b"uplink of OPD %d" % row)),
        )
        mib.update(((*column, row), cell) for column, cell in zip(COLUMNS, cells, strict=True))
    mib[1, 3, 6, 1, 2, 1, 31, 1, 5, 0] = number(0x43, 0)
    return mib

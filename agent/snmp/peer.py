"""One device as the security of its version sees it: writes requests, and reads what it can believe of a datagram.

No socket and no clock here; ``now`` is CLOCK_BOOTTIME in seconds.
"""

from __future__ import annotations

import secrets
from typing import Final, Literal, NamedTuple

from agent.snmp import message, usm
from agent.snmp.ber import write_oid
from agent.snmp.errors import AuthenticationFailed
from agent.snmp.message import AUTHENTICATED, ENCRYPTED, REPORTABLE, ScopedPdu, V2cMessage, V3Message
from agent.snmp.session import TOO_BIG, Community, Reply, Request, Target
from agent.snmp.shapes import NOTHING, Shapes
from agent.snmp.usm import Keys, Privacy, UsmUser

WINDOW_S = 150
MAX_BOOTS = 0x7FFF_FFFF

_USM_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_REPORTS = {
    write_oid((*_USM_STATS, 1, 0)): "unsupportedSecLevels",
    write_oid((*_USM_STATS, 2, 0)): "notInTimeWindows",
    write_oid((*_USM_STATS, 3, 0)): "unknownUserNames",
    write_oid((*_USM_STATS, 4, 0)): "unknownEngineIDs",
    write_oid((*_USM_STATS, 5, 0)): "wrongDigests",
    write_oid((*_USM_STATS, 6, 0)): "decryptionErrors",
    write_oid((1, 3, 6, 1, 6, 3, 11, 2, 1, 1, 0)): "unknownSecurityModels",
    write_oid((1, 3, 6, 1, 6, 3, 11, 2, 1, 3, 0)): "unknownPDUHandlers",
    write_oid((1, 3, 6, 1, 6, 3, 12, 1, 4, 0)): "unavailableContexts",
    write_oid((1, 3, 6, 1, 6, 3, 12, 1, 5, 0)): "unknownContexts",
}
"""What a device may report by name of the counter it sends (RFC 3414 §5, RFC 3412 §5, RFC 3413 §4.1.2)."""

AGAIN: Final = "again"
"""What a report taught makes it worth sending the same request again at once."""


class Ignored(Exception):
    """A datagram that is none of ours or not believed; the good one may still come."""


class Sent(NamedTuple):
    """What a datagram that waits for its answer was: its id, what it asked, the engine it went to ("" for a probe).

    ``at`` is when it was sent, CLOCK_BOOTTIME in seconds.
    """

    ident: int
    request: Request
    repetitions: int
    engine_id: bytes | None
    at: float = 0.0


def _pdu(sent: Sent) -> bytes:
    request = sent.request
    return message.write_pdu(request.tag, sent.ident, request.non_repeaters, sent.repetitions, request.names)


def _reply(data: bytes, pdu: message.Pdu, sent: Sent, shapes: Shapes) -> Reply:
    """Read a PDU as the response to ``sent``; raise Ignored for an echo or another request's answer, Malformed."""
    if pdu.tag != message.RESPONSE:
        raise Ignored("no response PDU")
    if pdu.ident != sent.ident:
        raise Ignored("request id")
    return Reply(pdu.status, pdu.error_index, shapes.read(data, pdu, sent.request.names), sent.repetitions)


class CommunityPeer:
    """A device of SNMPv2c: whoever knows community, source address and request id is believed (RFC 1901)."""

    engine_id: Final = None

    def __init__(self, credential: Community) -> None:
        self._community = credential.name.encode()
        self._shapes = Shapes()

    def write(self, sent: Sent, now: float) -> bytes:
        """Return the datagram of a request."""
        return message.write_v2c(self._community, _pdu(sent))

    def read(self, opened: V2cMessage | V3Message, data: bytes, sent: Sent, now: float) -> Reply:
        """Return the reply in a datagram; raise Ignored, Malformed.

        A response that was cut off on its way counts as ``tooBig``: asking for less may bring it whole.
        """
        if not isinstance(opened, V2cMessage):
            raise Ignored("version")
        if opened.community != self._community:
            raise Ignored("community")
        if opened.cut and opened.pdu.tag == message.RESPONSE:
            return Reply(TOO_BIG, 0, NOTHING, sent.repetitions)
        return _reply(data, opened.pdu, sent, self._shapes)


class UserPeer:
    """A device of SNMPv3 with USM: its engine, its clock as far as it is known, the keys of the user there.

    Nothing of a response is believed before its digest is (RFC 3414 §3.2). The engine is discovered by a probe
    (RFC 3414 §4); boots and time of an unauthenticated report serve only as what is sent next, and become known
    with the first authentic message.
    """

    def __init__(self, target: Target, user: UsmUser) -> None:
        self._host = target.host
        self._user = user
        self._name = user.name.encode()
        self._context = target.context.encode()
        self._flags = (AUTHENTICATED if user.auth else 0) | (ENCRYPTED if user.privacy else 0)
        self.engine_id: bytes = b""
        self._keys = Keys(b"", b"")
        self._boots = 0
        self._offset = 0.0  # engine time minus our own
        self._latest = 0  # latestReceivedEngineTime
        self._known = False
        # From a random start, so that no salt comes twice with one key, not after a restart either (RFC 3826 §3.1.2.1).
        self._count = secrets.randbits(63)
        self._shapes = Shapes()

    def write(self, sent: Sent, now: float) -> bytes:
        """Return the datagram of a request, or of a probe for the engine (RFC 3414 §4)."""
        if not sent.engine_id:
            empty = message.write_scoped(b"", b"", message.write_pdu(message.GET, sent.ident, 0, 0, ()))
            return message.write_v3(V3Message(sent.ident, REPORTABLE, b"", 0, 0, b"", b"", 0, b"", 0), empty)
        user, salt = self._user, b""
        time = max(0, min(int(now + self._offset), MAX_BOOTS))
        payload = message.write_scoped(self.engine_id, self._context, _pdu(sent))
        if user.privacy is not None:
            self._count = self._count + 1 & 0xFFFF_FFFF_FFFF_FFFF
            encrypted, salt = usm.encrypt(
                user.privacy, self._keys.privacy, boots=self._boots, time=time, count=self._count, plain=payload
            )
            payload = message.write_octets(encrypted)
        zeros = bytes(user.auth.size) if user.auth else b""
        head = V3Message(
            *(sent.ident, self._flags | REPORTABLE, self.engine_id, self._boots, time, self._name, zeros, 0, salt, 0)
        )
        datagram = message.write_v3(head, payload)
        if user.auth is None:
            return datagram
        # The payload ends the message, the salt and its header come before it, the digest before that.
        at = len(datagram) - len(payload) - len(salt) - 2 - len(zeros)
        return usm.signed(user.auth, self._keys.auth, datagram, at)

    def read(self, opened: V2cMessage | V3Message, data: bytes, sent: Sent, now: float) -> Reply | Literal["again"]:
        """Return the reply in a datagram, or AGAIN; raise Ignored, Malformed, AuthenticationFailed."""
        if not isinstance(opened, V3Message):
            raise Ignored("version")
        flags = opened.flags & (AUTHENTICATED | ENCRYPTED)
        if flags == ENCRYPTED:
            raise Ignored("privacy without authentication")
        if flags & AUTHENTICATED:
            return self._read_authentic(opened, data, sent, now)
        scoped = message.read_scoped(data, opened.at, padded=False)
        if scoped.pdu.tag == message.REPORT:
            return self._read_report(opened, scoped, sent, now, authentic=False)
        if self._flags:
            raise Ignored("response without authentication")
        return self._read_response(opened, scoped, sent)

    def _read_authentic(self, opened: V3Message, data: bytes, sent: Sent, now: float) -> Reply | Literal["again"]:
        user = self._user
        if user.auth is None or opened.engine_id != self.engine_id or opened.user != self._name:
            raise Ignored("engine or user")
        if not usm.verified(user.auth, self._keys.auth, data, opened.digest_at, opened.digest):
            raise Ignored("digest")
        if opened.flags & ENCRYPTED:
            scoped = self._decrypted(opened, data)
        else:
            scoped = message.read_scoped(data, opened.at, padded=False)
        if scoped.pdu.tag == message.REPORT:
            return self._read_report(opened, scoped, sent, now, authentic=True)
        if opened.flags & (AUTHENTICATED | ENCRYPTED) != self._flags:
            raise Ignored("security level")
        reply = self._read_response(opened, scoped, sent)
        self._check_time(opened, now)
        return reply

    def _decrypted(self, opened: V3Message, data: bytes) -> ScopedPdu:
        privacy: Privacy | None = self._user.privacy
        if privacy is None:
            raise Ignored("encrypted")
        encrypted = message.read_encrypted(data, opened)
        plain = usm.decrypt(
            *(privacy, self._keys.privacy), boots=opened.boots, time=opened.time, salt=opened.salt, encrypted=encrypted
        )
        if plain is None:
            raise Ignored("msgPrivacyParameters")
        return message.read_scoped(plain, 0, padded=privacy is Privacy.DES)

    def _read_response(self, opened: V3Message, scoped: ScopedPdu, sent: Sent) -> Reply:
        """Read a response that has our level of security: engine, user and context must be ours (RFC 3412 §7.2.10)."""
        if not sent.engine_id or opened.engine_id != self.engine_id or opened.user != self._name:
            raise Ignored("engine or user")
        if scoped.engine_id != self.engine_id or scoped.context != self._context:
            raise Ignored("context")
        return _reply(scoped.data, scoped.pdu, sent, self._shapes)

    def _check_time(self, opened: V3Message, now: float) -> None:
        """Hold an authentic message against the engine's clock and learn from it (RFC 3414 §3.2 7b); raise Ignored."""
        if self._known:
            late = opened.time < now + self._offset - WINDOW_S
            if opened.boots == MAX_BOOTS or opened.boots < self._boots or (opened.boots == self._boots and late):
                raise Ignored("time window")
        if not self._known or (opened.boots, opened.time) > (self._boots, self._latest):
            self._learn(opened, now, known=True)

    def _learn(self, opened: V3Message, now: float, *, known: bool) -> None:
        self._boots, self._latest, self._offset = opened.boots, opened.time, opened.time - now
        self._known = known

    def _read_report(
        self, opened: V3Message, scoped: ScopedPdu, sent: Sent, now: float, *, authentic: bool
    ) -> Literal["again"]:
        """Act on a report to one of our requests; the random msgID of the request is what makes it fresh.

        Only an authentic report sets the clock: it may set it back too, for a device that lost its boots count would
        else stay unread for ever (RFC 3414 §3.2 7b counts on boots that only rise). An unauthenticated report can name
        an error or another engine, never bring a value (RFC 3414 §3.2, §11.2).
        """
        bindings = message.read_bindings(scoped.data, scoped.pdu)
        reason = _REPORTS.get(bindings[0][0], "unknown report") if len(bindings) == 1 else "unknown report"
        if reason == "unknownEngineIDs":
            return self._meet(opened, sent, now, authentic=authentic)
        if not sent.engine_id:
            raise Ignored("another report to a probe")
        if reason == "notInTimeWindows":
            if not authentic:
                raise Ignored("report notInTimeWindows without authentication")
            if opened.boots < MAX_BOOTS:
                self._learn(opened, now, known=True)
                return AGAIN
        raise AuthenticationFailed(f"{self._host} refused the SNMPv3 request: {reason}", reason)

    def _meet(self, opened: V3Message, sent: Sent, now: float, *, authentic: bool) -> Literal["again"]:
        """Take over the engine a report names: at first, or because the device is another one than before."""
        if authentic or not 5 <= len(opened.engine_id) <= 32:
            raise Ignored("report unknownEngineIDs with no other engine")
        if opened.engine_id == sent.engine_id:
            raise AuthenticationFailed(f"{self._host} refused the SNMPv3 request: unknownEngineIDs", "unknownEngineIDs")
        if opened.engine_id != self.engine_id:
            self.engine_id = opened.engine_id
            self._keys = usm.keys_of(self._user, opened.engine_id)
            self._learn(opened, now, known=False)
        return AGAIN


Peer = CommunityPeer | UserPeer


def peer_of(target: Target) -> Peer:
    """Return the device of a target, of which nothing is known yet."""
    if isinstance(target.credential, Community):
        return CommunityPeer(target.credential)
    return UserPeer(target, target.credential)

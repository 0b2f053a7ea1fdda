"""Judge one envelope: who sent it, is it whole, may they say that, and when was it measured. Pure but for the cap."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Protocol

from agent.clock import DAY_S, MS, NS, Moment
from agent.envelope import Envelope, EnvelopeError, Header, inflate
from agent.reading import LineError
from collector.ledger.body import Identity, Lines
from collector.ledger.entry import CLOCK_CORRECTED, CLOCK_UNSURE, LATE, LATE_NS, Entry, batch_key

MAX_DECODED = 8 << 20
"""Bytes of one body, decompressed."""

SANE_NS = 300 * NS
"""A clock that is off by no more is believed."""

EARLIEST_NS = 18262 * DAY_S * NS
"""2020-01-01 UTC: no reading is older."""

_MAX_SPAN_NS = DAY_S * NS
"""A reading lies no farther from the look at the clocks that its batch's header tells."""

_CLOCK = re.compile(r"([\w-]{1,64}) (\d{1,18}|[1-8]\d{18}) (\d{1,18})", re.ASCII)

OVER_CAP = "the device showed too many different series today"
MAX_SERIES = 1000
"""Distinct series of one device in one day of receipt, and as many of its agent's health."""


@dataclass(frozen=True)
class Peer:
    """An enrolled agent: its public key (32 bytes) and the devices it may speak of."""

    name: str
    public: bytes
    devices: frozenset[str]
    revoked: bool


@dataclass(frozen=True)
class WriteToken:
    """A token of an Influx client and the devices it may speak of."""

    name: str
    devices: frozenset[str]


class Directory(Protocol):
    """Who may send, and where refusals are recorded; ``collector/register/access.py`` is the real one."""

    def agent(self, name: str) -> Peer | None:
        """Return an enrolled agent, None for a name nobody enrolled."""
        ...

    def token(self, secret: str) -> WriteToken | None:
        """Return the write token with this secret."""
        ...

    def refuse(self, *, actor: str, action: str, object: str, reason: str) -> None:
        """Record a refusal in the audit log, at a bounded rate."""
        ...


class Refused(Exception):
    """Something that is not stored: the reason in words, a short code to count it by, and whether to audit it."""

    def __init__(self, code: str, reason: str, *, forbidden: bool = False, known: bool = True) -> None:
        super().__init__(reason)
        self.code, self.reason, self.forbidden, self.known = code, reason, forbidden, known


@dataclass(frozen=True, slots=True)
class Admitted:
    """An entry to store and its good lines; ``rejected`` are line number, bytes and reason of the others."""

    entry: Entry
    lines: Lines
    rejected: list[tuple[int, bytes, str]]


class SeriesCap:
    """How many distinct series each device showed today; the first ``limit`` of a day are taken."""

    def __init__(self, limit: int = MAX_SERIES) -> None:
        self._limit = limit
        self._day = 0
        self._seen: dict[tuple[str, bool], set[bytes]] = {}

    def over(self, device: str, series: Set[bytes], received_ns: int) -> frozenset[bytes]:
        """Return those of a device's series that are too many."""
        day = received_ns // (DAY_S * NS)
        if day != self._day:
            self._day, self._seen = day, {}
        if series <= self._seen.get((device, False), set()):
            return frozenset()
        health = {key for key in series if key.startswith((b"nadi_agent,", b"nadi_input,"))}
        return self._excess((device, True), health) | self._excess((device, False), series - health)

    def _excess(self, which: tuple[str, bool], series: Set[bytes]) -> frozenset[bytes]:
        seen = self._seen.setdefault(which, set())
        fresh = sorted(series - seen)
        room = max(0, self._limit - len(seen))
        seen.update(fresh[:room])
        return frozenset(fresh[room:])


def read_clock(text: str | None) -> Moment | None:
    """Read the header ``X-Nadi-Clock: boot_id wall_ns boot_ns``; ValueError for another form."""
    if text is None:
        return None
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError("X-Nadi-Clock is not 'boot_id wall_ns boot_ns'")
    return Moment(int(match[2]), int(match[3]), match[1])


def correction(header: Header, *, sent: Moment | None, received_ns: int) -> tuple[int, int]:
    """Return (shift_ns, flags) for the times of a batch.

    Within the boot in which it is sent, the boot clock tells how long ago a batch was made, however the wall clock
    was set since; a batch whose wall time is off by more than ``SANE_NS`` is shifted, in whole ms. Of another boot
    nothing is known but its wall time, which is believed if the sender's clock is right now.
    """
    if sent is None:
        return 0, 0
    if sent.boot_id == header.boot_id and sent.boot_ns >= header.boot_ns:
        shift = received_ns - (sent.boot_ns - header.boot_ns) - header.wall_ns
        return (0, 0) if abs(shift) <= SANE_NS else (shift // MS * MS, CLOCK_CORRECTED)
    return (0, 0) if abs(received_ns - sent.wall_ns) <= SANE_NS else (0, CLOCK_UNSURE)


def check_sender(envelope: Envelope, peer: Peer | None) -> None:
    """Raise Refused unless an enrolled agent signed this, of a device that is its own."""
    header = envelope.header
    if peer is None:
        raise Refused("unknown_agent", f"agent {header.agent} is not enrolled", forbidden=True, known=False)
    if peer.revoked:
        raise Refused("revoked_agent", f"agent {header.agent} is revoked", forbidden=True, known=False)
    if not envelope.is_signed_by(peer.public):
        raise Refused("signature", f"not signed with the key of agent {header.agent}", forbidden=True, known=False)
    if header.device not in peer.devices:
        raise Refused("foreign_device", f"agent {header.agent} may not speak of device {header.device}", forbidden=True)
    if not envelope.is_whole():
        raise Refused("body", "the body is not the one that the header names")


def admit(envelope: Envelope, *, sent: Moment | None, received_ns: int, cap: SeriesCap) -> Admitted:
    """Read the body of an envelope whose sender was checked; raise Refused."""
    header = envelope.header
    try:
        lines = Lines(inflate(envelope.body, MAX_DECODED))
    except (EnvelopeError, LineError) as error:
        raise Refused("body", str(error)) from error
    _check_identities(header, lines.identities)
    shift, flags = _times(header, lines, sent=sent, received_ns=received_ns)
    rejected = [(bad.number, bad.line, bad.reason) for bad in lines.rejected]
    excess = cap.over(header.device, lines.series, received_ns)
    if excess:
        rejected += [(line.number, line.content, OVER_CAP) for line in lines.raw() if line.key in excess]
        rejected.sort()
    entry = Entry(
        key=batch_key(header.agent, header.run, header.seq),
        agent=header.agent,
        device=header.device,
        run=header.run,
        seq=header.seq,
        boot_id=header.boot_id,
        wall_ns=header.wall_ns,
        boot_ns=header.boot_ns,
        received_ns=received_ns,
        shift_ns=shift,
        flags=flags,
        first_ns=(lines.first_ns if len(lines) else header.wall_ns) + shift,
        last_ns=(lines.last_ns if len(lines) else header.wall_ns) + shift,
        sha256=bytes.fromhex(header.sha256),
        header=envelope.header_bytes,
        signature=envelope.signature,
        body=envelope.body,
        left_out=tuple(number for number, _, _ in rejected),
    )
    return Admitted(entry, lines, rejected)


def _check_identities(header: Header, identities: Set[Identity]) -> None:
    for tag, value in identities:
        if value != (header.agent if tag == "agent" else header.device):
            reason = f"a line of agent {header.agent}, device {header.device} says {tag} {value[:64]}"
            raise Refused("identity", reason, forbidden=True)


def _times(header: Header, lines: Lines, *, sent: Moment | None, received_ns: int) -> tuple[int, int]:
    if len(lines) and max(lines.last_ns - header.wall_ns, header.wall_ns - lines.first_ns) > _MAX_SPAN_NS:
        raise Refused("time", "a reading is more than a day from the batch's own time")
    shift, flags = correction(header, sent=sent, received_ns=received_ns)
    first, last = (lines.first_ns, lines.last_ns) if len(lines) else (header.wall_ns, header.wall_ns)
    if max(last, header.wall_ns) + shift > received_ns + SANE_NS or min(first, header.wall_ns) + shift < EARLIEST_NS:
        return 0, flags & ~CLOCK_CORRECTED | CLOCK_UNSURE
    late = not flags & CLOCK_UNSURE and received_ns - (last + shift) > LATE_NS
    return shift, flags | LATE * late

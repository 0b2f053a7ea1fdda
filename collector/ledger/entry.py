"""What the journal keeps: entries, the rows they become, what was put aside, and what may go wrong."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

CLOCK_CORRECTED, CLOCK_UNSURE, CLOCK_WALL_ONLY, LATE = 1, 2, 4, 8
"""Flags: times were corrected by the receive time; cannot be (no bins are made); no boot time is known; the
newest reading was more than ``LATE_NS`` old when it came."""

LATE_NS = 3600 * 1_000_000_000

ZERO_HEAD = bytes(32)
"""The chain head of an empty journal."""

Outcome = Literal["stored", "duplicate", "fork"]


class JournalError(Exception):
    """A journal that cannot be used as asked; the message names it and the mend."""


class JournalFull(JournalError):
    """The disk is full or below its floor: nothing was stored."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One verified batch of readings of one device, as ingest hands it over.

    ``key`` is ``batch/{agent}/{run}/{seq}``, or ``write/{token}/{precision}/{sha256 of decoded body}/{device}``
    with ``agent = "token:" + name``, ``run = ""`` and ``seq = 0``. Times are ns; ``first_ns`` and ``last_ns`` are
    the corrected times of the readings, ``corrected = time_ns + shift_ns``. ``body`` is zlib line protocol with ns
    stamps and ``sha256`` its hash. ``left_out`` numbers the lines (from 1) that stand in the quarantine: as
    stored the body still holds them (it is what was signed), as read from the journal it does not.
    """

    key: str
    agent: str
    device: str
    run: str
    seq: int
    boot_id: str
    wall_ns: int
    boot_ns: int
    received_ns: int
    shift_ns: int
    flags: int
    first_ns: int
    last_ns: int
    sha256: bytes
    header: bytes
    signature: bytes
    body: bytes
    left_out: tuple[int, ...] = field(default=(), kw_only=True)

    def wire(self) -> bytes:
        """Return the bytes that were received: the envelope, or a write's body."""
        if not self.header:
            return self.body
        return b"\n".join((self.header, base64.b64encode(self.signature), self.body))


@dataclass(frozen=True, slots=True)
class Row(Entry):
    """An entry as stored: ``id`` is its place in the chain, from 1, without gaps."""

    id: int


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of an entry, and where the chain stands: number of entries, head in hexadecimal."""

    outcome: Outcome
    length: int
    head: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault that ``Journal.verify`` found: the id of the entry and what is wrong with it."""

    id: int
    what: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal in the chain: the root hash over one part of one local day."""

    id: int
    day: date
    part: int
    root: bytes


def next_head(head: bytes, key: str, sha256: bytes) -> bytes:
    """Return the chain head after one more entry: SHA-256(previous head + key + sha256), design.md §4."""
    return hashlib.sha256(head + key.encode() + sha256).digest()


def batch_key(agent: str, run: str, seq: int) -> str:
    """Return the key of a batch."""
    return f"batch/{agent}/{run}/{seq}"


def seal_key(day: date, part: int) -> str:
    """Return the key of a seal."""
    return f"seal/{day.isoformat()}/{part}"

"""A small ledger (journal and archive) with one router, for the tests of what is built on it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from agent.clock import MS, WITA
from agent.reading import encode, reading
from collector.inventory import Device, Link
from collector.ledger.archive import Archive
from collector.ledger.binstore import BinStore
from collector.ledger.journal import Entry, Journal, batch_key
from collector.ledger.readings import Readings

DAY = date(2026, 3, 10)
START_MS = WITA.day_start(DAY) // MS
DAY_MS = 86_400_000
BOOT_MS = START_MS - 50 * DAY_MS

LINK = Link(
    *("link-1", "opd-1", "rt-1", "ether1", "receive", "opd", "fo", "daerah", "", "", "wan", None, 10**9, True),
    *(START_MS * MS, None),
)
DEVICE = Device("rt-1", "Router", "site-1", "agen-1", "router", 0)


def day(number: int) -> date:
    """Return the date ``number`` days after the first one."""
    return DAY + timedelta(days=number)


@dataclass(frozen=True)
class Taken:
    """One gather cycle: time in ms after the first midnight, both counters (None: not read), boot id."""

    at_ms: int
    receive: int | None
    transmit: int | None = 0
    boot: str = "boot-1"
    device: str = "rt-1"
    flags: int = 0
    received_ms: int | None = None

    def entry(self, seq: int) -> Entry:
        """Return the cycle as ingest would hand it over."""
        wall_ns = (START_MS + self.at_ms) * MS
        octets = {"receive_bytes_total": self.receive, "transmit_bytes_total": self.transmit}
        fields = {name: value for name, value in octets.items() if value is not None}
        interface = reading("nadi_interface", fields, wall_ns, device=self.device, interface="ether1")
        host = reading("nadi_host", {"load1": seq / 100, "cpu_cores": 4}, wall_ns, host=self.device)
        body = zlib.compress(encode([interface, host] if fields else [host]))
        received = wall_ns + MS if self.received_ms is None else (START_MS + self.received_ms) * MS
        return Entry(
            key=batch_key("agen-1", "0" * 16, seq),
            agent="agen-1",
            device=self.device,
            run="0" * 16,
            seq=seq,
            boot_id=self.boot,
            wall_ns=wall_ns,
            boot_ns=wall_ns - BOOT_MS * MS,
            received_ns=received,
            shift_ns=0,
            flags=self.flags,
            first_ns=wall_ns,
            last_ns=wall_ns,
            sha256=hashlib.sha256(body).digest(),
            header=b"{}",
            signature=b"s" * 64,
            body=body,
        )


class Ledger:
    """A journal with its archive in one folder."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "journal.db", zone=WITA, floor_bytes=0)
        self.archive = Archive(folder / "chunks.db", zone=WITA)
        self.readings = Readings(journal=self.journal, archive=self.archive)
        self.bins = BinStore(journal=self.journal, archive=self.archive, devices={"rt-1": DEVICE})

    def take(self, cycles: Sequence[Taken], *, order: Iterable[int] | None = None) -> None:
        """Append cycles (those of these places) to the journal; a cycle's place is its ``seq``."""
        places = range(len(cycles)) if order is None else order
        self.journal.append([cycles[place].entry(place) for place in places])

    def close(self) -> None:
        """Close the files."""
        self.journal.close()
        self.archive.close()


def steady(count: int, *, every_ms: int = 3_600_000, start_ms: int = 0, step: int = 10**6) -> list[Taken]:
    """Return cycles at an even pace whose counters grow evenly."""
    return [Taken(start_ms + i * every_ms + i % 7, i * step, i * step // 3) for i in range(count)]

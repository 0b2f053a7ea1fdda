"""Whether routers are set to what was determined, and the RouterOS commands that would set them (pure).

Nothing here or anywhere in Nadi changes a router: commands are text for a person to check and apply. Source of their
syntax: RouterOS documentation, "Scripting" (strings, ``\\XX`` is an octet in hexadecimal) and "Queues" (``max-limit``
of a simple queue is upload/download as seen from its target; 0 is no limit).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from itertools import groupby

from collector.inventory import Allocation, Counter, Inventory, Link

MEASUREMENT = "nadi_limit"
TAGS = {"nadi_interface": "interface", "nadi_queue": "queue", "nadi_queue_tree": "tree"}
"""The tag of ``nadi_limit`` that names the object which a link's counter belongs to."""

DIRECTIONS = ("unduh", "unggah")
_LITERAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-:/+@,")

Fields = Mapping[str, int | float]
Told = Callable[[Link, Counter], Fields]
"""The newest fields of ``nadi_limit`` of the object that a counter belongs to, empty when there are none of now."""


class Match(IntEnum):
    """How a router's setting stands to the determination, by the codes of ``nadi_queue_config_match``."""

    BERBEDA = 0
    SESUAI = 1
    TIDAK_TERBACA = 2


@dataclass(frozen=True, slots=True)
class Drift:
    """One direction of a link: what was determined, and what the router is set to (bit/s).

    ``read_bps`` 0 is no limit, None is not read, or a queue that is disabled (``disabled``).
    """

    link: Link
    direction: str
    determined_bps: int
    read_bps: int | None
    disabled: bool

    @property
    def match(self) -> Match:
        """The verdict, without any tolerance; no limit never is what was determined."""
        if self.disabled or self.read_bps == 0:
            return Match.BERBEDA
        if self.read_bps is None:
            return Match.TIDAK_TERBACA
        return Match.SESUAI if self.read_bps == self.determined_bps else Match.BERBEDA

    @property
    def words(self) -> str:
        """The verdict for people, with the exact value that differs."""
        if self.match is not Match.BERBEDA:
            return "sesuai" if self.match is Match.SESUAI else "tidak terbaca"
        if self.disabled:
            return "berbeda (antrean dinonaktifkan)"
        return f"berbeda ({exact_mbps(self.read_bps)})" if self.read_bps else "berbeda (tanpa batas)"


def drifts(inventory: Inventory, told: Told, *, at_ns: int, opd: str = "") -> tuple[Drift, ...]:
    """Return both directions of every link that should hold an allocation in force at ``at_ns``."""
    return tuple(
        _drift(link, place, told(link, counter))
        for link in limited(inventory, at_ns=at_ns, opd=opd)
        if (held := inventory.allocation_at(link.opd, at_ns)) is not None
        for place, counter in zip(
            zip(DIRECTIONS, (held.down_bps, held.up_bps), strict=True), link.counters, strict=True
        )
    )


def _drift(link: Link, place: tuple[str, int], fields: Fields) -> Drift:
    counter = link.counters[DIRECTIONS.index(place[0])]
    value = fields.get(limit_field(counter))
    return Drift(link, *place, None if value is None else int(value), fields.get("present") == 0)


def limit_field(counter: Counter) -> str:
    """Name the field of ``nadi_limit`` that limits what an octet counter counts; both are named from the same side."""
    return counter.field.replace("bytes_total", "bits_per_second")


def limited(inventory: Inventory, *, at_ns: int, opd: str = "") -> list[Link]:
    """Return the links whose router should hold the allocation and that are active at ``at_ns``, device by device."""
    found = [
        link
        for link in inventory.links
        if link.limited and link.role == "wan" and opd in ("", link.opd)
        if any(start <= at_ns < end for start, end in link.active.spans)
    ]
    return sorted(found, key=lambda link: (link.device, link.opd, link.code))


def commands(inventory: Inventory, *, at_ns: int, on: date, opd: str = "") -> Iterator[str]:
    """Yield, line by line, the RouterOS commands of the allocations in force at ``at_ns``, which is ``on``."""
    yield comment(f"Batas antrean RouterOS menurut penetapan yang berlaku pada {on.isoformat()}")
    yield comment("Nadi tidak pernah mengubah konfigurasi: periksa, lalu terapkan sendiri pada perangkat yang disebut.")
    for code, links in groupby(limited(inventory, at_ns=at_ns, opd=opd), key=lambda link: link.device):
        yield ""
        yield comment(f"Perangkat {code} ({inventory.device[code].name})")
        for link in links:
            held = inventory.allocation_at(link.opd, at_ns)
            yield comment(f"{link.opd} {inventory.opd[link.opd].name}, tautan {link.code}")
            lines = sum(inventory.counts(other, at_ns) for other in inventory.links_of(link.opd))
            if held and lines > 1:
                yield comment(f"PERHATIAN: {lines} tautan OPD ini dihitung bersama, perintah memuat seluruh penetapan")
            yield from _of_link(link, held) if held else [comment("belum ada penetapan: tidak ada perintah")]


def _of_link(link: Link, held: Allocation) -> Iterator[str]:
    down, up = held.down_bps, held.up_bps
    yield comment(
        f"penetapan {held.decision_number} tanggal {held.decision_date.isoformat()}: "
        f"unduh {exact_mbps(down)}, unggah {exact_mbps(up)}"
    )
    if link.interface:
        yield comment(f"diukur pada antarmuka {link.interface}, bukan antrean: atur dengan tangan")
    elif not down or not up:
        yield comment("penetapan 0 tidak dapat menjadi batas (0 berarti tanpa batas): tidak ada perintah")
    elif link.queue:
        rates = dict(zip((counter.field for counter in link.counters), (down, up), strict=True))
        limit = f"{rates['receive_bytes_total']}/{rates['transmit_bytes_total']}"
        yield f"/queue simple set [find name={quoted(link.queue)}] max-limit={limit}"
    else:
        for name, rate in ((link.queue_unduh, down), (link.queue_unggah, up)):
            yield f"/queue tree set [find name={quoted(name)}] max-limit={rate}"


def quoted(text: str) -> str:
    """Return a RouterOS string: every octet (UTF-8) that is not surely harmless is written in hexadecimal."""
    safe = (char if char in _LITERAL else "".join(f"\\{octet:02X}" for octet in char.encode()) for char in text)
    return f'"{"".join(safe)}"'


def comment(text: str) -> str:
    """Return a comment of one line, which nothing in ``text`` ends or continues."""
    return "# " + "".join(char if char.isprintable() and char != "\\" else "?" for char in text)


def exact_mbps(bps: int) -> str:
    """Write bit/s in Mbps without rounding, so that what differs looks different."""
    return f"{(Decimal(bps) / 10**6).normalize():f}".replace(".", ",") + " Mbps"

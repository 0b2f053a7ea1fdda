"""What should exist: OPD, sites, devices, links, contracts and allocations.

The objects here are resolved: rates in bit/s, times in UTC nanoseconds, spans that never overlap. They are
frozen, so whoever needs them often may keep an ``Inventory`` until ``Register.revision()`` moves on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal, NamedTuple, get_args

from collector.measure.intervals import Intervals

Class = Literal["tinggi", "sedang", "dasar", "publik"]
"""Priority classes, and the hotspot for the public (Tanah Laut 25/2018 Pasal 11), which takes no part in sharing."""

Towards = Literal["receive", "transmit"]
Vantage = Literal["opd", "noc"]
Role = Literal["wan", "uplink"]
ServerRole = Literal["aplikasi", "database", "berkas", "jaringan", "lain"]
Kind = Literal["router", "server", "ups", "ats", "sensor", "pdu", "generator"]
"""Kinds of device."""

KINDS: tuple[Kind, ...] = get_args(Kind)
NEED_UPS: frozenset[ServerRole] = frozenset(("aplikasi", "database"))
"""Roles whose servers must stand behind a UPS (Tanah Laut 25/2018 Pasal 15 ayat (5))."""

EVER = 2**63 - 1
"""The end of what has no end, UTC ns."""


class InventoryError(Exception):
    """A document that cannot be used or must not be applied; every problem names file, line, what and the mend."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Opd:
    """An agency (*Perangkat Daerah*), by the code of the region's master data; ``name`` is any printable text."""

    code: str
    name: str
    klass: Class
    site: str


@dataclass(frozen=True, slots=True)
class Site:
    """A place where devices stand."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Device:
    """A measured router or server. ``source`` is the one agent (or ``token:NAME``) whose readings of it count."""

    code: str
    name: str
    site: str
    source: str
    kind: str
    cache_seconds: int


class Counter(NamedTuple):
    """One raw counter of a device: measurement, object (the interface's or the queue's name), field."""

    measurement: str
    object: str
    field: str


@dataclass(frozen=True, slots=True)
class Link:
    """A line, seen at one interface of one device, at one simple queue, or at one queue tree a direction.

    ``unduh`` says which counter is traffic towards the OPD; ``opd`` is "" where ``role`` is "uplink";
    ``limited`` says that the router should hold the allocation as a limit. ``active_from`` and ``active_to``
    (exclusive, None = still active) are UTC ns on 5-minute boundaries. Of ``interface``, ``queue``, and
    ``queue_unduh`` with ``queue_unggah`` one is set, the others are "". ``same_as`` is the code of the link
    that measures the same line at its other end (``Inventory.counting`` says which of them counts). ``probe`` is
    the ICMP probe that goes through the line, ``DEVICE/TARGET`` as the agent on that device names it ("": none).
    """

    code: str
    opd: str
    device: str
    interface: str
    unduh: Towards
    vantage: Vantage
    medium: str
    owner: str
    provider: str
    maintainer: str
    role: Role
    contract: str | None
    port_bps: int | None
    limited: bool
    active_from: int
    active_to: int | None
    queue: str = ""
    queue_unduh: str = ""
    queue_unggah: str = ""
    same_as: str | None = None
    probe: str = ""

    @property
    def counters(self) -> tuple[Counter, Counter]:
        """The octet counters of unduh and unggah. RouterOS: in (receive) is from a simple queue's target, out to it."""
        return self._of("bytes_total")

    @property
    def drops(self) -> tuple[Counter, Counter] | None:
        """The counters of packets that the queues of unduh and unggah dropped; None at an interface."""
        return None if self.interface else self._of("dropped_packets_total")

    def _of(self, field: str) -> tuple[Counter, Counter]:
        if self.queue_unduh:
            down, up = (Counter("nadi_queue_tree", name, field) for name in (self.queue_unduh, self.queue_unggah))
            return down, up
        measurement, name = ("nadi_interface", self.interface) if self.interface else ("nadi_queue", self.queue)
        ways = ("receive", "transmit") if self.unduh == "receive" else ("transmit", "receive")
        unduh, unggah = (Counter(measurement, name, f"{way}_{field}") for way in ways)
        return unduh, unggah

    @property
    def point(self) -> str:
        """Where on the device it is measured, for people: the interface, or the queue or queues."""
        names = self.queue or f"{self.queue_unduh} + {self.queue_unggah}"
        return self.interface or f"antrean {names}"

    @property
    def active(self) -> Intervals:
        """When it is to be measured."""
        return Intervals.of([(self.active_from, EVER if self.active_to is None else self.active_to)])


@dataclass(frozen=True, slots=True)
class Contract:
    """Capacity bought under one contract number; a renewal has the same ``code`` and a later span (UTC ns)."""

    code: str
    provider: str
    number: str
    down_bps: int
    up_bps: int
    cost_rupiah_month: int | None
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Allocation:
    """A determined (*ditetapkan*) rate of an OPD in ``[valid_from_ns, valid_to_ns)``, None = until further notice."""

    opd: str
    decision_number: str
    decision_date: date
    legal_basis: str
    official: str
    down_bps: int
    up_bps: int
    floor_down_bps: int
    floor_up_bps: int
    valid_from_ns: int
    valid_to_ns: int | None
    klass: Class


@dataclass(frozen=True, slots=True)
class Server:
    """What a server is for and what is to protect it; ``device`` names it, ``opd`` "" is the Dinas.

    ``ups`` are the codes of the UPSes that feed it; ``datacentre`` False stands outside the data centre.
    """

    device: str
    role: ServerRole
    opd: str = ""
    datacentre: bool = True
    location: str = ""
    insured_until: date | None = None
    ups: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The server's code, which is its device's."""
        return self.device


@dataclass(frozen=True, slots=True)
class Ups:
    """A UPS's battery and the generator behind it ("": none); a date that the UPS itself tells prevails."""

    device: str
    battery_installed: date | None = None
    battery_life_years: int | None = None
    generator: str = ""

    @property
    def code(self) -> str:
        """The UPS's code, which is its device's."""
        return self.device


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator set: its controller ``device`` and the transfer switch ``ats`` on the load side, "" where none.

    It is to carry the load ``transfer_limit_seconds`` after the mains are lost; a UPS is to last ``margin_seconds``
    longer than it proved to need. ``test_every_days`` 0 asks for no tests.
    """

    code: str
    name: str
    device: str = ""
    ats: str = ""
    transfer_limit_seconds: int = 30
    margin_seconds: int = 120
    test_every_days: int = 30


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup job of ``server``, told by ``device`` under ``job`` and ``engine``, and the policy agreed for it.

    rpo_hours                 the newest success may be so old
    full_every_days           the newest full verified copy may be so old
    verify_every_days, restore_test_every_days   0 asks for none; without verification a full copy counts as it is
    tape_copies, offsite      full copies to be on tape, and whether one of them must lie off site
    """

    code: str
    server: str
    device: str
    job: str
    engine: str
    rpo_hours: int = 24
    full_every_days: int = 7
    verify_every_days: int = 30
    restore_test_every_days: int = 180
    tape_copies: int = 1
    offsite: bool = False


@dataclass(frozen=True)
class Inventory:
    """One revision of everything, resolved; each tuple is in order of code (spans: of code, then time)."""

    region: str
    revision: int
    opds: tuple[Opd, ...]
    sites: tuple[Site, ...]
    devices: tuple[Device, ...]
    links: tuple[Link, ...]
    contracts: tuple[Contract, ...]
    allocations: tuple[Allocation, ...]
    servers: tuple[Server, ...] = ()
    upses: tuple[Ups, ...] = ()
    generators: tuple[Generator, ...] = ()
    backups: tuple[Backup, ...] = ()

    @cached_property
    def opd(self) -> Mapping[str, Opd]:
        """OPD by code."""
        return {item.code: item for item in self.opds}

    @cached_property
    def site(self) -> Mapping[str, Site]:
        """Sites by code."""
        return {item.code: item for item in self.sites}

    @cached_property
    def device(self) -> Mapping[str, Device]:
        """Devices by code."""
        return {item.code: item for item in self.devices}

    @cached_property
    def link(self) -> Mapping[str, Link]:
        """Links by code."""
        return {item.code: item for item in self.links}

    @cached_property
    def server(self) -> Mapping[str, Server]:
        """Servers by code."""
        return {item.device: item for item in self.servers}

    @cached_property
    def ups(self) -> Mapping[str, Ups]:
        """UPSes by code: every device of that kind, also where the document says no more of it."""
        plain = {item.code: Ups(item.code) for item in self.devices if item.kind == "ups"}
        return plain | {item.device: item for item in self.upses}

    @cached_property
    def generator(self) -> Mapping[str, Generator]:
        """Generators by code."""
        return {item.code: item for item in self.generators}

    def backups_of(self, server: str) -> tuple[Backup, ...]:
        """Return the backup jobs of a server."""
        return tuple(item for item in self.backups if item.server == server)

    def links_of(self, opd: str) -> tuple[Link, ...]:
        """Return the links of an OPD, also those that are no longer active."""
        return self._links_by_opd.get(opd, ())

    def lines(self) -> tuple[tuple[Link, Link], ...]:
        """Return the pairs of links that measure one line: the NOC's end, the OPD's end."""
        return tuple((self.link[noc], end) for end in self.links for noc in sorted(self._noc_ends.get(end.code, ())))

    def counting(self, link: Link) -> Intervals:
        """Return when (UTC ns) a link counts in its OPD's sum, so that a line measured at both ends counts once.

        The NOC's end counts where there is one, for an OPD's admin can reach the router in the OPD; the OPD's end
        counts while no NOC's end of its line is active. What the one misses is never filled from the other.
        """
        noc = Intervals.of(span for code in self._noc_ends.get(link.code, ()) for span in self.link[code].active.spans)
        return link.active - noc

    def counts(self, link: Link, time_ns: int) -> bool:
        """Tell whether a link counts in its OPD's sum at ``time_ns``."""
        return any(start <= time_ns < end for start, end in self.counting(link).spans)

    @cached_property
    def _noc_ends(self) -> Mapping[str, frozenset[str]]:
        """Codes of the NOC's ends by the code of the OPD's end of the same line."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for one in self.links:
            if one.same_as is not None:
                other = self.link[one.same_as]
                noc, end = (one, other) if one.vantage == "noc" else (other, one)
                found[end.code].add(noc.code)
        return {code: frozenset(codes) for code, codes in found.items()}

    def allocations_of(self, opd: str) -> tuple[Allocation, ...]:
        """Return an OPD's allocations in order of time; their spans never overlap."""
        return self._allocations_by_opd.get(opd, ())

    def allocation_at(self, opd: str, time_ns: int) -> Allocation | None:
        """Return the allocation in force at ``time_ns``, or None."""
        for item in self.allocations_of(opd):
            if item.valid_from_ns <= time_ns and (item.valid_to_ns is None or time_ns < item.valid_to_ns):
                return item
        return None

    @cached_property
    def _links_by_opd(self) -> dict[str, tuple[Link, ...]]:
        found: defaultdict[str, list[Link]] = defaultdict(list)
        for item in self.links:
            if item.role == "wan":
                found[item.opd].append(item)
        return {opd: tuple(items) for opd, items in found.items()}

    @cached_property
    def _allocations_by_opd(self) -> dict[str, tuple[Allocation, ...]]:
        found: defaultdict[str, list[Allocation]] = defaultdict(list)
        for item in self.allocations:
            found[item.opd].append(item)
        return {opd: tuple(items) for opd, items in found.items()}

"""The forms in which the inventory document is written, and how each becomes a resolved object.

Rates stand in Mbps (a whole number, or a decimal in quotes such as "12.5", which is exact); times are local
dates or times of the region's zone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from agent.clock import NS, Zone
from agent.envelope import NAME
from collector.inventory import KINDS, Allocation, Class, Contract, Device, Link, Opd, Role, Site, Towards, Vantage
from collector.register.spans import Declared, Revoked

MAX_TEXT = 200
OPD_CODE = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,19}")
STEP_NS = 300 * NS
"""Times lie on the edges of 5-minute bins, so that no bin belongs to two determinations."""

_MBPS = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,6}))?")
Mbps = int | str | float
Day = date


@dataclass(frozen=True, slots=True)
class RevokedForm:
    """``revoked = { number = ..., date = ... }``."""

    number: str
    date: Day


@dataclass(frozen=True, slots=True)
class SiteForm:
    """``[[site]]``."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class OpdForm:
    """``[[opd]]``."""

    code: str
    name: str
    priority: Class
    site: str


@dataclass(frozen=True, slots=True)
class DeviceForm:
    """``[[device]]``."""

    code: str
    name: str
    site: str
    source: str = ""
    kind: str = "router"
    cache_seconds: int = 0


@dataclass(frozen=True, slots=True)
class LinkForm:
    """``[[link]]``."""

    code: str
    device: str
    vantage: Vantage
    medium: str
    owner: str
    maintainer: Literal["WAN", "LAN", "Penyedia"]
    active_from: Day
    interface: str = ""
    queue: str = ""
    queue_unduh: str = ""
    queue_unggah: str = ""
    unduh: Towards | None = None
    same_as: str = ""
    probe: str = ""
    opd: str = ""
    provider: str = ""
    role: Role = "wan"
    contract: str = ""
    port_mbps: Mbps | None = None
    limited: bool = False
    active_to: Day | None = None


@dataclass(frozen=True, slots=True)
class ContractForm:
    """``[[contract]]``."""

    code: str
    provider: str
    number: str
    down_mbps: Mbps
    up_mbps: Mbps
    valid_from: Day
    cost_rupiah_month: int | None = None
    valid_to: Day | None = None
    revoked: RevokedForm | None = None


@dataclass(frozen=True, slots=True)
class AllocationForm:
    """``[[allocation]]``."""

    opd: str
    number: str
    date: Day
    legal_basis: str
    official: str
    priority: Class
    down_mbps: Mbps
    up_mbps: Mbps
    valid_from: Day
    floor_down_mbps: Mbps = 0
    floor_up_mbps: Mbps = 0
    valid_to: Day | None = None
    revoked: RevokedForm | None = None


class Item:
    """One table of the document: turns its values, and notes what is wrong with each at its line."""

    def __init__(self, zone: Zone, note: Callable[[str, str], None]) -> None:
        self._zone = zone
        self.wrong = note

    def name(self, key: str, value: str) -> str:
        if NAME.fullmatch(value) is None:
            self.wrong(key, f"{value!r} must be letters, digits, '.', '_' or '-', at most 64, a letter or digit first")
        return value

    def source(self, key: str, value: str) -> str:
        """Take an agent's name, or ``token:NAME`` for a client with a write token."""
        self.name(key, value.removeprefix("token:"))
        return value

    def opd_code(self, key: str, value: str) -> str:
        if OPD_CODE.fullmatch(value) is None:
            self.wrong(key, f"{value!r} must be capitals, digits, '.' or '-', at most 20, a capital or digit first")
        return value

    def text(self, key: str, value: str, *, empty: bool = False) -> str:
        odd = next((letter for letter in value if not letter.isprintable()), "")
        if odd:
            self.wrong(key, f"has the unprintable character U+{ord(odd):04X}; take it out")
        elif value != value.strip() or not (value or empty):
            self.wrong(key, "must not be empty nor begin or end with a blank")
        elif len(value) > MAX_TEXT:
            self.wrong(key, f"has {len(value)} characters, more than {MAX_TEXT}; shorten it")
        return value

    def rate(self, key: str, value: Mbps, *, least: int = 1) -> int:
        """Return bit/s of a rate in Mbps, exactly."""
        match = None if isinstance(value, float) else _MBPS.fullmatch(str(value))
        bps = int(match[1]) * 10**6 + int((match[2] or "").ljust(6, "0")) if match else -1
        if bps < least:
            self.wrong(key, f'{value!r} must be Mbps: a whole number, or a decimal in quotes such as "12.5"')
        return bps

    def day(self, key: str, value: date) -> date:
        if isinstance(value, datetime):
            self.wrong(key, f"must be a date such as {value.date()}, without a time of day")
        return value

    def time(self, key: str, value: date) -> int:
        """Return UTC ns of a local date or time on a 5-minute edge."""
        if not 2000 <= value.year <= 2200:
            self.wrong(key, f"{value} is not between the years 2000 and 2200")
            return 0
        time_ns = self._zone.parse(value.isoformat())
        if time_ns % STEP_NS:
            self.wrong(key, f"{value} is not on a 5-minute boundary (as 08:00 or 08:05 are)")
        return time_ns

    def until(self, key: str, value: date | None) -> int | None:
        return None if value is None else self.time(key, value)

    def revoked(self, value: RevokedForm | None) -> Revoked | None:
        if value is None:
            return None
        return Revoked(self.text("revoked.number", value.number), self.time("revoked.date", value.date))


def site(item: Item, form: SiteForm) -> Site:
    return Site(item.name("code", form.code), item.text("name", form.name))


def opd(item: Item, form: OpdForm) -> Opd:
    return Opd(item.opd_code("code", form.code), item.text("name", form.name), form.priority, form.site)


def device(item: Item, form: DeviceForm) -> Device:
    code = item.name("code", form.code)
    if not 0 <= form.cache_seconds <= 300:
        item.wrong("cache_seconds", f"{form.cache_seconds} must be 0 to 300 seconds (net-snmp keeps counters 3)")
    source = item.source("source", form.source) if form.source else code
    if form.kind not in KINDS:
        near = difflib.get_close_matches(form.kind, KINDS, n=1)
        mend = f'did you mean "{near[0]}"?' if near else f"known kinds: {', '.join(KINDS)}"
        item.wrong("kind", f"{form.kind!r} is no kind of device; {mend}")
    return Device(code, item.text("name", form.name), form.site, source, form.kind, form.cache_seconds)


def _measured(item: Item, form: LinkForm) -> None:
    """Check that a link names one interface, one simple queue, or two queue trees, and which counter is unduh."""
    names = {key: getattr(form, key) for key in ("interface", "queue", "queue_unduh", "queue_unggah")}
    given = {key for key, value in names.items() if value}
    if given not in ({"interface"}, {"queue"}, {"queue_unduh", "queue_unggah"}):
        said = "none" if not given else " and ".join(sorted(given))
        item.wrong(
            min(given, default="interface"),
            f"a link is measured at one interface, one queue (simple), or queue_unduh and queue_unggah (trees); "
            f"here: {said}",
        )
    for key in given:
        item.text(key, names[key])
    if given == {"interface"} and form.unduh is None:
        item.wrong("unduh", 'is required with interface: "receive" or "transmit", whichever is traffic to the OPD')
    if "queue_unduh" in given:
        if form.unduh is not None:
            item.wrong("unduh", "must not be set with queue_unduh and queue_unggah: a queue tree has one direction")
        if form.queue_unduh == form.queue_unggah:
            item.wrong("queue_unggah", "is queue_unduh again; a queue tree has one direction, so two are needed")


def link(item: Item, form: LinkForm) -> Link:
    _measured(item, form)
    if form.probe and not all(form.probe.partition("/")):
        item.wrong("probe", 'must be "DEVICE/TARGET": the device whose agent pings, and the name of its target')
    if form.same_as and form.role == "uplink":
        item.wrong("same_as", "must not be set on an uplink: only the lines of OPD are measured at both ends")
    if form.role == "wan" and not form.opd:
        item.wrong("opd", 'is required unless role = "uplink"')
    if form.role == "uplink" and form.opd:
        item.wrong("opd", "must not be set on an uplink: it carries the traffic of all OPD")
    active_from, active_to = item.time("active_from", form.active_from), item.until("active_to", form.active_to)
    if active_to is not None and active_to < active_from:
        item.wrong("active_to", "is before active_from")
    return Link(
        code=item.name("code", form.code),
        opd=form.opd,
        device=form.device,
        interface=form.interface,
        unduh=form.unduh or "transmit",  # a queue's "out" is traffic to its target, which is the OPD
        vantage=form.vantage,
        medium=item.text("medium", form.medium),
        owner=item.text("owner", form.owner),
        provider=item.text("provider", form.provider, empty=True),
        maintainer=form.maintainer,
        role=form.role,
        contract=form.contract or None,
        port_bps=None if form.port_mbps is None else item.rate("port_mbps", form.port_mbps),
        limited=form.limited,
        active_from=active_from,
        active_to=active_to,
        queue=form.queue,
        queue_unduh=form.queue_unduh,
        queue_unggah=form.queue_unggah,
        same_as=form.same_as or None,
        probe=item.text("probe", form.probe, empty=True),
    )


def contract(item: Item, form: ContractForm) -> Declared[Contract]:
    if form.cost_rupiah_month is not None and form.cost_rupiah_month < 0:
        item.wrong("cost_rupiah_month", "must not be negative")
    record = Contract(
        code=item.name("code", form.code),
        provider=item.text("provider", form.provider),
        number=item.text("number", form.number),
        down_bps=item.rate("down_mbps", form.down_mbps),
        up_bps=item.rate("up_mbps", form.up_mbps),
        cost_rupiah_month=form.cost_rupiah_month,
        valid_from=item.time("valid_from", form.valid_from),
        valid_to=item.until("valid_to", form.valid_to),
    )
    return Declared(record, item.revoked(form.revoked))


def allocation(item: Item, form: AllocationForm) -> Declared[Allocation]:
    record = Allocation(
        opd=form.opd,
        decision_number=item.text("number", form.number),
        decision_date=item.day("date", form.date),
        legal_basis=item.text("legal_basis", form.legal_basis),
        official=item.text("official", form.official),
        down_bps=item.rate("down_mbps", form.down_mbps),
        up_bps=item.rate("up_mbps", form.up_mbps),
        floor_down_bps=item.rate("floor_down_mbps", form.floor_down_mbps, least=0),
        floor_up_bps=item.rate("floor_up_mbps", form.floor_up_mbps, least=0),
        valid_from_ns=item.time("valid_from", form.valid_from),
        valid_to_ns=item.until("valid_to", form.valid_to),
        klass=form.priority,
    )
    if record.floor_down_bps > record.down_bps > 0:
        item.wrong("floor_down_mbps", "is more than the allocation down_mbps; a guaranteed minimum is part of it")
    if record.floor_up_bps > record.up_bps > 0:
        item.wrong("floor_up_mbps", "is more than the allocation up_mbps; a guaranteed minimum is part of it")
    return Declared(record, item.revoked(form.revoked))

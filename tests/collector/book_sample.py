"""A register with two OPD and a few links, and the people who act in it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from agent.clock import NS, WIB, ManualClock
from collector.register.book import Book, Record
from collector.register.document import reads
from collector.register.kinds import Context, Kind
from collector.register.people import Actor
from collector.register.revisions import Register

NOW = WIB.parse("2026-03-02T09:00:00")
DINKES = Actor("ani", frozenset(("opd",)), "DINKES")
DISDIK = Actor("budi", frozenset(("opd",)), "DISDIK")
OFFICIAL = Actor("citra", frozenset(("penetap",)))
NOC = Actor("dedi", frozenset(("noc",)))
AUDITOR = Actor("eka", frozenset(("auditor",)))
CHECKER = Actor("gita", frozenset(("pemeriksa",)))
EVERYTHING = Actor("fajar", frozenset(("noc", "penetap", "pemeriksa", "admin")))

_OPD = '[[opd]]\ncode = "{0}"\nname = "{0}"\npriority = "{1}"\nsite = "s"\n'
_LINK = (
    '[[link]]\ncode = "{0}"\nopd = "{1}"\ndevice = "r"\ninterface = "{2}"\nunduh = "receive"\nvantage = "opd"\n'
    'medium = "serat optik"\nowner = "Kabupaten"\nmaintainer = "WAN"\nport_mbps = 100\nactive_from = 2026-01-01\n'
)
INVENTORY = "".join(
    (
        '[[site]]\ncode = "s"\nname = "Kantor"\n',
        _OPD.format("DINKES", "tinggi"),
        _OPD.format("DISDIK", "sedang"),
        '[[device]]\ncode = "r"\nname = "Router"\nsite = "s"\n',
        _LINK.format("wan-dinkes", "DINKES", "e1"),
        _LINK.format("wan-dinkes-2", "DINKES", "e2"),
        _LINK.format("wan-disdik", "DISDIK", "e3"),
    )
)


def at(text: str) -> datetime:
    """Return a time of 2026, local to the region, such as ``03-02T10:00``."""
    return WIB.local(WIB.parse(f"2026-{text}"))


class Desk:
    """A register, and acts on it at a time that moves on by a minute with each."""

    def __init__(self, target: Path | str) -> None:
        self.now_ns = NOW
        self.register = Register(target, zone=WIB, clock=ManualClock(NOW))
        self.register.apply(reads(INVENTORY, source="test", zone=WIB), actor="t", now_ns=NOW)

    @property
    def book(self) -> Book:
        return self.register.book

    def at(self, text: str) -> Desk:
        """Let it be a time of 2026."""
        self.now_ns = WIB.parse(f"2026-{text}")
        return self

    def _context(self) -> Context:
        self.now_ns += 60 * NS
        return Context(self.register.inventory(), WIB, self.now_ns)

    def open(self, kind: Kind, form: Any, actor: Actor = NOC) -> Record:
        return self.book.open(kind, form, actor=actor, context=self._context())

    def move(
        self, kind: Kind, code: str, target: str, actor: Actor = NOC, /, *, form: Any = None, **values: Any
    ) -> Record:
        return self.book.move(kind, code, target, actor=actor, context=self._context(), values=values, form=form)

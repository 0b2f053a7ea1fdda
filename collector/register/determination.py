"""Penetapan: an official determines allocations, as a new revision of the inventory (LT Pasal 21 ayat (2)).

The system recommends, a person determines: only the role *penetap*. What was determined before is never rewritten; the
allocation that held until then ends where the new one begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from agent.clock import Zone
from collector.inventory import Allocation, Class, InventoryError
from collector.register import checks
from collector.register.book import Forbidden, Refused
from collector.register.changes import KINDS, Changes
from collector.register.document import Document
from collector.register.forms import MAX_TEXT
from collector.register.kinds import Context
from collector.register.people import Actor
from collector.register.records.priority import PRIORITY, in_force
from collector.register.revisions import Register
from collector.register.spans import Declared

ACTION: Final = "penetapan.ditetapkan"
MBIT = 1_000_000
MOST_MBPS = 9_999_999


@dataclass(frozen=True, slots=True)
class Determination:
    """The allocation of one OPD in whole Mbps, with the number and day of the paper that determines it.

    It holds from ``valid_from`` until a later one does, or until ``valid_to`` (exclusive).
    """

    opd: str
    number: str
    decided: date
    legal_basis: str
    official: str
    priority: Class
    down_mbps: int
    up_mbps: int
    valid_from: date
    floor_down_mbps: int = 0
    floor_up_mbps: int = 0
    valid_to: date | None = None

    def allocation(self, zone: Zone) -> Allocation:
        """Return it as the inventory holds it."""
        return Allocation(
            opd=self.opd,
            decision_number=self.number,
            decision_date=self.decided,
            legal_basis=self.legal_basis,
            official=self.official,
            down_bps=self.down_mbps * MBIT,
            up_bps=self.up_mbps * MBIT,
            floor_down_bps=self.floor_down_mbps * MBIT,
            floor_up_bps=self.floor_up_mbps * MBIT,
            valid_from_ns=zone.day_start(self.valid_from),
            valid_to_ns=None if self.valid_to is None else zone.day_start(self.valid_to),
            klass=self.priority,
        )


def problems(form: Determination, context: Context) -> Iterator[str]:
    """Say what is wrong with one."""
    if form.opd not in context.inventory.opd:
        yield f"OPD {form.opd!r} tidak terdaftar"
    for name in ("number", "legal_basis", "official"):
        text = getattr(form, name)
        if not text or text != text.strip() or not text.isprintable() or len(text) > MAX_TEXT:
            yield f"{form.opd}: {name} harus diisi, tanpa spasi di tepi, paling panjang {MAX_TEXT} karakter"
    for name in ("down_mbps", "up_mbps"):
        rate, floor = getattr(form, name), getattr(form, f"floor_{name}")
        if not 1 <= rate <= MOST_MBPS:
            yield f"{form.opd}: {name} harus bilangan bulat Mbps antara 1 dan {MOST_MBPS}"
        elif not 0 <= floor <= rate:
            yield f"{form.opd}: floor_{name} (jaminan minimum) harus antara 0 dan {name}"
    if form.decided > context.zone.day(context.now_ns):
        yield f"{form.opd}: tanggal penetapan tidak boleh sesudah hari ini"
    if not 2000 <= form.valid_from.year <= 2200:
        yield f"{form.opd}: valid_from harus antara tahun 2000 dan 2200"
    if form.valid_to is not None and not form.valid_from < form.valid_to:
        yield f"{form.opd}: valid_to harus sesudah valid_from"


def determine(register: Register, forms: Sequence[Determination], *, actor: Actor, context: Context) -> Changes:
    """Determine the allocations of one paper, all or none; Forbidden or Refused.

    What is registered already changes nothing. The audit record names the paper and the weights then in force.
    """
    numbers = ", ".join(sorted({form.number for form in forms}))
    if "penetap" not in actor.roles:
        reason = "penetapan memerlukan peran penetap"
        register.audit.refuse(actor=actor.name, action=ACTION, object=numbers, reason=reason, at_ns=context.now_ns)
        raise Forbidden(reason)
    wrong = [problem for form in forms for problem in problems(form, context)]
    if not forms:
        wrong.append("sebutkan sedikitnya satu penetapan")
    if wrong:
        raise Refused(*wrong)
    first = min(form.valid_from for form in forms)
    weights = in_force(register.book.current(PRIORITY), first).weights
    shown = ", ".join(f"{name} {weight}" for name, weight in weights.items())
    added = [Declared(form.allocation(context.zone)) for form in forms]
    try:
        return register.amend(
            lambda document: _with(document, added),
            actor=actor.name,
            now_ns=context.now_ns,
            action=ACTION,
            detail=f"{numbers}; bobot {shown}",
        )
    except InventoryError as error:
        raise Refused(*error.problems) from error


def _with(document: Document, added: Sequence[Declared[Allocation]]) -> Document:
    """Return the document with further allocations; InventoryError where it could not be read like that."""
    new = [item for item in added if item not in document.allocation]
    items = sorted((*document.allocation, *new), key=lambda item: checks.key(item))
    made = replace(document, allocation=tuple(items))
    rows = {kind: [checks.Row(kind, checks.key(item), item) for item in getattr(made, kind)] for kind in KINDS}
    wrong = tuple(f"{path}: {what}" for path, what in checks.problems(rows))
    if wrong:
        raise InventoryError(wrong)
    return made

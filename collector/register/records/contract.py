"""Jaminan layanan kontrak: what a provider promised, dated with its legal basis (Tanah Laut 25/2018 Pasal 32 (2) d).

The contract itself (capacity, price, time) stands in the inventory; this is what it says of service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from collector.register.book import Record
from collector.register.demands import filled
from collector.register.kinds import Context, Kind, Move
from collector.register.records.service_level import PERCENT

MOST_HOURS = 31 * 24
NUMBER = re.compile(r".{1,200}")


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """What holds from ``valid_from`` on for the contract of this code and number, until a later one does.

    ``availability_percent`` is of a month, such as "99.5" ("": not promised); hours are of the clock, None not
    promised; ``credit`` is what the provider owes for a breach, in words.
    """

    contract: str
    number: str
    valid_from: date
    legal_basis: str
    availability_percent: str = ""
    response_hours: int | None = None
    restore_hours: int | None = None
    credit: str = ""
    official: str = ""
    determined: datetime | None = None

    @property
    def availability(self) -> Fraction | None:
        """The availability promised, 1 = always."""
        return Fraction(self.availability_percent) / 100 if self.availability_percent else None


def problems(form: ContractTerms, context: Context) -> Iterator[str]:
    """Say what is wrong."""
    yield from filled(form, "legal_basis")
    known = [item for item in context.inventory.contracts if (item.code, item.number) == (form.contract, form.number)]
    if not known:
        yield f"tidak ada kontrak {form.contract!r} bernomor {form.number!r} dalam inventaris"
    if form.availability_percent and PERCENT.fullmatch(form.availability_percent) is None:
        yield "availability_percent harus persen seperti 99.5, di atas 0, paling banyak 100"
    hours = [item for item in (form.response_hours, form.restore_hours) if item is not None]
    if any(not 1 <= item <= MOST_HOURS for item in hours):
        yield f"response_hours dan restore_hours harus antara 1 dan {MOST_HOURS} jam"
    elif len(hours) == 2 and hours[0] > hours[1]:
        yield "response_hours tidak boleh melebihi restore_hours"
    if not (form.availability_percent or hours):
        yield "sedikitnya satu janji harus diisi: availability_percent, response_hours, atau restore_hours"


def in_force(records: Iterable[Record], contract: str, number: str, day: date) -> ContractTerms | None:
    """Return what a provider promised for a contract on a day; of several from one day, the last determined."""
    found = [
        item
        for item in records
        if item.state == "berlaku"
        and (item.form.contract, item.form.number) == (contract, number)
        and item.form.valid_from <= day
    ]
    last = max(found, key=lambda item: (item.form.valid_from, item.recorded_ns, item.code), default=None)
    return None if last is None else last.form


CONTRACT_TERMS: Final = Kind(
    name="jaminan-kontrak",
    title="jaminan layanan kontrak",
    prefix="JMN",
    form=ContractTerms,
    opens="diajukan",
    openers=frozenset(("noc", "pemeriksa")),
    moves=(
        Move("diajukan", "berlaku", frozenset(("penetap",)), another=True, by="official", when="determined"),
        Move("diajukan", "ditolak", frozenset(("penetap",)), another=True),
    ),
    readers=frozenset(("penetap", "auditor", "admin")),
    check=problems,
    at="valid_from",
    source="TL Pasal 32 ayat (2) huruf d, Pasal 9 ayat (3)",
)

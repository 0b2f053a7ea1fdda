"""Catatan perubahan: what was changed, by whom, why, and later with which effect (BU Pasal 36; SM Pasal 28)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from collector.register.demands import filled, not_later
from collector.register.kinds import Context, Kind, Move


@dataclass(frozen=True, slots=True)
class Change:
    """A change of ``object`` done at ``changed``, in words before and after; cost in rupiah and risk (TL Pasal 8 (2)).

    ``effect`` is filled in when it can be seen, usually in the month that follows.
    """

    subject: Literal["antrean", "tautan", "ambang", "prioritas", "alokasi", "perangkat", "lain"]
    object: str
    changed: datetime
    before: str
    after: str
    reason: str
    risk: str
    cost_rupiah: int = 0
    opd: str = ""
    recorder: str = ""
    effect: str = ""
    assessor: str = ""


def problems(form: Change, context: Context) -> Iterator[str]:
    """Say what is wrong."""
    yield from filled(form, "object", "before", "after", "reason", "risk")
    yield from not_later(form, context, "changed")
    if form.before.strip() == form.after.strip():
        yield "before dan after sama; tidak ada yang berubah"
    if form.cost_rupiah < 0:
        yield "biaya tidak boleh negatif"
    if context.state == "dinilai":
        yield from filled(form, "effect")


CHANGE: Final = Kind(
    name="perubahan",
    title="catatan perubahan",
    prefix="PRB",
    form=Change,
    opens="dicatat",
    openers=frozenset(("noc", "admin", "penetap")),
    moves=(Move("dicatat", "dinilai", frozenset(("noc", "pemeriksa", "penetap")), sets=("effect",), by="assessor"),),
    readers=frozenset(("opd", "pemeriksa", "auditor")),
    check=problems,
    opd="opd",
    at="changed",
    by="recorder",
    source="BU Pasal 36; SM Pasal 28; TL Pasal 8 ayat (2)",
)

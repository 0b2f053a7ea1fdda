"""Rekomendasi dan tindak lanjut: who does what by when, and what shows it (SM Pasal 14 ayat (5), 15 ayat (7))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from agent.clock import Zone
from collector.register.book import Record
from collector.register.demands import a_month, filled
from collector.register.kinds import Context, Kind, Move, Reference
from collector.register.people import Role

OPEN: Final = ("terbuka", "dikerjakan")


@dataclass(frozen=True, slots=True)
class Followup:
    """A recommendation of the evaluation of ``month`` (YYYY-MM), its owner and due day; ``opd`` where an OPD owns it.

    ``report`` is the number of the report's version in the register, once it stands there.
    """

    month: str
    text: str
    owner: str
    due: date
    opd: str = ""
    report: str = ""
    result: str = ""
    evidence: str = ""
    accepted_by: str = ""


def problems(form: Followup, context: Context) -> Iterator[str]:
    """Say what is wrong."""
    yield from filled(form, "text", "owner")
    yield from a_month(form.month)
    if context.state == "selesai":
        yield from filled(form, "result", "evidence")


def overdue(record: Record, *, zone: Zone, now_ns: int) -> bool:
    """Tell whether it is open after the end of its due day."""
    due: date = record.form.due
    return record.state in OPEN and zone.day(now_ns) > due


DOERS: Final[frozenset[Role]] = frozenset(("noc", "opd"))
CHECKERS: Final[frozenset[Role]] = frozenset(("pemeriksa", "penetap"))
FOLLOWUP: Final = Kind(
    name="tindak-lanjut",
    title="rekomendasi dan tindak lanjut",
    prefix="TLJ",
    form=Followup,
    opens="terbuka",
    openers=frozenset(("noc", "pemeriksa", "penetap")),
    moves=(
        Move("terbuka", "dikerjakan", DOERS),
        Move("dikerjakan", "selesai", DOERS, sets=("result", "evidence")),
        Move("selesai", "diterima", CHECKERS, another=True, by="accepted_by"),
        Move("selesai", "dikerjakan", CHECKERS),
        Move("terbuka", "dibatalkan", frozenset(("penetap",))),
        Move("dikerjakan", "dibatalkan", frozenset(("penetap",))),
    ),
    readers=frozenset(("opd", "auditor", "admin")),
    check=problems,
    opd="opd",
    at="month",
    refers=(Reference("report", "laporan", ("draf", "diperiksa", "disahkan", "disampaikan"), same=("month",)),),
    source="SM Pasal 14 ayat (5), 15 ayat (7), 21 ayat (5)",
)

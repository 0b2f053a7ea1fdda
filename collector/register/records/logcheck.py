"""Pemeriksaan log bulanan: what the logs of a month held, who looked, and who signed (TL Pasal 14 angka 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agent.clock import DAY_S, NS, Month, Zone
from collector.register.book import Record
from collector.register.content import utc_ns
from collector.register.demands import a_month, filled
from collector.register.kinds import Context, Kind, Move
from collector.register.people import Role

DUE_DAYS = 10
"""How many days after a month's end its check must be signed, unless the office says otherwise."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time for which a source has no records, and why (``reason`` "": not known)."""

    starts: datetime
    ends: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One log: how many events of each severity (None: not counted), and where it has gaps."""

    name: str
    critical: int | None = None
    error: int | None = None
    warning: int | None = None
    notice: int | None = None
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class LogCheck:
    """The check of one month (YYYY-MM); what was found and what is to follow, in words."""

    month: str
    sources: tuple[Source, ...]
    findings: str
    follow_up: str
    reviewer: str = ""
    reviewed: datetime | None = None
    signer: str = ""
    signed: datetime | None = None


def problems(form: LogCheck, context: Context) -> Iterator[str]:
    """Say what is wrong; a month can be checked when it is over."""
    yield from filled(form, "findings", "follow_up")
    wrong = list(a_month(form.month))
    yield from wrong
    if not wrong and context.now_ns < Month.parse(form.month).end_ns(context.zone):
        yield f"bulan {form.month} belum berakhir"
    names = [source.name.strip() for source in form.sources]
    if not names or "" in names or len(set(names)) < len(names):
        yield "sebutkan sedikitnya satu sumber log, masing-masing dengan nama sendiri"
    for source in form.sources:
        counts = (source.critical, source.error, source.warning, source.notice)
        if any(count is not None and count < 0 for count in counts):
            yield f"sumber {source.name}: jumlah tidak boleh negatif"
        if any(gap.starts >= gap.ends for gap in source.gaps):
            yield f"sumber {source.name}: akhir celah harus sesudah awalnya"
        if not wrong:
            yield from _outside(source, Month.parse(form.month), context.zone)


def _outside(source: Source, month: Month, zone: Zone) -> Iterator[str]:
    start, end = month.start_ns(zone), month.end_ns(zone)
    if any(utc_ns(gap.starts) < start or utc_ns(gap.ends) > end for gap in source.gaps):
        yield f"sumber {source.name}: celah harus berada dalam bulan {month}"


def overdue(records: Iterable[Record], month: Month, *, zone: Zone, now_ns: int, due_days: int = DUE_DAYS) -> bool:
    """Tell whether a month's check is not signed though it is due."""
    signed = any(item.state == "disahkan" and item.form.month == str(month) for item in records)
    return not signed and now_ns >= month.end_ns(zone) + due_days * DAY_S * NS


CHECKERS: Final[frozenset[Role]] = frozenset(("pemeriksa", "penetap"))
LOGCHECK: Final = Kind(
    name="pemeriksaan-log",
    title="pemeriksaan log bulanan",
    prefix="LOG",
    form=LogCheck,
    opens="diperiksa",
    openers=frozenset(("noc",)),
    moves=(
        Move("diperiksa", "disahkan", CHECKERS, another=True, by="signer", when="signed"),
        Move("diperiksa", "dikembalikan", CHECKERS),
        Move("dikembalikan", "diperiksa", frozenset(("noc",)), whole=True, by="reviewer", when="reviewed"),
    ),
    readers=frozenset(("pemeriksa", "penetap", "auditor", "admin")),
    check=problems,
    at="month",
    by="reviewer",
    when="reviewed",
    unique=("month",),
    source="TL Pasal 14 angka 2",
)

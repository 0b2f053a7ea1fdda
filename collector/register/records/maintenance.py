"""Pemeliharaan terencana: announced beforehand, so that it does not count against the net availability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agent.clock import NS
from collector.inventory import Inventory
from collector.measure.intervals import Intervals
from collector.register.book import Record
from collector.register.content import utc_ns
from collector.register.demands import filled, in_order, known_links, not_later
from collector.register.kinds import Context, Kind, Move

NOTICE_HOURS = 24
"""How long before its start work must be announced to count as planned, unless the office says otherwise."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work on ``links`` and on every link of ``opds``, planned from ``starts`` to ``ends``.

    ``announced`` is when it was put on record here; another time is another record.
    """

    title: str
    reason: str
    starts: datetime
    ends: datetime
    links: tuple[str, ...] = ()
    opds: tuple[str, ...] = ()
    announcer: str = ""
    announced: datetime | None = None
    ended: datetime | None = None
    result: str = ""


def problems(form: Maintenance, context: Context) -> Iterator[str]:
    """Say what is wrong."""
    yield from filled(form, "title", "reason")
    if not form.links and not form.opds:
        yield "sebutkan sedikitnya satu tautan (links) atau Perangkat Daerah (opds)"
    yield from known_links(form.links, "", context)
    for code in form.opds:
        if code not in context.inventory.opd:
            yield f"OPD {code!r} tidak terdaftar"
    if form.starts >= form.ends:
        yield "ends harus sesudah starts"
    yield from not_later(form, context, "ended")
    yield from in_order(form, "starts", "ended")
    if context.state == "selesai":
        yield from filled(form, "result")
        if form.ended is None:
            yield "ended (saat selesai) harus diisi"


def planned_time(record: Record, *, notice_hours: int = NOTICE_HOURS) -> Intervals:
    """Return P of one record (UTC ns): as announced, to its end if that came earlier; nothing if announced too late.

    Work that was called off, and what it takes beyond the announced end, is not planned.
    """
    form: Maintenance = record.form
    if form.announced is None or record.state == "dibatalkan":
        return Intervals()
    start_ns, end_ns = utc_ns(form.starts), utc_ns(form.ends)
    if start_ns - utc_ns(form.announced) < notice_hours * 3600 * NS:
        return Intervals()
    return Intervals.of([(start_ns, min(end_ns, utc_ns(form.ended)) if form.ended else end_ns)])


def under_way(record: Record) -> Intervals:
    """Return when (UTC ns) the work goes on as it was told: from its start, or from when it was told, to its end."""
    form: Maintenance = record.form
    if form.announced is None or record.state == "dibatalkan":
        return Intervals()
    start_ns, end_ns = max(utc_ns(form.starts), utc_ns(form.announced)), utc_ns(form.ends)
    return Intervals.of([(start_ns, min(end_ns, utc_ns(form.ended)) if form.ended else end_ns)])


def concerns(form: Maintenance, link: str, inventory: Inventory) -> bool:
    """Tell whether work is on a link."""
    return link in form.links or any(item.code == link for opd in form.opds for item in inventory.links_of(opd))


MAINTENANCE: Final = Kind(
    name="pemeliharaan",
    title="pemeliharaan terencana",
    prefix="PML",
    form=Maintenance,
    opens="diumumkan",
    openers=frozenset(("noc",)),
    moves=(
        Move("diumumkan", "selesai", frozenset(("noc",)), sets=("ended", "result")),
        Move("diumumkan", "dibatalkan", frozenset(("noc",))),
    ),
    readers=frozenset(("pemeriksa", "penetap", "auditor", "admin")),
    check=problems,
    at="starts",
    by="announcer",
    when="announced",
    source="TL Pasal 10; spec/evaluation.md Ketersediaan",
)

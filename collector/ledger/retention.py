"""Retention: how far the journal may forget, and which chunks are too old to keep.

Envelopes stay until every month they touch has its report, for some days at least, and until every reading of
theirs stands in a sealed chunk. The journal forgets from its beginning only, so the first that must stay ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from agent.clock import DAY_S, NS, Month
from collector.ledger.archive import Archive
from collector.ledger.journal import CLOCK_UNSURE, Journal, Row
from collector.ledger.seal import sealed_upto

KEEP_DAYS = 35
KEEP_CHUNK_YEARS = 5


def forgettable(
    journal: Journal, archive: Archive, *, now_ns: int, is_issued: Callable[[Month], bool], keep_days: int = KEEP_DAYS
) -> int:
    """Return the newest id up to which ``Journal.forget`` may go (0: nowhere).

    ``is_issued`` tells whether a month's report is issued (*disahkan*).
    """
    before_ns = now_ns - keep_days * DAY_S * NS
    upto = 0
    for row in journal.rows(upto_id=sealed_upto(journal, archive)):
        if row.received_ns >= before_ns or not all(map(is_issued, _months(journal, row))):
            break
        upto = row.id
    return upto


def _months(journal: Journal, row: Row) -> list[Month]:
    """Return the months a row touches; one of unsure time counts to the month in which it was received."""
    times = (row.received_ns, row.received_ns) if row.flags & CLOCK_UNSURE else (row.first_ns, row.last_ns)
    month, last = (Month.of(journal.zone.day(time_ns)) for time_ns in times)
    months = [month]
    while months[-1] < last:
        months.append(months[-1].shifted(1))
    return months


def forget_chunks(archive: Archive, *, today: date, years: int = KEEP_CHUNK_YEARS) -> int:
    """Delete the chunks of days more than ``years`` calendar years ago; return how many."""
    # 29 February has its anniversary a day later where the year has none.
    before = date(today.year - years, today.month, 1) + timedelta(days=today.day - 1)
    return archive.forget(before)

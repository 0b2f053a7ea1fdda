"""Sealing: the readings of closed days become chunks, and a root hash over them enters the journal's chain.

The order makes a broken run heal at the next one: chunks are written first (unread without a seal), then the
seal is recorded with its root, then the root goes into the chain, then the record says so. What arrives for a
sealed day becomes a further part at the next sealing; no part is ever rewritten.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from collector.ledger.archive import Archive, Chunk, SealRecord
from collector.ledger.chunks import Place, encode
from collector.ledger.columns import Columns, Series, joined
from collector.ledger.journal import Journal
from collector.ledger.lines import columns_of

log = logging.getLogger(__name__)

_DAY = timedelta(days=1)


def root_of(seal: SealRecord, digests: Iterable[bytes]) -> bytes:
    """Return the root of one part of a day: SHA-256 over what it covers and the sorted hashes of its chunks."""
    span = f"nadi-seal-1\n{seal.journal}\n{seal.day.isoformat()}/{seal.part}\n{seal.after_id}-{seal.upto_id}\n"
    return hashlib.sha256(span.encode() + b"".join(sorted(digests))).digest()


def seal(journal: Journal, archive: Archive, *, today: date) -> list[SealRecord]:
    """Seal what the journal holds of closed days and no seal covers yet; return the new seals.

    A day is closed when it is over. A day that is yet to come (a clock was wrong) is closed too, for nothing more
    is expected of it; only today and tomorrow, into which clocks may run ahead, are left open.
    """
    _finish(journal, archive)
    low, upto_id = sealed_upto(journal, archive), journal.length()
    devices: defaultdict[date, set[str]] = defaultdict(set)
    for device, day in journal.days_after(low):
        devices[day].add(device)
    for device, day, _ in _unsure_days(journal, low, upto_id):
        devices[day].add(device)
    done = []
    for day in sorted(day for day in devices if not today <= day <= today + _DAY):
        record = _next_part(journal, archive, day, upto_id)
        sealed = _seal_part(journal, archive, record, devices[day])
        if sealed is not None:
            done.append(sealed)
    archive.set_meta("low", f"{journal.id} {_low(journal, low, upto_id, today)}")
    return done


def sealed_upto(journal: Journal, archive: Archive) -> int:
    """Return the journal id up to which every reading stands in a sealed chunk (retention must stop there)."""
    owner, _, low = (archive.meta("low") or "").partition(" ")
    return int(low) if owner == journal.id else 0


def _finish(journal: Journal, archive: Archive) -> None:
    """Bring seals into the chain which a broken run recorded only; the chain knows those it has already."""
    for record in archive.seals():
        if record.journal == journal.id and not record.chained:
            journal.seal(record.day, record.part, record.root)
            archive.record(replace(record, chained=True))


def _next_part(journal: Journal, archive: Archive, day: date, upto_id: int) -> SealRecord:
    before = archive.seals(day=day)
    after_id = max((record.upto_id for record in before if record.journal == journal.id), default=0)
    part = max((record.part for record in before), default=-1) + 1
    return SealRecord(day, part, journal.id, after_id, upto_id, b"", chained=False)


def _seal_part(journal: Journal, archive: Archive, record: SealRecord, devices: Iterable[str]) -> SealRecord | None:
    """Write and seal one part; None when there is nothing to seal."""
    if record.after_id >= record.upto_id:
        return None
    archive.drop_unsealed(record.day, record.part)
    digests: list[bytes] = []
    for device in sorted(devices):
        chunks = chunks_of(journal, record, device)
        if chunks:
            archive.put(chunks)
            digests.extend(chunk.sha256 for chunk in chunks)
    if not digests:
        return None
    sealed = replace(record, root=root_of(record, digests))
    archive.record(sealed)
    journal.seal(sealed.day, sealed.part, sealed.root)
    archive.record(replace(sealed, chained=True))
    log.info("sealed %s part %d: %d chunks", sealed.day, sealed.part, len(digests))
    return sealed


def chunks_of(journal: Journal, record: SealRecord, device: str) -> list[Chunk]:
    """Make the chunks of a device for one part of a day from the journal.

    Readings of unsure time have no day of their own; they are kept with the day on which they were received.
    """
    zone = journal.zone
    start_ns, end_ns = zone.day_start(record.day), zone.day_start(record.day + _DAY)
    rows = journal.rows(
        device=device, start_ns=start_ns, end_ns=end_ns, after_id=record.after_id, upto_id=record.upto_id
    )
    tables: defaultdict[Series, list[Columns]] = defaultdict(list)
    for series, columns in columns_of(rows).items():
        time = columns.corrected_ns
        inside = (time >= start_ns) & (time < end_ns)
        if inside.any():
            tables[series].append(columns if inside.all() else columns.take(inside))
    unsure = journal.unsure(device=device, after_id=record.after_id, upto_id=record.upto_id)
    received = (row for row in unsure if zone.day(row.received_ns) == record.day)
    for series, columns in columns_of(received).items():
        tables[series].append(columns)
    return [_chunk(Place(series, record.day, record.part), parts) for series, parts in tables.items()]


def _chunk(place: Place, parts: Sequence[Columns]) -> Chunk:
    columns = joined(parts).ordered()
    return Chunk(place, columns.digest(), encode(columns, place))


def _unsure_days(journal: Journal, after_id: int, upto_id: int) -> Iterator[tuple[str, date, int]]:
    """Yield device, day of receipt and id of the rows of unsure time."""
    for row in journal.unsure(after_id=after_id, upto_id=upto_id):
        yield row.device, journal.zone.day(row.received_ns), row.id


def _low(journal: Journal, low: int, upto_id: int, today: date) -> int:
    """Return the id up to which all is sealed: the one before the first row that touches an open day."""
    start_ns, end_ns = journal.zone.day_start(today), journal.zone.day_start(today + 2 * _DAY)
    rows = journal.rows(start_ns=start_ns, end_ns=end_ns, after_id=low, upto_id=upto_id)
    first = next((row.id for row in rows), upto_id + 1)
    unsure = (id for _, day, id in _unsure_days(journal, low, upto_id) if today <= day <= today + _DAY)
    return min(first, next(unsure, upto_id + 1)) - 1

"""Make every derived thing again: chunks from the journal where it still has their rows, and all stored bins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from collector.inventory import Link
from collector.ledger.archive import Archive, Chunk, SealRecord
from collector.ledger.binstore import BinStore, runs_of
from collector.ledger.journal import Journal
from collector.ledger.seal import chunks_of, root_of

_SPAN_DAYS = 31


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How much was made again. ``kept``: sealed parts whose rows the journal no longer has (or has otherwise)."""

    chunks: int
    kept: tuple[SealRecord, ...]
    link_days: int


def rebuild(
    journal: Journal,
    archive: Archive,
    *,
    bins: BinStore,
    links: Iterable[Link],
    progress: Callable[[str], None] | None = None,
) -> Rebuilt:
    """Throw stored bins away, write chunks again from the journal, and make the bins of ``links`` again.

    A chunk is written again only if its readings have the hash that was sealed: this mends what was damaged or
    lost and changes nothing else. Raises ChunkDamaged for a damaged chunk which the journal cannot mend.
    """
    tell = progress or (lambda _: None)
    archive.drop_bins()
    chunks, kept = 0, []
    for record in archive.seals():
        tell(f"chunks of {record.day} part {record.part}")
        made = _mend(journal, archive, record) if record.journal == journal.id else 0
        chunks += made
        if not made:
            kept.append(record)
    link_days = 0
    for link in links:
        tell(f"bins of {link.code}")
        days = sorted({*journal.days(link.device), *archive.days(link.device)})
        for at in range(0, len(days), _SPAN_DAYS):
            for day_run in runs_of(days[at : at + _SPAN_DAYS]):
                bins.link_span(link, day_run)
                link_days += len(day_run)
    return Rebuilt(chunks, tuple(kept), link_days)


def _mend(journal: Journal, archive: Archive, record: SealRecord) -> int:
    """Write the chunks of one sealed part again; return how many, 0 when the journal lacks rows of it."""
    known = set(archive.digests(record.day, record.part))
    digests: list[bytes] = []
    lost: list[Chunk] = []
    for device in journal.devices():
        made = chunks_of(journal, record, device)
        digests.extend(chunk.sha256 for chunk in made)
        archive.put([chunk for chunk in made if chunk.sha256 in known])
        lost.extend(chunk for chunk in made if chunk.sha256 not in known)
    if root_of(record, digests) != record.root:
        return 0
    archive.put(lost)
    return len(digests)

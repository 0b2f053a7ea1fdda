"""The integrity of a data folder: journal, chunks, seals and chain, each against the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from collector.ledger.archive import Archive, ArchiveError, Chunk, SealRecord
from collector.ledger.binstore import BinsDamaged, require_whole
from collector.ledger.chunks import ChunkDamaged, decode
from collector.ledger.journal import Journal, JournalError, Seal
from collector.ledger.seal import root_of

Part = tuple[date, int]


@dataclass(frozen=True, slots=True)
class Problem:
    """Where something is wrong, and what, with the mend."""

    where: str
    what: str


def check(journal: Journal, archive: Archive, *, progress: Callable[[str], None] | None = None) -> list[Problem]:
    """Return all that is wrong; nothing is changed. ``progress`` is told what is being looked at."""
    tell = progress or (lambda _: None)
    found: list[Problem] = []
    tell(f"journal: {journal.path}")
    found.extend(Problem(f"{journal.path}, entry {fault.id}", fault.what) for fault in journal.verify())
    for part in (_structure, _sealed_days, _stored_bins):
        try:
            found.extend(part(journal, archive, tell))
        except (ArchiveError, JournalError, ValueError) as error:
            found.append(Problem(str(archive.path), str(error)))
    return found


def _structure(_: Journal, archive: Archive, tell: Callable[[str], None]) -> Iterator[Problem]:
    tell(f"archive: {archive.path}")
    for fault in archive.structure_faults():
        yield Problem(str(archive.path), f"SQLite says: {fault}; restore the file from its backup")


def _sealed_days(journal: Journal, archive: Archive, tell: Callable[[str], None]) -> Iterator[Problem]:
    seals = {(seal.day, seal.part): seal for seal in archive.seals()}
    digests: defaultdict[Part, list[bytes]] = defaultdict(list)
    day: date | None = None
    for chunk in archive.chunks():
        if chunk.place.day != day:
            day = chunk.place.day
            tell(f"chunks of {day}")
        where = (chunk.place.day, chunk.place.part)
        digests[where].append(chunk.sha256)
        # A sealing that was broken off leaves chunks without a seal; nobody reads them.
        if where in seals:
            yield from _chunk(archive, chunk)
    forgotten = date.fromisoformat(archive.meta("forgotten_before") or "0001-01-01")
    yield from _seals(archive, {k: s for k, s in seals.items() if s.day >= forgotten}, digests)
    yield from _chain(journal, archive, seals)


def _chunk(archive: Archive, chunk: Chunk) -> Iterator[Problem]:
    where = f"{archive.path}, {chunk.place}"
    try:
        digest = decode([(chunk.place, chunk.blob)]).digest()
    except ChunkDamaged as error:
        yield Problem(where, f"{error}; run: nadi rebuild, or restore the file from its backup")
        return
    if digest != chunk.sha256:
        yield Problem(where, "its readings are not those whose hash stands beside it; restore it from the backup")


def _seals(archive: Archive, seals: dict[Part, SealRecord], digests: dict[Part, list[bytes]]) -> Iterator[Problem]:
    for where, seal in seals.items():
        if root_of(seal, digests.get(where, [])) != seal.root:
            yield Problem(
                f"{archive.path}, seal of {seal.day} part {seal.part}",
                "its root does not fit the day's chunks: one was added, removed or exchanged; restore from the backup",
            )


def _chain(journal: Journal, archive: Archive, seals: dict[Part, SealRecord]) -> Iterator[Problem]:
    """Compare the recorded seals with those of the journal's chain, both ways."""
    chained: dict[Part, Seal] = {(seal.day, seal.part): seal for seal in journal.seals()}
    for where, seal in seals.items():
        if seal.journal != journal.id or not seal.chained:
            continue
        place = f"{archive.path}, seal of {seal.day} part {seal.part}"
        if where not in chained:
            yield Problem(place, "the journal's chain does not know it")
        elif chained[where].root != seal.root:
            yield Problem(place, f"the journal's chain has another root (entry {chained[where].id})")
    for where, known in chained.items():
        if where not in seals:
            yield Problem(
                f"{journal.path}, entry {known.id}",
                f"the chain has a seal of {known.day} part {known.part}, but {archive.path.name} does not",
            )


def _stored_bins(_: Journal, archive: Archive, tell: Callable[[str], None]) -> Iterator[Problem]:
    tell("stored bins")
    for row in archive.all_bins():
        try:
            require_whole(row)
        except BinsDamaged as error:
            yield Problem(str(archive.path), f"{error}; they are made again when they are next asked for")

"""Make a backup of a data folder while its collector runs.

Each database is copied from one read transaction of its own (SQLite's online backup), so writers go on meanwhile and a
copy is never torn. The transactions begin in the order of what needs what: chunks and bins before the journal, which
then knows every entry they were made from; the register after it; the files that the register names last.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from agent.disk import Disk
from agent.disk import replace as put
from collector.config import ARCHIVE, JOURNAL, REGISTER
from collector.folder import VERSION, Folder, Impossible
from collector.ledger import lives, tables
from collector.ledger.chain import Chain
from collector.register.audit import Head
from collector.safekeeping import note
from collector.safekeeping.form import (
    CONFIG,
    DATA,
    MANIFEST,
    PART,
    SIGNATURE,
    Backup,
    Manifest,
    Piece,
    copy,
    digest,
    folders,
    held,
    load,
    name_of,
    new_file,
    new_folder,
    signature,
    sync_folders,
)

ACTION = "backup.made"
KEEP = 14
_PAGES = 4096
_TRIES = 20
_TRY_S = 0.25

Tell = Callable[[str], None]
Open = Mapping[str, sqlite3.Connection]


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made: its octets, and how many of its files it shares with the one before."""

    backup: Backup
    octets: int
    shared: int


def make(
    folder: Folder, place: Path, *, configuration: Sequence[Path], actor: str, keep: int = KEEP, tell: Tell
) -> Made:
    """Make a backup in ``place``, and keep the newest ``keep`` of them; Impossible, OSError: then none was made."""
    data = folder.settings.data.resolve()
    if place.resolve().is_relative_to(data):
        raise Impossible(f"{place}: lies in the data folder itself; name a folder on another disk")
    new_folder(place)
    with held(place):
        for left in place.glob(f"{PART}*"):
            shutil.rmtree(left)
        made = _make(folder, place, configuration, tell)
        for old in folders(place)[:-keep]:
            _remove(old)
        note.write(data, made_ns=made.backup.manifest.made_ns)
    now_ns = folder.clock.now().wall_ns
    detail = f"journal {made.backup.manifest.length}, {made.octets} octets"
    name = made.backup.folder.name
    folder.register.audit.record(actor=actor, action=ACTION, object=name, at_ns=now_ns, detail=detail)
    return made


def _make(folder: Folder, place: Path, configuration: Sequence[Path], tell: Tell) -> Made:
    names = _databases(folder)
    _check_room(folder.settings.data, names, place)
    made_ns = folder.clock.now().wall_ns
    before = _pieces_before(place)
    name = _free_name(place, name_of(made_ns))
    part = place / f"{PART}{name}"
    new_folder(part / DATA)
    try:
        manifest = _databases_to(part, folder, names, made_ns, tell)
        files, shared = _files_to(part, _others(folder.settings.data), configuration, before)
        manifest = replace(manifest, pieces=(*manifest.pieces, *files))
        data = manifest.to_bytes()
        put(Disk(), part / SIGNATURE, signature(data, folder.key))
        put(Disk(), part / MANIFEST, data)
        sync_folders(part)
        part.rename(place / name)
        sync_folders(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)  # there only when it could not be finished
    return Made(Backup(place / name, manifest), sum(piece.size for piece in manifest.pieces), shared)


def _pieces_before(place: Path) -> dict[str, tuple[Path, Piece]]:
    """Return the newest backup's files by name; none where it cannot be read: then nothing is shared with it."""
    try:
        return {piece.name: (path, piece) for path in folders(place)[-1:] for piece in load(path).manifest.pieces}
    except Impossible:
        return {}


def _databases(folder: Folder) -> list[str]:
    """Return the databases in the order in which their transactions begin."""
    there = {path.name for path in folder.settings.data.glob("*.db")}
    if folder.settings.register.url:
        there.discard(REGISTER)
    last = [name for name in (JOURNAL, REGISTER) if name in there]
    return [ARCHIVE, *sorted(there - {ARCHIVE, *last}), *last]


def _check_room(data: Path, names: Iterable[str], place: Path) -> None:
    needed = sum((data / name).stat().st_size for name in names)
    free = shutil.disk_usage(place).free
    if free < needed:
        raise Impossible(f"{place}: {free >> 20} MiB free, {(needed >> 20) + 1} MiB needed; make room or lower --keep")


def _free_name(place: Path, name: str) -> str:
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(free for free in names if not (place / free).exists())


def _databases_to(part: Path, folder: Folder, names: Sequence[str], made_ns: int, tell: Tell) -> Manifest:
    data = folder.settings.data
    with ExitStack() as stack, tables.translated(data):
        opened = _agreeing(stack, data, names, journal_id=folder.journal.id, tell=tell)
        chain, meta = Chain(opened[JOURNAL]), dict(opened[JOURNAL].execute("SELECT name, value FROM meta"))
        audit = _audit_head(opened.get(REGISTER))
        pieces = []
        for name in names:
            tell(f"copying {data / name}")
            pieces.append(_copy(opened[name], part / DATA / name))
    return Manifest(
        made_ns=made_ns,
        code_version=VERSION,
        region=folder.settings.region,
        zone=folder.zone.name,
        label=folder.journal.label,
        journal_id=folder.journal.id,
        receipt_id=lives.named(meta),
        length=chain.length,
        head=chain.head.hex(),
        register="postgresql" if folder.settings.register.url else "sqlite",
        audit_seq=audit.seq,
        audit_hash=audit.hash,
        public_key=folder.key.public.hex(),
        pieces=tuple(pieces),
    )


def _agreeing(stack: ExitStack, data: Path, names: Sequence[str], *, journal_id: str, tell: Tell) -> Open:
    """Open the databases, each in a read transaction; no seal of the chain is missing among the chunks then.

    A day that is sealed between two of the beginnings makes them disagree for a moment. A seal that stays away is
    damage, and of what is left a backup is worth having.
    """
    for trial in range(1, _TRIES + 1):
        attempt = ExitStack()
        opened = {name: attempt.enter_context(closing(_begun(data / name))) for name in names}
        agree = _chained(opened[JOURNAL]) <= _recorded(opened[ARCHIVE], journal_id)
        if agree or trial == _TRIES:
            break
        attempt.close()
        time.sleep(_TRY_S)
    if not agree:
        tell(f"{data / ARCHIVE}: lacks seals that stand in {JOURNAL}; run: nadi check")
    stack.push(attempt)
    return opened


def _begun(path: Path) -> sqlite3.Connection:
    db = tables.connect(path, writer=False)
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only a read begins the transaction
    return db


def _chained(journal: sqlite3.Connection) -> set[bytes]:
    """Return the roots of the seals in the chain."""
    sql = "SELECT sha256 FROM entry WHERE key LIKE 'seal/%'"
    return {bytes(root) for (root,) in journal.execute(sql)}


def _recorded(archive: sqlite3.Connection, journal_id: str) -> set[bytes]:
    sql = "SELECT CAST(root AS BLOB) FROM seal WHERE journal = ?"
    return {bytes(root) for (root,) in archive.execute(sql, (journal_id,))}


def _audit_head(register: sqlite3.Connection | None) -> Head:
    if register is None:
        return Head(0, "")
    found = register.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(int(found[0]), str(found[1])) if found else Head(0, "")


def _copy(source: sqlite3.Connection, to: Path) -> Piece:
    os.close(new_file(to))
    with tables.translated(to), closing(sqlite3.connect(to)) as target:
        target.execute("PRAGMA synchronous=OFF")  # it counts only when all is there and synced below
        source.backup(target, pages=_PAGES)
    with to.open("rb") as file:
        os.fsync(file.fileno())
    return Piece(f"{DATA}/{to.name}", to.stat().st_size, digest(to))


def _others(data: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file that is no database, with its name in the backup; half-written ones are left out."""
    for top, directories, names in os.walk(data):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        here = Path(top)
        for name in [*directories, *sorted(names)]:
            path = here / name
            mode = path.lstat().st_mode if path.exists() or path.is_symlink() else 0
            if stat.S_ISLNK(mode):
                raise Impossible(f"{path}: is a symbolic link, which no backup follows; put the folder itself here")
            if stat.S_ISREG(mode) and not _left_out(path, top=here == data):
                yield path, f"{DATA}/{path.relative_to(data).as_posix()}"


def _left_out(path: Path, *, top: bool) -> bool:
    half = path.name.startswith(".") or path.name.endswith((".part", ".new"))
    return half or (top and (path.name == "lock" or path.name.endswith((".db", ".db-wal", ".db-shm"))))


def _files_to(
    part: Path,
    files: Iterable[tuple[Path, str]],
    configuration: Iterable[Path],
    before: Mapping[str, tuple[Path, Piece]],
) -> tuple[list[Piece], int]:
    """Copy files; what the backup before holds unchanged (and whole) is shared with it by a hard link."""
    pieces, shared = [], 0
    for source, name in (*files, *((path, f"{CONFIG}/{path.name}") for path in configuration)):
        to = part / name
        new_folder(to.parent)
        try:
            piece = replace(copy(source, to), name=name)
        except FileNotFoundError:
            continue  # it was there a moment ago: taken away since, it is no part of the folder
        pieces.append(piece)
        shared += _share(to, piece, before.get(name))
    return pieces, shared


def _share(to: Path, piece: Piece, before: tuple[Path, Piece] | None) -> bool:
    if before is None or before[1] != piece:
        return False
    other = before[0] / piece.name
    if not other.is_file() or digest(other) != piece.sha256:
        return False
    beside = to.with_name(f".{to.name}.link")
    try:
        os.link(other, beside)
    except OSError:
        return False  # a file system without hard links: the copy stays
    beside.rename(to)
    return True


def _remove(old: Path) -> None:
    """Take the name away first, so that nobody ever sees half a backup."""
    leaving = old.with_name(f"{PART}{old.name}")
    old.rename(leaving)
    shutil.rmtree(leaving)

"""The journal's tables in SQLite: schema, connections, errors, and rows to and from columns.

Two indexes only, for each touched page is written to disk again at every commit: ``(agent, run, seq)`` finds a
repeated batch, ``entry_day (device, day, id)`` finds a device's entries of a local day and their newest id.
Names are stored once; a header that is the canonical JSON of its columns (every honest one) is not stored at all.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.clock import DAY_S, NS, Zone
from collector.ledger import quarantine
from collector.ledger.entry import CLOCK_UNSURE, Entry, JournalError, JournalFull, Row, batch_key

PAGE_BYTES = 1024
"""A commit writes every page it touches: per live sample 160 B of disk with pages of 1 KiB, 340 B with 4 KiB."""

CHECKPOINT_PAGES = 8192
"""Pages of the write-ahead log before they go to the database: what is written again and again goes there once."""

NO_DAY = -1
"""Day number of entries whose time is not sure; other days count from 1970-01-01, local."""

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO name VALUES (0, '');
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, agent INTEGER NOT NULL, device INTEGER NOT NULL, run INTEGER NOT NULL, seq INTEGER NOT NULL,
    boot INTEGER NOT NULL, wall_ns INTEGER NOT NULL, boot_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL,
    shift_ns INTEGER NOT NULL, flags INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
    crc INTEGER NOT NULL, sha256 BLOB NOT NULL, head BLOB NOT NULL, signature BLOB NOT NULL,
    key TEXT, left_out TEXT, header BLOB, body BLOB NOT NULL);
CREATE UNIQUE INDEX entry_batch ON entry (agent, run, seq) WHERE run <> 0;
CREATE UNIQUE INDEX entry_key ON entry (key) WHERE key IS NOT NULL;
CREATE TABLE entry_day (device INTEGER, day INTEGER, id INTEGER, PRIMARY KEY (device, day, id)) WITHOUT ROWID;
CREATE TABLE seen_batch (agent INTEGER, run INTEGER, low INTEGER, high INTEGER, PRIMARY KEY (agent, run, low))
    WITHOUT ROWID;
CREATE TABLE seen_write (digest BLOB PRIMARY KEY, received_ns INTEGER NOT NULL) WITHOUT ROWID;
"""

COLUMNS = (
    "id, agent, device, run, seq, boot, wall_ns, boot_ns, received_ns, shift_ns, flags, first_ns, last_ns,"
    " crc, sha256, head, signature, key, left_out, header, body"
)
INSERT = f"INSERT INTO entry ({COLUMNS}) VALUES ({','.join('?' * 21)})"  # noqa: S608


def create(path: Path, meta: dict[str, str]) -> None:
    """Make the database file (0600, folder 0700) with its tables; nothing when it is there already."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size:
        return
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        db.execute(f"PRAGMA page_size={PAGE_BYTES}")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        rows = "".join(f"INSERT INTO meta VALUES ('{name}', '{value}');" for name, value in meta.items())  # noqa: S608
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} {quarantine.SCHEMA} {rows} COMMIT;")
    finally:
        db.close()
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def meta_of(path: Path) -> dict[str, str]:
    """Read what a journal was made with (``id``, ``zone``, ``label``) without opening it for use; JournalError."""
    with translated(path):
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
        try:
            return dict(db.execute("SELECT name, value FROM meta"))
        finally:
            db.close()


def connect(path: Path, *, writer: bool) -> sqlite3.Connection:
    """Open a connection that any thread may use, one at a time; a reader's cannot write."""
    db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False, cached_statements=64)
    db.text_factory = _text
    db.execute("PRAGMA synchronous=FULL")
    if writer:
        db.execute("PRAGMA journal_size_limit=67108864")
        db.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        db.execute("PRAGMA secure_delete=OFF")  # else forgetting writes every page that it frees
    else:
        db.execute("PRAGMA query_only=ON")
    return db


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


def day_number(zone: Zone, time_ns: int) -> int:
    """Return the local day of a UTC time, counted from 1970-01-01."""
    return (time_ns + zone.offset_ns) // (DAY_S * NS)


def day_range(zone: Zone, first_ns: int, last_ns: int) -> range:
    """Return the numbers of the local days from one time to another."""
    return range(day_number(zone, first_ns), day_number(zone, last_ns) + 1)


def days_of(entry: Entry, zone: Zone) -> range:
    """Return the numbers of the local days that an entry's readings touch."""
    if entry.flags & CLOCK_UNSURE or not entry.device:
        return range(NO_DAY, NO_DAY + 1)
    return day_range(zone, entry.first_ns, entry.last_ns)


class Names:
    """Names by number and numbers by name, read from the table as they are needed."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def number(self, db: sqlite3.Connection, text: str) -> int:
        """Return the number of a name, given one inside the writer's transaction if it has none."""
        known = self._ids.get(text)
        if known is None:
            db.execute("INSERT OR IGNORE INTO name (text) VALUES (?)", (text,))
            (known,) = db.execute("SELECT id FROM name WHERE text = ?", (text,)).fetchone()
            self._ids[text] = known
        return int(known)

    def find(self, db: sqlite3.Connection, text: str) -> int | None:
        """Return the number of a name, None when the journal never saw it."""
        found = db.execute("SELECT id FROM name WHERE text = ?", (text,)).fetchone()
        return None if found is None else int(found[0])

    def text(self, db: sqlite3.Connection, number: int) -> str:
        """Return the name of a number."""
        known = self._texts.get(number)
        if known is None:
            found = db.execute("SELECT text FROM name WHERE id = ?", (number,)).fetchone()
            if found is None:
                return "?"  # the row that names it is damaged, and its checksum will say so
            known = self._texts[number] = str(found[0])
        return known

    def forget_numbers(self) -> None:
        """Forget what a transaction that was rolled back may have numbered."""
        self._ids.clear()


def _crc(entry: Entry, id: int) -> int:
    """Return the CRC-32 of all that a row says: the chain covers key and body, this the times and names too."""
    said = (
        f"{id} {entry.key} {entry.device} {entry.boot_id} {entry.wall_ns} {entry.boot_ns} {entry.received_ns}"
        f" {entry.shift_ns} {entry.flags} {entry.first_ns} {entry.last_ns} {entry.left_out}"
    )
    return zlib.crc32(entry.body, zlib.crc32(entry.sha256 + entry.signature + entry.header, zlib.crc32(said.encode())))


def _header(entry: Entry) -> bytes:
    """Return the header that an entry's columns make; none of its names needs an escape (agent/envelope.py)."""
    return (
        f'{{"agent":"{entry.agent}","boot_id":"{entry.boot_id}","boot_ns":{entry.boot_ns},"device":"{entry.device}",'
        f'"length":{len(entry.body)},"run":"{entry.run}","seq":{entry.seq},"sha256":"{entry.sha256.hex()}",'
        f'"version":1,"wall_ns":{entry.wall_ns}}}'
    ).encode()


def to_columns(db: sqlite3.Connection, names: Names, entry: Entry, *, id: int, head: bytes) -> tuple[Any, ...]:
    """Return the values of ``COLUMNS`` for an entry."""
    return (
        id,
        names.number(db, entry.agent),
        names.number(db, entry.device),
        names.number(db, entry.run),
        entry.seq,
        names.number(db, entry.boot_id),
        entry.wall_ns,
        entry.boot_ns,
        entry.received_ns,
        entry.shift_ns,
        entry.flags,
        entry.first_ns,
        entry.last_ns,
        _crc(entry, id),
        entry.sha256,
        head,
        entry.signature,
        None if entry.run else entry.key,
        ",".join(map(str, entry.left_out)) or None,
        None if entry.run and entry.header == _header(entry) else entry.header,
        entry.body,
    )


def from_columns(db: sqlite3.Connection, names: Names, columns: tuple[Any, ...]) -> tuple[Row | None, bytes]:
    """Return the row as stored and its chain head; None for a row whose checksum does not hold."""
    id, agent, device, run, seq, boot, *times, crc, sha256, head, signature, key, left_out, header, body = columns
    wall, boot_ns, received, shift, flags, first, last = times
    who, of, in_run = names.text(db, agent), names.text(db, device), names.text(db, run)
    try:
        out = tuple(map(int, left_out.split(","))) if left_out else ()
        row = Row(
            key or batch_key(who, in_run, seq),
            *(who, of, in_run, seq, names.text(db, boot), wall, boot_ns),
            *(received, shift, flags, first, last),
            *(sha256, header or b"", signature, body, id),
            left_out=out,
        )
        if header is None:
            object.__setattr__(row, "header", _header(row))
        return (row if _crc(row, id) == crc else None), head
    except (TypeError, ValueError, AttributeError):  # a flipped byte may give a column another type
        return None, head


def lines_left(body: bytes, left_out: tuple[int, ...]) -> bytes:
    """Return the compressed body without the lines of these numbers (from 1)."""
    out = set(left_out)
    lines = zlib.decompress(body).split(b"\n")
    return zlib.compress(b"\n".join(line for number, line in enumerate(lines, 1) if number not in out), 1)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into JournalFull and JournalError, with the mend."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise JournalFull(f"{path}: the disk is full; make room") from error
        mend = _MENDS.get(code, "check the disk and the folder's owner and mode")
        raise JournalError(f"{path}: {error}; {mend}") from error


_MENDS: dict[int, str] = {
    sqlite3.SQLITE_BUSY: "another process writes to it; stop one of them",
    sqlite3.SQLITE_NOTADB: "this is no journal; name another file",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from its backup",
}

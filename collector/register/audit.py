"""The audit log: who did what to what, when and with which result, as a chain of hashes.

A record's hash covers the record and the hash before it, so an altered, missing or re-ordered record shows. A
chain alone shows neither a cut-off end nor a chain written anew: compare ``head()`` with one kept elsewhere.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Engine, func, insert, select

from agent.envelope import canonical
from collector.register.engine import RegisterError, reading, writing
from collector.register.refusals import Refusal, Refusals
from collector.register.tables import audit as table

ZERO = "0" * 64
_TEXT = 200
_DETAIL = 2000
Result = Literal["ok", "refused"]
READ_KINDS, READS_A_MINUTE = 1000, 10
"""Reads told apart at one time (who read what), and records of them a minute in the long run."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """One record as stored; ``prev`` and ``hash`` hexadecimal SHA-256, ``at_ns`` UTC."""

    seq: int
    prev: str
    hash: str
    at_ns: int
    actor: str
    action: str
    object: str
    result: str
    detail: str

    def digest(self) -> str:
        """Return the hash which this record's content should have."""
        content = {name: getattr(self, name) for name in self.__slots__ if name != "hash"}
        return hashlib.sha256(canonical(content)).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The newest record's number and hash; (0, zeros) while there is none."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Problem:
    """The first record at which the log is not what was written, and how that shows."""

    seq: int
    what: str

    def __str__(self) -> str:
        return f"audit record {self.seq}: {self.what}"


class Audit:
    """The log in register.db; its one writer, for any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._refusals = Refusals()
        self._reads = Refusals(kinds=READ_KINDS, burst=READ_KINDS, rate=READS_A_MINUTE)
        self._lock = threading.Lock()

    def record(
        self,
        *,
        actor: str,
        action: str,
        object: str,
        at_ns: int,
        result: Result = "ok",
        detail: str = "",
        connection: Connection | None = None,
    ) -> Head:
        """Append a record in its own transaction, or in that of ``connection`` (made by ``writing``) with its act."""
        if connection is None:
            with writing(self._engine) as own:
                return _append(own, at_ns, actor, action, object, result, detail)
        return _append(connection, at_ns, actor, action, object, result, detail)

    def refuse(self, *, actor: str, action: str, object: str, reason: str, at_ns: int) -> None:
        """Record a refusal; the same one at most once a minute, with the number of times.

        A refusal must hold even where its record cannot be written: it is then counted and written later.
        """
        with self._lock:
            self._refusals.add((_clean(actor), _clean(action, 40), _clean(object), _clean(reason)), at_ns)
            self._write_due(at_ns)

    def access(self, *, actor: str, action: str, object: str, at_ns: int) -> None:
        """Record that somebody read something; the same at most once a minute, with the number of times.

        As with a refusal, a record that cannot be written is counted and written later.
        """
        with self._lock:
            self._reads.add((_clean(actor), _clean(action, 40), _clean(object), ""), at_ns)
            self._write_due(at_ns)

    def flush(self, at_ns: int, *, everything: bool = False) -> None:
        """Record what was counted and whose minute is over; with ``everything`` (at the end) all."""
        with self._lock:
            self._write_due(at_ns, everything=everything)

    def _write_due(self, at_ns: int, *, everything: bool = False) -> None:
        refused = self._refusals.due(at_ns, everything=everything)
        read = self._reads.due(at_ns, everything=everything)
        if not refused and not read:
            return
        try:
            with writing(self._engine) as connection:
                kinds: tuple[tuple[Result, list[tuple[Refusal, int]]], ...] = (("refused", refused), ("ok", read))
                for result, due in kinds:
                    for (actor, action, what, reason), count in due:
                        times = f"{reason} ({count} times)".lstrip() if count > 1 else reason
                        _append(connection, at_ns, actor, action, what, result, times)
        except RegisterError as error:
            log.error("refusals and reads are counted but not recorded: %s", error)
            return
        self._refusals.recorded(refused, at_ns)
        self._reads.recorded(read, at_ns)

    def head(self) -> Head:
        """Return the newest record's number and hash, to be kept elsewhere."""
        with reading(self._engine) as connection:
            return _head(connection)

    def records(self, *, after: int = 0, limit: int = 1000) -> list[Record]:
        """Return at most ``limit`` records that follow number ``after``."""
        query = select(table).where(table.c.seq > after).order_by(table.c.seq).limit(limit)
        with reading(self._engine) as connection:
            return [Record(*row) for row in connection.execute(query)]

    def counts(self, start_ns: int, end_ns: int) -> dict[tuple[str, str], int]:
        """Count the records of ``[start_ns, end_ns)`` by action and result."""
        query = select(table.c.action, table.c.result, func.count()).where(
            table.c.at_ns >= start_ns, table.c.at_ns < end_ns
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(table.c.action, table.c.result))
            return {(action, result): count for action, result, count in rows}

    def verify(self, *, head: Head | None = None) -> Problem | None:
        """Return the first altered, missing or re-ordered record, None if there is none.

        ``head`` is one kept elsewhere: it also finds a log cut off before it, or written anew.
        """
        last = Head(0, ZERO)
        for item in self._all():
            problem = _problem(item, last)
            if problem:
                return problem
            last = Head(item.seq, item.hash)
            if head is not None and head.seq == last.seq and head.hash != last.hash:
                return Problem(last.seq, "is not the one whose hash was kept elsewhere: the log was written anew")
        if head is not None and head.seq > last.seq:
            return Problem(last.seq + 1, f"is missing: the log was cut off, record {head.seq} is known elsewhere")
        return None

    def _all(self) -> Iterator[Record]:
        after = 0
        while page := self.records(after=after):
            yield from page
            after = page[-1].seq


def _problem(item: Record, last: Head) -> Problem | None:
    if item.seq != last.seq + 1:
        return Problem(last.seq + 1, f"is missing; record {item.seq} follows record {last.seq}")
    if item.prev != last.hash:
        return Problem(item.seq, f"does not follow record {last.seq}: one of them was altered or put elsewhere")
    if item.digest() != item.hash:
        return Problem(item.seq, "was altered: its content has another hash")
    return None


def _head(connection: Connection) -> Head:
    row = connection.execute(select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)).first()
    return Head(row.seq, row.hash) if row else Head(0, ZERO)


def _append(
    connection: Connection, at_ns: int, actor: str, action: str, what: str, result: Result, detail: str
) -> Head:
    # Two writers cannot both extend one head: seq is the primary key.
    last = _head(connection)
    draft = Record(
        last.seq + 1,
        last.hash,
        "",
        at_ns,
        _clean(actor),
        _clean(action, 40),
        _clean(what),
        result,
        _clean(detail, _DETAIL),
    )
    digest = draft.digest()
    values = {name: getattr(draft, name) for name in Record.__slots__} | {"hash": digest}
    connection.execute(insert(table).values(values))
    return Head(draft.seq, digest)


def _clean(text: str, limit: int = _TEXT) -> str:
    """Return ``text`` on one line, unprintable characters written out, cut to ``limit``."""
    shown = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text[:limit])
    return shown if len(shown) <= limit and len(text) <= limit else shown[: limit - 1] + "…"

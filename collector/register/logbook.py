"""What people tell of mains, generator and restore tests: dated entries, only ever added, each with its audit record.

They are never measurements: wherever one is shown, it is marked as manual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Engine, Table, insert, select

from agent.clock import NS
from collector.register.audit import Audit
from collector.register.engine import RegisterError, reading, writing
from collector.register.tables import power_log, restore_test

PowerKind = Literal["padam", "pulih", "genset-mulai", "genset-memikul", "uji-genset", "bahan-bakar", "catatan"]
POWER_KINDS: tuple[PowerKind, ...] = get_args(PowerKind)
MAX_NOTE = 200
MOST_AHEAD_NS = 300 * NS
"""An entry may be so far ahead of the clock, for watches differ."""


@dataclass(frozen=True, slots=True)
class PowerEntry:
    """One entry of the log of power.

    ``value`` of bahan-bakar is percent of the tank, of uji-genset 1 (passed) or 0 (failed); ``object`` is the
    generator's code ("": the only one, or none in particular). Times UTC ns.
    """

    id: int
    kind: PowerKind
    at_ns: int
    object: str
    value: float | None
    note: str
    recorded_ns: int
    actor: str


@dataclass(frozen=True, slots=True)
class RestoreTest:
    """A restore test done by hand, of the backup with this code; times UTC ns."""

    id: int
    backup: str
    at_ns: int
    passed: bool
    note: str
    recorded_ns: int
    actor: str


class Logbook:
    """The entries in register.db. May be shared by threads."""

    def __init__(self, engine: Engine, *, audit: Audit) -> None:
        self._engine, self._audit = engine, audit

    def add_power(
        self,
        *,
        kind: PowerKind,
        at_ns: int,
        actor: str,
        now_ns: int,
        object: str = "",
        value: float | None = None,
        note: str = "",
    ) -> PowerEntry:
        """Add an entry of the log of power; RegisterError for what cannot be meant."""
        _check(at_ns, note, now_ns)
        if kind == "bahan-bakar" and (value is None or not 0 <= value <= 100):
            raise RegisterError("bahan-bakar needs --value: percent of the tank, from 0 to 100")
        if kind == "uji-genset" and value not in (None, 0, 1):
            raise RegisterError("uji-genset takes --value 1 (passed) or 0 (failed), or none where it is not known")
        row = {"kind": kind, "at_ns": at_ns, "object": object, "value": value, "note": note}
        number = self._add(power_log, row, f"power.{kind}", object or "power", actor=actor, now_ns=now_ns)
        return PowerEntry(number, kind, at_ns, object, value, note, now_ns, actor)

    def add_restore_test(
        self, *, backup: str, at_ns: int, passed: bool, actor: str, now_ns: int, note: str = ""
    ) -> RestoreTest:
        """Add a restore test done by hand; RegisterError for a time that has not come."""
        _check(at_ns, note, now_ns)
        row = {"backup": backup, "at_ns": at_ns, "passed": passed, "note": note}
        number = self._add(restore_test, row, "backup.tested", backup, actor=actor, now_ns=now_ns)
        return RestoreTest(number, backup, at_ns, passed, note, now_ns, actor)

    def _add(self, table: Table, row: Mapping[str, object], action: str, what: str, *, actor: str, now_ns: int) -> int:
        with writing(self._engine) as connection:
            done = connection.execute(insert(table).values(**row, recorded_ns=now_ns, actor=actor))
            key = done.inserted_primary_key
            number = int(key[0]) if key is not None else 0
            self._audit.record(
                actor=actor,
                action=action,
                object=what,
                at_ns=now_ns,
                detail=", ".join(f"{name} {value}" for name, value in {"id": number, **row}.items()),
                connection=connection,
            )
        return number

    def power(self, *, start_ns: int = 0, end_ns: int = 2**62, limit: int = 10_000) -> list[PowerEntry]:
        """Return the newest entries of ``[start_ns, end_ns)``, at most ``limit``, in order of their time."""
        column = power_log.c
        query = select(power_log).where(column.at_ns >= start_ns, column.at_ns < end_ns)
        query = query.order_by(column.at_ns.desc(), column.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [
            PowerEntry(row.id, row.kind, row.at_ns, row.object, row.value, row.note, row.recorded_ns, row.actor)
            for row in reversed(rows)
        ]

    def restore_tests(self, *, before_ns: int = 2**62, limit: int = 10_000) -> list[RestoreTest]:
        """Return the newest restore tests before a time, at most ``limit``, in order of their time."""
        column = restore_test.c
        query = select(restore_test).where(column.at_ns < before_ns)
        query = query.order_by(column.at_ns.desc(), column.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [
            RestoreTest(row.id, row.backup, row.at_ns, row.passed, row.note, row.recorded_ns, row.actor)
            for row in reversed(rows)
        ]

    def last_ids(self) -> tuple[int, int]:
        """Return the newest ids of both kinds of entry: what was made from them holds while these stay."""
        with reading(self._engine) as connection:
            found = [connection.scalar(select(table.c.id).order_by(table.c.id.desc()).limit(1)) for table in _TABLES]
        return found[0] or 0, found[1] or 0


_TABLES = (power_log, restore_test)


def _check(at_ns: int, note: str, now_ns: int) -> None:
    if at_ns > now_ns + MOST_AHEAD_NS:
        raise RegisterError("the time is in the future; an entry tells of what has happened (--at is local time)")
    if len(note) > MAX_NOTE or not note.isprintable():
        raise RegisterError(f"the note must be one line of at most {MAX_NOTE} printable characters")

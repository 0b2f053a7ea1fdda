"""The register: revisions of the inventory, and the allocations and contracts that were determined.

``apply`` takes a whole document or nothing of it. What was determined is never rewritten: an allocation or a
contract gets a row once, and at most one row of revocation; both stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, select

from agent.clock import Clock, Zone
from collector.inventory import Allocation, Contract, Inventory, InventoryError
from collector.register import tables
from collector.register.access import Access
from collector.register.accounts import Accounts
from collector.register.audit import Audit
from collector.register.book import Book
from collector.register.changes import Changes, compare, refusals
from collector.register.document import EMPTY, Document
from collector.register.engine import open_engine, reading, writing
from collector.register.logbook import Logbook
from collector.register.restored import close_doors
from collector.register.sessions import Sessions
from collector.register.spans import Declared, R, Revoked, key_of, resolve

_KEYS = {
    "contract": ("code", "number", "valid_from"),
    "allocation": ("opd", "decision_number", "valid_from_ns"),
}


class Register:
    """register.db, opened and up to date.

    Its parts are ``access``, ``accounts``, ``sessions``, ``logbook``, ``book`` and ``audit``.

    ``target`` is a file or a PostgreSQL URL, for which ``password`` is; ``region`` is the name the inventory bears. May
    be shared by threads.
    """

    def __init__(self, target: Path | str, *, zone: Zone, clock: Clock, region: str = "", password: str = "") -> None:
        self._engine = open_engine(target, zone=zone, password=password)
        self._zone = zone
        self._region = region
        self._clock = clock
        self._resolved = lru_cache(maxsize=8)(self._resolve)
        self.audit = Audit(self._engine)
        self.logbook = Logbook(self._engine, audit=self.audit)
        self.book = Book(self._engine, audit=self.audit, zone=zone)
        self.access = Access(self._engine, audit=self.audit, clock=clock)
        self.accounts = Accounts(self._engine, audit=self.audit)
        self.sessions = Sessions(self._engine, accounts=self.accounts, audit=self.audit, clock=clock, zone=zone)

    def close(self) -> None:
        """Record the refusals that are only counted so far, and close the database."""
        self.audit.flush(self._clock.now().wall_ns, everything=True)
        self._engine.dispose()

    def revision(self, *, at_ns: int | None = None) -> int:
        """Return the number of the newest revision (of those applied by ``at_ns``); 0 while there is none."""
        with reading(self._engine) as connection:
            return _revision(connection, at_ns)

    def inventory(self, *, at_ns: int | None = None) -> Inventory:
        """Return the newest inventory, or the one known at ``at_ns``, with spans resolved; cheap when repeated."""
        return self._resolved(self.revision(at_ns=at_ns))

    def diff(self, document: Document) -> Changes:
        """Return what ``apply`` would change; InventoryError where it would refuse."""
        with reading(self._engine) as connection:
            return self._compare(connection, document)

    def apply(self, document: Document, *, actor: str, now_ns: int) -> Changes:
        """Make ``document`` the newest revision, whole or not at all; InventoryError tells every refusal.

        A document that says what is registered already changes nothing and makes no revision.
        """
        return self.amend(lambda _: document, actor=actor, now_ns=now_ns)

    def amend(
        self,
        change: Callable[[Document], Document],
        *,
        actor: str,
        now_ns: int,
        action: str = "inventory.apply",
        detail: str = "",
    ) -> Changes:
        """Do the same with what ``change`` makes of the newest document; nobody else can write in between."""
        try:
            with writing(self._engine) as connection:
                document = change(_document(connection, _revision(connection, None)))
                changes = self._compare(connection, document)
                if changes:
                    self._write(connection, document, changes, actor=actor, now_ns=now_ns, action=action, detail=detail)
        except InventoryError as error:
            self.audit.refuse(actor=actor, action=action, object="inventory", reason=error.problems[0], at_ns=now_ns)
            raise
        return changes

    def document(self, *, revision: int | None = None) -> Document:
        """Return the registered document (of one revision), empty before the first."""
        with reading(self._engine) as connection:
            return _document(connection, _revision(connection, None) if revision is None else revision)

    def revisions(self, *, limit: int = 200) -> list[tuple[int, int]]:
        """Return the newest revisions, newest first: number, and when it was applied (UTC ns)."""
        column = tables.inventory_revision.c
        query = select(column.number, column.applied_ns).order_by(column.number.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [(row.number, row.applied_ns) for row in connection.execute(query)]

    def check(self) -> list[str]:
        """Return where stored revisions and records contradict each other; empty when all agree."""
        with reading(self._engine) as connection:
            contradictions = list(_contradictions(connection))
        return contradictions + self.book.check()

    def close_doors(self, *, actor: str, now_ns: int, what: str, detail: str) -> tuple[int, int]:
        """End what a restored register must not let in again; see ``restored.close_doors``."""
        return close_doors(self._engine, audit=self.audit, actor=actor, now_ns=now_ns, what=what, detail=detail)

    def _resolve(self, revision: int) -> Inventory:
        with reading(self._engine) as connection:
            document = _document(connection, revision)
            contracts = _declared(connection, tables.contract, Contract, revision)
            allocations = _declared(connection, tables.allocation, Allocation, revision)
        return Inventory(
            region=self._region,
            revision=revision,
            opds=document.opd,
            sites=document.site,
            devices=document.device,
            links=document.link,
            contracts=resolve(contracts),
            allocations=resolve(allocations),
            servers=document.server,
            upses=document.ups,
            generators=document.generator,
            backups=document.backup,
        )

    def _compare(self, connection: Connection, document: Document) -> Changes:
        last = _revision(connection, None)
        before = _document(connection, last)
        problems = tuple(refusals(before, document, zone=self._zone))
        if problems:
            raise InventoryError(problems)
        return compare(before, document, last=last, zone=self._zone)

    def _write(
        self,
        connection: Connection,
        document: Document,
        changes: Changes,
        *,
        actor: str,
        now_ns: int,
        action: str,
        detail: str,
    ) -> None:
        data = document.canonical()
        digest = hashlib.sha256(data).hexdigest()
        row = {"number": changes.revision, "applied_ns": now_ns, "actor": actor, "sha256": digest, "document": data}
        connection.execute(insert(tables.inventory_revision).values(row))
        recorded: dict[str, int | str] = {"recorded_ns": now_ns, "actor": actor, "revision": changes.revision}
        _record(connection, tables.contract, document.contract, recorded)
        _record(connection, tables.allocation, document.allocation, recorded)
        counts = ", ".join(f"{changes.count(action)} {action}" for action in ("added", "changed", "retired"))
        self.audit.record(
            actor=actor,
            action=action,
            object=f"revision {changes.revision}",
            at_ns=now_ns,
            detail=f"sha256 {digest}: {counts}{'; ' if detail else ''}{detail}",
            connection=connection,
        )


def _revision(connection: Connection, at_ns: int | None) -> int:
    number = tables.inventory_revision.c.number
    query = select(func.max(number))
    if at_ns is not None:
        query = query.where(tables.inventory_revision.c.applied_ns <= at_ns)
    return connection.scalar(query) or 0


def _document(connection: Connection, revision: int) -> Document:
    column = tables.inventory_revision.c
    data = connection.scalar(select(column.document).where(column.number == revision))
    return EMPTY if data is None else Document.from_canonical(data)


def _owner(table: Table) -> Column[Any]:
    """Return the column by which a revocation names a record of ``table``."""
    return tables.revocation.c[f"{table.name}_id"]


def _declared(connection: Connection, table: Table, record: type[R], revision: int) -> list[Declared[R]]:
    """Return the records of ``table`` as they stood in ``revision``."""
    columns = [table.c[column.name] for column in fields(record)]
    ended = tables.revocation
    joined = table.outerjoin(ended, (_owner(table) == table.c.id) & (ended.c.revision <= revision))
    query = select(*columns, ended.c.number.label("by"), ended.c.at_ns).select_from(joined)
    return [
        Declared(record(*row[:-2]), None if row.by is None else Revoked(row.by, row.at_ns))
        for row in connection.execute(query.where(table.c.revision <= revision))
    ]


def _record(
    connection: Connection, table: Table, items: Sequence[Declared[R]], recorded: Mapping[str, int | str]
) -> None:
    """Add the rows that are not there yet: records, and revocations of records."""
    key = [table.c[name] for name in _KEYS[table.name]]
    known = {(row[0], row[1], row[2]) for row in connection.execute(select(*key))}
    new = [{**asdict(item.record), **recorded} for item in items if key_of(item.record) not in known]
    if new:
        connection.execute(insert(table), new)
    owner = _owner(table)
    ended = set(connection.scalars(select(owner).where(owner.is_not(None))))
    ids = {(row[0], row[1], row[2]): row.id for row in connection.execute(select(*key, table.c.id))}
    for item in items:
        number = ids[key_of(item.record)]
        if item.revoked is not None and number not in ended:
            values = {owner.name: number, **asdict(item.revoked), **recorded}
            connection.execute(insert(tables.revocation).values(values))


def _contradictions(connection: Connection) -> Iterator[str]:
    column = tables.inventory_revision.c
    for row in connection.execute(select(column.number, column.sha256, column.document).order_by(column.number)):
        if hashlib.sha256(row.document).hexdigest() != row.sha256:
            yield f"inventory revision {row.number}: its document has another sha256 than was recorded"
    last = _revision(connection, None)
    document = _document(connection, last)
    kinds: tuple[tuple[Table, type[Any], Sequence[Declared[Any]]], ...] = (
        (tables.contract, Contract, document.contract),
        (tables.allocation, Allocation, document.allocation),
    )
    for table, record, items in kinds:
        rows = {key_of(item.record): item for item in _declared(connection, table, record, last)}
        said = {key_of(item.record): item for item in items}
        for key in sorted(rows.keys() | said.keys()):
            if rows.get(key) != said.get(key):
                yield f"{table.name} {key[0]} {key[1]}: its row differs from revision {last}"

"""The book of records: proposals, disconnections, incidents and the like; every change is a further revision.

Nothing is rewritten. A revision holds the whole content, its state, who acted in which role, when, on which legal
basis, and the hash of an attachment; the audit log holds the hash of each revision in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select

from agent.clock import NS, Month, Zone
from agent.envelope import canonical
from collector.register import numbers
from collector.register.audit import Audit
from collector.register.content import ContentError, content, plain, plain_value
from collector.register.engine import reading, writing
from collector.register.filling import bounded, early, stamped
from collector.register.kinds import Context, Kind
from collector.register.people import Actor, Role
from collector.register.tables import record as table

MAX_TEXT = 2000
MOST_READ = 10_000
SHA256 = re.compile(r"[0-9a-f]{64}")


class Refused(Exception):
    """An act that may not be done; ``problems`` say in Indonesian what is wrong and how to mend it."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Forbidden(Refused):
    """An act for which the actor has no right."""


class Missing(Refused):
    """A record that is not there, or not for the actor to see."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What goes with an act: its legal basis, a note, and the SHA-256 and name of an attachment ("" none)."""

    legal_basis: str = ""
    note: str = ""
    attachment_sha256: str = ""
    attachment_name: str = ""

    def problems(self) -> list[str]:
        """Say what is wrong."""
        wrong = []
        if self.attachment_sha256 and not SHA256.fullmatch(self.attachment_sha256):
            wrong.append("sidik lampiran harus SHA-256 dalam 64 angka heksadesimal kecil")
        if bool(self.attachment_sha256) != bool(self.attachment_name):
            wrong.append("lampiran memerlukan sidik dan nama berkasnya")
        texts = (self.legal_basis, self.note, self.attachment_name)
        if any(len(text) > MAX_TEXT for text in texts):
            wrong.append(f"dasar hukum, catatan, dan nama lampiran paling panjang {MAX_TEXT} karakter")
        return wrong


@dataclass(frozen=True, slots=True)
class Record:
    """One revision of one record; ``form`` is the dataclass of its kind. Times UTC ns."""

    kind: str
    code: str
    revision: int
    state: str
    opd: str
    at_ns: int
    form: Any
    papers: Papers
    actor: str
    role: Role
    recorded_ns: int
    sha256: str


class Book:
    """The records in register.db. May be shared by threads."""

    def __init__(self, engine: Engine, *, audit: Audit, zone: Zone) -> None:
        self._engine, self._audit, self._zone = engine, audit, zone

    def open(self, kind: Kind, form: Any, *, actor: Actor, context: Context, papers: Papers = Papers()) -> Record:
        """Begin a record; Forbidden or Refused."""
        with self._audited(kind, kind.name, actor, context), writing(self._engine) as connection:
            role = _role(kind, kind.openers, actor, "membuka")
            _own(kind, form, actor, role)
            _refuse(early(kind, form))
            form = stamped(form, by=kind.by, when=kind.when, actor=actor, context=context)
            code = numbers.following(connection, kind, self._zone.local(context.now_ns).year)
            act = _Act(kind, code, 1, kind.opens, form, papers, actor, role, replace(context, state=kind.opens))
            return self._write(connection, act)

    def move(
        self,
        kind: Kind,
        code: str,
        target: str,
        *,
        actor: Actor,
        context: Context,
        values: Mapping[str, Any] | None = None,
        form: Any = None,
        papers: Papers = Papers(),
    ) -> Record:
        """Take a record to another state, with the fields that the step sets, or its whole new form."""
        with self._audited(kind, code, actor, context), writing(self._engine) as connection:
            before = self._last(connection, kind, code, actor)
            step = kind.move(before.state, target)
            if step is None:
                ways = ", ".join(move.target for move in kind.moves if move.source == before.state) or "tidak ada"
                raise Refused(f"{code} berkeadaan {before.state}; keadaan berikutnya yang mungkin: {ways}")
            role = _role(kind, step.roles, actor, f"memindahkan ke {target}")
            if step.another and actor.name in _makers(connection, kind, code):
                raise Forbidden(f"{code}: yang memutuskan harus orang lain daripada yang mengajukan")
            filled = form if step.whole else _with(kind, before.form, values or {}, step.sets)
            if filled is None:
                raise Refused(f"{code}: keadaan {target} memerlukan isian yang lengkap")
            _own(kind, filled, actor, role)
            _refuse(early(kind, filled) if step.whole else ())
            filled = stamped(filled, by=step.by, when=step.when, actor=actor, context=context)
            there = replace(context, state=target)
            return self._write(
                connection,
                _Act(kind, code, before.revision + 1, target, filled, papers, actor, role, there, before.form),
            )

    @contextmanager
    def _audited(self, kind: Kind, what: str, actor: Actor, context: Context) -> Iterator[None]:
        """Record what somebody was refused for want of a right, after the transaction that it ended."""
        try:
            yield
        except (Forbidden, Missing) as error:
            self._audit.refuse(actor=actor.name, action=kind.name, object=what, reason=str(error), at_ns=context.now_ns)
            raise

    def current(
        self,
        kind: Kind,
        *,
        actor: Actor | None = None,
        states: Sequence[str] = (),
        after: str = "",
        limit: int = MOST_READ,
    ) -> list[Record]:
        """Return the newest revision of the records after a number; of a plain OPD's reader only his own."""
        newest = select(func.max(table.c.id)).where(table.c.kind == kind.name).group_by(table.c.code)
        query = select(table).where(table.c.id.in_(newest)).limit(limit)
        query = query.order_by(*numbers.in_order(table.c.code, prefix=kind.prefix))
        if after:
            query = query.where(numbers.later(table.c.code, after, prefix=kind.prefix))
        if states:
            query = query.where(table.c.state.in_(states))
        with reading(self._engine) as connection:
            found = [_record(kind, row) for row in connection.execute(query).mappings()]
        return [item for item in found if actor is None or may_see(kind, item, actor)]

    def history(self, kind: Kind, code: str, *, actor: Actor | None = None) -> list[Record]:
        """Return every revision of a record, oldest first; Missing."""
        with reading(self._engine) as connection:
            query = select(table).where(table.c.kind == kind.name, table.c.code == code).order_by(table.c.revision)
            found = [_record(kind, row) for row in connection.execute(query).mappings()]
        if not found or (actor is not None and not may_see(kind, found[-1], actor)):
            raise Missing(f"tidak ada {kind.title} bernomor {code}")
        return found

    def as_of(self, kind: Kind, time_ns: int) -> Iterator[Record]:
        """Yield every record as it stood at ``time_ns`` (UTC), by number; what was opened later is not there."""
        there = select(func.max(table.c.id)).where(table.c.kind == kind.name, table.c.recorded_ns < time_ns)
        query = select(table).where(table.c.id.in_(there.group_by(table.c.code)))
        query = query.order_by(*numbers.in_order(table.c.code, prefix=kind.prefix))
        with reading(self._engine) as connection:
            for row in connection.execute(query).mappings():
                yield _record(kind, row)

    def after(self, kinds: Mapping[str, Kind], last_id: int) -> Iterator[tuple[int, Record | None]]:
        """Yield the revisions written after an id, with their ids, in order; None for one that cannot be read."""
        query = select(table).where(table.c.id > last_id, table.c.kind.in_(kinds)).order_by(table.c.id)
        with reading(self._engine) as connection:
            for row in connection.execute(query).mappings():
                try:
                    yield row["id"], _record(kinds[row["kind"]], row)
                except (ContentError, ValueError):
                    yield row["id"], None  # ``check`` names it; the rest must still be seen

    def last_id(self) -> int:
        """Return the newest id: what was made from the records holds while it stays."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.max(table.c.id))) or 0

    def check(self) -> list[str]:
        """Return the revisions whose content is not what was written, or that are missing."""
        problems = []
        seen: dict[tuple[str, str], int] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(select(table).order_by(table.c.id)).mappings():
                key = row["kind"], row["code"]
                if row["revision"] != seen.get(key, 0) + 1:
                    problems.append(f"record {row['code']}: revision {seen.get(key, 0) + 1} is missing")
                seen[key] = row["revision"]
                if _digest(row) != row["sha256"]:
                    problems.append(f"record {row['code']} revision {row['revision']}: altered after it was written")
        return problems

    def _last(self, connection: Connection, kind: Kind, code: str, actor: Actor) -> Record:
        query = select(table).where(table.c.kind == kind.name, table.c.code == code)
        row = connection.execute(query.order_by(table.c.revision.desc()).limit(1)).mappings().first()
        found = None if row is None else _record(kind, row)
        if found is None or not may_see(kind, found, actor):
            raise Missing(f"tidak ada {kind.title} bernomor {code}")
        return found

    def _write(self, connection: Connection, act: _Act) -> Record:
        kind, form, papers = act.kind, act.form, act.papers
        _hold(kind, form, papers, act.context)
        at_ns = _at(kind, form, act.context)
        _refuse((*_dangling(connection, kind, form, act.before), *_double(connection, kind, form, act.code, at_ns)))
        row = {
            "kind": kind.name,
            "code": act.code,
            "revision": act.revision,
            "state": act.state,
            "opd": getattr(form, kind.opd) if kind.opd else "",
            "at_ns": at_ns,
            "body": canonical(plain(form)).decode(),
            "legal_basis": papers.legal_basis,
            "note": papers.note,
            "attachment_sha256": papers.attachment_sha256,
            "attachment_name": papers.attachment_name,
            "actor": act.actor.name,
            "role": act.role,
            "recorded_ns": act.context.now_ns,
        }
        row["sha256"] = _digest(row)
        connection.execute(insert(table).values(row))
        self._audit.record(
            actor=act.actor.name,
            action=f"{kind.name}.{act.state}",
            object=act.code,
            at_ns=act.context.now_ns,
            detail=f"revision {act.revision}, sha256 {row['sha256']}",
            connection=connection,
        )
        return _record(kind, row)


@dataclass(frozen=True, slots=True)
class _Act:
    """One revision about to be written."""

    kind: Kind
    code: str
    revision: int
    state: str
    form: Any
    papers: Papers
    actor: Actor
    role: Role
    context: Context
    before: Any = None


def _makers(connection: Connection, kind: Kind, code: str) -> set[str]:
    """Return who gave a record any of its content."""
    query = select(table.c.actor, table.c.state).where(table.c.kind == kind.name, table.c.code == code)
    rows = connection.execute(query.order_by(table.c.revision)).all()
    found = {rows[0].actor}
    for before, row in pairwise(rows):
        step = kind.move(before.state, row.state)
        if step is None or step.whole or step.gives:
            found.add(row.actor)
    return found


def _dangling(connection: Connection, kind: Kind, form: Any, before: Any) -> Iterator[str]:
    """Name the new references to what is not there, not in a state that would do, or about something else."""
    mine = plain(form)
    for reference in kind.refers:
        code = mine[reference.field]
        if not code or (before is not None and getattr(before, reference.field) == code):
            continue
        query = select(table.c.state, table.c.body).where(table.c.kind == reference.kind, table.c.code == code)
        found = connection.execute(query.order_by(table.c.revision.desc()).limit(1)).first()
        if found is None or found.state not in reference.states:
            wanted, state = " atau ".join(reference.states), "tidak ada" if found is None else found.state
            yield f"{reference.field}: {code} harus {reference.kind} berkeadaan {wanted}, bukan {state}"
        elif any(json.loads(found.body)[name] != mine[name] for name in reference.same):
            yield f"{reference.field}: {code} mempunyai {' atau '.join(reference.same)} yang lain"


def _double(connection: Connection, kind: Kind, form: Any, code: str, at_ns: int) -> Iterator[str]:
    """Name another record with the same values of the fields that are unique."""
    if not kind.unique:
        return
    query = select(table.c.code, table.c.body).where(
        table.c.kind == kind.name, table.c.at_ns == at_ns, table.c.code != code
    )
    mine = {name: plain(form)[name] for name in kind.unique}
    for row in connection.execute(query):
        body = json.loads(row.body)
        if {name: body[name] for name in kind.unique} == mine:
            yield f"sudah ada {kind.title} untuk {', '.join(map(str, mine.values()))}: {row.code}"
            return


def _role(kind: Kind, roles: frozenset[Role], actor: Actor, act: str) -> Role:
    mine = sorted(roles & actor.roles)
    if not mine:
        raise Forbidden(f"{act}: {kind.title} memerlukan peran {' atau '.join(sorted(roles))}")
    return mine[0]


def may_see(kind: Kind, record: Record, actor: Actor) -> bool:
    """Tell whether somebody may read a record."""
    allowed = kind.openers | kind.readers
    return any(role in allowed and (role != "opd" or actor.may_read(record.opd)) for role in actor.roles)


def _own(kind: Kind, form: Any, actor: Actor, role: Role) -> None:
    """Refuse what somebody who speaks for an OPD does for another one."""
    if role == "opd" and (not kind.opd or getattr(form, kind.opd) != actor.opd):
        raise Forbidden(f"peran opd hanya berlaku bagi {actor.opd or 'OPD sendiri'}")


def _hold(kind: Kind, form: Any, papers: Papers, context: Context) -> None:
    """Refuse a form that is wrong."""
    problems = [*papers.problems(), *bounded(form, most=MAX_TEXT), *kind.check(form, context)]
    if kind.opd and getattr(form, kind.opd) and getattr(form, kind.opd) not in context.inventory.opd:
        problems.append(f"OPD {getattr(form, kind.opd)!r} tidak terdaftar")
    _refuse(problems)


def _refuse(problems: Iterable[str]) -> None:
    found = tuple(problems)
    if found:
        raise Refused(*found)


def _with(kind: Kind, form: Any, values: Mapping[str, Any], sets: Sequence[str]) -> Any:
    """Return the form with the fields that a step sets."""
    if set(values) != set(sets):
        wanted = ", ".join(sets) or "tidak ada"
        raise Refused(f"isian langkah ini harus tepat: {wanted}")
    if not sets:
        return form
    try:
        return content(kind.form, {**plain(form), **{name: plain_value(value) for name, value in values.items()}})
    except ContentError as error:
        raise Refused(*error.problems) from error


def _at(kind: Kind, form: Any, context: Context) -> int:
    value = getattr(form, kind.at) if kind.at else None
    if isinstance(value, datetime):
        return round(value.timestamp()) * NS
    if isinstance(value, date):
        return context.zone.day_start(value)
    if isinstance(value, str):
        return Month.parse(value).start_ns(context.zone)
    return context.now_ns


def _digest(row: Mapping[str, Any] | RowMapping) -> str:
    content = {name: row[name] for name in table.c.keys() if name not in {"id", "sha256"}}  # noqa: SIM118 - columns
    return hashlib.sha256(canonical(content)).hexdigest()


def _record(kind: Kind, row: Mapping[str, Any] | RowMapping) -> Record:
    return Record(
        kind=row["kind"],
        code=row["code"],
        revision=row["revision"],
        state=row["state"],
        opd=row["opd"],
        at_ns=row["at_ns"],
        form=content(kind.form, json.loads(row["body"])),
        papers=Papers(row["legal_basis"], row["note"], row["attachment_sha256"], row["attachment_name"]),
        actor=row["actor"],
        role=row["role"],
        recorded_ns=row["recorded_ns"],
        sha256=row["sha256"],
    )

"""People's accounts: names, passwords, roles, and the OPD for which somebody speaks.

A password is checked once, when a session begins (``sessions.py``): argon2 for every request would be an attack on
ourselves. Every change is a record of the audit log in the same transaction.
"""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, delete, insert, select, update

from collector.register.audit import Audit
from collector.register.engine import RegisterError, reading, writing
from collector.register.enrolment import check_name
from collector.register.people import ROLES, Actor, Role
from collector.register.tables import account as table
from collector.register.tables import account_token

LEAST_PASSWORD, MOST_PASSWORD = 12, 256
MOST_NAME = 200
WAITING = 4
"""Passwords that may wait to be checked; one is checked at a time (19 MiB and some 20 ms each)."""

_TIME, _KIB = 2, 19_456
"""OWASP's second choice for argon2id (19 MiB, two passes, one lane): the collector is to stay below 150 MB."""


class TooMany(Exception):
    """More passwords at one time than are checked; try again shortly."""


RESERVED = frozenset(("nadi", "kolektor", "local"))
"""Names under which the collector itself acts, or somebody at its own machine."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account, for lists and acts; times UTC ns."""

    name: str
    full_name: str
    roles: tuple[Role, ...]
    opd: str
    created_ns: int
    disabled_ns: int | None
    has_password: bool

    @property
    def actor(self) -> Actor:
        """Return it as somebody who acts; a disabled one has no role."""
        return Actor(self.name, frozenset(() if self.disabled_ns is not None else self.roles), self.opd)


class Accounts:
    """The accounts in register.db; may be shared by threads. ``changes`` counts what this process changed."""

    def __init__(self, engine: Engine, *, audit: Audit) -> None:
        self._engine, self._audit = engine, audit
        self._hasher = PasswordHasher(time_cost=_TIME, memory_cost=_KIB, parallelism=1)
        self._one = threading.Lock()
        self._queue = threading.Semaphore(WAITING)
        self._decoy = ""
        self.changes = 0

    def add(
        self,
        name: str,
        *,
        full_name: str,
        roles: Iterable[str],
        opd: str = "",
        opds: Collection[str],
        password: str = "",
        actor: str,
        now_ns: int,
    ) -> Account:
        """Make an account, without a password one that only tokens open; ``opds`` are the registered codes."""
        check_name(name)
        if name in RESERVED:
            raise RegisterError(
                f"account {name!r}: the name is reserved for what Nadi does itself; choose another name"
            )
        if not full_name.strip() or len(full_name) > MOST_NAME or not full_name.isprintable():
            raise RegisterError(f"account {name!r}: give the full name, at most {MOST_NAME} printable characters")
        held = _roles(name, roles, opd, opds)
        hashed = self._hash(name, password) if password else ""
        row = {"full_name": full_name, "roles": json.dumps(held), "opd": opd, "password": hashed}
        with self._acting(actor, "account.add", name, now_ns, _shown(held, opd)) as connection:
            if _row(connection, name) is not None:
                raise RegisterError(f"there is an account {name!r} already; choose another name")
            connection.execute(insert(table).values(name=name, created_ns=now_ns, actor=actor, **row))
        return self.get(name)

    def set_roles(
        self, name: str, roles: Iterable[str], *, opd: str, opds: Collection[str], actor: str, now_ns: int
    ) -> None:
        """Give an account these roles and no others, from now on."""
        held = _roles(name, roles, opd, opds)
        with self._acting(actor, "account.roles", name, now_ns, _shown(held, opd)) as connection:
            _change(connection, name, roles=json.dumps(held), opd=opd)

    def set_password(self, name: str, password: str, *, actor: str, now_ns: int) -> None:
        """Replace the password and end the sessions that the old one began; personal tokens stay."""
        hashed = self._hash(name, password)
        with self._acting(actor, "account.password", name, now_ns) as connection:
            _change(connection, name, password=hashed)
            owner = select(table.c.id).where(table.c.name == name).scalar_subquery()
            mine = (account_token.c.account_id == owner, account_token.c.session.is_(True))
            connection.execute(delete(account_token).where(*mine))

    def disable(self, name: str, *, actor: str, now_ns: int) -> None:
        """End an account: no login, no token, no act; what it did stays its own."""
        with self._acting(actor, "account.disable", name, now_ns) as connection:
            _change(connection, name, disabled_ns=now_ns)

    def get(self, name: str) -> Account:
        """Return one account; RegisterError."""
        with reading(self._engine) as connection:
            row = _row(connection, name)
        if row is None:
            raise RegisterError(f"there is no account {name!r}; see nadi accounts list")
        return _account(row)

    def has(self, name: str) -> bool:
        """Tell whether there is an account of that name."""
        with reading(self._engine) as connection:
            return _row(connection, name) is not None

    def all(self) -> list[Account]:
        """Return every account, by name."""
        with reading(self._engine) as connection:
            return [_account(row) for row in connection.execute(select(table).order_by(table.c.name))]

    def actor(self, name: str) -> Actor:
        """Return an account as somebody who may act; RegisterError when it is none or is disabled."""
        found = self.get(name)
        if found.disabled_ns is not None:
            raise RegisterError(f"account {name!r} is disabled")
        return found.actor

    def matches(self, name: str, password: str) -> bool:
        """Tell whether an account that is not disabled has this password; TooMany.

        The same work is done for a name that is none, so that the time tells nobody which names there are.
        """
        with reading(self._engine) as connection:
            row = _row(connection, name)
        held = row.password if row is not None and row.disabled_ns is None else ""
        if not self._queue.acquire(blocking=False):
            raise TooMany
        try:
            with self._one:
                self._decoy = self._decoy or self._hasher.hash("kata sandi siapa pun")
                fits = self._verify(held or self._decoy, _normal(password))
        finally:
            self._queue.release()
        return fits and bool(held)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return len(password) <= MOST_PASSWORD and self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def _hash(self, name: str, password: str) -> str:
        text = _normal(password)
        if not LEAST_PASSWORD <= len(text) <= MOST_PASSWORD:
            raise RegisterError(f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters; choose a sentence")
        if is_weak(name, text):
            raise RegisterError("the password holds the account's name or repeats a few letters; choose a sentence")
        with self._one:
            return self._hasher.hash(text)

    @contextmanager
    def _acting(self, actor: str, action: str, what: str, now_ns: int, detail: str = "") -> Iterator[Connection]:
        """Give a write transaction which ends with the act's audit record."""
        with writing(self._engine) as connection:
            yield connection
            self._audit.record(
                actor=actor, action=action, object=what, at_ns=now_ns, detail=detail, connection=connection
            )
        self.changes += 1


def is_weak(name: str, password: str) -> bool:
    """Tell whether a password of the right length is nevertheless one that is guessed first."""
    text = _normal(password)
    return name.lower() in text.lower() or len(set(text)) < 5


def roles_of(text: str) -> tuple[Role, ...]:
    """Return the roles as stored."""
    return tuple(role for role in ROLES if role in json.loads(text))


def _normal(password: str) -> str:
    """Return a password in the one form in which the same letters are the same bytes."""
    return unicodedata.normalize("NFC", password.encode("utf-8", "replace").decode())


def _roles(name: str, roles: Iterable[str], opd: str, opds: Collection[str]) -> list[Role]:
    wanted = set(roles)
    unknown = sorted(wanted - set(ROLES))
    if unknown or not wanted:
        raise RegisterError(
            f"account {name!r}: roles are some of {', '.join(ROLES)}, not {' '.join(unknown) or 'none'}"
        )
    if ("opd" in wanted) != bool(opd):
        raise RegisterError(f"account {name!r}: the role opd and the code of its OPD go together (--opd CODE)")
    if opd and opd not in opds:
        raise RegisterError(f"account {name!r}: there is no OPD {opd!r} in the inventory")
    return [role for role in ROLES if role in wanted]


def _shown(roles: Collection[str], opd: str) -> str:
    return " ".join(roles) + (f" of {opd}" if opd else "")


def _row(connection: Connection, name: str) -> Any:
    return connection.execute(select(table).where(table.c.name == name)).first()


def _change(connection: Connection, name: str, **values: str | int) -> None:
    if not connection.execute(update(table).where(table.c.name == name).values(**values)).rowcount:
        raise RegisterError(f"there is no account {name!r}; see nadi accounts list")


def _account(row: Any) -> Account:
    has_password = bool(row.password)
    roles = roles_of(row.roles)
    return Account(row.name, row.full_name, roles, row.opd, row.created_ns, row.disabled_ns, has_password)

"""Sessions and personal tokens: how a request shows whose account it is, without a password.

Secrets are 256 random bits, shown once and kept as SHA-256. A session ends after 15 minutes without use and after
8 hours at the latest (Tanah Laut 25/2018 Pasal 18 huruf d), a personal token on its day of expiry; both end at once
with their account. What each request asks for comes from memory, at most ``REFRESH_NS`` behind another process.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update

from agent.clock import DAY_S, NS, Clock, Zone
from collector.register.access import REFRESH_NS
from collector.register.accounts import Accounts, roles_of
from collector.register.attempts import Attempts
from collector.register.audit import Audit
from collector.register.engine import RegisterError, reading, writing
from collector.register.enrolment import check_name, digest
from collector.register.people import Actor
from collector.register.tables import account, account_token

IDLE_NS, SESSION_NS = 15 * 60 * NS, 8 * 3600 * NS
DEFAULT_DAYS, MOST_DAYS = 90, 366
MOST_NAME = 64
MOST_SESSIONS, MOST_TOKENS = 20, 20
"""Of one account at one time; a further session ends the oldest one."""

NAME_FAILURES, ADDRESS_FAILURES, LOCK_NS = 10, 30, 15 * 60 * NS
_WRITTEN_NS = 60 * NS

log = logging.getLogger(__name__)


class LoginRefused(Exception):
    """A login that is not granted; ``wait_seconds`` is 0 where the name or the password is wrong."""

    def __init__(self, wait_seconds: int = 0) -> None:
        super().__init__(f"wait {wait_seconds} s" if wait_seconds else "name or password is wrong")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that began: its secret (shown once), whose it is and when it ends (UTC ns)."""

    secret: str
    actor: Actor
    expires_ns: int


@dataclass(frozen=True, slots=True)
class Personal:
    """A personal token, for lists; times UTC ns, ``used_ns`` the start of the last day of use."""

    account: str
    name: str
    minted_ns: int
    expires_ns: int
    used_ns: int | None
    revoked_ns: int | None


@dataclass(slots=True)
class _Held:
    id: int
    actor: Actor
    session: bool
    expires_ns: int
    used_ns: int
    written_ns: int


class Sessions:
    """The sessions and personal tokens in register.db; may be shared by threads."""

    def __init__(self, engine: Engine, *, accounts: Accounts, audit: Audit, clock: Clock, zone: Zone) -> None:
        self._engine, self._accounts, self._audit = engine, accounts, audit
        self._clock, self._zone = clock, zone
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        self._read: tuple[int, int] | None = None
        self._names = Attempts(limit=NAME_FAILURES, span_ns=LOCK_NS)
        self._addresses = Attempts(limit=ADDRESS_FAILURES, span_ns=LOCK_NS)

    def login(self, name: str, password: str, *, address: str) -> Begun:
        """Begin a session; LoginRefused, TooMany. ``address`` "" (behind a proxy) counts failures by name alone."""
        name = name[: MOST_NAME + 1]  # no account has a longer one, and failures are remembered by it
        self.prove(name, password, address=address)
        return self._begin(name, self._clock.now().wall_ns, address)

    def prove(self, name: str, password: str, *, address: str) -> None:
        """Demand an account's password; LoginRefused (failures are counted as those of logins), TooMany."""
        now = self._clock.now()
        self._hold_off(name, address, now.boot_ns)
        if not self._accounts.matches(name, password):
            self._failed(name, address, now.boot_ns, now.wall_ns)
            raise LoginRefused
        with self._lock:
            self._names.passed(name)

    def is_session(self, secret: str) -> bool:
        """Tell whether a secret is that of a session (which began with a password), not of a personal token."""
        with self._lock:
            held = self._held.get(digest(secret))
            return held is not None and held.session

    def actor(self, secret: str) -> Actor | None:
        """Return whose session or token this secret is, and count the use; None when it opens nothing (any more)."""
        now_ns = self._clock.now().wall_ns
        with self._lock:
            self._refresh()
            key = digest(secret)
            held = self._held.get(key)
            if held is None:
                return None
            idle = held.session and now_ns - held.used_ns > IDLE_NS
            if idle or now_ns >= held.expires_ns:
                del self._held[key]
                ended = held
            else:
                held.used_ns = max(held.used_ns, now_ns)
                ended = None
        if ended is not None:
            self._end(ended)
            return None
        self._write_use(held)
        return held.actor

    def logout(self, secret: str, *, now_ns: int) -> bool:
        """End a session by its secret; tell whether there was one."""
        key = digest(secret)
        with writing(self._engine) as connection:
            match = (account_token.c.token_hash == key, account_token.c.session.is_(True))
            owner = select(account.c.name).join(account_token).where(*match)
            name = connection.scalar(owner)
            if name is None:
                return False
            connection.execute(delete(account_token).where(*match))
            self._record(connection, name, "session.end", name, now_ns)
        self._forget()
        return True

    def mint(self, name: str, *, label: str, days: int = DEFAULT_DAYS, actor: str, now_ns: int) -> str:
        """Return the secret of a new personal token of an account, named ``label``; RegisterError."""
        check_name(label)
        if not 1 <= days <= MOST_DAYS:
            raise RegisterError(f"a personal token lives 1 to {MOST_DAYS} days, not {days}")
        secret = "nadi-person-" + secrets.token_urlsafe(32)
        with writing(self._engine) as connection:
            number = _open_account(connection, name)
            valid = _valid(number, now_ns, session=False)
            names = set(connection.scalars(select(account_token.c.name).where(*valid)))
            if label in names or len(names) >= MOST_TOKENS:
                raise RegisterError(f"account {name!r} has a token {label!r}, or {MOST_TOKENS} tokens; revoke one")
            expires_ns = now_ns + days * DAY_S * NS
            _insert(connection, secret, number, label, now_ns, expires_ns, session=False, actor=actor)
            self._record(connection, actor, "account-token.mint", f"{name} {label}", now_ns, f"{days} days")
        self._forget()
        return secret

    def revoke(self, name: str, label: str, *, actor: str, now_ns: int) -> None:
        """End a personal token; RegisterError when there is none."""
        with writing(self._engine) as connection:
            number = connection.scalar(select(account.c.id).where(account.c.name == name))
            valid = (*_valid(number or 0, now_ns, session=False), account_token.c.name == label)
            if not connection.execute(update(account_token).where(*valid).values(revoked_ns=now_ns)).rowcount:
                raise RegisterError(f"account {name!r} has no token {label!r} that is valid")
            self._record(connection, actor, "account-token.revoke", f"{name} {label}", now_ns)
        self._forget()

    def labels(self, name: str, *, now_ns: int) -> set[str]:
        """Return the names of an account's personal tokens that are valid."""
        return {
            item.name
            for item in self.personal()
            if item.account == name and item.revoked_ns is None and item.expires_ns > now_ns
        }

    def personal(self) -> list[Personal]:
        """Return every personal token ever minted, by account and time."""
        column = account_token.c
        query = select(
            account.c.name, column.name, column.minted_ns, column.expires_ns, column.used_ns, column.revoked_ns
        )
        query = query.join(account_token).where(column.session.is_(False)).order_by(account.c.name, column.id)
        with reading(self._engine) as connection:
            return [Personal(*row) for row in connection.execute(query)]

    def _hold_off(self, name: str, address: str, boot_ns: int) -> None:
        with self._lock:
            waits = [self._names.wait_ns(name, boot_ns)]
            waits += [self._addresses.wait_ns(address, boot_ns)] if address else []
        if max(waits):
            reason, now_ns = "locked after too many failures", self._clock.now().wall_ns
            self._audit.refuse(actor=address or "?", action="session", object="login", reason=reason, at_ns=now_ns)
            raise LoginRefused(max(waits) // NS + 1)

    def _failed(self, name: str, address: str, boot_ns: int, now_ns: int) -> None:
        with self._lock:
            # What is no account's name may be a password in the wrong field: it is not written down.
            shown = name if self._accounts.has(name) else "a name that is none"
            locked = [shown] if self._names.failed(name, boot_ns) else []
            locked += [address] if address and self._addresses.failed(address, boot_ns) else []
        reason = "name or password is wrong"
        self._audit.refuse(actor=address or "?", action="session", object=shown, reason=reason, at_ns=now_ns)
        for what in locked:
            detail = f"locked for {LOCK_NS // NS // 60} minutes after too many failures"
            self._audit.refuse(actor=address or "?", action="session.lock", object=what, reason=detail, at_ns=now_ns)

    def _begin(self, name: str, now_ns: int, address: str) -> Begun:
        secret = "nadi-session-" + secrets.token_urlsafe(32)
        with writing(self._engine) as connection:
            number = _open_account(connection, name)
            column = account_token.c
            sessions = (column.account_id == number, column.session.is_(True))
            connection.execute(delete(account_token).where(column.session.is_(True), column.expires_ns <= now_ns))
            newest = select(column.id).where(*sessions).order_by(column.id.desc()).limit(MOST_SESSIONS - 1)
            kept = list(connection.scalars(newest))
            connection.execute(delete(account_token).where(*sessions, column.id.not_in(kept)))
            _insert(connection, secret, number, "", now_ns, now_ns + SESSION_NS, session=True, actor=name)
            self._record(connection, name, "session", address or "proxy", now_ns)
        self._forget()
        return Begun(secret, self._accounts.actor(name), now_ns + SESSION_NS)

    def _end(self, held: _Held) -> None:
        """Delete a session that is over; a personal token's row stays."""
        if held.session:
            with self._tried(), writing(self._engine) as connection:
                connection.execute(delete(account_token).where(account_token.c.id == held.id))

    def _write_use(self, held: _Held) -> None:
        """Write when it was used: a session once a minute, a token once a day."""
        used_ns = held.used_ns if held.session else self._zone.day_start(self._zone.day(held.used_ns))
        if used_ns - held.written_ns < (_WRITTEN_NS if held.session else 1):
            return
        held.written_ns = used_ns
        with self._tried(), writing(self._engine) as connection:
            connection.execute(update(account_token).where(account_token.c.id == held.id).values(used_ns=used_ns))

    @contextmanager
    def _tried(self) -> Iterator[None]:
        """Let a request go on where its use cannot be written (a full disk)."""
        try:
            yield
        except RegisterError as error:
            log.error("the use of a session or token is not recorded: %s", error)

    def _record(
        self, connection: Connection, actor: str, action: str, what: str, now_ns: int, detail: str = ""
    ) -> None:
        self._audit.record(actor=actor, action=action, object=what, at_ns=now_ns, detail=detail, connection=connection)

    def _forget(self) -> None:
        with self._lock:
            self._read = None

    def _refresh(self) -> None:
        """Read sessions and tokens anew when they are older than ``REFRESH_NS``; called with the lock held."""
        now, changes = self._clock.now(), self._accounts.changes
        if self._read is not None and self._read[1] == changes and 0 <= now.boot_ns - self._read[0] < REFRESH_NS:
            return
        column = account_token.c
        query = select(account_token, account.c.name.label("owner"), account.c.roles, account.c.opd).join(account)
        query = query.where(
            column.revoked_ns.is_(None), column.expires_ns > now.wall_ns, account.c.disabled_ns.is_(None)
        )
        known = {held.id: held for held in self._held.values()}
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        self._held = {}
        for row in rows:
            before = known.get(row.id)
            written_ns = (
                (0 if row.used_ns is None else row.used_ns) if row.used_ns or not row.session else row.minted_ns
            )
            used_ns = max(row.used_ns or row.minted_ns, before.used_ns if before else 0)
            actor = Actor(row.owner, frozenset(roles_of(row.roles)), row.opd)
            self._held[row.token_hash] = _Held(row.id, actor, row.session, row.expires_ns, used_ns, written_ns)
        self._read = now.boot_ns, changes


def _open_account(connection: Connection, name: str) -> int:
    query = select(account.c.id).where(account.c.name == name, account.c.disabled_ns.is_(None))
    number: int | None = connection.scalar(query)
    if number is None:
        raise RegisterError(f"there is no account {name!r}, or it is disabled; see nadi accounts list")
    return number


def _valid(number: int, now_ns: int, *, session: bool) -> tuple[ColumnElement[bool], ...]:
    column = account_token.c
    return (
        column.account_id == number,
        column.session.is_(session),
        column.revoked_ns.is_(None),
        column.expires_ns > now_ns,
    )


def _insert(
    connection: Connection,
    secret: str,
    account_id: int,
    name: str,
    now_ns: int,
    expires_ns: int,
    *,
    session: bool,
    actor: str,
) -> None:
    row = {"token_hash": digest(secret), "account_id": account_id, "name": name, "session": session, "actor": actor}
    connection.execute(insert(account_token).values(**row, minted_ns=now_ns, expires_ns=expires_ns))

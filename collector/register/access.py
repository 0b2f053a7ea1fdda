"""Who may send and who may look: agents and their keys, enrolment tokens, write and operator tokens.

Secrets are 256 random bits, shown once when minted and kept as SHA-256; no name, message or record holds one.
What each request asks for comes from memory, at most ``REFRESH_NS`` behind another process's change.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, insert, select, update

from agent.clock import NS, Clock
from agent.envelope import NAME
from agent.identity import fingerprint
from collector.admission import Peer, WriteToken
from collector.register import enrolment
from collector.register.audit import Audit
from collector.register.engine import RegisterError, reading, writing
from collector.register.enrolment import AgentKey, Enrolled, EnrolmentRefused, Invitation, bound, check_name, digest
from collector.register.tables import token as token_table

__all__ = ["REFRESH_NS", "Access", "EnrolmentRefused", "Token"]

REFRESH_NS = 10 * NS
"""How long a revocation by another process may stay unseen; one by this process is seen at once."""


@dataclass(frozen=True, slots=True)
class Token:
    """A write token, or an operator's token (bound to no devices), for lists; times UTC ns."""

    name: str
    operator: bool
    devices: tuple[str, ...]
    minted_ns: int
    revoked_ns: int | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What requests ask for; tokens by the hash of their secret."""

    read_ns: int
    agents: dict[str, Peer]
    writers: dict[str, WriteToken]
    operators: dict[str, str]


class Access:
    """The access part of register.db, and ingest's ``Directory``; may be shared by threads."""

    def __init__(self, engine: Engine, *, audit: Audit, clock: Clock) -> None:
        self._engine = engine
        self._audit = audit
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: _Known | None = None

    def agent(self, name: str) -> Peer | None:
        """Return the agent of that name with its newest key, also a revoked one; None when it never enrolled."""
        return self._known().agents.get(name)

    def token(self, secret: str) -> WriteToken | None:
        """Return the write token with this secret, None when there is none or it is revoked."""
        return self._known().writers.get(digest(secret))

    def operator(self, secret: str) -> str | None:
        """Return the name of the operator's token with this secret, None when there is none or it is revoked."""
        return self._known().operators.get(digest(secret))

    def refuse(self, *, actor: str, action: str, object: str, reason: str) -> None:
        """Put a refusal into the audit log, at a bounded rate."""
        self._audit.refuse(actor=actor, action=action, object=object, reason=reason, at_ns=self._clock.now().wall_ns)

    def mint_enrolment(self, *, agent: str, devices: Iterable[str], actor: str, now_ns: int) -> str:
        """Return a new enrolment token: for one use within 24 hours, by this agent, for these devices.

        The agent's earlier tokens that were not used are void from now on. RegisterError for a bad name.
        """
        secret, names = "nadi-enrol-" + secrets.token_urlsafe(32), bound(agent, devices)
        with self._acting(actor, "enrol.mint", agent, now_ns, names) as connection:
            enrolment.mint(connection, secret=secret, agent=agent, devices=names, actor=actor, now_ns=now_ns)
        return secret

    def enrol(self, *, token: str, agent: str, public_key: bytes, proof: bytes, now_ns: int) -> Enrolled:
        """Accept an agent's key and burn the token, in one transaction; raise EnrolmentRefused.

        ``proof`` is the key's signature over ``agent.identity.enrolment_proof``. The same key with the same
        token is answered again as the first time.
        """
        shown = agent if NAME.fullmatch(agent) else "?"
        actor = f"agent:{shown}"
        try:
            with writing(self._engine) as connection:
                answer = enrolment.enrol(
                    connection, token=token, agent=agent, public_key=public_key, proof=proof, now_ns=now_ns
                )
                if not answer.repeated:
                    detail = f"key {fingerprint(public_key)}"
                    self._audit.record(
                        actor=actor, action="enrol", object=shown, at_ns=now_ns, detail=detail, connection=connection
                    )
        except EnrolmentRefused as refusal:
            self._audit.refuse(actor=actor, action="enrol", object=shown, reason=refusal.reason, at_ns=now_ns)
            raise
        self._forget()
        return answer

    def bind(self, agent: str, devices: Iterable[str], *, actor: str, now_ns: int) -> None:
        """Let an enrolled agent speak for these devices, and no others, from now on."""
        names = bound(agent, devices)
        with self._acting(actor, "agent.bind", agent, now_ns, names) as connection:
            enrolment.bind(connection, agent=agent, devices=names)

    def revoke(self, agent: str, *, actor: str, now_ns: int) -> None:
        """End an agent's key and every token minted for it; only a token minted later brings it back."""
        with self._acting(actor, "agent.revoke", agent, now_ns) as connection:
            enrolment.revoke(connection, agent=agent, now_ns=now_ns)

    def agents(self) -> list[AgentKey]:
        """Return the newest key of each agent, by name."""
        with reading(self._engine) as connection:
            return [
                AgentKey(row.agent, row.public_key, tuple(json.loads(row.devices)), row.enrolled_ns, row.revoked_ns)
                for row in enrolment.newest_keys(connection)
            ]

    def invitations(self, *, now_ns: int) -> list[Invitation]:
        """Return the enrolment tokens that may still be used, by agent."""
        with reading(self._engine) as connection:
            return enrolment.invitations(connection, now_ns)

    def mint_write_token(self, *, name: str, devices: Iterable[str], actor: str, now_ns: int) -> str:
        """Return the secret of a new write token, which may send readings of these devices."""
        return self._mint("write", name, bound(name, devices), actor, now_ns)

    def mint_operator_token(self, *, name: str, actor: str, now_ns: int) -> str:
        """Return the secret of a new operator's token, with which pages and API may be read from elsewhere."""
        check_name(name)
        return self._mint("operator", name, "[]", actor, now_ns)

    def revoke_write_token(self, name: str, *, actor: str, now_ns: int) -> None:
        """End the write token of that name."""
        self._revoke_token("write", name, actor, now_ns)

    def revoke_operator_token(self, name: str, *, actor: str, now_ns: int) -> None:
        """End the operator's token of that name."""
        self._revoke_token("operator", name, actor, now_ns)

    def tokens(self) -> list[Token]:
        """Return every write and operator's token ever minted, by name and time."""
        with reading(self._engine) as connection:
            return [
                Token(row.name, row.operator, tuple(json.loads(row.devices)), row.minted_ns, row.revoked_ns)
                for row in connection.execute(select(token_table).order_by(token_table.c.name, token_table.c.id))
            ]

    def _mint(self, kind: str, name: str, devices: str, actor: str, now_ns: int) -> str:
        secret = f"nadi-{kind}-" + secrets.token_urlsafe(32)
        row = {"token_hash": digest(secret), "name": name, "operator": kind == "operator", "devices": devices}
        with self._acting(actor, f"{kind}-token.mint", name, now_ns, devices) as connection:
            if connection.execute(_valid(kind, name)).first() is not None:
                raise RegisterError(f"there is a {kind} token {name!r} already; revoke it, or choose another name")
            connection.execute(insert(token_table).values(**row, minted_ns=now_ns, actor=actor))
        return secret

    def _revoke_token(self, kind: str, name: str, actor: str, now_ns: int) -> None:
        with self._acting(actor, f"{kind}-token.revoke", name, now_ns) as connection:
            number = connection.scalar(_valid(kind, name))
            if number is None:
                raise RegisterError(f"there is no {kind} token {name!r}; see the list of tokens")
            connection.execute(update(token_table).where(token_table.c.id == number).values(revoked_ns=now_ns))

    @contextmanager
    def _acting(self, actor: str, action: str, what: str, now_ns: int, detail: str = "") -> Iterator[Connection]:
        """Give a write transaction which ends with the act's audit record; then forget what is in memory."""
        with writing(self._engine) as connection:
            yield connection
            self._audit.record(
                actor=actor, action=action, object=what, at_ns=now_ns, detail=detail, connection=connection
            )
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._cache = None

    def _known(self) -> _Known:
        """Return what is in memory, read anew when it is older than ``REFRESH_NS``."""
        now_ns = self._clock.now().boot_ns
        cache = self._cache
        if cache is not None and 0 <= now_ns - cache.read_ns < REFRESH_NS:
            return cache
        with self._lock:  # held while reading, so that a change committed meanwhile is forgotten after it
            self._cache = self._read(now_ns)
            return self._cache

    def _read(self, now_ns: int) -> _Known:
        with reading(self._engine) as connection:
            keys = enrolment.newest_keys(connection)
            tokens = connection.execute(select(token_table).where(token_table.c.revoked_ns.is_(None))).all()
        return _Known(
            read_ns=now_ns,
            agents={row.agent: _peer(row) for row in keys},
            writers={
                row.token_hash: WriteToken(row.name, frozenset(json.loads(row.devices)))
                for row in tokens
                if not row.operator
            },
            operators={row.token_hash: row.name for row in tokens if row.operator},
        )


def _peer(row: Any) -> Peer:
    return Peer(row.agent, row.public_key, frozenset(json.loads(row.devices)), row.revoked_ns is not None)


def _valid(kind: str, name: str) -> Select[int]:
    column = token_table.c
    return select(column.id).where(
        column.name == name, column.operator == (kind == "operator"), column.revoked_ns.is_(None)
    )

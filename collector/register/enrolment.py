"""Agents' keys and the one-use tokens that bring them in: the acts, each on a connection in a transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from agent.clock import NS
from agent.envelope import NAME
from agent.identity import enrolment_proof, verify
from collector.register.engine import RegisterError
from collector.register.tables import agent_key, enrolment

LIFE_NS = 24 * 3600 * NS


class EnrolmentRefused(Exception):
    """An enrolment that is not granted; ``reason`` is for the agent and the audit log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An agent's key is accepted for these devices; ``repeated`` when it was already (the answer got lost)."""

    agent: str
    devices: frozenset[str]
    repeated: bool


@dataclass(frozen=True, slots=True)
class AgentKey:
    """The newest key of an agent, for lists; times UTC ns."""

    agent: str
    public: bytes
    devices: tuple[str, ...]
    enrolled_ns: int
    revoked_ns: int | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An enrolment token that waits to be used."""

    agent: str
    devices: tuple[str, ...]
    minted_ns: int
    expires_ns: int


def digest(secret: str) -> str:
    """Return the SHA-256 under which a secret is kept; 256 random bits need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_name(name: str) -> None:
    """Refuse what is no name of an agent, device or token."""
    if NAME.fullmatch(name) is None:
        raise RegisterError(f"name {name!r} must be letters, digits, '.', '_' or '-', at most 64, no sign first")


def bound(name: str, devices: Iterable[str]) -> str:
    """Return the devices as stored (JSON), after checking all names."""
    names = sorted(set(devices))
    for each in (name, *names):
        check_name(each)
    if not names:
        raise RegisterError(f"{name!r} must be bound to at least one device; name them")
    return json.dumps(names)


def mint(connection: Connection, *, secret: str, agent: str, devices: str, actor: str, now_ns: int) -> None:
    """Keep a new token's hash; the agent's earlier unused tokens are void."""
    void_unused(connection, agent, now_ns)
    row = {"token_hash": digest(secret), "agent": agent, "devices": devices, "actor": actor}
    connection.execute(insert(enrolment).values(**row, minted_ns=now_ns, expires_ns=now_ns + LIFE_NS))


def void_unused(connection: Connection, agent: str, now_ns: int) -> int:
    """Withdraw the unused tokens of an agent; return how many."""
    column = enrolment.c
    unused = (column.agent == agent, column.used_ns.is_(None), column.void_ns.is_(None))
    return connection.execute(update(enrolment).where(*unused).values(void_ns=now_ns)).rowcount


def enrol(connection: Connection, *, token: str, agent: str, public_key: bytes, proof: bytes, now_ns: int) -> Enrolled:
    """Burn the token and keep the key; raise EnrolmentRefused."""
    invitation = connection.execute(select(enrolment).where(enrolment.c.token_hash == digest(token))).first()
    if invitation is None:
        raise EnrolmentRefused("the token is unknown; ask the NOC for a new one")
    if invitation.agent != agent:
        raise EnrolmentRefused("the token is for another agent; check the agent's name")
    if not verify(public_key, enrolment_proof(token, agent, public_key), proof):
        raise EnrolmentRefused("the proof of possession is not by this key")
    if invitation.void_ns is not None:
        raise EnrolmentRefused("the token was withdrawn; ask the NOC for a new one")
    devices = frozenset(json.loads(invitation.devices))
    if invitation.used_ns is not None:
        _check_repetition(connection, invitation, public_key)
        return Enrolled(agent, devices, repeated=True)
    if now_ns >= invitation.expires_ns:
        raise EnrolmentRefused("the token has expired; ask the NOC for a new one")
    holders = connection.scalars(select(agent_key.c.agent).where(agent_key.c.public_key == public_key))
    if any(holder != agent for holder in holders):
        raise EnrolmentRefused("the key is another agent's; each agent makes its own")
    burnt = update(enrolment).where(enrolment.c.token_hash == invitation.token_hash).values(used_ns=now_ns)
    connection.execute(burnt)
    key = {"agent": agent, "public_key": public_key, "devices": invitation.devices, "enrolled_ns": now_ns}
    connection.execute(insert(agent_key).values(**key, token_hash=invitation.token_hash))
    return Enrolled(agent, devices, repeated=False)


def _check_repetition(connection: Connection, invitation: Row[Any], public_key: bytes) -> None:
    """Allow only the key that burnt the token, while it is the agent's newest and not revoked."""
    key = newest_key(connection, invitation.agent)
    if key is None or key.token_hash != invitation.token_hash:
        raise EnrolmentRefused("the token was used, and the agent has enrolled anew since; ask the NOC for a new one")
    if key.public_key != public_key:
        raise EnrolmentRefused("the token was used by another key; ask the NOC for a new one")
    if key.revoked_ns is not None:
        raise EnrolmentRefused("the agent was revoked; ask the NOC for a new token")


def newest_keys(connection: Connection) -> Sequence[Row[Any]]:
    """Return the newest key of each agent, by name; earlier keys hold no longer."""
    newest = select(func.max(agent_key.c.id)).group_by(agent_key.c.agent)
    return connection.execute(select(agent_key).where(agent_key.c.id.in_(newest)).order_by(agent_key.c.agent)).all()


def newest_key(connection: Connection, agent: str) -> Row[Any] | None:
    """Return the newest key of one agent, None when it never enrolled."""
    return connection.execute(
        select(agent_key).where(agent_key.c.agent == agent).order_by(agent_key.c.id.desc()).limit(1)
    ).first()


def invitations(connection: Connection, now_ns: int) -> list[Invitation]:
    """Return the tokens that may still be used, by agent."""
    column = enrolment.c
    waiting = (column.used_ns.is_(None), column.void_ns.is_(None), column.expires_ns > now_ns)
    return [
        Invitation(row.agent, tuple(json.loads(row.devices)), row.minted_ns, row.expires_ns)
        for row in connection.execute(select(enrolment).where(*waiting).order_by(column.agent))
    ]


def bind(connection: Connection, *, agent: str, devices: str) -> None:
    """Change the devices of an agent's key."""
    key = newest_key(connection, agent)
    if key is None or key.revoked_ns is not None:
        raise RegisterError(f"agent {agent!r} is not enrolled; mint it an enrolment token")
    connection.execute(update(agent_key).where(agent_key.c.id == key.id).values(devices=devices))


def revoke(connection: Connection, *, agent: str, now_ns: int) -> None:
    """End every key of an agent and withdraw its unused tokens: the tombstone no old token gets past."""
    unused = void_unused(connection, agent, now_ns)
    valid = (agent_key.c.agent == agent, agent_key.c.revoked_ns.is_(None))
    ended = connection.execute(update(agent_key).where(*valid).values(revoked_ns=now_ns)).rowcount
    if not unused and not ended:
        raise RegisterError(f"agent {agent!r} has neither a key nor a token; see the list of agents")

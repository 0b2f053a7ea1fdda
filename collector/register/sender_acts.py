"""Acts on senders as the API asks for them: who may send readings, and with which token; every fault told in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from agent.envelope import NAME
from collector.register.access import Access, Token
from collector.register.acts import Conflict
from collector.register.book import Missing, Refused
from collector.register.content import ContentError, content

T = TypeVar("T")
Sort = Literal["write", "operator"]
MOST_DEVICES = 500


@dataclass(frozen=True, slots=True)
class Invited:
    """An agent that may enrol once within 24 hours, for its devices (none named: the one of its own name)."""

    agent: str
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """The devices of which an agent speaks, and no others."""

    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token of a machine: *write* sends readings of its devices, *operator* reads pages and API and has none."""

    sort: Sort
    name: str
    devices: tuple[str, ...] = ()


def invite(access: Access, body: Mapping[str, Any], *, actor: str, now_ns: int) -> tuple[str, str]:
    """Return an agent's name and the secret of its enrolment token; Refused."""
    form = _read(Invited, body)
    devices = form.devices or (form.agent,)
    _refuse([*_names("agent", (form.agent,)), *_names("devices", devices)])
    return form.agent, access.mint_enrolment(agent=form.agent, devices=devices, actor=actor, now_ns=now_ns)


def bind(access: Access, agent: str, body: Mapping[str, Any], *, actor: str, now_ns: int) -> None:
    """Let an enrolled agent speak for these devices; Missing, Refused."""
    form = _read(Bound, body)
    _refuse([*_names("devices", form.devices)] if form.devices else ["devices harus memuat sedikitnya satu perangkat"])
    if not any(key.agent == agent and key.revoked_ns is None for key in access.agents()):
        raise Missing(f"agen {agent!r} tidak terdaftar")
    access.bind(agent, form.devices, actor=actor, now_ns=now_ns)


def revoke(access: Access, agent: str, *, actor: str, now_ns: int) -> None:
    """End an agent's key and tokens; Missing."""
    valid = {key.agent for key in access.agents() if key.revoked_ns is None}
    if agent not in valid | {item.agent for item in access.invitations(now_ns=now_ns)}:
        raise Missing(f"agen {agent!r} tidak mempunyai kunci atau token yang berlaku")
    access.revoke(agent, actor=actor, now_ns=now_ns)


def mint(access: Access, body: Mapping[str, Any], *, actor: str, now_ns: int) -> tuple[NewToken, str]:
    """Return what was asked for and the secret of the new token; Conflict, Refused."""
    form = _read(NewToken, body)
    wrong = [*_names("name", (form.name,)), *_names("devices", form.devices)]
    if (form.sort == "write") != bool(form.devices):
        wrong.append("devices diisi untuk token write, dan hanya untuk itu")
    _refuse(wrong)
    if any(_is(item, form.sort, form.name) for item in access.tokens()):
        raise Conflict(f"sudah ada token {form.sort} {form.name!r}; cabut dahulu atau pilih nama lain")
    if form.sort == "operator":
        return form, access.mint_operator_token(name=form.name, actor=actor, now_ns=now_ns)
    return form, access.mint_write_token(name=form.name, devices=form.devices, actor=actor, now_ns=now_ns)


def revoke_token(access: Access, sort: Sort, name: str, *, actor: str, now_ns: int) -> None:
    """End a machine's token; Missing."""
    if not any(_is(item, sort, name) for item in access.tokens()):
        raise Missing(f"tidak ada token {sort} {name!r} yang berlaku")
    ending = access.revoke_operator_token if sort == "operator" else access.revoke_write_token
    ending(name, actor=actor, now_ns=now_ns)


def _is(item: Token, sort: Sort, name: str) -> bool:
    return item.name == name and item.operator == (sort == "operator") and item.revoked_ns is None


def _read(form: type[T], body: Mapping[str, Any]) -> T:
    try:
        return content(form, body)
    except ContentError as error:
        raise Refused(*error.problems) from error


def _names(field: str, names: Iterable[str]) -> Iterator[str]:
    listed = list(names)
    if len(listed) > MOST_DEVICES:
        yield f"{field} paling banyak {MOST_DEVICES}"
    if any(NAME.fullmatch(name) is None for name in listed):
        yield f"{field} harus huruf, angka, '.', '_' atau '-', diawali huruf atau angka, paling panjang 64"


def _refuse(problems: list[str]) -> None:
    if problems:
        raise Refused(*problems)

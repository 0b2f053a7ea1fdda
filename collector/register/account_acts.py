"""Acts on accounts as the API asks for them: values in, every fault told in words for officials.

Only an admin administers accounts, and nobody his own: two people stand behind every change of rights. A password of
one's own is changed by showing the old one; a personal token is minted by its owner alone, for it acts in his name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from agent.envelope import NAME
from collector.register import acts
from collector.register.accounts import LEAST_PASSWORD, MOST_NAME, MOST_PASSWORD, RESERVED, Account, is_weak
from collector.register.book import Forbidden, Missing, Refused
from collector.register.content import ContentError, content
from collector.register.engine import RegisterError
from collector.register.people import Actor, Role
from collector.register.revisions import Register
from collector.register.sessions import DEFAULT_DAYS, MOST_DAYS, MOST_TOKENS

T = TypeVar("T")
ADMINS: Final = frozenset[Role](("admin",))


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made; without a password only personal tokens would open it, so that one is set later."""

    name: str
    full_name: str
    roles: tuple[Role, ...]
    opd: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that an account is to have, and no others."""

    roles: tuple[Role, ...]
    opd: str = ""


@dataclass(frozen=True, slots=True)
class Password:
    """A password that is set anew."""

    password: str


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """One's own password, changed by showing the old one."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class NewToken:
    """A personal token to be minted, named by what it is for."""

    label: str
    days: int = DEFAULT_DAYS


def add(register: Register, body: Mapping[str, Any], *, actor: Actor, opds: Collection[str], now_ns: int) -> Account:
    """Make an account; Forbidden, Refused, Conflict where the name is taken."""
    form = _read(NewAccount, body)
    _hold_admin(register, actor, "account.add", form.name, now_ns)
    wrong = [*_name(form.name), *_full_name(form.full_name), *_roles(form.roles, form.opd, opds)]
    wrong += _password(form.name, form.password) if form.password else ()
    _refuse(wrong)
    if register.accounts.has(form.name):
        raise acts.Conflict(f"sudah ada akun {form.name!r}; pilih nama lain")
    return register.accounts.add(
        form.name,
        full_name=form.full_name,
        roles=form.roles,
        opd=form.opd,
        opds=opds,
        password=form.password,
        actor=actor.name,
        now_ns=now_ns,
    )


def set_roles(
    register: Register, name: str, body: Mapping[str, Any], *, actor: Actor, opds: Collection[str], now_ns: int
) -> Account:
    """Give an account these roles and no others; Forbidden, Missing, Refused."""
    form = _read(Roles, body)
    _hold_other(register, actor, "account.roles", name, now_ns)
    _refuse([*_roles(form.roles, form.opd, opds)])
    register.accounts.set_roles(name, form.roles, opd=form.opd, opds=opds, actor=actor.name, now_ns=now_ns)
    return register.accounts.get(name)


def reset_password(register: Register, name: str, body: Mapping[str, Any], *, actor: Actor, now_ns: int) -> Account:
    """Set another's password, which ends his sessions; Forbidden, Missing, Refused."""
    form = _read(Password, body)
    _hold_other(register, actor, "account.password", name, now_ns)
    _refuse([*_password(name, form.password)])
    register.accounts.set_password(name, form.password, actor=actor.name, now_ns=now_ns)
    return register.accounts.get(name)


def disable(register: Register, name: str, *, actor: Actor, now_ns: int) -> Account:
    """End an account; Forbidden, Missing."""
    _hold_other(register, actor, "account.disable", name, now_ns)
    register.accounts.disable(name, actor=actor.name, now_ns=now_ns)
    return register.accounts.get(name)


def change_password(register: Register, body: Mapping[str, Any], *, actor: Actor, address: str, now_ns: int) -> None:
    """Change one's own password, which ends every session of his; Refused, LoginRefused, TooMany."""
    form = _read(OwnPassword, body)
    _refuse([*_password(actor.name, form.new)])
    if form.old == form.new:
        raise Refused("kata sandi baru harus lain daripada yang lama")
    register.sessions.prove(actor.name, form.old, address=address)
    register.accounts.set_password(actor.name, form.new, actor=actor.name, now_ns=now_ns)


def mint_token(register: Register, body: Mapping[str, Any], *, actor: Actor, now_ns: int) -> str:
    """Return the secret of a new personal token of one's own; Refused, Conflict."""
    form = _read(NewToken, body)
    wrong = [*_name(form.label, what="label")]
    if not 1 <= form.days <= MOST_DAYS:
        wrong.append(f"days harus antara 1 dan {MOST_DAYS}")
    _refuse(wrong)
    try:
        return register.sessions.mint(actor.name, label=form.label, days=form.days, actor=actor.name, now_ns=now_ns)
    except RegisterError as error:
        if form.label in register.sessions.labels(actor.name, now_ns=now_ns):
            raise acts.Conflict(f"sudah ada token {form.label!r}; cabut dahulu atau pilih nama lain") from error
        if len(register.sessions.labels(actor.name, now_ns=now_ns)) >= MOST_TOKENS:
            raise acts.Conflict(f"sudah ada {MOST_TOKENS} token; cabut salah satu") from error
        raise


def revoke_token(register: Register, name: str, label: str, *, actor: Actor, now_ns: int) -> None:
    """End a personal token, of one's own or, by an admin, of anybody; Forbidden, Missing."""
    if name != actor.name:
        _hold_admin(register, actor, "account-token.revoke", name, now_ns)
    if label not in register.sessions.labels(name, now_ns=now_ns):
        raise Missing(f"akun {name!r} tidak mempunyai token {label!r} yang berlaku")
    register.sessions.revoke(name, label, actor=actor.name, now_ns=now_ns)


def _read(form: type[T], body: Mapping[str, Any]) -> T:
    try:
        return content(form, body)
    except ContentError as error:
        raise Refused(*error.problems) from error


def _hold_admin(register: Register, actor: Actor, act: str, name: str, now_ns: int) -> None:
    if not actor.roles & ADMINS:
        reason = f"{actor.name}: mengelola akun memerlukan peran admin"
        register.audit.refuse(actor=actor.name, action=act, object=name, reason=reason, at_ns=now_ns)
        raise Forbidden(reason)


def _hold_other(register: Register, actor: Actor, act: str, name: str, now_ns: int) -> None:
    """Demand an admin, and an account that is not his own."""
    _hold_admin(register, actor, act, name, now_ns)
    if name == actor.name:
        reason = f"{name}: akun sendiri diubah oleh admin lain; kata sandi sendiri melalui /api/v1/session/password"
        register.audit.refuse(actor=actor.name, action=act, object=name, reason=reason, at_ns=now_ns)
        raise Forbidden(reason)
    if not register.accounts.has(name):
        raise Missing(f"tidak ada akun {name!r}")


def _name(name: str, *, what: str = "name") -> Iterator[str]:
    if NAME.fullmatch(name) is None:
        yield f"{what} harus huruf, angka, '.', '_' atau '-', diawali huruf atau angka, paling panjang 64"
    elif what == "name" and name in RESERVED:
        yield f"name {name!r} dipakai oleh Nadi sendiri; pilih nama lain"


def _full_name(text: str) -> Iterator[str]:
    if not text.strip() or len(text) > MOST_NAME or not text.isprintable():
        yield f"full_name harus diisi, satu baris, paling panjang {MOST_NAME} karakter"


def _roles(roles: tuple[Role, ...], opd: str, opds: Collection[str]) -> Iterator[str]:
    if not roles:
        yield "roles harus memuat sedikitnya satu peran"
    if ("opd" in roles) != bool(opd):
        yield "peran opd dan kode OPD yang diwakilinya (opd) diisi bersama-sama"
    if opd and opd not in opds:
        yield f"OPD {opd!r} tidak terdaftar"


def _password(name: str, password: str) -> Iterator[str]:
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        yield f"kata sandi terdiri atas {LEAST_PASSWORD} sampai {MOST_PASSWORD} karakter; pilih sebuah kalimat"
    elif is_weak(name, password):
        yield "kata sandi memuat nama akun atau mengulang beberapa huruf saja; pilih sebuah kalimat"


def _refuse(problems: list[str]) -> None:
    if problems:
        raise Refused(*problems)

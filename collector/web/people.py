"""Who has access, and the log of what was done: for auditors and admins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Query

from collector.running import Collector


@dataclass(frozen=True, slots=True)
class TokenView:
    """A personal token; ``used_on`` is its last day of use."""

    name: str
    minted_at: str
    expires_at: str
    used_on: str | None
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account and its personal tokens (Tanah Laut 25/2018 Pasal 24 ayat (1))."""

    name: str
    full_name: str
    roles: list[str]
    opd: str
    created_at: str
    disabled_at: str | None
    has_password: bool
    tokens: list[TokenView]


@dataclass(frozen=True, slots=True)
class AuditRecordView:
    """A record of the audit log; ``hash`` covers it and ``prev``."""

    seq: int
    prev: str
    hash: str
    at_ns: int
    at: str
    actor: str
    action: str
    object: str
    result: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditView:
    """Records after a number, and the head to keep elsewhere (``SEQ:HASH``)."""

    head: str
    records: list[AuditRecordView]


def add_log(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    register, zone = collector.folder.register, collector.zone

    def iso(time_ns: int | None) -> str | None:
        return None if time_ns is None else zone.iso(time_ns)

    @app.get("/api/v1/accounts", tags=["akun"], summary="Daftar akun, perannya, dan token pribadinya")
    def accounts() -> list[AccountView]:
        tokens = register.sessions.personal()
        return [
            AccountView(
                name=item.name,
                full_name=item.full_name,
                roles=list(item.roles),
                opd=item.opd,
                created_at=zone.iso(item.created_ns),
                disabled_at=iso(item.disabled_ns),
                has_password=item.has_password,
                tokens=[
                    TokenView(
                        name=token.name,
                        minted_at=zone.iso(token.minted_ns),
                        expires_at=zone.iso(token.expires_ns),
                        used_on=None if token.used_ns is None else str(zone.day(token.used_ns)),
                        revoked_at=iso(token.revoked_ns),
                    )
                    for token in tokens
                    if token.account == item.name
                ],
            )
            for item in register.accounts.all()
        ]

    @app.get("/api/v1/audit", tags=["akun"], summary="Log audit, dan kepala rantainya")
    def audit(
        after: Annotated[int, Query(ge=0, le=2**62, description="Sesudah catatan bernomor ini")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> AuditView:
        head = register.audit.head()
        records = [
            AuditRecordView(
                at=zone.iso(item.at_ns),
                **{name: getattr(item, name) for name in item.__slots__},
            )
            for item in register.audit.records(after=after, limit=limit)
        ]
        return AuditView(f"{head.seq}:{head.hash}", records)

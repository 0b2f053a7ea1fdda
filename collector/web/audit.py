"""The log of what was done: read, and its chain checked, by auditors and admins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Query

from collector.register.audit import Head
from collector.running import Collector

HeadText = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,18}:[0-9a-f]{64}$", description="Kepala rantai yang disimpan di tempat lain (SEQ:HASH)"),
]


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


@dataclass(frozen=True, slots=True)
class ChainView:
    """Whether the log is what was written; ``seq`` is the first record at which it is not."""

    whole: bool
    head: str
    seq: int | None
    problem: str | None


def add_audit(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    log, zone = collector.folder.register.audit, collector.zone

    @app.get("/api/v1/audit", tags=["akun"], summary="Log audit, dan kepala rantainya")
    def audit(
        after: Annotated[int, Query(ge=0, le=2**62, description="Sesudah catatan bernomor ini")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> AuditView:
        head = log.head()
        records = [
            AuditRecordView(at=zone.iso(item.at_ns), **{name: getattr(item, name) for name in item.__slots__})
            for item in log.records(after=after, limit=limit)
        ]
        return AuditView(f"{head.seq}:{head.hash}", records)

    @app.get(
        "/api/v1/audit/verify",
        tags=["akun"],
        summary="Periksa rantai log audit: catatan yang diubah, hilang, bertukar tempat, atau (dengan head) terpotong",
    )
    def verify(head: HeadText = None) -> ChainView:
        number, _, digest = (head or "").partition(":")
        problem = log.verify(head=Head(int(number), digest) if head else None)
        last = log.head()
        told = problem.what if problem else None
        return ChainView(problem is None, f"{last.seq}:{last.hash}", problem.seq if problem else None, told)

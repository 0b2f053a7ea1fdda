"""The registers over HTTP, made from ``KINDS``: list, read with history, open, and one address for each step."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector import acting
from collector.asked import Before, before
from collector.judge.month import Direction
from collector.register import acts
from collector.register.book import Book, Forbidden, Record
from collector.register.content import plain
from collector.register.kinds import Kind
from collector.register.records.proposal import PROPOSAL
from collector.register.registers import KINDS
from collector.running import Collector
from collector.web import register_words as words
from collector.web.auth import visitor_of
from collector.web.desk import Desk
from collector.web.policy import REGISTERS, Visitor
from collector.web.sight import refuse_foreign, sight
from collector.web.views import number

Asking = Annotated[Visitor, Depends(visitor_of)]
Code = Annotated[str, InPath(max_length=64, description="Nomor catatan")]
State = Annotated[str | None, Query(max_length=40, description="Hanya yang berkeadaan ini")]
OpdCode = Annotated[str | None, Query(max_length=20, description="Hanya OPD ini")]
From = Annotated[
    str | None, Query(alias="from", max_length=40, description="Sejak (tanggal atau saat), misalnya 2026-04-01")
]
To = Annotated[str | None, Query(max_length=40, description="Sampai sebelum (tanggal atau saat)")]
After = Annotated[str, Query(max_length=64, description="Sesudah nomor ini")]
Limit = Annotated[int, Query(ge=1, le=acts.MOST_SHOWN)]


def add_registers(app: FastAPI, collector: Collector) -> None:
    """Add every route of every register."""
    desk = _Desk(collector)

    @app.get(
        REGISTERS,
        tags=["register"],
        summary="Register yang ada, keadaannya, dan siapa yang berwenang",
        responses=words.answers(200, {"type": "array", "items": {"type": "object"}}, "Register"),
    )
    def registers(asking: Asking) -> JSONResponse:
        return JSONResponse([_kind(kind) for kind in KINDS.values() if acts.readable(kind, asking.actor)])

    for kind in KINDS.values():
        _add_reading(app, desk, kind)
        _add_opening(app, desk, kind)
        for target in dict.fromkeys(move.target for move in kind.moves):
            _add_step(app, desk, kind, target)


class _Desk(Desk):
    """Where the registers' requests become acts."""

    @property
    def book(self) -> Book:
        """The book of records."""
        return self.collector.folder.register.book

    def shown(self, kind: Kind, record: Record) -> dict[str, Any]:
        """Return a revision as JSON."""
        zone, papers = self.collector.zone, record.papers
        stored = self.collector.folder.attachments.has(record.code, papers.attachment_sha256)
        return {
            **{"kind": record.kind, "code": record.code, "revision": record.revision, "state": record.state},
            **{"opd": record.opd, "at": zone.iso(record.at_ns), "form": plain(record.form), **plain(papers)},
            "attachment_stored": stored,
            **{"actor": record.actor, "role": record.role, "recorded_at": zone.iso(record.recorded_ns)},
            **{"sha256": record.sha256, "next": acts.steps(kind, record)},
        }

    def instant(self, name: str, text: str | None) -> int | None:
        """Return a time that was asked for, UTC ns; 400 for what is none."""
        if text is None:
            return None
        try:
            return self.collector.zone.parse(text)
        except (ValueError, OverflowError) as error:
            raise HTTPException(400, f"{name} bukan tanggal atau saat: {text!r}") from error


def _add_reading(app: FastAPI, desk: _Desk, kind: Kind) -> None:
    collector, place = desk.collector, f"{REGISTERS}/{kind.name}"
    several = {"type": "array", "items": words.record_schema(kind)}

    @app.get(
        place,
        tags=["register"],
        summary=f"Daftar {kind.title}",
        name=f"daftar-{kind.name}",
        response_class=JSONResponse,
        responses=words.answers(200, several, "Perubahan terbaru tiap catatan", 400, 404),
    )
    def records(
        asking: Asking,
        state: State = None,
        opd: OpdCode = None,
        since: From = None,
        to: To = None,
        after: After = "",
        limit: Limit = 200,
    ) -> Response:
        only = sight(collector, asking, opd)
        wanted = acts.Filter(state, only, desk.instant("from", since), desk.instant("to", to), after, limit)

        def act() -> JSONResponse:
            found = acts.listed(desk.book, kind, wanted, actor=asking.actor)
            return JSONResponse([desk.shown(kind, item) for item in found])

        return desk.answered(act)

    @app.get(
        f"{place}/{{code}}",
        tags=["register"],
        summary=f"Satu {kind.title} dengan seluruh riwayatnya",
        name=f"baca-{kind.name}",
        response_class=JSONResponse,
        responses=words.answers(200, words.history_schema(kind), "Riwayat", 404),
    )
    def record(asking: Asking, code: Code) -> Response:
        def act() -> JSONResponse:
            try:
                found = acts.history(desk.book, kind, code, actor=asking.actor)
            except Forbidden:
                refuse_foreign(collector, asking, asking.path)
                raise
            revisions = [desk.shown(kind, item) for item in found]
            used = _used(collector, found) if kind is PROPOSAL else []
            return JSONResponse({"kind": kind.name, "code": code, "revisions": revisions, "before": used})

        return desk.answered(act)


def _add_opening(app: FastAPI, desk: _Desk, kind: Kind) -> None:
    collector = desk.collector

    @app.post(
        f"{REGISTERS}/{kind.name}",
        tags=["register"],
        summary=f"Catat {kind.title} (peran: {', '.join(sorted(kind.openers))})",
        description=f"Dasar: {kind.source}",
        name=f"buka-{kind.name}",
        status_code=201,
        response_class=JSONResponse,
        responses=words.answers(201, words.record_schema(kind), "Tercatat", 400, 408, 413, 415, 503),
        openapi_extra={"requestBody": words.opening_body(kind)},
    )
    async def opened(request: Request, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> JSONResponse:
            made = acting.open_record(collector.folder, kind, body, actor=asking.actor)
            place = {"Location": f"{REGISTERS}/{kind.name}/{made.code}"}
            return JSONResponse(desk.shown(kind, made), status_code=201, headers=place)

        return await desk.posted(request, act)


def _add_step(app: FastAPI, desk: _Desk, kind: Kind, target: str) -> None:
    collector = desk.collector
    moves = [move for move in kind.moves if move.target == target]
    roles = sorted({role for move in moves for role in move.roles})
    another = " oleh orang lain daripada pengisinya" if any(move.another for move in moves) else ""

    @app.post(
        f"{REGISTERS}/{kind.name}/{{code}}/{target}",
        tags=["register"],
        summary=f"Jadikan {kind.title} {target} (peran: {', '.join(roles)})",
        description=f"Dari keadaan {' atau '.join(move.source for move in moves)}{another}. Dasar: {kind.source}",
        name=f"{target}-{kind.name}",
        response_class=JSONResponse,
        responses=words.answers(200, words.record_schema(kind), "Tercatat", 400, 404, 408, 409, 413, 415, 503),
        openapi_extra={"requestBody": words.step_body(kind, target)},
    )
    async def moved(request: Request, asking: Asking, code: Code) -> Response:
        def act(body: dict[str, Any]) -> JSONResponse:
            made = acting.move_record(collector.folder, kind, code, target, body, actor=asking.actor)
            return JSONResponse(desk.shown(kind, made))

        return await desk.posted(request, act)


def _kind(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": kind.title,
        "source": kind.source,
        "states": list(kind.states),
        "opens": kind.opens,
        "openers": sorted(kind.openers),
        "readers": sorted(kind.openers | kind.readers),
        "steps": [
            {"from": move.source, "to": move.target, "roles": sorted(move.roles), "another": move.another}
            for move in kind.moves
        ],
    }


def _used(collector: Collector, history: list[Record]) -> list[dict[str, Any]]:
    """Return what the OPD used before it asked."""
    months = before(collector.folder, history[-1].opd, at_ns=history[0].recorded_ns)
    return [_month(item) for item in months]


def _month(item: Before) -> dict[str, Any]:
    return {
        "month": str(item.month),
        "closed": item.closed,
        "report_version": item.report,
        "unduh": _direction(item.unduh),
        "unggah": _direction(item.unggah),
    }


def _direction(found: Direction | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"p95_bps": number(found.p95), "coverage": number(found.coverage), "at_limit": number(found.ceiling)}

"""Senders over HTTP: agents invited, bound and revoked, tokens of machines; by admins, each act in the log."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.register import sender_acts as acts
from collector.register.describe import schema
from collector.running import Collector
from collector.web.auth import visitor_of
from collector.web.desk import Desk
from collector.web.policy import Visitor
from collector.web.report_words import Answers, answers, body_of, list_of, object_of, refusals

AGENTS, TOKENS = "/api/v1/agents", "/api/v1/tokens"
MOST: Final = 65_536
Asking = Annotated[Visitor, Depends(visitor_of)]
Name = Annotated[str, InPath(max_length=64, description="Nama")]

_TEXT: Final = {"type": "string"}
_MAYBE: Final = {**_TEXT, "format": "date-time", "nullable": True}
_NAMES: Final = list_of(_TEXT)
_SHOWN: Final = object_of({"name": _TEXT, "token": {**_TEXT, "description": "Hanya ditampilkan sekali ini"}})
_TOKEN: Final = object_of({"sort": _TEXT, "name": _TEXT, "devices": _NAMES, "minted_at": _TEXT, "revoked_at": _MAYBE})
_DONE: Final[Answers] = {204: {"description": "Tercatat"}, **refusals(404)}
_POSTED: Final = (400, 408, 413, 415, 503)
_INVITED: Final = {"agent": "agen-noc", "devices": ["rtr-dinkes"]}
_WRITE: Final = {"sort": "write", "name": "telegraf", "devices": ["srv-web"]}


def add_senders(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    desk = Desk(collector)
    _add_agents(app, desk)
    _add_tokens(app, desk)


def _now_ns(desk: Desk) -> int:
    return desk.collector.clock.now().wall_ns


def _add_agents(app: FastAPI, desk: Desk) -> None:
    access = desk.collector.folder.register.access

    @app.post(
        AGENTS,
        tags=["daftar"],
        summary="Undang agen: token sekali pakai untuk satu pendaftaran dalam 24 jam (peran: admin)",
        response_class=JSONResponse,
        status_code=201,
        responses=answers(201, _SHOWN, "Token dibuat", *_POSTED),
        openapi_extra={"requestBody": body_of(schema(acts.Invited), _INVITED)},
    )
    async def invite(request: Request, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            name, secret = acts.invite(access, body, actor=asking.actor.name, now_ns=_now_ns(desk))
            return JSONResponse({"name": name, "token": secret}, status_code=201)

        return await desk.posted(request, act, limit=MOST)

    @app.post(
        f"{AGENTS}/{{name}}/devices",
        tags=["daftar"],
        summary="Ganti perangkat yang diwakili agen (peran: admin)",
        status_code=204,
        responses=_DONE | refusals(*_POSTED),
        openapi_extra={"requestBody": body_of(schema(acts.Bound), {"devices": ["rtr-dinkes", "rtr-bpkad"]})},
    )
    async def bind(request: Request, name: Name, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            acts.bind(access, name, body, actor=asking.actor.name, now_ns=_now_ns(desk))
            return Response(status_code=204)

        return await desk.posted(request, act, limit=MOST)

    @app.delete(
        f"{AGENTS}/{{name}}",
        tags=["daftar"],
        summary="Cabut kunci dan token agen (peran: admin)",
        status_code=204,
        responses=_DONE,
    )
    def revoke(name: Name, asking: Asking) -> Response:
        def act() -> Response:
            acts.revoke(access, name, actor=asking.actor.name, now_ns=_now_ns(desk))
            return Response(status_code=204)

        return desk.answered(act)


def _add_tokens(app: FastAPI, desk: Desk) -> None:
    access, zone = desk.collector.folder.register.access, desk.collector.zone

    @app.get(
        TOKENS,
        tags=["daftar"],
        summary="Token mesin yang pernah dibuat; rahasianya tidak disimpan",
        response_class=JSONResponse,
        responses=answers(200, list_of(_TOKEN), "Token"),
    )
    def tokens() -> Response:
        return JSONResponse(
            [
                {
                    "sort": "operator" if item.operator else "write",
                    **{"name": item.name, "devices": list(item.devices), "minted_at": zone.iso(item.minted_ns)},
                    "revoked_at": None if item.revoked_ns is None else zone.iso(item.revoked_ns),
                }
                for item in access.tokens()
            ]
        )

    @app.post(
        TOKENS,
        tags=["daftar"],
        summary="Buat token mesin: write mengirim data, operator hanya membaca (peran: admin)",
        response_class=JSONResponse,
        status_code=201,
        responses=answers(201, _SHOWN, "Token dibuat", 409, *_POSTED),
        openapi_extra={"requestBody": body_of(schema(acts.NewToken), _WRITE)},
    )
    async def mint(request: Request, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            form, secret = acts.mint(access, body, actor=asking.actor.name, now_ns=_now_ns(desk))
            return JSONResponse({"name": form.name, "token": secret}, status_code=201)

        return await desk.posted(request, act, limit=MOST)

    @app.delete(
        f"{TOKENS}/{{sort}}/{{name}}",
        tags=["daftar"],
        summary="Cabut token mesin (peran: admin)",
        status_code=204,
        responses=_DONE | refusals(400),
    )
    def revoke(sort: acts.Sort, name: Name, asking: Asking) -> Response:
        def act() -> Response:
            acts.revoke_token(access, sort, name, actor=asking.actor.name, now_ns=_now_ns(desk))
            return Response(status_code=204)

        return desk.answered(act)

"""What people write down of mains, generator and restore tests, over HTTP; and the limits that routers are set to."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, HTTPException, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from collector.judge import drift
from collector.limits import drifts_at
from collector.register import logbook_acts as acts
from collector.register.acts import YEARS
from collector.register.describe import schema
from collector.register.logbook import PowerEntry, RestoreTest
from collector.running import Collector
from collector.web.auth import visitor_of
from collector.web.desk import Desk
from collector.web.policy import Visitor
from collector.web.report_words import answers, body_of, list_of, object_of, refusals

POWER, TESTS, LIMITS = "/api/v1/logbook/power", "/api/v1/logbook/restore-tests", "/api/v1/limits"
MOST: Final = 8192
Asking = Annotated[Visitor, Depends(visitor_of)]
Limit = Annotated[int, Query(ge=1, le=1000)]
OpdCode = Annotated[str, Query(max_length=20, description="Hanya OPD ini")]
OnDay = Annotated[
    str | None,
    Query(
        alias="date", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="Penetapan pada awal hari ini, 2026-10-05"
    ),
]

_TEXT: Final = {"type": "string"}
_TIME: Final = {**_TEXT, "format": "date-time"}
_WHO: Final = {"note": _TEXT, "by": _TEXT, "recorded_at": _TIME}
_POWER: Final = object_of(
    {
        **{"id": {"type": "integer"}, "kind": _TEXT, "at": _TIME, "generator": _TEXT},
        **{"value": {"type": "number", "nullable": True}, **_WHO},
    }
)
_TEST: Final = object_of({"id": {"type": "integer"}, "job": _TEXT, "at": _TIME, "passed": {"type": "boolean"}, **_WHO})
_LIMIT: Final = object_of(
    {
        **{"opd": _TEXT, "link": _TEXT, "device": _TEXT, "point": _TEXT, "direction": _TEXT},
        "determined_bps": {"type": "integer"},
        "configured": {**_TEXT, "description": "sesuai, berbeda (nilai), atau tidak terbaca"},
    }
)
_POSTED: Final = (400, 408, 413, 415, 503)
_SEEN: Final = {"kind": "bahan-bakar", "at": "2026-10-05T08:00:00+07:00", "value": 80, "note": "dilihat pada tangki"}
_TESTED: Final = {"job": "db-simpeg", "at": "2026-10-05T08:00:00+07:00", "passed": True, "note": "dipulihkan ke uji"}


def add_logbook(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    desk = Desk(collector)
    _add_power(app, desk)
    _add_tests(app, desk)
    _add_limits(app, desk)


def _add_power(app: FastAPI, desk: Desk) -> None:
    register, zone = desk.collector.folder.register, desk.collector.zone

    def shown(item: PowerEntry) -> dict[str, Any]:
        return {
            **{"id": item.id, "kind": item.kind, "at": zone.iso(item.at_ns), "generator": item.object},
            **{"value": item.value, "note": item.note, "by": item.actor, "recorded_at": zone.iso(item.recorded_ns)},
        }

    @app.get(
        POWER,
        tags=["catatan"],
        summary="Catatan manual listrik dan genset, terbaru terakhir",
        response_class=JSONResponse,
        responses=answers(200, list_of(_POWER), "Catatan"),
    )
    def listed(limit: Limit = 100) -> Response:
        return JSONResponse([shown(item) for item in register.logbook.power(limit=limit)])

    @app.post(
        POWER,
        tags=["catatan"],
        summary="Catat listrik padam, genset, atau bahan bakar; tidak pernah diubah (peran: admin, noc)",
        response_class=JSONResponse,
        status_code=201,
        responses=answers(201, _POWER, "Tercatat", *_POSTED),
        openapi_extra={"requestBody": body_of(schema(acts.PowerNote), _SEEN)},
    )
    async def log(request: Request, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            now_ns, inventory = desk.collector.clock.now().wall_ns, register.inventory()
            who = asking.actor.name
            made = acts.log_power(register.logbook, body, inventory=inventory, actor=who, now_ns=now_ns)
            return JSONResponse(shown(made), status_code=201)

        return await desk.posted(request, act, limit=MOST)


def _add_tests(app: FastAPI, desk: Desk) -> None:
    register, zone = desk.collector.folder.register, desk.collector.zone

    def shown(item: RestoreTest) -> dict[str, Any]:
        return {
            **{"id": item.id, "job": item.backup, "at": zone.iso(item.at_ns), "passed": item.passed},
            **{"note": item.note, "by": item.actor, "recorded_at": zone.iso(item.recorded_ns)},
        }

    @app.get(
        TESTS,
        tags=["catatan"],
        summary="Uji pemulihan cadangan yang dilakukan orang, terbaru terakhir",
        response_class=JSONResponse,
        responses=answers(200, list_of(_TEST), "Catatan"),
    )
    def listed(limit: Limit = 100) -> Response:
        return JSONResponse([shown(item) for item in register.logbook.restore_tests(limit=limit)])

    @app.post(
        TESTS,
        tags=["catatan"],
        summary="Catat uji pemulihan cadangan (peran: admin, noc)",
        response_class=JSONResponse,
        status_code=201,
        responses=answers(201, _TEST, "Tercatat", *_POSTED),
        openapi_extra={"requestBody": body_of(schema(acts.RestoreNote), _TESTED)},
    )
    async def log(request: Request, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            now_ns, inventory = desk.collector.clock.now().wall_ns, register.inventory()
            who = asking.actor.name
            made = acts.log_restore_test(register.logbook, body, inventory=inventory, actor=who, now_ns=now_ns)
            return JSONResponse(shown(made), status_code=201)

        return await desk.posted(request, act, limit=MOST)


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise HTTPException(400, f"date {text!r} bukan tanggal") from error
    if found.year not in YEARS:
        raise HTTPException(400, f"date: tahun harus antara {YEARS[0]} dan {YEARS[-1]}")
    return found


def _add_limits(app: FastAPI, desk: Desk) -> None:
    folder, clock, zone = desk.collector.folder, desk.collector.clock, desk.collector.zone

    def known(opd: str) -> None:
        if opd and opd not in folder.register.inventory().opd:
            raise HTTPException(404, f"tidak ada OPD {opd!r}")

    @app.get(
        LIMITS,
        tags=["langsung"],
        summary="Batas yang terbaca dari router di samping penetapan yang berlaku",
        response_class=JSONResponse,
        responses=answers(200, list_of(_LIMIT), "Tiap arah tautan yang dibatasi", 404),
    )
    def limits(opd: OpdCode = "") -> Response:
        known(opd)
        found = drifts_at(folder.register.inventory(), folder.readings, at_ns=clock.now().wall_ns, opd=opd)
        return JSONResponse(
            [
                {
                    **{"opd": item.link.opd, "link": item.link.code, "device": item.link.device},
                    **{"point": item.link.point, "direction": item.direction},
                    **{"determined_bps": item.determined_bps, "configured": item.words},
                }
                for item in found
            ]
        )

    @app.get(
        f"{LIMITS}/routeros",
        tags=["langsung"],
        summary="Perintah RouterOS menurut penetapan, untuk diterapkan orang; Nadi tidak mengubah konfigurasi",
        response_class=PlainTextResponse,
        responses=refusals(400, 404),
    )
    def render(opd: OpdCode = "", on: OnDay = None) -> Response:
        known(opd)
        at_ns = clock.now().wall_ns if on is None else zone.day_start(_day(on))
        lines = drift.commands(folder.register.inventory(), at_ns=at_ns, on=zone.day(at_ns), opd=opd)
        return PlainTextResponse("\n".join(lines) + "\n")

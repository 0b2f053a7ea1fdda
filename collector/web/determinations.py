"""The inventory over HTTP: what was determined, who has the role determines, and an admin applies the document."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector import acting
from collector.inventory import Allocation
from collector.register.changes import Changes
from collector.register.describe import schema
from collector.running import Collector
from collector.web.auth import visitor_of
from collector.web.desk import Desk
from collector.web.policy import Visitor
from collector.web.report_words import BROUGHT, answers, body_of, list_of, object_of
from collector.web.sight import sight

PLACE: Final = "/api/v1/determinations"
MOST: Final = 2 << 20
OpdCode = Annotated[str | None, Query(max_length=20, description="Hanya OPD ini")]
Asking = Annotated[Visitor, Depends(visitor_of)]

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer"}
_EXAMPLE: Final = {
    "determinations": [
        {
            **{"opd": "DINKES", "number": "500.12/7/KEP/2026", "decided": "2026-06-20", "legal_basis": "Pasal 21"},
            **{"official": "Kepala Dinas Komunikasi dan Informatika", "priority": "tinggi"},
            **{"down_mbps": 111, "up_mbps": 40, "floor_down_mbps": 20, "valid_from": "2026-07-01"},
        }
    ]
}
_ALLOCATION: Final = object_of(
    {
        **{"opd": _TEXT, "number": _TEXT, "decided": {**_TEXT, "format": "date"}, "legal_basis": _TEXT},
        **{"official": _TEXT, "priority": _TEXT, "down_bps": _COUNT, "up_bps": _COUNT},
        **{"floor_down_bps": _COUNT, "floor_up_bps": _COUNT},
        "valid_from": {**_TEXT, "format": "date-time"},
        "valid_to": {**_TEXT, "format": "date-time", "nullable": True},
    }
)
_CHANGES: Final = object_of(
    {
        "revision": {**_COUNT, "description": "Perubahan daftar yang memuatnya"},
        "changes": list_of(object_of({"kind": _TEXT, "action": _TEXT, "name": _TEXT, "detail": _TEXT})),
        "notes": {**list_of(_TEXT), "description": "Akibat yang tidak diketik siapa pun"},
    }
)


def add_determinations(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    desk = Desk(collector)
    _add_inventory(app, desk)
    _add_determining(app, desk)


def _told(made: Changes, *, status: int) -> Response:
    changes = [{name: getattr(item, name) for name in item.__slots__} for item in made.items]
    return JSONResponse({"revision": made.revision, "changes": changes, "notes": list(made.notes)}, status_code=status)


def _add_inventory(app: FastAPI, desk: Desk) -> None:
    @app.post(
        "/api/v1/inventory",
        tags=["daftar"],
        summary="Bandingkan dokumen inventaris (TOML) dengan yang terdaftar, atau terapkan seluruhnya (peran: admin)",
        description="Penetapan alokasi di dalamnya tidak diubah tanpa peran penetap.",
        response_class=JSONResponse,
        responses=answers(200, _CHANGES, "Perbedaannya; dengan apply=true sudah dicatat", 400, 408, 413, 415, 503),
        openapi_extra={"requestBody": BROUGHT},
    )
    async def inventory(
        request: Request,
        asking: Asking,
        apply: Annotated[bool, Query(description="false: hanya perbedaannya; true: catat")] = False,
    ) -> Response:
        def act(data: bytes) -> Response:
            made = acting.apply_inventory(desk.collector.folder, data, actor=asking.actor, apply=apply)
            return _told(made, status=200)

        return await desk.brought(request, act, limit=2 * MOST)


def _add_determining(app: FastAPI, desk: Desk) -> None:
    collector, zone = desk.collector, desk.collector.zone

    def shown(item: Allocation) -> dict[str, Any]:
        return {
            **{"opd": item.opd, "number": item.decision_number, "decided": str(item.decision_date)},
            **{"legal_basis": item.legal_basis, "official": item.official, "priority": item.klass},
            **{"down_bps": item.down_bps, "up_bps": item.up_bps},
            **{"floor_down_bps": item.floor_down_bps, "floor_up_bps": item.floor_up_bps},
            "valid_from": zone.iso(item.valid_from_ns),
            "valid_to": None if item.valid_to_ns is None else zone.iso(item.valid_to_ns),
        }

    @app.get(
        PLACE,
        tags=["daftar"],
        summary="Penetapan alokasi, yang berlaku dan yang lama; akun OPD hanya melihat miliknya",
        response_class=JSONResponse,
        responses=answers(200, list_of(_ALLOCATION), "Penetapan", 404),
    )
    def determinations(asking: Asking, opd: OpdCode = None) -> Response:
        only = sight(collector, asking, opd)
        known = collector.folder.register.inventory().allocations
        return JSONResponse([shown(item) for item in known if only in (None, item.opd)])

    @app.post(
        PLACE,
        tags=["daftar"],
        summary="Tetapkan alokasi, semuanya atau tidak satu pun (peran: penetap)",
        description="Yang telah ditetapkan tidak diubah; ia berakhir saat penetapan baru berlaku. "
        "Dasar: LT Pasal 21 ayat (2)",
        response_class=JSONResponse,
        status_code=201,
        responses=answers(201, _CHANGES, "Ditetapkan", 400, 408, 413, 415, 503),
        openapi_extra={"requestBody": body_of(schema(acting.Determined), _EXAMPLE)},
    )
    async def determine(request: Request, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            made = acting.determine_allocations(collector.folder, body, actor=asking.actor)
            return _told(made, status=201)

        return await desk.posted(request, act, limit=MOST)

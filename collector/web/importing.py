"""Tables over HTTP: proposals and the inventory as a workbook, and a workbook or CSV compared with them, then applied.

An import determines nothing: a row that would is refused, and whoever has the role determines at its own address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.importing import inventory, proposals, registers
from collector.importing.difference import Differences
from collector.importing.files import Written, read, workbook
from collector.importing.grid import MOST_BYTES, Cell, Sheet, Unreadable
from collector.inventory import InventoryError
from collector.register.book import Refused
from collector.register.kinds import Context
from collector.register.records.proposal import PROPOSAL
from collector.running import Collector
from collector.web.auth import visitor_of
from collector.web.desk import Desk, Turns
from collector.web.policy import IMPORTS, Visitor
from collector.web.report_words import BROUGHT, answers, list_of, object_of
from collector.web.sight import refuse_foreign

MOST_TOLD: Final = 1000
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Asking = Annotated[Visitor, Depends(visitor_of)]
Apply = Annotated[bool, Query(description="false: hanya perbedaannya; true: catat")]
Table = Annotated[str, Query(max_length=40, description="Tabel yang dimuat berkas CSV, misalnya tautan")]

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer"}
_ROW: Final = object_of(
    {
        **{"table": _TEXT, "row": {**_COUNT, "description": "Baris dalam berkas"}, "key": _TEXT},
        "action": {**_TEXT, "enum": ["added", "changed", "refused"]},
        "changes": list_of(object_of({"column": _TEXT, "before": _TEXT, "after": _TEXT})),
        "problems": list_of(object_of({"column": _TEXT, "problem": _TEXT})),
    }
)
_FOUND: Final = object_of(
    {
        "applied": {"type": "boolean", "description": "Yang tidak ditolak sudah dicatat"},
        "counts": object_of({"added": _COUNT, "changed": _COUNT, "unchanged": _COUNT, "refused": _COUNT}),
        "rows": {**list_of(_ROW), "description": f"Paling banyak {MOST_TOLD}; baris yang tetap tidak disebut"},
        "problems": {**list_of(_TEXT), "description": "Yang salah pada berkasnya"},
        "notes": {**list_of(_TEXT), "description": "Akibat yang tidak diketik siapa pun"},
    }
)
_EXAMPLE: Final = {
    "applied": False,
    "counts": {"added": 0, "changed": 1, "unchanged": 7, "refused": 1},
    "rows": [
        {
            **{"table": "tautan", "row": 5, "key": "wan-bpkad", "action": "changed", "problems": []},
            "changes": [{"column": "Media", "before": "nirkabel", "after": "serat optik"}],
        },
        {
            **{"table": "tautan", "row": 6, "key": "wan-disdik", "action": "refused", "changes": []},
            "problems": [{"column": "Aktif Sejak", "problem": "03/04/2026 harus tanggal seperti 2026-03-31"}],
        },
    ],
    "problems": [],
    "notes": [],
}
_ANSWERS: Final = answers(200, _FOUND, "Perbedaan baris demi baris", 400, 408, 413, 415, 503, example=_EXAMPLE)
_WORKBOOK: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Buku kerja", "content": {XLSX: {"schema": {**_TEXT, "format": "binary"}}}}
}


def add_importing(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    desk, turns = Desk(collector), Turns(1)  # a large workbook costs seconds
    _add_inventory(app, desk, turns)
    _add_proposals(app, desk, turns)


def _add_inventory(app: FastAPI, desk: Desk, turns: Turns) -> None:
    register, collector = desk.collector.folder.register, desk.collector

    @app.get(f"{IMPORTS}/inventory", tags=["tabel"], summary="Daftar OPD, perangkat, dan tautan sebagai XLSX, dengan "
             "kamus data", response_class=Response, responses=_WORKBOOK)  # fmt: skip
    def take() -> Response:
        return _workbook(inventory.exported(register.document(), zone=collector.zone), inventory.dictionary())

    @app.post(
        f"{IMPORTS}/inventory",
        tags=["tabel"],
        summary="Bandingkan XLSX atau CSV dengan daftar; dengan apply, catat seluruhnya atau tidak sama sekali",
        response_class=JSONResponse,
        responses=_ANSWERS,
        openapi_extra={"requestBody": BROUGHT},
    )
    async def bring(request: Request, asking: Asking, apply: Apply = False, table: Table = "") -> Response:
        def act(data: bytes) -> Response:
            with turns.one():
                sheets, now_ns = _sheets(data, table), collector.clock.now().wall_ns
                found = inventory.differences(register.document(), sheets, zone=collector.zone)
                if apply:
                    _apply(sheets, data, asking, now_ns)
            return JSONResponse(_told(found, applied=apply))

        return await desk.brought(request, act, limit=MOST_BYTES)

    def _apply(sheets: list[Sheet], data: bytes, asking: Visitor, now_ns: int) -> None:
        actor, zone = asking.actor.name, collector.zone
        try:
            inventory.apply(register, sheets, zone=zone, determines=False, actor=actor, now_ns=now_ns, detail=_of(data))
        except InventoryError as error:
            raise Refused(*error.problems[:MOST_TOLD]) from error


def _add_proposals(app: FastAPI, desk: Desk, turns: Turns) -> None:
    register, collector = desk.collector.folder.register, desk.collector

    @app.get(f"{IMPORTS}/{PROPOSAL.name}", tags=["tabel"], summary="Usulan yang boleh dibaca sebagai XLSX, "
             "dengan kamus data; tanpa usulan: template", response_class=Response, responses=_WORKBOOK)  # fmt: skip
    def take(asking: Asking) -> Response:
        records = register.book.current(PROPOSAL, actor=asking.actor)
        table, dictionary = registers.exported(PROPOSAL, records, zone=collector.zone)
        return _workbook([table], dictionary)

    @app.post(
        f"{IMPORTS}/{PROPOSAL.name}",
        tags=["tabel"],
        summary="Bandingkan usulan dalam XLSX atau CSV; dengan apply, ajukan yang tidak ditolak",
        response_class=JSONResponse,
        responses=_ANSWERS,
        openapi_extra={"requestBody": BROUGHT},
    )
    async def bring(request: Request, asking: Asking, apply: Apply = False) -> Response:
        def act(data: bytes) -> Response:
            with turns.one():
                sheets, actor = _sheets(data, PROPOSAL.name), asking.actor
                context = Context(register.inventory(), collector.zone, collector.clock.now().wall_ns)
                records = register.book.current(PROPOSAL, actor=actor)
                found, steps = proposals.differences(records, sheets, actor=actor, context=context)
                if any(one.what.startswith(proposals.NOT_OWN) for item in found.items for one in item.problems):
                    refuse_foreign(collector, asking, f"import {PROPOSAL.name}")
                if apply:
                    note = _of(data)
                    found = proposals.apply(register.book, found, steps, actor=actor, context=context, note=note)
            return JSONResponse(_told(found, applied=apply))

        return await desk.brought(request, act, limit=MOST_BYTES)


def _sheets(data: bytes, table: str) -> list[Sheet]:
    try:
        return read(data, table=table, known=registers.TABLES)
    except Unreadable as error:
        raise Refused(str(error)) from error


def _of(data: bytes) -> str:
    return f"impor, sha256 {hashlib.sha256(data).hexdigest()}"


def _workbook(tables: Sequence[Written], dictionary: Sequence[Sequence[Cell]]) -> Response:
    named = {"Content-Disposition": 'attachment; filename="nadi.xlsx"'}
    return Response(workbook(tables, dictionary), media_type=XLSX, headers=named)


def _told(found: Differences, *, applied: bool) -> dict[str, Any]:
    rows = [item for item in found.items if item.action != "unchanged"]
    return {
        "applied": applied,
        "counts": {name: found.count(name) for name in ("added", "changed", "unchanged", "refused")},
        "rows": [
            {
                **{"table": item.table, "row": item.row, "key": item.key, "action": item.action},
                "changes": [{"column": one.column, "before": one.before, "after": one.after} for one in item.altered],
                "problems": [{"column": one.column, "problem": one.what} for one in item.problems],
            }
            for item in rows[:MOST_TOLD]
        ],
        "problems": list(found.problems[:MOST_TOLD]),
        "notes": list(found.notes[:MOST_TOLD]),
    }

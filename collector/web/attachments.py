"""Attachments over HTTP: brought to the record that names them by their hash, and taken as a download.

One address a file: who may read the record may take it; who may act on such records may bring it.
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, FastAPI
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector import acting
from collector.register.attachments import MOST_BYTES, SORTS, NoRoom
from collector.register.book import Forbidden
from collector.register.kinds import Kind
from collector.register.registers import KINDS
from collector.running import Collector
from collector.web.auth import visitor_of
from collector.web.desk import Desk
from collector.web.policy import REGISTERS, Visitor
from collector.web.problems import problem
from collector.web.report_words import BROUGHT, Answers, answers, object_of, refusals
from collector.web.sight import refuse_foreign

Asking = Annotated[Visitor, Depends(visitor_of)]
Code = Annotated[str, InPath(max_length=64, description="Nomor catatan")]
Digest = Annotated[str, InPath(max_length=64, description="attachment_sha256 yang disebut catatan itu")]

_TEXT: Final = {"type": "string"}
_STORED: Final = object_of({"sha256": _TEXT, "name": _TEXT, "size": {"type": "integer"}, "type": _TEXT})
_FILE: Final[Answers] = {200: {"description": "Berkas, sebagai unduhan"}, **refusals(400, 404)}
_TAKEN: Final = {
    **answers(201, _STORED, "Tersimpan", 400, 404, 408, 413, 415, 503),
    **answers(200, _STORED, "Sudah tersimpan sebelumnya"),
}


def add_attachments(app: FastAPI, collector: Collector) -> None:
    """Add the routes of every register."""
    desk = Desk(collector)
    for kind in KINDS.values():
        _add_bringing(app, desk, kind)
        _add_taking(app, desk, kind)


def _add_bringing(app: FastAPI, desk: Desk, kind: Kind) -> None:
    @app.put(
        f"{REGISTERS}/{kind.name}/{{code}}/attachments/{{sha256}}",
        tags=["register"],
        summary=f"Simpan lampiran {kind.title} yang sidiknya telah dicatat",
        description=f"Paling besar {MOST_BYTES >> 20} MiB; jenis dikenal dari isinya: "
        f"{', '.join(sort.words for sort in SORTS)}, tanpa makro.",
        name=f"lampirkan-{kind.name}",
        response_class=JSONResponse,
        status_code=201,
        responses=_TAKEN,
        openapi_extra={"requestBody": BROUGHT},
    )
    async def bring(request: Request, asking: Asking, code: Code, sha256: Digest) -> Response:
        def act(data: bytes) -> Response:
            try:
                made, new = acting.attach(desk.collector.folder, kind, code, sha256, data, actor=asking.actor)
            except Forbidden:
                refuse_foreign(desk.collector, asking, asking.path)
                raise
            except NoRoom as error:
                return problem(503, str(error), headers={"Retry-After": "3600"})
            told = {"sha256": sha256, "name": made.name, "size": len(data), "type": made.sort.media}
            return JSONResponse(told, status_code=201 if new else 200)

        return await desk.brought(request, act, limit=MOST_BYTES)


def _add_taking(app: FastAPI, desk: Desk, kind: Kind) -> None:
    @app.get(
        f"{REGISTERS}/{kind.name}/{{code}}/attachments/{{sha256}}",
        tags=["register"],
        summary=f"Unduh lampiran {kind.title}",
        name=f"unduh-{kind.name}",
        response_class=Response,
        responses=_FILE,
    )
    def take(asking: Asking, code: Code, sha256: Digest) -> Response:
        def act() -> Response:
            try:
                found = acting.attachment(desk.collector.folder, kind, code, sha256, actor=asking.actor)
            except Forbidden:
                refuse_foreign(desk.collector, asking, asking.path)
                raise
            named = f"attachment; filename*=utf-8''{quote(found.name, safe='')}"
            return Response(found.data, media_type=found.sort.media, headers={"Content-Disposition": named})

        return desk.answered(act)

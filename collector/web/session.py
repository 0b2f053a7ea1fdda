"""A session over HTTP: name and password in, a short-lived token out; who one is; the end of it."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.register.accounts import TooMany
from collector.register.people import Actor
from collector.register.sessions import IDLE_NS, Begun, LoginRefused
from collector.running import Collector
from collector.web.auth import presented_secret, visitor_of
from collector.web.body import Bodies, BodyError
from collector.web.problems import problem

MOST = 8192
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
PATH: Final = "/api/v1/session"

_NAME = {"type": "string", "description": "Nama akun", "example": "ani"}
_WHO: Final[dict[str, Any]] = {
    "account": _NAME,
    "roles": {"type": "array", "items": {"type": "string"}, "description": "Peran akun", "example": ["opd"]},
    "opd": {"type": "string", "description": "OPD yang diwakili; kosong bila tidak ada", "example": "DINKES"},
}
_BEGUN: Final[dict[str, Any]] = {
    **_WHO,
    "token": {"type": "string", "description": "Token sesi; dikirim sebagai Authorization: Bearer ..."},
    "expires_at": {"type": "string", "format": "date-time", "description": "Sesi berakhir paling lambat saat ini"},
    "idle_seconds": {"type": "integer", "description": "Sesi berakhir bila tidak dipakai selama ini", "example": 900},
}
_ASKED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["name", "password"],
    "additionalProperties": False,
    "properties": {"name": _NAME, "password": {"type": "string", "format": "password", "description": "Kata sandi"}},
}

_BODY: Final = {"schema": _ASKED, "example": {"name": "ani", "password": "kuda menari di alun-alun"}}


def _answer(properties: dict[str, Any], text: str) -> dict[str, Any]:
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


LOGIN: Final[dict[int | str, dict[str, Any]]] = {
    200: _answer(_BEGUN, "Sesi dimulai; token hanya ditampilkan sekali ini"),
    400: {"description": "Isi bukan JSON dengan name dan password"},
    401: {"description": "Nama atau kata sandi tidak benar"},
    408: {"description": "Isi tidak tiba pada waktunya"},
    413: {"description": "Isi terlalu besar"},
    415: {"description": "Isi harus application/json"},
    429: {"description": "Terlalu banyak percobaan gagal; tunggu menurut Retry-After"},
    503: {"description": "Sibuk; coba lagi setelah Retry-After"},
}


class Unfit(Exception):
    """A body that is not what the route takes; ``status`` is the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def json_body(request: Request, bodies: Bodies, *, limit: int) -> dict[str, Any]:
    """Return the JSON object of a request; Unfit. Only JSON is taken: a page elsewhere cannot post it unasked."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Unfit(415, "isi harus berjenis application/json")
    try:
        data = await bodies.read(request, limit=limit)
    except BodyError as error:
        raise Unfit(error.status, str(error)) from error
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unfit(400, "isi bukan JSON") from error
    finally:
        bodies.release(len(data))
    if not isinstance(table, dict):
        raise Unfit(400, "isi harus berupa objek JSON")
    if not _storable(table):
        raise Unfit(400, "teks dalam isi memuat karakter NUL atau bukan Unicode")
    return table


def _storable(table: dict[str, Any]) -> bool:
    """Tell whether every text can be stored and signed: no lone surrogate, no NUL (which PostgreSQL refuses)."""
    text = json.dumps(table, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return _NUL.search(text) is None


def add_session(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    bodies, sessions = Bodies(), collector.folder.register.sessions
    behind_proxy = collector.folder.settings.listen.behind_proxy

    @app.post(
        PATH,
        tags=["akun"],
        summary="Mulai sesi dengan nama dan kata sandi",
        responses=LOGIN,
        response_class=JSONResponse,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": _BODY}}},
    )
    async def login(request: Request) -> Response:
        try:
            name, password = _read(await json_body(request, bodies, limit=MOST))
        except Unfit as error:
            return problem(error.status, str(error))
        # Behind a proxy everybody has the proxy's address; there the proxy limits by address.
        address = request.client.host if request.client and not behind_proxy else ""
        try:
            begun = await run_in_threadpool(sessions.login, name, password, address=address)
        except LoginRefused as error:
            if not error.wait_seconds:
                return problem(401, "nama atau kata sandi tidak benar")
            wait = {"Retry-After": str(error.wait_seconds)}
            return problem(429, "terlalu banyak percobaan gagal; tunggu sebentar", headers=wait)
        except TooMany:
            return problem(503, "terlalu banyak yang masuk bersamaan; coba lagi", headers={"Retry-After": "2"})
        return JSONResponse(_begun(begun, collector))

    @app.get(PATH, tags=["akun"], summary="Akun yang sedang dipakai", responses={200: _answer(_WHO, "Akun")})
    def whoami(request: Request) -> JSONResponse:
        return JSONResponse(_who(visitor_of(request).actor))

    @app.delete(
        PATH,
        tags=["akun"],
        summary="Akhiri sesi",
        status_code=204,
        responses={409: {"description": "Ini token pribadi, bukan sesi"}},
    )
    def logout(request: Request) -> Response:
        secret = presented_secret(request.headers.get("authorization", ""))
        if sessions.logout(secret, now_ns=collector.clock.now().wall_ns):
            return Response(status_code=204)
        return problem(409, "ini token pribadi; cabut pada /api/v1/session/tokens, atau nadi accounts revoke-token")


def _read(table: dict[str, Any]) -> tuple[str, str]:
    if table.keys() != {"name", "password"} or not all(isinstance(value, str) for value in table.values()):
        raise Unfit(400, "isi harus tepat name dan password, keduanya teks")
    return table["name"], table["password"]


def _who(actor: Actor) -> dict[str, Any]:
    return {"account": actor.name, "roles": sorted(actor.roles), "opd": actor.opd}


def _begun(begun: Begun, collector: Collector) -> dict[str, Any]:
    return {
        **_who(begun.actor),
        "token": begun.secret,
        "expires_at": collector.zone.iso(begun.expires_ns),
        "idle_seconds": IDLE_NS // 10**9,
    }

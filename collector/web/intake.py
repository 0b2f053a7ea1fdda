"""The routes that take measurements: lean Starlette endpoints around ``collector/ingest.py``.

A body is bounded while it is read, and judged in a worker thread, because ingest waits for the disk; batches
that wait at the same time share a commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.envelope import CLOCK_HEADER, CONTENT_TYPE
from collector.gathering import Gathering
from collector.ingest import MAX_BODY, Answer, Ingest
from collector.web.body import Bodies, BodyError
from collector.web.enrolment import MAX_ENROLMENT, Enrolment

WRITE_THREADS = 2
"""One decodes while the other waits for the disk; more would only hold more bodies in memory."""

_BUSY = {"Retry-After": "30"}
_ANSWERS = {
    "400": {"description": "Bukan kiriman yang dapat dibaca, atau sebagian barisnya dikarantina"},
    "408": {"description": "Isi tidak tiba pada waktunya"},
    "413": {"description": "Isi terlalu besar"},
    "503": {"description": "Sibuk atau disk penuh; coba lagi setelah Retry-After"},
}
PATHS: dict[str, Any] = {
    "/api/v1/batches": {
        "post": {
            "tags": ["pengirim"],
            "summary": "Kiriman agen: amplop bertanda tangan, dijawab dengan tanda terima",
            "requestBody": {"required": True, "content": {CONTENT_TYPE: {"schema": {"type": "string"}}}},
            "responses": {
                "200": {"description": "Tanda terima tiap amplop, ditandatangani pengumpul"},
                "403": {"description": "Pengirim tidak dikenal atau tidak berhak"},
                **_ANSWERS,
            },
        }
    },
    "/api/v1/enrol": {
        "post": {
            "tags": ["pengirim"],
            "summary": "Pendaftaran agen dengan token sekali pakai",
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
            "responses": {
                "200": {"description": "Kunci publik pengumpul, id jurnal, CA"},
                "403": {"description": "Token atau bukti tidak berlaku"},
                **_ANSWERS,
            },
        }
    },
    "/api/v2/write": {
        "post": {
            "tags": ["pengirim"],
            "summary": "Penulisan line protocol seperti InfluxDB 2 (Authorization: Token ...)",
            "parameters": [
                {"name": "precision", "in": "query", "schema": {"type": "string", "enum": ["ns", "us", "ms", "s"]}},
                {"name": "org", "in": "query", "schema": {"type": "string"}},
                {"name": "bucket", "in": "query", "schema": {"type": "string"}},
            ],
            "requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}},
            "responses": {
                "204": {"description": "Semua baris tersimpan"},
                "401": {"description": "Token tidak dikenal"},
                "403": {"description": "Perangkat atau nama yang bukan haknya"},
                "415": {"description": "Pengodean isi tidak dikenal"},
                **_ANSWERS,
            },
        }
    },
}
"""What OpenAPI says of the senders' routes."""

Judge = Callable[[bytes, Request], Awaitable[Answer]]


def routes(*, ingest: Ingest, enrolment: Enrolment) -> list[Route]:
    """Return the routes of senders: batches, enrolment, Influx writes and Influx's ping and health."""
    bodies = Bodies()
    threads = ThreadPoolExecutor(WRITE_THREADS, thread_name_prefix="ingest")
    gathering = Gathering(ingest)

    def taking(limit: int, judge: Judge) -> ASGIApp:
        return _Taking(bodies, limit, judge)

    def in_thread(judge: Callable[[bytes, Request], Answer]) -> Judge:
        async def judged(data: bytes, request: Request) -> Answer:
            return await asyncio.get_running_loop().run_in_executor(threads, judge, data, request)

        return judged

    return [
        Route("/api/v1/batches", taking(MAX_BODY, partial(_batches, gathering)), methods=["POST"]),
        Route("/api/v2/write", taking(MAX_BODY, in_thread(partial(_write, ingest))), methods=["POST"]),
        Route("/api/v1/enrol", taking(MAX_ENROLMENT, in_thread(partial(_enrol, enrolment))), methods=["POST"]),
        Route("/api/v2/ping", _ping, methods=["GET"]),
        Route("/ping", _ping, methods=["GET"]),
        Route("/health", _health, methods=["GET"]),
    ]


class Shortcut:
    """ASGI middleware: hand what senders post straight to its endpoint, past all that pages and readers need.

    Most requests are batches; the way through FastAPI would cost each as much as verifying its signature.
    """

    def __init__(self, app: ASGIApp, *, senders: Sequence[Route]) -> None:
        self._app = app
        self._endpoints = {route.path: route.app for route in senders if isinstance(route.app, _Taking)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in self._endpoints:
            await self._endpoints[scope["path"]](scope, receive, send)
        else:
            await self._app(scope, receive, send)


class _Taking:
    """An endpoint as a bare ASGI application."""

    def __init__(self, bodies: Bodies, limit: int, judge: Judge) -> None:
        self._bodies, self._limit, self._judge = bodies, limit, judge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, have it judged, answer."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            data = await self._bodies.read(request, limit=self._limit)
        except BodyError as error:
            code = "unavailable" if error.status == 503 else "invalid"
            headers = _BUSY if error.status == 503 else {"Connection": "close"}
            return JSONResponse({"code": code, "message": str(error)}, status_code=error.status, headers=headers)
        try:
            answer = await self._judge(data, request)
        finally:
            self._bodies.release(len(data))
        return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))


async def _batches(gathering: Gathering, data: bytes, request: Request) -> Answer:
    return await gathering.batches(data, sender_clock=request.headers.get(CLOCK_HEADER))


def _write(ingest: Ingest, data: bytes, request: Request) -> Answer:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        return _json(415, "unsupported media type", f"content encoding {encoding[:20]!r} is not gzip or identity")
    token = secret.strip() if scheme.lower() in ("token", "bearer") else ""
    precision = request.query_params.get("precision", "ns")
    return ingest.write(data, token=token, precision=precision, gzip=encoding == "gzip")


def _enrol(enrolment: Enrolment, data: bytes, request: Request) -> Answer:
    return enrolment.answer(data)


def _json(status: int, code: str, message: str) -> Answer:
    response = JSONResponse({"code": code, "message": message})
    return Answer(status, bytes(response.body), {"Content-Type": "application/json"})


async def _ping(request: Request) -> Response:
    return Response(status_code=204, headers={"X-Influxdb-Version": "nadi"})


async def _health(request: Request) -> Response:
    return JSONResponse({"name": "nadi", "status": "pass", "message": "ready for writes"})

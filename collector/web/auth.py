"""Who may see what, before accounts exist (design.md §4).

Senders prove themselves by what they send: an envelope by its signature, an enrolment by its one-use token,
an Influx write by its write token. Everything else is for the operator: on loopback, or with the operator's
token (``Authorization: Bearer``, or Basic with the token as password, so that a browser and Prometheus can).
What is not listed as open is closed. No header of the kind X-Forwarded-For is ever believed: behind a proxy
every visitor would come from loopback, so there the token is always asked for.
"""

from __future__ import annotations

import base64
import binascii
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.web.listen import is_loopback

SENDER_ROUTES = frozenset({("POST", "/api/v1/batches"), ("POST", "/api/v1/enrol"), ("POST", "/api/v2/write")})
"""Routes whose body or token proves the sender; they are judged where they are read."""

OPEN_ROUTES = frozenset((method, path) for method in ("GET", "HEAD") for path in ("/api/v2/ping", "/ping", "/health"))
"""Routes that tell nothing but that a collector is here."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_REFUSED = "only on the collector's own machine, or with an operator's token (nadi tokens operator NAME)"


class Operators(Protocol):
    """Whoever knows the operators' tokens and writes refusals down."""

    def operator(self, secret: str) -> str | None:
        """Return the name of the token ``secret``, or None."""
        ...

    def refuse(self, *, actor: str, action: str, object: str, reason: str) -> None:
        """Record a refusal."""
        ...


def _host_of(header: str) -> str:
    if header.startswith("["):
        return header.partition("]")[0]
    return header.partition(":")[0]


def presented_secret(authorization: str) -> str:
    """Return the secret of a Bearer or Basic header, empty when there is none."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


class Gate:
    """ASGI middleware: let senders and operators through, refuse the rest, add the security headers."""

    def __init__(self, app: ASGIApp, *, operators: Operators, behind_proxy: bool) -> None:
        self._app = app
        self._operators = operators
        self._behind_proxy = behind_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._is_senders(scope)):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if (scope["method"], scope["path"]) in OPEN_ROUTES or await self._is_operator(scope):
            await self._app(scope, receive, secured)
            return
        refusal = JSONResponse({"code": "unauthorized", "message": _REFUSED}, status_code=401)
        refusal.headers.append("WWW-Authenticate", 'Basic realm="Nadi", charset="UTF-8"')
        refusal.headers.append("WWW-Authenticate", 'Bearer realm="Nadi"')
        await refusal(scope, receive, secured)

    @staticmethod
    def _is_senders(scope: Scope) -> bool:
        return (scope["method"], scope["path"]) in SENDER_ROUTES

    async def _is_operator(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        client = scope["client"][0] if scope.get("client") else ""
        # The Host must be this machine too: a page that rebinds its name to 127.0.0.1 sends its own name.
        here = is_loopback(client) and is_loopback(_host_of(headers.get("host", "")))
        if here and not self._behind_proxy:
            return True
        secret = presented_secret(headers.get("authorization", ""))
        if not secret:
            return False
        if await run_in_threadpool(self._operators.operator, secret) is not None:
            return True
        await run_in_threadpool(self._note, client, f"{scope['method']} {scope['path']}")
        return False

    def _note(self, client: str, action: str) -> None:
        self._operators.refuse(actor=client[:64], action="read", object=action[:200], reason="unknown operator's token")

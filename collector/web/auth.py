"""Who asks, and whether the table (``policy.py``) lets him.

Senders prove themselves by what they send: an envelope by its signature, an enrolment by its one-use token,
an Influx write by its write token. People show a session or a personal token, machines an operator's token
(``Authorization: Bearer``, or Basic with the token as password, so that a browser and Prometheus can); without any,
whoever sits at the collector's own machine may look. A token that opens nothing is refused, there too.
What is not in the table is closed. No header of the kind X-Forwarded-For is ever believed: behind a proxy every
visitor would come from loopback, so there a token is always asked for.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.clock import Clock
from collector.register.revisions import Register
from collector.web.listen import is_loopback
from collector.web.policy import LOCAL, Policy, Visitor, operator, person
from collector.web.problems import problem

SENDER_ROUTES = frozenset({("POST", "/api/v1/batches"), ("POST", "/api/v1/enrol"), ("POST", "/api/v2/write")})
"""Routes whose body or token proves the sender; they are judged where they are read."""

EXPORTS = ("/api/v1/reports/", "/api/v1/rollups/", "/api/v1/sheets/")
UNRECORDED = ("/assets/", "/docs", "/openapi.json", "/api/v1/session")
"""What holds no figures: reading it is not recorded."""

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
_UNKNOWN = (
    "hanya dari mesin pengumpul sendiri, dengan token operator (nadi tokens operator NAME), "
    "atau dengan sesi atau token pribadi (POST /api/v1/session)"
)


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


def visitor_of(request: Request) -> Visitor:
    """Return who sent a request that the gate let through."""
    visitor: Visitor = request.state.visitor
    return visitor


class Gate:
    """ASGI middleware: let through whom the table lets, refuse the rest, add the security headers."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        register: Register,
        clock: Clock,
        policy: Policy,
        routes: Sequence[BaseRoute],
        behind_proxy: bool,
    ) -> None:
        self._app = app
        self._register, self._clock = register, clock
        self._policy, self._routes = policy, routes
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
                if message["status"] == 405:  # the router names the methods of one route; a path may have several
                    headers["Allow"] = self._policy.methods(scope["path"])
            await send(message)

        refusal = await self._judge(scope)
        await (refusal or self._app)(scope, receive, secured)

    async def _judge(self, scope: Scope) -> ASGIApp | None:
        """Return the refusal of a request, None for one that may go on, by then with its visitor."""
        allowed = self._policy.allowed(scope["method"], scope["path"])
        if allowed is not None and "stranger" in allowed:
            return None
        visitor = await self._visitor(scope)
        if visitor is None:
            refusal = problem(401, _UNKNOWN)
            refusal.headers.append("WWW-Authenticate", 'Basic realm="Nadi", charset="UTF-8"')
            refusal.headers.append("WWW-Authenticate", 'Bearer realm="Nadi"')
            return refusal
        scope.setdefault("state", {})["visitor"] = replace(visitor, path=scope["path"])
        if allowed is None and not self._leads_somewhere(scope):
            return None  # the router answers 404 or 405
        if allowed is None or not visitor.who & allowed:
            await run_in_threadpool(self._note, visitor.actor.name, scope, "the role may not")
            return problem(403, f"peran {' '.join(sorted(visitor.who))} tidak berhak atas alamat ini")
        if scope["method"] in ("GET", "HEAD"):
            await self._record(visitor, scope["path"])
        return None

    @staticmethod
    def _is_senders(scope: Scope) -> bool:
        return (scope["method"], scope["path"]) in SENDER_ROUTES

    def _leads_somewhere(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] == Match.FULL for route in self._routes)

    async def _visitor(self, scope: Scope) -> Visitor | None:
        """Return who asks; None for a stranger, and for a token that opens nothing."""
        headers = Headers(scope=scope)
        client = scope["client"][0] if scope.get("client") else ""
        authorization = headers.get("authorization", "")
        if authorization:
            visitor = await run_in_threadpool(self._known, presented_secret(authorization))
            if visitor is None:
                await run_in_threadpool(self._note, client[:64], scope, "unknown operator's token")
            return visitor
        # The Host must be this machine too: a page that rebinds its name to 127.0.0.1 sends its own name.
        here = is_loopback(client) and is_loopback(_host_of(headers.get("host", "")))
        return LOCAL if here and not self._behind_proxy else None

    def _known(self, secret: str) -> Visitor | None:
        if not secret:
            return None
        actor = self._register.sessions.actor(secret)
        if actor is not None:
            return person(actor)
        name = self._register.access.operator(secret)
        return None if name is None else operator(name)

    async def _record(self, visitor: Visitor, path: str) -> None:
        """Record what an account reads, and every export."""
        export = path.startswith(EXPORTS) or "/attachments/" in path
        if export or (visitor.is_person and not path.startswith(UNRECORDED)):
            await run_in_threadpool(
                self._register.audit.access,
                actor=visitor.actor.name,
                action="export" if export else "read",
                object=path,
                at_ns=self._clock.now().wall_ns,
            )

    def _note(self, actor: str, scope: Scope, reason: str) -> None:
        action = "read" if scope["method"] in ("GET", "HEAD") else "change"
        now_ns = self._clock.now().wall_ns
        self._register.audit.refuse(actor=actor, action=action, object=scope["path"], reason=reason, at_ns=now_ns)

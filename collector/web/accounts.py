"""Accounts over HTTP: administered by admins, read by auditors too; one's own password and tokens by everybody."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.register import account_acts as acts
from collector.register.accounts import Account, TooMany
from collector.register.book import Forbidden
from collector.register.describe import schema
from collector.register.sessions import LoginRefused, Personal
from collector.running import Collector
from collector.web.auth import presented_secret, visitor_of
from collector.web.desk import Busy, Desk
from collector.web.policy import Visitor
from collector.web.problems import problem
from collector.web.report_words import Answers, answers, body_of, list_of, object_of, refusals

MOST = 8192
ACCOUNTS, OWN = "/api/v1/accounts", "/api/v1/session"
Asking = Annotated[Visitor, Depends(visitor_of)]
Name = Annotated[str, InPath(max_length=64, description="Nama akun")]
Label = Annotated[str, InPath(max_length=64, description="Nama token")]

_TEXT: Final = {"type": "string"}
_TIME: Final = {"type": "string", "format": "date-time"}
_MAYBE: Final = {**_TIME, "nullable": True}
_TOKEN: Final = object_of(
    {
        "name": _TEXT,
        "minted_at": _TIME,
        "expires_at": _TIME,
        "used_on": {**_TEXT, "nullable": True, "description": "Hari pemakaian terakhir"},
        "revoked_at": _MAYBE,
    }
)
_ACCOUNT: Final = object_of(
    {
        **{"name": _TEXT, "full_name": _TEXT, "roles": list_of(_TEXT), "opd": _TEXT, "created_at": _TIME},
        **{"disabled_at": _MAYBE, "has_password": {"type": "boolean"}, "tokens": list_of(_TOKEN)},
    }
)
_DONE: Final[Answers] = {204: {"description": "Tercatat"}}
_POSTED: Final = (400, 408, 413, 415, 503)
_WAIT: Final[Answers] = {429: {"description": "Terlalu banyak percobaan gagal; tunggu menurut Retry-After"}}
_EXAMPLES: Final[dict[type[Any], dict[str, Any]]] = {
    acts.NewAccount: {
        **{"name": "ani", "full_name": "Ani Lestari", "roles": ["opd"], "opd": "DINKES"},
        "password": "kuda menari di alun-alun",
    },
    acts.Roles: {"roles": ["noc", "pemeriksa"], "opd": ""},
    acts.Password: {"password": "kuda menari di alun-alun"},
    acts.OwnPassword: {"old": "kuda menari di alun-alun", "new": "kambing melompat di pematang"},
    acts.NewToken: {"label": "skrip-laporan", "days": 90},
}


def _body(form: type[Any]) -> dict[str, Any]:
    return {"requestBody": body_of(schema(form), _EXAMPLES[form])}


class _AccountDesk(Desk):
    def __init__(self, collector: Collector) -> None:
        super().__init__(collector)
        self.register, self.zone = collector.folder.register, collector.zone

    @property
    def now_ns(self) -> int:
        """The time (UTC ns)."""
        return self.collector.clock.now().wall_ns

    @property
    def opds(self) -> tuple[str, ...]:
        """The codes of the registered OPD."""
        return tuple(self.register.inventory().opd)

    def shown(self, item: Account, tokens: list[Personal]) -> dict[str, Any]:
        """Return an account as JSON, with its personal tokens (Tanah Laut 25/2018 Pasal 24 ayat (1))."""
        return {
            **{"name": item.name, "full_name": item.full_name, "roles": list(item.roles), "opd": item.opd},
            "created_at": self.zone.iso(item.created_ns),
            "disabled_at": self._iso(item.disabled_ns),
            "has_password": item.has_password,
            "tokens": [self.token(each) for each in tokens if each.account == item.name],
        }

    def token(self, item: Personal) -> dict[str, Any]:
        """Return a personal token as JSON, without its secret, which nobody knows."""
        return {
            "name": item.name,
            "minted_at": self.zone.iso(item.minted_ns),
            "expires_at": self.zone.iso(item.expires_ns),
            "used_on": None if item.used_ns is None else str(self.zone.day(item.used_ns)),
            "revoked_at": self._iso(item.revoked_ns),
        }

    def told(self, item: Account, *, status: int = 200) -> Response:
        """Answer with an account as it stands now."""
        return JSONResponse(self.shown(item, self.register.sessions.personal()), status_code=status)

    def _iso(self, time_ns: int | None) -> str | None:
        return None if time_ns is None else self.zone.iso(time_ns)


def add_accounts(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    desk = _AccountDesk(collector)
    _add_list(app, desk)
    _add_administration(app, desk)
    _add_own_password(app, desk)
    _add_own_tokens(app, desk)


def _add_list(app: FastAPI, desk: _AccountDesk) -> None:
    @app.get(
        ACCOUNTS,
        tags=["akun"],
        summary="Daftar akun, perannya, dan token pribadinya",
        response_class=JSONResponse,
        responses=answers(200, list_of(_ACCOUNT), "Akun"),
    )
    def accounts() -> Response:
        tokens = desk.register.sessions.personal()
        return JSONResponse([desk.shown(item, tokens) for item in desk.register.accounts.all()])

    @app.post(
        ACCOUNTS,
        tags=["akun"],
        summary="Buat akun (peran: admin)",
        response_class=JSONResponse,
        status_code=201,
        responses=answers(201, _ACCOUNT, "Akun dibuat", 409, *_POSTED),
        openapi_extra=_body(acts.NewAccount),
    )
    async def add(request: Request, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            made = acts.add(desk.register, body, actor=asking.actor, opds=desk.opds, now_ns=desk.now_ns)
            return desk.told(made, status=201)

        return await desk.posted(request, act, limit=MOST)


def _add_administration(app: FastAPI, desk: _AccountDesk) -> None:
    def responses(text: str) -> Answers:
        return answers(200, _ACCOUNT, text, 404, *_POSTED)

    @app.post(
        f"{ACCOUNTS}/{{name}}/roles",
        tags=["akun"],
        summary="Beri akun peran ini dan bukan yang lain (peran: admin lain)",
        response_class=JSONResponse,
        responses=responses("Peran diganti"),
        openapi_extra=_body(acts.Roles),
    )
    async def roles(request: Request, name: Name, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            return desk.told(
                acts.set_roles(desk.register, name, body, actor=asking.actor, opds=desk.opds, now_ns=desk.now_ns)
            )

        return await desk.posted(request, act, limit=MOST)

    @app.post(
        f"{ACCOUNTS}/{{name}}/password",
        tags=["akun"],
        summary="Setel ulang kata sandi akun; sesinya berakhir (peran: admin lain)",
        response_class=JSONResponse,
        responses=responses("Kata sandi diganti"),
        openapi_extra=_body(acts.Password),
    )
    async def password(request: Request, name: Name, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            return desk.told(acts.reset_password(desk.register, name, body, actor=asking.actor, now_ns=desk.now_ns))

        return await desk.posted(request, act, limit=MOST)

    @app.post(
        f"{ACCOUNTS}/{{name}}/disable",
        tags=["akun"],
        summary="Nonaktifkan akun seketika; perbuatannya tetap tercatat atas namanya (peran: admin lain)",
        response_class=JSONResponse,
        responses=answers(200, _ACCOUNT, "Akun nonaktif", 404),
    )
    def disable(name: Name, asking: Asking) -> Response:
        def act() -> Response:
            return desk.told(acts.disable(desk.register, name, actor=asking.actor, now_ns=desk.now_ns))

        return desk.answered(act)

    @app.delete(
        f"{ACCOUNTS}/{{name}}/tokens/{{label}}",
        tags=["akun"],
        summary="Cabut token pribadi sebuah akun (peran: admin)",
        status_code=204,
        responses=_DONE | refusals(404),
    )
    def revoke(name: Name, label: Label, asking: Asking) -> Response:
        return desk.answered(lambda: _revoked(desk, name, label, asking))


def _revoked(desk: _AccountDesk, name: str, label: str, asking: Visitor) -> Response:
    acts.revoke_token(desk.register, name, label, actor=asking.actor, now_ns=desk.now_ns)
    return Response(status_code=204)


def _hold_session(desk: _AccountDesk, request: Request) -> None:
    """Demand that somebody logged in: a token that was taken must not make itself live longer."""
    if not desk.register.sessions.is_session(presented_secret(request.headers.get("authorization", ""))):
        raise Forbidden("hanya dengan sesi (masuk dengan kata sandi), tidak dengan token pribadi")


def _add_own_password(app: FastAPI, desk: _AccountDesk) -> None:
    behind_proxy = desk.collector.folder.settings.listen.behind_proxy

    @app.post(
        f"{OWN}/password",
        tags=["akun"],
        summary="Ganti kata sandi sendiri; semua sesi sendiri berakhir, lalu masuk lagi",
        status_code=204,
        responses=_DONE | _WAIT | refusals(*_POSTED),
        openapi_extra=_body(acts.OwnPassword),
    )
    async def password(request: Request, asking: Asking) -> Response:
        # Behind a proxy everybody has the proxy's address; there the proxy limits by address.
        address = request.client.host if request.client and not behind_proxy else ""

        def act(body: dict[str, Any]) -> Response:
            _hold_session(desk, request)
            try:
                acts.change_password(desk.register, body, actor=asking.actor, address=address, now_ns=desk.now_ns)
            except LoginRefused as error:
                if not error.wait_seconds:
                    raise Forbidden("kata sandi lama tidak benar") from error
                wait = {"Retry-After": str(error.wait_seconds)}
                return problem(429, "terlalu banyak percobaan gagal; tunggu sebentar", headers=wait)
            except TooMany as error:
                raise Busy from error
            return Response(status_code=204)

        return await desk.posted(request, act, limit=MOST)


def _add_own_tokens(app: FastAPI, desk: _AccountDesk) -> None:
    @app.get(
        f"{OWN}/tokens",
        tags=["akun"],
        summary="Token pribadi sendiri",
        response_class=JSONResponse,
        responses=answers(200, list_of(_TOKEN), "Token"),
    )
    def tokens(asking: Asking) -> Response:
        mine = [item for item in desk.register.sessions.personal() if item.account == asking.actor.name]
        return JSONResponse([desk.token(item) for item in mine])

    @app.post(
        f"{OWN}/tokens",
        tags=["akun"],
        summary="Buat token pribadi sendiri; rahasianya hanya ditampilkan sekali ini",
        response_class=JSONResponse,
        status_code=201,
        responses=answers(201, object_of({"label": _TEXT, "token": _TEXT}), "Token dibuat", 409, *_POSTED),
        openapi_extra=_body(acts.NewToken),
    )
    async def mint(request: Request, asking: Asking) -> Response:
        def act(body: dict[str, Any]) -> Response:
            _hold_session(desk, request)
            secret = acts.mint_token(desk.register, body, actor=asking.actor, now_ns=desk.now_ns)
            return JSONResponse({"label": body["label"], "token": secret}, status_code=201)

        return await desk.posted(request, act, limit=MOST)

    @app.delete(
        f"{OWN}/tokens/{{label}}",
        tags=["akun"],
        summary="Cabut token pribadi sendiri",
        status_code=204,
        responses=_DONE | refusals(404),
    )
    def revoke(label: Label, asking: Asking) -> Response:
        return desk.answered(lambda: _revoked(desk, asking.actor.name, label, asking))

"""The authorisation matrix: every route of the application against every sort of visitor, and OPD against OPD."""

from __future__ import annotations

import typing
from collections.abc import Iterator

import pytest
from starlette.responses import Response

from agent.clock import NS
from collector.register.registers import KINDS
from collector.web.api import create
from collector.web.policy import FIXED, Policy, Who, of_registers
from tests.collector.web_world import B_SIGNS, A, B, World, filled, routes, world

TABLE = {**FIXED, **of_registers(KINDS)}
EVERYONE = typing.get_args(Who)
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def nadi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which the matrix was not asked: its audit log has room for single refusals."""
    with world(tmp_path_factory.mktemp("quiet")) as made:
        yield made


def is_let_in(world: World, who: str, method: str, path: str) -> bool:
    """Ask, and tell whether the gate let it through (whatever the route then says of what was asked)."""
    content = b"{}" if method == "POST" else b""
    answer = world.visitors[who].ask(method, filled(path), content=content, headers=JSON if content else {})
    gate = answer.status_code == 401 or "atas alamat ini" in answer.text
    return not gate or ((method, path) in SENDERS and answer.status_code == 401)


SENDERS = {("POST", "/api/v1/session"), ("POST", "/api/v2/write")}
"""Open to everybody, who then gets 401 for what he sends."""


def test_every_route_stands_in_the_approved_table_and_no_row_is_without_its_route(nadi: World) -> None:
    assert routes(nadi.app) == set(TABLE)


@pytest.mark.parametrize("who", EVERYONE)
def test_every_cell_of_the_table_holds(nadi: World, who: str) -> None:
    cells = {key: is_let_in(nadi, who, *key) for key in sorted(routes(nadi.app))}
    wrong = {key: seen for key, seen in cells.items() if seen != (who in TABLE[key])}
    assert wrong == {}


def test_what_strangers_and_an_opd_may_ask_is_written_out_once_more() -> None:
    def open_to(who: Who) -> set[str]:
        return {f"{method} {path}" for (method, path), roles in FIXED.items() if who in roles}

    stranger = {
        *("POST /api/v1/session", "POST /api/v1/batches", "POST /api/v1/enrol", "POST /api/v2/write"),
        *("GET /api/v2/ping", "GET /ping", "GET /health"),
    }
    assert open_to("stranger") == stranger
    assert open_to("opd") - stranger == {
        *("GET /", "GET /docs", "GET /openapi.json", "GET /assets/{name}", "GET /assets/swagger/{path:path}"),
        *("GET /api/v1/status", "GET /api/v1/findings", "GET /api/v1/opd", "GET /api/v1/evaluations/{month}"),
        *("GET /api/v1/registers", "GET /api/v1/session", "DELETE /api/v1/session"),
        *("GET /api/v1/sheets", "GET /api/v1/sheets/{month}/{opd}", "GET /api/v1/sheets/{month}/{opd}/{file}"),
        "GET /api/v1/determinations",
        *("GET /api/v1/imports/usulan", "POST /api/v1/imports/usulan"),
        *("POST /api/v1/verify", "POST /api/v1/session/password"),
        *("GET /api/v1/session/tokens", "POST /api/v1/session/tokens", "DELETE /api/v1/session/tokens/{label}"),
    }


def test_what_may_be_read_by_a_machine_cannot_be_changed_by_one() -> None:
    open_to_all = {key for key, who in TABLE.items() if "stranger" in who}
    looking = {("POST", f"/api/v1/{path}") for path in ("verify", "session/password", "session/tokens")}
    changing = {key: who for key, who in TABLE.items() if key[0] != "GET" and key not in open_to_all | looking}
    assert changing
    assert not [key for key, who in changing.items() if who & {"local", "operator", "auditor"} and key[0] == "POST"]


def test_a_route_that_is_not_in_the_table_is_closed_to_everybody(nadi: World) -> None:
    app = create(nadi.collector)

    @app.get("/api/v1/terlupa")
    def forgotten() -> Response:
        return Response("rahasia")

    for who in ("local", "operator", "admin"):
        visitor = nadi.visitors[who]
        again = type(visitor)(app, visitor.address, visitor.host, headers=visitor.headers)
        assert again.get("/api/v1/terlupa").status_code == 403
        assert again.get("/api/v1/tidak-ada").status_code == 404
    assert ("GET", "/api/v1/terlupa") in routes(app) - set(TABLE)


def test_head_is_judged_as_get(nadi: World) -> None:
    assert nadi.visitors["opd"].ask("HEAD", "/metrics").status_code == 403
    assert nadi.visitors["noc"].ask("HEAD", "/api/v1/agents").status_code == 405


def opd_addresses(world: World) -> list[str]:
    """Return every address that an OPD may read, filled with its own and with the other's codes."""
    own, other = (world.proposals[opd].code for opd in (A, B))
    templates = [path for method, path in TABLE if method == "GET" and "opd" in TABLE[method, path]]
    found = [filled(path, code=code) for path in templates for code in (own, other)]
    found += [f"{path}?opd={B}" for path in found] + [f"{path}?opd={A}" for path in found]
    return [path for path in dict.fromkeys(found) if not path.startswith(("/docs", "/openapi.json", "/assets"))]


def test_an_opd_never_sees_the_other_one_in_any_body(nadi: World) -> None:
    told = {}
    for path in opd_addresses(nadi):
        answer = nadi.visitors["opd"].get(path)
        body = answer.text.replace(path, "")
        told[path] = [sign for sign in B_SIGNS if f'"{sign}' in body or f" {sign}" in body]
    assert len(told) > 30
    assert {path: signs for path, signs in told.items() if signs} == {}
    seen = nadi.visitors["noc"].get("/api/v1/status").text
    assert all(sign in seen for sign in (A, *B_SIGNS[:-1]))


def test_an_opd_sees_its_own_figures(nadi: World) -> None:
    visitor = nadi.visitors["opd"]
    status = visitor.get("/api/v1/status").json()
    assert [opd["code"] for opd in status["opds"]] == [A]
    assert status["opds"][0]["unduh"]["rate_bps"] == 100e6
    assert (status["uplinks"], status["senders"], status["power"]["ups"]) == ([], [], [])
    assert {item["object"] for item in visitor.get("/api/v1/findings").json()} == {A}
    assert [opd["code"] for opd in visitor.get("/api/v1/evaluations/2026-08").json()["opds"]] == [A]
    assert [opd["code"] for opd in visitor.get(f"/api/v1/opd?opd={A}").json()] == [A]
    assert [item["opd"] for item in visitor.get("/api/v1/registers/usulan").json()] == [A]


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/status?opd={B}",
        f"/api/v1/findings?opd={B}",
        f"/api/v1/opd?opd={B}",
        f"/api/v1/evaluations/2026-08?opd={B}",
        f"/api/v1/registers/usulan?opd={B}",
        "/api/v1/registers/usulan/USL-2026-00002",
        "/api/v1/status?opd=TIDAK-ADA",
        "/api/v1/registers/usulan/USL-2026-99999",
        "/api/v1/reports/2026-07/manifest.json",
        "/metrics",
    ],
)
def test_an_opd_that_asks_for_anothers_gets_403_and_a_record(quiet: World, path: str) -> None:
    audit, clock = quiet.collector.folder.register.audit, quiet.collector.clock
    clock.advance(61 * NS)  # type: ignore[attr-defined]
    before = audit.head().seq
    assert quiet.visitors["opd"].get(path).status_code == 403
    assert ("opd-bpkad", "refused") in [(item.actor, item.result) for item in audit.records(after=before)]


def test_an_unknown_opd_is_404_for_who_may_see_all(nadi: World) -> None:
    assert nadi.visitors["noc"].get("/api/v1/status?opd=TIDAK-ADA").status_code == 404
    assert [item["code"] for item in nadi.visitors["noc"].get(f"/api/v1/opd?opd={B}").json()] == [B]


def test_a_token_that_opens_nothing_is_refused_on_the_machine_itself(nadi: World) -> None:
    local = nadi.visitors["local"]
    assert local.get("/api/v1/status").status_code == 200
    for header in ("Bearer salah", "Basic !", "Token x"):
        assert local.get("/api/v1/status", Authorization=header).status_code == 401
    opd = nadi.visitors["opd"].headers["Authorization"]
    assert [item["code"] for item in local.get("/api/v1/opd", Authorization=opd).json()] == [A]


def test_what_accounts_read_and_what_anybody_exports_is_recorded(quiet: World) -> None:
    audit = quiet.collector.folder.register.audit
    for _ in range(3):
        quiet.visitors["auditor"].get("/api/v1/accounts")
    quiet.visitors["operator"].get("/api/v1/reports/2026-07/manifest.json")
    quiet.visitors["operator"].get("/api/v1/agents")
    audit.flush(0, everything=True)
    told = [(item.actor, item.action, item.object) for item in audit.records()]
    assert told.count(("auditor", "read", "/api/v1/accounts")) == 2
    assert ("operator:grafana", "export", "/api/v1/reports/2026-07/manifest.json") in told
    assert ("operator:grafana", "read", "/api/v1/agents") not in told


def test_the_policy_is_asked_by_method_and_template() -> None:
    policy = Policy(TABLE)
    assert (
        policy.allowed("GET", "/api/v1/registers/usulan/USL-2026-00001")
        == TABLE["GET", "/api/v1/registers/usulan/{code}"]
    )
    assert policy.allowed("PUT", "/api/v1/status") is None
    assert policy.allowed("GET", "/api/v1/evaluations/2026-07/lagi") is None

"""Who may look from where: strangers, the machine itself, operators; the whole matrix is ``test_web_policy.py``."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from collector.running import Collector
from collector.web.api import create
from collector.web.listen import Listen, is_loopback
from tests.collector.web_visitor import ELSEWHERE, HERE, Visitor, running, settings_at

# Route -> what a stranger from elsewhere gets. 401 is the gate; the senders' routes judge what is sent.
APPROVED = {
    ("GET", "/"): 401,
    ("GET", "/docs"): 401,
    ("GET", "/openapi.json"): 401,
    ("GET", "/metrics"): 401,
    ("GET", "/assets/{name}"): 401,
    ("GET", "/assets/swagger"): 401,
    ("GET", "/api/v1/status"): 401,
    ("GET", "/api/v1/findings"): 401,
    ("GET", "/api/v1/power"): 401,
    ("GET", "/api/v1/datacentre"): 401,
    ("GET", "/api/v1/opd"): 401,
    ("GET", "/api/v1/agents"): 401,
    ("GET", "/api/v1/quarantine"): 401,
    ("GET", "/api/v1/evaluations/{month}"): 401,
    ("GET", "/api/v1/reports"): 401,
    ("GET", "/api/v1/reports/{month}/{file}"): 401,
    ("GET", "/api/v2/ping"): 204,
    ("GET", "/ping"): 204,
    ("GET", "/health"): 200,
    ("POST", "/api/v1/batches"): 400,
    ("POST", "/api/v1/enrol"): 400,
    ("POST", "/api/v2/write"): 401,
}
FILLED = {"{month}": "2026-10", "{file}": "a.pdf", "{name}": "status.css", "/swagger": "/swagger/swagger-ui.css"}
SEEN = {200, 204, 404}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with running(settings_at(tmp_path_factory.mktemp("data"))) as collector:
        yield collector


@pytest.fixture(scope="module")
def app(collector: Collector) -> FastAPI:
    return create(collector)


def filled(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


def operator_headers(collector: Collector, name: str) -> dict[str, str]:
    access, now_ns = collector.folder.register.access, collector.clock.now().wall_ns
    return {"Authorization": f"Bearer {access.mint_operator_token(name=name, actor='t', now_ns=now_ns)}"}


@pytest.fixture(scope="module")
def operator(collector: Collector, app: FastAPI) -> Visitor:
    return Visitor(app, ELSEWHERE, "nadi.example", headers=operator_headers(collector, "noc"))


@pytest.fixture(scope="module")
def sender(collector: Collector, app: FastAPI) -> Visitor:
    access, now_ns = collector.folder.register.access, collector.clock.now().wall_ns
    secret = access.mint_write_token(name="telegraf", devices=["r1"], actor="t", now_ns=now_ns)
    return Visitor(app, ELSEWHERE, headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.parametrize(("method", "path"), sorted(APPROVED))
def test_a_stranger_gets_what_the_table_says(app: FastAPI, method: str, path: str) -> None:
    stranger = Visitor(app, ELSEWHERE, "nadi.example")
    assert stranger.ask(method, filled(path)).status_code == APPROVED[method, path]


@pytest.mark.parametrize("path", sorted(path for method, path in APPROVED if method == "GET"))
def test_loopback_and_the_operators_token_see_everything(app: FastAPI, operator: Visitor, path: str) -> None:
    assert Visitor(app, HERE).get(filled(path)).status_code in SEEN
    assert operator.get(filled(path)).status_code in SEEN


@pytest.mark.parametrize("path", sorted(path for (_, path), status in APPROVED.items() if status == 401))
def test_an_agents_write_token_opens_nothing(sender: Visitor, path: str) -> None:
    assert sender.get(filled(path)).status_code == 401


def test_a_browser_may_give_the_token_as_password(app: FastAPI, operator: Visitor) -> None:
    secret = operator.headers["Authorization"].removeprefix("Bearer ")
    basic = base64.b64encode(f"siapa-saja:{secret}".encode()).decode()
    visitor = Visitor(app, ELSEWHERE)
    assert visitor.get("/metrics", Authorization=f"Basic {basic}").status_code == 200
    assert visitor.get("/metrics", Authorization="Basic !").status_code == 401
    assert "Basic" in visitor.get("/").headers["www-authenticate"]


def test_a_wrong_token_is_refused_and_audited(collector: Collector, app: FastAPI) -> None:
    answer = Visitor(app, ELSEWHERE).get("/", Authorization="Bearer no")
    records = list(collector.folder.register.audit.records())
    assert answer.status_code == 401
    assert (records[-1].actor, records[-1].result) == (ELSEWHERE, "refused")


def test_a_revoked_operator_is_out(collector: Collector, app: FastAPI) -> None:
    gone = Visitor(app, ELSEWHERE, headers=operator_headers(collector, "gone"))
    assert gone.get("/api/v1/status").status_code == 200
    collector.folder.register.access.revoke_operator_token("gone", actor="t", now_ns=collector.clock.now().wall_ns)
    assert gone.get("/api/v1/status").status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_no_header_makes_a_stranger_local(app: FastAPI, header: str) -> None:
    assert Visitor(app, ELSEWHERE, headers={header: HERE}).get("/").status_code == 401


def test_a_name_rebound_to_loopback_is_not_local(app: FastAPI) -> None:
    assert Visitor(app, HERE, "jahat.example").get("/api/v1/status").status_code == 401
    assert Visitor(app, HERE, "localhost:8470").get("/api/v1/status").status_code == 200


def test_behind_a_proxy_nobody_is_local(tmp_path: Path) -> None:
    settings = replace(settings_at(tmp_path), listen=Listen(behind_proxy=True))
    with running(settings) as collector:
        assert Visitor(create(collector), HERE).get("/").status_code == 401


@pytest.mark.parametrize("address", [HERE, ELSEWHERE])
def test_every_answer_to_a_browser_carries_the_policy(app: FastAPI, address: str) -> None:
    policy = Visitor(app, address).get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost.jahat.example", ""])
def test_nothing_else_is_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_plain_http_outside_loopback_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="behind_proxy"):
        Listen(host=host)
    Listen(host=host, behind_proxy=True)
    Listen(host=host, certificate=Path("c.pem"), key=Path("k.pem"))

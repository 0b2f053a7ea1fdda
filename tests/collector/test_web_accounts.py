"""Accounts over HTTP: an admin administers others, everybody his own password and tokens, each act in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.collector.web_visitor import ELSEWHERE, Visitor
from tests.collector.web_world import A, World, world

ACCOUNTS, OWN = "/api/v1/accounts", "/api/v1/session"
GOOD, BETTER = "kuda menari di alun-alun", "kambing melompat di pematang"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def nadi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("data")) as made:
        yield made


def post(visitor: Visitor, path: str, body: object) -> httpx.Response:
    return visitor.ask("POST", path, content=json.dumps(body).encode(), headers=JSON)


def made(nadi: World, name: str, **more: object) -> httpx.Response:
    body = {"name": name, "full_name": name.title(), "roles": ["noc"], "password": GOOD, **more}
    return post(nadi.visitors["admin"], ACCOUNTS, body)


def logged_in(nadi: World, name: str, password: str = GOOD) -> Visitor:
    begun = post(nadi.visitors["stranger"], OWN, {"name": name, "password": password})
    assert begun.status_code == 200, begun.text
    return Visitor(nadi.app, ELSEWHERE, headers={"Authorization": f"Bearer {begun.json()['token']}"})


def test_an_admin_makes_changes_and_ends_an_account_and_the_log_holds_it(nadi: World) -> None:
    admin, audit = nadi.visitors["admin"], nadi.collector.folder.register.audit
    before = audit.head().seq
    assert (made(nadi, "dedi").status_code, made(nadi, "dedi").status_code) == (201, 409)
    dedi = logged_in(nadi, "dedi")
    changed = post(admin, f"{ACCOUNTS}/dedi/roles", {"roles": ["opd"], "opd": A})
    assert (changed.status_code, changed.json()["roles"], changed.json()["opd"]) == (200, ["opd"], A)
    assert dedi.get("/api/v1/agents").status_code == 403
    assert post(admin, f"{ACCOUNTS}/dedi/password", {"password": BETTER}).status_code == 200
    assert dedi.get(OWN).status_code == 401, "a new password ends the sessions of the old one"
    again = logged_in(nadi, "dedi", BETTER)
    assert post(admin, f"{ACCOUNTS}/dedi/disable", {}).json()["disabled_at"] is not None
    assert again.get(OWN).status_code == 401
    acts = [item.action for item in audit.records(after=before) if (item.actor, item.object) == ("admin", "dedi")]
    assert acts == ["account.add", "account.roles", "account.password", "account.disable"]
    assert GOOD not in str(audit.records())
    assert BETTER not in str(audit.records())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "name"),
        ({"name": "x", "full_name": "X", "roles": [], "password": GOOD}, "sedikitnya satu peran"),
        ({"name": "x", "full_name": "X", "roles": ["raja"]}, "raja"),
        ({"name": "x", "full_name": "X", "roles": ["opd"]}, "diisi bersama-sama"),
        ({"name": "x", "full_name": "X", "roles": ["opd"], "opd": "TIDAK-ADA"}, "tidak terdaftar"),
        ({"name": "../x", "full_name": "X", "roles": ["noc"]}, "name harus"),
        ({"name": "kolektor", "full_name": "X", "roles": ["noc"]}, "dipakai oleh Nadi"),
        ({"name": "x", "full_name": " ", "roles": ["noc"]}, "full_name harus diisi"),
        ({"name": "x", "full_name": "X", "roles": ["noc"], "password": "pendek"}, "kata sandi terdiri"),
        ({"name": "anisa", "full_name": "X", "roles": ["noc"], "password": "rahasia anisa 123"}, "nama akun"),
        ({"name": "x", "full_name": "X", "roles": ["noc"], "lain": 1}, "lain"),
    ],
)
def test_what_makes_no_account_is_refused_in_words(nadi: World, body: dict[str, object], said: str) -> None:
    answer = post(nadi.visitors["admin"], ACCOUNTS, body)
    assert (answer.status_code, said in answer.json()["message"]) == (400, True), answer.text


def test_nobody_administers_his_own_account_and_only_an_admin_another_ones(nadi: World) -> None:
    for path, body in (("roles", {"roles": ["penetap"]}), ("password", {"password": BETTER}), ("disable", {})):
        answer = post(nadi.visitors["admin"], f"{ACCOUNTS}/admin/{path}", body)
        assert (answer.status_code, "admin lain" in answer.json()["message"]) == (403, True)
        assert post(nadi.visitors["admin"], f"{ACCOUNTS}/tidak-ada/{path}", body).status_code == 404
        for who in ("noc", "penetap", "pemeriksa", "auditor", "opd", "operator", "local"):
            assert post(nadi.visitors[who], f"{ACCOUNTS}/noc/{path}", body).status_code == 403
    refused = [item for item in nadi.collector.folder.register.audit.records() if item.result == "refused"]
    assert ("admin", "account.roles", "admin") in [(item.actor, item.action, item.object) for item in refused]


def test_everybody_changes_his_own_password_by_the_old_one(nadi: World) -> None:
    assert made(nadi, "ganti").status_code == 201
    visitor = logged_in(nadi, "ganti")
    wrong = post(visitor, f"{OWN}/password", {"old": BETTER, "new": GOOD + " lagi"})
    assert (wrong.status_code, "lama tidak benar" in wrong.json()["message"]) == (403, True)
    assert post(visitor, f"{OWN}/password", {"old": GOOD, "new": GOOD}).status_code == 400
    assert post(visitor, f"{OWN}/password", {"old": GOOD, "new": BETTER}).status_code == 204
    assert visitor.get(OWN).status_code == 401
    assert logged_in(nadi, "ganti", BETTER).get(OWN).json()["account"] == "ganti"


def test_the_old_password_cannot_be_guessed_without_end(nadi: World) -> None:
    assert made(nadi, "sasaran").status_code == 201
    visitor = logged_in(nadi, "sasaran")
    tried = [post(visitor, f"{OWN}/password", {"old": f"tebakan {i}", "new": BETTER}) for i in range(11)]
    assert [item.status_code for item in tried] == [403] * 10 + [429]
    assert int(tried[-1].headers["retry-after"]) > 0


def test_a_personal_token_is_minted_and_revoked_by_its_owner_with_a_session(nadi: World) -> None:
    assert made(nadi, "pemilik").status_code == 201
    visitor = logged_in(nadi, "pemilik")
    minted = post(visitor, f"{OWN}/tokens", {"label": "skrip", "days": 2})
    assert (minted.status_code, post(visitor, f"{OWN}/tokens", {"label": "skrip"}).status_code) == (201, 409)
    script = Visitor(nadi.app, ELSEWHERE, headers={"Authorization": f"Bearer {minted.json()['token']}"})
    assert script.get(OWN).json()["account"] == "pemilik"
    for path, body in (("tokens", {"label": "abadi"}), ("password", {"old": GOOD, "new": BETTER})):
        answer = post(script, f"{OWN}/{path}", body)
        assert (answer.status_code, "sesi" in answer.json()["message"]) == (403, True)
    assert [item["name"] for item in script.get(f"{OWN}/tokens").json()] == ["skrip"]
    assert "nadi-person" not in script.get(f"{OWN}/tokens").text
    assert post(visitor, f"{OWN}/tokens", {"label": "x", "days": 0}).status_code == 400
    assert visitor.ask("DELETE", f"{OWN}/tokens/skrip").status_code == 204
    assert visitor.ask("DELETE", f"{OWN}/tokens/skrip").status_code == 404
    assert script.get(OWN).status_code == 401


def test_an_admin_revokes_anybodys_token_but_mints_none(nadi: World) -> None:
    assert made(nadi, "lupa").status_code == 201
    visitor = logged_in(nadi, "lupa")
    assert post(visitor, f"{OWN}/tokens", {"label": "hilang"}).status_code == 201
    path = f"{ACCOUNTS}/lupa/tokens/hilang"
    assert nadi.visitors["noc"].ask("DELETE", path).status_code == 403
    assert nadi.visitors["admin"].ask("POST", path).status_code == 405
    assert nadi.visitors["admin"].ask("DELETE", path).status_code == 204
    assert nadi.visitors["admin"].ask("DELETE", path).status_code == 404


def test_the_chain_of_the_log_is_checked_against_a_head_kept_elsewhere(nadi: World) -> None:
    auditor = nadi.visitors["auditor"]
    first = auditor.get("/api/v1/audit/verify").json()
    assert (first["whole"], first["problem"]) == (True, None)
    head = first["head"]
    assert auditor.get(f"/api/v1/audit/verify?head={head}").json()["whole"] is True
    number, _, digest = head.partition(":")
    later = auditor.get(f"/api/v1/audit/verify?head={int(number) + 1000}:{digest}").json()
    assert (later["whole"], "cut off" in later["problem"]) == (False, True)
    other = auditor.get(f"/api/v1/audit/verify?head=1:{'0' * 64}").json()
    assert (other["whole"], other["seq"]) == (False, 1)
    assert auditor.get("/api/v1/audit/verify?head=kemarin").status_code == 400
    assert nadi.visitors["noc"].get("/api/v1/audit/verify").status_code == 403

"""Agents, machines' tokens, the logbook and the routers' limits over HTTP, as the command line has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.identity import Key, enrolment_proof
from collector.register.logbook import POWER_KINDS
from tests.collector.web_world import A, World, world

AGENTS, TOKENS = "/api/v1/agents", "/api/v1/tokens"
POWER, TESTS = "/api/v1/logbook/power", "/api/v1/logbook/restore-tests"


@pytest.fixture(scope="module")
def nadi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("data")) as made:
        yield made


def test_an_agent_is_invited_bound_and_revoked_by_an_admin(nadi: World) -> None:
    admin, access, key = nadi.visitors["admin"], nadi.collector.folder.register.access, Key(b"\7" * 32)
    made = admin.post(AGENTS, {"agent": "agen-1", "devices": ["r1"]})
    assert made.status_code == 201
    token, now_ns = made.json()["token"], nadi.collector.clock.now().wall_ns
    proof = key.sign(enrolment_proof(token, "agen-1", key.public))
    access.enrol(token=token, agent="agen-1", public_key=key.public, proof=proof, now_ns=now_ns)
    assert admin.post(f"{AGENTS}/agen-1/devices", {"devices": ["r1", "r2"]}).status_code == 204
    (shown,) = nadi.visitors["noc"].get(AGENTS).json()
    assert (shown["name"], shown["devices"]) == ("agen-1", ["r1", "r2"])
    assert admin.ask("DELETE", f"{AGENTS}/agen-1").status_code == 204
    assert admin.ask("DELETE", f"{AGENTS}/agen-1").status_code == 404
    assert admin.post(f"{AGENTS}/agen-1/devices", {"devices": ["r1"]}).status_code == 404
    for wrong in ({}, {"agent": "../x"}, {"agent": "x", "devices": ["a b"]}, {"agent": "x", "lain": 1}):
        assert admin.post(AGENTS, wrong).status_code == 400, wrong


def test_a_machines_token_is_made_and_revoked_by_an_admin(nadi: World) -> None:
    admin = nadi.visitors["admin"]
    body = {"sort": "write", "name": "telegraf", "devices": ["r1"]}
    assert [admin.post(TOKENS, body).status_code for _ in range(2)] == [201, 409]
    assert admin.post(TOKENS, {"sort": "operator", "name": "papan"}).status_code == 201
    for wrong in (
        {"sort": "write", "name": "x"},
        {"sort": "operator", "name": "x", "devices": ["r1"]},
        {"sort": "raja"},
    ):
        assert admin.post(TOKENS, wrong).status_code == 400, wrong
    listed = nadi.visitors["auditor"].get(TOKENS)
    assert {(item["sort"], item["name"]) for item in listed.json()} >= {("write", "telegraf"), ("operator", "papan")}
    assert "nadi-write" not in listed.text
    assert admin.ask("DELETE", f"{TOKENS}/write/telegraf").status_code == 204
    assert admin.ask("DELETE", f"{TOKENS}/write/telegraf").status_code == 404
    assert admin.ask("DELETE", f"{TOKENS}/raja/telegraf").status_code == 400


def test_what_people_saw_of_the_power_is_written_down(nadi: World) -> None:
    noc, at = nadi.visitors["noc"], "2026-08-10T08:00:00+07:00"
    made = noc.post(POWER, {"kind": "bahan-bakar", "at": at, "value": 80, "note": "dilihat"})
    assert (made.status_code, made.json()["value"], made.json()["by"]) == (201, 80, "noc")
    assert [item["at"] for item in nadi.visitors["auditor"].get(POWER).json()] == [at]
    for wrong, said in (
        ({"kind": "bahan-bakar", "at": at}, "persen"),
        ({"kind": "uji-genset", "at": at, "value": 5}, "berhasil"),
        ({"kind": "padam", "at": "2027-01-01T00:00:00+07:00"}, "belum tiba"),
        ({"kind": "padam", "at": "2026-08-10T08:00:00"}, "at"),
        ({"kind": "padam", "at": at, "generator": "g9"}, "tidak terdaftar"),
        ({"kind": "padam", "at": at, "note": "a\nb"}, "satu baris"),
        ({"kind": "kiamat", "at": at}, POWER_KINDS[0]),
    ):
        answer = noc.post(POWER, wrong)
        assert (answer.status_code, said in answer.json()["message"]) == (400, True), answer.text
    assert nadi.visitors["pemeriksa"].post(POWER, {"kind": "padam", "at": at}).status_code == 403


def test_a_restore_test_is_of_a_backup_that_is_registered(nadi: World) -> None:
    body = {"job": "db", "at": "2026-08-10T08:00:00+07:00", "passed": True}
    answer = nadi.visitors["noc"].post(TESTS, body)
    assert (answer.status_code, "cadangan 'db' tidak terdaftar" in answer.json()["message"]) == (400, True)
    assert nadi.visitors["noc"].get(TESTS).json() == []


def test_limits_are_shown_beside_the_determination_and_rendered_for_a_person(nadi: World) -> None:
    shown = nadi.visitors["penetap"].get(f"/api/v1/limits?opd={A}").json()
    assert [(item["link"], item["configured"]) for item in shown] == [("wan-bpkad", "tidak terbaca")] * 2
    told = nadi.visitors["noc"].get(f"/api/v1/limits/routeros?opd={A}&date=2026-08-01")
    assert (told.status_code, "Nadi tidak pernah mengubah konfigurasi" in told.text) == (200, True)
    assert nadi.visitors["noc"].get("/api/v1/limits/routeros?date=0001-01-01").status_code == 400
    assert nadi.visitors["noc"].get("/api/v1/limits?opd=TIDAK-ADA").status_code == 404
    assert nadi.visitors["opd"].get(f"/api/v1/limits?opd={A}").status_code == 403

"""The registers over HTTP: a proposal through several accounts, every refusal in one form, what OpenAPI says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.clock import NS
from collector.asked import before
from collector.register.content import content, plain
from collector.register.describe import example, opening
from collector.register.field_words import WORDS
from collector.register.kinds import Kind
from collector.register.registers import KINDS
from tests.collector.web_visitor import ELSEWHERE, Visitor
from tests.collector.web_world import MONTH, A, B, World, asked, world

USULAN = "/api/v1/registers/usulan"


@pytest.fixture(scope="module")
def nadi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def described(nadi: World) -> dict[str, Any]:
    table: dict[str, Any] = nadi.visitors["local"].get("/openapi.json").json()
    return table


def post(nadi: World, who: str, path: str, body: object, **headers: str) -> httpx.Response:
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return nadi.visitors[who].ask("POST", path, content=json.dumps(body).encode(), headers=given)


def opened(nadi: World, who: str = "opd", opd: str = A) -> str:
    answer = post(nadi, who, USULAN, {"form": plain(asked(opd)), "note": "mendesak"})
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    assert answer.headers["location"] == f"{USULAN}/{code}"
    return code


def test_a_proposal_goes_its_way_through_three_accounts(nadi: World) -> None:
    code = opened(nadi)
    assert post(nadi, "pemeriksa", f"{USULAN}/{code}/dikembalikan", {"note": "rinci"}).status_code == 200
    better = plain(replace(asked(A), down_mbps=120))
    again = post(nadi, "opd", f"{USULAN}/{code}/diajukan", {"form": better})
    assert (again.status_code, again.json()["next"]) == (200, ["dikembalikan", "diterima", "ditolak"])
    done = post(nadi, "penetap", f"{USULAN}/{code}/diterima", {"legal_basis": "Perbup 1/2026"})
    assert (done.json()["state"], done.json()["actor"], done.json()["legal_basis"]) == (
        "diterima",
        "penetap",
        "Perbup 1/2026",
    )
    revisions = nadi.visitors["auditor"].get(f"{USULAN}/{code}").json()["revisions"]
    assert [item["form"]["down_mbps"] for item in revisions] == [150, 150, 120, 120]
    assert [item["actor"] for item in revisions] == ["opd-bpkad", "pemeriksa", "opd-bpkad", "penetap"]


def test_beside_the_ask_stands_what_was_used(nadi: World) -> None:
    shown = nadi.visitors["penetap"].get(f"{USULAN}/{nadi.proposals[A].code}").json()["before"]
    assert [item["month"] for item in shown] == ["2026-07", "2026-06", "2026-05"]
    assert [(item["closed"], item["report_version"]) for item in shown] == [(True, 1), (True, None), (True, None)]
    assert shown[0]["unduh"] == {"p95_bps": None, "coverage": 0.0, "at_limit": None}


def test_what_stands_beside_the_ask_is_what_the_report_says(nadi: World) -> None:
    collector, later = nadi.collector, nadi.collector.clock.now().wall_ns + 31 * 86400 * NS
    (august, *_) = before(collector.folder, A, at_ns=later)
    whole = next(item for item in collector.evaluation(august.month).opds if item.code == A)
    assert august.unduh is not None
    assert (str(august.month), august.closed, august.unduh.p95) == ("2026-08", False, whole.unduh.p95)
    assert august.unduh.valid == whole.unduh.valid > 0


@pytest.mark.parametrize(
    ("who", "path", "body", "status", "said"),
    [
        ("opd", "", {"form": {**plain(asked(A)), "down_mbps": 0}}, 400, "down_mbps harus bilangan bulat"),
        ("opd", "", {"form": {**plain(asked(A)), "down_mbps": "50"}}, 400, "down_mbps"),
        ("opd", "", {"form": {"opd": A}}, 400, "link"),
        ("opd", "", {}, 400, "form harus berupa objek"),
        ("opd", "", [], 400, "objek JSON"),
        ("opd", "", {"form": plain(asked(A)), "lain": 1}, 400, "isian tidak dikenal: lain"),
        ("opd", "", {"form": plain(asked(A)), "note": 5}, 400, "note harus berupa teks"),
        ("opd", "", {"form": plain(asked(A)), "attachment_sha256": "x", "attachment_name": "a"}, 400, "SHA-256"),
        ("opd", "", {"form": {**plain(asked(A)), "reason": "\ud800"}}, 400, "bukan Unicode"),
        ("opd", "", {"form": {**plain(asked(A)), "reason": "perlu \\\x00 sekali dan segera"}}, 400, "NUL"),
        ("opd", "", {"form": {**plain(asked(A)), "starts": "9999-12-31"}}, 400, "starts: tahun"),
        ("opd", "", {"form": {**plain(asked(A)), "users": float("nan")}}, 400, "users"),
        ("opd", "", {"form": {**plain(asked(A)), "users": 10**30}}, 400, "users terlalu besar"),
        ("opd", "", {"form": plain(asked(B))}, 403, f"hanya berlaku bagi {A}"),
        ("auditor", "", {"form": plain(asked(A))}, 403, "tidak berhak"),
        ("penetap", "/USL-2026-99999/diterima", {}, 404, "tidak ada usulan"),
        ("opd", "/USL-2026-00002/diajukan", {"form": plain(asked(A))}, 403, "bukan usulan"),
        ("opd", "/USL-2026-00001/diajukan", {"form": plain(asked(A))}, 409, "berkeadaan diajukan"),
        ("penetap", "/USL-2026-00001/diterima", {"values": {"down_mbps": 1}}, 400, "isian langkah ini"),
        ("penetap", "/USL-2026-00001/diterima", {"values": [1]}, 400, "values harus berupa objek"),
        ("penetap", "/USL-2026-00001/diterima", {"values": None}, 400, "values harus berupa objek"),
    ],
)
def test_every_refusal_names_what_is_wrong(
    nadi: World, who: str, path: str, body: object, status: int, said: str
) -> None:
    answer = post(nadi, who, USULAN + path, body)
    assert (answer.status_code, set(answer.json())) == (status, {"code", "message", "problems"})
    assert said in answer.json()["message"]


def test_only_json_is_taken_and_not_too_much_of_it(nadi: World) -> None:
    assert post(nadi, "opd", USULAN, {}, Content_Type="text/plain").status_code == 415
    assert post(nadi, "opd", USULAN, {"note": "x" * 300_000}).status_code == 413
    deep = nadi.visitors["opd"].ask(
        "POST", USULAN, content=b"[" * 100_000, headers={"Content-Type": "application/json"}
    )
    assert deep.status_code == 400


@pytest.mark.parametrize("month", ["9999-12", "0000-01"])
def test_a_record_of_a_month_that_cannot_be_is_refused(nadi: World, month: str) -> None:
    form = {"month": month, "text": "Tambah", "owner": "Dinas", "due": "2026-12-31"}
    answer = post(nadi, "noc", "/api/v1/registers/tindak-lanjut", {"form": form})
    assert (answer.status_code, "month: tahun" in answer.json()["message"]) == (400, True)


def test_null_is_the_same_as_not_given(nadi: World) -> None:
    form = {**plain(asked(A)), "ends": None, "new_service": None}
    answer = post(nadi, "opd", USULAN, {"form": form, "note": None})
    assert (answer.status_code, answer.json()["form"]["new_service"], answer.json()["note"]) == (201, "", "")


def test_a_text_that_only_looks_like_an_escape_is_taken(nadi: World) -> None:
    text = r"Berkas \u0000 dan \\u0000 pada server lama, \ dan \n"
    answer = post(nadi, "opd", USULAN, {"form": {**plain(asked(A)), "reason": text}})
    assert (answer.status_code, answer.json()["form"]["reason"]) == (201, text)


def test_a_method_that_is_none_names_those_that_are(nadi: World) -> None:
    answer = nadi.visitors["noc"].ask("PUT", USULAN)
    assert (answer.status_code, answer.headers["allow"], answer.json()["code"]) == (
        405,
        "GET, POST",
        "method_not_allowed",
    )


@pytest.mark.parametrize("month", ["0000-01", "2300-01", "٢٠٢٦-10"])
def test_a_month_that_cannot_be_is_400(nadi: World, month: str) -> None:
    assert nadi.visitors["noc"].get(f"/api/v1/evaluations/{month}").status_code == 400
    assert nadi.visitors["noc"].get("/api/v1/evaluations/2099-12").status_code == 200
    assert nadi.visitors["noc"].get("/api/v1/evaluations/2000-01").status_code == 200


def test_who_asked_cannot_accept_it_himself(nadi: World) -> None:
    register, now_ns = nadi.collector.folder.register, nadi.collector.clock.now().wall_ns
    register.accounts.add("ganda", full_name="G", roles=["noc", "penetap"], opds=(), actor="t", now_ns=now_ns)
    token = register.sessions.mint("ganda", label="uji", actor="t", now_ns=now_ns)
    both = Visitor(
        nadi.app, ELSEWHERE, headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    )
    made = both.ask("POST", USULAN, content=json.dumps({"form": plain(asked(A))}).encode()).json()
    answer = both.ask("POST", f"{USULAN}/{made['code']}/diterima", content=b"{}")
    assert (answer.status_code, "orang lain" in answer.json()["message"]) == (403, True)


def test_lists_are_filtered_by_state_opd_and_time(nadi: World) -> None:
    def codes(query: str, who: str = "noc") -> list[str]:
        answer = nadi.visitors[who].get(f"{USULAN}{query}")
        assert answer.status_code == 200, answer.text
        return [item["code"] for item in answer.json()]

    second = nadi.proposals[B].code
    assert codes(f"?opd={B}") == [second]
    assert second in codes("?state=diajukan&from=2026-08-10&to=2026-08-11")
    assert codes("?to=2026-08-10") == codes("?from=2026-08-12T00:00:00%2B07:00") == codes("?state=ditolak") == []
    assert codes("?limit=1&after=USL-2026-00001") == [second]
    for wrong in ("?state=entah", "?from=kemarin", "?limit=0", "?limit=1001", "?from=99999999999999"):
        assert nadi.visitors["noc"].get(USULAN + wrong).status_code == 400, wrong


def test_an_opd_does_not_see_what_was_another_ones_before(nadi: World) -> None:
    code = opened(nadi, "noc", B)
    post(nadi, "penetap", f"{USULAN}/{code}/dikembalikan", {})
    assert post(nadi, "noc", f"{USULAN}/{code}/diajukan", {"form": plain(asked(A))}).status_code == 200
    shown = nadi.visitors["opd"].get(f"{USULAN}/{code}")
    assert [item["revision"] for item in shown.json()["revisions"]] == [3]
    assert B not in shown.text
    assert nadi.visitors["opd-b"].get(f"{USULAN}/{code}").status_code == 403


def test_registers_are_listed_for_who_may_read_them(nadi: World) -> None:
    named = {item["name"] for item in nadi.visitors["auditor"].get("/api/v1/registers").json()}
    assert named == set(KINDS)
    own = {item["name"] for item in nadi.visitors["opd"].get("/api/v1/registers").json()}
    assert own == {kind.name for kind in KINDS.values() if "opd" in kind.openers | kind.readers}


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_each_register_is_described_with_an_example_that_its_form_takes(described: dict[str, Any], kind: Kind) -> None:
    given = example(kind)
    content(kind.form, given)
    assert set(given) == set(opening(kind)["properties"])
    for path, methods in described["paths"].items():
        if path.startswith(f"/api/v1/registers/{kind.name}") and "post" in methods:
            body = methods["post"]["requestBody"]["content"]["application/json"]
            assert set(body["example"]) <= set(body["schema"]["properties"])
            assert {"400", "401", "403", "415"} <= set(methods["post"]["responses"])


def test_every_field_has_a_word_and_every_refusal_one_form(described: dict[str, Any]) -> None:
    assert _fields(described) - WORDS.keys() - {"legal_basis", "note", "attachment_sha256", "attachment_name"} == set()
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert "422" not in operation["responses"], path
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Problem"), (path, status)


def _fields(described: dict[str, Any]) -> set[str]:
    bodies = [
        methods["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        for path, methods in described["paths"].items()
        if path.startswith("/api/v1/registers/") and "post" in methods
    ]
    return {name for body in bodies for part in ("form", "values") if part in body for name in body[part]["properties"]}


def test_a_session_begins_shows_who_one_is_and_ends(nadi: World) -> None:
    register, now_ns = nadi.collector.folder.register, nadi.collector.clock.now().wall_ns
    register.accounts.set_password("opd-bpkad", "kuda menari di alun-alun", actor="t", now_ns=now_ns)
    asking = {"name": "opd-bpkad", "password": "kuda menari di alun-alun"}
    begun = post(nadi, "stranger", "/api/v1/session", asking).json()
    assert (begun["account"], begun["roles"], begun["opd"], begun["idle_seconds"]) == ("opd-bpkad", ["opd"], A, 900)
    visitor = Visitor(nadi.app, ELSEWHERE, headers={"Authorization": f"Bearer {begun['token']}"})
    assert visitor.get("/api/v1/session").json() == {"account": "opd-bpkad", "roles": ["opd"], "opd": A}
    assert [item["code"] for item in visitor.get("/api/v1/opd").json()] == [A]
    assert visitor.ask("DELETE", "/api/v1/session").status_code == 204
    assert visitor.get("/api/v1/session").status_code == 401
    assert nadi.visitors["opd"].ask("DELETE", "/api/v1/session").status_code == 409


def test_wrong_logins_are_401_and_then_429(nadi: World) -> None:
    asking = {"name": "tidak-ada", "password": "kata yang keliru"}
    statuses = [post(nadi, "stranger", "/api/v1/session", asking).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    last = post(nadi, "stranger", "/api/v1/session", asking)
    assert 0 < int(last.headers["retry-after"]) <= 901
    unfit: list[object] = [{"name": "x"}, {"name": 1, "password": "y"}, {"name": "x", "password": "y", "z": 1}, []]
    for wrong in unfit:
        assert post(nadi, "stranger", "/api/v1/session", wrong).status_code == 400


def test_accounts_and_audit_are_read_by_auditors(nadi: World) -> None:
    accounts = nadi.visitors["auditor"].get("/api/v1/accounts").json()
    assert {item["name"] for item in accounts} >= {"noc", "opd-bpkad", "opd-dikbud"}
    assert "argon2" not in json.dumps(accounts)
    audit = nadi.visitors["auditor"].get("/api/v1/audit?limit=5").json()
    assert [item["seq"] for item in audit["records"]] == [1, 2, 3, 4, 5]
    head = nadi.collector.folder.register.audit.head()
    assert int(audit["head"].partition(":")[0]) <= head.seq


def test_the_names_of_the_registers_need_no_escaping(tmp_path: Path) -> None:
    for kind in KINDS.values():
        assert all(word.isascii() and word.replace("-", "").isalpha() for word in (kind.name, *kind.states))


def test_a_report_is_moved_only_while_its_files_are_whole_and_they_follow(nadi: World) -> None:
    path = "/api/v1/registers/laporan"
    (draft,) = nadi.visitors["noc"].get(path).json()
    issue = nadi.collector.folder.reports.newest(MONTH)
    assert issue is not None
    file = next(item for item in issue.folder.iterdir() if item.suffix == ".csv")
    before = file.read_bytes()
    file.write_bytes(before + b"x")
    answer = post(nadi, "pemeriksa", f"{path}/{draft['code']}/diperiksa", {})
    assert (answer.status_code, "tidak utuh" in answer.json()["message"]) == (400, True)
    file.write_bytes(before)
    assert post(nadi, "pemeriksa", f"{path}/{draft['code']}/diperiksa", {}).status_code == 200
    assert post(nadi, "penetap", f"{path}/{draft['code']}/disahkan", {}).status_code == 200
    assert issue.is_approved
    assert nadi.visitors["noc"].get("/api/v1/reports").json()[0]["state"] == "disahkan"

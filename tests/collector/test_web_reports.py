"""Reports over HTTP: who sees drafts, what is served once approved or signed, sheets of one OPD, sending, verifying."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from agent.clock import NS
from collector.register.records.delivery import DELIVERY
from collector.report.signing import Pkcs12, sign
from collector.reports import Issue
from tests.collector.mail_place import REFUSED, mail_place
from tests.collector.signers import DAY, PASSPHRASE, Authority, now
from tests.collector.web_world import MONTH, A, B, World, world

REPORTS, SHEETS = f"/api/v1/reports/{MONTH}", f"/api/v1/sheets/{MONTH}"
FILE = {"Content-Type": "application/octet-stream"}
PASSWORD = "kenari-surel-5521"


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("draft")) as made:
        yield made


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("issued")) as made:
        approve(made)
        yield made


def post(nadi: World, who: str, path: str, body: object) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return nadi.visitors[who].ask("POST", path, content=json.dumps(body).encode(), headers=headers)


def brought(nadi: World, who: str, path: str, data: bytes) -> httpx.Response:
    return nadi.visitors[who].ask("POST", path, content=data, headers=FILE)


def approve(nadi: World) -> None:
    for state, who in (("diperiksa", "pemeriksa"), ("disahkan", "penetap")):
        (record,) = (item["record"] for item in nadi.visitors["noc"].get("/api/v1/reports").json()[:1])
        assert post(nadi, who, f"/api/v1/registers/laporan/{record}/{state}", {}).status_code == 200


def first(nadi: World) -> Issue:
    return nadi.collector.folder.reports.versions(MONTH)[0]


def test_a_draft_is_for_those_who_make_check_and_audit_it(draft: World) -> None:
    pdf = f"{REPORTS}/evaluasi-{MONTH}-v1.pdf"
    for who in ("noc", "pemeriksa", "penetap", "auditor", "admin", "local"):
        (told,) = draft.visitors[who].get("/api/v1/reports").json()
        assert (told["state"], told["edition"], told["record"]) == ("draf", "draf", "LAP-2026-00001")
        assert draft.visitors[who].get(pdf).content.startswith(b"%PDF-")
    assert draft.visitors["operator"].get("/api/v1/reports").json() == []
    assert draft.visitors["operator"].get(pdf).status_code == 404
    assert draft.visitors["opd"].get("/api/v1/sheets").json() == []
    assert draft.visitors["opd"].get(f"{SHEETS}/{A}").status_code == 404
    assert draft.visitors["opd"].get(pdf).status_code == 403


def test_what_is_approved_is_served_and_its_draft_only_on_asking(issued: World) -> None:
    (told,) = issued.visitors["operator"].get("/api/v1/reports").json()
    assert (told["state"], told["edition"]) == ("disahkan", "disahkan")
    assert f"evaluasi-{MONTH}-v1-disahkan.pdf" in told["files"]
    manifest = issued.visitors["noc"].get(f"{REPORTS}/manifest.json")
    assert (manifest.json()["state"], manifest.headers["x-content-type-options"]) == ("disahkan", "nosniff")
    assert "attachment" in manifest.headers["content-disposition"]
    draft_pdf = f"{REPORTS}/evaluasi-{MONTH}-v1.pdf"
    assert issued.visitors["pemeriksa"].get(draft_pdf).status_code == 200
    assert issued.visitors["operator"].get(draft_pdf).status_code == 404
    assert issued.visitors["noc"].get(f"{REPORTS}/manifest.json?version=2").status_code == 404


def test_a_report_is_written_once_and_only_of_a_month_that_is_over(draft: World) -> None:
    assert post(draft, "pemeriksa", "/api/v1/reports/2026-06", {}).status_code == 403
    made = post(draft, "noc", "/api/v1/reports/2026-06", {})
    assert (made.status_code, made.json()["version"], made.json()["state"]) == (201, 1, "draf")
    history = draft.visitors["noc"].get(f"/api/v1/registers/laporan/{made.json()['record']}").json()["revisions"]
    assert history[0]["actor"] == "noc"
    assert post(draft, "noc", "/api/v1/reports/2026-06", {}).status_code == 200
    early = post(draft, "noc", "/api/v1/reports/2026-08", {})
    assert (early.status_code, "belum berakhir" in early.json()["message"]) == (400, True)


def test_the_page_links_what_is_served_to_who_asks(draft: World, issued: World) -> None:
    def links(nadi: World, who: str) -> list[str]:
        page = nadi.visitors[who].get("/").text
        found = sorted(set(re.findall(r'href="(/api/v1/(?:reports|sheets)/[^"]+)"', page)))
        assert [nadi.visitors[who].get(path).status_code for path in found] == [200] * len(found)
        return found

    assert f"{REPORTS}/evaluasi-{MONTH}-v1.pdf" in links(draft, "noc")
    assert links(draft, "operator") == links(draft, "opd") == []
    assert any("disahkan" in path for path in links(issued, "operator"))
    assert f"{SHEETS}/{A}/lembar-{MONTH}-v1-{A}.pdf" in links(issued, "opd")


def test_an_opd_gets_its_own_sheet_and_no_other(issued: World) -> None:
    visitor = issued.visitors["opd"]
    assert [item["opd"] for item in visitor.get("/api/v1/sheets").json()] == [A]
    told = visitor.get(f"{SHEETS}/{A}").json()
    pdf = f"lembar-{MONTH}-v1-{A}.pdf"
    assert {pdf, f"lembar-{MONTH}-v1-{A}-kamus.csv", "manifest.json"} <= set(told["files"])
    for name in told["files"]:
        answer = visitor.get(f"{SHEETS}/{A}/{name}")
        assert (answer.status_code, B in answer.text) == (200, False), name
    assert visitor.get(f"{SHEETS}/{A}/evaluasi-{MONTH}-v1.json").status_code == 404
    assert {item["opd"] for item in issued.visitors["noc"].get("/api/v1/sheets").json()} == {A, B}
    assert issued.visitors["noc"].get(f"{SHEETS}/TIDAK-ADA").status_code == 404


@pytest.mark.parametrize(
    "path",
    [f"/api/v1/sheets?opd={B}", f"{SHEETS}/{B}", f"{SHEETS}/{B}/lembar-{MONTH}-v1-{B}.pdf", f"{SHEETS}/{B.lower()}",
     f"{SHEETS}/..%2F{B}", REPORTS + "/manifest.json", f"/api/v1/verify/{MONTH}", "/api/v1/rollups"],
)  # fmt: skip
def test_an_opd_that_asks_for_more_gets_403_and_a_record(issued: World, path: str) -> None:
    audit, clock = issued.collector.folder.register.audit, issued.collector.clock
    clock.advance(61 * NS)  # type: ignore[attr-defined]
    before = audit.head().seq
    answer = issued.visitors["opd"].get(path)
    assert (answer.status_code, "Pendidikan" in answer.text) == (403, False)
    refused = [item for item in audit.records(after=before) if (item.actor, item.result) == ("opd-bpkad", "refused")]
    assert len(refused) == 1


def test_a_copy_signed_elsewhere_is_registered_and_then_served(tmp_path: Path, issued: World) -> None:
    authority = Authority.new("Otoritas Contoh", now=now())
    p12 = authority.official(tmp_path / "c.p12", name="Citra", since=now() - 400 * DAY, until=now() + DAY)
    pdf = first(issued).pdf.read_bytes()
    settings = issued.collector.folder.settings.report_settings()
    by = Pkcs12(p12, PASSPHRASE.encode())
    signed = sign(pdf, by=by, reason="Pengesahan", location="Contoh", timestamp=settings.timestamp)
    assert brought(issued, "auditor", f"/api/v1/signatures/{MONTH}", signed).status_code == 403
    for wrong in (b"bukan PDF", signed[1:]):
        answer = brought(issued, "penetap", f"/api/v1/signatures/{MONTH}", wrong)
        assert (answer.status_code, "tandatangani berkas itu" in answer.json()["message"]) == (400, True)
    assert "tanda tangan" in brought(issued, "penetap", f"/api/v1/signatures/{MONTH}", pdf).json()["message"]
    made = brought(issued, "penetap", f"/api/v1/signatures/{MONTH}", signed)
    assert (made.status_code, made.json()["edition"], made.json()["signed"]) == (201, "ditandatangani", 1)
    assert issued.visitors["noc"].get(f"{REPORTS}/{made.json()['file']}").content == signed
    checked = brought(issued, "noc", f"/api/v1/verify?name={made.json()['file']}", signed).json()
    assert (checked["whole"], "Citra" in str(checked["facts"])) == (True, True)
    torn = brought(issued, "noc", f"/api/v1/verify?name={made.json()['file']}", signed.replace(b"/Type", b"/Typo", 1))
    assert (torn.json()["whole"], made.json()["file"] in str(torn.json()["problems"])) == (False, True)


def packed(folder: Path, *, changed: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for file in folder.iterdir():
            data = file.read_bytes()
            archive.writestr(file.name, data[:-1] + bytes([data[-1] ^ 1]) if file.name == changed else data)
    return out.getvalue()


def test_a_file_that_is_brought_is_compared_and_its_change_is_named(issued: World) -> None:
    def told(data: bytes, name: str, who: str = "auditor") -> tuple[bool, str]:
        answer = brought(issued, who, f"/api/v1/verify?name={name}", data).json()
        return answer["whole"], " ".join((*answer["facts"], *answer["problems"]))

    place, name = first(issued).approved_folder, f"evaluasi-{MONTH}-v1-lampiran-a-angka.csv"
    data = (place / name).read_bytes()
    same, text = told(data, name)
    assert (same, f"{name}: sama dengan {name} dari laporan {MONTH} versi 1 (" in text) == (True, True)
    whole, text = told(data.replace(b"unduh", b"unduk", 1) + b" ", name)
    assert (whole, f"{name}: isinya berubah" in text) == (False, True)
    assert "bukan berkas laporan" in told(b"apa saja", "surat.txt")[1]
    assert "bukan berkas laporan" in told(data, name, "opd")[1], "an OPD learns nothing of files that are not its own"
    assert told(packed(place), "laporan.zip") == (True, "")
    assert told(packed(place, changed=name), "laporan.zip")[1].startswith(f"{name}: changed")
    assert issued.visitors["auditor"].get(f"/api/v1/verify/{MONTH}").json()["whole"] is True


@pytest.mark.parametrize("fault", ["torn", "no manifest", "a folder in it"])
def test_a_zip_that_is_none_is_refused(issued: World, tmp_path: Path, fault: str) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    data = packed(tmp_path)
    if fault == "torn":
        data = data[:60]
    else:
        name = b"manifest.jsox" if fault == "no manifest" else b"../ifest.json"
        data = data.replace(b"manifest.json", name)
    answer = brought(issued, "noc", "/api/v1/verify?name=x.zip", data)
    assert (answer.status_code, "ZIP" in answer.json()["message"]) == (400, True)


def test_only_files_are_taken_and_not_too_much_of_them(issued: World) -> None:
    assert post(issued, "noc", "/api/v1/verify", {}).status_code == 415
    assert brought(issued, "noc", "/api/v1/verify", b"x" * ((16 << 20) + 1)).status_code == 413


def test_a_report_is_sent_and_each_delivery_recorded(tmp_path: Path, issued: World) -> None:
    path, to = f"/api/v1/deliveries/{MONTH}", {"recipients": ["sekda@contoh.example", REFUSED]}
    folder = issued.collector.folder
    unset = post(issued, "noc", path, to)
    assert (unset.status_code, "mail" in unset.json()["message"]) == (409, True)
    with mail_place(tmp_path, password=PASSWORD) as place:
        file = tmp_path / "surel.toml"
        file.write_text(
            f'host = "localhost"\nport = {place.port}\nsender = "diskominfo@contoh.example"\nuser = "diskominfo"\n'
            f'password = "{PASSWORD}"\nauthorities = "{place.authorities}"\n'
        )
        file.chmod(0o600)
        folder.settings = replace(folder.settings, mail=file)
        assert post(issued, "noc", path, {}).status_code == 400
        for wrong in ([], ["bukan alamat"], ["a@b.c"] * 6):
            assert post(issued, "noc", path, {"recipients": wrong}).status_code == 400
        told = post(issued, "pemeriksa", path, to).json()["sent"]
    assert [(item["recipient"], bool(item["failure"])) for item in told] == [
        (to["recipients"][0], False),
        (REFUSED, True),
    ]
    assert [item.state for item in folder.register.book.current(DELIVERY)] == ["dikirim", "gagal"]
    assert len(place.received) == 1


def test_a_quarter_is_rolled_up_of_what_is_approved(draft: World, issued: World) -> None:
    none = post(draft, "noc", "/api/v1/rollups/2026-Q3", {})
    assert (none.status_code, "belum ada" in none.json()["message"]) == (400, True)
    made = post(issued, "noc", "/api/v1/rollups/2026-Q3", {})
    assert (made.status_code, made.json()["version"]) == (201, 1)
    assert post(issued, "noc", "/api/v1/rollups/2026-Q3", {}).status_code == 200
    (listed,) = issued.visitors["auditor"].get("/api/v1/rollups").json()
    assert listed == made.json()
    pdf = next(name for name in listed["files"] if name.endswith(".pdf"))
    assert issued.visitors["auditor"].get(f"/api/v1/rollups/2026-Q3/{pdf}").content.startswith(b"%PDF-")
    assert issued.visitors["auditor"].get(f"/api/v1/rollups/2026-Q3/{pdf}?version=2").status_code == 404

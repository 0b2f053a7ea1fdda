"""The whole loop over HTTP by six accounts: asked, determined, measured, reported, checked, approved, signed, handed
over, verified; and an OPD that asks for another's figures in every way it can think of."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.clock import WIB, SystemClock
from collector.register.content import plain
from collector.report.settings import TimestampSettings
from collector.report.signing import Pkcs12, sign
from tests.collector.loop_people import MONTH, Person, Place, place_at
from tests.collector.signers import DAY, PASSPHRASE, Authority, now
from tests.collector.web_world import A, B, asked

LETTER = b"%PDF-1.7 surat usulan"
REGISTERS, REPORT = "/api/v1/registers", f"/api/v1/reports/{MONTH}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_at(tmp_path_factory.mktemp("nadi")) as made:
        made.measure()
        yield made


def today() -> Any:
    return WIB.day(SystemClock().now().wall_ns)


def wish(opd: str) -> dict[str, Any]:
    return plain(replace(asked(opd), starts=today(), target=today() + timedelta(days=60)))


def file_of(code: str) -> str:
    return f"{REGISTERS}/usulan/{code}/attachments/{hashlib.sha256(LETTER).hexdigest()}"


def ask_and_determine(ani: Person, dedi: Person, citra: Person) -> None:
    """Ani asks for her OPD with a letter attached, Dedi for the other one; Citra reads, accepts and determines."""
    named = {"attachment_sha256": hashlib.sha256(LETTER).hexdigest(), "attachment_name": "surat.pdf"}
    mine = ani.does(f"{REGISTERS}/usulan", {"form": wish(A), **named}, expect=201)["code"]
    theirs = dedi.does(f"{REGISTERS}/usulan", {"form": wish(B), **named}, expect=201)["code"]
    for person, code in ((ani, mine), (dedi, theirs)):
        person.brings(file_of(code), LETTER, method="PUT", expect=201)
    assert citra.get(file_of(mine)).content == LETTER
    ani.does(f"{REGISTERS}/usulan/{mine}/diterima", expect=403)
    citra.does(f"{REGISTERS}/usulan/{mine}/diterima", {"legal_basis": "Perbup 16/2023 Pasal 21"})
    determination = {
        **{"opd": A, "number": "SK-77", "decided": str(today()), "legal_basis": "Pasal 21", "official": "Kepala Dinas"},
        **{"priority": "tinggi", "down_mbps": 150, "up_mbps": 20, "valid_from": str(today() + timedelta(days=1))},
    }
    for person in (ani, dedi):
        person.does("/api/v1/determinations", {"determinations": [determination]}, expect=403)
    citra.does("/api/v1/determinations", {"determinations": [determination]}, expect=201)
    found = [item for item in ani.get("/api/v1/determinations").json() if item["number"] == "SK-77"]
    assert [(item["opd"], item["down_bps"]) for item in found] == [(A, 150_000_000)]


def report_and_approve(dedi: Person, budi: Person, citra: Person) -> None:
    """Dedi writes the draft and may not check it himself; Budi checks, Citra approves."""
    record = dedi.does(REPORT, expect=201)["record"]
    alone = dedi.does(f"{REGISTERS}/laporan/{record}/diperiksa", expect=403)
    assert "orang lain" in alone["message"]
    citra.does(f"{REGISTERS}/laporan/{record}/disahkan", expect=409)
    budi.does(f"{REGISTERS}/laporan/{record}/diperiksa", {"note": "angka telah dicocokkan"})
    budi.does(f"{REGISTERS}/laporan/{record}/disahkan", expect=403)
    assert citra.does(f"{REGISTERS}/laporan/{record}/disahkan")["form"]["approver"] == "citra"


def sign_and_register(citra: Person, folder: Path) -> Path:
    """Citra signs the approved PDF on her own machine and registers it; return the authorities' file."""
    pdf = citra.get(f"{REPORT}/evaluasi-{MONTH}-v1-disahkan.pdf").content
    authority = Authority.new("Otoritas Contoh", now=now())
    p12 = authority.official(folder / "c.p12", name="Citra", since=now() - DAY, until=now() + DAY)
    by = Pkcs12(p12, PASSPHRASE.encode())
    signed = sign(pdf, by=by, reason="Pengesahan", location="Contoh", timestamp=TimestampSettings())
    assert citra.brings(f"/api/v1/signatures/{MONTH}", signed, expect=201)["edition"] == "ditandatangani"
    return authority.pem(folder / "ca.pem")


def hand_over(dedi: Person) -> None:
    """Dedi hands the report over by letter and records the receipt."""
    (issue,) = dedi.get("/api/v1/reports").json()
    at = WIB.local(SystemClock().now().wall_ns).isoformat()
    form = {"report": issue["record"], "month": str(MONTH), "version": 1, "recipient": "Sekretaris Daerah"}
    sent = dedi.does(f"{REGISTERS}/penyampaian", {"form": {**form, "sent": at, "means": "surat"}}, expect=201)["code"]
    dedi.does(f"{REGISTERS}/penyampaian/{sent}/diterima", {"values": {"received": at, "receipt": "TT-12/XI/2026"}})
    dedi.does(f"{REGISTERS}/laporan/{issue['record']}/disampaikan", {"values": {"delivery": sent}})


def verify_by_command(file: Path, authorities: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "collector.cli", "verify", str(file), "--trust", str(authorities)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def fetch_and_verify(eka: Person, folder: Path, authorities: Path) -> None:
    """Eka takes every file, verifies them offline, changes one byte, and is told which file was changed."""
    (issue,) = eka.get("/api/v1/reports").json()
    assert (issue["state"], issue["edition"]) == ("disampaikan", "ditandatangani")
    for name in issue["files"]:
        (folder / name).write_bytes(eka.get(f"{REPORT}/{name}").content)
    whole = verify_by_command(folder / "manifest.json", authorities)
    assert (whole.returncode, "Citra" in whole.stdout, ": whole" in whole.stdout) == (0, True, True), whole.stdout
    changed = folder / f"evaluasi-{MONTH}-v1-lampiran-a-angka.csv"
    data = bytearray(changed.read_bytes())
    data[len(data) // 2] ^= 1
    changed.write_bytes(data)
    torn = verify_by_command(folder / "manifest.json", authorities)
    assert (torn.returncode, f"{changed.name}: changed" in torn.stdout) == (1, True), torn.stdout
    told = eka.brings(f"/api/v1/verify?name={changed.name}", bytes(data))
    assert (told["whole"], changed.name in str(told["problems"])) == (False, True)
    assert eka.get(f"/api/v1/verify/{MONTH}").json()["whole"] is True


def pry(ani: Person) -> list[str]:
    """Let Ani ask for the other OPD's figures in every way; return the addresses at which she was refused."""
    sheet, theirs = f"/api/v1/sheets/{MONTH}", f"USL-{today().year}-00002"
    asking = [
        *(f"/api/v1/{name}?opd={B}" for name in ("status", "findings", "opd", "determinations", "sheets")),
        *(f"/api/v1/evaluations/{MONTH}?opd={B}", f"/api/v1/evaluations/{MONTH}?opd={A}&opd={B}"),
        *(f"{sheet}/{B}", f"{sheet}/{B}/lembar-{MONTH}-v1-{B}.pdf", f"{sheet}/{B.lower()}", f"{sheet}/..%2F{B}"),
        *(f"{REPORT}/evaluasi-{MONTH}-v1.json", f"{REPORT}/manifest.json", f"/api/v1/verify/{MONTH}"),
        *(
            "/api/v1/reports",
            "/api/v1/rollups",
            "/metrics",
            "/api/v1/tokens",
            "/api/v1/agents",
            "/api/v1/audit",
            "/api/v1/accounts",
        ),
        *(f"{REGISTERS}/usulan?opd={B}", f"{REGISTERS}/usulan/{theirs}", f"{REGISTERS}/usulan/USL-1999-00001"),
        file_of(theirs),
    ]
    for path in asking:
        answer = ani.get(path)
        assert (answer.status_code, B in answer.text.replace(path, "").replace(f"'{B}'", "")) == (403, False), path
    assert B not in ani.get("/").text
    ani.does(f"{REGISTERS}/usulan", {"form": wish(B)}, expect=403)
    ani.does(f"{REGISTERS}/usulan/{theirs}/diajukan", {"form": wish(A)}, expect=403)
    return asking


def test_the_loop_turns_by_six_accounts_over_http_alone(place: Place, tmp_path: Path) -> None:
    ani, budi, citra, dedi, eka = (place.people[name] for name in ("ani", "budi", "citra", "dedi", "eka"))
    ask_and_determine(ani, dedi, citra)
    report_and_approve(dedi, budi, citra)
    authorities = sign_and_register(citra, tmp_path)
    hand_over(dedi)
    (files := tmp_path / "berkas").mkdir()
    fetch_and_verify(eka, files, authorities)
    own = ani.get(f"/api/v1/sheets/{MONTH}/{A}/lembar-{MONTH}-v1-{A}.json").json()
    figures = next(item for item in own["tabel"] if item["kunci"] == "lampiran-a-angka")["baris"]
    assert [(row["p95_mbps"], row["cakupan_arah_persen"]) for row in figures] == [(45.0, 100.0), (1.0, 100.0)]
    asked_for = pry(ani)
    records = eka.get("/api/v1/audit?limit=1000").json()["records"]
    refused = [item["object"] for item in records if (item["actor"], item["result"]) == ("ani", "refused")]
    assert len(asked_for) > 20
    assert len(refused) >= len(asked_for)
    assert eka.get("/api/v1/audit/verify").json()["whole"] is True
    assert {item["actor"] for item in records} >= {"ani", "budi", "citra", "dedi", "eka", "fajar"}

"""Tables over HTTP: differences first; nobody brings another OPD's proposal, and no import determines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from collector.register.records.proposal import PROPOSAL
from tests.collector.web_visitor import Visitor
from tests.collector.web_world import World, world

INVENTORY, PROPOSALS = "/api/v1/imports/inventory", "/api/v1/imports/usulan"
RAW = {"Content-Type": "application/octet-stream"}
HEADER = ";".join(
    (
        *("Kode OPD", "Kode Tautan", "Unduh (Mbps)", "Unggah (Mbps)", "Alasan", "Layanan", "Jumlah Pengguna"),
        *("Mulai", "Target", "Biaya (Rp/bulan)", "Risiko"),
    )
)
ROW = "{0};wan-{1};160;20;Layanan kependudukan yang baru;SIAK;20;2026-10-01;2026-12-01;0;Melambat"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def bring(visitor: Visitor, path: str, text: str | bytes) -> httpx.Response:
    return visitor.ask("POST", path, content=text.encode() if isinstance(text, str) else text, headers=RAW)


def refusals(there: World, who: str) -> int:
    found = there.collector.folder.register.audit.records()
    return sum(item.result != "ok" and item.actor == who for item in found)


def test_a_workbook_taken_and_brought_again_changes_nothing(there: World) -> None:
    for path in (INVENTORY, PROPOSALS):
        taken = there.visitors["noc"].get(path)
        assert (taken.status_code, taken.headers["content-disposition"]) == (200, 'attachment; filename="nadi.xlsx"')
        told = bring(there.visitors["noc"], f"{path}?apply=true", taken.content).json()
        assert (told["counts"]["added"], told["counts"]["changed"], told["rows"]) == (0, 0, [])
        assert told["counts"]["unchanged"] > 0


def test_a_changed_row_is_told_and_only_applied_when_asked(there: World) -> None:
    text, noc = "Kode;Media\nwan-bpkad;radio\n", there.visitors["noc"]
    told = bring(noc, f"{INVENTORY}?table=tautan", text).json()
    change = {"column": "Media", "before": "serat optik", "after": "radio"}
    assert (told["applied"], told["rows"][0]["changes"]) == (False, [change])
    register = there.collector.folder.register
    assert register.inventory().link["wan-bpkad"].medium == "serat optik"
    assert bring(noc, f"{INVENTORY}?table=tautan&apply=true", text).json()["applied"] is True
    assert register.inventory().link["wan-bpkad"].medium == "radio"


def test_a_refused_row_leaves_all_as_it_was_and_no_import_determines(there: World) -> None:
    text = "Kode OPD;Nomor Penetapan;Berlaku Sejak;Unduh (Mbps)\nBPKAD;SK-1;2026-01-01;900\n"
    answer = bring(there.visitors["admin"], f"{INVENTORY}?table=penetapan&apply=true", text)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "impor tidak menetapkan" in answer.json()["problems"][0]
    assert there.collector.folder.register.revision() == 1


@pytest.mark.parametrize("who", ["stranger", "local", "operator", "opd", "auditor", "penetap", "pemeriksa"])
def test_who_has_not_the_role_does_not_import_the_inventory(there: World, who: str) -> None:
    answer = bring(there.visitors[who], f"{INVENTORY}?table=tautan&apply=true", "Kode;Media\nwan-bpkad;radio\n")
    assert answer.status_code in (401, 403)
    assert there.collector.folder.register.revision() == 1


def test_an_opd_brings_its_own_proposals_and_is_recorded_when_it_brings_anothers(there: World) -> None:
    text = "\n".join((HEADER, ROW.format("BPKAD", "bpkad"), ROW.format("DIKBUD", "dikbud")))
    told = bring(there.visitors["opd"], f"{PROPOSALS}?apply=true", text).json()
    assert told["counts"] == {"added": 1, "changed": 0, "unchanged": 0, "refused": 1}
    assert told["rows"][1]["problems"] == [{"column": "Kode OPD", "problem": "peran opd hanya berlaku bagi BPKAD"}]
    opened = there.collector.folder.register.book.current(PROPOSAL)
    assert sorted(item.opd for item in opened) == ["BPKAD", "BPKAD", "DIKBUD"]
    assert refusals(there, "opd-bpkad") == 1


def test_an_opd_takes_its_own_proposals_only(there: World) -> None:
    taken = load_workbook(io.BytesIO(there.visitors["opd"].get(PROPOSALS).content))["usulan"]
    assert {row[2] for row in taken.iter_rows(min_row=2, values_only=True)} == {"BPKAD"}
    assert there.visitors["opd"].get(INVENTORY).status_code == 403


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"PK\x03\x04rusak", RAW, 400),
        ("Kode;Nama\nX;Café\n".encode("cp1252"), RAW, 400),
        (b"Kode;Nama\n", {"Content-Type": "text/csv"}, 415),
        (b"x" * ((8 << 20) + 1), RAW, 413),
    ],
)
def test_what_is_no_table_is_answered_in_words(
    there: World, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = there.visitors["noc"].ask("POST", f"{INVENTORY}?table=opd", content=content, headers=headers)
    assert (answer.status_code, bool(answer.json()["message"])) == (status, True)

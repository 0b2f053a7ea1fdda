"""Attachments: taken by what they are and not by their names, kept with their record, never silently dropped."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import openpyxl
import pytest

from agent.clock import NS
from collector.register.attachments import MOST_BYTES, Attachments, NoRoom, examined
from collector.register.book import Refused
from collector.register.content import plain
from tests.collector.test_cli import nadi as command
from tests.collector.test_register_commands import FORM, REPORTED, data
from tests.collector.web_world import A, B, World, asked, world

__all__ = ["FORM", "REPORTED", "data"]

USULAN = "/api/v1/registers/usulan"
PDF = b"%PDF-1.7\nisi surat usulan\n%%EOF\n"
FILE = {"Content-Type": "application/octet-stream"}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(*names: str, mimetype: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


ODT = "application/vnd.oasis.opendocument.text"
PNG, JPEG = b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0...."


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (PDF, "surat.PDF", "PDF"),
        (PNG, "foto.png", "PNG"),
        (JPEG, "foto.jpeg", "JPEG"),
        (workbook(), "rincian.xlsx", "XLSX"),
        (zipped("[Content_Types].xml", "word/document.xml"), "surat.docx", "DOCX"),
        (zipped("content.xml", mimetype=ODT), "surat.odt", "ODT"),
    ],
)
def test_a_file_is_known_by_what_it_holds(content: bytes, name: str, words: str) -> None:
    assert examined(content, name=name).words == words


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.pdf", "kosong"),
        (b"MZ\x90\x00 program", "a.pdf", "tidak dikenal dari isinya"),
        (b"<html><script>alert(1)</script>", "a.pdf", "tidak dikenal dari isinya"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", "tidak dikenal dari isinya"),
        (PDF, "a.exe", "isi lampiran adalah PDF"),
        (PDF, "../a.pdf", "tanpa folder"),
        (PDF, "a\n.pdf", "nama berkas biasa"),
        (PDF, "..", "nama berkas biasa"),
        (zipped("a.txt"), "a.xlsx", "tidak dikenal dari isinya"),
        (zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "a.xlsx", "makro"),
        (zipped("Basic/Standard/x.xml", mimetype=ODT), "a.odt", "makro"),
        (zipped("[Content_Types].xml")[:30], "a.xlsx", "tidak dapat dibaca"),
        (PDF + b"x" * MOST_BYTES, "a.pdf", "paling besar 10 MiB"),
    ],
)
def test_what_is_not_taken_is_refused_in_words(content: bytes, name: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        examined(content, name=name)


def test_a_zip_that_lists_a_world_of_files_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 60_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, count * len(entry), 4, 0)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # a bomb must not get that far
    with pytest.raises(Refused, match="tidak dapat dibaca"):
        examined(b"PK\x03\x04" + entry * count + end, name="a.xlsx")


def test_a_file_lies_with_its_record_and_its_change_is_found(tmp_path: Path) -> None:
    kept = Attachments(tmp_path / "lampiran")
    assert kept.store("USL-2026-00001", PDF, sha256=digest(PDF), name="a.pdf")[1] is True
    assert kept.store("USL-2026-00001", PDF, sha256=digest(PDF), name="a.pdf")[1] is False
    assert kept.read("USL-2026-00002", digest(PDF)) is None
    with pytest.raises(Refused, match="bukan"):
        kept.store("USL-2026-00001", PDF, sha256="0" * 64, name="a.pdf")
    assert list(kept.problems()) == []
    place = tmp_path / "lampiran" / "USL-2026-00001" / digest(PDF)
    place.write_bytes(PDF + b" ")
    assert [str(place) in problem for problem in kept.problems()] == [True]


def test_attachments_leave_the_disk_to_readings(tmp_path: Path) -> None:
    with pytest.raises(NoRoom):
        Attachments(tmp_path / "lampiran", least_free=1 << 60).store("X-1", PDF, sha256=digest(PDF), name="a.pdf")
    (tmp_path / "lampiran" / "X-1").mkdir()
    assert not list((tmp_path / "lampiran").glob("*/*"))


@pytest.fixture(scope="module")
def nadi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("data")) as made:
        yield made


def recorded(nadi: World, who: str, opd: str, content: bytes = PDF, name: str = "surat usulan.pdf") -> str:
    body = {"form": plain(asked(opd)), "attachment_sha256": digest(content), "attachment_name": name}
    answer = nadi.visitors[who].post(USULAN, body)
    assert (answer.status_code, answer.json()["attachment_stored"]) == (201, False), answer.text
    return f"{USULAN}/{answer.json()['code']}/attachments/{digest(content)}"


def brought(nadi: World, who: str, path: str, content: bytes = PDF) -> httpx.Response:
    return nadi.visitors[who].ask("PUT", path, content=content, headers=FILE)


def test_an_attachment_is_brought_to_its_record_and_taken_as_a_download(nadi: World) -> None:
    path = recorded(nadi, "opd", A)
    assert nadi.visitors["opd"].get(path).status_code == 404
    made = brought(nadi, "opd", path)
    assert (made.status_code, made.json()["type"], made.json()["name"]) == (201, "application/pdf", "surat usulan.pdf")
    assert brought(nadi, "opd", path).status_code == 200
    for who in ("opd", "penetap", "auditor"):
        taken = nadi.visitors[who].get(path)
        assert (taken.content, taken.headers["content-type"]) == (PDF, "application/pdf")
        assert taken.headers["content-disposition"] == "attachment; filename*=utf-8''surat%20usulan.pdf"
        assert taken.headers["x-content-type-options"] == "nosniff"
    shown = nadi.visitors["noc"].get(path.partition("/attachments")[0]).json()["revisions"]
    assert [item["attachment_stored"] for item in shown] == [True]
    acts = [(item.actor, item.action) for item in nadi.collector.folder.register.audit.records()]
    assert acts.count(("opd-bpkad", "usulan.lampiran")) == 1
    assert ("auditor", "export") in acts


def test_an_attachment_is_never_another_opds(nadi: World) -> None:
    theirs, mine = recorded(nadi, "noc", B), recorded(nadi, "opd", A)
    assert brought(nadi, "noc", theirs).status_code == 201
    audit, clock = nadi.collector.folder.register.audit, nadi.collector.clock
    clock.advance(61 * NS)  # type: ignore[attr-defined]
    before = audit.head().seq
    for answer in (nadi.visitors["opd"].get(theirs), brought(nadi, "opd", theirs)):
        assert (answer.status_code, b"%PDF" in answer.content) == (403, False)
    assert nadi.visitors["opd"].get(mine).status_code == 404, "its hash in one's own record opens nothing"
    refused = [item.object for item in audit.records(after=before) if item.result == "refused"]
    assert refused == [theirs]
    for who in ("local", "operator", "auditor"):
        assert brought(nadi, who, mine).status_code == 403
    assert nadi.visitors["operator"].get(theirs).status_code == 403


def test_what_a_record_does_not_name_is_not_taken(nadi: World) -> None:
    path = recorded(nadi, "opd", A)
    assert brought(nadi, "opd", path, PDF + b" ").status_code == 400
    other = path.replace(digest(PDF), digest(PNG))
    assert (brought(nadi, "opd", other, PNG).status_code, brought(nadi, "noc", other, PNG).status_code) == (404, 404)
    evil = recorded(nadi, "opd", A, b"MZ", "surat.pdf")
    assert "tidak dikenal" in brought(nadi, "opd", evil, b"MZ").json()["message"]
    assert brought(nadi, "opd", path, b"x" * (MOST_BYTES + 1)).status_code == 413
    assert nadi.visitors["opd"].ask("PUT", path, content=PDF, headers={"Content-Type": "text/html"}).status_code == 415


def test_the_command_line_attaches_and_gives_back(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    (data / "surat.pdf").write_bytes(PDF)
    (data / "program.pdf").write_bytes(b"MZ")
    opening = ("register", "open", "usulan", "--file", data / "usulan.toml", "--as", "ani", "--data", data)
    status, _, error = command(capsys, *opening, "--attach", data / "program.pdf")
    assert (status, "tidak dikenal" in error) == (1, True)
    assert command(capsys, "register", "list", "usulan", "--data", data)[1].count("USL-") == 0
    status, told, error = command(capsys, *opening, "--attach", data / "surat.pdf")
    assert (status, error) == (0, "")
    taking = ("register", "attachment", "usulan", told.split()[0], digest(PDF), "--out", data / "keluar.pdf")
    assert command(capsys, *taking, "--data", data)[0] == 0
    assert (data / "keluar.pdf").read_bytes() == PDF
    assert command(capsys, *taking, "--data", data)[0] == 1, "a file that is there is not written over"

"""The manifest: same input, same bytes; whatever is changed is found, offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.envelope import canonical
from agent.identity import Key
from collector.report.build import Edition
from collector.report.folder import Report, ReportExists, write
from collector.report.manifest import NAME, SIGNATURE, signature_bytes, verify
from tests.collector.report_sample import CASES, ORIGIN, SETTINGS, sample

KEY = Key(bytes(32))


def made(folder: Path, *, version: int = 1) -> Report:
    return write(
        evaluation=sample(cases=CASES[:3]),
        settings=SETTINGS,
        origin=ORIGIN,
        key=KEY,
        folder=folder,
        edition=Edition(version=version),
    )


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return made(tmp_path / "v1")


def test_a_whole_report_has_no_problem_by_manifest_or_by_any_of_its_files(report: Report) -> None:
    for name in report.files:
        assert verify(report.folder / name) == []
    assert verify(report.manifest, public=KEY.public) == []


def test_the_same_evaluation_gives_the_same_bytes(report: Report, tmp_path: Path) -> None:
    again = made(tmp_path / "again")
    assert again.files == report.files
    for name in report.files:
        assert (again.folder / name).read_bytes() == (report.folder / name).read_bytes(), name


def test_a_changed_byte_in_any_file_is_found(report: Report) -> None:
    for name in report.files:
        path = report.folder / name
        whole = path.read_bytes()
        path.write_bytes(bytes([*whole[:40], whole[40] ^ 1, *whole[41:]]))
        assert verify(report.manifest), name
        path.write_bytes(whole)
    assert verify(report.manifest) == []


def test_a_missing_file_and_a_stranger_are_named(report: Report) -> None:
    report.pdf.rename(report.pdf.with_suffix(".bak"))
    assert any(report.pdf.name in problem for problem in verify(report.manifest))
    stranger = report.pdf.with_suffix(".bak")
    assert f"{stranger.name}: not named in the manifest" in verify(stranger)


def test_a_manifest_signed_anew_by_another_key_fails_the_pinned_one(report: Report) -> None:
    other = Key(bytes([1]) * 32)
    table = json.loads(report.manifest.read_bytes()) | {"public_key": other.public.hex()}
    report.manifest.write_bytes(canonical(table))
    (report.folder / SIGNATURE).write_bytes(signature_bytes(canonical(table), key=other))
    assert verify(report.manifest) == []
    assert "signed by another key" in verify(report.manifest, public=KEY.public)[0]


def test_a_changed_parameter_or_allocation_is_found_even_if_signed(report: Report) -> None:
    table = json.loads(report.manifest.read_bytes())
    table["parameters"]["saturated"] = "1/1"
    table["allocations"][0]["down_bps"] += 1
    report.manifest.write_bytes(canonical(table))
    (report.folder / SIGNATURE).write_bytes(signature_bytes(canonical(table), key=KEY))
    problems = verify(report.manifest)
    assert [problem for problem in problems if "do not match their hash" in problem] == problems
    assert len(problems) == 2


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "..", ""])
def test_a_manifest_never_leads_out_of_its_folder(report: Report, name: str) -> None:
    table = json.loads(report.manifest.read_bytes())
    table["files"][0]["name"] = name
    report.manifest.write_bytes(canonical(table))
    assert "leaves the folder" in verify(report.manifest)[0]


@pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format":"nadi-manifest-1"}'])
def test_junk_is_a_problem_and_no_crash(report: Report, junk: bytes) -> None:
    report.manifest.write_bytes(junk)
    assert "not a manifest" in verify(report.manifest)[0]
    (report.folder / NAME).unlink()
    assert "cannot be read" in verify(report.pdf)[0]


def test_a_junk_signature_is_a_problem(report: Report) -> None:
    for junk in (b"", b"####", b"AAAA"):
        (report.folder / SIGNATURE).write_bytes(junk)
        assert verify(report.manifest)
    (report.folder / SIGNATURE).unlink()
    assert "cannot be read" in verify(report.manifest)[0]


def test_a_written_version_is_never_rewritten(report: Report) -> None:
    with pytest.raises(ReportExists, match="next version"):
        made(report.folder)
    assert made(report.folder.with_name("v2"), version=2).pdf.name == "evaluasi-2026-10-v2.pdf"


def test_the_code_on_the_page_is_that_of_the_json(report: Report) -> None:
    manifest = json.loads(report.manifest.read_bytes())
    listed = {item["name"]: item["sha256"] for item in manifest["files"]}
    assert report.code == manifest["verification_code"]
    assert report.code.replace("-", "").lower() == listed[manifest["content"]][:16]

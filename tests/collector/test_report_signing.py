"""Signatures in the PDF: every way in which a signed report can be tampered with is told in words (F31)."""

from __future__ import annotations

import io
import json
import random
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from pyhanko.pdf_utils.generic import TextStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from collector.report.manifest import NAME
from collector.report.settings import TimestampSettings
from collector.report.signed import Checked, check, register_signed
from collector.report.signing import Pkcs12, SigningFault, authorities, inspect, sign
from tests.collector.report_office import KEY, office_at
from tests.collector.report_sample import CASES, sample
from tests.collector.signers import DAY, PASSPHRASE, Authority, now

NOW = now()


@dataclass(frozen=True)
class Desk:
    """An approved report, an official with a certificate, and his authority's certificate."""

    edition: Path
    pdf: Path
    p12: Path
    root: Path
    place: Path

    def sign(self, p12: Path | None = None, data: bytes | None = None) -> bytes:
        whole = self.pdf.read_bytes() if data is None else data
        return sign_with(Pkcs12(p12 or self.p12, PASSPHRASE.encode()), whole)

    def register(self, data: bytes, *, rewritten: bool = False) -> Path:
        at = "2026-11-05T00:00:00+07:00"
        return register_signed(
            self.edition, data, folder=self.place, by="citra", at=at, moment=NOW, key=KEY, rewritten=rewritten
        )

    def check(self, path: Path, *, trust: Path | None = None, moment: datetime = NOW) -> Checked:
        return check(path, public=KEY.public, trust=trust, moment=moment)


def sign_with(by: Pkcs12, data: bytes) -> bytes:
    return sign(data, by=by, reason="Pengesahan laporan", location="Contoh", timestamp=TimestampSettings())


def unlike(desk: Desk) -> bytes:
    """Return the same PDF as another program would write it: the comment in its head differs."""
    data = bytearray(desk.pdf.read_bytes())
    assert data[9:10] == b"%"
    data[11] ^= 1
    return bytes(data)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Authority]:
    """Make one approved report for all tests of the file."""
    folder = tmp_path_factory.mktemp("disahkan")
    office = office_at(folder)
    issue = office.issue(sample(cases=CASES[:2]))
    office.approve()
    return issue.approved_folder, Authority.new("Otoritas Contoh", now=NOW)


@pytest.fixture
def desk(made: tuple[Path, Authority], tmp_path: Path) -> Desk:
    edition, authority = shutil.copytree(made[0], tmp_path / "1-disahkan"), made[1]
    p12 = authority.official(tmp_path / "kadis.p12", name="Kepala Dinas", since=NOW - DAY, until=NOW + 300 * DAY)
    pdf = next(edition.glob("*.pdf"))
    return Desk(edition, pdf, p12, authority.pem(tmp_path / "ca.pem"), tmp_path / "1-ditandatangani" / "1")


def test_a_signed_copy_begins_with_the_approved_pdf_and_stands_beside_it(desk: Desk) -> None:
    before = {path: path.read_bytes() for path in desk.edition.iterdir()}
    signed = desk.register(desk.sign())
    assert {path: path.read_bytes() for path in desk.edition.iterdir()} == before
    assert signed.read_bytes().startswith(desk.pdf.read_bytes())
    found = desk.check(signed, trust=desk.root)
    assert found.problems == ()
    assert "Kepala Dinas" in found.facts[0]
    assert desk.check(signed.with_name(NAME), trust=desk.root).problems == ()
    copy = json.loads(signed.with_name(NAME).read_bytes())["signed_copy"]
    assert copy["unsigned"]["name"] == desk.pdf.name
    assert PASSPHRASE not in signed.with_name(NAME).read_text()


def test_the_signature_is_invisible_and_keeps_what_makes_the_file_pdf_a(desk: Desk, tmp_path: Path) -> None:
    """What PDF/A needs and a signature could break: embedded fonts, no new page content, a sound structure."""
    signed = tmp_path / "ttd.pdf"
    signed.write_bytes(desk.sign())

    def told(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout

    for tool in ("pdffonts", "pdftotext"):
        end = ("-",) if tool == "pdftotext" else ()
        assert told(tool, str(signed), *end) == told(tool, str(desk.pdf), *end)
    told("qpdf", "--check", str(signed))
    annotation = told("qpdf", "--qdf", "--object-streams=disable", str(signed), "-")
    widget = next(part for part in annotation.split("endobj") if "/Widget" in part)
    assert "/F 132" in widget  # printed and locked, as PDF/A-2 6.3.2 wants, with no appearance of its own
    assert told("pdfsig", str(signed)).count("Signature is Valid") == 1


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_a_changed_byte_is_named(desk: Desk, place: float) -> None:
    data = bytearray(desk.sign())
    data[int(len(desk.pdf.read_bytes()) * place)] ^= 1
    alone = desk.place.parent / "kiriman.pdf"
    alone.parent.mkdir(parents=True)
    alone.write_bytes(data)
    (problem,) = desk.check(alone, trust=desk.root).problems
    assert "kiriman.pdf" in problem
    assert any(words in problem for words in ("changed after signing", "damaged"))


def test_an_incremental_edit_is_named(desk: Desk) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(desk.sign()))
    writer.root["/X"] = TextStringObject("ubah")
    writer.update_root()  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    signed = desk.register(desk.sign())
    signed.write_bytes(out.getvalue())
    problems = desk.check(signed, trust=desk.root).problems
    assert any("changed (its SHA-256" in problem for problem in problems)
    assert any("bytes were appended which alter the document" in problem for problem in problems)


def test_a_signature_of_another_authority_is_not_trusted(desk: Desk, tmp_path: Path) -> None:
    other = Authority.new("Otoritas Lain", now=NOW)
    p12 = other.official(tmp_path / "lain.p12", name="Kepala Dinas", since=NOW - DAY, until=NOW + DAY)
    alone = tmp_path / "kiriman.pdf"
    alone.write_bytes(desk.sign(p12))
    (problem,) = desk.check(alone, trust=desk.root).problems
    assert "not trusted" in problem
    untold = desk.check(alone)
    assert untold.problems == ()
    assert any("was not checked" in fact for fact in untold.facts)


def test_a_signer_whose_certificate_has_expired_is_named(desk: Desk, tmp_path: Path) -> None:
    alone = tmp_path / "kiriman.pdf"
    alone.write_bytes(desk.sign())
    (problem,) = desk.check(alone, trust=desk.root, moment=NOW + 400 * DAY).problems
    assert "expired on" in problem
    (early,) = desk.check(alone, trust=desk.root, moment=NOW - 5 * DAY).problems
    assert "valid only from" in early


def test_a_second_official_may_sign_after_the_first(desk: Desk, made: tuple[Path, Authority], tmp_path: Path) -> None:
    sekda = made[1].official(tmp_path / "sekda.p12", name="Sekda", since=NOW - DAY, until=NOW + DAY)
    signed = desk.register(desk.sign(sekda, desk.sign()))
    found = desk.check(signed, trust=desk.root)
    assert found.problems == ()
    assert ["Kepala Dinas" in found.facts[0], "Sekda" in found.facts[2]] == [True, True]


def test_only_a_signed_copy_of_the_approved_pdf_is_registered(desk: Desk) -> None:
    with pytest.raises(SigningFault, match="no signature"):
        desk.register(desk.pdf.read_bytes())
    other = unlike(desk)
    with pytest.raises(SigningFault, match="does not begin with"):
        desk.register(desk.sign(data=other))
    assert not desk.place.exists()
    signed = desk.register(desk.sign(data=other), rewritten=True)
    found = desk.check(signed, trust=desk.root)
    assert any("pages are not compared" in fact for fact in found.facts)


def test_another_signed_file_in_its_place_is_found_even_if_its_manifest_is_made_anew(desk: Desk) -> None:
    signed = desk.register(desk.sign())
    signed.write_bytes(desk.sign(data=unlike(desk)))
    assert any("does not begin with" in problem for problem in desk.check(signed).problems)


def test_a_wrong_passphrase_and_a_file_without_certificates_are_named(desk: Desk) -> None:
    with pytest.raises(SigningFault, match="no PKCS#12 file that this passphrase opens"):
        sign_with(Pkcs12(desk.p12, b"salah"), desk.pdf.read_bytes())
    with pytest.raises(SigningFault, match="no certificate"):
        authorities(desk.pdf)


def test_no_damage_makes_verification_fall_over(desk: Desk, tmp_path: Path) -> None:
    data, rng = desk.sign(), random.Random(5)
    size = len(desk.pdf.read_bytes())
    for number in range(60):
        broken = bytearray(data)
        low, high = (0, size) if number % 2 else (size, len(data))
        for _ in range(rng.randrange(1, 4)):
            broken[rng.randrange(low, high)] ^= 1 << rng.randrange(8)
        alone = tmp_path / "rusak.pdf"
        alone.write_bytes(broken if number % 5 else broken[: rng.randrange(len(broken))])
        # The room kept free behind a signature may change; what the signature covers may not.
        noticed = desk.check(alone, trust=desk.root).problems
        assert noticed or number % 2 == 0, f"damage {number} was not noticed"


def test_signing_and_verifying_take_no_time_to_speak_of(desk: Desk) -> None:
    assert [item.problems for item in inspect(desk.sign(), roots=None, moment=None)] == [()]

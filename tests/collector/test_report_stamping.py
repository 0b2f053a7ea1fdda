"""Time stamps (RFC 3161) by OpenSSL's own authority: they prove when, and without one nothing is signed by half."""

from __future__ import annotations

import hashlib
import io
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from agent.config import ConfigError, loads
from collector.config import read
from collector.report.settings import ReportSettings, TimestampSettings
from collector.report.signing import Pkcs12, Signature, SigningFault, authorities, inspect, sign
from tests.collector.signers import DAY, PASSPHRASE, Authority, blank_page, now
from tests.collector.stamp_place import StampAuthority, serving

NOW = now()


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """Make a page; whole reports are signed in test_report_signing.py."""
    return blank_page()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StampAuthority]:
    made = StampAuthority(tmp_path_factory.mktemp("tsa") / "it")
    made.make()
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pkcs12, Path]:
    """Make a PKCS#12 file that expires in a month, and a file of both authorities."""
    place = tmp_path_factory.mktemp("pejabat")
    office = Authority.new("Otoritas Contoh", now=NOW)
    p12 = office.official(place / "kadis.p12", name="Kepala Dinas", since=NOW - DAY, until=NOW + 30 * DAY)
    return Pkcs12(p12, PASSPHRASE.encode()), office.pem(place / "ca.pem")


def settings(authority: StampAuthority) -> TimestampSettings:
    return TimestampSettings(url=authority.url, authorities=authority.root, timeout_seconds=5)


def signed(pdf: bytes, by: Pkcs12, timestamp: TimestampSettings) -> bytes:
    return sign(pdf, by=by, reason="Pengesahan", location="Contoh", timestamp=timestamp)


def looked(data: bytes, *trust: Path, days: int = 0) -> Signature:
    roots = [item for file in trust for item in authorities(file)] if trust else None
    (found,) = inspect(data, roots=roots, moment=now() + days * DAY)
    return found


def token_of(data: bytes) -> bytes:
    """Return the time stamp of a PDF's only signature, as it is in the file."""
    attributes = PdfFileReader(io.BytesIO(data)).embedded_signatures[0].signer_info["unsigned_attrs"]
    (token,) = (item["values"][0] for item in attributes if item["type"].native == "signature_time_stamp_token")
    return bytes(token.dump())


@pytest.fixture(scope="module")
def stamped(pdf: bytes, authority: StampAuthority, official: tuple[Pkcs12, Path]) -> bytes:
    return signed(pdf, official[0], settings(authority))


def test_a_time_stamp_is_named_with_its_time_and_its_authority(
    stamped: bytes, authority: StampAuthority, official: tuple[Pkcs12, Path]
) -> None:
    found = looked(stamped, official[1], authority.root)
    assert (found.problems, found.notes) == ((), ())
    assert "Stempel Waktu Contoh" in found.stamped_by
    assert found.stamped_at[:16] >= NOW.isoformat()[:16]


def test_openssl_verifies_the_same_time_stamp(stamped: bytes, authority: StampAuthority, tmp_path: Path) -> None:
    item = PdfFileReader(io.BytesIO(stamped)).embedded_signatures[0]
    (tmp_path / "token").write_bytes(token_of(stamped))
    digest = hashlib.sha256(item.signer_info["signature"].native).hexdigest()
    command = ["openssl", "ts", "-verify", "-token_in", "-in", str(tmp_path / "token"), "-CAfile", str(authority.root)]
    told = subprocess.run([*command, "-digest", digest], capture_output=True, text=True, check=False)
    assert "Verification: OK" in told.stdout + told.stderr


def test_after_the_certificate_has_expired_only_a_time_stamp_proves_when(
    stamped: bytes, pdf: bytes, authority: StampAuthority, official: tuple[Pkcs12, Path]
) -> None:
    assert looked(stamped, official[1], authority.root, days=60).problems == ()
    plain = signed(pdf, official[0], TimestampSettings())
    assert "nothing proves that the signature is older" in looked(plain, official[1], days=60).problems[0]
    untrusted = looked(stamped, official[1], days=60)
    assert "nothing proves" in untrusted.problems[0]
    assert "time stamp proves nothing" in untrusted.notes[0]


def test_a_time_stamp_of_another_signature_is_told(
    stamped: bytes, pdf: bytes, authority: StampAuthority, official: tuple[Pkcs12, Path]
) -> None:
    other = signed(pdf + b"\n%lain\n", official[0], settings(authority))
    old, new = (token_of(data).hex().upper().encode() for data in (stamped, other))
    swapped = stamped.replace(old, new)
    assert (swapped != stamped, len(swapped)) == (True, len(stamped))
    assert "the time stamp is not of this signature" in looked(swapped, official[1], authority.root).problems[0]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((500, b""), "HTTP 500"),
        ((200, b"<html>masuk dahulu</html>"), "no RFC 3161 answer"),
        ((200, b"lama"), "answers another question"),
    ],
)
def test_without_a_good_answer_of_the_authority_nothing_is_signed(
    pdf: bytes, authority: StampAuthority, official: tuple[Pkcs12, Path], answer: tuple[int, bytes], told: str
) -> None:
    if answer[1] == b"lama":  # what it said to somebody else
        signed(pdf, official[0], settings(authority))
        answer = (200, authority.last)
    authority.answer = answer
    try:
        with pytest.raises(SigningFault) as caught:
            signed(pdf, official[0], settings(authority))
    finally:
        authority.answer = None
    assert told in str(caught.value)
    assert "nothing was signed" in str(caught.value)


def test_an_authority_that_is_down_or_silent_ends_the_act(
    pdf: bytes, authority: StampAuthority, official: tuple[Pkcs12, Path]
) -> None:
    gone = replace(settings(authority), url="http://127.0.0.1:1/tsr")
    with pytest.raises(SigningFault, match=r"no answer .*nothing was signed"):
        signed(pdf, official[0], gone)


def test_an_authority_that_refuses_is_quoted(pdf: bytes, official: tuple[Pkcs12, Path], tmp_path: Path) -> None:
    choosy = StampAuthority(tmp_path / "tsa")
    choosy.make(digests="sha512")
    with serving(choosy), pytest.raises(SigningFault, match=r"refuses \(rejection: .*bad_alg"):
        signed(pdf, official[0], settings(choosy))


def test_a_stamp_of_an_authority_that_was_not_agreed_is_refused(
    pdf: bytes, authority: StampAuthority, official: tuple[Pkcs12, Path]
) -> None:
    with pytest.raises(SigningFault, match="is not of a certificate that leads to"):
        signed(pdf, official[0], replace(settings(authority), authorities=official[1]))


def test_the_authority_is_asked_once_for_a_signature(
    pdf: bytes, authority: StampAuthority, official: tuple[Pkcs12, Path]
) -> None:
    before = authority.asked
    signed(pdf, official[0], settings(authority))
    assert authority.asked == before + 1


@pytest.mark.parametrize(
    "text",
    ['url = "ftp://tsa"', 'url = "http://a:b@tsa/"\nauthorities = "x"', 'url = "http://tsa/"', "timeout_seconds = 0"],
)
def test_settings_of_an_authority_that_prove_nothing_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="timestamp"):
        loads(ReportSettings, f"[timestamp]\n{text}\n", source="report.toml")


def test_the_file_of_authorities_lies_beside_the_report_s_settings(tmp_path: Path) -> None:
    (tmp_path / "collector.toml").write_text('data = "."\nzone = "WIB"\nreport = "kantor/report.toml"\n')
    (tmp_path / "kantor").mkdir()
    (tmp_path / "kantor" / "report.toml").write_text('[timestamp]\nurl = "http://tsa/"\nauthorities = "tsa.pem"\n')
    found = read(tmp_path / "collector.toml").report_settings().timestamp
    assert found.authorities == tmp_path / "kantor" / "tsa.pem"

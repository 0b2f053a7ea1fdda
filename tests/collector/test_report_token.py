"""Signing by a PKCS#11 token: SoftHSM2 is the token, a real module with a key that it keeps."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from pkcs11.util.x509 import decode_x509_certificate

from collector.report.settings import TimestampSettings
from collector.report.signing import SigningFault, Token, authorities, inspect, sign
from tests.collector.signers import DAY, PASSPHRASE, Authority, blank_page, now

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "648219"

if not os.environ.get("CI") and not MODULE.exists():
    pytest.skip("softhsm2 is not installed", allow_module_level=True)


@dataclass(frozen=True)
class Drawer:
    """A token in its folder, and the authority that certified its owner."""

    folder: Path
    token: Token
    root: Path


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _put(folder: Path, authority: Authority, label: str, number: str) -> None:
    """Put a new key and its certificate into the token."""
    days = {"since": now() - DAY, "until": now() + 300 * DAY}
    p12 = authority.official(folder / "k.p12", name="Kepala Dinas", rsa_key=label == "rsa", **days)
    key, certificate, _ = pkcs12.load_key_and_certificates(p12.read_bytes(), PASSPHRASE.encode())
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    assert certificate is not None
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*plain))
    there = ("--token", "Kantor", "--label", label, "--id", number)
    _run("softhsm2-util", "--pin", PIN, "--import", folder / "key.pem", *there)
    (folder / "key.pem").unlink()
    with pkcs11.lib(str(MODULE)).get_token(token_label="Kantor").open(user_pin=PIN, rw=True) as session:
        made = decode_x509_certificate(certificate.public_bytes(serialization.Encoding.DER))
        more = {pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: label, pkcs11.Attribute.ID: bytes.fromhex(number)}
        session.create_object({**made, **more})


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drawer]:
    """Make a token with a key and its certificate, as an office's administrator would."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    authority = Authority.new("Otoritas Contoh", now=now())
    _run("softhsm2-util", "--pin", PIN, "--init-token", "--free", "--label", "Kantor", "--so-pin", PIN)
    _put(folder, authority, "ec", "01")
    _put(folder, authority, "rsa", "02")
    yield Drawer(folder, Token(MODULE, "Kantor", "ec", PIN), authority.pem(folder / "ca.pem"))
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def signed(by: Token) -> bytes:
    return sign(blank_page(), by=by, reason="Pengesahan", location="Contoh", timestamp=TimestampSettings())


@pytest.mark.parametrize("certificate", ["ec", "rsa"])
def test_a_token_signs_and_the_signature_leads_to_its_authority(
    drawer: Drawer, tmp_path: Path, certificate: str
) -> None:
    data = signed(replace(drawer.token, certificate=certificate))
    (found,) = inspect(data, roots=authorities(drawer.root), moment=now())
    assert (found.problems, found.notes) == ((), ())
    assert "Kepala Dinas" in found.signer
    (tmp_path / "t.pdf").write_bytes(data)
    told = subprocess.run(["pdfsig", str(tmp_path / "t.pdf")], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in told


def test_a_wrong_pin_is_told_and_never_shown(drawer: Drawer) -> None:
    with pytest.raises(SigningFault, match="the PIN is refused; most tokens lock") as caught:
        signed(replace(drawer.token, pin="1234567"))
    assert "1234567" not in str(caught.value) + repr(replace(drawer.token, pin="1234567"))
    assert PIN not in repr(drawer.token)


def test_what_is_not_there_is_named(drawer: Drawer) -> None:
    for token, told in (
        (replace(drawer.token, label="Lain"), "token 'Lain' of .* cannot be opened"),
        (replace(drawer.token, certificate="lain"), "no signature with 'lain'"),
        (replace(drawer.token, module=Path("/nowhere/lib.so")), "of /nowhere/lib.so: cannot be opened"),
    ):
        with pytest.raises(SigningFault, match=told):
            signed(token)

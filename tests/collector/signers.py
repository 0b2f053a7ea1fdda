"""Certificate authorities and officials who sign, for tests: real keys and certificates, made on the spot."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pypdf import PdfWriter

PASSPHRASE = "rahasia tanda tangan 7"
DAY = timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Authority:
    """A certificate authority."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls, name: str, *, now: datetime) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(name)).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - 900 * DAY)
            .not_valid_after(now + 900 * DAY).add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )  # fmt: skip
        return cls(key, made.sign(key, hashes.SHA256()))

    def pem(self, file: Path) -> Path:
        file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return file

    def official(self, file: Path, *, name: str, since: datetime, until: datetime, rsa_key: bool = False) -> Path:
        """Write the PKCS#12 file of somebody who may sign."""
        key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
        made = (
            x509.CertificateBuilder().subject_name(_name(name)).issuer_name(self.certificate.subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(since).not_valid_after(until).add_extension(usage, critical=True)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        ).sign(self.key, hashes.SHA256())  # fmt: skip
        sealed = serialization.BestAvailableEncryption(PASSPHRASE.encode())
        file.write_bytes(pkcs12.serialize_key_and_certificates(name.encode(), key, made, [self.certificate], sealed))
        file.chmod(0o600)
        return file


def now() -> datetime:
    """Return the machine's time: pyHanko dates signatures by it."""
    return datetime.now(UTC)


def blank_page() -> bytes:
    """Return a PDF of one empty page."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(width=200, height=200)
    writer.write(out)
    return out.getvalue()

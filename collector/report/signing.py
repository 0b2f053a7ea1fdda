"""Signatures inside the PDF (PAdES): signing with a PKCS#12 file, and saying what became of a signed file.

The only door to pyHanko. Signatures are invisible: a visible stamp would bring a font that is not embedded, and the
file would be no PDF/A any more. Nothing here reads from the network; revocation is not asked for.
"""

from __future__ import annotations

import io
import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from asn1crypto.x509 import Certificate  # type: ignore[import-untyped]
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.diff_analysis import ModificationLevel, SuspiciousModification
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # it logs, with tracebacks, what is told here in words

MOST_SIGNATURES: Final = 20
_FIELD = "Pengesahan"
_BROKEN = (
    *(PdfError, SignatureValidationError, SigningError, zlib.error, RecursionError),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, NotImplementedError),
)
"""What a damaged PDF may raise in pyHanko's reader (found by flipping bytes)."""


class SigningFault(Exception):
    """A signature that cannot be made, or certificates that cannot be read; the message names file and mend."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature in a PDF: by whom, certified by whom, when as it says itself, and what is wrong with it."""

    signer: str
    issuer: str
    serial: str
    expires: str
    said_at: str
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def sign(pdf: bytes, *, p12: Path, passphrase: bytes, reason: str, location: str) -> bytes:
    """Return ``pdf`` with an invisible PAdES signature appended; its own bytes stay as they are. SigningFault."""
    try:
        signer = signers.SimpleSigner.load_pkcs12_data(p12.read_bytes(), other_certs=(), passphrase=passphrase)
    except OSError as error:
        raise SigningFault(f"{p12}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError) as error:
        raise SigningFault(f"{p12}: no PKCS#12 file that this passphrase opens") from error
    field = f"{_FIELD}{len(inspect(pdf, roots=None, moment=None)) + 1}"
    meta = signers.PdfSignatureMetadata(
        field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason, location=location
    )
    try:
        return bytes(signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=signer).getbuffer())
    except (PdfError, SigningError) as error:
        raise SigningFault(f"the PDF cannot be signed with {p12}: {error}") from error


def authorities(file: Path) -> list[Certificate]:
    """Return the certificates of a PEM or DER file; SigningFault."""
    try:
        found = list(load_certs_from_pemder([str(file)]))  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SigningFault(f"{file}: no certificates in PEM or DER ({error})") from error
    if not found:
        raise SigningFault(f"{file}: no certificate is in it")
    return found


def inspect(pdf: bytes, *, roots: Sequence[Certificate] | None, moment: datetime | None) -> list[Signature]:
    """Return the signatures in a PDF, oldest first; ``roots`` None leaves open whether their certificates are trusted.

    ``moment`` is the time at which certificates must be valid (None: not asked). Damage is a signature's problem,
    or SigningFault where there is no PDF to be read.
    """
    try:
        embedded = list(PdfFileReader(io.BytesIO(pdf)).embedded_signatures)
    except _BROKEN as error:
        raise SigningFault(f"not a PDF that can be read, or damaged ({type(error).__name__}: {error})") from error
    return [_inspected(item, pdf, roots, moment) for item in embedded[:MOST_SIGNATURES]]


def _inspected(
    item: EmbeddedPdfSignature, pdf: bytes, roots: Sequence[Certificate] | None, moment: datetime | None
) -> Signature:
    try:
        context = ValidationContext(trust_roots=list(roots or ()), moment=moment, revocation_mode="soft-fail")
        status = validate_pdf_signature(item, context)
        certificate = item.signer_cert
        problems = (*_integrity(item, status, len(pdf)), *_trust(status, certificate, roots, moment))
        said = status.signer_reported_dt
        return Signature(
            signer=certificate.subject.human_friendly,
            issuer=certificate.issuer.human_friendly,
            serial=f"{certificate.serial_number:x}",
            expires=certificate.not_valid_after.isoformat(),
            said_at=said.isoformat() if said is not None else "",
            notes=() if roots is not None else ("whose certificate it is was not checked; give --trust FILE",),
            problems=problems,
        )
    except _BROKEN as error:
        text = f"the signature cannot be read: it was damaged after signing ({type(error).__name__}: {error})"
        return Signature("?", "?", "", "", "", problems=(text,))


def _integrity(item: EmbeddedPdfSignature, status: PdfSignatureStatus, size: int) -> Iterator[str]:
    if not status.intact:
        yield "not intact: bytes that the signature covers were changed after signing"
    elif not status.valid:
        yield "not valid: the signature was not made with the key of the certificate that it names"
    elif status.coverage < SignatureCoverageLevel.ENTIRE_FILE:
        end = item.byte_range[2] + item.byte_range[3]
        # A further signature of an allowed kind is appended too; only what changes the content is a fault.
        if not status.docmdp_ok or status.modification_level in (None, ModificationLevel.OTHER):
            why = status.diff_result
            detail = f": {why}" if isinstance(why, SuspiciousModification) else ""
            yield f"changed after signing: {size - end} bytes were appended which alter the document{detail}"


def _trust(
    status: PdfSignatureStatus, certificate: Certificate, roots: Sequence[Certificate] | None, moment: datetime | None
) -> Iterator[str]:
    until, since = certificate.not_valid_after, certificate.not_valid_before
    if moment is not None and moment > until:
        yield f"the certificate expired on {until:%Y-%m-%d}; nothing proves that the signature is older"
    elif moment is not None and moment < since:
        yield f"the certificate is valid only from {since:%Y-%m-%d}"
    elif roots is not None and status.intact and status.valid and not status.trusted:
        yield "not trusted: the certificate does not lead to one of those in the file of --trust"

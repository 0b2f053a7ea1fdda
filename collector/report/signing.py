"""Signatures inside the PDF (PAdES): signing by a PKCS#12 file or a PKCS#11 token, and what became of a signed file.

The only door to pyHanko. Signatures are invisible: a visible stamp would bring a font that is not embedded, and the
file would be no PDF/A any more. Only the time-stamp authority (RFC 3161) is asked over the network, and only while
signing; revocation is not asked for.
"""

from __future__ import annotations

import http.client
import io
import logging
import ssl
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit

from asn1crypto.cms import ContentInfo  # type: ignore[import-untyped]
from asn1crypto.core import Sequence as Asn1Sequence  # type: ignore[import-untyped]
from asn1crypto.tsp import PKIStatusInfo, TimeStampReq, TimeStampResp  # type: ignore[import-untyped]
from asn1crypto.x509 import Certificate  # type: ignore[import-untyped]
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.diff_analysis import ModificationLevel, SuspiciousModification
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from collector.report.settings import TimestampSettings

for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # it logs, with tracebacks, what is told here in words

MOST_SIGNATURES: Final = 20
_FIELD = "Pengesahan"
_RESERVED = 65_536
"""Bytes kept free in the file for a signature (as hexadecimal digits) with its certificates and its time stamp."""
_MOST_ANSWER = 65_536
_BROKEN = (
    *(PdfError, SignatureValidationError, SigningError, zlib.error, RecursionError),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, NotImplementedError),
)
"""What a damaged PDF may raise in pyHanko's reader (found by flipping bytes)."""


class SigningFault(Exception):
    """A signature that cannot be made, or certificates that cannot be read; the message names file and mend."""


@dataclass(frozen=True, slots=True)
class Pkcs12:
    """A certificate and its key in a PKCS#12 file."""

    file: Path
    passphrase: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A certificate and its key in a PKCS#11 token: the module (a shared library), and the labels in it."""

    module: Path
    label: str
    certificate: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature in a PDF: by whom, certified by whom, when as it says itself, and what is wrong with it.

    ``stamped_at`` and ``stamped_by`` are of its time stamp (RFC 3161), "" where there is none.
    """

    signer: str
    issuer: str
    serial: str
    expires: str
    said_at: str
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    stamped_at: str = ""
    stamped_by: str = ""


def sign(pdf: bytes, *, by: Pkcs12 | Token, reason: str, location: str, timestamp: TimestampSettings) -> bytes:
    """Return ``pdf`` with an invisible PAdES signature appended; its own bytes stay as they are. SigningFault.

    Where ``timestamp`` names an authority the signature bears its stamp (PAdES B-T), or there is no signature.
    """
    stamper = _Stamper(timestamp) if timestamp.url else None
    trusted = authorities(timestamp.authorities) if timestamp.authorities else []
    name = f"{_FIELD}{len(inspect(pdf, roots=None, moment=None)) + 1}"
    meta = signers.PdfSignatureMetadata(
        field_name=name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason, location=location
    )
    with _signer(by) as signer:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        try:
            made = signers.sign_pdf(writer, meta, signer=signer, timestamper=stamper, bytes_reserved=_RESERVED)
        except TimestampRequestError as error:
            raise SigningFault(f"{error}; nothing was signed") from error
        except (PdfError, SigningError) as error:
            raise SigningFault(f"the PDF cannot be signed by {_named(by)}: {error}") from error
    signed = bytes(made.getbuffer())
    if stamper is not None:
        _hold_stamp(signed, trusted, timestamp)
    return signed


def _named(by: Pkcs12 | Token) -> str:
    return f"token {by.label!r}" if isinstance(by, Token) else str(by.file)


@contextmanager
def _signer(by: Pkcs12 | Token) -> Iterator[signers.Signer]:
    if isinstance(by, Token):
        with _in_token(by) as signer:
            yield signer
        return
    try:
        data = by.file.read_bytes()
        signer = signers.SimpleSigner.load_pkcs12_data(data, other_certs=(), passphrase=by.passphrase)
    except OSError as error:
        raise SigningFault(f"{by.file}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError) as error:
        raise SigningFault(f"{by.file}: no PKCS#12 file that this passphrase opens") from error
    yield signer


@contextmanager
def _in_token(by: Token) -> Iterator[signers.Signer]:
    """Open a token; its key never leaves it, and nobody is told the PIN."""
    import pkcs11  # python-pkcs11 loads a library of the vendor's, which only this act needs
    from pyhanko.config.pkcs11 import TokenCriteria
    from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

    what = f"token {by.label!r} of {by.module}"
    try:
        session = open_pkcs11_session(str(by.module), token_criteria=TokenCriteria(label=by.label), user_pin=by.pin)
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
        raise SigningFault(f"{what}: the PIN is refused; most tokens lock after a few wrong ones") from error
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise SigningFault(f"{what}: cannot be opened ({_told(error)}); name module and label of the token") from error
    try:
        with session:
            signer = PKCS11Signer(session, cert_label=by.certificate, other_certs_to_pull=None)
            # Every token signs a hash by ECDSA; many cannot make the hash themselves.
            signer.use_raw_mechanism = signer.signing_cert.public_key.algorithm == "ec"
            yield signer
    except pkcs11.PKCS11Error as error:
        raise SigningFault(f"{what}: no signature with {by.certificate!r} ({_told(error)})") from error


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


class _Stamper(TimeStamper):
    """Asks a time-stamp authority over HTTP (RFC 3161 section 3.4)."""

    def __init__(self, settings: TimestampSettings) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._url, self._seconds = settings.url, settings.timeout_seconds

    async def async_request_tsa_response(self, req: TimeStampReq) -> TimeStampResp:
        """Return the authority's answer to this very question; TimestampRequestError."""
        try:
            data = self._posted(req.dump())
            problem = _refusal(req, _Answer.load(data))
        except (OSError, http.client.HTTPException) as error:
            raise TimestampRequestError(f"time-stamp authority {self._url}: no answer ({_told(error)})") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TimestampRequestError(f"time-stamp authority {self._url}: no RFC 3161 answer ({error})") from error
        if problem:
            raise TimestampRequestError(f"time-stamp authority {self._url}: {problem}")
        return TimeStampResp.load(data)

    def _posted(self, question: bytes) -> bytes:
        parts = urlsplit(self._url)
        address = (parts.hostname or "", parts.port)
        connection = (
            http.client.HTTPSConnection(*address, timeout=self._seconds, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(*address, timeout=self._seconds)
        )
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            place = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
            connection.request("POST", place, question, headers)
            with connection.getresponse() as answer:
                if answer.status != 200:
                    raise ValueError(f"HTTP {answer.status}")
                return answer.read(_MOST_ANSWER)
        finally:
            connection.close()


class _Answer(Asn1Sequence):  # type: ignore[misc]
    """An answer as RFC 3161 section 2.4.2 has it: who refuses gives no stamp (asn1crypto's own asks for one)."""

    _fields: ClassVar = [("status", PKIStatusInfo), ("time_stamp_token", ContentInfo, {"optional": True})]


def _refusal(asked: TimeStampReq, answer: _Answer) -> str:
    """Say why an answer is no stamp, "" where it is one of what was asked."""
    status = answer["status"]
    if status["status"].native not in ("granted", "granted_with_mods"):
        told = [text for name in ("status_string", "fail_info") for text in status[name].native or ()]
        return f"it refuses ({status['status'].native}: {' '.join(told)})"
    stamp = answer["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    asked_for, got = (
        (item["nonce"].native, item["message_imprint"]["hashed_message"].native) for item in (asked, stamp)
    )
    return "" if asked_for == got else "it answers another question (its nonce or its hash is another)"


def _hold_stamp(pdf: bytes, trusted: Sequence[Certificate], timestamp: TimestampSettings) -> None:
    """Refuse a stamp that is not of the authority that was agreed."""
    newest = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[-1]
    stamp = _validated(newest, trusted, None).timestamp_validity
    if stamp is None or not (stamp.intact and stamp.valid and stamp.trusted):
        raise SigningFault(f"time-stamp authority {timestamp.url}: its stamp is not of a certificate that leads to "
                           f"{timestamp.authorities}; nothing was signed")  # fmt: skip


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


def _validated(
    item: EmbeddedPdfSignature, roots: Sequence[Certificate] | None, moment: datetime | None
) -> PdfSignatureStatus:
    def context() -> ValidationContext:
        return ValidationContext(trust_roots=list(roots or ()), moment=moment, revocation_mode="soft-fail")

    return validate_pdf_signature(item, context(), context())


def _inspected(
    item: EmbeddedPdfSignature, pdf: bytes, roots: Sequence[Certificate] | None, moment: datetime | None
) -> Signature:
    try:
        status = _validated(item, roots, moment)
        certificate, stamp = item.signer_cert, status.timestamp_validity
        proven = stamp is not None and stamp.intact and stamp.valid and stamp.trusted
        if stamp is not None and proven:  # it was signed by then, so the certificate need not hold any longer
            status, moment = _validated(item, roots, stamp.timestamp), stamp.timestamp
        problems = (*_integrity(item, status, len(pdf)), *_stamp(stamp), *_trust(status, certificate, roots, moment))
        said = status.signer_reported_dt
        return Signature(
            signer=certificate.subject.human_friendly,
            issuer=certificate.issuer.human_friendly,
            serial=f"{certificate.serial_number:x}",
            expires=certificate.not_valid_after.isoformat(),
            said_at=said.isoformat() if said is not None else "",
            notes=tuple(_notes(stamp, roots)),
            problems=problems,
            stamped_at="" if stamp is None else stamp.timestamp.isoformat(),
            stamped_by="" if stamp is None else stamp.signing_cert.subject.human_friendly,
        )
    except _BROKEN as error:
        text = f"the signature cannot be read: it was damaged after signing ({type(error).__name__}: {error})"
        return Signature("?", "?", "", "", "", problems=(text,))


def _stamp(stamp: TimestampSignatureStatus | None) -> Iterator[str]:
    if stamp is not None and not (stamp.intact and stamp.valid):
        yield "the time stamp is not of this signature, or was changed after it was given"


def _notes(stamp: TimestampSignatureStatus | None, roots: Sequence[Certificate] | None) -> Iterator[str]:
    if roots is None:
        yield "whose certificate it is was not checked; give --trust FILE"
    elif stamp is not None and not stamp.trusted:
        yield "the time stamp proves nothing: its authority does not lead to a certificate in the file of --trust"


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

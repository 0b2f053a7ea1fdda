"""What the office decides about its report: names, letterhead, legal basis, recipients, signatories."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class Letterhead:
    """The head of the letter; ``address`` is one string a line."""

    government: str = ""
    office: str = ""
    address: tuple[str, ...] = ()
    place: str = ""

    def __post_init__(self) -> None:
        if len(self.address) > 3:
            raise ValueError("address has more than 3 lines; join some of them")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """The covering letter. ``number`` may hold {bulan} (Roman) and {tahun} of the month of the letter."""

    number: str = ""
    nature: str = ""
    attachment: str = ""
    recipient: str = ""
    through: str = ""
    destination: str = ""
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Signatory:
    """Who signs; what is empty is printed as a dotted line."""

    position: str = ""
    name: str = ""
    rank: str = ""
    employee_number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimestampSettings:
    """The time-stamp authority (RFC 3161) whose stamp a signature is to bear; without ``url`` it bears none.

    ``authorities`` is a file (PEM) of the certificates to which the stamp's own must lead.
    """

    url: str = ""
    authorities: Path | None = None
    timeout_seconds: int = 15

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if self.url and (parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc):
            raise ValueError("url must be http://HOST/... or https://HOST/..., without a password")
        if bool(self.url) != (self.authorities is not None):
            raise ValueError("url and authorities go together: a stamp of nobody in particular proves nothing")
        if not 1 <= self.timeout_seconds <= 120:
            raise ValueError("timeout_seconds must be between 1 and 120")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportSettings:
    """Settings of the monthly report. Everything may be empty: the report never invents a name or a number."""

    region: str = ""
    classification: str = ""
    letterhead: Letterhead = field(default_factory=Letterhead)
    letter: Letter = field(default_factory=Letter)
    legal_basis: tuple[str, ...] = ()
    prepared: Signatory = field(default_factory=Signatory)
    checked: Signatory = field(default_factory=Signatory)
    approved: Signatory = field(default_factory=Signatory)
    timestamp: TimestampSettings = field(default_factory=TimestampSettings)

    def __post_init__(self) -> None:
        if len(self.classification) > 24:
            raise ValueError("classification is longer than 24 letters; use a word such as TERBATAS")
        if len(self.legal_basis) > 20:
            raise ValueError("legal_basis has more than 20 entries")

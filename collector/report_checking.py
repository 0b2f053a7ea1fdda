"""Is a report as it was written: one in the data folder, or a file that somebody brings.

A file that is brought is compared with what the collector keeps; a ZIP of a report's files, and the signature in a
PDF, are checked as ``nadi verify`` does it offline.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.clock import Month
from collector import zips
from collector.folder import Folder
from collector.register.book import Missing, Refused
from collector.report.manifest import NAME
from collector.report.signed import Checked, check
from collector.reports import Issue

MOST_FILES, MOST_BYTES = 500, 64 << 20
"""Of a ZIP that is brought, unpacked."""

_PDF, _ZIP = b"%PDF-", b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file of a report as its manifest names it, and in words where it belongs."""

    name: str
    sha256: str
    place: str


def check_stored(folder: Folder, month: Month, version: int | None) -> Checked:
    """Check the files of a month's newest version, or of the one that is named; Missing."""
    versions = [issue for issue in folder.reports.versions(month) if version in (None, issue.version)]
    if not versions:
        raise Missing(f"tidak ada laporan {month}" + ("" if version is None else f" versi {version}"))
    issue = versions[-1]
    problems = issue.problems(folder.key.public) or issue.parted(
        journal_id=folder.journal.id, head_at=folder.journal.head_at
    )
    kept = ", ".join(issue.editions)
    return Checked((f"laporan {month} versi {issue.version}: {kept}; kode verifikasi {issue.code}",), tuple(problems))


def check_brought(folder: Folder, name: str, data: bytes, *, opd: str | None) -> Checked:
    """Check a file that somebody brings; Refused for a ZIP that is none. Of ``opd`` only its own sheets are known."""
    moment = folder.zone.local(folder.clock.now().wall_ns)
    with tempfile.TemporaryDirectory(prefix="nadi-verify-") as place:
        here = Path(place)
        if data.startswith(_ZIP) and not name.endswith(".xlsx"):
            _unpack(data, here)
            return check(here / NAME, public=folder.key.public, trust=None, moment=moment)
        found = _compared(folder, name, data, opd)
        if data.startswith(_PDF):
            file = here / (name if name.endswith(".pdf") else f"{name}.pdf")
            file.write_bytes(data)
            inside = check(file, public=folder.key.public, trust=None, moment=moment)
            signed = [text for text in inside.facts if "signature" in text]
            broken = [text for text in inside.problems if "signature" in text]
            return Checked((*found.facts, *signed), (*found.problems, *broken))
        return found


def _compared(folder: Folder, name: str, data: bytes, opd: str | None) -> Checked:
    digest = hashlib.sha256(data).hexdigest()
    same_name = ""
    for item in _kept(folder, opd):
        if item.sha256 == digest:
            return Checked((f"{name}: sama dengan {item.name} dari {item.place}",), ())
        if item.name == name and name != NAME:
            same_name = item.place
    if same_name:
        return Checked((), (f"{name}: isinya berubah; sidiknya {digest} bukan yang terdaftar pada {same_name}",))
    return Checked((), (f"{name}: bukan berkas laporan yang terdaftar di pengumpul ini; sidiknya {digest}",))


def _kept(folder: Folder, opd: str | None) -> Iterator[_Kept]:
    """Yield every file that the manifests name; of an OPD those of its own sheets."""
    for month in folder.reports.months():
        for issue in folder.reports.versions(month):
            for edition, place in _places(issue, opd):
                data = (place / NAME).read_bytes()
                told = f"laporan {month} versi {issue.version} ({edition})"
                yield _Kept(NAME, hashlib.sha256(data).hexdigest(), told)
                for item in json.loads(data)["files"]:
                    yield _Kept(item["name"], item["sha256"], told)


def _places(issue: Issue, opd: str | None) -> Iterator[tuple[str, Path]]:
    if opd is None:
        yield from issue.editions.items()
    yield from ((f"lembar {item.name}", item) for item in issue.sheets if opd in (None, item.name))


def _unpack(data: bytes, place: Path) -> None:
    """Write the files of a ZIP into ``place``, bounded and by their plain names; Refused."""
    try:
        with zips.opened(data) as archive:
            items = archive.infolist()
            if len(items) > MOST_FILES or sum(item.file_size for item in items) > MOST_BYTES:
                raise Refused(f"ZIP terlalu besar; paling banyak {MOST_FILES} berkas dan {MOST_BYTES >> 20} MiB")
            for item in items:
                if Path(item.filename).name != item.filename or item.filename in ("", ".", ".."):
                    raise Refused(f"ZIP memuat folder atau nama berkas yang tidak berlaku: {item.filename[:100]!r}")
                with archive.open(item) as packed:
                    # What the directory says of the size is not believed.
                    content = packed.read(MOST_BYTES + 1)
                if len(content) != item.file_size:
                    raise Refused(f"ZIP rusak pada {item.filename[:100]!r}")
                (place / item.filename).write_bytes(content)
    except (*zips.FAULTS, zlib.error) as error:
        raise Refused(f"ZIP tidak dapat dibaca: {error}") from error
    if not (place / NAME).is_file():
        raise Refused(f"ZIP tidak memuat {NAME}; kirim seluruh berkas laporan beserta manifesnya")

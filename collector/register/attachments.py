"""Attachments of records: files whose hash a record names, of a closed list of kinds known by their first bytes.

``lampiran/NUMBER/SHA256`` in the data folder. A file lies with the record that names it, so that who may read one
record cannot get at another one's file by its hash. Contents are not opened, run or converted; nothing is served but
as a download.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector import zips
from collector.register.book import Refused

MOST_BYTES: Final = 10 << 20
MOST_NAME: Final = 200
LEAST_FREE: Final = 512 << 20
"""Octets of the disk that attachments leave to readings."""

_OPEN = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_MACROS = ("vbaproject.bin", "basic/", "scripts/")


@dataclass(frozen=True, slots=True)
class Sort:
    """A kind of file: its media type, the endings that its name may have, and what it is called."""

    media: str
    endings: tuple[str, ...]
    words: str


PDF: Final = Sort("application/pdf", (".pdf",), "PDF")
PNG: Final = Sort("image/png", (".png",), "PNG")
JPEG: Final = Sort("image/jpeg", (".jpg", ".jpeg"), "JPEG")
DOCX: Final = Sort(f"{_OPEN}.wordprocessingml.document", (".docx",), "DOCX")
XLSX: Final = Sort(f"{_OPEN}.spreadsheetml.sheet", (".xlsx",), "XLSX")
ODT: Final = Sort(f"{_ODF}.text", (".odt",), "ODT")
ODS: Final = Sort(f"{_ODF}.spreadsheet", (".ods",), "ODS")
SORTS: Final = (PDF, PNG, JPEG, DOCX, XLSX, ODT, ODS)
_LIST = ", ".join(sort.words for sort in SORTS)


class NoRoom(Exception):
    """The disk has no room for an attachment; nothing was stored."""


def examined(data: bytes, *, name: str) -> Sort:
    """Return what a file is; Refused in words where it is not to be taken."""
    if not data:
        raise Refused("lampiran kosong")
    if len(data) > MOST_BYTES:
        raise Refused(f"lampiran paling besar {MOST_BYTES >> 20} MiB; kecilkan atau bagi berkasnya")
    if not name.isprintable() or len(name) > MOST_NAME or not name.strip(". ") or {"/", "\\"} & set(name):
        raise Refused(f"nama lampiran harus nama berkas biasa tanpa folder, paling panjang {MOST_NAME} karakter")
    sort = _sniffed(data)
    if sort is None:
        raise Refused(f"jenis lampiran tidak dikenal dari isinya; yang diterima: {_LIST}")
    if not name.lower().endswith(sort.endings):
        raise Refused(f"isi lampiran adalah {sort.words}, tetapi namanya {name!r}; akhiri dengan {sort.endings[0]}")
    return sort


def _sniffed(data: bytes) -> Sort | None:
    for start, sort in ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG)):
        if data.startswith(start):
            return sort
    return _office(data) if data.startswith(b"PK\x03\x04") else None


def _office(data: bytes) -> Sort | None:
    """Tell an office document by the names in its ZIP, none of which is unpacked; Refused where it holds macros."""
    try:
        with zips.opened(data) as archive:
            names = {name.lower() for name in archive.namelist()}
            first = archive.infolist()[0] if names else None
            # OpenDocument: the first file, stored as it is, says what the whole is.
            small = first is not None and first.filename == "mimetype" and first.file_size <= MOST_NAME
            said = archive.read("mimetype").decode("ascii", "replace") if small else ""
    except (*zips.FAULTS, zlib.error) as error:
        raise Refused("lampiran rusak: ZIP di dalamnya tidak dapat dibaca") from error
    if any(name.startswith(_MACROS[1:]) or name.endswith(_MACROS[0]) for name in names):
        raise Refused("lampiran memuat makro; simpan tanpa makro")
    found = next((sort for sort in (ODT, ODS) if sort.media == said.strip()), None)
    if found is None and "[content_types].xml" in names:
        found = DOCX if "word/document.xml" in names else XLSX if "xl/workbook.xml" in names else None
    return found


class Attachments:
    """The files in a data folder; may be shared by threads and processes."""

    def __init__(self, folder: Path, *, least_free: int = LEAST_FREE) -> None:
        self._folder, self._least_free = folder, least_free

    def store(self, code: str, data: bytes, *, sha256: str, name: str) -> tuple[Sort, bool]:
        """Keep the file that a record names; tell whether it was not there before. Refused, NoRoom."""
        sort = examined(data, name=name)
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise Refused(f"sidik berkas ini {found}, bukan {sha256} yang tercatat; kirim berkas yang dicatat")
        place = self._folder / code / sha256
        if place.is_file():
            return sort, False
        try:
            self._write(place, data)
        except OSError as error:
            raise NoRoom(f"lampiran tidak tersimpan: {error.strerror}") from error
        return sort, True

    def _write(self, place: Path, data: bytes) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if shutil.disk_usage(self._folder).free - len(data) < self._least_free:
            raise NoRoom("ruang disk pengumpul tidak cukup bagi lampiran; hubungi admin")
        place.parent.mkdir(mode=0o700, exist_ok=True)
        part = place.with_name(f".{place.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)

    def has(self, code: str, sha256: str) -> bool:
        """Tell whether the file that a record names is here."""
        return bool(sha256) and (self._folder / code / sha256).is_file()

    def read(self, code: str, sha256: str) -> bytes | None:
        """Return a file, None where it is not here."""
        place = self._folder / code / sha256
        return place.read_bytes() if place.is_file() else None

    def problems(self) -> Iterator[str]:
        """Say which files are no longer what was stored."""
        places = sorted(self._folder.glob("*/*")) if self._folder.is_dir() else []
        for place in places:
            if place.name.startswith("."):
                continue  # left by a break; never served
            with place.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != place.name:
                    yield f"{place}: altered after it was stored"

"""Opening a ZIP that somebody sent, without letting its directory fill the memory."""

from __future__ import annotations

import io
import zipfile
from typing import Final

MOST_DIRECTORY: Final = 512 << 10
"""Octets of the list of files: some thousands of them; each becomes an object of several times its size."""

_END, _LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
_END_SIZE, _SIZE_AT = 22, 12

FAULTS: Final = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError)
"""What reading a damaged ZIP may raise (with zlib.error while a file is unpacked)."""


def opened(data: bytes) -> zipfile.ZipFile:
    """Return the ZIP; ValueError where its directory is too large or in the form for huge ones, else ``FAULTS``."""
    # As zipfile looks for it: an end without a comment first, then the last that there is.
    plain = data[-_END_SIZE:-18] == _END and data[-2:] == b"\0\0"
    at = len(data) - _END_SIZE if plain else data.rfind(_END)
    if at < 0:
        raise zipfile.BadZipFile("it has no end of directory")
    size = int.from_bytes(data[at + _SIZE_AT : at + _SIZE_AT + 4], "little")
    if size > MOST_DIRECTORY or data[max(0, at - 20) : at].startswith(_LOCATOR):
        raise ValueError("it lists too many files")
    return zipfile.ZipFile(io.BytesIO(data))

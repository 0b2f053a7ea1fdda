"""The form of a backup: a folder named by its UTC time, with the data folder's files and a signed manifest over them.

    PLACE/20261122T053000Z/manifest.json, manifest.json.sig, data/..., config/...

The manifest is canonical JSON, signed by the collector's key over ``"nadi-backup-1\\n"`` + manifest. It tells what was
copied and where the ledger stood. The key is among the files: a backup is as secret as the data folder, and encrypting
it is left to what carries it away (restic, age, an encrypted disk).
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from agent.clock import NS
from agent.envelope import canonical
from agent.identity import Key, verify
from collector.folder import Impossible

FORMAT = "nadi-backup-1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.json.sig"
DATA, CONFIG = "data", "config"
PART = ".part-"
"""Begins the name of what is not whole yet, or no longer."""

_NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a backup: its path below the backup's folder, octets, SHA-256 (hexadecimal)."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds, and where journal and audit log stood in it; ``made_ns`` UTC.

    ``register`` "postgresql": the register is not in this backup, for it has a backup of its own.
    """

    made_ns: int
    code_version: str
    region: str
    zone: str
    label: str
    journal_id: str
    receipt_id: str
    length: int
    head: str
    register: Literal["sqlite", "postgresql"]
    audit_seq: int
    audit_hash: str
    public_key: str
    pieces: tuple[Piece, ...]

    def to_bytes(self) -> bytes:
        """Return the canonical JSON."""
        return canonical({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read a manifest; ValueError says why it is none."""
        table = json.loads(data)
        if not isinstance(table, dict) or table.pop("format", None) != FORMAT:
            raise ValueError(f"format is not {FORMAT}")
        try:
            pieces = tuple(Piece(**item) for item in table.pop("pieces"))
            made = cls(**table, pieces=pieces)
        except (TypeError, KeyError) as error:
            raise ValueError(f"a field is missing or unknown: {error}") from error
        if made.to_bytes() != data:
            raise ValueError("not canonical JSON")
        for piece in pieces:
            path = PurePosixPath(piece.name)
            if path.is_absolute() or ".." in path.parts or path.parts[0] not in (DATA, CONFIG):
                raise ValueError(f"{piece.name!r} leaves the backup")
        return made


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup whose manifest is signed by the key that it holds; its files are not looked at yet."""

    folder: Path
    manifest: Manifest

    def path(self, piece: Piece) -> Path:
        """Return where a file lies."""
        return self.folder / piece.name

    def problems(self) -> Iterator[str]:
        """Yield every file that is missing or not as it was made."""
        for piece in self.manifest.pieces:
            try:
                sha256 = digest(self.path(piece))
            except OSError as error:
                yield f"{self.path(piece)}: cannot be read ({error.strerror})"
                continue
            if sha256 != piece.sha256:
                yield f"{self.path(piece)}: changed or cut off (its SHA-256 is not that of the manifest)"


def name_of(made_ns: int) -> str:
    """Return the name of a backup made at a time."""
    return datetime.fromtimestamp(made_ns // NS, UTC).strftime("%Y%m%dT%H%M%SZ")


def folders(place: Path) -> list[Path]:
    """Return the backups in a place, oldest first; what is not whole is none."""
    found = (path for path in place.iterdir() if _NAME.fullmatch(path.name) and (path / MANIFEST).is_file())
    return sorted(found, key=lambda path: path.name)


def find(place: Path) -> Backup:
    """Return the backup at ``place``, or the newest of those in it; Impossible."""
    if (place / MANIFEST).is_file():
        return load(place)
    if not place.is_dir():
        raise Impossible(f"{place}: no such folder; name the folder of the backups, or one backup in it")
    found = folders(place)
    if not found:
        raise Impossible(f"{place}: no backup is in it; make one with: nadi backup make {place}")
    return load(found[-1])


def load(folder: Path) -> Backup:
    """Read a backup's manifest and check its signature; Impossible."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
        manifest = Manifest.from_bytes(data)
        signature = base64.b64decode((folder / SIGNATURE).read_bytes().strip(), validate=True)
        genuine = verify(bytes.fromhex(manifest.public_key), signed(data), signature)
    except OSError as error:
        raise Impossible(f"{error.filename}: cannot be read ({error.strerror}); take another backup") from error
    except (ValueError, binascii.Error, RecursionError) as error:
        raise Impossible(f"{path}: not the manifest of a backup ({error}); take another backup") from error
    if not genuine:
        raise Impossible(f"{path}: the signature does not belong to it: it was changed; take another backup")
    return Backup(folder, manifest)


def signed(manifest: bytes) -> bytes:
    """Return the bytes that are signed for a manifest."""
    return FORMAT.encode() + b"\n" + manifest


def signature(manifest: bytes, key: Key) -> bytes:
    """Return the content of the signature's file."""
    return base64.b64encode(key.sign(signed(manifest))) + b"\n"


def digest(path: Path) -> str:
    """Return the SHA-256 (hexadecimal) of a file; OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy(source: Path, to: Path) -> Piece:
    """Copy a file (mode 0600) on to stable storage; return what was copied, named as ``to`` is; OSError."""
    found, size = hashlib.sha256(), 0
    with source.open("rb") as file, open(new_file(to), "wb") as target:
        while part := file.read(_READ):
            found.update(part)
            target.write(part)
            size += len(part)
        target.flush()
        os.fsync(target.fileno())
    return Piece(to.name, size, found.hexdigest())


def new_folder(path: Path) -> None:
    """Make a folder and those above it that are not there yet, each for its owner alone (mode 0700)."""
    if not path.is_dir():
        new_folder(path.parent)
        path.mkdir(mode=0o700)


def new_file(path: Path) -> int:
    """Make a file (mode 0600) that is not there yet; return its handle; OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def sync_folders(top: Path) -> None:
    """Bring the names in a folder and in every folder below on to stable storage."""
    for folder, _, _ in os.walk(top):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def held(place: Path) -> Iterator[None]:
    """Hold a place of backups against other processes; Impossible when another has it."""
    handle = os.open(place / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Impossible(f"{place}: another process makes or tests a backup here; wait for it") from error
    finally:
        os.close(handle)

"""Ed25519 keys (RFC 8032): the identity of a node and of the collector. The only door to PyNaCl."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey


class KeyFileError(Exception):
    """A key file that must not or cannot be used; the message names it and the mend."""


class Key:
    """A private key, kept in a file of mode 0600 (32 bytes seed, hexadecimal)."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self.public = bytes(self._key.verify_key)

    @classmethod
    def load(cls, path: Path) -> Key:
        """Read a key; refuse one that others may read. KeyFileError, FileNotFoundError."""
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise KeyFileError(f"{path}: mode is {mode:04o}, others may read it; run: chmod 600 {path}")
        try:
            return cls(bytes.fromhex(path.read_text(encoding="ascii").strip()))
        except ValueError as error:
            raise KeyFileError(f"{path}: not a key file (64 hexadecimal digits)") from error

    @classmethod
    def load_or_create(cls, path: Path) -> Key:
        """Read the key, or make one where there is none."""
        try:
            return cls.load(path)
        except FileNotFoundError:
            key = SigningKey.generate()
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(bytes(key).hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
            return cls(bytes(key))

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of ``message``."""
        return self._key.sign(message).signature


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` over ``message`` was made by the holder of ``public`` (32 bytes)."""
    try:
        VerifyKey(public).verify(message, signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True


def fingerprint(public: bytes) -> str:
    """Return the short name people compare: SHA-256 of the public key, base32, 4 groups of 4."""
    text = base64.b32encode(hashlib.sha256(public).digest()).decode().lower()[:16]
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def enrolment_proof(token: str, agent: str, public: bytes) -> bytes:
    """Return the bytes a node signs to prove that it holds the key it enrols (design.md §4)."""
    return b"\n".join([b"nadi-enrol-1", hashlib.sha256(token.encode()).digest(), agent.encode(), public])

"""The User-based Security Model: keys, digests and ciphers (RFC 3414, RFC 3826, RFC 7860).

MD5, SHA-1 and DES are broken; they are here because old devices know nothing else. ``cryptography`` is loaded only
when a user with privacy is first used.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from agent.snmp.errors import Unsupported

_EXPANDED = 1 << 20


class Auth(Enum):
    """Authentication protocols: the name of the hash and the octets of digest that are sent.

    MD5 and SHA-1 by RFC 3414 §6 and §7, the SHA-2 family by RFC 7860 §4.
    """

    MD5 = ("md5", 12)
    SHA1 = ("sha1", 12)
    SHA224 = ("sha224", 16)
    SHA256 = ("sha256", 24)
    SHA384 = ("sha384", 32)
    SHA512 = ("sha512", 48)

    @property
    def hash(self) -> str:
        """Return the name of the hash in hashlib."""
        return self.value[0]

    @property
    def size(self) -> int:
        """Return the octets of msgAuthenticationParameters."""
        return self.value[1]


class Privacy(Enum):
    """Privacy protocols: octets of key, and whether a short localised key is extended as Reeder or Blumenthal do.

    DES by RFC 3414 §8 and AES-128 by RFC 3826. AES-192 and AES-256 never became a standard: net-snmp and most others
    follow draft-blumenthal-aes-usm-04 §3.1.2.1, Cisco and some others draft-reeder-snmpv3-usm-3desede-00 §2.1.
    """

    DES = ("des", 16, False)
    AES128 = ("aes", 16, False)
    AES192 = ("aes", 24, False)
    AES256 = ("aes", 32, False)
    AES192_REEDER = ("aes", 24, True)
    AES256_REEDER = ("aes", 32, True)

    @property
    def cipher(self) -> str:
        """Return ``des`` or ``aes``."""
        return self.value[0]

    @property
    def key_size(self) -> int:
        """Return the octets of localised key that are used."""
        return self.value[1]

    @property
    def reeder(self) -> bool:
        """Tell whether a short key is extended by localising it anew."""
        return self.value[2]


@dataclass(frozen=True, slots=True)
class UsmUser:
    """A user of SNMPv3 (RFC 3414 §2.1): no protocol is noAuthNoPriv, ``auth`` authNoPriv, both authPriv."""

    name: str = field(repr=False)
    auth: Auth | None = None
    auth_password: str = field(default="", repr=False)
    privacy: Privacy | None = None
    privacy_password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what no device can know."""
        if not 1 <= len(self.name.encode()) <= 32:
            raise ValueError("an SNMPv3 user name has 1 to 32 octets (RFC 3414 §2.4)")
        if self.privacy is not None and self.auth is None:
            raise ValueError("SNMPv3 knows no privacy without authentication (RFC 3411 §3.4.3)")
        if self.auth is not None and not self.auth_password:
            raise ValueError("the SNMPv3 authentication password is missing")
        if self.privacy is not None and not self.privacy_password:
            raise ValueError("the SNMPv3 privacy password is missing")


class Keys(NamedTuple):
    """The keys of a user at one engine."""

    auth: bytes
    privacy: bytes


@lru_cache(maxsize=1024)
def password_key(hash_name: str, password: bytes) -> bytes:
    """Return the key of a password: the hash of it repeated to 2^20 octets (RFC 3414 §A.2)."""
    repeated = password * (_EXPANDED // len(password) + 1)
    return hashlib.new(hash_name, repeated[:_EXPANDED], usedforsecurity=False).digest()


def localised_key(hash_name: str, key: bytes, engine_id: bytes) -> bytes:
    """Return the key that only this engine and we know (RFC 3414 §2.6)."""
    return hashlib.new(hash_name, key + engine_id + key, usedforsecurity=False).digest()


def privacy_key(user: UsmUser, engine_id: bytes) -> bytes:
    """Return the localised privacy key of a user, extended where the cipher wants more than the hash gives."""
    if user.privacy is None or user.auth is None:
        return b""
    name, size = user.auth.hash, user.privacy.key_size
    key = localised_key(name, password_key(name, user.privacy_password.encode()), engine_id)
    last = key
    while len(key) < size:
        if user.privacy.reeder:
            last = localised_key(name, password_key(name, last), engine_id)
        else:
            last = hashlib.new(name, key, usedforsecurity=False).digest()
        key += last
    return key[:size]


def keys_of(user: UsmUser, engine_id: bytes) -> Keys:
    """Return the keys of a user at an engine."""
    if user.auth is None:
        return Keys(b"", b"")
    name = user.auth.hash
    key = localised_key(name, password_key(name, user.auth_password.encode()), engine_id)
    return Keys(key, privacy_key(user, engine_id))


def digest(auth: Auth, key: bytes, message: bytes) -> bytes:
    """Return the digest of a message whose digest field is all zero (RFC 3414 §6.3.1, RFC 7860 §4.2.1)."""
    return hmac.digest(key, message, auth.hash)[: auth.size]


def signed(auth: Auth, key: bytes, message: bytes, at: int) -> bytes:
    """Return the message with its digest put at ``at``, where zeros are."""
    return message[:at] + digest(auth, key, message) + message[at + auth.size :]


def verified(auth: Auth, key: bytes, message: bytes, at: int, sent: bytes) -> bool:
    """Tell whether a message that came with the digest ``sent`` at ``at`` is from one who knows the key."""
    if len(sent) != auth.size:
        return False
    zeroed = message[:at] + bytes(auth.size) + message[at + auth.size :]
    return hmac.compare_digest(digest(auth, key, zeroed), sent)


def encrypt(privacy: Privacy, key: bytes, *, boots: int, time: int, count: int, plain: bytes) -> tuple[bytes, bytes]:
    """Return the encrypted octets and the salt (msgPrivacyParameters); ``count`` is never the same twice.

    RFC 3414 §8.1.1: DES-CBC, the salt is boots and a 32-bit count. RFC 3826 §3.1: AES-CFB128, a 64-bit count.
    """
    if privacy is Privacy.DES:
        salt = boots.to_bytes(4) + (count & 0xFFFF_FFFF).to_bytes(4)
        padded = plain + bytes(-len(plain) % 8)
        return _ciphers().des(key, salt, padded, True), salt
    salt = count.to_bytes(8)
    return _ciphers().aes(key, boots.to_bytes(4) + time.to_bytes(4) + salt, plain, True), salt


def decrypt(privacy: Privacy, key: bytes, *, boots: int, time: int, salt: bytes, encrypted: bytes) -> bytes | None:
    """Return the plain octets of a message with these msgPrivacyParameters; None where they cannot be such."""
    if len(salt) != 8:
        return None
    if privacy is Privacy.DES:
        return _ciphers().des(key, salt, encrypted, False) if encrypted and len(encrypted) % 8 == 0 else None
    return _ciphers().aes(key, boots.to_bytes(4) + time.to_bytes(4) + salt, encrypted, False)


class _Ciphers(NamedTuple):
    des: Callable[[bytes, bytes, bytes, bool], bytes]
    aes: Callable[[bytes, bytes, bytes, bool], bytes]


@lru_cache(maxsize=1)
def _ciphers() -> _Ciphers:
    """Load the ciphers; raise Unsupported without the package."""
    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher, modes
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
    except ImportError:
        raise Unsupported("SNMPv3 privacy needs the package cryptography: install nadi[snmp]") from None
    try:
        from cryptography.hazmat.decrepit.ciphers.modes import CFB
    except ImportError:  # releases before the mode moved
        CFB = modes.CFB  # type: ignore[misc]

    def des(key: bytes, salt: bytes, octets: bytes, out: bool) -> bytes:
        # Three equal keys make triple DES the single DES of RFC 3414 §8; the IV is salt xor pre-IV.
        vector = bytes(a ^ b for a, b in zip(salt, key[8:16], strict=True))
        cipher = Cipher(TripleDES(key[:8] * 3), modes.CBC(vector))
        return (cipher.encryptor() if out else cipher.decryptor()).update(octets)

    def aes(key: bytes, vector: bytes, octets: bytes, out: bool) -> bytes:
        cipher = Cipher(AES(key), CFB(vector))
        return (cipher.encryptor() if out else cipher.decryptor()).update(octets)

    return _Ciphers(des, aes)

"""Make this node known to a collector, and keep what the collector answered.

The answer (collector's public key, journal id, CA) lies in ``collector.json`` in the state directory; from then on
only receipts signed by that key count.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.config import ConfigError
from agent.disk import Disk, replace
from agent.identity import Key, KeyFileError, enrolment_proof

PATH = "/api/v1/enrol"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is pinned of the collector: its public key (32 bytes), its journal's id, its CA (PEM) if it gave one."""

    collector_key: bytes
    journal: str
    ca: str | None

    @classmethod
    def from_json(cls, data: bytes) -> Enrolment:
        """Read a collector's answer; ValueError when it is none."""
        try:
            table: dict[str, Any] = json.loads(data)
            key = base64.b64decode(table["collector_key"], validate=True)
            journal, ca = table["journal"], table["ca"]
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise ValueError("not the answer of a Nadi collector") from error
        if len(key) != 32 or not isinstance(journal, str) or not (ca is None or isinstance(ca, str)):
            raise ValueError("not the answer of a Nadi collector")
        return cls(key, journal, ca)

    def to_json(self) -> bytes:
        """Return the form in which it is kept."""
        key = base64.b64encode(self.collector_key).decode()
        return json.dumps({"collector_key": key, "journal": self.journal, "ca": self.ca}, indent=1).encode() + b"\n"


def prepare(state: Path) -> None:
    """Make the state directory (mode 0700), or check that nobody else may enter it; ConfigError."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = state.stat().st_mode & 0o777
    except OSError as error:
        raise ConfigError(f"{state}: the state directory cannot be made: {error.strerror}") from error
    if mode & 0o077:
        raise ConfigError(f"{state}: mode is {mode:04o}, others may enter it; run: chmod 700 {state}")


def key_of(state: Path, *, create: bool = False) -> Key:
    """Read this node's key (or make it, if ``create``); ConfigError."""
    path = state / "key"
    try:
        return Key.load_or_create(path) if create else Key.load(path)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: this node has no key yet; run: nadi-agent enrol --token TOKEN") from error
    except KeyFileError as error:
        raise ConfigError(str(error)) from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be used: {error.strerror}") from error


def load(state: Path) -> Enrolment:
    """Read what was pinned at enrolment; ConfigError."""
    path = state / "collector.json"
    try:
        return Enrolment.from_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: this node is not enrolled yet; run: nadi-agent enrol --token TOKEN") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: damaged ({error}); enrol again with a new token") from error


def request(token: str, agent: str, key: Key) -> bytes:
    """Return the body of the enrolment: token, name, public key and the proof that the key is held here."""
    table = {
        "token": token,
        "agent": agent,
        "public_key": base64.b64encode(key.public).decode(),
        "proof": base64.b64encode(key.sign(enrolment_proof(token, agent, key.public))).decode(),
    }
    return json.dumps(table).encode()


def keep(state: Path, enrolment: Enrolment) -> None:
    """Put the answer into the state directory, wholly or not at all; ConfigError."""
    path = state / "collector.json"
    try:
        replace(Disk(), path, enrolment.to_json())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error

"""Communities and SNMPv3 users, from a file that only the agent's user may read.

Nothing of a credential is ever shown: errors name the place and what is missing, never a value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent import secret
from agent.config import ConfigError
from agent.snmp.session import Community
from agent.snmp.usm import Auth, Privacy, UsmUser

Credential = Community | UsmUser
_KEYS = ("community", "user", "auth", "auth_password", "privacy", "privacy_password")
_ALIAS = {"SHA": "SHA1", "AES": "AES128"}


def load(path: Path) -> dict[str, Credential]:
    """Read the credentials by name; ConfigError, also when others may read the file."""
    text = secret.read(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = str(error).rpartition("(")[2].rstrip(")")
        raise ConfigError(f"{path}: not valid TOML {place}") from None  # the message may hold what stands there
    return {name: _credential(f"{path}: [{name}]", raw) for name, raw in table.items()}


def _credential(place: str, raw: object) -> Credential:
    if not isinstance(raw, dict):
        raise ConfigError(f"{place}: must be a table such as [NAME] with community = or user =")
    for key, value in raw.items():
        if key not in _KEYS:
            raise ConfigError(f"{place}: unknown key {key!r}; known keys: {', '.join(_KEYS)}")
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{place}: {key} must be a text in quotes, not empty")
    if ("community" in raw) == ("user" in raw):
        raise ConfigError(f"{place}: needs either community (SNMPv2c) or user (SNMPv3)")
    if "community" in raw:
        if len(raw) > 1:
            raise ConfigError(f"{place}: auth and privacy belong to a user (SNMPv3), not to a community")
        return Community(raw["community"])
    return _user(place, raw)


def _user(place: str, raw: Mapping[str, Any]) -> UsmUser:
    for key in ("auth", "privacy"):
        if (key in raw) != (f"{key}_password" in raw):
            raise ConfigError(f"{place}: {key} (the protocol) and {key}_password go together")
    auth, privacy = _protocol(place, raw, "auth", Auth), _protocol(place, raw, "privacy", Privacy)
    try:
        return UsmUser(
            name=raw["user"],
            auth=auth,
            auth_password=raw.get("auth_password", ""),
            privacy=privacy,
            privacy_password=raw.get("privacy_password", ""),
        )
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from None


def _protocol(place: str, raw: Mapping[str, Any], key: str, kinds: Any) -> Any:
    if key not in raw:
        return None
    name = raw[key].upper().replace("-", "")
    try:
        return kinds[_ALIAS.get(name, name)]
    except KeyError:
        raise ConfigError(f"{place}: {key} is not one of {', '.join(kinds.__members__)}") from None


def chosen(credentials: Mapping[str, Credential], name: str, *, place: str) -> Credential:
    """Return the credential of a name; ConfigError."""
    if name not in credentials:
        raise ConfigError(f"{place}: no credential is named {name!r}; there are: {', '.join(credentials) or 'none'}")
    return credentials[name]


def protocol(credential: Credential) -> str:
    """Return ``snmpv2c`` or ``snmpv3``, the label of nadi_device_info."""
    return "snmpv2c" if isinstance(credential, Community) else "snmpv3"

"""Credentials: read from a file that nobody else may read, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import ConfigError
from agent.snmp import credentials
from agent.snmp.session import Community
from agent.snmp.usm import Auth, Privacy, UsmUser
from tests.agent.snmpd import CREDENTIALS

SECRETS = ("labro", "authpass123", "privpass123")


def written(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "snmp.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_communities_and_users_are_read_by_name(tmp_path: Path) -> None:
    found = credentials.load(written(tmp_path, CREDENTIALS))
    assert found == {
        "v2c": Community("labro"),
        "v3": UsmUser("nadi", Auth.SHA256, "authpass123", Privacy.AES128, "privpass123"),
    }
    assert [credentials.protocol(one) for one in found.values()] == ["snmpv2c", "snmpv3"]


def test_no_secret_stands_in_a_repr(tmp_path: Path) -> None:
    shown = repr(credentials.load(written(tmp_path, CREDENTIALS)))
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, CREDENTIALS, mode)
    with pytest.raises(ConfigError, match=f"others may read it; run: chmod 600 {path}"):
        credentials.load(path)


def test_a_name_alone_is_a_credential_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, CREDENTIALS, 0o440)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="CREDENTIALS_DIRECTORY is not set; add LoadCredential="):
        credentials.load(Path("snmp.toml"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert set(credentials.load(Path("snmp.toml"))) == {"v2c", "v3"}


@pytest.mark.parametrize(("old", "new", "message"), [
    ('"labro"', "labro", "not valid TOML at line 2"),
    ('"labro"', '["labro"]', "[v2c]: community must be a text in quotes"),
    ('"labro"', '""', "[v2c]: community must be a text in quotes"),
    ("community", "comunity", "[v2c]: unknown key 'comunity'"),
    ('community = "labro"\n', "", "[v2c]: needs either community (SNMPv2c) or user (SNMPv3)"),
    ('"labro"', '"labro"\nuser = "x"', "[v2c]: needs either"),
    ('"labro"', '"labro"\nauth = "SHA"', "[v2c]: auth and privacy belong to a user"),
    ('"SHA-256"', '"authpass123"', "[v3]: auth is not one of MD5, SHA1, SHA224, SHA256"),
    ('auth_password = "authpass123"\n', "", "[v3]: auth (the protocol) and auth_password go together"),
    ('auth = "SHA-256"\nauth_password = "authpass123"\n', "", "[v3]: SNMPv3 knows no privacy without"),
    ("[v2c]", 'v2c = "labro"\n[x]', ": [v2c]: must be a table"),
])  # fmt: skip
def test_a_mistake_is_told_without_the_secret(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in CREDENTIALS
    with pytest.raises(ConfigError) as failure:
        credentials.load(written(tmp_path, CREDENTIALS.replace(old, new, 1)))
    assert message in str(failure.value)
    assert not [secret for secret in SECRETS if secret in str(failure.value)]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        credentials.load(tmp_path / "nothing.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        credentials.load(tmp_path)

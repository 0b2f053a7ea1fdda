"""The commands for RouterOS routers, as check mode shows them, against a golden file. There is no RouterOS here."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.ansible.playing import EXAMPLE, ran

GOLDEN = Path(__file__).parent / "golden"
SECRETS = {
    "vault_snmp_auth_password": "kata-sandi-keaslian",
    "vault_snmp_privacy_password": "kata-sandi-kerahasiaan",
    "routeros_snmp_rest_password": "kata-sandi-pembaca",
}
WITH_REST = {
    "routeros_snmp_rest": True,
    "routeros_snmp_rest_certificate": "nadi",
    "routeros_snmp_contact": "NOC Contoh",
}


def played(tmp_path: Path, **settings: object) -> tuple[int, str]:
    """Play the routers' playbook in check mode for one router."""
    extra = tmp_path / "extra.json"
    extra.write_text(json.dumps({**SECRETS, **settings}), encoding="utf-8")
    words = ("-i", str(EXAMPLE), "--check", "--diff", "-vv", "-l", "opd-disdik", "-e", f"@{extra}", "routeros.yml")
    return ran(tmp_path, "ansible-playbook", *words)


def shown(said: str) -> list[str]:
    """Return the commands that were shown."""
    lines = said[said.index("Show the commands]") :].splitlines()
    begin = next(i for i, line in enumerate(lines) if '"msg": [' in line)
    end = next(i for i in range(begin, len(lines)) if lines[i].strip() == "]")
    return [json.loads(line.strip().removesuffix(",")) for line in lines[begin + 1 : end]]


@pytest.mark.parametrize(("name", "settings"), [("snmp", {}), ("snmp-rest", WITH_REST)])
def test_with_no_routeros_here_the_commands_of_check_mode_are_those_of_the_golden_file(
    tmp_path: Path, name: str, settings: dict[str, object]
) -> None:
    status, said = played(tmp_path, **settings)
    assert status == 0, said
    golden = GOLDEN / f"{name}.rsc"
    if os.environ.get("NADI_GOLDEN") == "write":
        golden.write_text("\n".join(shown(said)) + "\n", encoding="utf-8")
    assert "\n".join(shown(said)) + "\n" == golden.read_text(encoding="utf-8")


def test_check_mode_shows_no_password_and_changes_nothing(tmp_path: Path) -> None:
    status, said = played(tmp_path, **WITH_REST)
    assert status == 0, said
    assert [secret for secret in SECRETS.values() if secret in said] == []
    assert 'password="********"' in "".join(shown(said))
    assert "changed=0" in said


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"routeros_snmp_poller": "noc"}, "IPv4 address"),
        ({"routeros_snmp_contact": 'x"; /system reset'}, "would read otherwise"),
        ({"routeros_snmp_rest": True}, "routeros_snmp_rest_certificate"),
        ({"routeros_snmp_traps": ["semua"]}, "value of routeros_snmp_traps must be"),
    ],
)
def test_settings_that_no_router_should_get_are_refused_with_a_reason(
    tmp_path: Path, settings: dict[str, object], reason: str
) -> None:
    status, said = played(tmp_path, **settings)
    assert status != 0
    assert reason in " ".join(said.split())


@pytest.mark.parametrize("password", ["pendek", 'panjang-sekali"', "panjang-$sekali"])
def test_a_password_that_a_script_would_read_otherwise_is_refused_unseen(tmp_path: Path, password: str) -> None:
    status, said = played(tmp_path, vault_snmp_auth_password=password)
    assert status != 0
    assert password not in said

"""The private CA is made once; the proxy's certificate again when its names change or its end is near."""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.ansible.playing import ran

_PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  roles: [nadi_ca]
"""


def made(folder: Path, *words: str) -> int:
    """Run the role for a folder and return how many tasks changed something."""
    book = folder / "ca.yml"
    book.write_text(_PLAY, encoding="utf-8")
    settings = ("-e", f"nadi_ca_dir={folder / 'ca'}", "-e", "nadi_url=https://nadi.contoh.go.id")
    status, said = ran(folder / "home", "ansible-playbook", "-i", "localhost,", str(book), *settings, *words)
    assert status == 0, said
    return int(re.search(r"changed=(\d+)", said)[1])  # type: ignore[index]


def files(folder: Path) -> dict[str, bytes]:
    """Return the CA's files by name."""
    return {path.name: path.read_bytes() for path in (folder / "ca").iterdir()}


@pytest.mark.slow
def test_the_ca_is_made_once_and_the_certificate_again_when_it_must(tmp_path: Path) -> None:
    assert made(tmp_path, "--check") == 3  # folder, CA, certificate: told, and not made
    assert not (tmp_path / "ca").exists()
    assert made(tmp_path) == 3
    first = files(tmp_path)
    assert {name: oct((tmp_path / "ca" / name).stat().st_mode)[-3:] for name in ("ca.key", "server.key")} == {
        "ca.key": "600",
        "server.key": "600",
    }
    assert made(tmp_path) == 0
    assert made(tmp_path, "-e", '{"nadi_ca_server_names": ["nadi.contoh.go.id", "10.20.0.2"]}') == 2
    assert made(tmp_path, "-e", '{"nadi_ca_server_names": ["nadi.contoh.go.id", "10.20.0.2"]}') == 0
    assert made(tmp_path, "-e", "nadi_ca_renew_days=396") == 2  # other names again
    assert made(tmp_path, "-e", "nadi_ca_renew_days=398", "--check") == 1
    last = files(tmp_path)
    assert (last["ca.pem"], last["ca.key"]) == (first["ca.pem"], first["ca.key"])
    assert last["server.pem"] != first["server.pem"]


def test_the_certificate_holds_for_its_names_under_strict_rules(tmp_path: Path) -> None:
    made(tmp_path, "-e", '{"nadi_ca_server_names": ["nadi.contoh.go.id", "10.20.0.2"]}')
    for name in (["-verify_hostname", "nadi.contoh.go.id"], ["-verify_ip", "10.20.0.2"]):
        words = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.pem", *name, "server.pem"]
        done = subprocess.run(words, cwd=tmp_path / "ca", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca" / "server.pem", tmp_path / "ca" / "server.key")

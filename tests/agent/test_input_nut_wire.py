"""What stands between the agent and upsd: TLS with a certificate of our own, and servers that are no upsd."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import nut
from agent.source import Env
from agent.ups import NO_SERVER, NO_UPS, NOT_UNDERSTOOD, REFUSED, UpsError
from tests.agent import nutd
from tests.agent.nutd import Nut
from tests.agent.stand_in import StandIn


def turn(config: nut.Config) -> tuple[dict[str, int | float], UpsError | None]:
    """Return the first reading of a turn, and its failure."""
    clock = SystemClock()
    found = nut.collect(config, Env("ups-1", look(clock), clock))
    fields = dict(next(found).fields)
    try:
        list(found)
    except UpsError as error:
        return fields, error
    return fields, None


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(scope="module")
def encrypted(authority: trustme.CA, ca: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nut]:
    """Run upsd with a certificate for 127.0.0.1 in a database of NSS, which Debian's is built with."""
    nutd.require("certutil", "pk12util", "openssl")
    folder = tmp_path_factory.mktemp("tls")
    leaf = authority.issue_cert("127.0.0.1", common_name="upsd")
    leaf.private_key_and_cert_chain_pem.write_to_path(folder / "leaf.pem")
    for words in (
        ["openssl", "pkcs12", "-export", "-in", "leaf.pem", "-name", "upsd", "-out", "leaf.p12", "-passout", "pass:x"],
        ["certutil", "-N", "-d", "nss", "--empty-password"],
        ["pk12util", "-i", "leaf.p12", "-d", "nss", "-W", "x"],
        ["certutil", "-A", "-d", "nss", "-n", "ca", "-t", "C,,", "-i", str(ca)],
    ):
        (folder / "nss").mkdir(exist_ok=True)
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    more = f'CERTPATH {folder}/nss\nCERTIDENT "upsd" ""\nCERTREQUEST 0\n'
    with Nut(folder / "nut", {"rak-a": "ups.status: OL\n"}, more=more) as server:
        yield server


def test_tls_is_used_where_the_server_offers_it(encrypted: Nut, ca: Path, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("monpass")
    password.chmod(0o600)
    config = nut.Config(port=encrypted.port, tls="required", ca=ca, username="monitor", password_file=password)
    fields, error = turn(config)
    assert error is None
    assert (fields["up"], fields["on_battery"]) == (1, 0)
    assert turn(nut.Config(port=encrypted.port))[1] is None
    assert turn(nut.Config(port=encrypted.port, tls="off"))[1] is None


def test_a_certificate_of_another_authority_is_refused(encrypted: Nut, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    fields, error = turn(nut.Config(port=encrypted.port, tls="offered", ca=tmp_path / "other.pem"))
    assert fields == {"up": 0, "cause": REFUSED}
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)


def test_a_certificate_of_another_name_is_refused(encrypted: Nut, ca: Path) -> None:
    fields, error = turn(nut.Config(host="localhost", port=encrypted.port, tls="required", ca=ca))
    assert fields == {"up": 0, "cause": REFUSED}
    assert "TLS fails" in str(error)


def test_a_server_without_tls_is_refused_where_it_is_required(ca: Path, tmp_path: Path) -> None:
    with Nut(tmp_path / "nut", {"rak-a": "ups.status: OL\n"}) as server:
        fields, error = turn(nut.Config(port=server.port, tls="required", ca=ca))
        assert turn(nut.Config(port=server.port, ca=ca))[1] is None
    assert fields == {"up": 0, "cause": REFUSED}
    assert "offers no TLS" in str(error)


def says(*answers: bytes) -> Callable[[socket.socket], None]:
    """Return what reads a line before each of its answers."""

    def speak(peer: socket.socket) -> None:
        for answer in answers:
            peer.recv(1000)
            peer.sendall(answer)

    return speak


def pours(octets: bytes) -> Callable[[socket.socket], None]:
    def speak(peer: socket.socket) -> None:
        peer.recv(1000)
        while True:
            peer.sendall(octets)

    return speak


def drips(peer: socket.socket) -> None:
    peer.sendall(b"BEGIN LIST VAR rak-a\n")
    while True:
        peer.sendall(b"V")
        time.sleep(0.05)


UNKNOWN_TLS = b"ERR UNKNOWN-COMMAND\n"
BEGUN = b"BEGIN LIST VAR rak-a\n"
LONG = b'VAR rak-a a "' + b"x" * 4000 + b'"\n'


@pytest.mark.parametrize(
    ("speak", "cause", "words"),
    [
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NOT_UNDERSTOOD, "HTTP/1.1 400 Bad Request"),
        (says(b"\xff\x00\xfe\n"), NOT_UNDERSTOOD, "is answered by"),
        (pours(b"A" * 4096), NOT_UNDERSTOOD, "a line of more than 4096"),
        (says(UNKNOWN_TLS, BEGUN), NO_SERVER, "closed"),
        (says(UNKNOWN_TLS, BEGUN + b'VAR rak-a ups.status "OB"\n'), NO_SERVER, "closed"),
        (says(UNKNOWN_TLS, BEGUN + b"VAR rak-a ups.status OB\nEND LIST VAR rak-a\n"), NOT_UNDERSTOOD, "OB"),
        (says(UNKNOWN_TLS, BEGUN + b'VAR rak-a ups.status "OB\n'), NOT_UNDERSTOOD, "OB"),
        (says(UNKNOWN_TLS, BEGUN + b'VAR rak-b ups.status "OB"\nEND LIST VAR rak-a\n'), NOT_UNDERSTOOD, "rak-b"),
        (says(UNKNOWN_TLS, BEGUN + b'VAR rak-a a "b"\n' * 5000), NOT_UNDERSTOOD, "no end after 4000 lines"),
        (says(UNKNOWN_TLS, BEGUN + LONG * 200), NOT_UNDERSTOOD, "more than it may"),
        (says(UNKNOWN_TLS, BEGUN + b"END LIST VAR rak-a\n"), NOT_UNDERSTOOD, "no variable"),
        (says(b"OK STARTTLS\nERR ACCESS-DENIED\n"), NOT_UNDERSTOOD, "more than its word"),
        (says(UNKNOWN_TLS, b"ERR ACCESS-DENIED\n"), REFUSED, "ACCESS-DENIED"),
        (says(UNKNOWN_TLS, b"ERR UNKNOWN-UPS\n"), NO_UPS, "UNKNOWN-UPS"),
        (says(), NO_SERVER, "cannot be asked"),
    ],
)
def test_a_stand_in_that_is_no_upsd_gives_no_value(
    speak: Callable[[socket.socket], object], cause: int, words: str
) -> None:
    stand_in = StandIn(speak)
    begun = time.monotonic()
    fields, error = turn(nut.Config(ups="rak-a", port=stand_in.port, timeout=2))
    stand_in.close()
    assert fields == {"up": 0, "cause": cause}, error
    assert words in str(error)
    assert len(str(error)) < 500
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("speak", [drips, lambda peer: time.sleep(1.5), pours(b"VAR rak-a a\n")])
def test_a_stand_in_that_drips_or_is_silent_costs_its_timeout_and_no_more(
    speak: Callable[[socket.socket], object],
) -> None:
    stand_in = StandIn(speak)
    begun = time.monotonic()
    fields, _ = turn(nut.Config(ups="rak-a", port=stand_in.port, timeout=0.8, tls="off"))
    took = time.monotonic() - begun
    stand_in.close()
    assert fields["up"] == 0
    assert took < 2.5


@pytest.mark.parametrize(
    ("keys", "mend"),
    [
        ({"ups": "rak a"}, "upsc -l"),
        ({"ups": "a\nLOGIN"}, "upsc -l"),
        ({"tls": "required"}, "needs ca"),
        ({"username": "x"}, "go together"),
        ({"interval": 0}, "interval must be between 1 and 900"),
        ({"timeout": 61.0}, "timeout must be between"),
        ({"port": 0}, "port must be between"),
        ({"host": ""}, "host is empty"),
        ({"username": "a\nb", "password_file": Path("p")}, "username has characters"),
    ],
)
def test_a_mistake_of_the_configuration_names_its_mend(keys: dict[str, object], mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        nut.Config(**keys)  # type: ignore[arg-type]

"""The channel: whom it trusts, what it takes for an answer, how it says what went wrong."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from agent.channel import Channel, ChannelError, Config
from agent.config import ConfigError
from tests.agent.sink import Sink


def serve_once(*answers: bytes, hold_s: float = 0.0) -> int:
    """Serve each connection one raw answer; return the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    asked = b""
                    # Whoever closes with something unread resets the connection, and the answer may be lost.
                    while not asked.endswith(b"body") and (more := connection.recv(65536)):
                        asked += more
                    connection.sendall(answer)
                    time.sleep(hold_s)

    threading.Thread(target=serve, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def post(port: int, **options: float) -> tuple[int, bytes]:
    channel = Channel(Config(f"http://127.0.0.1:{port}", timeout=options.get("timeout", 5.0)))
    try:
        answer = channel.post("/x", b"body", {})
        return answer.status, answer.body
    finally:
        channel.close()


@pytest.mark.parametrize("url", ["http://10.0.0.1", "http://nadi.example", "ftp://127.0.0.1", "https://", "nadi:8443"])
def test_a_way_that_is_neither_tls_nor_loopback_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        Config(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80", "https://nadi.example"]
)
def test_loopback_and_tls_are_taken(url: str) -> None:
    assert Config(url).address[1] in (80, 8080, 443)


def test_https_without_a_ca_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"collector\.ca is not set"):
        Channel(Config("https://nadi.example"))


@pytest.mark.parametrize(("raw", "status", "body"), [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:3\r\n\r\nabc", 200, b"abc"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: 1\r\n\r\n", 200, b"abc"),
    (b"HTTP/1.0 503 Busy\n\nabc", 503, b"abc"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
])  # fmt: skip
def test_answers_in_every_form_of_http_are_read(raw: bytes, status: int, body: bytes) -> None:
    assert post(serve_once(raw)) == (status, body)


@pytest.mark.parametrize("raw", [
    b"", b"\x16\x03\x01\x02\x00", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 100_000,
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
])  # fmt: skip
def test_what_is_not_http_is_an_error_in_words(raw: bytes) -> None:
    with pytest.raises(ChannelError, match=r"127\.0\.0\.1"):
        post(serve_once(raw))


def test_an_answer_that_drips_is_given_up_at_the_deadline() -> None:
    begun = time.monotonic()
    with pytest.raises(ChannelError, match="no answer within 1 s"):
        post(serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", hold_s=3), timeout=1.0)
    assert time.monotonic() - begun < 2


def test_a_kept_connection_closed_meanwhile_is_replaced() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    channel = Channel(Config(f"http://127.0.0.1:{serve_once(answer, answer)}"))
    for _ in range(2):
        assert channel.post("/", b"body", {}).body == b"x"
        time.sleep(0.05)
    channel.close()


def test_failures_say_what_to_look_at(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ChannelError, match="nothing listens there"):
        post(port)
    channel = Channel(Config("https://no-such-host.invalid"), trustme.CA().cert_pem.bytes().decode())
    with pytest.raises(ChannelError, match=r"no-such-host\.invalid cannot be resolved"):
        channel.post("/", b"", {})
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(ConfigError, match=r"ca\.pem: not a usable CA file"):
        Channel(Config("https://nadi.example", ca=tmp_path / "ca.pem"))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def served(authority: trustme.CA, request: pytest.FixtureRequest) -> Iterator[Sink]:
    """Serve TLS for the name and the last day of validity that the test asks for."""
    name, days = request.param
    not_after = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after).configure_cert(context)
    sink = Sink(bytes(32), tls=context)
    yield sink
    sink.close()


def told(url: str, ca: trustme.CA) -> str:
    channel = Channel(Config(url), ca.cert_pem.bytes().decode())
    try:
        return str(channel.post("/api/v1/batches", b"", {}).status)
    except ChannelError as error:
        return str(error)
    finally:
        channel.close()


@pytest.mark.parametrize("served", [("localhost", 1)], indirect=True)
def test_the_pinned_ca_is_trusted_and_no_other(served: Sink, authority: trustme.CA) -> None:
    assert told(served.url, authority) == "200"
    assert "its certificate is refused: " in told(served.url, trustme.CA())


@pytest.mark.parametrize("served", [("localhost", -1)], indirect=True)
def test_an_expired_certificate_is_refused(served: Sink, authority: trustme.CA) -> None:
    assert "its certificate is refused: certificate has expired" in told(served.url, authority)


@pytest.mark.parametrize("served", [("other.example", 1)], indirect=True)
def test_a_certificate_of_another_name_is_refused(served: Sink, authority: trustme.CA) -> None:
    assert "its certificate is refused: Hostname mismatch" in told(served.url, authority)

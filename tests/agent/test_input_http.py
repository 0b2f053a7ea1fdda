"""Web services that work, lie, hang and break off; certificates good and bad. Real TLS, real sockets."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
import trustme

from agent.clock import NS, SystemClock
from agent.config import ConfigError, loads
from agent.gather import look
from agent.inputs import http
from agent.inputs.http import Config, Target
from agent.probe import Cause, ProbeError
from agent.reading import Reading, decode, encode
from agent.source import Env

PORTAL = b"<html>Selamat datang di WiFi. Silakan masuk.</html>"
TRUE = b"<html><title>SIMPEG</title>masuk</html>"
Fields = dict[str, int | float]


def asked(*targets: Target) -> dict[str, Reading]:
    clock = SystemClock()
    found = list(http.collect(Config(targets), Env("d", look(clock), clock)))
    assert decode(encode(found)) == (found, [])
    return {item.tag("target"): item for item in found}


def one(url: str, **more: object) -> Fields:
    return dict(asked(Target("x", url, **more))["x"].fields)  # type: ignore[arg-type]


class Pages(BaseHTTPRequestHandler):
    """The true service, with a page that leads away."""

    def do_GET(self) -> None:
        status, headers, body = {
            "/": (200, {"Server-Name": "simpeg-1"}, TRUE),
            "/to-login": (302, {"Location": "/"}, b""),
            "/to-portal": (302, {"Location": "http://portal.example/login"}, b""),
            "/to-clear": (302, {"Location": f"http://{self.headers['Host']}/"}, b""),
            "/circle": (302, {"Location": "/circle"}, b""),
            "/nonsense": (302, {"Location": "http://[::1"}, b""),
            "/portal": (200, {}, PORTAL),
            "/error": (500, {}, TRUE),
            "/large": (200, {}, bytes(3 << 20) + TRUE),
        }[self.path.partition("?")[0]]
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@contextlib.contextmanager
def serving(cert: trustme.LeafCert | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{'https' if cert else 'http'}://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def test_a_proven_service_is_up_with_time_status_and_certificate(authority: trustme.CA, ca: Path) -> None:
    end = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    with serving(authority.issue_cert("localhost", not_after=end)) as url:
        fields = one(url, ca=ca)
    assert 0 < fields.pop("rtt_seconds") < 5
    assert fields == {
        "success": 1, "status_code": 200, "certificate_ok": 1,
        "certificate_not_after_timestamp_seconds": end.timestamp(),
    }  # fmt: skip


@pytest.mark.parametrize("year", [1999, 2049, 2051, 9999])
def test_the_end_of_a_certificate_is_read_in_both_of_its_forms(authority: trustme.CA, ca: Path, year: int) -> None:
    end = datetime(year, 12, 31, 23, 59, 58, tzinfo=UTC)
    cert = authority.issue_cert("localhost", not_before=datetime(1990, 1, 1, tzinfo=UTC), not_after=end)
    with serving(cert) as url:
        fields = one(url, ca=ca)
    assert fields["certificate_not_after_timestamp_seconds"] == end.timestamp()
    assert fields["success"] == int(year > 2000)


def test_an_expired_a_foreign_and_a_misnamed_certificate_are_bad_and_their_end_is_told(
    authority: trustme.CA, ca: Path
) -> None:
    now = datetime.fromtimestamp(SystemClock().now().wall_ns // NS, UTC)
    expired = authority.issue_cert("localhost", not_before=now - timedelta(9), not_after=now - timedelta(1))
    foreign = trustme.CA().issue_cert("localhost", not_after=now + timedelta(5))
    misnamed = authority.issue_cert("other.example", not_after=now + timedelta(5))
    for cert, end in ((expired, -1), (foreign, 5), (misnamed, 5)):
        with serving(cert) as url:
            bad, borne = one(url, ca=ca), one(url, ca=ca, insecure=True, text="SIMPEG")
        at = (now + timedelta(end)).timestamp()
        assert bad == {
            "success": 0, "cause": Cause.TLS, "certificate_ok": 0, "certificate_not_after_timestamp_seconds": at,
        }  # fmt: skip
        assert (borne["success"], borne["certificate_ok"], borne["status_code"]) == (1, 0, 200)


def test_the_page_of_a_captive_portal_is_not_up() -> None:
    with serving() as url:
        assert one(f"{url}/portal", text="SIMPEG")["cause"] == Cause.CONTENT
        assert one(f"{url}/portal", header={"Server-Name": "simpeg"})["cause"] == Cause.CONTENT
        assert one(f"{url}/to-portal", text="SIMPEG", follow=3)["cause"] == Cause.CONTENT
        assert one(f"{url}/to-portal", text="SIMPEG")["cause"] == Cause.STATUS
        assert one(url, text="SIMPEG", header={"server-name": "simpeg"})["success"] == 1


def test_a_portal_in_place_of_a_proven_service_is_not_up(ca: Path) -> None:
    with serving(trustme.CA().issue_cert("localhost")) as url:
        fields = one(f"{url}/portal", ca=ca)
    assert (fields["success"], fields["cause"], fields["certificate_ok"]) == (0, Cause.TLS, 0)
    with serving() as url:
        fields = one(url.replace("http:", "https:"), ca=ca)
    assert (fields["success"], fields["cause"]) == (0, Cause.TLS), "what speaks no TLS is no https"


def test_redirects_are_followed_only_when_told_and_never_out_of_tls(authority: trustme.CA, ca: Path) -> None:
    with serving(authority.issue_cert("localhost")) as url:
        assert one(f"{url}/to-login?a=b", ca=ca)["cause"] == Cause.STATUS
        assert one(f"{url}/to-login", ca=ca, status=(302,))["success"] == 1
        assert one(f"{url}/to-login", ca=ca, follow=1)["success"] == 1
        assert one(f"{url}/circle", ca=ca, follow=5)["cause"] == Cause.STATUS
        for page in ("to-clear", "nonsense", "to-portal"):
            assert one(f"{url}/{page}", ca=ca, follow=5)["cause"] == Cause.CONTENT


def test_another_status_is_a_failure_with_its_number(authority: trustme.CA, ca: Path) -> None:
    with serving(authority.issue_cert("localhost")) as url:
        fields = one(f"{url}/error", ca=ca)
        assert (fields["success"], fields["cause"], fields["status_code"]) == (0, Cause.STATUS, 500)
        assert one(f"{url}/error", ca=ca, status=(200, 500))["success"] == 1


def test_only_the_beginning_of_a_large_page_is_read(authority: trustme.CA, ca: Path) -> None:
    with serving(authority.issue_cert("localhost")) as url:
        assert one(f"{url}/large", ca=ca)["success"] == 1
        assert one(f"{url}/large", ca=ca, text="SIMPEG")["cause"] == Cause.CONTENT


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving() as url:
        assert one(url, text="SIMPEG")["success"] == 1


Say = Callable[[Callable[[bytes], None]], None]


@contextlib.contextmanager
def saying(say: Say) -> Iterator[str]:
    """Serve what ``say`` sends, after the request has come; then close."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                self.request.recv(4096)
                say(self.request.sendall)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def drip(data: bytes) -> Say:
    def say(send: Callable[[bytes], None]) -> None:
        for i in range(len(data)):
            send(data[i : i + 1])
            time.sleep(0.1)

    return say


def endless(head: bytes, more: bytes) -> Say:
    def say(send: Callable[[bytes], None]) -> None:
        send(head)
        while True:
            send(more)

    return say


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
FAULTS: dict[str, tuple[Say, Cause]] = {
    "hangs": (lambda send: time.sleep(2), Cause.TIMEOUT),
    "drips its headers": (drip(OK + b"X: " + bytes(300)), Cause.TIMEOUT),
    "drips its page": (drip(OK + b"Content-Length: 300\r\n\r\n" + bytes(300)), Cause.TIMEOUT),
    "closes at once": (lambda send: None, Cause.BROKEN),
    "closes in the headers": (lambda send: send(OK + b"Content-Le"), Cause.BROKEN),
    "closes in the page": (lambda send: send(OK + b"Content-Length: 99\r\n\r\n" + TRUE), Cause.BROKEN),
    "closes in a chunk": (lambda send: send(CHUNKED + b"40\r\n" + TRUE), Cause.BROKEN),
    "has a chunk of no size": (endless(CHUNKED + b"-1\r\n", TRUE * 999), Cause.BROKEN),
    "is no http": (lambda send: send(b"SSH-2.0-OpenSSH_9.2\r\n"), Cause.BROKEN),
    "continues for ever": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999), Cause.BROKEN),
    "has headers for ever": (endless(OK, b"A: b\r\n" * 999), Cause.BROKEN),
    "has a line for ever": (endless(OK, b"A" * 9999), Cause.BROKEN),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_server_that(what: str) -> None:
    say, cause = FAULTS[what]
    begun = time.monotonic()
    with saying(say) as url:
        fields = one(url, text="SIMPEG", timeout=0.8 if cause is Cause.TIMEOUT else 8.0)
    assert (fields["success"], fields["cause"]) == (0, cause)
    assert time.monotonic() - begun < (2 if cause is Cause.TIMEOUT else 8)


def test_nobody_listens_and_no_authority_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as url:
        pass
    assert one(url, text="SIMPEG") == {"success": 0, "cause": Cause.REFUSED}
    (tmp_path / "none.pem").write_text("nothing\n")
    with pytest.raises(ProbeError, match=r"x: ca = .*none.pem' cannot be read as PEM"):
        one("https://localhost:1", ca=tmp_path / "none.pem")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    with pytest.raises(ProbeError, match="install ca-certificates, or set ca"):
        one("https://localhost:1")


def test_the_machines_own_authorities_are_trusted_from_a_folder_or_a_file(
    authority: trustme.CA, ca: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "folder"))
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    with serving(authority.issue_cert("localhost")) as url:
        assert one(url)["success"] == 1, "a folder without names that OpenSSL would look for is none"
        (tmp_path / "folder" / "ca.pem").write_bytes(ca.read_bytes())
        subprocess.run(["openssl", "rehash", tmp_path / "folder"], check=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
        assert one(url)["success"] == 1


def test_no_octets_break_the_reader_of_certificates(authority: trustme.CA) -> None:
    der = ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())
    assert http._not_after(der) is not None
    for at in range(len(der)):
        http._not_after(der[:at])
        for octet in (0, 0x7F, 0x80, 0x84, 0xFF):
            http._not_after(der[:at] + bytes((octet,)) + der[at + 1 :])


@pytest.mark.parametrize(("text", "message"), [
    ('url = "ftp://a/"', r"url 'ftp://a/' is not http://HOST"),
    ('url = "https://"', "is not http://HOST"),
    ('url = "https://a/ b"', "is not http://HOST"),
    ('url = "https://u:rahasia@a/"', "a password does not belong into it"),
    ('url = "https://a:0/"', "url: port must be between 1 and 65535"),
    ('url = "http://a/"', "the page of a captive portal would pass; set text"),
    ('url = "https://a/"\ninsecure = true', "the page of a captive portal would pass; set text"),
    ('url = "https://a/"\nstatus = []', "status is empty"),
    ('url = "https://a/"\nfollow = 6', "follow must be between 0 and 5"),
])  # fmt: skip
def test_a_mistake_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        loads(Config, f'[[target]]\nname = "x"\n{text}', source="test")
    assert "rahasia" not in str(caught.value)

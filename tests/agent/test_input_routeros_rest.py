"""Limits by RouterOS's REST API. No RouterOS is here: the replies are written as its documentation shows them."""

from __future__ import annotations

import base64
import contextlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import routeros_rest
from agent.inputs.routeros_rest import Config, RouterError, rate
from agent.reading import Reading, decode, encode
from agent.source import Env

CASES = Path(__file__).parent.parent / "cases" / "routeros"
SIMPLE, TREE = ((CASES / f"queue-{kind}.json").read_bytes() for kind in ("simple", "tree"))
LOGIN = b"Basic " + base64.b64encode("nadi:rahasia é".encode())


class Router(BaseHTTPRequestHandler):
    """Answers the two questions with what the server was given."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Written)
        body = server.replies[self.path.partition("?")[0]]
        known = self.headers["Authorization"].encode() == LOGIN
        with contextlib.suppress(OSError):
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


class Written(ThreadingHTTPServer):
    """A stand-in for the router's www-ssl."""

    daemon_threads = True
    replies: dict[str, bytes]

    def handle_error(self, request: object, client_address: object) -> None:
        return


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Written]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = Written(("127.0.0.1", 0), Router)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.replies = {"/rest/queue/simple": SIMPLE, "/rest/queue/tree": TREE}
    (tmp_path / "password").write_text("rahasia é\n")
    (tmp_path / "password").chmod(0o600)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def asked(server: Written, folder: Path, **more: object) -> tuple[list[Reading], str]:
    given = {"password_file": folder / "password", "ca": folder / "ca.pem", "username": "nadi", **more}
    config = Config("127.0.0.1", port=server.server_address[1], timeout=5, **given)  # type: ignore[arg-type]
    clock = SystemClock()
    found: list[Reading] = []
    try:
        for item in routeros_rest.collect(config, Env("r1", look(clock), clock)):
            found.append(item)
    except RouterError as error:
        return found, str(error)
    finally:
        assert decode(encode(found)) == (found, [])
    return found, ""


def test_written_replies_give_the_limit_of_each_queue_from_and_to_its_target(router: Written, tmp_path: Path) -> None:
    found, trouble = asked(router, tmp_path)
    told = {item.tags[1]: dict(item.fields) for item in found}
    assert trouble == ""
    assert told["queue", "opd bpkad"] == _both(20_000_000, 50_000_000)
    assert told["queue", "opd dinkes"] == _both(10_000_000, 20_000_000)
    assert told["queue", "kecil"] == _both(512_000, 1_500_000)
    assert told["queue", "tanpa batas"] == _both(0, 0)
    assert told["queue", "mati"] == {"present": 0}
    assert told["tree", "turun"] == {"present": 1, "bits_per_second": 50_000_000}
    assert told["tree", "naik"] == {"present": 1, "bits_per_second": 20_000_000}


def _both(receive: int, transmit: int) -> dict[str, int]:
    return {"present": 1, "receive_bits_per_second": receive, "transmit_bits_per_second": transmit}


@pytest.mark.parametrize(
    ("text", "value"),
    [("10M", 10**7), ("1.5M", 1_500_000), ("2G", 2 * 10**9), ("64k", 64_000), ("0", 0), ("7", 7)],
)
def test_rates_are_decimal(text: str, value: int) -> None:
    assert rate(text) == value


@pytest.mark.parametrize(
    "text", ["", "M", "-1", "1.2", "10m", "10 M", "10Mbps", "unlimited", "1e3", "9" * 15 + "G", "٣"]
)
def test_what_is_no_rate_is_unknown_and_never_no_limit(text: str) -> None:
    assert rate(text) is None


def test_a_written_reply_with_one_bad_queue_loses_only_that_one(router: Written, tmp_path: Path) -> None:
    bad = b'[{"name":"a","disabled":"false","max-limit":"cepat"},{"name":"b","disabled":"false","max-limit":"1M"},'
    bad += b'{"name":"c\\n","disabled":"false","max-limit":"1M"},{"name":"d","max-limit":"1M"}]'
    router.replies["/rest/queue/tree"] = bad
    found, trouble = asked(router, tmp_path)
    assert [item.tag("tree") for item in found if item.tags[1][0] == "tree"] == ["b"]
    assert all(f"tree queue '{name}" in trouble for name in ("a", "c", "d"))


@pytest.mark.parametrize("body", [b"{}", b"[1]", b"[" * 100_000, b"<html>", b"[" + b" " * (4 << 20) + b"]"])
def test_a_written_reply_that_is_no_list_of_queues_gives_nothing_of_its_kind(
    router: Written, tmp_path: Path, body: bytes
) -> None:
    router.replies["/rest/queue/simple"] = body
    found, trouble = asked(router, tmp_path)
    assert {item.tags[1][0] for item in found} == {"tree"}
    assert "/rest/queue/simple" in trouble


def test_a_wrong_password_a_strange_certificate_and_an_open_file_are_told_without_the_password(
    router: Written, tmp_path: Path
) -> None:
    assert "refused (401)" in asked(router, tmp_path, username="lain")[1]
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    assert "TLS failed" in asked(router, tmp_path, ca=tmp_path / "other.pem")[1]
    assert "cannot be read as PEM" in asked(router, tmp_path, ca=tmp_path / "none.pem")[1]
    (tmp_path / "password").chmod(0o644)
    found, trouble = asked(router, tmp_path)
    assert (found, "chmod 600" in trouble, "rahasia" in trouble) == ([], True, False)


def test_a_router_that_is_not_there_is_an_error_that_names_it(router: Written, tmp_path: Path) -> None:
    router.shutdown()
    router.server_close()
    found, trouble = asked(router, tmp_path)
    assert found == []
    assert f"127.0.0.1:{router.server_address[1]} /rest/queue/simple" in trouble

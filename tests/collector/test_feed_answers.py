"""What the feed makes of answers that no real server here gives on request: a stand-in gives them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from collector.feeds.settings import FeedFault
from tests.collector.feed_place import Centre, centre, drain, until

Script = list[tuple[int, dict[str, str]]]


@dataclass
class StandIn:
    """Answers writes as its script says, then 204; ``bad`` is answered 400 wherever it stands in a body."""

    port: int
    script: Script = field(default_factory=list)
    bad: bytes = b"\0"
    most: int = 1 << 30
    heads: list[dict[str, str]] = field(default_factory=list)
    stored: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[bytes]:
        return [line for body in self.stored for line in body.splitlines() if b",interface=ether1 receive" in line]

    def answer(self, body: bytes) -> tuple[int, dict[str, str]]:
        if self.script:
            return self.script.pop(0)
        if len(body) > self.most:
            return 413, {}
        if self.bad in body:
            return 400, {}
        self.stored.append(body)
        return 204, {}


@contextmanager
def stand_in() -> Iterator[StandIn]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            played.heads.append(dict(self.headers))
            status, headers = played.answer(body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played = StandIn(httpd.server_address[1])
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        yield played
    finally:
        httpd.shutdown()
        httpd.server_close()


@pytest.fixture
def peer() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


@pytest.mark.parametrize("status", [500, 503, 429, 401, 302])
def test_the_cursor_stays_while_a_stand_in_server_answers_anything_but_2xx(
    place: Centre, peer: StandIn, status: int
) -> None:
    with place.feed(peer.url) as feed:
        drain(feed)
        peer.stored.clear()
        place.take([0])
        peer.script[:] = [(status, {"Location": "/elsewhere"})]
        with pytest.raises(FeedFault, match=str(status)):
            feed.step()
        assert (feed.cursor.sent.entry, peer.lines) == (0, [])
        drain(feed)
        assert (feed.cursor.sent.entry, len(peer.lines)) == (1, 1)


def test_a_stand_in_server_that_asks_for_a_pause_is_left_alone_for_so_long(place: Centre, peer: StandIn) -> None:
    with place.feed(peer.url) as feed:
        peer.script[:] = [(429, {"Retry-After": "2"})]
        feed.start()
        place.take([0])
        until(lambda: peer.heads)
        first = len(peer.heads)
        threading.Event().wait(1.5)
        assert (first, len(peer.heads)) == (1, 1)
        until(lambda: peer.lines)
        assert feed.fact.errors == 1


def test_lines_that_a_stand_in_server_refuses_are_found_counted_and_the_others_stored(
    place: Centre, peer: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    with place.feed(peer.url) as feed:
        place.until(100)
        place.take(range(100))
        peer.bad = b"receive_bytes_total=1005000000u"  # the 41st
        drain(feed)
        assert (len(peer.lines), feed.fact.errors) == (99, 1)
        assert feed.cursor.sent.entry == 1
    assert "1005000000u" in caplog.text


def test_a_stand_in_server_that_refuses_everything_loses_nothing(place: Centre, peer: StandIn) -> None:
    with place.feed(peer.url) as feed:
        drain(feed)
        place.until(100)
        place.take(range(100))
        peer.bad = b"nadi_interface,"
        with pytest.raises(FeedFault, match="too much is refused"):
            feed.step()
        assert feed.cursor.sent.entry == 0
        peer.bad = b"\0"
        drain(feed)
        assert len(set(peer.lines)) == 100


def test_a_body_that_is_too_large_for_a_stand_in_server_is_halved(place: Centre, peer: StandIn) -> None:
    with place.feed(peer.url) as feed:
        place.until(500)
        place.take(range(500))
        peer.most = 10_000
        drain(feed)
        assert len(peer.lines) == 500
        assert feed.fact.errors == 0


def test_the_token_goes_to_the_server_and_into_no_log(
    place: Centre, peer: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "token"
    secret.write_text("hush-hush-hush\n")
    secret.chmod(0o600)
    caplog.set_level("DEBUG")
    peer.script[:] = [(500, {})]
    with place.feed(peer.url, token=secret) as feed:
        feed.start()
        until(lambda: peer.stored)
    assert peer.heads[-1]["Authorization"] == "Bearer hush-hush-hush"
    assert "trying again" in caplog.text
    assert "hush" not in caplog.text

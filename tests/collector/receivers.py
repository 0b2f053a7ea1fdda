"""Receivers of notifications on loopback: a web server and a small SMTP server."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Post:
    """What a receiver took; ``status`` is what a web server answers."""

    port: int
    taken: list[str] = field(default_factory=list)
    status: int = 200
    url: str = ""


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def web_server(pick: Callable[[str, Any], str]) -> Iterator[Post]:
    """Take JSON by POST; of each path and document ``pick`` says what is kept."""

    class Take(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            post.taken.append(pick(self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            body = b'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"}}}'
            self.send_response(post.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Take)
    post = Post(server.server_port)
    with _serving(server):
        yield post


@contextmanager
def mail_server() -> Iterator[Post]:
    """Take mail as RFC 5321 has it, without extensions."""

    class Take(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 surel.contoh\r\n")
            while line := self.rfile.readline().strip().upper():
                if line == b"DATA":
                    self.wfile.write(b"354 go\r\n")
                    post.taken.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                self.wfile.write(b"221 bye\r\n" if line == b"QUIT" else b"250 ok\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Take)
    server.daemon_threads = True
    post = Post(server.server_address[1])
    with _serving(server):
        yield post

"""A small collector that speaks the real contract over real HTTP(S), and can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from agent.envelope import CLOCK_HEADER, Envelope, Receipt, Verdict, split, write_receipts
from agent.identity import Key, enrolment_proof, verify


class Sink:
    """Keeps envelopes by (run, seq) with a chain head; ``script`` holds what the next answers are to be instead."""

    def __init__(self, agent_public: bytes, *, tls: ssl.SSLContext | None = None) -> None:
        self.key = Key(b"\x07" * 32)
        self.agent_public = agent_public
        self.kept: dict[tuple[str, int], Envelope] = {}
        self.order: list[tuple[str, int]] = []
        self.journal = "journal-1"
        self.head = "0" * 64
        self.script: deque[str] = deque()
        self.posts: list[tuple[float, int]] = []
        self.clocks: list[str] = []
        self.connections = 0
        self.verdict: Callable[[Envelope], tuple[Verdict, str] | None] = lambda envelope: None
        self.refused = b""
        self.date = ""
        self.other_hash = False
        self.token = "s3cret-token"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://{'127.0.0.1' if tls is None else 'localhost'}:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def restore(self, length: int, *, journal: str | None = None) -> None:
        """Go back to an older state, as a restored backup does."""
        for name in self.order[length:]:
            del self.kept[name]
        del self.order[length:]
        self.journal = journal or self.journal

    def receive(self, body: bytes, clock: str) -> bytes:
        self.posts.append((time.monotonic(), len(body)))
        self.clocks.append(clock)
        return write_receipts([self._judge(envelope) for envelope in split(body)], self.key.sign)

    def _judge(self, envelope: Envelope) -> Receipt:
        assert envelope.is_whole()
        assert envelope.is_signed_by(self.agent_public)
        header = envelope.header
        name = (header.run, header.seq)
        told = self.verdict(envelope)
        verdict: Verdict
        verdict, reason = told or ("stored", "")
        if told is None and name in self.kept:
            same = self.kept[name].header.sha256 == header.sha256
            verdict, reason = ("duplicate", "") if same else ("quarantined", "fork")
        elif told is None:
            self.kept[name] = envelope
            self.order.append(name)
            self.head = hashlib.sha256(f"{self.head}{name}".encode()).hexdigest()
        length = self.order.index(name) + 1 if verdict == "duplicate" else len(self.order)
        return Receipt(
            run=header.run,
            seq=header.seq,
            sha256="0" * 64 if self.other_hash else header.sha256,
            verdict=verdict,
            reason=reason,
            rejected=(),
            journal=self.journal,
            length=length,
            head=self.head,
        )

    def enrol(self, body: bytes) -> tuple[int, bytes]:
        table = json.loads(body)
        public, proof = base64.b64decode(table["public_key"]), base64.b64decode(table["proof"])
        if table["token"] != self.token:
            return 403, json.dumps({"code": "refused", "message": "the token is unknown or used"}).encode()
        assert verify(public, enrolment_proof(table["token"], table["agent"], public), proof)
        self.agent_public = public
        key = base64.b64encode(self.key.public).decode()
        return 200, json.dumps({"collector_key": key, "journal": self.journal, "ca": None}).encode()


def _handler(sink: Sink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            sink.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            act, _, detail = (sink.script.popleft() if sink.script else "ok").partition(":")
            if self.path == "/api/v1/enrol":
                status, answer = sink.enrol(body)
                self.answer(status, answer)
            elif sink.refused and sink.refused in body:
                self.answer(400, b'{"code":"invalid"}')
            elif act == "portal":
                self.answer(200, b"<html>Selamat datang di WiFi tamu</html>")
            elif act == "busy":
                self.answer(503, b"{}", {"Retry-After": detail})
            elif act == "status":
                self.answer(int(detail), b'{"code":"invalid"}')
            elif act == "silent":
                time.sleep(float(detail))
                self.close_connection = True
            else:
                sink.other_hash = act == "other"
                self.judged(act, sink.receive(body, self.headers[CLOCK_HEADER]))

        def judged(self, act: str, answer: bytes) -> None:
            if act == "lost":
                self.close_connection = True
            elif act == "cut":
                self.answer(200, answer[: len(answer) // 2], {"Content-Length": str(len(answer))})
                self.close_connection = True
            elif act == "forged":
                self.answer(200, answer.partition(b"\n")[0] + b"\n" + base64.b64encode(b"x" * 64))
            else:
                self.answer(200, answer)

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return sink.date or super().date_time_string()

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler

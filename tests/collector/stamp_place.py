"""A time-stamp authority for tests: OpenSSL's (``openssl ts -reply``) behind a small HTTP server."""

from __future__ import annotations

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_OPENSSL = """
[tsa]
default_tsa = it
[it]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[usage]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
authorityKeyIdentifier = keyid
"""


def _run(folder: Path, *command: str) -> None:
    subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)


@dataclass
class StampAuthority:
    """One authority; ``answer`` is what it says instead of its own (status, body), ``last`` what it said last."""

    folder: Path
    answer: tuple[int, bytes] | None = None
    asked: int = 0
    last: bytes = b""
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def root(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tsr"

    def make(self, *, digests: str = "sha256") -> None:
        """Make the keys and certificates; it stamps hashes made by ``digests`` alone."""
        self.folder.mkdir()
        (self.folder / "openssl.cnf").write_text(_OPENSSL.replace("digests = sha256", f"digests = {digests}"))
        (self.folder / "serial").write_text("01\n")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        ca = ("-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Induk Stempel Waktu", "-days", "900")
        _run(self.folder, "req", "-x509", *key, *ca)
        rsa = ("-newkey", "rsa:2048", "-nodes")  # its signatures are all of one length
        _run(self.folder, "req", *rsa, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Stempel Waktu Contoh")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.pem", "-days", "900")
        _run(self.folder, "x509", "-req", "-in", "tsa.csr", *signed, "-extfile", "openssl.cnf", "-extensions", "usage")

    def reply(self, question: bytes) -> tuple[int, bytes]:
        with self._lock:
            self.asked += 1
            if self.answer is not None:
                return self.answer
            (self.folder / "q.tsq").write_bytes(question)
            files = ("-queryfile", "q.tsq", "-out", "a.tsr")
            _run(self.folder, "ts", "-reply", "-config", "openssl.cnf", "-section", "it", *files)
            self.last = (self.folder / "a.tsr").read_bytes()
            return 200, self.last


@contextmanager
def serving(authority: StampAuthority) -> Iterator[None]:
    """Let an authority answer on a port of its own."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", authority.port), Answer)
    authority.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

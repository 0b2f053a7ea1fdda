"""A small mail server on loopback with STARTTLS and a login, which keeps what it is given: no real one is at hand."""

from __future__ import annotations

import base64
import email
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import trustme

REFUSED = "penuh@contoh.example"


class MailPlace(socketserver.ThreadingTCPServer):
    """The server; ``received`` are the messages, ``logins`` the accounts that showed the password."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, folder: Path, *, password: str, tls: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        authority = trustme.CA()
        self.authorities = folder / "mail-ca.pem"
        authority.cert_pem.write_to_path(str(self.authorities))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)
        self.password, self.tls = password, tls
        self.received: list[EmailMessage] = []
        self.logins: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: MailPlace
    secure = False

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 contoh ESMTP")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "QUIT":
                self.say("221 selamat jalan")
                return
            getattr(self, f"on_{verb.lower()}", self.on_other)(line)

    def finish(self) -> None:
        super().finish()
        self.request.close()  # the server closes the socket below TLS only

    def on_other(self, _line: str) -> None:
        self.say("250 ok")

    def on_ehlo(self, _line: str) -> None:
        extra = "AUTH PLAIN" if self.secure else "STARTTLS"
        self.say(f"250-contoh\r\n250 {extra if self.server.tls or self.secure else 'SIZE 99999999'}")

    def on_star(self, _line: str) -> None:
        self.say("220 mulai")
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        self.secure = True

    def on_auth(self, line: str) -> None:
        _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
        fits = self.secure and password == self.server.password
        self.server.logins += [user] if fits else []
        self.say("235 masuk" if fits else "535 sandi salah")

    def on_rcpt(self, line: str) -> None:
        self.say("552 kotak surat penuh" if REFUSED in line else "250 ok")

    def on_data(self, _line: str) -> None:
        self.say("354 silakan")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=default)
        assert isinstance(message, EmailMessage)
        self.server.received.append(message)
        self.say("250 diterima")


@contextmanager
def mail_place(folder: Path, *, password: str, tls: bool = True) -> Iterator[MailPlace]:
    """Run the server."""
    with MailPlace(folder, password=password, tls=tls) as place:
        thread = threading.Thread(target=place.serve_forever, daemon=True)
        thread.start()
        try:
            yield place
        finally:
            place.shutdown()
            thread.join()

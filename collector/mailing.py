"""A report by e-mail: over TLS or not at all, one message a recipient, so that each has an answer of its own.

The account stands in a TOML file which only its owner may read; its password is in no log, error or argument.
"""

from __future__ import annotations

import io
import re
import smtplib
import ssl
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Final, Literal

from agent.config import ConfigError, loads
from agent.secret import read

TIMEOUT_S: Final = 60
MOST_RECIPIENTS: Final = 20
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in: ``security`` starttls (587) or tls (465); ``authorities`` is a PEM file of its CA."""

    host: str
    sender: str
    port: int = 587
    security: Literal["starttls", "tls"] = "starttls"
    user: str = ""
    password: str = ""
    authorities: str = ""

    def __post_init__(self) -> None:
        if ADDRESS.fullmatch(self.sender) is None:
            raise ValueError("sender must be an e-mail address")
        if not 0 < self.port < 65536:
            raise ValueError("port must be between 1 and 65535")

    def __repr__(self) -> str:
        """Leave the password out of every traceback."""
        return f"MailServer({self.host}:{self.port}, {self.sender})"


def read_server(file: Path) -> MailServer:
    """Read the account; ConfigError, also when others may read the file."""
    return loads(MailServer, read(file.absolute()), source=str(file))


def message(
    *, sender: str, recipient: str, subject: str, text: str, at: datetime, pdf: Path, files: Mapping[str, bytes]
) -> EmailMessage:
    """Return the message with the PDF and, in one ZIP, every file that verification needs."""
    if ADDRESS.fullmatch(recipient) is None:
        raise ConfigError(f"{recipient!r} is not an e-mail address")
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, recipient, subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    made.set_content(text)
    made.add_attachment(pdf.read_bytes(), maintype="application", subtype="pdf", filename=pdf.name)
    made.add_attachment(_packed(files), maintype="application", subtype="zip", filename=f"{pdf.stem}-berkas.zip")
    return made


def _packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def deliver(server: MailServer, made: EmailMessage) -> str:
    """Hand one message in; return "" once the server has taken it, else why it did not."""
    try:
        context = ssl.create_default_context(cafile=server.authorities or None)
        with _connected(server, context) as session:
            if server.user:
                session.login(server.user, server.password)
            session.send_message(made)
    except smtplib.SMTPAuthenticationError as error:
        return f"{server.host} refused the account (code {error.smtp_code})"
    except smtplib.SMTPRecipientsRefused as error:
        return "; ".join(f"{who}: {code} {_text(told)}" for who, (code, told) in error.recipients.items())
    except smtplib.SMTPResponseException as error:
        return f"{server.host}: {error.smtp_code} {_text(error.smtp_error)}"
    except (smtplib.SMTPException, OSError) as error:  # a certificate that does not fit is an OSError
        return f"{server.host}:{server.port}: {error}"
    return ""


def _connected(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    session = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        session.starttls(context=context)
    except (smtplib.SMTPException, OSError):
        session.close()
        raise
    return session


def _text(told: bytes | str) -> str:
    return (told if isinstance(told, str) else told.decode("utf-8", "replace"))[:200]

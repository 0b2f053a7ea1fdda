"""Where the register is kept: a file in the data folder, or a PostgreSQL of several collectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from agent.config import ConfigError
from agent.secret import read
from collector.web.listen import is_loopback

_VERIFIED = ("verify-ca", "verify-full")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterSettings:
    """The register's database; without ``url`` it is the file ``register.db`` in the data folder.

    ``url`` is ``postgresql://USER@HOST/DATABASE?sslmode=verify-full`` or, by a socket of this machine,
    ``postgresql://USER@/DATABASE?host=/run/postgresql``. ``password`` is a file of mode 0600, or a bare name of
    systemd's LoadCredential=; it never stands in the URL.
    """

    url: str = ""
    password: Path | None = None

    def __post_init__(self) -> None:
        if self.url:
            _check_url(self.url)
        elif self.password is not None:
            raise ValueError("password is of no use without url")

    def secret(self) -> str:
        """Read the password, "" where none is set; raise ConfigError."""
        if self.password is None:
            return ""
        text = read(self.password).removesuffix("\n")
        if not text or not text.isprintable():
            raise ConfigError(f"{self.password}: must hold the password of [register] on one line and nothing else")
        return text


def _check_url(url: str) -> None:
    """Refuse what is no PostgreSQL, holds a password, or would send one unprotected; none of it is shown."""
    try:
        parts = urlsplit(url)
        options, host, _ = parse_qs(parts.query), parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("url cannot be read; it is of the form postgresql://USER@HOST/DATABASE") from None
    if parts.scheme != "postgresql" or not parts.path.strip("/") or not parts.username:
        raise ValueError("url must be of the form postgresql://USER@HOST/DATABASE")
    if parts.password is not None or "password" in options:
        raise ValueError("url holds a password; put it into a file of mode 0600 and name that in password")
    host = options.get("host", [host])[0]
    nearby = not host or host.startswith("/") or is_loopback(host)
    if not nearby and options.get("sslmode", [""])[0] not in _VERIFIED:
        raise ValueError(f"{host} is another machine; add ?sslmode=verify-full (and sslrootcert=FILE) to url")

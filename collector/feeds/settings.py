"""Where the feed goes and how fast, and its token, from a file that only the collector's user may read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from agent.config import ConfigError
from agent.secret import read
from collector.web.listen import is_loopback

Kind = Literal["victoriametrics", "influxdb"]
_MAX_TOKEN = 4096


class FeedFault(Exception):
    """Why the feed cannot go on now: its file, or its server; the message names it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedSettings:
    """The time-series server to forward to; without ``url`` there is no feed.

    ``url`` takes the InfluxDB 2 write API (a cluster's vminsert: ``https://HOST:8480/insert/0/influx``), ``read_url``
    answers what is read back ("": the same; vmselect: ``https://HOST:8481/select/0/prometheus``). ``token`` is a file
    of mode 0600, or a bare name of systemd's LoadCredential=. ``settle_minutes`` is the age at which a closed bin is
    forwarded, ``samples_per_second`` the pace that is never passed.
    """

    url: str = ""
    server: Kind = "victoriametrics"
    read_url: str = ""
    org: str = "nadi"
    bucket: str = "nadi"
    token: Path | None = None
    ca: Path | None = None
    settle_minutes: int = 15
    samples_per_second: int = 20_000
    timeout_seconds: int = 10

    def __post_init__(self) -> None:
        for name, url in (("url", self.url), ("read_url", self.read_url)):
            if url:
                _check_url(name, url)
        for name, value, low, high in (
            ("settle_minutes", self.settle_minutes, 15, 1440),
            ("samples_per_second", self.samples_per_second, 100, 1_000_000),
            ("timeout_seconds", self.timeout_seconds, 1, 120),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} is not between {low} and {high}")
        if self.url and not (self.org and self.bucket):
            raise ValueError("org and bucket must be named (VictoriaMetrics ignores them)")

    @property
    def target(self) -> str:
        """What the cursor belongs to: another server, organisation or bucket begins anew."""
        return f"{self.server} {self.url.rstrip('/')} {self.org}/{self.bucket}"

    def secret(self) -> str:
        """Read the token, "" where none is set; raise ConfigError."""
        return _secret(self.token) if self.token else ""


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"{name} {url!r} cannot be read: {error}") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{name} {url!r} is not of the form https://HOST:8428")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(
            f"{name} {url!r}: plain http goes to this machine only; use https, by a proxy before the server"
        )


def _secret(path: Path) -> str:
    """Read a token; what is wrong is told without it."""
    text = read(path).strip()
    if not text or len(text) > _MAX_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError(f"{path}: must hold the token of [feed] and nothing else")
    return text

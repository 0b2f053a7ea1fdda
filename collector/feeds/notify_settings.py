"""What Nadi tells by itself, to whom, how often. The channels' URLs hold passwords and stand in a file of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from agent.config import ConfigError
from agent.secret import read

Kind = Literal["opd", "hulu", "tautan", "ups", "server", "temuan", "tenggat"]
"""Classes of event: OPD, uplink, link, UPS, protection of a server, finding, overdue duty."""

KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_CHANNELS = 8
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")


@dataclass(frozen=True, slots=True)
class Channel:
    """One receiver: its name, which may be shown, and its Apprise URL, which may not."""

    name: str
    url: str

    def __repr__(self) -> str:
        return f"Channel({self.name!r})"


@dataclass(frozen=True, kw_only=True, slots=True)
class NotifySettings:
    """Nadi's own notifications; without ``urls`` there are none.

    ``urls`` is a file of mode 0600 (or a bare name of systemd's LoadCredential=), a channel a line: NAME URL.
    ``link`` is the address of Nadi's page that each message ends with. A state is told after it stood
    ``confirm_seconds``, silence after ``unknown_seconds``; what was told of within ``rest_seconds`` must stand so long.
    A channel gets a message a minute and ``per_hour`` an hour at most.
    """

    urls: Path | None = None
    link: str = ""
    kinds: tuple[Kind, ...] = ("opd", "hulu", "ups", "server", "temuan", "tenggat")
    confirm_seconds: int = 180
    unknown_seconds: int = 900
    rest_seconds: int = 600
    per_hour: int = 20
    timeout_seconds: int = 10

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("confirm_seconds", self.confirm_seconds, 0, 3600),
            ("unknown_seconds", self.unknown_seconds, 0, 86_400),
            ("rest_seconds", self.rest_seconds, 0, 86_400),
            ("per_hour", self.per_hour, 1, 60),
            ("timeout_seconds", self.timeout_seconds, 1, 60),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} is not between {low} and {high}")
        if self.link and (urlsplit(self.link).scheme not in ("http", "https") or len(self.link) > 200):
            raise ValueError("link is not the address of a page such as https://nadi.contoh.go.id/")

    def channels(self) -> tuple[Channel, ...]:
        """Read the channels; raise ConfigError, which never shows a URL."""
        return _channels(self.urls) if self.urls else ()


def _channels(path: Path) -> tuple[Channel, ...]:
    found: dict[str, Channel] = {}
    for number, line in enumerate(read(path).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, url = text.partition(" ")
        if not _NAME.fullmatch(name) or "://" not in url or name in found:
            raise ConfigError(f"{path}:{number}: write NAME URL, NAME of a-z, 0-9 and '-', each name once")
        found[name] = Channel(name, url.strip())
    if not 1 <= len(found) <= MOST_CHANNELS:
        raise ConfigError(f"{path}: {len(found)} channels; write 1 to {MOST_CHANNELS}, a line each: NAME URL")
    return tuple(found.values())

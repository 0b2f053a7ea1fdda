"""Where the collector listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the collector listens and how it is reached.

    Outside loopback it wants TLS (``certificate`` and ``key``, PEM files), or ``behind_proxy = true`` to say
    that a proxy in front does TLS; then nobody is an operator by address alone. ``ca`` (PEM) is what agents are
    told to pin when they enrol; without it they trust the system's authorities.
    """

    host: str = "127.0.0.1"
    port: int = 8470
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    behind_proxy: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not between 0 and 65535")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key are set together or not at all")
        if not is_loopback(self.host) and self.certificate is None and not self.behind_proxy:
            raise ValueError(
                f"{self.host} is not loopback and there is no TLS; set certificate and key, or behind_proxy = true"
                " where a proxy in front does TLS"
            )


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` (an address or a name, with or without brackets) is this machine itself."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

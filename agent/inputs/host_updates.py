"""Security updates that wait on this machine, as apt itself would install them (Debian, Ubuntu)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent import tool
from agent.clock import NS
from agent.config import between
from agent.reading import Reading, reading
from agent.source import Env

_APT = ("apt-get", "--simulate", "-o", "Debug::NoLocking=1", "dist-upgrade")
_TIMEOUT_S = 120.0
_DAY_S = 86_400
_INSTALL = re.compile(r"^Inst \S+ (?:\[[^\]]*\] )?\(\S+ (.*?)\[[^\]]*\]\)", re.MULTILINE)
_SECURITY = re.compile(r"-security\b")


class UpdatesError(Exception):
    """What would be counted is not known; the message names the mend."""


@dataclass(frozen=True, slots=True)
class Config:
    """Where apt keeps its lists, after how many days they are too old to tell, seconds between looks."""

    lists: Path = Path("/var/lib/apt/lists")
    lists_days: int = 10
    interval: int = 3600

    def __post_init__(self) -> None:
        between("interval", self.interval, 60, 86400)
        if self.lists_days < 1:
            raise ValueError(f"lists_days must be 1 or more, not {self.lists_days}")


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield how many wait; UpdatesError where apt's lists are so old that none waiting would mean nothing."""
    age_s = env.time_ns() / NS - _newest(config.lists)
    if age_s > config.lists_days * _DAY_S:
        days = int(age_s / _DAY_S)
        raise UpdatesError(
            f"{config.lists}: {days} days old; let apt-get update run daily, or renew a system out of support"
        )
    said = tool.checked(tool.run(_APT, timeout_s=_TIMEOUT_S), _APT).output.decode(errors="replace")
    yield reading("nadi_host", {"pending_security_updates": pending(said)}, env.time_ns(), host=env.device)


def _newest(folder: Path) -> float:
    """Return when the archive of security updates was last renewed, as the lists have it (Unix s); UpdatesError.

    apt gives each list the time that its server told, and these archives are renewed every few days at least.
    """
    times = [file.stat().st_mtime for file in folder.glob("*-security_*Release")]
    if not times:
        raise UpdatesError(
            f"{folder}: no list of security updates; name the archive in the sources, run apt-get update"
        )
    return max(times)


def pending(text: str) -> int:
    """Return how many packages a simulated upgrade would take from an archive of security updates."""
    return sum(_SECURITY.search(source) is not None for source in _INSTALL.findall(text))

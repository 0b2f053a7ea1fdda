"""Whether ports answer: the time of TCP's handshake with each target (without the look-up of its name)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from agent import probe
from agent.config import between
from agent.reading import Reading
from agent.source import Env


@dataclass(frozen=True, slots=True)
class Target:
    """One port: the tag ``target``, where it is, and how many seconds to wait for it and for its name."""

    name: str
    host: str
    port: int
    timeout: float = 5.0

    def __post_init__(self) -> None:
        probe.check_host(self.host)
        between("port", self.port, 1, 65535)
        between("timeout", self.timeout, 0.1, 60)


@dataclass(frozen=True, slots=True)
class Config:
    """The ports that are asked, all at each ``interval`` (seconds)."""

    target: tuple[Target, ...]
    interval: int = 60

    def __post_init__(self) -> None:
        probe.check(self.interval, self.target)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield a reading of each port."""
    yield from probe.readings("tcp", env, [(target.name, partial(_asked, target)) for target in config.target])


def _asked(target: Target) -> probe.Fields:
    deadline = time.monotonic() + target.timeout
    found = probe.places(target.host, target.port, deadline)
    sock, took = probe.connected(found, deadline)
    sock.close()
    return {"rtt_seconds": took}

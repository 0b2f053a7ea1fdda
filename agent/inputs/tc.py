"""The limit that Linux's traffic control sets on what leaves by an interface: tbf, or the only root class of an htb.

Read by ``tc`` of iproute2 (tc(8), tc-tbf(8), tc-htb(8)), which needs no right for it. What is shaped by anything else,
or by several classes side by side, has no one limit: such an interface is left out, and its limit stays unknown. tc
writes rates of 1 Mbit/s and above in whole kbit/s, rounded down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

from agent.config import between
from agent.reading import Reading, reading
from agent.source import Env
from agent.tool import ToolError, checked, run

_MOST = 4 << 20
_UNSHAPED = frozenset(
    ("noqueue", "pfifo_fast", "pfifo", "bfifo", "fq_codel", "fq", "codel", "sfq", "mq", "prio", "ingress")
)
"""Disciplines that order packets and hold nobody to a rate; ``ingress`` is of what comes in."""
_CLASS = re.compile(r"class htb (\S+) (root|parent \S+) .*?\brate ([0-9.]+)([KMGT]?)bit ceil ([0-9.]+)([KMGT]?)bit\b")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True, slots=True)
class Config:
    """Which interfaces are asked: names matched by shell patterns; ``interval`` and ``timeout`` (of tc) in seconds."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ("lo",)
    interval: int = 300
    timeout: float = 10.0
    tc: str = "tc"

    def __post_init__(self) -> None:
        between("interval", self.interval, 10, 900)
        between("timeout", self.timeout, 0.1, 60)

    def wants(self, name: str) -> bool:
        """Tell whether the interface ``name`` is asked."""
        return _matches(name, self.include) and not _matches(name, self.exclude)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield the limit of each interface that has one, or surely none (0); ToolError when tc fails."""
    text = _said(config, "-j", "qdisc", "show")
    try:
        rows = json.loads(text or "[]")
        roots = {str(row["dev"]): row for row in rows if row.get("root")}
        shaping = {row["dev"] for row in rows if row["kind"] not in _UNSHAPED}
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise ToolError(f"{config.tc} -j qdisc show: wrote no list of disciplines; update iproute2") from error
    for name, row in roots.items():
        if config.wants(name):
            limit = _limit(config, name, row) if name in shaping else 0
            if limit is not None:
                fields = {"present": 1, "transmit_bits_per_second": limit}
                yield reading("nadi_limit", fields, env.time_ns(), device=env.device, interface=name)


def _limit(config: Config, name: str, root: Mapping[str, Any]) -> int | None:
    """Return bit/s; None is unknown, also where only a part or a policer below the root may limit."""
    kind, options = root.get("kind"), root.get("options")
    if kind == "tbf" and isinstance(options, Mapping):
        octets = options.get("rate")
        return octets * 8 if isinstance(octets, int) and octets > 0 else None
    return ceiling(_said(config, "class", "show", "dev", name)) if kind == "htb" else None


def ceiling(classes: str) -> int | None:
    """Return the ceiling (bit/s) of the only root class that ``tc class show`` tells; None when it is not one."""
    found = [match for match in map(_CLASS.match, classes.splitlines()) if match and match[2] == "root"]
    if len(found) != 1:
        return None
    value = Fraction(found[0][5]) * _UNITS[found[0][6]]
    return int(value) if value.denominator == 1 and value > 0 else None


def _said(config: Config, *words: str) -> str:
    argv = (config.tc, *words)
    return checked(run(argv, timeout_s=config.timeout, most=_MOST), argv).output.decode(errors="replace")

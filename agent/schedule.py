"""When the next cycle begins."""

from __future__ import annotations

import hashlib

from agent.clock import NS, Moment


def until_next(now: Moment, begun_boot_ns: int, interval_ns: int, offset_ns: int = 0) -> int:
    """Return the ns until the next whole multiple of the interval on the wall clock, plus an offset.

    Cycles missed meanwhile are skipped. One that would begin right after the last (a wait that ended early, a first
    cycle just before the full interval) is skipped as well: it would measure over next to no time.
    """
    wait = interval_ns - (now.wall_ns - offset_ns) % interval_ns
    if now.boot_ns + wait - begun_boot_ns < min(NS, interval_ns // 2):
        wait += interval_ns
    return wait


def offset_of(name: str, interval_ns: int) -> int:
    """Return a place within the interval, in ns, that depends on the name alone: many names spread evenly."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % interval_ns

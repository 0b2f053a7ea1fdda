"""Read an interface's counters from /proc/net/dev some twenty times a second; run inside a namespace.

Prints ``boottime_ns_before boottime_ns_after receive transmit`` a line, until its input is closed or it is ended.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def counters(interface: str) -> tuple[int, int]:
    """Return octets received and sent since the interface was made."""
    for line in Path("/proc/self/net/dev").read_text(encoding="ascii").splitlines():
        name, colon, rest = line.partition(":")
        if colon and name.strip() == interface:
            words = rest.split()
            return int(words[0]), int(words[8])
    raise LookupError(f"no interface {interface}")


def main() -> None:
    """Sample the interface named on the command line."""
    while True:
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        receive, transmit = counters(sys.argv[1])
        print(before, time.clock_gettime_ns(time.CLOCK_BOOTTIME), receive, transmit, flush=True)
        time.sleep(0.05)


if __name__ == "__main__":
    main()

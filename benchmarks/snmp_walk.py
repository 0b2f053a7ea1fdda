"""Walks of 24 interfaces (265 varbinds) per CPU second beside other clients, and a poller of 500 devices.

The device is a responder in a process of its own whose counters move; only the client's user and system time counts.
Beside it: pysnmp, net-snmp's ``snmpbulkwalk`` (two processes a walk), a long-lived client in C on net-snmp's library
and snmp_exporter, where they are installed. The poller asks 500 devices (addresses of 127/8) each 60 s, compressed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.snmp.engine import Engine, Outcome
from agent.snmp.session import Community, Target, Walk
from agent.snmp.usm import UsmUser
from agent.snmp.walk import columns
from benchmarks._snmp_clients import CLIENTS, USER, cpu_s, in_child, lacking, responder
from tests.agent.snmp_agent import COLUMNS, UPTIME

SECONDS = 3.0
DEVICES = 500
INTERVAL_S = 60.0


@dataclass(frozen=True)
class Result:
    """Walks of one client per second of its CPU time; ``note`` says why there are none."""

    client: str
    version: str
    walks: int
    cpu_s: float
    note: str = ""

    @property
    def per_cpu_second(self) -> float:
        """Return walks per CPU second."""
        return self.walks / self.cpu_s if self.cpu_s else 0.0


@dataclass(frozen=True)
class Poller:
    """What polling 500 devices cost: share of a core at a poll each 60 s, MiB, seconds, counts."""

    version: str
    devices: int
    polls: int
    core_percent: float
    rss_mib: float
    lateness_p99_s: float
    lateness_max_s: float
    longest_poll_s: float
    false_timeouts: int
    retried: int


def compare(seconds: float) -> Iterator[Result]:
    """Measure each client in v2c and in v3."""
    for version, user in (("v2c", None), ("v3 authPriv SHA/AES", USER)):
        with responder(user) as port:
            for client, work in CLIENTS.items():
                note = lacking(client)
                walks, cpu = (0, 0.0) if note else in_child(work, port, user, seconds)
                yield Result(client, version, walks, cpu, note)


# The poller


def poll(port: int, user: UsmUser | None, seconds: float, factor: float) -> Poller:
    """Poll 500 devices, each once in 60 s divided by ``factor``, spread evenly."""
    interval = INTERVAL_S / factor
    late: list[float] = []
    outcomes: list[tuple[float, bool]] = []
    hosts = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(DEVICES)]
    targets = [Target(host=host, port=port, credential=user or Community("public")) for host in hosts]
    with Engine() as engine:
        first: list[tuple[float, bool]] = []
        for at in targets:
            engine.start(columns(at, COLUMNS, scalars=[UPTIME]), done=_keeper(first, time.monotonic()))
        while engine.busy:  # all at once: a burst must not look like dead devices
            engine.turn(1.0)
        assert not any(failed for _, failed in first)
        started, cpu, before = time.monotonic(), cpu_s(), engine.retried
        polls = 0
        while (now := time.monotonic() - started) < seconds or engine.busy:
            while now < seconds and polls / DEVICES * interval <= now:
                begun, due = time.monotonic(), started + polls / DEVICES * interval
                late.append(begun - due)
                keep = _keeper(outcomes, begun)
                engine.start(columns(targets[polls % DEVICES], COLUMNS, scalars=[UPTIME]), done=keep)
                polls += 1
            ahead = polls / DEVICES * interval - (time.monotonic() - started)
            engine.turn(max(min(ahead, 0.5), 0.0) if now < seconds else 0.5)
        spent = cpu_s() - cpu
        retried = engine.retried - before
        rss = _rss_mib()
    late.sort()
    return Poller(
        version="v2c" if user is None else "v3 authPriv SHA/AES",
        devices=DEVICES,
        polls=polls,
        core_percent=100 * spent / polls * DEVICES / INTERVAL_S,
        rss_mib=rss,
        lateness_p99_s=late[int(len(late) * 0.99)],
        lateness_max_s=late[-1],
        longest_poll_s=max(took for took, _ in outcomes),
        false_timeouts=sum(failed for _, failed in outcomes),
        retried=retried,
    )


def _keeper(outcomes: list[tuple[float, bool]], begun: float) -> Callable[[Outcome[Walk]], None]:
    """Keep how long a poll took and whether it failed; its values go, as they would to the spool."""
    return lambda outcome: outcomes.append((time.monotonic() - begun, outcome.error is not None))


def _rss_mib() -> float:
    """Return the most resident memory this process had (proc(5); getrusage counts what it was before exec, too)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> int:
    """Run everything, print the tables, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each client")
    parser.add_argument("--factor", type=float, default=6.0, help="how much faster than real time the poller goes")
    options = parser.parse_args()
    print(f"{'client':38} {'version':20} {'walks':>7} {'CPU s':>7} {'walks/CPU s':>12}")
    results = []
    for one in compare(options.seconds):
        results.append(one)
        figures = one.note or f"{one.walks:7} {one.cpu_s:7.2f} {one.per_cpu_second:12.0f}"
        print(f"{one.client:38} {one.version:20} {figures}", flush=True)
    pollers = []
    for user in (None, USER):
        with responder(user) as port:
            pollers.append(in_child(poll, port, user, 3 * INTERVAL_S / options.factor, options.factor))
        print(json.dumps(asdict(pollers[-1])), flush=True)
    if options.json:
        rows = [{**asdict(one), "walks_per_cpu_s": one.per_cpu_second} for one in results]
        options.json.write_text(json.dumps({"walks": rows, "pollers": [asdict(one) for one in pollers]}, indent=1))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())

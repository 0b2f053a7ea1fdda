"""VictoriaMetrics as the peer of the monthly evaluation: the same counters, asked by PromQL."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.clock import DAY_S, NS, WIB, Month
from collector.measure.counters import Int64s, Uint64s

PEER = "victoria-metrics"
MONTH = Month(2026, 9)
RATE = "(rate(octets[5m])*8)"
ONCE = (
    "quantile_over_time(0.95, RATE[30d:5m])",
    "avg_over_time(RATE[30d:5m])",
    "max_over_time(RATE[30d:5m])",
    "count_over_time(RATE[30d:5m])",
    "avg_over_time((RATE >= bool 47500000)[30d:5m])",
    "increase(octets[30d])",
)
SERIES = {"quantile_over_time(0.95, RATE[1d:5m])": DAY_S, "avg_over_time(RATE[1h:5m])": 3600}


@contextmanager
def peer(folder: Path) -> Iterator[tuple[int, str]]:
    """Run VictoriaMetrics on a free port; yield its process id and address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PEER, f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
    options = ["-search.maxPointsPerTimeseries=1000000", "-search.maxQueryDuration=600s", "-loggerLevel=ERROR"]
    process = subprocess.Popen([*command, *options, "-search.disableCache"])
    try:
        for _ in range(100):
            try:
                ask(f"http://127.0.0.1:{port}/health")
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def ask(url: str, body: bytes | None = None) -> bytes:
    """Send a request to the peer on loopback."""
    with urllib.request.urlopen(url, body, timeout=600) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


def cpu_seconds(pid: int) -> float:
    """Return user and system CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peer_cpu_seconds(folder: Path, counters: Iterable[tuple[str, Int64s, Uint64s]], opds: int) -> float:
    """Return the peer's CPU seconds for one of ``opds`` agencies: every question of ``ONCE`` and ``SERIES``."""
    with peer(folder) as (pid, address):
        count = 0
        for labels, time_ms, octets in counters:
            rows = zip(octets.tolist(), time_ms.tolist(), strict=True)
            body = "".join(f"octets{{{labels}}} {value} {at}\n" for value, at in rows)
            ask(f"{address}/api/v1/import/prometheus", body.encode())
            count += 1
        ask(f"{address}/internal/force_flush")
        ask(f"{address}/internal/force_merge")
        time.sleep(5)
        before = cpu_seconds(pid)
        start, end = MONTH.start_ns(WIB) // NS, MONTH.end_ns(WIB) // NS
        for query in ONCE:
            answered(address, "query", {"query": query.replace("RATE", RATE), "time": end}, count)
        for query, step in SERIES.items():
            over = {"query": query.replace("RATE", RATE), "start": start + step, "end": end, "step": step}
            answered(address, "query_range", over, count)
        return (cpu_seconds(pid) - before) / opds


def answered(address: str, kind: str, asked: dict[str, object], count: int) -> None:
    """Ask the peer one question and make sure that it answers for every counter."""
    found = json.loads(ask(f"{address}/api/v1/{kind}?{urllib.parse.urlencode(asked)}&nocache=1"))
    assert len(found["data"]["result"]) == count

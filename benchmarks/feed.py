"""The feed: samples per CPU second of the forwarding process, beside a plain influxdb-client writer.

The same readings (50 routers of 24 interfaces, 7 fields each) go to the same VictoriaMetrics: by the feed, from a
journal on disk with its cursor moving; by influxdb-client from points in memory (``Point`` objects, batching, as its
documentation shows); and by influxdb-client from line protocol that is ready in memory, which is the least a client
of that library can cost. Afterwards every sample is counted on the server.

``python -m benchmarks.feed [--json FILE] [--runs N]``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from influxdb_client import InfluxDBClient, Point, WriteOptions  # type: ignore[attr-defined]
from influxdb_client.client.write_api import SYNCHRONOUS

from agent.clock import NS, SystemClock
from benchmarks._victoria import ask, cpu_seconds, peer
from collector.config import Settings
from collector.feeds.feed import Feed
from collector.feeds.settings import FeedSettings
from collector.folder import Folder
from collector.ledger.journal import Entry, batch_key

DEVICES, INTERFACES, CYCLES = 50, 24, 120
FIELDS = (
    *("receive_bytes_total", "transmit_bytes_total", "receive_packets_total", "transmit_packets_total"),
    *("receive_errors_total", "transmit_errors_total"),
)
ANYBODY = "none"
SAMPLES = DEVICES * INTERFACES * CYCLES * (len(FIELDS) + 1)


def bodies(now_ns: int) -> Iterator[tuple[str, int, bytes]]:
    """Yield (device, time, lines) of every gather cycle, in order of time."""
    for cycle in range(CYCLES):
        stamp = now_ns - (CYCLES - cycle) * 10 * NS
        for device in range(DEVICES):
            lines = []
            for port in range(INTERFACES):
                fields = ",".join(f"{name}={10**9 * (i + port) + cycle * 54_321}u" for i, name in enumerate(FIELDS))
                lines.append(f"nadi_interface,device=rt-{device},interface=ether{port} {fields},up=1i {stamp}\n")
            yield f"rt-{device}", stamp, "".join(lines).encode()


def journaled(folder: Folder, now_ns: int) -> None:
    """Write every cycle into the journal as ingest would."""
    entries = []
    for seq, (device, stamp, body) in enumerate(bodies(now_ns)):
        packed = zlib.compress(body, 6)
        sha256 = hashlib.sha256(packed).digest()
        key = batch_key(device, "0" * 16, seq)
        times = (stamp, stamp, stamp + NS, 0, 0, stamp, stamp)
        entries.append(
            Entry(key, device, device, "0" * 16, seq, "b", *times, sha256, b"", bytes(64), packed),
        )
    for first in range(0, len(entries), 500):
        folder.journal.append(entries[first : first + 500])


def by_feed(url: str, now_ns: int) -> float:
    """Return the CPU seconds of the feed."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        settings = Settings(data=Path(place) / "data", zone="WIB")
        with Folder(settings, clock=SystemClock(), writer=True) as folder:
            target = FeedSettings(url=url, samples_per_second=1_000_000)
            feed = Feed(folder, target, moment=lambda: iter(()))
            journaled(folder, now_ns)
            start = time.process_time()
            while feed.step():
                pass
            spent = time.process_time() - start
            feed.stop()
    return spent


def by_points(url: str, now_ns: int) -> float:
    """Return the CPU seconds of influxdb-client with a Point for each interface."""
    rows = []
    for _, stamp, body in bodies(now_ns):
        for line in body.decode().splitlines():
            series, fields, _ = line.split(" ")
            tags = dict(pair.split("=") for pair in series.split(",")[1:])
            values = {name: int(value[:-1]) for name, value in (pair.split("=") for pair in fields.split(","))}
            rows.append((tags, values, stamp))
    start = time.process_time()
    with InfluxDBClient(url=url, token=ANYBODY, org="o") as client:
        options = WriteOptions(batch_size=5000, flush_interval=1000)
        with client.write_api(write_options=options) as writer:
            for tags, values, stamp in rows:
                point = Point("nadi_interface").time(stamp)
                for name, text in tags.items():
                    point.tag(name, text)
                for name, value in values.items():
                    point.field(name, value)
                writer.write("b", record=point)
    return time.process_time() - start


def by_lines(url: str, now_ns: int) -> float:
    """Return the CPU seconds of influxdb-client with line protocol ready in memory."""
    ready = [body for _, _, body in bodies(now_ns)]
    start = time.process_time()
    with InfluxDBClient(url=url, token=ANYBODY, org="o") as client:
        writer = client.write_api(write_options=SYNCHRONOUS)
        for first in range(0, len(ready), 100):
            writer.write("b", record=b"".join(ready[first : first + 100]))
    return time.process_time() - start


WRITERS: dict[str, Callable[[str, int], float]] = {
    "nadi feed (from the journal)": by_feed,
    "influxdb-client, Point, batching": by_points,
    "influxdb-client, ready lines": by_lines,
}


def measure(name: str) -> dict[str, float]:
    """Run one writer against a server of its own; count what arrived."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, peer(Path(folder) / "vm") as (pid, url):
        now_ns, before = time.time_ns() // 10**6 * 10**6, cpu_seconds(pid)
        wall = time.perf_counter()
        spent = WRITERS[name](url, now_ns)
        wall = time.perf_counter() - wall
        ask(f"{url}/internal/force_flush")
        export = ask(f"{url}/api/v1/export", b"match[]={__name__=~%22nadi_interface_.*%22}&start=0")
        arrived = sum(len(json.loads(line)["values"]) for line in export.splitlines())
        if arrived != SAMPLES:
            raise SystemExit(f"{name}: {arrived} of {SAMPLES} samples arrived")
        server = cpu_seconds(pid) - before
    return {"samples_per_cpu_s": SAMPLES / spent, "server_cpu_s": server, "wall_s": wall}


def main() -> int:
    """Print the table; write it as JSON too when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WRITERS}
    for _ in range(options.runs):
        for name in WRITERS:
            found[name].append(measure(name))
    rows = [
        {"writer": name, **{key: statistics.median(run[key] for run in runs) for key in runs[0]}}
        for name, runs in found.items()
    ]
    print(f"{SAMPLES} samples, {options.runs} runs, medians")
    print(f"{'writer':<36}{'k samples/CPU s':>16}")
    for row in rows:
        print(f"{row['writer']:<36}{float(str(row['samples_per_cpu_s'])) / 1e3:>16.0f}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

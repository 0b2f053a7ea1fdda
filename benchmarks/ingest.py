"""Durable ingest: signed batches over HTTP into the journal, samples per CPU second of the server process.

Bodies of 42 and of 1,000 lines (3 fields a line) from 50 agents are signed beforehand and sent over loopback by
another process on 32 connections. The collector's application, with a link of each agent in its live state, verifies,
decompresses, judges every line, commits with fsync and signs the receipt. A third run sends bodies of 28 lines one
at a time and counts the bytes written to disk.
Peer: VictoriaMetrics, which takes the same lines plain or gzipped, without a signature and without fsync.

``python -m benchmarks.ingest [--json FILE] [--runs N]``
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from agent.clock import NS, WIB, SystemClock
from agent.envelope import CLOCK_HEADER, CONTENT_TYPE, Envelope
from agent.identity import Key, enrolment_proof, verify
from collector.config import Settings
from collector.folder import Folder
from collector.register.document import reads
from collector.running import Collector
from collector.web.api import create

AGENTS = 50
KEYS = [Key(bytes([i]) * 32) for i in range(AGENTS)]
TICK = os.sysconf("SC_CLK_TCK")
PEER = "victoria-metrics"


@dataclass(frozen=True)
class Load:
    """What one run sends: bodies of so many lines on so many connections."""

    name: str
    lines: int
    bodies: int
    connections: int


LOADS = (
    Load("42 lines", 42, 6000, 32),
    Load("1,000 lines", 1000, 800, 32),
    Load("28 lines, one at a time", 28, 1500, 1),
)


def lines_of(agent: int, body: int, count: int, now: int) -> bytes:
    """Return one body: readings of an agent's interfaces, 3 fields a line, counters that grow."""
    text = []
    for i in range(count):
        octets = (body + 1) * 7_654_321 + i * 1_000_003 + (agent * i * body) % 99_991
        text.append(
            f"nadi_interface,device=opd-{agent:03d},interface=eth{i % 28} receive_bytes_total={10**11 + octets}u,"
            f"transmit_bytes_total={10**10 + octets // 3}u,up=1i {now + (body * 1000 + i // 28) * 10**6}\n"
        )
    return "".join(text).encode()


def envelope(agent: int, seq: int, lines: bytes, now: int) -> bytes:
    """Return a signed envelope."""
    name = f"opd-{agent:03d}"
    run = f"{time.time_ns():016x}"
    return Envelope.seal(
        lines, agent=name, device=name, run=run, seq=seq, boot_id="b", wall_ns=now, boot_ns=NS, sign=KEYS[agent].sign
    ).to_bytes()


def requests_of(load: Load, form: str) -> list[bytes]:
    """Return the HTTP requests of a load for Nadi (``nadi``) or the peer (``plain``, ``gzip``)."""
    now = time.time_ns() // 10**6 * 10**6 - 30 * NS
    made = []
    for body in range(load.bodies):
        agent = body % AGENTS
        lines = lines_of(agent, body, load.lines, now)
        if form == "nadi":
            head = f"POST /api/v1/batches HTTP/1.1\r\nContent-Type: {CONTENT_TYPE}\r\n{CLOCK_HEADER}: b {now} {NS}\r\n"
            content = envelope(agent, body, lines, now)
        else:
            head = "POST /write HTTP/1.1\r\n" + ("Content-Encoding: gzip\r\n" if form == "gzip" else "")
            content = gzip.compress(lines) if form == "gzip" else lines
        made.append(f"{head}Host: 127.0.0.1\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
    return made


async def _send(port: int, todo: Iterator[bytes], want: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in todo:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(want):
            raise SystemExit(f"the server answered {head[:200]!r}")
        length = [
            int(item.split(b":")[1]) for item in head.lower().split(b"\r\n") if item.startswith(b"content-length")
        ]
        if length:
            await reader.readexactly(length[0])
    writer.close()


async def drive(port: int, todo: list[bytes], connections: int, want: bytes) -> None:
    """Send all requests, each connection its next one when the last is answered."""
    shared = iter(todo)
    await asyncio.gather(*(_send(port, shared, want) for _ in range(connections)))


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def written_bytes(pid: int) -> int:
    """Return the bytes that a process caused to be written to disk."""
    lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


@contextmanager
def server(command: list[str], port: int) -> Iterator[int]:
    """Run a server until the block ends; yield its process id once it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if process.poll() is not None:
                break
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                break
            time.sleep(0.05)
        if process.poll() is not None:
            raise SystemExit(f"the server ended by itself: {' '.join(command)}")
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(load: Load, form: str) -> dict[str, float]:
    """Run one load against one fresh server: samples per CPU second and bytes of disk per sample."""
    port = free_port()
    todo = requests_of(load, form)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        nadi = [sys.executable, "-m", "benchmarks.ingest", "--serve", str(port), "--folder", f"{folder}/data"]
        peer = [PEER, f"-storageDataPath={folder}/vm", f"-httpListenAddr=127.0.0.1:{port}", "-loggerLevel=ERROR"]
        Path(folder).chmod(0o700)
        with server(nadi if form == "nadi" else peer, port) as pid:
            asyncio.run(drive(port, todo[:50], load.connections, b"HTTP/1.1 20"))
            cpu, disk, wall = cpu_seconds(pid), written_bytes(pid), time.perf_counter()
            asyncio.run(drive(port, todo[50:], load.connections, b"HTTP/1.1 20"))
            wall = time.perf_counter() - wall
            cpu, disk = cpu_seconds(pid) - cpu, written_bytes(pid) - disk
    samples = (load.bodies - 50) * load.lines * 3
    return {
        "samples_per_cpu_s": samples / cpu,
        "disk_bytes_per_sample": disk / samples,
        "requests_per_s": len(todo) / wall,
    }


_INVENTORY = """
[[opd]]
code = "{opd}"
name = "{name}"
priority = "sedang"
site = "noc"
[[device]]
code = "{name}"
name = "{name}"
site = "noc"
source = "{name}"
[[link]]
code = "{name}"
opd = "{opd}"
device = "{name}"
interface = "eth0"
unduh = "receive"
vantage = "opd"
medium = "serat optik"
owner = "Pemkab"
maintainer = "WAN"
active_from = 2026-01-01
"""


def serve(port: int, data: Path) -> None:
    """Run the collector's application, but not its jobs, with the agents enrolled and a link of each registered."""
    settings = Settings(data=data, zone="WIB")
    names, now = [f"opd-{i:03d}" for i in range(AGENTS)], time.time_ns()
    with Folder(settings, clock=SystemClock(), writer=True) as folder:
        text = '[[site]]\ncode = "noc"\nname = "Pusat Data"\n' + "".join(
            _INVENTORY.format(name=n, opd=n.upper()) for n in names
        )
        folder.register.apply(reads(text, source="benchmark", zone=WIB), actor="benchmark", now_ns=now)
        access = folder.register.access
        for name, key in zip(names, KEYS, strict=True):
            token = access.mint_enrolment(agent=name, devices=[name], actor="benchmark", now_ns=now)
            proof = key.sign(enrolment_proof(token, name, key.public))
            access.enrol(token=token, agent=name, public_key=key.public, proof=proof, now_ns=now)
        app = create(Collector(folder, clock=SystemClock()))
        uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning", lifespan="off")


def verify_us() -> float:
    """Return the CPU time of one Ed25519 verification now, in microseconds: how fast this machine is at the moment."""
    message, key = bytes(800), KEYS[0]
    signature = key.sign(message)
    start = time.process_time()
    for _ in range(2000):
        verify(key.public, message, signature)
    return (time.process_time() - start) * 500


def table(runs: int) -> list[dict[str, object]]:
    """Run every load against every server in turn, several times, and return medians."""
    forms = ["nadi", "plain", "gzip"] if shutil.which(PEER) else ["nadi"]
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(runs):
        for load in LOADS:
            for form in forms:
                found.setdefault((load.name, form), []).append(measure(load, form))
    return [
        {
            "load": load,
            "server": {"nadi": "Nadi", "plain": f"{PEER} plain", "gzip": f"{PEER} gzip"}[form],
            **{name: statistics.median(run[name] for run in measured) for name in measured[0]},
        }
        for (load, form), measured in found.items()
    ]


def main() -> int:
    """Print the table; write it as JSON too when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.folder)
        return 0
    rows = table(options.runs)
    print(f"{'load':<24}{'server':<26}{'M samples/CPU s':>16}{'disk B/sample':>15}{'requests/s':>12}")
    for row in rows:
        rate, disk, wall = (
            float(str(row[k])) for k in ("samples_per_cpu_s", "disk_bytes_per_sample", "requests_per_s")
        )
        print(f"{row['load']:<24}{row['server']:<26}{rate / 1e6:>16.2f}{disk:>15.1f}{wall:>12.0f}")
    print(f"this machine now: one Ed25519 verification takes {verify_us():.0f} us of CPU (the goals' machine: 56)")
    print("goals: 42 lines >= 0.4 M, 1,000 lines >= 2 M samples/CPU s; one at a time <= 200 B/sample")
    if len({row["server"] for row in rows}) == 1:
        print(f"{PEER} is not installed: no peer in this run")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

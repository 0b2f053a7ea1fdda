"""/metrics of 500 agencies: CPU time of one scrape, its size, its series.

Each agency has a router polled by an agent of its own (one registered port, the device's state, a probe), a link and
a determination; 40 servers tell what a host tells (60 series each), 10 UPSes, 5 sensors and 40 backup jobs theirs. Half
an hour of readings, one a minute, goes through the real ingest; then the judge runs. A scrape is what a request makes:
the live state of a new second, the facts, the text; once after a minute in which everything spoke, once right after.

Peer: prometheus_client's ``generate_latest`` with the same samples, ready in memory.

``python -m benchmarks.metrics [--json FILE] [--runs N] [--opd N]``
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector as Source

from agent.clock import NS, WIB, ManualClock
from agent.envelope import Envelope
from agent.identity import Key, enrolment_proof
from agent.reading import Reading, encode, reading
from collector.config import Settings
from collector.feeds.exposition import exposition
from collector.folder import Folder
from collector.register.document import reads
from collector.running import Collector
from collector.web.facts import facts

START = WIB.parse("2026-09-15T09:00")
MINUTES = 30
SERVERS, UPSES, SENSORS = 40, 10, 5
GOAL_S, GOAL_BYTES = 0.2, 5_000_000

_OPD = """
[[opd]]
code = "OPD-{n:03d}"
name = "Dinas Contoh Nomor {n}"
priority = "sedang"
site = "noc"
[[device]]
code = "r-{n:03d}"
name = "Router {n}"
site = "noc"
source = "agen-{n:03d}"
[[link]]
code = "wan-{n:03d}"
opd = "OPD-{n:03d}"
device = "r-{n:03d}"
interface = "ether1"
unduh = "receive"
vantage = "opd"
medium = "serat optik"
owner = "Pemkab"
maintainer = "WAN"
active_from = 2026-01-01
[[allocation]]
opd = "OPD-{n:03d}"
number = "SK-1"
date = 2025-12-22
legal_basis = "Pasal 21"
official = "Kepala Dinas"
priority = "sedang"
down_mbps = 90
up_mbps = 50
floor_down_mbps = 20
valid_from = 2026-01-01
"""
_DEVICE = '[[device]]\ncode = "{code}"\nname = "{code}"\nsite = "noc"\nkind = "{kind}"\nsource = "pusat"\n'
_SERVER = """[[server]]
device = "srv-{n:02d}"
role = "aplikasi"
ups = ["ups-{ups:02d}"]
[[backup]]
code = "harian-{n:02d}"
server = "srv-{n:02d}"
job = "harian"
engine = "restic"
"""


def inventory(opds: int) -> str:
    """Return the document of the region."""
    units = [("srv", "server", SERVERS), ("ups", "ups", UPSES), ("env", "sensor", SENSORS)]
    text = '[[site]]\ncode = "noc"\nname = "Pusat Data"\n' + "".join(_OPD.format(n=n) for n in range(opds))
    text += "".join(_DEVICE.format(code=f"{a}-{n:02d}", kind=kind) for a, kind, many in units for n in range(many))
    return text + "".join(_SERVER.format(n=n, ups=n % UPSES) for n in range(SERVERS))


def of_router(n: int, minute: int, time_ns: int) -> list[Reading]:
    """Return what an agent tells of a router and of itself in a minute."""
    device, octets = f"r-{n:03d}", (minute + 1) * 60 * (5_000_000 + n)
    ways = ("receive", "transmit")
    counted = {f"{way}_bytes_total": octets for way in ways} | {f"{way}_packets_total": octets // 800 for way in ways}
    counted |= {f"{way}_{what}_total": 3 for way in ways for what in ("errors", "discards")}
    state = {
        "cpu_utilization_ratio": 0.1,
        "memory_used_bytes": 10**8,
        "memory_size_bytes": 10**9,
        "uptime_seconds": 1e6,
    }
    known = {"vendor": "mikrotik", "model": "RB5009", "version": "7.15", "serial": f"S{n}", "protocol": "snmpv3"}
    probe = {"success": 1, "rtt_seconds": 0.004, "loss_ratio": 0.0, "sent_packets_total": 5 * minute}
    return [
        reading("nadi_interface", {**counted, "up": 1, "admin_up": 1}, time_ns, device=device, interface="ether1"),
        reading("nadi_device", {"up": 1, "poll_duration_seconds": 0.2, **state}, time_ns, device=device),
        reading("nadi_device", {"info": 1}, time_ns, device=device, **known),
        reading("nadi_probe", probe, time_ns, device=device, target="noc", probe="icmp"),
        reading(
            "nadi_agent",
            {"memory_bytes": 10**7, "spool_bytes": 0, "cpu_seconds_total": 1.5},
            time_ns,
            agent=f"agen-{n:03d}",
        ),
    ]


def of_server(n: int, time_ns: int) -> list[Reading]:
    """Return what a server tells, and its backup."""
    host, tags = f"srv-{n:02d}", {"job": "harian", "engine": "restic"}
    told = {"boot_time_seconds": 1.7e9, "load1": 0.5, "memory_size_bytes": 10**10, "memory_available_bytes": 10**9}
    made = [reading("nadi_host", told, time_ns, host=host)]
    for name in ("user", "system", "idle", "iowait", "irq", "softirq", "steal", "nice"):
        made.append(reading("nadi_host", {"cpu_seconds_total": 12.5}, time_ns, host=host, mode=name))
    for i in range(5):
        sizes = {"filesystem_size_bytes": 10**12, "filesystem_available_bytes": 10**11, "filesystem_readonly": 0}
        made.append(reading("nadi_host", sizes, time_ns, host=host, mountpoint=f"/srv/{i}", fstype="ext4"))
        io = {"disk_read_bytes_total": 10**9, "disk_written_bytes_total": 10**9, "disk_io_time_seconds_total": 9.5}
        made.append(reading("nadi_host", io, time_ns, host=host, disk=f"sd{i}"))
        made.append(reading("nadi_service", {"up": 1, "failed": 0}, time_ns, device=host, unit=f"s{i}.service"))
    saved = {"last_full_timestamp_seconds": START / NS - 7200, "last_ok": 1, "last_files": 1000, "copies": 7}
    return [*made, reading("nadi_backup", saved, time_ns, device=host, **tags)]


def of_units(time_ns: int) -> dict[str, list[Reading]]:
    """Return what UPSes and sensors tell, by device."""
    ups = {"up": 1, "on_battery": 0, "low_battery": 0, "battery_charge_ratio": 1.0, "load_ratio": 0.4}
    ups |= {"battery_runtime_seconds": 1800.0, "input_voltage_volts": 221.0, "output_voltage_volts": 220.0}
    air = {"temperature_celsius": 23.5, "humidity_ratio": 0.5}
    made = {f"ups-{n:02d}": [reading("nadi_ups", ups, time_ns, ups=f"ups-{n:02d}")] for n in range(UPSES)}
    for n in range(SENSORS):
        made[f"env-{n:02d}"] = [
            reading("nadi_environment", air, time_ns, device=f"env-{n:02d}", sensor=f"rak {i}") for i in range(4)
        ]
    return made


def told(opds: int, minute: int, time_ns: int) -> Iterator[tuple[str, str, list[Reading]]]:
    """Yield agent, device and readings of a minute."""
    for n in range(opds):
        yield f"agen-{n:03d}", f"r-{n:03d}", of_router(n, minute, time_ns)
    for n in range(SERVERS):
        yield "pusat", f"srv-{n:02d}", of_server(n, time_ns)
    for device, readings in of_units(time_ns).items():
        yield "pusat", device, readings


@contextmanager
def collecting(opds: int) -> Iterator[tuple[Collector, ManualClock, dict[str, Key]]]:
    """Give a collector to which everything was told, and which has judged it."""
    clock = ManualClock(START, boot_ns=10**15, boot_id="b")
    with (
        tempfile.TemporaryDirectory() as path,
        Folder(
            Settings(data=Path(path) / "data", zone="WIB", region="Kabupaten Contoh"), clock=clock, writer=True
        ) as folder,
    ):
        folder.register.apply(reads(inventory(opds), source="benchmark", zone=WIB), actor="benchmark", now_ns=START)
        collector = Collector(folder, clock=clock)
        keys = {agent: Key(agent.encode().ljust(32, b"x")) for agent, _, _ in told(opds, 0, START)}
        for agent, key in keys.items():
            devices = sorted({device for sender, device, _ in told(opds, 0, START) if sender == agent})
            token = folder.register.access.mint_enrolment(agent=agent, devices=devices, actor="b", now_ns=START)
            proof = key.sign(enrolment_proof(token, agent, key.public))
            folder.register.access.enrol(token=token, agent=agent, public_key=key.public, proof=proof, now_ns=START)
        for minute in range(MINUTES):
            clock.advance(60 * NS)
            deliver(collector, keys, opds, minute)
        collector.jobs.run("judge")
        gc.freeze()  # as nadi run does
        yield collector, clock, keys


def deliver(collector: Collector, keys: dict[str, Key], opds: int, minute: int) -> None:
    """Send a minute's envelopes in requests of a hundred."""
    now = collector.clock.now()
    bodies = [
        Envelope.seal(
            encode(readings), agent=agent, device=device, run="00000000000000aa", seq=minute * 1000 + i,
            boot_id="b", wall_ns=now.wall_ns, boot_ns=now.boot_ns, sign=keys[agent].sign,
        ).to_bytes()
        for i, (agent, device, readings) in enumerate(told(opds, minute, now.wall_ns - NS))
    ]  # fmt: skip
    clock = f"b {now.wall_ns} {now.boot_ns}"
    for i in range(0, len(bodies), 100):
        answer = collector.ingest.batches(b"".join(bodies[i : i + 100]), sender_clock=clock)
        if answer.status != 200:
            raise SystemExit(f"the collector answered {answer.status}: {answer.body[:200]!r}")


class _Ready(Source):
    def __init__(self, families: list[Metric]) -> None:
        self.families = families

    def collect(self) -> list[Metric]:
        return self.families


def peer_seconds(text: bytes) -> float:
    """Return the CPU time in which prometheus_client writes the same samples."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ready(list(text_string_to_metric_families(text.decode()))))
    begun = time.process_time()
    generate_latest(registry)
    return time.process_time() - begun


@dataclass(frozen=True)
class Scrape:
    """CPU seconds of a scrape: the live state, the facts, the text; and the text itself."""

    live_s: float
    facts_s: float
    text_s: float
    text: bytes

    @property
    def whole_s(self) -> float:
        """All of it."""
        return self.live_s + self.facts_s + self.text_s


def scrape(collector: Collector, clock: ManualClock) -> Scrape:
    """Make what a request for /metrics gets, in a new second."""
    clock.advance(NS)
    begun = time.process_time()
    collector.snapshot()
    seen = time.process_time()
    found = facts(collector)
    gathered = time.process_time()
    text = exposition(found)
    return Scrape(seen - begun, gathered - seen, time.process_time() - gathered, text)


def measure(opds: int, runs: int) -> dict[str, float]:
    """Scrape several times, after a minute in which everything spoke, and at once again; return medians."""
    anew, again = [], []
    with collecting(opds) as (collector, clock, keys):
        for run in range(runs):
            clock.advance(58 * NS)
            deliver(collector, keys, opds, MINUTES + run)
            anew.append(scrape(collector, clock))
            again.append(scrape(collector, clock))
    text = anew[-1].text
    return {
        "opd": opds,
        "series": sum(not line.startswith(b"#") for line in text.splitlines()),
        "bytes": len(text),
        "live_s": statistics.median(item.live_s for item in anew),
        "facts_s": statistics.median(item.facts_s for item in anew),
        "text_s": statistics.median(item.text_s for item in anew),
        "scrape_s": statistics.median(item.whole_s for item in anew),
        "again_s": statistics.median(item.whole_s for item in again),
        "peer_text_s": statistics.median(peer_seconds(text) for _ in range(3)),
    }


def main() -> int:
    """Print the table; write it as JSON too when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--opd", type=int, default=500)
    options = parser.parse_args()
    found = measure(options.opd, options.runs)
    columns = ("live_s", "facts_s", "text_s", "scrape_s", "again_s", "peer_text_s")
    print("| OPD | series | MB | live state ms | facts ms | text ms | scrape ms | once more ms | peer: text ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    times = " | ".join(f"{found[name] * 1000:.0f}" for name in columns)
    print(f"| {found['opd']} | {found['series']} | {found['bytes'] / 1e6:.2f} | {times} |")
    met = found["scrape_s"] <= GOAL_S and found["bytes"] <= GOAL_BYTES
    print(f"\n{GOAL_S * 1000:.0f} ms and {GOAL_BYTES / 1e6:.0f} MB: {'met' if met else 'MISSED'}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The whole poller: asking, interpreting, sealing and spooling 500 routers, each once in 60 s, compressed.

The devices are one process (addresses of 127/8) that plays a router of 24 interfaces, or a recording (``--device``);
their sysUpTime rises as time does, for a poller asks a device that restarted what it is. Only the CPU time of the
process that polls counts, from the second round on, with what the kernel does in its name (fsync among it).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.clock import NS, Moment, SystemClock
from agent.envelope import Envelope
from agent.gather import Gatherer
from agent.identity import Key
from agent.reading import decode
from agent.snmp import ber
from agent.snmp.poll import Device
from agent.snmp.poller import Poller, Seat
from agent.snmp.session import Community, Target
from agent.snmp.tables import load_tables
from agent.snmp.usm import UsmUser
from agent.snmp.values import Oid, parse_oid
from agent.spool import Config, Spool
from benchmarks._snmp_clients import USER, Everywhere, cpu_s, in_child
from tests.agent.snmp_agent import UPTIME, Agent, Asked, interfaces, number

DEVICES = 500
INTERVAL_S = 60.0
_UPTIME = ber.write_tlv(ber.OID, ber.write_oid(UPTIME))
_START = 50_000_000
_NUMBERS = frozenset({0x02, 0x41, 0x42, 0x43, 0x46})


@dataclass(frozen=True)
class Result:
    """What the poller cost: share of a core at a poll each 60 s, CPU seconds, MiB, seconds, counts."""

    device: str
    version: str
    polls: int
    cpu_s: float
    core_percent: float
    rss_mib: float
    lateness_max_s: float
    longest_poll_s: float
    failed: int
    readings: float


class Routers(Everywhere):
    """Devices whose counters move, and whose uptime is the time."""

    def __init__(self, user: UsmUser | None, mibs: list[dict[Oid, bytes]]) -> None:
        super().__init__(user)
        variants = [Agent(mib) for mib in mibs]
        for variant in variants:
            variant.socket.close()
        begun, answered = time.monotonic(), iter(range(sys.maxsize))

        def moving(agent: Agent, asked: Asked) -> list[bytes]:
            agent.asked.clear()
            bindings = variants[next(answered) // 64 % len(variants)].bindings(asked)
            at = bindings.find(_UPTIME, 0, 40)
            if at >= 0:
                now, at = _START + int((time.monotonic() - begun) * 100), at + len(_UPTIME)
                bindings = bindings[:at] + number(0x43, now) + bindings[at + 6 :]
            return [agent.reply(asked, bindings)]

        self.behaviour = moving


def recorded(path: Path) -> dict[Oid, bytes]:
    """Read a recording (``oid|tag|value``) as what an agent answers."""
    mib: dict[Oid, bytes] = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        oid, kind, text = line.split("|", 2)
        tag = int(kind.rstrip("x"))
        octets = bytes.fromhex(text) if kind.endswith("x") else text.encode("latin-1")
        if tag in _NUMBERS:
            mib[parse_oid(oid)] = number(tag, int(text))
        elif tag == ber.OID:
            mib[parse_oid(oid)] = ber.write_tlv(ber.OID, ber.write_oid(parse_oid(text)))
        elif tag != 0x40:
            mib[parse_oid(oid)] = ber.write_tlv(tag, octets)
    return mib


def _respond(pipe: Any, user: UsmUser | None, device: Path | None) -> None:
    mibs = [interfaces(24, traffic=step) for step in range(12)] if device is None else [recorded(device)]
    with Routers(user, [mib | {UPTIME: number(0x43, _START)} for mib in mibs]) as agent:
        pipe.send(agent.port)
        with contextlib.suppress(EOFError):
            pipe.recv()


@contextlib.contextmanager
def routers(user: UsmUser | None, device: Path | None) -> Iterator[int]:
    """Run the devices for the time of the block; give their port."""
    ours, its = multiprocessing.Pipe()
    child = multiprocessing.Process(target=_respond, args=(its, user, device), daemon=True)
    child.start()
    its.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        child.join(5)


class _Kept:
    """Seals and spools as the agent does, and keeps what each envelope told of its poll."""

    def __init__(self, directory: Path) -> None:
        self.clock = SystemClock()
        self._key = Key(os.urandom(32))
        self._spool = Spool(directory, Config(), self.clock)
        self._lock = threading.Lock()
        self.lines: list[tuple[bytes, int]] = []

    def __call__(self, device: str, lines: bytes, anchor: Moment, haste: bool) -> None:
        def seal(run: str, seq: int) -> bytes:
            times = {"boot_id": anchor.boot_id, "wall_ns": anchor.wall_ns, "boot_ns": anchor.boot_ns}
            named: dict[str, Any] = {"agent": "poller", "device": device, "run": run, "seq": seq, **times}
            return Envelope.seal(lines, **named, sign=self._key.sign).to_bytes()

        assert self._spool.append(seal, anchor.wall_ns)
        own = b"".join(line + b"\n" for line in lines.split(b"\n") if line.startswith((b"nadi_device", b"nadi_input")))
        self.lines.append((own, lines.count(b"\n")))


def poll(port: int, user: UsmUser | None, name: str, rounds: int, factor: float) -> Result:
    """Poll 500 devices, each once in 60 s divided by ``factor``, spread evenly."""
    interval_ns, tables = round(INTERVAL_S / factor * NS), load_tables()
    hosts = [f"127.1.{at // 250}.{at % 250 + 1}" for at in range(DEVICES)]
    targets = [Target(host=host, port=port, credential=user or Community("public")) for host in hosts]
    seats = [
        Seat(Device(f"router-{at}", target, tables), target.host, interval_ns, interval_ns * at // DEVICES)
        for at, target in enumerate(targets)
    ]
    with tempfile.TemporaryDirectory() as folder:
        kept = _Kept(Path(folder) / "spool")
        poller = Poller(seats, clock=kept.clock, gatherer=Gatherer(kept.clock), deliver=kept)
        poller.start()
        while len(kept.lines) < 4 * DEVICES:  # until it knows its devices and their replies
            time.sleep(0.02)
        first, cpu = len(kept.lines), cpu_s()
        time.sleep(rounds * INTERVAL_S / factor)
        spent, polls = cpu_s() - cpu, kept.lines[first:]
        poller.stop(12)
    return _result(name, "v2c" if user is None else "v3 authPriv SHA/AES", spent, polls)


def _result(name: str, version: str, spent: float, polls: list[tuple[bytes, int]]) -> Result:
    late, took, failed = [0.0], [0.0], 0
    for own, _ in polls:
        for item in decode(own)[0]:
            late.append(item.fields.get("poll_lateness_seconds", 0.0))
            took.append(item.fields.get("poll_duration_seconds", 0.0))
            failed += item.fields.get("up") == 0 and item.measurement == "nadi_input"
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return Result(
        device=name,
        version=version,
        polls=len(polls),
        cpu_s=spent,
        core_percent=100 * spent / len(polls) * DEVICES / INTERVAL_S,
        rss_mib=int(peak.split()[1]) / 1024,
        lateness_max_s=max(late),
        longest_poll_s=max(took),
        failed=failed,
        readings=sum(count for _, count in polls) / len(polls),
    )


def main() -> int:
    """Run the poller over each device in each version, print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", type=Path, action="append", default=[], help="a recording (*.snmprec)")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--factor", type=float, default=6.0, help="how much faster than real time the poller goes")
    parser.add_argument("--v2c-only", action="store_true")
    options = parser.parse_args()
    results = []
    for device in (None, *options.device):
        for user in (None,) if options.v2c_only else (None, USER):
            with routers(user, device) as port:
                name = "24 interfaces" if device is None else device.stem
                result = in_child(poll, port, user, name, options.rounds, options.factor)
            results.append(asdict(result))
            print(json.dumps(results[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

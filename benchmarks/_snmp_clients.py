"""The device and the clients of ``snmp_walk``: what each does for one walk of 24 interfaces."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import json
import multiprocessing
import random
import resource
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent.snmp.engine import Engine
from agent.snmp.session import Community, Target, Walk
from agent.snmp.usm import Auth, Privacy, UsmUser
from agent.snmp.walk import columns
from tests.agent.snmp_agent import COLUMNS, UPTIME, Agent, Asked, interfaces

USER = UsmUser("reader", Auth.SHA1, "authpass123", Privacy.AES128, "privpass123")
VARIANTS = 12
IP_PKTINFO = 8
"""ip(7); Python 3.11 has no name for it."""

EXPORTER = "prometheus-snmp-exporter"


class Everywhere(Agent):
    """An agent on all addresses that answers from the one it was asked at (ip(7), IP_PKTINFO); its counters move."""

    def __init__(self, user: UsmUser | None) -> None:
        variants = [Agent(interfaces(24, traffic=step)) for step in range(VARIANTS)]
        for variant in variants:
            variant.socket.close()
        pick = random.Random(1)

        def moving(agent: Agent, asked: Asked) -> list[bytes]:
            agent.asked.clear()
            return [agent.reply(asked, variants[pick.randrange(VARIANTS)].bindings(asked))]

        super().__init__({}, moving, user=user, host="0.0.0.0")  # noqa: S104 - 500 addresses of loopback
        self.socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self._local = b""

    def receive(self) -> bytes:
        """Receive a datagram and remember at which address."""
        data, ancillary, _, self.source = self.socket.recvmsg(65535, 64)
        self._local = ancillary[0][2][8:12]
        return data

    def send(self, datagram: bytes) -> None:
        """Send from the address that was asked."""
        local = bytes(4) + self._local + bytes(4)
        self.socket.sendmsg([datagram], [(socket.IPPROTO_IP, IP_PKTINFO, local)], 0, self.source)


def _respond(pipe: Any, user: UsmUser | None) -> None:
    """Serve devices until the pipe closes."""
    with Everywhere(user) as agent:
        pipe.send(agent.port)
        with contextlib.suppress(EOFError):
            pipe.recv()


@contextlib.contextmanager
def responder(user: UsmUser | None) -> Iterator[int]:
    """Run the responder for the time of the block; give its port."""
    ours, its = multiprocessing.Pipe()
    child = multiprocessing.Process(target=_respond, args=(its, user), daemon=True)
    child.start()
    its.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        child.join(5)


def cpu_s() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def in_child(work: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function in a process of its own, so that CPU time and memory are its own; return what it returns."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def whole(walk: Walk) -> int:
    """Return the bindings of a walk; raise AssertionError where some are missing."""
    cells = sum(len(rows) for rows in walk.columns.values()) + len(walk.scalars)
    assert cells == 265, cells
    assert walk.stopped == {}
    return cells


def walk_ours(port: int, user: UsmUser | None, seconds: float) -> tuple[int, float]:
    """Walk one device again and again."""
    at = Target(host="127.0.0.1", port=port, credential=user or Community("public"))
    with Engine() as engine:
        for _ in range(20):
            (first,) = engine.run([columns(at, COLUMNS, scalars=[UPTIME])])
        assert first.value is not None, first.error
        whole(first.value)
        walks, start, until = 0, cpu_s(), time.monotonic() + seconds
        while time.monotonic() < until:
            (outcome,) = engine.run([columns(at, COLUMNS, scalars=[UPTIME])])
            assert outcome.value is not None, outcome.error
            walks += 1
            last = outcome.value
        spent = cpu_s() - start
        whole(last)
    return walks, spent


def walk_ours_together(port: int, user: UsmUser | None, seconds: float) -> tuple[int, float]:
    """Walk 20 devices at a time."""
    credential = user or Community("public")
    targets = [Target(host="127.0.0.1", port=port, credential=credential, retries=2 + n) for n in range(20)]
    with Engine() as engine:
        engine.run([columns(at, COLUMNS, scalars=[UPTIME]) for at in targets])
        walks, start, until = 0, cpu_s(), time.monotonic() + seconds
        while time.monotonic() < until:
            for outcome in engine.run([columns(at, COLUMNS, scalars=[UPTIME]) for at in targets]):
                assert outcome.value is not None, outcome.error
                walks += 1
        return walks, cpu_s() - start


def walk_pysnmp(port: int, user: UsmUser | None, seconds: float) -> tuple[int, float]:
    """Walk with pysnmp's GETBULK of all columns at once, without its MIB look-up."""
    from pysnmp.hlapi.v3arch import asyncio as hlapi

    async def walk(engine: Any, auth: Any, transport: Any) -> int:
        names, cells, still = [".".join(map(str, column)) for column in COLUMNS], 0, len(COLUMNS)
        while still == len(COLUMNS):
            asked = [hlapi.ObjectType(hlapi.ObjectIdentity(name)) for name in names]
            error, status, _, rows = await hlapi.bulk_cmd(
                *(engine, auth, transport, hlapi.ContextData(), 0, 9, *asked), lookupMib=False
            )
            assert not error, error
            assert not status, status
            still = 0
            for at, row in enumerate(rows[-len(COLUMNS) :]):
                names[at] = str(row[0])
                still += names[at].startswith(".".join(map(str, COLUMNS[at])) + ".")
            cells += len(rows)
        return cells

    async def run() -> tuple[int, float]:
        engine = hlapi.SnmpEngine()
        auth: Any = hlapi.CommunityData("public", mpModel=1)  # noqa: S508 - v2c is what is measured
        if user is not None:
            auth = hlapi.UsmUserData(
                *(user.name, user.auth_password, user.privacy_password),
                authProtocol=hlapi.usmHMACSHAAuthProtocol,
                privProtocol=hlapi.usmAesCfb128Protocol,
            )
        transport = await hlapi.UdpTransportTarget.create(("127.0.0.1", port))
        assert await walk(engine, auth, transport) >= 264
        walks, start, until = 0, cpu_s(), time.monotonic() + seconds
        while time.monotonic() < until:
            await walk(engine, auth, transport)
            walks += 1
        return walks, cpu_s() - start

    return asyncio.run(run())


def walk_snmpbulkwalk(port: int, user: UsmUser | None, seconds: float) -> tuple[int, float]:
    """Walk with one process of net-snmp's snmpbulkwalk a table, which is how shell scripts poll."""
    login = ["-v2c", "-c", "public"]
    if user is not None:
        login = [
            *("-v3", "-l", "authPriv", "-u", user.name, "-a", "SHA", "-A", user.auth_password),
            *("-x", "AES", "-X", user.privacy_password),
        ]
    tables = ("1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1")
    commands = [["snmpbulkwalk", *login, "-m", "", "-Cr50", "-On", f"127.0.0.1:{port}", table] for table in tables]
    walks, start, until = 0, cpu_s(), time.monotonic() + seconds
    while time.monotonic() < until:
        lines = sum(subprocess.run(one, capture_output=True, check=True).stdout.count(b"\n") for one in commands)
        assert lines == 264, lines
        walks += 1
    return walks, cpu_s() - start


def walk_in_c(port: int, user: UsmUser | None, seconds: float) -> tuple[int, float]:
    """Walk with a client in C on net-snmp's library: one session, all columns at once."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(__file__).parent / "snmp_client.c", Path(folder) / "client"
        subprocess.run(["cc", "-O2", "-o", str(binary), str(source), "-lnetsnmp"], check=True, capture_output=True)
        login = [user.name, user.auth_password, user.privacy_password] if user else []
        command = [str(binary), f"127.0.0.1:{port}", str(seconds), *login]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        walks, cpu = done.stdout.split()
    return int(walks), float(cpu)


def _module(user: UsmUser | None) -> str:
    """Return a module of snmp_exporter 0.21 for the same columns (its configuration is YAML, and so is JSON)."""
    metrics = [{"name": "sysUpTime", "oid": "1.3.6.1.2.1.1.3.0", "type": "gauge", "help": "uptime"}]
    walk = [".".join(map(str, column)) for column in COLUMNS]
    indexes = [{"labelname": "ifIndex", "type": "gauge"}]
    for at, oid in enumerate(walk):
        kind = "DisplayString" if at in {0, 6, 10} else "gauge"
        metrics.append({"name": f"column{at}", "oid": oid, "type": kind, "help": oid, "indexes": indexes})  # type: ignore[dict-item]
    auth = {"community": "public"}
    if user is not None:
        auth = {"username": user.name, "security_level": "authPriv", "password": user.auth_password}
        auth |= {"auth_protocol": "SHA", "priv_protocol": "AES", "priv_password": user.privacy_password}
    module = {"walk": walk, "get": ["1.3.6.1.2.1.1.3.0"], "metrics": metrics, "max_repetitions": 25, "auth": auth}
    return json.dumps({"nadi": {**module, "version": 2 if user is None else 3}})


def walk_exporter(port: int, user: UsmUser | None, seconds: float) -> tuple[int, float]:
    """Scrape Debian's snmp_exporter: its CPU time, with the text it writes."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        config = Path(folder) / "snmp.yml"
        config.write_text(_module(user))
        here = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        command = [EXPORTER, f"--config.file={config}", f"--web.listen-address={here}", "--log.level=error"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as child:
            try:
                url = f"http://{here}/snmp?target=127.0.0.1:{port}&module=nadi"
                for _ in range(50):
                    time.sleep(0.1)
                    with contextlib.suppress(OSError):
                        assert urllib.request.urlopen(url).read().count(b"\ncolumn") == 264
                        break
                walks, start, until = 0, _threads_s(child.pid), time.monotonic() + seconds
                while time.monotonic() < until:
                    urllib.request.urlopen(url).read()
                    walks += 1
                return walks, _threads_s(child.pid) - start
            finally:
                child.terminate()


def _threads_s(pid: int) -> float:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def walk_gufo(port: int, user: UsmUser | None, seconds: float) -> tuple[int, float]:
    """Walk with gufo-snmp (Rust inside), one column after another: it has no GETBULK of several."""
    gufo = importlib.import_module("gufo.snmp")
    session = importlib.import_module("gufo.snmp.sync").SnmpSession
    how: dict[str, Any] = {"community": "public", "version": gufo.SnmpVersion.v2c}
    if user is not None:
        reader = gufo.User("reader", auth_key=gufo.Sha1Key(b"authpass123"), priv_key=gufo.Aes128Key(b"privpass123"))
        how = {"version": gufo.SnmpVersion.v3, "user": reader}
    names = [".".join(map(str, column)) for column in COLUMNS]
    with session(addr="127.0.0.1", port=port, max_repetitions=30, **how) as device:
        walks, start, until = 0, cpu_s(), time.monotonic() + seconds
        while time.monotonic() < until:
            cells = sum(1 for name in names for _ in device.getbulk(name))
            assert cells == 264, cells
            device.get(".".join(map(str, UPTIME)))
            walks += 1
        return walks, cpu_s() - start


def lacking(client: str) -> str:
    """Say what a client needs that is not here; "" where all is."""
    if client.startswith("net-snmp: snmpbulkwalk") and shutil.which("snmpbulkwalk") is None:
        return "not available: apt-get install snmp"
    if client == "snmp_exporter" and shutil.which(EXPORTER) is None:
        return "not available: apt-get install prometheus-snmp-exporter"
    if client.startswith("gufo") and importlib.util.find_spec("gufo") is None:
        return "not available: pip install gufo-snmp (no package of the project)"
    if client.startswith("net-snmp: C"):
        missing = shutil.which("cc") is None or not Path("/usr/include/net-snmp/net-snmp-config.h").exists()
        return "not available: apt-get install gcc libc6-dev libsnmp-dev" if missing else ""
    return ""


CLIENTS: dict[str, Callable[[int, UsmUser | None, float], tuple[int, float]]] = {
    "nadi, one device after another": walk_ours,
    "nadi, 20 devices at a time": walk_ours_together,
    "pysnmp, all columns at once": walk_pysnmp,
    "gufo-snmp, column after column": walk_gufo,
    "net-snmp: snmpbulkwalk": walk_snmpbulkwalk,
    "net-snmp: C, long-lived, all columns": walk_in_c,
    "snmp_exporter": walk_exporter,
}

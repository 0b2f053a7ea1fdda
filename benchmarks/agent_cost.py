"""Memory and processor time of the resident agent beside node_exporter and zabbix_agent2, in one run.

The agent measures host and interfaces and sends over TLS to a small sink on this machine, which answers with signed
receipts; a second one has every input of the examples for a server and for power but the generator's, which needs an
extra. Each of them has its first turn and is idle from then on (what they ask is not there, or is the sink). A cycle of
10 s is compressed to 1 s; node_exporter is scraped and zabbix_agent2 is asked once a cycle.
RSS, USS (memory no other process shares) and private bytes not backed by a file are read at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import trustme

from agent.enrol import Enrolment, keep, key_of, prepare
from agent.envelope import Receipt, split, write_receipts
from agent.identity import Key

ROOT = Path(__file__).parent.parent
ZABBIX_KEYS = (
    *("system.cpu.util[,user]", "system.cpu.util[,system]", "system.cpu.load", "vm.memory.size[available]"),
    *("system.swap.size[,used]", "vfs.fs.size[/,free]", "vfs.fs.size[/,total]", "system.uptime", "system.boottime"),
    *("system.users.num", "net.if.in[eth0]", "net.if.out[eth0]", "net.if.in[eth0,errors]", "net.if.out[eth0,errors]"),
)


Run = tuple[str, int, Callable[[], None] | None]
"""A process under test: its name, its id, and what asks it once a cycle."""


@dataclass(frozen=True)
class Cost:
    """What one process cost: MiB of memory, CPU seconds per cycle."""

    name: str
    rss: float
    uss: float
    anonymous: float
    cpu: float


def memory(pid: int) -> tuple[float, float, float]:
    """Return RSS, USS and anonymous private memory in MiB (proc(5), smaps_rollup)."""
    table: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        table[name] = int(rest.split()[0])
    uss = table["Private_Clean"] + table["Private_Dirty"]
    return table["Rss"] / 1024, uss / 1024, table["Anonymous"] / 1024


def cpu(pid: int) -> float:
    """Return the user and system seconds of a process, from nanoseconds of its threads where the kernel tells them."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


@contextlib.contextmanager
def sink(ca: trustme.CA) -> Iterator[tuple[str, Key]]:
    """Answer every POST with signed receipts."""
    key = Key(b"\x05" * 32)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = [envelope.header for envelope in split(body)]
            receipts = [Receipt(h.run, h.seq, h.sha256, "stored", "", (), "j", h.seq, "0" * 64) for h in headers]
            answer = write_receipts(receipts, key.sign)
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            return

    context = SSLContext(PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_address[1]}", key
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def process(command: list[str], **environment: str) -> Iterator[int]:
    """Run a program for the time of the block."""
    child = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield child.pid
    finally:
        child.terminate()
        child.wait()


HOST = "[device.inputs.host]\n[device.inputs.interfaces]\n"


def everything(url: str) -> str:
    """Return the inputs of the examples in ``config``, with nothing of them outside of this machine."""
    texts = [(ROOT / "config" / name).read_text() for name in ("server.toml", "power.toml")]
    devices = re.split(
        r"^(?=\[\[device\]\])", "".join(text[text.index("[device.inputs.") :] for text in texts), flags=re.M
    )
    text = "".join(device for device in devices if "inputs.generator" not in device)
    text = re.sub(r'"10\.\d+\.\d+\.\d+"', '"127.0.0.1"', text)
    return re.sub(r'"https://[^"]+"', f'"{url}"', text)


@contextlib.contextmanager
def agent(folder: Path, url: str, key: Key, name: str, inputs: str) -> Iterator[int]:
    """Run an enrolled agent as its installed command does, without the import hooks of a development installation."""
    state = folder / name
    prepare(state)
    key_of(state, create=True)
    keep(state, Enrolment(key.public, "j", None))
    config = folder / f"{name}.toml"
    config.write_text(
        f'name = "bench"\nstate = "{state}"\ninterval = 1\n[collector]\nurl = "{url}"\nca = "{folder}/ca.pem"\n'
        f'[[device]]\nname = "bench"\n{inputs}'
    )
    paths = os.pathsep.join((str(ROOT), sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]))
    command = "import sys; from agent.cli import main; sys.exit(main())"
    start = [sys.executable, "-S", "-c", command, "run", "--config", str(config)]
    with process(start, PYTHONPATH=paths) as pid:
        yield pid


def port(nth: int) -> int:
    """Return a port that was free just now, another for each ``nth``; zabbix_agent2 takes none above 32767."""
    for number in range(20_000 + os.getpid() % 6_000 * 2 + nth, 32_767, 2):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", number))
            return number
    raise SystemExit("no free port between 20000 and 32767")


def ask_zabbix(number: int) -> None:
    """Ask zabbix_agent2 for its items, one connection each as its passive checks have it."""
    for item in ZABBIX_KEYS:
        with socket.create_connection(("127.0.0.1", number), timeout=20) as sock:
            sock.sendall(b"ZBXD\x01" + len(item).to_bytes(8, "little") + item.encode())
            assert sock.recv(4096).startswith(b"ZBXD"), item


def scrape(number: int) -> None:
    """Scrape node_exporter once."""
    with urllib.request.urlopen(f"http://127.0.0.1:{number}/metrics") as answer:
        answer.read()


def measure(cycles: int, folder: Path) -> tuple[list[Cost], list[str]]:
    """Run all of them side by side; return their costs and what was not there."""
    absent: list[str] = []
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    with contextlib.ExitStack() as stack:
        url, key = stack.enter_context(sink(ca))
        runs: list[Run] = [
            (f"nadi-agent, {name} inputs", stack.enter_context(agent(folder, url, key, name, inputs)), None)
            for name, inputs in (("two", HOST), ("all", everything(url)))
        ]
        node = shutil.which("prometheus-node-exporter")
        if node:
            number = port(0)
            pid = stack.enter_context(process([node, f"--web.listen-address=127.0.0.1:{number}"]))
            runs.append(("node_exporter", pid, lambda number=number: scrape(number)))  # type: ignore[misc]
        else:
            absent.append("node_exporter is not installed (apt-get install prometheus-node-exporter)")
        zabbix = shutil.which("zabbix_agent2", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if zabbix:
            number = port(1)
            (folder / "zabbix.conf").write_text(
                f"Server=127.0.0.1\nListenPort={number}\nListenIP=127.0.0.1\nLogType=console\nHostname=bench\n"
                f"ControlSocket={folder}/z.sock\nPluginSocket={folder}/p.sock\nPidFile={folder}/z.pid\n"
            )
            pid = stack.enter_context(process([zabbix, "-f", "-c", str(folder / "zabbix.conf")]))
            runs.append(("zabbix_agent2", pid, lambda number=number: ask_zabbix(number)))  # type: ignore[misc]
        else:
            absent.append("zabbix_agent2 is not installed (apt-get install zabbix-agent2)")
        return follow(runs, cycles), absent


def follow(runs: list[Run], cycles: int) -> list[Cost]:
    """Let warm up for 5 cycles, then count ``cycles``; processor time is the median of five parts of the run."""
    marks: dict[str, list[float]] = {name: [] for name, _, _ in runs}
    part = max(cycles // 5, 1)
    time.sleep(2)
    for cycle in range(5 + 5 * part + 1):
        for name, pid, ask in runs:
            if cycle >= 5 and (cycle - 5) % part == 0:
                marks[name].append(cpu(pid))
            if ask is not None:
                ask()
        time.sleep(1.0 - time.time() % 1.0 + 0.5 if time.time() % 1.0 > 0.5 else 0.5 - time.time() % 1.0)
    costs = []
    for name, pid, _ in runs:
        used = [(b - a) / part for a, b in zip(marks[name], marks[name][1:], strict=False)]
        costs.append(Cost(name, *memory(pid), statistics.median(used)))
    return costs


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cycles", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        costs, absent = measure(options.cycles, Path(name))
    print(f"{'':32}{'RSS MiB':>9}{'USS MiB':>9}{'anon MiB':>10}{'CPU s/cycle':>13}")
    for cost in costs:
        print(f"{cost.name:32}{cost.rss:9.1f}{cost.uss:9.1f}{cost.anonymous:10.1f}{cost.cpu:13.5f}")
    for line in absent:
        print(line)
    if options.json:
        options.json.write_text(json.dumps({"costs": [asdict(cost) for cost in costs], "absent": absent}, indent=1))


if __name__ == "__main__":
    main()

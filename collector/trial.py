"""``nadi try`` (``make run``): a real collector and a real, enrolled agent on this machine, live in the terminal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.clock import NS, WIB, SystemClock
from collector import terminal
from collector.client import ask
from collector.config import FILE, Settings, read
from collector.folder import Folder, Impossible
from collector.ports import example_interface, free_port
from collector.register.document import read as read_inventory

PORT = 8470
AGENT = "agen-contoh"
DEVICE = "mesin-ini"
INTERVAL_SECONDS = 2
BIN_NS = 300 * NS
START_SECONDS = 30
STOP_SECONDS = 20
PLAIN_SECONDS = 5

_COLLECTOR = """\
# Written by nadi try at each start.
data = "."
zone = "WIB"
region = "Kabupaten Contoh"

[listen]
port = {port}

[live]
stale_seconds = 15
"""
_AGENT = """\
# Written by nadi try at each start.
name = "{agent}"
state = {state}
interval = {interval}

[collector]
url = "http://127.0.0.1:{port}"

[[device]]
name = "{device}"

[device.inputs.host]

[device.inputs.interfaces]
exclude = []
"""
_INVENTORY = """\
# The example of nadi try: one OPD whose line is seen at a port of this machine. All names are invented.
[[site]]
code = "contoh"
name = "Lokasi Contoh"

[[opd]]
code = "OPD-CONTOH"
name = "Perangkat Daerah Contoh"
priority = "sedang"
site = "contoh"

[[device]]
code = "{device}"
name = "Mesin ini"
site = "contoh"
source = "{agent}"

[[link]]
code = "wan-contoh"
opd = "OPD-CONTOH"
device = "{device}"
interface = {interface}
unduh = "receive"
vantage = "opd"
medium = "contoh"
owner = "Pemerintah Kabupaten"
maintainer = "WAN"
active_from = {since}

[[allocation]]
opd = "OPD-CONTOH"
number = "CONTOH/1"
date = {day}
legal_basis = "Contoh, bukan penetapan"
official = "Contoh"
priority = "sedang"
down_mbps = 20
up_mbps = 10
floor_down_mbps = 5
floor_up_mbps = 5
valid_from = {since}
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """The files of a trial in its data folder."""

    data: Path

    @property
    def agent_config(self) -> Path:
        return self.data / "agent" / "agent.toml"

    @property
    def agent_state(self) -> Path:
        return self.data / "agent" / "state"

    @property
    def inventory(self) -> Path:
        return self.data / "inventory.toml"


def run(data: Path) -> int:
    """Run until Ctrl-C, SIGTERM or SIGHUP; the next run goes on where this one stopped."""
    place = _Place(data.resolve())
    with ExitStack() as stack, _ending() as is_over:
        settings, token = _prepare(place)
        collector = stack.enter_context(_child("collector", place.data, "run", "--config", str(place.data / FILE)))
        _wait_for_status(settings, collector, is_over, place.data / "collector.log")
        if token:
            _enrol(place, token)
        agent = stack.enter_context(_child("agent", place.data, "run", "--config", str(place.agent_config)))
        _announce(settings, place)
        _show(settings, {"collector": collector, "agent": agent}, is_over, place.data)
    _write("ended cleanly; the next start goes on from here\n")
    return 0


def _prepare(place: _Place) -> tuple[Settings, str]:
    """Write the configuration, register the example, and mint an enrolment token unless the agent has its place."""
    place.agent_config.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    port = free_port(PORT)
    (place.data / FILE).write_text(_COLLECTOR.format(port=port), encoding="utf-8")
    state = json.dumps(str(place.agent_state))
    place.agent_config.write_text(
        _AGENT.format(agent=AGENT, device=DEVICE, state=state, interval=INTERVAL_SECONDS, port=port), encoding="utf-8"
    )
    settings = read(place.data / FILE)
    clock = SystemClock()
    now_ns = clock.now().wall_ns
    with Folder(settings, clock=clock, writer=True) as folder:
        if not place.inventory.exists():
            since = WIB.local(now_ns - (now_ns - WIB.day_start(WIB.day(now_ns))) % BIN_NS)
            place.inventory.write_text(
                _INVENTORY.format(
                    agent=AGENT,
                    device=DEVICE,
                    interface=json.dumps(example_interface()),
                    since=since.replace(tzinfo=None).isoformat(),
                    day=since.date().isoformat(),
                ),
                encoding="utf-8",
            )
        folder.register.apply(read_inventory(place.inventory, zone=WIB), actor="try", now_ns=now_ns)
        enrolled = (place.agent_state / "collector.json").exists() and folder.register.access.agent(AGENT) is not None
        if enrolled:
            return settings, ""
        token = folder.register.access.mint_enrolment(agent=AGENT, devices=[DEVICE], actor="try", now_ns=now_ns)
        return settings, token


@contextmanager
def _child(name: str, data: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``nadi`` or ``nadi-agent`` beside us, its messages in a log; at the end SIGTERM, and wait."""
    module = "collector.cli" if name == "collector" else "agent.cli"
    with (data / f"{name}.log").open("ab") as log:
        # A session of its own: Ctrl-C in the terminal reaches us alone, and we end the two in order.
        child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", module, *arguments], stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def _ending() -> Iterator[list[bool]]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into a wish to end: the list is no longer empty."""
    wished: list[bool] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: wished.append(True)) for number in numbers}
    try:
        yield wished
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_for_status(settings: Settings, child: subprocess.Popen[bytes], is_over: list[bool], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while ask(settings, "/api/v1/status") is None and not is_over:
        if child.poll() is not None or time.monotonic() > until:
            raise Impossible(f"the collector did not start; the end of {log}:\n{_tail(log)}")
        time.sleep(0.1)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])


def _enrol(place: _Place, token: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "agent.cli", "enrol", "--config", str(place.agent_config), "--token", "-"],
        input=token.encode() + b"\n",
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise Impossible(f"the agent was not enrolled: {done.stderr.decode(errors='replace').strip()}")


def _announce(settings: Settings, place: _Place) -> None:
    url = f"http://127.0.0.1:{settings.listen.port}"
    rows = [["status page", f"{url}/"], ["metrics", f"{url}/metrics"], ["API docs", f"{url}/docs"]]
    rows += [["data folder", str(place.data)], ["logs", f"{place.data}/collector.log, agent.log"]]
    _write("\n".join([*(f"{name:<12} {where}" for name, where in rows), "Ctrl-C ends both.", "", ""]))


def _show(settings: Settings, children: dict[str, subprocess.Popen[bytes]], is_over: list[bool], data: Path) -> None:
    """Show the live state until the end is wished for or a child ends by itself."""
    drawn, told = 0, 0.0
    in_place = sys.stdout.isatty()
    while not is_over:
        for name, child in children.items():
            if child.poll() is not None:
                raise Impossible(f"the {name} ended; the end of its log:\n{_tail(data / f'{name}.log')}")
        found = ask(settings, "/api/v1/status")
        if found is not None and in_place:
            lines = terminal.status_lines(found)
            _write((f"\x1b[{drawn}F" if drawn else "") + "".join(f"\x1b[2K{line}\n" for line in lines) + "\x1b[J")
            drawn = len(lines)
        elif found is not None and time.monotonic() - told >= PLAIN_SECONDS:
            told = time.monotonic()
            _write("".join(f"{line}\n" for line in _plain_lines(found)))
        with suppress(InterruptedError):
            time.sleep(1)


def _plain_lines(found: dict[str, Any]) -> list[str]:
    return [
        f"{found['now']} {opd['code']} {opd['state']}; {_plain_flow(opd, 'unduh')}; {_plain_flow(opd, 'unggah')}"
        for opd in found["opds"]
    ]


def _plain_flow(opd: dict[str, Any], direction: str) -> str:
    flow = opd[direction]
    rate, limit = terminal.mbps(flow["rate_bps"]), terminal.mbps(flow["allocation_bps"])
    return (
        f"{direction} langsung {rate} of {limit} Mbps ({terminal.percent(flow['utilisation'])}),"
        f" open bin {terminal.percent(flow['open_share'])}"
    )


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()

"""A day in the laboratory: real routers, agents, a UPS, backups, a collector, VictoriaMetrics and Prometheus.

    python -m tests.lab.day run FOLDER --hours 24 [--upgrade TREE]     live through a day of so many hours
    python -m tests.lab.day ask FOLDER                                 ask every panel meanwhile

Linux, root, on loopback and in namespaces of its own; about a tenth of a core. What happens stands in FOLDER/events.
A day of fewer hours is the same day, shorter. With --upgrade the collector goes on from TREE when it is restarted.
SIGTERM ends it early.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.agent.nutd import LIB
from tests.lab import day_place
from tests.lab.centre import ROOT, wait_for
from tests.lab.day_servers import Servers
from tests.lab.namespaces import Network, require, stop
from tests.lab.routers import Router

DAY_S = 24 * 3600
BURST_S = 40
Event = tuple[float, str, Callable[[], object]]


class Day:
    """The network with everything in it; ``seconds`` is how long the day lasts."""

    def __init__(self, network: Network, folder: Path, *, seconds: float, upgrade: Path | None) -> None:
        self.network, self.folder, self.seconds, self._upgrade = network, folder, seconds, upgrade
        self._bursts: list[subprocess.Popen[bytes]] = []
        self._dice = random.Random(1)
        self._changes = itertools.count(1_700_000_000)
        self.servers = Servers(network, folder)
        self.routers = {number: Router(network, number, folder, fresh=False) for number in (3, 4)}
        for router in self.routers.values():
            router.make_port()
            router.start()
        self._far_end()
        self.servers.start(ROOT)
        self.agents = {name: self._agent(name, "run") for name in day_place.DEVICES}

    def _far_end(self) -> None:
        """Start what answers: the Internet's iperf3, the portal, a name server, upsd, a first backup."""
        for port in (f"{way}{number}" for way in ("530", "540") for number in day_place.OPD):
            self.network.start("r4", "iperf3", "-s", "-p", port, "--idle-timeout", "90", log=Path(os.devnull))
        web = self.folder / "web"
        web.mkdir()
        (web / "index.html").write_text("<title>Portal</title>Portal layanan", encoding="utf-8")
        words = (sys.executable, "-m", "http.server", str(day_place.WEB_PORT), "-d", web)
        self.network.start("r5", *words, log=self.folder / "web.log")
        address = f"--address=/portal.contoh.go.id/{day_place.PORTAL}"
        self.network.start("noc", "dnsmasq", "-k", "-R", "-h", "-C", "/dev/null", address, log=self.folder / "dns.log")
        self._ups()
        (self.folder / "password").write_text("lab")
        (self.folder / "password").chmod(0o600)
        (self.folder / "copies").mkdir()
        self._restic("init", "--quiet")
        self.backup()
        self._restic("check", "--quiet")
        for marker in ("verified", "restored"):
            (self.folder / marker).write_text(f"OK {time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime())}\n")

    def _ups(self) -> None:
        state = self.folder / "nut"
        state.mkdir(mode=0o700)
        self.power(1.0, mains=True)
        (state / "ups.conf").write_text(
            f"maxretry = 1\npollinterval = 5\n[portal]\n  driver = dummy-ups\n  port = {state}/portal.dev\n"
            "  mode = dummy-once\n"
        )
        (state / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {day_place.UPSD_PORT}\nMAXAGE 30\nSTATEPATH {state}\n")
        (state / "upsd.users").write_text("")
        settings = ("env", f"NUT_CONFPATH={state}", f"NUT_STATEPATH={state}")
        for words in ((LIB / "dummy-ups", "-F", "-u", "root", "-a", "portal"), (LIB / "upsd", "-F", "-u", "root")):
            self.network.start("r5", *settings, *words, log=self.folder / "nut.log")
            wait_for(lambda: any(state.glob("dummy-ups-*")), seconds=15, what="the driver of the UPS")

    def power(self, charge: float, *, mains: bool) -> None:
        """Let the UPS tell its charge (0 to 1), and whether the mains are there."""
        status = "OL CHRG" if mains and charge < 1 else "OL" if mains else "OB DISCHRG LB" if charge < 0.3 else "OB"
        new = self.folder / "nut" / "portal.new"
        new.write_text(
            f"ups.status: {status}\nbattery.charge: {100 * charge:.0f}\nbattery.runtime: {2400 * charge:.0f}\n"
            f"ups.load: 38\ninput.voltage: {'221.5' if mains else '0.0'}\noutput.voltage: 220.1\nups.model: Lab 3000\n"
        )
        moment = next(self._changes)  # dummy-ups reads the file again when its time is another
        os.utime(new, (moment, moment))
        new.rename(new.with_suffix(".dev"))

    def _restic(self, *words: str) -> None:
        given = ["restic", "-r", str(self.folder / "repository"), "-p", str(self.folder / "password"), *words]
        given += ["--cache-dir", str(self.folder / "cache")]
        with (self.folder / "restic.log").open("ab") as log:
            status = subprocess.run(given, stdout=log, stderr=log, check=False, timeout=120).returncode
            log.write(f"exit {status}\n".encode())

    def backup(self) -> None:
        """Make a snapshot, and a copy of the settings with its sum."""
        (self.folder / "web" / "data").write_bytes(self._dice.randbytes(200_000))
        self._restic("backup", "--json", "--quiet", "--host", "srv-portal", str(self.folder / "web"))
        copies = self.folder / "copies"
        name = f"pengaturan-{time.time_ns() // 10**9}.tar.gz"
        subprocess.run(["tar", "-czf", copies / name, "-C", self.folder, "web"], check=True)
        told = subprocess.run(["sha256sum", name], cwd=copies, check=True, capture_output=True).stdout
        (copies / f"{name}.sha256").write_bytes(told)

    def _agent(self, name: str, command: str, *more: str) -> subprocess.Popen[bytes]:
        node = "noc" if name == "poller" else name
        words = ("-m", "agent.cli", command, "--config", str(self.folder / f"{name}.toml"), *more)
        return self.network.start(node, sys.executable, *words, log=self.folder / f"agent-{name}.log")

    def events(self) -> Iterator[Event]:
        """Give what happens, at seconds after the begin."""

        def lasting(most_s: float) -> float:
            return min(most_s, self.seconds * most_s / (80 * 60))

        def at(share: float) -> float:
            return self.seconds * share

        yield at(0.15), "line of r2 cut", lambda: self.network.cut(2)
        yield at(0.15) + lasting(1200), "line of r2 mended", lambda: self.network.mend(2)
        outage = lasting(720)
        for step in range(12):
            charge = 1 - step * 0.07
            yield at(0.42) + outage * step / 12, f"mains lost, battery at {charge:.0%}", self._told(charge, mains=False)
        for step in range(12):
            charge = min(1.0, 0.24 + step * 0.07)
            yield at(0.42) + outage * (1 + step / 12), f"mains back, {charge:.0%}", self._told(charge, mains=True)
        yield at(0.48), "snmpd of r3 restarted", self.routers[3].restart
        yield at(0.55), "agent of r1 stopped", lambda: stop(self.agents["r1"])
        yield at(0.55) + lasting(900), "agent of r1 started", self._again
        yield at(0.62), "collector restarted", lambda: self.servers.again(self._upgrade or ROOT)
        yield at(0.78), "one packet in twenty of r3 lost", self._lossy
        yield (
            at(0.78) + lasting(600),
            "no packets lost",
            lambda: self.network.run("r3", "nft", "delete", "table", "ip", "loss"),
        )
        yield from ((float(at_s), "backup", self.backup) for at_s in range(900, int(self.seconds), 900))
        yield from ((float(at_s), "", self.traffic) for at_s in range(5, int(self.seconds), 60))

    def _told(self, charge: float, *, mains: bool) -> Callable[[], None]:
        return lambda: self.power(charge, mains=mains)

    def _again(self) -> None:
        self.agents["r1"] = self._agent("r1", "run")

    def _lossy(self) -> None:
        self.network.run("r3", "nft", "add", "table", "ip", "loss")
        hook = "{ type filter hook prerouting priority -300; }"
        self.network.run("r3", "nft", "add", "chain", "ip", "loss", "pre", hook)
        words = ("ip", "loss", "pre", "numgen", "random", "mod", "1000", "<", "50", "drop")
        self.network.run("r3", "nft", "add", "rule", *words)

    def traffic(self) -> None:
        """Begin a minute's bursts: as busy as this hour of the day is."""
        hour = 24 * ((time.monotonic() - self.begun) / self.seconds)
        busy = 0.06 + 0.84 * math.exp(-(((hour - 11.5) / 4) ** 2))
        self._bursts = [child for child in self._bursts if child.poll() is None]
        for child in self._bursts[:-12]:
            child.kill()
        for number, (_, _, mbps) in day_place.OPD.items():
            for way, share, more in (("530", 1.0, ["-R"]), ("540", 0.3, [])):
                kbps = int(1000 * mbps * share * min(1.2, busy * self._dice.uniform(0.4, 1.5)))
                words = ["iperf3", "-c", self.network.address(4), "-p", f"{way}{number}", "-b", f"{kbps}k", *more]
                words += ["-t", str(BURST_S), "--connect-timeout", "2000"]
                given = ["ip", "netns", "exec", self.network.name(f"r{number}"), *words]
                self._bursts.append(subprocess.Popen(given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def live(self, ended: Callable[[], bool]) -> None:
        """Let everything happen at its time."""
        self.begun = time.monotonic()
        waiting = sorted(self.events(), key=lambda event: event[0])
        while waiting and not ended():
            if time.monotonic() - self.begun < waiting[0][0]:
                time.sleep(0.5)
                continue
            _, name, act = waiting.pop(0)
            act()
            if name:
                self.note(name)
        while time.monotonic() - self.begun < self.seconds and not ended():
            time.sleep(0.5)

    def note(self, what: str) -> None:
        """Write down what happened."""
        with (self.folder / "events").open("a", encoding="utf-8") as events:
            events.write(f"{time.strftime('%H:%M:%S', time.gmtime())} UTC {what}\n")

    def close(self) -> None:
        """End the bursts; the network ends the rest."""
        for child in self._bursts:
            child.kill()
            child.wait(10)


def run(folder: Path, *, hours: float, upgrade: Path | None) -> None:
    """Live through a day; what stays in ``folder`` may be read afterwards."""
    require("snmpd", "dnsmasq", "restic", "victoria-metrics", "prometheus", "nft")
    folder.mkdir(parents=True)
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    with Network(day_place.RATES) as network:
        day = Day(network, folder.resolve(), seconds=hours * 3600, upgrade=upgrade)
        day.note(f"begun, {hours:g} h")
        try:
            day.live(lambda: bool(ended))
            ask(folder)
            print(day.servers.verdict(), flush=True)
        finally:
            day.note("ended")
            day.close()


def ask(folder: Path) -> None:
    """Print what every panel shows now; in the namespace in which the servers listen."""
    place = json.loads((folder / "place.json").read_text(encoding="utf-8"))
    words = ["ip", "netns", "exec", place["namespace"], sys.executable, "-m", "tests.lab.day_asked", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.day")
    parser.add_argument("action", choices=("run", "ask"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--upgrade", type=Path)
    options = parser.parse_args()
    if options.action == "ask":
        ask(options.folder)
    else:
        run(options.folder, hours=options.hours, upgrade=options.upgrade)


if __name__ == "__main__":
    main()

"""The servers of a day in the laboratory: the collector, VictoriaMetrics and Prometheus, all at the centre."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import trustme

from tests.lab import day_place
from tests.lab.centre import ROOT, free_port, wait_for
from tests.lab.namespaces import CENTRE_ADDRESS, Network, stop
from tests.lab.routers import CREDENTIALS

ALERTS = ROOT / "dashboards" / "alerts" / "alarm.yml"


class Servers:
    """Their folder and processes; ``start`` begins with the source tree at ``tree``, ``again`` goes on with another."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.ports = {name: free_port() for name in ("collector", "feed", "prometheus")}
        self._collector: subprocess.Popen[bytes] | None = None
        self._certify()
        places = {"host": CENTRE_ADDRESS, "port": self.ports["collector"]}
        text = day_place.COLLECTOR.format(feed=self.ports["feed"], **places)
        (folder / "collector.toml").write_text(text, encoding="utf-8")
        (folder / "snmp.toml").write_text(CREDENTIALS, encoding="ascii")
        (folder / "snmp.toml").chmod(0o600)
        addresses = {number: network.address(number) for number in range(1, 6)}
        url = f"https://{CENTRE_ADDRESS}:{self.ports['collector']}"
        for name, text in day_place.agents(url=url, folder=str(folder), addresses=addresses).items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")

    def _certify(self) -> None:
        authority = trustme.CA()
        server = authority.issue_cert(CENTRE_ADDRESS)
        authority.cert_pem.write_to_path(self.folder / "ca.pem")
        server.private_key_pem.write_to_path(self.folder / "server.key")
        server.cert_chain_pems[0].write_to_path(self.folder / "server.pem")

    def start(self, tree: Path) -> None:
        """Register everything, enrol the agents, and start the servers."""
        since = time.gmtime(time.time() // 300 * 300 + 7 * 3600)
        (self.folder / "inventory.toml").write_text(
            day_place.inventory(time.strftime("%Y-%m-%dT%H:%M:%S", since)), encoding="utf-8"
        )
        self.nadi("inventory", "apply", str(self.folder / "inventory.toml"))
        tokens = {}
        for name, devices in day_place.DEVICES.items():
            more = [word for device in devices for word in ("--device", device)]
            tokens[name] = self.nadi("agents", "token", name, *more).strip()
        (self.folder / "scrape.token").write_text(self.nadi("tokens", "operator", "prometheus").strip())
        self._databases()
        self._run(tree)
        for name, token in tokens.items():
            node = "noc" if name == "poller" else name
            words = ("-m", "agent.cli", "enrol", "--config", str(self.folder / f"{name}.toml"), "--token", token)
            self.network.run(node, sys.executable, *words)

    def nadi(self, *words: str, status: int | None = 0) -> str:
        """Run a command of the collector and return what it printed; ``status`` is the exit status it must have."""
        given = [sys.executable, "-m", "collector.cli", *words, "--config", str(self.folder / "collector.toml")]
        within = ["ip", "netns", "exec", self.network.name("noc"), "env", "-C", str(ROOT), *given]
        done = subprocess.run(within, capture_output=True, text=True, timeout=300, check=False)
        assert status in (None, done.returncode), f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def verdict(self) -> str:
        """End the collector; return what it says of its journal, and of what VictoriaMetrics holds."""
        assert self._collector is not None
        stop(self._collector)
        return self.nadi("feed", "check", status=None) + self.nadi("check", status=None)

    def _databases(self) -> None:
        folder, log = self.folder, self.folder / "databases.log"
        self.network.start(
            "noc", "victoria-metrics", f"-storageDataPath={folder}/vm", "-retentionPeriod=100y",
            f"-httpListenAddr=127.0.0.1:{self.ports['feed']}", "-dedup.minScrapeInterval=1ms",
            "-search.latencyOffset=0s", "-memory.allowedBytes=64MB", "-loggerLevel=ERROR", log=log,
        )  # fmt: skip
        text = day_place.PROMETHEUS.format(
            rules=ALERTS, token=folder / "scrape.token", ca=folder / "ca.pem", host=CENTRE_ADDRESS,
            port=self.ports["collector"],
        )  # fmt: skip
        (folder / "prometheus.yml").write_text(text, encoding="utf-8")
        self.network.start(
            "noc", "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/prometheus",
            f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}", "--log.level=warn", log=log,
        )  # fmt: skip
        place = {"namespace": self.network.name("noc"), "driver": os.getpid(), **self.ports}
        (folder / "place.json").write_text(json.dumps(place), encoding="utf-8")

    def _run(self, tree: Path) -> None:
        words = ("env", "-C", tree, f"PYTHONPATH={tree}", sys.executable, "-m", "collector.cli", "run", "--config")
        self._collector = self.network.start("noc", *words, self.folder / "collector.toml", log=self.folder / "log")
        wait_for(self._listens, seconds=30, what=f"the collector listens; see {self.folder / 'log'}")

    def _listens(self) -> bool:
        look = f"import socket; socket.create_connection(({CENTRE_ADDRESS!r}, {self.ports['collector']}), 1)"
        words = ["ip", "netns", "exec", self.network.name("noc"), sys.executable, "-c", look]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def again(self, tree: Path) -> None:
        """End the collector and go on with the source tree at ``tree``: an upgrade as it happens."""
        assert self._collector is not None
        stop(self._collector)
        self._run(tree)

"""A real collector in which links die, a real Prometheus with the shipped rules, a real Alertmanager, and receivers.

Only times are shorter than shipped: minutes of ``for``, of intervals and of grouping become seconds.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from agent.clock import NS
from collector.config import Settings
from tests.collector.feed_place import INVENTORY, free_port
from tests.collector.receivers import Post, mail_server, web_server
from tests.collector.register_sample import document
from tests.collector.test_web_main import collector
from tests.collector.web_visitor import running

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "dashboards" / "alertmanager"
TOOLS = ("prometheus", "prometheus-alertmanager")
DEVICES = {"r1": "wan-bpkad", "r2": "hulu", "r3": "wan-disdik"}
_DEVICE = '[[device]]\ncode = "{0}"\nname = "{0}"\nsite = "noc"\nsource = "token:tele"\n'
_LINK = """[[link]]
code = "{code}"
{role}
device = "{device}"
interface = "ether1"
unduh = "receive"
vantage = "noc"
medium = "serat optik"
owner = "Pemkab"
maintainer = "WAN"
contract = "isp"
active_from = 2020-01-01
"""
TOWN = (
    INVENTORY
    + '[[opd]]\ncode = "DISDIK"\nname = "Dinas Rahasia"\npriority = "sedang"\nsite = "noc"\n'
    + _DEVICE.format("r2")
    + _DEVICE.format("r3")
    + _LINK.format(code="hulu", role='role = "uplink"', device="r2")
    + _LINK.format(code="wan-disdik", role='opd = "DISDIK"', device="r3")
)
"""BPKAD's link is behind no uplink, that of DISDIK is behind the uplink ``hulu`` by their contract."""


STANDING = ("NadiSelaluMenyala", "NadiCakupanRendah", "NadiCadanganSendiri")
"""What stands all the time: the pulse, a month whose first days were never measured, a collector never backed up."""


@dataclass
class Town:
    """What the tests move and look at; ``up`` is the state of each device's port."""

    url: str
    token: str
    alertmanager: str
    prometheus: str
    hooks: Post
    mail: Post
    up: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DEVICES, 1))
    stopped: threading.Event = field(default_factory=threading.Event)

    def write(self, seconds: list[int], *, up: dict[str, int] | None = None) -> None:
        """Send readings of these Unix seconds."""
        states = up or self.up
        lines = (
            f"nadi_interface,device={device},interface=ether1 receive_bytes_total={s * 1000}u,"
            f"transmit_bytes_total={s * 500}u,up={states[device]}i {s * NS}\n"
            for device in DEVICES
            for s in seconds
        )
        head = {"Authorization": f"Token {self.token}"}
        answer = httpx.post(f"{self.url}/api/v2/write?precision=ns", content="".join(lines), headers=head)
        assert answer.status_code == 204, answer.text

    def keep_writing(self) -> None:
        """Send what is now, twice a second."""
        while not self.stopped.wait(0.5):
            self.write([int(time.time())])

    def alerts(self, name: str = "") -> list[dict[str, Any]]:
        """Return the alerts that Alertmanager holds, by name."""
        found = httpx.get(f"{self.alertmanager}/api/v2/alerts").json()
        return [item for item in found if name in ("", item["labels"]["alertname"])]

    def evaluations(self, count: int) -> None:
        """Wait until the rules were evaluated so often."""

        def last() -> str:
            groups = httpx.get(f"{self.prometheus}/api/v1/rules").json()["data"]["groups"]
            return str(min(group["lastEvaluation"] for group in groups))

        for _ in range(count):
            seen = last()
            until(lambda: last() != seen)  # noqa: B023 - called at once

    def told(self) -> list[str]:
        """Return what came by webhook, but for what stands all the time."""
        return [text for text in self.hooks.taken if not any(name in text for name in STANDING)]

    def mails(self) -> list[str]:
        """Return what came by mail, but for what stands all the time."""
        return [text for text in self.mail.taken if not any(name in text for name in STANDING)]

    def calm(self) -> None:
        """Let everything be up until no alert stands, and forget what was told but the pulse."""
        self.up = dict.fromkeys(DEVICES, 1)
        until(lambda: {item["labels"]["alertname"] for item in self.alerts()} == set(STANDING), 40)
        self.evaluations(3)
        self.hooks.taken[:] = [text for text in self.hooks.taken if STANDING[0] in text]
        self.mail.taken.clear()


def until(what: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.1)


@contextmanager
def town(folder: Path) -> Iterator[Town]:
    """Run everything."""
    for tool in TOOLS:
        if shutil.which(tool) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{tool} is not installed")
            pytest.skip(f"{tool} is not installed")
    with running(Settings(data=folder / "data", zone="WIB", region="Kabupaten Contoh")) as made:
        register, now_ns = made.folder.register, time.time_ns()
        register.apply(document(TOWN), actor="t", now_ns=now_ns)
        token = register.access.mint_write_token(name="tele", devices=list(DEVICES), actor="t", now_ns=now_ns)
    with ExitStack() as stack:
        _, url = stack.enter_context(collector(folder))
        hooks = stack.enter_context(web_server(lambda path, table: json.dumps([path, table])))
        mail = stack.enter_context(mail_server())
        ports = free_port(), free_port()
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        found = Town(url, token, addresses[0], addresses[1], hooks, mail)
        until(lambda: _answers(f"{url}/health"))
        found.write(list(range(int(time.time()) - 1500, int(time.time()), 10)))
        writer = threading.Thread(target=found.keep_writing, daemon=True)
        writer.start()
        stack.callback(writer.join)
        stack.callback(found.stopped.set)
        _alertmanager(stack, folder, ports[0], hooks, mail)
        _prometheus(stack, folder, ports, url.removeprefix("http://"))
        yield found


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def _alertmanager(stack: ExitStack, folder: Path, port: int, hooks: Post, mail: Post) -> None:
    """Run it with the shipped file, its receivers switched on and led to this test."""
    shutil.copy(SHIPPED / "nadi.tmpl", folder)
    table = yaml.safe_load((SHIPPED / "alertmanager.yml").read_text(encoding="utf-8").replace("#~", ""))
    smtp = {"smtp_smarthost": f"127.0.0.1:{mail.port}", "smtp_require_tls": False, "smtp_from": "nadi@contoh.go.id"}
    table["global"] = smtp
    here = f"http://127.0.0.1:{hooks.port}"
    receivers = {item["name"]: item for item in table["receivers"]}
    receivers["piket"]["telegram_configs"][0]["api_url"] = here
    receivers["denyut"]["webhook_configs"][0]["url"] = f"{here}/denyut"
    for name in ("noc", "piket", "ringkasan"):
        receivers[name]["webhook_configs"] = [{"url": f"{here}/{name}", "send_resolved": True}]
    text = re.sub(r'("group_(?:wait|interval)"): "\w+"', r'\1: "300ms"', json.dumps(table))
    (folder / "alertmanager.yml").write_text(text, encoding="utf-8")
    options = ["--config.file=alertmanager.yml", "--storage.path=am", "--cluster.listen-address="]
    _start(stack, [TOOLS[1], *options, f"--web.listen-address=127.0.0.1:{port}"], folder)
    until(lambda: _answers(f"http://127.0.0.1:{port}/-/ready"))


def _prometheus(stack: ExitStack, folder: Path, ports: tuple[int, int], target: str) -> None:
    rules = (ROOT / "dashboards" / "alerts" / "alarm.yml").read_text(encoding="utf-8")
    rules = re.sub(r"(\bfor|keep_firing_for): \d+[smhd]", r"\1: 1s", rules)
    (folder / "alarm.yml").write_text(rules.replace("interval: 1m", "interval: 500ms"), encoding="utf-8")
    table = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": ["alarm.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ports[0]}"]}]}]},
        "scrape_configs": [{"job_name": "nadi", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(table), encoding="utf-8")
    options = ["--config.file=prometheus.yml", "--storage.tsdb.path=prom", "--rules.alert.resend-delay=1s"]
    options += [f"--web.listen-address=127.0.0.1:{ports[1]}"]
    _start(stack, [TOOLS[0], *options], folder)
    until(lambda: _answers(f"http://127.0.0.1:{ports[1]}/-/ready"))


def _start(stack: ExitStack, command: list[str], folder: Path) -> None:
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    stack.callback(process.wait, 10)
    stack.callback(process.kill)

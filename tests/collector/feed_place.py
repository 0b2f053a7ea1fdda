"""A collector with readings, and a real VictoriaMetrics to feed, for the tests of the feed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent.clock import MS, NS, ManualClock
from collector.config import Settings
from collector.feeds.derived import Written
from collector.feeds.feed import Feed
from collector.feeds.moment import written
from collector.feeds.settings import FeedSettings
from collector.running import Collector
from collector.web.facts import facts
from tests.collector.register_sample import WHOLE, document
from tests.collector.web_visitor import running

PEER = "victoria-metrics"
BIN = 300 * NS
INVENTORY = (
    WHOLE.replace("2026-01-01", "2020-01-01")
    .replace("2027-01-01", "2090-01-01")
    .replace("2025-12-22", "2019-12-22")
    .replace('name = "Router 1"', 'name = "Router 1"\nsource = "token:tele"')
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Victoria:
    """A VictoriaMetrics that can be killed, held, started again and wiped."""

    folder: Path
    port: int = field(default_factory=free_port)
    retention: str = "100y"
    least_free: int = 10_000_000
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        options = [
            f"-retentionPeriod={self.retention}",
            "-search.latencyOffset=0s",
            "-loggerLevel=ERROR",
            "-memory.allowedBytes=64MB",
            f"-storage.minFreeDiskSpaceBytes={self.least_free}",
        ]
        address = [f"-storageDataPath={self.folder}", f"-httpListenAddr=127.0.0.1:{self.port}"]
        self.process = subprocess.Popen([PEER, *address, *options], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 15
        while True:
            try:
                self.ask("/health")
                return
            except OSError:
                assert time.monotonic() < until, "VictoriaMetrics did not start"
                time.sleep(0.02)

    def end(self, number: int = signal.SIGKILL) -> None:
        if self.process is not None:
            os.kill(self.process.pid, number)
            self.process.wait(20)
            self.process = None

    def again(self) -> None:
        """End it as it should be ended, and start it."""
        self.end(signal.SIGTERM)
        self.start()

    def wipe(self) -> None:
        self.end()
        shutil.rmtree(self.folder)
        self.start()

    def ask(self, path: str, **query: object) -> bytes:
        body = urllib.parse.urlencode(query, doseq=True).encode()
        with urllib.request.urlopen(self.url + path, body, timeout=20) as answer:  # noqa: S310 - loopback
            found: bytes = answer.read()
        return found

    def samples(self, match: str = '{__name__=~"nadi_.*"}') -> dict[str, set[tuple[int, float]]]:
        """Return everything that is stored, by series."""
        self.ask("/internal/force_flush")
        found: dict[str, set[tuple[int, float]]] = {}
        for text in self.ask("/api/v1/export", **{"match[]": match}).splitlines():
            table = json.loads(text)
            name = json.dumps(table["metric"], sort_keys=True)
            found.setdefault(name, set()).update(zip(table["timestamps"], table["values"], strict=True))
        return found

    def series(self, name: str) -> dict[int, float]:
        """Return the samples of the one series of a name (with its labels, if there are several)."""
        found = self.samples(name if "{" in name else f'{{__name__="{name}"}}')
        assert len(found) == 1, sorted(found)
        return dict(sorted(next(iter(found.values()))))


@contextmanager
def victoria(folder: Path, **options: str | int) -> Iterator[Victoria]:
    """Run a VictoriaMetrics with its data in a folder."""
    if shutil.which(PEER) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{PEER} is not installed")
        pytest.skip(f"{PEER} is not installed")
    peer = Victoria(folder / "vm", **options)  # type: ignore[arg-type]
    peer.start()
    try:
        yield peer
    finally:
        peer.end()


@dataclass
class Centre:
    """A collector whose one router is written to by a client; ``start_ns`` is the edge of a bin, six hours ago."""

    collector: Collector
    clock: ManualClock
    token: str
    start_ns: int

    def take(self, seconds: Iterable[int], *, rate: int = 125_000, base: int = 10**9, device: str = "r1") -> None:
        """Let readings of these seconds (after the start) arrive now: counters that grow by ``rate`` octets/s."""
        lines = [
            f"nadi_interface,device={device},interface=ether1 receive_bytes_total={base + s * rate}u,"
            f"transmit_bytes_total={base + s * rate // 3}u,up=1i {self.start_ns + s * NS}\n"
            for s in seconds
        ]
        answer = self.collector.ingest.write("".join(lines).encode(), token=self.token, precision="ns", gzip=False)
        assert answer.status == 204, answer

    def until(self, second: int) -> None:
        """Let it be so many seconds after the start."""
        self.clock.advance(self.start_ns + second * NS - self.clock.now().wall_ns)

    def octets(self, seconds: Iterable[int], *, rate: int = 125_000, base: int = 10**9) -> dict[int, float]:
        """Return what ``take`` makes of the received octets on a server."""
        return {(self.start_ns + s * NS) // MS: float(base + s * rate) for s in seconds}

    def configured(self, url: str, more: str = "") -> Path:
        """Write the feed into the data folder's configuration, for the command line; return the folder."""
        data = self.collector.folder.settings.data
        feed = f'url = "{url}"\nsamples_per_second = 1000000\n{more}'
        (data / "collector.toml").write_text(f'data = "."\nzone = "WIB"\n[feed]\n{feed}', encoding="utf-8")
        return data

    @property
    def first_day(self) -> str:
        """The local day of the start."""
        return self.collector.folder.zone.day(self.start_ns).isoformat()

    def moment(self) -> Written:
        return written(facts(self.collector))

    @contextmanager
    def feed(self, url: str, **settings: object) -> Iterator[Feed]:
        """Give a feed that steps when told."""
        given = FeedSettings(url=url, samples_per_second=1_000_000, timeout_seconds=2)
        made = Feed(self.collector.folder, replace(given, **settings), moment=self.moment)  # type: ignore[arg-type]
        try:
            yield made
        finally:
            made.stop()


def until(what: Callable[[], object], seconds: float = 15) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)


def drain(feed: Feed) -> None:
    """Step until nothing is waiting."""
    while feed.step():
        pass


@contextmanager
def centre(folder: Path, text: str = INVENTORY, *, hours_ago: int = 6) -> Iterator[Centre]:
    """Begin a collector some hours ago, at the edge of a bin."""
    start_ns = (time.time_ns() // BIN - 12 * hours_ago) * BIN
    clock = ManualClock(start_ns, boot_ns=10**15, boot_id="b")
    settings = Settings(data=folder / "data", zone="WIB", region="Kabupaten Contoh")
    with running(settings, clock=clock) as collector:
        register = collector.folder.register
        register.apply(document(text), actor="t", now_ns=start_ns)
        devices = ["r1", "r2"]
        token = register.access.mint_write_token(name="tele", devices=devices, actor="t", now_ns=start_ns)
        clock.advance(20 * NS)
        yield Centre(collector, clock, token, start_ns)

"""Real time-series servers to ask, and a collector's /metrics for a real Prometheus to scrape."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from agent.clock import NS
from collector.running import Collector
from collector.web.api import create
from dashboards.model import Board, Panel, Query, Variable
from tests.collector.feed_place import free_port

PROMETHEUS = "prometheus"
Found = list[dict[str, str]]
"""The labels of the series that a query returned."""


@dataclass(frozen=True)
class Server:
    """A server with Prometheus' interface, asked at one moment (s)."""

    name: str
    url: str
    at_s: float

    def ask(self, path: str, **query: object) -> dict[str, object]:
        body = urllib.parse.urlencode(query).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}", body, timeout=20) as answer:  # noqa: S310
                found: dict[str, object] = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{self.name}: {query['query']}: {error.read().decode()[:300]}") from error
        return found

    def series(self, query: Query, panel: Panel, texts: dict[str, str]) -> list[dict[str, object]]:
        """Return what a panel's query gives, at once or over six hours by the minute."""
        expr = _filled(query.expr, texts)
        if panel.kind in {"stat", "table", "bargauge"}:
            return _result(self.ask("query", query=expr, time=self.at_s))
        found = self.ask("query_range", query=expr, start=self.at_s - 6 * 3600, end=self.at_s, step=60)
        return _result(found)

    def values(self, variable: Variable, texts: dict[str, str]) -> list[str]:
        """Return what a variable offers."""
        expr, _, name = _filled(variable.query, texts)[len("label_values(") : -1].rpartition(",")
        found = _result(self.ask("query", query=f"group by ({name}) (last_over_time({expr}[1h]))", time=self.at_s))
        return sorted({str(labels[name.strip()]) for labels in labels_of(found) if name.strip() in labels})


def _result(answer: dict[str, object]) -> list[dict[str, object]]:
    data = answer["data"]
    assert isinstance(data, dict)
    found: list[dict[str, object]] = data["result"]
    return found


def labels_of(found: list[dict[str, object]]) -> Found:
    """Return the labels of each series, without the name and what Prometheus adds at a scrape."""
    every = []
    for item in found:
        metric = item["metric"]
        assert isinstance(metric, dict)
        every.append({key: value for key, value in metric.items() if key not in {"__name__", "job", "instance"}})
    return every


def _filled(expr: str, texts: dict[str, str]) -> str:
    for name, text in texts.items():
        expr = expr.replace(f"${name}", text)
    return expr


def chosen(board: Board, server: Server, one: str) -> dict[str, str]:
    """Return the text of each variable as Grafana puts it into a query: "Semua", or ``one`` where one is chosen."""
    texts = {"__rate_interval": "4m", "__range": "6h"}
    for variable in board.variables:
        offered = server.values(variable, texts)
        assert offered, f"{server.name}: {board.uid}: ${variable.name} offers nothing"
        every = variable.all_value or f"({'|'.join(re.escape(value) for value in offered)})"
        assert variable.many or one in offered, f"{server.name}: ${variable.name} does not offer {one}"
        texts[variable.name] = every if variable.many else one
    return texts


def legend(text: str, labels: dict[str, str]) -> str:
    """Return a series' text in the legend."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), text)


@contextmanager
def metrics_of(collector: Collector) -> Iterator[int]:
    """Serve a collector's web interface on a port of the system's choice."""
    port = free_port()
    config = uvicorn.Config(create(collector), host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 15
        while not server.started:
            assert time.monotonic() < until, "the collector's web interface did not start"
            time.sleep(0.02)
        yield port
    finally:
        server.should_exit = True
        thread.join(15)


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[str]:
    """Run a Prometheus that scrapes a port of this machine every second."""
    if shutil.which(PROMETHEUS) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{PROMETHEUS} is not installed")
        pytest.skip(f"{PROMETHEUS} is not installed")
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs: [{{job_name: nadi, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
    )
    child = subprocess.Popen(
        [PROMETHEUS, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/prometheus",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
    )  # fmt: skip
    try:
        until = time.monotonic() + 40
        while not _is_ready(f"http://127.0.0.1:{port}/-/ready"):
            assert time.monotonic() < until, "Prometheus did not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def _is_ready(url: str) -> bool:
    """Tell whether a server answers; while it loads, Prometheus says 503."""
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - loopback
    except OSError:
        return False
    return True


def scraped(url: str, scrapes: int) -> Server:
    """Wait until so many scrapes are in, and give the server as of now."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        server = Server(PROMETHEUS, url, time.time_ns() / NS)
        try:
            found = _result(server.ask("query", query="count_over_time(nadi_collector_up[1m])", time=server.at_s))
        except OSError:
            found = []
        if found and int(found[0]["value"][1]) >= scrapes:  # type: ignore[index]
            return server
        time.sleep(0.1)
    raise AssertionError("Prometheus did not scrape")

"""Draws the boards from a simulated day: ``python -m tests.dashboards.pictures OUT [MODULES]``.

An optional job of some minutes, outside ``make test``: it needs node, npm and chromium, and npm's registry once.
MODULES keeps what npm installs. The pictures are for eyes; nothing compares them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.clock import NS
from dashboards.boards import BOARDS
from dashboards.generate import FOLDER
from dashboards.model import placed
from tests.collector.feed_place import free_port, victoria
from tests.dashboards.regency import SENT_AFTER, regency
from tests.dashboards.regency_more import NOW

HERE = Path(__file__).parent
ONE = "DUKCAPIL"
WIDTH = 1600


def build(modules: Path) -> None:
    """Install Grafana's components once, and build the page with the boards beside it."""
    modules.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "index.html", "vite.config.js", "main.jsx"):
        shutil.copy(HERE / name, modules / name)
    if not (modules / "node_modules").is_dir():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=modules, check=True)
    shutil.rmtree(modules / "public", ignore_errors=True)
    shutil.copytree(FOLDER, modules / "public")
    subprocess.run(["npx", "vite", "build"], cwd=modules, check=True)


@contextmanager
def page(modules: Path, tsdb: str) -> Iterator[str]:
    """Serve the built page with a way to the time-series server."""
    url = f"http://127.0.0.1:{free_port()}"
    command = ["node", "node_modules/vite/bin/vite.js", "preview", "--strictPort", "--port", url.rpartition(":")[2]]
    child = subprocess.Popen(command, cwd=modules, env={**os.environ, "NADI_TSDB_URL": tsdb})
    try:
        until = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except urllib.error.URLError:
                assert time.monotonic() < until, "the page was not served"
                time.sleep(0.1)
        yield url
    finally:
        child.terminate()
        child.wait(10)


def draw(url: str, out: Path, profile: Path) -> None:
    """Take a picture of every board, and of the wall two hours after everything fell silent."""
    out.mkdir(parents=True, exist_ok=True)
    now_s = (NOW + SENT_AFTER) // NS
    for board, name, at_s in [(board, board.uid.removeprefix("nadi-"), now_s) for board in BOARDS] + [
        (BOARDS[0], "noc-diam", now_s + 2 * 3600)
    ]:
        last = max(place.y + panel.height for panel, place in zip(board.panels, placed(board.panels), strict=True))
        asked = f"{url}/?board={board.uid}&one={ONE}&to={at_s}"
        target = out / f"dasbor-{name}.png"
        subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             f"--user-data-dir={profile}", "--hide-scrollbars", f"--window-size={WIDTH},{last * 38 + 110}",
             "--virtual-time-budget=20000", f"--screenshot={target}", asked],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def main(out: Path, modules: Path) -> None:
    """Make the day, feed it to VictoriaMetrics, and draw it."""
    build(modules)
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        with regency(folder, patch) as place, victoria(folder) as peer:
            place.fed(peer.url, moments=12)
            peer.ask("/internal/force_flush")
            with page(modules, peer.url) as url:
                draw(url, out, folder / "chromium")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as spare:
        main(Path(sys.argv[1]).resolve(), Path(sys.argv[2] if len(sys.argv) > 2 else spare).resolve())

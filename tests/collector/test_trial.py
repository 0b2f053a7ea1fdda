"""``nadi try``: real processes, live within 15 seconds, ended cleanly, and going on where they stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from collector.ports import example_interface, free_port

LIVE = re.compile(r"OPD-CONTOH hidup; unduh langsung \d+\.\d\d of 20\.00 Mbps \(\d+\.\d %\), open bin \d+\.\d %")
ROUTES = (
    "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
    "eth1 00000000 0100000A 0003 0 0 200 00000000 0 0 0\n"
    "eth0 00000000 0100000A 0003 0 0 100 00000000 0 0 0\n"
    "eth2 0000000A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"
)
COUNTERS = (
    "Inter-|   Receive\n face |bytes\n    lo: 900 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0\n"
    "  eth3: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0\n  eth4: 10 1 0 0 0 0 0 0 30 1 0 0 0 0 0 0\n"
)


def test_the_default_route_of_the_lowest_metric_is_the_example(tmp_path: Path) -> None:
    (tmp_path / "route").write_text(ROUTES)
    (tmp_path / "dev").write_text(COUNTERS)
    assert example_interface(tmp_path) == "eth0"


def test_without_a_route_the_busiest_port_is_the_example_and_else_loopback(tmp_path: Path) -> None:
    assert example_interface(tmp_path) == "lo"
    (tmp_path / "dev").write_text(COUNTERS)
    assert example_interface(tmp_path) == "eth4"


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) > port


@contextmanager
def trial(data: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "collector.cli", "try", "--data", str(data)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
    )  # fmt: skip
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        child.wait(60)
        assert child.stdout is not None
        child.stdout.close()


def lines_until_live(child: subprocess.Popen[str], seconds: float) -> list[str]:
    """Read what is shown until a live rate is; fail when the child ends first."""
    assert child.stdout is not None
    found, until = [], time.monotonic() + seconds
    for text in child.stdout:
        found.append(text)
        if LIVE.search(text):
            return found
        assert time.monotonic() < until, found
    raise AssertionError("".join(found))


def url_in(shown: list[str], name: str) -> str:
    return next(text.split()[-1] for text in shown if text.startswith(name))


def ids(url: str) -> tuple[str, Any]:
    """Return the page's fingerprint of the collector and the agents."""
    page, agents = httpx.get(url).text, httpx.get(f"{url}api/v1/agents").json()
    return page[page.index("sidik") :][:60], [(agent["name"], agent["enrolled_at"]) for agent in agents]


def processes_of(data: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(str(data) in word for word in words) and int(entry.parent.name) != os.getpid():
            found.append(" ".join(words))
    return found


def test_a_trial_is_live_in_time_ends_cleanly_and_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "contoh"
    with trial(data) as child:
        shown = lines_until_live(child, 15)
        before = ids(url_in(shown, "status page"))
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 0
    assert processes_of(data) == []
    with trial(data) as child:
        shown = lines_until_live(child, 15)
        assert ids(url_in(shown, "status page")) == before
    assert processes_of(data) == []
    assert "Traceback" not in (data / "collector.log").read_text() + (data / "agent.log").read_text()


def test_a_closed_terminal_ends_a_trial_too(tmp_path: Path) -> None:
    with trial(tmp_path) as child:
        lines_until_live(child, 30)
        child.send_signal(signal.SIGHUP)
        assert child.wait(30) == 0
    assert processes_of(tmp_path) == []

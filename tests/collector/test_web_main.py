"""``nadi run`` as a process: ready, TLS, told to systemd, ended cleanly, refusing what is unsafe."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from agent.clock import NS, ManualClock
from tests.collector.register_sample import NOW, WHOLE, document
from tests.collector.web_visitor import running, settings_at

BASE = 'data = "data"\nzone = "WIB"\n[live]\nstale_seconds = 15\n[listen]\nport = 0\n'


@contextmanager
def collector(
    folder: Path, more: str = "", base: str = BASE, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a collector on a port of the system's choice; give the process and its address."""
    (folder / "collector.toml").write_text(base + more)
    child = subprocess.Popen(
        [sys.executable, "-m", "collector.cli", "run", "--config", str(folder / "collector.toml")],
        stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    assert child.stderr is not None
    try:
        for text in child.stderr:
            found = re.search(r"listens on (\S+)", text)
            if found:
                break
        else:
            raise AssertionError(f"no address; exit {child.wait()}")
        yield child, found[1]
    finally:
        child.kill()
        child.wait()
        child.stderr.close()


def answers(url: str, verify: ssl.SSLContext | bool = True) -> httpx.Response:
    """GET once the collector is there."""
    until = time.monotonic() + 15
    while True:
        try:
            return httpx.get(url, verify=verify)
        except httpx.ConnectError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_collector_tells_systemd_and_ends_with_0(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(15)
        with collector(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify")) as (child, url):
            assert told.recv(100) == b"READY=1"
            assert told.recv(100) == b"WATCHDOG=1"
            assert answers(f"{url}/health").json()["status"] == "pass"
            child.send_signal(signal.SIGTERM)
            assert told.recv(100) == b"STOPPING=1"
            assert child.wait(20) == 0


def test_tls_is_spoken_with_the_configured_certificate(tmp_path: Path) -> None:
    ca = trustme.CA()
    pair = ca.issue_cert("127.0.0.1")
    pair.private_key_pem.write_to_path(tmp_path / "key.pem")
    pair.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    context = ssl.create_default_context(cadata=ca.cert_pem.bytes().decode())
    with collector(tmp_path, 'certificate = "cert.pem"\nkey = "key.pem"\n') as (child, url):
        assert url.startswith("https://")
        assert answers(f"{url}/api/v1/status", context).status_code == 200
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])
def test_it_does_not_listen_elsewhere_without_tls(tmp_path: Path, host: str) -> None:
    (tmp_path / "collector.toml").write_text(BASE + f'host = "{host}"\n')
    done = subprocess.run(
        [sys.executable, "-m", "collector.cli", "run", "--config", str(tmp_path / "collector.toml")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "behind_proxy" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_running_collector_follows_a_new_inventory(tmp_path: Path) -> None:
    clock = ManualClock(NOW, boot_ns=10**15, boot_id="b")
    with running(settings_at(tmp_path), clock=clock) as collector:
        assert collector.snapshot().opds == ()
        collector.folder.register.apply(document(WHOLE), actor="t", now_ns=NOW)
        clock.advance(11 * NS)
        assert [opd.opd.code for opd in collector.snapshot().opds] == ["BPKAD"]

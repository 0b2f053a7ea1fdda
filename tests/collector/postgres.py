"""A PostgreSQL of the tests' own: a private cluster on a socket and a loopback port, gone when the tests are."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PASSWORD = "kata sandi/uji:@"
"""What a URL would have to quote."""

_PLACES = ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin")
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server: over ``folder`` anybody is let in, over the ``port`` only with the password."""

    folder: Path
    port: int

    def database(self) -> str:
        """Make a new database; return its URL."""
        name = f"nadi{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://nadi@/{name}?host={self.folder}&port={self.port}"

    def run(self, statement: str, *, database: str = "postgres") -> str:
        """Run SQL past Nadi, as somebody would who has the database."""
        command = ["psql", "-XAtq", "-h", str(self.folder), "-p", str(self.port), "-U", "nadi", "-d", database]
        done = subprocess.run([*command, "-c", statement], check=True, capture_output=True, text=True, timeout=20)
        return done.stdout.strip()

    def expel(self, name: str) -> None:
        """End the connections to a database."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608


def name_of(url: str) -> str:
    """Return the database of a URL."""
    return urlsplit(url).path.strip("/")


def _program(name: str) -> str | None:
    return next((f"{place}/{name}" for place in _PLACES if Path(place, name).is_file()), shutil.which(name))


@contextmanager
def running() -> Iterator[Cluster]:
    """Run a cluster; without the Debian package the test is skipped, and fails in CI."""
    initdb, server = _program("initdb"), _program("postgres")
    if initdb is None or server is None:
        assert os.environ.get("CI") != "true", "PostgreSQL is missing: apt-get install postgresql"
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    # PostgreSQL does not run as root, and a socket's path is short: so a folder of its own, and the package's user.
    owner = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="nadi-pg-"))
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD + "\n", encoding="utf-8")
        if owner:
            shutil.chown(folder, owner)
            shutil.chown(secret, owner)
        making: list[str | Path] = [
            initdb,
            "-D",
            folder / "data",
            "-U",
            "nadi",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        making += ["--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile", secret]
        subprocess.run(making, check=True, capture_output=True, user=owner, cwd="/")
        with _serving(server, folder, owner) as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder)


@contextmanager
def _serving(server: str, folder: Path, owner: str | None) -> Iterator[Cluster]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
    command = [server, "-D", str(folder / "data")]
    command += [f"--{name}={value}" for name, value in options.items()]
    with (
        open(folder / "log", "wb") as log,
        subprocess.Popen(command, user=owner, cwd="/", stdout=log, stderr=log) as process,
    ):
        try:
            ready: list[str | Path] = ["pg_isready", "-q", "-h", folder, "-p", str(port)]
            while subprocess.run(ready, check=False).returncode:
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            yield Cluster(folder, port)
        finally:
            process.send_signal(signal.SIGINT)  # clients that are still there do not hold it up

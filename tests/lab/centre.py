"""A real collector as a process of its own, with agents enrolled, for tests that start, kill and read it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import trustme

from agent import enrol
from agent.channel import Channel, Config
from agent.clock import SystemClock
from agent.enrol import Enrolment
from agent.identity import Key, enrolment_proof
from agent.spool import Config as SpoolConfig
from agent.spool import Spool
from agent.uplink import Backoff, Uplink
from collector.config import read
from collector.folder import Folder
from collector.ledger.journal import Journal

ROOT = Path(__file__).parent.parent.parent
_TOML = """\
data = "data"
zone = "WIB"

[listen]
host = "{host}"
port = {port}
{tls}
"""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Return when the condition holds; fail with ``what`` after ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


class Centre:
    """A collector's folder and, between ``start`` and ``kill`` or ``stop``, its process; used with ``with``."""

    def __init__(
        self,
        folder: Path,
        *,
        mutant: str = "",
        host: str = "127.0.0.1",
        tls: bool = False,
        within: Sequence[str] = (),
    ) -> None:
        """``within`` is the command that runs others in a namespace; ``tls`` makes a CA, ``ca.pem``."""
        self.folder, self.host, self.port, self._tls = folder, host, free_port(), tls
        self.config, self.ca = folder / "collector.toml", folder / "ca.pem"
        self._within, self._pid = tuple(within), 0
        folder.mkdir(parents=True)
        certificates = 'certificate = "server.pem"\nkey = "server.key"' if tls else ""
        self.config.write_text(_TOML.format(host=host, port=self.port, tls=certificates), encoding="utf-8")
        if tls:
            self._certify()
        command = [
            *within,
            sys.executable,
            "-m",
            "tests.lab.collectors",
            str(self.config),
            *([mutant] if mutant else []),
        ]
        with (folder / "log").open("ab") as log:
            self._parent = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def _certify(self) -> None:
        authority = trustme.CA()
        server = authority.issue_cert(self.host)
        authority.cert_pem.write_to_path(self.ca)
        server.private_key_pem.write_to_path(self.folder / "server.key")
        server.cert_chain_pems[0].write_to_path(self.folder / "server.pem")

    @property
    def url(self) -> str:
        """Where agents find it."""
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @contextmanager
    def opened(self) -> Iterator[Folder]:
        """Open its data folder as the one writer (while no process runs)."""
        with Folder(read(self.config), clock=SystemClock(), writer=True) as folder:
            yield folder

    def enrol(self, names: Sequence[str]) -> list[Path]:
        """Make agents known, each for the device of its own name; return their state directories."""
        states = []
        with self.opened() as folder:
            now_ns = folder.clock.now().wall_ns
            for name in names:
                state = self.folder.parent / name
                enrol.prepare(state)
                key, access = Key.load_or_create(state / "key"), folder.register.access
                token = access.mint_enrolment(agent=name, devices=[name], actor="test", now_ns=now_ns)
                proof = key.sign(enrolment_proof(token, name, key.public))
                access.enrol(token=token, agent=name, public_key=key.public, proof=proof, now_ns=now_ns)
                enrol.keep(state, Enrolment(folder.key.public, folder.journal.id, None))
                states.append(state)
        return states

    def mint(self, name: str) -> str:
        """Return an enrolment token for an agent and the device of its name."""
        with self.opened() as folder:
            now_ns = folder.clock.now().wall_ns
            return folder.register.access.mint_enrolment(agent=name, devices=[name], actor="test", now_ns=now_ns)

    def start(self, *, ready: bool = True) -> None:
        """Start the process and, unless told not to, wait until it listens."""
        assert self._pid == 0
        assert self._parent.stdin is not None
        self._parent.stdin.write(b"start\n")
        self._parent.stdin.flush()
        self._pid = self._heard()
        if ready:
            wait_for(self._listens, seconds=20, what=f"the collector listens; see {self.folder / 'log'}")

    def _heard(self) -> int:
        assert self._parent.stdout is not None
        return int(self._parent.stdout.readline())

    def _listens(self) -> bool:
        looks = f"import socket; socket.create_connection(({self.host!r}, {self.port}), 1)"
        if self._within:
            words = [*self._within, sys.executable, "-c", looks]
            return subprocess.run(words, capture_output=True, check=False).returncode == 0
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def kill(self) -> None:
        """Kill the process with SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End the process kindly and return its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        pid, self._pid = self._pid, 0
        if not pid:
            return 0
        os.kill(pid, number)
        return self._heard()

    def __enter__(self) -> Centre:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything."""
        self.kill()
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.stdout.close()
        self._parent.wait(10)

    def drain(self, state: Path) -> None:
        """Send what an ended agent left in its spool, with the agent's own spool and uplink."""
        spool = Spool(state / "spool", SpoolConfig(), SystemClock())
        channel = Channel(Config(self.url))
        uplink = Uplink(
            channel=channel,
            collector_key=enrol.load(state).collector_key,
            spool=spool,
            clock=SystemClock(),
            backoff=Backoff(base_s=0.02, cap_s=0.1),
        )

        def empty() -> bool:
            return uplink.turn() is None

        wait_for(empty, seconds=30, what=f"the spool of {state.name} is delivered")
        channel.close()
        spool.close()

    @contextmanager
    def opened_to_read(self) -> Iterator[Journal]:
        """Open its journal to read, also while the process runs."""
        settings = read(self.config)
        journal = Journal(settings.data / "journal.db", zone=settings.place)
        yield journal
        journal.close()

"""An agent that takes numbered readings: the agent's own spool and uplink, and a history which the test reads.

    python taker.py FOLDER NAME URL PERIOD_MS [--claim-early]

FOLDER holds ``key``, ``collector.json`` and ``spool`` of an enrolled agent. ``taking N`` stands in FOLDER/history
before reading N goes to the spool, ``took N`` after the spool has it. With ``--claim-early`` the spool's disk only
says that it wrote, until half a second later: the mutant that the checker must find.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from agent import enrol
from agent.channel import Channel, Config
from agent.clock import SystemClock
from agent.disk import Disk
from agent.envelope import Envelope
from agent.gather import look
from agent.identity import Key
from agent.reading import encode, reading
from agent.spool import Config as SpoolConfig
from agent.spool import Spool
from agent.uplink import Backoff, Uplink


class LyingDisk(Disk):
    """Keeps what it was given in memory for a while, and says that it is written."""

    def __init__(self) -> None:
        self._held = b""
        self._since = time.monotonic()

    def write(self, handle: int, data: bytes) -> int:
        self._held += data
        if time.monotonic() - self._since > 0.5:
            os.write(handle, self._held)
            self._held, self._since = b"", time.monotonic()
        return len(data)


class Taker:
    """Takes readings one after another; ``count`` goes on where the history ends."""

    def __init__(self, folder: Path, name: str, *, disk: Disk) -> None:
        self.clock = SystemClock()
        self.key = Key.load(folder / "key")
        self.spool = Spool(folder / "spool", SpoolConfig(), self.clock, disk=disk)
        self._name = name
        self._history = os.open(folder / "history", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._count = (folder / "history").read_bytes().count(b"taking")

    def take(self) -> None:
        """Take one reading and write both its ends into the history."""
        self._count += 1
        self._note("taking")
        moment = look(self.clock)
        number = {"receive_bytes_total": self._count, "transmit_bytes_total": self._count}
        lines = encode([reading("nadi_interface", number, moment.wall_ns, device=self._name, interface="eth0")])

        def seal(run: str, seq: int) -> bytes:
            return Envelope.seal(
                lines,
                agent=self._name,
                device=self._name,
                run=run,
                seq=seq,
                boot_id=moment.boot_id,
                wall_ns=moment.wall_ns,
                boot_ns=moment.boot_ns,
                sign=self.key.sign,
            ).to_bytes()

        if self.spool.append(seal, moment.wall_ns):
            self._note("took")

    def _note(self, word: str) -> None:
        os.write(self._history, f"{word} {self._count}\n".encode())


def main() -> None:
    """Take and send until ended; SIGTERM lets the spool write down what is settled."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    folder, name, url, period_ms = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    taker = Taker(folder, name, disk=LyingDisk() if "--claim-early" in sys.argv else Disk())
    pinned = enrol.load(folder)
    uplink = Uplink(
        channel=Channel(Config(url, timeout=5.0), pinned.ca),
        collector_key=pinned.collector_key,
        spool=taker.spool,
        clock=taker.clock,
        backoff=Backoff(base_s=0.02, cap_s=0.3),
    )
    uplink.start()
    while not stop.wait(period_ms / 1000):
        taker.take()
        uplink.wake()
    uplink.stop(2.0)
    taker.spool.close()


if __name__ == "__main__":
    main()

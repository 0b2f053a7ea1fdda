"""The resident agent: wiring, schedule, signals, systemd; nothing else."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent import enrol, gather, settings
from agent.channel import Channel
from agent.clock import NS, Clock, Moment, SystemClock
from agent.config import ConfigError
from agent.envelope import Envelope
from agent.gather import Gatherer
from agent.identity import Key
from agent.log import Log
from agent.settings import Settings
from agent.source import Env, Target
from agent.spool import Spool
from agent.uplink import Uplink, chance

_log = Log("agent")

_LAST_SEND_S = 5.0
_SPREAD = 0.1


def run(path: Path) -> int:
    """Measure and send until SIGTERM or SIGINT; return the exit status. ConfigError when it cannot begin."""
    config, targets = settings.load(path)
    enrol.prepare(config.state)
    key, enrolment = enrol.key_of(config.state), enrol.load(config.state)
    clock = SystemClock()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with only_one(config.state):
        spool = Spool(config.state / "spool", config.spool, clock)
        uplink = Uplink(
            channel=Channel(config.collector, enrolment.ca),
            collector_key=enrolment.collector_key,
            spool=spool,
            clock=clock,
            spread_s=chance() * _SPREAD * config.interval,
        )
        cycle = Cycle(config=config, targets=targets, key=key, clock=clock, spool=spool)
        gc.collect()
        gc.freeze()
        uplink.start()
        _log.info(f"{config.name} measures {len(targets)} device(s) every {config.interval} s")
        try:
            return _loop(cycle, uplink, clock, stop, config.interval * NS)
        finally:
            notify("STOPPING=1")
            uplink.stop(_LAST_SEND_S)
            spool.close()


class Cycle:
    """One round over all devices: gather, seal, spool."""

    def __init__(self, *, config: Settings, targets: tuple[Target, ...], key: Key, clock: Clock, spool: Spool) -> None:
        self._agent, self._targets, self._key, self._clock, self._spool = config.name, targets, key, clock, spool
        self._gatherer = Gatherer(clock)

    def __call__(self) -> None:
        """Measure every device; each gives one envelope. The agent's own readings go with the first."""
        for number, target in enumerate(self._targets):
            anchor = gather.look(self._clock)
            lines = self._gatherer.device(target, anchor)
            if number == 0:
                lines += gather.itself(self._agent, self._spool.state(), Env(target.device, anchor, self._clock))
            self._spool.append(self._seal(lines, target.device, anchor), anchor.wall_ns)

    def _seal(self, lines: bytes, device: str, anchor: Moment) -> Callable[[str, int], bytes]:
        def seal(run: str, seq: int) -> bytes:
            return Envelope.seal(
                lines,
                agent=self._agent,
                device=device,
                run=run,
                seq=seq,
                boot_id=anchor.boot_id,
                wall_ns=anchor.wall_ns,
                boot_ns=anchor.boot_ns,
                sign=self._key.sign,
            ).to_bytes()

        return seal


def _loop(cycle: Cycle, uplink: Uplink, clock: Clock, stop: threading.Event, interval_ns: int) -> int:
    while True:
        begun = clock.now()
        cycle()
        uplink.wake()
        notify("READY=1\nWATCHDOG=1")
        if not uplink.alive:
            _log.critical("the uplink ended by a fault of the program, see above; ending, so that it begins anew")
            return 1
        if stop.wait(until_next(clock.now(), begun.boot_ns, interval_ns) / NS):
            return 0


def until_next(now: Moment, begun_boot_ns: int, interval_ns: int) -> int:
    """Return the ns until the next whole multiple of the interval on the wall clock.

    Cycles missed meanwhile are skipped. One that would begin right after the last (a wait that ended early, a first
    cycle just before the full interval) is skipped as well: it would measure over next to no time.
    """
    wait = interval_ns - now.wall_ns % interval_ns
    if now.boot_ns + wait - begun_boot_ns < min(NS, interval_ns // 2):
        wait += interval_ns
    return wait


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Hold the state directory for this process; ConfigError when another agent has it."""
    handle = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"{state}: another nadi-agent runs with this state directory; stop it first") from error
        yield
    finally:
        os.close(handle)


def notify(message: str) -> None:
    """Tell systemd (sd_notify(3)); without NOTIFY_SOCKET nobody is told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.sendto(message.encode(), b"\0" + address[1:].encode() if address[0] == "@" else address)
    except OSError as error:
        _log.warning(f"systemd cannot be told: {error.strerror}")

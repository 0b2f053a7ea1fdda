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
from typing import TYPE_CHECKING

from agent import enrol, gather, settings
from agent.channel import Channel
from agent.clock import NS, Clock, Moment, SystemClock
from agent.config import ConfigError
from agent.envelope import Envelope
from agent.gather import Gatherer
from agent.identity import Key
from agent.log import Log
from agent.schedule import until_next
from agent.settings import Settings
from agent.source import Env, Target
from agent.spool import Spool
from agent.turns import Turns, one_heap, parted
from agent.uplink import Uplink, chance

if TYPE_CHECKING:
    from agent.snmp import poller as poller_type

_log = Log("agent")

_LAST_SEND_S = 5.0
_LAST_POLL_S = 2.0
_SPREAD = 0.1
_ITSELF_NS = NS // 2


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
        keeper = Keeper(config, key=key, clock=clock, spool=spool)
        gatherer = Gatherer(clock)
        poller = _poller(config, clock, gatherer, keeper, uplink)
        together, own = parted(targets)
        turns = Turns(own, gatherer=gatherer, clock=clock, keep=keeper)
        if own:
            one_heap()
        gc.collect()
        gc.freeze()
        uplink.start()
        turns.start()
        if poller is not None:
            poller.start()
        polled = f", polls {len(config.snmp)}" if config.snmp else ""
        _log.info(f"{config.name} measures {len(targets)} device(s) every {config.interval} s{polled}")
        try:
            cycle = Cycle(together, gatherer=gatherer, clock=clock, keep=keeper)
            return _loop(cycle, uplink, turns, poller, clock, stop, config.interval * NS)
        finally:
            notify("STOPPING=1")
            turns.stop()
            if poller is not None:
                poller.stop(_LAST_POLL_S)
            uplink.stop(_LAST_SEND_S)
            spool.close()


def _poller(
    config: Settings, clock: Clock, gatherer: Gatherer, keeper: Keeper, uplink: Uplink
) -> poller_type.Poller | None:
    """Return what polls the configured devices, None without any; ConfigError."""
    if not config.snmp:
        return None
    from agent.snmp import poller  # an agent that polls nothing keeps SNMP out of its memory

    def deliver(device: str, lines: bytes, anchor: Moment, haste: bool) -> None:
        keeper(device, lines, anchor)
        if haste:
            uplink.wake()

    return poller.Poller(poller.seats_of(config), clock=clock, gatherer=gatherer, deliver=deliver, traps=config.traps)


class Keeper:
    """Seals what was measured of a device in one cycle and spools it; may be called by several threads.

    The agent's own readings go with those of the first device, once where several of its inputs end together: else two
    would stand at one time and contradict each other.
    """

    def __init__(self, config: Settings, *, key: Key, clock: Clock, spool: Spool) -> None:
        self._agent, self._key, self._clock, self._spool = config.name, key, clock, spool
        self._first = config.device[0].name if config.device else config.snmp[0].device
        self._lock = threading.Lock()
        self._told_ns = -_ITSELF_NS

    def __call__(self, device: str, lines: bytes, anchor: Moment) -> None:
        """Keep one envelope; ``anchor`` is the look at the clocks before the device was measured."""
        if device == self._first and self._is_due():
            lines += gather.itself(self._agent, self._spool.state(), Env(device, anchor, self._clock))
        self._spool.append(self._seal(lines, device, anchor), anchor.wall_ns)

    def _is_due(self) -> bool:
        now_ns = self._clock.now().boot_ns
        with self._lock:
            due = now_ns - self._told_ns >= _ITSELF_NS
            self._told_ns = now_ns if due else self._told_ns
        return due

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


class Cycle:
    """One round over all devices that this process measures by itself."""

    def __init__(
        self,
        targets: tuple[Target, ...],
        *,
        gatherer: Gatherer,
        clock: Clock,
        keep: Callable[[str, bytes, Moment], None],
    ) -> None:
        self._targets, self._gatherer, self._clock, self._keep = targets, gatherer, clock, keep

    def __call__(self) -> None:
        """Measure every device; each gives one envelope."""
        for target in self._targets:
            anchor = gather.look(self._clock)
            self._keep(target.device, self._gatherer.device(target, anchor), anchor)


def _loop(
    cycle: Cycle,
    uplink: Uplink,
    turns: Turns,
    poller: poller_type.Poller | None,
    clock: Clock,
    stop: threading.Event,
    interval_ns: int,
) -> int:
    while True:
        begun = clock.now()
        cycle()
        uplink.wake()
        if poller is None or not poller.stuck:
            notify("READY=1\nWATCHDOG=1")
        if not uplink.alive or not turns.alive or (poller is not None and not poller.alive):
            _log.critical("a thread ended by a fault of the program, see above; ending, so that it begins anew")
            return 1
        if stop.wait(until_next(clock.now(), begun.boot_ns, interval_ns) / NS):
            return 0


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

"""Many devices polled by one engine, each in its own place of its interval.

Two threads: one speaks with the devices, the other makes readings of the answers and hands them on, so that neither
arithmetic nor a slow disk delays a datagram and with it the time of a counter.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from agent.clock import NS, Clock, Moment
from agent.gather import Gatherer, guarded, look
from agent.log import Log
from agent.reading import Reading, reading
from agent.schedule import offset_of, until_next
from agent.settings import Settings, Snmp, Traps
from agent.snmp import credentials
from agent.snmp.engine import Engine, Outcome
from agent.snmp.errors import SnmpError, Unreachable
from agent.snmp.hosts import Hosts
from agent.snmp.listener import AUTHENTICATION_FAILURE, OTHER, Listener
from agent.snmp.poll import Device, Poll
from agent.snmp.session import Target
from agent.snmp.tables import Tables, load_tables

_log = Log("poller")

INPUT = "snmp"
POLL_S = 10.0
"""The longest that one device may take in one poll."""
HINT_GAP_NS = 5 * NS
"""At most one poll in this time because of traps."""
_TURN_S = 0.25
_MOST_WAITING = 4096
_STUCK_NS = 60 * NS

Deliver = Callable[[str, bytes, Moment, bool], None]
"""Takes device, readings as line protocol, the look at the clocks before the poll, and whether there is haste."""


@dataclass(slots=True, eq=False)
class Seat:
    """A device's place in the schedule; times are CLOCK_BOOTTIME ns."""

    device: Device
    host: str
    interval_ns: int
    offset_ns: int
    due_ns: int = 0
    begun_ns: int = -(10**18)
    busy: bool = False
    hinted: bool = False
    traps: Counter[str] = field(default_factory=Counter)

    def aim(self, hosts: Hosts) -> None:
        """Turn to the host's present address; raise Unreachable while none is known."""
        address = hosts.address(self.host)
        if self.device.target.host != address:
            self.device.target = replace(self.device.target, host=address)


class Done(NamedTuple):
    """A poll that ended."""

    seat: Seat
    poll: Poll
    anchor: Moment
    due_ns: int
    haste: bool
    trouble: list[str]
    traps: Mapping[str, int]

    def readings(self) -> Iterator[Reading]:
        """Yield what the device said, and how many traps came from it until the poll began."""
        name, time_ns = self.seat.device.name, self.anchor.wall_ns
        for kind, count in self.traps.items():
            yield reading("nadi_trap", {"received_total": count}, time_ns, device=name, kind=kind)
        yield from self.poll.readings(self.anchor, lateness_ns=max(self.poll.begun_ns - self.due_ns, 0))


class Poller:
    """Polls devices until it is stopped."""

    def __init__(
        self,
        seats: Sequence[Seat],
        *,
        clock: Clock,
        gatherer: Gatherer,
        deliver: Deliver,
        traps: Traps | None = None,
    ) -> None:
        self._seats, self._clock, self._gatherer, self._deliver = seats, clock, gatherer, deliver
        self._hosts = Hosts(seat.host for seat in seats)
        self._due: list[tuple[int, int]] = []
        self._ended: queue.SimpleQueue[Done | None] = queue.SimpleQueue()
        self._hints: queue.SimpleQueue[tuple[str, Mapping[str, int]]] = queue.SimpleQueue()
        taken = (seat.device.credential for seat in seats)
        self._listener = None if traps is None else Listener(traps, taken, self.hint)
        self._stop = threading.Event()
        self._turned_ns = clock.now().boot_ns
        self._asking = threading.Thread(target=self._ask, name="poller", daemon=True)
        self._telling = threading.Thread(target=self._tell, name="poller-readings", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._hosts.start()
        self._telling.start()
        self._asking.start()
        if self._listener is not None:
            self._listener.start()

    def stop(self, timeout_s: float) -> None:
        """Begin no more polls, hand on those that ended, and return after ``timeout_s`` at the latest."""
        self._stop.set()
        self._hosts.stop()
        if self._listener is not None:
            self._listener.stop()
        self._asking.join(timeout_s)
        self._ended.put(None)
        self._telling.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Tell whether both threads run."""
        return self._asking.is_alive() and self._telling.is_alive()

    @property
    def stuck(self) -> bool:
        """Tell whether nothing moves: the engine takes no turn, or readings are not taken off."""
        late = self._clock.now().boot_ns - self._turned_ns > _STUCK_NS
        return late or self._ended.qsize() >= _MOST_WAITING

    def hint(self, address: str, traps: Mapping[str, int] = MappingProxyType({OTHER: 1})) -> None:
        """Say that the device at an address sent traps: it is polled at once. May be called by any thread.

        A device that only complains about a wrong community has no news.
        """
        if self._hints.qsize() < _MOST_WAITING:
            self._hints.put((address, traps))

    # The thread that speaks with the devices

    def _ask(self) -> None:
        now = self._clock.now()
        for number, seat in enumerate(self._seats):
            self._plan(number, seat, now)
        with Engine() as engine:
            while not self._stop.is_set():
                self._begin_due(engine)
                engine.turn(self._patience_s())
                self._turned_ns = self._clock.now().boot_ns
                self._take_hints()

    def _plan(self, number: int, seat: Seat, now: Moment) -> None:
        wait = until_next(now, seat.begun_ns, seat.interval_ns, seat.offset_ns)
        seat.due_ns = now.boot_ns + wait
        heapq.heappush(self._due, (seat.due_ns, number))

    def _patience_s(self) -> float:
        if not self._due:
            return _TURN_S
        return min(max((self._due[0][0] - self._clock.now().boot_ns) / NS, 0.0), _TURN_S)

    def _begin_due(self, engine: Engine) -> None:
        """Begin what is due. A device has a new turn only when its poll has ended, so that none overlaps itself."""
        now = self._clock.now().boot_ns
        while self._due and self._due[0][0] <= now:
            due_ns, number = heapq.heappop(self._due)
            seat = self._seats[number]
            if due_ns != seat.due_ns:
                continue  # a hint has put it forward
            if self._ended.qsize() < _MOST_WAITING:
                self._begin(engine, number, seat)
            else:
                self._plan(number, seat, self._clock.now())

    def _begin(self, engine: Engine, number: int, seat: Seat) -> None:
        anchor = look(self._clock)
        seat.begun_ns, seat.busy = anchor.boot_ns, True
        haste, seat.hinted = seat.hinted, False
        done = Done(seat, Poll(seat.device, self._clock), anchor, seat.due_ns, haste, [], dict(seat.traps))
        try:
            seat.aim(self._hosts)
        except Unreachable as error:
            self._ended_with(number, done, Outcome(None, error))
            return
        task = guarded(done.poll.ask(), done.trouble.append)
        engine.start(task, done=partial(self._ended_with, number, done), seconds=POLL_S)

    def _ended_with(self, number: int, done: Done, outcome: Outcome[None]) -> None:
        if outcome.error is not None:
            done.trouble.append(f"{type(outcome.error).__name__}: {outcome.error}")
        done.seat.busy = False
        self._ended.put(done)
        if self._listener is not None and done.seat.device.engine_id:
            self._listener.engine(done.seat.device.credential, done.seat.device.engine_id)
        self._plan(number, done.seat, self._clock.now())
        if done.seat.hinted:
            self._soon(number, done.seat)

    def _take_hints(self) -> None:
        while not self._hints.empty():
            address, traps = self._hints.get()
            for number, seat in enumerate(self._seats):
                if seat.device.target.host == address:
                    seat.traps.update(traps)
                    if traps.keys() != {AUTHENTICATION_FAILURE} and not seat.hinted:
                        seat.hinted = True
                        if not seat.busy:
                            self._soon(number, seat)

    def _soon(self, number: int, seat: Seat) -> None:
        due = max(self._clock.now().boot_ns, seat.begun_ns + HINT_GAP_NS)
        if due < seat.due_ns:
            seat.due_ns = due
            heapq.heappush(self._due, (due, number))

    # The thread that makes readings

    def _tell(self) -> None:
        while (done := self._ended.get()) is not None:
            self._deliver(done.seat.device.name, lines_of(done, self._gatherer), done.anchor, done.haste)


def once(seats: Sequence[Seat], clock: Clock) -> list[tuple[Done, SnmpError | None]]:
    """Poll every device one time, for an administrator: how each poll ended, and the error that ended it early."""
    hosts = Hosts(seat.host for seat in seats)
    hosts.look()
    errors: dict[int, SnmpError | None] = {}
    polls: list[Done] = []
    with Engine() as engine:
        for number, seat in enumerate(seats):
            anchor = look(clock)
            polls.append(Done(seat, Poll(seat.device, clock), anchor, anchor.boot_ns, False, [], {}))
            done = partial(_ended_once, errors, number, polls[number])
            try:
                seat.aim(hosts)
            except Unreachable as error:
                done(Outcome(None, error))
            else:
                engine.start(polls[number].poll.ask(), done=done, seconds=POLL_S)
        while engine.busy:
            engine.turn(_TURN_S)
    return [(poll, errors[number]) for number, poll in enumerate(polls)]


def _ended_once(errors: dict[int, SnmpError | None], number: int, done: Done, outcome: Outcome[None]) -> None:
    errors[number] = outcome.error
    if outcome.error is not None:
        done.trouble.append(f"{type(outcome.error).__name__}: {outcome.error}")


def lines_of(done: Done, gatherer: Gatherer) -> bytes:
    """Return what a poll brought as line protocol, with ``nadi_input`` of the device."""
    poll = done.poll
    return gatherer.told(
        device=done.seat.device.name,
        name=INPUT,
        collect=done.readings,
        trouble="; ".join([*done.trouble, *poll.troubles]),
        seconds=(poll.ended_ns - poll.begun_ns) / NS,
        anchor=done.anchor,
    )


def seats_of(config: Settings) -> list[Seat]:
    """Return the devices of a configuration with their credentials and tables; ConfigError."""
    known = credentials.load(config.credentials)
    folders = () if config.vendors is None else (config.vendors,)
    tables = load_tables(*folders)
    for note in tables.notes:
        _log.info(note)
    return [
        _seat(polled, tables, credentials.chosen(known, polled.credential, place=f"device {polled.device}"))
        for polled in config.snmp
    ]


def _seat(polled: Snmp, tables: Tables, credential: credentials.Credential) -> Seat:
    target = Target(
        host=polled.host,
        port=polled.port,
        credential=credential,
        context=polled.context,
        timeout_s=polled.timeout,
        retries=polled.retries,
        max_bindings=polled.max_bindings,
    )
    interval_ns = polled.interval * NS
    device = Device(polled.device, target, tables, packets=polled.packets)
    return Seat(device, polled.host, interval_ns, offset_of(polled.device, interval_ns))

"""The engine: one UDP socket per address family, a table from request id to who waits, polls as generators.

One process, one thread, no asyncio: a turn sends what is due, takes what came and lets pass what is late. A device
that is slow, silent or hostile costs its own time only; what it costs at most is capped.
"""

from __future__ import annotations

import heapq
import secrets
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic

from agent.snmp import message
from agent.snmp.address import Key, address_of
from agent.snmp.ber import Malformed
from agent.snmp.errors import AuthenticationFailed, SnmpError, TimedOut, TooMuch, Unreachable
from agent.snmp.peer import Ignored, Peer, Sent, peer_of
from agent.snmp.session import TOO_BIG, Pause, Reply, Request, T, Target, Task

BURST = 16
"""New tasks that may begin within a pace, so that their replies do not overrun the receive buffer together."""

PACE_S = 0.004
BATCH = 64
"""Datagrams taken from a socket before they are worked on."""

MAX_AGAIN = 4
"""Times that one request is sent anew because a report taught us an engine or its time."""

BACK_OFF = 1.5
SMALLER_S = 3600.0
"""How long a device is asked for less after replies of full size did not come through."""

_RECEIVE_BUFFER = 4 * 1024 * 1024
_MAX_DATAGRAM = 65535
_OVERTIME = 2


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """How a task ended: its value, or the error that ended it."""

    value: T | None
    error: SnmpError | None


@dataclass(slots=True, eq=False)
class _Device:
    """What is kept of a target between its polls: its peer, and the bindings of one reply that come through."""

    peer: Peer
    family: int
    address: tuple[str, int] | tuple[str, int, int, int]
    key: Key
    ceiling: int = 0
    ceiling_until: float = 0.0


@dataclass(slots=True, eq=False)
class _Wait:
    """A request that waits for its answer: every datagram sent for it by id, retries so far."""

    job: _Job
    request: Request
    device: _Device
    sent: dict[int, Sent] = field(default_factory=dict)
    attempt: int = 0
    again: int = 0
    refused: str = ""


@dataclass(slots=True, eq=False)
class _Job:
    """A task under way; its one valid timer has the number ``timer``."""

    task: Task[Any]
    done: Callable[[Outcome[Any]], None]
    seconds: float
    until: float = 0.0
    overtime: int = 0
    wait: _Wait | None = None
    timer: int = 0


class Engine:
    """Many devices at a time in one thread; not for use by several threads.

    ``ignored`` counts datagrams that were not believed, by reason; ``sent``, ``received`` and ``retried`` datagrams.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[int, socket.socket] = {}
        self._devices: dict[Target, _Device] = {}
        self._waiting: dict[int, _Wait] = {}
        self._timers: list[tuple[float, int, _Job, int]] = []
        self._order = count()
        self._new: deque[_Job] = deque()
        self._paced_until = 0.0
        self._pace = 0
        self._open = 0
        self.ignored: Counter[str] = Counter()
        self.sent = self.received = self.retried = 0

    def __enter__(self) -> Engine:
        """Return the engine itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the engine."""
        self.close()

    def close(self) -> None:
        """Give the sockets back; what is under way is forgotten."""
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()
        self._selector.close()

    @property
    def busy(self) -> int:
        """Return how many tasks have not ended."""
        return self._open

    def run(self, tasks: Iterable[Task[T]], *, seconds: float = 10.0) -> list[Outcome[T]]:
        """Run tasks side by side until each has ended, none longer than ``seconds``; outcomes in their order."""
        outcomes: dict[int, Outcome[T]] = {}
        numbered = list(enumerate(tasks))
        for number, task in numbered:
            self.start(task, done=_keeper(outcomes, number), seconds=seconds)
        while len(outcomes) < len(numbered):
            self.turn(seconds)
        return [outcomes[number] for number, _ in numbered]

    def start(
        self, task: Task[T], *, done: Callable[[Outcome[T]], None], seconds: float = 10.0, delay_s: float = 0.0
    ) -> None:
        """Begin a task after ``delay_s``; ``done`` is told how it ended, at most ``seconds`` after it began.

        Only SnmpError ends a task quietly: what else a task raises comes out of ``turn``.
        """
        job = _Job(task, done, seconds)
        self._open += 1
        if delay_s > 0:
            self._arm(job, now_s() + delay_s)
        else:
            self._new.append(job)

    def turn(self, patience_s: float) -> None:
        """Work on what is due; wait for it no longer than ``patience_s``, and not at all when a task has ended."""
        before = self._open
        self._begin()
        now = now_s()
        wait = 0.0 if self._open < before else patience_s
        if self._new:
            wait = min(wait, self._paced_until - now)
        if self._timers:
            wait = min(wait, self._timers[0][0] - now)
        drained = True
        if self._sockets:
            for key, _ in self._selector.select(max(wait, 0.0)):
                drained &= self._receive(key.data)
        elif wait > 0:
            time.sleep(wait)
        # The time of before the wait: whatever came up to then has been read, unless there was too much of it.
        self._expire(now if drained else now - 1.0)

    def _begin(self) -> None:
        """Start new tasks, so many at a pace: nothing of a burst may be lost before it could be read."""
        if not self._new:
            return
        now = now_s()
        if now >= self._paced_until:
            self._paced_until, self._pace = now + PACE_S, BURST
        while self._new and self._pace > 0:
            self._pace -= 1
            job = self._new.popleft()
            job.until = now + job.seconds
            self._drive(job)

    def _receive(self, sock: socket.socket) -> bool:
        """Take what came on a socket, then work on it; tell whether nothing was left."""
        most = min(BATCH, len(self._waiting) or 1)
        batch: list[tuple[bytes, Any]] = []
        drained = False
        while len(batch) < most:
            try:
                batch.append(sock.recvfrom(_MAX_DATAGRAM))
            except OSError:  # nothing left, or an error queued for some device: its time-out will tell
                drained = True
                break
        now = now_s()
        self.received += len(batch)
        for data, source in batch:
            try:
                self._take(data, source, now)
            except Ignored as reason:
                self.ignored[str(reason)] += 1
            except Malformed:
                self.ignored["malformed"] += 1
        return drained

    def _take(self, data: bytes, source: Any, now: float) -> None:
        """Hand one datagram to the task that waits for it; raise Ignored, Malformed."""
        opened = message.read(data)
        ident = opened.pdu.ident if isinstance(opened, message.V2cMessage) else opened.ident
        wait = self._waiting.get(ident)
        if wait is None:
            raise Ignored("request id")
        host, port, *scope = source
        if (host, port, scope[1] if scope else 0) != wait.device.key:
            raise Ignored("source address")
        sent = wait.sent[ident]
        try:
            reply = wait.device.peer.read(opened, data, sent, now)
        except (Ignored, Malformed) as reason:
            wait.refused = str(reason)
            raise
        except SnmpError as error:
            self._drive(wait.job, error=error)
            return
        if not isinstance(reply, Reply):
            self._again(wait)
            return
        if sent.request.repetitions:
            self._learn(wait, sent, reply, now)
        self._drive(wait.job, reply=reply._replace(asked_s=sent.at, answered_s=now))

    @staticmethod
    def _learn(wait: _Wait, sent: Sent, reply: Reply, now: float) -> None:
        """Remember how large a reply of this device may be."""
        repeated = len(sent.request.names) - sent.request.non_repeaters
        rows = sent.repetitions
        if reply.status == TOO_BIG:
            rows //= 2
        elif wait.attempt == 0 or rows == sent.request.repetitions:
            return
        wait.device.ceiling = max(repeated * rows, 1)
        wait.device.ceiling_until = now + SMALLER_S

    def _again(self, wait: _Wait) -> None:
        """Send once more what a report made worth sending; an answer to what was sent before is not waited for."""
        self._forget(wait)
        wait.again += 1
        error: SnmpError | None
        if wait.again > MAX_AGAIN:
            text = f"{wait.request.target.host} does not settle on an engine and its time"
            error = AuthenticationFailed(text, "notInTimeWindows")
        else:
            error = self._send(wait)
        if error is not None:
            self._drive(wait.job, error=error)

    def _send(self, wait: _Wait) -> SnmpError | None:
        """Send a request as one more datagram with an id of its own and set the timer; return why it cannot be sent."""
        request, device, job = wait.request, wait.device, wait.job
        now = now_s()
        ident = secrets.randbits(30) | 0x4000_0000
        while ident in self._waiting:
            ident = secrets.randbits(30) | 0x4000_0000
        sent = Sent(ident, request, _repetitions(wait, now), device.peer.engine_id, now)
        try:
            datagram = device.peer.write(sent, now)
            self._socket(device.family).sendto(datagram, device.address)
        except BlockingIOError:
            pass  # the send buffer is full: as if it were lost on the way
        except OSError as error:
            return Unreachable(f"{request.target.host}: {error.strerror or 'cannot send'}")
        except SnmpError as error:
            return error
        self.sent += 1
        wait.sent[ident] = sent
        self._waiting[ident] = wait
        self._arm(job, min(now + request.target.timeout_s * BACK_OFF**wait.attempt, job.until))
        return None

    def _socket(self, family: int) -> socket.socket:
        sock = self._sockets.get(family)
        if sock is None:
            sock = self._sockets[family] = socket.socket(family, socket.SOCK_DGRAM)
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            sock.bind(("", 0))
            self._selector.register(sock, selectors.EVENT_READ, sock)
        return sock

    def _arm(self, job: _Job, when: float) -> None:
        job.timer += 1
        heapq.heappush(self._timers, (when, next(self._order), job, job.timer))

    def _expire(self, now: float) -> None:
        """Let pass what is due by ``now``."""
        while self._timers and self._timers[0][0] <= now:
            _, _, job, timer = heapq.heappop(self._timers)
            if timer != job.timer:
                continue  # answered in the meantime
            if job.wait is not None:
                self._late(job.wait, now)
            elif job.until == 0.0:
                self._new.append(job)
            else:
                self._drive(job)

    def _late(self, wait: _Wait, now: float) -> None:
        """Send a request again that got no answer in time, or give it up."""
        target, job = wait.request.target, wait.job
        error: SnmpError | None
        if now >= job.until:
            error = TooMuch(f"{target.host} took more than {job.seconds:g} s")
        elif wait.attempt < target.retries:
            wait.attempt += 1
            self.retried += 1
            error = self._send(wait)
        else:
            seen = f"; a datagram was not believed: {wait.refused}" if wait.refused else ""
            error = TimedOut(f"{target.host} port {target.port} gave no answer to {wait.attempt + 1} requests{seen}")
        if error is not None:
            self._drive(job, error=error)

    def _forget(self, wait: _Wait) -> None:
        for ident in wait.sent:
            del self._waiting[ident]
        wait.sent.clear()

    def _drive(self, job: _Job, *, reply: Reply | None = None, error: SnmpError | None = None) -> None:
        """Send an answer or an error into a task and do what it yields, until it waits again or ends."""
        if job.wait is not None:
            self._forget(job.wait)
            job.wait = None
        job.timer += 1
        try:
            while True:
                wanted = job.task.throw(error) if error is not None else job.task.send(reply)  # type: ignore[arg-type]
                error = self._do(job, wanted)
                if error is None:
                    return
        except StopIteration as stop:
            outcome = Outcome(stop.value, None)
        except SnmpError as raised:
            outcome = Outcome(None, raised)
        self._open -= 1
        job.done(outcome)

    def _do(self, job: _Job, wanted: Request | Pause) -> SnmpError | None:
        """Begin what a task wants; return why it cannot be, raise TooMuch when the task goes on after its time."""
        now = now_s()
        if now >= job.until:
            job.overtime += 1
            error = TooMuch(f"a poll took more than {job.seconds:g} s")
            if job.overtime < _OVERTIME:
                return error
            job.task.close()
            raise error
        if isinstance(wanted, Pause):
            self._arm(job, min(now + wanted.seconds, job.until))
            return None
        device = self._devices.get(wanted.target)
        if device is None:
            try:
                device = _Device(peer_of(wanted.target), *address_of(wanted.target.host, wanted.target.port))
            except Unreachable as error:
                return error
            self._devices[wanted.target] = device
        job.wait = _Wait(job, wanted, device)
        return self._send(job.wait)


def now_s() -> float:
    """Return CLOCK_BOOTTIME in seconds, which goes on while this machine sleeps, as the clocks of engines do."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _repetitions(wait: _Wait, now: float) -> int:
    """Return how many rows to ask: less at each retry, and less where full replies did not come through."""
    request, device = wait.request, wait.device
    if not request.repetitions:
        return 0
    rows = request.repetitions >> wait.attempt
    if device.ceiling and now < device.ceiling_until:
        rows = min(rows, device.ceiling // max(len(request.names) - request.non_repeaters, 1))
    return max(rows, 1)


def _keeper(outcomes: dict[int, Outcome[T]], number: int) -> Callable[[Outcome[T]], None]:
    def keep(outcome: Outcome[T]) -> None:
        outcomes[number] = outcome

    return keep

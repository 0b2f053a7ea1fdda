"""The turns of inputs that have an interval of their own: what hangs costs only itself.

One thread waits for all of them; each turn has a thread of its own for as long as it lasts. (A thread that waits for
the next turn of its input would hold 35 KiB, and there may be twenty of them.)
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable

from agent import gather
from agent.clock import NS, Clock, Moment
from agent.gather import Gatherer
from agent.schedule import until_next
from agent.source import Target

Keep = Callable[[str, bytes, Moment], None]
"""Takes the readings of a device (line protocol) and the look at the clocks before them; by any thread."""
_M_ARENA_MAX = -8


def parted(targets: Iterable[Target]) -> tuple[tuple[Target, ...], tuple[Target, ...]]:
    """Return the devices with what is measured in each cycle, and each input with turns of its own by itself."""
    cycle, own = [], []
    for device, inputs in targets:
        together = tuple(item for item in inputs if not item.interval)
        cycle += [Target(device, together)] if together else []
        own += [Target(device, (item,)) for item in inputs if item.interval]
    return tuple(cycle), tuple(own)


def one_heap() -> None:
    """Let the threads that come share one heap (mallopt(3)); glibc's heaps of their own would hold 2 MiB in all.

    A program under the interpreter's lock gains nothing by them. ctypes costs 0.3 MiB, so an agent without turns leaves
    it out; MALLOC_ARENA_MAX does the same, but has to be set by whatever starts the agent.
    """
    import ctypes

    with contextlib.suppress(AttributeError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


class _Seat:
    """An input: when its next turn begins (ns since boot, None while one lasts), and the thread of its last one."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.due_ns: int | None = 0
        self.thread: threading.Thread | None = None


class Turns:
    """Measures each input at its interval until stopped; turns missed while one lasts are left out."""

    def __init__(self, targets: Iterable[Target], *, gatherer: Gatherer, clock: Clock, keep: Keep) -> None:
        self._gatherer, self._clock, self._keep = gatherer, clock, keep
        self._seats = [_Seat(target) for target in targets]
        self._changed = threading.Condition()
        """Held while a seat changes; told when a turn has ended, and at the stop."""
        self._stopped = False
        # Daemons, this one and those of the turns: what hangs in its source must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="turns", daemon=True)

    def start(self) -> None:
        """Begin; every input has its first turn now."""
        if self._seats:
            self._thread.start()

    def stop(self) -> None:
        """Begin no further turn."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    @property
    def alive(self) -> bool:
        """Tell whether no thread ended by a fault of the program."""
        with self._changed:
            if self._stopped or not self._seats:
                return True
            lasting = [seat.thread for seat in self._seats if seat.due_ns is None]
            return self._thread.is_alive() and all(thread is not None and thread.is_alive() for thread in lasting)

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                now_ns = self._clock.now().boot_ns
                for seat in self._seats:
                    if seat.due_ns is not None and seat.due_ns <= now_ns:
                        self._begin(seat)
                due_ns = min((seat.due_ns for seat in self._seats if seat.due_ns is not None), default=None)
                self._changed.wait(None if due_ns is None else (due_ns - now_ns) / NS)

    def _begin(self, seat: _Seat) -> None:
        name = f"{seat.target.device} {seat.target.inputs[0].name}"
        seat.thread = threading.Thread(target=self._turn, args=(seat,), name=name, daemon=True)
        seat.due_ns = None
        seat.thread.start()

    def _turn(self, seat: _Seat) -> None:
        (source,) = seat.target.inputs
        anchor = gather.look(self._clock)
        lines = self._gatherer.device(seat.target, anchor)
        if self._stopped:
            return
        self._keep(seat.target.device, lines, anchor)
        with self._changed:
            now = self._clock.now()
            seat.due_ns = now.boot_ns + until_next(now, anchor.boot_ns, source.interval * NS)
            self._changed.notify()

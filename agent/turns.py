"""The turns of inputs that have an interval of their own: one thread each, so that what hangs costs only itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from agent import gather
from agent.clock import NS, Clock, Moment
from agent.gather import Gatherer
from agent.schedule import until_next
from agent.source import Target

Keep = Callable[[str, bytes, Moment], None]
"""Takes the readings of a device (line protocol) and the look at the clocks before them; by any thread."""


def parted(targets: Iterable[Target]) -> tuple[tuple[Target, ...], tuple[Target, ...]]:
    """Return the devices with what is measured in each cycle, and each input with turns of its own by itself."""
    cycle, own = [], []
    for device, inputs in targets:
        together = tuple(item for item in inputs if not item.interval)
        cycle += [Target(device, together)] if together else []
        own += [Target(device, (item,)) for item in inputs if item.interval]
    return tuple(cycle), tuple(own)


class Turns:
    """Measures each input at its interval until stopped; turns missed while one lasts are left out."""

    def __init__(self, targets: Iterable[Target], *, gatherer: Gatherer, clock: Clock, keep: Keep) -> None:
        self._gatherer, self._clock, self._keep = gatherer, clock, keep
        self._stop = threading.Event()
        # Daemons: one that hangs in its source must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._run, args=(target,), name=_name(target), daemon=True) for target in targets
        ]

    def start(self) -> None:
        """Begin; every input has its first turn now."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no further turn."""
        self._stop.set()

    @property
    def alive(self) -> bool:
        """Tell whether no thread ended by a fault of the program."""
        return all(thread.is_alive() for thread in self._threads)

    def _run(self, target: Target) -> None:
        (source,) = target.inputs
        while True:
            anchor = gather.look(self._clock)
            lines = self._gatherer.device(target, anchor)
            if self._stop.is_set():
                return
            self._keep(target.device, lines, anchor)
            wait_ns = until_next(self._clock.now(), anchor.boot_ns, source.interval * NS)
            if self._stop.wait(wait_ns / NS):
                return


def _name(target: Target) -> str:
    return f"{target.device} {target.inputs[0].name}"

"""A poller over SNMP agents on loopback, and what it delivers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType

from agent.clock import NS, Moment, SystemClock
from agent.gather import Gatherer
from agent.reading import Reading, decode
from agent.snmp.poll import Device
from agent.snmp.poller import Poller, Seat
from agent.snmp.session import Community, Target
from agent.snmp.tables import load_tables
from tests.agent.snmp_agent import Agent, Asked

TABLES = load_tables()


@dataclass(frozen=True)
class Delivered:
    """One envelope's content."""

    device: str
    readings: list[Reading]
    anchor: Moment
    haste: bool

    def fields(self, measurement: str) -> dict[str, int | float]:
        """Return all fields of a measurement together."""
        return {k: v for r in self.readings if r.measurement == measurement for k, v in r.fields.items()}

    def all(self, measurement: str) -> list[Reading]:
        """Return the readings of a measurement."""
        return [r for r in self.readings if r.measurement == measurement]


def seat(name: str, port: int, *, interval: float = 1.0, offset: float = 0.0, **more: object) -> Seat:
    """Return a device on loopback; ``more`` goes to its target."""
    target = Target(host="127.0.0.1", port=port, credential=Community("public"), **more)  # type: ignore[arg-type]
    return Seat(Device(name, target, TABLES), "127.0.0.1", round(interval * NS), round(offset * NS))


@dataclass
class Bench:
    """A running poller; ``came`` is what it delivered."""

    seats: list[Seat]
    came: list[Delivered] = field(default_factory=list)

    def __enter__(self) -> Bench:
        clock = SystemClock()
        self.poller = Poller(self.seats, clock=clock, gatherer=Gatherer(clock), deliver=self._deliver)
        self.poller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.poller.alive
        assert not self.poller.stuck
        self.poller.stop(12)
        assert not self.poller.alive

    def _deliver(self, device: str, lines: bytes, anchor: Moment, haste: bool) -> None:
        readings, bad = decode(lines)
        assert bad == []
        self.came.append(Delivered(device, readings, anchor, haste))

    def of(self, device: str) -> list[Delivered]:
        """Return what came of one device."""
        return [one for one in self.came if one.device == device]

    def wait(self, device: str, count: int, *, seconds: float = 15) -> list[Delivered]:
        """Return the first ``count`` envelopes of a device."""
        end = time.monotonic() + seconds
        while len(self.of(device)) < count:
            assert time.monotonic() < end, f"{device} gave {len(self.of(device))} of {count}"
            time.sleep(0.01)
        return self.of(device)[:count]


def after(
    seconds: float, *, when: Callable[[Agent, Asked], bool] = lambda a, q: True
) -> Callable[[Agent, Asked], Iterator[bytes]]:
    """Return the behaviour of an honest agent that thinks first."""

    def behave(agent: Agent, asked: Asked) -> Iterator[bytes]:
        if when(agent, asked):
            time.sleep(seconds)
        yield agent.honest(asked)

    return behave

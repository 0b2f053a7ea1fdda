"""Counters and state of this machine's network interfaces (RFC 2863 by way of Linux ``/proc/net/dev``)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import psutil

from agent.reading import Reading
from agent.source import Env

_MEGA = 1_000_000
_UNKNOWN_SPEED = 65535
"""What a driver says, as a 16-bit -1, when there is no link to have a speed."""


@dataclass(frozen=True, slots=True)
class Config:
    """Which interfaces are read: names matched by shell patterns (``eth*``); ``exclude`` wins."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ("lo",)

    def wants(self, name: str) -> bool:
        """Tell whether the interface ``name`` is read."""
        return _matches(name, self.include) and not _matches(name, self.exclude)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield one reading per interface, all of one time; octets are the kernel's own 64-bit counters."""
    counters = psutil.net_io_counters(pernic=True, nowrap=False)
    time_ns = env.time_ns()
    states = psutil.net_if_stats()
    indexes = {name: index for index, name in socket.if_nameindex()}
    for name, io in counters.items():
        if not config.wants(name):
            continue
        fields: dict[str, int | float] = {
            "receive_bytes_total": io.bytes_recv,
            "transmit_bytes_total": io.bytes_sent,
            "receive_packets_total": io.packets_recv,
            "transmit_packets_total": io.packets_sent,
            "receive_errors_total": io.errin,
            "transmit_errors_total": io.errout,
            "receive_discards_total": io.dropin,
            "transmit_discards_total": io.dropout,
            "counter_bits": 64,
        }
        state = states.get(name)
        if state is not None:
            fields["speed_bits_per_second"] = speed(state.speed)
            fields["up"] = int(state.isup)
            fields["admin_up"] = int("up" in state.flags.split(","))
        if name in indexes:
            fields["index"] = indexes[name]
        yield Reading("nadi_interface", (("device", env.device), ("interface", name)), fields, time_ns)


def speed(megabits: int) -> int:
    """Return bit/s of a speed that the driver gave in Mbit/s; 0 where it knows none."""
    return 0 if megabits <= 0 or megabits == _UNKNOWN_SPEED else megabits * _MEGA

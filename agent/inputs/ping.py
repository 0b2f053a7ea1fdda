"""Round trip, loss and jitter of each target: bursts of ICMP echo requests to all of them side by side (RFC 792, 4443).

The socket is Linux's for unprivileged echo where ``net.ipv4.ping_group_range`` allows it, else a raw one. A reply
counts when it comes from the target, bears the request's identifier and number and its random octets, in time and for
the first time. Times are of CLOCK_MONOTONIC; the kernel's own stamp of the arrival takes out our delay in reading it.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from agent import probe
from agent.clock import NS
from agent.config import between
from agent.probe import Cause, Failed, Fields, Place, ProbeError
from agent.reading import Reading, reading
from agent.source import Env

_HEADER = struct.Struct("!BBHHH")
_STAMP = struct.Struct("@ll")
_PAYLOAD = 56
_ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
"""Types of request and reply."""
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
# Linux's numbers, which the standard library does not name (asm-generic/socket.h, linux/in.h, in6.h, icmp.h, icmpv6.h).
_SO_TIMESTAMPNS = 35
_REPORT_ERRORS = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
_FILTER = {
    socket.AF_INET: (255, 1, struct.pack("@I", 0xFFFFFFFF & ~1)),
    socket.AF_INET6: (socket.IPPROTO_ICMPV6, 1, struct.pack("@8I", *[0xFFFFFFFF] * 4, 0xFFFFFFFD, *[0xFFFFFFFF] * 3)),
}
"""What a raw socket lets through: echo replies only."""
_AT_A_TIME = 64
_LOOKS, _LOOK_NS = 3, 20_000
_NO_PORT = 1
"""ICMP has no ports, and with 0 a socket does not tell its peer."""
_totals: dict[tuple[str, str], tuple[int, int]] = {}
"""Packets sent and lost since the agent started, by device and target; as many as the configuration names."""


@dataclass(frozen=True, slots=True)
class Target:
    """One host: the tag ``target``, where it is, requests in a burst, seconds between them, seconds for each reply."""

    name: str
    host: str
    count: int = 5
    gap: float = 0.2
    timeout: float = 2.0

    def __post_init__(self) -> None:
        probe.check_host(self.host)
        between("count", self.count, 1, 100)
        between("gap", self.gap, 0.01, 10)
        between("timeout", self.timeout, 0.1, 10)


@dataclass(frozen=True, slots=True)
class Config:
    """The hosts, each asked with a burst at each ``interval`` (seconds)."""

    target: tuple[Target, ...]
    interval: int = 60

    def __post_init__(self) -> None:
        probe.check(self.interval, self.target)
        for one in self.target:
            if one.count * one.gap + one.timeout >= self.interval:
                raise ValueError(f"target {one.name}: a burst lasts longer than interval; lower count, gap or timeout")


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield a reading of each target; ProbeError at the end for those that this machine could not ask."""
    found = probe.together([partial(_found, target) for target in config.target])
    bursts: list[_Burst] = []
    troubles: list[str] = []
    try:
        for target, place in zip(config.target, found, strict=True):
            bursts.append(_Burst(target, place))
        _exchange([burst for burst in bursts if burst.socket is not None])
        time_ns = env.time_ns()
    finally:
        for burst in bursts:
            burst.close()
    for burst in bursts:
        tags = {"device": env.device, "target": burst.target.name, "probe": "icmp"}
        if burst.trouble:
            troubles.append(f"{burst.target.name}: {burst.trouble}")
        fields = burst.fields((env.device, burst.target.name))
        if fields:
            yield reading("nadi_probe", fields, time_ns, **tags)
    if troubles:
        raise ProbeError("; ".join(troubles))


def _found(target: Target) -> Place | None:
    try:
        return probe.places(target.host, _NO_PORT, time.monotonic() + target.timeout)[0]
    except (Failed, TimeoutError):
        return None


def _exchange(bursts: Sequence[_Burst]) -> None:
    """Send all bursts, each target's requests at its gaps, and take what comes back until no reply is waited for."""
    with selectors.DefaultSelector() as selector:
        for burst in bursts:
            selector.register(burst.socket, selectors.EVENT_READ, burst)  # type: ignore[arg-type]
        for due_ns, burst, number in _turns(bursts, time.monotonic_ns()):
            _take(selector, due_ns)
            burst.send(number)
        while waiting := [burst for burst in bursts if burst.waiting]:
            end_ns = max(burst.end_ns for burst in waiting)
            if time.monotonic_ns() >= end_ns:
                break
            _take(selector, end_ns, once=True)
    for burst in bursts:
        burst.receive()  # what came in time and was not read yet, on a busy machine


def _turns(bursts: Sequence[_Burst], now_ns: int) -> list[tuple[int, _Burst, int]]:
    """Return when each request is due; the first ones are spread over a gap, so that no burst meets another's."""
    turns = []
    for place, burst in enumerate(bursts):
        gap_ns = burst.target.gap * NS
        first = now_ns + gap_ns * place / len(bursts)
        turns += [(int(first + gap_ns * number), burst, number) for number in range(burst.target.count)]
    return sorted(turns, key=lambda turn: turn[0])


def _take(selector: selectors.BaseSelector, until_ns: int, *, once: bool = False) -> None:
    while (left_ns := until_ns - time.monotonic_ns()) > 0:
        for key, _ in selector.select(left_ns / NS):
            key.data.receive()
        if once:
            return


class _Burst:
    """The requests to one target and what came back."""

    def __init__(self, target: Target, place: Place | None) -> None:
        self.target = target
        self.socket: socket.socket | None = None
        self.trouble = ""
        self._cause = Cause.TIMEOUT if place else Cause.NAME
        self._random = os.urandom(_PAYLOAD)
        self._sent: dict[int, int] = {}
        self._late: set[int] = set()
        self._trips: dict[int, int] = {}
        if place is not None:
            self._open(*place)

    def _open(self, family: int, address: tuple[object, ...]) -> None:
        self._request, self._reply = _ECHO[socket.AddressFamily(family)]
        try:
            self.socket, self._raw = _socket(socket.AddressFamily(family))
            self.socket.connect(address)
        except OSError as error:
            self._failed(error)
            self.close()
            return
        self._source = self.socket.getpeername()[0].partition("%")[0]
        # A datagram socket's port is the identifier, which the kernel sets; a raw one has none.
        self._identifier = int.from_bytes(os.urandom(2), "big") if self._raw else self.socket.getsockname()[1]

    def close(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    @property
    def waiting(self) -> bool:
        """Tell whether a reply may still come."""
        return len(self._trips) + len(self._late) < len(self._sent)

    @property
    def end_ns(self) -> int:
        """The time after which no reply counts."""
        return max(self._sent.values()) + int(self.target.timeout * NS)

    def send(self, number: int) -> None:
        """Send request ``number``; a packet that the kernel did not take was not sent, and is not lost."""
        head = _HEADER.pack(self._request, 0, 0, self._identifier, number)
        packet = _HEADER.pack(self._request, 0, _checksum(head + self._random), self._identifier, number) + self._random
        # An error that an earlier request met is told at the next call, which then does nothing: so once more.
        for last in (False, True):
            sent_ns = time.monotonic_ns()
            try:
                self.socket.send(packet)  # type: ignore[union-attr]
            except OSError as error:
                if last:
                    self._failed(error)
            else:
                self._sent[number] = sent_ns
                return

    def receive(self) -> None:
        """Take what has come, without waiting."""
        assert self.socket is not None  # noqa: S101 - for the type checker
        for _ in range(_AT_A_TIME):
            try:
                data, extra, _, source = self.socket.recvmsg(2048, 256)
            except BlockingIOError:
                return
            except OSError as error:
                self._failed(error)
                self._drain()
            else:
                self._came(data, _arrived_ns(extra), source[0].partition("%")[0])

    def _came(self, data: bytes, arrived_ns: int, source: str) -> None:
        packet = data[(data[0] & 15) * 4 :] if self._raw and self._reply == 0 and data else data
        if len(packet) < _HEADER.size or source != self._source:
            return
        kind, code, _, identifier, number = _HEADER.unpack_from(packet)
        mine = (kind, code, identifier) == (self._reply, 0, self._identifier) and packet[8:] == self._random
        sent_ns = self._sent.get(number)
        if not mine or sent_ns is None or number in self._trips or number in self._late:
            return  # another's, or a second copy
        trip_ns = max(arrived_ns - sent_ns, 0)
        if trip_ns > self.target.timeout * NS:
            self._late.add(number)
        else:
            self._trips[number] = trip_ns

    def _failed(self, error: OSError) -> None:
        """Keep what an error tells: of the way to the target, or of this machine."""
        if error.errno in (errno.EACCES, errno.EPERM):
            self._cause = Cause.NOT_PERMITTED
            self.trouble = str(error.strerror)
        elif error.errno == errno.ECONNREFUSED or probe.cause_of(error) is Cause.UNREACHABLE:
            self._cause = Cause.UNREACHABLE
        elif error.errno != errno.EMSGSIZE:  # a router's word on the size of packets, which ours do not reach
            self.trouble = f"this machine cannot ask: {error.strerror}"

    def _drain(self) -> None:
        """Empty the queue of errors, so that the selector does not tell of them again."""
        for _ in range(_AT_A_TIME):
            try:
                self.socket.recvmsg(1, 1, socket.MSG_ERRQUEUE)  # type: ignore[union-attr]
            except OSError:
                return

    def fields(self, key: tuple[str, str]) -> Fields:
        """Return what the burst tells, with the totals of ``key`` (device and target); what is unknown is absent."""
        sent, came = len(self._sent), len(self._trips)
        if not sent:
            # Nothing went out, so nothing was lost: no way and no name are the target's, the rest is unknown.
            known = {} if self.trouble else {"success": 0}
            return {**known, "cause": self._cause} if known or self._cause is Cause.NOT_PERMITTED else {}
        before = _totals.get(key, (0, 0))
        total = _totals[key] = (before[0] + sent, before[1] + sent - came)
        fields: Fields = {
            "success": int(came > 0),
            "loss_ratio": (sent - came) / sent,
            "sent_packets_total": total[0],
            "lost_packets_total": total[1],
        }
        return fields | (_times([self._trips[number] / NS for number in sorted(self._trips)]) or {"cause": self._cause})


def _times(trips: Sequence[float]) -> Fields:
    """Return the figures of round trips (seconds, in the order of their requests)."""
    if not trips:
        return {}
    fields: Fields = {
        "rtt_seconds": sum(trips) / len(trips),
        "rtt_min_seconds": min(trips),
        "rtt_max_seconds": max(trips),
    }
    steps = [abs(after - before) for before, after in pairwise(trips)]
    return fields | ({"jitter_seconds": sum(steps) / len(steps)} if steps else {})


def _socket(family: socket.AddressFamily) -> tuple[socket.socket, bool]:
    """Return a socket for echo, and whether it is raw; PermissionError with the mend."""
    try:
        sock, raw = socket.socket(family, socket.SOCK_DGRAM, _PROTOCOL[family]), False
    except PermissionError:
        try:
            sock, raw = socket.socket(family, socket.SOCK_RAW, _PROTOCOL[family]), True
        except PermissionError as error:
            mend = "set net.ipv4.ping_group_range to hold the agent's group, or give the unit CAP_NET_RAW"
            raise PermissionError(error.errno, f"ICMP is not permitted to this process; {mend}") from error
        sock.setsockopt(*_FILTER[family])
    sock.setblocking(False)
    sock.setsockopt(*_REPORT_ERRORS[family], 1)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    return sock, raw


def _arrived_ns(extra: Sequence[tuple[int, int, bytes]]) -> int:
    """Return when a packet came, by CLOCK_MONOTONIC; the kernel's stamp is of the wall clock, and taken as an age."""
    for _ in range(_LOOKS):
        before_ns, wall_ns, now_ns = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if now_ns - before_ns < _LOOK_NS:
            break  # not interrupted between the two clocks
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(data) >= _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack_from(data)
            age_ns = wall_ns - (seconds * NS + nanoseconds)
            return now_ns - age_ns if 0 <= age_ns < NS else now_ns  # else the wall clock was set in between
    return now_ns


def _checksum(packet: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF

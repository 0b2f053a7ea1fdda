"""What the probes of the network share: why a target did not answer, names under a deadline, several at a time.

A target that does not answer is a measured result. What keeps this machine from asking (a right it has not, no free
port) is none: the target's state stays unknown, and the input fails with the reason.
"""

from __future__ import annotations

import errno
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from functools import partial
from typing import Any, Protocol, TypeVar

from agent.config import between
from agent.envelope import NAME
from agent.peer import left
from agent.reading import Reading, reading
from agent.source import Env

Fields = dict[str, int | float]
Place = tuple[int, tuple[Any, ...]]
"""An address family and the address for ``connect``."""

MOST_TARGETS = 256
_AT_ONCE = 16
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_:.%-]*")
_lookups = threading.BoundedSemaphore(_AT_ONCE)


class Cause(IntEnum):
    """Why a target did not answer as it should; ``nadi_probe`` ``cause`` in the catalogue."""

    TIMEOUT = 1
    REFUSED = 2
    UNREACHABLE = 3
    NAME = 4
    TLS = 5
    STATUS = 6
    CONTENT = 7
    DNS = 8
    NOT_PERMITTED = 9
    BROKEN = 10


_CAUSES = {
    errno.ECONNREFUSED: Cause.REFUSED,
    errno.ETIMEDOUT: Cause.TIMEOUT,
    **dict.fromkeys(
        (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EPROTO, errno.ENOPROTOOPT),
        Cause.UNREACHABLE,
    ),
    **dict.fromkeys((errno.EPERM, errno.EACCES), Cause.NOT_PERMITTED),
    **dict.fromkeys((errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED), Cause.BROKEN),
}


class ProbeError(Exception):
    """Targets that this machine could not ask; the message names each of them, and the reason."""


class Failed(Exception):
    """The target did not answer as it should; ``fields`` are what is known all the same."""

    def __init__(self, cause: Cause, fields: Fields | None = None) -> None:
        super().__init__(cause.name)
        self.cause, self.fields = cause, fields or {}


class Named(Protocol):
    """A target; its name is its tag."""

    @property
    def name(self) -> str: ...


def cause_of(error: OSError) -> Cause | None:
    """Return what an error of a socket tells of the target; None when it is this machine's own trouble."""
    if isinstance(error, TimeoutError):
        return Cause.TIMEOUT
    return _CAUSES.get(error.errno or 0)


def check(interval: int, targets: Sequence[Named]) -> None:
    """Raise ValueError when an input's interval or targets cannot be used."""
    between("interval", interval, 1, 86400)
    if not 1 <= len(targets) <= MOST_TARGETS:
        raise ValueError(f"target: {len(targets)} are named; add [[...target]] tables, at most {MOST_TARGETS}")
    names = [target.name for target in targets]
    for name in names:
        if NAME.fullmatch(name) is None:
            raise ValueError(f"target name {name!r} is not letters, digits, '.', '_' or '-' (at most 64)")
    if len(set(names)) < len(names):
        raise ValueError(f"a target is named twice: {', '.join(sorted(names))}")


def check_host(host: str) -> None:
    """Raise ValueError when ``host`` cannot be a name or an address."""
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(0 < len(label) < 64 for label in labels) or _HOST.fullmatch(host) is None:
        raise ValueError(f"host {host!r} is no name and no IP address")


def places(host: str, port: int, deadline: float) -> list[Place]:
    """Return where a host is, in the order to try; Failed(NAME) when nobody tells until the deadline.

    The C library cannot be told to hurry, so a name is looked up in a thread that is left behind when it is late.
    """
    try:
        return _placed(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except socket.gaierror:
        pass  # a name
    if not _lookups.acquire(timeout=left(deadline)):
        raise Failed(Cause.NAME)
    answers: list[list[Place]] = []
    thread = threading.Thread(target=_look_up, args=(host, port, answers), daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if not answers:
        raise Failed(Cause.NAME)
    return answers[0]


def _look_up(host: str, port: int, answers: list[list[Place]]) -> None:
    try:
        answers.append(_placed(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except OSError:
        pass  # nobody knows the name, or nobody answers: both are told by the missing answer
    finally:
        _lookups.release()


def _placed(found: Sequence[tuple[int, int, int, str, tuple[Any, ...]]]) -> list[Place]:
    return [(family, address) for family, _, _, _, address in found]


def connected(found: Sequence[Place], deadline: float) -> tuple[socket.socket, float]:
    """Connect by TCP to the first place that takes it; return it and the seconds its handshake took. OSError."""
    failure: OSError = TimeoutError()
    for family, address in found:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(left(deadline))
            begun = time.monotonic()
            sock.connect(address)
            took = time.monotonic() - begun
            if sock.getsockname() == sock.getpeername():
                # A port of its own that this machine happened to choose answers itself (RFC 9293, 3.5).
                raise ConnectionRefusedError(errno.ECONNREFUSED, "nothing listens there")
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock, took
    raise failure


T = TypeVar("T")


def together(tasks: Sequence[Callable[[], T]]) -> list[T | None]:
    """Run tasks that end by themselves, some at a time, in threads; None where one ended by a fault of the program."""
    results: list[T | None] = [None] * len(tasks)
    turns, lock = iter(range(len(tasks))), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                turn = next(turns, None)
            if turn is None:
                return
            results[turn] = tasks[turn]()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(_AT_ONCE, len(tasks)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def readings(kind: str, env: Env, asks: Sequence[tuple[str, Callable[[], Fields]]]) -> Iterator[Reading]:
    """Ask the targets side by side and yield a reading of each; ProbeError at the end for those not asked.

    ``kind`` is the tag ``probe``. Each of ``asks`` is a target's name, and what returns the fields of a good answer.
    """
    troubles = []
    results = together([partial(_asked, kind, env, name, ask) for name, ask in asks])
    for (name, _), result in zip(asks, results, strict=True):
        item, trouble = result or (None, "a fault of the program ended it; see the log")
        if item is not None and item.fields:
            yield item
        if trouble:
            troubles.append(f"{name}: {trouble}")
    if troubles:
        raise ProbeError("; ".join(troubles))


def _asked(kind: str, env: Env, name: str, ask: Callable[[], Fields]) -> tuple[Reading, str]:
    trouble = ""
    try:
        fields: Fields = {"success": 1, **ask()}
    except Failed as failed:
        fields = {**failed.fields, "success": 0, "cause": failed.cause}
    except ProbeError as error:
        fields, trouble = {}, str(error)
    except OSError as error:
        cause = cause_of(error)
        fields = {"success": 0, "cause": cause} if cause else {}
        if cause is None or cause is Cause.NOT_PERMITTED:
            fields.pop("success", None)
            trouble = f"this machine cannot ask: {error.strerror or error}"
    return reading("nadi_probe", fields, env.time_ns(), device=env.device, target=name, probe=kind), trouble

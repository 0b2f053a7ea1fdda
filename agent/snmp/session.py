"""What is asked of a device: ``get`` and ``columns``, as generators that yield requests and are sent replies.

Nothing here touches a socket: ``engine`` carries the requests of many devices at a time. A poll is a generator that
says ``yield from get(...)`` and ``yield from columns(...)``.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from agent.snmp import message
from agent.snmp.ber import write_oid
from agent.snmp.errors import BadReply, ErrorStatus, SnmpError, status_name
from agent.snmp.shapes import Bindings
from agent.snmp.usm import UsmUser
from agent.snmp.values import Kind, Oid, Value, check_oid, oid_text, read

NO_ERROR, TOO_BIG, NO_SUCH_NAME = 0, 1, 2
MAX_BINDINGS = 100
MAX_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Community:
    """The community of SNMPv2c (RFC 1901 §3): a password in clear text."""

    name: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A device and how to ask it; ``host`` is an address (``address.resolve`` turns a name into one).

    ``timeout_s`` is waited for the first answer, and half as much again at each of ``retries``. ``max_bindings`` is
    asked for in one reply, ``max_rows`` of one column are read. ``context`` is SNMPv3's (RFC 3411 §3.3.1).
    """

    host: str
    credential: Community | UsmUser
    port: int = 161
    context: str = ""
    timeout_s: float = 1.5
    retries: int = 2
    max_bindings: int = MAX_BINDINGS
    max_rows: int = MAX_ROWS


@dataclass(slots=True, eq=False)
class Request:
    """One question: content octets of the names, and for GETBULK how many names are not repeated."""

    target: Target
    tag: int
    names: tuple[bytes, ...]
    non_repeaters: int = 0
    repetitions: int = 0


class Reply(NamedTuple):
    """One answer that was believed; ``repetitions`` is what was asked when it was given.

    The device looked at its counters between ``asked_s`` and ``answered_s``, CLOCK_BOOTTIME in seconds.
    """

    status: int
    error_index: int
    bindings: Bindings
    repetitions: int
    asked_s: float = 0.0
    answered_s: float = 0.0


class Pause(NamedTuple):
    """What a task yields to wait; it is sent None."""

    seconds: float


T = TypeVar("T")
Task = Generator[Request | Pause, Reply, T]
"""A poll of one device: it yields requests, is sent replies and has SnmpError thrown in."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk brought: rows by column and index, scalars, and the columns that ended otherwise than they should.

    A column in ``stopped`` keeps the rows that came before. ``scalars`` are of the first reply, ``scalars_last`` of
    the last one: an uptime that went back between them means that the device restarted in the middle.
    """

    columns: dict[Oid, dict[Oid, Value]]
    scalars: dict[Oid, Value]
    scalars_last: dict[Oid, Value]
    stopped: dict[Oid, SnmpError]
    requests: int


def get(target: Target, oids: Sequence[Oid]) -> Task[dict[Oid, Value]]:
    """Ask for values by full name (RFC 3416 §4.2.1); one that makes the device report an error is BAD.

    Raise TimedOut, AuthenticationFailed, BadReply, or ErrorStatus where the error is not of one name.
    """
    values: dict[Oid, Value] = {}
    waiting = list(dict.fromkeys(oids))
    for oid in waiting:
        check_oid(oid)
    budget = target.max_bindings
    while waiting:
        asked = waiting[:budget]
        names = tuple(map(write_oid, asked))
        reply = yield Request(target, message.GET, names)
        if reply.status == TOO_BIG and len(asked) > 1:
            budget = len(asked) // 2
        elif reply.status != NO_ERROR:
            faulty = asked_wrongly(reply, asked, target)
            values[faulty] = Value(Kind.BAD, status_name(reply.status))
            waiting.remove(faulty)
        else:
            found = reply.bindings
            if found.names != names:
                raise BadReply(f"{target.host} answered other names than were asked")
            values.update(zip(asked, map(read, found.tags, found.raws), strict=True))
            del waiting[: len(asked)]
    return values


def asked_wrongly(reply: Reply, asked: Sequence[Oid], target: Target) -> Oid:
    """Return the name an error-index points to; raise ErrorStatus where it points nowhere (RFC 3416 §4.2)."""
    name = status_name(reply.status)
    if reply.status == TOO_BIG or not 1 <= reply.error_index <= len(asked):
        place = f"index {reply.error_index}; asked were {oid_text(asked[0])} and {len(asked) - 1} more"
        raise ErrorStatus(f"{target.host} answered {name} ({place})", reply.status, reply.error_index)
    return asked[reply.error_index - 1]


def scalar_value(oid: Oid, found: Bindings, at: int) -> Value:
    """Return the value of a scalar asked as a non-repeater; another name means there is no such instance."""
    if found.names[at] != write_oid(oid):
        return Value(Kind.NO_SUCH_INSTANCE, None)
    return read(found.tags[at], found.raws[at])

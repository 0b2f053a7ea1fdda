"""Interfaces of a device: IF-MIB answers (RFC 2863) as readings.

64-bit counters where they are true, 32-bit ones where they are all there is: decided for each interface in each poll,
and told to the collector as ``counter_bits``. Index and name rules: docs/snmp.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from agent.reading import Reading
from agent.snmp.answers import Answers, label_of, text_of
from agent.snmp.names import distinct
from agent.snmp.values import Kind, Oid, Value

_IF: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
_IFX: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
DESCR, TYPE, SPEED, PHYS, ADMIN, OPER = (*_IF, 2), (*_IF, 3), (*_IF, 5), (*_IF, 6), (*_IF, 7), (*_IF, 8)
IN_OCTETS, OUT_OCTETS = (*_IF, 10), (*_IF, 16)
IN_DISCARDS, IN_ERRORS, OUT_DISCARDS, OUT_ERRORS = (*_IF, 13), (*_IF, 14), (*_IF, 19), (*_IF, 20)
NAME, HC_IN, HC_OUT, HIGH_SPEED, ALIAS = (*_IFX, 1), (*_IFX, 6), (*_IFX, 10), (*_IFX, 15), (*_IFX, 18)
DISCONTINUITY = (*_IFX, 19)
UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)

FULL: tuple[Oid, ...] = (
    NAME, HC_IN, HC_OUT, HIGH_SPEED, DISCONTINUITY, ADMIN, OPER,
    IN_ERRORS, OUT_ERRORS, IN_DISCARDS, OUT_DISCARDS,
    IN_OCTETS, OUT_OCTETS, SPEED, DESCR, ALIAS,
)  # fmt: skip
"""The columns of a poll; TYPE and PHYS are for ``discover`` alone."""
WIDE = FULL[:11]
"""The columns that are enough for a device of which ``wide_enough`` holds."""
PACKETS_IN: tuple[Oid, ...] = ((*_IFX, 7), (*_IFX, 8), (*_IFX, 9))
PACKETS_OUT: tuple[Oid, ...] = ((*_IFX, 11), (*_IFX, 12), (*_IFX, 13))
"""Unicast, multicast and broadcast packets, 64 bits: half as much again to ask, so only of devices that are to say."""

_OPER = ("", "up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown")
_NO_SPEED = 2**32 - 1
_U32 = 2**32
_MEGA = 1_000_000


class Interface(NamedTuple):
    """One row of the interface tables; None is what the device did not answer, or answered with nonsense.

    ``key`` is the name of its readings, ``speed`` bit/s (0 unknown), ``oper`` the word of the IF-MIB, ``receive`` and
    ``transmit`` octets of ``bits`` wide counters, ``physical`` the address in hex.
    """

    index: int  # type: ignore[assignment]  # instead of the method of tuple
    key: str
    name: str | None
    descr: str | None
    alias: str | None
    type: int | None
    physical: str | None
    admin: int | None
    oper: str | None
    speed: int
    bits: int | None
    receive: int | None
    transmit: int | None
    problems: tuple[tuple[str, str], ...] = ()


_Cell = Value | None
_Problems = list[tuple[str, str]]
_ROW = (HC_IN, HC_OUT, IN_OCTETS, OUT_OCTETS, HIGH_SPEED, SPEED, ADMIN, OPER, TYPE, PHYS)


def interfaces(answers: Answers) -> list[Interface]:
    """Return the interfaces by the index in their OID; ifIndex columns and ifNumber are not asked."""
    columns = (NAME, DESCR, HC_IN, IN_OCTETS, OPER, ADMIN)
    indexes = tuple(sorted({index for column in columns for index in answers.column(column) if len(index) == 1}))
    names, descrs, aliases = (tuple(map(answers.column(column).get, indexes)) for column in (NAME, DESCR, ALIAS))
    called = _called(indexes, names, descrs, aliases)
    rows = zip(*(map(answers.column(column).get, indexes) for column in _ROW), strict=True)
    return [_interface(one, *row) for one, row in zip(called, rows, strict=True)]


class _Called(NamedTuple):
    """What an interface is called: its index, the name of its readings, its texts."""

    number: int
    key: str
    name: str | None
    descr: str | None
    alias: str | None


@lru_cache(maxsize=1024)
def _called(
    indexes: tuple[Oid, ...], names: tuple[_Cell, ...], descrs: tuple[_Cell, ...], aliases: tuple[_Cell, ...]
) -> list[_Called]:
    """Return what the interfaces of a device are called: the same at each poll until somebody renames one."""
    cells = list(zip(names, descrs, aliases, strict=True))
    keys = distinct([[label_of(cell) for cell in row] for row in cells], [str(index) for (index,) in indexes])
    texts = ([text_of(cell) for cell in row] for row in cells)
    return [_Called(index, key, *row) for (index,), key, row in zip(indexes, keys, texts, strict=True)]


def _interface(
    called: _Called,
    hc_in: _Cell,
    hc_out: _Cell,
    octets_in: _Cell,
    octets_out: _Cell,
    high: _Cell,
    low: _Cell,
    admin: _Cell,
    oper: _Cell,
    kind: _Cell,
    physical: _Cell,
) -> Interface:
    """Return one interface of its cells."""
    problems: _Problems = []
    bits, receive, transmit = _octets(hc_in, hc_out, octets_in, octets_out, problems)
    administered = _known("admin_up", admin, 3, problems)
    state = _known("up", oper, 7, problems)
    return Interface(
        *called,
        _integer(kind),
        physical.value.hex() if physical is not None and isinstance(physical.value, bytes) else None,
        administered,
        None if state is None else _OPER[state],
        speed(_integer(high), _integer(low)),
        bits,
        receive,
        transmit,
        tuple(problems),
    )


def _integer(cell: _Cell) -> int | None:
    return cell.value if cell is not None and isinstance(cell.value, int) else None


def _known(field: str, cell: _Cell, most: int, problems: _Problems) -> int | None:
    number = _integer(cell)
    if number is None or 1 <= number <= most:
        return number
    problems.append((field, f"{number} is not a state of the IF-MIB"))
    return None


def _octets(
    hc_in: _Cell, hc_out: _Cell, octets_in: _Cell, octets_out: _Cell, problems: _Problems
) -> tuple[int | None, int | None, int | None]:
    """Return the true width of an interface's counters, and what they count."""
    wide = (_counter(_RECEIVE, hc_in, 64, problems), _counter(_TRANSMIT, hc_out, 64, problems))
    narrow = (_counter(_RECEIVE, octets_in, 32, problems), _counter(_TRANSMIT, octets_out, 32, problems))
    # A 64-bit counter at zero beside a 32-bit one that moved is answered, not implemented (5 of 1,390 devices).
    dead = _dead(wide[0], narrow[0]) or _dead(wide[1], narrow[1])
    both = wide[0] is not None and wide[1] is not None and not dead
    receive, transmit = wide if both or narrow == (None, None) else narrow
    if receive is None or transmit is None:
        one = receive or transmit
        return (one[1] if one else None), (receive[0] if receive else None), (transmit[0] if transmit else None)
    return min(receive[1], transmit[1]), receive[0], transmit[0]


_RECEIVE, _TRANSMIT = "receive_bytes_total", "transmit_bytes_total"
_Counter = tuple[int, int]


def _dead(wide: _Counter | None, narrow: _Counter | None) -> bool:
    return wide is not None and wide[0] == 0 and narrow is not None and narrow[0] > 0


def _counter(field: str, cell: _Cell, width: int, problems: _Problems) -> _Counter | None:
    """Return a counter and its true width: what comes as a 32-bit type wraps at 2^32, whatever the column says."""
    if cell is None:
        return None
    kind, number = cell
    if not isinstance(number, int) or number == -1 or not -_U32 // 2 <= number < 2**64:
        problems.append((field, "not a counter"))
        return None
    if number < 0:
        return number + _U32, 32  # a 32-bit counter in a signed type (Integer32)
    return number, width if kind is Kind.COUNTER64 else 32


def speed(high: int | None, low: int | None) -> int:
    """Return bit/s from ifHighSpeed (Mbit/s) and ifSpeed (bit/s); 0 where the device knows none."""
    if high is not None and high > 0:
        return high * _MEGA
    return low if low is not None and 0 < low < _NO_SPEED else 0


def readings(answers: Answers, found: list[Interface], *, device: str, time_ns: int) -> Iterator[Reading]:
    """Yield one reading per interface; a field that the device did not answer is absent, never zero."""
    ticks = _integer(answers.scalar(UPTIME))
    plain = [(field, answers.column(column)) for field, column in _PLAIN.items()]
    packets = [(field, octets, [*map(answers.column, three)]) for field, octets, three in _PACKETS]
    for one in found:
        fields: dict[str, int | float] = {"index": one.index, "speed_bits_per_second": one.speed}
        if ticks is not None:
            fields["uptime_ticks"] = ticks
        if one.receive is not None:
            fields[_RECEIVE] = one.receive
        if one.transmit is not None:
            fields[_TRANSMIT] = one.transmit
        if one.bits is not None:
            fields["counter_bits"] = one.bits
        if one.oper is not None and one.oper != "unknown":
            fields["up"] = int(one.oper == "up")
        if one.admin is not None:
            fields["admin_up"] = int(one.admin == 1)
        row = (one.index,)
        for field, column in plain:
            number = _integer(column.get(row))
            if number is not None and number >= 0:
                fields[field] = number
        for field, octets, columns in packets if one.bits == 64 else ():
            counted = [cell.value for column in columns if (cell := column.get(row)) and cell.kind is Kind.COUNTER64]
            total = sum(number for number in counted if isinstance(number, int))
            if len(counted) == 3 and (total or not fields.get(octets)):
                fields[field] = total % 2**64
        yield Reading("nadi_interface", (("device", device), ("interface", one.key)), fields, time_ns)


_PLAIN = {
    "receive_errors_total": IN_ERRORS,
    "transmit_errors_total": OUT_ERRORS,
    "receive_discards_total": IN_DISCARDS,
    "transmit_discards_total": OUT_DISCARDS,
    "discontinuity_ticks": DISCONTINUITY,
}
_PACKETS = (("receive_packets_total", _RECEIVE, PACKETS_IN), ("transmit_packets_total", _TRANSMIT, PACKETS_OUT))
"""Sums of three: of two it would be a wrong number. None where there are octets: answered, not implemented."""


def wide_enough(found: Iterable[Interface]) -> bool:
    """Tell whether a device may from now on be asked for ``WIDE`` only.

    It may when every interface has proven its 64-bit counters by values above zero, has an ifHighSpeed, and is told
    apart by its ifName alone. A counter at zero proves nothing: the 32-bit one beside it may be the one that moves.
    """
    return all(
        one.bits == 64 and one.speed > 0 and one.receive and one.transmit and one.key == one.name for one in found
    )

"""Interfaces of a device: IF-MIB answers (RFC 2863) as readings.

64-bit counters where they are true, 32-bit ones where they are all there is: decided for each interface in each poll,
and told to the collector as ``counter_bits``. Index and name rules: docs/snmp.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.reading import Reading
from agent.snmp.answers import Answers, label_of, number_of, text_of
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

_OPER = ("", "up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown")
_NO_SPEED = 2**32 - 1
_U32 = 2**32
_MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Interface:
    """One row of the interface tables; None is what the device did not answer, or answered with nonsense.

    ``key`` is the name of its readings, ``speed`` bit/s (0 unknown), ``oper`` the word of the IF-MIB, ``receive`` and
    ``transmit`` octets of ``bits`` wide counters, ``physical`` the address in hex.
    """

    index: int
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


def interfaces(answers: Answers) -> list[Interface]:
    """Return the interfaces by the index in their OID; ifIndex columns and ifNumber are not asked."""
    columns = (NAME, DESCR, HC_IN, IN_OCTETS, OPER, ADMIN)
    indexes = sorted({index[0] for column in columns for index in answers.column(column) if len(index) == 1})
    rows = [_Row(answers, index) for index in indexes]
    keys = distinct([row.names() for row in rows], [str(index) for index in indexes])
    return [row.interface(key) for row, key in zip(rows, keys, strict=True)]


class _Row:
    """The cells of one interface."""

    def __init__(self, answers: Answers, index: int) -> None:
        self._answers = answers
        self._index = index
        self._problems: list[tuple[str, str]] = []

    def cell(self, column: Oid) -> Value | None:
        return self._answers.column(column).get((self._index,))

    def names(self) -> tuple[str, ...]:
        return tuple(label_of(self.cell(column)) for column in (NAME, DESCR, ALIAS))

    def integer(self, column: Oid) -> int | None:
        value = self.cell(column)
        number = None if value is None else number_of(value)
        return number if isinstance(number, int) else None

    def interface(self, key: str) -> Interface:
        bits, receive, transmit = self._octets()
        physical = self.cell(PHYS)
        return Interface(
            index=self._index,
            key=key,
            name=text_of(self.cell(NAME)),
            descr=text_of(self.cell(DESCR)),
            alias=text_of(self.cell(ALIAS)),
            type=self.integer(TYPE),
            physical=physical.value.hex() if physical and isinstance(physical.value, bytes) else None,
            admin=self._known("admin_up", ADMIN, (1, 2, 3)),
            oper=self._oper(),
            speed=speed(self.integer(HIGH_SPEED), self.integer(SPEED)),
            bits=bits,
            receive=receive,
            transmit=transmit,
            problems=tuple(self._problems),
        )

    def _known(self, field: str, column: Oid, known: tuple[int, ...]) -> int | None:
        number = self.integer(column)
        if number is None or number in known:
            return number
        self._problems.append((field, f"{number} is not a state of the IF-MIB"))
        return None

    def _oper(self) -> str | None:
        number = self._known("up", OPER, tuple(range(1, 8)))
        return None if number is None else _OPER[number]

    def _octets(self) -> tuple[int | None, int | None, int | None]:
        wide = (self._counter(HC_IN, 64), self._counter(HC_OUT, 64))
        narrow = (self._counter(IN_OCTETS, 32), self._counter(OUT_OCTETS, 32))
        # A 64-bit counter at zero beside a 32-bit one that moved is answered, not implemented (5 of 1,390 devices).
        dead = any(
            w is not None and w[0] == 0 and n is not None and n[0] > 0 for w, n in zip(wide, narrow, strict=True)
        )
        both = wide[0] is not None and wide[1] is not None and not dead
        pair = wide if both or narrow == (None, None) else narrow
        known = [counter for counter in pair if counter is not None]
        bits = min((counter[1] for counter in known), default=None)
        receive, transmit = (None if counter is None else counter[0] for counter in pair)
        return bits, receive, transmit

    def _counter(self, column: Oid, width: int) -> tuple[int, int] | None:
        """Return a counter and its true width: what comes as a 32-bit type wraps at 2^32, whatever the column says."""
        value = self.cell(column)
        number = None if value is None else number_of(value)
        if value is None:
            return None
        field = "receive_bytes_total" if column in (HC_IN, IN_OCTETS) else "transmit_bytes_total"
        if not isinstance(number, int) or number == -1 or not -_U32 // 2 <= number < 2**64:
            self._problems.append((field, "not a counter"))
            return None
        if number < 0:
            return number + _U32, 32  # a 32-bit counter in a signed type (Integer32)
        return number, width if value.kind is Kind.COUNTER64 else 32


def speed(high: int | None, low: int | None) -> int:
    """Return bit/s from ifHighSpeed (Mbit/s) and ifSpeed (bit/s); 0 where the device knows none."""
    if high is not None and high > 0:
        return high * _MEGA
    return low if low is not None and 0 < low < _NO_SPEED else 0


def readings(answers: Answers, found: list[Interface], *, device: str, time_ns: int) -> Iterator[Reading]:
    """Yield one reading per interface; a field that the device did not answer is absent, never zero."""
    uptime = answers.scalar(UPTIME)
    for one in found:
        fields: dict[str, int | float] = {"index": one.index, "speed_bits_per_second": one.speed}
        if uptime is not None and isinstance(uptime.value, int):
            fields["uptime_ticks"] = uptime.value
        if one.receive is not None:
            fields["receive_bytes_total"] = one.receive
        if one.transmit is not None:
            fields["transmit_bytes_total"] = one.transmit
        if one.bits is not None:
            fields["counter_bits"] = one.bits
        if one.oper is not None and one.oper != "unknown":
            fields["up"] = int(one.oper == "up")
        if one.admin is not None:
            fields["admin_up"] = int(one.admin == 1)
        for field, column in _PLAIN.items():
            value = answers.column(column).get((one.index,))
            number = None if value is None else number_of(value)
            if isinstance(number, int) and number >= 0:
                fields[field] = number
        yield Reading("nadi_interface", (("device", device), ("interface", one.key)), fields, time_ns)


_PLAIN = {
    "receive_errors_total": IN_ERRORS,
    "transmit_errors_total": OUT_ERRORS,
    "receive_discards_total": IN_DISCARDS,
    "transmit_discards_total": OUT_DISCARDS,
    "discontinuity_ticks": DISCONTINUITY,
}


def wide_enough(found: Iterable[Interface]) -> bool:
    """Tell whether a device may from now on be asked for ``WIDE`` only.

    It may when every interface has proven its 64-bit counters by values above zero, has an ifHighSpeed, and is told
    apart by its ifName alone. A counter at zero proves nothing: the 32-bit one beside it may be the one that moves.
    """
    return all(
        one.bits == 64 and one.speed > 0 and one.receive and one.transmit and one.key == one.name for one in found
    )

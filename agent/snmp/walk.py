"""Multi-column GETBULK: a reply brings the next rows of all columns, each going on from its own last name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from agent.snmp import message
from agent.snmp.ber import Malformed, arcs_of, write_oid
from agent.snmp.errors import BadReply, ErrorStatus, NotIncreasing, SnmpError, TooMuch, status_name
from agent.snmp.session import NO_ERROR, NO_SUCH_NAME, TOO_BIG, Reply, Request, Target, Task, Walk, scalar_value
from agent.snmp.shapes import Bindings
from agent.snmp.values import Kind, Oid, Value, check_oid, oid_of, oid_text, read, read_each

_END_OF_MIB = 0x82
_EXCEPTIONS = (0x80, 0x81, _END_OF_MIB)

# What lies behind a column is the same at each poll, and on most devices.
_name = lru_cache(maxsize=4096)(oid_of)


def columns(target: Target, wanted: Sequence[Oid], *, scalars: Sequence[Oid] = ()) -> Task[Walk]:
    """Walk columns side by side with GETBULK (RFC 3416 §4.2.3), ``scalars`` (full names ending in 0) as non-repeaters.

    Rows are kept by the index in the name, so columns may have gaps and different lengths; what lies beyond a column's
    end is dropped. ``tooBig``, an empty or a cut reply shrink the request. A column stops, keeping its rows, at a name
    that does not increase, at ``max_rows``, or when the device reports an error for it. Raise SnmpError as ``get``,
    whose ``rows`` are those that every column had told by then.
    """
    walk = _Walk(target, wanted, scalars)
    try:
        while (request := walk.request()) is not None:
            walk.take((yield request))
    except SnmpError as error:
        error.rows = walk.whole_rows()
        raise
    return walk.result()


class _Column:
    """One column under way: the octets of its prefix and of its last name, its rows."""

    __slots__ = ("ended", "last", "name", "oid", "prefix", "rows", "stopped")

    def __init__(self, oid: Oid) -> None:
        self.oid = oid
        self.prefix = self.name = _octets(oid)
        self.last: Oid = ()
        self.rows: dict[Oid, Value] = {}
        self.ended = False
        self.stopped: SnmpError | None = None

    def stop(self, error: SnmpError) -> None:
        """End the column for a reason other than its end."""
        self.ended = True
        self.stopped = error

    def take(self, found: Bindings, first: int, step: int, most: int, host: str) -> None:
        """Add the rows of one reply, of which every ``step``th binding from ``first`` on is of this column."""
        names, tags, raws = found.names[first::step], found.tags[first::step], found.raws[first::step]
        rows = self.rows
        room = most - len(rows)
        indexes, left = run(self.prefix, names)
        length = len(indexes)
        if 0 < length <= room and indexes[0] > self.last:
            rows.update(zip(indexes, read_each(tags[:length], raws[:length]), strict=True))
            self.last, self.name, self.ended = indexes[-1], names[length - 1], left
            if left or length == len(names):
                return
            names, tags, raws, room = names[length:], tags[length:], raws[length:], room - length
        for name, tag, raw in zip(names[: room + 1], tags, raws, strict=False):
            if not self._one(name, tag, raw, host):
                return
        if len(rows) > most:
            del rows[self.last]
            self.stop(TooMuch(f"{host} has more than {most} rows in {oid_text(self.oid)}"))

    def _one(self, name: bytes, tag: int, raw: bytes, host: str) -> bool:
        """Add one row, or end the column; tell whether it goes on."""
        last = self.last
        if not name.startswith(self.prefix):
            self._leave(name, tag, last, host)
            return False
        try:
            index = _index(name[len(self.prefix) :])
        except Malformed as error:
            self.stop(BadReply(f"{host} gave a name under {oid_text(self.oid)} that is none: {error}"))
            return False
        if index <= last:
            # The end of everything comes with the name that was asked (RFC 3416 §4.2.3).
            self.ended = True
            if tag != _END_OF_MIB:
                self.stop(_not_increasing(self.oid + last, self.oid + index, host))
            return False
        self.last, self.name = index, name
        self.rows[index] = read(tag, raw)
        return True

    def _leave(self, name: bytes, tag: int, last: Oid, host: str) -> None:
        """End the column at a name outside it, which must nevertheless follow the last one (RFC 3416 §4.2.2)."""
        self.ended = True
        if tag in _EXCEPTIONS:
            return
        try:
            follows = _name(name)
        except Malformed as error:
            self.stop(BadReply(f"{host} gave a name behind {oid_text(self.oid)} that is none: {error}"))
            return
        if follows <= self.oid + last:
            self.stop(_not_increasing(self.oid + last, follows, host))


# The same rows have the same index in each column and at each poll.
_index = lru_cache(maxsize=8192)(arcs_of)


@lru_cache(maxsize=16384)
def run(prefix: bytes, names: tuple[bytes, ...]) -> tuple[tuple[Oid, ...], bool]:
    """Return the indexes of the names, from the first, that lie under a prefix and increase.

    And whether the name that comes then is a good one of what lies behind the column.
    """
    indexes: list[Oid] = []
    last: Oid = ()
    try:
        for name in names:
            if not name.startswith(prefix):
                return tuple(indexes), _name(name) > _name(prefix) + last
            index = _index(name[len(prefix) :])
            if index <= last:
                break
            indexes.append(index)
            last = index
    except Malformed:
        pass  # what is wrong with it is told by whoever takes it
    return tuple(indexes), False


@lru_cache(maxsize=1024)
def _octets(oid: Oid) -> bytes:
    """Return the content octets of a name that can be asked; raise ValueError."""
    check_oid(oid)
    return write_oid(oid)


def _not_increasing(before: Oid, after: Oid, host: str) -> NotIncreasing:
    return NotIncreasing(f"{host} gave {oid_text(after)} after {oid_text(before)}")


class _Walk:
    """The state of one walk: which columns go on, and how many bindings a reply may hold."""

    def __init__(self, target: Target, wanted: Sequence[Oid], scalars: Sequence[Oid]) -> None:
        self._target = target
        self._columns = [_Column(oid) for oid in dict.fromkeys(wanted)]
        self._scalars = list(dict.fromkeys(scalars))
        for oid in self._scalars:
            _octets(oid)
            if oid[-1] != 0 or len(oid) < 3:
                raise ValueError(f"{oid_text(oid)} is not the full name of a scalar: it does not end in 0")
        self._first: dict[Oid, Value] = {}
        self._last: dict[Oid, Value] = {}
        self._budget = max(target.max_bindings, len(self._scalars) + 1)
        self._asked: list[_Column] = []
        self._repetitions = 0
        self._requests = 0

    def request(self) -> Request | None:
        """Return what to ask next; None when all columns have ended."""
        active = [column for column in self._columns if not column.ended]
        if not active and (self._requests or not self._scalars):
            return None
        room = max(self._budget - len(self._scalars), 1)
        self._asked = active[:room]
        self._repetitions = room // len(self._asked) if self._asked else 0
        self._requests += 1
        # GETBULK gives the name that follows: the scalar without its 0 is followed by the scalar.
        names = (*(write_oid(oid[:-1]) for oid in self._scalars), *(column.name for column in self._asked))
        return Request(self._target, message.GETBULK, names, len(self._scalars), self._repetitions)

    def take(self, reply: Reply) -> None:
        """Add what came; raise ErrorStatus, BadReply."""
        still, width, host = len(self._scalars), len(self._asked), self._target.host
        if reply.repetitions < self._repetitions:
            # The engine asked for less after a time-out: what came through is what is asked from now on.
            self._repetitions = reply.repetitions
            self._budget = still + max(width * self._repetitions, 1)
        if reply.status != NO_ERROR:
            self._error(reply)
            return
        found = reply.bindings
        count = len(found.names)
        if count > still + width * self._repetitions:
            raise BadReply(f"{host} answered {count} bindings, more than were asked")
        if count < still or (width and count == still):
            self._shrink(BadReply(f"{host} answered an empty list of bindings"))
            return
        self._last = {oid: scalar_value(oid, found, at) for at, oid in enumerate(self._scalars)}
        self._first = {**self._last, **self._first}
        for at, column in enumerate(self._asked, still):
            column.take(found, at, width, self._target.max_rows, host)

    def _error(self, reply: Reply) -> None:
        status, index, host = reply.status, reply.error_index, self._target.host
        error = ErrorStatus(f"{host} answered {status_name(status)} (index {index})", status, index)
        if status == TOO_BIG:
            self._shrink(error)
            return
        at = index - 1 - len(self._scalars)
        if 0 <= at < len(self._asked):
            column = self._asked[at]
            place = oid_text(column.oid + column.last)
            if status == NO_SUCH_NAME:
                column.ended = True
            else:
                column.stop(ErrorStatus(f"{host} answered {status_name(status)} behind {place}", status, index))
        elif 1 <= index <= len(self._scalars):
            oid = self._scalars.pop(index - 1)
            self._first[oid] = Value(Kind.BAD, status_name(status))
        else:
            raise error

    def _shrink(self, error: SnmpError) -> None:
        """Ask for half as much; raise ``error`` where it was the least already."""
        asked = len(self._asked) * self._repetitions
        if asked <= 1:
            raise error
        self._budget = len(self._scalars) + asked // 2

    def whole_rows(self) -> dict[Oid, dict[Oid, Value]]:
        """Return the rows up to the last one that every column has told or passed."""
        upto = min((column.last for column in self._columns if not column.ended), default=())
        return {column.oid: {i: v for i, v in column.rows.items() if i <= upto} for column in self._columns}

    def result(self) -> Walk:
        """Return what was gathered."""
        return Walk(
            columns={column.oid: column.rows for column in self._columns},
            scalars=self._first,
            scalars_last={**self._first, **self._last},
            stopped={column.oid: column.stopped for column in self._columns if column.stopped is not None},
            requests=self._requests,
        )

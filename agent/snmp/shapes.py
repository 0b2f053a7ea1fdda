"""Replies that look like an earlier one, read without parsing them again.

From poll to poll a device answers the same names with values of the same lengths: only the octets of the values differ.
A reply whose other octets all equal those of a reply that was parsed would be parsed the same way; to compare them and
to take the values out costs a third of it. Nothing is believed that the parser has not read once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from agent.snmp import message
from agent.snmp.ber import SEQUENCE, Binding, read_tlv

MOST = 32
"""Replies of one device whose shapes are kept; a poll of a router has 4 to 9."""

LONGEST = 8192
"""Octets of bindings of which a shape is kept: it takes about as much."""


class Bindings(NamedTuple):
    """The variable bindings of a reply, column by column; ``raws`` are the content octets of the values."""

    names: tuple[bytes, ...]
    tags: bytes
    raws: tuple[bytes, ...]


_Cut = Callable[[bytes], tuple[bytes, ...]]
NOTHING = Bindings((), b"", ())


class _Shape(NamedTuple):
    """Where the values of a reply are, and ``bones``: all octets of it but theirs."""

    between: _Cut
    bones: bytes
    values: _Cut
    names: tuple[bytes, ...]
    tags: bytes


class Shapes:
    """The shapes of one device's replies."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # None where a reply of that length has come once: what never comes again is not worth a shape.
        self._known: dict[tuple[bytes, int], _Shape | None] = {}

    def read(self, data: bytes, pdu: message.Pdu, asked: Sequence[bytes]) -> Bindings:
        """Return the bindings of the reply to the names ``asked``; raise Malformed."""
        octets = data[pdu.at : pdu.end]
        size = pdu.end - pdu.at
        key = (asked[-1] if asked else b"", size)
        shape = self._known.get(key)
        if shape is not None and len(octets) == size and b"".join(shape.between(octets)) == shape.bones:
            return Bindings(shape.names, shape.tags, shape.values(octets))
        parsed = message.read_bindings(data, pdu)
        found = _columns(parsed)
        if size <= LONGEST and len(parsed) > 1:
            self._keep(key, octets, parsed, found)
        return found

    def _keep(self, key: tuple[bytes, int], octets: bytes, parsed: list[Binding], found: Bindings) -> None:
        known = self._known
        if key not in known:
            if len(known) >= MOST:
                del known[next(iter(known))]
            known[key] = None
        else:
            known[key] = _shape(octets, parsed, found) if known[key] is None else None


def _columns(parsed: list[Binding]) -> Bindings:
    if not parsed:
        return NOTHING
    names, tags, raws = zip(*parsed, strict=True)
    return Bindings(_shared(names), bytes(tags), raws)


@lru_cache(maxsize=4096)
def _shared(names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the same object for the same names: devices of one kind answer with the same ones."""
    return names


# One object for the same place in the replies of all devices, so that little is kept of each.
_place = lru_cache(maxsize=32768)(slice)


def _shape(octets: bytes, parsed: list[Binding], found: Bindings) -> _Shape:
    between, values, before = [], [], 0
    for _, _, raw in parsed:
        _, end = read_tlv(octets, before, SEQUENCE)
        start = end - len(raw)  # a value ends its binding
        between.append(_place(before, start))
        values.append(_place(start, end))
        before = end
    cut = itemgetter(*between)
    return _Shape(cut, b"".join(cut(octets)), itemgetter(*values), found.names, found.tags)

"""What a measurement and a field are; the catalogue of them all is ``agent/catalogue.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["counter", "gauge", "state", "info"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``counter`` only grows, ``gauge`` moves both ways, ``state`` is 0/1 or an enum, ``info`` is 1.

    ``integer`` tells the wire type: integer counters are unsigned (``u``), other integers signed (``i``).
    """

    kind: Kind
    unit: str
    integer: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement: its tags, which tag names the device (the identity), and its fields."""

    name: str
    identity: str
    tags: frozenset[str]
    fields: Mapping[str, Field]


def counter(unit: str, meaning: str) -> Field:
    """Return an integer counter."""
    return Field("counter", unit, True, meaning)


def seconds_counter(meaning: str) -> Field:
    """Return a counter of seconds, which is no integer."""
    return Field("counter", "s", False, meaning)


def count(unit: str, meaning: str) -> Field:
    """Return an integer that moves both ways."""
    return Field("gauge", unit, True, meaning)


def gauge(unit: str, meaning: str) -> Field:
    """Return a number that moves both ways."""
    return Field("gauge", unit, False, meaning)


def state(meaning: str) -> Field:
    """Return a 0/1 state."""
    return Field("state", "0/1", True, meaning)


def measurement(name: str, identity: str, *tags: str, **fields: Field) -> Measurement:
    """Return a measurement; ``identity`` is the tag that names the device."""
    return Measurement(name, identity, frozenset((identity, *tags)), MappingProxyType(fields))

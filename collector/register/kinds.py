"""What a register is: a form, states, and who may move a record from one to the next.

A register is a table entry (``KINDS``): its rules stand in ``records/``, the book (``book.py``) knows none of them,
and API, command line and tests are made from the same entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agent.clock import Zone
from collector.inventory import Inventory
from collector.register.people import Role


@dataclass(frozen=True, slots=True)
class Context:
    """What a register's rules may look at: the inventory in force, the region's zone and the time (UTC ns)."""

    inventory: Inventory
    zone: Zone
    now_ns: int


@dataclass(frozen=True, slots=True)
class Move:
    """A step from one state to another, by somebody of ``roles``.

    sets     fields that this step gives, each of them required; every other field stays as it is
    whole    the step brings a whole new form (a corrected proposal)
    another  who takes it must not be the one who opened the record or changed its content (maker is not checker)
    """

    source: str
    target: str
    roles: frozenset[Role]
    sets: tuple[str, ...] = ()
    whole: bool = False
    another: bool = False


Form = Any
Problems = Iterable[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One register.

    name, title   in addresses and in words; ``prefix`` begins the numbers of its records
    form          the frozen dataclass of its content; ``opd`` names the field with the code of the OPD ("" none)
    opens         the state in which a record begins, by somebody of ``openers``
    readers       roles that may read it beside ``openers``; an OPD reads its own records only
    check         says in Indonesian what is wrong with a form
    at            the field (datetime or date) by which a record belongs to a time; "" is when it was recorded
    """

    name: str
    title: str
    prefix: str
    form: type[Any]
    opens: str
    openers: frozenset[Role]
    moves: tuple[Move, ...]
    readers: frozenset[Role]
    check: Callable[[Form, Context], Problems]
    opd: str = ""
    at: str = ""
    source: str = ""

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, the first one first."""
        return tuple(dict.fromkeys((self.opens, *(move.target for move in self.moves))))

    def move(self, source: str, target: str) -> Move | None:
        """Return the step between two states, None where there is none."""
        return next((move for move in self.moves if (move.source, move.target) == (source, target)), None)


def table(kinds: Iterable[Kind]) -> Mapping[str, Kind]:
    """Return registers by name."""
    return MappingProxyType({kind.name: kind for kind in kinds})

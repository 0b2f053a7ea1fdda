"""What a register is: a form, states, and who may move a record from one to the next.

A register is a table entry (``KINDS``): its rules stand in ``records/``, the book (``book.py``) knows none of them,
and API, command line and tests are made from the same entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import Any

from agent.clock import Zone
from collector.inventory import Inventory
from collector.register.people import Role


@dataclass(frozen=True, slots=True)
class Context:
    """What a register's rules may look at: the inventory in force, the region's zone and the time (UTC ns).

    ``state`` is the one that the record is about to have; the book fills it in.
    """

    inventory: Inventory
    zone: Zone
    now_ns: int
    state: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A step from one state to another, by somebody of ``roles``.

    sets     fields that this step gives, each of them required; every other field stays as it is
    whole    the step brings a whole new form (a corrected proposal)
    another  who takes it must not have given the record any of its content: opened it, or taken a step that sets,
             stamps or brings a form (maker is not checker)
    by, when fields that get the name of who takes it, and the time: nobody types them
    """

    source: str
    target: str
    roles: frozenset[Role]
    sets: tuple[str, ...] = ()
    whole: bool = False
    another: bool = False
    by: str = ""
    when: str = ""

    @property
    def gives(self) -> tuple[str, ...]:
        """The fields that it fills in, by hand or by itself."""
        return (*self.sets, *filter(None, (self.by, self.when)))


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that, unless empty, holds the number of a record of the register ``kind`` in one of ``states``.

    Both records have the same values in the fields ``same``.
    """

    field: str
    kind: str
    states: tuple[str, ...]
    same: tuple[str, ...] = ()


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
    at            the field (datetime, date, or month as YYYY-MM) by which a record belongs to a time; "" is when it
                  was recorded
    by, when      fields that get the name of who opens it, and the time
    unique        fields (``at`` among them) whose values no other record of the register may have
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
    by: str = ""
    when: str = ""
    unique: tuple[str, ...] = ()
    refers: tuple[Reference, ...] = ()

    @property
    def later(self) -> dict[str, Any]:
        """The fields which opening leaves at their defaults, for a step or the book fills them in; with these."""
        given = {self.by, self.when, *(name for move in self.moves for name in move.gives)}
        defaults = {field.name: field.default for field in fields(self.form) if field.default is not MISSING}
        return {name: value for name, value in defaults.items() if name in given}

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

"""Maps of a controller's registers: rows of a TOML file, the requests that read them, and the fields they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from agent import config
from agent.catalogue import RAW
from agent.config import ConfigError
from agent.ranges import impossible

_MEASUREMENT = "nadi_generator"
_FIELDS = RAW[_MEASUREMENT].fields
_WIDTH = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "bit": 1}
_LONGEST = 100
"""Registers in one request; the protocol allows 125."""
_GAP = 8
"""Registers between two rows that are read along rather than asked around."""
_MOST_ROWS = 128
Type = Literal["u16", "s16", "u32", "s32", "bit"]


@dataclass(frozen=True, slots=True)
class Row:
    """A register and the field that it gives.

    ``function`` 3 and 4 read registers, 1 and 2 bits. ``address`` counts from 0, as on the wire. Two registers are one
    number, the high one first unless ``low_first``. ``bit`` of a register counts from 0, the lowest. The value is
    ``times`` / ``divided_by`` the number, exactly. A state has ``states`` (number -> 0 or 1), or is 1 where the number
    is at least ``on_at_least`` and 0 where it is at most ``off_at_most``, or is the bit, turned round by ``inverted``.
    ``least`` and ``most`` are bounds of the value, in its unit. ``optional`` rows are not in every model.
    """

    field: str
    address: int
    type: Type
    function: int = 3
    bit: int = 0
    low_first: bool = False
    inverted: bool = False
    times: int = 1
    divided_by: int = 1
    no_data: tuple[int, ...] = ()
    states: dict[str, int] | None = None
    on_at_least: int | None = None
    off_at_most: int | None = None
    least: float | None = None
    most: float | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        here = f"field {self.field!r} at {self.address}"
        if self.field == "up" or self.field not in _FIELDS:
            raise ValueError(
                f"{here}: no field of {_MEASUREMENT}; there are: {', '.join(sorted(set(_FIELDS) - {'up'}))}"
            )
        if not 0 <= self.address <= 65535 or self.function not in (1, 2, 3, 4):
            raise ValueError(f"{here}: address is 0 to 65535, function 1, 2, 3 or 4")
        if self.function < 3 and self.type != "bit":
            raise ValueError(f'{here}: function {self.function} reads bits; set type = "bit"')
        if not 0 <= self.bit <= 15 or self.divided_by < 1 or self.times < 1:
            raise ValueError(f"{here}: bit is 0 to 15; times and divided_by are at least 1")
        self._check_state(here)

    def _check_state(self, here: str) -> None:
        told = (self.states is not None) + (self.on_at_least is not None) + (self.type == "bit")
        if (_FIELDS[self.field].kind == "state") != (told == 1):
            raise ValueError(
                f"{here}: a state, and nothing else, needs one of states, on_at_least with off_at_most, type bit"
            )
        if (self.on_at_least is None) != (self.off_at_most is None):
            raise ValueError(f"{here}: on_at_least and off_at_most go together")
        if self.states and (set(self.states.values()) - {0, 1} or not all(_whole(key) for key in self.states)):
            raise ValueError(f"{here}: states turn whole numbers into 0 or 1")

    @property
    def width(self) -> int:
        """Return how many registers (or bits) it takes."""
        return _WIDTH[self.type]

    def value(self, words: Sequence[int]) -> int | float | None:
        """Return the field's value of the ``width`` words; None for no data, and for what cannot be."""
        number = self._number(words)
        if number in self.no_data:
            return None
        value = number * self.times / self.divided_by
        if impossible(_MEASUREMENT, self.field, value, self.least, self.most):
            return None
        if _FIELDS[self.field].kind == "state":
            return self._state(number)
        if not _FIELDS[self.field].integer:
            return value
        return int(value) if value.is_integer() else None

    def _number(self, words: Sequence[int]) -> int:
        if self.type == "bit":
            return (words[0] >> (self.bit if self.function > 2 else 0)) & 1
        number = int.from_bytes(
            b"".join(w.to_bytes(2, "big") for w in (words[::-1] if self.low_first else words)), "big"
        )
        bits = 16 * self.width
        return number - (1 << bits) if self.type[0] == "s" and number >> (bits - 1) else number

    def _state(self, number: int) -> int | None:
        if self.states is not None:
            return self.states.get(str(number))
        if self.on_at_least is None or self.off_at_most is None:
            return number ^ self.inverted
        return 1 if number >= self.on_at_least else 0 if number <= self.off_at_most else None


def _whole(text: str) -> bool:
    return text.lstrip("-").isascii() and text.lstrip("-").isdecimal()


@dataclass(frozen=True, slots=True)
class NoData:
    """Numbers that mean no data, by type of register."""

    u16: tuple[int, ...] = ()
    s16: tuple[int, ...] = ()
    u32: tuple[int, ...] = ()
    s32: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """The rows of a kind of controller; ``extends`` names a map of ours whose rows are read as well."""

    name: str
    row: tuple[Row, ...] = ()
    no_data: NoData = field(default_factory=NoData)
    extends: str = ""

    def __post_init__(self) -> None:
        if not self.row or len(self.row) > _MOST_ROWS:
            raise ValueError(f"map {self.name!r} has {len(self.row)} rows; it needs 1 to {_MOST_ROWS}")
        measured = [row.field for row in self.row if _FIELDS[row.field].kind != "state"]
        twice = sorted({name for name in measured if measured.count(name) > 1})
        if twice:
            raise ValueError(f"map {self.name!r}: only a state may have several rows, not {', '.join(twice)}")


def shipped() -> list[str]:
    """Return the names of the maps that come with Nadi."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.toml"))


@lru_cache(maxsize=16)
def load(name: str) -> tuple[Row, ...]:
    """Return the rows of a map of ours by its name, or of the operator's own by its absolute path; ConfigError.

    A file is read once. Of a field that an extending map gives, the extended one's rows are left out.
    """
    if not Path(name).is_absolute() and name not in shipped():
        raise ConfigError(
            f"map = {name!r}: neither one of {', '.join(shipped())} nor the absolute path of a map's file"
        )
    path = Path(name) if Path(name).is_absolute() else Path(__file__).parent / f"{name}.toml"
    found = config.load(RegisterMap, path)
    rows = tuple(_with_no_data(row, found.no_data) for row in found.row)
    if not found.extends:
        return rows
    if found.extends not in shipped():
        raise ConfigError(f"{path}: extends = {found.extends!r} is not one of {', '.join(shipped())}")
    given = {row.field for row in rows}
    return (*rows, *(row for row in load(found.extends) if row.field not in given))


def _with_no_data(row: Row, no_data: NoData) -> Row:
    if row.type == "bit":
        return row
    return replace(row, no_data=(*row.no_data, *getattr(no_data, row.type)))


class Block(NamedTuple):
    """One request: ``size`` registers from ``address``, and the rows among them."""

    function: int
    address: int
    size: int
    rows: tuple[Row, ...]


def blocks(rows: Iterable[Row]) -> list[Block]:
    """Return few requests that read all rows; optional rows are asked for apart from the others."""
    found: list[Block] = []
    for row in sorted(rows, key=lambda row: (row.function, row.optional, row.address)):
        last = found[-1] if found else None
        end = row.address + row.width
        if (
            last is not None
            and (last.function, last.rows[0].optional) == (row.function, row.optional)
            and row.address <= last.address + last.size + _GAP
            and end - last.address <= _LONGEST
        ):
            found[-1] = Block(last.function, last.address, max(last.size, end - last.address), (*last.rows, row))
        else:
            found.append(Block(row.function, row.address, row.width, (row,)))
    return found


def alone(block: Block) -> Iterator[Block]:
    """Yield a request for each row of a block, for a controller that refuses what lies between them."""
    for row in block.rows:
        yield Block(row.function, row.address, row.width, (row,))


def values(block: Block, words: Sequence[int]) -> list[tuple[str, int | float | None]]:
    """Return field and value of each row of a block; None is unknown."""
    return [
        (row.field, row.value(words[row.address - block.address : row.address - block.address + row.width]))
        for row in block.rows
    ]


def fields(read: Iterable[tuple[str, int | float | None]]) -> Mapping[str, int | float]:
    """Return the fields that are known.

    A field of several rows (three phases of the mains) is a state: 0 when one of them is, 1 when all are, else unknown.
    """
    told: dict[str, list[int | float | None]] = {}
    for name, value in read:
        told.setdefault(name, []).append(value)
    found: dict[str, int | float] = {}
    for name, several in told.items():
        value = 0 if 0 in several and len(several) > 1 else None if None in several else several[0]
        if value is not None:
            found[name] = value
    return found

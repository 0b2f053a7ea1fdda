"""A vendor is a table: TOML files that say which OIDs mean what, read into frozen dataclasses.

``vendors/*.toml`` are shipped; the operator's own folder is merged over them. docs/snmp.md explains the keys.
No vendor's name stands in Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as declare
from functools import lru_cache
from pathlib import Path
from typing import Literal

from agent.catalogue import RAW
from agent.config import ConfigError, Decoder, load
from agent.snmp.values import Oid, parse_oid

SHIPPED = Path(__file__).parent / "vendors"
ANYTHING = "1"
"""The prefix of the table that serves a device which no other table serves."""

_PLACE = re.compile(r"\{(name|index|\d)\}")


@lru_cache(maxsize=8192)
def resolve(base: str, oid: str) -> Oid:
    """Return an OID of a table: relative to ``base``, or from the root when it begins with a dot."""
    return parse_oid(oid if oid.startswith(".") or not base else f"{base}.{oid}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Read:
    """One object identifier that becomes one field.

    The number is ``(raw - minus) x times / divided_by``, exactly; ``states`` maps raw values to numbers and makes every
    other value unknown; ``no_data`` are sentinels; ``least`` and ``most`` bound the result. ``where`` passes over rows
    by another column (a text that begins with ``~`` is a regular expression), ``plus`` is a column added to the raw
    value, ``digits``, ``power`` with ``powers``, ``factor`` and ``product`` are columns that scale it.
    ``total`` makes one field of the object out of many rows. ``date`` are the forms of a text that is a calendar day
    (strptime, tried in turn), of which midnight UTC is sent.
    """

    field: str
    oid: str
    times: int = 1
    divided_by: int = 1
    minus: int = 0
    states: dict[str, int] = declare(default_factory=dict)
    no_data: tuple[int | str, ...] = ()
    least: float | None = None
    most: float | None = None
    where: dict[str, tuple[int | str, ...]] = declare(default_factory=dict)
    ends: str = ""
    plus: str = ""
    digits: str = ""
    power: str = ""
    powers: dict[str, int] = declare(default_factory=dict)
    factor: str = ""
    product: str = ""
    total: Literal["", "first", "most", "sum", "mean"] = ""
    date: tuple[str, ...] = ()
    label: str = ""
    name: tuple[str, ...] = ()
    untrusted: str = ""

    def __post_init__(self) -> None:
        if self.divided_by <= 0 or self.times == 0:
            raise ValueError("times must not be 0 and divided_by must be above 0")
        if bool(self.power) != bool(self.powers):
            raise ValueError("power (a column) and powers (what its values mean) go together")
        if any(set(re.findall("%.", form)) not in ({"%d", "%m", "%y"}, {"%d", "%m", "%Y"}) for form in self.date):
            raise ValueError("date must be made of %d, %m and %y or %Y")
        for key in self.states:
            if not key:
                raise ValueError("states has an empty key")

    def beside(self) -> Iterable[str]:
        """Yield the other columns that the reading needs."""
        yield from self.where
        yield from (oid for oid in (self.plus, self.digits, self.power, self.factor, self.product, *self.name) if oid)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Readings of one kind of object: of the device itself, or (``rows``) one object per row of a table.

    ``object`` is the tag that names the object, ``name`` the columns (looked up by ``name_arcs`` of the index) whose
    texts name it, ``label`` a pattern of ``{name}``, ``{index}``, ``{1}`` (an arc of the index). ``alive`` are scalars
    that must have one of these values, else all of the group is stale; ``empty`` are columns (or scalars) whose values
    say that the row has no data. ``evidence`` adds what the collector needs to judge a counter.
    """

    measurement: str
    read: tuple[Read, ...]
    base: str = ""
    rows: bool = False
    object: str = ""
    name: tuple[str, ...] = ()
    name_arcs: int = 0
    label: str = ""
    where: dict[str, tuple[int | str, ...]] = declare(default_factory=dict)
    empty: dict[str, tuple[int | str, ...]] = declare(default_factory=dict)
    alive: dict[str, tuple[int | str, ...]] = declare(default_factory=dict)
    evidence: bool = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what cannot be used, as (where in the group, why)."""
        known = RAW.get(self.measurement)
        if known is None:
            yield "measurement", f"{self.measurement!r} is not in the catalogue; known: {', '.join(sorted(RAW))}"
            return
        if self.object and (self.object not in known.tags or self.object == known.identity):
            yield "object", f"{self.object!r} is not a tag of {self.measurement}"
        if not self.rows and self.where:
            yield "rows", "where needs rows = true"
        yield from self._oid_problems("", (*self.name, *self.where, *self.empty, *self.alive))
        for i, one in enumerate(self.read):
            yield from self._read_problems(f"read[{i}]", one)

    def _read_problems(self, at: str, one: Read) -> Iterator[tuple[str, str]]:
        known = RAW[self.measurement].fields
        if one.field not in known:
            import difflib  # only mistakes need it, and the resident agent counts its memory

            near = difflib.get_close_matches(one.field, known, n=1) or sorted(known)
            yield f"{at}.field", f"{one.field!r} is not a field of {self.measurement}; known: {', '.join(near)}"
        if self.object and not (one.label or self.label or one.name or self.name):
            yield at, f"nothing names the {self.object}: set label or name"
        if self.rows and not self.object and not one.total:
            yield at, "rows without an object make one field: say which with total"
        if one.total and not self.rows:
            yield f"{at}.total", "needs rows = true"
        if set(_PLACE.sub("", one.label or self.label)) & set("{}"):
            yield f"{at}.label", "may hold {name}, {index} and {1} to {9}"
        yield from self._oid_problems(at, (one.oid, *one.beside()))
        for pattern in (text for texts in one.where.values() for text in texts if str(text).startswith("~")):
            try:
                re.compile(str(pattern)[1:])
            except re.error as error:
                yield f"{at}.where", f"{pattern!r} is not a regular expression: {error}"

    def _oid_problems(self, at: str, oids: Iterable[str]) -> Iterator[tuple[str, str]]:
        for text in oids:
            try:
                resolve(self.base, text)
            except ValueError as error:
                yield at or "base", str(error)

    def oid(self, text: str) -> Oid:
        """Return an OID of this group from the root."""
        return resolve(self.base, text)

    def columns(self) -> Iterable[Oid]:
        """Yield what a poll must ask: columns of a table (rows) or scalars."""
        beside = (*self.where, *self.empty, *self.name)
        for one in self.read:
            yield self.oid(one.oid)
            yield from (self.oid(oid) for oid in one.beside())
        yield from (self.oid(oid) for oid in beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the device is: scalars tried in turn; ``vendor`` is a name."""

    vendor: str = ""
    model: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    serial: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for oid in (*self.model, *self.version, *self.serial):
            parse_oid(oid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file: the sysObjectID prefixes it ``serves``, the tables it ``uses`` after its own, and its groups.

    ``probe`` are scalars that tell, on a device of any sysObjectID, that this table answers.
    """

    name: str
    about: str = ""
    serves: tuple[str, ...] = ()
    probe: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    facts: Facts = Facts()
    group: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        for oid in (*(s for s in self.serves if s != ANYTHING), *self.probe):
            parse_oid(oid)


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables by name, which serves which prefix, and what was overruled on the way (for the operator to read)."""

    by_name: Mapping[str, Table]
    serving: Mapping[Oid, str]
    notes: tuple[str, ...] = ()

    def probes(self) -> dict[Oid, str]:
        """Return the scalars to ask once of a new device, and the table that each speaks for."""
        return {parse_oid(oid): table.name for table in self.by_name.values() for oid in table.probe}

    def select(self, sys_object_id: Oid | None, answered: Iterable[Oid] = ()) -> tuple[Table, ...]:
        """Return the tables of a device, best first: longest prefix of its sysObjectID, then what its probes told."""
        names = [self._serving(sys_object_id)]
        speak = self.probes()
        names += [speak[oid] for oid in answered if oid in speak]
        chosen: dict[str, Table] = {}
        for name in names:
            for one in self._with_used(name):
                chosen.setdefault(one.name, one)
        return tuple(chosen.values())

    def _serving(self, oid: Oid | None) -> str:
        for width in range(len(oid or ()), 0, -1):
            name = self.serving.get((oid or ())[:width])
            if name is not None:
                return name
        return self.serving.get((1,), "")

    def _with_used(self, name: str) -> list[Table]:
        table = self.by_name.get(name)
        return [table, *(self.by_name[used] for used in table.uses)] if table else []


def load_tables(*folders: Path) -> Tables:
    """Read the shipped tables and then each folder's, in the order of file names; raise ConfigError.

    A later file wins: with the name of an earlier table it replaces it, with a prefix of an earlier one it takes that
    prefix. Both are told in ``notes``.
    """
    by_name: dict[str, Table] = {}
    serving: dict[Oid, str] = {}
    notes: list[str] = []
    paths: dict[str, Path] = {}
    for folder in (SHIPPED, *folders):
        for path in sorted(folder.glob("*.toml")):
            table = read_table(path)
            if table.name in by_name:
                notes.append(f"{path}: replaces the table {table.name!r}")
                serving = {prefix: name for prefix, name in serving.items() if name != table.name}
            by_name[table.name] = table
            paths[table.name] = path
            for text in table.serves:
                prefix = (1,) if text == ANYTHING else parse_oid(text)
                if prefix in serving:
                    notes.append(f"{path}: serves {text} instead of the table {serving[prefix]!r}")
                serving[prefix] = table.name
    for table in by_name.values():
        for used in table.uses:
            if used not in by_name:
                known = ", ".join(by_name)
                raise ConfigError(f"{paths[table.name]}: uses {used!r}, which is not a table; tables: {known}")
    return Tables(by_name, serving, tuple(notes))


def read_table(path: Path) -> Table:
    """Read one file; raise ConfigError that tells every problem with its line."""
    table = load(Table, path)
    decoder = Decoder(str(path), path.read_text(encoding="utf-8"))
    problems = [
        str(decoder.fail(f"group[{i}].{at}", why))
        for i, group in enumerate(table.group)
        for at, why in group.problems()
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    return table

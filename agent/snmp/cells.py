"""One group of a vendor's table laid over the answers of a device: cells with a value, or without one and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from agent.catalogue import RAW
from agent.ranges import impossible
from agent.reading import Tags
from agent.snmp.answers import Answers, label_of, number_of, shown
from agent.snmp.names import LONGEST, distinct
from agent.snmp.tables import Group, Read
from agent.snmp.values import Kind, Oid, Value

UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
_Look = Callable[[str], Value | None]
"""Finds the answer of another OID of the group, in the same row."""


class Cell(NamedTuple):
    """One field of one object as one answer gives it; ``value`` None is unknown, for ``reason``."""

    measurement: str
    tags: Tags
    field: str
    oid: Oid
    raw: str
    value: int | float | None
    reason: str


def cells(group: Group, answers: Answers, *, device: str) -> list[Cell]:
    """Return every cell that the device answered for a group; what it did not answer gives none."""
    stale = _stale(group, answers)
    if group.rows:
        found = list(_Rows(group, answers, device, stale).cells())
    else:
        found = list(_scalars(group, answers, device, stale))
    return found


def _stale(group: Group, answers: Answers) -> str:
    for text, allowed in group.alive.items():
        value = answers.scalar(group.oid(text))
        if value is not None and not _is(value, allowed):
            return f"stale: the device says {shown(value)} at {text}"
    return ""


@lru_cache(maxsize=8192)
def _is(value: Value, allowed: tuple[int | str, ...]) -> bool:
    text = shown(value)
    return any(text == one or re.search(one[1:], text) for one in map(str, allowed) if text == one or one[:1] == "~")


def _tags(group: Group, device: str, name: str) -> Tags:
    own = (RAW[group.measurement].identity, device)
    if not name:
        return (own,)
    of = (group.object, name)
    return (own, of) if own < of else (of, own)


def _scalars(group: Group, answers: Answers, device: str, stale: str) -> Iterator[Cell]:
    def look(text: str) -> Value | None:
        return answers.scalar(group.oid(text))

    for one in group.read:
        oid = group.oid(one.oid)
        raw = answers.scalar(oid)
        if raw is None or not _matches(one.where.items(), look):
            continue
        value, reason = _judge(group, one, raw, look, stale or _empty(group, look))
        name = ""
        if group.object:
            told = " ".join(filter(None, (label_of(answers.scalar(group.oid(n))) for n in one.name or group.name)))
            name = _labelled(one.label or group.label, told, oid[-1:])
        yield Cell(group.measurement, _tags(group, device, name), one.field, oid, shown(raw), value, reason)


def _matches(where: Iterable[tuple[str, tuple[int | str, ...]]], look: _Look) -> bool:
    for text, allowed in where:
        value = look(text)
        if value is None or not _is(value, allowed):
            return False
    return True


def _empty(group: Group, look: _Look) -> str:
    for text, values in group.empty.items():
        value = look(text)
        if value is not None and _is(value, values):
            return f"there is no data: {shown(value)} at {text}"
    return ""


class _Rows:
    """A group over the rows of a table."""

    def __init__(self, group: Group, answers: Answers, device: str, stale: str) -> None:
        self._group = group
        self._answers = answers
        self._device = device
        self._stale = stale
        self._names: dict[tuple[str, tuple[str, ...]], dict[Oid, str]] = {}
        self._taken: dict[int, list[tuple[Oid, Oid, Value]]] = {}

    def cells(self) -> Iterator[Cell]:
        for one in self._group.read:
            rows = self._rows(one)
            own = [self._cell(one, index, key, raw) for index, key, raw in rows]
            if one.total and own:
                yield self._total(one, own)
            if self._group.object and not (one.total and len(own) == 1):
                yield from own
        if self._group.evidence:
            yield from self._evidence()

    def _rows(self, one: Read) -> list[tuple[Oid, Oid, Value]]:
        """Return (full index, index of the object, answer) of the rows that the reading takes."""
        taken = self._taken.get(id(one))
        if taken is None:
            taken = self._taken[id(one)] = self._take(one)
        return taken

    def _take(self, one: Read) -> list[tuple[Oid, Oid, Value]]:
        rows = self._answers.column(self._group.oid(one.oid)).items()
        if one.ends:
            ends = tuple(map(int, one.ends.split(".")))
            found = [(index, index[: -len(ends)], raw) for index, raw in rows if index[-len(ends) :] == ends]
        else:
            found = [(index, index, raw) for index, raw in rows]
        if where := (*self._group.where.items(), *one.where.items()):
            found = [row for row in found if _matches(where, self._look(row[0]))]
        return found

    def _look(self, index: Oid) -> _Look:
        def look(text: str) -> Value | None:
            oid = self._group.oid(text)
            value = self._answers.column(oid).get(index)
            return self._answers.scalar(oid) if value is None else value

        return look

    def _cell(self, one: Read, index: Oid, key: Oid, raw: Value) -> Cell:
        look = self._look(index)
        stale = self._stale or (_empty(self._group, look) if self._group.empty else "")
        value, reason = _judge(self._group, one, raw, look, stale)
        name = self._name(one, key) if self._group.object else ""
        oid = (*self._group.oid(one.oid), *index)
        tags = _tags(self._group, self._device, name)
        return Cell(self._group.measurement, tags, one.field, oid, shown(raw), value, reason)

    def _name(self, one: Read, key: Oid) -> str:
        pattern = (one.label or self._group.label, one.name or self._group.name)
        names = self._names.get(pattern)
        if names is None:
            names = self._names[pattern] = self._all_names(*pattern)
        return names[key]

    def _all_names(self, label: str, columns: tuple[str, ...]) -> dict[Oid, str]:
        """Return the names of all objects that share a pattern, told apart together."""
        keys: dict[Oid, None] = {}
        for one in self._group.read:
            if (one.label or self._group.label, one.name or self._group.name) == (label, columns):
                keys |= {key: None for _, key, _ in self._rows(one)}
        told = [_labelled(label, self._told(columns, key), key) for key in keys]
        return dict(zip(keys, distinct([[name] for name in told], [".".join(map(str, k)) for k in keys]), strict=True))

    def _told(self, columns: tuple[str, ...], key: Oid) -> str:
        arcs = self._group.name_arcs
        index = key[:arcs] if arcs > 0 else key[arcs:]
        texts = (label_of(self._answers.column(self._group.oid(c)).get(index)) for c in columns)
        return " ".join(dict.fromkeys(text for text in texts if text))

    def _total(self, one: Read, own: Sequence[Cell]) -> Cell:
        known = [cell for cell in own if cell.value is not None]
        tags = _tags(self._group, self._device, "")
        if one.total == "first" or len(own) == 1:
            return own[0]._replace(tags=tags)
        if one.total == "most":
            most = max(known, key=lambda cell: cell.value or 0, default=own[0])
            return most._replace(tags=tags)
        if len(known) < len(own) or not known:
            lost = next(cell for cell in own if cell.value is None)
            return lost._replace(tags=tags, oid=self._group.oid(one.oid))
        exact = sum((Fraction(str(cell.value)) for cell in known), Fraction(0))
        exact = exact / len(known) if one.total == "mean" else exact
        whole = RAW[self._group.measurement].fields[one.field].integer
        value = int(exact) if whole else float(exact)
        return own[0]._replace(tags=tags, oid=self._group.oid(one.oid), raw=f"{len(own)} rows", value=value)

    def _evidence(self) -> Iterator[Cell]:
        """Yield, per object, the width of its counters, its index and the device's uptime."""
        fields = RAW[self._group.measurement].fields
        counters = [one for one in self._group.read if fields[one.field].kind == "counter"]
        uptime = self._answers.scalar(UPTIME)
        for one in counters[:1]:
            for index, key, raw in self._rows(one):
                tags = _tags(self._group, self._device, self._name(one, key))
                bits = 64 if raw.kind is Kind.COUNTER64 else 32
                oid = (*self._group.oid(one.oid), *index)
                yield Cell(self._group.measurement, tags, "counter_bits", oid, shown(raw), bits, "")
                yield Cell(self._group.measurement, tags, "index", oid, shown(raw), index[-1], "")
                if uptime is not None and isinstance(uptime.value, int):
                    yield Cell(self._group.measurement, tags, "uptime_ticks", UPTIME, shown(uptime), uptime.value, "")


def _labelled(label: str, told: str, index: Oid) -> str:
    if not label:
        return told[:LONGEST]
    text = label.replace("{name}", told).replace("{index}", ".".join(map(str, index)))
    for place, arc in enumerate(index, 1):
        text = text.replace(f"{{{place}}}", str(arc))
    return " ".join(text.split())[:LONGEST]


def _judge(group: Group, one: Read, raw: Value, look: _Look, stale: str) -> tuple[int | float | None, str]:
    """Return the value of one answer, or None and why it is unknown."""
    if stale and raw.kind is not Kind.BAD:
        return None, stale
    scaled = one.plus or one.digits or one.power or one.factor or one.product
    if scaled or RAW[group.measurement].fields[one.field].kind == "counter":  # which never comes again
        return _judged(group, one, raw, look)
    return _judged_alone(group, one, raw)


@lru_cache(maxsize=16384)
def _judged_alone(group: Group, one: Read, raw: Value) -> tuple[int | float | None, str]:
    """Judge an answer that no other scales: states, voltages and temperatures are few, and come again."""
    return _judged(group, one, raw, lambda _: None)


def _judged(group: Group, one: Read, raw: Value, look: _Look) -> tuple[int | float | None, str]:
    if raw.kind is Kind.BAD:
        return None, f"badly encoded: {shown(raw)}"
    if one.untrusted:
        return None, one.untrusted
    text = shown(raw)
    if any(text == str(sentinel) for sentinel in one.no_data):
        return None, f"sentinel: {text} means that the device has no value"
    if one.states:
        state = one.states.get(text)
        return (state, "") if state is not None else (None, f"state {text} is not one that tells")
    number = _day(text, one.date) if one.date else number_of(raw)
    if number is None:
        return None, f"{text!r} is not a {'date' if one.date else 'number'}"
    return _scaled(group, one, number, look)


def _scaled(group: Group, one: Read, number: Fraction | int, look: _Look) -> tuple[int | float | None, str]:
    if one.plus:
        other = look(one.plus)
        addend = None if other is None else number_of(other)
        if addend is None:
            return None, "the device does not say the other part of this sum"
        number += addend
    exact = number
    if one.minus or one.times != 1 or one.divided_by != 1:
        exact = (Fraction(number) - one.minus) * one.times / one.divided_by
    for scale in _scales(one, look):
        if scale is None:
            return None, "the device does not say the scale of this value"
        exact *= scale
    declared = RAW[group.measurement].fields[one.field]
    if declared.unit == "0/1" and exact not in (0, 1):
        return None, f"{exact} is neither 0 nor 1"
    if declared.integer and exact.denominator != 1:
        return None, f"{exact} is not a whole number"
    value = int(exact) if declared.integer else float(exact)
    wrong = impossible(group.measurement, one.field, value, one.least, one.most)
    return (None, wrong) if wrong else (value, "")


def _day(text: str, forms: Sequence[str]) -> int | None:
    """Return midnight UTC of a day that the device writes as text, unix seconds; None for anything else."""
    for form in forms:
        try:
            return int(datetime.strptime(f"{text} +0000", f"{form} %z").timestamp())
        except ValueError:
            continue
    return None


def _scales(one: Read, look: _Look) -> Iterator[Fraction | None]:
    """Yield the factors that the device itself tells; None for one that it should tell and does not."""
    if one.digits:
        digits = _whole(look(one.digits))
        yield None if digits is None or not -18 <= digits <= 18 else Fraction(10) ** -digits
    if one.power:
        value = look(one.power)
        power = None if value is None else one.powers.get(shown(value))
        yield None if power is None else Fraction(10) ** power
    if one.factor:
        factor = _whole(look(one.factor))
        yield None if not factor else Fraction(factor) if factor > 0 else Fraction(1, -factor)
    if one.product:
        product = _whole(look(one.product))
        yield None if product is None else Fraction(product)


def _whole(value: Value | None) -> int | None:
    number = None if value is None else number_of(value)
    return number if isinstance(number, int) else None

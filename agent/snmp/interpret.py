"""What a device said becomes readings, and what is unknown becomes a list with reasons. Pure: no clock, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.reading import Reading, Tags
from agent.snmp.answers import Answers
from agent.snmp.cells import Cell, cells
from agent.snmp.interfaces import UPTIME, Interface, interfaces
from agent.snmp.interfaces import readings as interface_readings
from agent.snmp.tables import Table
from agent.snmp.values import Oid, Value
from agent.ups import add_implied

ENGINE_BOOTS: Oid = (1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0)
ENGINE_TIME: Oid = (1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0)
_U32 = 2**32


@dataclass(frozen=True, slots=True)
class Unknown:
    """A field that has no number, and why; ``object`` is the tags of its reading, ``raw`` what the device said."""

    measurement: str
    field: str
    object: Tags
    oid: Oid
    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Interpretation:
    """Readings to send, fields that are unknown, and for tests and ``walk`` every cell that was looked at."""

    readings: list[Reading]
    unknown: list[Unknown]
    interfaces: list[Interface]
    cells: list[Cell]


def interpret(
    answers: Answers | Mapping[Oid, Value], tables: Sequence[Table], *, device: str, time_ns: int
) -> Interpretation:
    """Return the readings of one poll of ``device``, all of ``time_ns``; ``tables`` are the device's, best first."""
    told = answers if isinstance(answers, Answers) else Answers(answers)
    found = interfaces(told)
    looked = [*_cells(told, tables, device), *_device(told, device)]
    chosen = _chosen(looked)
    readings = [*interface_readings(told, found, device=device, time_ns=time_ns), *_readings(chosen, time_ns)]
    unknown = [*_unknown_interfaces(found, device), *_unknown(looked, chosen)]
    return Interpretation(readings, unknown, found, looked)


def _cells(answers: Answers, tables: Sequence[Table], device: str) -> Iterator[Cell]:
    """Yield the cells of every table; an answer that a better table has judged is not judged again by a later one."""
    judged: set[tuple[Oid, str]] = set()
    for table in tables:
        found = [cell for group in table.group for cell in cells(group, answers, device=device)]
        fresh = [cell for cell in found if (cell.oid, cell.field) not in judged]
        judged |= {(cell.oid, cell.field) for cell in found}
        yield from fresh


_Chosen = dict[tuple[str, Tags], dict[str, int | float]]


def _chosen(looked: Iterable[Cell]) -> _Chosen:
    """Return the fields of each object: of several answers for one field the first that is a value."""
    chosen: _Chosen = {}
    for cell in looked:
        if cell.value is not None:
            chosen.setdefault((cell.measurement, cell.tags), {}).setdefault(cell.field, cell.value)
    for (measurement, tags), fields in chosen.items():
        if measurement == "nadi_ups" and len(tags) == 1:
            fields.setdefault("up", 1)
            add_implied(fields)
    return chosen


def _readings(chosen: _Chosen, time_ns: int) -> Iterator[Reading]:
    for (measurement, tags), fields in chosen.items():
        yield Reading(measurement, tags, fields, time_ns)


def _unknown(looked: Iterable[Cell], chosen: _Chosen) -> Iterator[Unknown]:
    told = set()
    for cell in looked:
        key = (cell.measurement, cell.tags, cell.field)
        if cell.value is None and key not in told and cell.field not in chosen.get(key[:2], {}):
            told.add(key)
            yield Unknown(cell.measurement, cell.field, cell.tags, cell.oid, cell.raw, cell.reason)


def _unknown_interfaces(found: Iterable[Interface], device: str) -> Iterator[Unknown]:
    for one in found:
        tags = (("device", device), ("interface", one.key))
        for field, reason in one.problems:
            yield Unknown("nadi_interface", field, tags, (one.index,), "", reason)


def _device(answers: Answers, device: str) -> Iterator[Cell]:
    """Yield the age of the device: sysUpTime as read, and in seconds with its 497-day wraps put right where proven."""
    tags = (("device", device),)
    ticks, engine, boots = (_plain(answers, oid) for oid in (UPTIME, ENGINE_TIME, ENGINE_BOOTS))
    if ticks is not None:
        raw = str(ticks)
        yield Cell("nadi_device", tags, "uptime_ticks", UPTIME, raw, ticks, "")
        yield Cell("nadi_device", tags, "uptime_seconds", UPTIME, raw, uptime_seconds(ticks, engine), "")
    if engine is not None:
        yield Cell("nadi_device", tags, "engine_seconds", ENGINE_TIME, str(engine), engine, "")
    if boots is not None:
        yield Cell("nadi_device", tags, "engine_boots", ENGINE_BOOTS, str(boots), boots, "")


def _plain(answers: Answers, oid: Oid) -> int | None:
    value = answers.scalar(oid)
    return value.value if value is not None and isinstance(value.value, int) and value.value >= 0 else None


def uptime_seconds(ticks: int, engine_seconds: int | None) -> float:
    """Return the seconds since the start: sysUpTime wraps after 497 days (2^32 ticks), snmpEngineTime after 68 years.

    Wraps are added where both then agree to a minute; else the device counts the two from different moments (an
    agent restarted) and sysUpTime stands as it is read.
    """
    if engine_seconds is not None:
        wraps = round((engine_seconds * 100 - ticks) / _U32)
        if wraps > 0 and abs(ticks + wraps * _U32 - engine_seconds * 100) <= 6000:
            return (ticks + wraps * _U32) / 100
    return ticks / 100

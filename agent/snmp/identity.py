"""What a device is, which tables serve it and what a poll has to ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.snmp.answers import Answers, label_of, shown
from agent.snmp.interfaces import FULL, PACKETS_IN, PACKETS_OUT, UPTIME, WIDE
from agent.snmp.interpret import ENGINE_BOOTS, ENGINE_TIME
from agent.snmp.tables import Table, Tables
from agent.snmp.values import Oid, parse_oid

SYS_DESCR: Oid = (1, 3, 6, 1, 2, 1, 1, 1, 0)
SYS_OBJECT_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)
SYS_NAME: Oid = (1, 3, 6, 1, 2, 1, 1, 5, 0)
_TIMES = (UPTIME, ENGINE_TIME, ENGINE_BOOTS)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says it is; empty where it says nothing. ``tables`` serve it, best first."""

    sys_object_id: Oid | None
    descr: str
    name: str
    vendor: str
    model: str
    version: str
    serial: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask: scalars for GET, and columns in groups whose rows share their index, for multi-column GETBULK."""

    scalars: tuple[Oid, ...]
    columns: tuple[tuple[Oid, ...], ...]


def questions(tables: Tables) -> tuple[Oid, ...]:
    """Return the scalars to ask of a device that is not known yet: its system group and the tables' probes."""
    return (SYS_DESCR, SYS_OBJECT_ID, SYS_NAME, *_TIMES, *tables.probes())


def identify(answers: Answers, tables: Tables) -> Identity:
    """Tell what a device is from the answers to ``questions`` (and to ``facts``, where they were asked).

    By sysObjectID, never by sysDescr, which operators overwrite; a device without one is known by the probes.
    """
    value = answers.scalar(SYS_OBJECT_ID)
    oid = value.value if value is not None and isinstance(value.value, tuple) else None
    selected = tables.select(oid, [probe for probe in tables.probes() if answers.scalar(probe) is not None])
    return Identity(
        sys_object_id=oid,
        descr=label_of(answers.scalar(SYS_DESCR)),
        name=label_of(answers.scalar(SYS_NAME)),
        vendor=next((table.facts.vendor for table in selected if table.facts.vendor), ""),
        model=_first(answers, (oid for table in selected for oid in table.facts.model)),
        version=_first(answers, (oid for table in selected for oid in table.facts.version)),
        serial=_first(answers, (oid for table in selected for oid in table.facts.serial)),
        tables=selected,
    )


def _first(answers: Answers, oids: Iterable[str]) -> str:
    for oid in oids:
        value = answers.scalar(parse_oid(oid))
        if value is not None and shown(value):
            return label_of(value) or shown(value)
    return ""


def facts(selected: Sequence[Table]) -> tuple[Oid, ...]:
    """Return the scalars that tell model, version and serial number; once is enough."""
    names = (*(oid for t in selected for oid in (*t.facts.model, *t.facts.version, *t.facts.serial)),)
    return tuple(dict.fromkeys(parse_oid(oid) for oid in names))


def plan(
    selected: Sequence[Table], *, wide: bool = False, packets: bool = False, silent: frozenset[Oid] = frozenset()
) -> Plan:
    """Return what a poll asks of a device that ``selected`` tables serve.

    ``wide`` leaves out the interfaces' columns that a device of which ``wide_enough`` holds does not need, ``silent``
    what the function of that name found unanswered; ``packets`` counts the packets of the interfaces as well.
    """
    scalars: dict[Oid, None] = dict.fromkeys(_TIMES)
    interface = (WIDE if wide else FULL) + (PACKETS_IN + PACKETS_OUT if packets else ())
    grouped: dict[Oid, dict[Oid, None]] = {}
    for group in (group for table in selected for group in table.group):
        scalars |= dict.fromkeys(group.oid(text) for text in group.alive)
        for oid in group.columns():
            if not group.rows or oid[-1] == 0:
                scalars[oid] = None
            elif oid not in interface:
                grouped.setdefault(oid[:-1], {})[oid] = None
    heard = (tuple(oid for oid in columns if oid not in silent) for columns in grouped.values())
    return Plan(tuple(oid for oid in scalars if oid not in silent), (interface, *(group for group in heard if group)))


def silent(asked: Plan, answers: Answers) -> frozenset[Oid]:
    """Return the scalars and vendor columns of a plan that the device did not answer at all.

    Most of what a table may read a given device does not have. A poll that leaves it out until the device is identified
    anew (a queue or a probe may have been added) asks a few times less.
    """
    columns = (column for group in asked.columns[1:] for column in group)
    unheard = [oid for oid in asked.scalars if oid not in _TIMES and answers.scalar(oid) is None]
    return frozenset((*unheard, *(column for column in columns if not answers.column(column))))

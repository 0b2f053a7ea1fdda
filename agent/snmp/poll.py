"""One poll of one device: what it is asked, and the readings, each of the time at which its counter was answered."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from agent.clock import MS, NS, Clock, Moment
from agent.envelope import NAME
from agent.reading import MAX_LABEL, Reading, Tags, reading
from agent.snmp.answers import Answers
from agent.snmp.ber import write_oid
from agent.snmp.credentials import Credential, protocol
from agent.snmp.errors import AuthenticationFailed, SnmpError, TimedOut, TooMuch, Unreachable
from agent.snmp.identity import Identity, Plan, facts, identify, plan, questions
from agent.snmp.interfaces import HC_IN, IN_OCTETS, UPTIME, wide_enough
from agent.snmp.interpret import Interpretation, interpret
from agent.snmp.session import Reply, Request, T, Target, Task, get
from agent.snmp.tables import Group, Table, Tables
from agent.snmp.values import Kind, Oid, Value, read
from agent.snmp.walk import columns, run

IDENTITY_NS = 600 * NS
"""How long a device is taken for what it said it is, and its empty tables for empty.

A restart and a failed poll make it known anew as well.
"""
SETTLED_TICKS = 60_000
"""A device that started less than ten minutes ago may fill its tables yet."""

_ENGINE_ID: Oid = (1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0)
"""snmpEngineID (RFC 3411 §5): without it the traps of an SNMPv3 device cannot be read."""

_FATAL = (TimedOut, Unreachable, AuthenticationFailed, TooMuch)
"""After these nothing more is asked in this poll."""


@dataclass(slots=True, eq=False)
class Device:
    """A device that is polled, and what is remembered of it between its polls."""

    name: str
    target: Target
    tables: Tables
    packets: bool = False
    identity: Identity | None = None
    known_ns: int = 0
    wide: bool = False
    plan: Plan | None = None
    empty: frozenset[tuple[Oid, ...]] = frozenset()
    rows: dict[str, dict[Tags, int | float]] = field(default_factory=dict)
    uptime: int | None = None
    success_ns: int | None = None
    engine_id: bytes = b""

    def __post_init__(self) -> None:
        if NAME.fullmatch(self.name) is None:
            raise ValueError(f"device name {self.name!r} is not letters, digits, '.', '_' or '-' (at most 64)")

    @property
    def credential(self) -> Credential:
        """The credential with which it is asked."""
        return self.target.credential


class Stamp(NamedTuple):
    """When a reply's counters were read (midway of asking and answer, CLOCK_BOOTTIME ns), and the uptime told in it."""

    boot_ns: int
    uptime: int | None


class Poll:
    """One poll: ``ask`` is the engine's task, ``readings`` what came of it, also where it ended early."""

    def __init__(self, device: Device, clock: Clock) -> None:
        self._device, self._clock = device, clock
        self._values: dict[Oid, Value] = {}
        self._walked: dict[Oid, Mapping[Oid, Value]] = {}
        self._rows: dict[Oid, Stamp] = {}
        self._first: Stamp | None = None
        self._unread: set[Oid] = set()
        self._cut: set[str] = set()
        self.identity: Identity | None = None
        self.begun_ns = self.ended_ns = clock.now().boot_ns
        self.troubles: list[str] = []
        self.requests = 0

    @property
    def answered(self) -> bool:
        """Tell whether the device gave any answer that was believed."""
        return self._first is not None

    @property
    def _told(self) -> bool:
        """Tell whether there is any value to interpret."""
        return bool(self._values) or any(self._walked.values())

    # What the engine runs

    def ask(self) -> Task[None]:
        """Ask all that the device's tables want; raise SnmpError where it goes no further."""
        self.begun_ns = self._clock.now().boot_ns
        try:
            tables = yield from self._known()
            wanted = self._device.plan = self._device.plan or _plan(self._device, tables)
            groups = [group for group in wanted.columns if group not in self._device.empty]
            self._unread = {*wanted.scalars, *(column for group in groups for column in group)}
            yield from self._part(self._scalars(wanted.scalars))
            for group in groups:
                yield from self._part(self._columns(group, tables))
        except SnmpError:
            self._device.identity = None
            raise
        finally:
            self.ended_ns = self._clock.now().boot_ns

    def _known(self) -> Generator[Request, Reply, tuple[Table, ...]]:
        device = self._device
        known = device.identity
        if known is not None and self.begun_ns - device.known_ns < IDENTITY_NS:
            self.identity = known
            return known.tables
        values = yield from self._heard(get(device.target, (*questions(device.tables), _ENGINE_ID)))
        tables = identify(Answers(values), device.tables).tables
        values |= yield from self._heard(get(device.target, facts(tables)))
        self.identity = device.identity = identify(Answers(values), device.tables)
        device.known_ns, device.wide, device.plan, device.empty = self.begun_ns, False, None, frozenset()
        engine = values[_ENGINE_ID].value
        device.engine_id = engine if isinstance(engine, bytes) else b""
        return self.identity.tables

    def _part(self, part: Generator[Request, Reply, None]) -> Generator[Request, Reply, None]:
        """Ask one part; where the device refuses just that, the others are asked all the same."""
        try:
            yield from part
        except _FATAL:
            raise
        except SnmpError as error:
            self.troubles.append(f"{type(error).__name__}: {error}")

    def _scalars(self, oids: Sequence[Oid]) -> Generator[Request, Reply, None]:
        self._values |= yield from self._heard(get(self._device.target, oids))
        self._unread.difference_update(oids)

    def _columns(self, group: tuple[Oid, ...], tables: Iterable[Table]) -> Generator[Request, Reply, None]:
        counters = [oid for oid in (HC_IN, IN_OCTETS, *_evidence(tables)) if oid in group]
        scalars = (UPTIME,) if counters else ()
        try:
            walk = yield from self._heard(columns(self._device.target, group, scalars=scalars), counters)
        except SnmpError as error:
            self._walked.update(error.rows)
            self._cut |= {"nadi_interface"} if HC_IN in group else _measurements(tables, counters)
            raise
        self._walked.update(walk.columns)
        self._unread.difference_update(group)
        self.troubles += [f"{type(error).__name__}: {error}" for error in walk.stopped.values()]
        if HC_IN not in group and not walk.stopped and not any(walk.columns.values()) and self._settled():
            self._device.empty |= {group}

    def _settled(self) -> bool:
        return (_ticks(self._values) or 0) > SETTLED_TICKS

    def _heard(self, task: Task[T], counters: Sequence[Oid] = ()) -> Generator[Request, Reply, T]:
        """Pass a task's requests and their replies on, and note when each row of ``counters`` was answered."""
        prefixes = [(write_oid(oid), oid) for oid in counters]
        try:
            request = next(task)
            while True:
                try:
                    reply = yield request  # type: ignore[misc]
                except SnmpError as error:
                    request = task.throw(error)
                    continue
                stamp = Stamp(round((reply.asked_s + reply.answered_s) / 2 * NS), _uptime(reply))
                self.requests += 1
                self._first = self._first or stamp
                for prefix, oid in prefixes:
                    for index in _indexes(request, reply, prefix):  # type: ignore[arg-type]
                        self._rows.setdefault(oid + index, stamp)
                request = task.send(reply)
        except StopIteration as stop:
            value: T = stop.value
            return value

    # What became of it

    def interpretation(self, anchor: Moment) -> Interpretation:
        """Return the device's readings and what is unknown; scalars and gauges are of the first answer's time."""
        tables = map(self._readable, self.identity.tables if self.identity else ())
        base = self._time(self._first.boot_ns if self._first else self.begun_ns, anchor)
        found = interpret(Answers(self._values, self._walked), tuple(tables), device=self._device.name, time_ns=base)
        return replace(found, readings=[*filter(self._named, found.readings)]) if self._cut else found

    def _readable(self, table: Table) -> Table:
        """Leave out the groups that were not read to their end: a name, a sum or a state made of a part is wrong.

        Groups of counters stay, whose rows ``_named`` chooses.
        """
        if not self._unread:
            return table
        whole = (
            group
            for group in table.group
            if (group.evidence and group.measurement in self._cut) or not self._unread.intersection(_needed(group))
        )
        return replace(table, group=tuple(whole))

    def _named(self, item: Reading) -> bool:
        """Tell whether a row may go by its name: one of a walk that was cut only where it had it at this index before.

        What came before its end may share its name with what did not come, and then neither has it.
        """
        if item.measurement not in self._cut:
            return True
        before = self._device.rows.get(item.measurement, {})
        return before.get(item.tags) == item.fields.get("index", -1)

    def readings(self, anchor: Moment, *, lateness_ns: int) -> Iterator[Reading]:
        """Yield what the device said, and how the poll itself went. The anchor is the look at the clocks before it."""
        device = self._device
        if self._told:
            found = self.interpretation(anchor)
            yield from self._at_their_time(found, anchor)
            self._note_rows(found)
            self._plan_ahead(found)
            self._note_uptime()
        if self.identity is not None and self.answered:
            yield self._info(self.identity, anchor)
        if self._told and not self._unread and not self.troubles:
            device.success_ns = self._time(self.ended_ns, anchor)
        fields: dict[str, int | float] = {
            "up": int(self.answered),
            "poll_duration_seconds": (self.ended_ns - self.begun_ns) / NS,
            "poll_lateness_seconds": lateness_ns / NS,
        }
        if device.success_ns is not None:
            fields["last_success_timestamp_seconds"] = device.success_ns / NS
        yield reading("nadi_device", fields, self._time(self.ended_ns, anchor), device=device.name)

    def _time(self, boot_ns: int, anchor: Moment) -> int:
        return (anchor.wall_ns + boot_ns - anchor.boot_ns) // MS * MS

    def _at_their_time(self, found: Interpretation, anchor: Moment) -> Iterator[Reading]:
        """Give each counter the time of the reply that brought it, and the uptime told in the same reply."""
        evidence = {(c.measurement, c.tags): c.oid for c in found.cells if c.field == "counter_bits"}
        for item in found.readings:
            stamp = self._stamp(item, evidence)
            if stamp is None:
                yield item
                continue
            fields = dict(item.fields)
            if stamp.uptime is not None:
                fields["uptime_ticks"] = stamp.uptime
            yield item._replace(fields=fields, time_ns=self._time(stamp.boot_ns, anchor))

    def _stamp(self, item: Reading, evidence: dict[tuple[str, Tags], Oid]) -> Stamp | None:
        if item.measurement == "nadi_interface":
            row = (int(item.fields["index"]),)
            return self._rows.get(HC_IN + row) or self._rows.get(IN_OCTETS + row)
        return self._rows.get(evidence.get((item.measurement, item.tags), ()))

    def _note_rows(self, found: Interpretation) -> None:
        """Remember which row has which name, by the walks that were read to their end."""
        rows: dict[str, dict[Tags, int | float]] = {}
        for item in found.readings:
            if "index" in item.fields and item.measurement not in self._cut:
                rows.setdefault(item.measurement, {})[item.tags] = item.fields["index"]
        self._device.rows |= rows

    def _plan_ahead(self, found: Interpretation) -> None:
        if "nadi_interface" in self._cut:
            return
        wide = bool(found.interfaces) and wide_enough(found.interfaces)
        if wide != self._device.wide:
            self._device.wide, self._device.plan = wide, None

    def _note_uptime(self) -> None:
        """Forget what the device is when it restarted: it may have other software now."""
        ticks = _ticks(self._values)
        before = self._device.uptime
        if ticks is not None and before is not None and ticks < before:
            self._device.identity = None
        self._device.uptime = ticks

    def _info(self, identity: Identity, anchor: Moment) -> Reading:
        told = {
            "vendor": identity.vendor,
            "model": identity.model,
            "version": identity.version,
            "serial": identity.serial,
            "protocol": protocol(self._device.credential),
        }
        tags = {name: shown for name, text in told.items() if (shown := _printable(text))}
        return reading("nadi_device", {"info": 1}, self._time(self.ended_ns, anchor), device=self._device.name, **tags)


def _plan(device: Device, tables: Sequence[Table]) -> Plan:
    return plan(tables, wide=device.wide, packets=device.packets)


def _needed(group: Group) -> Iterator[Oid]:
    """Yield all that a group is made of."""
    yield from group.columns()
    yield from (group.oid(text) for text in group.alive)


def _measurements(tables: Iterable[Table], counters: Iterable[Oid]) -> set[str]:
    """Return the measurements that are counted in some of these columns."""
    counted = (group for table in tables for group in table.group if group.evidence)
    return {group.measurement for group in counted if not {*group.columns()}.isdisjoint(counters)}


def _evidence(tables: Iterable[Table]) -> Iterator[Oid]:
    """Yield the columns by which rows of counters other than interfaces are dated."""
    for group in (group for table in tables for group in table.group if group.evidence):
        yield from (group.oid(one.oid) for one in group.read)


def _indexes(request: Request, reply: Reply, prefix: bytes) -> tuple[Oid, ...]:
    """Return the rows of one column in the reply to a GETBULK."""
    width = len(request.names) - request.non_repeaters
    for at, name in enumerate(request.names[request.non_repeaters :], request.non_repeaters):
        if name.startswith(prefix):
            return run(prefix, reply.bindings.names[at::width])[0]
    return ()


_UPTIME_NAME = write_oid(UPTIME)


def _uptime(reply: Reply) -> int | None:
    names, tags, raws = reply.bindings
    if names[:1] != (_UPTIME_NAME,):
        return None
    value = read(tags[0], raws[0])
    return value.value if value.kind is Kind.TICKS and isinstance(value.value, int) else None


def _ticks(values: Mapping[Oid, Value]) -> int | None:
    value = values.get(UPTIME)
    return value.value if value is not None and isinstance(value.value, int) else None


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:MAX_LABEL].strip()

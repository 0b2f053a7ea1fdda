"""``nadi-agent discover`` and ``nadi-agent walk``: look at one device before, or while, it is polled."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from agent import settings
from agent.clock import NS, SystemClock
from agent.config import ConfigError
from agent.gather import look
from agent.reading import Reading, encode
from agent.settings import Settings
from agent.snmp import credentials
from agent.snmp.address import resolve
from agent.snmp.diagnosis import explain
from agent.snmp.engine import Engine
from agent.snmp.errors import Unreachable
from agent.snmp.identity import Identity
from agent.snmp.interfaces import Interface
from agent.snmp.interpret import Interpretation
from agent.snmp.poll import Device, Poll
from agent.snmp.poller import seats_of
from agent.snmp.session import Target
from agent.snmp.tables import load_tables
from agent.snmp.values import Oid, Value, oid_text
from agent.snmp.walk import columns
from agent.snmp.wan import DEFAULT_ROUTES, default_indexes, likely

Say = Callable[[str], None]
_POLL_S = 60.0
_CACHING: Oid = (1, 3, 6, 1, 4, 1, 8072)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask: an address, or the name of a device of the configuration; the other values may be left out."""

    host: str
    config: Path
    credential: str = ""
    credentials: str = ""
    port: int = 161


@dataclass(frozen=True, slots=True)
class Looked:
    """What one poll of a device by hand brought."""

    device: Device
    identity: Identity
    found: Interpretation
    readings: list[Reading]
    troubles: list[str]


def walk(asked: Asked, say: Say) -> int:
    """Say every reading of a device as line protocol, then what is unknown and why; 1 when it does not answer well."""
    looked = _look(asked, say)
    if looked is None:
        return 1
    say(encode(looked.readings).decode().rstrip("\n"))
    for item in looked.found.unknown:
        tags = ",".join(f"{name}={value}" for name, value in item.object)
        raw = f", the device said {item.raw!r}" if item.raw else ""
        say(f"# unknown {item.measurement} {tags} {item.field}: {item.reason} (at {oid_text(item.oid)}{raw})")
    for trouble in looked.troubles:
        say(f"# trouble {trouble}")
    return int(bool(looked.troubles))


def discover(asked: Asked, say: Say) -> int:
    """Say what a device is, what it answers, which interface looks like the WAN; write what registers it."""
    looked = _look(asked, say)
    if looked is None:
        return 1
    for line in (*_identity(looked), *_answers(looked), *_interfaces(looked.found.interfaces)):
        say(line)
    chosen = likely(looked.found.interfaces, default_indexes(_routes(looked.device.target)))
    if chosen is None:
        say("WAN: no interface looks like it")
    else:
        say(f"WAN: looks like {chosen[0].key}: {chosen[1]}")
    say("")
    for line in _snippet(asked, looked, chosen[0].key if chosen else ""):
        say(line)
    return int(bool(looked.troubles))


def _look(asked: Asked, say: Say) -> Looked | None:
    """Poll the device once; say why when there is nothing to show."""
    device = _device(asked)
    clock = SystemClock()
    anchor, poll = look(clock), Poll(device, clock)
    with Engine() as engine:
        [outcome] = engine.run([poll.ask()], seconds=_POLL_S)
    identity = poll.identity
    if identity is None or not poll.answered:
        reason = explain(device.target, outcome.error) if outcome.error else "it answers nothing"
        say(f"{asked.host}: {reason}")
        return None
    found = poll.interpretation(anchor)
    troubles = [*poll.troubles, *([explain(device.target, outcome.error)] if outcome.error else [])]
    return Looked(device, identity, found, list(poll.readings(anchor, lateness_ns=0)), troubles)


def _device(asked: Asked) -> Device:
    """Return the device to ask: one of the configuration, or a stranger with a credential that is named."""
    config = _config(asked)
    for seat in seats_of(config) if config else ():
        if seat.device.name == asked.host and not asked.credential:
            return _resolved(seat.device)
    if not asked.credential:
        raise ConfigError(f"{asked.host} is not a device of {asked.config}; name its credential: --credential NAME")
    path = _credentials(asked, config)
    credential = credentials.chosen(credentials.load(path), asked.credential, place=str(path))
    tables = load_tables(*([config.vendors] if config and config.vendors else []))
    target = Target(host=asked.host, port=asked.port, credential=credential)
    return _resolved(Device(_code(asked.host), target, tables))


def _resolved(device: Device) -> Device:
    try:
        return replace(device, target=replace(device.target, host=resolve(device.target.host)))
    except Unreachable as error:
        raise ConfigError(str(error)) from None


def _config(asked: Asked) -> Settings | None:
    return None if asked.credentials or not asked.config.exists() else settings.load(asked.config)[0]


def _credentials(asked: Asked, config: Settings | None) -> Path:
    if asked.credentials:
        return Path(asked.credentials).absolute()
    if config is None:
        raise ConfigError(f"{asked.config} is not there; name the file of credentials: --credentials FILE")
    return config.credentials


def _routes(target: Target) -> dict[Oid, dict[Oid, Value]]:
    with Engine() as engine:
        [outcome] = engine.run([columns(replace(target, max_rows=16), DEFAULT_ROUTES)])
    return outcome.value.columns if outcome.value else {}


def _identity(looked: Looked) -> Iterator[str]:
    identity = looked.identity
    protocol = credentials.protocol(looked.device.credential)
    yield f"{looked.device.target.host} answers {protocol}"
    oid = oid_text(identity.sys_object_id) if identity.sys_object_id else "not told"
    for name, text in (
        ("vendor", identity.vendor),
        ("model", identity.model),
        ("version", identity.version),
        ("serial", identity.serial),
        ("sysName", identity.name),
        ("sysDescr", identity.descr),
        ("sysObjectID", oid),
        ("tables", ", ".join(table.name for table in identity.tables)),
    ):
        if text:
            yield f"  {name:<12} {text}"
    if protocol == "snmpv2c":
        yield "  note         SNMPv2c shows its community to whoever listens; use SNMPv3 if it can (BU Pasal 16 (7))"


def _answers(looked: Looked) -> Iterator[str]:
    known = Counter(item.measurement for item in looked.readings)
    fields = Counter(item.measurement for item in looked.readings for _ in item.fields)
    unknown = Counter(item.measurement for item in looked.found.unknown)
    for name in sorted(known | unknown):
        more = f", {unknown[name]} unknown (see nadi-agent walk)" if unknown[name] else ""
        yield f"  {name:<18} {known[name]} object(s), {fields[name]} value(s){more}"
    for trouble in looked.troubles:
        yield f"  trouble      {trouble}"


def _interfaces(found: list[Interface]) -> Iterator[str]:
    yield f"  {'interface':<24} {'state':<14} {'Mbit/s':>8} {'received':>20} {'sent':>20} {'bits':>4}  alias"
    for one in found:
        state = one.oper or "unknown"
        speed = str(one.speed // 1_000_000) if one.speed else "?"
        octets = " ".join(f"{'?' if value is None else value:>20}" for value in (one.receive, one.transmit))
        yield f"  {one.key:<24} {state:<14} {speed:>8} {octets} {one.bits or '?':>4}  {_line(one.alias)}".rstrip()


def _line(text: str | None) -> str:
    return "".join(c for c in text or "" if c.isprintable())


def _code(text: str) -> str:
    """Return a name that may serve as a device's code."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:64] or "device"


def _snippet(asked: Asked, looked: Looked, wan: str) -> Iterator[str]:
    """Yield the tables that register the device and its line; what only people know stands in capitals."""
    code = _code(looked.identity.name) if looked.device.name == _code(asked.host) else looked.device.name
    name = _line(looked.identity.name) or code
    today = datetime.fromtimestamp(SystemClock().now().wall_ns / NS, UTC).date()
    yield "# --- inventory of the collector (nadi inventory apply); replace what stands in capitals ---"
    yield from ("[[device]]", f"code = {_text(code)}", f"name = {_text(name)}", 'site = "KODE-LOKASI"')
    yield 'source = "NAMA-POLLER"       # the name of the agent which polls it'
    if looked.identity.sys_object_id and looked.identity.sys_object_id[: len(_CACHING)] == _CACHING:
        yield "cache_seconds = 3            # net-snmp looks at its counters every 3 s only"
    if wan:
        yield from ("", "[[link]]", f"code = {_text('wan-' + code)}", 'opd = "KODE-OPD"', f"device = {_text(code)}")
        yield from (f"interface = {_text(wan)}", 'unduh = "receive"', 'vantage = "opd"', 'medium = "MEDIA"')
        yield from ('owner = "PEMILIK"', 'maintainer = "WAN"', f"active_from = {today}")
    yield from ("", "# --- configuration of the poller ---", "[[snmp]]", f"device = {_text(code)}")
    yield f"host = {_text(looked.device.target.host)}"
    if looked.device.target.port != 161:
        yield f"port = {looked.device.target.port}"
    yield f"credential = {_text(asked.credential or 'NAMA')}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

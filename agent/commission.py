"""What an administrator does with a node beside running it: look at its readings, check it and its health, enrol it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

from agent import enrol, gather, settings
from agent.channel import Answer, Channel, ChannelError
from agent.clock import NS, Moment, SystemClock
from agent.config import ConfigError
from agent.envelope import CLOCK_HEADER, CONTENT_TYPE, Envelope, EnvelopeError, read_receipts
from agent.gather import Gatherer
from agent.identity import Key, fingerprint
from agent.settings import Settings
from agent.source import Target
from agent.uplink import PATH as BATCHES

_CLOCK_DOUBT_S = 300
"""The collector takes an agent's wall clock as it stands up to this difference (design.md §4)."""
_LEAST_FREE = 16 * 1024 * 1024
_SLACK_S = 30
"""So long may a cycle itself take beyond its interval."""


class Fault(Exception):
    """A step of the check that failed; the message names the thing, the place and the mend."""


Say = Callable[[str], None]
"""Takes a line for the administrator."""


def once(path: Path, say: Say) -> int:
    """Say what one cycle measures, as line protocol; 1 when an input failed (its reason is logged)."""
    config, targets = settings.load(path)
    measured = [*_measured(targets), *(item for item, _ in _polled(config))]
    text = b"".join(item.lines for item in measured).decode()
    say(text.rstrip("\n"))
    return int(bool(_failed(text)))


class Measured(NamedTuple):
    """What one cycle says of one device, and the look at the clocks before it."""

    device: str
    lines: bytes
    anchor: Moment


def _measured(targets: tuple[Target, ...]) -> list[Measured]:
    clock = SystemClock()
    gatherer = Gatherer(clock)
    looked = ((target, gather.look(clock)) for target in targets)
    return [Measured(target.device, gatherer.device(target, anchor), anchor) for target, anchor in looked]


def _polled(config: Settings) -> list[tuple[Measured, str]]:
    """Poll the devices asked by SNMP, side by side; what is wrong with each in words, "" for nothing."""
    if not config.snmp:
        return []
    from agent.snmp import diagnosis, poller  # a node that polls nothing needs none of it

    clock = SystemClock()
    gatherer = Gatherer(clock)
    found = []
    for done, error in poller.once(poller.seats_of(config), clock):
        lines = poller.lines_of(done, gatherer)
        wrong = "; ".join(done.poll.troubles) if error is None else diagnosis.explain(done.seat.device.target, error)
        found.append((Measured(done.seat.device.name, lines, done.anchor), wrong))
    return found


def _failed(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("nadi_input,") and " up=0i" in line]


def enrol_node(path: Path, token: str, say: Say) -> int:
    """Make the node's key if it has none, send it with the token, keep the collector's answer."""
    config, _ = settings.load(path)
    enrol.prepare(config.state)
    key = enrol.key_of(config.state, create=True)
    channel = Channel(config.collector, _kept_ca(config))
    headers = {"Content-Type": "application/json"}
    try:
        answer = channel.post(enrol.PATH, enrol.request(token, config.name, key), headers)
    except ChannelError as error:
        raise ConfigError(f"not enrolled: {error}") from error
    finally:
        channel.close()
    if answer.status != 200:
        raise ConfigError(f"not enrolled: the collector refused (status {answer.status}): {_message(answer.body)}")
    try:
        enrolment = enrol.Enrolment.from_json(answer.body)
    except ValueError as error:
        raise ConfigError(f"not enrolled: what answered at {config.collector.url} is {error}") from error
    enrol.keep(config.state, enrolment)
    say(f"{config.name} is enrolled; node {fingerprint(key.public)}, collector {fingerprint(enrolment.collector_key)}")
    return 0


def _kept_ca(config: Settings) -> str | None:
    try:
        return enrol.load(config.state).ca
    except ConfigError:
        return None


def _message(body: bytes) -> str:
    """Return the reason of a refusal, printable and short."""
    try:
        text = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        text = body.decode("utf-8", "replace")
    return "".join(char for char in text[:300] if char.isprintable()) or "no reason given"


def check(path: Path, say: Say) -> int:
    """Go the way of a reading step by step and say what holds; 1 when something does not."""
    config, targets = settings.load(path)
    steps: list[tuple[str, Callable[[Settings], str]]] = [
        ("state directory", _state),
        ("key", _key),
        ("enrolment", _enrolment),
        ("spool", _spool),
        ("name", _name),
        ("collector", lambda config: _collector(config, measured)),
    ]
    devices = len(targets) + len(config.snmp)
    say(f"ok     configuration: {path}: agent {config.name}, {devices} device(s), every {config.interval} s")
    measured, polled = _measured(targets), _polled(config)
    faults = _hold("inputs", say, lambda: _inputs(measured)) if targets else 0
    for item, wrong in polled:
        faults += _hold(f"snmp {item.device}", say, lambda item=item, wrong=wrong: _answered(item, wrong))  # type: ignore[misc]
    measured += [item for item, _ in polled]
    for label, step in steps:
        faults += _hold(label, say, lambda step=step: step(config))  # type: ignore[misc]
    say("the node is ready" if not faults else f"{faults} fault(s); mend the first, then check again")
    return int(bool(faults))


def health(path: Path, say: Say) -> int:
    """Say whether the agent does its own part, whatever becomes of collector, network and devices; 1 when not."""
    config, targets = settings.load(path)
    steps: list[tuple[str, Callable[[Settings], str]]] = [
        ("state directory", _state),
        ("key", _key),
        ("enrolment", _enrolment),
        ("spool", _spool),
        ("agent", _resident),
    ]
    say(f"ok     configuration: {path}: agent {config.name}, {len(targets) + len(config.snmp)} device(s)")
    faults = sum(_hold(label, say, lambda step=step: step(config)) for label, step in steps)  # type: ignore[misc]
    say("the agent is well" if not faults else f"{faults} fault(s); see also: journalctl -u nadi-agent")
    return int(bool(faults))


def _resident(config: Settings) -> str:
    """Tell that an agent runs on the state directory, and that it has spooled lately."""
    try:
        handle = os.open(config.state / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Fault(f"{config.state / 'lock'}: {error.strerror}; no agent has run here, systemctl start it") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        raise Fault(f"no agent runs on {config.state}; systemctl start it")
    except BlockingIOError:
        pass  # the one that runs holds it
    finally:
        os.close(handle)
    written = [file.stat().st_mtime_ns for file in (config.state / "spool").glob("*.seg")]
    age = (SystemClock().now().wall_ns - max(written, default=0)) / NS
    quickest = min([config.interval] * bool(config.device) + [polled.interval for polled in config.snmp])
    if age > 3 * quickest + _SLACK_S:
        raise Fault(f"runs, but has spooled nothing for {age:.0f} s; is the disk full? see the messages above")
    return f"runs, and spooled {max(age, 0):.0f} s ago"


def _hold(label: str, say: Say, step: Callable[[], str]) -> int:
    try:
        say(f"ok     {label}: {step()}")
    except (ConfigError, Fault) as error:
        say(f"FAULT  {label}: {error}")
        return 1
    return 0


def _inputs(measured: list[Measured]) -> str:
    text = b"".join(item.lines for item in measured).decode()
    failed = _failed(text)
    if failed:
        raise Fault(
            f"{len(failed)} failed, the reason is logged above: {', '.join(line.split()[0] for line in failed)}"
        )
    lines = text.splitlines()
    return f"{sum(line.startswith('nadi_input,') for line in lines)} gave {len(lines)} readings"


def _answered(item: Measured, wrong: str) -> str:
    if wrong:
        raise Fault(wrong)
    return f"gave {len(item.lines.splitlines())} readings"


def _state(config: Settings) -> str:
    if not config.state.exists():
        raise Fault(f"{config.state} does not exist; nadi-agent enrol makes it")
    enrol.prepare(config.state)
    return str(config.state)


def _key(config: Settings) -> str:
    return f"node {fingerprint(enrol.key_of(config.state).public)}"


def _enrolment(config: Settings) -> str:
    return f"collector {fingerprint(enrol.load(config.state).collector_key)}"


def _spool(config: Settings) -> str:
    directory = config.state / "spool"
    if not directory.exists():
        return f"{directory}: not there yet; made at the first start"
    if not directory.is_dir():
        raise Fault(f"{directory} is not a directory; move it away")
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise Fault(f"{directory} cannot be written by this user; run as the agent's user, or chown it")
    strange = sorted(f.name for f in directory.iterdir() if not f.is_file() or f.suffix not in (".seg", ".new", ""))
    if strange:
        raise Fault(f"{directory} holds what is not the agent's: {', '.join(strange[:5])}; move it away")
    used = sum(f.stat().st_size for f in directory.glob("*.seg"))
    free = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
    if free < _LEAST_FREE:
        raise Fault(f"{directory}: only {free / 1e6:.1f} MB of disk are free; make room, or readings will be dropped")
    return f"{directory}: {used / 1e6:.1f} of {config.spool.limit_mib} MiB used, {free / 1e6:.0f} MB of disk free"


def _name(config: Settings) -> str:
    host, port = config.collector.address
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise Fault(f"{host} cannot be resolved ({error}); check DNS, /etc/hosts and collector.url") from error
    return f"{host} is {', '.join(sorted({str(item[4][0]) for item in found}))}"


def _collector(config: Settings, measured: list[Measured]) -> str:
    """Deliver one batch of each device: the receipts show way, certificate, clock, collector, and what it allows."""
    clock = SystemClock()
    key, pinned = enrol.key_of(config.state), enrol.load(config.state)
    batches = [_batch(config, item, key) for item in measured]
    channel = Channel(config.collector, pinned.ca)
    now = clock.now()
    headers = {"Content-Type": CONTENT_TYPE, CLOCK_HEADER: f"{now.boot_id} {now.wall_ns} {now.boot_ns}"}
    try:
        answer = channel.post(BATCHES, b"".join(batch.to_bytes() for batch in batches), headers)
    except ChannelError as error:
        raise Fault(str(error)) from error
    finally:
        channel.close()
    offset = _offset_s(answer, clock.now().wall_ns)
    if offset is not None and abs(offset) > _CLOCK_DOUBT_S:
        raise Fault(f"this clock is {offset:+.0f} s off the collector's; set it (NTP), or readings are flagged")
    _allowed(batches, answer, config, pinned.collector_key)
    clocks = "its clock is not told" if offset is None else f"clock offset {offset:+.0f} s"
    return f"{config.collector.url} took a batch of {len(batches)} device(s) and signed for it; {clocks}"


def _batch(config: Settings, item: Measured, key: Key) -> Envelope:
    """Seal what was measured of a device as the one batch of a run of its own."""
    return Envelope.seal(
        item.lines,
        agent=config.name,
        device=item.device,
        run=os.urandom(8).hex(),
        seq=0,
        boot_id=item.anchor.boot_id,
        wall_ns=item.anchor.wall_ns,
        boot_ns=item.anchor.boot_ns,
        sign=key.sign,
    )


def _allowed(batches: list[Envelope], answer: Answer, config: Settings, public: bytes) -> None:
    """Check that each batch was stored, by the collector that is pinned; Fault."""
    where = f"{config.collector.url}: status {answer.status}"
    if answer.status != 200:
        raise Fault(f"{where}: {_message(answer.body)}")
    try:
        receipts = {receipt.run: receipt for receipt in read_receipts(answer.body, public)}
    except EnvelopeError as error:
        raise Fault(f"{where}: {error}; is this the collector enrolled at?") from error
    for batch in batches:
        receipt = receipts.get(batch.header.run)
        if receipt is None or receipt.verdict != "stored" or receipt.rejected:
            reason = "no receipt" if receipt is None else receipt.reason or str(receipt.rejected[:1])
            raise Fault(f"{where}: device {batch.header.device}: {reason}; see nadi agents list at the collector")


def _offset_s(answer: Answer, wall_ns: int) -> float | None:
    """Return how far this clock is ahead of the answer's Date (whole seconds); None without one."""
    try:
        return wall_ns / NS - parsedate_to_datetime(answer.date).timestamp()
    except ValueError:
        return None

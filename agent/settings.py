"""The configuration of an agent: one TOML file, decoded strictly, every problem told with its line."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import channel, source, spool
from agent.config import ConfigError, Decoder, between
from agent.envelope import NAME
from agent.source import Input, Target


@dataclass(frozen=True, slots=True)
class Device:
    """A thing measured: its name at the collector, and a table for each input that measures it."""

    name: str
    inputs: dict[str, dict[str, object]]

    def __post_init__(self) -> None:
        _check_name("device", self.name)
        if not self.inputs:
            raise ValueError(f"device {self.name} has no input; add a table [device.inputs.host]")


@dataclass(frozen=True, slots=True)
class Snmp:
    """A device that is polled by SNMP: its name at the collector, where it is, the name of its credential.

    ``interval`` is seconds between polls. ``timeout`` seconds are waited for the first answer, half as much again at
    each of ``retries``. ``max_bindings`` are asked for in one reply. ``context`` is SNMPv3's. ``packets`` counts those
    of the interfaces, too, which makes a poll half as large again.
    """

    device: str
    host: str
    credential: str
    port: int = 161
    interval: int = 60
    timeout: float = 1.5
    retries: int = 2
    max_bindings: int = 100
    context: str = ""
    packets: bool = False

    def __post_init__(self) -> None:
        _check_name("device", self.device)
        if not self.host:
            raise ValueError("host is empty")
        between("port", self.port, 1, 65535)
        between("interval", self.interval, 1, 900)
        between("timeout", self.timeout, 0.1, 10)
        between("retries", self.retries, 0, 5)
        between("max_bindings", self.max_bindings, 4, 1000)


@dataclass(frozen=True, slots=True)
class Traps:
    """Where traps and informs of the polled devices are taken: address and UDP port."""

    host: str = "0.0.0.0"  # noqa: S104 - traps come from every device
    port: int = 162

    def __post_init__(self) -> None:
        between("port", self.port, 1, 65535)


@dataclass(frozen=True, slots=True)
class Settings:
    """The agent's name, its state directory, the collector, the cycle in seconds, the spool, the devices.

    With ``snmp`` it is a poller as well: ``credentials`` is the file of communities and users, ``vendors`` a folder
    of the operator's own tables, ``traps`` makes it listen.
    """

    name: str
    state: Path
    collector: channel.Config
    device: tuple[Device, ...] = ()
    interval: int = 10
    spool: spool.Config = field(default_factory=spool.Config)
    snmp: tuple[Snmp, ...] = ()
    credentials: Path = Path("snmp.toml")
    vendors: Path | None = None
    traps: Traps | None = None

    def __post_init__(self) -> None:
        _check_name("agent", self.name)
        between("interval", self.interval, 1, 900)
        if not self.state.is_absolute():
            raise ValueError(f"state must be an absolute path, not {str(self.state)!r}")
        if not self.device and not self.snmp:
            raise ValueError("no [[device]] and no [[snmp]] is named; the agent would measure nothing")
        for names in ([device.name for device in self.device], [polled.device for polled in self.snmp]):
            if len(set(names)) < len(names):
                raise ValueError(f"a device is named twice: {', '.join(sorted(names))}")
        if self.traps is not None and not self.snmp:
            raise ValueError("[traps] are hints to poll at once, and no [[snmp]] is named; take it out")


def _check_name(what: str, name: str) -> None:
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{what} name {name!r} is not letters, digits, '.', '_' or '-' (at most 64)")


def load(path: Path) -> tuple[Settings, tuple[Target, ...]]:
    """Read the file at ``path``; return the settings, and the devices with their inputs. ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    decoder = Decoder(str(path), text)
    settings = decoder.table(Settings, table, "")
    targets = tuple(
        Target(device.name, tuple(_input(decoder, name, raw, i) for name, raw in device.inputs.items()))
        for i, device in enumerate(settings.device)
    )
    return settings, targets


def _input(decoder: Decoder, name: str, raw: dict[str, Any], device: int) -> Input:
    path = f"device[{device}].inputs.{name}"
    if name not in source.known():
        more = "; a device asked by SNMP is a table [[snmp]]" if name == "snmp" else ""
        raise decoder.fail(path, f"no input has this name; there are: {', '.join(source.known())}{more}")
    return source.load(name, lambda cls: decoder.table(cls, raw, path))

"""The configuration of an agent: one TOML file, decoded strictly, every problem told with its line."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import channel, source, spool
from agent.config import ConfigError, Decoder
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
class Settings:
    """The agent's name, its state directory, the collector, the cycle in seconds, the spool, the devices."""

    name: str
    state: Path
    collector: channel.Config
    device: tuple[Device, ...]
    interval: int = 10
    spool: spool.Config = field(default_factory=spool.Config)

    def __post_init__(self) -> None:
        _check_name("agent", self.name)
        if not 1 <= self.interval <= 900:
            raise ValueError(f"interval must be between 1 and 900 seconds, not {self.interval}")
        if not self.state.is_absolute():
            raise ValueError(f"state must be an absolute path, not {str(self.state)!r}")
        names = [device.name for device in self.device]
        if not names:
            raise ValueError("no [[device]] is named; the agent would measure nothing")
        if len(set(names)) < len(names):
            raise ValueError(f"a device is named twice: {', '.join(sorted(names))}")


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
        raise decoder.fail(path, f"no input has this name; there are: {', '.join(source.known())}")
    return source.load(name, lambda cls: decoder.table(cls, raw, path))

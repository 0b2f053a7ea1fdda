"""The contract between gather and the inputs.

The input ``[device.inputs.NAME]`` of a configuration is the module ``agent.inputs.NAME``. It has a frozen
dataclass ``Config`` and ``collect(config, env)``, which yields readings and raises when its source fails.
A ``Config`` with a field ``interval`` (seconds) gives the input turns of its own, beside the cycle: for sources that
are slow or may hang.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from agent.clock import MS, Clock, Moment
from agent.reading import Reading


@dataclass(frozen=True, slots=True)
class Env:
    """What an input knows beside its own configuration: the device, and its cycle's one look at the clocks."""

    device: str
    anchor: Moment
    clock: Clock

    def time_ns(self) -> int:
        """Return the time of a reading taken now: the anchor's wall time plus the boot time since, in whole ms."""
        now = self.anchor.wall_ns + self.clock.now().boot_ns - self.anchor.boot_ns
        return now // MS * MS


class Input(NamedTuple):
    """An input and its configuration, ready to be run."""

    name: str
    config: object
    collect: Callable[[Any, Env], Iterable[Reading]]

    @property
    def interval(self) -> int:
        """Seconds between its own turns; 0 is measured in each cycle."""
        return int(getattr(self.config, "interval", 0))


class Target(NamedTuple):
    """A device and the inputs that measure it."""

    device: str
    inputs: tuple[Input, ...]


def known() -> list[str]:
    """Return the names of the inputs there are."""
    return sorted(file.stem for file in (Path(__file__).parent / "inputs").glob("[a-z]*.py"))


def load(name: str, configure: Callable[[Any], object]) -> Input:
    """Import the input ``name``; ``configure`` turns its ``Config`` class into its configuration."""
    module = importlib.import_module(f"agent.inputs.{name}")
    return Input(name, configure(module.Config), module.collect)

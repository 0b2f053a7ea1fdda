"""Whether this machine's disks are healthy: SMART's verdict of each (smartctl), and its RAID arrays (/proc/mdstat)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import tool
from agent.config import between
from agent.reading import Reading, reading
from agent.source import Env

_MDSTAT = Path("/proc/mdstat")
_TIMEOUT_S = 30.0
_MOST_DISKS = 128
_MOST_OUTPUT = 1 << 20
_NOT_ASKED = 0b11
"""Bits of smartctl's exit status: its command line was not understood, the disk could not be opened (smartctl(8))."""
_ARRAY = re.compile(r"(\S+) : (active|inactive)(.*)")
_MEMBERS = re.compile(r"\[(\d+)/(\d+)\] \[([U_]+)\]")


class DiskError(Exception):
    """Disks that could not be asked; the message names each of them, and the reason."""


@dataclass(frozen=True, slots=True)
class Config:
    """How smartctl is run (empty: not at all), which disks it is asked for (empty: all it finds), and how often."""

    smartctl: tuple[str, ...] = ("smartctl",)
    disks: tuple[str, ...] = ()
    interval: int = 600

    def __post_init__(self) -> None:
        between("interval", self.interval, 10, 86400)
        for disk in self.disks:
            if not disk.startswith("/dev/"):
                raise ValueError(f"disks: {disk!r} is no device; name it as /dev/sda")


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield each array, then each disk; DiskError at the end for those that could not be asked."""
    if _MDSTAT.exists():
        for array, whole in arrays(_MDSTAT.read_text(encoding="ascii", errors="replace")).items():
            yield reading("nadi_host", {"disk_healthy": whole}, env.time_ns(), host=env.device, disk=array)
    if not config.smartctl:
        return
    troubles = []
    for disk, kind in _disks(config):
        try:
            healthy = _asked(config, disk, kind)
        except tool.ToolError as error:
            troubles.append(f"{disk}: {error}")
            continue
        if healthy is not None:
            name = disk.removeprefix("/dev/") + (f" {kind}" if "," in kind else "")
            yield reading("nadi_host", {"disk_healthy": healthy}, env.time_ns(), host=env.device, disk=name)
    if troubles:
        raise DiskError("; ".join(troubles))


def arrays(text: str) -> dict[str, int]:
    """Tell which arrays of /proc/mdstat are whole (1), and which lack a disk, have a failed one, or stand still (0)."""
    found = {}
    name = ""
    for line in text.splitlines():
        head = _ARRAY.fullmatch(line)
        if head is not None:
            name = head[1]
            found[name] = int(head[2] == "active" and "(F)" not in head[3])
        members = _MEMBERS.search(line)
        if name and members is not None and (members[1] != members[2] or "_" in members[3]):
            found[name] = 0
    return found


def _disks(config: Config) -> list[tuple[str, str]]:
    """Return the disks and what smartctl calls their kind, which tells disks behind one controller apart."""
    if config.disks:
        return [(disk, "") for disk in config.disks]
    argv = (*config.smartctl, "--scan", "--json")
    said = tool.checked(tool.run(argv, timeout_s=_TIMEOUT_S, most=_MOST_OUTPUT), argv)
    return scanned(said.output)


def scanned(output: bytes) -> list[tuple[str, str]]:
    """Return the names and kinds in what ``smartctl --scan --json`` printed; ToolError."""
    devices = _json(output).get("devices", [])
    if not isinstance(devices, list):
        raise tool.ToolError("smartctl: its list of disks is none")
    found = [(d.get("name"), d.get("type", "")) for d in devices if isinstance(d, dict)]
    return [(name, kind) for name, kind in found if isinstance(name, str) and isinstance(kind, str)][:_MOST_DISKS]


def _asked(config: Config, disk: str, kind: str) -> int | None:
    argv = (*config.smartctl, "-H", "--json", *(("-d", kind) if kind else ()), disk)
    finished = tool.run(argv, timeout_s=_TIMEOUT_S, most=_MOST_OUTPUT)
    return verdict(finished.status, finished.output)


def verdict(status: int, output: bytes) -> int | None:
    """Return SMART's verdict (1 good, 0 failing) by exit status and JSON; None where the disk gives none. ToolError."""
    told = _json(output)
    if status & _NOT_ASKED:
        messages = told.get("smartctl", {}).get("messages", [])
        reason = messages[0].get("string", "") if messages else "it did not say why"
        raise tool.ToolError(f"smartctl could not ask it: {reason}; it needs root, or sudo in the key smartctl")
    passed = told.get("smart_status", {}).get("passed")
    return int(passed) if isinstance(passed, bool) else None


def _json(output: bytes) -> dict[str, Any]:
    try:
        told = json.loads(output)
    except ValueError as error:
        raise tool.ToolError("smartctl: printed no JSON; it needs smartmontools 7 or newer") from error
    if not isinstance(told, dict):
        raise tool.ToolError("smartctl: printed no JSON object")
    return told

"""The state of this machine: processor, memory, file systems, disks, temperatures, sessions, media, pending reboot."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import psutil

from agent.clock import NS
from agent.reading import Reading, reading
from agent.source import Env

_INSIDE_OTHERS = frozenset(("guest", "guest_nice"))
"""Modes of /proc/stat whose time stands in ``user`` and ``nice`` already (proc(5))."""
_BLOCK = "/sys/block"
_MOUNTS = "/proc/self/mountinfo"
_OCTAL = re.compile(r"\\([0-7]{3})")
_REBOOT = "/run/reboot-required"
_REBOOT_WRITERS = (
    "/usr/share/update-notifier/notify-reboot-required",
    "/etc/kernel/postinst.d/unattended-upgrades",
    "/etc/kernel/postinst.d/reboot-notifier",
)
"""What makes the file of a pending reboot on Debian and Ubuntu; where none is, its absence tells nothing."""


@dataclass(frozen=True, slots=True)
class Config:
    """What is left out, as shell patterns: mount points, types of file system, disks, sensors, interfaces."""

    exclude_mountpoints: tuple[str, ...] = ()
    exclude_fstypes: tuple[str, ...] = ("squashfs", "iso9660")
    exclude_disks: tuple[str, ...] = ("loop*", "ram*", "zram*", "sr*", "fd*")
    exclude_sensors: tuple[str, ...] = ()
    exclude_interfaces: tuple[str, ...] = ("lo",)


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield the machine's readings; what it has not (swap, sensors) gives no reading."""
    yield _machine(config, env)
    yield from _processor(env)
    yield from _filesystems(config, env)
    yield from _disks(config, env)
    yield from _network(config, env)
    yield from _temperatures(config, env)


def _excluded(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _machine(config: Config, env: Env) -> Reading:
    load1, load5, load15 = os.getloadavg()
    memory = psutil.virtual_memory()
    swap = psutil.swap_memory()
    fields: dict[str, int | float] = {
        "boot_time_seconds": psutil.boot_time(),
        "uptime_seconds": env.clock.now().boot_ns / NS,
        "load1": load1,
        "load5": load5,
        "load15": load15,
        "cpu_cores": os.cpu_count() or 1,
        "memory_size_bytes": memory.total,
        "memory_available_bytes": memory.available,
        "swap_size_bytes": swap.total,
        "swap_used_bytes": swap.used,
        "logged_in_users": len(psutil.users()),
        "removable_storage": removable(_BLOCK, config.exclude_disks),
    }
    reboot = reboot_required(_REBOOT, _REBOOT_WRITERS)
    if reboot is not None:
        fields["reboot_required"] = reboot
    return reading("nadi_host", fields, env.time_ns(), host=env.device)


def reboot_required(file: str, writers: tuple[str, ...]) -> int | None:
    """Tell whether a package asked for a reboot (1) or not (0); None where nothing would tell."""
    if os.path.exists(file):
        return 1
    return 0 if any(map(os.path.exists, writers)) else None


def removable(folder: str, exclude: tuple[str, ...]) -> int:
    """Return how many removable or USB disks have a medium, by the kernel's folder of block devices (sysfs(5))."""
    return sum(
        not _excluded(name, exclude) and _is_removable(f"{folder}/{name}") and _number(f"{folder}/{name}/size") > 0
        for name in os.listdir(folder)
    )


def _is_removable(disk: str) -> bool:
    # A disk in a case for USB says that it is not removable; its place in the tree of devices tells.
    return _number(f"{disk}/removable") == 1 or "/usb" in os.path.realpath(disk)


def _number(file: str) -> int:
    try:
        with open(file, encoding="ascii") as text:
            return int(text.read())
    except OSError:
        return 0  # pulled out since


def _processor(env: Env) -> Iterator[Reading]:
    times = psutil.cpu_times()._asdict()
    time_ns = env.time_ns()
    for mode, seconds in times.items():
        if mode not in _INSIDE_OTHERS:
            yield reading("nadi_host", {"cpu_seconds_total": seconds}, time_ns, host=env.device, mode=mode)


def _filesystems(config: Config, env: Env) -> Iterator[Reading]:
    """Yield each mounted block device once, at its first directory (bind mounts repeat it, also for single files)."""
    seen = set()
    frozen = frozen_mounts(_MOUNTS)
    for part in psutil.disk_partitions(all=False):
        if part.device in seen or _excluded(part.fstype, config.exclude_fstypes) or not os.path.isdir(part.mountpoint):
            continue
        seen.add(part.device)
        if _excluded(part.mountpoint, config.exclude_mountpoints):
            continue
        try:
            usage = psutil.disk_usage(part.mountpoint)
        except OSError:
            continue  # unmounted since, or not to be entered: nothing is known of it
        fields = {
            "filesystem_size_bytes": usage.total,
            "filesystem_available_bytes": usage.free,
            "filesystem_readonly": int(frozen.get(part.mountpoint, "ro" in part.opts.split(","))),
        }
        tags = {"host": env.device, "mountpoint": part.mountpoint, "fstype": part.fstype}
        yield reading("nadi_host", fields, env.time_ns(), **tags)


def frozen_mounts(file: str) -> dict[str, bool]:
    """Tell for each mount point of a mountinfo(5) file whether the file system there is read-only, for everybody.

    What a mount's own options say is true for this process alone: systemd shows a guarded unit all of them as ``ro``.
    """
    frozen = {}
    with open(file, encoding="utf-8", errors="surrogateescape") as text:
        for line in text:
            mount, _, system = line.partition(" - ")
            point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), mount.split(" ")[4])
            frozen[point] = "ro" in system.split()[2].split(",")
    return frozen


def _disks(config: Config, env: Env) -> Iterator[Reading]:
    """Yield whole disks, which are those of /sys/block; their partitions would count the same octets again."""
    counters = psutil.disk_io_counters(perdisk=True, nowrap=False)
    time_ns = env.time_ns()
    for disk, io in counters.items():
        if _excluded(disk, config.exclude_disks) or not os.path.exists(f"/sys/block/{disk.replace('/', '!')}"):
            continue
        fields = {
            "disk_read_bytes_total": io.read_bytes,
            "disk_written_bytes_total": io.write_bytes,
            "disk_io_time_seconds_total": io.busy_time / 1000,
        }
        yield reading("nadi_host", fields, time_ns, host=env.device, disk=disk)


def _network(config: Config, env: Env) -> Iterator[Reading]:
    counters = psutil.net_io_counters(pernic=True, nowrap=False)
    time_ns = env.time_ns()
    for interface, io in counters.items():
        if not _excluded(interface, config.exclude_interfaces):
            fields = {"network_receive_bytes_total": io.bytes_recv, "network_transmit_bytes_total": io.bytes_sent}
            yield reading("nadi_host", fields, time_ns, host=env.device, interface=interface)


def _temperatures(config: Config, env: Env) -> Iterator[Reading]:
    """Yield each sensor under ``chip/label``; where a label repeats (two processors) the later get ``#2``, ``#3``."""
    time_ns = env.time_ns()
    taken: dict[str, int] = {}
    for chip, sensors in psutil.sensors_temperatures().items():
        for sensor in sensors:
            name = f"{chip}/{sensor.label}" if sensor.label else chip
            taken[name] = taken.get(name, 0) + 1
            if taken[name] > 1:
                name = f"{name}#{taken[name]}"
            if not _excluded(name, config.exclude_sensors):
                yield reading(
                    "nadi_host", {"temperature_celsius": sensor.current}, time_ns, host=env.device, sensor=name
                )

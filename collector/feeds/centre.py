"""Derived series of the data centre: hosts, backups by server and by job, power (pure).

A server has one line for all its jobs: what is worst among them. A copy, a test or a date that is not known is not
there; where only the whole is unknown the state says so with a number of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from collector.feeds.derived import Written
from collector.inventory import Device, Inventory, Server
from collector.judge.rows import BackupRow, BackupState, TapeCopy
from collector.newest import Latest
from collector.power import Power

if TYPE_CHECKING:
    from collector.datacentre import PowerToDate
    from collector.judge.datacentre import DataCentreNow

UNKNOWN_BACKUP = 4
"""A backup's state where it is unknown: none of the judge's numbers, and neither good nor missing."""

UNKNOWN_PROTECTION = 2
_WORST_FIRST = (BackupState.TIDAK_ADA, BackupState.KRITIS, None, BackupState.TERLAMBAT, BackupState.BAIK)
_PROTECTED = {True: 1, False: 0, None: UNKNOWN_PROTECTION}


def hosts(inventory: Inventory, power: Power) -> Written:
    """Yield what the register says of each server, and whether it was heard of lately."""
    heard = {item.device.code for item in power.latest if item.measurement in _OF_MACHINES and _speaks(item)}
    told = {item.device.code: item for item in power.info()}
    for device in inventory.devices:
        if device.kind == "server":
            info = told.get(device.code)
            os = info.tags.get("version", "") if info else ""
            yield "nadi_host_up", (device.site, device.code), device.code in heard
            yield "nadi_host_info", (device.site, device.code, *_about(device, inventory.server), os), 1


_OF_MACHINES = frozenset(("nadi_host", "nadi_device"))
_SIGNS = frozenset(("boot_time_seconds", "uptime_seconds", "load1", "up"))
"""What a machine tells as often as it tells anything."""


def _speaks(item: Latest) -> bool:
    return not _SIGNS.isdisjoint(item.fields) and item.fields.get("up") != 0


def _about(device: Device, servers: Mapping[str, Server]) -> tuple[str, str, str, str]:
    """Return role, owner, location and UPSes; empty where the register does not say."""
    server = servers.get(device.code)
    if server is None:
        return "", "", "", ""
    return server.role, server.opd, server.location, ",".join(server.ups)


def certificates(power: Power) -> Written:
    """Yield when certificates end which probes saw now, by device and target; of several probes the earliest end."""
    ends: dict[str, float] = {}
    for item in power.of("nadi_probe"):
        end = item.fields.get("certificate_not_after_timestamp_seconds")
        if end is not None:
            name = f"{item.device.code}/{item.tags.get('target', '')}"
            ends[name] = min(end, ends.get(name, end))
    for name, end in sorted(ends.items()):
        yield "nadi_certificate_not_after_timestamp_seconds", (name,), end


def backups(centre: DataCentreNow) -> Written:
    """Yield each server's protection, the worst of its backups, and each backup job."""
    for server in centre.servers:
        rows = [row for row in centre.backups if row.backup.server == server.server.code]
        yield "nadi_server_protected", (server.server.code,), _PROTECTED[server.protected]
        if rows:
            yield from _worst(server.server.code, rows)
        else:
            yield "nadi_backup_state", (server.server.code,), BackupState.TIDAK_ADA
    for row in centre.backups:
        yield from _job(row)


def _worst(server: str, rows: Sequence[BackupRow]) -> Written:
    row = min(rows, key=lambda item: (_WORST_FIRST.index(item.state), -(item.age_ms or 0) / item.policy_ms))
    labels = (server,)
    yield "nadi_backup_state", labels, UNKNOWN_BACKUP if row.state is None else row.state
    yield "nadi_backup_age_seconds", labels, None if row.age_ms is None else row.age_ms / 1000
    yield "nadi_backup_policy_seconds", labels, row.policy_ms / 1000
    asked = [item for item in rows if item.backup.restore_test_every_days] or rows
    yield "nadi_backup_restore_test_timestamp_seconds", labels, _oldest(item.restore_test_ms for item in asked)
    yield "nadi_backup_restore_test_passed", labels, _all(item.restore_test_passed for item in asked)
    copies = _copies(rows)
    newest = (max((tape.time_ms or 0 for tape in item), default=None) for item in copies)
    yield "nadi_backup_tape_copy_timestamp_seconds", labels, _oldest(newest)
    yield "nadi_backup_offsite", labels, _all(map(_offsite, [item for item in rows if item.backup.offsite] or rows))


def _copies(rows: Sequence[BackupRow]) -> list[list[TapeCopy]]:
    """Return the valid full copies on tape of each job of which some are agreed; else those of all jobs together."""
    valid = [([tape for tape in row.tapes if tape.valid], row.backup.tape_copies) for row in rows]
    asked = [tapes for tapes, wanted in valid if wanted]
    return asked or [[tape for tapes, _ in valid for tape in tapes]]


def _offsite(row: BackupRow) -> bool | None:
    """Tell whether a valid full copy of a job lies off site."""
    valid = [tape for tape in row.tapes if tape.valid]
    if any(tape.offsite for tape in valid):
        return True
    unknown = row.silent or row.state is None or any(tape.offsite is None for tape in valid)
    return None if unknown else False


def _oldest(times_ms: Iterable[int | None]) -> float | None:
    """Return the oldest of the times in seconds; None where one of them is not known."""
    known = list(times_ms)
    found = [time_ms for time_ms in known if time_ms is not None]
    return min(found) / 1000 if found and len(found) == len(known) else None


def _all(flags: Iterable[bool | None]) -> bool | None:
    """Tell whether all hold: one that does not decides, then one that is not known."""
    known = set(flags)
    return False if False in known else None if None in known else True


def _job(row: BackupRow) -> Written:
    labels = (row.backup.server, row.backup.code, row.backup.engine)
    for name, time_ms in (("run", row.run_ms), ("success", row.success_ms), ("full", row.verified_full_ms)):
        yield f"nadi_backup_last_{name}_timestamp_seconds", labels, None if time_ms is None else time_ms / 1000
    yield "nadi_backup_last_duration_seconds", labels, row.duration_s
    yield "nadi_backup_last_size_bytes", labels, row.size_bytes
    yield "nadi_backup_last_files", labels, row.files
    yield "nadi_backup_last_errors", labels, row.errors


def supply(centre: DataCentreNow, inventory: Inventory, to_date: PowerToDate | None) -> Written:
    """Yield times on battery of the month to date, transfers and tests of the generators."""
    for ups in centre.ups if to_date else ():
        events, on_battery_ms = to_date.on_battery.get(ups.ups.code, (None, None)) if to_date else (None, None)
        yield "nadi_ups_battery_events", (ups.site, ups.ups.code), events
        seconds = None if on_battery_ms is None else on_battery_ms / 1000
        yield "nadi_ups_on_battery_seconds_total", (ups.site, ups.ups.code), seconds
    for row in centre.generators:
        terms = row.generator
        if terms.ats:
            labels = (inventory.device[terms.ats].site, terms.ats)
            longest_ms = to_date.transfer_ms.get(terms.code) if to_date else None
            yield "nadi_ats_transfers_total", labels, to_date.transfers.get(terms.code) if to_date else None
            yield "nadi_ats_last_transfer_duration_seconds", labels, None if longest_ms is None else longest_ms / 1000
            yield "nadi_ats_transfer_limit_seconds", labels, terms.transfer_limit_seconds
        place = terms.device or terms.ats
        named = (inventory.device[place].site if place else "", terms.device or terms.code)
        tested = None if row.last_test_ms is None else row.last_test_ms / 1000
        yield "nadi_generator_last_test_timestamp_seconds", named, tested
        yield "nadi_generator_last_test_passed", named, row.last_test_passed

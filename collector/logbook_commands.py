"""What people write down by ``nadi power`` and ``nadi backup``: power failures, generator tests, restore tests."""

from __future__ import annotations

import getpass
from argparse import Namespace
from collections.abc import Callable

from agent.clock import SystemClock, Zone
from collector import terminal
from collector.config import Settings
from collector.folder import Folder, Impossible

Tell = Callable[[str], None]


def log_power(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Write an entry into the log of power."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        now_ns = folder.clock.now().wall_ns
        known = folder.register.inventory().generator
        if options.generator and options.generator not in known:
            names = ", ".join(known) or "none is registered yet: nadi inventory apply"
            raise Impossible(f"there is no generator {options.generator!r}; registered: {names}")
        entry = folder.register.logbook.add_power(
            kind=options.kind,
            at_ns=_time(options.at, folder.zone, now_ns),
            object=options.generator,
            value=options.value,
            note=options.note,
            actor=f"cli:{getpass.getuser()}",
            now_ns=now_ns,
        )
        tell(f"{entry.id}: {entry.kind} {folder.zone.iso(entry.at_ns)}")
    return 0


def list_power(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List the log of power, newest last."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        zone = folder.zone
        rows = [
            [
                *(str(item.id), zone.iso(item.at_ns), item.kind, item.object),
                *("" if item.value is None else f"{item.value:g}", item.note, item.actor, zone.iso(item.recorded_ns)),
            ]
            for item in folder.register.logbook.power(limit=options.limit)
        ]
    header = ["id", "time", "kind", "generator", "value", "note", "by", "recorded"]
    for line in terminal.table(header, rows, right=[0, 4]):
        tell(line)
    return 0


def backup_tested(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Record a restore test done by hand."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        now_ns = folder.clock.now().wall_ns
        known = {item.code for item in folder.register.inventory().backups}
        if options.job not in known:
            names = ", ".join(sorted(known)) or "none is registered yet: nadi inventory apply"
            raise Impossible(f"there is no backup {options.job!r}; registered: {names}")
        entry = folder.register.logbook.add_restore_test(
            backup=options.job,
            at_ns=_time(options.at, folder.zone, now_ns),
            passed=options.result == "ok",
            note=options.note,
            actor=f"cli:{getpass.getuser()}",
            now_ns=now_ns,
        )
        tell(f"{entry.id}: {entry.backup} tested {folder.zone.iso(entry.at_ns)}: {options.result}")
    return 0


def list_tests(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List the restore tests done by hand, newest last."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        rows = [
            [
                *(str(item.id), folder.zone.iso(item.at_ns), item.backup, "ok" if item.passed else "gagal"),
                *(item.note, item.actor),
            ]
            for item in folder.register.logbook.restore_tests(limit=options.limit)
        ]
    for line in terminal.table(["id", "time", "backup", "result", "note", "by"], rows, right=[0]):
        tell(line)
    return 0


def _time(text: str | None, zone: Zone, now_ns: int) -> int:
    """Return the UTC ns of ``--at``, which is local time unless it has an offset; now without one."""
    if text is None:
        return now_ns
    try:
        return zone.parse(text)
    except ValueError as error:
        raise Impossible(f"--at {text!r} is no time such as 2026-11-20T08:05 or 2026-11-20T08:05:00+07:00") from error

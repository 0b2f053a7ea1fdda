"""``nadi backup make | verify | restore | drill``: the collector's own backup.

Beside them stand ``tested`` and ``list``, which are of restore tests that people made of the servers' backups.
"""

from __future__ import annotations

import argparse
import getpass
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

from agent.clock import SystemClock
from collector.config import JOURNAL, Settings, read
from collector.folder import Folder, Impossible
from collector.safekeeping import form, making, restoring

Tell = Callable[[str], None]
Placed = Callable[[argparse.ArgumentParser, Callable[[Settings, Namespace, Tell], int]], None]


def declare(adding: argparse._SubParsersAction[argparse.ArgumentParser], placed: Placed) -> None:
    """Add the actions of Nadi's own backup; ``placed`` lets those of a running collector be told its data folder."""
    text = "back the data folder up while the collector runs"
    made = adding.add_parser("make", help=text, description=text)
    made.add_argument("place", type=Path, metavar="DIR", help="the folder of the backups, on another disk")
    made.add_argument("--keep", type=_count, default=making.KEEP, help=f"how many stay (default {making.KEEP})")
    placed(made, make)
    text = "restore the newest backup into a scratch folder, check it, and record the result"
    made = adding.add_parser("drill", help=text, description=text)
    made.add_argument("place", type=Path, metavar="DIR", help="the folder of the backups")
    made.add_argument("--scratch", type=Path, metavar="DIR", help="where to restore for the while (default: there too)")
    placed(made, drill)
    text = "check the files of a backup against its manifest; needs no data folder"
    made = adding.add_parser("verify", help=text, description=text)
    made.add_argument("place", type=Path, metavar="DIR", help="one backup, or the folder of them: the newest")
    made.set_defaults(command=partial(verify, tell=print))
    text = "restore a backup into an empty data folder; agents then offer again what it lacks"
    made = adding.add_parser("restore", help=text, description=text)
    made.add_argument("place", type=Path, metavar="DIR", help="one backup, or the folder of them: the newest")
    made.add_argument("--data", type=Path, metavar="NEW", help="the new data folder (default: that of --config)")
    made.add_argument("--config", type=Path, metavar="FILE", help="the configuration under which it will run")
    made.add_argument("--accept-damage", action="store_true", help="also a ledger that was damaged when it was copied")
    made.set_defaults(command=partial(restore, tell=print))


def make(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Make a backup."""
    if not (settings.data / JOURNAL).is_file():
        raise Impossible(f"{settings.data}: no {JOURNAL} is in it; there is nothing to back up")
    files = [path for path in (options.config, settings.report) if path is not None and path.is_file()]
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        made = making.make(folder, options.place, configuration=files, actor=_actor(), keep=options.keep, tell=tell)
    manifest = made.backup.manifest
    tell(
        f"{made.backup.folder}: journal {manifest.length}, {len(manifest.pieces)} files,"
        f" {made.octets / 2**20:.1f} MiB, {made.shared} shared with the one before"
    )
    if manifest.register == "postgresql":
        tell("the register is in PostgreSQL and not in this backup: pg_dump makes its own")
    return 0


def verify(options: Namespace, tell: Tell) -> int:
    """Check the files of a backup."""
    backup = form.find(options.place)
    problems = list(backup.problems())
    for problem in problems:
        tell(f"PROBLEM {problem}")
    tell(f"{backup.folder}: {f'{len(problems)} problem(s)' if problems else 'whole'}")
    return 1 if problems else 0


def restore(options: Namespace, tell: Tell) -> int:
    """Restore a backup."""
    settings = read(options.config) if options.config else None
    data: Path | None = options.data or (settings.data if settings else None)
    if data is None:
        raise Impossible("name the new data folder with --data, or the configuration with --config")
    backup = form.find(options.place)
    done = restoring.restore(
        backup,
        data,
        settings=settings,
        clock=SystemClock(),
        actor=_actor(),
        accept_damage=options.accept_damage,
        tell=tell,
    )
    for problem in done.problems:
        tell(f"PROBLEM {problem}")
    tell(f"{data}: restored from {backup.folder}, journal {backup.manifest.length}")
    tell(f"{done.tokens} enrolment tokens withdrawn, {done.sessions} sessions ended")
    tell("what was revoked, disabled or determined after the backup is to be done again: compare with your papers")
    return 1 if done.problems else 0


def drill(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Try the newest backup."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        done = restoring.drill(folder, options.place, scratch=options.scratch, actor=_actor(), tell=tell)
    for problem in done.problems:
        tell(f"PROBLEM {problem}")
    tell(f"{done.backup}: {'FAILED' if done.problems else 'restored and whole'}, {done.seconds:.1f} s")
    return 1 if done.problems else 0


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 10000")
    return int(text)

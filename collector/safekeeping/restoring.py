"""Restore a backup into a data folder, or as a drill into a scratch folder; what is restored is proven first.

The journal gets a new id for receipts: from it the agents see that the collector was restored, and offer again what
they delivered in the last 72 hours. What the backup holds already is a duplicate then, the rest fills the loss.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agent.clock import NS, Clock
from agent.config import ConfigError
from agent.identity import KeyFileError
from collector.config import JOURNAL, Settings, of_folder
from collector.folder import RESTORING, Folder, Impossible
from collector.ledger import lives
from collector.ledger.archive import ArchiveError
from collector.ledger.entry import JournalError
from collector.register.audit import Head
from collector.register.engine import RegisterError
from collector.register.restored import ACTION
from collector.register.settings import RegisterSettings
from collector.safekeeping import note
from collector.safekeeping.form import DATA, Backup, Manifest, copy, folders, held, load, new_folder, sync_folders

PASSED, FAILED = "backup.drill-passed", "backup.drill-failed"
DRILL = ".drill-"
FAULTS = (Impossible, OSError, ConfigError, KeyFileError, JournalError, ArchiveError, RegisterError)
"""What a backup that cannot be restored may raise."""

SHOWN = 5

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: enrolment tokens withdrawn, sessions ended, what is wrong with the ledger (if accepted)."""

    tokens: int
    sessions: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drilled:
    """A drill: the backup, how long restoring and checking took, and what was wrong (nothing: it passed)."""

    backup: Path
    seconds: float
    problems: tuple[str, ...]


def restore(
    backup: Backup,
    data: Path,
    *,
    settings: Settings | None,
    clock: Clock,
    actor: str,
    accept_damage: bool = False,
    tell: Tell,
) -> Restored:
    """Restore into ``data``, which must be empty or not there; Impossible, OSError: then it is as before.

    ``settings`` are those of the collector's configuration, which a register in PostgreSQL needs; None: the defaults.
    ``accept_damage`` takes a backup whose files are as they were made, but whose ledger was damaged even then.
    """
    part = _begun(data)
    proven = False
    try:
        _fill(backup, part, tell)
        chosen = _settings(backup.manifest, part, settings)
        done = _proven(backup, chosen, clock=clock, actor=actor, accept_damage=accept_damage, tell=tell)
        note.write(part, made_ns=backup.manifest.made_ns)
        sync_folders(part)
        proven = True
    finally:
        if not proven:
            shutil.rmtree(part, ignore_errors=True)
    for path in sorted(part.iterdir()):
        path.rename(data / path.name)
    sync_folders(data)
    part.rmdir()  # the last step: while it is there, no collector starts on the folder
    sync_folders(data)
    return done


def _begun(data: Path) -> Path:
    """Make the folder that holds what is not proven yet; what a broken restore left there is thrown away."""
    new_folder(data)
    others = sorted(path.name for path in data.iterdir() if path.name != RESTORING)
    if others:
        raise Impossible(f"{data}: is not empty ({', '.join(others[:3])}); move it away, or name a new folder")
    data.chmod(0o700)
    part = data / RESTORING
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    return part


def _fill(backup: Backup, part: Path, tell: Tell) -> None:
    """Copy the data folder's files; Impossible for the first one that is not as it was made."""
    for piece in backup.manifest.pieces:
        top, _, name = piece.name.partition("/")
        if top != DATA:
            continue
        tell(f"restoring {name}")
        to = part / name
        new_folder(to.parent)
        if copy(backup.path(piece), to).sha256 != piece.sha256:
            raise Impossible(
                f"{backup.path(piece)}: changed or cut off since it was made; nothing was restored; take another backup"
            )


def _settings(manifest: Manifest, part: Path, given: Settings | None) -> Settings:
    settings = replace(given or of_folder(part), data=part)
    if (manifest.register == "postgresql") != bool(settings.register.url):
        held_in = "PostgreSQL (restore its dump first)" if manifest.register == "postgresql" else "the backup itself"
        raise Impossible(
            f"the register of this backup is in {held_in}, the configuration says otherwise;"
            " name the collector's configuration with --config, and set [register] url in it accordingly"
        )
    if settings.zone != manifest.zone:
        raise Impossible(f"the backup's zone is {manifest.zone}, the configuration says {settings.zone}; set it back")
    return settings


def _proven(
    backup: Backup, settings: Settings, *, clock: Clock, actor: str, accept_damage: bool, tell: Tell
) -> Restored:
    """Check the restored folder as a whole, and begin its new life."""
    ended = lives.begin_anew(settings.data / JOURNAL)
    with Folder(settings, clock=clock, writer=True) as folder:
        problems = [*differences(folder, backup.manifest), *folder.check(progress=tell)]
        if problems and not accept_damage:
            raise Impossible(
                f"{backup.folder}: its ledger is not whole, nothing was restored: {_shown(problems)};"
                " take an earlier backup, or accept this one as it is with --accept-damage"
            )
        now_ns, name = clock.now().wall_ns, backup.folder.name
        detail = f"journal {ended.receipt_id} up to {ended.length} goes on as {folder.journal.receipt_id}"
        if backup.manifest.register == "postgresql":
            folder.register.audit.record(actor=actor, action=ACTION, object=name, at_ns=now_ns, detail=detail)
            return Restored(0, 0, tuple(problems))
        closed = folder.register.close_doors(actor=actor, now_ns=now_ns, what=name, detail=detail)
    return Restored(*closed, tuple(problems))


def differences(folder: Folder, manifest: Manifest) -> list[str]:
    """Return where a restored folder is not what the manifest tells of."""
    wrong = []
    if (folder.journal.length(), folder.journal.head()) != (manifest.length, manifest.head):
        wrong.append(f"{folder.journal.path}: its chain does not end at entry {manifest.length} as the manifest says")
    if folder.key.public.hex() != manifest.public_key:
        wrong.append("key: is not the one that signed the manifest")
    if manifest.register == "sqlite" and manifest.audit_seq:
        problem = folder.register.audit.verify(head=Head(manifest.audit_seq, manifest.audit_hash))
        wrong += [str(problem)] if problem else []
    return wrong


def drill(live: Folder, place: Path, *, scratch: Path | None, actor: str, tell: Tell) -> Drilled:
    """Restore the newest backup of ``place`` into a scratch folder, check it, throw it away, and record the result.

    The live data folder is only told the result. A register in PostgreSQL is not part of the drill. Impossible when
    there is no backup at all.
    """
    with held(place):
        newest = next(reversed(folders(place)), None)
        if newest is None:
            raise Impossible(f"{place}: no backup is in it; make one with: nadi backup make {place}")
        for left in (scratch or place).glob(f"{DRILL}*"):
            shutil.rmtree(left)
        begun = live.clock.now().boot_ns
        with tempfile.TemporaryDirectory(dir=scratch or place, prefix=DRILL) as folder:
            problems = _tried(newest, Path(folder) / DATA, live.clock, tell)
        now = live.clock.now()
        if not problems:
            note.write(live.settings.data, tested_ns=now.wall_ns)
    seconds = (now.boot_ns - begun) / NS
    live.register.audit.record(
        actor=actor,
        action=FAILED if problems else PASSED,
        object=newest.name,
        at_ns=now.wall_ns,
        detail="; ".join([f"{seconds:.0f} s", *([_shown(problems)] if problems else [])]),
    )
    return Drilled(newest, seconds, tuple(problems))


def _tried(folder: Path, data: Path, clock: Clock, tell: Tell) -> list[str]:
    """Return what is wrong with a backup when it is restored into a scratch folder."""
    try:
        backup = load(folder)
        data.mkdir(mode=0o700)
        _fill(backup, data, tell)
        settings = replace(of_folder(data), data=data, register=RegisterSettings())
        lives.begin_anew(data / JOURNAL)
        with Folder(settings, clock=clock, writer=True) as restored:
            return [*differences(restored, backup.manifest), *restored.check(progress=tell)]
    except FAULTS as error:
        return [str(error)]


def _shown(problems: list[str]) -> str:
    more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return "; ".join(problems[:SHOWN]) + more

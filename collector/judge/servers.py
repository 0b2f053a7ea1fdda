"""The matrix server x protection: what protects each server, and since when and why one is not protected (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.inventory import NEED_UPS, Server
from collector.judge.rows import (
    UNCERTAIN,
    BackupRow,
    BackupState,
    Because,
    Cover,
    GeneratorRow,
    Reason,
    ServerRow,
    UpsRow,
)
from collector.measure.states import UpsState

Since = Mapping[tuple[str, str], int]
"""Since when (UTC ms) the register says something of a server: (what, server); see ``registered``."""

_FEEDS = frozenset((UpsState.PLN, UpsState.BATERAI, UpsState.BATERAI_LEMAH))
_BACKUP_REASON = {
    None: Reason.BACKUP_UNKNOWN,
    BackupState.TIDAK_ADA: Reason.BACKUP_NONE,
    BackupState.TERLAMBAT: Reason.BACKUP_LATE,
    BackupState.KRITIS: Reason.BACKUP_CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the servers: their UPSes, the generators, the backups, since when the register says what."""

    ups: Mapping[str, UpsRow]
    generators: Mapping[str, GeneratorRow]
    backups: Sequence[BackupRow]
    since: Since
    at_ms: int


def runtime_limit_ms(row: UpsRow, generators: Mapping[str, GeneratorRow]) -> int | None:
    """Return how long a UPS must last: the proven transfer time of its generator and the margin; None unproven."""
    behind = generators.get(row.ups.generator)
    if behind is None or behind.proven_ms is None:
        return None
    return behind.proven_ms + behind.generator.margin_seconds * 1000


def runtime_short(row: UpsRow, generators: Mapping[str, GeneratorRow]) -> bool:
    """Tell whether a UPS certainly lasts too short, by its newest word while it was not on battery."""
    limit_ms = runtime_limit_ms(row, generators)
    return limit_ms is not None and row.runtime_s is not None and row.runtime_s.last * 1000 < limit_ms


def server_row(server: Server, name: str, site: str, around: Around) -> ServerRow:
    """Judge one server."""
    backups = [row for row in around.backups if row.backup.server == server.code]
    upses = [around.ups[code] for code in server.ups if code in around.ups]
    because = (*_ups(server, upses, around), *_backup(server, backups, around), *_tape(server, backups, around))
    certain = [item for item in because if item.reason not in UNCERTAIN]
    protected = False if certain else None if because else True
    known = [item.since_ms for item in (certain or because) if item.since_ms is not None]
    return ServerRow(
        server=server,
        name=name,
        site=site,
        ups=_ups_cover(server, upses, because),
        generator=_generator_cover(upses, around),
        backup=_backup_cover(backups),
        tape=_tape_cover(backups, because),
        restore_test=_tests_cover(backups),
        protected=protected,
        since_ms=min(known, default=None),
        reasons=because,
    )


def _ups(server: Server, upses: Sequence[UpsRow], around: Around) -> Iterator[Because]:
    if not server.ups:
        if server.role in NEED_UPS:
            yield Because(Reason.UPS_NONE, "", around.since.get(("without_ups", server.code)))
        return
    feeding = [row for row in upses if row.state in _FEEDS]
    if feeding:
        short = [row for row in feeding if runtime_short(row, around.generators)]
        if len(short) == len(feeding):
            worst = min(short, key=lambda row: row.runtime_s.last if row.runtime_s else 0.0)
            since_ms = worst.runtime_s.last_ms if worst.runtime_s else None
            yield Because(Reason.UPS_RUNTIME_SHORT, worst.ups.code, since_ms)
        return
    unknown = [row for row in upses if row.state is None]
    reason = Reason.UPS_UNKNOWN if unknown or not upses else Reason.UPS_OFF
    for row in unknown or upses:
        yield Because(reason, row.ups.code, row.state_since_ms if row.state is not None else row.seen_ms)


def _backup(server: Server, backups: Sequence[BackupRow], around: Around) -> Iterator[Because]:
    if not backups:
        yield Because(Reason.BACKUP_NONE, "", around.since.get(("without_backup", server.code)))
    for row in backups:
        if row.state is not BackupState.BAIK:
            yield Because(_BACKUP_REASON[row.state], row.backup.code, _late_since(row))


def _late_since(row: BackupRow) -> int | None:
    """Return since when a backup is not as agreed."""
    if row.state is None or row.verified_full_ms is None:
        return row.seen_ms if row.state is None else None
    times = 3 if row.state is BackupState.KRITIS else 2
    return row.verified_full_ms + times * row.policy_ms // 2


def _tape(server: Server, backups: Sequence[BackupRow], around: Around) -> Iterator[Because]:
    """Tell of a server without the full copies on tape that are agreed for it; one at least is for every server."""
    asked = [row for row in backups if row.backup.tape_copies]
    for row in asked:
        if row.tape_ok is not True:
            newest = max(
                (tape.time_ms for tape in row.tapes if tape.on_tape and tape.time_ms is not None), default=None
            )
            since_ms = None if newest is None else min(newest + 3 * row.policy_ms // 2, around.at_ms)
            reason = Reason.TAPE_UNKNOWN if row.tape_ok is None else Reason.TAPE_NONE
            yield Because(reason, row.backup.code, since_ms)
    if not asked and not any(tape.valid for row in backups for tape in row.tapes):
        yield Because(Reason.TAPE_NONE, "", around.since.get(("without_tape", server.code)))


def _ups_cover(server: Server, upses: Sequence[UpsRow], because: Sequence[Because]) -> Cover:
    if not server.ups:
        return Cover.NO if server.role in NEED_UPS else Cover.NOT_ASKED
    reasons = {item.reason for item in because}
    if Reason.UPS_UNKNOWN in reasons:
        return Cover.UNKNOWN
    if Reason.UPS_OFF in reasons:
        return Cover.WEAK if any(row.state is UpsState.BYPASS for row in upses) else Cover.NO
    low = all(row.state is UpsState.BATERAI_LEMAH for row in upses if row.state in _FEEDS)
    return Cover.WEAK if Reason.UPS_RUNTIME_SHORT in reasons or low else Cover.YES


def _generator_cover(upses: Sequence[UpsRow], around: Around) -> Cover:
    """Tell whether a generator stands behind the UPSes; one that never proved to take the load is weak."""
    found = [around.generators[row.ups.generator] for row in upses if row.ups.generator in around.generators]
    if not found:
        return Cover.NO
    proven = any(row.proven_ms is not None and not row.failed and not row.late for row in found)
    return Cover.YES if proven else Cover.WEAK


def _backup_cover(backups: Sequence[BackupRow]) -> Cover:
    if not backups:
        return Cover.NO
    states = [row.state for row in backups]
    if all(state is BackupState.BAIK for state in states):
        return Cover.YES
    if any(state in (BackupState.BAIK, BackupState.TERLAMBAT) for state in states):
        return Cover.WEAK
    return Cover.UNKNOWN if None in states else Cover.NO


def _tape_cover(backups: Sequence[BackupRow], because: Sequence[Because]) -> Cover:
    reasons = {item.reason for item in because}
    there = any(tape.valid for row in backups for tape in row.tapes)
    if Reason.TAPE_NONE in reasons:
        return Cover.WEAK if there else Cover.NO
    if Reason.TAPE_UNKNOWN in reasons:
        return Cover.UNKNOWN
    return Cover.WEAK if any(row.offsite_ok is False for row in backups) else Cover.YES


def _tests_cover(backups: Sequence[BackupRow]) -> Cover:
    asked = [row.restore_test_overdue for row in backups if row.backup.restore_test_every_days]
    if not asked:
        return Cover.NOT_ASKED if backups else Cover.NO
    if True in asked:
        return Cover.WEAK if False in asked else Cover.NO
    return Cover.UNKNOWN if None in asked else Cover.YES

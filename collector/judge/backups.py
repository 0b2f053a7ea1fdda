"""Backups by the age of the newest full, verified copy (spec/evaluation.md, "Umur cadangan"), and what is on tape.

A copy is verified once a check of the tool's own passed after it was made. A report that is too old proves what it
told, not what has come since: a copy that is still young enough by it is good, all else is unknown. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.inventory import Backup
from collector.judge.rows import BackupRow, BackupState, TapeCopy
from collector.judge.told import BackupTold, VolumeTold
from collector.measure.states import Fields

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LATE_INTERVALS = 3
LEAST_SILENT_MS = HOUR_MS
MOST_SILENT_MS = 25 * HOUR_MS
"""A report is too old after three of a job's own intervals, within these bounds: many are told once a day."""

SAME_REPORT_MS = 300_000
"""Volumes are told together with their job, within so much time."""


@dataclass(frozen=True, slots=True)
class _Test:
    """The newest restore test, and the newest one that passed."""

    at_ms: int | None
    passed: bool | None
    manual: bool
    passed_ms: int | None


def backup_row(told: BackupTold, *, at_ms: int) -> BackupRow:
    """Judge a job at ``at_ms``: the close of the month, or now."""
    backup, fields, seen_ms = told.backup, told.fields, told.seen_ms
    silent = seen_ms is None or at_ms - seen_ms > _patience(told.interval_ms)
    full_ms, verified_ms = _at(fields, "last_full_timestamp_seconds"), told.verified_ms
    copy_ms = _verified_full(told, full_ms)
    policy_ms = backup.full_every_days * DAY_MS
    age_ms = None if copy_ms is None else max(at_ms - copy_ms, 0)
    test = _test(told)
    tapes = tuple(_tape(item, told, policy_ms, at_ms) for item in _newest_first(told.volumes))
    success_ms = _at(fields, "last_success_timestamp_seconds")
    return BackupRow(
        backup=backup,
        state=_state(age_ms, policy_ms, silent=silent, told=seen_ms is not None),
        age_ms=age_ms,
        policy_ms=policy_ms,
        run_ms=_at(fields, "last_run_timestamp_seconds"),
        success_ms=success_ms,
        full_ms=full_ms,
        verified_ms=verified_ms,
        verified_full_ms=copy_ms,
        restore_test_ms=test.at_ms,
        restore_test_passed=test.passed,
        restore_test_manual=test.manual,
        verify_overdue=_overdue(verified_ms, backup.verify_every_days * DAY_MS, at_ms, silent=silent),
        restore_test_overdue=_overdue(test.passed_ms, backup.restore_test_every_days * DAY_MS, at_ms, silent=silent),
        rpo_late=_overdue(success_ms, backup.rpo_hours * HOUR_MS, at_ms, silent=silent),
        last_ok=_flag(fields, "last_ok"),
        fault=_whole(fields, "fault"),
        size_bytes=_whole(fields, "last_size_bytes"),
        files=_whole(fields, "last_files"),
        errors=_whole(fields, "last_errors"),
        duration_s=fields.get("last_duration_seconds"),
        copies=_whole(fields, "copies"),
        next_due_ms=_at(fields, "next_due_timestamp_seconds"),
        tapes=tapes,
        tape_ok=_enough(tapes, backup, silent=silent),
        offsite_ok=_offsite(tapes, backup, silent=silent),
        seen_ms=seen_ms,
        silent=silent,
    )


def _patience(interval_ms: int) -> int:
    return min(max(LATE_INTERVALS * interval_ms, LEAST_SILENT_MS), MOST_SILENT_MS)


def _at(fields: Fields, name: str) -> int | None:
    return round(fields[name] * 1000) if name in fields else None


def _whole(fields: Fields, name: str) -> int | None:
    return int(fields[name]) if name in fields else None


def _flag(fields: Fields, name: str) -> bool | None:
    return bool(fields[name]) if name in fields else None


def _verified_full(told: BackupTold, full_ms: int | None) -> int | None:
    """Return the newest full copy that was verified; one that is newer than the newest by now is gone."""
    if full_ms is None or not told.backup.verify_every_days:
        return full_ms
    verified_ms = told.verified_ms
    known = (at for at in (*told.fulls_ms, full_ms) if verified_ms is not None and at <= min(verified_ms, full_ms))
    return max(known, default=None)


def _state(age_ms: int | None, policy_ms: int, *, silent: bool, told: bool) -> BackupState | None:
    if age_ms is not None and age_ms <= policy_ms:
        return BackupState.BAIK
    if silent or not told:
        return None
    if age_ms is None:
        return BackupState.TIDAK_ADA
    return BackupState.TERLAMBAT if 2 * age_ms <= 3 * policy_ms else BackupState.KRITIS


def _overdue(last_ms: int | None, limit_ms: int, at_ms: int, *, silent: bool) -> bool | None:
    """Tell whether something is older than agreed; None where nothing is asked, or where the news are too old."""
    if not limit_ms:
        return None
    if last_ms is not None and at_ms - last_ms <= limit_ms:
        return False
    return None if silent else True


def _test(told: BackupTold) -> _Test:
    at_ms = _at(told.fields, "last_restore_test_timestamp_seconds")
    passed = _flag(told.fields, "restore_test_passed")
    tests = [(at, good, True) for at, good in told.tests]
    if at_ms is not None:
        tests.append((at_ms, passed is True, False))
    if not tests:
        return _Test(None, None, False, None)
    newest, good, manual = max(tests)
    outcome = passed if not manual else good
    return _Test(newest, outcome, manual, max((at for at, fine, _ in tests if fine), default=None))


def _newest_first(volumes: Sequence[VolumeTold]) -> list[VolumeTold]:
    return sorted(volumes, key=lambda item: (-(_at(item.fields, "copy_timestamp_seconds") or 0), item.volume))


def _tape(item: VolumeTold, told: BackupTold, policy_ms: int, at_ms: int) -> TapeCopy:
    time_ms = _at(item.fields, "copy_timestamp_seconds")
    on_tape, usable = _flag(item.fields, "copy_on_tape"), _flag(item.fields, "copy_usable")
    told_now = told.seen_ms is not None and item.seen_ms >= told.seen_ms - SAME_REPORT_MS
    young = time_ms is not None and 2 * (at_ms - time_ms) <= 3 * policy_ms
    return TapeCopy(
        volume=item.volume,
        pool=item.pool,
        slot=item.slot,
        time_ms=time_ms,
        size_bytes=_whole(item.fields, "copy_size_bytes"),
        on_tape=on_tape,
        offsite=_flag(item.fields, "copy_offsite"),
        usable=usable,
        valid=bool(on_tape and usable and told_now and young),
    )


def _enough(tapes: Sequence[TapeCopy], backup: Backup, *, silent: bool) -> bool | None:
    """Tell whether as many full copies as agreed are on tape; None where none is asked for, or it is unknown."""
    if not backup.tape_copies:
        return None
    if len({item.volume for item in tapes if item.valid}) >= backup.tape_copies:
        return True
    return None if silent else False


def _offsite(tapes: Sequence[TapeCopy], backup: Backup, *, silent: bool) -> bool | None:
    """Tell whether a full copy on tape lies off site; None where that is not asked for, or unknown."""
    if not backup.offsite:
        return None
    valid = [item for item in tapes if item.valid]
    if any(item.offsite for item in valid):
        return True
    return None if silent or any(item.offsite is None for item in valid) else False

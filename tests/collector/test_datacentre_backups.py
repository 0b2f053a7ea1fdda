"""Backups by the age of their newest full, verified copy; what is on tape; what silence says and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.inventory import Backup
from collector.judge.backups import DAY_MS, HOUR_MS, backup_row
from collector.judge.rows import BackupRow, BackupState
from collector.judge.told import BackupTold, VolumeTold

NOW = 20_000 * DAY_MS
POLICY = Backup("b", "s1", "s1", "job", "bacula", full_every_days=7, verify_every_days=30, tape_copies=1, offsite=True)
TAPE = {"copy_on_tape": 1, "copy_usable": 1, "copy_offsite": 1}


def at(days: float) -> float:
    """Return the Unix second that is so many days before NOW."""
    return (NOW - days * DAY_MS) / 1000


def told(*, full: float | None = 1, verified: float | None = 0.5, seen_hours: float = 0.5, **more: Any) -> BackupTold:
    fields = {} if full is None else {"last_full_timestamp_seconds": at(full)}
    made = BackupTold(
        backup=POLICY,
        seen_ms=round(NOW - seen_hours * HOUR_MS),
        interval_ms=HOUR_MS,
        fields=fields,
        fulls_ms=() if full is None else (round(at(full) * 1000),),
        verified_ms=None if verified is None else round(at(verified) * 1000),
        volumes=(),
        tests=(),
    )
    return replace(made, **more)


def judged(item: BackupTold) -> BackupRow:
    return backup_row(item, at_ms=NOW)


@pytest.mark.parametrize(
    ("days", "state"),
    [(0, "BAIK"), (7, "BAIK"), (7.001, "TERLAMBAT"), (10.5, "TERLAMBAT"), (10.501, "KRITIS"), (400, "KRITIS")],
)
def test_the_state_follows_from_the_age_against_the_policy(days: float, state: str) -> None:
    row = judged(told(full=days, verified=0))
    assert (row.state, row.age_ms) == (BackupState[state], round(days * DAY_MS))


def test_a_copy_that_was_never_verified_is_none_unless_no_verification_is_asked_for() -> None:
    assert judged(told(verified=None)).state is BackupState.TIDAK_ADA
    assert judged(told(verified=2)).state is BackupState.TIDAK_ADA  # the check was before the copy
    trusting = replace(POLICY, verify_every_days=0)
    assert judged(told(verified=None, backup=trusting)).state is BackupState.BAIK


def test_the_newest_copy_that_a_later_check_proves_counts() -> None:
    copies = tuple(round(at(days) * 1000) for days in (9, 8, 1))
    row = judged(told(full=1, verified=3, fulls_ms=copies))
    assert (row.verified_full_ms, row.state) == (copies[1], BackupState.TERLAMBAT)
    assert row.full_ms == copies[2]


def test_a_copy_that_the_newest_report_knows_no_more_does_not_count() -> None:
    row = judged(told(full=50, verified=1, fulls_ms=(round(at(2) * 1000),)))
    assert (row.state, row.verified_full_ms) == (BackupState.KRITIS, round(at(50) * 1000))


def test_no_full_copy_is_none_even_where_there_were_some_before() -> None:
    row = judged(told(full=None, fulls_ms=(round(at(2) * 1000),)))
    assert (row.state, row.age_ms, row.verified_full_ms) == (BackupState.TIDAK_ADA, None, None)


def test_silence_proves_no_lateness_and_takes_no_young_copy_away() -> None:
    assert judged(told(full=1, seen_hours=30)).state is BackupState.BAIK
    row = judged(told(full=9, seen_hours=30))
    assert (row.state, row.silent, row.verify_overdue, row.tape_ok) == (None, True, False, None)
    never = judged(BackupTold(POLICY, None, 0, {}, (), None, (), ()))
    assert (never.state, never.silent, never.restore_test_overdue, never.rpo_late) == (None, True, None, None)


def test_what_is_told_once_a_day_is_not_silent_after_an_hour() -> None:
    assert judged(told(seen_hours=20, interval_ms=24 * HOUR_MS)).silent is False
    assert judged(told(seen_hours=20, interval_ms=HOUR_MS)).silent is True
    assert judged(told(seen_hours=26, interval_ms=24 * HOUR_MS)).silent is True


@pytest.mark.parametrize(
    ("fields", "tests", "expected"),
    [
        ({}, (), (None, None, False, True)),
        ({"last_restore_test_timestamp_seconds": at(10), "restore_test_passed": 1}, (), (10, True, False, False)),
        ({"last_restore_test_timestamp_seconds": at(10), "restore_test_passed": 0}, (), (10, False, False, True)),
        ({"last_restore_test_timestamp_seconds": at(200), "restore_test_passed": 1}, (), (200, True, False, True)),
        ({"last_restore_test_timestamp_seconds": at(200), "restore_test_passed": 1}, (5,), (5, True, True, False)),
        ({"last_restore_test_timestamp_seconds": at(3), "restore_test_passed": 0}, (5,), (3, False, False, False)),
    ],
)
def test_a_restore_test_is_overdue_until_one_within_the_policy_passed(
    fields: dict[str, float], tests: tuple[int, ...], expected: tuple[Any, ...]
) -> None:
    by_hand = tuple((round(at(days) * 1000), True) for days in tests)
    row = judged(told(fields={**told().fields, **fields}, tests=by_hand))
    days = None if row.restore_test_ms is None else (NOW - row.restore_test_ms) // DAY_MS
    assert (days, row.restore_test_passed, row.restore_test_manual, row.restore_test_overdue) == expected


def volume(name: str, days: float = 1, *, seen_hours: float = 0.5, **fields: int) -> VolumeTold:
    told_fields = {**TAPE, "copy_timestamp_seconds": at(days), **fields}
    return VolumeTold(name, "Full", "", round(NOW - seen_hours * HOUR_MS), told_fields)


@pytest.mark.parametrize(
    ("volumes", "copies", "enough", "offsite"),
    [
        ((), 1, False, False),
        ((volume("A"),), 1, True, True),
        ((volume("A"), volume("A", 2)), 2, False, True),
        ((volume("A"), volume("B", copy_offsite=0)), 2, True, True),
        ((volume("A", copy_on_tape=0),), 1, False, False),
        ((volume("A", copy_usable=0),), 1, False, False),
        ((volume("A", 10.6),), 1, False, False),
        ((volume("A", seen_hours=3),), 1, False, False),
        ((volume("A", copy_offsite=0),), 1, True, False),
        ((volume("A"),), 0, None, True),
    ],
)
def test_a_copy_on_tape_counts_while_it_is_usable_young_and_still_told(
    volumes: tuple[VolumeTold, ...], copies: int, enough: bool | None, offsite: bool
) -> None:
    row = judged(told(volumes=volumes, backup=replace(POLICY, tape_copies=copies)))
    assert (row.tape_ok, row.offsite_ok) == (enough, offsite)
    assert len(row.tapes) == len(volumes)


def test_where_a_tape_lies_is_unknown_where_nobody_tells() -> None:
    fields = {name: value for name, value in volume("A").fields.items() if name != "copy_offsite"}
    row = judged(told(volumes=(replace(volume("A"), fields=fields),)))
    assert (row.tape_ok, row.offsite_ok, row.tapes[0].offsite) == (True, None, None)


@given(
    full=st.none() | st.integers(0, 60),
    verified=st.none() | st.integers(0, 60),
    older=st.lists(st.integers(0, 60), max_size=4),
    seen=st.integers(0, 100),
)
def test_good_is_never_said_without_a_copy_that_proves_it(
    full: int | None, verified: int | None, older: list[int], seen: int
) -> None:
    fulls = tuple(round(at(days) * 1000) for days in older)
    row = judged(told(full=full, verified=verified, seen_hours=seen, fulls_ms=fulls))
    least = None if full is None or verified is None else max(full, verified)
    proven = [days for days in (*older, full) if least is not None and days is not None and least <= days <= 7]
    assert (row.state is BackupState.BAIK) == bool(proven)

"""Marker files, and the model of a backup job that every tool's input fills."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.backup import BackupError, Copy, Expected, Fault, Job, Level, completed, each, told
from agent.catalogue import RAW
from agent.clock import ManualClock
from agent.gather import look
from agent.marker import Marker, MarkerError, read
from agent.reading import Reading, decode, encode
from agent.source import Env

NOW = 1_795_500_000
AT = 1_795_118_400.0  # 2026-11-20T03:00:00+07:00


def env() -> Env:
    clock = ManualClock(NOW * 10**9)
    return Env("srv-a", look(clock), clock)


def test_a_marker_tells_its_outcome_and_time_in_its_own_zone(tmp_path: Path) -> None:
    path = tmp_path / "m"
    for text, passed in (("OK", True), ("GAGAL", False), ("OKE", False)):
        path.write_text(f"{text} 2026-11-20T03:00:00+07:00 oleh cron\nOK nothing more is read\n")
        assert read(path, now_s=NOW) == Marker(passed, AT)


def test_no_marker_is_unknown(tmp_path: Path) -> None:
    assert read(tmp_path / "none", now_s=NOW) is None


@pytest.mark.parametrize("text", ["", "OK", "OK 2026-11-20T03:00:00", "OK kemarin", "2026-11-20T03:00:00+07:00"])
def test_a_marker_without_a_zoned_time_is_refused_with_its_mend(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m"
    path.write_text(text)
    with pytest.raises(MarkerError, match=r"m: not a marker \(.*\); write it with: .*date --iso-8601=seconds"):
        read(path, now_s=NOW)


def test_a_marker_from_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_text("OK 2027-11-20T03:00:00+07:00")
    with pytest.raises(MarkerError, match="future"):
        read(path, now_s=NOW)


def test_the_model_has_the_fields_of_the_catalogue() -> None:
    of_model = {*Job.__slots__, *Copy.__slots__}
    assert of_model == {*RAW["nadi_backup"].fields, *RAW["nadi_backup"].tags} - {"device"}


def test_what_is_unknown_is_absent_and_flags_are_integers() -> None:
    found = told(Job(job="simpeg", engine="restic", last_ok=False, fault=Fault.ERRORS, level=Level.FULL), env())
    assert found.fields == {"last_ok": 0, "fault": 2, "level": 1}
    assert found.tags == (("device", "srv-a"), ("engine", "restic"), ("job", "simpeg"))
    copy = told(Copy(job="j", engine="bacula", volume="LTO1", copy_on_tape=True, copy_timestamp_seconds=AT), env())
    assert copy.fields == {"copy_timestamp_seconds": AT, "copy_on_tape": 1}
    good, bad = decode(encode((found, copy)))
    assert (good, bad) == ([found, copy], [])


def test_a_time_in_the_future_proves_no_backup_but_the_next_one_may_lie_there() -> None:
    later = NOW + 86_400.0
    job = Job(job="j", engine="e", last_success_timestamp_seconds=later, next_due_timestamp_seconds=later)
    assert told(job, env()).fields == {"next_due_timestamp_seconds": later}


def marked(tmp_path: Path, *, verified: str, restored: str) -> tuple[Expected, Job]:
    paths = tmp_path / "verified", tmp_path / "restored"
    for path, text in zip(paths, (verified, restored), strict=True):
        path.write_text(text)
    expected = Expected(name="j", verified_file=paths[0], restore_test_file=paths[1])
    return expected, Job(job="j", engine="e", last_ok=True)


def test_markers_complete_a_job(tmp_path: Path) -> None:
    expected, job = marked(tmp_path, verified="OK 2026-11-20T03:00:00+07:00", restored="GAGAL 2026-11-19T20:00:00Z")
    (found,) = completed(job, expected, env())
    assert found.fields["last_verified_timestamp_seconds"] == AT
    assert found.fields["last_restore_test_timestamp_seconds"] == AT
    assert (found.fields["restore_test_passed"], found.fields["last_ok"]) == (0, 1)


def test_a_check_that_failed_is_damage(tmp_path: Path) -> None:
    expected, job = marked(tmp_path, verified="GAGAL 2026-11-20T03:00:00+07:00", restored="OK 2026-11-19T20:00:00Z")
    (found,) = completed(job, expected, env())
    assert (found.fields["last_ok"], found.fields["fault"]) == (0, 6)
    assert "last_verified_timestamp_seconds" not in found.fields


def test_a_broken_marker_costs_only_itself(tmp_path: Path) -> None:
    expected, job = marked(tmp_path, verified="what", restored="OK 2026-11-19T20:00:00Z")
    told_of = completed(job, expected, env())
    assert next(told_of).fields == {
        "last_restore_test_timestamp_seconds": AT,
        "restore_test_passed": 1,
        "last_ok": 1,
    }
    with pytest.raises(MarkerError, match="not a marker"):
        next(told_of)


def test_one_job_that_fails_hides_no_other() -> None:
    def look_at(expected: Expected) -> Iterator[Reading]:
        if expected.name != "b":
            raise BackupError("no repository")
        yield told(Job(job=expected.name, engine="e"), env())

    found = each([Expected(name=name) for name in "abc"], look_at)
    assert next(found).tag("job") == "b"
    with pytest.raises(BackupError, match=r"^a: no repository; c: no repository$"):
        next(found)


@pytest.mark.parametrize(
    ("size", "files", "before", "fault"),
    [
        (100, 5, 150, None),
        (100, 0, None, Fault.NO_FILES),
        (100, 2, None, Fault.TOO_SMALL),
        (99, 5, None, Fault.TOO_SMALL),
        (100, 5, 201, Fault.NOT_GROWING),
        (None, None, 201, None),
    ],
)
def test_size_and_files_judge_an_attempt(size: int | None, files: int | None, before: int, fault: Fault | None) -> None:
    expected = Expected(name="j", minimum_bytes=100, minimum_files=3)
    assert expected.fault(size_bytes=size, files=files, before_bytes=before) == fault

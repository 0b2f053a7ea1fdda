"""The exact figures beside a report: read again as they were, or not at all."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from agent.identity import Key
from collector.judge.month import Evaluation
from collector.judge.past import KeptMonth
from collector.judge.planning import plan
from collector.report import kept, trends
from tests.collector.report_sample import CASES, sample

KEY = Key(bytes(32))
VERSION = "ab" * 32


@pytest.fixture
def evaluation() -> Evaluation:
    made = sample(cases=CASES)
    changed = replace(made.opds[0].unduh, status_p95=Fraction(7, 3), status_coverage=Fraction(4, 5))
    return replace(made, opds=(replace(made.opds[0], unduh=changed), *made.opds[1:]))


@pytest.fixture
def path(tmp_path: Path, evaluation: Evaluation) -> Path:
    made = tmp_path / "1-tepat.json"
    kept.write(KeptMonth.of(evaluation), manifest_sha256=VERSION, key=KEY, path=made)
    return made


def test_what_was_kept_is_read_again_exactly(path: Path, evaluation: Evaluation) -> None:
    found = kept.read(path, manifest_sha256=VERSION, public=KEY.public)
    assert found == KeptMonth.of(evaluation)
    assert any(opd.unduh.p95 is not None and opd.unduh.p95.denominator > 1 for opd in found.opds)
    assert any(opd.unduh.p95 is None for opd in found.opds), "unknown stays unknown"


def test_a_plan_and_a_trend_from_what_was_kept_are_those_from_the_evaluation(evaluation: Evaluation) -> None:
    before = replace(evaluation, month=evaluation.month.shifted(-1))
    held = KeptMonth.of(before)
    assert plan(evaluation, past=[held] * 6, asked={}) == plan(evaluation, past=[before] * 6, asked={})
    assert plan(evaluation, past=[held] * 6, asked={}) != plan(evaluation, past=[], asked={})
    assert trends.series(evaluation, [held]) == trends.series(evaluation, [before]) != trends.series(evaluation, [])


def test_what_was_touched_is_of_another_version_or_signed_by_another_is_not_used(path: Path) -> None:
    whole = path.read_bytes()
    assert kept.read(path, manifest_sha256="cd" * 32, public=KEY.public) is None
    assert kept.read(path, manifest_sha256=VERSION, public=Key(b"x" * 32).public) is None
    assert kept.read(path.with_name("2-tepat.json"), manifest_sha256=VERSION, public=KEY.public) is None
    for broken in (whole.replace(b"JENUH", b"WAJAR", 1), whole[:-9], b"", b"no base64\n{}"):
        assert broken != whole
        path.write_bytes(broken)
        assert kept.read(path, manifest_sha256=VERSION, public=KEY.public) is None

"""The checkers of the laboratory find what they are there to find."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import evidence, namespaces
from tests.lab.evidence import Key, Sample, Taken


def key(seq: int, digest: str = "aa") -> Key:
    return ("agent", seq, digest)


def test_a_history_without_faults_has_none_and_the_unfinished_reading_may_be_missing_or_there() -> None:
    taken = {key(0): True, key(1): False}
    assert evidence.faults(taken=taken, stored=[key(0)]) == []
    assert evidence.faults(taken=taken, stored=[key(1), key(0)]) == []


def test_a_lost_a_doubled_and_an_invented_batch_are_found() -> None:
    taken = {key(0): True, key(1): True}
    found = evidence.faults(taken=taken, stored=[key(1), key(1), key(7), key(0, "bb")])
    assert [fault.split(":")[0] for fault in found] == ["lost", "twice", "never taken", "never taken"]


def test_a_reading_outside_the_looks_around_it_is_found() -> None:
    looks = [Sample(ms * 1_000_000, ms * 1_000_000, ms * 10, ms * 20) for ms in range(0, 1000, 50)]
    assert evidence.unproved([Taken(500, 0, 5000, 10000)], looks, slack_ms=20) == []
    wrong = [Taken(500, 0, 6000, 10000), Taken(600, 0, 6000, 9000)]
    assert evidence.unproved(wrong, looks, slack_ms=20) == wrong


def test_a_difference_is_split_over_the_bins_that_it_touches() -> None:
    octets, covered = evidence.bins([(0, 0), (3000, 300), (7000, 700)], start_ms=1000, width_ms=5000, count=2)
    assert list(map(float, octets + covered)) == [500, 100, 5000, 1000]


def test_in_ci_a_missing_tool_fails_and_elsewhere_it_skips(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs the program ip"):
        namespaces.require()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED"):
        namespaces.require()

"""Counter rules of spec/evaluation.md section 3 and 3a: a case is a folder of readings and what they are worth."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from collector.measure.counters import CounterSeries, Verdict, deltas
from tests.collector import oracle
from tests.collector.oracle import Grown, Read
from tests.collector.readings import as_grown, series

CASES = sorted((Path(__file__).parents[1] / "cases" / "counters").iterdir())


def rows(path: Path) -> list[dict[str, int | None]]:
    with path.open(newline="") as file:
        return [{name: int(value) if value else None for name, value in row.items()} for row in csv.DictReader(file)]


def readings(folder: Path) -> list[Read]:
    return [
        Read(**{name: value for name, value in row.items() if value is not None})
        for row in rows(folder / "readings.csv")
    ]


def worth(folder: Path) -> list[Grown]:
    with (folder / "deltas.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    return [Grown(int(r["start_ms"]), int(r["end_ms"]), int(r["octets"]), r["verdict"]) for r in found]


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_readings_are_worth_what_the_case_says(folder: Path) -> None:
    case = tomllib.loads((folder / "case.toml").read_text())
    port, cache = case.get("port_bps", 0), case.get("cache_s", 0)
    got = deltas(series(readings(folder)), port_bps=port, cache_s=cache)
    assert as_grown(got) == worth(folder), case["says"]
    assert got.contradictory_ms.tolist() == case.get("contradictory", [])


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_oracle_says_the_same_of_every_case(folder: Path) -> None:
    case = tomllib.loads((folder / "case.toml").read_text())
    found, _ = oracle.grown(readings(folder), port_bps=case.get("port_bps", 0), cache_s=case.get("cache_s", 0))
    assert found == worth(folder), case["says"]


def test_no_reading_gives_no_delta() -> None:
    assert len(deltas(series([])).octets) == 0


def test_a_broadcast_constant_is_a_column_like_any_other() -> None:
    reads = [Read(time_ms=i * 60_000, octets=i, boot=1, boot_ms=i * 60_000, speed=10**9, index=1) for i in range(50)]
    full = series(reads)
    lean = CounterSeries(
        full.time_ms,
        *(np.broadcast_to(np.int64(1), 50), full.boot_ms, full.octets, np.broadcast_to(np.int64(64), 50)),
        *(np.broadcast_to(np.int64(value), 50) for value in (10**9, -1, -1, 1)),
    )
    assert as_grown(deltas(lean)) == as_grown(deltas(full))


@pytest.mark.parametrize("position", range(1, 30))
def test_a_reset_at_any_position_costs_one_delta(position: int) -> None:
    reads = [
        Read(time_ms=i * 60_000, octets=(i - position * (i >= position)) * 1000, boot=int(i >= position), boot_ms=i)
        for i in range(30)
    ]
    got = deltas(series(reads))
    assert [i for i, verdict in enumerate(got.verdict) if verdict == Verdict.RESET] == [position - 1]
    assert int(got.octets.sum()) == 28 * 1000


def polled(*states: tuple[int, int, int]) -> list[Read]:
    """Polls each minute, 6000 octets a minute; a state is boot of the poller, its boot ms, uptime of the device."""
    return [
        Read(time_ms=60_000 * i, octets=6000 * i, boot=boot, boot_ms=boot_ms, uptime=uptime)
        for i, (boot, boot_ms, uptime) in enumerate(states)
    ]


def test_a_restart_of_the_poller_is_no_reset_of_the_device() -> None:
    reads = polled((1, 600_000, 50_000), (1, 660_000, 56_000), (2, 40_000, 62_000), (2, 100_000, 68_000))
    got = deltas(series(reads))
    assert [Verdict(v) for v in got.verdict] == [Verdict.VALID] * 3
    assert got.octets.tolist() == [6000] * 3


def test_a_restart_of_the_device_is_a_reset_whatever_the_poller_did() -> None:
    for boot in (1, 2):
        reads = polled((1, 600_000, 50_000), (boot, 660_000, 3_000))
        assert [Verdict(v) for v in deltas(series(reads)).verdict] == [Verdict.RESET]


def test_a_poller_that_comes_back_with_a_wrong_clock_measures_nothing_across_it() -> None:
    reads = polled((1, 600_000, 50_000), (2, 660_000, 51_000))
    assert [Verdict(v) for v in deltas(series(reads)).verdict] == [Verdict.RESET], "10 s in truth"


def test_an_uptime_that_only_one_reading_tells_leaves_the_boot_id_to_judge() -> None:
    one, two = polled((1, 600_000, 50_000), (2, 40_000, 56_000))
    assert [Verdict(v) for v in deltas(series([one, replace(two, uptime=None)])).verdict] == [Verdict.RESET]

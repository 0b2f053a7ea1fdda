"""Gather turns a failing input into a reading, and the agent measures itself."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest

from agent.clock import NS, ManualClock
from agent.gather import Gatherer, itself, look
from agent.reading import Reading, decode, reading
from agent.source import Env, Input, Target
from agent.spool import State

START = 1_800_000_000 * NS


def good(config: object, env: Env) -> Iterator[Reading]:
    yield reading("nadi_host", {"load1": 0.5}, env.time_ns(), host=env.device)


def failing(config: str, env: Env) -> Iterator[Reading]:
    yield reading("nadi_host", {"load5": 0.25}, env.time_ns(), host=env.device)
    raise OSError(config)


def impossible(config: object, env: Env) -> Iterator[Reading]:
    yield reading("nadi_host", {"load1": float("nan")}, env.time_ns(), host=env.device)


def gathered(*inputs: Input) -> list[Reading]:
    clock = ManualClock(START)
    readings, bad = decode(Gatherer(clock).device(Target("d", inputs), look(clock)))
    assert bad == []
    return readings


def test_a_failing_input_leaves_the_others_and_is_a_reading() -> None:
    found = gathered(Input("bad", "gone", failing), Input("nan", None, impossible), Input("good", None, good))
    up = {r.tag("input"): r.fields["up"] for r in found if r.measurement == "nadi_input"}
    assert up == {"bad": 0, "nan": 0, "good": 1}
    assert {"load1", "load5"} == {name for r in found if r.measurement == "nadi_host" for name in r.fields}


def test_a_failure_is_said_once_and_its_end_once(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock(START)
    gatherer = Gatherer(clock)
    for source in (failing, failing, good, good, failing):
        gatherer.device(Target("d", (Input("i", "gone", source),)), look(clock))
    assert capsys.readouterr().err.splitlines() == [
        "ERROR gather: d: input i fails: OSError: gone",
        "WARNING gather: d: input i works again",
        "ERROR gather: d: input i fails: OSError: gone",
    ]


def test_the_agent_tells_its_memory_time_and_spool() -> None:
    clock = ManualClock(START)
    env = Env("d", look(clock), clock)
    (own,), _ = decode(itself("a", State(10, 20, None, 3, 4), env))
    assert own.tags == (("agent", "a"),)
    assert "spool_oldest_timestamp_seconds" not in own.fields
    assert own.fields["spool_dropped_total"] == 3
    assert own.fields["memory_bytes"] == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    (own,), _ = decode(itself("a", State(10, 20, START, 3, 4), env))
    assert own.fields["spool_oldest_timestamp_seconds"] == START / NS


def test_a_line_of_the_log_is_one_printable_line(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock(START)
    Gatherer(clock).device(Target("d", (Input("i", "two\nlines\x1b[31m", failing),)), look(clock))
    assert capsys.readouterr().err == "ERROR gather: d: input i fails: OSError: two; lines?[31m\n"


def test_under_systemd_a_line_begins_with_its_priority(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    clock = ManualClock(START)
    Gatherer(clock).device(Target("d", (Input("i", "gone", failing),)), look(clock))
    assert capsys.readouterr().err.startswith("<3>gather: ")

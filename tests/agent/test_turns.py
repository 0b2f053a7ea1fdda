"""Inputs with turns of their own: what hangs costs only itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from agent.clock import Moment, SystemClock
from agent.gather import Gatherer
from agent.reading import Reading, decode, reading
from agent.source import Env, Input, Target
from agent.turns import Turns, parted


@dataclass(frozen=True)
class Slow:
    interval: int = 1


@dataclass(frozen=True)
class Quick:
    pass


def boot_time(config: object, env: Env) -> Iterator[Reading]:
    yield reading("nadi_host", {"boot_time_seconds": 1.0}, env.time_ns(), host=env.device)


def fails(config: object, env: Env) -> Iterator[Reading]:
    raise OSError("the tool is not there")
    yield


class Kept:
    def __init__(self) -> None:
        self.lines: list[tuple[str, bytes, Moment]] = []

    def __call__(self, device: str, lines: bytes, anchor: Moment) -> None:
        self.lines.append((device, lines, anchor))

    def of(self, device: str) -> list[Reading]:
        return [item for name, lines, _ in list(self.lines) if name == device for item in decode(lines)[0]]


def started(targets: tuple[Target, ...], kept: Kept) -> Turns:
    clock = SystemClock()
    turns = Turns(targets, gatherer=Gatherer(clock), clock=clock, keep=kept)
    turns.start()
    return turns


def test_inputs_with_an_interval_leave_the_cycle() -> None:
    quick, slow = Input("a", Quick(), boot_time), Input("b", Slow(), boot_time)
    cycle, own = parted((Target("x", (quick, slow)), Target("y", (slow,))))
    assert cycle == (Target("x", (quick,)),)
    assert own == (Target("x", (slow,)), Target("y", (slow,)))


def test_an_input_that_hangs_or_fails_costs_only_itself() -> None:
    release, kept, begun = threading.Event(), Kept(), []

    def hangs(config: object, env: Env) -> Iterator[Reading]:
        begun.append(env.anchor)
        release.wait(20)
        yield from boot_time(config, env)

    collects = {"hangs": hangs, "fails": fails, "works": boot_time}
    targets = tuple(Target(name, (Input(name, Slow(), collect),)) for name, collect in collects.items())
    turns = started(targets, kept)
    time.sleep(2.5)
    assert turns.alive
    turns.stop()
    assert kept.of("hangs") == []
    assert len(begun) == 1, "its next turns are left out while one lasts"
    up = {name: [r.fields["up"] for r in kept.of(name) if r.measurement == "nadi_input"] for name in collects}
    assert set(up["fails"]) == {0}
    assert set(up["works"]) == {1}
    assert 2 <= len(up["works"]) <= 4, "one turn at the start, then one each second"
    release.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_the_program_is_seen() -> None:
    def broken(device: str, lines: bytes, anchor: Moment) -> None:
        raise SystemExit

    clock = SystemClock()
    turns = Turns((Target("x", (Input("b", Slow(), boot_time),)),), gatherer=Gatherer(clock), clock=clock, keep=broken)
    turns.start()
    deadline = time.monotonic() + 5
    while turns.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not turns.alive


def test_threads_last_only_as_long_as_their_turns() -> None:
    kept = Kept()
    before = threading.active_count()
    turns = started(tuple(Target(name, (Input("b", Slow(60), boot_time),)) for name in "pqrstu"), kept)
    deadline = time.monotonic() + 5
    while len(kept.lines) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    assert (len(kept.lines), threading.active_count()) == (6, before + 1), "one thread waits for all of them"
    assert turns.alive
    turns.stop()


def test_nothing_of_a_turn_that_outlasts_the_stop_is_kept() -> None:
    release, kept = threading.Event(), Kept()

    def late(config: object, env: Env) -> Iterator[Reading]:
        release.wait(20)
        yield from boot_time(config, env)

    turns = started((Target("x", (Input("b", Slow(), late),)),), kept)
    turns.stop()
    release.set()
    time.sleep(0.2)
    assert kept.lines == []
    assert turns.alive

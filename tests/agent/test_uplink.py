"""The uplink against a real HTTP server that speaks the real contract, and misbehaves (F04, F13, F14)."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.channel import Channel
from agent.channel import Config as ChannelConfig
from agent.clock import NS, ManualClock, Moment
from agent.envelope import Envelope
from agent.identity import Key
from agent.spool import Config, Spool
from agent.uplink import MAX_POST, Backoff, Uplink
from tests.agent.sink import Sink

KEY = Key(b"\x01" * 32)
LINE = b"nadi_input,device=d,input=host up=1i,duration_seconds=0.1 %d\n"


class Node:
    """A spool with an uplink to a sink; ``turn`` sends one POST in this thread."""

    def __init__(self, directory: Path, sink: Sink, *, timeout: float = 5.0) -> None:
        self.clock = ManualClock(1_800_000_000 * NS, boot_id="boot-1")
        self.spool = Spool(directory, Config(), self.clock)
        self.channel = Channel(ChannelConfig(sink.url, timeout=timeout))
        self.uplink = Uplink(
            channel=self.channel,
            collector_key=sink.key.public,
            spool=self.spool,
            clock=self.clock,
            backoff=Backoff(base_s=0.02, cap_s=0.05),
        )
        self.turn = self.uplink.turn

    def measure(self, count: int, *, lines: bytes = b"") -> None:
        for _ in range(count):
            self.clock.advance(10 * NS)
            now = self.clock.now()

            body = lines or LINE % now.wall_ns

            def seal(run: str, seq: int, now: Moment = now, body: bytes = body) -> bytes:
                sealed = Envelope.seal(
                    body,
                    agent="a",
                    device="d",
                    run=run,
                    seq=seq,
                    boot_id=now.boot_id,
                    wall_ns=now.wall_ns,
                    boot_ns=now.boot_ns,
                    sign=KEY.sign,
                )
                return sealed.to_bytes()

            self.spool.append(seal, now.wall_ns)

    @property
    def waiting(self) -> int:
        return len(self.spool.newest(10**9))


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink(KEY.public)
    yield server
    server.close()


Nodes = Callable[..., Node]


@pytest.fixture
def nodes(tmp_path: Path, sink: Sink) -> Iterator[Nodes]:
    """Return what makes nodes with spools of their own, and closes them at the end."""
    made: list[Node] = []

    def make(**options: float) -> Node:
        made.append(Node(tmp_path / f"spool-{len(made)}", sink, **options))
        return made[-1]

    yield make
    for each in made:
        each.channel.close()
        each.spool.close()


@pytest.fixture
def node(nodes: Nodes) -> Node:
    return nodes()


def test_what_was_measured_is_delivered_once_over_one_connection(node: Node, sink: Sink) -> None:
    for _ in range(5):
        node.measure(1)
        assert node.turn() is not None
    assert node.turn() is None, "nothing waits"
    assert len(sink.kept) == 5
    assert sink.connections == 1
    assert sink.clocks[-1] == f"boot-1 {node.clock.now().wall_ns} {node.clock.now().boot_ns}"
    assert node.spool.mark is not None
    assert node.spool.mark.head == sink.head


@pytest.mark.parametrize(
    "fault", ["portal", "cut", "forged", "other", "status:500", "status:200", "busy:0", "status:403"]
)
def test_whatever_is_not_a_signed_receipt_keeps_the_records(node: Node, sink: Sink, fault: str) -> None:
    node.measure(3)
    sink.script.append(fault)
    assert node.turn() is not None
    assert node.waiting == 3
    node.turn()
    assert node.waiting == 0
    assert len(sink.kept) == 3


def test_a_lost_reply_is_sent_again_and_is_a_duplicate(node: Node, sink: Sink) -> None:
    node.measure(1)
    node.turn()
    node.measure(2)
    sink.script += ["lost", "lost"]
    node.turn()
    assert node.waiting == 2
    assert len(sink.kept) == 3, "the collector had them already"
    node.turn()
    assert node.waiting == 0
    assert len(sink.kept) == 3


def test_a_silent_collector_is_given_up_after_the_timeout(nodes: Nodes, sink: Sink) -> None:
    node = nodes(timeout=1.0)
    node.measure(1)
    sink.script.append("silent:3")
    begun = time.monotonic()
    node.turn()
    assert time.monotonic() - begun < 2
    assert node.waiting == 1


def test_retry_after_is_honoured(node: Node, sink: Sink) -> None:
    node.measure(1)
    sink.script.append("busy:7")
    wait = node.turn()
    assert wait is not None
    assert 7 <= wait <= 7.05


def test_live_readings_go_before_a_backlog(node: Node, sink: Sink) -> None:
    noise = b"".join(b"nadi_input,device=d,input=i%d up=1i %d\n" % (i * 7919, i) for i in range(20_000))
    node.measure(10, lines=noise)
    node.turn()
    assert sink.posts[0][1] <= MAX_POST
    assert node.waiting > 0
    node.measure(1)
    node.turn()
    assert 10 in {seq for _, seq in sink.order}, "the newest went with the next POST"
    while node.turn() is not None:
        assert sink.posts[-1][1] <= MAX_POST
    assert {seq for _, seq in sink.kept} == set(range(11))


def test_a_refused_size_is_halved_until_it_is_taken(node: Node, sink: Sink) -> None:
    node.measure(40)
    sink.script += ["status:413"] * 3
    for _ in range(30):
        node.turn()
    sizes = [size for _, size in sink.posts]
    assert sizes[0] < 40 * 300 / 4
    assert node.waiting == 0


def test_a_poisoned_record_does_not_hold_up_the_others(node: Node, sink: Sink) -> None:
    node.measure(3)
    sink.refused = node.spool.newest(1)[0].payload[:80]
    node.measure(2)
    for _ in range(20):
        node.turn()
    assert {seq for _, seq in sink.kept} == {0, 1, 3, 4}
    assert node.waiting == 1, "it is kept all the same"


@pytest.mark.parametrize("journal", [None, "journal-2"])
def test_a_restored_collector_gets_again_what_it_lost(node: Node, sink: Sink, journal: str | None) -> None:
    node.measure(6)
    node.turn()
    sink.restore(2, journal=journal)
    for _ in range(3):
        node.measure(1)
        node.turn()
        node.turn()
    assert node.waiting == 0
    assert {seq for _, seq in sink.kept} == set(range(9))


def test_duplicates_of_old_length_are_not_taken_for_a_restore(node: Node, sink: Sink) -> None:
    node.measure(4)
    node.turn()
    node.measure(1)
    sink.script.append("lost")
    node.turn()
    node.turn()
    assert node.waiting == 0
    assert len(sink.posts) == 3


def test_what_is_sent_again_after_a_lost_list_of_receipts_is_sent_once(node: Node, sink: Sink, tmp_path: Path) -> None:
    for _ in range(6):
        node.measure(1)
        node.turn()
    node.spool.close()
    (tmp_path / "spool-0" / "settled").unlink()
    node.uplink._spool = node.spool = Spool(tmp_path / "spool-0", Config(), node.clock)
    node.uplink._fitted = lambda took_s: 1  # type: ignore[method-assign]
    node.uplink._limit = 1
    for _ in range(10):
        node.turn()
    assert node.waiting == 0
    assert len(sink.posts) == 6 + 6


def test_a_quarantined_batch_is_settled_and_said(node: Node, sink: Sink, capsys: pytest.CaptureFixture[str]) -> None:
    sink.verdict = lambda envelope: ("quarantined", "device d is not this agent's")
    node.measure(1)
    node.turn()
    assert node.waiting == 0
    assert "device d is not this agent's" in capsys.readouterr().err


def test_a_fork_leaves_the_run_so_that_both_twins_are_stored(nodes: Nodes, sink: Sink, tmp_path: Path) -> None:
    one = nodes()
    one.measure(1)
    shutil.copytree(tmp_path / "spool-0", tmp_path / "spool-1")
    two = nodes()
    two.clock.advance(3 * NS)
    for twin in (one, two, one, two, one, two):
        twin.measure(1)
        twin.turn()
    assert len(sink.kept) == 6, "one of seven is kept aside as a fork, the others are stored"
    runs = {run for run, _ in sink.kept}
    assert len(runs) == 2
    for run in runs:
        assert sorted(seq for name, seq in sink.kept if name == run) in ([0, 1, 2, 3], [2, 3])


def test_back_off_is_full_jitter_also_at_the_cap() -> None:
    backoff = Backoff(base_s=1.0, cap_s=60.0, chance=lambda: 1.0)
    assert [backoff.next() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    backoff.reset()
    assert backoff.next(retry_after_s=30) == 31
    assert Backoff(chance=lambda: 0.0).next() == 0
    assert Backoff(chance=lambda: 0.0).next(retry_after_s=10**9) == 3600
    waits = Backoff(cap_s=60.0)
    drawn = sorted(waits.next() for _ in range(600))[100:]
    assert drawn[0] < 20
    assert 60 > drawn[-1] > 55
    assert 25 < sum(drawn) / len(drawn) < 40


def test_the_thread_delivers_wakes_and_ends(node: Node, sink: Sink) -> None:
    sink.script += ["portal", "busy:0", "cut"]
    node.uplink.start()
    for _ in range(20):
        node.measure(1)
        node.uplink.wake()
        time.sleep(0.01)
    deadline = time.monotonic() + 5
    while len(sink.kept) < 20 and time.monotonic() < deadline:
        time.sleep(0.02)
    node.measure(1)
    node.uplink.stop(5)
    assert not node.uplink.alive
    assert len(sink.kept) == 21, "what waits at the end is sent once more"
    assert threading.active_count() < 20


def test_a_dead_collector_does_not_hold_up_the_end(node: Node, sink: Sink) -> None:
    sink.close()
    node.measure(1)
    node.uplink.start()
    time.sleep(0.2)
    begun = time.monotonic()
    node.uplink.stop(2)
    assert time.monotonic() - begun < 2.5
    assert node.waiting == 1

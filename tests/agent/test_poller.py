"""Many devices in one process: places in the interval, slow and dead devices, times of counters, hints."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from itertools import pairwise

import pytest

from agent.clock import NS
from agent.gather import guarded
from agent.schedule import offset_of
from agent.snmp import message, poller
from agent.snmp.identity import SYS_OBJECT_ID
from agent.snmp.interfaces import HC_IN
from tests.agent.polling import Bench, after, seat
from tests.agent.snmp_agent import UPTIME, Agent, Asked, interfaces, number


def test_the_place_in_the_interval_depends_on_the_name_alone_and_is_even() -> None:
    places = [offset_of(f"rtr-{i}", 60 * NS) / NS for i in range(500)]
    assert offset_of("rtr-7", 60 * NS) == offset_of("rtr-7", 60 * NS) == round(places[7] * NS)
    busiest = max(sum(second <= place < second + 1 for place in places) for second in range(60))
    assert busiest <= 22, "500 in a minute are 8.3 a second; by chance never 22"


def test_each_device_gives_one_envelope_per_interval_in_its_place() -> None:
    with Agent(interfaces(3)) as one, Agent(interfaces(2)) as two:
        seats = [seat("a", one.port, offset=0.25), seat("b", two.port, offset=0.75)]
        with Bench(seats) as bench:
            a, b = bench.wait("a", 3), bench.wait("b", 3)
    for came, place in ((a, 0.25), (b, 0.75)):
        assert all(0 <= one.anchor.wall_ns / NS % 1 - place < 0.1 for one in came)
        assert all(0.9 < (y.anchor.boot_ns - x.anchor.boot_ns) / NS < 1.1 for x, y in pairwise(came))
    assert {r.tag("interface") for r in a[0].all("nadi_interface")} == {"ether1", "ether2", "ether3"}
    device = a[2].fields("nadi_device")
    assert device["up"] == device["info"] == a[2].fields("nadi_input")["up"] == 1
    assert 0 < device["poll_duration_seconds"] < 0.5
    assert 0 <= device["poll_lateness_seconds"] < 0.1
    assert device["last_success_timestamp_seconds"] == pytest.approx(a[2].anchor.wall_ns / NS, abs=0.5)
    assert {r.tag("protocol") for r in a[2].all("nadi_device") if "info" in r.fields} == {"snmpv2c"}


def test_neither_a_dead_nor_a_slow_nor_a_mad_device_delays_another() -> None:
    mad = Agent(interfaces(3), lambda agent, asked: [b"\x30\x82\xff\xff" * 40, b"", agent.honest(asked)[:-3]])
    with Agent(interfaces(3)) as good, Agent(interfaces(3), after(0.4)) as slow, Agent({}) as dead, mad:
        dead.community = b"another"
        seats = [seat("good", good.port, offset=0.5), seat("slow", slow.port), seat("mad", mad.port)]
        seats += [seat("dead", dead.port, timeout_s=0.3, offset=0.45)]
        with Bench(seats) as bench:
            came, lost = bench.wait("good", 3), bench.wait("dead", 2)
            bench.wait("slow", 1)
    assert all(one.fields("nadi_device")["poll_lateness_seconds"] < 0.1 for one in came)
    assert all(one.fields("nadi_device")["poll_duration_seconds"] < 0.2 for one in came)
    assert [one.fields("nadi_device")["up"] for one in lost] == [0, 0]
    assert [one.fields("nadi_input")["up"] for one in lost] == [0, 0]
    assert not any(one.all("nadi_interface") for one in lost), "a silent device has no counters, not zeros"


def test_polls_of_one_device_never_overlap_and_missed_turns_are_left_out() -> None:
    with Agent(interfaces(3), after(0.18)) as slow, Bench([seat("slow", slow.port)]) as bench:
        came = bench.wait("slow", 2)
    for before, following in pairwise(came):
        ended = before.anchor.boot_ns + before.fields("nadi_device")["poll_duration_seconds"] * NS
        assert following.anchor.boot_ns >= ended
        assert following.fields("nadi_device")["poll_lateness_seconds"] < 0.1
        assert 0 <= following.anchor.wall_ns / NS % 1 < 0.1, "it goes on in its own place"


def second_bulk(agent: Agent, asked: Asked) -> bool:
    """Tell whether this asks for the second part of the interfaces."""
    bulks = [q for q in agent.asked if q.tag == message.GETBULK and any(n[:-1] == HC_IN for n in q.names)]
    return asked in bulks[:1]


def test_each_counter_has_the_time_and_the_uptime_of_the_answer_that_brought_it() -> None:
    mib = interfaces(24)

    def ageing(agent: Agent, asked: Asked) -> Iterator[bytes]:
        if second_bulk(agent, asked):
            time.sleep(0.5)
        answer = agent.honest(asked)
        old, now = number(0x43, 8_640_000), number(0x43, 8_640_000 + len(agent.asked))
        yield answer.replace(old, now)

    with Agent(mib, ageing) as agent, Bench([seat("a", agent.port, interval=10, offset=-1)]) as bench:
        bench.poller.hint("127.0.0.1")
        [came] = bench.wait("a", 1)
    rows = sorted(came.all("nadi_interface"), key=lambda r: r.fields["index"])
    times = [(r.time_ns - came.anchor.wall_ns) / NS for r in rows]
    assert times == sorted(times)
    assert 0.2 < times[-1] - times[0] < 0.9, "half of the second answer's half second, and what followed"
    uptimes = [r.fields["uptime_ticks"] for r in rows]
    assert uptimes == sorted(uptimes)
    assert len(set(uptimes)) == len(set(times)) >= 3


def test_what_came_before_a_silence_is_kept() -> None:
    def tires(agent: Agent, asked: Asked) -> Iterator[bytes]:
        walked = [one for one in agent.asked if one.tag == message.GETBULK]
        if not walked or HC_IN in asked.names or UPTIME[:-1] in asked.names:
            yield agent.honest(asked)

    with Agent(interfaces(3), tires) as agent, Bench([seat("a", agent.port, timeout_s=0.1)]) as bench:
        came = bench.wait("a", 1)[0]
    assert len(came.all("nadi_interface")) == 3
    assert (came.fields("nadi_device")["up"], came.fields("nadi_input")["up"]) == (1, 0)


def test_a_hint_polls_at_once_and_many_hints_poll_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller, "HINT_GAP_NS", 2 * NS)
    long_ago = time.time() % 900 - 5
    with Agent(interfaces(1)) as agent, Bench([seat("a", agent.port, interval=900, offset=long_ago)]) as bench:
        bench.poller.hint("192.0.2.1")
        begun = time.monotonic()
        bench.poller.hint("127.0.0.1")
        assert bench.wait("a", 1, seconds=2)[0].haste
        for _ in range(20):
            bench.poller.hint("127.0.0.1")
            time.sleep(0.02)
        assert len(bench.of("a")) == 1
        bench.wait("a", 2, seconds=3)
        assert time.monotonic() - begun > 1.5


def test_a_restarted_device_is_asked_anew_what_it_is() -> None:
    with Agent(interfaces(1)) as agent, Bench([seat("a", agent.port)]) as bench:
        bench.wait("a", 2)
        known = [one for one in agent.asked if SYS_OBJECT_ID in one.names]
        agent._bindings[agent._oids.index(UPTIME)] = agent._bindings[agent._oids.index(UPTIME)][:-3] + b"\0\0\x07"
        agent._cached.cache_clear()
        bench.wait("a", len(bench.of("a")) + 3)
        again = [one for one in agent.asked if SYS_OBJECT_ID in one.names]
    assert len(known) == 1
    assert len(again) == 2


@pytest.mark.parametrize(("started", "spared"), [(8_640_000, True), (100, False)])
def test_empty_tables_are_left_alone_but_not_those_of_a_device_that_has_just_started(
    started: int, spared: bool
) -> None:
    mib = interfaces(1) | {UPTIME: number(0x43, started)}
    walks = []
    with Agent(mib) as agent, Bench([seat("a", agent.port)]) as bench:
        for count in (1, 2):
            bench.wait("a", count)
            walks.append(sum(q.tag == message.GETBULK for q in agent.asked))
    assert (walks[1] - walks[0] < walks[0]) == spared


def test_a_device_by_a_name_that_is_not_known_is_down_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    stranger = seat("a", 161)
    stranger.host = "no-such-host.invalid"
    with Bench([stranger]) as bench:
        came = bench.wait("a", 1)[0]
    assert (came.fields("nadi_device")["up"], came.fields("nadi_input")["up"]) == (0, 0)
    assert "a: input snmp fails: Unreachable: no-such-host.invalid" in capsys.readouterr().err


def test_a_fault_of_the_program_in_one_poll_costs_no_other() -> None:
    def faulty() -> Generator[str, int, None]:
        assert (yield "asked") == 1
        raise IndexError("of the program")

    told: list[str] = []
    task = guarded(faulty(), told.append)
    assert next(task) == "asked"
    with pytest.raises(StopIteration):
        task.send(1)
    assert told == ["IndexError: of the program"]

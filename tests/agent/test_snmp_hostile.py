"""A hostile SNMPv2c agent (F24): each trick has its stated outcome, and the device beside it is read whole."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterable

import pytest

from agent.snmp import ber, message
from agent.snmp.engine import Engine, Outcome
from agent.snmp.errors import BadReply, ErrorStatus, NotIncreasing, SnmpError, TimedOut, TooMuch
from agent.snmp.session import Community, Target, Task, Walk, get
from agent.snmp.values import Oid
from agent.snmp.walk import columns
from tests.agent.snmp_agent import COLUMNS, UPTIME, Agent, Asked, Behaviour, binding, interfaces, number, octets

ROWS = [(row,) for row in range(1, 25)]
NAME: Oid = (1, 3, 6, 1, 2, 1, 1, 5, 0)
WHOLE = "whole"


def lie(agent: Agent, asked: Asked, **other: int) -> bytes:
    """Return a well-formed answer with wrong values."""
    names = [*asked.names[: asked.non_repeaters], *asked.names[asked.non_repeaters :]]
    return agent.reply(asked, b"".join(binding((*name, 666), number(0x46, 666)) for name in names), **other)


def garbage(agent: Agent, asked: Asked) -> list[bytes]:
    noise = random.Random(3)
    return [noise.randbytes(size) for size in (0, 1, 2, 40, 1400)] + [b"\x30\x84\xff\xff\xff\xff", b"\x30\x80\x00\x00"]


def cut_head(agent: Agent, asked: Asked) -> list[bytes]:
    whole = agent.honest(asked)
    return [whole[:size] for size in range(1, 28)]


def wrong_id(agent: Agent, asked: Asked) -> list[bytes]:
    return [lie(agent, asked, ident=asked.ident ^ 1), lie(agent, asked, ident=0), lie(agent, asked, ident=-asked.ident)]


def wrong_community(agent: Agent, asked: Asked) -> list[bytes]:
    agent.community = b"private"
    answer = lie(agent, asked)
    agent.community = b"public"
    return [answer]


def other_port(agent: Agent, asked: Asked) -> list[bytes]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.sendto(lie(agent, asked), agent.source)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", agent.port))
        other.sendto(lie(agent, asked), agent.source)
    return []


def echo(agent: Agent, asked: Asked) -> list[bytes]:
    return [asked.data, lie(agent, asked, tag=message.REPORT), lie(agent, asked, tag=0xA3), lie(agent, asked, tag=0xA7)]


def other_versions(agent: Agent, asked: Asked) -> list[bytes]:
    answer = lie(agent, asked)
    at = answer.index(b"\x02\x01\x01")
    return [answer[: at + 2] + bytes((version,)) + answer[at + 3 :] for version in (0, 2, 3, 127)]


def longer_than_said(agent: Agent, asked: Asked) -> list[bytes]:
    return [lie(agent, asked) + b"\x00", lie(agent, asked) * 2]


def deep(agent: Agent, asked: Asked) -> list[bytes]:
    content = b""
    for _ in range(9000):
        content = ber.write_tlv(0x30, content)
        if len(content) > 60000:
            break
    return [content, agent.reply(asked, content)]


def flood(agent: Agent, asked: Asked) -> Iterable[bytes]:
    for _ in range(100):
        yield lie(agent, asked, ident=1)


TRICKS: list[Behaviour] = [
    *(garbage, cut_head, wrong_id, wrong_community, other_port, echo, other_versions, longer_than_said, deep, flood)
]


def silent(agent: Agent, asked: Asked) -> list[bytes]:
    return []


def delayed(agent: Agent, asked: Asked) -> list[bytes]:
    time.sleep(0.9)
    return [agent.honest(asked)]


def repeated(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, b"".join(binding((*name[:11], 1), number(2, 1)) for name in asked.names) * 2)]


def decreasing(agent: Agent, asked: Asked) -> list[bytes]:
    rows = (9, 8, 7)
    return [agent.reply(asked, b"".join(binding((*n[:11], row), number(2, 1)) for row in rows for n in asked.names))]


def before_the_table(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, b"".join(binding((1, 3, 6, 1, 1), number(2, 1)) for _ in asked.names))]


def endless(agent: Agent, asked: Asked) -> list[bytes]:
    bindings = b""
    for row in range(asked.repetitions):
        for name in asked.names:
            index = (name[11] if len(name) > 11 else 0) + row + 1
            bindings += binding((*name[:11], index), number(2, 1))
    return [agent.reply(asked, bindings)]


def too_many(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, b"".join(binding((*UPTIME, row), number(2, 1)) for row in range(3600)))]


def no_names(agent: Agent, asked: Asked) -> list[bytes]:
    nameless = ber.write_tlv(0x30, b"\x06\x00\x05\x00")
    padded = ber.write_tlv(0x30, ber.write_tlv(6, ber.write_oid(asked.names[-1]) + b"\x80\x01") + b"\x05\x00")
    return [agent.reply(asked, (padded if len(agent.asked) % 2 else nameless) * len(asked.names))]


def always_too_big(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, b"", status=1)]


def general_error(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, b"", status=5)]


def odd_error(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, b"", status=-77, index=-5)]


def general_error_of_a_column(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, b"", status=5, index=1)]


def empty(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, b"")]


OUTCOMES: list[tuple[Behaviour, type[SnmpError], bool]] = [
    *((silent, TimedOut, False), (delayed, TimedOut, False), (repeated, NotIncreasing, True)),
    *((decreasing, NotIncreasing, True), (before_the_table, NotIncreasing, True), (endless, TooMuch, True)),
    *((too_many, BadReply, False), (no_names, BadReply, True), (always_too_big, ErrorStatus, False)),
    *((general_error, ErrorStatus, False), (odd_error, ErrorStatus, False), (empty, BadReply, False)),
    (general_error_of_a_column, ErrorStatus, True),
]


def beside_an_honest_one(behaviour: Behaviour, *, seconds: float = 5.0) -> Outcome[Walk]:
    """Walk a hostile device and, in the same engine, an honest one, which must come whole and soon."""
    ended: list[float] = []

    def walk_honest(agent: Agent) -> Task[Walk]:
        walk = yield from columns(target(agent), COLUMNS)
        ended.append(time.monotonic())
        return walk

    with Agent(interfaces(24), behaviour) as bad, Agent(interfaces(24)) as good, Engine() as engine:
        started = time.monotonic()
        outcome, honest = engine.run([columns(target(bad), COLUMNS), walk_honest(good)], seconds=seconds)
        assert time.monotonic() - started < 9
    assert honest.value is not None
    assert [list(rows) for rows in honest.value.columns.values()] == [ROWS] * 11
    assert ended[0] - started < 1.0
    return outcome


def target(agent: Agent) -> Target:
    at = Community("public")
    return Target(host="127.0.0.1", port=agent.port, credential=at, timeout_s=0.25, retries=1, max_rows=500)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_a_datagram_that_is_not_believed_is_passed_over_and_the_good_one_taken(trick: Behaviour) -> None:
    outcome = beside_an_honest_one(lambda agent, asked: [*trick(agent, asked), agent.honest(asked)])
    assert outcome.value is not None
    assert outcome.value.stopped == {}
    assert [list(rows) for rows in outcome.value.columns.values()] == [ROWS] * 11
    assert {cell.value for cell in outcome.value.columns[COLUMNS[9]].values()} == {1000}


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_where_only_bad_datagrams_come_the_device_has_timed_out(trick: Behaviour) -> None:
    outcome = beside_an_honest_one(trick)
    assert isinstance(outcome.error, TimedOut)


@pytest.mark.parametrize(("behaviour", "error", "rows"), OUTCOMES, ids=lambda case: getattr(case, "__name__", ""))
def test_each_trick_has_its_outcome(behaviour: Behaviour, error: type[SnmpError], rows: bool) -> None:
    outcome = beside_an_honest_one(behaviour)
    if not rows:
        assert type(outcome.error) is error
        return
    assert outcome.value is not None
    assert {type(stopped) for stopped in outcome.value.stopped.values()} == {error}
    assert list(outcome.value.stopped) == list(COLUMNS)
    assert all(len(found) <= 500 for found in outcome.value.columns.values())


def test_a_row_before_the_repeated_one_is_kept() -> None:
    outcome = beside_an_honest_one(repeated)
    assert outcome.value is not None
    assert [list(rows) for rows in outcome.value.columns.values()] == [[(1,)]] * 11


def test_a_reply_of_64_kib_is_read_and_one_that_is_all_values_is_refused_quickly() -> None:
    mib = {NAME: octets(b"x" * 65000), UPTIME: number(0x43, 5)}
    with Agent(mib) as agent, Engine() as engine:
        (outcome,) = engine.run([get(target(agent), [NAME])])
        assert outcome.value is not None
        assert outcome.value[NAME].value == b"x" * 65000
    full = ber.write_tlv(0x30, b"\x06\x01\x00\x05\x00") * 9200
    started = time.process_time()
    assert len(ber.read_bindings(full, 0, len(full))) == 9200
    assert time.process_time() - started < 0.05


def test_other_names_than_were_asked_are_no_answer() -> None:
    with Agent(interfaces(1), lambda agent, asked: [lie(agent, asked)]) as agent, Engine() as engine:
        (outcome,) = engine.run([get(target(agent), [NAME, UPTIME])])
    assert isinstance(outcome.error, BadReply)


def test_a_device_that_drips_is_stopped_by_its_time() -> None:
    def drip(agent: Agent, asked: Asked) -> Iterable[bytes]:
        time.sleep(0.15)
        first = asked.names[0]
        index = (first[11] if len(first) > 11 else 0) + 1
        return [agent.reply(asked, binding((*first[:11], index), number(2, 1)))]

    outcome = beside_an_honest_one(drip, seconds=1.0)
    assert isinstance(outcome.error, TooMuch)


def test_what_was_ignored_is_counted_under_few_names_and_told_in_the_error() -> None:
    with Agent(interfaces(1), wrong_community) as agent, Engine() as engine:
        (outcome,) = engine.run([get(target(agent), [NAME])])
        assert engine.ignored == {"community": 2}
        agent.behaviour = garbage
        engine.run([get(target(agent), [NAME])])
        assert set(engine.ignored) == {"community", "malformed"}
    assert "community" in str(outcome.error)

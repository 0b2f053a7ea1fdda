"""SNMPv3 against a device that restarts, is replaced or lies: no value without its digest (RFC 3414 §3.2, §4)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

import pytest

from agent.snmp import ber, message, usm
from agent.snmp.engine import Engine, Outcome
from agent.snmp.errors import AuthenticationFailed, SnmpError, TimedOut
from agent.snmp.message import AUTHENTICATED, V3Message
from agent.snmp.session import Target, get
from agent.snmp.usm import Auth, Privacy, UsmUser
from agent.snmp.values import Oid, Value
from tests.agent.snmp_agent import Agent, Asked, Behaviour, binding, interfaces, octets

NAME: Oid = (1, 3, 6, 1, 2, 1, 1, 5, 0)
USER = UsmUser("reader", Auth.SHA1, "authpass123", Privacy.AES128, "privpass123")
Answers = Outcome[dict[Oid, Value]]


def ask(engine: Engine, agent: Agent, user: UsmUser = USER) -> Answers:
    at = Target(host="127.0.0.1", port=agent.port, credential=user, timeout_s=0.2, retries=1)
    return engine.run([get(at, [NAME])])[0]


def read_whole(outcome: Answers) -> bool:
    return outcome.value is not None and outcome.value[NAME].value == b"router"


def pdu_of(asked: Asked, text: bytes) -> bytes:
    head = b"".join(map(ber.write_integer, (asked.ident, 0, 0)))
    return ber.write_tlv(message.RESPONSE, head + ber.write_tlv(0x30, binding(NAME, octets(text))))


def opened(asked: Asked) -> V3Message:
    assert isinstance(asked.opened, V3Message)
    return asked.opened


@pytest.mark.parametrize("auth", [None, *Auth])
@pytest.mark.parametrize("privacy", [None, *Privacy])
def test_every_pair_of_protocols_reads_a_value(auth: Auth | None, privacy: Privacy | None) -> None:
    if auth is None and privacy is not None:
        with pytest.raises(ValueError, match="no privacy without"):
            UsmUser("reader", auth, "", privacy, "privpass123")
        return
    user = UsmUser("reader", auth, "authpass123", privacy, "privpass123")
    with Agent(interfaces(1), user=user) as agent, Engine() as engine:
        assert read_whole(ask(engine, agent, user))
        assert read_whole(ask(engine, agent, user))
        assert engine.sent == 3  # one probe, and no more for the second time


def restart(agent: Agent) -> None:
    agent.boots += 1
    agent.started += agent.time


def lose_boots(agent: Agent) -> None:
    agent.boots = 1
    agent.started += agent.time


def restart_uncounted(agent: Agent) -> None:
    agent.started += agent.time


def idle(agent: Agent) -> None:
    agent.started -= 1_000_000


def replace(agent: Agent) -> None:
    agent.engine_id = b"\x80\x00\x1f\x88\x04other"
    agent.boots = 1


@pytest.mark.parametrize("event", [restart, lose_boots, restart_uncounted, idle, replace], ids=lambda f: f.__name__)
def test_a_device_is_read_again_after(event: Callable[[Agent], None]) -> None:
    with Agent(interfaces(1), user=USER) as agent, Engine() as engine:
        assert read_whole(ask(engine, agent))
        event(agent)
        assert read_whole(ask(engine, agent))
        sent = engine.sent
        assert read_whole(ask(engine, agent))
        assert engine.sent == sent + 1
        assert engine.retried == 0


def wrong_password(user: UsmUser) -> UsmUser:
    return UsmUser(user.name, user.auth, "otherpass123", user.privacy, user.privacy_password)


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        (wrong_password(USER), "wrongDigests"),
        (UsmUser("nobody", Auth.SHA1, "authpass123"), "unknownUserNames"),
        (UsmUser("reader", Auth.SHA1, "authpass123"), "unsupportedSecLevels"),
        (UsmUser("reader"), "unsupportedSecLevels"),
    ],
)
def test_a_refused_login_is_an_error_at_once_with_its_reason(user: UsmUser, reason: str) -> None:
    with Agent(interfaces(1), user=USER) as agent, Engine() as engine:
        outcome = ask(engine, agent, user)
        assert isinstance(outcome.error, AuthenticationFailed)
        assert outcome.error.reason == reason
        assert engine.retried == 0


def flipped(agent: Agent, asked: Asked) -> list[bytes]:
    answer = agent.honest(asked)
    return [answer[:at] + bytes((answer[at] ^ 1,)) + answer[at + 1 :] for at in range(len(answer))]


def without_security(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.seal(opened(asked), pdu_of(asked, b"lie"), 0)]


def without_privacy(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.seal(opened(asked), pdu_of(asked, b"lie"), AUTHENTICATED)]


def echo(agent: Agent, asked: Asked) -> list[bytes]:
    return [asked.data]


def other_engine(agent: Agent, asked: Asked) -> list[bytes]:
    engine_id, agent.engine_id = agent.engine_id, b"\x80\x00\x1f\x88\x04evil"
    answer = agent.reply(asked, binding(NAME, octets(b"lie")))
    agent.engine_id = engine_id
    return [answer]


def other_user(agent: Agent, asked: Asked) -> list[bytes]:
    head = opened(asked)._replace(user=b"other")
    return [agent.seal(head, pdu_of(asked, b"lie"), head.flags & 3)]


def other_context(agent: Agent, asked: Asked) -> list[bytes]:
    pdu = pdu_of(asked, b"lie")
    scoped = message.write_scoped(agent.engine_id, b"vrf", pdu)
    key = usm.keys_of(USER, agent.engine_id)
    sealed, salt = usm.encrypt(Privacy.AES128, key.privacy, boots=7, time=agent.time, count=1, plain=scoped)
    head = V3Message(opened(asked).ident, 3, agent.engine_id, 7, agent.time, b"reader", bytes(12), 0, salt, 0)
    answer = message.write_v3(head, message.write_octets(sealed))
    return [usm.signed(Auth.SHA1, key.auth, answer, answer.index(bytes(12)))]


def older_time(agent: Agent, asked: Asked) -> list[bytes]:
    agent.started += 500
    answer = agent.reply(asked, binding(NAME, octets(b"lie")))
    agent.started -= 500
    return [answer]


def fewer_boots(agent: Agent, asked: Asked) -> list[bytes]:
    agent.boots -= 1
    answer = agent.reply(asked, binding(NAME, octets(b"lie")))
    agent.boots += 1
    return [answer]


def boots_latched(agent: Agent, asked: Asked) -> list[bytes]:
    boots, agent.boots = agent.boots, 0x7FFF_FFFF
    answer = agent.reply(asked, binding(NAME, octets(b"lie")))
    agent.boots = boots
    return [answer]


def forged_time(agent: Agent, asked: Asked) -> list[bytes]:
    agent.boots += 5
    answer = agent.report(opened(asked), "notInTimeWindows", authentic=False)
    agent.boots -= 5
    return [answer]


def v2c(agent: Agent, asked: Asked) -> list[bytes]:
    return [message.write_v2c(b"public", pdu_of(dataclasses.replace(asked, ident=opened(asked).ident), b"lie"))]


def other_request(agent: Agent, asked: Asked) -> list[bytes]:
    return [agent.reply(asked, binding(NAME, octets(b"lie")), ident=asked.ident ^ 1)]


LIES: list[Behaviour] = [
    *(flipped, without_security, without_privacy, echo, other_engine, other_user, other_context, older_time),
    *(fewer_boots, boots_latched, forged_time, other_request, v2c),
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_is_passed_over_and_the_good_answer_taken(lie: Behaviour) -> None:
    with Agent(interfaces(1), user=USER) as agent, Engine() as engine:
        assert read_whole(ask(engine, agent))
        agent.behaviour = lambda agent, asked: [*lie(agent, asked), agent.honest(asked)]
        assert read_whole(ask(engine, agent))
        assert engine.retried == 0
        assert engine.ignored.total() > 0
        agent.behaviour = lie
        assert isinstance(ask(engine, agent).error, TimedOut)


def never_in_time(agent: Agent, asked: Asked) -> Iterable[bytes]:
    agent.boots += 1
    return [agent.report(opened(asked), "notInTimeWindows", authentic=True)]


def another_engine_each_time(agent: Agent, asked: Asked) -> Iterable[bytes]:
    agent.engine_id = b"\x80\x00\x1f\x88\x04" + len(agent.asked).to_bytes(4)
    return [agent.report(opened(asked), "unknownEngineIDs", authentic=False)]


def same_engine_unknown(agent: Agent, asked: Asked) -> Iterable[bytes]:
    return [agent.report(opened(asked), "unknownEngineIDs", authentic=False)]


def forged_refusal(agent: Agent, asked: Asked) -> Iterable[bytes]:
    return [agent.report(opened(asked), "wrongDigests", authentic=False)]


def boots_at_their_end(agent: Agent, asked: Asked) -> Iterable[bytes]:
    agent.boots = 0x7FFF_FFFF
    return [agent.report(opened(asked), "notInTimeWindows", authentic=True)]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (never_in_time, AuthenticationFailed),
        (another_engine_each_time, AuthenticationFailed),
        (same_engine_unknown, AuthenticationFailed),
        (forged_refusal, AuthenticationFailed),
        (boots_at_their_end, AuthenticationFailed),
    ],
    ids=lambda case: case.__name__,
)
def test_a_device_that_never_settles_is_given_up(behaviour: Behaviour, error: type[SnmpError]) -> None:
    with Agent(interfaces(1), behaviour, user=USER) as agent, Engine() as engine:
        outcome = ask(engine, agent)
        assert type(outcome.error) is error
        assert engine.sent < 10
        agent.boots = 7
        agent.behaviour = lambda agent, asked: [agent.honest(asked)]
        assert read_whole(ask(engine, agent))


def test_an_engine_that_has_used_up_its_boots_is_given_up_at_once() -> None:
    with Agent(interfaces(1), boots_at_their_end, user=USER) as agent, Engine() as engine:
        assert isinstance(ask(engine, agent).error, AuthenticationFailed)
        assert engine.sent == 2


def test_two_polls_of_one_device_survive_its_replacement_together() -> None:
    with Agent(interfaces(1), user=USER) as agent, Engine() as engine:
        assert read_whole(ask(engine, agent))
        replace(agent)
        at = Target(host="127.0.0.1", port=agent.port, credential=USER, timeout_s=0.2, retries=1)
        outcomes = engine.run([get(at, [NAME]) for _ in range(5)])
        assert all(read_whole(outcome) for outcome in outcomes)


def test_no_salt_is_sent_twice() -> None:
    with Agent(interfaces(1), user=USER) as agent, Engine() as engine:
        for _ in range(20):
            ask(engine, agent)
        salts = [opened(asked).salt for asked in agent.asked]
    assert len(set(salts)) == len(salts) == 20

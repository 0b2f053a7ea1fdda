"""``get`` and ``columns`` over real sockets: what comes back, how requests adapt, how SNMPv3 finds its engine."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from agent.snmp import ber, message
from agent.snmp.address import resolve
from agent.snmp.engine import Engine, Outcome
from agent.snmp.errors import ErrorStatus, SnmpError, TimedOut, TooMuch, Unreachable
from agent.snmp.session import Community, Pause, T, Target, Task, Walk, get
from agent.snmp.usm import Auth, Privacy, UsmUser
from agent.snmp.values import Kind, Oid, Value
from agent.snmp.walk import columns
from tests.agent.snmp_agent import COLUMNS, UPTIME, Agent, Asked, interfaces, number

USER = UsmUser("reader", Auth.SHA256, "authpass123", Privacy.AES128, "privpass123")
NAME: Oid = (1, 3, 6, 1, 2, 1, 1, 5, 0)
TABLE: Oid = (1, 3, 6, 1, 4, 1, 99999, 1)


def target(agent: Agent, *, max_bindings: int = 100, retries: int = 1, max_rows: int = 4096) -> Target:
    return Target(
        host=agent.socket.getsockname()[0],
        port=agent.port,
        credential=agent.user or Community("public"),
        timeout_s=0.2,
        retries=retries,
        max_bindings=max_bindings,
        max_rows=max_rows,
    )


def value_of(task: Task[T], engine: Engine | None = None) -> T:
    if engine is None:
        with Engine() as engine:
            return value_of(task, engine)
    (outcome,) = engine.run([task])
    if outcome.error is not None:
        raise outcome.error
    assert outcome.value is not None
    return outcome.value


def test_a_get_says_what_is_there_and_what_is_not() -> None:
    with Agent(interfaces(1)) as agent:
        missing = (1, 3, 6, 1, 2, 1, 1, 99, 0)
        values = value_of(get(target(agent), [NAME, missing, UPTIME]))
    assert values == {
        NAME: Value(Kind.OCTETS, b"router"),
        missing: Value(Kind.NO_SUCH_INSTANCE, None),
        UPTIME: Value(Kind.TICKS, 8_640_000),
    }


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_columns_come_whole_in_few_replies(host: str) -> None:
    with Agent(interfaces(24), host=host) as agent:
        walk = value_of(columns(target(agent), COLUMNS, scalars=[UPTIME]))
    assert walk.requests == len(agent.asked) == 3
    assert [list(rows) for rows in walk.columns.values()] == [[(row,) for row in range(1, 25)]] * 11
    assert walk.columns[COLUMNS[7]][24,] == Value(Kind.COUNTER64, (1 << 40) + 24 * 1_000_003)
    assert walk.scalars == walk.scalars_last == {UPTIME: Value(Kind.TICKS, 8_640_000)}
    assert walk.stopped == {}


def test_columns_of_other_lengths_and_with_gaps_keep_their_own_rows() -> None:
    mib = {(*TABLE, 1, row): number(2, row) for row in (1, 2, 3, 200, 4_194_316_032)}
    mib |= {(*TABLE, 2, row): number(2, row) for row in (2, 17_000)}
    mib |= {(*TABLE, 4, row, 5): number(2, row) for row in range(300)}
    wanted = [(*TABLE, column) for column in (1, 2, 3, 4)]
    for budget in (1, 2, 3, 7, 100):
        with Agent(mib) as agent:
            walk = value_of(columns(target(agent, max_bindings=budget), wanted))
        rows = [[index[0] for index in walk.columns[column]] for column in wanted]
        assert rows == [[1, 2, 3, 200, 4_194_316_032], [2, 17_000], [], list(range(300))]


def test_the_last_table_of_a_device_ends_at_the_end_of_its_mib() -> None:
    with Agent({(*TABLE, 1, row): number(2, row) for row in range(5)}) as agent:
        walk = value_of(columns(target(agent), [(*TABLE, 1)]))
    assert len(walk.columns[*TABLE, 1]) == 5
    assert walk.stopped == {}


def limited(most: int) -> type[Agent]:
    """Return an agent that says tooBig to more than ``most`` octets."""

    class Limited(Agent):
        def honest(self, asked: Asked) -> bytes:
            answer = super().honest(asked)
            return answer if len(answer) <= most else self.reply(asked, b"", status=1)

    return Limited


def test_too_big_shrinks_the_request_and_is_remembered() -> None:
    with limited(900)(interfaces(24)) as agent, Engine() as engine:
        first = value_of(columns(target(agent), COLUMNS, scalars=[UPTIME]), engine)
        second = value_of(columns(target(agent), COLUMNS, scalars=[UPTIME]), engine)
    assert first.columns == second.columns
    assert [len(rows) for rows in first.columns.values()] == [24] * 11
    assert second.requests < first.requests


def test_too_big_for_a_single_row_splits_the_columns() -> None:
    with limited(120)(interfaces(3)) as agent:
        walk = value_of(columns(target(agent), COLUMNS))
        values = value_of(get(target(agent), [(*column, 1) for column in COLUMNS]))
    assert [len(rows) for rows in walk.columns.values()] == [3] * 11
    assert len(values) == 11


def test_too_big_for_one_value_is_the_error_of_the_device() -> None:
    with limited(20)(interfaces(3)) as agent:
        for task in (columns(target(agent), COLUMNS), get(target(agent), [NAME])):
            with pytest.raises(ErrorStatus, match="tooBig"):
                value_of(task)


def test_a_reply_cut_off_on_the_way_shrinks_the_request() -> None:
    def cut(agent: Agent, asked: Asked) -> Iterable[bytes]:
        return [agent.honest(asked)[:700]]

    with Agent(interfaces(24), cut) as agent:
        walk = value_of(columns(target(agent), COLUMNS))
    assert [len(rows) for rows in walk.columns.values()] == [24] * 11


def test_an_agent_that_answers_fewer_rows_than_asked_is_read_whole() -> None:
    def few(agent: Agent, asked: Asked) -> Iterable[bytes]:
        whole = message.read(agent.honest(asked))
        assert isinstance(whole, message.V2cMessage)
        data = agent.honest(asked)
        rows = message.read_bindings(data, whole.pdu)[:17]
        return [agent.reply(asked, b"".join(binding_of(name, tag, raw) for name, tag, raw in rows))]

    with Agent(interfaces(24), few) as agent:
        walk = value_of(columns(target(agent), COLUMNS))
    assert [list(rows) for rows in walk.columns.values()] == [[(row,) for row in range(1, 25)]] * 11


def binding_of(name: bytes, tag: int, raw: bytes) -> bytes:
    return ber.write_tlv(0x30, ber.write_tlv(6, name) + ber.write_tlv(tag, raw))


def test_replies_that_only_fit_when_small_come_after_a_time_out_and_are_remembered() -> None:
    def lossy(agent: Agent, asked: Asked) -> Iterable[bytes]:
        answer = agent.honest(asked)
        return [answer] if len(answer) < 1200 else []

    with Agent(interfaces(24), lossy) as agent, Engine() as engine:
        first = value_of(columns(target(agent, retries=2), COLUMNS), engine)
        retried = engine.retried
        second = value_of(columns(target(agent, retries=2), COLUMNS), engine)
    assert first.columns == second.columns
    assert [len(rows) for rows in first.columns.values()] == [24] * 11
    assert engine.retried == retried


def test_a_lost_datagram_is_asked_again() -> None:
    def lossy(agent: Agent, asked: Asked) -> Iterable[bytes]:
        return [agent.honest(asked)] if len(agent.asked) % 2 == 0 else []

    with Agent(interfaces(2), lossy) as agent, Engine() as engine:
        assert value_of(get(target(agent), [NAME]), engine)[NAME].value == b"router"
        assert engine.retried == 1


def test_a_late_answer_to_the_first_request_is_taken() -> None:
    def late(agent: Agent, asked: Asked) -> Iterable[bytes]:
        time.sleep(0.3)
        return [agent.honest(asked)]

    with Agent(interfaces(2), late) as agent, Engine() as engine:
        assert value_of(get(target(agent), [NAME]), engine)[NAME].value == b"router"
        assert engine.retried == 1


def test_silence_is_a_time_out_and_a_wrong_community_too() -> None:
    with Agent(interfaces(2)) as agent:
        agent.community = b"other"
        started = time.monotonic()
        with pytest.raises(TimedOut, match="2 requests"):
            value_of(get(target(agent), [NAME]))
    assert 0.45 < time.monotonic() - started < 1.5


def test_a_device_that_answers_slowly_for_ever_is_stopped_by_its_time() -> None:
    def slow(agent: Agent, asked: Asked) -> Iterable[bytes]:
        time.sleep(0.1)
        return [agent.honest(asked)]

    with Agent(interfaces(24), slow) as agent, Engine() as engine:
        (outcome,) = engine.run([columns(target(agent, max_bindings=1), COLUMNS)], seconds=0.5)
    assert isinstance(outcome.error, TooMuch)


def test_a_task_that_goes_on_after_its_time_is_ended() -> None:
    def stubborn(at: Target) -> Task[int]:
        while True:
            try:
                yield from get(at, [NAME])
            except SnmpError:
                yield Pause(0.01)

    with Agent({}, lambda agent, asked: []) as agent, Engine() as engine:
        (outcome,) = engine.run([stubborn(target(agent))], seconds=0.3)
        assert isinstance(outcome.error, TooMuch)
        assert engine.busy == 0


def test_an_error_for_one_name_costs_that_name() -> None:
    def grumpy(agent: Agent, asked: Asked) -> Iterable[bytes]:
        for at, name in enumerate(asked.names, 1):
            if name[: len(TABLE)] == TABLE:
                return [agent.reply(asked, b"", status=5, index=at)]
        return [agent.honest(asked)]

    with Agent(interfaces(2), grumpy) as agent:
        values = value_of(get(target(agent), [NAME, (*TABLE, 0), UPTIME]))
        walk = value_of(columns(target(agent), [COLUMNS[0], TABLE, COLUMNS[1]]))
    assert values[*TABLE, 0] == Value(Kind.BAD, "genErr")
    assert values[NAME].value == b"router"
    assert [len(rows) for rows in walk.columns.values()] == [2, 0, 2]
    assert isinstance(walk.stopped[TABLE], ErrorStatus)


def test_a_scalar_that_is_not_there_is_said_to_be_missing() -> None:
    absent = (1, 3, 6, 1, 2, 1, 1, 4, 0)
    with Agent(interfaces(2)) as agent:
        walk = value_of(columns(target(agent), COLUMNS, scalars=[UPTIME, absent]))
        only = value_of(columns(target(agent), [], scalars=[UPTIME]))
    assert walk.scalars[absent] == Value(Kind.NO_SUCH_INSTANCE, None)
    assert only == Walk({}, {UPTIME: Value(Kind.TICKS, 8_640_000)}, {UPTIME: Value(Kind.TICKS, 8_640_000)}, {}, 1)


def test_rows_of_a_column_are_capped() -> None:
    with Agent(interfaces(24)) as agent:
        walk = value_of(columns(target(agent, max_rows=10), COLUMNS[:2]))
    assert [len(rows) for rows in walk.columns.values()] == [10, 10]
    assert all(isinstance(error, TooMuch) for error in walk.stopped.values())


def test_a_counter_is_exact_to_its_last_bit() -> None:
    with Agent({(*TABLE, 0): number(0x46, (1 << 64) - 1), (*TABLE, 1): number(0x41, (1 << 32) - 1)}) as agent:
        values = value_of(get(target(agent), [(*TABLE, 0), (*TABLE, 1)]))
    assert [value.value for value in values.values()] == [(1 << 64) - 1, (1 << 32) - 1]


def test_a_badly_encoded_counter_costs_that_value_only() -> None:
    mib = {(*TABLE, 0): b"\x41\x05\x01\x00\x00\x00\x00", (*TABLE, 1): b"\x41\x01\xff", (*TABLE, 2): number(0x41, 5)}
    with Agent(mib) as agent:
        values = value_of(get(target(agent), list(mib)))
    assert [value.kind for value in values.values()] == [Kind.BAD, Kind.BAD, Kind.COUNTER32]
    assert values[*TABLE, 0].value == "COUNTER32 of 5 octets (0100000000)"


def test_many_devices_are_asked_side_by_side_and_silent_ones_delay_nobody() -> None:
    ended: dict[int, float] = {}

    def timed(number: int, at: Target) -> Task[Walk]:
        walk = yield from columns(at, COLUMNS, scalars=[UPTIME])
        ended[number] = time.monotonic()
        return walk

    with Agent(interfaces(24)) as agent, Agent({}, lambda agent, asked: []) as dead, Engine() as engine:
        targets = [target(agent if at % 2 else dead) for at in range(100)]
        started = time.monotonic()
        outcomes: list[Outcome[Walk]] = engine.run([timed(at, where) for at, where in enumerate(targets)])
        lost = [at for at, outcome in enumerate(outcomes) if outcome.error is not None]
    assert lost == list(range(0, 100, 2))
    assert max(ended.values()) - started < 0.45  # before the first silent one was given up


def test_a_task_begins_after_its_delay() -> None:
    done: list[float] = []
    with Agent(interfaces(1)) as agent, Engine() as engine:
        started = time.monotonic()
        for delay in (0.2, 0.1):
            engine.start(get(target(agent), [NAME]), done=lambda _: done.append(time.monotonic()), delay_s=delay)
        while engine.busy:
            engine.turn(1.0)
    assert [round(when - started, 1) for when in done] == [0.1, 0.2]


def test_a_host_that_is_no_address_or_has_no_route_is_said_so_at_once() -> None:
    started = time.monotonic()
    with Engine() as engine:
        for host, words in (
            ("router.example", "not an IP address"),
            ("255.255.255.255", "Permission denied"),
            ("fe80::1%no", "no"),
        ):
            at = Target(host=host, credential=Community("public"), timeout_s=0.05, retries=0)
            (outcome,) = engine.run([get(at, [NAME])])
            assert isinstance(outcome.error, Unreachable)
            assert words in str(outcome.error)
    assert time.monotonic() - started < 1.0
    assert resolve("127.0.0.1") == "127.0.0.1"


def test_a_credential_is_never_shown() -> None:
    secrets = ("canary-name", "canary-auth", "canary-priv", "canary-community")
    user = UsmUser(secrets[0], Auth.MD5, secrets[1], Privacy.DES, secrets[2])
    shown = ""
    with Agent(interfaces(1)) as agent, Engine() as engine:
        for credential in (user, Community(secrets[3])):
            at = Target(host="127.0.0.1", port=agent.port, credential=credential, timeout_s=0.05, retries=0)
            outcome = engine.run([get(at, [NAME])])[0]
            shown += f"{at} {at!r} {outcome} {outcome.error!r}"
    assert "AuthenticationFailed" in shown
    assert "TimedOut" in shown
    assert not [secret for secret in secrets if secret in shown]

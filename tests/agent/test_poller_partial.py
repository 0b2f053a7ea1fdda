"""A poll that ends in the middle keeps what was read in full, under the names of the last whole poll, and says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.snmp import message
from agent.snmp.interfaces import ALIAS, DESCR, HC_IN, IN_OCTETS, NAME
from agent.snmp.values import Oid
from tests.agent.polling import Bench, Delivered, seat
from tests.agent.snmp_agent import Agent, Asked, Behaviour, interfaces, number, octets

LOAD: Oid = (1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 2)
SENSOR, PART = (1, 3, 6, 1, 2, 1, 99, 1, 1, 1), (1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 7)
OBJECT_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)
LINUX = b"\x06\x0a\x2b\x06\x01\x04\x01\xbf\x08\x03\x02\x0a"
MIB = interfaces(24) | {OBJECT_ID: LINUX}


def silent_behind(column: Oid, *, from_poll: int = 1) -> Behaviour:
    """Return the behaviour of an agent that goes silent when it is asked for more of a column than its first rows."""
    seen: list[int] = []

    def tires(agent: Agent, asked: Asked) -> Iterator[bytes]:
        if asked.tag == message.GETBULK and NAME in asked.names:
            seen.append(1)
        going_on = any(name[: len(column)] == column and len(name) > len(column) for name in asked.names)
        if asked.tag != message.GETBULK or not going_on or len(seen) < from_poll:
            yield agent.honest(asked)

    return tires


def polls(count: int, behaviour: Behaviour | None = None, mib: Mapping[Oid, bytes] = MIB) -> list[Delivered]:
    with Agent(mib, behaviour) as agent, Bench([seat("a", agent.port, timeout_s=0.1)]) as bench:
        return bench.wait("a", count)


def names(came: Delivered) -> list[str | None]:
    return [one.tag("interface") for one in came.all("nadi_interface")]


def test_rows_that_were_read_in_full_are_kept_with_their_own_time_and_the_poll_is_not_whole() -> None:
    whole, cut = polls(2, silent_behind(HC_IN, from_poll=2))
    assert len(names(whole)) == 24
    assert 0 < len(names(cut)) < 24
    assert names(cut) == names(whole)[: len(names(cut))]
    assert all(
        {"receive_bytes_total", "up", "index", "uptime_ticks"} <= set(r.fields) for r in cut.all("nadi_interface")
    )
    assert all(0 <= r.time_ns - cut.anchor.wall_ns < 10**8 for r in cut.all("nadi_interface")), "not when it gave up"
    assert (whole.fields("nadi_input")["up"], cut.fields("nadi_input")["up"]) == (1, 0)
    done = [one.fields("nadi_device")["last_success_timestamp_seconds"] for one in (whole, cut)]
    assert done[0] == done[1]


def test_a_part_of_the_first_poll_has_no_names_yet() -> None:
    assert names(polls(1, silent_behind(HC_IN))[0]) == []


def test_a_row_whose_namesake_was_not_read_does_not_get_the_name_alone() -> None:
    same = {(*column, row): octets(b"same") for column in (NAME, DESCR, ALIAS) for row in (1, 24)}
    whole, cut = polls(2, silent_behind(HC_IN, from_poll=2), MIB | same)
    assert {"same #1", "same #24"} < set(names(whole))
    assert "ether2" in names(cut)
    assert not {"same", "same #1"} & set(names(cut))


def test_no_mean_is_made_of_a_part_and_no_sensor_is_named_without_its_names() -> None:
    mib = interfaces(2) | {OBJECT_ID: LINUX} | {(*LOAD, row): number(2, 30) for row in range(1, 300)}
    for row in range(1, 300):
        cells = (number(2, 8), number(2, 9), number(2, 0), number(2, 40), number(2, 1))
        mib |= {(*SENSOR, column, row): cell for column, cell in enumerate(cells, 1)} | {
            (*PART, row): octets(b"%d" % row)
        }
    [came] = polls(1, None, mib)
    assert came.fields("nadi_device")["cpu_utilization_ratio"] == 0.3
    assert {one.tag("sensor") for one in came.all("nadi_sensor")} == {str(row) for row in range(1, 300)}
    [came] = polls(1, silent_behind(PART), mib)
    assert (len(names(came)), came.fields("nadi_device")["cpu_utilization_ratio"]) == (2, 0.3)
    assert came.all("nadi_sensor") == []
    [came] = polls(1, silent_behind(LOAD), mib)
    assert (len(names(came)), "cpu_utilization_ratio" in came.fields("nadi_device")) == (2, False)


def test_a_row_of_which_only_some_columns_were_read_is_not_one() -> None:
    ahead = {(*IN_OCTETS, row): number(0x41, 7) for row in range(2, 25, 2)}
    mib = {oid: value for oid, value in MIB.items() if oid[:-1] != NAME or oid[-1] % 2 == 0} | ahead
    whole, cut = polls(2, silent_behind(HC_IN, from_poll=2), mib)
    assert len(names(whole)) == 24
    assert 0 < len(names(cut)) < 24
    assert {r.fields["counter_bits"] for r in cut.all("nadi_interface")} == {64}

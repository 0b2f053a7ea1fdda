"""Who may send and who may look: one-use tokens, revocation for good, secrets nowhere."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock
from agent.identity import Key, enrolment_proof
from collector.admission import Directory
from collector.register.access import REFRESH_NS, Access
from collector.register.engine import RegisterError
from collector.register.enrolment import LIFE_NS, Enrolled, EnrolmentRefused
from collector.register.revisions import Register
from tests.collector.register_sample import NOW, opened

KEY, OTHER = Key(b"\1" * 32), Key(b"\2" * 32)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def register(tmp_path: Path, clock: ManualClock) -> Iterator[Register]:
    opened_register = opened(tmp_path, clock)
    yield opened_register
    opened_register.close()


@pytest.fixture
def access(register: Register) -> Access:
    return register.access


def invite(access: Access, agent: str = "rtr-1", now_ns: int = NOW) -> str:
    return access.mint_enrolment(agent=agent, devices=["rtr-1", "sw-1"], actor="siti", now_ns=now_ns)


def enrol(access: Access, token: str, *, agent: str = "rtr-1", key: Key = KEY, now_ns: int = NOW) -> Enrolled:
    proof = key.sign(enrolment_proof(token, agent, key.public))
    return access.enrol(token=token, agent=agent, public_key=key.public, proof=proof, now_ns=now_ns)


def refused(access: Access, token: str, *, agent: str = "rtr-1", key: Key = KEY, now_ns: int = NOW) -> str:
    with pytest.raises(EnrolmentRefused) as caught:
        enrol(access, token, agent=agent, key=key, now_ns=now_ns)
    return caught.value.reason


def test_an_enrolled_agent_speaks_for_its_devices(access: Access) -> None:
    token = invite(access)
    assert token.startswith("nadi-enrol-")
    assert access.agent("rtr-1") is None
    assert enrol(access, token) == Enrolled("rtr-1", frozenset({"rtr-1", "sw-1"}), repeated=False)
    peer = access.agent("rtr-1")
    assert peer is not None
    assert (peer.public, peer.devices, peer.revoked) == (KEY.public, frozenset({"rtr-1", "sw-1"}), False)


def test_the_same_key_with_the_same_token_is_answered_the_same(access: Access, register: Register) -> None:
    token = invite(access)
    first = enrol(access, token)
    records = register.audit.head()
    again = enrol(access, token, now_ns=NOW + 2 * LIFE_NS)
    assert (again.agent, again.devices, again.repeated) == (first.agent, first.devices, True)
    assert register.audit.head() == records


def test_a_burnt_token_does_not_admit_another_key(access: Access) -> None:
    token = invite(access)
    enrol(access, token)
    assert "used by another key" in refused(access, token, key=OTHER)
    assert [item.public for item in access.agents()] == [KEY.public]


def test_each_refusal_has_its_own_reason_in_the_audit_log(access: Access, register: Register) -> None:
    token, last = invite(access), NOW + LIFE_NS
    told = [
        refused(access, "nadi-enrol-none"),
        refused(access, token, agent="rtr-2"),
        refused(access, token, now_ns=last),
    ]
    with pytest.raises(EnrolmentRefused, match="proof of possession"):
        access.enrol(token=token, agent="rtr-1", public_key=KEY.public, proof=b"\0" * 64, now_ns=NOW)
    reasons = [record.detail for record in register.audit.records() if record.result == "refused"]
    assert reasons[:3] == told
    assert len(set(reasons)) == 4
    assert enrol(access, token, now_ns=last - 1).repeated is False


def test_only_the_newest_token_of_an_agent_holds(access: Access) -> None:
    first, second = invite(access), invite(access)
    assert "withdrawn" in refused(access, first)
    assert [item.agent for item in access.invitations(now_ns=NOW)] == ["rtr-1"]
    enrol(access, second)
    assert access.invitations(now_ns=NOW) == []


def test_a_known_agent_enrols_anew_only_by_a_new_token(access: Access) -> None:
    first = invite(access)
    enrol(access, first)
    enrol(access, invite(access), key=OTHER)
    peer = access.agent("rtr-1")
    assert peer is not None
    assert peer.public == OTHER.public
    assert "enrolled anew" in refused(access, first)


def test_two_agents_cannot_hold_one_key(access: Access) -> None:
    enrol(access, invite(access))
    assert "another agent's" in refused(access, invite(access, "rtr-2"), agent="rtr-2")


def test_a_revoked_agent_is_out_at_once_and_no_old_token_brings_it_back(access: Access) -> None:
    used = invite(access)
    enrol(access, used)
    unused = invite(access)
    access.revoke("rtr-1", actor="siti", now_ns=NOW)
    peer = access.agent("rtr-1")
    assert peer is not None
    assert peer.revoked
    assert "revoked" in refused(access, used)
    assert "withdrawn" in refused(access, unused)
    assert "withdrawn" in refused(access, unused, key=OTHER)
    enrol(access, invite(access))
    assert access.agent("rtr-1") != peer


def test_an_invited_agent_is_revoked_before_it_came(access: Access) -> None:
    token = invite(access)
    access.revoke("rtr-1", actor="siti", now_ns=NOW)
    assert "withdrawn" in refused(access, token)
    with pytest.raises(RegisterError, match="neither a key nor a token"):
        access.revoke("rtr-9", actor="siti", now_ns=NOW)


def test_a_revocation_by_another_process_is_seen_within_a_minute(
    access: Access, tmp_path: Path, clock: ManualClock
) -> None:
    enrol(access, invite(access))
    secret = access.mint_operator_token(name="layar", actor="siti", now_ns=NOW)
    assert access.operator(secret) == "layar"
    other = opened(tmp_path)
    other.access.revoke("rtr-1", actor="budi", now_ns=NOW)
    other.access.revoke_operator_token("layar", actor="budi", now_ns=NOW)
    other.close()
    assert REFRESH_NS <= 60 * NS
    clock.advance(REFRESH_NS)
    peer = access.agent("rtr-1")
    assert peer is not None
    assert peer.revoked
    assert access.operator(secret) is None


def test_look_ups_do_not_ask_the_database_each_time(access: Access, tmp_path: Path, clock: ManualClock) -> None:
    enrol(access, invite(access))
    assert access.agent("rtr-1") is not None
    with sqlite3.connect(tmp_path / "register.db") as other:
        other.execute("ALTER TABLE agent_key RENAME TO away")
    other.close()
    assert access.agent("rtr-1") is not None
    clock.advance(REFRESH_NS)
    with pytest.raises(RegisterError, match="cannot be read"):
        access.agent("rtr-1")


def test_access_is_the_directory_that_ingest_asks(access: Access) -> None:
    directory: Directory = access
    assert directory.agent("rtr-1") is None


def test_devices_of_an_agent_are_bound_anew(access: Access) -> None:
    enrol(access, invite(access))
    access.bind("rtr-1", ["rtr-1", "ups-1"], actor="siti", now_ns=NOW)
    peer = access.agent("rtr-1")
    assert peer is not None
    assert peer.devices == {"rtr-1", "ups-1"}
    with pytest.raises(RegisterError, match="not enrolled"):
        access.bind("rtr-2", ["a"], actor="siti", now_ns=NOW)


def test_write_and_operator_tokens_are_two_kinds(access: Access) -> None:
    write = access.mint_write_token(name="telegraf", devices=["srv-1"], actor="siti", now_ns=NOW)
    operator = access.mint_operator_token(name="telegraf", actor="siti", now_ns=NOW)
    found = access.token(write)
    assert found is not None
    assert (found.name, found.devices) == ("telegraf", frozenset({"srv-1"}))
    assert (access.token(operator), access.operator(write), access.operator(operator)) == (None, None, "telegraf")
    access.revoke_write_token("telegraf", actor="siti", now_ns=NOW)
    assert (access.token(write), access.operator(operator)) == (None, "telegraf")
    assert [(item.operator, item.revoked_ns) for item in access.tokens()] == [(False, NOW), (True, None)]


def test_a_token_name_is_free_again_after_its_revocation(access: Access) -> None:
    first = access.mint_operator_token(name="layar", actor="siti", now_ns=NOW)
    with pytest.raises(RegisterError, match="there is a operator token 'layar' already"):
        access.mint_operator_token(name="layar", actor="siti", now_ns=NOW)
    access.revoke_operator_token("layar", actor="siti", now_ns=NOW)
    second = access.mint_operator_token(name="layar", actor="siti", now_ns=NOW)
    assert (access.operator(first), access.operator(second)) == (None, "layar")


@pytest.mark.parametrize(("agent", "devices"), [("../x", ["a"]), ("a", []), ("a", ["b c"]), ("", ["a"])])
def test_names_are_checked_before_anything_is_minted(access: Access, agent: str, devices: list[str]) -> None:
    with pytest.raises(RegisterError):
        access.mint_enrolment(agent=agent, devices=devices, actor="siti", now_ns=NOW)
    assert access.invitations(now_ns=NOW) == []


def test_every_act_is_in_the_audit_log(access: Access, register: Register) -> None:
    enrol(access, invite(access))
    access.revoke("rtr-1", actor="siti", now_ns=NOW)
    access.mint_write_token(name="w", devices=["d"], actor="siti", now_ns=NOW)
    access.revoke_write_token("w", actor="siti", now_ns=NOW)
    access.refuse(actor="token:w", action="write", object="d", reason="unknown token")
    assert [(item.actor, item.action, item.object, item.result) for item in register.audit.records()] == [
        ("siti", "enrol.mint", "rtr-1", "ok"),
        ("agent:rtr-1", "enrol", "rtr-1", "ok"),
        ("siti", "agent.revoke", "rtr-1", "ok"),
        ("siti", "write-token.mint", "w", "ok"),
        ("siti", "write-token.revoke", "w", "ok"),
        ("token:w", "write", "d", "refused"),
    ]


def test_no_secret_is_kept_or_told(register: Register, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    access, canary = register.access, "nadi-enrol-CANARY-canary-secret"
    secrets = [invite(access), canary]
    secrets.append(access.mint_write_token(name="w", devices=["d"], actor="siti", now_ns=NOW))
    secrets.append(access.mint_operator_token(name="o", actor="siti", now_ns=NOW))
    told = []
    for secret in secrets:
        access.token(secret)
        access.operator(secret)
        with pytest.raises(EnrolmentRefused) as caught:
            enrol(access, secret, agent="rtr-9")
        told.append("".join(traceback.format_exception(caught.value)))
    told += [
        caplog.text,
        repr(vars(access)),
        repr(access.agents()),
        repr(access.tokens()),
        str(register.audit.records()),
    ]
    register.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in secrets:
        assert not any(secret[11:] in text for text in told)
        assert secret[11:].encode() not in kept


def test_a_failing_database_tells_no_parameters(register: Register, tmp_path: Path) -> None:
    token = invite(register.access)
    engine = register.access._engine
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE agent_key")
    with pytest.raises(RegisterError) as caught:
        enrol(register.access, token)
    told = "".join(traceback.format_exception(caught.value))
    assert "no such table" in told
    assert token not in told
    assert "SQL parameters hidden" in told

"""Accounts, sessions and tokens in PostgreSQL: the same life as in SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.clock import NS, WIB, ManualClock
from collector.register.revisions import Register
from collector.register.sessions import IDLE_NS, LoginRefused
from tests.collector import postgres
from tests.collector.register_sample import NOW

GOOD = "kuda menari di alun-alun"


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    with postgres.running() as made:
        yield made


def test_an_account_lives_and_ends_in_postgresql(cluster: postgres.Cluster) -> None:
    clock = ManualClock(NOW, boot_ns=10**15)
    register = Register(cluster.database(), zone=WIB, clock=clock)
    accounts, sessions = register.accounts, register.sessions
    accounts.add("dedi", full_name="Dedi", roles=["noc"], opds=(), password=GOOD, actor="t", now_ns=NOW)
    token = sessions.mint("dedi", label="skrip", actor="t", now_ns=NOW)
    begun = [sessions.login("dedi", GOOD, address="192.0.2.7").secret for _ in range(22)]
    assert [sessions.actor(secret) is not None for secret in begun] == [False, False, *[True] * 20]
    clock.advance(IDLE_NS + NS)
    assert sessions.actor(begun[-1]) is None
    assert sessions.actor(token) is not None
    accounts.set_password("dedi", GOOD + "!", actor="t", now_ns=NOW)
    with pytest.raises(LoginRefused):
        sessions.login("dedi", GOOD, address="")
    assert sessions.logout(sessions.login("dedi", GOOD + "!", address="").secret, now_ns=NOW)
    sessions.revoke("dedi", "skrip", actor="t", now_ns=NOW)
    accounts.disable("dedi", actor="t", now_ns=NOW)
    assert sessions.actor(token) is None
    assert register.audit.verify() is None
    register.close()

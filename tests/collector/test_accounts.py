"""Accounts, passwords, sessions and personal tokens: who gets in, for how long, and what the log holds of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from agent.clock import DAY_S, NS, WIB, ManualClock
from collector.register.accounts import TooMany
from collector.register.attempts import KEYS, Attempts
from collector.register.engine import RegisterError, open_engine, reading
from collector.register.revisions import Register
from collector.register.sessions import (
    ADDRESS_FAILURES,
    IDLE_NS,
    LOCK_NS,
    MOST_SESSIONS,
    NAME_FAILURES,
    SESSION_NS,
    LoginRefused,
)
from collector.register.tables import account_token
from tests.collector.register_sample import NOW, document, opened

GOOD = "kuda menari di alun-alun"
HERE = "192.0.2.7"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW, boot_ns=10**15)


@pytest.fixture
def register(tmp_path: Path, clock: ManualClock) -> Iterator[Register]:
    made = opened(tmp_path, clock)
    made.apply(document(), actor="t", now_ns=NOW)
    add(made, "ani", ["opd"], "BPKAD")
    yield made
    made.close()


def add(register: Register, name: str, roles: list[str], opd: str = "", password: str = GOOD) -> None:
    opds = register.inventory().opd
    register.accounts.add(
        name, full_name=name.title(), roles=roles, opd=opd, opds=opds, password=password, actor="t", now_ns=NOW
    )


def begin(register: Register, name: str = "ani", password: str = GOOD, address: str = HERE) -> str:
    return register.sessions.login(name, password, address=address).secret


def test_a_session_is_its_account_with_its_roles_and_opd(register: Register) -> None:
    found = register.sessions.actor(begin(register))
    assert found is not None
    assert (found.name, found.roles, found.opd) == ("ani", frozenset(("opd",)), "BPKAD")


def test_no_secret_and_no_password_stands_in_the_database_or_the_log(register: Register, tmp_path: Path) -> None:
    secrets = [begin(register), register.sessions.mint("ani", label="skrip", actor="t", now_ns=NOW)]
    held = b"".join(file.read_bytes() for file in tmp_path.glob("register.db*"))
    assert GOOD.encode() not in held
    assert not [secret for secret in secrets if secret.encode() in held]
    assert b"$argon2id$" in held


@pytest.mark.parametrize(("name", "password"), [("ani", "salah sekali ini"), ("siapa", GOOD), ("ani", ""), ("", GOOD)])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(register: Register, name: str, password: str) -> None:
    with pytest.raises(LoginRefused) as refused:
        begin(register, name, password)
    assert (str(refused.value), refused.value.wait_seconds) == ("name or password is wrong", 0)


def test_the_same_work_is_done_for_a_name_that_is_none(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    add(register, "tamu", ["noc"], password="")
    checked: list[str] = []
    verify = register.accounts._verify

    def seen(held: str, given: str) -> bool:
        checked.append(held)
        return verify(held, given)

    monkeypatch.setattr(register.accounts, "_verify", seen)
    for name in ("ani", "siapa", "tamu"):
        assert not register.accounts.matches(name, "kata yang keliru")
    costs = {held.split("$")[3] for held in checked}
    assert (len(checked), costs) == (3, {"m=19456,t=2,p=1"})


def test_a_name_is_locked_after_ten_failures_and_that_is_recorded(register: Register, clock: ManualClock) -> None:
    for _ in range(NAME_FAILURES):
        with pytest.raises(LoginRefused):
            begin(register, password="kata yang keliru", address="")
    with pytest.raises(LoginRefused) as refused:
        begin(register)
    assert refused.value.wait_seconds > LOCK_NS // NS - 2
    assert [item.object for item in register.audit.records() if item.action == "session.lock"] == ["ani"]
    clock.advance(LOCK_NS)
    assert register.sessions.actor(begin(register)) is not None


def test_an_address_is_locked_over_many_names(register: Register) -> None:
    for number in range(ADDRESS_FAILURES):
        with pytest.raises(LoginRefused):
            begin(register, f"nama-{number}")
    with pytest.raises(LoginRefused) as refused:
        begin(register)
    assert refused.value.wait_seconds
    begin(register, address="192.0.2.8")


def test_what_is_no_name_is_not_written_down(register: Register) -> None:
    with pytest.raises(LoginRefused):
        begin(register, "sandi-rahasia-di-kolom-nama")
    assert not [item for item in register.audit.records() if "rahasia" in str(item)]


def test_a_session_ends_after_a_quarter_of_an_hour_without_use(register: Register, clock: ManualClock) -> None:
    secret = begin(register)
    for _ in range(3):
        clock.advance(IDLE_NS)
        assert register.sessions.actor(secret) is not None
    clock.advance(IDLE_NS + 1)
    assert register.sessions.actor(secret) is None
    clock.advance(-IDLE_NS)
    assert register.sessions.actor(secret) is None


def test_a_session_ends_after_eight_hours_in_any_case(register: Register, clock: ManualClock) -> None:
    secret = begin(register)
    for _ in range(SESSION_NS // (10 * 60 * NS) - 1):
        clock.advance(10 * 60 * NS)
        assert register.sessions.actor(secret) is not None
    clock.advance(10 * 60 * NS)
    assert register.sessions.actor(secret) is None


def test_idleness_outlives_a_restart(register: Register, clock: ManualClock, tmp_path: Path) -> None:
    secret = begin(register)
    clock.advance(IDLE_NS)
    assert register.sessions.actor(secret) is not None
    again = opened(tmp_path, clock)
    clock.advance(IDLE_NS - NS)
    assert again.sessions.actor(secret) is not None
    clock.advance(IDLE_NS + NS)
    assert again.sessions.actor(secret) is None
    again.close()


def test_a_disabled_account_is_out_at_once(register: Register) -> None:
    session, token = begin(register), register.sessions.mint("ani", label="skrip", actor="t", now_ns=NOW)
    assert register.sessions.actor(session)
    assert register.sessions.actor(token)
    register.accounts.disable("ani", actor="t", now_ns=NOW)
    assert register.sessions.actor(session) is register.sessions.actor(token) is None
    with pytest.raises(LoginRefused):
        begin(register)
    with pytest.raises(RegisterError, match="disabled"):
        register.accounts.actor("ani")


def test_another_process_sees_a_disabled_account_within_ten_seconds(
    register: Register, clock: ManualClock, tmp_path: Path
) -> None:
    secret, other = begin(register), opened(tmp_path, clock)
    assert register.sessions.actor(secret)
    other.accounts.disable("ani", actor="t", now_ns=NOW)
    clock.advance(10 * NS)
    assert register.sessions.actor(secret) is None
    other.close()


def test_changed_roles_hold_at_once(register: Register) -> None:
    secret = begin(register)
    assert register.sessions.actor(secret)
    register.accounts.set_roles("ani", ["noc", "auditor"], opd="", opds=(), actor="t", now_ns=NOW)
    found = register.sessions.actor(secret)
    assert found is not None
    assert (found.roles, found.opd) == (frozenset(("noc", "auditor")), "")


def test_a_new_password_ends_the_sessions_of_the_old_one(register: Register) -> None:
    secret = begin(register)
    register.accounts.set_password("ani", "sapi terbang ke bulan", actor="t", now_ns=NOW)
    assert register.sessions.actor(secret) is None
    with pytest.raises(LoginRefused):
        begin(register)
    begin(register, password="sapi terbang ke bulan")


def test_a_logout_deletes_the_session(register: Register, tmp_path: Path) -> None:
    secret = begin(register)
    assert register.sessions.logout(secret, now_ns=NOW)
    assert register.sessions.actor(secret) is None
    assert not register.sessions.logout(secret, now_ns=NOW)
    assert rows(tmp_path) == 0


def rows(folder: Path) -> int:
    engine = open_engine(folder / "register.db", zone=WIB)
    with reading(engine) as connection:
        count = len(connection.execute(select(account_token.c.id)).all())
    engine.dispose()
    return count


def test_an_account_has_at_most_twenty_sessions(register: Register, tmp_path: Path) -> None:
    secrets = [begin(register) for _ in range(MOST_SESSIONS + 2)]
    opening = [register.sessions.actor(secret) is not None for secret in secrets]
    assert opening == [False, False, *[True] * MOST_SESSIONS]
    assert rows(tmp_path) == MOST_SESSIONS


def test_a_personal_token_expires_and_tells_its_last_day_of_use(register: Register, clock: ManualClock) -> None:
    secret = register.sessions.mint("ani", label="skrip", days=2, actor="t", now_ns=NOW)
    clock.advance(DAY_S * NS)
    assert register.sessions.actor(secret) is not None
    (token,) = register.sessions.personal()
    assert token.used_ns == WIB.parse("2026-08-11T00:00")
    clock.advance(DAY_S * NS)
    assert register.sessions.actor(secret) is None


def test_a_revoked_token_opens_nothing(register: Register) -> None:
    secret = register.sessions.mint("ani", label="skrip", actor="t", now_ns=NOW)
    with pytest.raises(RegisterError, match="revoke one"):
        register.sessions.mint("ani", label="skrip", actor="t", now_ns=NOW)
    register.sessions.revoke("ani", "skrip", actor="t", now_ns=NOW)
    assert register.sessions.actor(secret) is None
    with pytest.raises(RegisterError, match="no token"):
        register.sessions.revoke("ani", "skrip", actor="t", now_ns=NOW)


@pytest.mark.parametrize(
    ("roles", "opd", "password", "said"),
    [
        (["raja"], "", GOOD, "not raja"),
        ([], "", GOOD, "not none"),
        (["opd"], "", GOOD, "go together"),
        (["noc"], "BPKAD", GOOD, "go together"),
        (["opd"], "LAIN", GOOD, "no OPD 'LAIN'"),
        (["noc"], "", "pendek", "12 to 256"),
        (["noc"], "", "budi budi budi", "account's name"),
        (["noc"], "", "aaaabbbbaaaabbbb", "repeats"),
    ],
)
def test_what_makes_no_account_is_refused(
    register: Register, roles: list[str], opd: str, password: str, said: str
) -> None:
    with pytest.raises(RegisterError, match=said):
        add(register, "budi", roles, opd, password)
    assert [item.name for item in register.accounts.all()] == ["ani"]


@pytest.mark.parametrize(
    "full_name", ["", " ", "x" * 201, "Ani\r\nLestari", "Ani\x1b[31m", "Ani\u202eLestari", "A\x00"]
)
def test_a_full_name_is_one_printable_line(register: Register, full_name: str) -> None:
    with pytest.raises(RegisterError, match="printable"):
        register.accounts.add("budi", full_name=full_name, roles=["noc"], opds=(), actor="t", now_ns=NOW)


def test_a_long_name_is_not_remembered_whole(register: Register) -> None:
    with pytest.raises(LoginRefused):
        begin(register, "n" * 8000)
    assert max(map(len, register.sessions._names._failures)) == 65


def test_every_change_is_in_the_audit_log(register: Register) -> None:
    register.sessions.logout(begin(register), now_ns=NOW)
    register.accounts.set_roles("ani", ["noc"], opd="", opds=(), actor="cli:root", now_ns=NOW)
    register.accounts.disable("ani", actor="cli:root", now_ns=NOW)
    told = [(item.actor, item.action, item.detail) for item in register.audit.records()][-5:]
    assert told == [
        ("t", "account.add", "opd of BPKAD"),
        ("ani", "session", ""),
        ("ani", "session.end", ""),
        ("cli:root", "account.roles", "noc"),
        ("cli:root", "account.disable", ""),
    ]


def test_more_passwords_than_may_wait_are_turned_away(register: Register) -> None:
    outcomes: list[bool | None] = []

    def attempt() -> None:
        try:
            outcomes.append(register.accounts.matches("ani", GOOD))
        except TooMany:
            outcomes.append(None)

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    with register.accounts._one:
        for thread in threads:
            thread.start()
        while len(outcomes) < 16:
            threading.Event().wait(0.01)
    for thread in threads:
        thread.join()
    assert (outcomes.count(None), outcomes.count(True)) == (16, 4)


def test_failures_are_remembered_for_a_bounded_number_of_names() -> None:
    attempts = Attempts(limit=2, span_ns=100)
    for number in range(KEYS + 10):
        assert not attempts.failed(str(number), 0)
    assert len(attempts._failures) == KEYS
    assert attempts.failed("100", 1)
    assert (attempts.wait_ns("100", 1), attempts.wait_ns("100", 101), attempts.wait_ns("9", 1)) == (100, 0, 0)
    assert not attempts.failed("200", 150)

"""The register on SQLite and on PostgreSQL: the same acts, the same answers, the same refusals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from agent.clock import NS, WIB, WITA, ManualClock
from agent.config import ConfigError
from agent.identity import Key, enrolment_proof
from collector.inventory import InventoryError
from collector.register.audit import Audit
from collector.register.book import Forbidden, Refused
from collector.register.engine import RegisterError, open_engine, reading, writing
from collector.register.records.disconnection import DISCONNECTION
from collector.register.records.report_state import REPORT_STATE
from collector.register.revisions import Register
from collector.register.settings import RegisterSettings
from collector.register.tables import audit as audit_table
from collector.register.tables import metadata
from tests.collector.book_sample import CHECKER, DINKES, OFFICIAL, Desk
from tests.collector.postgres import PASSWORD, Cluster, name_of, running
from tests.collector.register_sample import NOW, WHOLE, document, later
from tests.collector.test_disconnection import CUT
from tests.collector.test_registers import VERSION

KEY = Key(b"\1" * 32)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "register.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.database()


def opened(target: Path | str, *, password: str = "") -> Register:
    return Register(target, zone=WIB, clock=ManualClock(NOW), region="Kabupaten Contoh", password=password)


def test_determinations_are_applied_once_and_never_rewritten(target: Path | str) -> None:
    register = opened(target)
    assert register.apply(document(), actor="siti", now_ns=NOW).revision == 1
    assert not register.apply(document(), actor="siti", now_ns=NOW)
    both = document(WHOLE + later("SK-2", "2026-07-01"))
    register.apply(both, actor="siti", now_ns=NOW + NS)
    held = register.inventory()
    assert [item.decision_number for item in held.allocations_of("BPKAD")] == ["SK-1", "SK-2"]
    with pytest.raises(InventoryError, match="never rewritten"):
        register.apply(document(WHOLE.replace("down_mbps = 90", "down_mbps = 91")), actor="x", now_ns=NOW)
    register.close()
    again = opened(target)
    assert (again.revision(), again.document(), again.inventory()) == (2, both, held)
    assert (again.check(), again.audit.verify()) == ([], None)
    assert [item.result for item in again.audit.records()] == ["ok", "ok", "refused"]
    again.close()


def test_records_move_by_their_rules(target: Path | str) -> None:
    desk = Desk(target)
    made = desk.open(DISCONNECTION, CUT)
    with pytest.raises(Forbidden, match="peran penetap"):
        desk.move(DISCONNECTION, made.code, "disetujui", CHECKER)
    done = desk.move(DISCONNECTION, made.code, "disetujui", OFFICIAL)
    assert desk.book.history(DISCONNECTION, made.code, actor=DINKES) == [made, done]
    assert desk.book.current(DISCONNECTION, states=("disetujui",)) == [done]
    first = desk.open(REPORT_STATE, VERSION)
    with pytest.raises(Refused, match=first.code):
        desk.open(REPORT_STATE, VERSION)
    assert desk.open(REPORT_STATE, replace(VERSION, version=2)).code == "LAP-2026-00002"
    assert (desk.book.check(), desk.register.audit.verify(), desk.book.last_id()) == ([], None, 4)
    desk.register.close()


def test_agents_enrol_and_tokens_end(target: Path | str) -> None:
    register = opened(target)
    access = register.access
    token = access.mint_enrolment(agent="rtr-1", devices=["rtr-1"], actor="siti", now_ns=NOW)
    proof = KEY.sign(enrolment_proof(token, "rtr-1", KEY.public))
    for repeated in (False, True):
        answer = access.enrol(token=token, agent="rtr-1", public_key=KEY.public, proof=proof, now_ns=NOW)
        assert answer.repeated == repeated
    secret = access.mint_operator_token(name="noc", actor="siti", now_ns=NOW)
    assert access.operator(secret) == "noc"
    with pytest.raises(RegisterError, match="already"):
        access.mint_operator_token(name="noc", actor="siti", now_ns=NOW)
    access.revoke_operator_token("noc", actor="siti", now_ns=NOW)
    access.revoke("rtr-1", actor="siti", now_ns=NOW)
    peer = access.agent("rtr-1")
    assert (access.operator(secret), peer is not None and peer.revoked) == (None, True)
    register.close()


def test_writers_at_once_make_one_chain_and_numbers_of_their_own(target: Path | str) -> None:
    desks = [Desk(target) for _ in range(3)]
    failed: list[Exception] = []

    def work(desk: Desk) -> None:
        try:
            for _ in range(10):
                desk.open(DISCONNECTION, CUT)
        except (RegisterError, Refused, SQLAlchemyError) as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    codes = [item.code for item in desks[0].book.current(DISCONNECTION)]
    assert codes == [f"PTS-2026-{number:05d}" for number in range(1, 31)]
    assert (desks[0].register.check(), desks[0].register.audit.verify()) == ([], None)
    for desk in desks:
        desk.register.close()


def test_an_act_that_fails_leaves_nothing(target: Path | str) -> None:
    engine = open_engine(target, zone=WIB)
    audit = Audit(engine)

    def act() -> None:
        with writing(engine) as connection:
            audit.record(actor="a", action="b", object="c", at_ns=1, connection=connection)
            raise KeyError

    with pytest.raises(KeyError):
        act()
    assert audit.head().seq == 0
    engine.dispose()


def test_a_reader_sees_one_state_while_others_write(target: Path | str) -> None:
    engine = open_engine(target, zone=WIB)
    audit = Audit(engine)
    with reading(engine) as connection:
        count = select(func.count()).select_from(audit_table)
        before = connection.scalar(count)
        audit.record(actor="a", action="b", object="c", at_ns=1)
        assert connection.scalar(count) == before == 0
    assert audit.head().seq == 1
    engine.dispose()


def test_the_zone_is_held_and_the_tables_are_those_of_the_code(target: Path | str) -> None:
    engine = open_engine(target, zone=WIB)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    with pytest.raises(RegisterError, match="its days are WIB"):
        open_engine(target, zone=WITA)


def test_two_collectors_may_begin_an_empty_database_at_once(cluster: Cluster) -> None:
    url, found = cluster.database(), []

    def begin() -> None:
        register = opened(url)
        found.append(register.revision())
        register.close()

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0, 0, 0, 0]


def test_a_record_altered_in_the_database_shows(cluster: Cluster) -> None:
    url = cluster.database()
    desk = Desk(url)
    code = desk.open(DISCONNECTION, CUT).code
    name = name_of(url)
    cluster.run("UPDATE record SET body = replace(body, 'kapasitas', 'akses_terlarang')", database=name)
    cluster.run("UPDATE audit SET actor = 'lain' WHERE seq = 2", database=name)
    assert desk.register.check() == [f"record {code} revision 1: altered after it was written"]
    assert str(desk.register.audit.verify()) == "audit record 2: was altered: its content has another hash"
    desk.register.close()


def test_the_password_comes_from_a_file_and_shows_nowhere(
    cluster: Cluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    name = name_of(cluster.database())
    file = tmp_path / "register.password"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    file.chmod(0o600)
    settings = RegisterSettings(url=f"postgresql://nadi@127.0.0.1:{cluster.port}/{name}", password=file)
    register = opened(settings.url, password=settings.secret())
    assert register.revision() == 0
    register.close()
    with pytest.raises(RegisterError, match="password authentication failed") as caught:
        opened(settings.url, password="salah sekali")
    assert "salah sekali" not in str(caught.value)
    assert f"postgresql+psycopg://nadi:***@127.0.0.1:{cluster.port}/{name}" in str(caught.value)
    assert not any(secret in caplog.text for secret in (PASSWORD, "salah sekali"))


def test_a_server_that_is_gone_is_an_error_with_its_name_and_comes_back(cluster: Cluster) -> None:
    url = cluster.database()
    register = opened(url)
    name = name_of(url)
    cluster.expel(name)
    assert register.revision() == 0
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    cluster.expel(name)
    with pytest.raises(RegisterError, match=f"{name}.*cannot be read"):
        register.revision()
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert register.revision() == 0
    register.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://nadi@localhost/nadi", "form postgresql://"),
        ("postgresql://localhost/nadi", "form postgresql://"),
        ("postgresql://nadi@localhost", "form postgresql://"),
        ("postgresql://nadi:rahasia@localhost/nadi", "holds a password"),
        ("postgresql://nadi@localhost/nadi?password=rahasia", "holds a password"),
        ("postgresql://nadi@db.contoh.go.id/nadi", "another machine; add .sslmode=verify-full"),
        ("postgresql://nadi@/nadi?host=db.contoh.go.id", "another machine"),
        ("postgresql://nadi@db.contoh.go.id/nadi?sslmode=require", "another machine"),
        ("postgresql://nadi@[::/nadi", "cannot be read"),
    ],
)
def test_an_address_that_would_leak_or_cannot_work_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        RegisterSettings(url=url)
    assert "rahasia" not in str(caught.value)


def test_addresses_that_may_be_used(tmp_path: Path) -> None:
    for url in (
        "postgresql://nadi@/nadi?host=/run/postgresql",
        "postgresql://nadi@127.0.0.1:5433/nadi",
        "postgresql://nadi@db.contoh.go.id/nadi?sslmode=verify-full&sslrootcert=/etc/nadi/ca.pem",
    ):
        assert RegisterSettings(url=url).secret() == ""
    with pytest.raises(ValueError, match="without url"):
        RegisterSettings(password=tmp_path / "x")
    empty = tmp_path / "empty"
    empty.touch(mode=0o600)
    with pytest.raises(ConfigError, match="must hold the password"):
        RegisterSettings(url="postgresql://nadi@/nadi", password=empty).secret()

"""Against a real snmpd (net-snmp 5.9.3), compared with what its own snmpbulkwalk says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.snmp.engine import Engine
from agent.snmp.errors import AuthenticationFailed, TimedOut
from agent.snmp.session import Community, T, Target, Task, get
from agent.snmp.usm import Auth, Privacy, UsmUser
from agent.snmp.values import Kind, Oid, Value, oid_text, parse_oid
from agent.snmp.walk import columns

PASSWORDS = ("authpass123", "privpass123")
PROTOCOLS = {Auth.MD5: "MD5", Auth.SHA1: "SHA", Auth.SHA224: "SHA-224", Auth.SHA256: "SHA-256"}
PROTOCOLS |= {Auth.SHA384: "SHA-384", Auth.SHA512: "SHA-512"}
CIPHERS = {Privacy.DES: "DES", Privacy.AES128: "AES", Privacy.AES192: "AES-192", Privacy.AES256: "AES-256"}
CIPHERS |= {Privacy.AES192_REEDER: "AES-192-C", Privacy.AES256_REEDER: "AES-256-C"}
UPTIME = parse_oid("1.3.6.1.2.1.1.3.0")
TABLES = {
    "1.3.6.1.2.1.2.2.1": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 16),  # ifTable
    "1.3.6.1.2.1.31.1.1.1": (1, 6, 10, 15, 16, 17, 18),  # ifXTable
    "1.3.6.1.2.1.1.9.1": (2, 3, 4),  # sysORTable
    "1.3.6.1.6.3.16.1.4.1": (4, 5, 6, 7),  # vacmAccessTable: long indexes
}
MOVING = (Kind.COUNTER32, Kind.COUNTER64)


def users() -> Iterator[UsmUser]:
    """Yield one user of each pair of protocols."""
    yield UsmUser("none")
    for auth in Auth:
        yield UsmUser(f"{auth.name}-none", auth, PASSWORDS[0])
        for privacy in Privacy:
            yield UsmUser(f"{auth.name}-{privacy.name}", auth, PASSWORDS[0], privacy, PASSWORDS[1])


def level(user: UsmUser) -> str:
    return "priv" if user.privacy else "auth" if user.auth else "noauth"


class Snmpd:
    """A real snmpd on a free port of loopback, IPv4 and IPv6, with a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as free:
            free.bind(("::", 0))
            self.port: int = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self) -> None:
        lines = ["rocommunity public", "rocommunity6 public"]
        lines.append(f"agentAddress udp:127.0.0.1:{self.port},udp6:[::1]:{self.port}")
        for user in users():
            words = ["createUser", user.name]
            words += [PROTOCOLS[user.auth], PASSWORDS[0]] if user.auth else []
            words += [CIPHERS[user.privacy], PASSWORDS[1]] if user.privacy else []
            lines += [" ".join(words), f"rouser {user.name} {level(user)}"]
        (self.folder / "snmpd.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            ["snmpd", "-f", "-Lf", str(self.folder / "log"), "-m", "", "-C", "-c", str(self.folder / "snmpd.conf")],
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(state)},
        )
        with Engine() as engine:
            for _ in range(100):
                at = Target(host="127.0.0.1", port=self.port, credential=Community("public"), timeout_s=0.1, retries=0)
                if engine.run([get(at, [UPTIME])])[0].error is None:
                    return
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)

    def says(self, oid: str) -> dict[Oid, str]:
        """Return what net-snmp's own client reads below a name."""
        command = ["snmpbulkwalk", "-v2c", "-c", "public", "-m", "", "-Onetx", f"127.0.0.1:{self.port}", oid]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        # A long string goes on in lines of its own, which begin with no name.
        lines = re.sub(r"\n(?!\.)", " ", done.stdout).splitlines()
        pairs = (line.split(" = ", 1) for line in lines)
        return {parse_oid(name): " ".join(text.split()) for name, text in pairs}


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    """Start snmpd; without it the tests fail in CI and are skipped elsewhere, saying so."""
    if shutil.which("snmpd") is None or shutil.which("snmpbulkwalk") is None:
        words = "NOT TESTED against a real agent: install snmpd and snmp (apt-get install snmpd snmp)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    daemon = Snmpd(tmp_path_factory.mktemp("snmpd"))
    daemon.configure()
    daemon.start()
    yield daemon
    daemon.stop()


def target(daemon: Snmpd, credential: Community | UsmUser, host: str = "127.0.0.1") -> Target:
    return Target(host=host, port=daemon.port, credential=credential, timeout_s=1.0)


def value_of(engine: Engine, task: Task[T]) -> T:
    (outcome,) = engine.run([task])
    if outcome.error is not None:
        raise outcome.error
    assert outcome.value is not None
    return outcome.value


def shown(value: Value) -> str:
    """Write a value as snmpbulkwalk -Onetx does."""
    kind, content = value
    if isinstance(content, bytes):
        if kind is Kind.IPADDRESS:
            return f"IpAddress: {socket.inet_ntoa(content)}"
        return f"Hex-STRING: {content.hex(' ').upper()}" if content else '""'
    if isinstance(content, tuple):
        return f"OID: .{oid_text(content)}"
    names = {Kind.COUNTER32: "Counter32", Kind.COUNTER64: "Counter64", Kind.GAUGE32: "Gauge32", Kind.INTEGER: "INTEGER"}
    return str(content) if kind is Kind.TICKS else f"{names[kind]}: {content}"


def walked(engine: Engine, at: Target) -> dict[Oid, Value]:
    wanted = [(*parse_oid(table), column) for table, some in TABLES.items() for column in some]
    walk = value_of(engine, columns(at, wanted, scalars=[UPTIME]))
    assert walk.stopped == {}
    return {(*column, *index): value for column, rows in walk.columns.items() for index, value in rows.items()}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_walk_equals_the_one_of_net_snmp(snmpd: Snmpd, host: str) -> None:
    at = target(snmpd, Community("public"), host)
    with Engine() as engine:
        before = walked(engine, at)
        theirs = {oid: text for table in TABLES for oid, text in snmpd.says(table).items() if oid in before}
        time.sleep(3.1)  # snmpd caches its interface table for 3 s
        after = walked(engine, at)
    assert len(before) > 60
    assert theirs.keys() == before.keys() == after.keys()
    for oid, value in before.items():
        if value.kind in MOVING:
            low, high = value.value, after[oid].value
            assert isinstance(low, int)
            assert isinstance(high, int)
            assert low <= int(theirs[oid].split(": ")[1]) <= high
        else:
            assert shown(value) == theirs[oid]


@pytest.mark.parametrize("user", list(users()), ids=lambda user: user.name)
def test_every_kind_of_user_reads_the_same_walk(snmpd: Snmpd, user: UsmUser) -> None:
    with Engine() as engine:
        plain = walked(engine, target(snmpd, Community("public")))
        secret = walked(engine, target(snmpd, user))
    assert plain.keys() == secret.keys()
    assert {o: v for o, v in plain.items() if v.kind not in MOVING} == {
        o: v for o, v in secret.items() if v.kind not in MOVING
    }


def test_a_missing_name_and_a_whole_subtree_are_read_as_rfc_3416_says(snmpd: Snmpd) -> None:
    absent = parse_oid("1.3.6.1.2.1.1.99.0")
    with Engine() as engine:
        values = value_of(engine, get(target(snmpd, Community("public")), [UPTIME, absent]))
    assert values[UPTIME].kind is Kind.TICKS
    assert values[absent].kind in {Kind.NO_SUCH_OBJECT, Kind.NO_SUCH_INSTANCE}


def test_a_wrong_login_is_told_apart_from_silence(snmpd: Snmpd) -> None:
    wrong = {
        "wrongDigests": UsmUser("SHA1-AES128", Auth.SHA1, "x" * 9, Privacy.AES128, PASSWORDS[1]),
        "unknownUserNames": UsmUser("nobody", Auth.SHA1, PASSWORDS[0]),
    }
    with Engine() as engine:
        for reason, user in wrong.items():
            (outcome,) = engine.run([get(target(snmpd, user), [UPTIME])])
            assert isinstance(outcome.error, AuthenticationFailed)
            assert outcome.error.reason == reason
        silent = Target(host="127.0.0.1", port=snmpd.port, credential=Community("no"), timeout_s=0.1, retries=1)
        assert isinstance(engine.run([get(silent, [UPTIME])])[0].error, TimedOut)


def test_a_wrong_privacy_password_brings_no_value(snmpd: Snmpd) -> None:
    user = UsmUser("SHA1-AES128", Auth.SHA1, PASSWORDS[0], Privacy.AES128, "x" * 9)
    at = Target(host="127.0.0.1", port=snmpd.port, credential=user, timeout_s=0.1, retries=1)
    with Engine() as engine:
        for _ in range(10):  # net-snmp reports decryptionErrors or, when the noise looks like BER, stays silent
            (outcome,) = engine.run([get(at, [UPTIME])])
            assert isinstance(outcome.error, AuthenticationFailed | TimedOut)


def test_a_restart_and_a_new_engine_are_survived(snmpd: Snmpd) -> None:
    user = UsmUser("SHA1-AES128", Auth.SHA1, PASSWORDS[0], Privacy.AES128, PASSWORDS[1])
    with Engine() as engine:
        assert value_of(engine, get(target(snmpd, user), [UPTIME]))
        for forgets in (False, True):
            snmpd.stop()
            if forgets:
                shutil.rmtree(snmpd.folder / "state")
            snmpd.start()
            assert value_of(engine, get(target(snmpd, user), [UPTIME]))
            assert engine.retried == 0

"""Questions to name servers: real dnsmasq, and servers of the test that say what no server should."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from agent.clock import SystemClock
from agent.config import ConfigError, loads
from agent.gather import look
from agent.inputs import dns
from agent.inputs.dns import Config, Target
from agent.probe import Cause
from agent.reading import Reading, decode, encode
from agent.source import Env

NAME = "simpeg.contoh.go.id"
GOOD = bytes((10, 20, 1, 5))


def asked(*targets: Target) -> dict[str, Reading]:
    clock = SystemClock()
    found = list(dns.collect(Config(targets), Env("d", look(clock), clock)))
    assert decode(encode(found)) == (found, [])
    return {item.tag("target"): item for item in found}


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(scope="module")
def dnsmasq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    program = shutil.which("dnsmasq", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        message = "dnsmasq is not installed (apt-get install dnsmasq-base)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(f"NOT TESTED: {message}")
    folder, port = tmp_path_factory.mktemp("dnsmasq"), free_port()
    many = "".join(f"host-record=besar.contoh.go.id,10.9.{i // 200}.{i % 200 + 1}\n" for i in range(400))
    (folder / "conf").write_text(
        f"port={port}\nlisten-address=127.0.0.1,::1\nbind-interfaces\nno-resolv\nno-hosts\nlocal=/go.id/\n"
        f"host-record={NAME},10.20.1.5,fd00::5\ncname=www.contoh.go.id,{NAME}\nedns-packet-max=512\n{many}"
    )
    process = subprocess.Popen(
        [program, "-k", "-C", str(folder / "conf"), "-x", str(folder / "pid"), "--user=", "--group="]
    )
    deadline = time.monotonic() + 5
    while not (folder / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    yield port
    process.terminate()
    process.wait(5)


def test_a_real_server_is_asked_for_names_aliases_and_both_families(dnsmasq: int) -> None:
    def to(name: str, query: str, **more: object) -> Target:
        return Target(name, "127.0.0.1", query, port=dnsmasq, **more)  # type: ignore[arg-type]

    found = asked(
        to("a", NAME, expected=("10.20.1.5",)),
        to("capitals", NAME.upper() + ".", expected=("10.20.1.5", "10.20.1.6")),
        to("alias", "www.contoh.go.id", expected=("10.20.1.5",)),
        to("six", NAME, type="AAAA", expected=("fd00::5",)),
        to("other", NAME, expected=("10.20.1.6",)),
        to("none", "tidak-ada.contoh.go.id"),
        Target("by-six", "::1", NAME, port=dnsmasq),
    )
    said = {name: (r.fields["success"], r.fields.get("cause"), r.fields["status_code"]) for name, r in found.items()}
    good = (1, None, 0)
    assert said == {
        "a": good, "capitals": good, "alias": good, "six": good, "by-six": good,
        "other": (0, Cause.CONTENT, 0), "none": (0, Cause.DNS, 3),
    }  # fmt: skip
    assert all(0 < item.fields["rtt_seconds"] < 2 for item in found.values())


def test_an_answer_that_fits_no_datagram_is_fetched_by_tcp(dnsmasq: int) -> None:
    targets = Target("big", "127.0.0.1", "besar.contoh.go.id", port=dnsmasq)
    assert asked(targets)["big"].fields["success"] == 1


Reply = Callable[[bytes], list[bytes]]


@contextlib.contextmanager
def serving(reply: Reply, *, delay: float = 0.0, deaf: int = 0) -> Iterator[int]:
    """Answer queries by UDP with what ``reply`` makes of them; the first ``deaf`` are not heard."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.05)
        stop = threading.Event()

        def serve() -> None:
            heard = 0
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    query, source = sock.recvfrom(2048)
                    heard += 1
                    if heard > deaf:
                        stop.wait(delay)
                        for packet in reply(query):
                            sock.sendto(packet, source)

        thread = threading.Thread(target=serve)
        thread.start()
        yield sock.getsockname()[1]
        stop.set()
        thread.join()


def record(owner: bytes = b"\xc0\x0c", *, kind: int = 1, data: bytes = GOOD, length: int = -1) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data) if length < 0 else length) + data


def message(query: bytes, *records: bytes, flags: int = 0x8180, count: int = -1) -> bytes:
    head = struct.pack(
        "!HHHHHH", int.from_bytes(query[:2], "big"), flags, 1, len(records) if count < 0 else count, 0, 0
    )
    return head + query[12:] + b"".join(records)


def outcome(port: int, *, timeout: float = 0.6, expected: tuple[str, ...] = ("10.20.1.5",)) -> tuple[object, ...]:
    fields = asked(Target("x", "127.0.0.1", NAME, port=port, timeout=timeout, expected=expected))["x"].fields
    return fields["success"], fields.get("cause"), fields.get("status_code")


def test_a_lost_question_is_sent_again_and_a_slow_answer_heard() -> None:
    with serving(lambda query: [message(query, record())], deaf=1) as port:
        assert outcome(port) == (1, None, 0)
    with serving(lambda query: [message(query, record())], delay=0.45) as port:
        assert outcome(port) == (1, None, 0)


HOSTILE = {
    "a pointer to itself": lambda q: message(q, record(struct.pack("!H", 0xC000 | len(q)))),
    "two pointers to each other": lambda q: message(q, struct.pack("!HH", 0xC002 + len(q), 0xC000 + len(q))),
    "a pointer ahead": lambda q: message(q, record(b"\xc3\xff")),
    "more records than there are": lambda q: message(q, record(), count=65535),
    "a length beyond the end": lambda q: message(q, record(length=60_000)),
    "an address of three octets": lambda q: message(q, record(data=b"\x0a\x14\x01")),
    "a label that does not end": lambda q: message(q, b"\x3fabc"),
    "an address of another name": lambda q: message(q, record(b"\x05palsu\0")),
    "no record": lambda q: message(q),
    "an alias to itself": lambda q: message(q, record(kind=5, data=b"\xc0\x0c")),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_answer_that_is_none_is_the_servers_fault(what: str) -> None:
    with serving(lambda query: [HOSTILE[what](query)]) as port:
        assert outcome(port) == (0, Cause.DNS, 0)


def test_what_answers_another_question_is_not_heard() -> None:
    def forged(query: bytes) -> list[bytes]:
        other = bytes((query[0] ^ 1,)) + query[1:]
        wrong = record(data=bytes((6, 6, 6, 6)))
        renamed = query.replace(b"simpeg", b"simpag")
        return [message(other, wrong), message(renamed, wrong), query, query[:7], b"", os.urandom(40)]

    with serving(lambda query: [*forged(query), message(query, record())]) as port:
        assert outcome(port) == (1, None, 0)
    with serving(forged) as port:
        assert outcome(port) == (0, Cause.TIMEOUT, None)


def test_a_refusal_a_failure_and_a_silent_or_closed_port_are_told_apart() -> None:
    for code in (2, 5):
        with serving(lambda query, code=code: [message(query, flags=0x8180 | code)]) as port:  # type: ignore[misc]
            assert outcome(port) == (0, Cause.DNS, code)
    with serving(lambda query: []) as port:
        assert outcome(port) == (0, Cause.TIMEOUT, None)
    assert outcome(free_port()) == (0, Cause.REFUSED, None)


def test_one_wrong_address_beside_a_right_one_is_not_right() -> None:
    with serving(lambda query: [message(query, record(), record(data=bytes((6, 6, 6, 6))))]) as port:
        assert outcome(port) == (0, Cause.CONTENT, 0)
        assert outcome(port, expected=()) == (1, None, 0)


def test_aliases_may_stand_in_any_order() -> None:
    alias = record(kind=5, data=b"\x03www\0")
    with serving(lambda query: [message(query, record(b"\x03www\0"), alias)]) as port:
        assert outcome(port) == (1, None, 0)


def test_no_octets_break_the_reader() -> None:
    choose = random.Random(11)
    query = dns._HEADER.pack(1, 0x8180, 1, 4, 0, 0) + dns._question(NAME, 1)
    for _ in range(20_000):
        noise = bytearray(query + record() * 4)
        for _ in range(choose.randrange(1, 12)):
            noise[choose.randrange(len(noise))] = choose.choice((0, 0x0C, 0x3F, 0xC0, 0xFF, choose.randrange(256)))
        with contextlib.suppress(ValueError, IndexError, struct.error):
            found = dns._addresses(bytes(noise[: choose.randrange(12, len(noise) + 1)]), 1, 4)
            assert all(len(address) == 4 for address in found)


@pytest.mark.parametrize("what", ["nothing", "half", "endless", "another"])
def test_a_server_that_breaks_off_by_tcp_is_told(what: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, contextlib.ExitStack() as stack:
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(tcp.getsockname())

        def serve() -> None:
            query, source = udp.recvfrom(2048)
            udp.sendto(message(query, flags=0x8380), source)
            connection, _ = tcp.accept()
            with connection:
                connection.recv(2048)
                said = {"nothing": b"", "half": b"\0\x40abc", "endless": b"\xff\xffa", "another": b"\0\x0c" + bytes(12)}
                connection.sendall(said[what])
                if what == "endless":
                    time.sleep(1)

        thread = threading.Thread(target=serve)
        thread.start()
        begun = time.monotonic()
        expected = Cause.TIMEOUT if what == "endless" else Cause.BROKEN
        assert outcome(tcp.getsockname()[1]) == (0, expected, None)
        assert time.monotonic() - begun < 1
        thread.join()


@pytest.mark.parametrize(("text", "message"), [
    ('server = "dns.contoh"\nquery = "a.id"', "server 'dns.contoh' is no IP address"),
    ('server = "10.0.0.1"\nquery = "a..id"', "host 'a..id' is no name"),
    ('server = "10.0.0.1"\nquery = "a.id"\ntype = "MX"', "'MX' is not one of 'A', 'AAAA'"),
    ('server = "10.0.0.1"\nquery = "a.id"\nexpected = ["fd00::1"]', "expected 'fd00::1' is no address of type A"),
])  # fmt: skip
def test_a_mistake_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loads(Config, f'[[target]]\nname = "x"\n{text}', source="test")

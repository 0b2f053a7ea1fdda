"""What listens on public addresses, by real sockets in a namespace; the age of ClamAV's signatures by their head."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, SystemClock
from agent.gather import look
from agent.inputs import host_security
from agent.inputs.host_security import Config, Listener, SecurityError
from agent.reading import Reading, decode, encode
from agent.source import Env
from tests.lab import namespaces
from tests.lab.cloud import Cloud

PUBLIC, PUBLIC6, PRIVATE, CARRIER = "36.66.10.1", "2404:8000::1", "10.77.9.1", "100.64.3.3"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    namespaces.require("nft", "ping")
    with Cloud() as made:
        yield made


def collected(folder: Path) -> list[Reading]:
    clock = SystemClock()
    found = list(host_security.collect(Config(clamav=folder), Env("d", look(clock), clock)))
    assert decode(encode(found)) == (found, [])
    return found


def heard(folder: Path) -> tuple[int, list[str]]:
    found = collected(folder)
    return int(found[0].fields["public_listeners"]), [item.tag("listener") for item in found if len(item.tags) > 1]


@contextlib.contextmanager
def addresses(cloud: Cloud, *given: str) -> Iterator[None]:
    for address in given:
        cloud.run("near", "ip", "addr", "add", address, "dev", "lo", *(("nodad",) if ":" in address else ()))
    try:
        yield
    finally:
        for address in given:
            cloud.run("near", "ip", "addr", "del", f"{address}/{128 if ':' in address else 32}", "dev", "lo")


def opened(stack: contextlib.ExitStack, host: str, port: int, *, udp: bool = False, only_six: bool = False) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM))
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only_six))
    sock.bind((host, port))
    if not udp:
        sock.listen()


def test_what_is_bound_to_a_public_address_is_told_by_name(cloud: Cloud, tmp_path: Path) -> None:
    given = (PUBLIC, PUBLIC6, CARRIER)
    with cloud.inside("near"), addresses(cloud, *given), contextlib.ExitStack() as stack:
        for host in (*given, PRIVATE, "127.0.0.1", "::1", "fd77:9::1"):
            opened(stack, host, 8080)
        opened(stack, PUBLIC, 161, udp=True)
        opened(stack, PUBLIC, 50_000, udp=True)  # a port that the kernel gives to those who ask
        opened(stack, f"::ffff:{PUBLIC}", 8081)
        assert heard(tmp_path) == (4, [
            f"udp:{PUBLIC}:161", f"tcp:{PUBLIC}:8080", f"tcp:[{PUBLIC6}]:8080", f"tcp:{PUBLIC}:8081",
        ])  # fmt: skip


def test_what_is_bound_to_every_address_is_public_where_one_is(cloud: Cloud, tmp_path: Path) -> None:
    with cloud.inside("near"), contextlib.ExitStack() as stack:
        opened(stack, "0.0.0.0", 80)
        opened(stack, "::", 80, only_six=True)
        opened(stack, "::", 443)
        assert heard(tmp_path) == (0, []), "private addresses only"
        with addresses(cloud, CARRIER):
            assert heard(tmp_path) == (0, []), "a carrier's own addresses are not public"
        with addresses(cloud, PUBLIC):
            assert heard(tmp_path) == (2, ["tcp:0.0.0.0:80", "tcp:[::]:443"])
        with addresses(cloud, PUBLIC6):
            assert heard(tmp_path) == (2, ["tcp:[::]:80", "tcp:[::]:443"])


def test_a_connection_is_no_listener(cloud: Cloud, tmp_path: Path) -> None:
    with cloud.inside("near"), addresses(cloud, PUBLIC), contextlib.ExitStack() as stack:
        opened(stack, PUBLIC, 8080)
        for _ in range(5):
            stack.enter_context(socket.create_connection((PUBLIC, 8080)))
        assert heard(tmp_path) == (1, [f"tcp:{PUBLIC}:8080"])


def test_all_listeners_are_counted_and_at_most_64_named(cloud: Cloud, tmp_path: Path) -> None:
    with cloud.inside("near"), addresses(cloud, PUBLIC), contextlib.ExitStack() as stack:
        for port in range(9000, 9100):
            opened(stack, PUBLIC, port)
        count, names = heard(tmp_path)
    assert (count, len(names), names[-1]) == (100, 64, f"tcp:{PUBLIC}:9063")


@pytest.mark.parametrize(("address", "public"), [
    ("8.8.8.8", True), ("2001:4860::1", True), ("10.1.1.1", False), ("172.31.0.1", False), ("192.168.1.1", False),
    ("100.64.0.1", False), ("169.254.1.1", False), ("127.0.0.1", False), ("fe80::1", False), ("fd00::1", False),
    ("::1", False), ("224.0.0.251", False), ("ff02::fb", False), ("203.0.113.9", False),
])  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    one = Listener("tcp", ipaddress.ip_address(address), 22)
    assert host_security.public([one], []) == ([one] if public else [])


def test_a_table_without_end_is_refused(tmp_path: Path) -> None:
    row = "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1 0 100 0 0 10 0\n"
    (tmp_path / "tcp").write_text("  sl  local_address rem_address st\n" + row * 100_001)
    with pytest.raises(SecurityError, match="more than 100000 sockets"):
        host_security.listeners(tmp_path, 32768)


def signatures(folder: Path, name: str, built: str) -> None:
    head = f"ClamAV-VDB:{built}:27421:2076922:90:X:X:raynman:1"
    (folder / name).write_bytes(head.encode().ljust(512) + b"\x1f\x8b" + bytes(100))


def test_the_age_of_signatures_is_of_their_making_not_of_their_file(tmp_path: Path) -> None:
    now = SystemClock().now().wall_ns / NS
    assert not [item for item in collected(tmp_path) if "antivirus_signature_age_seconds" in item.fields]
    signatures(tmp_path, "main.cvd", "16 Sep 2021 08-32 -0400")
    assert host_security.newest_signatures(tmp_path) is None, "the main file is years old by design"
    signatures(tmp_path, "daily.cvd", "07 Oct 2025 09-25 +0000")
    assert host_security.newest_signatures(tmp_path) == 1_759_829_100
    signatures(tmp_path, "daily.cld", "07 Oct 2025 09-26 -0130")
    assert host_security.newest_signatures(tmp_path) == 1_759_829_100 + 60 + 5400
    (age,) = [r.fields["antivirus_signature_age_seconds"] for r in collected(tmp_path)
              if "antivirus_signature_age_seconds" in r.fields]  # fmt: skip
    assert abs(age - (now - 1_759_834_560)) < 5


def test_signatures_that_are_none_or_of_the_future_are_unknown_not_fresh(tmp_path: Path) -> None:
    signatures(tmp_path, "daily.cvd", "07 Oct 2099 09-25 +0000")
    with pytest.raises(SecurityError, match="the signatures are of the future"):
        collected(tmp_path)
    for head in (
        b"",
        b"ClamAV-VDB:soon",
        b"ClamAV-VDB:07 Xyz 2025 09-25 +0000",
        b"ClamAV-VDB:31 Feb 2025 09-25 +0000",
        bytes(512),
        b"PK\x03\x04",
    ):
        (tmp_path / "daily.cvd").write_bytes(head)
        with pytest.raises(SecurityError, match=r"daily\.cvd: no head of ClamAV's signatures; run freshclam anew"):
            collected(tmp_path)

"""Round trips and loss, against kernels and hostile peers in namespaces made here."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.config import ConfigError, loads
from agent.gather import look
from agent.inputs import ping
from agent.inputs.ping import Config, Target
from agent.probe import Cause, ProbeError
from agent.reading import Reading, decode, encode
from agent.source import Env
from tests.lab import namespaces
from tests.lab.cloud import FAR, FAR6, OTHER, Cloud

DATAGRAM, RAW = "0 2147483647", "1 0"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    namespaces.require("nft", "ping")
    with Cloud() as made:
        yield made


def asked(*targets: Target, device: str = "d") -> dict[str, Reading]:
    clock = SystemClock()
    found = list(ping.collect(Config(targets), Env(device, look(clock), clock)))
    assert decode(encode(found)) == (found, [])
    return {item.tag("target"): item for item in found}


def allowed(cloud: Cloud, groups: str) -> None:
    cloud.run("near", "sysctl", "-qw", f"net.ipv4.ping_group_range={groups}")


@pytest.mark.parametrize("groups", [DATAGRAM, RAW])
def test_all_targets_of_both_families_answer_side_by_side(cloud: Cloud, groups: str) -> None:
    allowed(cloud, groups)
    hosts = [FAR, FAR6, OTHER, "127.0.0.1", "::1", "localhost"] * 10
    targets = [Target(f"t{i}", host, count=5, gap=0.05, timeout=1) for i, host in enumerate(hosts)]
    with cloud.inside("near"):
        begun = time.monotonic()
        found = asked(*targets)
    assert time.monotonic() - begun < 3, "sixty bursts of 0.2 s"
    assert len(found) == 60
    for item in found.values():
        fields = item.fields
        assert (fields["success"], fields["loss_ratio"]) == (1, 0.0)
        assert 0 <= fields["rtt_min_seconds"] <= fields["rtt_seconds"] <= fields["rtt_max_seconds"] < 0.5
        assert fields["jitter_seconds"] <= fields["rtt_max_seconds"] - fields["rtt_min_seconds"] + 1e-9
        assert "cause" not in fields


def test_the_loss_is_what_the_kernel_dropped_and_within_the_sampling_error(cloud: Cloud) -> None:
    allowed(cloud, DATAGRAM)
    cloud.drop(200)
    try:
        with cloud.inside("near"):
            found = asked(*(Target(f"t{i}", FAR, count=100, gap=0.01, timeout=0.5) for i in range(4)), device="loss")
        dropped = cloud.dropped()
    finally:
        cloud.run("far", "nft", "delete", "table", "inet", "cloud")
    lost = sum(int(item.fields["lost_packets_total"]) for item in found.values())
    assert lost == dropped, "exactly the kernel's own count"
    # Binomial, n = 400, p = 0.2: standard deviation 0.02; beyond 4.5 of them once in 150,000 runs.
    assert abs(lost / 400 - 0.2) < 0.09
    assert [item.fields["loss_ratio"] for item in found.values()] == [
        int(item.fields["lost_packets_total"]) / 100 for item in found.values()
    ]


def test_round_trips_and_jitter_are_those_of_the_line() -> None:
    namespaces.require("nft", "ping")
    with Cloud(delay_s=0.025) as cloud:
        allowed(cloud, DATAGRAM)
        with cloud.inside("near"):
            fields = asked(Target("far", FAR, count=30, gap=0.02, timeout=1))["far"].fields
        said = cloud.run("near", "ping", "-q", "-c", "30", "-i", "0.02", FAR).split("=")[-1].split("/")
    assert 0.050 <= fields["rtt_min_seconds"] < 0.054, "twice 25 ms, never less"
    assert abs(fields["rtt_min_seconds"] - float(said[0]) / 1000) < 0.002, "as iputils' ping has it"
    assert abs(fields["rtt_seconds"] - float(said[1]) / 1000) < 0.005
    assert fields["jitter_seconds"] < 0.01


def test_totals_go_on_from_burst_to_burst(cloud: Cloud) -> None:
    allowed(cloud, DATAGRAM)
    with cloud.inside("near"):
        for turn in (1, 2):
            found = asked(
                Target("up", FAR, count=3, gap=0.01, timeout=0.3),
                Target("down", "10.77.9.99", count=3, gap=0.01, timeout=0.3),
                device="totals",
            )
            assert found["up"].fields["sent_packets_total"] == 3 * turn
            assert found["up"].fields["lost_packets_total"] == 0
            assert found["down"].fields["lost_packets_total"] == 3 * turn


def test_why_nothing_came_back_is_told_and_no_time_invented(cloud: Cloud) -> None:
    allowed(cloud, DATAGRAM)
    cloud.drop(1000)
    try:
        with cloud.inside("near"):
            found = asked(
                Target("silent", FAR, count=2, gap=0.01, timeout=0.3),
                Target("no-way", "10.200.0.1", count=2, timeout=0.3),
                Target("no-neighbour", "10.77.9.77", count=2, gap=1.5, timeout=4),
                Target("no-name", "nothing.invalid", count=2, timeout=1),
                Target("up", FAR6, count=2, gap=0.01, timeout=0.3),
            )
    finally:
        cloud.run("far", "nft", "delete", "table", "inet", "cloud")
    causes = {name: item.fields.get("cause") for name, item in found.items()}
    assert causes == {
        "silent": Cause.TIMEOUT, "no-way": Cause.UNREACHABLE, "no-neighbour": Cause.UNREACHABLE,
        "no-name": Cause.NAME, "up": None,
    }  # fmt: skip
    assert not [name for name, item in found.items() if name != "up" and "rtt_seconds" in item.fields]
    assert found["silent"].fields["loss_ratio"] == 1.0
    assert "loss_ratio" not in found["no-way"].fields, "what was not sent is not lost"


def test_a_burst_whose_every_packet_the_firewall_refuses_is_unknown(cloud: Cloud) -> None:
    allowed(cloud, DATAGRAM)
    hook = "type filter hook output priority 0;"
    cloud.run("near", "nft", "-f", "-", text=f"table ip near {{\n chain out {{\n{hook}\nicmp type 8 drop\n}}\n}}\n")
    clock = SystemClock()
    targets = (Target("v4", FAR, count=2, timeout=0.3), Target("v6", FAR6, count=2, timeout=0.3))
    try:
        with cloud.inside("near"):
            readings = ping.collect(Config(targets), Env("d", look(clock), clock))
            assert next(readings).fields == {"cause": Cause.NOT_PERMITTED}, "neither up nor down"
            assert next(readings).fields["success"] == 1, "the other target is asked all the same"
            with pytest.raises(ProbeError, match="v4: Operation not permitted"):
                next(readings)
    finally:
        cloud.run("near", "nft", "delete", "table", "ip", "near")


Answer = Callable[[socket.socket, bytes, tuple[str, int], int], None]


@contextlib.contextmanager
def answering(cloud: Cloud, answer: Answer) -> Iterator[None]:
    """Answer echo requests in ``far`` by a program, while its kernel is silent."""
    cloud.run("far", "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
    with cloud.inside("far"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.bind((FAR, 0))
    sock.settimeout(0.05)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                data, source = sock.recvfrom(2048)
                if data[20] == 8:
                    answer(sock, data[20:], source, int.from_bytes(data[26:28], "big"))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        sock.close()
        cloud.run("far", "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=0")


def reply(request: bytes, *, identifier: bytes = b"", number: int = -1, payload: bytes = b"") -> bytes:
    number_octets = request[6:8] if number < 0 else struct.pack("!H", number)
    packet = b"\0\0\0\0" + (identifier or request[4:6]) + number_octets + (payload or request[8:])
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return packet[:2] + struct.pack("!H", ~total & 0xFFFF) + packet[4:]


@pytest.mark.parametrize("groups", [DATAGRAM, RAW])
def test_only_a_true_reply_in_time_and_for_the_first_time_counts(cloud: Cloud, groups: str) -> None:
    allowed(cloud, groups)
    with cloud.inside("far"):
        other = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    other.bind((OTHER, 0))

    def answer(sock: socket.socket, request: bytes, source: tuple[str, int], number: int) -> None:
        good = reply(request)
        said = {
            0: [good, good],  # true, and a copy of it; another copy below, still in time
            1: [],  # comes too late, below
            2: [reply(request, payload=os.urandom(len(request) - 8))],
            3: [reply(request, identifier=bytes(byte ^ 1 for byte in request[4:6]))],
            5: [reply(request, payload=request[8:-8])],
            6: [reply(request, number=40_000), *junk(), good],  # true, after much that is not
            7: [request, good[:8], good[:4], b"\0\0"],
        }.get(number, [])
        for packet in said:
            sock.sendto(packet, source)
        if number in (0, 1):
            threading.Timer(0.3 + 0.3 * number, sock.sendto, (good, source)).start()
        if number == 4:
            other.sendto(good, source)

    with answering(cloud, answer), cloud.inside("near"), other:
        target = Target("far", FAR, count=9, gap=0.05, timeout=0.5)
        fields = asked(target, Target("keeps-on", "127.0.0.1", count=3, gap=0.4, timeout=0.1))["far"].fields
        time.sleep(0.3)
    assert fields["loss_ratio"] == 7 / 9
    assert 0 < fields["rtt_max_seconds"] < 0.25


def junk() -> list[bytes]:
    choose = random.Random(4)
    return [choose.randbytes(choose.randrange(2, 90)) for _ in range(300)]


def test_without_the_right_to_ping_the_mend_is_told(cloud: Cloud) -> None:
    allowed(cloud, RAW)
    program = (
        "import os\nos.setgroups([])\nos.setresgid(65534, 65534, 65534)\n"
        "from agent.inputs.ping import _socket\nimport socket\nos.setresuid(65534, 65534, 65534)\n"
        "try:\n _socket(socket.AF_INET)\nexcept PermissionError as error:\n print(error)\n"
    )
    said = cloud.run("near", "env", f"PYTHONPATH={ROOT}", sys.executable, "-c", program)
    assert "ICMP is not permitted to this process; set net.ipv4.ping_group_range to hold the agent's group" in said


@pytest.mark.parametrize(("text", "message"), [
    ('[[target]]\nname = "a"\nhost = "h"\ncount = 101', "count must be between 1 and 100, not 101"),
    ('[[target]]\nname = "a"\nhost = "h"\ngap = 0', "gap must be between 0.01 and 10"),
    ('interval = 3\n[[target]]\nname = "a"\nhost = "h"', "target a: a burst lasts longer than interval; lower count"),
    ('[[target]]\nname = "a"\nhost = "no host"', "host 'no host' is no name and no IP address"),
])  # fmt: skip
def test_a_mistake_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loads(Config, text, source="test")

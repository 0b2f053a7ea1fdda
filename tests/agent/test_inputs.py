"""The inputs against this machine's /proc and /sys."""

from __future__ import annotations

import importlib
import os
import socket
import time
from pathlib import Path

import pytest

from agent.catalogue import RAW
from agent.clock import ManualClock, SystemClock
from agent.gather import look
from agent.inputs import host, interfaces
from agent.reading import Reading, decode, encode
from agent.source import Env


def env() -> Env:
    clock = SystemClock()
    return Env("d", look(clock), clock)


def proc_net_dev() -> dict[str, list[int]]:
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    return {line.partition(":")[0].strip(): [int(n) for n in line.partition(":")[2].split()] for line in lines}


def by_interface(config: interfaces.Config) -> dict[str, Reading]:
    return {r.tag("interface"): r for r in interfaces.collect(config, env())}


def test_interface_counters_are_those_of_proc_net_dev() -> None:
    for _ in range(20):
        before, found, after = proc_net_dev(), by_interface(interfaces.Config(exclude=())), proc_net_dev()
        if before == after:
            break
    assert before == after, "this machine's counters never stand still"
    names = {0: "bytes", 1: "packets", 2: "errors", 3: "discards"}
    assert found.keys() == after.keys()
    for name, numbers in after.items():
        for column, word in names.items():
            assert found[name].fields[f"receive_{word}_total"] == numbers[column]
            assert found[name].fields[f"transmit_{word}_total"] == numbers[8 + column]
        assert found[name].fields["counter_bits"] == 64
        assert found[name].fields["index"] == socket.if_nametoindex(name)


RECORDED = """\
Inter-|   Receive                                   |  Transmit
 face |bytes packets errs drop fifo frame comp multi|bytes packets errs drop fifo colls carrier comp
 wan0: 18446744073709551615 2 3 4 5 6 7 8 9007199254740993 10 11 12 13 14 15 16
"""


def test_each_column_is_its_field_and_large_counters_are_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "dev").write_text(RECORDED)
    monkeypatch.setattr("psutil.PROCFS_PATH", str(tmp_path))
    (found,) = decode(encode(interfaces.collect(interfaces.Config(), env())))[0]
    numbers = {"bytes": (2**64 - 1, 2**53 + 1), "packets": (2, 10), "errors": (3, 11), "discards": (4, 12)}
    for word, (received, sent) in numbers.items():
        assert (found.fields[f"receive_{word}_total"], found.fields[f"transmit_{word}_total"]) == (received, sent)
    assert "up" not in found.fields, "what is not known is not said"


def test_traffic_is_seen_in_the_next_reading() -> None:
    config = interfaces.Config(include=("lo",), exclude=())
    before = by_interface(config)["lo"].fields
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(bytes(50_000))
        time.sleep(0.1)
    after = by_interface(config)["lo"].fields
    assert after["receive_bytes_total"] - before["receive_bytes_total"] >= 50_000


def test_loopback_is_left_out_and_patterns_choose() -> None:
    assert "lo" not in by_interface(interfaces.Config())
    assert by_interface(interfaces.Config(include=("nothing*",))) == {}
    assert interfaces.Config(include=("eth*", "wan"), exclude=("eth9",)).wants("eth0")
    assert not interfaces.Config(include=("eth*",), exclude=("eth9",)).wants("eth9")


def test_state_is_that_of_sys_class_net() -> None:
    for name, reading in by_interface(interfaces.Config(exclude=())).items():
        flags = int(Path(f"/sys/class/net/{name}/flags").read_text(), 16)
        assert reading.fields["admin_up"] == flags & 1
        assert reading.fields["up"] in (0, 1)


@pytest.mark.parametrize(("said", "bits"), [(1000, 10**9), (0, 0), (-1, 0), (65535, 0), (100_000, 10**11)])
def test_an_unknown_speed_is_zero(said: int, bits: int) -> None:
    assert interfaces.speed(said) == bits


def test_the_host_is_that_of_proc() -> None:
    found = list(host.collect(host.Config(), env()))
    machine = found[0].fields
    memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    assert machine["memory_size_bytes"] == int(memory["MemTotal"].split()[0]) * 1024
    assert machine["cpu_cores"] == os.cpu_count()
    assert abs(machine["uptime_seconds"] - float(Path("/proc/uptime").read_text().split()[0])) < 1
    stat = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("cpu "))
    idle = next(r for r in found if ("mode", "idle") in r.tags).fields["cpu_seconds_total"]
    assert abs(idle - int(stat.split()[4]) / os.sysconf("SC_CLK_TCK")) < 1


def test_file_systems_have_the_size_that_the_kernel_tells() -> None:
    found = [r for r in host.collect(host.Config(), env()) if "mountpoint" in dict(r.tags)]
    disks = {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if line.startswith("/dev/")}
    assert ("/" in {r.tag("mountpoint") for r in found}) == ("/" in disks)
    for r in found:
        told = os.statvfs(r.tag("mountpoint"))
        assert r.fields["filesystem_size_bytes"] == told.f_blocks * told.f_frsize


def test_disks_are_whole_ones() -> None:
    disks = [r.tag("disk") for r in host.collect(host.Config(exclude_disks=()), env()) if "disk" in dict(r.tags)]
    assert set(disks) <= {name.replace("!", "/") for name in os.listdir("/sys/block")}


@pytest.mark.parametrize("name", ["host", "host_clock", "host_security", "interfaces"])
def test_what_an_input_yields_is_of_the_catalogue_and_of_its_device(name: str) -> None:
    module = importlib.import_module(f"agent.inputs.{name}")
    found = list(module.collect(module.Config(), env()))
    good, bad = decode(encode(found))
    assert (len(good), bad) == (len(found), [])
    assert {r.tag(RAW[r.measurement].identity) for r in good} == {"d"}
    assert len({(r.measurement, r.tags) for r in good}) == len(good), "no series stands twice in a cycle"


def test_a_reading_has_the_time_of_the_boot_clock_even_when_the_wall_clock_is_set() -> None:
    clock = ManualClock(1_800_000_000_123_456_789, boot_ns=5_000_987_654)
    now = Env("d", look(clock), clock)
    clock.advance(7_400_000)
    clock.step_wall(-3600 * 10**9)
    assert now.time_ns() == 1_800_000_000_131_000_000
    assert now.time_ns() % 10**6 == 0

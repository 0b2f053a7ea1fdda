"""The probe of ports, against real sockets of this machine."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from agent.clock import SystemClock
from agent.config import ConfigError, loads
from agent.gather import look
from agent.inputs import tcp
from agent.inputs.tcp import Config, Target
from agent.probe import Cause, ProbeError
from agent.reading import Reading, decode, encode
from agent.source import Env


def asked(*targets: Target) -> dict[str, Reading]:
    clock = SystemClock()
    found = list(tcp.collect(Config(targets), Env("d", look(clock), clock)))
    assert decode(encode(found)) == (found, [])
    return {item.tag("target"): item for item in found}


@contextlib.contextmanager
def listening(family: int = socket.AF_INET, *, backlog: int = 8) -> Iterator[int]:
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        server.listen(backlog)
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_port_that_listens_is_up_with_the_time_of_its_handshake() -> None:
    with listening() as four, listening(socket.AF_INET6) as six:
        found = asked(
            Target("v4", "127.0.0.1", four), Target("v6", "::1", six), Target("by-name", "localhost", four, timeout=3)
        )
    for item in found.values():
        assert item.fields["success"] == 1
        assert 0 < item.fields["rtt_seconds"] < 1
        assert "cause" not in item.fields
    assert found["v4"].tags == (("device", "d"), ("probe", "tcp"), ("target", "v4"))


def test_a_refused_port_is_told_from_one_that_is_silent() -> None:
    with listening(backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(3):  # the queue is full: further handshakes are not answered
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", full))
        found = asked(Target("refused", "127.0.0.1", closed_port()), Target("silent", "127.0.0.1", full, timeout=0.5))
    assert found["refused"].fields == {"success": 0, "cause": Cause.REFUSED}
    assert found["silent"].fields == {"success": 0, "cause": Cause.TIMEOUT}


def test_a_look_up_that_hangs_costs_its_target_alone_and_no_more_than_the_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, release = socket.getaddrinfo, threading.Event()

    def hangs(host: str, *args: object, **named: object) -> object:
        if host == "hangs.example" and not named.get("flags"):
            release.wait(20)
        return real(host, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    begun = time.monotonic()
    with listening() as port:
        names = [Target(f"h{i}", "hangs.example", 80, timeout=0.3) for i in range(40)]
        found = asked(*names, Target("v4", "127.0.0.1", port))
    assert time.monotonic() - begun < 5
    assert {found[name.name].fields["cause"] for name in names} <= {Cause.NAME, Cause.TIMEOUT}
    assert found["v4"].fields["success"] == 1
    assert sum(thread.name.endswith("(_look_up)") for thread in threading.enumerate()) <= 16
    release.set()


def test_many_targets_are_asked_side_by_side() -> None:
    with listening(backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(3):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", full))
        begun = time.monotonic()
        found = asked(*(Target(f"t{i}", "127.0.0.1", full, timeout=0.5) for i in range(32)))
    assert len(found) == 32
    assert 0.9 < time.monotonic() - begun < 3, "two rounds of sixteen"


def test_what_this_machine_cannot_ask_is_unknown_and_named() -> None:
    clock = SystemClock()
    readings = tcp.collect(Config((Target("web", "127.0.0.1", closed_port()),)), Env("d", look(clock), clock))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(ProbeError, match="web: this machine cannot ask: Too many open files"):
            next(readings)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("text", "message"), [
    ("", "target: is required"),
    ("target = []", "0 are named"),
    ('[[target]]\nname = "a b"\nhost = "h"\nport = 1', "target name 'a b' is not letters"),
    ('[[target]]\nname = "a"\nhost = "h..h"\nport = 1', "host 'h..h' is no name and no IP address"),
    ('[[target]]\nname = "a"\nhost = "h"\nport = 0', "port must be between 1 and 65535, not 0"),
    ('[[target]]\nname = "a"\nhost = "h"\nport = 1\ntimeout = 0', "timeout must be between 0.1 and 60"),
    ('[[target]]\nname = "a"\nhost = "h"\nport = 1\n' * 2, "a target is named twice: a, a"),
])  # fmt: skip
def test_a_mistake_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loads(Config, text, source="test")

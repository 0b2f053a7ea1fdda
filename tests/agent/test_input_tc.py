"""What tc shapes, read from a real tc in a network namespace (Linux, root)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import tc
from agent.inputs.tc import Config, ceiling
from agent.reading import decode, encode
from agent.source import Env
from agent.tool import ToolError
from tests.agent.backup_place import needed

needed("ip", "tc")
SPACE = f"naditc{os.getpid()}"
SHAPED = (
    "qdisc add dev a0 root tbf rate 20mbit burst 32kbit latency 50ms",
    "qdisc add dev b0 root handle 1: htb default 10",
    "class add dev b0 parent 1: classid 1:1 htb rate 3mbit ceil 12500kbit",
    "class add dev b0 parent 1:1 classid 1:10 htb rate 1mbit ceil 2mbit",
    "qdisc add dev c0 root handle 1: htb",
    "class add dev c0 parent 1: classid 1:1 htb rate 3mbit",
    "class add dev c0 parent 1: classid 1:2 htb rate 4mbit",
    "qdisc add dev d0 root handle 1: htb",
)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=20)


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return a program that is tc in a namespace with shaped interfaces."""
    if os.geteuid() != 0:
        assert os.environ.get("CI") != "true", "NOT TESTED: namespaces need root"
        pytest.skip("NOT TESTED: namespaces need root")
    _run("ip", "netns", "add", SPACE)
    try:
        for pair in "abcd":
            _run("ip", "-n", SPACE, "link", "add", f"{pair}0", "type", "veth", "peer", "name", f"{pair}1")
        for line in SHAPED:
            _run("ip", "netns", "exec", SPACE, "tc", *line.split())
        program: Path = tmp_path_factory.mktemp("bin") / "tc"
        program.write_text(f'#!/bin/sh\nexec ip netns exec {SPACE} tc "$@"\n')
        program.chmod(0o755)
        yield str(program)
    finally:
        _run("ip", "netns", "del", SPACE)


def limits(config: Config) -> dict[str, int | float]:
    clock = SystemClock()
    found = list(tc.collect(config, Env("r1", look(clock), clock)))
    assert decode(encode(found)) == (found, [])
    assert all(set(item.fields) == {"present", "transmit_bits_per_second"} for item in found)
    return {item.tag("interface"): item.fields["transmit_bits_per_second"] for item in found}


def test_the_rate_of_a_bucket_and_the_ceiling_of_a_tree_are_limits_and_several_roots_are_unknown(inside: str) -> None:
    found = limits(Config(tc=inside))
    assert (found["a0"], found["b0"]) == (20_000_000, 12_500_000)
    assert {"c0", "d0"}.isdisjoint(found), "no one limit: unknown, never none"
    assert "lo" not in found


def test_an_interface_without_a_shaper_is_told_as_without_a_limit(inside: str) -> None:
    for pair in "ab":
        _run("ip", "-n", SPACE, "link", "set", f"{pair}1", "up")
    found = limits(Config(tc=inside, include=("*1",), exclude=("b*",)))
    assert found["a1"] == 0
    assert "b1" not in found


def test_a_tc_that_is_missing_or_fails_is_an_error(tmp_path: Path) -> None:
    for program in ("/nowhere/tc", "/bin/false"):
        with pytest.raises(ToolError):
            limits(Config(tc=program))
    with pytest.raises(ToolError, match="update iproute2"):
        limits(Config(tc=saying(tmp_path, "[1]")))


def saying(folder: Path, text: str) -> str:
    """Return a program that writes a text."""
    program = folder / "tc"
    program.write_text(f"#!/bin/sh\necho '{text}'\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("below", ["tbf", "clsact", "htb"])
def test_by_written_output_a_limit_below_an_unshaped_root_is_unknown_and_not_none(tmp_path: Path, below: str) -> None:
    rows = '{"kind":"prio","handle":"1:","dev":"w0","root":true,"options":{}}'
    assert limits(Config(tc=saying(tmp_path, f"[{rows}]"))) == {"w0": 0}
    rows += f',{{"kind":"{below}","handle":"2:","dev":"w0","parent":"1:1","options":{{"rate":125000}}}}'
    assert limits(Config(tc=saying(tmp_path, f"[{rows}]"))) == {}


def test_a_ceiling_with_a_fraction_of_a_bit_or_none_is_unknown() -> None:
    assert ceiling("class htb 1:1 root rate 1Mbit ceil 2500Kbit burst 1b cburst 1b") == 2_500_000
    assert ceiling("class htb 1:1 root prio 0 rate 8bit ceil 0.5bit burst 1b") is None
    assert ceiling("class htb 1:1 root rate 0bit ceil 0bit burst 1b") is None
    assert ceiling("") is None

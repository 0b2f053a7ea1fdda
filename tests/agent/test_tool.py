"""Programs under a deadline."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from agent.tool import ToolError, checked, host_time, run


def python(code: str, *, timeout_s: float = 10, most: int = 1 << 20) -> tuple[int, bytes, bytes]:
    return run([sys.executable, "-c", code], timeout_s=timeout_s, most=most)


def test_output_errors_and_status_are_given_whole() -> None:
    code = "import sys; print('x' * 300000); print('wrong', file=sys.stderr); sys.exit(3)"
    status, output, errors = python(code)
    assert (status, len(output), errors) == (3, 300001, b"wrong\n")


def test_a_program_reads_what_it_is_given_and_then_its_end() -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read())"
    told = b"list jobs\n" * 50_000
    assert run([sys.executable, "-c", code], timeout_s=10, given=told) == (0, told, b"")
    assert python(code) == (0, b"", b""), "nothing given is an end at once"


def test_a_program_that_hangs_is_killed_with_its_children() -> None:
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    begun = time.monotonic()
    with pytest.raises(ToolError, match=r"no end after 0\.5 s"):
        python(code, timeout_s=0.5)
    assert time.monotonic() - begun < 5


def test_the_child_of_a_killed_program_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = "import subprocess; p = subprocess.Popen(['sleep', '60'])"
    with pytest.raises(ToolError):
        python(f"{code}; open({str(file)!r}, 'w').write(str(p.pid)); p.wait()", timeout_s=1.5)
    stat = Path("/proc") / file.read_text() / "stat"
    deadline = time.monotonic() + 5
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert time.monotonic() < deadline


def test_a_child_that_keeps_the_pipe_open_does_not_outlive_the_deadline() -> None:
    with pytest.raises(ToolError, match="no end"):
        python("import subprocess; subprocess.Popen(['sleep', '60'])", timeout_s=1.0)


def test_endless_output_is_refused() -> None:
    with pytest.raises(ToolError, match="wrote more than 1048576 octets"):
        python("while True: print('x' * 1000)")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolError, match="/nowhere/restic: cannot be run"):
        run(["/nowhere/restic"], timeout_s=1)


def test_a_failure_tells_what_the_program_said_last() -> None:
    argv = ["sh", "-c", "echo first >&2; echo 'wrong password' >&2; exit 1"]
    with pytest.raises(ToolError, match="sh: exit status 1: wrong password"):
        checked(run(argv, timeout_s=5), argv)


def test_a_time_without_zone_is_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Makassar")
    time.tzset()
    try:
        assert host_time("2026-11-20 23:07:36") == 1_795_187_256
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_a_tool_does_not_speak_to_systemd_in_the_agents_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("HARI", "senin")
    said = run(("env",), timeout_s=10).output.decode().splitlines()
    assert "HARI=senin" in said
    assert not [line for line in said if line.startswith("NOTIFY_SOCKET=")]

"""Units of a real systemd: a user's manager in a mount namespace of its own, asked by the real systemctl."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.config import ConfigError, loads
from agent.gather import look
from agent.inputs import systemd_unit
from agent.inputs.systemd_unit import Config, UnitError, next_turn, span, unix
from agent.reading import decode, encode
from agent.source import Env
from agent.tool import ToolError
from tests.agent.backup_place import needed, sleeper

needed("systemctl", "unshare")
MANAGER = Path("/lib/systemd/systemd")
UNITS = {
    "good.service": "[Service]\nType=oneshot\nExecStart=/bin/true",
    "good.timer": "[Timer]\nOnCalendar=*-*-* 03:00:00 Asia/Makassar",
    "bad.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 7'",
    "bad.timer": "[Timer]\nOnActiveSec=1h 2min\n",
    "late.timer": "[Timer]\nOnActiveSec=1ms\nAccuracySec=1ms\nUnit=good.service",
    "lost.timer": "[Timer]\nOnCalendar=daily\nUnit=nowhere.service",
    "web.service": "[Service]\nExecStart=/bin/sleep 1000\nRestart=always\nRestartSec=50ms",
    "stopped.service": "[Service]\nExecStart=/bin/sleep 1000",
    "killed.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'kill -9 $$$$'",
    "remains.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true",
}
START = """\
mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/system || exit 9
for group in "$@"; do mkdir "$group" && echo $$ > "$group/cgroup.procs" || exit 9; done
exec /lib/systemd/systemd --user --log-target=null
"""


Turn = tuple[Mapping[str, Mapping[str, int | float]], str]


class Manager:
    """A running manager; ``tool`` is a systemctl that asks it."""

    def __init__(self, folder: Path) -> None:
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder / "run"), "XDG_CONFIG_HOME": str(folder / "c")}
        self.tool = str(folder / "systemctl")

    def systemctl(self, *arguments: str) -> None:
        argv = ["systemctl", "--user", *arguments]
        subprocess.run(argv, env=self.environment, capture_output=True, timeout=20)

    def look(self, *, running: tuple[str, ...] = (), timers: tuple[str, ...] = ()) -> Turn:
        return turn(Config(tool=self.tool, running=running, timers=timers))


def turn(config: Config) -> Turn:
    clock = SystemClock()
    found, trouble = [], ""
    try:
        for item in systemd_unit.collect(config, Env("srv-a", look(clock), clock)):
            found.append(item)
    except UnitError as error:
        trouble = str(error)
    assert decode(encode(found)) == (found, [])
    return {one.tag("unit"): one.fields for one in found}, trouble


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _prepare(folder: Path) -> Manager:
    (folder / "run").mkdir(mode=0o700)
    (folder / "c" / "systemd" / "user").mkdir(parents=True)
    for name, text in UNITS.items():
        (folder / "c" / "systemd" / "user" / name).write_text(text)
    manager = Manager(folder)
    lines = [f"{key}={manager.environment[key]}" for key in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")]
    Path(manager.tool).write_text(f'#!/bin/sh\nexport {" ".join(lines)}\nexec systemctl --user "$@"\n')
    Path(manager.tool).chmod(0o755)
    return manager


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    if os.geteuid() != 0 or not MANAGER.exists():
        reason = "NOT TESTED: a systemd of the test's own needs root and /lib/systemd/systemd"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("systemd")
    manager = _prepare(folder)
    roots = [path for path in map(Path, ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")) if path.is_dir()]
    groups = [root / f"nadi-sd-{os.getpid()}" for root in roots or [Path("/sys/fs/cgroup")]]
    argv = ["unshare", "--mount", "sh", "-c", START, "sh", *map(str, groups)]
    with subprocess.Popen(argv, env=manager.environment, stderr=subprocess.PIPE) as process:
        try:
            until(lambda: (folder / "run" / "systemd" / "private").exists() or process.poll() is not None)
            assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
            yield manager
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    for group in groups:
        for inside in sorted(group.rglob("*"), reverse=True):
            if inside.is_dir():
                inside.rmdir()
        group.rmdir()


def test_a_service_that_runs_is_up_and_its_restarts_are_counted(manager: Manager) -> None:
    manager.systemctl("start", "web.service")
    assert manager.look(running=("web.service",))[0]["web.service"] == {
        "up": 1,
        "running": 1,
        "failed": 0,
        "restarts_total": 0,
    }
    manager.systemctl("kill", "--signal=KILL", "web.service")
    until(lambda: manager.look(running=("web.service",))[0]["web.service"].get("restarts_total") == 1)
    until(lambda: manager.look(running=("web.service",))[0]["web.service"]["up"] == 1)


def test_a_service_that_was_stopped_or_has_done_its_work(manager: Manager) -> None:
    manager.systemctl("start", "remains.service")
    found, trouble = manager.look(running=("stopped.service", "remains.service"))
    assert (found["stopped.service"]["up"], found["stopped.service"]["running"], trouble) == (0, 0, "")
    assert "last_run_ok" not in found["stopped.service"], "it never ran"
    assert (found["remains.service"]["up"], found["remains.service"]["running"]) == (1, 0)
    assert (found["remains.service"]["last_run_ok"], found["remains.service"]["exit_status"]) == (1, 0)


def test_a_timers_last_result_is_that_of_its_service(manager: Manager) -> None:
    began = int(time.time())
    manager.systemctl("start", "good.timer", "bad.timer", "good.service")
    manager.systemctl("start", "bad.service")
    found, trouble = manager.look(timers=("good.timer", "bad.timer"))
    assert trouble == ""
    assert [found[name]["up"] for name in ("good.timer", "bad.timer")] == [1, 1]
    assert [found[name]["last_run_ok"] for name in ("good.timer", "bad.timer")] == [1, 0]
    assert [found[name]["failed"] for name in ("good.timer", "bad.timer")] == [0, 1]
    assert [found[name]["exit_status"] for name in ("good.timer", "bad.timer")] == [0, 7]
    for fields in found.values():
        assert began <= fields["last_run_timestamp_seconds"] <= time.time()


def test_the_next_turn_is_right_by_calendar_and_by_span(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    manager.systemctl("stop", "bad.timer")
    before = time.time()
    manager.systemctl("start", "good.timer", "bad.timer")
    monkeypatch.setenv("TZ", "America/New_York")
    found, _ = manager.look(timers=("good.timer", "bad.timer"))
    three = datetime.fromtimestamp(before, UTC).replace(hour=19, minute=0, second=0, microsecond=0)
    due = three if three.timestamp() > before else three + timedelta(days=1)
    assert found["good.timer"]["next_run_timestamp_seconds"] == due.timestamp()
    assert before + 3719 < found["bad.timer"]["next_run_timestamp_seconds"] < time.time() + 3721 + 60


def test_a_timer_that_will_not_start_again_or_was_stopped_is_not_up(manager: Manager) -> None:
    manager.systemctl("start", "late.timer")
    until(lambda: manager.look(timers=("late.timer",))[0]["late.timer"]["up"] == 0)
    manager.systemctl("stop", "good.timer")
    found, _ = manager.look(timers=("late.timer", "good.timer"))
    assert [fields["up"] for fields in found.values()] == [0, 0]
    assert not any("next_run_timestamp_seconds" in fields for fields in found.values())


def test_a_run_ended_by_a_signal_has_no_exit_status(manager: Manager) -> None:
    manager.systemctl("start", "killed.service")
    fields = manager.look(running=("killed.service",))[0]["killed.service"]
    assert (fields["up"], fields["failed"], fields["last_run_ok"]) == (0, 1, 0)
    assert "exit_status" not in fields


def test_a_unit_that_systemd_does_not_know_is_down_and_named(manager: Manager) -> None:
    manager.systemctl("start", "web.service", "lost.timer")
    found, trouble = manager.look(running=("nosuch.service", "web.service"), timers=("lost.timer",))
    assert found["nosuch.service"] == {"up": 0}
    assert found["web.service"]["up"] == 1
    assert found["lost.timer"]["up"] == 0
    assert trouble.startswith("systemd cannot load nosuch.service, nowhere.service; see systemctl status")


def test_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    tool = tmp_path / "systemctl"
    tool.write_text(f'#!/bin/sh\nXDG_RUNTIME_DIR={tmp_path} exec {shutil.which("systemctl")} --user "$@"\n')
    tool.chmod(0o755)
    with pytest.raises(ToolError, match="systemctl: exit status 1: Failed to connect to bus"):
        turn(Config(running=("a.service",), tool=str(tool)))


def test_a_tool_that_hangs_is_ended_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ToolError, match="no end after 1 s; killed"):
        turn(Config(running=("a.service",), timeout=1, tool=sleeper(tmp_path)))
    assert time.monotonic() - began < 5


def test_times_and_spans_of_systemctl_are_read() -> None:
    assert unix("Sun 2026-11-22 03:17:03 UTC") == 1_795_317_423
    assert unix("") is None
    assert unix("n/a") is None
    with pytest.raises(UnitError, match="not in UTC and English"):
        unix("Sun 2026-11-22 12:17:03 WIT")
    assert span("1month 2d 5h 28min 4.335379s 7us") == pytest.approx(2_629_800 + 192_484.335386)
    assert (span("infinity"), span(""), span("0")) == (None, None, None)
    shown = {"NextElapseUSecRealtime": "Sun 2026-11-22 03:17:03 UTC", "NextElapseUSecMonotonic": "1h"}
    assert next_turn(shown, now_s=1_795_317_000, monotonic_s=3500) == 1_795_317_100
    assert next_turn(shown, now_s=1_795_317_000, monotonic_s=0) == 1_795_317_423


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('running = ["nginx"]', "needs its ending, such as nginx.service"),
        ('running = ["--all.service"]', "is not a unit's name"),
        ('running = ["a b.service"]', "is not a unit's name"),
        ('timers = ["a.service"]', "must end in .timer"),
        ('running = ["a.service", "a.service"]', "named twice"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loads(Config, text, source="x")

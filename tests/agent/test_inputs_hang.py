"""Every input of the examples whose tool or server hangs, at once: each costs only itself."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import settings
from agent.clock import Moment, SystemClock
from agent.gather import Gatherer
from agent.inputs import host_clock, host_disks, host_updates, tape
from agent.main import Cycle
from agent.probe import Cause
from agent.reading import Reading, decode
from agent.turns import Turns, parted

ROOT = Path(__file__).parents[2]
TOOLS = (
    *("apt-get", "bconsole", "borg", "chronyc", "mt", "ntpq", "pg_restore", "pgbackrest", "restic"),
    *("sg_logs", "sudo", "systemctl", "timedatectl"),
)
FAILING = {
    *("backup_bacula", "backup_borg", "backup_pgbackrest", "backup_pgdump", "backup_restic", "host_clock"),
    *("host_disks", "host_updates", "systemd_unit", "tape", "nut", "apcupsd"),
}
"""Whose source hangs here."""
SILENT = {"dns", "http", "tcp"}
"""Whose target hangs here, which is measured and fails no input."""
UNTOUCHED = {"backup_files", "backup_vzdump", "host", "host_security", "interfaces", "ping"}
"""What asks nobody that could hang here; the first two read files."""
TIMEOUT_S = 1.0


@contextlib.contextmanager
def silent() -> Iterator[tuple[int, int, int]]:
    """Yield ports of TCP that takes a connection and says nothing, of TCP that takes none, and of UDP."""
    with contextlib.ExitStack() as stack:
        mute = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # beyond its backlog Linux answers no handshake
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        datagrams = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        datagrams.bind(("127.0.0.1", 0))
        yield mute.getsockname()[1], full.getsockname()[1], datagrams.getsockname()[1]


def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put tools that hang before all others, and the files that the examples name below ``tmp_path``."""
    for name in TOOLS:
        (tmp_path / name).write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for name in ("bconsole.conf", "restic-simpeg.password", "borg-arsip.passphrase"):
        (tmp_path / name).touch(0o600)
    (tmp_path / "class" / "nst0" / "device" / "scsi_generic" / "sg0").mkdir(parents=True)
    for folder in ("router", "tasks", "vzdump", "lists", "pg"):
        (tmp_path / folder).mkdir()
    (tmp_path / "lists" / "a_bookworm-security_InRelease").touch()
    (tmp_path / "pg" / "simpeg-1.dump").write_bytes(b"PGDMP" + bytes(100))
    os.utime(tmp_path / "pg" / "simpeg-1.dump", (1e9, 1e9))
    monkeypatch.setattr(tape, "_CLASS", tmp_path / "class")
    for module in (host_clock, host_disks, host_updates):
        monkeypatch.setattr(module, "_TIMEOUT_S", TIMEOUT_S)


def examples(tmp_path: Path, mute: int, full: int, datagrams: int) -> Path:
    """Write the examples of ``config`` with the places of this test, and time-outs of a second."""
    texts = [(ROOT / "config" / name).read_text() for name in ("server.toml", "power.toml")]
    text = texts[0] + texts[1][texts[1].index("\n[[device]]") :]
    text = text[: text.index("# A generator's controller")]
    text = re.sub(r'"/(?:\w+[-/]?)+/(?=[\w*.-]+")', f'"{tmp_path}/', text)
    text = re.sub(r"^# timeout = [\d.]+", f"timeout = {TIMEOUT_S}", text, flags=re.M)
    text = re.sub(r'"10\.[\d.]+"', '"127.0.0.1"', text).replace("port = 443", f"port = {full}")
    text = re.sub(r'"https://simpeg[^"]+"', f'"https://127.0.0.1:{mute}/"', text)
    text = re.sub(r"^# port = (3493|3551)", f"port = {mute}", text, flags=re.M)
    text = re.sub(r"^# port = 53$", f"port = {datagrams}", text, flags=re.M)
    text = re.sub(r"^# lists = .*$", f'lists = "{tmp_path}/lists"', text, flags=re.M)
    for name in ("router/*.tar.gz", "pg/simpeg-*.dump"):
        text = text.replace(f"/{name.rpartition('/')[2]}", f"/{name}")
    text = re.sub(r'^# (tasks|guests) = "[^"]*/(\w+)"', rf'\1 = "{tmp_path}/\2"', text, flags=re.M)
    path = tmp_path / "agent.toml"
    path.write_text(text)
    return path


class Kept:
    """What was measured, and when (time.monotonic)."""

    def __init__(self) -> None:
        self.readings: list[tuple[float, Reading]] = []

    def __call__(self, device: str, lines: bytes, anchor: Moment) -> None:
        self.readings += [(time.monotonic(), item) for item in decode(lines)[0]]

    def inputs(self) -> dict[str, tuple[float, Reading]]:
        """Return the first word of each input."""
        found = [(at, item) for at, item in list(self.readings) if item.measurement == "nadi_input"]
        return {item.tag("input"): (at, item) for at, item in reversed(found)}


def test_inputs_that_all_hang_cost_only_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folders(tmp_path, monkeypatch)
    clock, kept, begun = SystemClock(), Kept(), time.monotonic()
    with silent() as ports:
        together, own = parted(settings.load(examples(tmp_path, *ports))[1])
        gatherer = Gatherer(clock)
        turns = Turns(own, gatherer=gatherer, clock=clock, keep=kept)
        turns.start()
        cycle, longest = Cycle(together, gatherer=gatherer, clock=clock, keep=kept), 0.0
        while time.monotonic() < begun + 15 and not kept.inputs().keys() >= FAILING | SILENT | UNTOUCHED:
            at = time.monotonic()
            cycle()
            longest = max(longest, time.monotonic() - at)
            time.sleep(0.2)
        assert turns.alive
        turns.stop()
    check(kept, capfd.readouterr().err, begun)
    assert longest < 1, "the cycle goes on"


def check(kept: Kept, said: str, begun: float) -> None:
    up = {name: item.fields["up"] for name, (_, item) in kept.inputs().items()}
    assert up.keys() == FAILING | SILENT | UNTOUCHED
    told = Counter(re.findall(r"input (\w+) fails: .*(?:no end after 1 s|timed out)", said))
    assert {name for name in up if up[name] == 0} == told.keys() == FAILING, said
    late = {name: at - begun for name, (at, _) in kept.inputs().items() if at - begun > 3 * TIMEOUT_S + 2}
    assert not late
    probed = {item.tag("probe"): item.fields for _, item in kept.readings if item.measurement == "nadi_probe"}
    assert {name: probed[name].get("cause") for name in SILENT} == dict.fromkeys(SILENT, Cause.TIMEOUT)
    assert probed["icmp"]["loss_ratio"] == 0, "what answers is heard beside them"

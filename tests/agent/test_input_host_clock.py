"""The clock of this machine: the kernel's word, and a real chronyd whose source is wrong on purpose."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import host_clock
from agent.inputs.host_clock import Config
from agent.source import Env
from agent.tool import ToolError
from tests.lab import namespaces
from tests.lab.cloud import Cloud


def collected() -> dict[str, int | float]:
    clock = SystemClock()
    (found,) = host_clock.collect(Config(), Env("d", look(clock), clock))
    assert found.tags == (("host", "d"),)
    return dict(found.fields)


def test_the_kernel_is_asked_whether_its_clock_is_disciplined() -> None:
    program = shutil.which("adjtimex") or shutil.which("ntptime")
    assert host_clock.synchronized() in (0, 1)
    if program is not None:
        said = subprocess.run([program], capture_output=True, text=True, check=False).stdout
        assert host_clock.synchronized() == int("UNSYNC" not in said)


@contextlib.contextmanager
def time_server(ahead_s: float) -> Iterator[int]:
    """Answer NTP (RFC 5905) with this machine's time and ``ahead_s`` more."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(0.1)
    stop = threading.Event()

    def stamp() -> bytes:
        now = time.time() + ahead_s + 2_208_988_800
        return struct.pack("!II", int(now), int(now % 1 * 2**32))

    def serve() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                asked, source = sock.recvfrom(200)
                head = struct.pack("!BBbb", 0x24, 1, 6, -20) + bytes(8) + b"TEST"
                sock.sendto(head + stamp() + asked[40:48] + stamp() + stamp(), source)

    thread = threading.Thread(target=serve)
    thread.start()
    yield sock.getsockname()[1]
    stop.set()
    thread.join()
    sock.close()


def chronyd(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start chronyd, which leaves the clock alone (-x), in the namespace of this thread."""
    program = shutil.which("chronyd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        message = "chronyd is not installed (apt-get install chrony)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(f"NOT TESTED: {message}")
    folder.chmod(0o700)
    (folder / "conf").write_text(
        f"server 127.0.0.1 port {port} iburst minpoll 0 maxpoll 1\nbindcmdaddress 127.0.0.1\n"
        f"bindcmdaddress {folder}/sock\npidfile {folder}/pid\n"
    )
    return subprocess.Popen([program, "-x", "-d", "-u", "root", "-f", str(folder / "conf")], stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("ahead_s", [7.5, -3.25])
def test_a_real_chronyd_tells_how_far_the_clock_is_ahead_of_its_source(tmp_path: Path, ahead_s: float) -> None:
    namespaces.require("nft", "ping")
    with Cloud() as cloud, cloud.inside("near"), time_server(ahead_s) as port:
        process = chronyd(tmp_path, port)
        try:
            first = collected()
            deadline = time.monotonic() + 12
            while "clock_offset_seconds" not in (fields := collected()) and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            process.terminate()
            process.wait(5)
        gone = collected()
    assert "clock_offset_seconds" not in first, "before the first measurement nothing is known, not zero"
    assert abs(fields["clock_offset_seconds"] + ahead_s) < 0.05, "the system clock less its source"
    assert "clock_offset_seconds" not in gone, "no time service, no offset"


def test_chronys_word_before_it_is_synchronised_is_no_offset() -> None:
    said = "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,"
    assert host_clock.chrony_offset(said + "Not synchronised\n") is None
    assert host_clock.chrony_offset("506 Cannot talk to daemon") is None
    with pytest.raises(ToolError, match="where an offset should stand"):
        host_clock.chrony_offset("a,b,c,d,much,f,g,h,i,j,k,l,m,Normal")


TIMESYNC = """\
       Server: 10.20.0.1 (ntp.contoh.go.id)
Poll interval: 34min 8s (min: 32s; max 34min 8s)
         Leap: normal
      Version: 4
      Stratum: 2
    Reference: 0A140001
    Precision: 1us (-25)
Root distance: 1.104ms (max: 5s)
       Offset: {}
        Delay: 1.2ms
       Jitter: 100us
 Packet count: 12
    Frequency: -4.512ppm
"""


@pytest.mark.parametrize(("said", "seconds"), [
    ("-2.331ms", 0.002331), ("+43us", -0.000043), ("+1.500s", -1.5), ("-1min 2.5s", 62.5), ("+0", 0.0),
])  # fmt: skip
def test_timesyncds_output_in_its_documented_form_is_read(said: str, seconds: float) -> None:
    assert host_clock.timesyncd_offset(TIMESYNC.format(said)) == pytest.approx(seconds)
    assert host_clock.timesyncd_offset("       Server: n/a\n Packet count: 0\n") is None


def test_ntpds_output_in_its_documented_form_is_read() -> None:
    assert host_clock.ntpd_offset("leap=00, offset=-1.25\n") == pytest.approx(0.00125)
    assert host_clock.ntpd_offset("leap=11, offset=0.000\n") is None
    assert host_clock.ntpd_offset("***Request timed out\n") is None


def test_an_interval_out_of_range_is_told() -> None:
    with pytest.raises(ValueError, match="interval must be between 1 and 86400"):
        Config(interval=0)

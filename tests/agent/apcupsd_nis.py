"""A real apcupsd whose UPS is a real snmpd that says what a Smart-UPS's card says; both ended by process id."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest

from tests.agent.nutd import end, free_port
from tests.agent.snmpd import Snmpd

EXTRACTED = Path(__file__).parents[2] / "build" / "debian" / "sbin" / "apcupsd"
"""Debian's apcupsd cannot be installed beside nut-client (both are a ups-monitor): dpkg -x puts it here."""
STATE, BATTERY, CHARGE, LINE_VOLTS = "4.1.1.0", "2.1.1.0", "2.2.1.0", "3.2.1.0"
"""Objects of PowerNet-MIB, below ``_UPS``."""
_UPS = "1.3.6.1.4.1.318.1.1.1"
_SAYS = {
    "1.1.1.0": 'octet_str "Smart-UPS 1500"',
    "1.2.3.0": 'octet_str "AS0700000001"',
    "1.2.1.0": 'octet_str "653.18.I"',
    "2.1.3.0": 'octet_str "10/24/2020"',
    LINE_VOLTS: "uinteger 229",
    "4.2.1.0": "uinteger 228",
    "2.2.8.0": "integer 27",
    "3.2.4.0": "uinteger 50",
    "4.2.3.0": "uinteger 17",
    "2.2.2.0": "uinteger 31",
    "7.2.3.0": "integer 1",
    CHARGE: "uinteger 100",
    "2.2.3.0": "timeticks 222000",
    STATE: "integer 2",
    "2.2.4.0": "integer 1",
    BATTERY: "integer 2",
    "7.2.6.0": "integer 1",
}


def program() -> Path:
    """Return where apcupsd is; skip without it, but fail where CI=true, so that nothing turns green unseen."""
    found = shutil.which("apcupsd", path=f"{os.environ['PATH']}:/sbin:/usr/sbin")
    if found is not None:
        return Path(found)
    if not EXTRACTED.exists():
        reason = f"apcupsd is not installed, and not extracted to {EXTRACTED.parents[1]}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(f"NOT TESTED: {reason}")
    return EXTRACTED


class Apcupsd:
    """The two daemons on loopback; used with ``with``. ``say`` changes what the UPS says."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder, self._program = free_port(), folder, program()
        overrides = "\n".join(f"override -rw .{_UPS}.{name} {value}" for name, value in _SAYS.items())
        self.ups = Snmpd(folder / "snmpd", more=overrides)
        # What apcupsd runs at an event is a script of ours that tells it to do nothing (99), shutdown among it.
        scripts = folder / "scripts"
        scripts.mkdir()
        (scripts / "apccontrol").write_text("#!/bin/sh\nexit 99\n")
        (scripts / "apccontrol").chmod(0o700)
        (folder / "apcupsd.conf").write_text(
            "## apcupsd.conf v1.1 ##\nUPSNAME uji\nUPSCABLE ether\nUPSTYPE snmp\nPOLLTIME 1\n"
            f"DEVICE 127.0.0.1:{self.ups.port}:APC_NOTRAP:labro\n"
            f"LOCKFILE {folder}\nSCRIPTDIR {scripts}\nPWRFAILDIR {scripts}\nNOLOGINDIR {scripts}\nNOLOGON disable\n"
            "ONBATTERYDELAY 0\nBATTERYLEVEL -1\nMINUTES -1\nTIMEOUT 0\nANNOY 0\nUPSCLASS standalone\nUPSMODE disable\n"
            f"NETSERVER on\nNISIP 127.0.0.1\nNISPORT {self.port}\nEVENTSFILE {folder}/events\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Apcupsd:
        self.ups.start()
        words: list[str | Path] = [self._program, "-b", "-f", self._folder / "apcupsd.conf", "-P", self._folder / "pid"]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        return self

    def say(self, name: str, value: int, kind: str = "i") -> None:
        """Let the UPS say another value; apcupsd asks each second."""
        words = ["snmpset", "-v1", "-c", "labrw", f"127.0.0.1:{self.ups.port}", f"{_UPS}.{name}", kind, str(value)]
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, "MIBS": ""})

    def stop(self) -> None:
        """End apcupsd."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self.ups.stop()


def until(happens: Callable[[], bool], *, seconds: float) -> None:
    """Wait until ``happens``; AssertionError after ``seconds``."""
    limit = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < limit
        time.sleep(0.1)

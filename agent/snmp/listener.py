"""The poller's side of traps: runs the process that takes them, and turns each into a hint to poll at once.

A trap is a hint and never a figure: whoever can send one may at most make us look.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import IO

from agent.log import Log
from agent.settings import Traps
from agent.snmp.credentials import Credential
from agent.snmp.session import Community

_log = Log("traps")

OTHER = "other"
AUTHENTICATION_FAILURE = "authenticationFailure"
"""A device sends it about a poll with a wrong community: no reason to poll once more."""
_KINDS = {
    "1.3.6.1.6.3.1.1.5.1": "coldStart",
    "1.3.6.1.6.3.1.1.5.2": "warmStart",
    "1.3.6.1.6.3.1.1.5.3": "linkDown",
    "1.3.6.1.6.3.1.1.5.4": "linkUp",
    "1.3.6.1.6.3.1.1.5.5": AUTHENTICATION_FAILURE,
    "1.3.6.1.2.1.33.2.1": "onBattery",  # RFC 1628 upsTrapOnBattery; it has none for the return of the mains
    "1.3.6.1.4.1.318.0.5": "onBattery",  # PowerNet upsOnBattery
    "1.3.6.1.4.1.318.0.9": "onLine",  # PowerNet powerRestored
    "1.3.6.1.4.1.705.1.11.0.11": "onBattery",  # MG-SNMP-UPS-MIB upsmgOnBattery
    "1.3.6.1.4.1.705.1.11.0.12": "onLine",  # upsmgReturnFromBattery
    "1.3.6.1.4.1.534.1.11.4.1.0.3": "onBattery",  # XUPS-MIB xupstdOnBattery
    "1.3.6.1.4.1.534.1.11.4.1.0.5": "onLine",  # xupstdUtilityPowerRestored
}
_AGAIN_S = 10.0
_END_S = 3.0


Heard = Callable[[str, Mapping[str, int]], None]
"""Takes a sender's address and how many notifications of which kind came from it."""


class Listener:
    """Takes traps until it is stopped; a listening process that ends is started again."""

    def __init__(self, traps: Traps, credentials: Iterable[Credential], heard: Heard) -> None:
        known = list(dict.fromkeys(credentials))
        self._users = [one for one in known if not isinstance(one, Community)]
        self._first = {
            "host": traps.host,
            "port": traps.port,
            "communities": [one.name for one in known if isinstance(one, Community)],
            "users": [
                {
                    "name": user.name,
                    "auth": user.auth.name if user.auth else "",
                    "auth_password": user.auth_password,
                    "privacy": user.privacy.name if user.privacy else "",
                    "privacy_password": user.privacy_password,
                }
                for user in self._users
            ],
        }
        self._heard = heard
        self._engines: dict[tuple[int, str], None] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="traps", daemon=True)
        self.listening = threading.Event()

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End the listening process, which ends by itself when nobody speaks to it."""
        self._stop.set()
        with self._lock:
            self._close()
        self._thread.join(_END_S)

    def engine(self, credential: Credential, engine_id: bytes) -> None:
        """Take note of the engine of a device, without which its SNMPv3 traps cannot be read."""
        if isinstance(credential, Community):
            return
        place = (self._users.index(credential), engine_id.hex())
        with self._lock:
            if place not in self._engines:
                self._engines[place] = None
                self._say(self._line(place))

    @staticmethod
    def _line(place: tuple[int, str]) -> str:
        return json.dumps({"engine": place[1], "user": place[0]})

    def _say(self, line: str) -> None:
        """Write a line to the process; one that is gone is started again and told all."""
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except OSError:
            _log.warning("the listening process is gone")

    def _close(self) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            try:
                process.stdin.close()
            except OSError:
                _log.warning("the listening process is gone")

    def _run(self) -> None:
        while not self._stop.is_set():
            status = self._once()
            self.listening.clear()
            if not self._stop.is_set():
                _log.error(f"no traps are taken: the listening process ended with status {status}; once more in 10 s")
                self._stop.wait(_AGAIN_S)

    def _once(self) -> int:
        """Run the process to its end; its own words go to our stderr."""
        with self._lock:
            process = subprocess.Popen(
                [sys.executable, "-m", "agent.snmp.traps"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self._process = process
            self._say(json.dumps(self._first))
            for place in self._engines:
                self._say(self._line(place))
            if self._stop.is_set():
                self._close()
        if process.stdout is not None:
            with process.stdout:
                self._read(process.stdout)
        return self._ended(process)

    def _ended(self, process: subprocess.Popen[str]) -> int:
        with self._lock:
            self._close()
        try:
            return process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            address, *told = line.split()
            if address == "listening":
                _log.info(f"taking traps at {self._first['host']} port {self._first['port']}")
                self.listening.set()
                continue
            kinds = Counter[str]()
            for what, count in zip(told[::2], told[1::2], strict=True):
                kinds[_KINDS.get(what, OTHER)] += int(count)
            _log.info(f"{address} sent {', '.join(f'{_KINDS.get(what, what)}' for what in told[::2])}")
            self._heard(address, kinds)

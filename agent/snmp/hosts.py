"""Addresses of devices that are configured by name, looked up beside the polls: a slow name server delays none."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterable

from agent.snmp.address import resolve
from agent.snmp.errors import Unreachable

_AGAIN_S, _SOON_S = 300.0, 15.0


def is_address(host: str) -> bool:
    """Tell whether a host is given by its IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Hosts:
    """The present address of each host; names are looked up again every five minutes, in a thread of its own."""

    def __init__(self, hosts: Iterable[str]) -> None:
        hosts = list(hosts)
        self._found = {host: str(ipaddress.ip_address(host)) for host in hosts if is_address(host)}
        self._trouble: dict[str, str] = {}
        self._names = sorted(set(hosts) - self._found.keys())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hosts", daemon=True)

    def start(self) -> None:
        """Begin to look names up, where there are any."""
        if self._names:
            self._thread.start()

    def stop(self) -> None:
        """End; a look-up under way is not waited for."""
        self._stop.set()

    def address(self, host: str) -> str:
        """Return the address of a host; raise Unreachable while none is known."""
        found = self._found.get(host)
        if found is None:
            raise Unreachable(self._trouble.get(host, f"{host}: its address is not looked up yet"))
        return found

    def look(self) -> bool:
        """Look every name up once; tell whether all have an address. One that is not found keeps its last address."""
        for name in self._names:
            try:
                self._found[name] = resolve(name)
            except Unreachable as error:
                self._trouble[name] = str(error)
        return all(name in self._found for name in self._names)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(_AGAIN_S if self.look() else _SOON_S)

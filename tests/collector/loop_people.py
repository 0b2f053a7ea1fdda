"""A real collector in a process of its own, and people who reach it only over HTTP, each with his own session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from agent.clock import WIB, Month, SystemClock
from collector.config import Settings
from collector.folder import Folder
from tests.collector.register_sample import document
from tests.collector.test_web_main import answers, collector
from tests.collector.web_world import INVENTORY, A

PASSWORD = "kuda menari di alun-alun"
BASE = 'data = "data"\nzone = "WIB"\nregion = "Kabupaten Contoh"\n[listen]\nport = 0\n'
MONTH = Month.of(WIB.day(SystemClock().now().wall_ns)).shifted(-13)
"""More than a year ago: no month that the collector closes by itself while a test runs."""

PEOPLE = {
    "citra": (["penetap"], ""),
    "budi": (["pemeriksa"], ""),
    "dedi": (["noc", "pemeriksa"], ""),
    "ani": (["opd"], A),
    "eka": (["auditor"], ""),
}
"""The five whom the sixth, the admin, gives accounts; one of them may check, but not what he made himself."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and the session that he began."""

    name: str
    http: httpx.Client

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def does(self, path: str, body: object = None, *, expect: int = 200) -> Any:
        """Post, and return the answer's JSON once the status is the expected one."""
        answer = self.http.post(path, json={} if body is None else body)
        assert answer.status_code == expect, f"{self.name} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def brings(self, path: str, data: bytes, *, method: str = "POST", expect: int = 200) -> Any:
        """Send a file."""
        headers = {"Content-Type": "application/octet-stream"}
        answer = self.http.request(method, path, content=data, headers=headers)
        assert answer.status_code == expect, f"{self.name} {path}: {answer.status_code} {answer.text}"
        return answer.json()


@dataclass(slots=True)
class Place:
    """The collector's address, the write token of its senders, and who reached it so far."""

    url: str
    token: str
    people: dict[str, Person] = field(default_factory=dict)

    def login(self, name: str) -> Person:
        """Begin a session."""
        begun = httpx.post(f"{self.url}/api/v1/session", json={"name": name, "password": PASSWORD}, timeout=30)
        assert begun.status_code == 200, begun.text
        headers = {"Authorization": f"Bearer {begun.json()['token']}"}
        self.people[name] = Person(name, httpx.Client(base_url=self.url, headers=headers, timeout=60))
        return self.people[name]

    def measure(self) -> None:
        """Send a month of readings of both routers: a first OPD at 45 Mbit/s, a second at 30, all day long."""
        start, end = MONTH.start_ns(WIB) // 10**9, MONTH.end_ns(WIB) // 10**9
        for device, rate in (("r1", 45_000_000 // 8), ("r2", 30_000_000 // 8)):
            lines = [
                f"nadi_interface,device={device},interface=ether1 receive_bytes_total={i * 300 * rate}u,"
                f"transmit_bytes_total={i * 300 * 125_000}u {start + i * 300}\n"
                for i in range((end - start) // 300 + 1)
            ]
            for first in range(0, len(lines), 3000):
                headers, body = {"Authorization": f"Token {self.token}"}, "".join(lines[first : first + 3000])
                answer = httpx.post(f"{self.url}/api/v2/write?precision=s", content=body, headers=headers, timeout=60)
                assert answer.status_code == 204, answer.text


@contextmanager
def place_at(folder: Path) -> Iterator[Place]:
    """Run a collector with two OPD and one account, the admin's; he makes the others, who then begin their sessions."""
    settings = Settings(data=folder / "data", zone="WIB", region="Kabupaten Contoh")
    text = INVENTORY.replace("2026-01-01", f"{MONTH.year - 1}-01-01").replace("2025-12-22", f"{MONTH.year - 1}-01-02")
    with Folder(settings, clock=SystemClock(), writer=True) as made:
        now_ns = made.clock.now().wall_ns
        made.register.apply(document(text.replace("2027-01-01", f"{MONTH.year + 5}-01-01")), actor="t", now_ns=now_ns)
        token = made.register.access.mint_write_token(name="tele", devices=["r1", "r2"], actor="t", now_ns=now_ns)
        made.register.accounts.add(
            "fajar", full_name="Fajar", roles=["admin"], opds=(), password=PASSWORD, actor="t", now_ns=now_ns
        )
    with collector(folder, base=BASE) as (_, url):
        answers(f"{url}/health")
        place = Place(url, token)
        admin = place.login("fajar")
        for name, (roles, opd) in PEOPLE.items():
            body = {"name": name, "full_name": name.title(), "roles": roles, "opd": opd, "password": PASSWORD}
            admin.does("/api/v1/accounts", body, expect=201)
            place.login(name)
        yield place
        for person in place.people.values():
            person.http.close()

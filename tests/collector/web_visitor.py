"""A visitor of the web application, from this machine or from elsewhere, and a collector to visit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fastapi import FastAPI

from agent.clock import Clock, SystemClock
from collector.config import Settings
from collector.folder import Folder
from collector.running import Collector

HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Asks ``app`` from ``address``, naming it ``host``."""

    app: FastAPI
    address: str = HERE
    host: str = "127.0.0.1"
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> httpx.Response:
        """Send one request and return the answer."""

        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, client=(self.address, 50000))
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{self.host}") as client:
                given = {**self.headers, **(headers or {})}
                return await client.request(method, path, headers=given, content=content)

        return asyncio.run(sent())

    def post(self, path: str, body: object) -> httpx.Response:
        """POST JSON to a path."""
        return self.ask("POST", path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET a path."""
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@contextmanager
def running(settings: Settings, *, clock: Clock | None = None, label: str = "") -> Iterator[Collector]:
    """Give a collector on a data folder; its jobs do not run by themselves."""
    clock = clock or SystemClock()
    with Folder(settings, clock=clock, writer=True, label=label) as folder:
        yield Collector(folder, clock=clock)


def settings_at(path: Path) -> Settings:
    """Return the plainest settings with the data folder at ``path``."""
    return Settings(data=path, zone="WIB", region="Kabupaten Contoh")

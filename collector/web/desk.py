"""Where requests become acts: bodies read within bounds, acts done in threads, every refusal an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from collector.register import acts
from collector.register.book import Forbidden, Missing, Refused
from collector.running import Collector
from collector.web.body import Bodies, BodyError
from collector.web.problems import problem
from collector.web.session import Unfit, json_body

MOST_BODY = 262_144
_STATUSES: dict[type[Refused], int] = {Forbidden: 403, Missing: 404, acts.Conflict: 409}
_LATER = {"Retry-After": "30"}


class Busy(Exception):
    """More of something heavy at one time than is done; try again shortly."""


class Turns:
    """Lets at most ``most`` do something heavy or wait for it at one time; Busy for the next one."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a turn."""
        if not self._free.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._free.release()


class Desk:
    """Takes the requests of some routes."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.bodies = Bodies()

    def answered(self, act: Callable[[], Response]) -> Response:
        """Do an act and return its answer, or its refusal."""
        try:
            return act()
        except Refused as error:
            return problem(_STATUSES.get(type(error), 400), str(error), problems=error.problems)
        except Busy:
            return problem(503, "sedang dikerjakan untuk yang lain; coba lagi sebentar", headers=_LATER)

    async def posted(
        self, request: Request, act: Callable[[dict[str, Any]], Response], *, limit: int = MOST_BODY
    ) -> Response:
        """Read a body of JSON and do an act with it, in a thread that may wait for the disk."""
        try:
            body = await json_body(request, self.bodies, limit=limit)
        except Unfit as error:
            return problem(error.status, str(error), headers=_LATER if error.status == 503 else None)
        return await run_in_threadpool(self.answered, lambda: act(body))

    async def brought(self, request: Request, act: Callable[[bytes], Response], *, limit: int) -> Response:
        """Read a file as the body and do an act with it. Nothing that a page elsewhere can post unasked is taken."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/octet-stream":
            return problem(415, "isi harus berkas mentah berjenis application/octet-stream")
        try:
            data = await self.bodies.read(request, limit=limit)
        except BodyError as error:
            return problem(error.status, _WORDS[error.status], headers=_LATER if error.status == 503 else None)
        try:
            return await run_in_threadpool(self.answered, lambda: act(data))
        finally:
            self.bodies.release(len(data))


_WORDS = {
    400: "berkas tidak tiba seutuhnya",
    408: "berkas tidak tiba pada waktunya",
    413: "berkas terlalu besar",
    503: "terlalu banyak kiriman bersamaan; coba lagi sebentar",
}

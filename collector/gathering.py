"""Let requests that wait at the same time share one commit.

While a worker thread waits for the disk with one group of requests, those that arrive form the next group. So a
lone request is answered at once, and under load one fsync, one hop to the thread and one back serve many.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from collector.ingest import Answer, Ingest

MOST = 64
"""Requests of one group; a longer queue is worked off group by group."""

MOST_BYTES = 8 << 20

Waiting = tuple[bytes, str | None, "asyncio.Future[Answer]"]


class Gathering:
    """The queue of batch requests of one event loop; the caller bounds the bodies that wait."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._waiting: list[Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    async def batches(self, data: bytes, *, sender_clock: str | None) -> Answer:
        """Answer one request as ``Ingest.batches`` does."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((data, sender_clock, answer))
        self._ingest.counters.waiting = len(self._waiting)
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = self._next_group()
            requests = [(data, clock) for data, clock, _ in group]
            work = loop.run_in_executor(self._thread, self._ingest.batches_many, requests)
            await asyncio.wait([work])
            _answer(group, work)

    def _next_group(self) -> list[Waiting]:
        size, count = 0, 0
        for data, _, _ in self._waiting[:MOST]:
            if count and size + len(data) > MOST_BYTES:
                break
            size, count = size + len(data), count + 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._ingest.counters.waiting = len(self._waiting)
        return group

    def close(self) -> None:
        """End the worker thread when what it works on is done."""
        self._thread.shutdown()


def _answer(group: list[Waiting], work: asyncio.Future[list[Answer]]) -> None:
    """Hand each request its answer, or to all what broke the work off; who went away gets none."""
    error = work.exception()
    for place, (_, _, future) in enumerate(group):
        if future.done():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(work.result()[place])

"""Requests that wait together share a commit, and each gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.envelope import read_receipts
from collector.gathering import MOST, Gathering
from collector.ingest import Answer
from tests.collector.door import COLLECTOR, Door, envelope


class Recorder(Door):
    """A door that notes how many requests came together, and can break."""

    def together(self) -> list[int]:
        groups: list[int] = []
        take = self.ingest.batches_many

        def noting(requests: Sequence[tuple[bytes, str | None]]) -> list[Answer]:
            groups.append(len(requests))
            return take(requests)

        self.ingest.batches_many = noting  # type: ignore[method-assign]
        return groups


def test_each_request_gets_its_own_answer_from_few_commits(tmp_path: Path) -> None:
    door = Recorder(tmp_path)
    groups = door.together()
    bodies = [envelope(seq).to_bytes() for seq in range(200)]
    bodies[7] = b"junk"

    async def all_at_once() -> list[Answer]:
        gathering = Gathering(door.ingest)
        answers = await asyncio.gather(*(gathering.batches(body, sender_clock=None) for body in bodies))
        gathering.close()
        return answers

    answers = asyncio.run(all_at_once())
    assert (answers[7].status, door.journal.length()) == (400, 199)
    found = [read_receipts(answer.body, COLLECTOR.public)[0].seq for i, answer in enumerate(answers) if i != 7]
    assert found == [seq for seq in range(200) if seq != 7]
    assert (sum(groups), max(groups) <= MOST, len(groups) < 10) == (200, True, True)


def test_what_breaks_the_worker_is_told_to_all_and_the_next_are_served(tmp_path: Path) -> None:
    door = Door(tmp_path)

    async def ask() -> None:
        gathering = Gathering(door.ingest)
        door.ingest._on_stored = lambda items: print(1 // (len(items) - 1))
        for seq in (1, 2):
            with pytest.raises(ZeroDivisionError):
                await gathering.batches(envelope(seq).to_bytes(), sender_clock=None)
        door.ingest._on_stored = lambda items: None
        assert (await gathering.batches(envelope(3).to_bytes(), sender_clock=None)).status == 200
        gathering.close()

    asyncio.run(ask())
    assert door.journal.length() == 3


def test_a_request_that_went_away_harms_no_other(tmp_path: Path) -> None:
    door = Door(tmp_path)

    async def leave() -> list[Answer | BaseException]:
        gathering = Gathering(door.ingest)
        tasks = [asyncio.create_task(gathering.batches(envelope(i).to_bytes(), sender_clock=None)) for i in range(9)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        gathering.close()
        return answers

    answers = asyncio.run(leave())
    assert [isinstance(answer, Answer) for answer in answers].count(True) == 8

"""Enrolment while the register cannot be written, and refusals that wait to be recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import enrol
from agent.clock import NS, ManualClock
from agent.identity import Key
from collector.running import Collector
from collector.web.api import create
from collector.web.page import JOB_WORDS
from tests.collector.register_sample import NOW
from tests.collector.web_visitor import ELSEWHERE, Visitor, running, settings_at

NODE = Key(b"n" * 32)


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with running(settings_at(tmp_path), clock=ManualClock(NOW, boot_ns=10**15, boot_id="b")) as collector:
        yield collector


def rename(collector: Collector, table: str, name: str) -> None:
    """Take a table away, or give it back."""
    file = sqlite3.connect(collector.folder.settings.data / "register.db")
    file.execute(f"ALTER TABLE {table} RENAME TO {name}")
    file.close()


def test_a_register_that_cannot_be_written_bids_the_agent_try_again_with_the_same_token(collector: Collector) -> None:
    access, node = collector.folder.register.access, Visitor(create(collector), ELSEWHERE)
    token = access.mint_enrolment(agent="ag-1", devices=["rt-1"], actor="t", now_ns=NOW)
    body = enrol.request(token, "ag-1", NODE)
    rename(collector, "audit", "away")
    answer = node.ask("POST", "/api/v1/enrol", content=body)
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "unavailable", "30")
    assert "register.db" not in answer.text
    rename(collector, "away", "audit")
    assert node.ask("POST", "/api/v1/enrol", content=body).status_code == 200


def test_refusals_of_a_burst_are_recorded_a_minute_later_without_another_one(collector: Collector) -> None:
    register, clock = collector.folder.register, collector.clock
    assert isinstance(clock, ManualClock)
    for _ in range(3):
        register.audit.refuse(actor="x", action="enrol", object="ag-9", reason="token", at_ns=clock.now().wall_ns)
    clock.advance(61 * NS)
    collector.jobs.run("refusals")
    details = [item.detail for item in register.audit.records() if item.result == "refused"]
    assert details == ["token", "token (2 times)"]


def test_every_job_has_words_for_the_page(collector: Collector) -> None:
    assert set(JOB_WORDS) == set(collector.jobs.standing)

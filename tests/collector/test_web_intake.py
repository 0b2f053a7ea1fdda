"""The senders' routes: bounded bodies, enrolment, batches and Influx writes over HTTP."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from agent import enrol
from agent.envelope import read_receipts
from agent.identity import Key
from collector.ingest import MAX_BODY
from collector.running import Collector
from collector.web.api import create
from collector.web.body import Bodies, BodyError
from collector.web.enrolment import MAX_ENROLMENT
from tests.collector.door import envelope, line
from tests.collector.web_visitor import ELSEWHERE, Visitor, running, settings_at

NODE = Key(b"n" * 32)


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with running(settings_at(tmp_path_factory.mktemp("data"))) as collector:
        yield collector


@pytest.fixture(scope="module")
def app(collector: Collector) -> FastAPI:
    return create(collector)


def invitation(collector: Collector, agent: str) -> str:
    access, now_ns = collector.folder.register.access, collector.clock.now().wall_ns
    return access.mint_enrolment(agent=agent, devices=["rt-1"], actor="t", now_ns=now_ns)


def lines(collector: Collector, octets: int = 5) -> str:
    return line(collector.clock.now().wall_ns, octets=octets)


def test_a_node_enrols_and_its_batch_is_stored(collector: Collector, app: FastAPI) -> None:
    node = Visitor(app, ELSEWHERE)
    body = enrol.request(invitation(collector, "ag-1"), "ag-1", NODE)
    answer = node.ask("POST", "/api/v1/enrol", content=body)
    pinned = enrol.Enrolment.from_json(answer.content)
    assert (answer.status_code, pinned.journal) == (200, collector.folder.journal.id)
    sent = envelope(1, lines(collector), key=NODE, wall_ns=collector.clock.now().wall_ns)
    answer = node.ask("POST", "/api/v1/batches", content=sent.to_bytes())
    receipts = read_receipts(answer.content, pinned.collector_key)
    assert [receipt.verdict for receipt in receipts] == ["stored"]


def test_a_used_token_enrols_nobody_else(collector: Collector, app: FastAPI) -> None:
    token = invitation(collector, "ag-2")
    node = Visitor(app, ELSEWHERE)
    first, other = Key(b"1" * 32), Key(b"2" * 32)
    assert node.ask("POST", "/api/v1/enrol", content=enrol.request(token, "ag-2", first)).status_code == 200
    assert node.ask("POST", "/api/v1/enrol", content=enrol.request(token, "ag-2", first)).status_code == 200
    assert node.ask("POST", "/api/v1/enrol", content=enrol.request(token, "ag-2", other)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{}", b'{"token":1,"agent":"a","public_key":"","proof":""}', b"[" * 4000),
        json.dumps({"token": "t", "agent": "a", "public_key": "AAAA", "proof": "AAAA"}).encode(),
    ],
)
def test_what_is_no_enrolment_is_told_so(app: FastAPI, body: bytes) -> None:
    answer = Visitor(app, ELSEWHERE).ask("POST", "/api/v1/enrol", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_an_influx_client_writes_plain_and_gzip(collector: Collector, app: FastAPI) -> None:
    access, now_ns = collector.folder.register.access, collector.clock.now().wall_ns
    secret = access.mint_write_token(name="tele", devices=["rt-1"], actor="t", now_ns=now_ns)
    client = Visitor(app, ELSEWHERE, headers={"Authorization": f"Token {secret}"})
    path = "/api/v2/write?org=nadi&bucket=nadi&precision=ns"
    assert client.ask("POST", path, content=lines(collector).encode()).status_code == 204
    packed = gzip.compress(lines(collector, 6).encode())
    assert client.ask("POST", path, content=packed, headers={"Content-Encoding": "gzip"}).status_code == 204
    assert client.ask("POST", path, content=packed, headers={"Content-Encoding": "br"}).status_code == 415
    assert client.ask("POST", path, content=b"nonsense").status_code == 400


@pytest.mark.parametrize(("path", "limit"), [("/api/v1/batches", MAX_BODY), ("/api/v1/enrol", MAX_ENROLMENT)])
def test_a_body_past_its_bound_is_refused(app: FastAPI, path: str, limit: int) -> None:
    answer = Visitor(app, ELSEWHERE).ask("POST", path, content=bytes(limit + 1))
    assert answer.status_code == 413


def test_a_lying_or_chunked_body_is_bounded_while_it_is_read(app: FastAPI) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 20)

    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(ELSEWHERE, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://nadi") as client:
            return await client.post("/api/v1/batches", content=endless())

    assert asyncio.run(sent()).status_code == 413


async def received(bodies: Bodies, chunks: list[bytes], *, limit: int = 100, wait_s: float = 0.0) -> bytes:
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, object]:
        await asyncio.sleep(wait_s)
        return waiting.pop(0)

    return await bodies.read(Request({"type": "http", "headers": [], "method": "POST"}, receive), limit=limit)


def test_all_bodies_together_are_bounded_and_given_free_again() -> None:
    async def story() -> None:
        bodies = Bodies(total=10)
        first = await received(bodies, [b"12345", b"678"])
        with pytest.raises(BodyError, match="too many bodies"):
            await received(bodies, [b"abc"])
        bodies.release(len(first))
        assert await received(bodies, [b"abc"]) == b"abc"

    asyncio.run(story())


def test_a_body_that_stops_coming_is_given_up_and_holds_nothing() -> None:
    async def story() -> None:
        bodies = Bodies(total=10, seconds=0.05)
        with pytest.raises(BodyError, match="did not arrive"):
            await received(bodies, [b"12345678", b"9"], wait_s=0.04)
        assert await received(bodies, [b"0123456789"]) == b"0123456789"

    asyncio.run(story())

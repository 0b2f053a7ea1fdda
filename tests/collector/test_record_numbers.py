"""A year with more than 99,999 records: numbers go on, stand in order, and lists go past what is read at one time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from agent.clock import WIB
from collector.register import acts, book, numbers
from collector.register.engine import open_engine, reading, writing
from collector.register.records.disconnection import DISCONNECTION
from collector.register.tables import record as table
from tests.collector.book_sample import AUDITOR, Desk
from tests.collector.postgres import Cluster, running
from tests.collector.test_disconnection import CUT


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "register.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.database()


def grown(target: Path | str, *codes: str) -> Desk:
    """Return a desk whose register holds one record again and again, under these numbers."""
    desk = Desk(target)
    first = desk.open(DISCONNECTION, CUT)
    engine = open_engine(target, zone=WIB)
    with reading(engine) as connection:
        row = dict(connection.execute(select(table).where(table.c.code == first.code)).mappings().one())
    del row["id"]
    with writing(engine) as connection:
        connection.execute(insert(table), [row | {"code": code} for code in codes])
    engine.dispose()
    return desk


PREFIX = DISCONNECTION.prefix


def listed(desk: Desk, *, after: str = "", limit: int = 1000) -> list[str]:
    wanted = acts.Filter(after=after, limit=limit)
    return [item.code for item in acts.listed(desk.book, DISCONNECTION, wanted, actor=AUDITOR)]


def test_numbers_go_on_past_five_digits_and_stand_in_order(target: Path | str) -> None:
    desk = grown(target, f"{PREFIX}-2025-100007", f"{PREFIX}-2026-99998")
    made = [desk.open(DISCONNECTION, CUT).code for _ in range(3)]
    assert made == [f"{PREFIX}-2026-{number}" for number in (99999, 100000, 100001)]
    every = [f"{PREFIX}-2025-100007", f"{PREFIX}-2026-00001", f"{PREFIX}-2026-99998", *made]
    assert listed(desk) == every
    assert [item.code for item in desk.book.as_of(DISCONNECTION, desk.now_ns + 1)] == every
    assert [listed(desk, after=code, limit=1) for code in every] == [[code] for code in every[1:]] + [[]]
    assert listed(desk, after="bukan nomor") == []
    desk.register.close()


def test_a_list_goes_past_what_is_read_at_one_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = grown(tmp_path / "register.db", *(f"{PREFIX}-2026-{number:05d}" for number in range(2, 30)))
    monkeypatch.setattr(book.Book.current, "__kwdefaults__", {**(book.Book.current.__kwdefaults__ or {}), "limit": 10})
    assert len(listed(desk)) == 29
    assert listed(desk, after=f"{PREFIX}-2026-00027") == [f"{PREFIX}-2026-00028", f"{PREFIX}-2026-00029"]
    desk.register.close()


def test_a_code_is_written_with_five_digits_at_least() -> None:
    assert numbers.code("USL", 2026, 7) == "USL-2026-00007"
    assert numbers.code("USL", 2026, 1_234_567) == "USL-2026-1234567"

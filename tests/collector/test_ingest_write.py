"""The InfluxDB 2 write API: statuses as its clients know them, line by line strictness."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import DAY_S, NS
from agent.reading import decode
from collector.ledger.journal import CLOCK_WALL_ONLY
from tests.collector.door import NOW, Door, line


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    opened = Door(tmp_path)
    yield opened
    opened.journal.close()


def times(door: Door) -> list[int]:
    return [reading.time_ns for row in door.journal.rows() for reading in decode(zlib.decompress(row.body))[0]]


def test_good_lines_are_stored_and_answered_204(door: Door) -> None:
    answer = door.write(line() + line(NOW + NS))
    assert (answer.status, answer.body, times(door)) == (204, b"", [NOW, NOW + NS])
    [row] = door.journal.rows()
    assert (row.agent, row.device, row.flags, row.boot_id) == ("token:tele", "rt-1", CLOCK_WALL_ONLY, "")
    assert (row.first_ns, row.last_ns, row.key.startswith("write/tele/ns/")) == (NOW, NOW + NS, True)
    assert len(door.stored) == 1


@pytest.mark.parametrize(("precision", "unit"), [("s", NS), ("ms", 10**6), ("us", 1000), ("ns", 1)])
def test_each_precision_becomes_nanoseconds(door: Door, precision: str, unit: int) -> None:
    assert door.write(line(NOW // unit).replace("\n", "\r\n"), precision=precision).status == 204
    assert times(door) == [NOW]


def test_the_same_body_again_is_stored_once(door: Door) -> None:
    assert [door.write(line()).status for _ in range(3)] == [204] * 3
    assert (door.journal.length(), door.ingest.counters.duplicates) == (1, 2)


def test_a_partial_write_stores_the_good_lines_and_names_the_first_bad_one(door: Door) -> None:
    body = line() + "cpu,host=a usage=5 1\n" + line(NOW + 1).rsplit(" ", 1)[0] + "\n" + line(NOW + 2)
    answer = door.write(body)
    assert answer.status == 400
    message = json.loads(answer.body)["message"]
    assert message.startswith("partial write: 2 of 4 lines quarantined; line 2: measurement 'cpu'")
    assert times(door) == [NOW, NOW + 2]
    assert [(item.number, item.reason) for item in door.journal.quarantined()][1] == (3, "no timestamp")


def test_an_entry_is_made_of_each_device(door: Door) -> None:
    assert door.write(line() + line(device="rt-2") + line(NOW + 1)).status == 204
    assert [(row.device, row.last_ns) for row in door.journal.rows()] == [("rt-1", NOW + 1), ("rt-2", NOW)]


@pytest.mark.parametrize("stamp", [NOW + 301 * NS, NOW - 10 * 366 * DAY_S * NS, 5, -5])
def test_a_time_that_cannot_be_is_put_aside(door: Door, stamp: int) -> None:
    assert door.write(line(stamp) + line()).status == 400
    assert times(door) == [NOW]


def test_an_unknown_token_is_401_and_audited(door: Door) -> None:
    assert door.write(line(), token="wrong").status == 401
    assert door.register.refusals[0][1] == "write"


@pytest.mark.parametrize("text", [line(device="rt-9"), f"nadi_link,link=x receive_bits_per_second=5 {NOW}\n"])
def test_foreign_devices_and_derived_names_are_403_and_nothing_is_stored(door: Door, text: str) -> None:
    assert door.write(line() + text).status == 403
    assert (door.journal.length(), len(door.register.refusals)) == (0, 1)


def test_gzip_is_read_and_anything_else_refused(door: Door) -> None:
    packed = gzip.compress(line().encode())
    assert door.write(packed, gzip=True).status == 204
    for bad in (packed + packed, packed[:-3], packed + b"x", b"junk", zlib.compress(line().encode())):
        assert door.write(bad, gzip=True).status == 400, bad
    assert door.write(line(), precision="h").status == 400


def test_a_body_of_junk_is_refused_as_a_whole(door: Door) -> None:
    answer = door.write("x\n" * 5000)
    assert (answer.status, "more than 1000 bad lines" in json.loads(answer.body)["message"]) == (400, True)
    assert [len(item.content) for item in door.journal.quarantined()] == [10_000]

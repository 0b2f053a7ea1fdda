"""The real influxdb-client writes to a running collector, as any client of InfluxDB 2 would."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from influxdb_client import InfluxDBClient, Point, WritePrecision  # type: ignore[attr-defined]
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from agent.clock import SystemClock
from collector.config import FILE, read
from collector.folder import Folder
from tests.collector.test_web_main import answers, collector

# Its generated code still calls what its own dependencies have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:influxdb_client")


@dataclass(frozen=True)
class Place:
    url: str
    token: str
    config: Path

    def rows(self) -> list[bytes]:
        listed = subprocess.run(
            [sys.executable, "-m", "collector.cli", "quarantine", "--config", str(self.config)],
            capture_output=True, check=True,
        )  # fmt: skip
        return listed.stdout.splitlines()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with collector(tmp_path) as (_, url):
        answers(f"{url}/health")
        config = tmp_path / FILE
        minted = subprocess.run(
            [sys.executable, "-m", "collector.cli", "tokens", "write", "t", "--device=rt-1", f"--config={config}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        yield Place(url, minted.stdout.split()[-1], config)


def point(device: str, octets: int, seconds: int) -> Point:
    made: Point = Point("nadi_interface").tag("device", device).tag("interface", "ether1")
    made.field("receive_bytes_total", octets).field("up", 1).time(seconds, WritePrecision.S)
    return made


def write(place: Place, *points: Point, token: str | None = None, zipped: bool = True) -> None:
    with InfluxDBClient(url=place.url, token=token or place.token, org="kominfo", enable_gzip=zipped) as client:
        client.write_api(write_options=SYNCHRONOUS).write("noc", record=points, write_precision=WritePrecision.S)


def test_points_are_stored_once_however_they_are_packed(place: Place) -> None:
    now = int(time.time())
    points = [point("rt-1", 10**15 + i, now - 60 + i) for i in range(20)]
    write(place, *points)
    write(place, *points, zipped=False)
    with Folder(read(place.config), clock=SystemClock(), writer=False) as folder:
        [row] = folder.journal.rows(device="rt-1")
        assert (row.agent, row.last_ns) == ("token:t", (now - 41) * 10**9)


def test_a_partly_bad_body_tells_the_client_and_keeps_the_good_lines(place: Place) -> None:
    now = int(time.time())
    with pytest.raises(ApiException) as told:
        write(place, point("rt-1", 5, now), Point("cpu").field("usage", 1.5).time(now, WritePrecision.S))
    assert told.value.status == 400
    assert "1 of 2 lines quarantined" in told.value.body
    with Folder(read(place.config), clock=SystemClock(), writer=False) as folder:
        assert len(list(folder.journal.rows(device="rt-1"))) == 1
    assert any(b"'cpu' is not in the catalogue" in line for line in place.rows())


def test_another_opds_device_and_a_wrong_token_are_refused(place: Place) -> None:
    now = int(time.time())
    for device, token, status in (("rt-2", None, 403), ("rt-1", "nadi-write-guess", 401)):
        with pytest.raises(ApiException) as told:
            write(place, point(device, 5, now), token=token)
        assert told.value.status == status
    with Folder(read(place.config), clock=SystemClock(), writer=False) as folder:
        assert folder.journal.length() == 0

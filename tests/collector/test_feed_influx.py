"""InfluxDB 2 by a stand-in: no package here ships the real one.

It keeps one value a series and time as InfluxDB does, answers the one Flux query the feed asks in annotated CSV,
and deletes by predicate. What a real one makes of Flux is not shown by this.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.clock import MS
from collector.cli import main
from tests.collector.feed_place import Centre, centre, drain

Key = tuple[str, tuple[tuple[str, str], ...], str, int]
"""Measurement, tags, field, time (ns)."""


class Store:
    """What the stand-in holds."""

    def __init__(self) -> None:
        self.points: dict[Key, float] = {}
        self.types: dict[tuple[str, str], str] = {}
        self.url = ""

    def write(self, body: bytes) -> int:
        for line in body.decode().splitlines():
            series, fields, stamp = line.rsplit(" ", 2)
            name, *pairs = re.split(r"(?<!\\),", series)
            tags = tuple(tuple(re.sub(r"\\([,= ])", r"\1", half) for half in pair.split("=", 1)) for pair in pairs)
            for field, literal in (pair.split("=") for pair in fields.split(",")):
                kind = literal[-1] if literal[-1] in "iu" else "f"
                if self.types.setdefault((name, field), kind) != kind:
                    return 422
                self.points[name, tags, field, int(stamp)] = float(literal.rstrip("iu"))  # type: ignore[index]
        return 204

    def query(self, flux: str) -> str:
        start, stop = map(int, re.findall(r"time\(v: (\d+)\)", flux))
        wanted = dict(re.findall(r'r\["(\w+)"\] == "([^"]*)"', flux))
        absent = set(re.findall(r'not exists r\["(\w+)"\]', flux))
        measurement = re.findall(r'r\._measurement == "(\w+)"', flux)[0]
        text = ""
        for (name, tags, field, time_ns), value in self.points.items():
            held = dict(tags)
            fits = name == measurement and wanted.items() <= held.items() and not absent & held.keys()
            if fits and start <= time_ns < stop:
                text += _table(name, field, held, time_ns, value)
        return text

    def delete(self, asked: dict[str, str]) -> None:
        low, high = (int(datetime.fromisoformat(asked[name]).timestamp() * 1000) * MS for name in ("start", "stop"))
        wanted = dict(re.findall(r'(\w+)="([^"]*)"', asked["predicate"]))
        measurement = wanted.pop("_measurement")
        for key in [k for k in self.points if k[0] == measurement and wanted.items() <= dict(k[1]).items()]:
            if low <= key[3] < high:
                del self.points[key]


def _table(name: str, field: str, tags: dict[str, str], time_ns: int, value: float) -> str:
    time = f"{datetime.fromtimestamp(time_ns // 10**9).astimezone().isoformat()}"
    columns = {"_time": time, "_value": repr(value), "_field": field, "_measurement": name, **tags}
    kinds = ["string", "long", "dateTime:RFC3339", "double", *["string"] * (len(columns) - 2)]
    rows = (
        ["#datatype", *kinds], ["#group", *["false"] * len(kinds)], ["#default", "_result", *[""] * (len(kinds) - 1)],
        ["", "result", "table", *columns], ["", "", "0", *columns.values()],
    )  # fmt: skip
    return "".join(",".join(row) + "\r\n" for row in rows) + "\r\n"


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path, status, answer = self.path.partition("?")[0], 204, b""
            if path == "/api/v2/write":
                status = made.write(body)
            elif path == "/api/v2/query":
                status, answer = 200, made.query(json.loads(body)["query"]).encode()
            else:
                made.delete(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    yield made
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


def since(place: Centre, store: Store) -> list[str]:
    data = place.configured(store.url, 'server = "influxdb"\n')
    return ["--from", place.first_day, "--wait", "0", "--data", str(data)]


def test_a_stand_in_influxdb_is_filled_checked_and_filled_again(place: Centre, store: Store) -> None:
    with place.feed(store.url, server="influxdb") as feed:
        place.until(1800)
        place.take(range(0, 1800, 10))
        drain(feed)
        assert feed.fact.errors == 0
        assert main(["feed", "replay", *since(place, store)]) == 0
        assert main(["feed", "check", *since(place, store)]) == 0
        before = {key: value for key, value in store.points.items() if key[0] == "nadi_interface" and key[2] != "info"}
        store.points.clear()
        assert main(["feed", "check", *since(place, store)]) == 1
        assert main(["feed", "replay", *since(place, store)]) == 0
    assert before.items() <= store.points.items()


def test_a_correction_replaces_and_deletes_on_a_stand_in_influxdb(place: Centre, store: Store) -> None:
    with place.feed(store.url, server="influxdb") as feed:
        place.until(7200)
        place.take([*range(0, 1800, 10), *range(4800, 7200, 10)])
        drain(feed)
        place.take(range(1800, 4800, 10))
        labels = (("direction", "unduh"), ("link", "wan-bpkad"), ("opd", "BPKAD"))
        wrong = ("nadi_link", labels, "rate_bits_per_second", place.start_ns - 600 * 10**9)
        store.points[wrong] = 5.0  # a rate of a bin without a reading
        drain(feed)
        place.until(7300)
        drain(feed)
        assert feed.cursor.late() == []
        assert feed.cursor.remarks() == []
        valid = {key[3]: value for key, value in store.points.items() if key[2] == "bin_valid"}
        assert sorted(valid.values()) == [0, 0, 0, 0, *[1] * 21]  # four bins end before the first reading
        assert main(["feed", "replay", *since(place, store)]) == 0
        assert wrong not in store.points
        assert main(["feed", "check", *since(place, store)]) == 0

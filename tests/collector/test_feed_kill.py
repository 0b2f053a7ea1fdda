"""The feed when its server or itself is killed: afterwards the sample sets are equal."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cli import main
from tests.collector.feed_place import Centre, Victoria, centre, until, victoria

OCTETS = '{__name__="nadi_interface_receive_bytes_total",device="r1",interface="ether1"}'
FOREVER = '{__name__=~"nadi_interface_.*_total|nadi_interface_up|nadi_(link|opd)_(rate|utilization|bin_valid).*"}'
"""What can be made again from the journal: raw readings and bins."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Victoria]:
    with victoria(tmp_path) as peer:
        yield peer


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


def nadi(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_a_server_killed_with_samples_in_memory_gets_them_again(place: Centre, server: Victoria) -> None:
    with place.feed(server.url) as feed:
        feed.start()
        place.take(range(10))
        until(lambda: feed.fact.points >= 30)
        server.end(signal.SIGKILL)
        place.take(range(10, 20))
        until(lambda: feed.fact.errors >= 1)
        server.start()
        until(lambda: feed.cursor.sent.entry == 2 and not feed.standing.fault)
    assert server.series(OCTETS) == place.octets(range(20))


def test_a_restart_of_the_server_between_two_readings_is_noticed(place: Centre, server: Victoria) -> None:
    with place.feed(server.url) as feed:
        feed.start()
        place.take(range(10))
        until(lambda: feed.cursor.sent.entry == 1)
        server.end(signal.SIGKILL)
        time.sleep(1)  # its start is told in whole seconds
        server.start()
        until(lambda: OCTETS and server.samples(OCTETS), seconds=20)
    assert server.series(OCTETS) == place.octets(range(10))


RUN = """
import sys
from pathlib import Path
from agent.clock import SystemClock
from collector.config import of_folder
from collector.feeds.feed import Feed
from collector.folder import Folder
settings = of_folder(Path(sys.argv[1]))
with Folder(settings, clock=SystemClock(), writer=False) as folder:
    feed = Feed(folder, settings.feed, moment=lambda: iter(()))
    feed.start()
    print("started", flush=True)
    sys.stdin.read()
"""


def test_a_feed_killed_again_and_again_goes_on_where_it_was(place: Centre, server: Victoria) -> None:
    data = place.configured(server.url)
    with place.feed(server.url):
        pass  # begins the cursor before the first reading
    (data / "collector.toml").write_text(
        (data / "collector.toml").read_text().replace("samples_per_second = 1000000", "samples_per_second = 3000")
    )
    place.until(700)
    for batch in range(30):
        place.take(range(batch * 20, batch * 20 + 20))
    for pause in (0.1, 0.3, 0.4, None):
        child = subprocess.Popen(
            [sys.executable, "-c", RUN, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"started\n"
        if pause is None:
            until(lambda: len(server.series(OCTETS)) == 600)
        else:
            time.sleep(pause)
        child.kill()
        child.communicate()
    assert server.series(OCTETS) == place.octets(range(600))

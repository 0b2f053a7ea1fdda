"""The feed when server or collector are cut off, wiped, stopped, or lie: afterwards the sample sets are equal."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cli import main
from collector.feeds.settings import FeedFault
from tests.collector.feed_place import Centre, Victoria, centre, drain, until, victoria

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


def test_a_wiped_server_is_filled_again_by_replay(
    place: Centre, server: Victoria, capsys: pytest.CaptureFixture[str]
) -> None:
    since = ("--from", place.first_day, "--wait", "0", "--data", place.configured(server.url))
    with place.feed(server.url) as feed:
        place.until(3600)
        place.take(range(0, 3600, 10))
        drain(feed)
        server.samples()
        assert nadi("feed", "replay", *since) == 0  # the bins of the hours before the feed began
        before = server.samples(FOREVER)
        assert len(before) > 6
        assert nadi("feed", "check", *since) == 0
        server.wipe()
        assert nadi("feed", "check", *since) == 1
        assert nadi("feed", "replay", *since) == 0
        assert server.samples(FOREVER) == before
        server.again()  # else it remembers for ten seconds that there was nothing
        assert nadi("feed", "check", *since) == 0
        assert nadi("feed", "replay", *since) == 0
    assert "\n0 samples sent" in capsys.readouterr().out


def test_an_hours_cut_of_the_server_is_caught_up_in_order(place: Centre, server: Victoria) -> None:
    with place.feed(server.url) as feed:
        place.take(range(0, 20, 10))
        drain(feed)
        server.end(signal.SIGTERM)
        for second in range(20, 3600, 60):
            place.until(second + 60)
            place.take(range(second, second + 60, 10))
        with pytest.raises(FeedFault):
            feed.step()
        assert feed.cursor.sent.entry == 1
        server.start()
        drain(feed)
        assert feed.fact.lag_seconds == 0
        place.until(3800)
        assert feed.fact.lag_seconds > 60  # it made no step since
    assert server.series(OCTETS) == place.octets([*range(0, 20, 10), *range(20, 3620, 10)])
    rates = server.series('nadi_link_rate_bits_per_second{direction="unduh"}')
    assert set(rates.values()) == {1_000_000}
    assert len(rates) == 8


def test_late_readings_fill_their_bins_and_what_the_server_cannot_take_back_is_listed(
    place: Centre, server: Victoria, capsys: pytest.CaptureFixture[str]
) -> None:
    with place.feed(server.url) as feed:
        place.until(7200)
        place.take([*range(0, 1800, 10), *range(4800, 7200, 10)])
        drain(feed)
        missing = server.series("nadi_link_bin_valid")
        assert set(missing.values()) == {0, 1}
        place.take(range(1800, 4800, 10))
        drain(feed)
        place.until(7300)
        drain(feed)
        assert feed.cursor.late() == []
        assert "nadi_link,link=wan-bpkad: corrected afterwards" in feed.cursor.remarks()[0][1]
    rates = server.series('nadi_link_rate_bits_per_second{direction="unggah"}')
    assert len(rates) == len(missing) - 4 + 1  # four bins end before the first reading, one was settled since
    data = place.configured(server.url)
    assert nadi("feed", "check", "--from", place.first_day, "--wait", "0", "--data", data) == 1
    assert re.search(r"\d+ different: nadi_link_bin_valid of nadi_link,link=wan-bpkad", capsys.readouterr().out)


def test_a_server_that_answers_204_and_drops_what_is_too_old_is_found_out_by_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with victoria(tmp_path, retention="1d") as server, centre(tmp_path, hours_ago=72) as place:
        data = place.configured(server.url)
        with place.feed(server.url) as feed:
            place.until(600)
            place.take(range(0, 600, 10))
            drain(feed)
            assert feed.fact.errors == 0
            server.samples()
        days = ("--from", place.first_day, "--to", place.first_day)
        assert nadi("feed", "check", *days, "--wait", "0", "--data", data) == 1
    assert "60 missing: nadi_interface_receive_bytes_total of nadi_interface,device=r1" in capsys.readouterr().out


def test_a_stopped_server_does_not_slow_the_acknowledgement_of_readings(place: Centre, server: Victoria) -> None:
    assert server.process is not None
    with place.feed(server.url) as feed:
        feed.start()
        place.take(range(10))
        until(lambda: feed.cursor.sent.entry == 1)
        place.until(510)
        os.kill(server.process.pid, signal.SIGSTOP)
        waits = []
        try:
            for second in range(10, 510):
                start = time.perf_counter()
                place.take([second])
                waits.append(time.perf_counter() - start)
                time.sleep(0.005)
            until(lambda: feed.fact.errors > 0)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        until(lambda: feed.cursor.sent.entry == 501 and not feed.standing.fault)
    assert statistics.quantiles(waits, n=100)[98] < 0.5
    assert server.series(OCTETS) == place.octets(range(510))


def test_the_feed_holds_no_read_of_the_journal_open_while_it_waits(place: Centre, server: Victoria) -> None:
    assert server.process is not None
    journal = place.collector.folder.journal.path
    with place.feed(server.url, timeout_seconds=4) as feed:
        place.until(600)
        drain(feed)
        for second in range(600):
            place.take([second])
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            feed.start()
            time.sleep(1)
            with sqlite3.connect(journal) as db:
                busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert busy == 0
        finally:
            os.kill(server.process.pid, signal.SIGCONT)

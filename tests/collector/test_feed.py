"""The feed with a real VictoriaMetrics: what arrives, in which order, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import MS, NS
from tests.collector.feed_place import Centre, Victoria, centre, drain, victoria


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Victoria]:
    with victoria(tmp_path) as peer:
        yield peer


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


def test_raw_readings_arrive_with_their_times_and_tags(place: Centre, server: Victoria) -> None:
    with place.feed(server.url) as feed:
        place.until(60)
        place.take(range(0, 60, 10))
        drain(feed)
        assert feed.fact.points >= 18
    octets = server.series('{__name__="nadi_interface_receive_bytes_total",device="r1",interface="ether1"}')
    assert octets == {(place.start_ns + s * NS) // MS: 10**9 + s * 125_000 for s in range(0, 60, 10)}


def test_bins_arrive_once_settled_and_carry_their_end(place: Centre, server: Victoria) -> None:
    with place.feed(server.url) as feed:
        place.until(901)
        place.take(range(0, 901, 10))
        drain(feed)
        assert server.samples('{__name__=~"nadi_link_rate.*"}') == {}
        place.until(300 + 15 * 60 + 31)
        drain(feed)
    rate = server.series('nadi_link_rate_bits_per_second{direction="unduh"}')
    assert rate == {place.start_ns // MS + 300_000: 1_000_000}
    assert server.series('nadi_opd_utilization_ratio{direction="unduh"}') == {
        place.start_ns // MS + 300_000: pytest.approx(1 / 90)
    }
    assert server.series("nadi_link_bin_valid")[place.start_ns // MS + 300_000] == 1

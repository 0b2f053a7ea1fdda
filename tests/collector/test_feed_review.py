"""What a running feed sends while it is read back is no fault, and never taken away; what is foreign stays one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import MS, NS
from collector.feeds.feed import Feed
from collector.feeds.review import Portion, Review
from tests.collector.feed_place import Centre, Victoria, centre, drain, victoria


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path / "collector") as made:
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Victoria]:
    with victoria(tmp_path) as peer:
        yield peer


def ports(place: Centre, review: Review, feed: Feed) -> list[Portion]:
    """Return the portions of interfaces as far as the feed has sent."""
    day = place.collector.folder.zone.day(place.start_ns)
    found = review.raw_portions(day, upto_id=feed.cursor.sent.entry)
    return [portion for portion in found if portion.selector.measurement == "nadi_interface"]


def test_what_is_sent_during_a_check_is_no_fault_and_what_is_foreign_is_one(place: Centre, server: Victoria) -> None:
    with place.feed(server.url) as feed:
        place.take(range(0, 60, 10))
        drain(feed)
        review = feed._review
        [portion] = ports(place, review, feed)
        place.until(200)
        place.take(range(60, 180, 10))
        drain(feed)
        server.ask("/internal/force_flush")
        assert review.look(portion).extra == []
        foreign_ns = place.start_ns + 33 * NS
        line = f"nadi_interface,device=r1,interface=ether1 up=0i {foreign_ns}\n"
        feed.server.write(line.encode())
        server.ask("/internal/force_flush")
        [(name, at_ms)] = review.look(portion).extra
        assert (name[0], at_ms) == ("nadi_interface_up", foreign_ns // MS)

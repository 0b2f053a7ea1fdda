"""A simple queue and a queue tree of one name on one router: from what the router says to two links' figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock, Month
from agent.reading import encode
from agent.snmp.interpret import interpret
from agent.snmp.tables import load_tables
from agent.snmp.values import Kind, Oid, Value
from collector.inventory import InventoryError
from collector.running import Collector
from tests.collector.register_sample import LINK, NOW, WHOLE, document
from tests.collector.web_visitor import running, settings_at

INTERFACE = 'interface = "ether1"\nunduh = "receive"\n'
SIMPLE = WHOLE.replace(INTERFACE, 'queue = "bpkad"\n').replace('name = "Router 1"', 'name = "R"\nsource = "token:t"')
TREES = LINK.replace("wan-bpkad", "wan-2").replace(INTERFACE, 'queue_unduh = "bpkad"\nqueue_unggah = "naik"\n')
QUEUES: Oid = (1, 3, 6, 1, 4, 1, 14988, 1, 1, 2)
TABLES = load_tables().select((1, 3, 6, 1, 4, 1, 14988, 1))


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with running(settings_at(tmp_path), clock=ManualClock(NOW, boot_ns=10**15, boot_id="b")) as collector:
        collector.folder.register.apply(document(SIMPLE + TREES), actor="t", now_ns=NOW)
        collector.live.adopt(collector.folder.register.inventory())
        yield collector


def said(second: int) -> dict[Oid, Value]:
    """Return a router's queues: a simple one (in 2, out 8 Mbit/s), trees of 16 and 4 Mbit/s, the first of its name."""
    simple, tree = (*QUEUES, 1, 1), (*QUEUES, 2, 1)
    octets = {(*simple, 8, 5): 250_000, (*simple, 9, 5): 10**6, (*tree, 7, 1001): 2 * 10**6, (*tree, 7, 1002): 500_000}
    drops = {(*simple, 14, 5): 1, (*simple, 15, 5): 2, (*tree, 9, 1001): 3, (*tree, 9, 1002): 4}
    names = {(*simple, 2, 5): b"bpkad", (*tree, 2, 1001): b"bpkad", (*tree, 2, 1002): b"naik"}
    values = {oid: Value(Kind.COUNTER64, 10**12 + second * rate) for oid, rate in octets.items()}
    values |= {oid: Value(Kind.COUNTER32, 10**6 + second * rate) for oid, rate in drops.items()}
    values |= {oid: Value(Kind.OCTETS, name) for oid, name in names.items()}
    return values | {(1, 3, 6, 1, 2, 1, 1, 3, 0): Value(Kind.TICKS, 10**7 + second * 100)}


def test_both_queues_of_one_name_keep_their_own_octets_and_drops(collector: Collector) -> None:
    token = collector.folder.register.access.mint_write_token(name="t", devices=["r1"], actor="t", now_ns=NOW)
    polls = [
        reading
        for second in range(-3600, 1, 60)
        for reading in interpret(said(second), TABLES, device="r1", time_ns=NOW + second * NS).readings
    ]
    assert collector.ingest.write(encode(polls), token=token, precision="ns", gzip=False).status == 204
    (month,) = collector.evaluation(Month(2026, 8)).opds
    assert (month.unduh.volume_octets, month.unggah.volume_octets) == (3600 * 3 * 10**6, 3600 * 750_000)
    assert {link.link for link in month.links if link.quality.counts.valid > 0} == {"wan-bpkad", "wan-2"}
    assert (month.dropped_unduh, month.dropped_unggah) == (3600 * 5, 3600 * 5)
    live = {item.link.code: item for item in collector.snapshot().opds[0].links}
    for code, down, up in (("wan-bpkad", 8_000_000, 2_000_000), ("wan-2", 16_000_000, 4_000_000)):
        assert live[code].unduh.rate_bps == down
        assert live[code].unggah.rate_bps == up


def test_one_tree_feeds_one_link(collector: Collector) -> None:
    with pytest.raises(InventoryError, match="one queue tree feeds one link"):
        document(SIMPLE + TREES + TREES.replace("wan-2", "wan-3"))

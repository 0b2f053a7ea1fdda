"""Links measured at queues: from the inventory to bins, drops, live state and metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock, Month
from agent.reading import Reading, encode, reading
from collector.inventory import Counter, InventoryError, Link
from collector.report.usage import chapter
from collector.running import Collector
from collector.web.api import create
from tests.collector.register_sample import DEVICE, LINK, NOW, WHOLE, document
from tests.collector.web_visitor import Visitor, running, settings_at

INTERFACE = 'interface = "ether1"\nunduh = "receive"\n'
SIMPLE = WHOLE.replace(INTERFACE, 'queue = "opd bpkad"\n')
TREES = WHOLE.replace(INTERFACE, 'queue_unduh = "turun"\nqueue_unggah = "naik"\n')
SOURCE = 'name = "Router 1"\nsource = "token:tele"'
MONTH = Month(2026, 8)


def the_link(text: str) -> Link:
    (link,) = document(text).link
    return link


def counted(link: Link) -> list[tuple[str, str]]:
    return [(counter.object, counter.field) for counter in (*link.counters, *(link.drops or ()))]


def test_out_of_a_simple_queue_is_traffic_to_its_target_which_is_unduh() -> None:
    assert counted(the_link(SIMPLE)) == [
        ("opd bpkad", "transmit_bytes_total"),
        ("opd bpkad", "receive_bytes_total"),
        ("opd bpkad", "transmit_dropped_packets_total"),
        ("opd bpkad", "receive_dropped_packets_total"),
    ]


def test_a_queue_whose_target_is_the_port_to_the_wan_is_turned() -> None:
    link = the_link(SIMPLE.replace("[[link]]", '[[link]]\nunduh = "receive"'))
    assert counted(link)[0] == ("opd bpkad", "receive_bytes_total")


def test_queue_trees_have_a_direction_each() -> None:
    assert counted(the_link(TREES)) == [
        ("turun", "bytes_total"),
        ("naik", "bytes_total"),
        ("turun", "dropped_packets_total"),
        ("naik", "dropped_packets_total"),
    ]
    assert the_link(WHOLE).drops is None


def test_how_a_link_is_measured_is_kept_in_the_register() -> None:
    for text in (SIMPLE, TREES):
        assert type(document(text)).from_canonical(document(text).canonical()) == document(text)


def test_a_revision_from_before_there_were_queues_is_read() -> None:
    table = json.loads(document().canonical())
    for name in ("queue", "queue_unduh", "queue_unggah", "same_as"):
        del table["link"][0][name]
    assert type(document()).from_canonical(json.dumps(table).encode()) == document()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (INTERFACE, "", "link[0].interface: a link is measured at one interface, one queue"),
        (INTERFACE, INTERFACE + 'queue = "q"\n', "here: interface and queue"),
        (INTERFACE, 'queue_unduh = "q"\n', "here: queue_unduh"),
        (INTERFACE, 'interface = "ether1"\n', "link[0].unduh: is required with interface"),
        (INTERFACE, 'queue_unduh = "q"\nqueue_unggah = "q"\n', "is queue_unduh again"),
        (INTERFACE, 'queue_unduh = "q"\nqueue_unggah = "r"\nunduh = "receive"\n', "must not be set with queue_unduh"),
        (INTERFACE, 'queue = " q"\n', "must not be empty nor begin or end with a blank"),
    ],
)
def test_a_link_measured_at_nothing_or_at_two_things_is_refused(old: str, new: str, told: str) -> None:
    with pytest.raises(InventoryError) as caught:
        document(WHOLE.replace(old, new))
    assert any(told in problem for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("first", "other"),
    [(SIMPLE, 'queue = "opd bpkad"\n'), (TREES, 'queue_unduh = "x"\nqueue_unggah = "turun"\n')],
)
def test_a_queue_feeds_one_link_only(first: str, other: str) -> None:
    second = LINK.replace("wan-bpkad", "wan-2").replace(INTERFACE, other)
    with pytest.raises(InventoryError, match="already is link"):
        document(first + second)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW, boot_ns=10**15, boot_id="b")


@pytest.fixture(params=[SIMPLE, TREES], ids=["simple", "trees"])
def collector(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Collector]:
    with running(settings_at(tmp_path), clock=clock) as collector:
        text = request.param.replace('name = "Router 1"', SOURCE)
        collector.folder.register.apply(document(text), actor="t", now_ns=NOW)
        collector.live.adopt(collector.folder.register.inventory())
        yield collector


def write(collector: Collector, rows: list[tuple[int, int, int, int, int]]) -> None:
    """Deliver readings: seconds from NOW, octets to and from the OPD, packets dropped on the way to and from it."""
    now_ns, access = collector.clock.now().wall_ns, collector.folder.register.access
    token = access.mint_write_token(name="tele", devices=["r1"], actor="t", now_ns=now_ns)
    lines = b"".join(encode(_rows(collector, *row)) for row in rows)
    assert collector.ingest.write(lines, token=token, precision="ns", gzip=False).status == 204
    access.revoke_write_token("tele", actor="t", now_ns=now_ns)


def _rows(collector: Collector, second: int, down: int, up: int, lost_down: int, lost_up: int) -> list[Reading]:
    link = collector.live.inventory.link["wan-bpkad"]
    values: dict[tuple[str, str], dict[str, int]] = {}
    counters: list[Counter] = [*link.counters, *(link.drops or ())]
    for counter, value in zip(counters, (down, up, lost_down, lost_up), strict=True):
        fields = values.setdefault(counter[:2], {"uptime_ticks": 10**6 + second * 100, "index": 5})
        fields[counter.field] = value
    time_ns = NOW + second * NS
    return [reading(kind, fields, time_ns, device="r1", queue=name) for (kind, name), fields in values.items()]


def steady(*seconds: int) -> list[tuple[int, int, int, int, int]]:
    """Return 8 Mbit/s down, 2 up, ten packets dropped each second down, one up."""
    return [(s, 10**12 + s * 10**6, 10**12 + s * 250_000, 10**6 + 10 * s, 10**6 + s) for s in seconds]


def test_a_queue_gives_the_opds_rates_and_its_drops_the_months_column(collector: Collector) -> None:
    write(collector, steady(*range(-3600, 1, 60)))
    opd = collector.snapshot().opds[0]
    assert opd.unduh.rate_bps == 8_000_000
    assert opd.unggah.rate_bps == 2_000_000
    (month,) = collector.evaluation(MONTH).opds
    assert (month.unduh.volume_octets, month.unggah.volume_octets) == (3600 * 10**6, 3600 * 250_000)
    assert (month.dropped_unduh, month.dropped_unggah, month.dropped) == (36_000, 3_600, 39_600)
    (table,) = chapter(collector.evaluation(MONTH)).tables
    place = [column.key for column in table.columns].index("paket_terbuang")
    assert [row[place] for row in table.rows] == [39_600]


def test_a_counter_of_dropped_packets_that_fell_gives_nothing_and_no_wrap_is_guessed(collector: Collector) -> None:
    rows = [(*row[:3], (2**32 - 100 + 50 * i) % 2**32, 7) for i, row in enumerate(steady(-240, -180, -120, -60))]
    write(collector, rows)
    (month,) = collector.evaluation(MONTH).opds
    assert (month.dropped_unduh, month.dropped_unggah) == (100, 0)


def test_drops_nobody_measured_are_unknown_and_not_zero(collector: Collector) -> None:
    assert collector.evaluation(MONTH).opds[0].dropped is None
    write(collector, steady(-60))
    assert collector.evaluation(MONTH).opds[0].dropped is None


def test_a_queue_made_anew_is_a_reset(collector: Collector) -> None:
    write(collector, steady(-180, -120, -60))
    (link,) = collector.live.inventory.links
    series = [tail for port, tail in collector.live._tails.items() if port[3] == link.counters[0].object]
    assert len(series[0].series(link.counters[0].field).octets) == 3
    write(collector, [(0, 5_000, 5_000, 1, 1)])
    assert collector.evaluation(MONTH).opds[0].unduh.volume_octets == 120 * 10**6


def test_queues_are_shown_in_the_directions_of_the_opd(collector: Collector) -> None:
    write(collector, steady(*range(-600, 1, 60)))
    here = Visitor(create(collector))
    (link,) = collector.live.inventory.links
    metrics = here.get("/metrics").text
    for kind, value in (("bytes_total", 10**12), ("dropped_packets_total", 10**6)):
        for direction, counter in zip(("unduh", "unggah"), link.counters, strict=True):
            labels = f'device="r1",direction="{direction}",link="wan-bpkad",opd="BPKAD",queue="{counter.object}"'
            shown = metrics.partition(f"nadi_queue_{kind}{{{labels}}} ")[2]
            assert float(shown.partition("\n")[0]) == value
    assert "nadi_interface_info" not in metrics
    assert link.point in here.get("/").text
    first = here.get("/api/v1/status").json()["opds"][0]
    assert (first["links"][0]["interface"], first["unduh"]["rate_bps"]) == (link.point, 8e6)


def test_bins_are_kept_and_made_again_alike(collector: Collector) -> None:
    write(collector, steady(*range(-90_000, 1, 600)))
    (link,) = collector.live.inventory.links
    days = MONTH.days[:10]
    bins = collector.folder.bins(collector.live.inventory)
    first = [*bins.link_span(link, days), *(bins.drops_span(link, days) or ())]
    again = [*bins.link_span(link, days), *(bins.drops_span(link, days) or ())]
    assert all(a.same(b) for a, b in zip(first, again, strict=True))
    assert collector.folder.archive.stored_bins("wan-bpkad/drops", days[0], days[-1])


def test_a_link_at_an_interface_beside_one_at_a_queue_leaves_the_sum_of_drops_unknown(collector: Collector) -> None:
    second = LINK.replace("wan-bpkad", "wan-2").replace('"r1"', '"r2"') + DEVICE.replace('"r1"', '"r2"')
    text = (SIMPLE if collector.live.inventory.links[0].queue else TREES).replace('name = "Router 1"', SOURCE)
    collector.folder.register.apply(document(text + second), actor="t", now_ns=NOW)
    collector.live.adopt(collector.folder.register.inventory())
    write(collector, steady(-120, -60, 0))
    assert collector.evaluation(MONTH).opds[0].dropped is None

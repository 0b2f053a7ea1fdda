"""Limits read from routers, by link and day: a pure function of the readings, whenever these arrive."""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.clock import MS, NS, ManualClock
from agent.reading import encode, reading
from collector.ledger.binstore import with_body
from collector.ledger.journal import Entry
from collector.ledger.rebuild import rebuild
from collector.ledger.seal import seal
from collector.limits import LimitStore
from collector.measure.limits import HOLD_MS, Run, Runs, runs
from collector.running import Collector
from tests.collector.ledger_sample import DAY_MS, DEVICE, LINK, START_MS, Ledger, Taken, day
from tests.collector.register_sample import NOW, document
from tests.collector.test_queue_links import MONTH, SIMPLE, SOURCE, TREES, steady, write
from tests.collector.web_visitor import running, settings_at

SPAN = [day(i) for i in range(5)]
MBPS = 10**6


@dataclass(frozen=True)
class Told:
    """A router's answer: ms after the first midnight, limits in Mbps (None: not told), of which object, from whom."""

    at_ms: int
    receive: int | None
    transmit: int | None = None
    interface: str = "ether1"
    present: int = 1

    def entry(self, seq: int) -> Entry:
        limits = {"receive_bits_per_second": self.receive, "transmit_bits_per_second": self.transmit}
        fields = {name: value * MBPS for name, value in limits.items() if value is not None}
        wall_ns = (START_MS + self.at_ms) * MS
        found = reading(
            "nadi_limit", {"present": self.present, **fields}, wall_ns, device="rt-1", interface=self.interface
        )
        body = zlib.compress(encode([found]))
        return replace(Taken(self.at_ms, None).entry(seq), body=body, sha256=hashlib.sha256(body).digest())


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path)
    yield made
    made.close()


def store(ledger: Ledger) -> LimitStore:
    return LimitStore(ledger.readings, {"rt-1": DEVICE})


def take(ledger: Ledger, told: Sequence[Told], *, first: int = 0) -> None:
    ledger.journal.append([one.entry(first + seq) for seq, one in enumerate(told)])


def truth(told: Sequence[Told], way: str) -> Runs:
    """Compute the runs of the whole span at once, from all answers."""
    read = [(START_MS + one.at_ms, (getattr(one, way) or 0) * MBPS * one.present) for one in told]
    return runs(read, start_ms=START_MS, end_ms=START_MS + len(SPAN) * DAY_MS)


def assert_true(ledger: Ledger, told: Sequence[Told]) -> None:
    assert store(ledger).link_span(LINK, SPAN) == (truth(told, "receive"), truth(told, "transmit"))


TIMES = st.integers(0, 4 * DAY_MS) | st.integers(1, 4).flatmap(
    lambda n: st.integers(n * DAY_MS - 2 * HOLD_MS, n * DAY_MS + HOLD_MS)
)
ANSWERS = st.builds(
    Told, TIMES, st.none() | st.integers(0, 3), st.none() | st.integers(0, 3), present=st.sampled_from((1, 1, 1, 0))
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ANSWERS, max_size=12, unique_by=lambda one: one.at_ms), st.data())
def test_any_order_lateness_and_sealing_gives_the_limits_of_all_readings(told: list[Told], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(told))))
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        for number, place in enumerate(order):
            ledger.journal.append([told[place].entry(place)])
            if data.draw(st.booleans()):
                assert_true(ledger, [told[i] for i in order[: number + 1]])
            if data.draw(st.integers(0, 3)) == 0:
                seal(ledger.journal, ledger.archive, today=day(data.draw(st.integers(0, 6))))
        assert_true(ledger, told)
        ledger.close()


def hourly(*days: int, mbps: int = 5) -> list[Told]:
    return [Told(number * DAY_MS + at, mbps, 2) for number in days for at in range(0, DAY_MS, HOLD_MS // 2)]


def stored_days(ledger: Ledger) -> list[date]:
    return [row.day for row in ledger.archive.stored_bins("link-1/limits", SPAN[0], SPAN[-1])]


def test_finished_days_are_kept_and_read_from_where_they_are_kept(ledger: Ledger) -> None:
    take(ledger, hourly(0, 1, 2))
    assert_true(ledger, hourly(0, 1, 2))
    assert stored_days(ledger) == [], "before the first sealing nobody knows that there are any"
    seal(ledger.journal, ledger.archive, today=day(2))
    assert store(ledger).link_span(LINK, SPAN)[0] == (
        Run(START_MS, 5 * MBPS),
        Run(START_MS + 3 * DAY_MS + HOLD_MS // 2, 0),
    )
    assert stored_days(ledger) == SPAN[:2], "the day of the newest reading is not over"
    (row,) = ledger.archive.stored_bins("link-1/limits", SPAN[1], SPAN[1])
    other = (START_MS + DAY_MS).to_bytes(8, "little") + (7 * MBPS).to_bytes(8, "little")
    ledger.archive.store_bins([with_body(row, b"\x01\0\0\0" + other + b"\x01\0\0\0" + other)])
    assert [run.bps for run in store(ledger).link_span(LINK, SPAN)[0]] == [5 * MBPS, 7 * MBPS, 5 * MBPS, 0]
    ledger.archive.store_bins([replace(row, blob=row.blob[:-1] + b"\xff")])
    assert_true(ledger, hourly(0, 1, 2))


def test_what_comes_late_changes_its_day_and_the_first_hour_of_the_next(ledger: Ledger) -> None:
    told = hourly(0) + hourly(2)[4:] + hourly(3)
    take(ledger, told)
    seal(ledger.journal, ledger.archive, today=day(4))
    assert_true(ledger, told)
    assert stored_days(ledger) == SPAN[1:3], "a day before a silent one may still go on"
    late = [Told(DAY_MS + HOLD_MS, 0, 0), Told(2 * DAY_MS - 60_000, 9)]
    take(ledger, late, first=len(told))
    assert_true(ledger, told + late)
    alone = store(ledger).link_span(replace(LINK, code="link-2"), SPAN[2:3])[0]
    assert alone[:2] == (Run(START_MS + 2 * DAY_MS, 9 * MBPS), Run(START_MS + 2 * DAY_MS + HOLD_MS - 60_000, 0))


def test_a_rebuild_makes_them_anew(ledger: Ledger) -> None:
    take(ledger, hourly(0, 1, 2))
    seal(ledger.journal, ledger.archive, today=day(2))
    store(ledger).link_span(LINK, SPAN)
    assert stored_days(ledger) == SPAN[:2]
    rebuild(ledger.journal, ledger.archive, bins=ledger.bins, links=[LINK])
    assert stored_days(ledger) == []
    assert_true(ledger, hourly(0, 1, 2))


def test_another_object_another_source_and_another_way_to_measure_are_never_guessed(ledger: Ledger) -> None:
    take(ledger, [replace(one, interface="ether2") for one in hourly(0, 1)])
    none = ((Run(START_MS, 0),),) * 2
    assert store(ledger).link_span(LINK, SPAN) == none
    assert store(ledger).link_span(replace(LINK, interface="", queue="ether2"), SPAN) == none
    there = replace(LINK, interface="ether2")
    assert store(ledger).link_span(there, SPAN) == (truth(hourly(0, 1), "receive"), truth(hourly(0, 1), "transmit"))
    assert LimitStore(ledger.readings, {"rt-1": replace(DEVICE, source="agen-2")}).link_span(there, SPAN) == none
    turned = replace(there, unduh="transmit")
    assert store(ledger).link_span(turned, SPAN)[0] == truth(hourly(0, 1), "transmit")


@pytest.fixture(params=[SIMPLE, TREES], ids=["simple", "trees"])
def collector(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Collector]:
    with running(settings_at(tmp_path), clock=ManualClock(NOW, boot_ns=10**15, boot_id="b")) as collector:
        text = request.param.replace('name = "Router 1"', SOURCE)
        collector.folder.register.apply(document(text), actor="t", now_ns=NOW)
        collector.live.adopt(collector.folder.register.inventory())
        write(collector, steady(*range(-7200, 1, 60)))
        yield collector


def tell(collector: Collector, down: int, up: int, *, present: int = 1, first: int = -7500, last: int = 0) -> None:
    """Deliver each five minutes what the router is set to (bit/s to and from the OPD): a simple queue, or two trees."""
    access, link = collector.folder.register.access, collector.live.inventory.links[0]
    found = []
    for at_ns in range(NOW + first * NS, NOW + last * NS, 300 * NS):
        if link.queue:
            limits = {"receive_bits_per_second": up, "transmit_bits_per_second": down}
            found.append(reading("nadi_limit", {"present": present, **limits}, at_ns, device="r1", queue=link.queue))
            continue
        for name, bps in ((link.queue_unduh, down), (link.queue_unggah, up)):
            fields = {"present": present, "bits_per_second": bps}
            found.append(reading("nadi_limit", fields, at_ns, device="r1", tree=name))
    token = access.mint_write_token(name="tele", devices=["r1"], actor="t", now_ns=NOW)
    assert collector.ingest.write(encode(found), token=token, precision="ns", gzip=False).status == 204
    access.revoke_write_token("tele", actor="t", now_ns=NOW)


def ceilings(collector: Collector) -> tuple[object, object]:
    (opd,) = collector.evaluation(MONTH).opds
    return opd.unduh.ceiling, opd.unggah.ceiling


def test_the_months_time_at_the_limit_is_by_the_routers_limit_in_each_direction(collector: Collector) -> None:
    assert ceilings(collector) == (0, 0), "8 and 2 Mbit/s are far below what is determined"
    tell(collector, 8 * MBPS, 20 * MBPS, last=-3599)
    assert ceilings(collector) == (1, 0)
    tell(collector, 0, 2 * MBPS, first=-3599)
    (opd,) = collector.evaluation(MONTH).opds
    assert (opd.unduh.valid, opd.unduh.ceiling, opd.unggah.ceiling) == (24, Fraction(13, 24), Fraction(11, 24))


def test_a_queue_that_is_disabled_limits_nobody(collector: Collector) -> None:
    tell(collector, 8 * MBPS, 2 * MBPS, present=0)
    assert ceilings(collector) == (0, 0)

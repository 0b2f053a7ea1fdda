"""Bins are a pure function of the readings, whenever these arrive and wherever they lie."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.ledger.binstore import BinStore
from collector.ledger.rebuild import rebuild
from collector.ledger.seal import seal
from collector.measure.bins import Bins, bins, join
from collector.measure.counters import CounterSeries, deltas
from tests.collector.ledger_sample import BOOT_MS, DAY_MS, DEVICE, LINK, START_MS, Ledger, Taken, day, steady

SPAN = [day(i) for i in range(-1, 6)]
TIMES = st.one_of(
    st.integers(0, 5 * DAY_MS - 1),
    st.integers(1, 4).map(lambda n: n * DAY_MS),
    st.integers(1, 4).flatmap(lambda n: st.integers(n * DAY_MS - 400_000, n * DAY_MS + 400_000)),
)
VALUES = st.one_of(st.none(), st.integers(0, 2**64 - 1), st.integers(0, 10**9))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path)
    yield made
    made.close()


def truth(cycles: list[Taken], direction: str) -> Bins:
    """Compute the bins of the whole span at once, from all readings."""
    rows = [c for c in cycles if getattr(c, direction) is not None]
    time = np.array([START_MS + c.at_ms for c in rows], dtype=np.int64)
    boots = sorted({c.boot for c in rows})
    constant = [np.full(len(rows), value, dtype=np.int64) for value in (64, 0, -1, -1, -1)]
    series = CounterSeries(
        time,
        np.array([boots.index(c.boot) for c in rows], dtype=np.int64),
        time - BOOT_MS,
        np.array([getattr(c, direction) for c in rows], dtype=np.uint64),
        *constant,
    )
    judged = deltas(series, port_bps=LINK.port_bps or 0)
    return bins(judged, start_ms=START_MS - DAY_MS, count=288 * len(SPAN))


def assert_true(ledger: Ledger, cycles: list[Taken]) -> None:
    for bins_, direction in zip(ledger.bins.link_span(LINK, SPAN), ("receive", "transmit"), strict=True):
        wanted = truth(cycles, direction)
        assert bins_.same(wanted), (bins_.counts, wanted.counts)


@st.composite
def histories(draw: st.DrawFn) -> list[Taken]:
    times = draw(st.lists(TIMES, max_size=25))
    boots = st.sampled_from(("boot-1", "boot-1", "boot-1", "boot-2"))
    one = draw(st.booleans())
    cycles = [Taken(t, draw(VALUES), draw(VALUES), draw(boots) if not one else "boot-1") for t in times]
    if draw(st.booleans()):
        octets = sorted(draw(st.lists(st.integers(0, 10**12), min_size=len(times), max_size=len(times))))
        cycles = [
            replace(c, receive=n, transmit=n // 2)
            for c, n in zip(sorted(cycles, key=lambda c: c.at_ms), octets, strict=True)
        ]
    return cycles


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order_lateness_and_sealing_gives_the_bins_of_all_readings_at_once(data: st.DataObject) -> None:
    cycles = data.draw(histories())
    order = data.draw(st.permutations(range(len(cycles))))
    sealings = data.draw(st.lists(st.integers(0, len(cycles)), max_size=3).map(sorted))
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        at = 0
        for stop in [*sealings, len(order)]:
            ledger.take(cycles, order=order[at:stop])
            at = stop
            ledger.bins.link_span(LINK, SPAN)
            seal(ledger.journal, ledger.archive, today=day(data.draw(st.integers(0, 6))))
        assert_true(ledger, cycles)
        stored = list(ledger.archive.all_bins())
        rebuild(ledger.journal, ledger.archive, bins=ledger.bins, links=[LINK])
        assert_true(ledger, cycles)
        assert {(s.day, s.blob) for s in stored} >= {
            (s.day, s.blob) for s in ledger.archive.all_bins() if s.day in {x.day for x in stored}
        }
        ledger.close()


def test_days_and_months_agree(ledger: Ledger) -> None:
    cycles = [*steady(200, every_ms=60_000, start_ms=DAY_MS - 6_000_000), Taken(4 * DAY_MS + 1, 10**9, 10**9)]
    ledger.take(cycles)
    by_day = [ledger.bins.link_day(LINK, one) for one in SPAN]
    for side, direction in enumerate(("receive", "transmit")):
        assert join([pair[side] for pair in by_day]).same(truth(cycles, direction))


def test_a_delta_over_whole_empty_days_counts_to_the_volume_once(ledger: Ledger) -> None:
    ledger.take([Taken(DAY_MS // 2, 0), Taken(4 * DAY_MS + DAY_MS // 2, 4_000)])
    seal(ledger.journal, ledger.archive, today=day(6))
    shares = [int(ledger.bins.link_day(LINK, day(i))[0].long_u.sum()) for i in range(6)]
    assert shares == [500 * 10**6, 1000 * 10**6, 1000 * 10**6, 1000 * 10**6, 500 * 10**6, 0]


def test_the_link_says_which_direction_is_unduh(ledger: Ledger) -> None:
    ledger.take(steady(30, every_ms=60_000))
    unduh, unggah = ledger.bins.link_day(LINK, day(0))
    turned = replace(LINK, unduh="transmit")
    assert [b.same(a) for a, b in zip((unggah, unduh), ledger.bins.link_day(turned, day(0)), strict=True)] == [True] * 2
    assert int(unduh.octets_u.sum()) == 29 * 10**12


def test_only_days_that_changed_are_made_again(ledger: Ledger) -> None:
    cycles = steady(24 * 7, start_ms=-DAY_MS)
    ledger.take(cycles, order=[i for i in range(len(cycles)) if i != 80])
    ledger.bins.link_span(LINK, SPAN)
    made: list[Sequence[date]] = []

    class Watched(BinStore):
        def _make(self, pair: Any, run: Sequence[date]) -> dict[date, Any]:
            made.append(run)
            return super()._make(pair, run)

    ledger.bins = Watched(journal=ledger.journal, archive=ledger.archive, devices={"rt-1": DEVICE})
    ledger.bins.link_span(LINK, SPAN)
    # The first day has no reading before it, the last one none after it: only what may still change is open.
    assert made == [[day(5)]]
    ledger.take(cycles, order=[80])
    ledger.bins.link_span(LINK, SPAN)
    assert made[1:] == [[day(1), day(2), day(3)], [day(5)]]
    assert_true(ledger, cycles)


def test_other_parameters_make_other_bins(ledger: Ledger) -> None:
    ledger.take(steady(60, every_ms=60_000, step=10**6))
    assert ledger.bins.link_day(LINK, day(0))[0].counts.over_physical == 0
    slow = replace(LINK, port_bps=1_000)
    assert ledger.bins.link_day(slow, day(0))[0].counts.over_physical == 59
    other = BinStore(
        journal=ledger.journal, archive=ledger.archive, devices={"rt-1": replace(DEVICE, source="token:lain")}
    )
    assert other.link_day(LINK, day(0))[0].counts.valid == 0


def test_damaged_stored_bins_are_made_again(ledger: Ledger) -> None:
    cycles = steady(24 * 7, start_ms=-DAY_MS)
    ledger.take(cycles)
    ledger.bins.link_span(LINK, SPAN)
    for row in list(ledger.archive.all_bins()):
        torn = bytearray(row.blob)
        torn[200] ^= 4
        ledger.archive.store_bins([replace(row, blob=bytes(torn))])
    assert_true(ledger, cycles)


def test_days_must_follow_one_another(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="not consecutive"):
        ledger.bins.link_span(LINK, [day(0), day(2)])

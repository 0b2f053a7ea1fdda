"""The live state: what is shown of this minute, and what is not claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from agent.clock import MS, NS, WIB, ManualClock
from agent.reading import encode, reading
from collector.inventory import Allocation, Device, Inventory, Link, Opd, Site
from collector.judge.now import State, worst
from collector.ledger.body import Lines
from collector.ledger.entry import CLOCK_UNSURE, Entry
from collector.live import Live, LiveSettings

START = WIB.day_start(date(2026, 11, 2)) + 9 * 3600 * NS
BOOT = 1_000 * NS


def link(code: str, device: str = "r1", **changes: Any) -> Link:
    whole = Link(
        code=code, opd="1.01", device=device, interface="eth0", unduh="receive", vantage="opd", medium="serat",
        owner="Diskominfo", provider="X", maintainer="WAN", role="wan", contract=None, port_bps=None, limited=True,
        active_from=0, active_to=None,
    )  # fmt: skip
    return replace(whole, **changes)


def inventory(*links: Link) -> Inventory:
    return Inventory(
        region="Kabupaten Contoh", revision=1, opds=(Opd("1.01", "Dinas Satu", "tinggi", "s1"),),
        sites=(Site("s1", "Kantor"),), links=links, contracts=(),
        devices=tuple(Device(name, name, "s1", f"a-{name}", "linux", 0) for name in ("r1", "r2")),
        allocations=(
            Allocation("1.01", "1", date(2026, 1, 1), "", "", 10_000_000, 5_000_000, 0, 0, 0, None, "tinggi"),
        ),
    )  # fmt: skip


def delivery(second: int, octets: int, device: str = "r1", **fields: int) -> tuple[Entry, Lines]:
    time_ns = START + second * NS
    taken = reading(
        "nadi_interface", {"receive_bytes_total": octets, "transmit_bytes_total": octets // 2, "up": 1, **fields},
        time_ns, device=device, interface="eth0",
    )  # fmt: skip
    entry = Entry(
        key=f"batch/a-{device}/0/{second}", agent=f"a-{device}", device=device, run="0", seq=second, boot_id="b",
        wall_ns=time_ns, boot_ns=BOOT + second * NS, received_ns=time_ns + NS, shift_ns=0, flags=0,
        first_ns=time_ns, last_ns=time_ns, sha256=b"", header=b"", signature=b"", body=b"",
    )  # fmt: skip
    return entry, Lines(encode([taken]))


def live(*links: Link, now: int) -> tuple[Live, ManualClock]:
    clock = ManualClock(START + now * NS)
    state = Live(inventory=inventory(*links), clock=clock, zone=WIB, settings=LiveSettings(stale_seconds=60))
    return state, clock


def steady(seconds: Sequence[int], device: str = "r1", rate: int = 125_000) -> list[tuple[Entry, Lines]]:
    return [delivery(second, 10**9 + second * rate, device) for second in seconds]


def test_the_rate_is_that_of_the_last_valid_delta() -> None:
    state, _ = live(link("l1"), now=31)
    state.stored([delivery(0, 0), delivery(20, 100_000), delivery(30, 1_100_000)])
    flow = state.snapshot().opds[0].unduh
    assert flow.rate_bps == Fraction(8_000_000, 10)
    assert flow.utilisation == Fraction(8, 100)
    assert flow.open_share == Fraction(30, 300)


def test_each_reading_changes_what_is_shown_also_one_that_comes_late() -> None:
    state, clock = live(link("l1"), now=51)
    state.stored([delivery(0, 0), delivery(20, 100_000), delivery(40, 1_100_000)])
    assert state.snapshot().opds[0].unduh.rate_bps == Fraction(8_000_000, 20)
    clock.advance(NS)
    state.stored([delivery(50, 1_600_000)])
    assert state.snapshot().opds[0].unduh.rate_bps == Fraction(4_000_000, 10)
    clock.advance(NS)
    state.stored([delivery(45, 1_500_000)])
    assert state.snapshot().opds[0].unduh.rate_bps == Fraction(800_000, 5)
    assert state.snapshot().opds[0].unggah.rate_bps == Fraction(400_000, 5)


def test_a_register_that_tells_another_speed_of_the_port_judges_the_same_readings_anew() -> None:
    state, clock = live(link("l1"), now=21)
    state.stored([delivery(0, 0), delivery(20, 100_000_000)])
    assert state.snapshot().opds[0].unduh.rate_bps == 40_000_000
    clock.advance(NS)
    state.adopt(inventory(link("l1", port_bps=10_000_000)))
    assert state.snapshot().opds[0].unduh.rate_bps is None


def test_an_opd_never_heard_of_is_unknown_and_has_no_rate() -> None:
    state, _ = live(link("l1"), now=0)
    opd = state.snapshot().opds[0]
    assert (opd.state, opd.unduh.rate_bps, opd.unduh.utilisation) == (State.TIDAK_DIKETAHUI, None, None)


def test_silence_becomes_unknown_and_not_zero() -> None:
    state, clock = live(link("l1"), now=30)
    state.stored(steady(range(0, 31, 10)))
    assert state.snapshot().opds[0].state is State.HIDUP
    clock.advance(61 * NS)
    opd = state.snapshot().opds[0]
    assert (opd.state, opd.unduh.rate_bps) == (State.TIDAK_DIKETAHUI, None)


def test_a_true_zero_is_shown_as_zero() -> None:
    state, _ = live(link("l1"), now=20)
    state.stored(steady((0, 10, 20), rate=0))
    assert state.snapshot().opds[0].unduh.rate_bps == 0


def test_a_port_that_says_down_is_down() -> None:
    state, _ = live(link("l1"), now=10)
    state.stored([delivery(0, 0), delivery(10, 0, up=0)])
    assert state.snapshot().opds[0].state is State.MATI


def test_the_sum_of_an_opd_is_unknown_while_a_link_is() -> None:
    state, _ = live(link("l1"), link("l2", "r2"), now=20)
    state.stored(steady((0, 10, 20)))
    opd = state.snapshot().opds[0]
    assert (opd.state, opd.unduh.rate_bps) == (State.TIDAK_DIKETAHUI, None)
    state.stored(steady((0, 10, 20), "r2"))
    state.adopt(state.inventory)
    assert state.snapshot().opds[0].unduh.rate_bps == 2_000_000


def test_a_noc_port_counts_transmit_as_unduh() -> None:
    state, _ = live(link("l1", unduh="transmit", vantage="noc"), now=10)
    state.stored(steady((0, 10)))
    opd = state.snapshot().opds[0]
    assert (opd.unduh.rate_bps, opd.unggah.rate_bps) == (Fraction(500_000), Fraction(1_000_000))


def test_a_settled_bin_is_shown_and_an_invalid_one_is_not() -> None:
    state, clock = live(link("l1"), now=361)
    state.stored(steady(range(0, 361, 20)))
    flow = state.snapshot().opds[0].unduh
    assert (flow.bin_bps, flow.bin_current) == (Fraction(1_000_000), True)
    clock.advance(300 * NS)
    flow = state.snapshot().opds[0].unduh
    assert (flow.bin_bps, flow.bin_current, flow.bin_utilisation) == (Fraction(1_000_000), False, None)


def test_order_and_repetition_do_not_matter() -> None:
    deliveries = steady(range(0, 361, 20))
    state, _ = live(link("l1"), now=361)
    state.stored(deliveries)
    other, _ = live(link("l1"), now=361)
    for item in [*reversed(deliveries), *deliveries[3:7]]:
        other.stored([item])
    assert other.snapshot() == state.snapshot()


def test_readings_of_an_unsure_clock_or_another_source_are_not_used() -> None:
    state, _ = live(link("l1"), now=10)
    entries = steady((0, 10))
    state.stored([(replace(entry, flags=CLOCK_UNSURE), lines) for entry, lines in entries])
    state.stored([(replace(entry, agent="stranger"), lines) for entry, lines in entries])
    assert state.snapshot().opds[0].state is State.TIDAK_DIKETAHUI


def test_memory_is_bounded_by_time_and_number() -> None:
    state, _ = live(link("l1"), now=10)
    state.stored(steady(range(0, 40_000, 10)))
    tail = next(iter(state._tails.values()))
    assert len(tail) <= 2000
    assert tail.latest is not None
    assert tail.latest.time_ms == (START + 39_990 * NS) // MS


def test_what_is_told_twice_is_kept_once() -> None:
    state, _ = live(link("l1"), now=100)
    for _ in range(3):
        state.stored(steady(range(0, 100, 10)))
    assert len(next(iter(state._tails.values()))) == 10


def test_a_link_outside_its_active_time_does_not_count() -> None:
    state, _ = live(link("l1"), link("l2", "r2", active_to=START), now=20)
    state.stored(steady((0, 10, 20)))
    opd = state.snapshot().opds[0]
    assert [item.link.code for item in opd.links] == ["l1"]
    assert opd.unduh.rate_bps == 1_000_000


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([State.HIDUP, State.MATI, State.TIDAK_DIKETAHUI], State.MATI),
        ([State.HIDUP, State.TIDAK_DIKETAHUI], State.TIDAK_DIKETAHUI),
        ([State.HIDUP, State.PEMELIHARAAN], State.PEMELIHARAAN),
        ([], State.TIDAK_DIKETAHUI),
    ],
)
def test_the_worst_state_of_the_links_is_the_opds(states: list[State], expected: State) -> None:
    assert worst(states) is expected


def test_many_links_at_once_are_shown_as_each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    links = [link(f"l{i}") for i in range(12)]
    seconds = [*range(0, 900, 20), 905, 911]

    def shown() -> object:
        state, clock = live(*links, now=912)
        state.stored([delivery(second, 10**9 + second**2 * 1000) for second in seconds])
        first = state.snapshot()
        clock.advance(60 * NS)
        state.stored([delivery(970, 0)])
        return first.links, first.opds, state.snapshot().links

    together = shown()
    monkeypatch.setattr("collector.live.MANY", 10**9)
    assert shown() == together

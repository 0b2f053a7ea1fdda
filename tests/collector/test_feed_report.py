"""The figures on a dashboard are those of the report, and a month that is sealed can be sent again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import DAY_S, NS, WIB
from collector.cli import main
from collector.feeds.exposition import exposition
from collector.ledger.seal import seal
from collector.terminal import mbps
from collector.web.facts import facts
from tests.collector.feed_place import BIN, INVENTORY, Centre, Victoria, centre, drain, victoria

FIGURES = {
    "p95_bits_per_second": "p95",
    "mean_bits_per_second": "mean",
    "peak_bits_per_second": "peak",
    "volume_bytes": "volume_octets",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Victoria]:
    with victoria(tmp_path) as peer:
        yield peer


def hours_ago() -> int:
    """Return how long ago three hours lie in one month."""
    start_ns = time.time_ns() - 30 * 3600 * NS
    return 30 if WIB.local(start_ns).month == WIB.local(start_ns + 4 * 3600 * NS).month else 40


def begun_here() -> str:
    """Return an inventory whose link is active since the start of the test, so that its month is covered."""
    start_ns = (time.time_ns() // BIN - 12 * hours_ago()) * BIN
    return INVENTORY.replace("active_from = 2020-01-01", f"active_from = {WIB.iso(start_ns)[:19]}")


def uneven(place: Centre, hours: int) -> None:
    """Let readings come in whose rates are no round numbers."""
    grown = 0
    for hour in range(hours):
        place.until(hour * 3600 + 3590)
        for second in range(hour * 3600, hour * 3600 + 3600, 30):
            grown += 1_234_567 + second * second % 977_777
            place.take([second], rate=0, base=10**9 + grown)
    place.until(hours * 3600)


def test_the_figures_of_the_month_equal_the_evaluation_to_the_last_digit_shown(
    tmp_path: Path, server: Victoria
) -> None:
    with centre(tmp_path, begun_here(), hours_ago=hours_ago()) as place, place.feed(server.url) as feed:
        uneven(place, 3)
        place.collector.jobs.run("judge")
        drain(feed)
        judged = place.collector.judgement
        assert judged is not None
        [opd] = judged.month.opds
        for direction, figures in (("unduh", opd.unduh), ("unggah", opd.unggah)):
            for name, figure in FIGURES.items():
                exact = getattr(figures, figure)
                found = server.samples(f'nadi_evaluation_{name}{{opd="BPKAD",direction="{direction}"}}')
                assert exact is not None, name
                for samples in found.values():
                    [(_, value)] = samples
                    assert mbps(value) == mbps(float(exact)), name
                    assert value == pytest.approx(float(exact), rel=2e-12), name


def test_both_writers_say_the_same(tmp_path: Path, server: Victoria) -> None:
    with centre(tmp_path) as place, place.feed(server.url) as feed:
        uneven(place, 1)
        place.collector.jobs.run("judge")
        text = exposition(facts(place.collector)).decode()
        drain(feed)
        place.until(3600 + 1231)  # the newest bin of now is settled then
        drain(feed)
    shown = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}
    moving = ("_bytes", "process_", "sink", "nadi_collector_", "nadi_interface_re", "nadi_interface_tr")
    compared = {name: value for name, value in shown.items() if not any(word in name for word in moving)}
    assert len(compared) > 20
    for name, value in compared.items():
        match = name.replace('=""', '=~""')
        values = {v for samples in server.samples(match).values() for _, v in samples}
        assert any(v == pytest.approx(value, rel=2e-12) for v in values), name


def test_sealed_days_whose_entries_were_forgotten_are_replayed_from_the_chunks(
    tmp_path: Path, server: Victoria
) -> None:
    with centre(tmp_path, hours_ago=72) as place:
        since = ("--from", place.first_day, "--wait", "0", "--data", place.configured(server.url))
        with place.feed(server.url) as feed:
            uneven(place, 2)
            drain(feed)
            raw = '{__name__=~"nadi_interface_.*_total"}'
            before = server.samples(raw)
            folder = place.collector.folder
            place.until(3 * DAY_S)
            seal(folder.journal, folder.archive, today=folder.zone.day(place.clock.now().wall_ns))
            assert folder.journal.forget(folder.journal.length()) > 0
            server.wipe()
            assert main([str(one) for one in ("feed", "replay", *since)]) == 0
            assert server.samples(raw) == before
            assert len(before) == 2

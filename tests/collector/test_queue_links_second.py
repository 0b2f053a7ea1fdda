"""One line measured at both ends: it counts once, at the NOC, and its ends are held against each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import NS, ManualClock, Month
from agent.reading import encode, reading
from collector.inventory import InventoryError
from collector.running import Collector
from collector.web.api import create
from tests.collector.register_sample import DEVICE, LINK, NOW, WHOLE, document
from tests.collector.web_visitor import Visitor, running, settings_at

BOTH = 'name = "Router"\nsource = "token:tele"'
NOC = (
    LINK.replace("wan-bpkad", "noc-bpkad")
    .replace('"r1"', '"r2"')
    .replace('"receive"', '"transmit"')
    .replace('vantage = "opd"', 'vantage = "noc"\nsame_as = "wan-bpkad"')
)
TWO = (WHOLE + DEVICE.replace('"r1"', '"r2"') + NOC).replace('name = "Router 1"', BOTH)
MONTH = Month(2026, 8)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('same_as = "wan-bpkad"', 'same_as = "wan-x"', "there is no [[link]] 'wan-x'"),
        ('vantage = "noc"', 'vantage = "opd"', "is seen at the same end"),
        (
            'device = "r2"\ninterface = "ether1"',
            'device = "r1"\ninterface = "ether2"',
            "one device does not check itself",
        ),
    ],
)
def test_what_is_not_the_other_end_of_the_line_is_refused(old: str, new: str, told: str) -> None:
    with pytest.raises(InventoryError) as caught:
        document(TWO.replace(old, new))
    assert any(told in problem for problem in caught.value.problems), caught.value.problems


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW, boot_ns=10**15, boot_id="b")


@pytest.fixture
def collector(tmp_path: Path, clock: ManualClock) -> Iterator[Collector]:
    with running(settings_at(tmp_path), clock=clock) as collector:
        register(collector, TWO)
        yield collector


def register(collector: Collector, text: str) -> None:
    collector.folder.register.apply(document(text), actor="t", now_ns=NOW)
    collector.live.adopt(collector.folder.register.inventory())


def write(collector: Collector, device: str, seconds: range, *, down: int = 1_000_000, up: int = 100_000) -> None:
    """Deliver readings of one end: octets a second to and from the OPD, as its own port counts them."""
    now_ns, access = collector.clock.now().wall_ns, collector.folder.register.access
    token = access.mint_write_token(name="tele", devices=[device], actor="t", now_ns=now_ns)
    names = ("receive_bytes_total", "transmit_bytes_total")
    names = names if device == "r1" else (names[1], names[0])
    for part in (seconds[i : i + 5000] for i in range(0, len(seconds), 5000)):
        lines = encode(
            reading(
                "nadi_interface",
                {names[0]: 10**12 + s * down, names[1]: 10**12 + s * up},
                NOW + s * NS,
                device=device,
                interface="ether1",
            )
            for s in part
        )
        assert collector.ingest.write(lines, token=token, precision="ns", gzip=False).status == 204
    access.revoke_write_token("tele", actor="t", now_ns=now_ns)


def test_a_line_measured_at_both_ends_counts_once_and_at_the_noc(collector: Collector) -> None:
    write(collector, "r1", range(-3600, 1, 60), down=900_000)
    write(collector, "r2", range(-3600, 1, 60))
    (month,) = collector.evaluation(MONTH).opds
    assert [link.link for link in month.links] == ["noc-bpkad"]
    assert month.unduh.volume_octets == 3600 * 1_000_000
    live = collector.snapshot().opds[0]
    assert live.unduh.rate_bps == 8_000_000
    assert [item.link.code for item in (*live.links, *live.seconds)] == ["noc-bpkad", "wan-bpkad"]


def test_what_the_noc_misses_is_not_filled_from_the_opd(collector: Collector) -> None:
    write(collector, "r1", range(-3600, 1, 60))
    (month,) = collector.evaluation(MONTH).opds
    assert (month.unduh.volume_octets, month.unduh.valid) == (None, 0)
    assert collector.snapshot().opds[0].unduh.rate_bps is None


def test_the_opds_end_counts_until_the_nocs_end_is_there(collector: Collector) -> None:
    register(collector, TWO.replace(NOC, NOC.replace("active_from = 2026-01-01", "active_from = 2026-08-10T08:30:00")))
    write(collector, "r1", range(-3600, 1, 60), down=900_000)
    write(collector, "r2", range(-3600, 1, 60))
    (month,) = collector.evaluation(MONTH).opds
    assert [link.link for link in month.links] == ["noc-bpkad", "wan-bpkad"]
    assert month.unduh.volume_octets == 1800 * 900_000 + 1800 * 1_000_000


def test_after_the_nocs_end_is_closed_the_opds_end_counts_again(collector: Collector) -> None:
    span = "active_from = 2026-08-10T08:20:00\nactive_to = 2026-08-10T08:40:00"
    register(collector, TWO.replace(NOC, NOC.replace("active_from = 2026-01-01", span)))
    write(collector, "r1", range(-3600, 1, 60), down=900_000)
    write(collector, "r2", range(-3600, 1, 60))
    (month,) = collector.evaluation(MONTH).opds
    assert [link.link for link in month.links] == ["noc-bpkad", "wan-bpkad", "wan-bpkad"]
    assert month.unduh.volume_octets == 2400 * 900_000 + 1200 * 1_000_000
    assert month.quality.counts.valid == 4 * 60
    assert month.unduh.expected == collector.evaluation(MONTH).opds[0].unggah.expected


def test_ends_that_differ_are_found_and_shown(collector: Collector) -> None:
    week = range(-2 * 86_400, 1, 300)
    write(collector, "r1", week, down=970_000)
    write(collector, "r2", week)
    collector.jobs.run("judge")
    here = Visitor(create(collector))
    (found,) = here.get("/api/v1/findings").json()
    assert (found["rule"], found["object"], found["direction"]) == ("line_difference", "wan-bpkad", "unduh")
    assert (round(found["value"], 4), found["limit"], found["unit"]) == (0.0309, 0.02, "1")
    assert "Hasil ukur unduh kedua ujung tautan berbeda 3,1 % dalam sehari, ambang 2,0 %" in here.get("/").text
    assert 'nadi_finding_open{rule="line_difference",severity="tinggi"} 1.0' in here.get("/metrics").text


def test_the_month_tells_of_the_line_whose_ends_differ(collector: Collector) -> None:
    week = range(-2 * 86_400, 1, 300)
    write(collector, "r1", week, down=970_000)
    write(collector, "r2", week)
    bins = collector.folder.bins(collector.live.inventory)
    found = collector.folder.datacentre.month(MONTH, bins=bins, until_ns=NOW).lines
    assert [(item.rule, item.object, item.direction) for item in found] == [("line_difference", "wan-bpkad", "unduh")]


def test_an_end_that_is_silent_is_found_today(collector: Collector) -> None:
    write(collector, "r1", range(-2 * 86_400, -5400, 300))
    write(collector, "r2", range(-2 * 86_400, 1, 300))
    collector.jobs.run("judge")
    assert collector.judgement is not None
    (found,) = collector.judgement.findings
    assert (found.rule, found.object) == ("line_silence", "wan-bpkad")
    assert "diam 90 menit" in Visitor(create(collector)).get("/").text


def test_ends_that_agree_are_left_in_peace(collector: Collector) -> None:
    for device, shift in (("r1", 0), ("r2", 17)):
        write(collector, device, range(-2 * 86_400 + shift, 1, 300))
    collector.jobs.run("judge")
    assert collector.judgement is not None
    assert collector.judgement.findings == ()

"""A poller at the centre asks real snmpd on routers: what the collector has is what /proc/net/dev said.

One course for all tests: load on two lines, then a router that reboots, a port made anew, a cable pulled, an agent
that stands still, a line cut.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from agent.clock import MS, NS
from agent.envelope import inflate
from agent.reading import Reading, decode
from collector.ledger.journal import Row
from collector.ledger.readings import DIRECTIONS, Readings
from collector.measure.counters import CounterSeries, Verdict, deltas
from tests.lab import evidence
from tests.lab.centre import ROOT, Centre, wait_for
from tests.lab.evidence import Taken
from tests.lab.namespaces import CENTRE_ADDRESS, Network, require, stop
from tests.lab.routers import CREDENTIALS, TRAP_PORT, Router, require_tools

WAN, LAN = "ether1-wan", "ether2-lan"
LOAD_S = 7
_POLLER = """\
name = "poller"
state = "{folder}/state"
interval = 1
credentials = "{folder}/snmp.toml"
[collector]
url = "{url}"
ca = "{ca}"
timeout = 2.0
[traps]
host = "{centre}"
port = {port}
"""
_DEVICE = """\
[[snmp]]
device = "{name}"
host = "{address}"
credential = "{credential}"
interval = {interval}
timeout = 0.5
"""
PLAN = {"r1": ("v2c", 1), "r2": ("v3", 1), "r3": ("v3", 900)}


class Course:
    """The laboratory and all that happens in it."""

    def __init__(self, network: Network, centre: Centre, folder: Path) -> None:
        self.network, self.centre, self.folder = network, centre, folder
        self.log = folder / "poller.log"
        self.routers = [Router(network, number, folder, fresh=number != 2) for number in (1, 2, 3)]
        for router in self.routers:
            router.make_port()
            router.start()
        token = self._mint()
        centre.start()
        self._configure()
        assert self._poller("enrol", "--token", token).wait(20) == 0, self.log.read_text()
        for number in (1, 2):
            looks = (sys.executable, "-I", ROOT / "tests/lab/sampler.py", WAN)
            network.start(f"r{number}", *looks, log=self.samples(number))

    def samples(self, number: int) -> Path:
        """Return where the looks at /proc/net/dev of a router stand."""
        return self.folder / f"samples-{number}"

    def _mint(self) -> str:
        with self.centre.opened() as folder:
            now_ns = folder.clock.now().wall_ns
            return folder.register.access.mint_enrolment(
                agent="poller", devices=list(PLAN), actor="test", now_ns=now_ns
            )

    def _configure(self) -> None:
        (self.folder / "snmp.toml").write_text(CREDENTIALS, encoding="ascii")
        (self.folder / "snmp.toml").chmod(0o600)
        where = {"folder": self.folder, "url": self.centre.url, "ca": self.centre.ca}
        text = _POLLER.format(centre=CENTRE_ADDRESS, port=TRAP_PORT, **where)
        for router in self.routers:
            credential, interval = PLAN[router.name]
            text += _DEVICE.format(name=router.name, address=router.address, credential=credential, interval=interval)
        (self.folder / "poller.toml").write_text(text, encoding="utf-8")

    def _poller(self, command: str, *more: str) -> subprocess.Popen[bytes]:
        words = ("-m", "agent.cli", command, "--config", str(self.folder / "poller.toml"), *more)
        return self.network.start("noc", sys.executable, *words, log=self.log)

    def run(self) -> None:
        """Let everything happen, note when, and end the poller and the collector."""
        poller = self._poller("run")
        wait_for(lambda: "taking traps" in self.log.read_text(), seconds=20, what="traps are taken")
        time.sleep(2)
        self.loaded = self._during(self._load)
        self.rebooted = self._during(self.routers[0].restart)
        self.made_anew = self._during(self._make_anew)
        self.pulled = self._during(self._pull)
        self.frozen = self._during(self._freeze)
        self.cut = self._during(self._cut)
        assert stop(poller) == 0, self.log.read_text()
        assert self.centre.stop() == 0

    def _during(self, act: Callable[[], object]) -> tuple[int, int]:
        begun = time.time_ns() // MS
        act()
        time.sleep(2)
        return begun, time.time_ns() // MS

    def _load(self) -> None:
        running = []
        for number in (1, 2):
            port, log = str(5300 + number), self.folder / f"iperf-{number}.log"
            self.network.start("noc", "iperf3", "-s", "-1", "-p", port, log=log)
            time.sleep(0.3)
            words = ("iperf3", "-c", CENTRE_ADDRESS, "-p", port, "-R", "-P", "4", "-t", str(LOAD_S))
            running.append(self.network.start(f"r{number}", *words, log=log))
        assert [load.wait(LOAD_S + 20) for load in running] == [0, 0]

    def _make_anew(self) -> None:
        self.routers[0].drop_port()
        time.sleep(1.5)
        self.routers[0].make_port()
        time.sleep(2)  # net-snmp goes on telling of the old port, which has the same name, until it is started anew
        self.routers[0].restart()

    def _pull(self) -> None:
        for router in (self.routers[0], self.routers[2]):
            router.port(up=False)
        wait_for(lambda: "10.77.0.13 sent linkDown" in self.log.read_text(), seconds=10, what="a trap of r3")

    def _freeze(self) -> None:
        self.routers[1].freeze()
        time.sleep(3)
        self.routers[1].thaw()

    def _cut(self) -> None:
        self.network.cut(2)
        time.sleep(6)
        self.network.mend(2)


class Outcome:
    """What stands in the journal at the end."""

    def __init__(self, course: Course) -> None:
        self.course, self.said = course, course.log.read_text()
        with course.centre.opened() as folder:
            assert folder.journal.verify() == []
            self.rows: dict[str, list[Row]] = {name: list(folder.journal.rows(device=name)) for name in PLAN}
            readings = Readings(journal=folder.journal, archive=folder.archive)
            self.series = {
                (name, interface): readings.counter(
                    device=name, interface=interface, source="poller", start_ns=0, end_ns=2**62
                )
                for name in PLAN
                for interface in (WAN, LAN)
            }

    def taken(self, name: str, span: tuple[int, int]) -> list[Taken]:
        """Return a router's readings of its WAN within a time."""
        return [t for t in evidence.readings(self.rows[name], WAN) if span[0] <= t.time_ms <= span[1]]

    def all(self, name: str, measurement: str, *, interface: str = "") -> list[Reading]:
        """Return all readings (of a measurement, of an interface) in order of time."""
        found = [r for row in self.rows[name] for r in decode(inflate(row.body, 8 << 20))[0]]
        found = [r for r in found if not measurement or r.measurement == measurement]
        found = [r for r in found if not interface or r.tag("interface") == interface]
        return sorted(found, key=lambda r: r.time_ns)

    def verdicts(self, name: str, interface: str, span: tuple[int, int]) -> list[Verdict]:
        """Return the verdicts of the collector on the received octets within a time."""
        judged = deltas(self.series[name, interface]["receive"])
        return [Verdict(v) for v, end in zip(judged.verdict, judged.end_ms, strict=True) if span[0] <= end <= span[1]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The course run once."""
    require()
    require_tools()
    folder = tmp_path_factory.mktemp("snmp-lab")
    with Network(["10mbit", "20mbit", "20mbit"]) as network:
        within = ("ip", "netns", "exec", network.name("noc"))
        with Centre(folder / "collector", host=CENTRE_ADDRESS, tls=True, within=within) as centre:
            course = Course(network, centre, folder)
            course.run()
            return Outcome(course)


def test_without_a_cache_every_reading_is_what_proc_said_at_its_time(outcome: Outcome) -> None:
    taken, looks = outcome.taken("r1", outcome.course.loaded), evidence.samples(outcome.course.samples(1))
    assert len(taken) >= LOAD_S
    assert evidence.unproved(taken, looks, slack_ms=50) == []
    assert taken[-1].receive - taken[0].receive > 10_000_000 / 8 * (LOAD_S - 2)


def test_with_the_default_cache_a_reading_is_at_most_three_seconds_old_and_nothing_is_lost(outcome: Outcome) -> None:
    taken, looks = outcome.taken("r2", outcome.course.loaded), evidence.samples(outcome.course.samples(2))
    assert len(taken) >= LOAD_S
    assert evidence.unproved(taken, looks, slack_ms=50) != [], "the cache is felt, else this proves nothing"
    assert evidence.unproved(taken, looks, slack_ms=3_200) == []
    assert taken[-1].receive - taken[0].receive > 20_000_000 / 8 * (LOAD_S - 4)


def test_the_collector_takes_every_line_of_every_device(outcome: Outcome) -> None:
    assert "rejected" not in outcome.said
    assert "quarantined" not in outcome.said
    told = {name: {r.measurement for r in outcome.all(name, "")} for name in PLAN}
    assert all({"nadi_interface", "nadi_device", "nadi_input"} <= found for found in told.values())
    info = {name: next(r for r in outcome.all(name, "nadi_device") if "info" in r.fields) for name in PLAN}
    assert {name: one.tag("protocol") for name, one in info.items()} == {
        "r1": "snmpv2c",
        "r2": "snmpv3",
        "r3": "snmpv3",
    }


def test_the_collector_adds_up_what_the_counters_grew(outcome: Outcome) -> None:
    for name in ("r1", "r2"):
        series = outcome.series[name, WAN]
        for direction in DIRECTIONS:
            counted: CounterSeries = series[direction]
            judged = deltas(counted, cache_s=3)
            inside = (judged.start_ms >= outcome.course.loaded[0]) & (judged.end_ms <= outcome.course.loaded[1])
            taken = outcome.taken(name, outcome.course.loaded)
            assert {Verdict(v) for v in judged.verdict[inside]} == {Verdict.VALID}
            assert int(judged.octets[inside].sum()) == getattr(taken[-1], direction) - getattr(taken[0], direction)


def test_a_reboot_is_one_reset_and_its_octets_are_given_to_nobody(outcome: Outcome) -> None:
    verdicts = outcome.verdicts("r1", WAN, outcome.course.rebooted)
    assert verdicts.count(Verdict.RESET) == 1
    assert set(verdicts) == {Verdict.RESET, Verdict.VALID}
    assert Verdict.RESET not in outcome.verdicts("r2", WAN, outcome.course.rebooted)


def test_a_port_made_anew_under_its_old_name_is_a_reset(outcome: Outcome) -> None:
    indexes = [r.fields["index"] for r in outcome.all("r1", "nadi_interface", interface=LAN)]
    assert len(set(indexes)) == 2
    assert indexes == sorted(indexes), "the new port has its name to the end"
    verdicts = outcome.verdicts("r1", LAN, outcome.course.made_anew)
    assert verdicts.count(Verdict.RESET) == 1
    assert set(verdicts) == {Verdict.VALID, Verdict.RESET}


def test_a_pulled_cable_is_seen_and_its_trap_asks_a_device_that_is_asked_seldom(outcome: Outcome) -> None:
    last = outcome.all("r1", "nadi_interface", interface=LAN)[-1]
    assert (last.fields["up"], last.fields["admin_up"]) == (0, 1)
    seldom = [r for r in outcome.all("r3", "nadi_interface", interface=LAN) if r.fields["up"] == 0]
    assert seldom, outcome.said
    assert outcome.course.pulled[0] <= seldom[0].time_ns // MS <= outcome.course.pulled[1]
    assert "pass123" not in outcome.said
    assert "labro" not in outcome.said


def test_an_agent_that_stands_still_delays_nobody_and_invents_nothing(outcome: Outcome) -> None:
    begun, ended = outcome.course.frozen
    others = [r.fields for r in outcome.all("r1", "nadi_device") if begun <= r.time_ns // MS <= ended]
    others = [fields for fields in others if "poll_lateness_seconds" in fields]
    assert len(others) >= 5
    assert max(fields["poll_lateness_seconds"] for fields in others) < 0.3
    assert max(fields["poll_duration_seconds"] for fields in others) < 0.5
    taken, looks = outcome.taken("r2", outcome.course.frozen), evidence.samples(outcome.course.samples(2))
    assert evidence.unproved(taken, looks, slack_ms=5_000) == []
    assert set(outcome.verdicts("r2", WAN, outcome.course.frozen)) <= {Verdict.VALID}


def test_a_cut_line_is_a_device_that_is_down_not_one_at_zero(outcome: Outcome) -> None:
    begun, ended = outcome.course.cut
    states = [r for r in outcome.all("r2", "nadi_device") if "up" in r.fields and begun <= r.time_ns // MS <= ended]
    assert 0 in {r.fields["up"] for r in states}
    assert states[-1].fields["up"] == 1, "it is back"
    taken = outcome.taken("r2", (begun - 3_000, ended))
    assert max((b.time_ms - a.time_ms for a, b in pairwise(taken)), default=0) > 2_000
    gaps = [b.time_ns - a.time_ns for a, b in pairwise(outcome.all("r1", "nadi_interface", interface=WAN))]
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(NS, abs=0.1 * NS), "the other one goes on"

"""Two routers on shaped lines, one of them cut for a while: what the collector says is what /proc/net/dev said."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from agent.clock import MS, NS
from collector.ledger.journal import Row
from collector.ledger.readings import DIRECTIONS, Readings
from collector.measure import bins as measure
from collector.measure.counters import deltas
from tests.lab import evidence
from tests.lab.centre import ROOT, Centre, wait_for
from tests.lab.evidence import Taken
from tests.lab.namespaces import CENTRE_ADDRESS, Network, require, stop

INTERFACE = "ether1-wan"
RATES = (10_000_000, 20_000_000)
_AGENT = """\
name = "r{number}"
state = "{state}"
interval = {interval}

[collector]
url = "{url}"
ca = "{ca}"
timeout = 2.0

[[device]]
name = "r{number}"

[device.inputs.interfaces]
"""


@dataclass(frozen=True)
class Course:
    """How long things take: bins and agents' interval; seconds of load before the cut, of the cut, and after it."""

    width_ms: int
    interval: int
    load: int
    cut: int
    rest: int


QUICK = Course(width_ms=5_000, interval=1, load=22, cut=13, rest=4)
FULL = Course(width_ms=300_000, interval=10, load=660, cut=240, rest=12)


class Laboratory:
    """The network with a collector and an agent on each router."""

    def __init__(self, network: Network, centre: Centre, folder: Path, course: Course) -> None:
        self.network, self.centre, self.course, self._folder = network, centre, course, folder
        tokens = [self.centre.mint(f"r{number}") for number in (1, 2)]
        self.centre.start()
        for number, token in enumerate(tokens, 1):
            self._enrol(number, token)
        for number in (1, 2):
            network.start(
                f"r{number}", sys.executable, "-I", ROOT / "tests/lab/sampler.py", INTERFACE, log=self.log(number)
            )
        self.agents = [self._agent(number, "run") for number in (1, 2)]

    def log(self, number: int) -> Path:
        """Return where the looks at /proc/net/dev of a router stand."""
        return self._folder / f"samples-{number}"

    def _enrol(self, number: int, token: str) -> None:
        state = self._folder / f"r{number}"
        table = {"number": number, "state": state, "interval": self.course.interval}
        text = _AGENT.format(url=self.centre.url, ca=self.centre.ca, **table)
        (self._folder / f"r{number}.toml").write_text(text, encoding="utf-8")
        assert self._agent(number, "enrol", "--token", token).wait(20) == 0, self._said(number)

    def _agent(self, number: int, command: str, *more: str) -> subprocess.Popen[bytes]:
        words = ("-m", "agent.cli", command, "--config", str(self._folder / f"r{number}.toml"), *more)
        return self.network.start(f"r{number}", sys.executable, *words, log=self._folder / f"agent-{number}.log")

    def _said(self, number: int) -> str:
        return (self._folder / f"agent-{number}.log").read_text(encoding="utf-8")

    def load(self, number: int, seconds: int) -> subprocess.Popen[bytes]:
        """Let a router fetch as fast as its line goes: four flows, so that one's recovery leaves no hole."""
        port, log = str(5300 + number), self._folder / f"iperf-{number}.log"
        self.network.start("noc", "iperf3", "-s", "-1", "-p", port, log=log)
        time.sleep(0.3)
        return self.network.start(
            f"r{number}", "iperf3", "-c", CENTRE_ADDRESS, "-p", port, "-R", "-P", "4", "-t", str(seconds), log=log
        )

    def run(self) -> Outcome:
        """Load both lines, cut the second when its load is over, mend it and wait for its spool."""
        course, begun = self.course, time.time()
        loads = [self.load(1, course.load + course.cut), self.load(2, course.load)]
        assert loads[1].wait(course.load + 30) == 0
        loaded = time.time()
        self.network.cut(2)
        time.sleep(course.cut)
        self.network.mend(2)
        mended = time.time()
        assert loads[0].wait(60) == 0
        wait_for(lambda: self._sent_since(mended), seconds=90, what="the second router delivers again")
        time.sleep(course.rest)
        for agent in self.agents:
            assert stop(agent) == 0
        assert self.centre.stop() == 0
        return Outcome(self, *(round(moment * 1000) for moment in (begun, loaded, mended)))

    def _sent_since(self, moment: float) -> bool:
        with self.centre.opened_to_read() as journal:
            return any(row.first_ns > moment * NS for row in journal.rows(device="r2", start_ns=int(moment * NS)))


class Outcome:
    """What stands in the journal at the end; times in ms of the wall clock."""

    def __init__(self, laboratory: Laboratory, begun_ms: int, cut_ms: int, mended_ms: int) -> None:
        self.begun_ms, self.cut_ms, self.mended_ms = begun_ms, cut_ms, mended_ms
        self.width_ms, self.interval_ms = laboratory.course.width_ms, laboratory.course.interval * 1000
        self.log = laboratory.log
        with laboratory.centre.opened() as folder:
            self.problems = folder.journal.verify()
            self.rows: list[list[Row]] = [list(folder.journal.rows(device=f"r{number}")) for number in (1, 2)]
            self.taken: list[list[Taken]] = [evidence.readings(rows, INTERFACE) for rows in self.rows]
            start = min(taken[0].time_ms for taken in self.taken)
            end = max(taken[-1].time_ms for taken in self.taken)
            self.start_ms = start // self.width_ms * self.width_ms
            self.count = -(-(end - self.start_ms) // self.width_ms)
            span = {"start_ns": self.start_ms * MS, "end_ns": (end + 1) * MS}
            readings = Readings(journal=folder.journal, archive=folder.archive)
            self.series = [
                readings.counter(device=name, interface=INTERFACE, source=name, **span) for name in ("r1", "r2")
            ]

    def bins(self, number: int, direction: str) -> measure.Bins:
        """Return what the collector's own arithmetic makes of a router's readings."""
        series = self.series[number - 1]["receive" if direction == "receive" else "transmit"]
        return measure.bins(deltas(series), start_ms=self.start_ms, count=self.count, width_ms=self.width_ms)

    def full(self, number: int, from_ms: int, to_ms: int) -> list[Fraction]:
        """Return the received bit/s of a router's bins that lie wholly within a time."""
        found = self.bins(number, "receive")
        assert self.width_ms * len(found.octets_u)
        edges = [self.start_ms + i * self.width_ms for i in range(self.count)]
        inside = [i for i, edge in enumerate(edges) if edge >= from_ms and edge + self.width_ms <= to_ms]
        assert found.valid[inside].all()
        return [Fraction(int(found.octets_u[i]), int(found.covered_ms[i]) * 125) for i in inside]


def outcome_of(folder: Path, course: Course) -> Outcome:
    """Build the laboratory, run it and take it down."""
    require()
    with Network(["10mbit", "20mbit"]) as network:
        within = ("ip", "netns", "exec", network.name("noc"))
        with Centre(folder / "collector", host=CENTRE_ADDRESS, tls=True, within=within) as centre:
            return Laboratory(network, centre, folder, course).run()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The laboratory run once with short bins."""
    return outcome_of(tmp_path_factory.mktemp("lab"), QUICK)


def all_readings_are_stored_once(outcome: Outcome) -> None:
    """Every batch an agent numbered is there, none twice, and the chain holds."""
    assert outcome.problems == []
    for rows in outcome.rows:
        assert len({row.run for row in rows}) == 1
        assert sorted(row.seq for row in rows) == list(range(len(rows)))


def bins_are_those_of_proc(outcome: Outcome) -> None:
    """Readings lie where /proc lay; bins split them as fractions do; all bins together are the whole difference."""
    pinned = 0
    for number, taken in enumerate(outcome.taken, 1):
        looks = evidence.samples(outcome.log(number))
        assert evidence.unproved(taken, looks, slack_ms=50) == []
        pinned += len(evidence.pinned(taken, looks))
        for direction in DIRECTIONS:
            points = [(item.time_ms, getattr(item, direction)) for item in taken]
            octets, covered = evidence.bins(
                points, start_ms=outcome.start_ms, width_ms=outcome.width_ms, count=outcome.count
            )
            found = outcome.bins(number, direction)
            assert found.covered_ms.tolist() == covered
            assert np.abs(found.octets_u - [round(share * measure.MICRO) for share in octets]).max() <= 1
            assert int(found.octets_u.sum()) == (points[-1][1] - points[0][1]) * measure.MICRO
    # How many readings fall between two looks without traffic is luck; without any the looks would prove less.
    assert pinned >= 2


def shaped_lines_read_their_rate(outcome: Outcome, *, settle_ms: int) -> None:
    """Full bins under load show the shaper's rate, in octets of layer 2, within 0.5 %."""
    for number, rate in enumerate(RATES, 1):
        rates = outcome.full(number, outcome.begun_ms + settle_ms, outcome.cut_ms - settle_ms)
        assert rates
        for found in rates:
            assert abs(found / rate - 1) <= Fraction(5, 1000), (number, [float(r) for r in rates])


def the_cut_is_backfilled(outcome: Outcome) -> None:
    """Readings of the cut came after it, each bin of the cut is known, and hardly anything passed in it."""
    late = [row for row in outcome.rows[1] if row.received_ns - row.last_ns > 3 * NS]
    within = [row for row in late if outcome.cut_ms * MS < row.last_ns < (outcome.mended_ms - 3000) * MS]
    assert within
    assert all(row.received_ns >= outcome.mended_ms * MS for row in within)
    silent = [item.receive for item in outcome.taken[1] if outcome.cut_ms + 2000 < item.time_ms < outcome.mended_ms]
    assert len(silent) > 2
    assert silent[-1] - silent[0] < 10_000
    steps = [after.time_ms - before.time_ms for before, after in pairwise(outcome.taken[1])]
    assert max(steps) <= 3 * outcome.interval_ms
    known = outcome.bins(2, "receive").valid
    first, last = ((moment - outcome.start_ms) // outcome.width_ms for moment in (outcome.cut_ms, outcome.mended_ms))
    assert known[first : min(last + 1, outcome.count - 1)].all()  # the very last bin is not over


def test_nothing_is_lost_and_nothing_stored_twice(quick: Outcome) -> None:
    all_readings_are_stored_once(quick)


def test_the_bins_are_the_counters_of_proc_net_dev(quick: Outcome) -> None:
    bins_are_those_of_proc(quick)


def test_a_shaped_line_reads_its_rate(quick: Outcome) -> None:
    shaped_lines_read_their_rate(quick, settle_ms=1500)


def test_the_cut_is_backfilled_from_the_spool(quick: Outcome) -> None:
    the_cut_is_backfilled(quick)


@pytest.mark.slow
@pytest.mark.root
def test_with_real_bins_of_five_minutes(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, FULL)
    all_readings_are_stored_once(outcome)
    bins_are_those_of_proc(outcome)
    shaped_lines_read_their_rate(outcome, settle_ms=2000)
    the_cut_is_backfilled(outcome)

"""A regency with a data centre on its eighth day, fed to a real VictoriaMetrics and scraped by a real Prometheus.

Offices, servers, UPSes and backups are the simulation's own; what it has none of (SNMP devices, probes, a generator's
controller, services, tapes, a queue, a dead line) is sent by one more client with a write token.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.clock import MS, NS, WIB, ManualClock, Month
from agent.envelope import Envelope
from agent.identity import enrolment_proof
from collector.config import Settings
from collector.feeds import feed as feeds
from collector.feeds.feed import Feed
from collector.feeds.points import derived_lines, of_moment
from collector.feeds.settings import FeedSettings
from collector.register.document import reads
from collector.running import Collector
from collector.simulation.hall import Reporter
from collector.simulation.model import Simulation, simulation
from collector.simulation.papers import inventory
from tests.collector.book_sample import CHECKER, OFFICIAL
from tests.collector.feed_place import Centre
from tests.collector.web_visitor import running
from tests.dashboards import papers
from tests.dashboards.regency_more import BEGIN, MORE, NOW, lines_before, more_lines

MONTH = Month.parse("2026-10")
HOUR = 3600 * NS
SENT_AFTER = 20 * NS


@dataclass
class Regency:
    """A collector on the simulated day, and the token of the client with what is not simulated."""

    collector: Collector
    clock: ManualClock
    token: str
    reporter: Reporter
    batches: dict[int, list[tuple[bytes, str]]]

    def hour(self, end_ns: int) -> None:
        """Let the batches of the hour that ends come in."""
        self.clock.advance(end_ns + SENT_AFTER - self.clock.now().wall_ns)
        right = f"{'b' * 32} {self.clock.now().wall_ns} {self.clock.now().wall_ns - BEGIN + 40 * 24 * HOUR}"
        together = defaultdict(list)
        for body, sender_clock in self.batches.pop(end_ns, []):
            together[sender_clock].append(body)
        for sender_clock, bodies in together.items():
            answer = self.collector.ingest.batches(b"".join(bodies), sender_clock=sender_clock or right)
            assert answer.status == 200, answer
        if end_ns > BEGIN:
            self.more(*(end_ns - minute * 60 * NS - NS for minute in range(60) if end_ns < NOW or minute < 30))

    def more(self, *times_ns: int) -> None:
        """Let some minutes of the other client's readings come in."""
        self.wrote("".join(more_lines(time_ns) for time_ns in times_ns))

    def wrote(self, lines: str) -> None:
        """Let lines of the other client come in."""
        answer = self.collector.ingest.write(lines.encode(), token=self.token, precision="ns", gzip=False)
        assert answer.status == 204, answer

    def told(self) -> None:
        """Let an agent tell of itself."""
        at_ns, key = self.clock.now().wall_ns, self.reporter.key
        lines = "".join(
            f"nadi_agent,agent={self.reporter.name} cpu_seconds_total={10.0 - minute},memory_bytes=21000000i,"
            f"spool_bytes=0i,spool_limit_bytes=100000000i,spool_oldest_timestamp_seconds={at_ns // NS - 30}.0 "
            f"{at_ns - minute * 60 * NS}\n"
            for minute in range(5)
        )
        sealed = Envelope.seal(
            lines.encode(), agent=self.reporter.name, device=self.reporter.name, run="00000000000000ff", seq=int(at_ns),
            boot_id="c" * 32, wall_ns=at_ns, boot_ns=10**15, sign=key.sign,
        )  # fmt: skip
        answer = self.collector.ingest.batches(sealed.to_bytes(), sender_clock=f"{'c' * 32} {at_ns} {10**15}")
        assert answer.status == 200, answer

    def approved(self) -> None:
        """Approve the report of the month before, once."""
        month, life = MONTH.shifted(-1), self.collector.folder.life
        if not self.collector.folder.reports.approved(month):
            for target, actor in (("diperiksa", CHECKER), ("disahkan", OFFICIAL)):
                life.move(month, target, actor=actor)

    def fed(self, url: str, *, moments: int = 1) -> None:
        """Feed the day's data hour by hour, with what stands at each; for pictures drawn over the hour before."""
        settings = FeedSettings(url=url, samples_per_second=1_000_000, timeout_seconds=10)
        place = Centre(self.collector, self.clock, self.token, BEGIN)
        feed = Feed(self.collector.folder, settings, moment=place.moment)
        try:
            for end_ns in range(BEGIN + HOUR, NOW + 1, HOUR):
                self.hour(end_ns)
                if moments > 1 or end_ns == NOW:
                    self.told()
                    self.collector.jobs.run("close_month")
                    self.approved()
                    for job in ("watch", "judge", "check"):
                        self.collector.jobs.run(job)
                while feed.step():
                    pass
                for number in range(1, moments):
                    earlier_ns = end_ns - number * HOUR // moments
                    told = (item for item in place.moment() if item[0] not in feeds.BIN_SERIES)
                    feed.server.write(derived_lines(of_moment(told, earlier_ns)).lines)
        finally:
            feed.stop()


def batches_of(model: Simulation) -> dict[int, list[tuple[bytes, str]]]:
    """Return what every sender sends until now, by the hour in which it ends; late spools are not waited for."""
    found: dict[int, list[tuple[bytes, str]]] = defaultdict(list)
    for station in model.senders:
        for last_ms, envelope in station.envelopes():
            end_ns = (last_ms * MS // HOUR + 1) * HOUR
            if end_ns > NOW:
                break
            sender_clock = station.sender_clock((end_ns + SENT_AFTER) // MS) if station.slow_ms else ""
            found[end_ns].append((envelope.to_bytes(), sender_clock))
    return found


@contextmanager
def regency(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Regency]:
    """Give a regency whose week until the day before is in the journal."""
    monkeypatch.setattr(feeds, "MOMENT_SECONDS", 0)
    model = simulation(opd=8, month=MONTH, seed=7, zone=WIB)
    start_ns = (model.place.start_ms * MS // HOUR - 1) * HOUR
    clock = ManualClock(start_ns, boot_ns=10**15, boot_id="b")
    settings = Settings(data=folder / "data", zone="WIB", region="Kabupaten Contoh")
    with running(settings, clock=clock) as collector:
        register = collector.folder.register
        text = inventory(model.place, model.offices) + MORE
        register.apply(reads(text, source="the test", zone=WIB), actor="t", now_ns=start_ns)
        devices = ["rt-uji", "srv-uji", "kendali-genset", "ups-uji"]
        token = register.access.mint_write_token(name="uji", devices=devices, actor="t", now_ns=start_ns)
        for station in model.senders:
            key, name = station.key, station.name
            secret = register.access.mint_enrolment(
                agent=name, devices=list(station.devices), actor="t", now_ns=start_ns
            )
            proof = key.sign(enrolment_proof(secret, name, key.public))
            register.access.enrol(token=secret, agent=name, public_key=key.public, proof=proof, now_ns=start_ns)
        papers.determine(collector)
        made = Regency(collector, clock, token, model.hall[-1], batches_of(model))
        for end_ns in range(start_ns, BEGIN + 1, HOUR):
            made.hour(end_ns)
        made.wrote(lines_before(MONTH.start_ns(WIB)))
        papers.file(collector)
        yield made

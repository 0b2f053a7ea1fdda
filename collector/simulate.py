"""Send a seeded month through the real ingest into a data folder of its own, marked SIMULASI.

Register, enrolment, signatures, receipts, journal and sealing are the real ones; only the clock and the
traffic are made. The same seed, size, month and zone give the same readings and the same figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path

from agent.clock import MS, ManualClock, Month, Zone
from agent.envelope import Envelope, read_receipts
from agent.identity import enrolment_proof
from collector.config import FILE, read
from collector.folder import Folder
from collector.ingest import Ingest
from collector.ledger.seal import seal
from collector.register.access import Access
from collector.register.document import reads
from collector.simulation.hall import Reporter
from collector.simulation.model import Simulation, simulation
from collector.simulation.papers import OFFICE, inventory
from collector.simulation.scenario import REGION, SimulationError
from collector.simulation.station import LATE_HOURS, Station
from collector.simulation.traffic import HOUR_MS, Grid

LABEL = "SIMULASI"
_ACTOR = "simulate"
_POST_BATCHES = 250
SENT_AFTER_MS = 20_000
_SEALED_AT_HOUR = 2
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was sent: the month as it was made, its readings, and batches by the collector's verdict."""

    simulation: Simulation
    readings: int
    verdicts: Counter[str]


def run(*, data: Path, opd: int, month: Month, seed: int, zone: Zone, progress: Progress) -> Simulated:
    """Make a month of ``opd`` agencies and send it into the new folder ``data``; raise SimulationError.

    ``progress`` is told each simulated day in words.
    """
    refuse_used(data)
    model = simulation(opd=opd, month=month, seed=seed, zone=zone)
    write_settings(data, model.place)
    clock = ManualClock((model.place.start_ms - HOUR_MS) * MS)
    with Folder(read(data / FILE), clock=clock, writer=True, label=LABEL) as folder:
        now_ns = clock.now().wall_ns
        document = reads(inventory(model.place, model.offices), source="the simulated inventory", zone=zone)
        folder.register.apply(document, actor=_ACTOR, now_ns=now_ns)
        for station in model.senders:
            enrol(station, folder.register.access, now_ns)
        centre = Centre(folder, clock, progress)
        senders = [Sender(station, station.envelopes()) for station in model.senders]
        for hour in range((model.place.end_ms - model.place.start_ms) // HOUR_MS + LATE_HOURS):
            centre.receive(senders, model.place.start_ms + (hour + 1) * HOUR_MS)
    readings = sum(int(station.course.taken.sum()) for station in model.stations)
    return Simulated(model, readings, centre.verdicts)


def refuse_used(data: Path) -> None:
    """Refuse a folder that holds anything."""
    if data.is_dir() and any(data.iterdir()):
        raise SimulationError(f"{data}: is not empty; a simulation goes into a new folder of its own: choose another")


def write_settings(data: Path, place: Grid) -> None:
    """Begin the data folder with its settings."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [
        "# Simulated (SIMULASI).",
        'data = "."',
        f'zone = "{place.zone.name}"',
        f'region = "{REGION}"',
        'report = "report.toml"',
        "",
        "[evaluation]",
        f"holidays = [{', '.join(day.isoformat() for day in place.holidays)}]",
        "",
    ]
    (data / FILE).write_text("\n".join(lines), encoding="utf-8")
    (data / "report.toml").write_text(OFFICE, encoding="utf-8")


def enrol(station: Station | Reporter, access: Access, now_ns: int) -> None:
    """Enrol an agent with its own key."""
    name, key = station.name, station.key
    token = access.mint_enrolment(agent=name, devices=list(station.devices), actor=_ACTOR, now_ns=now_ns)
    proof = key.sign(enrolment_proof(token, name, key.public))
    access.enrol(token=token, agent=name, public_key=key.public, proof=proof, now_ns=now_ns)


@dataclass(slots=True)
class Sender:
    """A station under way: batches made and not yet delivered, and those of its months before."""

    station: Station | Reporter
    source: Iterator[tuple[int, Envelope]]
    ahead: tuple[int, Envelope] | None = None
    spool: list[bytes] = field(default_factory=list)
    before: list[Station | Reporter] = field(default_factory=list)

    def go_on(self, station: Station) -> None:
        """Let another month of the station follow; where it was out of reach it still is."""
        self.before = [*self.before, self.station]
        self.station, self.source = station, chain(self.source, station.envelopes())

    @property
    def is_slow(self) -> bool:
        """Tell whether its clock lags, or did: batches of that time may still be in its spool."""
        return any(station.slow_ms for station in (self.station, *self.before))

    def reaches(self, now_ms: int) -> bool:
        """Tell whether its batches get through."""
        return all(station.reaches(now_ms) for station in (self.station, *self.before))

    def take(self, now_ms: int) -> list[bytes]:
        """Return what gets through at ``now_ms``, newest first; what does not stays in the spool."""
        self.ahead = self.ahead or next(self.source, None)
        while self.ahead is not None and self.ahead[0] < now_ms:
            self.spool.append(self.ahead[1].to_bytes())
            self.ahead = next(self.source, None)
        if not self.reaches(now_ms):
            return []
        sent, self.spool = self.spool[::-1], []
        return sent * 2 if self.station.resends else sent


class Centre:
    """The collector's end: ingest, journal and nightly sealing under a clock that is moved by the hour."""

    def __init__(self, folder: Folder, clock: ManualClock, progress: Progress) -> None:
        self._journal, self._archive, self._key, self._clock = folder.journal, folder.archive, folder.key, clock
        self._zone, self._progress, self._sealed = folder.zone, progress, date.min
        self._ingest = Ingest(
            journal=folder.journal,
            directory=folder.register.access,
            key=folder.key,
            clock=clock,
            on_stored=lambda stored: None,
        )
        self.verdicts: Counter[str] = Counter()

    def receive(self, senders: Sequence[Sender], now_ms: int) -> None:
        """Take what gets through at ``now_ms``; seal the days before in the first hours after midnight, or later.

        Agents whose clock is right share a request, for the fsync's sake.
        """
        sent_ms = now_ms + SENT_AFTER_MS
        self._clock.advance(sent_ms * MS - self._clock.now().wall_ns)
        together: list[bytes] = []
        for sender in senders:
            batches = sender.take(now_ms)
            if sender.is_slow:
                self._post(batches, sender.station.sender_clock(sent_ms))
            else:
                together += batches
        self._post(together, senders[0].station.sender_clock(sent_ms))
        self._seal()

    def _seal(self) -> None:
        local = self._zone.local(self._clock.now().wall_ns)
        if local.hour >= _SEALED_AT_HOUR and local.date() > self._sealed:
            self._sealed = local.date()
            seal(self._journal, self._archive, today=local.date())
            self._progress(f"{local.date()}: {self.verdicts.total()} batches")

    def _post(self, batches: Sequence[bytes], sender_clock: str) -> None:
        for first in range(0, len(batches), _POST_BATCHES):
            body = b"".join(batches[first : first + _POST_BATCHES])
            answer = self._ingest.batches(body, sender_clock=sender_clock)
            for receipt in read_receipts(answer.body, self._key.public):
                if receipt.verdict == "quarantined" or receipt.rejected:
                    raise SimulationError(f"{receipt.run}/{receipt.seq} was not taken: {receipt.reason or receipt}")
                self.verdicts[receipt.verdict] += 1

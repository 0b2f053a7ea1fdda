"""Play a seeded year into a data folder of its own, marked SIMULASI: readings through the real ingest, the loop of
proposal, determination, evaluation and follow-up through the real registers, and each month's report as it falls due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from agent.clock import MS, ManualClock, Month, Zone
from collector.config import FILE, read
from collector.evaluation import closing_ns
from collector.folder import Folder
from collector.simulate import LABEL, SENT_AFTER_MS, Centre, Progress, Sender, enrol, refuse_used, write_settings
from collector.simulation.acts import Calendar
from collector.simulation.desk import Desk
from collector.simulation.duties import duties
from collector.simulation.model import Simulation
from collector.simulation.scenario import Office, SimulationError, offices
from collector.simulation.station import LATE_HOURS
from collector.simulation.story import CODES, breaks, cuts, story
from collector.simulation.traffic import DAY_MS, HOUR_MS
from collector.simulation.truth import Truth
from collector.simulation.year import FINE, Pace, Year, down_ms, truths

_REPORTED_DAYS = 8
_BEGUN = "-12-08T08:00"


@dataclass(frozen=True, slots=True)
class Known:
    """What must be found of a month: by what had come at its closing, by all that came, and how long ports were down.

    ``down_ms`` is by router.
    """

    closed: tuple[Truth, ...]
    whole: tuple[Truth, ...]
    down_ms: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SimulatedYear:
    """What was sent and what must be found, by month; batches by the collector's verdict."""

    offices: tuple[Office, ...]
    readings: int
    verdicts: Counter[str]
    known: Mapping[Month, Known]


def run(
    *,
    data: Path,
    opd: int,
    year: int,
    seed: int,
    zone: Zone,
    progress: Progress,
    pace: Pace = FINE,
    months: int = 12,
) -> SimulatedYear:
    """Play the year (its first ``months``) of ``opd`` agencies into the new folder ``data``; raise SimulationError."""
    if opd < len(CODES):
        raise SimulationError(f"--opd {opd}: a year needs at least {len(CODES)} OPD, for its story is about them")
    refuse_used(data)
    calendar, chosen = Calendar(year, zone), offices(opd)
    model = Year(year, chosen, zone=zone, seed=seed, pace=pace, breaks=breaks(calendar), cuts=cuts(calendar))
    write_settings(data, model.place)
    clock = ManualClock(calendar.ns(_BEGUN))
    with Folder(read(data / FILE), clock=clock, writer=True, label=LABEL) as folder:
        acts = [*duties(calendar, chosen), *story(calendar)]
        desk = Desk(folder, clock, year=year, offices=chosen, acts=acts)
        desk.furnish()
        desk.play((model.place.start_ms - pace.batch_ms) * MS)
        return _Play(folder, clock, desk, model, pace, progress).run(months)


class _Play:
    """The year under way: senders and desk take turns."""

    def __init__(
        self, folder: Folder, clock: ManualClock, desk: Desk, model: Year, pace: Pace, progress: Progress
    ) -> None:
        self._folder, self._clock, self._desk, self._model = folder, clock, desk, model
        self._pace, self._progress = pace, progress
        self._centre = Centre(folder, clock, progress)
        self._now_ms = model.place.start_ms
        self._senders: dict[str, Sender] = {}

    def run(self, count: int) -> SimulatedYear:
        """Send month after month, and play what is left: all of it, or until the last month was reported."""
        readings, known = 0, {}
        for month in islice(self._model.months(), count):
            readings += sum(sum(len(part) for part in station.parts()) for station in month.stations)
            known[month.place.month] = _known(month, from_ms=self._model.place.start_ms)
            self._go_on(month)
            self._hall()
            self._receive(month.place.end_ms)
        self._receive(self._now_ms + LATE_HOURS * HOUR_MS)
        reported_ms = self._now_ms + _REPORTED_DAYS * DAY_MS
        self._desk.play(self._desk.last_ns + 1 if count == 12 else reported_ms * MS)
        return SimulatedYear(self._model.offices, readings, self._centre.verdicts, known)

    def _hall(self) -> None:
        """Begin the data centre's year, after the routers: the first sender's clock speaks for all."""
        for reporter in self._model.hall():
            if reporter.name not in self._senders:
                enrol(reporter, self._folder.register.access, self._clock.now().wall_ns)
                self._senders[reporter.name] = Sender(reporter, reporter.envelopes())

    def _go_on(self, month: Simulation) -> None:
        """Let each router's next month follow."""
        for station in month.stations:
            sender = self._senders.get(station.name)
            if sender is None:
                enrol(station, self._folder.register.access, self._clock.now().wall_ns)
                self._senders[station.name] = Sender(station, station.envelopes())
            else:
                sender.go_on(station)

    def _receive(self, until_ms: int) -> None:
        """Let what was measured until then arrive, batch after batch, and do meanwhile what is due."""
        senders: Sequence[Sender] = list(self._senders.values())
        while self._now_ms + self._pace.batch_ms <= until_ms:
            self._now_ms += self._pace.batch_ms
            self._desk.play((self._now_ms + SENT_AFTER_MS) * MS)
            self._centre.receive(senders, self._now_ms)


def _known(month: Simulation, *, from_ms: int) -> Known:
    closed_ms = closing_ns(month.place.month, month.place.zone) // MS
    closed = truths(month, known_ms=closed_ms, from_ms=from_ms)
    whole = truths(month, known_ms=2**62, from_ms=from_ms)
    return Known(closed, whole, {station.name: down_ms(month, station.name) for station in month.stations})

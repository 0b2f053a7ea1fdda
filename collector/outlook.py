"""What is judged beside the month to date: needs of the coming month, routers' limits, probes, and written reports.

Made with each judgement. What hardly changes (past months, reports' files) is kept for an hour or a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path

from agent.clock import NS, Month
from collector.folder import Folder
from collector.inventory import Inventory, Link
from collector.judge.demand import LOOK_BACK_MONTHS
from collector.judge.drift import Drift
from collector.judge.month import Evaluation
from collector.judge.now import Window
from collector.judge.planning import PlanSettings, Way, plan
from collector.limits import drifts_at
from collector.loop import asked_for
from collector.measure.probing import Quality
from collector.network import qualities
from collector.register.book import Record
from collector.register.records import priority
from collector.report.frozen import FrozenTable, tables
from collector.reports import Issue

MONTHS = 12
HOUR_NS = 3600 * NS
MBIT = 10**6

Figure = tuple[str, str, str, Fraction]
"""OPD, month (YYYY-MM), direction, bit/s: as a written report says it."""

_WAYS: tuple[Way, Way] = ("unduh", "unggah")
_USE, _ADVICE = "bab-vi-penggunaan", "bab-xiii-rekomendasi"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What stands beside the evaluation of the month to date.

    needs        the provisional need by OPD (bit/s, the larger direction); without an allocation there is none
    diversity    by direction; None is unknown
    drifts       what routers are set to beside what is determined
    probes       by link: what its probe measured in the last closed bin
    p95, advice  the figures of written reports: P95 of the last twelve, recommendation of the last one
    whole        months with a report: whether its newest version is as it was written
    versions     months with a report: the number of its newest version
    measured     months of the last twelve, and this one, of which there are readings
    manual       values written down by hand this month
    """

    needs: Mapping[str, Fraction] = field(default_factory=dict)
    diversity: Mapping[Way, Fraction | None] = field(default_factory=dict)
    drifts: tuple[Drift, ...] = ()
    probes: Mapping[str, tuple[Link, Quality]] = field(default_factory=dict)
    p95: tuple[Figure, ...] = ()
    advice: tuple[Figure, ...] = ()
    whole: Mapping[Month, bool] = field(default_factory=dict)
    versions: Mapping[Month, int] = field(default_factory=dict)
    measured: tuple[Month, ...] = ()
    manual: int = 0


class Outlooks:
    """Makes the outlook of one data folder; for one thread."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._past: dict[Month, Evaluation] = {}
        self._past_of: tuple[int, date, Month] | None = None
        self._hour = -1
        self._versions: dict[Month, int] = {}
        self._whole: dict[Month, bool] = {}
        self._measured: tuple[Month, ...] = ()
        self._read: dict[Path, Mapping[str, FrozenTable]] = {}

    def at(
        self,
        now_ns: int,
        evaluation: Evaluation,
        *,
        inventory: Inventory,
        window: Window,
        proposals: Sequence[Record],
        priorities: Sequence[Record],
    ) -> Outlook:
        """Return the outlook; raises ChunkDamaged, and what a damaged report raises."""
        folder, ms = self._folder, 10**6
        newest = self._newest(evaluation.month)
        self._hourly(now_ns, newest)
        settled_ns = window.settled_ms * ms
        coming = evaluation.month.shifted(1)
        weights = priority.in_force(priorities, coming.days[0]).weights
        needs, diversity = self._needs(evaluation, proposals, folder.settings.planning.plan(weights))
        p95, advice = self._frozen(newest)
        start_ns = evaluation.month.start_ns(folder.zone)
        logbook = folder.register.logbook
        return Outlook(
            needs=needs,
            diversity=diversity,
            drifts=drifts_at(inventory, folder.readings, at_ns=now_ns),
            probes=qualities(inventory, folder.readings, start_ns=settled_ns - window.width_ms * ms, end_ns=settled_ns),
            p95=p95,
            advice=advice,
            whole=dict(self._whole),
            versions=dict(self._versions),
            measured=self._measured,
            manual=len(logbook.power(start_ns=start_ns, end_ns=now_ns + 1))
            + sum(item.at_ns >= start_ns for item in logbook.restore_tests(before_ns=now_ns + 1)),
        )

    def _newest(self, month: Month) -> list[Issue]:
        """Return the newest version of each report of the last twelve months, oldest first."""
        reports = self._folder.reports
        found = (reports.newest(item) for item in reports.months() if month.shifted(-MONTHS) <= item)
        return [issue for issue in found if issue is not None]

    def _hourly(self, now_ns: int, newest: Sequence[Issue]) -> None:
        """Look at the reports' files and the journal's days: once an hour, and when there is another report."""
        hour = now_ns // HOUR_NS
        versions = {issue.month: issue.version for issue in newest}
        if hour == self._hour and versions == self._versions:
            return
        folder = self._folder
        self._whole = {issue.month: not issue.problems(folder.key.public) for issue in newest}
        last = Month.of(folder.zone.day(now_ns))
        days = (day for device in folder.journal.devices() for day in folder.journal.days(device))
        known = {month for month in map(Month.of, days) if last.shifted(-MONTHS) <= month <= last}
        # A report outlives the readings it was made from.
        self._measured = tuple(sorted(known | self._whole.keys()))
        self._hour, self._versions = hour, versions

    def _needs(
        self, evaluation: Evaluation, proposals: Sequence[Record], settings: PlanSettings
    ) -> tuple[dict[str, Fraction], dict[Way, Fraction | None]]:
        past = self._before(evaluation.month)
        made = plan(evaluation, past=past, asked=asked_for(proposals, evaluation.month.shifted(1)), settings=settings)
        needs: dict[str, Fraction] = {}
        for row in made.rows:
            if row.need is not None:
                needs[row.code] = max(row.need.rate, needs.get(row.code, Fraction(0)))
        return needs, {way.way: way.diversity for way in made.ways}

    def _before(self, month: Month) -> list[Evaluation | None]:
        """Return the months that a need looks back at, newest first, evaluated once a day; None without readings."""
        folder = self._folder
        key = folder.register.revision(), folder.zone.day(folder.clock.now().wall_ns), month
        if self._past_of != key:
            wanted = [month.shifted(-i) for i in range(1, LOOK_BACK_MONTHS + 1)]
            self._past = {item: folder.evaluate(item, compare=False) for item in wanted if item in self._measured}
            self._past_of = key
        return [self._past.get(month.shifted(-i)) for i in range(1, LOOK_BACK_MONTHS + 1)]

    def _frozen(self, newest: Sequence[Issue]) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
        """Return P95 of the approved reports, and the recommendation of the last one, as they are written."""
        sound = [issue for issue in newest if self._whole[issue.month]]
        # A draft is nobody's figure yet.
        issued = [item for issue in sound for item in self._folder.reports.approved(issue.month)[-1:]]
        self._read = {item.folder: self._read.get(item.folder) or _tables_of(item) for item in issued}
        p95: list[Figure] = []
        for item in issued:
            for way in _WAYS:
                p95 += _figures(self._read[item.folder].get(_USE), item.month, way, f"p95_{way}_mbps")
        advice = [
            figure
            for item in issued[-1:]
            for way in _WAYS
            for figure in _figures(self._read[item.folder].get(_ADVICE), item.month, way, "rekomendasi_mbps")
        ]
        return tuple(p95), tuple(advice)


def _tables_of(issue: Issue) -> Mapping[str, FrozenTable]:
    found = tables(issue.content())
    return {name: found[name] for name in (_USE, _ADVICE) if name in found}


def _figures(table: FrozenTable | None, month: Month, way: Way, column: str) -> list[Figure]:
    """Return a column of a frozen table; rows of the other direction, and cells without a number, are left out."""
    found: list[Figure] = []
    for row in table.rows if table else ():
        value = row.get(column)
        if row.get("arah", way).lower() == way and isinstance(value, int | float) and isinstance(row["kode_pd"], str):
            # The shortest text of the float is the decimal that was written.
            found.append((row["kode_pd"], str(month), way, Fraction(repr(value)) * MBIT))
    return found

"""What the office does by the calendar of a simulated year: rulings, log checks, reports and roll-ups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from agent.clock import Month
from collector.register.determination import Determination
from collector.register.records.logcheck import LOGCHECK, Gap, LogCheck, Source
from collector.register.records.priority import PRIORITY, SERVICES, Priorities, PriorityClass
from collector.register.records.service_level import SERVICE_LEVEL, Assigned, Level, ServiceLevels
from collector.report.period import Period
from collector.simulation.acts import (
    Act,
    Calendar,
    Determining,
    Moving,
    Opening,
    Renewing,
    Reporting,
    RollingUp,
    Step,
    Testing,
)
from collector.simulation.papers import BASIS, FLOOR, OFFICIAL
from collector.simulation.people import CHECKER, DETERMINER, NOC
from collector.simulation.scenario import Office
from collector.simulation.story import DOUBLE
from collector.simulation.year import held

LATE_MONTH: Final = 5
"""The month whose report is checked, approved and delivered weeks after its time."""

REVISED_MONTH: Final = 8
"""The month of which data came after its report was approved."""

UNSIGNED_MONTH: Final = 7
"""The month whose log check is signed after its time."""

_STEPS: Final[tuple[Step, ...]] = ("draf", "diperiksa", "disahkan", "disampaikan", "diterima")
_USUAL: Final = ("04T06:00", "05T10:00", "06T14:00", "07T09:00", "08T09:00")
_LATE: Final = ("04T06:00", "19T10:00", "23T14:00", "24T09:00", "25T09:00")
_AGAIN: Final = ("14T06:00", "15T10:00", "16T14:00", "17T09:00", "18T09:00")
"""Day and time, in the month after, of each step in a report's life."""

_WHO: Final = ("", CHECKER, DETERMINER, NOC, NOC)
_NUMBERS: Final = {1: "100.3.3.2/512/KEP/{before}", 3: "100.3.3.2/107/KEP/{year}", 7: "100.3.3.2/287/KEP/{year}"}
_DECIDED: Final = {1: "-12-15", 3: "03-10", 7: "06-24"}


def duties(calendar: Calendar, offices: Sequence[Office]) -> list[Act]:
    """Return every act that the calendar brings."""
    return [
        *_rules(calendar),
        *_determinations(calendar, offices),
        *_tests(calendar),
        Renewing(at_ns=calendar.ns("09-10T10:00")),
        *(act for number in range(1, 13) for act in (*_log_check(calendar, number), *_report(calendar, number))),
        *(RollingUp(at_ns=calendar.ns(at), period=Period(calendar.year, quarter)) for quarter, at in _ROLLED.items()),
    ]


_ROLLED: Final = {1: "04-10T08:00", 2: "07-10T08:00", 3: "10-10T08:00", 4: "+01-10T08:00", 0: "+01-12T08:00"}


def _rules(c: Calendar) -> Iterator[Act]:
    critical = Level("kritis", "Kritis, setiap saat", 15, 240, availability_percent="99.5")
    usual = Level(
        "standar", "Standar, jam kerja", 60, 480, (0, 1, 2, 3, 4), "07:30", "16:00", False, availability_percent="99"
    )
    levels = ServiceLevels(
        valid_from=c.day("01-01"),
        levels=(critical, usual),
        usual="standar",
        legal_basis=BASIS,
        explanation="Rumah sakit dilayani setiap saat; selebihnya pada jam kerja.",
        assigned=(Assigned("kritis", opd=DOUBLE),),
    )
    yield Opening(at_ns=c.ns("-12-10T09:00"), who=NOC, label="tingkat", kind=SERVICE_LEVEL, form=levels)
    yield Moving(at_ns=c.ns("-12-11T09:00"), who=DETERMINER, label="tingkat", target="berlaku")
    classes = (PriorityClass("tinggi", 4, SERVICES), PriorityClass("sedang", 2), PriorityClass("dasar", 1))
    table = Priorities(c.day("01-01"), classes, "Skala prioritas menurut layanan SPBE umum.", BASIS)
    yield Opening(at_ns=c.ns("-12-11T09:30"), who=DETERMINER, label="prioritas", kind=PRIORITY, form=table)


def _determinations(c: Calendar, offices: Sequence[Office]) -> Iterator[Act]:
    """Yield the papers of December and June for everybody, and one of March for an office alone."""
    papers: dict[int, list[Determination]] = {}
    for office in offices:
        for item in held(office, c.year):
            month, part = item.since.month, FLOOR[office.klass]
            form = Determination(
                opd=office.code,
                number=_NUMBERS[month].format(year=c.year, before=c.year - 1),
                decided=c.day(_DECIDED[month]),
                legal_basis=BASIS,
                official=OFFICIAL,
                priority=office.klass,
                down_mbps=item.down_mbps,
                up_mbps=item.up_mbps,
                valid_from=item.since,
                floor_down_mbps=item.down_mbps // part,
                floor_up_mbps=item.up_mbps // part,
            )
            papers.setdefault(month, []).append(form)
    for month, forms in papers.items():
        yield Determining(at_ns=c.ns(f"{_DECIDED[month]}T13:00"), who=DETERMINER, forms=tuple(forms))


def _tests(c: Calendar) -> Iterator[Act]:
    """Yield the generator's monthly test and some restores; one backup is never tried."""
    yield from (Testing(at_ns=c.ns(f"{month:02d}-15T10:00"), who=NOC) for month in range(1, 13))
    for backup, at in (("simpeg", "02-11"), ("keuangan", "03-11"), ("web", "05-13"), ("simpeg", "08-12")):
        yield Testing(at_ns=c.ns(f"{at}T10:00"), who=NOC, backup=f"{backup}-harian")


def _log_check(c: Calendar, number: int) -> Iterator[Act]:
    """Yield the check of a month's logs, signed in time but for one month."""
    after, label = _after(number), f"log-{number:02d}"
    gap = Gap(c.at(f"{number:02d}-20T01:00"), c.at(f"{number:02d}-20T02:30"), "pemeliharaan server log")
    form = LogCheck(
        month=f"{c.year}-{number:02d}",
        sources=(
            Source("Router dan tembok api", 0, 3 + number, 40 + 7 * number, 900 + 31 * number),
            Source("Server aplikasi", 1 if number == 4 else 0, 12, 61, None, (gap,) if number % 3 == 0 else ()),
        ),
        findings="Percobaan masuk berulang dari luar, semuanya ditolak." if number % 2 else "Tidak ada temuan berarti.",
        follow_up="Alamat asal diblokir." if number % 2 else "Tidak ada.",
    )
    yield Opening(at_ns=c.ns(f"{after}-02T09:00"), who=NOC, label=label, kind=LOGCHECK, form=form)
    signed = "09-08T09:00" if number == UNSIGNED_MONTH else f"{after}-03T09:00"
    yield Moving(at_ns=c.ns(signed), who=CHECKER, label=label, target="disahkan")


def _report(c: Calendar, number: int) -> Iterator[Act]:
    """Yield the life of a month's report, of one month twice."""
    lives = [_LATE if number == LATE_MONTH else _USUAL]
    lives += [_AGAIN] if number == REVISED_MONTH else []
    for life in lives:
        for step, who, at in zip(_STEPS, _WHO, life, strict=True):
            yield Reporting(at_ns=c.ns(f"{_after(number)}-{at}"), who=who, month=Month(c.year, number), step=step)


def _after(number: int) -> str:
    return "+01" if number == 12 else f"{number + 1:02d}"

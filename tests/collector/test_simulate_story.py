"""The makings of a simulated year, and its first two months played with few routers."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from agent.clock import WIB, ManualClock, Month
from collector.config import FILE, read
from collector.folder import Folder
from collector.judge.past import KeptMonth
from collector.register.records.proposal import PROPOSAL
from collector.register.records.report_state import REPORT_STATE
from collector.report.frozen import tables
from collector.simulate_year import SimulatedYear, run
from collector.simulation.acts import Calendar, Determining, Moving, Opening
from collector.simulation.duties import duties
from collector.simulation.model import Simulation
from collector.simulation.scenario import Fate, SimulationError, offices
from collector.simulation.station import Station
from collector.simulation.story import breaks, cuts, story
from collector.simulation.year import COARSE, Year, held
from tests.collector.simulated_figures import wrong_figures

YEAR = 2026
CALENDAR = Calendar(YEAR, WIB)


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def months() -> list[Simulation]:
    made = Year(YEAR, offices(14), zone=WIB, seed=5, pace=COARSE, breaks=breaks(CALENDAR), cuts=cuts(CALENDAR))
    return list(made.months())


def parts_of(months: list[Simulation], name: str) -> list[Station]:
    return [station for month in months for station in month.stations if station.name == name]


@pytest.mark.parametrize("name", ["rt-dukcapil", "rt-dishub", "rt-distan", "rt-dispora", "rt-noc-1"])
def test_counters_and_batches_go_on_from_month_to_month(months: list[Simulation], name: str) -> None:
    stations = parts_of(months, name)
    for before, after in pairwise(stations):
        last, first = before.course, after.course
        assert first.time_ms[0] == last.time_ms[-2]
        assert first.time_ms[1] == last.time_ms[-1], "the month ends with the next one's first reading"
        for way in ("receive", "transmit"):
            assert first.counters(way)[:2].tolist() == last.counters(way)[-2:].tolist()
        assert after.seq == before.seq + len(before.parts())
        assert after.boot_id(0) == before.boot_id(int(last.boot[-1]))
        assert int(np.diff(first.time_ms).max()) < 2 * COARSE.step_ms


def test_every_reading_of_the_year_is_sent_once(months: list[Simulation]) -> None:
    stations = parts_of(months, "rt-dishub")
    sent = [int(time) for one in stations for part in one.parts() for time in one.course.time_ms[part]]
    assert len(sent) == len(set(sent))
    assert sent == sorted(sent)
    taken = sum(int(one.course.taken[1:-1].sum()) for one in stations[1:]) + int(stations[0].course.taken[:-1].sum())
    assert len(sent) == taken


def test_a_limit_is_that_of_the_determination_in_force(months: list[Simulation]) -> None:
    office = next(office for office in offices(14) if office.fate is Fate.SATURATED)
    first, july = held(office, YEAR)
    for month, station in zip(months, parts_of(months, office.devices[0]), strict=True):
        rate = station.course.receive * 8000 / np.diff(station.course.time_ms)
        limit = (first if month.place.month.number < 7 else july).down_mbps * 1_000_000
        assert 0.5 * limit < float(rate[1:].max()) <= limit


def test_every_office_is_determined_twice_and_nobody_decides_what_he_made() -> None:
    chosen = offices(60)
    papers = {act.forms[0].number: act.forms for act in duties(CALENDAR, chosen) if isinstance(act, Determining)}
    assert [len(forms) for forms in papers.values()] == [60, 60, 1]
    makers: dict[str, str] = {}
    for act in sorted((*story(CALENDAR), *duties(CALENDAR, chosen)), key=lambda act: act.at_ns):
        if isinstance(act, Opening):
            makers[act.label] = act.who
        elif isinstance(act, Moving) and act.target in {"disetujui", "diterima", "ditolak", "disahkan", "berlaku"}:
            assert makers[act.label] != act.who, act.label


def test_a_year_needs_the_offices_of_its_story_and_a_folder_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="at least 4"):
        run(data=tmp_path / "data", opd=3, year=YEAR, seed=1, zone=WIB, progress=quiet)
    (tmp_path / "journal.db").write_bytes(b"")
    with pytest.raises(SimulationError, match="folder of its own"):
        run(data=tmp_path, opd=4, year=YEAR, seed=1, zone=WIB, progress=quiet)


def test_two_months_are_reported_as_they_were_made_by_three_people(tmp_path: Path) -> None:
    place, seed = tmp_path / "data", 3
    played: SimulatedYear = run(
        data=place, opd=4, year=YEAR, seed=seed, zone=WIB, progress=quiet, pace=COARSE, months=2
    )
    assert played.verdicts.keys() == {"stored"}
    january = Month(YEAR, 1)
    with Folder(read(place / FILE), clock=ManualClock(CALENDAR.ns("03-10T00:00")), writer=True) as folder:
        issue = folder.reports.newest(january)
        assert issue is not None
        assert wrong_figures(tables(issue.content()), played.known[january].closed[:4]) == []
        assert Counter(item.state for item in folder.register.book.current(PROPOSAL)) == {"ditolak": 1, "diajukan": 1}
        lives = folder.register.book.current(REPORT_STATE)
        assert [record.state for record in lives] == ["disampaikan", "disampaikan"]
        assert {len({item.form.maker, item.form.checker, item.form.approver}) for item in lives} == {3}
        assert folder.earlier(january) == KeptMonth.of(folder.evaluate(january, compare=False))
        february = folder.reports.newest(january.shifted(1))
        assert february is not None
        (row,) = tables(february.content())["bab-ix-pemutusan"].rows
        assert (row["durasi_menit"], row["lewat_rencana_menit"]) == (215, 0)
        assert folder.check() == []

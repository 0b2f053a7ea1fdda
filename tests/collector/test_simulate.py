"""A simulated month, sent: what the evaluation finds is what was really generated."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from agent.clock import WIB, ManualClock, Month
from collector.config import FILE, read
from collector.folder import Folder
from collector.judge.figures import Direction
from collector.judge.month import Evaluation, OpdMonth, Status
from collector.judge.rows import BackupState
from collector.simulate import LABEL, Simulated, run
from collector.simulation.hall import outages
from collector.simulation.scenario import Fate, SimulationError
from collector.simulation.truth import Way

FEBRUARY = Month(2026, 2)
SEED = 7


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulated") / "data"


@pytest.fixture(scope="module")
def simulated(data: Path) -> Simulated:
    return run(data=data, opd=14, month=FEBRUARY, seed=SEED, zone=WIB, progress=quiet)


@pytest.fixture(scope="module")
def folder(data: Path, simulated: Simulated) -> Iterator[Folder]:
    assert simulated.readings
    clock = ManualClock(FEBRUARY.shifted(1).end_ns(WIB))
    with Folder(read(data / FILE), clock=clock, writer=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def evaluation(folder: Folder) -> Evaluation:
    return folder.evaluate(FEBRUARY)


def differences(found: Direction, known: Way) -> list[str]:
    pairs = [(found.volume_octets, known.volume_octets), (found.valid, known.valid), (found.expected, known.expected)]
    rates = [(found.p95, known.p95), (found.peak, known.peak)]
    wrong = [f"{one} is not {other}" for one, other in pairs if one != other]
    for one, other in rates:
        near = one == other if one is None or other is None else abs(one - other) < Fraction(1, 10)
        wrong += [] if near else [f"{one} is not near {other}"]
    return wrong


def test_every_figure_is_the_one_that_was_generated(simulated: Simulated, evaluation: Evaluation) -> None:
    rows = {opd.code: (opd.unduh, opd.unggah) for opd in evaluation.opds}
    for contract in evaluation.upstream:
        assert contract.unduh is not None
        assert contract.unggah is not None
        rows[contract.contract.code] = (contract.unduh, contract.unggah)
    truths = list(simulated.simulation.truths())
    assert rows.keys() == {known.code for known in truths}
    for known in truths:
        unduh, unggah = rows[known.code]
        assert (known.code, differences(unduh, known.unduh) + differences(unggah, known.unggah)) == (known.code, [])


def test_each_fate_shows_in_the_evaluation(simulated: Simulated, evaluation: Evaluation) -> None:
    month = {opd.code: opd for opd in evaluation.opds}
    of: dict[Fate, OpdMonth] = {office.fate: month[office.code] for office in simulated.simulation.offices}
    assert of[Fate.SATURATED].status is of[Fate.UNLIMITED].status is Status.JENUH
    assert of[Fate.IDLE].status is Status.RENDAH
    assert of[Fate.YOUNG].status is Status.DATA_TIDAK_CUKUP
    assert len(of[Fate.CHANGED].sub_periods) == 2
    assert len(of[Fate.TWO_LINKS].links) == 2
    assert of[Fate.REBOOTED].quality.counts.resets == 2 * 7
    assert of[Fate.NARROW].quality.counts.ambiguous_wraps == 2
    assert of[Fate.GAPS].quality.counts.long > 0
    assert of[Fate.BACKFILLED].quality.late
    assert of[Fate.WRONG_CLOCK].quality.clock_flagged
    assert (of[Fate.OUTAGE].quality.late, of[Fate.OUTAGE].quality.clock_flagged) == (60, 0)
    assert of[Fate.BACKFILLED].coverage == of[Fate.WRONG_CLOCK].coverage == of[Fate.OUTAGE].coverage == 1


def test_the_data_centre_is_judged_as_it_was_made(simulated: Simulated, folder: Folder) -> None:
    found = folder.datacentre.month(FEBRUARY)
    made = outages(simulated.simulation.place)
    assert len(found.events) == len(made)
    for event, true in zip(found.events, made, strict=True):
        assert (event.start.low_ms or 0) < true.start_ms <= (event.start.high_ms or 0)
        assert (event.end.low_ms or 0) < true.end_ms <= (event.end.high_ms or 0)
        assert event.ever_carried is (true.carried_ms is not None)
        if true.carried_ms is not None:
            took = true.carried_ms - true.start_ms
            assert (event.transfer_low_ms or 0) <= took <= (event.transfer_high_ms or 0)
    assert [row.late for row in found.generators] == [1], "of both that it took only the slow one is surely late"
    states = {row.backup.server: row.state for row in found.backups}
    good = dict.fromkeys(("srv-keuangan", "srv-perizinan", "srv-simpeg"), BackupState.BAIK)
    assert states == {**good, "srv-web": BackupState.KRITIS}
    assert {row.server.code for row in found.servers if row.protected} == {"srv-simpeg"}
    (down,) = [row for row in found.availability if row.outages]
    assert down.device == "srv-arsip"
    assert 59 <= down.down_ms / 60_000 <= 59 + 5, "from its last word, five minutes before at most, to its boot"


def test_the_folder_is_marked_and_whole(folder: Folder, simulated: Simulated, evaluation: Evaluation) -> None:
    assert folder.journal.label == evaluation.label == LABEL
    assert folder.journal.verify() == []
    assert simulated.verdicts["duplicate"] == sum(1 for _ in folder.journal.rows(device="rt-dispar"))
    assert folder.journal.quarantine_counts() == (0, 0)
    sealed = {record.day for record in folder.archive.seals()}
    assert set(FEBRUARY.days) <= sealed
    assert {record.part for record in folder.archive.seals()} > {0}


def test_a_folder_that_holds_anything_is_refused(tmp_path: Path, data: Path, simulated: Simulated) -> None:
    (tmp_path / "journal.db").write_bytes(b"")
    for used in (data, tmp_path):
        with pytest.raises(SimulationError, match="folder of its own"):
            run(data=used, opd=1, month=FEBRUARY, seed=SEED, zone=WIB, progress=quiet)
    assert simulated.simulation.offices[0].code == "DUKCAPIL"


def test_the_same_seed_gives_the_same_entries(tmp_path: Path) -> None:
    def entries(name: str, seed: int) -> list[tuple[str, bytes]]:
        run(data=tmp_path / name, opd=1, month=FEBRUARY, seed=seed, zone=WIB, progress=quiet)
        with Folder(read(tmp_path / name / FILE), clock=ManualClock(0), writer=True) as opened:
            return [(row.key, row.sha256) for row in opened.journal.rows()]

    assert entries("first", SEED) == entries("again", SEED)

"""Every recorded device, cell by cell: interfaces, UPS and sensors. A new recording needs no code.

``NADI_RECORDINGS`` names another folder of recordings; without one the cases of our own still run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.reading import decode, encode
from agent.snmp.answers import Answers
from agent.snmp.identity import identify, plan, silent
from agent.snmp.interpret import Interpretation, interpret
from agent.snmp.tables import Tables, load_tables
from tests.agent.comparing import Json, Tally, compare_interfaces, compare_sensors, compare_ups, load
from tests.agent.recording import OWN, answers, expected_of, recordings

RECORDINGS = recordings()
every = pytest.mark.parametrize("walk", RECORDINGS, ids=lambda path: path.name.split(".")[0])


@pytest.fixture(scope="module")
def tables() -> Tables:
    return load_tables()


def read(walk: Path, tables: Tables) -> tuple[Json, Interpretation]:
    said = answers(walk)
    ours = interpret(said, identify(said, tables).tables, device="alat", time_ns=1_700_000_000_000_000_000)
    return load(expected_of(walk)), ours


@every
@pytest.mark.parametrize("compare", [compare_interfaces, compare_ups, compare_sensors])
def test_a_recorded_device_reads_as_expected(
    walk: Path, compare: Callable[[Json, Interpretation], Tally], tables: Tables
) -> None:
    expected, ours = read(walk, tables)
    assert compare(expected, ours).wrong == []


@every
def test_readings_of_a_recorded_device_pass_the_wire_form(walk: Path, tables: Tables) -> None:
    _, ours = read(walk, tables)
    back, bad = decode(encode(ours.readings))
    assert bad == []
    assert len({(r.measurement, r.tags) for r in back}) == len(ours.readings)


@every
def test_what_the_plan_asks_is_enough_for_the_same_readings(walk: Path, tables: Tables) -> None:
    said = answers(walk)
    known = identify(said, tables)
    asked = plan(known.tables)
    told = {oid: value for oid in asked.scalars if (value := said.scalar(oid)) is not None}
    for column in (column for group in asked.columns for column in group):
        told |= {(*column, *index): value for index, value in said.column(column).items()}
    whole = interpret(said, known.tables, device="alat", time_ns=1)
    assert interpret(Answers(told), known.tables, device="alat", time_ns=1).readings == whole.readings
    later = plan(known.tables, silent=silent(asked, Answers(told)))
    assert all(any(said.column(column) for column in group) for group in later.columns[1:])
    kept = {*later.scalars, *(column for group in later.columns for column in group)}
    left = {oid: value for oid, value in told.items() if any(oid[:width] in kept for width in range(len(oid) + 1))}
    assert interpret(Answers(left), known.tables, device="alat", time_ns=1).readings == whole.readings


@every
def test_no_cell_that_was_equal_is_lost(walk: Path, tables: Tables) -> None:
    once: dict[str, int] = json.loads((OWN / "equal.json").read_text(encoding="utf-8"))
    expected, ours = read(walk, tables)
    equal = sum(compare(expected, ours).equal for compare in (compare_interfaces, compare_ups, compare_sensors))
    assert equal >= once.get(walk.name.split(".")[0], 0)


def test_table_of_all_recordings(tables: Tables, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["", f"{'recording':28}{'interfaces':>11}{'equal':>7}{'unknown':>8}{'uncovered':>10}{'wrong':>6}"]
    total = [0, 0, 0, 0, 0]
    for walk in RECORDINGS:
        expected, ours = read(walk, tables)
        tallies = [compare(expected, ours) for compare in (compare_interfaces, compare_ups, compare_sensors)]
        counts = [len(ours.interfaces), sum(t.equal for t in tallies)]
        counts += [sum(len(getattr(t, kind)) for t in tallies) for kind in ("unknown", "uncovered", "wrong")]
        total = [a + b for a, b in zip(total, counts, strict=True)]
        rows.append(
            f"{walk.name.split('.')[0]:28}{counts[0]:>11}{counts[1]:>7}{counts[2]:>8}{counts[3]:>10}{counts[4]:>6}"
        )
    rows.append(f"{len(RECORDINGS):<28}{total[0]:>11}{total[1]:>7}{total[2]:>8}{total[3]:>10}{total[4]:>6}")
    with capsys.disabled():
        print("\n".join(rows))
    assert total[4] == 0

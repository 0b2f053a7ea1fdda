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
EQUAL: dict[str, int] = json.loads((OWN / "equal.json").read_text(encoding="utf-8"))
"""How many cells of each recording that we know have once been equal."""
NO_MEASUREMENT = {
    "1.3.6.1.4.1.8072.1.3.2.4.1.2.": "what an administrator's own script prints (NET-SNMP-EXTEND-MIB)",
    "1.3.6.1.4.1.48690.2.2.1.3.": "the modem's IMEI is an identity",
    "1.3.6.1.4.1.48690.2.2.1.8.": "the SIM's IMSI is an identity of a subscriber, and no concern of a measurement",
    "1.3.6.1.4.1.48690.2.2.1.16.": "a word, LTE or the like, for the kind of radio",
    "1.3.6.1.4.1.48690.2.2.1.18.": "the cell's number is an identity",
    "1.3.6.1.4.1.48690.2.2.1.22.": "Integer32, ends at 2 GiB; the modem's port has 64-bit counters",
    "1.3.6.1.4.1.48690.2.2.1.23.": "as the octets sent",
    "1.3.6.1.4.1.48690.2.2.1.25.": "since midnight of the modem, also Integer32: no counter",
    "1.3.6.1.4.1.48690.2.2.1.26.": "since midnight of the modem, also Integer32: no counter",
    "1.3.6.1.4.1.48690.6.2.1.6.": "a level in words or volts, by how the pin is set up and wired",
    "1.3.6.1.4.1.48690.6.2.1.7.": "how a pin is set up",
    "ups output_source": "Socomec says on inverter(3) on line as well as on battery",
}
"""What LibreNMS shows of a recording and we do not, by the beginning of its OID, and why."""
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
    asked = plan(known.tables, packets=True)
    told = {oid: value for oid in asked.scalars if (value := said.scalar(oid)) is not None}
    for column in (column for group in asked.columns for column in group):
        told |= {(*column, *index): value for index, value in said.column(column).items()}
    whole = interpret(said, known.tables, device="alat", time_ns=1)
    assert interpret(Answers(told), known.tables, device="alat", time_ns=1).readings == whole.readings
    later = plan(known.tables, packets=True, silent=silent(asked, Answers(told)))
    assert all(any(said.column(column) for column in group) for group in later.columns[1:])
    kept = {*later.scalars, *(column for group in later.columns for column in group)}
    left = {oid: value for oid, value in told.items() if any(oid[:width] in kept for width in range(len(oid) + 1))}
    assert interpret(Answers(left), known.tables, device="alat", time_ns=1).readings == whole.readings


@every
def test_what_is_not_read_is_no_measurement(walk: Path, tables: Tables) -> None:
    if walk.name.split(".")[0] not in EQUAL:
        return  # a device that nobody has looked at may say more than any table reads
    expected, ours = read(walk, tables)
    uncovered = [what for compare in (compare_ups, compare_sensors) for what in compare(expected, ours).uncovered]
    assert [what for what in uncovered if not any(f" {key}" in f" {what}" for key in NO_MEASUREMENT)] == []


@every
def test_no_cell_that_was_equal_is_lost(walk: Path, tables: Tables) -> None:
    expected, ours = read(walk, tables)
    equal = sum(compare(expected, ours).equal for compare in (compare_interfaces, compare_ups, compare_sensors))
    assert equal >= EQUAL.get(walk.name.split(".")[0], 0)


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

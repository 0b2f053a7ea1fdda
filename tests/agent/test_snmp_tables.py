"""Vendor tables: strict reading, merging of an operator's folder, choice by sysObjectID, exact scales."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import ConfigError
from agent.snmp.answers import Answers
from agent.snmp.cells import Cell, cells
from agent.snmp.identity import identify, plan
from agent.snmp.interpret import interpret, uptime_seconds
from agent.snmp.tables import Group, Read, Tables, load_tables, read_table
from agent.snmp.values import Kind, Oid, Value, parse_oid

UPS = '\n[[group]]\nmeasurement = "nadi_ups"\nbase = "1.3.6.1.4.1.99999"\nread = [\n'


def table(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def number(oid: str, value: int, kind: Kind = Kind.INTEGER) -> dict[Oid, Value]:
    return {parse_oid(oid): Value(kind, value)}


def cell_of(one: Read, values: dict[Oid, Value]) -> Cell:
    group = Group(measurement="nadi_ups", base="1.3.6.1.4.1.99999", read=(one,))
    return cells(group, Answers(values), device="ups-1")[0]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            '  { field = "load_ratio", oid = "1.0" },\n  { field = "lod_ratio", oid = "2.0" },',
            "own.toml:7: group[0].read[1]",
        ),
        ('  { field = "load_ratio", oid = "1.0", tims = 3 },', "own.toml:6: group[0].read[0].tims"),
        ('  { field = "load_ratio", oid = "1.x" },', "not an object identifier"),
        ('  { field = "load_ratio", oid = "1.0", divided_by = 0 },', "own.toml:6: group[0].read[0]"),
        ('  { field = "load_ratio", oid = "1.0", total = "sum" },', "needs rows = true"),
    ],
)
def test_a_wrong_table_is_told_with_its_line(tmp_path: Path, lines: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_table(table(tmp_path, f'name = "own"{UPS}{lines}\n]\n'))
    assert told in str(caught.value)


def test_an_operators_file_wins_over_a_shipped_one_and_it_is_told(tmp_path: Path) -> None:
    shipped = load_tables().select(parse_oid("1.3.6.1.4.1.318.1.3.27"))
    table(tmp_path, 'name = "own"\nserves = ["1.3.6.1.4.1.318"]\n')
    ours = load_tables(tmp_path)
    assert shipped[0].name == "apc"
    assert [one.name for one in ours.select(parse_oid("1.3.6.1.4.1.318.1.3.27"))] == ["own"]
    assert ours.notes == (f"{tmp_path}/own.toml: serves 1.3.6.1.4.1.318 instead of the table 'apc'",)


def test_an_operators_file_of_the_same_name_replaces_the_table(tmp_path: Path) -> None:
    table(tmp_path, 'name = "apc"\nserves = ["1.3.6.1.4.1.318.1.3.27"]\n')
    ours = load_tables(tmp_path)
    assert ours.select(parse_oid("1.3.6.1.4.1.318.1.3.27"))[0].group == ()
    assert ours.select(parse_oid("1.3.6.1.4.1.318.1.3.2"))[0].name == "anything"
    assert "replaces the table 'apc'" in ours.notes[0]


def test_a_table_that_uses_an_unknown_one_is_refused(tmp_path: Path) -> None:
    table(tmp_path, 'name = "own"\nuses = ["upsmib"]\n')
    with pytest.raises(ConfigError, match=r"own.toml: uses 'upsmib', which is not a table"):
        load_tables(tmp_path)


def test_the_longest_prefix_serves() -> None:
    tables = load_tables()
    assert tables.select(parse_oid("1.3.6.1.4.1.2011.6.174.4.1.2.4"))[0].name == "huawei-ups"
    assert tables.select(parse_oid("1.3.6.1.4.1.2011.2.224.62"))[0].name == "huawei"
    assert tables.select(parse_oid("1.3.6.1.4.1.424242"))[0].name == "anything"
    assert tables.select(None)[0].name == "anything"


def test_a_device_without_sysobjectid_is_known_by_what_answers() -> None:
    said = Answers(number("1.3.6.1.4.1.318.1.1.1.4.1.1.0", 2))
    assert "apc" in [one.name for one in identify(said, load_tables()).tables]


def test_an_answer_that_a_better_table_refused_is_not_taken_from_a_later_one(tmp_path: Path) -> None:
    table(
        tmp_path,
        'name = "own"\nserves = ["1.3.6.1.4.1.99999"]\nuses = ["ups-mib"]\n[[group]]\nmeasurement = "nadi_ups"\n'
        'base = "1.3.6.1.2.1.33.1"\nread = [{ field = "battery_charge_ratio", oid = "2.4.0", untrusted = "stuck" }]\n',
    )
    tables = load_tables(tmp_path).select(parse_oid("1.3.6.1.4.1.99999"))
    ours = interpret(number("1.3.6.1.2.1.33.1.2.4.0", 98), tables, device="ups-1", time_ns=1)
    assert ours.readings == []
    assert [(one.field, one.reason) for one in ours.unknown] == [("battery_charge_ratio", "stuck")]


@given(st.integers(-(2**31), 2**32 - 1), st.integers(1, 6000), st.sampled_from([1, 10, 100, 1000, 6000]))
def test_a_scale_is_exact(raw: int, times: int, divided_by: int) -> None:
    one = Read(field="battery_current_amperes", oid="1.0", times=times, divided_by=divided_by, least=-1e18, most=1e18)
    assert cell_of(one, number("1.3.6.1.4.1.99999.1.0", raw)).value == float(Fraction(raw * times, divided_by))


def test_57_hundredths_are_0_57() -> None:
    one = Read(field="battery_charge_ratio", oid="1.0", divided_by=100)
    assert repr(cell_of(one, number("1.3.6.1.4.1.99999.1.0", 57)).value) == "0.57"


@pytest.mark.parametrize(
    ("one", "raw", "reason"),
    [
        (Read(field="load_ratio", oid="1.0", no_data=(65535,)), 65535, "sentinel"),
        (Read(field="battery_charge_ratio", oid="1.0", divided_by=100), 101, "1.01 0-1 is outside 0..1"),
        (Read(field="input_frequency_hertz", oid="1.0", divided_by=100), 500, "5 Hz is outside 30..80"),
        (Read(field="on_battery", oid="1.0"), 2, "neither 0 nor 1"),
        (Read(field="status", oid="1.0", states={"3": 1}), 1, "state 1 is not one that tells"),
        (Read(field="input_failures_total", oid="1.0"), -1, "outside"),
        (Read(field="alarms", oid="1.0", divided_by=10), 7, "not a whole number"),
    ],
)
def test_a_value_that_cannot_be_is_unknown_with_its_reason(one: Read, raw: int, reason: str) -> None:
    cell = cell_of(one, number("1.3.6.1.4.1.99999.1.0", raw))
    assert cell.value is None
    assert reason in cell.reason


def test_a_dead_input_of_0_hertz_and_a_frost_of_minus_15_degrees_are_readings() -> None:
    hertz = Read(field="input_frequency_hertz", oid="1.0")
    degrees = Read(field="ambient_temperature_celsius", oid="1.0", divided_by=100)
    assert cell_of(hertz, number("1.3.6.1.4.1.99999.1.0", 0)).value == 0
    assert cell_of(degrees, number("1.3.6.1.4.1.99999.1.0", -1513)).value == -15.13


def test_a_badly_encoded_value_costs_that_value_only() -> None:
    said = {parse_oid("1.3.6.1.2.1.33.1.2.4.0"): Value(Kind.BAD, "GAUGE32 of 9 octets")}
    said |= number("1.3.6.1.2.1.33.1.4.1.0", 5)
    ours = interpret(said, load_tables().select(None), device="ups-1", time_ns=1)
    assert ours.readings[0].fields["on_battery"] == 1
    assert ours.unknown[0].reason == "badly encoded: GAUGE32 of 9 octets"


def test_a_text_with_a_decimal_point_is_a_number() -> None:
    said = {parse_oid("1.3.6.1.4.1.99999.1.0"): Value(Kind.OCTETS, b"51.569 ")}
    assert cell_of(Read(field="ambient_temperature_celsius", oid="1.0"), said).value == 51.569


def test_uptime_is_put_right_where_the_engine_time_proves_its_wraps() -> None:
    assert uptime_seconds(2**32 - 1, None) == 42949672.95
    assert uptime_seconds(500, 42949672 + 5) == 42949677.96
    assert uptime_seconds(100, 42949672 * 2 + 1) == (2 * 2**32 + 100) / 100
    assert uptime_seconds(3447360000, 2140 * 86400) == 34473600.0


def test_a_plan_asks_each_oid_once() -> None:
    for selected in (load_tables().select(prefix) for prefix in load_tables().serving):
        asked = plan(selected)
        columns = [column for group in asked.columns for column in group]
        assert len(columns) == len(set(columns))
        assert not set(columns) & set(asked.scalars)
        assert len(plan(selected, wide=True).columns[0]) < len(asked.columns[0])


def test_a_plan_asks_what_tells_that_values_are_stale() -> None:
    selected = load_tables().select(parse_oid("1.3.6.1.4.1.318"))
    alive = {group.oid(text) for table in selected for group in table.group for text in group.alive}
    assert parse_oid("1.3.6.1.4.1.318.1.1.8.5.1.1.0") in alive
    assert alive <= set(plan(selected).scalars)


def test_every_shipped_table_is_reached_by_a_prefix_a_probe_or_another_table() -> None:
    tables: Tables = load_tables()
    used = {name for table in tables.by_name.values() for name in table.uses}
    reached = set(tables.serving.values()) | set(tables.probes().values()) | used
    assert set(tables.by_name) == reached
    assert tables.notes == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("06/30/2026", 1_782_777_600),
        ("06/30/26", 1_782_777_600),
        ("6/3/26", 1_780_444_800),
        ("30/06/2026", None),
        ("06/31/2026", None),
        ("2026-06-30", None),
        ("Unknown", None),
        ("", None),
        ("06/30/98", None),
        ("06/30/2026 12:00", None),
    ],
)
def test_a_day_in_words_is_its_midnight_or_unknown(text: str, seconds: int | None) -> None:
    one = Read(field="self_test_timestamp_seconds", oid="1.0", date=("%m/%d/%y", "%m/%d/%Y"))
    values = {parse_oid("1.3.6.1.4.1.99999.1.0"): Value(Kind.OCTETS, text.encode())}
    cell = cell_of(one, values)
    assert cell.value == seconds
    assert (cell.reason == "") == (seconds is not None)


@pytest.mark.parametrize("form", ["%d/%m", "%x", "%d/%m/%y %H"])
def test_a_date_is_made_of_day_month_and_year(form: str) -> None:
    with pytest.raises(ValueError, match="%d, %m and %y or %Y"):
        Read(field="self_test_timestamp_seconds", oid="1.0", date=(form,))


def test_a_scalar_can_say_that_the_others_are_no_data() -> None:
    one = Read(field="battery_temperature_celsius", oid="1.0", divided_by=10)
    group = Group(measurement="nadi_ups", base="1.3.6.1.4.1.99999", empty={"2.0": (255,)}, read=(one,))
    told = number("1.3.6.1.4.1.99999.1.0", 255)
    (cell,) = cells(group, Answers(told), device="ups-1")
    assert cell.value == 25.5
    (cell,) = cells(group, Answers(told | number("1.3.6.1.4.1.99999.2.0", 255)), device="ups-1")
    assert (cell.value, cell.reason) == (None, "there is no data: 255 at 2.0")
    assert parse_oid("1.3.6.1.4.1.99999.2.0") in group.columns()

"""The words, numbers and dates of a UPS, whoever says them."""

from __future__ import annotations

import time

import pytest

from agent.ups import BATTERY, BOOST, BYPASS, ECO, LINE, OFF, TEST, TRIM, day, from_words, label, measured

NOW = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("OL", LINE),
        ("OL CHRG", LINE),
        ("OL LB OVER RB BOOST", BOOST),
        ("OL TRIM", TRIM),
        ("OL BOOST TRIM", LINE),
        ("OL ECO", ECO),
        ("OB", BATTERY),
        ("OB DISCHRG LB", BATTERY),
        ("FSD OB LB", BATTERY),
        ("OB CAL", TEST),
        ("OL BYPASS", BYPASS),
        ("BYPASS", BYPASS),
        ("OL OFF", OFF),
        ("OFF", OFF),
    ],
)
def test_words_that_agree_tell_what_carries_the_load(words: str, status: int) -> None:
    fields = from_words(words.split())
    assert fields["status"] == status
    assert fields["on_battery"] == (status in (BATTERY, TEST))
    assert fields["on_bypass"] == (status == BYPASS)
    assert fields["output_off"] == (status == OFF)
    assert fields["low_battery"] == ("LB" in words)


@pytest.mark.parametrize("words", ["OL OB", "OL OB CHRG", "OB BYPASS", "OL CAL", "OL DISCHRG", "OL OB BYPASS"])
def test_words_that_contradict_each_other_leave_the_load_unknown(words: str) -> None:
    fields = from_words(words.split())
    assert not {"status", "on_battery", "on_bypass", "output_off"} & fields.keys()
    assert fields["replace_battery"] == 0


@pytest.mark.parametrize("words", ["", "WAIT", "LB", "CHRG RB", "ONLINE"])
def test_words_that_do_not_tell_the_load_tell_nothing(words: str) -> None:
    assert from_words(words.split()) == {}


@pytest.mark.parametrize(
    ("field", "text", "divided_by", "value"),
    [
        ("load_ratio", "16.90", 100, 0.169),
        ("load_ratio", "045.2", 100, 0.452),
        ("battery_charge_ratio", "100.0", 100, 1.0),
        ("battery_charge_ratio", "255", 100, None),
        ("battery_runtime_seconds", "3932100", 1, None),
        ("battery_runtime_seconds", "-1.00", 1, None),
        ("input_voltage_volts", "0.0", 1, 0.0),
        ("input_voltage_volts", "2320", 1, None),
        ("input_voltage_volts", "", 1, None),
        ("input_voltage_volts", "230 V", 1, None),
        ("input_voltage_volts", "nan", 1, None),
        ("input_voltage_volts", "1e2", 1, None),
        ("input_voltage_volts", "٢٣٠", 1, None),
        ("input_frequency_hertz", "5.0", 1, None),
        ("input_frequency_hertz", "0", 1, 0.0),
        ("output_power_watts", "65535", 1, None),
        ("battery_current_amperes", "-3.5", 1, -3.5),
        ("battery_temperature_celsius", "-273", 1, None),
    ],
)
def test_a_number_is_exact_and_what_is_none_is_unknown(
    field: str, text: str, divided_by: int, value: float | None
) -> None:
    assert measured("nadi_ups", field, text, divided_by=divided_by) == value


@pytest.mark.parametrize(
    ("text", "month_first", "iso"),
    [
        ("2012/11/04", False, "2012-11-04"),
        ("2012-11-04", False, "2012-11-04"),
        ("2012-11-04 10:00:00", False, "2012-11-04"),
        ("12/01/22", True, "2022-12-01"),
        ("12/11/2022", True, "2022-12-11"),
        ("02/15/01", False, "2001-02-15"),
        ("15/02/2021", False, "2021-02-15"),
        ("05/05/2021", False, "2021-05-05"),
        ("03/04/2024", False, None),
        ("15/02/2021", True, None),
        ("01/12/2026", False, "2026-01-12"),
        ("12/01/2026", True, None),
        ("1980/00/00", False, None),
        ("1999/12/31", False, None),
        ("2019/02/30", False, None),
        ("2099/01/01", False, None),
        ("0.00", False, None),
        ("not set", False, None),
        ("", False, None),
    ],
)
def test_a_date_is_one_day_or_unknown(text: str, month_first: bool, iso: str | None) -> None:
    expected = None if iso is None else time.mktime(time.strptime(iso, "%Y-%m-%d"))
    assert day(text, month_first=month_first, now_s=NOW) == expected


def test_a_label_can_be_printed_and_is_short() -> None:
    assert label("  UPS\x00 \u200bRak\n ") == "UPS Rak"
    assert len(label("x" * 5000)) == 200

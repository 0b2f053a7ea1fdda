"""Rounding once and writing numbers, times and names the Indonesian way."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import WIB
from collector.report import words
from collector.report.document import Column, gigabytes, mbps, percent, plain, rounded
from tests.collector.report_sample import START


@pytest.mark.parametrize(
    ("bits", "printed"),
    [(1_234_565_000, "1.234,57"), (1_234_564_999, "1.234,56"), (5_000, "0,01"), (4_999, "0,00"), (0, "0,00")],
)
def test_a_rate_is_rounded_half_away_from_zero_and_printed_with_comma(bits: int, printed: str) -> None:
    value = mbps(bits)
    assert value is not None
    assert words.number(value) == printed


@given(st.fractions(), st.integers(0, 4))
def test_a_rounded_value_is_the_nearest_and_a_tie_goes_away_from_zero(value: Fraction, decimals: int) -> None:
    result = rounded(value, decimals)
    unit = Fraction(1, 10**decimals)
    away = abs(Fraction(result)) - abs(value)
    assert -unit / 2 < away <= unit / 2
    assert Fraction(result) % unit == 0
    assert Fraction(result) * value >= 0
    assert result.as_tuple().exponent == -decimals


@given(st.decimals(-(10**9), 10**9, places=6))
def test_rounding_agrees_with_decimal_round_half_up(value: Decimal) -> None:
    assert rounded(Fraction(value), 2) == value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def test_a_ratio_just_below_a_tie_is_not_rounded_up() -> None:
    almost = Fraction(69_95, 10_000) - Fraction(1, 10**30)
    assert percent(almost) == Decimal("69.9")
    assert percent(Fraction(6995, 10_000)) == Decimal("70.0")


def test_missing_stays_missing_and_zero_stays_zero() -> None:
    column = Column("x", "X", "mbps", "")
    assert (mbps(None), gigabytes(None), percent(None)) == (None, None, None)
    assert words.printed(None, column) == "-"
    assert words.printed(mbps(0), column) == "0,00"


def test_negative_change_keeps_its_sign_and_never_prints_minus_zero() -> None:
    assert words.number(rounded(Fraction(-100, 3), 1)) == "-33,3"
    assert words.number(rounded(Fraction(-4, 100), 1)) == "0,0"


def test_dates_and_times_are_written_in_indonesian() -> None:
    assert words.instant(WIB.local(START), WIB) == "1 Oktober 2026 pukul 00.00 WIB"
    assert words.printed(WIB.local(START), Column("x", "X", "time", "")) == "1 Okt 2026 00.00"
    assert words.clock_hour(9) == "09.00-09.59"
    assert words.letter_number("1/{bulan}/{tahun}/{x}", WIB.local(START)) == "1/X/2026/{x}"


def test_names_in_a_sentence_are_bounded() -> None:
    assert words.joined(["a"], limit=4) == "a"
    assert words.joined(["a", "b", "c"], limit=4) == "a, b, dan c"
    assert words.joined(list("abcdef"), limit=2) == "a, b, dan 4 Perangkat Daerah lainnya"


def test_a_name_becomes_one_bounded_line_without_hidden_signs() -> None:
    assert plain("Dinas\r\nDua\tBaris") == "Dinas Dua Baris"
    assert plain("a\x00b\x1b[31m\u202ec") == "a\ufffdb\ufffd[31m\ufffdc"
    assert len(plain("x" * 10_000)) == 160

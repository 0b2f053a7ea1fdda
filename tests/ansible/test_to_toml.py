"""The filter ``to_toml``: what it writes, Python's own reader of TOML reads back as it was."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ansible.playing import PLAYS


def loaded() -> Callable[[dict[str, Any]], str]:
    place = PLAYS / "roles" / "nadi" / "filter_plugins" / "nadi.py"
    spec = importlib.util.spec_from_file_location("nadi_filters", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[dict[str, Any]], str] = module.FilterModule().filters()["to_toml"]
    return found


to_toml = loaded()

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = TEXT | st.booleans() | NUMBERS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@given(st.dictionaries(TEXT, VALUES))
def test_what_is_written_is_read_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(table)) == table


def test_tables_stand_under_their_headers() -> None:
    table = {"device": [{"name": "srv1", "inputs": {"tcp": {"target": [{"port": 443}]}}}], "name": "srv1"}
    lines = to_toml(table).splitlines()
    assert lines[0] == 'name = "srv1"'
    assert [line for line in lines if line.startswith("[")] == [
        "[[device]]",
        "[device.inputs]",
        "[device.inputs.tcp]",
        "[[device.inputs.tcp.target]]",
    ]


def test_days_are_days() -> None:
    assert tomllib.loads(to_toml({"holidays": [date(2026, 8, 17)]})) == {"holidays": [date(2026, 8, 17)]}


def test_nothing_stands_for_a_value_that_is_not_given() -> None:
    with pytest.raises(ValueError, match=r"feed\.url: TOML has no form of None; leave the key out"):
        to_toml({"feed": {"url": None}})

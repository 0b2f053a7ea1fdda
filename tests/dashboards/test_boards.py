"""The boards keep their rules, and the JSON in the repository is what they make."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest

from collector.feeds.feed import BIN_SERIES
from collector.judge.case import Parameters
from collector.web.facts import RULES as RULES_KNOWN
from dashboards import limits
from dashboards.boards import BOARDS
from dashboards.generate import FOLDER, generate
from dashboards.panels import WINDOWS
from dashboards.words import RULES as RULE_WORDS
from tests.dashboards.lint import RULES, Rule
from tests.dashboards.series import BINS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_board_keeps_the_rule(rule: Rule) -> None:
    assert [fault for board in BOARDS for fault in rule(board, BOARDS)] == []


def test_the_json_in_the_repository_is_what_the_boards_make(tmp_path: Path) -> None:
    made = generate(tmp_path)
    assert [path.name for path in made] == sorted(path.name for path in FOLDER.glob("*.json"))
    for path in made:
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), f"{path.name}: run python -m dashboards.generate"


def test_the_builder_is_the_one_whose_json_was_looked_at() -> None:
    assert importlib.metadata.version("grafana-foundation-sdk").lstrip("v") == "0.0.21"
    assert {json.loads(path.read_text())["schemaVersion"] for path in FOLDER.glob("*.json")} == {42}


def test_the_limits_are_those_of_the_report() -> None:
    held = Parameters()
    assert pytest.approx([float(value) for value in (held.fair, held.attention, held.saturated)]) == (
        limits.UTILISATION_LOW,
        limits.UTILISATION_ATTENTION,
        limits.UTILISATION_FULL,
    )
    assert pytest.approx(
        [float(value) for value in (held.coverage_print, held.coverage_firm, held.coverage_bounds)]
    ) == (limits.COVERAGE_LEAST, limits.COVERAGE_FIRM, limits.COVERAGE_BOUNDS)
    assert pytest.approx(float(held.saturated_at_limit)) == limits.AT_LIMIT


def test_from_a_red_tile_of_the_wall_it_is_two_clicks_to_the_object() -> None:
    targets = {board.uid: board for board in BOARDS}
    red = [panel for panel in BOARDS[0].panels if panel.kind == "stat" and ("red" in str(panel.look.steps))]
    assert len(red) >= 7
    for tile in red:
        assert tile.look.link is not None, tile.id
        opened = targets[tile.look.link.board]
        seconds = (look.link for panel in opened.panels for look in (panel.look, *(c.look for c in panel.columns)))
        assert any(link is not None and link.variable for link in seconds), tile.id


def test_every_rule_of_a_finding_has_its_words() -> None:
    assert {rule for rule, _ in RULES_KNOWN} <= RULE_WORDS.keys()


def test_the_series_that_are_bins_are_those_of_the_feed() -> None:
    assert BINS == BIN_SERIES
    assert {WINDOWS[name] for name in BINS} == {"30m"}

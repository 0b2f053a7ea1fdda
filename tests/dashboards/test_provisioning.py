"""The provisioning files name what is there; the JSON asks for nothing that Grafana 11 has not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

import dashboards
from dashboards.generate import FOLDER
from dashboards.limits import GREY

PROVISIONING = Path(dashboards.__file__).parent / "provisioning"


def boards() -> Iterator[dict[str, Any]]:
    for path in sorted(FOLDER.glob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def panels() -> Iterator[dict[str, Any]]:
    for board in boards():
        yield from (panel for panel in board["panels"] if panel["type"] != "row")


def test_boards_are_provisioned_so_that_nobody_edits_them() -> None:
    [provider] = yaml.safe_load((PROVISIONING / "dashboards" / "nadi.yaml").read_text())["providers"]
    assert (provider["allowUiUpdates"], provider["disableDeletion"], provider["folder"]) == (False, True, "Nadi")
    assert {board["editable"] for board in boards()} == {False}
    assert {tuple(board["tags"]) for board in boards()} == {("nadi",)}


def test_the_datasource_knows_the_interval_of_the_data() -> None:
    [source] = yaml.safe_load((PROVISIONING / "datasources" / "nadi.yaml").read_text())["datasources"]
    assert (source["type"], source["url"], source["editable"]) == ("prometheus", "$NADI_TSDB_URL", False)
    assert source["jsonData"] == {"httpMethod": "POST", "prometheusType": "Prometheus", "timeInterval": "60s"}


def test_everything_asks_the_chosen_datasource_and_no_other() -> None:
    def sources(value: object) -> Iterator[object]:
        if isinstance(value, dict):
            yield from ([value["datasource"]] if "datasource" in value else [])
            for item in value.values():
                yield from sources(item)
        elif isinstance(value, list):
            for item in value:
                yield from sources(item)

    for board in boards():
        found = list(sources(board))
        assert found == [{"type": "prometheus", "uid": "${ds}"}] * len(found)
        assert board["templating"]["list"][0]["type"] == "datasource"


def test_every_panel_has_interval_unit_help_and_a_text_for_no_value() -> None:
    for panel in panels():
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["interval"] == "1m", panel["id"]
        assert all((panel["description"], defaults["unit"], defaults["noValue"])), panel["id"]
        assert all(target["legendFormat"] not in {"", "__auto"} for target in panel["targets"]), panel["id"]


def test_what_is_unknown_is_grey_and_says_so() -> None:
    for panel in panels():
        if panel["type"] == "timeseries":
            assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False
            continue
        [unknown] = [item for item in panel["fieldConfig"]["defaults"]["mappings"] if item["type"] == "special"]
        result = unknown["options"]["result"]
        assert (unknown["options"]["match"], result["color"]) == ("null+nan", GREY)
        assert result["text"] == panel["fieldConfig"]["defaults"]["noValue"]


def test_a_click_on_a_row_hands_on_the_code() -> None:
    texts = json.dumps(list(boards()))
    assert "/d/nadi-opd?var-ds=${ds}&var-opd=${__value.text}&${__url_time_range}" in texts
    assert "/d/nadi-tautan?var-ds=${ds}&var-link=${__field.labels.link}&${__url_time_range}" in texts

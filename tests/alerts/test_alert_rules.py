"""The alert rules against the real promtool and vmalert, the catalogue of series, and the book that explains them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from agent.catalogue import RAW
from collector.feeds.derived import DERIVED
from collector.feeds.feed import BIN_SERIES
from tests.alerts.alarm_cases import CASES, Case
from tests.collector.feed_place import victoria

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "dashboards" / "alerts" / "alarm.yml"
OLD = ROOT / "dashboards" / "alerts" / "lama" / "alarm.yml"
BASE = "https://nadi.contoh.go.id/"
SEVERITIES = {"kritis", "tinggi", "sedang", "rendah", "info", "redam"}
UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
RAW_LABELS = {f"{item.name}_{field}": item.tags for item in RAW.values() for field in item.fields}


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert of the file."""

    alert: str
    expr: str
    severity: str
    texts: str
    runbook: str


def rules() -> Iterator[Rule]:
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            notes = rule["annotations"]
            texts = notes["summary"] + notes["description"]
            yield Rule(rule["alert"], rule["expr"], rule["labels"]["severity"], texts, notes["runbook_url"])


def names(expr: str) -> set[str]:
    return set(re.findall(r"nadi_[a-z0-9_]+", expr))


def told(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which(program) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed")
        pytest.skip(f"{program} is not installed")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)


def test_promtool_and_vmalert_accept_the_rules() -> None:
    for path in (RULES, OLD):
        done = told("promtool", "check", "rules", path)
        assert done.returncode == 0, done.stderr
    assert told("vmalert", "-dryRun", f"-rule={OLD}").returncode == 0


def test_victoria_metrics_understands_every_expression(tmp_path: Path) -> None:
    with victoria(tmp_path) as server:
        for rule in rules():
            found = json.loads(server.ask("/api/v1/query", query=rule.expr))
            assert found["status"] == "success", (rule.alert, found)
            quiet = rule.alert not in ("NadiSelaluMenyala", "NadiPengumpulDiam")
            assert bool(found["data"]["result"]) != quiet, f"{rule.alert} on an empty server"


def test_the_old_file_is_the_new_one_without_keep_firing_for() -> None:
    old, new = (path.read_text(encoding="utf-8").partition("groups:")[2] for path in (OLD, RULES))
    assert old == "".join(line for line in new.splitlines(keepends=True) if " keep_firing_for: " not in line)


def test_every_series_a_rule_names_exists() -> None:
    missing = {rule.alert: names(rule.expr) - set(DERIVED) - set(RAW_LABELS) for rule in rules()}
    assert {alert: found for alert, found in missing.items() if found} == {}


def test_every_label_a_text_shows_belongs_to_a_series_of_its_rule() -> None:
    for rule in rules():
        known: set[str] = set()
        for name in names(rule.expr):
            known |= set(DERIVED[name].labels) if name in DERIVED else RAW_LABELS[name]
        shown = set(re.findall(r"\$labels\.(\w+)", rule.texts))
        assert shown <= known, (rule.alert, shown - known)


def test_a_window_over_bins_is_at_least_half_an_hour() -> None:
    for rule in rules():
        if names(rule.expr) & BIN_SERIES:
            windows = re.findall(r"\[(\d+)([smhd])\]", rule.expr)
            assert windows, f"{rule.alert} reads a bin without a window"
            assert all(int(size) * UNIT_S[unit] >= 1800 for size, unit in windows), rule.alert


def test_every_runbook_link_leads_to_a_section_of_the_book() -> None:
    for rule in rules():
        assert rule.severity in SEVERITIES, rule.alert
        file, _, anchor = rule.runbook.removeprefix(BASE).partition("#")
        headings = re.findall(r"^### (\w+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor == rule.alert.lower(), rule.runbook
        assert anchor in [heading.lower() for heading in headings], rule.runbook


def test_the_book_explains_no_alert_that_does_not_exist() -> None:
    book = (ROOT / "docs" / "penanganan.md").read_text(encoding="utf-8")
    alerts = [rule.alert for rule in rules()]
    assert re.findall(r"^### (\w+)$", book, re.MULTILINE) == alerts
    for word in ("Arti", "Lihat", "Lakukan"):
        assert book.count(f"- **{word}:**") == len(alerts)


def test_every_alert_has_a_case_that_fires_and_a_series_that_does_not() -> None:
    for rule in rules():
        mine = [case for case in CASES if case.alert == rule.alert]
        assert any(case.fires for case in mine), rule.alert
        quiet = any(not case.fires or len(case.series) > len(case.fires) for case in mine)
        assert quiet or rule.alert == "NadiSelaluMenyala", rule.alert


def as_test(case: Case) -> dict[str, object]:
    by = case.by or "alertname"
    expected = [{"labels": f'{{{by}="{value}"}}', "value": 1} for value in case.fires]
    expr = f'count by ({by}) (ALERTS{{alertname="{case.alert}", alertstate="firing"}})'
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "promql_expr_test": [{"expr": expr, "eval_time": f"{case.minute}m", "exp_samples": expected}],
    }


def test_promtool_finds_each_alert_fire_for_what_it_is_for_and_for_nothing_else(tmp_path: Path) -> None:
    table = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [as_test(case) for case in CASES]}
    path = tmp_path / "tests.yml"
    path.write_text(json.dumps(table), encoding="utf-8")
    done = told("promtool", "test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_the_text_of_an_alert_as_people_get_it(tmp_path: Path) -> None:
    series = 'nadi_link_state{link="pd04-1", opd="PD04", role="wan", site="a", uplink="isp"}'
    labels = {"severity": "tinggi", "link": "pd04-1", "opd": "PD04", "role": "wan", "site": "a", "uplink": "isp"}
    notes = {
        "summary": "Tautan pd04-1 (PD04) mati",
        "description": "Antarmuka tautan dinyatakan mati oleh perangkatnya.",
        "runbook_url": f"{BASE}docs/penanganan.md#naditautanmati",
    }
    looked = {
        "eval_time": "9m",
        "alertname": "NadiTautanMati",
        "exp_alerts": [{"exp_labels": labels, "exp_annotations": notes}],
    }
    test = {"input_series": [{"series": series, "values": "1x4 0x10"}], "alert_rule_test": [looked], "interval": "1m"}
    path = tmp_path / "tests.yml"
    table = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}
    path.write_text(json.dumps(table), encoding="utf-8")
    done = told("promtool", "test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_in_the_example_regency_every_link_of_an_opd_is_behind_an_uplink() -> None:
    table = tomllib.loads((ROOT / "config" / "inventory.toml").read_text(encoding="utf-8"))
    uplinks = {link["contract"] for link in table["link"] if link.get("role") == "uplink"}
    assert {link["code"] for link in table["link"] if link.get("contract") not in uplinks} == set()

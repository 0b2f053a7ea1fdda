"""The rules are no decoration: a single fault put into a board is found, by the rule that is meant for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dashboards.boards import BOARDS
from dashboards.limits import GREY, LINK, NONE_RED, Word
from dashboards.model import Board, Column, Link, Look, Panel, Query, Variable
from tests.dashboards.lint import faults

Change = Callable[[Panel], Panel]


def changed(identifier: int, change: Change) -> list[Board]:
    """Return the boards with one panel changed."""
    found = []
    for board in BOARDS:
        panels = tuple(change(panel) if panel.id == identifier else panel for panel in board.panels)
        found.append(replace(board, panels=panels))
    return found


def asks(*exprs: str) -> Change:
    """Return a change of the queries; legends stay."""
    return lambda panel: replace(panel, queries=tuple(Query(expr, panel.queries[0].legend) for expr in exprs))


def looks(look: Look) -> Change:
    return lambda panel: replace(panel, look=look)


PANEL_FAULTS: list[tuple[str, int, Change]] = [
    ("identity", 101, lambda panel: replace(panel, id=201)),
    ("texts", 101, lambda panel: replace(panel, title="Link state")),
    ("texts", 101, lambda panel: replace(panel, help="Pendek.")),
    ("texts", 101, lambda panel: replace(panel, no_value="No data")),
    ("units", 110, looks(Look(unit="Mbits"))),
    ("kinds", 101, lambda panel: replace(panel, kind="geomap")),  # type: ignore[arg-type]
    ("legends", 110, lambda panel: replace(panel, queries=(Query(panel.queries[0].expr, ""),))),
    ("legends", 131, lambda panel: replace(panel, queries=(Query(panel.queries[0].expr, "{{host}}"),))),
    ("functions", 222, asks('quantile_over_time(0.95, nadi_opd_rate_bits_per_second{opd="$opd"}[30d])')),
    ("functions", 204, asks('nadi_opd_rate_bits_per_second{opd="$opd"} / 50e6')),
    ("functions", 101, asks("sum(nadi_link_state) or vector(0)")),
    ("functions", 213, lambda panel: replace(panel, source="turunan")),
    ("series", 101, asks("sum(nadi_tautan_state)")),
    ("series", 101, asks('sum(nadi_link_state{lokasi="x"})')),
    ("counters", 321, asks('nadi_interface_receive_bytes_total{device=~"$device"}')),
    ("counters", 341, asks('rate(nadi_device_cpu_utilization_ratio{device=~"$device"}[$__rate_interval])')),
    ("counters", 321, asks("rate(nadi_interface_receive_bytes_total[5m])")),
    ("bins", 122, asks("max by (opd) (nadi_opd_utilization_ratio)")),
    ("bins", 122, asks("max by (opd) (last_over_time(nadi_opd_utilization_ratio[15m]))")),
    ("zeros", 101, asks("count(nadi_link_state == 0)")),
    ("links", 101, looks(Look(steps=NONE_RED, link=Link("nadi-hilang")))),
    ("links", 122, looks(Look(link=Link("nadi-opd", "perangkat", "opd")))),
    ("links", 131, looks(Look(link=Link("nadi-opd", "opd", "opd")))),
    ("columns", 121, lambda panel: replace(panel, columns=(Column(of="link", title="Tautan"),))),
    ("columns", 133, lambda panel: replace(panel, columns=(Column(of="site", title="Lokasi"),))),
    ("layout", 122, lambda panel: replace(panel, height=12)),
    ("states", 331, looks(Look())),
    ("states", 202, looks(Look(states={3: Word("Tidak diketahui", "green")}))),
    ("secrets", 101, lambda panel: replace(panel, help="Lihat https://pusat.example untuk rincian.")),
    ("variables", 301, asks('sum(nadi_device_up{device="$device"})')),
    ("variables", 301, asks('sum(nadi_device_up{device=~"$router"})')),
    ("comfort", 121, lambda panel: replace(panel, no_value="Semua tautan hidup")),
    ("comfort", 133, lambda panel: replace(panel, no_value="Tidak ada temuan")),
    ("comfort", 121, lambda panel: replace(panel, columns=(*panel.columns[:3], Column(of="B", title="Selama")))),
    ("agency", 202, asks("nadi_opd_state")),
]


@pytest.mark.parametrize(("rule", "identifier", "change"), PANEL_FAULTS, ids=lambda value: str(value)[:20])
def test_a_fault_in_a_panel_is_found_by_its_rule(rule: str, identifier: int, change: Change) -> None:
    found = faults(changed(identifier, change))
    assert any(fault.startswith(f"{rule}: ") for fault in found), found


def test_a_board_that_asks_too_often_or_too_much_is_found() -> None:
    first = replace(BOARDS[0], refresh="10s", panels=BOARDS[0].panels * 3)
    assert {"refresh", "kinds", "layout", "identity"} <= {fault.partition(":")[0] for fault in faults([first])}


def test_a_variable_of_an_unknown_series_is_found() -> None:
    wrong = Variable(name="site", label="Lokasi", query="label_values(nadi_tautan_info, site)")
    found = faults([replace(BOARDS[0], variables=(wrong,)), *BOARDS[1:]])
    assert found == ["series: site: nadi_tautan_info is not known"]


def test_unknown_is_grey_wherever_a_state_has_it() -> None:
    assert [word.colour for word in LINK.values() if word.text == "Tidak diketahui"] == [GREY]

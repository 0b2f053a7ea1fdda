"""Every query of every panel returns data from real servers, or the nothing that is written down here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from agent.clock import NS
from dashboards.boards import BOARDS
from dashboards.grafana import letter
from dashboards.model import Board, Panel
from dashboards.panels import WINDOWS
from tests.collector.feed_place import victoria
from tests.dashboards.promql import selectors
from tests.dashboards.regency import SENT_AFTER, regency
from tests.dashboards.regency_more import NOW
from tests.dashboards.servers import (
    Server,
    chosen,
    labels_of,
    legend,
    metrics_of,
    prometheus,
    scraped,
)

AGENCIES = ("DUKCAPIL", "UJI")
"""One with an allocation, and one with a queue."""

NOTHING = {
    "431D": "no report was handed over",
    "227H": "no OPD is measured at queues alone",
    "715A": "no backup shrank, and none is seven days old",
    **dict.fromkeys(("924A", "925A"), "this collector has no sink of its own: the test steps the feed"),
    **dict.fromkeys(("906A", "909A"), "this collector was never backed up"),
    "931A": "no alert rules are loaded",
    "932A": "this collector sends no notifications",
}
"""Queries that give nothing on this day, and why."""

PULLED = {"120A": "what is scraped for seconds has no point of five minutes"}
"""Queries that give nothing where /metrics was scraped for some seconds only, and why."""

Counts = dict[str, int]
"""How many series each query gave, by panel and letter."""


@dataclass(frozen=True)
class Servers:
    """Both servers, each at the moment of its newest data."""

    pushed: Server
    pulled: Server


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("regency")
    with pytest.MonkeyPatch.context() as patch, regency(folder, patch) as place, victoria(folder) as peer:
        place.fed(peer.url)
        peer.ask("/internal/force_flush")
        # VictoriaMetrics moves the end of a range back to a whole step.
        pushed = Server("VictoriaMetrics", peer.url, (NOW + SENT_AFTER) / NS + 60)
        with metrics_of(place.collector) as port, prometheus(folder, port) as url:
            scraped(url, 2)
            place.clock.advance(20 * NS)
            place.more(NOW + 30 * NS)
            yield Servers(pushed, scraped(url, 5))


def panels() -> Iterator[tuple[Board, Panel]]:
    for board in BOARDS:
        yield from ((board, panel) for panel in board.panels if panel.kind != "row")


def counts(server: Server) -> Counts:
    """Ask every query of every panel; tell how many series each gave."""
    found = {}
    for board in BOARDS:
        choices = [chosen(board, server, one) for one in AGENCIES]
        for panel in board.panels:
            for i, query in enumerate(panel.queries):
                given = (len(server.series(query, panel, texts)) for texts in choices)
                found[f"{panel.id}{letter(i)}"] = max(given)
    return found


def test_every_query_gives_data_or_the_documented_nothing(servers: Servers) -> None:
    pushed, pulled = counts(servers.pushed), counts(servers.pulled)
    print(f"\n{'panel':6}{'title':58}{'VictoriaMetrics':>24}{'Prometheus':>24}")
    for _, panel in panels():
        letters = [f"{panel.id}{letter(i)}" for i in range(len(panel.queries))]
        rows = (" ".join(str(found[name]) for name in letters) for found in (pushed, pulled))
        print(f"{panel.id:<6}{panel.title[:56]:58}{next(rows):>24}{next(rows):>24}")
    assert sorted(name for name, found in pushed.items() if not found) == sorted(NOTHING)
    assert sorted(name for name, found in pulled.items() if not found) == sorted(NOTHING | PULLED)


def test_no_two_series_of_a_panel_share_a_text(servers: Servers) -> None:
    for board, panel in panels():
        if panel.kind == "table":
            continue
        texts = chosen(board, servers.pushed, "UJI")
        shown = Counter(
            legend(query.legend, labels)
            for query in panel.queries
            for labels in labels_of(servers.pushed.series(query, panel, texts))
        )
        assert [text for text, times in shown.items() if times > 1 or not text] == [], panel.id


def test_a_tile_shows_nothing_two_hours_after_the_last_reading(servers: Servers) -> None:
    later = Server("VictoriaMetrics", servers.pushed.url, servers.pushed.at_s + 7200)
    for board, panel in panels():
        if panel.kind == "stat":
            texts = chosen(board, servers.pushed, "UJI")
            for query in panel.queries:
                long = {WINDOWS.get(item.name, item.window) for item in selectors(query.expr)} & {"3h", "25h", "1d"}
                assert long or later.series(query, panel, texts) == [], panel.id


def test_both_servers_show_the_same_figures_of_the_month(servers: Servers) -> None:
    compared = 0
    for board, panel in panels():
        for i, query in enumerate(panel.queries):
            if panel.kind in {"stat", "table"} and query.expr.startswith(
                ("nadi_evaluation_", "max by (opd) (nadi_eva")
            ):
                pushed, pulled = (_figures(server, board, panel, i) for server in (servers.pushed, servers.pulled))
                assert pushed == pytest.approx(pulled, rel=2e-12), panel.id
                compared += len(pushed)
    assert compared > 50


def _figures(server: Server, board: Board, panel: Panel, place: int) -> dict[str, float]:
    found = server.series(panel.queries[place], panel, chosen(board, server, "DUKCAPIL"))
    texts = [str(sorted(labels.items())) for labels in labels_of(found)]
    return {text: float(item["value"][1]) for text, item in zip(texts, found, strict=True)}  # type: ignore[index]


def test_the_windows_of_bins_are_longer_than_the_feed_waits(servers: Servers) -> None:
    late = servers.pushed.ask("query", query="last_over_time(nadi_link_bin_valid[15m])", time=servers.pushed.at_s)
    assert late["data"]["result"] == []  # type: ignore[index]

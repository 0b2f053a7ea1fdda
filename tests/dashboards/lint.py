"""The rules of the boards (dashboards.md §4c): each returns what breaks it, by panel."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from dashboards.limits import PLAIN
from dashboards.model import Board, Column, Look, Panel, placed
from dashboards.panels import WINDOWS, comforting
from tests.dashboards.promql import grouped, selectors, words
from tests.dashboards.series import BINS, KNOWN

Rule = Callable[[Board, Sequence[Board]], Iterator[str]]

UNITS = {
    *("none", "bps", "Bps", "percentunit", "s", "bytes", "decbytes", "celsius", "volt", "watt", "pps", "cps"),
    *("currencyIDR", "dthms", "suffix: hari", "suffix: jam", "time:DD-MM-YYYY", "time:DD-MM-YYYY HH:mm"),
}
LIVE = {"rate", "increase", "deriv", "delta", "idelta"}
FORBIDDEN = {
    *("irate", "quantile", "quantile_over_time", "histogram_quantile", "vector", "predict_linear"),
    *("avg_over_time", "sum_over_time", "max_over_time", "min_over_time", "avg"),
}
ENGLISH = {
    *("status of", "link", "links", "traffic", "errors", "state", "down", "up", "memory", "usage", "backup", "host"),
    *("network", "agency", "agencies", "uptime", "download", "upload", "overview", "health", "server list", "last"),
}
REPORT = re.compile(r"^nadi_(evaluation|availability|report)_")
CORE = {"stat", "timeseries", "table", "state-timeline", "status-history", "bargauge", "row"}


def shown(board: Board) -> list[Panel]:
    """Return the panels that show something."""
    return [panel for panel in board.panels if panel.kind != "row"]


def looks(panel: Panel) -> list[Look]:
    """Return the look of a panel and of its columns."""
    return [panel.look, *(column.look for column in panel.columns)]


def identity(board: Board, boards: Sequence[Board]) -> Iterator[str]:
    """L01, L14: uid, and ids of the board's own hundred, once each."""
    number = [item.uid for item in boards].index(board.uid) + 1
    if not re.fullmatch(r"nadi-[a-z]+", board.uid):
        yield f"{board.uid}: uid"
    if not board.title.startswith(f"Nadi {number} - "):
        yield f"{board.title}: number"
    for identifier, times in Counter(panel.id for panel in board.panels).items():
        if times > 1 or identifier // 100 != number:
            yield f"{identifier}: id"


def texts(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L05, L07, L22: title, help and the text without a value, in Indonesian."""
    for title, times in Counter(panel.title for panel in shown(board)).items():
        if times > 1 or set(title.lower().replace(":", " ").split()) & ENGLISH:
            yield f"{title}: title"
    for panel in shown(board):
        if len(panel.help) < 20 or not panel.help.endswith("."):
            yield f"{panel.id}: help"
        if not panel.no_value or panel.no_value.lower() in {"no data", "n/a", "-"}:
            yield f"{panel.id}: no value"


def units(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L06: units of the list; words instead of a unit only where there is a number of a list."""
    for panel in board.panels:
        yield from (f"{panel.id}: unit {look.unit}" for look in looks(panel) if look.unit not in UNITS)


def kinds(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """Only core panels; L21: at most 25 panels and 45 queries."""
    yield from (f"{panel.id}: {panel.kind}" for panel in board.panels if panel.kind not in CORE)
    queries = sum(len(panel.queries) for panel in board.panels)
    if len(shown(board)) > 25 or queries > 45:
        yield f"{board.uid}: {len(shown(board))} panels, {queries} queries"
    yield from (f"{panel.id}: no query" for panel in shown(board) if not panel.queries)


def legends(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L09: a legend for every series that is not a row of a table; its labels are the series'."""
    for panel in shown(board):
        for query in panel.queries:
            if panel.kind != "table" and not query.legend:
                yield f"{panel.id}: legend"
            known = grouped(query.expr).union(*(_labels(item.name) for item in selectors(query.expr)))
            yield from (
                f"{panel.id}: {{{{{name}}}}}"
                for name in re.findall(r"\{\{(\w+)\}\}", query.legend)
                if name not in known
            )


def _labels(name: str) -> frozenset[str]:
    return KNOWN[name].labels if name in KNOWN else frozenset()


def functions(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L10, L11, L16: no figure of the report is computed anew; what is live says so."""
    for panel in shown(board):
        for query in panel.queries:
            used = words(query.expr)
            yield from (f"{panel.id}: {name}" for name in sorted(used & FORBIDDEN))
            named = {item.name for item in selectors(query.expr)}
            if "/" in query.expr and (named & BINS or any(REPORT.match(name) for name in named)):
                yield f"{panel.id}: divides a figure of the report"
            if used & LIVE and panel.source != "langsung":
                yield f"{panel.id}: live, but not marked so"
        live = any(words(query.expr) & LIVE for query in panel.queries)
        if panel.source == "langsung" and (not live or (panel.kind != "table" and "(langsung" not in panel.title)):
            yield f"{panel.id}: marked live"


def series(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L12: every series and every label that a query names is known."""
    queries = [(str(panel.id), query.expr) for panel in shown(board) for query in panel.queries]
    queries += [(item.name, item.query[len("label_values(") : -1].rpartition(",")[0]) for item in board.variables]
    for place, expr in queries:
        found = selectors(expr)
        if not found:
            yield f"{place}: names no series"
        for item in found:
            if item.name not in KNOWN:
                yield f"{place}: {item.name} is not known"
            else:
                wrong = {matcher.label for matcher in item.matchers} - KNOWN[item.name].labels
                yield from (f"{place}: {item.name} has no label {name}" for name in sorted(wrong))
        every = set().union(*(_labels(item.name) for item in found))
        yield from (f"{place}: no series has {name}" for name in sorted(grouped(expr) - every))


def counters(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L13: counters only inside rate and increase, gauges never; windows of rate follow the interval."""
    for panel in shown(board):
        for query in panel.queries:
            for item in selectors(query.expr):
                if item.name not in KNOWN:
                    continue
                rated = item.function in {"rate", "increase"}
                if KNOWN[item.name].counts != rated and item.name not in TOTALS:
                    yield f"{panel.id}: {item.name} is a counter: {KNOWN[item.name].counts}"
                if item.function == "rate" and item.window != "$__rate_interval":
                    yield f"{panel.id}: rate over {item.window}"


TOTALS = frozenset(
    ("nadi_generator_run_seconds_total", "nadi_collector_deltas_invalid_total", "nadi_ups_on_battery_seconds_total")
)
"""Counters that are also read as they are: hours run so far, what happened since the month began."""


def bins(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """An instant panel looks far enough back for a bin; no other series is looked back at."""
    for panel in shown(board):
        for query in panel.queries:
            for item in selectors(query.expr):
                at_once = panel.kind in {"stat", "table", "bargauge"} and item.name in WINDOWS
                if at_once != (item.function == "last_over_time" and item.window == WINDOWS.get(item.name)):
                    yield f"{panel.id}: {item.name} in an instant panel"


def zeros(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L16: who counts proves the zero."""
    for panel in shown(board):
        for query in panel.queries:
            if panel.kind == "stat" and query.expr.startswith("count(") and " or on() (0 * count(" not in query.expr:
                yield f"{panel.id}: an unproven zero"


def links(board: Board, boards: Sequence[Board]) -> Iterator[str]:
    """L17: targets exist with their variables, and the code is there to be handed on."""
    variables = {item.uid: {variable.name for variable in item.variables} for item in boards}
    for panel in shown(board):
        for look in looks(panel):
            if look.link is None:
                continue
            if look.link.board not in variables:
                yield f"{panel.id}: no board {look.link.board}"
            elif look.link.variable and look.link.variable not in variables[look.link.board]:
                yield f"{panel.id}: {look.link.board} has no {look.link.variable}"
        link = panel.look.link
        if link and link.variable and not all(f"{{{{{link.label}}}}}" in query.legend for query in panel.queries):
            yield f"{panel.id}: the series do not show {link.label}"


def columns(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """A table names its columns, each is there, and a code is a link."""
    codes = {"opd": "nadi-opd", "link": "nadi-tautan", "device": "nadi-tautan", "host": "nadi-server"}
    for panel in shown(board):
        if (panel.kind == "table") != bool(panel.columns):
            yield f"{panel.id}: columns"
        letters = {chr(ord("A") + i) for i in range(len(panel.queries))}
        labels = {name for query in panel.queries for name in grouped(query.expr)}
        for column in panel.columns:
            if column.of not in letters | labels:
                yield f"{panel.id}: no column {column.of}"
            if column.of in codes and (column.of, board.uid) != ("opd", "nadi-opd") and not _linked(column):
                yield f"{panel.id}: {column.of} is no link"
        if panel.sort and panel.sort not in {column.title for column in panel.columns}:
            yield f"{panel.id}: sorted by {panel.sort}"


def _linked(column: Column) -> bool:
    return column.look.link is not None and column.look.link.variable != ""


def layout(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L15, L19: nothing beyond the grid; the wall fits a screen without rows."""
    tall = max(place.y + panel.height for panel, place in zip(board.panels, placed(board.panels), strict=True))
    if board.wall and (tall > 28 or any(panel.kind == "row" for panel in board.panels)):
        yield f"{board.uid}: {tall} units"
    yield from (f"{panel.id}: {panel.width} wide" for panel in board.panels if not 0 < panel.width <= 24)


def states(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L18: a state has its words, and what is unknown is neither red nor green."""
    for panel in shown(board):
        if panel.kind in {"state-timeline", "status-history"} and not panel.look.states:
            yield f"{panel.id}: no words"
        for look in looks(panel):
            for word in (look.states or {}).values():
                if "tidak diketahui" in word.text.lower() and word.colour in {"red", "green"}:
                    yield f"{panel.id}: {word}"
            if look.states and look.steps != PLAIN:
                yield f"{panel.id}: words and limits at once"


def refresh(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L20: not more often than once a minute."""
    if board.refresh not in {"1m", "5m", "15m"}:
        yield f"{board.uid}: refresh {board.refresh}"


def secrets(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L23: no host, address or token."""
    for panel in board.panels:
        for text in (panel.help, *(query.expr for query in panel.queries)):
            if re.search(r"://|\b\d+\.\d+\.\d+\.\d+\b", text):
                yield f"{panel.id}: {text}"


def variables(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """L24: a variable of many values is matched as a pattern, and every variable is one of the board's."""
    many = {item.name: item.many for item in board.variables}
    for panel in shown(board):
        for query in panel.queries:
            for name in set(re.findall(r"\$(?!__)\{?(\w+)", query.expr)) - many.keys():
                yield f"{panel.id}: ${name}"
            for item in selectors(query.expr):
                for matcher in item.matchers:
                    if many.get(matcher.value.strip("${}"), False) and matcher.op not in {"=~", "!~"}:
                        yield f"{panel.id}: {matcher}"


def comfort(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """Where nothing wrong and nothing received look the same, the text says so."""
    for panel in shown(board):
        expr = re.sub(r"\{[^}]*\}", "", panel.queries[0].expr)
        filters = re.search(r"(!=|==|<|>) \(?[\d(]|nadi_finding_info|ALERTS", expr) and "bool" not in expr
        listed = panel.kind in {"table", "state-timeline", "bargauge"}
        if filters and listed and comforting("", "") not in panel.no_value:
            yield f"{panel.id}: {panel.no_value} is not known when nothing is received"
        for column in panel.columns[1:] if comforting("", "") in panel.no_value else ():
            if "B" <= column.of <= "Z" and not column.no_value:
                yield f"{panel.id}: an empty cell under {column.title} reads {panel.no_value}"


def agency(board: Board, _: Sequence[Board]) -> Iterator[str]:
    """The board that an OPD's own viewers get asks for nothing but series of one OPD."""
    if board.uid == "nadi-opd":
        for panel in shown(board):
            for query in panel.queries:
                for item in selectors(query.expr):
                    if ("opd", "=", "$opd") not in item.matchers:
                        yield f"{panel.id}: {item.name} of all OPD"


RULES: tuple[Rule, ...] = (
    *(identity, texts, units, kinds, legends, functions, series, counters, bins, zeros, links, columns, layout),
    *(states, refresh, secrets, variables, comfort, agency),
)


def faults(boards: Sequence[Board]) -> list[str]:
    """Return everything that breaks a rule."""
    return [f"{rule.__name__}: {fault}" for board in boards for rule in RULES for fault in rule(board, boards)]

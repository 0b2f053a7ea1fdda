"""What a board is made of: queries, the look of values, panels, boards (pure data, no Grafana types)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dashboards.limits import PLAIN, States, Steps

Kind = Literal["row", "stat", "timeseries", "table", "state-timeline", "status-history", "bargauge"]
Source = Literal["turunan", "mentah", "langsung"]
"""Derived by the collector as in the report; the newest raw reading; ``rate()`` and the like over raw counters."""

Cell = Literal["text", "background", "gauge"]


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and the text of its series in a legend; in a table the series are rows."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A drill-down: the board's uid and the variable that gets the object's code.

    ``label`` names the series' label that holds the code; in a table the cell's own text is it.
    Without a variable the link opens the board alone.
    """

    board: str
    variable: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How values are shown: unit (Grafana's id), colours, words for numbers, decimals, scale, link."""

    unit: str = "none"
    steps: Steps = PLAIN
    states: States | None = None
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    link: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: ``of`` is a label's name or the letter of a query (A is the first).

    ``no_value`` says what an empty cell means where it is not what an empty panel means; ``words`` stand for codes.
    """

    of: str
    title: str
    look: Look = Look()
    cell: Cell = "text"
    no_value: str = ""
    words: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel; ``id`` is board number times 100 and a number that never changes, sizes are grid units.

    ``mirror`` centres the axis on zero for a second direction drawn downwards; ``dashed`` names such series.
    """

    id: int
    kind: Kind
    title: str
    width: int = 24
    height: int = 1
    help: str = ""
    source: Source = "turunan"
    queries: tuple[Query, ...] = ()
    look: Look = Look()
    no_value: str = ""
    columns: tuple[Column, ...] = ()
    sort: str = ""
    mirror: bool = False
    dashed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice above the panels, filled by a query; ``all_value`` "" makes "Semua" the list of what is offered."""

    name: str
    label: str
    query: str
    many: bool = True
    all_value: str = ".*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard; ``wall`` boards have no rows and fit a screen of 28 units."""

    uid: str
    title: str
    purpose: str
    span: str
    refresh: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
    wall: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel stands on the grid of 24 columns."""

    x: int
    y: int


def placed(panels: tuple[Panel, ...]) -> tuple[Place, ...]:
    """Lay panels out from left to right; a line is as high as its highest panel."""
    places, x, y, tall = [], 0, 0, 0
    for panel in panels:
        if x + panel.width > 24:
            x, y, tall = 0, y + tall, 0
        places.append(Place(x, y))
        x, tall = x + panel.width, max(tall, panel.height)
    return tuple(places)

"""Short forms for what boards say often: expressions, drill-downs, panels."""

from __future__ import annotations

from dashboards.limits import PLAIN, States, Steps
from dashboards.model import Column, Link, Look, Panel, Query, Source

WINDOW = "30m"
"""The feed sends bins 15.5 to 20.5 minutes after their end: a shorter window would show nothing most of the time."""

TO_AGENCY, TO_LINK = Link("nadi-opd", "opd", "opd"), Link("nadi-tautan", "link", "link")
TO_DEVICE, TO_HOST = Link("nadi-tautan", "device", "device"), Link("nadi-server", "host", "host")
TO_UPS, TO_SERVER = Link("nadi-daya", "ups", "ups"), Link("nadi-cadangan", "server", "server")
TO_AGENT = Link("nadi-kesehatan", "agent", "agent")
TO_LINKS, TO_POWER, TO_COPIES = Link("nadi-tautan"), Link("nadi-daya"), Link("nadi-cadangan")
TO_OUTAGES, TO_HEALTH, TO_EVALUATION = Link("nadi-gangguan"), Link("nadi-kesehatan"), Link("nadi-evaluasi")


def latest(series: str) -> str:
    """Return the newest bin of a bin series, for instant panels."""
    return f"last_over_time({series}[{WINDOW}])"


def proven(bad: str, all_of: str) -> str:
    """Count what is bad; 0 only while the series exist at all, else nothing (dashboards.md §0.3)."""
    return f"count({bad}) or on() (0 * count({all_of}))"


def counted(series: str, condition: str) -> str:
    """Count the series that meet a condition, with a proven zero."""
    return proven(f"{series} {condition}", series)


def row(number: int, title: str) -> Panel:
    """Return the heading of a group of panels."""
    return Panel(id=number, kind="row", title=title)


def tile(
    number: int,
    title: str,
    expr: str,
    *,
    help: str,
    no_value: str,
    steps: Steps = PLAIN,
    to: Link | None = None,
    size: tuple[int, int] = (4, 4),
    source: Source = "turunan",
) -> Panel:
    """Return a stat that counts."""
    look = Look(steps=steps, link=to)
    queries = (Query(expr, title),)
    width, height = size
    return Panel(
        id=number,
        kind="stat",
        title=title,
        width=width,
        height=height,
        help=help,
        source=source,
        queries=queries,
        look=look,
        no_value=no_value,
    )


def label(name: str, title: str, link: Link | None = None) -> Column:
    """Return a column that shows a label; a code is a link."""
    return Column(of=name, title=title, look=Look(link=link))


def value(
    query: str,
    title: str,
    *,
    unit: str = "none",
    steps: Steps = PLAIN,
    states: States | None = None,
    decimals: int | None = None,
) -> Column:
    """Return a column that shows the values of a query."""
    return Column(of=query, title=title, look=Look(unit=unit, steps=steps, states=states, decimals=decimals))

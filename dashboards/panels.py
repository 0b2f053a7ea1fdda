"""Short forms for what boards say often: expressions, drill-downs, panels."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.limits import PLAIN, States, Steps
from dashboards.model import Column, Link, Look, Panel, Query, Source

_BIN, _SLOW, _DAILY = "30m", "3h", "25h"
"""How far an instant panel looks back: the feed sends bins 15.5 to 20.5 minutes after their end; what agents ask
seldom comes seldom. The collector holds slow values for as long (``collector/newest.py``)."""

WINDOWS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("nadi_link_rate_bits_per_second", "nadi_link_utilization_ratio", "nadi_link_bin_valid"),
            *("nadi_opd_rate_bits_per_second", "nadi_opd_utilization_ratio", "nadi_capacity_rate_bits_per_second"),
            *("nadi_environment_temperature_celsius", "nadi_environment_humidity_ratio"),
        ),
        _BIN,
    ),
    **dict.fromkeys(
        (
            *("nadi_host_antivirus_signature_age_seconds", "nadi_host_removable_storage"),
            *("nadi_host_public_listeners", "nadi_host_pending_security_updates", "nadi_host_disk_healthy"),
            *("nadi_host_boot_time_seconds", "nadi_host_clock_offset_seconds", "nadi_host_reboot_required"),
        ),
        _SLOW,
    ),
    **dict.fromkeys(("nadi_tape_alerts", "nadi_tape_cleaning_required", "nadi_tape_media_worn"), _DAILY),
}
"""Series whose newest sample may be older than the five minutes that an instant query looks back by itself."""

TO_AGENCY, TO_LINK = Link("nadi-opd", "opd", "opd"), Link("nadi-tautan", "link", "link")
TO_DEVICE, TO_HOST = Link("nadi-tautan", "device", "device"), Link("nadi-server", "host", "host")
TO_UPS, TO_SERVER = Link("nadi-daya", "ups", "ups"), Link("nadi-cadangan", "server", "server")
TO_AGENT = Link("nadi-kesehatan", "agent", "agent")
TO_LINKS, TO_POWER, TO_COPIES = Link("nadi-tautan"), Link("nadi-daya"), Link("nadi-cadangan")
TO_OUTAGES, TO_HEALTH, TO_EVALUATION = Link("nadi-gangguan"), Link("nadi-kesehatan"), Link("nadi-evaluasi")


def latest(series: str) -> str:
    """Return the newest sample of a series that comes seldom, for instant panels."""
    return f"last_over_time({series}[{WINDOWS[series.partition('{')[0]]}])"


def proven(bad: str, all_of: str) -> str:
    """Count what is bad; 0 only while the series exist at all, else nothing (dashboards.md §0.3)."""
    return f"count({bad}) or on() (0 * count({all_of}))"


def counted(series: str, condition: str) -> str:
    """Count the series that meet a condition, with a proven zero."""
    return proven(f"{series} {condition}", series)


def comforting(text: str, tile: str = "Umur data") -> str:
    """Say that nothing is wrong where an empty panel means it, and that silence looks the same: ``tile`` tells it."""
    return f"{text}, atau data tidak diterima: lihat {tile}"


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


def label(name: str, title: str, link: Link | None = None, *, words: Mapping[str, str] | None = None) -> Column:
    """Return a column that shows a label; a code is a link."""
    return Column(of=name, title=title, look=Look(link=link), words=words)


def value(
    query: str,
    title: str,
    *,
    unit: str = "none",
    steps: Steps = PLAIN,
    states: States | None = None,
    decimals: int | None = None,
    no_value: str = "",
) -> Column:
    """Return a column that shows the values of a query."""
    look = Look(unit=unit, steps=steps, states=states, decimals=decimals)
    return Column(of=query, title=title, look=look, no_value=no_value)

"""What series the boards may name, with their labels and whether they count."""

from __future__ import annotations

from typing import NamedTuple

from agent.catalogue import RAW
from collector.feeds.derived import DERIVED


class Known(NamedTuple):
    """The labels that a series may have, and whether it is a counter."""

    labels: frozenset[str]
    counts: bool


def _known() -> dict[str, Known]:
    found = {
        f"{measurement.name}_{name}": Known(measurement.tags, field.kind == "counter")
        for measurement in RAW.values()
        for name, field in measurement.fields.items()
    }
    found |= {name: Known(frozenset(series.labels), series.kind == "counter") for name, series in DERIVED.items()}
    found["ALERTS"] = Known(frozenset(("alertname", "alertstate", "severity", "opd", "link", "device")), False)
    return found


KNOWN = _known()

BINS = frozenset(
    (
        *("nadi_link_rate_bits_per_second", "nadi_link_utilization_ratio", "nadi_link_bin_valid"),
        *("nadi_opd_rate_bits_per_second", "nadi_opd_utilization_ratio", "nadi_capacity_rate_bits_per_second"),
    )
)
"""Written once in five minutes (``collector/feeds/feed.py`` BIN_SERIES)."""

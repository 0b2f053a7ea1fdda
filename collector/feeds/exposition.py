"""The collector's state as Prometheus text: the only door to prometheus_client.

Nothing is kept between scrapes: each scrape writes down the facts of that moment. What is unknown is absent,
never zero. Label values are registered codes and closed lists, so the number of series is bounded by the register.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.catalogue import RAW
from collector.feeds.derived import DERIVED, RAW_HELP, Labels, Number, Series
from collector.feeds.moment import Facts, written

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Point = tuple[Labels, Number | None]


def exposition(facts: Facts) -> bytes:
    """Return the facts in Prometheus text format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(facts))
    return generate_latest(registry)


class _Scrape(Collector):
    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        facts = self._facts
        yield from _raw(facts)
        points: dict[str, list[Point]] = {name: [] for name in DERIVED}
        for name, labels, value in written(facts):
            points[name].append((labels, value))
        for name, found in points.items():
            yield from _family(DERIVED[name], found)


def _family(series: Series, points: Iterable[Point]) -> Iterator[Metric]:
    kind = GaugeMetricFamily if series.kind == "gauge" else CounterMetricFamily
    family = kind(series.name, series.help, labels=series.labels)
    for labels, value in points:
        if value is not None:
            family.add_metric(labels, float(value))
    if family.samples:
        yield family


def _raw(facts: Facts) -> Iterator[Metric]:
    """Write the newest reading of everything registered, and what each registered agent told of itself."""
    newest = {measurement: list(_newest(facts, measurement)) for measurement in _OBJECTS}
    for (measurement, field), text in RAW_HELP.items():
        counts = RAW[measurement].fields[field].kind == "counter"
        name, labels = f"{measurement}_{field}", _OBJECTS[measurement]
        series = Series(name, "counter" if counts else "gauge", labels, text)
        yield from _family(series, ((item, fields.get(field)) for item, fields in newest[measurement]))


_OBJECTS: Mapping[str, Labels] = {
    "nadi_interface": ("device", "interface"),
    "nadi_agent": ("agent",),
    "nadi_device": ("device",),
    "nadi_ups": ("ups",),
    "nadi_ats": ("ats",),
    "nadi_environment": ("device", "sensor"),
}
"""The labels of raw series: what names their object."""


def _newest(facts: Facts, measurement: str) -> Iterator[tuple[Labels, Mapping[str, int | float]]]:
    """Give the fields that are of now by the labels of their object; per-phase values have no series."""
    snapshot = facts.snapshot
    if measurement == "nadi_interface":
        seen = (*snapshot.links, *snapshot.seconds)
        ports = {(item.link.device, item.link.interface): item.fields[0] for item in seen if item.link.interface}
        yield from sorted(ports.items(), key=lambda item: item[0])
    elif measurement == "nadi_agent":
        known = [(agent.name, snapshot.senders.get(agent.name)) for agent in facts.agents]
        yield from (((name,), sender.fields) for name, sender in known if sender)
    else:
        for item in snapshot.power.latest:
            if item.measurement == measurement and set(item.tags) == set(_OBJECTS[measurement][1:]):
                yield (item.device.code, *item.tags.values()), item.fields

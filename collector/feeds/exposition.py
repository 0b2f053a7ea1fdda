"""The collector's state as Prometheus text, format 0.0.4.

Nothing is kept between scrapes: each scrape writes down the facts of that moment. What is unknown is absent,
never zero. Label values are registered codes, closed lists, or names of which a device may have so many
(``collector/newest.py``), so the number of series is bounded by the register.

The samples of the region are written here and not by prometheus_client, which takes 7 microseconds a sample (0.26; this
takes 1.5): a scrape of 500 agencies would cost the collector a third of a second. That library tells of the collector's
own process (``process_*``), and its parser reads all of it back in the tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from agent.catalogue import RAW
from collector.feeds.derived import DERIVED, Series
from collector.feeds.moment import Facts, written
from collector.feeds.raw_help import RAW_HELP
from collector.newest import Latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_WITHOUT_PHASES = frozenset(("nadi_ups", "nadi_ats"))
"""Their values of single phases have no series: beside those of the whole they would be counted twice."""

Fields = Mapping[str, int | float]


@lru_cache(maxsize=1 << 16)
def _quoted(text: str) -> str:
    return text.translate(_ESCAPES)


def exposition(facts: Facts) -> bytes:
    """Return the facts in Prometheus text format 0.0.4."""
    return "".join([*_raw(facts), *_derived(facts)]).encode() + generate_latest(_process())


@cache
def _process() -> CollectorRegistry:
    """Return what tells of this process: memory, processor time, open files, start."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    return registry


def _head(name: str, kind: str, text: str) -> str:
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"


# --- derived series ---


def _derived(facts: Facts) -> Iterator[str]:
    # Lines and not samples are kept: so many tuples would set off the garbage collector in the middle of a scrape.
    lines: dict[str, list[str]] = {name: [] for name in DERIVED}
    for name, labels, value in written(facts):
        if value is not None:
            form, order = _FORMS[name]
            lines[name].append(form % (*[_quoted(labels[i]) for i in order], float(value)))
    for name, found in lines.items():
        if found:
            yield _head(name, DERIVED[name].kind, DERIVED[name].help)
            yield from found


def _form(series: Series) -> tuple[str, tuple[int, ...]]:
    """Return the form of a series' lines, and the order (by name) in which its labels stand there."""
    order = tuple(sorted(range(len(series.labels)), key=series.labels.__getitem__))
    labelled = ",".join(f'{series.labels[i]}="%s"' for i in order)
    return f"{series.name}{{{labelled}}} %r\n" if order else f"{series.name} %r\n", order


_FORMS = {name: _form(series) for name, series in DERIVED.items()}


# --- raw series: the newest reading of everything registered ---


def _raw(facts: Facts) -> Iterator[str]:
    latest: defaultdict[str, list[Latest]] = defaultdict(list)
    for item in facts.snapshot.power.latest:
        if not (item.tags and item.measurement in _WITHOUT_PHASES):
            latest[item.measurement].append(item)
    for measurement, texts in RAW_HELP.items():
        found: dict[str, list[str]] = {field: [] for field in texts}
        for labels, fields in _newest(facts, measurement, latest[measurement]):
            where = ",".join([f'{name}="{_quoted(value)}"' for name, value in sorted(labels.items())])
            for field, value in fields.items():
                if field in found:
                    found[field].append(f"{measurement}_{field}{{{where}}} {float(value)!r}\n")
        for field, lines in found.items():
            if lines:
                kind = "counter" if RAW[measurement].fields[field].kind == "counter" else "gauge"
                yield _head(f"{measurement}_{field}", kind, texts[field])
                yield from lines


def _newest(facts: Facts, measurement: str, latest: Iterable[Latest]) -> Iterator[tuple[Mapping[str, str], Fields]]:
    """Give the fields that are of now by their labels; an agent's are what it told of itself."""
    snapshot = facts.snapshot
    if measurement == "nadi_interface":
        seen = [item for item in (*snapshot.links, *snapshot.seconds) if item.link.interface]
        ports = {(item.link.device, item.link.interface): item.fields[0] for item in seen}
        for (device, interface), fields in sorted(ports.items()):
            yield {"device": device, "interface": interface}, fields
    elif measurement == "nadi_agent":
        for agent in facts.agents:
            if agent.name in snapshot.senders:
                yield {"agent": agent.name}, snapshot.senders[agent.name].fields
    else:
        identity = RAW[measurement].identity
        for item in latest:
            yield {identity: item.device.code, **item.tags}, item.fields

"""Checks across the tables of an inventory document: keys, references, overlaps. Pure; problems come as pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from collector.inventory import Allocation, Link
from collector.register.spans import Declared, Key, by_subject, declared_end, key_of, own_end

AnyKey = str | Key
Problem = tuple[str, str]
"""Path of the table in the document, and what is wrong with the mend."""


@dataclass(frozen=True, slots=True)
class Row:
    """A table at ``path`` of the document; ``item`` is None where the table itself is wrong (``key`` None: no key)."""

    path: str
    key: AnyKey | None
    item: Any


def key(item: Any) -> AnyKey:
    """Return what identifies an object of the inventory among its kind."""
    if isinstance(item, Declared):
        return key_of(item.record)
    code: str = item.code
    return code


def problems(rows: Mapping[str, Sequence[Row]]) -> Iterator[Problem]:
    """Yield every problem across the tables; ``rows`` holds each kind of table."""
    for kind in rows:
        yield from _repeated(kind, rows[kind])
    codes = {kind: {_code(row.key) for row in rows[kind]} for kind in rows}
    yield from _references("opd", rows["opd"], codes, site="site")
    yield from _references("device", rows["device"], codes, site="site")
    yield from _references("link", rows["link"], codes, opd="opd", device="device", contract="contract", same_as="link")
    yield from _references("allocation", rows["allocation"], codes, opd="opd")
    yield from _data_centre(rows, codes)
    links = [row for row in rows["link"] if row.item]
    yield from _probes(links, codes["device"])
    yield from _shared_counters(links)
    yield from _other_ends(links)
    for kind in ("contract", "allocation"):
        good = [row for row in rows[kind] if row.item]
        yield from _ends(good)
        yield from _overlaps(good)


def _code(key: AnyKey | None) -> str | None:
    return key[0] if isinstance(key, tuple) else key


def _repeated(kind: str, rows: Iterable[Row]) -> Iterator[Problem]:
    seen: set[AnyKey] = set()
    for row in rows:
        if row.key is None:
            continue
        if row.key in seen:
            name = row.key if isinstance(row.key, str) else f"{row.key[0]} {row.key[1]}"
            what = "each needs its own code" if isinstance(row.key, str) else "each needs its own number and valid_from"
            if kind in ("server", "ups"):
                what = "one entry a device: put both into one"
            yield row.path, f"{kind} {name!r} is there twice; {what}"
        seen.add(row.key)


def _references(
    kind: str, rows: Iterable[Row], codes: Mapping[str, set[str | None]], **columns: str
) -> Iterator[Problem]:
    for row in rows:
        record = row.item.record if isinstance(row.item, Declared) else row.item
        for column, target in columns.items() if record else ():
            value = getattr(record, column)
            if value and value not in codes[target]:
                yield f"{row.path}.{column}", f"there is no [[{target}]] {value!r}; add it or correct the {kind}"


def _data_centre(rows: Mapping[str, Sequence[Row]], codes: Mapping[str, set[str | None]]) -> Iterator[Problem]:
    yield from _references("server", rows["server"], codes, device="device", opd="opd")
    yield from _references("ups", rows["ups"], codes, device="device", generator="generator")
    yield from _references("generator", rows["generator"], codes, device="device", ats="device")
    yield from _references("backup", rows["backup"], codes, server="server", device="device")
    kinds = {row.item.code: row.item.kind for row in rows["device"] if row.item}
    for kind, column, wanted in _DEVICE_KINDS:
        for row in rows[kind]:
            found = kinds.get(getattr(row.item, column)) if row.item else None
            if found is not None and found != wanted:
                what = f'device {getattr(row.item, column)!r} is of kind "{found}", not "{wanted}"; correct one of them'
                yield f"{row.path}.{column}", what
    for row in rows["server"]:
        for code in row.item.ups if row.item else ():
            if code not in codes["device"]:
                yield f"{row.path}.ups", f"there is no [[device]] {code!r}; add it or correct the server"
            elif kinds.get(code, "ups") != "ups":
                yield f"{row.path}.ups", f'device {code!r} is of kind "{kinds[code]}", not "ups"; correct one of them'
    yield from _shared("generator", rows["generator"], lambda item: (item.device,) if item.device else None)
    yield from _shared("generator", rows["generator"], lambda item: (item.ats,) if item.ats else None)
    yield from _shared("backup", rows["backup"], lambda item: (item.device, item.job, item.engine))


_DEVICE_KINDS = (
    ("server", "device", "server"),
    ("ups", "device", "ups"),
    ("generator", "device", "generator"),
    ("generator", "ats", "ats"),
)
"""Which kind of device an entry's column names."""


def _shared(kind: str, rows: Iterable[Row], told_by: Callable[[Any], tuple[str, ...] | None]) -> Iterator[Problem]:
    """Yield entries that are told of by the same readings."""
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        source = told_by(row.item) if row.item else None
        if source is None:
            continue
        if source in seen and seen[source] != row.item.code:
            yield row.path, f"{kind} {seen[source]!r} is read from {' '.join(source)} too; keep one of them"
        seen[source] = row.item.code


def _probes(rows: Iterable[Row], devices: set[str | None]) -> Iterator[Problem]:
    """Yield probes of a device that is not there; a probe goes through one line, but both its ends may name it."""
    seen: dict[str, Link] = {}
    for row in rows:
        link: Link = row.item
        device = link.probe.partition("/")[0]
        if not device:
            continue
        if device not in devices:
            yield f"{row.path}.probe", f"there is no [[device]] {device!r}; add it or correct the link"
        other = seen.setdefault(link.probe, link)
        apart = other.active_to is not None and other.active_to <= link.active_from
        if other is not link and not apart and other.code != link.same_as and other.same_as != link.code:
            yield f"{row.path}.probe", f"link {other.code!r} has this probe too; a probe goes through one line"


def _shared_counters(rows: Iterable[Row]) -> Iterator[Problem]:
    """Yield links that read one interface or queue at one time: its octets would count twice."""
    by_counter: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        link: Link = row.item
        if link.active_to is None or link.active_to > link.active_from:
            for key in {(link.device, counter.measurement, counter.object) for counter in link.counters}:
                by_counter[key].append(row)
    for (device, measurement, name), sharing in by_counter.items():
        ordered = sorted(sharing, key=lambda row: (row.item.active_from, row.item.code))
        for before, after in pairwise(ordered):
            end = before.item.active_to
            if end is None or end > after.item.active_from:
                kind = measurement.removeprefix("nadi_")
                yield (
                    f"{after.path}.{'queue_unduh' if kind == 'queue_tree' else kind}",
                    f"{device} {name!r} already is link {before.item.code!r} at that time; "
                    f"one {kind.replace('_', ' ')} feeds one link: end the earlier with active_to",
                )


def _other_ends(rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield ``same_as`` that does not name the other end of a line of the same OPD."""
    links: dict[str, Link] = {row.item.code: row.item for row in rows}
    for row in rows:
        link: Link = row.item
        other = links.get(link.same_as or "")
        if other is None:
            continue
        if (other.opd, other.role) != (link.opd, link.role):
            yield f"{row.path}.same_as", f"link {other.code!r} is not a line of {link.opd}; both ends are of one OPD"
        elif other.vantage == link.vantage:
            yield (
                f"{row.path}.same_as",
                f'link {other.code!r} is seen at the same end (vantage = "{link.vantage}"); one is "opd", one "noc"',
            )
        elif other.device == link.device:
            yield f"{row.path}.same_as", f"both are measured by {link.device}: one device does not check itself"


def _ends(rows: Iterable[Row]) -> Iterator[Problem]:
    for row in rows:
        start, end, revoked = key_of(row.item.record)[2], declared_end(row.item.record), row.item.revoked
        if end is not None and end <= start:
            yield f"{row.path}.valid_to", "must be later than valid_from (it is the first day no longer covered)"
        if revoked is not None and revoked.at_ns < start:
            yield f"{row.path}.revoked", "is before valid_from; what never came into force is revoked at valid_from"
        if revoked is not None and end is not None and revoked.at_ns >= end:
            yield f"{row.path}.revoked", "is not before valid_to: the record ends by itself"


def _overlaps(rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield records which would end an earlier one although they are not later decisions."""
    paths = {row.key: row.path for row in rows}
    for subject, records in by_subject([row.item for row in rows]).items():
        for before, after in pairwise(records):
            earlier, later = before.record, after.record
            end, start = own_end(before), key_of(later)[2]
            if end is not None and end <= start:
                continue
            place = f"{paths[key_of(later)]}.valid_from"
            if start == key_of(earlier)[2]:
                yield (
                    place,
                    f"{subject}: {key_of(earlier)[1]!r} begins at the same time; revoke one of them at its valid_from",
                )
            elif isinstance(earlier, Allocation) and earlier.decision_date > later.decision_date:
                yield (
                    place,
                    f"{subject}: overlaps {earlier.decision_number!r}, a later decision ({earlier.decision_date}), "
                    "and cannot shorten it: give the one a valid_to or revoke the other",
                )

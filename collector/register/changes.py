"""What applying an inventory document changes, and what it must not change. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from itertools import zip_longest
from typing import Any, Literal

from agent.clock import Zone
from collector.inventory import Backup, Link, Server, Ups
from collector.register.checks import AnyKey, key
from collector.register.document import Document
from collector.register.spans import Declared, key_of, resolve

KINDS = ("site", "opd", "device", "contract", "link", "allocation", "server", "ups", "generator", "backup")
Action = Literal["added", "changed", "retired"]
_MEASURED = (
    *("opd", "device", "interface", "queue", "queue_unduh", "queue_unggah"),
    *("unduh", "vantage", "same_as", "role", "port_bps"),
)
_TIMES = {"active_from", "active_to", "valid_from", "valid_to", "valid_from_ns", "valid_to_ns", "at_ns"}


@dataclass(frozen=True, slots=True)
class Change:
    """One object added, changed or retired (taken out, closed or revoked); ``detail`` says how."""

    kind: str
    action: Action
    name: str
    detail: str

    def __str__(self) -> str:
        return f"{self.action:<9}{self.kind:<11}{self.name}{': ' if self.detail else ''}{self.detail}"


@dataclass(frozen=True, slots=True)
class Changes:
    """All changes from the revision before; ``revision`` is the number they make (unchanged where there are none).

    ``notes`` are consequences which nobody typed: ends brought forward, times without an allocation.
    """

    revision: int
    items: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items)

    def __str__(self) -> str:
        return "\n".join([*map(str, self.items), *(f"note     {note}" for note in self.notes)] or ["no changes"])

    def count(self, action: Action) -> int:
        """Return how many objects were added, changed or retired."""
        return sum(item.action == action for item in self.items)


def compare(before: Document, after: Document, *, last: int, zone: Zone) -> Changes:
    """Return what ``after`` changes in the registered document ``before``, which is revision ``last``."""
    items = tuple(change for kind in KINDS for change in _changes(kind, before, after, zone))
    known = set(_gaps(before, zone))
    gaps = (note for note in _gaps(after, zone) if note not in known)
    return Changes(last + bool(items), items, (*_new_ends(before, after, zone), *_read_anew(before, after), *gaps))


def refusals(before: Document, after: Document, *, zone: Zone) -> Iterator[str]:
    """Yield why ``after`` must not follow ``before``: what was determined or measured is never rewritten."""
    for kind in ("contract", "allocation"):
        there = _by_key(after, kind)
        for old in getattr(before, kind):
            for what in _rewritten(old, there.get(key(old)), zone):
                yield after.problem(kind, key(old), f"{kind} {_name(old, zone)} {what}")
    there = _by_key(after, "link")
    for link in before.link:
        if link.code not in there:
            what = "is registered and left out; its past months need it: put it back, and close it with active_to"
            yield after.problem("link", link.code, f"link {link.code} {what}")


def _rewritten(old: Declared[Any], new: Declared[Any] | None, zone: Zone) -> Iterator[str]:
    if new is None:
        yield (
            "is registered and left out; put it back: it ends by a later one, "
            'or by revoked = { number = "...", date = ... }'
        )
        return
    if new.record != old.record:
        yield (
            f"is registered with other values ({_differences(old.record, new.record, zone)}); "
            "a determination is never rewritten: record a new one with its own number"
        )
    if old.revoked is not None and new.revoked != old.revoked:
        yield (
            f"is registered as revoked by {old.revoked.number} on {_shown('at_ns', old.revoked.at_ns, zone)}; "
            "a revocation is never rewritten: put it back, and record a new one with its own number"
        )


def _by_key(document: Document, kind: str) -> dict[AnyKey, Any]:
    return {key(item): item for item in getattr(document, kind)}


def _changes(kind: str, before: Document, after: Document, zone: Zone) -> Iterator[Change]:
    old, new = _by_key(before, kind), _by_key(after, kind)
    for code in sorted(old.keys() | new.keys(), key=lambda code: code if isinstance(code, tuple) else (code,)):
        if code not in old:
            yield Change(kind, "added", _name(new[code], zone), _values(new[code]))
        elif code not in new:
            yield Change(kind, "retired", _name(old[code], zone), "")
        elif old[code] != new[code]:
            yield _changed(kind, old[code], new[code], zone)


def _changed(kind: str, old: Any, new: Any, zone: Zone) -> Change:
    if isinstance(new, Declared):
        at = f"revoked by {new.revoked.number} on {_shown('at_ns', new.revoked.at_ns, zone)}" if new.revoked else ""
        return Change(kind, "retired", _name(new, zone), at)
    closed = isinstance(new, Link) and old.active_to is None and new.active_to is not None
    return Change(kind, "retired" if closed else "changed", _name(new, zone), _differences(old, new, zone))


def _new_ends(before: Document, after: Document, zone: Zone) -> Iterator[str]:
    for kind, column in (("contract", "valid_to"), ("allocation", "valid_to_ns")):
        old = {key_of(item): getattr(item, column) for item in resolve(getattr(before, kind))}
        for item in resolve(getattr(after, kind)):
            end = getattr(item, column)
            if old.get(key_of(item), end) != end:
                yield f"{kind} {_name(Declared(item), zone)} now ends on {_shown(column, end, zone)}"


def _read_anew(before: Document, after: Document) -> Iterator[str]:
    there = _by_key(after, "link")
    for old in before.link:
        new = there.get(old.code, old)
        if any(getattr(old, name) != getattr(new, name) for name in _MEASURED):
            yield (
                f"link {old.code}: all its past is read anew with these values; "
                "if the line was moved instead, close the link and add another"
            )


def _gaps(document: Document, zone: Zone) -> Iterator[str]:
    """Yield the times without an allocation between and after an OPD's allocations."""
    items = resolve(document.allocation)
    for item, after in zip_longest(items, items[1:]):
        following = after.valid_from_ns if after is not None and after.opd == item.opd else None
        if item.valid_to_ns is not None and item.valid_to_ns != following:
            until = f"to {_shown('valid_to_ns', following, zone)}" if following is not None else "on"
            yield f"opd {item.opd} has no allocation from {_shown('valid_to_ns', item.valid_to_ns, zone)} {until}"


def _name(item: Any, zone: Zone) -> str:
    if isinstance(item, Declared):
        subject, number, start = key_of(item.record)
        return f"{subject} {number} from {_shown('valid_from', start, zone)}"
    code: str = item.code
    return code


def _values(item: Any) -> str:
    if isinstance(item, Declared):
        return f"down {_mbps(item.record.down_bps)} Mbps, up {_mbps(item.record.up_bps)} Mbps"
    if isinstance(item, Link):
        return f"{item.opd or item.role} at {item.device} {item.point}"
    if isinstance(item, Server):
        return " ".join((item.role, *item.ups))
    if isinstance(item, Ups):
        return item.generator
    if isinstance(item, Backup):
        return f"{item.engine} {item.job} of {item.server}"
    name: str = item.name
    return name


def _differences(old: Any, new: Any, zone: Zone) -> str:
    before, after = asdict(old), asdict(new)
    return ", ".join(
        f"{name} {_shown(name, before[name], zone)} -> {_shown(name, after[name], zone)}"
        for name in before
        if before[name] != after[name]
    )


def _shown(name: str, value: Any, zone: Zone) -> str:
    if value is None or value == "":
        return "none"
    if name in _TIMES:
        local = zone.local(value)
        return f"{local:%Y-%m-%d}" if (local.hour, local.minute) == (0, 0) else f"{local:%Y-%m-%dT%H:%M}"
    if name.endswith("_bps"):
        return f"{_mbps(value)} Mbps"
    if isinstance(value, tuple):
        return " ".join(value) or "none"
    return value.isoformat() if isinstance(value, date) else str(value)


def _mbps(bps: int) -> str:
    whole, part = divmod(bps, 10**6)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".") if part else str(whole)

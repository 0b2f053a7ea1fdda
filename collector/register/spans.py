"""Dated records of one subject (an OPD's allocations, a service's contracts) and the spans in which they hold.

A record is never rewritten. It ends at the earliest of: its own declared end, the start of the next record of
the same subject, and its revocation. So the spans of a subject never overlap; they may leave gaps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from collector.inventory import Allocation, Contract

R = TypeVar("R", Contract, Allocation)
Key = tuple[str, str, int]
"""Subject (OPD or contract code), number of the decision or contract, start in UTC ns: what makes a record itself."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """A record withdrawn: the number of the paper that does so, and the UTC ns from which it no longer holds."""

    number: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Declared(Generic[R]):
    """A record as its paper has it, and its revocation if there is one."""

    record: R
    revoked: Revoked | None = None


def key_of(record: Contract | Allocation) -> Key:
    """Return what identifies a record."""
    if isinstance(record, Contract):
        return record.code, record.number, record.valid_from
    return record.opd, record.decision_number, record.valid_from_ns


def declared_end(record: Contract | Allocation) -> int | None:
    """Return the end that the paper itself gives (UTC ns, exclusive), or None."""
    return record.valid_to if isinstance(record, Contract) else record.valid_to_ns


def own_end(item: Declared[R]) -> int | None:
    """Return the end without regard to later records: declared or by revocation, whichever is earlier."""
    ends = [declared_end(item.record), item.revoked.at_ns if item.revoked else None]
    return min((end for end in ends if end is not None), default=None)


def by_subject(items: Iterable[Declared[R]]) -> dict[str, list[Declared[R]]]:
    """Return the records that were ever in force, by subject, in order of start."""
    found: defaultdict[str, list[Declared[R]]] = defaultdict(list)
    for item in sorted(items, key=lambda item: (key_of(item.record)[2], key_of(item.record))):
        end = own_end(item)
        if end is None or end > key_of(item.record)[2]:
            found[key_of(item.record)[0]].append(item)
    return found


def resolve(items: Iterable[Declared[R]]) -> tuple[R, ...]:
    """Return the records with their true ends, by subject and start; those never in force are left out."""
    resolved: list[R] = []
    groups = by_subject(items)
    for subject in sorted(groups):
        records: list[Declared[R]] = groups[subject]
        following: list[int | None] = [*(key_of(item.record)[2] for item in records[1:]), None]
        for item, start in zip(records, following, strict=True):
            ends = [end for end in (own_end(item), start) if end is not None]
            resolved.append(_ending(item.record, min(ends, default=None)))
    return tuple(resolved)


def _ending(record: R, end_ns: int | None) -> R:
    if isinstance(record, Contract):
        return replace(record, valid_to=end_ns)
    return replace(record, valid_to_ns=end_ns)

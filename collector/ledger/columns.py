"""Readings of one series as columns of numbers: the form in which days are sealed, read and evaluated.

A series is one measurement with its tags, of one device, from one source (an agent, or ``token:NAME`` for a
write token). Nothing is lost on the way from the journal's lines: every field, which fields were there, the
times as sent, the clock's correction and flags, and the boot that each reading belongs to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.envelope import canonical
from agent.reading import series_key
from collector.inventory import Counter

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Series(NamedTuple):
    """Whose readings: source, device, and the series key ``measurement,tag=value,...``."""

    source: str
    device: str
    key: str

    def __str__(self) -> str:
        return f"{self.key} of {self.device} from {self.source}"


def interface_series(*, source: str, device: str, interface: str) -> Series:
    """Name the series of an interface's counters."""
    return Series(source, device, series_key("nadi_interface", (("device", device), ("interface", interface))))


def counter_series(counter: Counter, *, source: str, device: str) -> Series:
    """Name the series that holds a counter of an interface or of a queue."""
    tag = "interface" if counter.measurement == "nadi_interface" else "queue"
    return Series(source, device, series_key(counter.measurement, (("device", device), (tag, counter.object))))


@dataclass(frozen=True, slots=True)
class Column:
    """One field: ``values`` (int64, uint64 or float64, 0 where absent) and where it was ``present`` (None: always)."""

    values: NDArray[Any]
    present: Bools | None = None

    def take(self, which: Ints | Bools) -> Column:
        """Return the chosen readings' values."""
        present = None if self.present is None else self.present[which]
        return Column(self.values[which], None if present is None or present.all() else present)


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings of one series, n long, ordered by corrected time.

    ``time_ns`` is the time as sent, ``shift_ns`` the correction to add, ``flags`` the journal's clock flags,
    ``boot`` an index into ``boot_ids`` (-1: no boot id was given) and ``boot_ns`` CLOCK_BOOTTIME (0 without).
    """

    series: Series
    time_ns: Ints
    shift_ns: Ints
    flags: Ints
    boot_ids: tuple[str, ...]
    boot: Ints
    boot_ns: Ints
    fields: dict[str, Column]

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def corrected_ns(self) -> Ints:
        """The readings' times, corrected: UTC nanoseconds."""
        return self.time_ns + self.shift_ns

    def take(self, which: Ints | Bools) -> Columns:
        """Return the chosen readings; boot ids and fields that none of them has are left out."""
        boot = self.boot[which]
        used = np.flatnonzero(np.bincount(boot[boot >= 0], minlength=len(self.boot_ids)))
        # The last place is that of -1, which stays.
        table = np.full(len(self.boot_ids) + 1, -1, dtype=np.int64)
        table[used] = np.arange(len(used))
        fields = {name: column.take(which) for name, column in self.fields.items()}
        return Columns(
            self.series,
            self.time_ns[which],
            self.shift_ns[which],
            self.flags[which],
            tuple(self.boot_ids[i] for i in used),
            table[boot],
            self.boot_ns[which],
            {name: c for name, c in fields.items() if c.present is None or c.present.any()},
        )

    def only(self, names: Collection[str]) -> Columns:
        """Return the readings with no other fields than these."""
        return replace(self, fields={name: column for name, column in self.fields.items() if name in names})

    def ordered(self) -> Columns:
        """Return the readings by corrected time; those of one time keep their order."""
        order = np.argsort(self.corrected_ns, kind="stable")
        return self.take(order)

    def digest(self) -> bytes:
        """Return SHA-256 of the readings themselves, however they are packed: this is what a seal attests."""
        digest = hashlib.sha256(canonical([self.series, len(self), self.boot_ids, sorted(self.fields)]))
        for numbers in (self.time_ns, self.shift_ns, self.flags, self.boot, self.boot_ns):
            digest.update(np.ascontiguousarray(numbers, dtype="<i8").tobytes())
        for name in sorted(self.fields):
            column = self.fields[name]
            present = np.ones(len(self), dtype=np.bool_) if column.present is None else column.present
            digest.update(column.values.dtype.str.encode() + np.packbits(present).tobytes())
            digest.update(np.ascontiguousarray(column.values[present]).tobytes())
        return digest.digest()


def joined(parts: Sequence[Columns]) -> Columns:
    """Join readings of one series, in the order given; boot ids are merged. At least one part."""
    if len(parts) == 1:
        return parts[0]
    ids: dict[str, int] = {}
    boots = []
    for part in parts:
        table = np.array([*(ids.setdefault(name, len(ids)) for name in part.boot_ids), -1], dtype=np.int64)
        boots.append(table[part.boot])
    names = dict.fromkeys(name for part in parts for name in part.fields)
    return Columns(
        parts[0].series,
        np.concatenate([part.time_ns for part in parts]),
        np.concatenate([part.shift_ns for part in parts]),
        np.concatenate([part.flags for part in parts]),
        tuple(ids),
        np.concatenate(boots),
        np.concatenate([part.boot_ns for part in parts]),
        {name: _joined_column(name, parts) for name in names},
    )


def _joined_column(name: str, parts: Sequence[Columns]) -> Column:
    columns = [part.fields.get(name) for part in parts]
    kinds = {column.values.dtype for column in columns if column is not None}
    if len(kinds) != 1:
        raise ValueError(f"field {name} of {parts[0].series} is kept with different types: {sorted(map(str, kinds))}")
    kind = kinds.pop()
    values = [
        np.zeros(len(part), dtype=kind) if column is None else column.values
        for column, part in zip(columns, parts, strict=True)
    ]
    if all(column is not None and column.present is None for column in columns):
        return Column(np.concatenate(values))
    present = []
    for column, part in zip(columns, parts, strict=True):
        if column is None or column.present is None:
            present.append(np.full(len(part), column is not None, dtype=np.bool_))
        else:
            present.append(column.present)
    return Column(np.concatenate(values), np.concatenate(present))

"""The codec of a sealed day: readings of one series on one local day as one block of bytes, without loss.

A chunk is ``version, crc32 | count, boot ids, names | directory | packed columns``. The crc covers all that
follows it and, before that, the chunk's place (source, device, series, day, part): a flipped bit and a chunk that
was put into another's place are both damage. The directory lets a reader unpack only the columns it needs.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.ledger.columns import Column, Columns, Series
from collector.ledger.packing import ENTRY_SIZE, Ints, Packed, entries, pack, unpack, zeros

VERSION = 2
"""Version 2: columns are zstd frames."""

_HEAD = struct.Struct("<BI")
_COUNTS = struct.Struct("<III")
_CLOCKS = ("shift_ns", "flags", "boot", "offset")
"""Columns of the clock beside the time; one that is all 0 is left out. ``offset`` is boot time less wall time."""

_ALWAYS = frozenset(("time_ns", *_CLOCKS))

_PRESENT = "?"
"""Before a field's name: the column that tells (1 or 0) where the field was present."""


class ChunkDamaged(Exception):
    """A chunk whose bytes are not those that were written; the message names its source, device, series and day."""


class Place(NamedTuple):
    """Where a chunk belongs."""

    series: Series
    day: date
    part: int

    def __str__(self) -> str:
        return f"chunk of {self.series} on {self.day} (part {self.part})"

    def crc(self) -> int:
        """Return the crc32 of the place, with which a chunk's own begins."""
        return zlib.crc32(f"{self.day.isoformat()}\n{self.part}".encode(), _series_crc(self.series))


@lru_cache(maxsize=256)
def _series_crc(series: Series) -> int:
    return zlib.crc32("\n".join((*series, "")).encode())


def encode(columns: Columns, place: Place) -> bytes:
    """Pack the readings of one day (at least one); the same readings give the same bytes on the same zlib."""
    packed = {"time_ns": pack(columns.time_ns)}
    offset = np.where(columns.boot >= 0, columns.boot_ns - columns.time_ns, 0)
    clocks = dict(zip(_CLOCKS, (columns.shift_ns, columns.flags, columns.boot, offset), strict=True))
    packed |= {name: pack(values) for name, values in clocks.items() if values.any()}
    for name, column in columns.fields.items():
        if column.present is not None:
            packed[_PRESENT + name] = pack(column.present.astype(np.int64))
        packed[name] = pack(column.values if column.present is None else column.values[column.present])
    names = "\n".join(packed).encode()
    boots = "\n".join(columns.boot_ids).encode()
    body = b"".join(
        (
            _COUNTS.pack(len(columns), len(boots), len(names)),
            boots,
            names,
            *(column.entry() for column in packed.values()),
            *(column.blob for column in packed.values()),
        )
    )
    return _HEAD.pack(VERSION, zlib.crc32(body, place.crc())) + body


@lru_cache(maxsize=256)
def _names(data: bytes, fields: frozenset[str] | None) -> tuple[str | None, ...]:
    """Return the names of a chunk's columns, None for those not wanted."""
    return tuple(
        title if fields is None or title in _ALWAYS or title in fields or title.lstrip(_PRESENT) in fields else None
        for title in data.decode().split("\n")
    )


class _Chunk:
    """A chunk whose crc holds, opened: its columns are still packed."""

    __slots__ = ("boot_ids", "columns", "count", "series")

    def __init__(self, blob: bytes, place: Place, fields: frozenset[str] | None) -> None:
        version, crc = _HEAD.unpack_from(blob)
        if version != VERSION:
            raise ValueError(f"it is of version {version}, and this program reads version {VERSION}")
        body = memoryview(blob)[_HEAD.size :]
        if zlib.crc32(body, place.crc()) != crc:
            raise ValueError("the checksum does not hold")
        self.series = place.series
        self.count, boots, names = _COUNTS.unpack_from(body)
        at = _COUNTS.size
        self.boot_ids = tuple(bytes(body[at : at + boots]).decode().split("\n")) if boots else ()
        at += boots
        titles = _names(bytes(body[at : at + names]), fields)
        at += names
        directory = body[at : at + ENTRY_SIZE * len(titles)]
        at += len(directory)
        self.columns: dict[str, Packed] = {}
        for title, entry in zip(titles, entries(directory), strict=True):
            size = entry[6]
            if title is not None:
                self.columns[title] = Packed._make((*entry[:6], self.count, body[at : at + size]))
            at += size
        if at != len(body):
            raise ValueError(f"it has {len(body)} bytes, not {at}")


def decode(chunks: Sequence[tuple[Place, bytes]], *, fields: Collection[str] | None = None) -> Columns:
    """Unpack chunks of one series, one after another; ``fields`` limits which fields are unpacked (None: all).

    Raises ChunkDamaged. Columns that are constant come as a broadcast of one value.
    """
    opened = []
    wanted = None if fields is None else frozenset(fields)
    for place, blob in chunks:
        try:
            opened.append(_Chunk(blob, place, wanted))
        except (ValueError, struct.error, UnicodeDecodeError) as error:
            raise ChunkDamaged(f"{place} is damaged: {error}") from error
    try:
        return _columns(opened)
    except (ValueError, struct.error, IndexError) as error:
        if len(chunks) > 1:
            # One of them is damaged: find out which.
            for chunk in chunks:
                decode([chunk], fields=fields)
        raise ChunkDamaged(f"{chunks[0][0]} is damaged: {error}") from error


def _columns(chunks: Sequence[_Chunk]) -> Columns:
    time = unpack([chunk.columns["time_ns"] for chunk in chunks])
    shift, flags, boot, offset = (_clock(chunks, name, len(time)) for name in _CLOCKS)
    boot_ids, boot = _boots(chunks, boot)
    names = dict.fromkeys(name for chunk in chunks for name in chunk.columns)
    wanted = [name for name in names if name[0] != _PRESENT and name not in _ALWAYS]
    return Columns(
        series=chunks[0].series,
        time_ns=time,
        shift_ns=shift,
        flags=flags,
        boot_ids=boot_ids,
        boot=boot,
        boot_ns=time + offset if _all_known(boot) else np.where(boot >= 0, time + offset, 0),
        fields={name: _field(chunks, name, len(time)) for name in wanted},
    )


def _clock(chunks: Sequence[_Chunk], name: str, total: int) -> Ints:
    if not any(name in chunk.columns for chunk in chunks):
        return np.broadcast_to(np.int64(0), total)
    numbers: Ints = unpack([chunk.columns.get(name) or zeros(chunk.count) for chunk in chunks])
    return numbers


def _all_known(boot: Ints) -> bool:
    return bool(boot[0] >= 0) if boot.strides == (0,) else bool((boot >= 0).all())


def _boots(chunks: Sequence[_Chunk], boot: Ints) -> tuple[tuple[str, ...], Ints]:
    """Give the same boot id the same index in all chunks."""
    ids: dict[str, int] = {}
    tables = [[ids.setdefault(name, len(ids)) for name in chunk.boot_ids] for chunk in chunks]
    if all(table == list(range(len(table))) for table in tables):
        return tuple(ids), boot
    parts = []
    at = 0
    for chunk, table in zip(chunks, tables, strict=True):
        parts.append(np.array([*table, -1], dtype=np.int64)[boot[at : at + chunk.count]])
        at += chunk.count
    return tuple(ids), np.concatenate(parts)


def _field(chunks: Sequence[_Chunk], name: str, total: int) -> Column:
    if all(name in chunk.columns and _PRESENT + name not in chunk.columns for chunk in chunks):
        return Column(unpack([chunk.columns[name] for chunk in chunks]))
    parts = [_scattered(chunk, name) for chunk in chunks]
    kind = next(values.dtype for values, _ in parts if values is not None)
    values = np.zeros(total, dtype=kind)
    present = np.concatenate([where for _, where in parts])
    values[present] = np.concatenate([found for found, _ in parts if found is not None])
    return Column(values, None if present.all() else present)


def _scattered(chunk: _Chunk, name: str) -> tuple[NDArray[Any] | None, NDArray[np.bool_]]:
    column, bits = chunk.columns.get(name), chunk.columns.get(_PRESENT + name)
    if column is None:
        return None, np.zeros(chunk.count, dtype=np.bool_)
    if bits is None:
        return unpack([column]), np.ones(chunk.count, dtype=np.bool_)
    where = unpack([bits]).astype(np.bool_)
    return unpack([column._replace(length=int(where.sum()))]), where

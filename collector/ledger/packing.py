"""Pack one column of numbers into few bytes, without loss, so that many days unpack in a few vector operations.

A column becomes ``unit * (i * slope + r)`` or ``unit * (i * slope + cumsum(r))`` plus its first value, modulo
2^64; the residuals ``r`` are laid out as planes (all lowest bytes, all second bytes ...), which make one zstd frame
(RFC 8878), each plane a block with codes of its own: one call gives a column back. Floats that are short decimals
are packed as integers, others as their bits. What cannot be packed so is still packed, only less well: any 64-bit
value comes back as it was.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import zstandard
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Numbers = NDArray[Any]

_ENTRY = struct.Struct("<BBBxIQQI")
ENTRY_SIZE = _ENTRY.size
_INT, _UINT, _BITS, _DECIMAL = 0, 1, 2, 3
_SUM = 16
_MASK64 = 2**64 - 1
_MOST_PLACES = 6
_LEVEL = 19
_FORM = zstandard.FORMAT_ZSTD1_MAGICLESS


class Packed(NamedTuple):
    """One packed column: how its ``length`` values are made from the residual planes in ``blob``."""

    kind: int
    planes: int
    places: int
    unit: int
    first: int
    slope: int
    length: int
    blob: bytes | memoryview

    def entry(self) -> bytes:
        """Return the directory entry (``ENTRY_SIZE`` bytes); length and blob stand elsewhere."""
        return _ENTRY.pack(*self[:6], len(self.blob))


def entries(directory: bytes | memoryview) -> Iterator[tuple[int, int, int, int, int, int, int]]:
    """Yield the entries of a directory: the first six parts of ``Packed``, then the size of the blob."""
    return _ENTRY.iter_unpack(directory)


def zeros(length: int) -> Packed:
    """Return a column of integers that are all 0."""
    return Packed(_INT, 0, 0, 1, 0, 0, length, b"")


class _Form(NamedTuple):
    """One way to write a column, with the residuals it leaves and the bytes they may take."""

    cost: float
    summed: int
    first: int
    slope: int
    planes: list[NDArray[np.uint8]]


def pack(values: Numbers) -> Packed:
    """Pack int64, uint64 or float64 values (one dimension, at least one value)."""
    kind, places, words = _as_words(values)
    start = int(words[0])
    steps = (words - words[0]).view(np.int64)
    unit = _unit(steps)
    forms = _forms(steps // unit)
    best = min(forms, key=lambda form: form.cost)
    first = (start + unit * best.first) & _MASK64
    return Packed(
        kind | best.summed,
        len(best.planes),
        places,
        unit,
        first,
        best.slope & _MASK64,
        len(values),
        _compressed(best.planes) if best.planes else b"",
    )


def _as_words(values: Numbers) -> tuple[int, int, Words]:
    if values.dtype == np.uint64:
        return _UINT, 0, values.view(np.uint64)
    if values.dtype == np.int64:
        return _INT, 0, values.view(np.uint64)
    if values.dtype != np.float64:
        raise TypeError(f"a column of {values.dtype} cannot be packed; int64, uint64 or float64 can")
    bits = np.ascontiguousarray(values).view(np.uint64)
    if np.abs(values).max() < 2**53 / 10**_MOST_PLACES:
        for places in range(_MOST_PLACES + 1):
            scaled = np.rint(values * 10.0**places)
            if np.array_equal((scaled / 10.0**places).view(np.uint64), bits):
                whole = scaled.astype(np.int64)
                # An integer has no negative zero; such a column keeps its bits.
                if np.array_equal((whole / 10.0**places).view(np.uint64), bits):
                    return _DECIMAL, places, whole.view(np.uint64)
    return _BITS, 0, bits


def _unit(steps: Ints) -> int:
    if steps.min() == np.iinfo(np.int64).min:
        return 1
    unit = int(np.gcd.reduce(steps))
    return unit if 0 < unit < 2**32 else 1


def _forms(steps: Ints) -> Iterator[_Form]:
    """Yield the column as it stands, as a sum of differences, and as deviations from an even grid."""
    yield _form(steps, summed=0, slope=0)
    if len(steps) < 3:
        return
    # Differences wrap modulo 2^64, and so does the sum that undoes them.
    differences = np.diff(steps.view(np.uint64)).view(np.int64)
    slope = int(differences.min())
    rest = np.concatenate(([np.uint64(0)], differences.view(np.uint64) - np.uint64(slope & _MASK64)))
    yield _form(rest.view(np.int64), summed=_SUM, slope=slope, whole=True)
    place = np.arange(len(steps), dtype=np.uint64)
    for slope in _paces(steps, differences):
        grid = place * np.uint64(slope & _MASK64)
        yield _form((steps.view(np.uint64) - grid).view(np.int64), summed=0, slope=slope)


def _paces(steps: Ints, differences: Ints) -> set[int]:
    """Return the steps of even grids on which the values may lie: the usual one, also rounded, and the mean one."""
    usual = int(np.median(differences))
    mean = round((int(steps[-1]) - int(steps[0])) / (len(steps) - 1))
    return {usual, round(usual, -3), mean} - {0}


def _form(rest: Ints, *, summed: int, slope: int, whole: bool = False) -> _Form:
    first = 0 if whole else int(rest.min())
    words = rest.view(np.uint64) - np.uint64(first & _MASK64)
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(-1, 8)
    width = (int(words.max()).bit_length() + 7) // 8
    planes = [np.ascontiguousarray(octets[:, k]) for k in range(width)]
    return _Form(sum(map(_entropy, planes)), summed, first, slope, planes)


def _entropy(plane: NDArray[np.uint8]) -> float:
    """Return about how many bytes a plane takes: its entropy, and a table of codes."""
    counts = np.bincount(plane)
    counts = counts[counts > 0]
    bits = float(-(counts * np.log2(counts / len(plane))).sum())
    return bits / 8 + min(len(counts), 60)


def _compressed(planes: Sequence[NDArray[np.uint8]]) -> bytes:
    """Return one frame of all planes; the crc of the chunk stands for its own, the directory for its magic."""
    settings = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL, format=_FORM, write_content_size=1, write_checksum=0, write_dict_id=0
    )
    stream = zstandard.ZstdCompressor(compression_params=settings).compressobj(size=sum(map(len, planes)))
    parts = []
    for plane in planes:
        parts += [stream.compress(plane.tobytes()), stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)]
    return b"".join([*parts, stream.flush()])


def unpack(columns: Sequence[Packed]) -> NDArray[Any]:
    """Return the values of several packings of one column, one after another.

    A constant comes as a broadcast of one value. ValueError for bytes that are no packing, or for packings of
    different types.
    """
    head = columns[0]
    forms = {column[:6] for column in columns}
    total = sum([column.length for column in columns])
    if len(forms) == 1 and not head.planes and not head.slope:
        value = _as_numbers(np.array([head.first], dtype=np.uint64), head.kind, head.places)
        return np.broadcast_to(value[0], total)
    if len({min(form[0] & 3, _BITS) for form in forms}) > 1:
        raise ValueError("a field is kept with different types")
    alike = len({(form[0] & 3, form[2]) for form in forms}) == 1
    words = _residuals(columns, total)
    at, parts = 0, []
    for column in columns:
        part = words[at : at + column.length]
        _undo(part, column)
        at += column.length
        if not alike:
            parts.append(_as_numbers(part, column.kind, column.places))
    return _as_numbers(words, head.kind, head.places) if alike else np.concatenate(parts)


def _undo(words: Words, column: Packed) -> None:
    """Turn residuals into values, in place."""
    if column.kind & _SUM:
        if column.slope:
            words += np.uint64(column.slope)
        if column.unit != 1:
            words *= np.uint64(column.unit)
        # The first residual stands for no step.
        words[0] = column.first
        np.add.accumulate(words, out=words)
        return
    if column.unit != 1:
        words *= np.uint64(column.unit)
    if column.slope:
        words += _ramp(column.unit * column.slope & _MASK64, 1 << column.length.bit_length())[: len(words)]
    words += np.uint64(column.first)


@lru_cache(maxsize=16)
def _ramp(step: int, length: int) -> Words:
    """Return 0, step, 2 step ... modulo 2^64: most days of a month have the same pace."""
    return np.arange(length, dtype=np.uint64) * np.uint64(step)


def _residuals(columns: Sequence[Packed], total: int) -> Words:
    octets = np.zeros((total, 8), dtype=np.uint8)
    # One a call: it is cheap, and no two threads may share one.
    decompress = zstandard.ZstdDecompressor(format=_FORM).decompress
    frames = [memoryview(_frame(column, decompress)) for column in columns]
    for k in range(max(column.planes for column in columns)):
        joined = b"".join(
            [
                frame[k * column.length : (k + 1) * column.length] if k < column.planes else bytes(column.length)
                for column, frame in zip(columns, frames, strict=True)
            ]
        )
        octets[:, k] = np.frombuffer(joined, dtype=np.uint8)
    return octets.reshape(-1).view(np.uint64)


def _frame(column: Packed, decompress: Callable[[bytes | memoryview], bytes]) -> bytes:
    """Return the planes of one column, one after another."""
    size = column.planes * column.length
    if not size:
        return b""
    try:
        planes = decompress(column.blob)
    except zstandard.ZstdError as error:
        raise ValueError(f"a column is no zstd frame: {error}") from error
    if len(planes) != size:
        raise ValueError(f"a column holds {len(planes)} bytes, not {size}")
    return planes


def _as_numbers(words: Words, kind: int, places: int) -> NDArray[Any]:
    kind &= 3
    if kind == _UINT:
        return words
    if kind == _INT:
        return words.view(np.int64)
    if kind == _BITS:
        return words.view(np.float64)
    return words.view(np.int64) / 10.0**places

"""The files of the spool and their format.

A segment is ``file header, record, record, ...``, all numbers big-endian. The file header is magic with the
version byte, the run (16 hexadecimal digits) and the crc32 of both; a record is magic, payload length, seq,
wall time in ns, crc32 of the payload, crc32 of the header so far, payload. A record whose checksums do not hold
is skipped, and reading goes on at the next magic whose header holds.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SEGMENT_BYTES = 256 * 1024
MAX_PAYLOAD = 2 * 1024 * 1024

_FILE_MAGIC = b"NSP\x01"
_FILE = struct.Struct(">4s16s")
_RECORD_MAGIC = b"\xf5NR\x01"
_RECORD = struct.Struct(">4sIQQI")
_CRC = struct.Struct(">I")
FILE_HEADER = _FILE.size + _CRC.size
RECORD_HEADER = _RECORD.size + _CRC.size


class Record(NamedTuple):
    """One envelope of the spool: its number, the wall time of its cycle in ns, its bytes."""

    seq: int
    wall_ns: int
    payload: bytes


class Place(NamedTuple):
    """Where a whole record lies: the file offsets of its header, its payload and its end."""

    seq: int
    wall_ns: int
    start: int
    payload: int
    end: int


@dataclass(slots=True)
class Segment:
    """What is known of one file: its run ("" where unknown), its size, its records, and those that still wait.

    ``tail`` is a file offset before which nothing waits, ``tail_ns`` the wall time of the record there.
    """

    path: Path
    run: str
    size: int = 0
    first: int = -1
    last: int = -1
    count: int = 0
    payload_bytes: int = 0
    oldest_ns: int = 0
    newest_ns: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    tail: int = 0
    tail_ns: int = 0
    damaged: int = 0
    whole: bool = field(default=True)

    def add(self, place: Place, *, waits: bool) -> None:
        """Count in a record."""
        length = place.end - place.payload
        if self.count == 0:
            self.first, self.oldest_ns = place.seq, place.wall_ns
        self.last = max(self.last, place.seq)
        self.count += 1
        self.payload_bytes += length
        self.newest_ns = max(self.newest_ns, place.wall_ns)
        if waits:
            if self.waiting == 0:
                self.tail, self.tail_ns = place.start, place.wall_ns
            self.waiting += 1
            self.waiting_bytes += length


def file_header(run: str) -> bytes:
    """Return the first bytes of a segment of ``run``."""
    head = _FILE.pack(_FILE_MAGIC, run.encode())
    return head + _CRC.pack(zlib.crc32(head))


def run_of(data: bytes) -> str:
    """Return the run of a segment that begins with ``data``; "" when its header is not whole."""
    head, crc = data[: _FILE.size], data[_FILE.size : FILE_HEADER]
    if len(crc) < _CRC.size or _CRC.unpack(crc)[0] != zlib.crc32(head) or not head.startswith(_FILE_MAGIC):
        return ""
    return str(head[4:].decode("ascii", "replace"))


def record(seq: int, wall_ns: int, payload: bytes) -> bytes:
    """Return the bytes of a record."""
    head = _RECORD.pack(_RECORD_MAGIC, len(payload), seq, max(wall_ns, 0), zlib.crc32(payload))
    return b"".join((head, _CRC.pack(zlib.crc32(head)), payload))


def places(data: bytes, base: int = 0) -> Iterator[Place]:
    """Yield the whole records of ``data``, which lies at file offset ``base``; what is damaged is passed over."""
    at = data.find(_RECORD_MAGIC)
    while at >= 0:
        place = _place(data, at, base)
        if place is None:
            at = data.find(_RECORD_MAGIC, at + 1)
        else:
            yield place
            after = place.end - base
            at = after if data.startswith(_RECORD_MAGIC, after) else data.find(_RECORD_MAGIC, after)


def _place(data: bytes, at: int, base: int) -> Place | None:
    payload = at + RECORD_HEADER
    head, crc = data[at : at + _RECORD.size], data[at + _RECORD.size : payload]
    if len(crc) < _CRC.size or _CRC.unpack(crc)[0] != zlib.crc32(head):
        return None
    _, length, seq, wall_ns, payload_crc = _RECORD.unpack(head)
    end = payload + length
    if end > len(data) or zlib.crc32(memoryview(data)[payload:end]) != payload_crc:
        return None
    return Place(seq, wall_ns, base + at, base + payload, base + end)


def survey(path: Path, data: bytes, size: int, is_done: Callable[[int], bool]) -> Segment:
    """Read a whole segment: count its records, those that still wait, and the stretches that are damaged."""
    segment = Segment(path, run_of(data), size)
    end, before = FILE_HEADER, -1
    segment.whole = segment.run != ""
    for place in places(data):
        if place.start != end:
            segment.whole = False
            segment.damaged += max(1, place.seq - before - 1) if before >= 0 else 1
        segment.add(place, waits=not is_done(place.seq))
        end, before = place.end, place.seq
    if end != size:
        segment.whole = False
        segment.damaged += 1
    return segment


class Ranges:
    """A set of natural numbers kept as sorted, disjoint ``[first, last]`` pairs."""

    def __init__(self, pairs: list[list[int]] | None = None) -> None:
        self.pairs: list[list[int]] = pairs or []

    def __contains__(self, number: int) -> bool:
        at = self._at(number)
        return at > 0 and self.pairs[at - 1][1] >= number

    def _at(self, number: int) -> int:
        """Return how many pairs begin at or before ``number``."""
        low, high = 0, len(self.pairs)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.pairs[middle][0] <= number else (low, middle)
        return low

    def add(self, number: int) -> None:
        """Put one number in, joining neighbours."""
        if number in self:
            return
        at = self._at(number)
        below = at > 0 and self.pairs[at - 1][1] == number - 1
        above = at < len(self.pairs) and self.pairs[at][0] == number + 1
        if below and above:
            self.pairs[at - 1][1] = self.pairs.pop(at)[1]
        elif below:
            self.pairs[at - 1][1] = number
        elif above:
            self.pairs[at][0] = number
        else:
            self.pairs.insert(at, [number, number])

    def forget_below(self, number: int) -> None:
        """Take out every number smaller than ``number``."""
        self.pairs = [[max(first, number), last] for first, last in self.pairs if last >= number]

"""The segment files of a spool in their directory: load, append, read, remove. A fault of the disk is an OSError."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from agent import segment
from agent.disk import Disk, write_all
from agent.segment import SEGMENT_BYTES, Place, Record, Segment

_NAME = re.compile(r"(\d{8})\.seg")


class Segments:
    """The files, oldest first; records are appended to the newest until it is full, then the next begins."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self._directory = directory
        self._disk = disk
        self._ordinal = 0
        self._handle = -1
        self.active: Segment | None = None
        self.items: list[Segment] = []
        self.unread: list[Path] = []
        self.damaged = 0

    def load(self, is_done: Callable[[int], bool]) -> bool:
        """Read what the directory holds; return whether the newest file is whole to its last byte.

        What is not a segment (a directory, a stranger's file) is passed over; a file of our name without one whole
        record is removed. OSError when the directory cannot be had.
        """
        names = sorted(filter(_NAME.fullmatch, self._disk.names(self._directory)))
        whole = bool(names)
        for name in names:
            self._ordinal = max(self._ordinal, int(name[:8]))
            part = self._survey(self._directory / name, is_done)
            whole = part is not None and part.whole
        return whole

    def _survey(self, path: Path, is_done: Callable[[int], bool]) -> Segment | None:
        try:
            size = self._disk.size(path)
            if size < 0:
                return None
            part = segment.survey(path, self._disk.read(path, 0), size, is_done)
        except FileNotFoundError:
            return None
        except OSError:
            self.unread.append(path)
            return None
        self.damaged += part.damaged
        if part.count == 0:
            with contextlib.suppress(OSError):
                self._disk.unlink(path)
            return None
        self.items.append(part)
        return part

    def reread(self, is_done: Callable[[int], bool]) -> None:
        """Try once more what could not be read."""
        paths, self.unread = self.unread, []
        for path in paths:
            self._survey(path, is_done)
        self.items.sort(key=lambda part: part.path)

    @property
    def size(self) -> int:
        """Octets of all files."""
        return sum(part.size for part in self.items)

    def resume(self) -> None:
        """Go on with the newest file if it has room."""
        last = self.items[-1]
        if last.size < SEGMENT_BYTES:
            self._handle = self._disk.reopen(last.path)
            self.active = last

    def append(self, record: Record, run: str, *, waits: bool) -> None:
        """Write a record and return when it is on stable storage; OSError leaves the files as they were."""
        blob = segment.record(*record)
        active = self.active
        if active is None or active.size + len(blob) > SEGMENT_BYTES:
            active = self._begin(run)
        try:
            write_all(self._disk, self._handle, blob)
        except OSError:
            self._cut_back(active)
            raise
        try:
            self._disk.sync(self._handle)
        except OSError:
            self._cut_back(active)
            self.leave()  # after a failed fsync the kernel may call the lost pages clean: never trust this file again
            raise
        start = active.size
        active.size += len(blob)
        place = Place(record.seq, record.wall_ns, start, start + segment.RECORD_HEADER, active.size)
        active.add(place, waits=waits)

    def _begin(self, run: str) -> Segment:
        """Open the next file, its header and its name on stable storage."""
        self.leave()
        self._ordinal += 1
        path = self._directory / f"{self._ordinal:08d}.seg"
        header = segment.file_header(run)
        handle = self._disk.create(path)
        try:
            write_all(self._disk, handle, header)
            self._disk.sync(handle)
            self._disk.sync_directory(self._directory)
        except OSError:
            with contextlib.suppress(OSError):
                self._disk.close(handle)
            with contextlib.suppress(OSError):
                self._disk.unlink(path)
            raise
        self._handle = handle
        self.active = Segment(path, run, len(header), tail=len(header))
        self.items.append(self.active)
        return self.active

    def _cut_back(self, active: Segment) -> None:
        """Take away a half-written record; where that fails the file is left, and is skipped when read."""
        try:
            self._disk.truncate(self._handle, active.size)
        except OSError:
            self.leave()

    def leave(self) -> None:
        """Close the active file; the next record begins another."""
        if self.active is not None:
            self.active = None
            with contextlib.suppress(OSError):  # every record in it was fsynced
                self._disk.close(self._handle)

    def remove(self, part: Segment) -> None:
        """Unlink a file; OSError when it stays."""
        if part is self.active:
            self.leave()
        with contextlib.suppress(FileNotFoundError):
            self._disk.unlink(part.path)
        self.items.remove(part)

    def read(self, part: Segment, is_done: Callable[[int], bool]) -> list[Record]:
        """Return the waiting records of a file, and count those that were lost to damage; OSError."""
        base = part.tail
        try:
            data = self._disk.read(part.path, base)
        except FileNotFoundError:
            data = b""
        found = [place for place in segment.places(data, base) if not is_done(place.seq)]
        self.damaged += max(part.waiting - len(found), 0)
        part.waiting, part.waiting_bytes = len(found), sum(place.end - place.payload for place in found)
        if found:
            part.tail, part.tail_ns = found[0].start, found[0].wall_ns
        return [Record(p.seq, p.wall_ns, data[p.payload - base : p.end - base]) for p in found]

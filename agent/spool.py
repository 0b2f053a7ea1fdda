"""The agent's bounded queue on disk: what was measured waits here until the collector has it on its own disk.

A record is accepted when it is fsynced, and settled when a receipt came for it. Settled records stay for 72 h and
are offered again when the journal behind the receipts is another one or has shrunk (a restore). When the bound is
reached, or the disk is full, the oldest segment is unlinked: settled ones first, then waiting ones, which are
counted. While the disk takes nothing, the newest records wait in memory. Nothing here raises for a fault of the disk.

A *run* names an unbroken series of seq numbers. It is continued after a restart only when the newest segment is
whole to its last byte; at any doubt a new run begins, so that no number is ever used for two contents.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import zlib
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from agent import segment
from agent.clock import NS, Clock
from agent.config import between
from agent.disk import Disk, replace
from agent.log import Log
from agent.segment import Ranges, Record, Segment
from agent.segments import Segments

_log = Log("spool")

_NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_SAVE_EVERY_NS = 60 * NS
_LOOSE_BYTES = 64 * 1024
_DROPS = 2
"""Segments unlinked on a full disk for one record: whoever fills the disk would take what more would free as well."""

_APART = 1 << 60
"""While the directory cannot be read, numbers begin at or above this, so that they meet none that stand in it."""

Seal = Callable[[str, int], bytes]
"""Makes the bytes of an envelope from run and seq."""


@dataclass(frozen=True, slots=True)
class Config:
    """The bound of the spool (MiB of disk) and how long delivered records are kept (hours)."""

    limit_mib: int = 64
    keep_hours: int = 72

    def __post_init__(self) -> None:
        between("limit_mib", self.limit_mib, 1, 4096)
        between("keep_hours", self.keep_hours, 0, 744)


class Mark(NamedTuple):
    """Where the collector's chain stood in the newest receipt; the agent is its witness."""

    journal: str
    length: int
    head: str


class State(NamedTuple):
    """What the agent says of its spool: octets of waiting records, bound, wall ns of the oldest, losses since start."""

    waiting_bytes: int
    limit_bytes: int
    oldest_ns: int | None
    dropped: int
    damaged: int


class _Loose(NamedTuple):
    record: Record
    seal: Seal


class Spool:
    """The queue of one agent; its methods may be called by several threads, its directory by one process."""

    def __init__(self, directory: Path, config: Config, clock: Clock, *, disk: Disk | None = None) -> None:
        self._directory = directory
        self._limit = config.limit_mib * 1024 * 1024
        self._keep_ns = config.keep_hours * 3600 * NS
        self._clock = clock
        self._disk = disk or Disk()
        self._files = Segments(directory, self._disk)
        self._lock = threading.Lock()
        self._run, self._run_on_disk = _new_run(), False
        self._next = 0
        self._loose: deque[_Loose] = deque()
        self._done = Ranges()
        self._mark: Mark | None = None
        self._saved_ns: int | None = None
        self._unsaved = False
        self._loaded, self._apart = False, False
        self._dropped = 0
        self._troubles: dict[str, str] = {}
        with self._lock:
            self._load()

    # What the gather loop uses

    def append(self, seal: Seal, wall_ns: int) -> bool:
        """Seal a batch with the next number and keep it; return whether it is on disk (else it is in memory)."""
        with self._lock:
            self._load_rest()
            self._expire(wall_ns)
            record = Record(self._next, wall_ns, seal(self._run, self._next))
            self._next += 1
            self._loose.append(_Loose(record, seal))
            stored = self._loaded and self._flush()
            if not stored:
                self._stay_loose()
            return stored

    def state(self) -> State:
        """Return what waits and what was lost."""
        with self._lock:
            waiting = [s for s in self._files.items if s.waiting]
            oldest = min([s.tail_ns for s in waiting] + [item.record.wall_ns for item in self._loose], default=None)
            octets = sum(s.waiting_bytes for s in waiting) + self._loose_bytes()
            return State(octets, self._limit, oldest, self._dropped, self._files.damaged)

    def close(self) -> None:
        """Try to bring what is in memory to the disk, write down what is settled and close the files."""
        with self._lock:
            self._load_rest()
            if self._loaded:
                self._flush(last=True)
            self._save()
            self._files.leave()

    # What the uplink uses

    @property
    def mark(self) -> Mark | None:
        """Where the collector's chain stood when last heard of."""
        return self._mark

    def newest(self, limit: int, skip: Container[int] = ()) -> list[Record]:
        """Return the newest waiting records, newest first, of together at most ``limit`` bytes but at least one."""
        chosen: list[Record] = []
        with self._lock:
            for record in self._waiting():
                if record.seq in skip:
                    continue
                if chosen and len(record.payload) > limit:
                    break
                chosen.append(record)
                limit -= len(record.payload)
        return chosen

    def settle(self, records: Iterable[Record], mark: Mark | None) -> None:
        """Take note that ``records`` need not be sent again and where the collector's chain stands (None: not told).

        A mark of another journal or a shorter chain is a restored collector: what was settled before waits again.
        """
        with self._lock:
            before = self._mark
            if mark is not None:
                if before is not None and (mark.journal != before.journal or mark.length < before.length):
                    _log.warning("the collector's journal was restored or replaced; offering kept records again")
                    self._offer_again()
                self._mark = mark
            for record in records:
                self._settle_one(record)
            self._unsaved = True
            now = self._clock.now().boot_ns
            if self._saved_ns is None or now - self._saved_ns >= _SAVE_EVERY_NS:
                self._save()

    def renew_run(self, run: str) -> None:
        """Leave ``run`` if it is the present one: the collector says that somebody else uses its numbers as well."""
        with self._lock:
            if run == self._run:
                self._renew()

    # Writing

    def _flush(self, *, last: bool = False) -> bool:
        """Move what is loose to the disk; return whether all of it is there.

        On a full disk settled segments make room, waiting ones only when memory is full too or this is the ``last``
        time: a disk that others filled is often emptied soon.
        """
        drops = 0
        while self._loose:
            try:
                self._store(self._loose[0].record)
            except OSError as error:
                pressing = last or self._loose_bytes() > _LOOSE_BYTES
                if error.errno in _NO_SPACE and drops < _DROPS and self._drop_oldest(settled_only=not pressing):
                    drops += 1
                    continue
                reason = f"{self._directory}: cannot be written: {error.strerror}; keeping the newest in memory"
                self._complain("write", reason)
                return False
            self._loose.popleft()
        self._complain("write", "")
        return True

    def _store(self, record: Record) -> None:
        while self._files.size + len(record.payload) + segment.RECORD_HEADER > self._limit:
            if not self._drop_oldest(settled_only=False):
                raise OSError(errno.ENOSPC, "the bound of the spool is reached and nothing can be removed")
        self._files.append(record, self._run, waits=record.seq not in self._done)
        self._run_on_disk = True

    def _renew(self) -> None:
        self._files.leave()
        self._run, self._run_on_disk = _new_run(), False

    def _stay_loose(self) -> None:
        """Bound what waits in memory, and give it numbers that a restart cannot use again."""
        if self._run_on_disk:
            self._renew()
            loose = [(item.record, item.seal) for item in self._loose]
            self._loose = deque(
                _Loose(Record(record.seq, record.wall_ns, seal(self._run, record.seq)), seal) for record, seal in loose
            )
        while self._loose_bytes() > _LOOSE_BYTES and len(self._loose) > 1:
            self._loose.popleft()
            self._dropped += 1

    def _loose_bytes(self) -> int:
        return sum(len(item.record.payload) for item in self._loose)

    # Bounding

    def _expire(self, wall_ns: int) -> None:
        """Unlink what is settled and older than 72 h; the newest segment stays, for it tells run and seq."""
        for old in [s for s in self._files.items[:-1] if not s.waiting and s.newest_ns < wall_ns - self._keep_ns]:
            self._remove(old)

    def _drop_oldest(self, *, settled_only: bool) -> bool:
        """Unlink one segment: the oldest settled one, else the oldest; the active one only when it is settled."""
        settled = [s for s in self._files.items if not s.waiting]
        waiting = [s for s in self._files.items if s.waiting and s is not self._files.active and not settled_only]
        victim = next(iter(settled + waiting), None)
        if victim is None or not self._remove(victim):
            return False
        if victim.waiting:
            self._dropped += victim.waiting
            _log.warning(f"{victim.path}: no room; dropped {victim.waiting} waiting records")
        return True

    def _remove(self, victim: Segment) -> bool:
        try:
            self._files.remove(victim)
        except OSError as error:
            self._complain("remove", f"{victim.path}: cannot be removed: {error.strerror}")
            return False
        if self._files.items:
            self._done.forget_below(min(s.first for s in self._files.items))
        return True

    # Reading

    def _waiting(self) -> Iterator[Record]:
        """Yield what waits, newest first."""
        yield from (item.record for item in reversed(self._loose))
        for part in reversed(self._files.items):
            if part.waiting:
                try:
                    records = self._files.read(part, self._done.__contains__)
                except OSError as error:
                    self._complain("read", f"{part.path}: cannot be read: {error.strerror}")
                    continue
                yield from reversed(records)

    # Settling

    def _settle_one(self, record: Record) -> None:
        if record.seq in self._done:
            return
        self._done.add(record.seq)
        if self._loose:
            self._loose = deque(item for item in self._loose if item.record.seq != record.seq)
        for part in reversed(self._files.items):
            if part.first <= record.seq <= part.last:
                part.waiting = max(part.waiting - 1, 0)
                part.waiting_bytes = max(part.waiting_bytes - len(record.payload), 0) if part.waiting else 0
                return

    def _offer_again(self) -> None:
        self._done = Ranges()
        for part in self._files.items:
            part.waiting, part.waiting_bytes = part.count, part.payload_bytes
            part.tail, part.tail_ns = 0, part.oldest_ns

    def _save(self) -> None:
        if not self._unsaved or not self._loaded:
            return
        self._saved_ns = self._clock.now().boot_ns
        table = {"version": 1, "done": self._done.pairs, "mark": self._mark}
        line = json.dumps(table, separators=(",", ":")).encode()
        try:
            replace(self._disk, self._directory / "settled", line + b"\n%08x\n" % zlib.crc32(line))
        except OSError as error:
            self._complain("settled", f"{self._directory / 'settled'}: cannot be written: {error.strerror}")
        else:
            self._unsaved = False
            self._complain("settled", "")

    # Opening

    def _load(self) -> None:
        """Read what the directory holds; where it cannot be had, records stay in memory and the next tries again."""
        try:
            pairs = self._load_settled()
            settled = Ranges(pairs)
            certain = self._files.load(settled.__contains__)
        except OSError as error:
            self._complain("load", f"{self._directory}: cannot be used: {error.strerror}; keeping the newest in memory")
            self._count_apart()
            return
        self._loaded = True
        self._complain("load", "")
        self._done = Ranges(sorted(self._done.pairs + pairs))
        last = self._files.items[-1] if self._files.items else None
        highest = max([s.last for s in self._files.items] + [pair[1] for pair in self._done.pairs], default=-1)
        if self._files.unread:
            self._count_apart()
        if self._apart:
            return
        self._next = highest + 1
        if last is not None and certain and last.last == highest:
            self._run, self._run_on_disk = last.run, True
            try:
                self._files.resume()
            except OSError as error:
                self._complain("resume", f"{last.path}: cannot be reopened: {error.strerror}")

    def _count_apart(self) -> None:
        """Number this process's records where no other process's can lie, as those on the disk cannot all be seen."""
        if not self._apart:
            self._apart = True
            self._next = _APART | int.from_bytes(os.urandom(4)) << 24

    def _load_rest(self) -> None:
        """Try again what could not be read at the start."""
        if not self._loaded:
            self._load()
        if self._files.unread:
            self._files.reread(self._done.__contains__)
        first = next(iter(self._files.unread), None)
        self._complain("unread", f"{first}: cannot be read; trying again" if first else "")

    def _load_settled(self) -> list[list[int]]:
        """Return what need not be sent again; where that is lost all is sent, and the collector knows it already."""
        path = self._directory / "settled"
        try:
            line, _, crc = self._disk.read(path, 0).partition(b"\n")
            if crc != b"%08x\n" % zlib.crc32(line):
                raise ValueError("its checksum does not hold")
            table = json.loads(line)
            self._mark = self._mark or (Mark(*table["mark"]) if table["mark"] else None)
            return [[int(first), int(last)] for first, last in table["done"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._complain("receipts", f"{path}: not readable ({error}); kept records are offered again")
            return []

    def _complain(self, about: str, trouble: str) -> None:
        """Log a trouble once, and once that it is over."""
        before = self._troubles.get(about, "")
        if trouble and trouble != before:
            _log.error(trouble)
        elif before and not trouble:
            _log.warning(f"{self._directory}: {about} works again")
        self._troubles[about] = trouble


def _new_run() -> str:
    return os.urandom(8).hex()

"""Disks that fail: at the Nth operation, or by losing what was not synced when the power goes."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

from agent.disk import Disk


class SwiftDisk(Disk):
    """A real disk that is not waited for, where the power does not matter."""

    def sync(self, handle: int) -> None:
        return

    def sync_directory(self, directory: Path) -> None:
        return


class FailingDisk(SwiftDisk):
    """A real disk whose operation number ``at`` fails (``fault`` 0: a write takes half, then there is no space)."""

    def __init__(self, at: int, fault: int, *, for_good: bool = False) -> None:
        self._left, self._fault, self._for_good = at, fault, for_good
        self._works = False
        self.fired = False
        self.last = ""

    def repair(self) -> None:
        self._works = True

    def _step(self, name: str) -> None:
        self._left -= 1
        if not self._works and (self._left == 0 or (self._left < 0 and self._for_good)):
            self.fired, self.last = True, name
            raise OSError(self._fault or errno.ENOSPC, os.strerror(self._fault or errno.ENOSPC))

    def names(self, directory: Path) -> list[str]:
        self._step("names")
        return super().names(directory)

    def size(self, path: Path) -> int:
        self._step("size")
        return super().size(path)

    def create(self, path: Path) -> int:
        self._step("create")
        return super().create(path)

    def reopen(self, path: Path) -> int:
        self._step("reopen")
        return super().reopen(path)

    def write(self, handle: int, data: bytes) -> int:
        try:
            self._step("write")
        except OSError:
            super().write(handle, data[: len(data) // 2])
            raise
        return super().write(handle, data[:50]) if self._fault == 0 else super().write(handle, data)

    def sync(self, handle: int) -> None:
        self._step("sync")
        super().sync(handle)

    def truncate(self, handle: int, size: int) -> None:
        self._step("truncate")
        super().truncate(handle, size)

    def close(self, handle: int) -> None:
        super().close(handle)
        self._step("close")

    def read(self, path: Path, offset: int) -> bytes:
        self._step("read")
        return super().read(path, offset)

    def unlink(self, path: Path) -> None:
        self._step("unlink")
        super().unlink(path)

    def rename(self, path: Path, to: Path) -> None:
        self._step("rename")
        super().rename(path, to)

    def sync_directory(self, directory: Path) -> None:
        self._step("sync_directory")
        super().sync_directory(directory)


class PowerCut(BaseException):
    """The machine goes out at this operation."""


class _File:
    def __init__(self) -> None:
        self.now = b""
        self.synced = b""


class VolatileDisk(Disk):
    """A disk in memory that knows what is on stable storage; operation number ``cut_at`` is the power cut."""

    def __init__(self, cut_at: int) -> None:
        self._left = cut_at
        self._files: dict[str, _File] = {}
        self._synced: dict[str, _File] = {}
        self._handles: list[_File] = []

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise PowerCut

    def names(self, directory: Path) -> list[str]:
        self._step()
        return list(self._files)

    def size(self, path: Path) -> int:
        return len(self._find(path).now)

    def _find(self, path: Path) -> _File:
        if path.name not in self._files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return self._files[path.name]

    def create(self, path: Path) -> int:
        self._step()
        assert path.name not in self._files
        self._files[path.name] = _File()
        return self.reopen(path)

    def reopen(self, path: Path) -> int:
        self._handles.append(self._find(path))
        return len(self._handles) - 1

    def write(self, handle: int, data: bytes) -> int:
        file, half = self._handles[handle], data[: len(data) // 2]
        file.now += half
        self._step()
        file.now += data[len(half) :]
        return len(data)

    def sync(self, handle: int) -> None:
        self._step()
        self._handles[handle].synced = self._handles[handle].now

    def truncate(self, handle: int, size: int) -> None:
        self._step()
        self._handles[handle].now = self._handles[handle].now[:size]

    def close(self, handle: int) -> None:
        return

    def read(self, path: Path, offset: int) -> bytes:
        return self._find(path).now[offset:]

    def unlink(self, path: Path) -> None:
        self._find(path)
        self._step()
        del self._files[path.name]

    def rename(self, path: Path, to: Path) -> None:
        self._step()
        self._files[to.name] = self._files.pop(path.name)

    def sync_directory(self, directory: Path) -> None:
        self._step()
        self._synced = dict(self._files)

    def after_the_cut(self, directory: Path, chance: random.Random) -> None:
        """Write what a machine may find after the cut: unsynced names and bytes are there, torn, zeroed or gone."""
        directory.mkdir()
        for name in sorted(self._files.keys() | self._synced.keys()):
            file = chance.choice([self._files.get(name), self._synced.get(name)])
            if self._files.get(name) is self._synced.get(name):
                file = self._files[name]
            if file is not None:
                (directory / name).write_bytes(self._torn(file, chance))

    def _torn(self, file: _File, chance: random.Random) -> bytes:
        if not file.now.startswith(file.synced):
            return chance.choice([file.now, file.synced])
        tail = file.now[len(file.synced) :]
        torn = tail[: chance.randint(0, len(tail))]
        return file.synced + chance.choice([torn, bytes(len(torn)), tail, b""])

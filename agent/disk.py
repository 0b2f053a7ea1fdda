"""The operations of the file system that the spool needs, in one object, so that a test can let each of them fail."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

READ_LIMIT = 4 * 1024 * 1024


class Disk:
    """The operations of the file system that the spool uses; tests replace it to let one of them fail."""

    def names(self, directory: Path) -> list[str]:
        """Return the names in ``directory``, which is made (mode 0700) where it is missing."""
        os.makedirs(directory, mode=0o700, exist_ok=True)
        return os.listdir(directory)

    def size(self, path: Path) -> int:
        """Return the size of a regular file; -1 for anything else."""
        status = os.lstat(path)
        return status.st_size if stat.S_ISREG(status.st_mode) else -1

    def create(self, path: Path) -> int:
        """Make a file that must not exist yet, for appending."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def reopen(self, path: Path) -> int:
        """Open an existing file for appending."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)

    def write(self, handle: int, data: bytes) -> int:
        """Write what the disk takes of ``data``; return how much that was."""
        return os.write(handle, data)

    def sync(self, handle: int) -> None:
        """Return when content and size of the file are on stable storage."""
        os.fdatasync(handle)

    def truncate(self, handle: int, size: int) -> None:
        """Cut the file to ``size`` bytes."""
        os.ftruncate(handle, size)

    def close(self, handle: int) -> None:
        """Close the file."""
        os.close(handle)

    def read(self, path: Path, offset: int) -> bytes:
        """Return at most READ_LIMIT bytes from ``offset`` on."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return os.pread(handle, min(READ_LIMIT, max(os.fstat(handle).st_size - offset, 0)), offset)
        finally:
            os.close(handle)

    def unlink(self, path: Path) -> None:
        """Remove the file."""
        os.unlink(path)

    def rename(self, path: Path, to: Path) -> None:
        """Give the file another name, in place of what has that name."""
        os.rename(path, to)

    def sync_directory(self, directory: Path) -> None:
        """Return when the names in ``directory`` are on stable storage."""
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_all(disk: Disk, handle: int, data: bytes) -> None:
    """Write all of ``data``, also where the disk takes it in parts; OSError when it takes no more."""
    while data:
        data = data[disk.write(handle, data) :]


def replace(disk: Disk, path: Path, data: bytes) -> None:
    """Put ``data`` (mode 0600) in place of a file, wholly or not at all, and on stable storage."""
    beside = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        disk.unlink(beside)  # left by a crash
    handle = disk.create(beside)
    try:
        write_all(disk, handle, data)
        disk.sync(handle)
    finally:
        disk.close(handle)
    disk.rename(beside, path)
    disk.sync_directory(path.parent)

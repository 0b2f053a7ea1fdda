"""Copies that lie as files in a folder: which there are, and whether they are still being written."""

from __future__ import annotations

import glob
import itertools
import os
import stat
from pathlib import Path
from typing import NamedTuple

from agent.backup import BackupError

_MOST = 10_000


class Found(NamedTuple):
    """A file, or a folder whose files are one copy: its octets, and when it was last written to (Unix ns).

    ``inode`` and the times change with the content, so together they name one content.
    """

    path: Path
    size: int
    written_ns: int
    inode: int

    @property
    def written_s(self) -> float:
        """Return when it was last written to, in Unix seconds."""
        return self.written_ns / 1e9


def check_pattern(pattern: str) -> None:
    """Raise ValueError when a pattern of the configuration is not an absolute path."""
    if not pattern.startswith("/"):
        raise ValueError(f"files must be an absolute path, which may hold * and ?, not {pattern!r}")


def matching(pattern: str, *, settled_ns: int) -> list[Found]:
    """Return the copies that match, the oldest first, without those written to after ``settled_ns``; BackupError."""
    paths = list(itertools.islice(glob.iglob(pattern), _MOST + 1))
    if len(paths) > _MOST:
        raise BackupError(f"{pattern} matches more than {_MOST} files; narrow it to the files of one job")
    if not paths:
        _check_folder(pattern)
    found = [one for one in map(_found, map(Path, paths)) if one is not None and one.written_ns <= settled_ns]
    return sorted(found, key=lambda one: (one.written_ns, one.path))


def _check_folder(pattern: str) -> None:
    """Raise BackupError where nothing matches because the folder cannot be read: that is unknown, not none."""
    folder = Path(pattern).parent
    while glob.has_magic(str(folder)):
        folder = folder.parent
    try:
        os.listdir(folder)
    except OSError as error:
        raise BackupError(f"{folder}: the folder of the copies cannot be read: {error.strerror}") from error


def _found(path: Path) -> Found | None:
    """Return one copy; None if it has gone meanwhile, or is neither a file nor a folder."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            return Found(path, status.st_size, status.st_mtime_ns, status.st_ino)
        if not stat.S_ISDIR(status.st_mode):
            return None
        inside = [one.stat() for one in itertools.islice(path.iterdir(), _MOST)]
    except FileNotFoundError:
        return None
    written_ns = max([status.st_mtime_ns, *(one.st_mtime_ns for one in inside)])
    return Found(path, sum(one.st_size for one in inside if stat.S_ISREG(one.st_mode)), written_ns, status.st_ino)

"""Files of passwords and keys, which only the agent's user may read; no error shows what stands in them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.config import ConfigError

_MAX_BYTES = 1 << 20


def located(path: Path) -> Path:
    """Return where the file lies: a name alone is one of systemd's credentials (systemd.exec(5), LoadCredential)."""
    if path.is_absolute():
        return path
    directory = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not directory:
        raise ConfigError(
            f"{str(path)!r} is a credential of systemd, and CREDENTIALS_DIRECTORY is not set; "
            "add LoadCredential= to the unit, or name the file by its absolute path"
        )
    return Path(directory) / path


def private(path: Path) -> Path:
    """Return where the file lies, for a program that reads it by itself; ConfigError, also when others may read it."""
    read(path)
    return located(path)


def read(path: Path) -> str:
    """Return the text of the file; ConfigError, also when others may read it."""
    return _text(located(path), by_systemd=not path.is_absolute())


def _text(path: Path, *, by_systemd: bool) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            status = os.fstat(handle)
            data = file.read(_MAX_BYTES + 1) if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        raise ConfigError(f"{path}: the credentials cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode) or len(data) > _MAX_BYTES:
        raise ConfigError(f"{path}: not a file of credentials")
    # systemd gives the file to one user by an access list, whose mask stands in the group's place.
    if status.st_mode & (0o007 if by_systemd else 0o077):
        raise ConfigError(f"{path}: mode is {status.st_mode & 0o777:04o}, others may read it; run: chmod 600 {path}")
    if status.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{path}: belongs to another user, who may read it; run: chown {os.geteuid()} {path}")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8") from None

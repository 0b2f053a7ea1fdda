"""Lines for the journal on stderr. (The library's logging would cost the resident agent 0.6 MiB.)

Under systemd each line begins with its priority, ``<4>`` for a warning (sd-daemon(3)); elsewhere with its word.
"""

from __future__ import annotations

import os
import sys

_PRIORITY = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6}


class Log:
    """A named source of lines."""

    def __init__(self, name: str) -> None:
        self._name = name

    def critical(self, text: str) -> None:
        """Say that the agent cannot go on."""
        self._line("CRITICAL", text)

    def error(self, text: str) -> None:
        """Say that something is or may be lost."""
        self._line("ERROR", text)

    def warning(self, text: str) -> None:
        """Say that something wants attention, or is well again."""
        self._line("WARNING", text)

    def info(self, text: str) -> None:
        """Say what goes its way."""
        self._line("INFO", text)

    def _line(self, level: str, text: str) -> None:
        begin = f"<{_PRIORITY[level]}>" if "JOURNAL_STREAM" in os.environ else f"{level} "
        shown = "".join(char if char.isprintable() else "?" for char in text.replace("\n", "; "))
        if sys.stderr is not None:
            sys.stderr.write(f"{begin}{self._name}: {shown}\n")
            sys.stderr.flush()

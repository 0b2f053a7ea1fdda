"""Collectors that are wrong on purpose, to show that the checkers notice:  python -m tests.lab.mutants NAME run ...

ack-early   the receipt goes out before the entry is on disk
no-dedup    a batch that comes again is stored again
"""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace

from collector import cli
from collector.ledger.journal import Appended, Entry, Journal

_append = Journal.append


def _ack_early(self: Journal, entries: Sequence[Entry]) -> list[Appended]:
    threading.Timer(0.3, _append, (self, entries)).start()
    return [Appended("stored", self.length(), self.head()) for _ in entries]


def _no_dedup(self: Journal, entries: Sequence[Entry]) -> list[Appended]:
    return _append(self, [replace(entry, key=f"{entry.key}+", run=secrets.token_hex(8)) for entry in entries])


_MUTANTS = {"ack-early": _ack_early, "no-dedup": _no_dedup}

if __name__ == "__main__":
    Journal.append = _MUTANTS[sys.argv[1]]  # type: ignore[method-assign]
    sys.exit(cli.main(sys.argv[2:]))

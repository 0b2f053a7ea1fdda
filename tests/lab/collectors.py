"""Collectors for tests, forked from a process that has imported everything, so that a start takes no second.

    python -m tests.lab.collectors CONFIG [MUTANT]

For each line on stdin a child runs ``nadi run --config CONFIG``: its process id is printed, and when it has ended
its exit status. A mutant is wrong on purpose, to show that the checkers notice:

ack-early   the receipt goes out before the entry is on disk
no-dedup    a batch that comes again is stored again
"""

from __future__ import annotations

import importlib
import os
import secrets
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace

from collector import cli
from collector.ledger.journal import Appended, Entry, Journal, batch_key

_append = Journal.append


def _ack_early(self: Journal, entries: Sequence[Entry]) -> list[Appended]:
    threading.Timer(0.3, _append, (self, entries)).start()
    return [Appended("stored", self.length(), self.head()) for _ in entries]


def _no_dedup(self: Journal, entries: Sequence[Entry]) -> list[Appended]:
    return _append(self, [_as_new(entry, secrets.token_hex(8)) for entry in entries])


def _as_new(entry: Entry, run: str) -> Entry:
    return replace(entry, key=batch_key(entry.agent, run, entry.seq), run=run)


MUTANTS = {"ack-early": _ack_early, "no-dedup": _no_dedup}


def main() -> None:
    """Fork a collector for each line."""
    importlib.import_module("collector.main")
    config, *mutants = sys.argv[1:]
    for mutant in mutants:
        Journal.append = MUTANTS[mutant]  # type: ignore[method-assign]
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)
            sys.exit(cli.main(["run", "--config", config]))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()

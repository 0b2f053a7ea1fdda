"""``nadi audit``: read the log of what was done, and check its chain.

``nadi audit verify --head`` finds what a chain alone cannot: an end that was cut off, a log that was written anew.
An auditor needs none of it: ``verify_audit.py`` beside this file checks a log with nothing but Python.
"""

from __future__ import annotations

import argparse
import json
from argparse import Namespace
from collections.abc import Callable, Iterator

from agent.clock import SystemClock
from collector import terminal
from collector.config import Settings
from collector.folder import Folder
from collector.register.audit import Audit, Head, Record

Tell = Callable[[str], None]
Placed = Callable[[argparse.ArgumentParser, Callable[[Settings, Namespace, Tell], int]], None]


def declare(group: argparse.ArgumentParser, placed: Placed) -> None:
    """Add the actions of ``nadi audit``; ``placed`` lets each be told its data folder."""
    adding = group.add_subparsers(metavar="ACTION", required=True)
    made = adding.add_parser("list", help="the newest records, or all of them as JSON lines for an auditor")
    made.add_argument("--limit", type=int, default=50, help="how many of the newest (default 50)")
    made.add_argument("--json", action="store_true", help="every record, one JSON object a line (for verify_audit.py)")
    placed(made, show)
    made = adding.add_parser("verify", help="check the chain, and print the head to keep elsewhere")
    made.add_argument("--head", type=head, metavar="SEQ:HASH", help="a head kept elsewhere: finds a cut or new log")
    placed(made, verify)


def show(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List the log."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        audit, zone = folder.register.audit, folder.zone
        if options.json:
            for item in _all(audit):
                tell(json.dumps({name: getattr(item, name) for name in item.__slots__}, ensure_ascii=False))
            return 0
        records = audit.records(after=max(0, audit.head().seq - options.limit), limit=options.limit)
        rows = [
            [str(item.seq), zone.iso(item.at_ns), item.actor, item.action, item.object, item.result, item.detail]
            for item in records
        ]
    for line in terminal.table(["seq", "time", "actor", "action", "object", "result", "detail"], rows, right=[0]):
        tell(line)
    return 0


def verify(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Check the chain."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        problem, last = folder.register.audit.verify(head=options.head), folder.register.audit.head()
    tell(f"PROBLEM {problem}" if problem else f"whole; head {last.seq}:{last.hash}")
    return 1 if problem else 0


def head(text: str) -> Head:
    """Read a head that was kept elsewhere."""
    number, _, digest = text.partition(":")
    if not number.isascii() or not number.isdecimal() or len(digest) != 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a head such as 120:9f86d08...")
    return Head(int(number), digest)


def _all(audit: Audit) -> Iterator[Record]:
    after = 0
    while page := audit.records(after=after):
        yield from page
        after = page[-1].seq
